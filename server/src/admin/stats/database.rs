//! The contents of a Postgres database, in numbers.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{LARGEST, Share, Stats};
use crate::admin::Error;
use crate::auth::tokens::REFRESH_MS;
use crate::clock::now_ms;
use crate::fair_semaphore::SERVER;
use crate::store::StoreError;
use crate::store::postgres::{Store, number};

const COUNTS: &str = "SELECT count(*), count(*) FILTER (WHERE disabled), max(server_updated_at),
        (SELECT count(*) FROM sessions WHERE NOT revoked AND rotated_at >= $1),
        coalesce(sum(record_count), 0)::bigint, coalesce(sum(record_bytes), 0)::bigint, coalesce(sum(tombstone_count), 0)::bigint,
        (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')),
        (SELECT count(*) FROM epochs WHERE parent IS NOT NULL), (SELECT epoch FROM server)
    FROM users JOIN heads USING (user_id)";

const SHARES: &str = "SELECT email, record_count, record_bytes FROM users JOIN heads USING (user_id)
    WHERE record_count > 0 ORDER BY record_bytes DESC, email LIMIT $1";

pub async fn stats(store: &Store) -> Result<Stats, Error> {
    let counted = store.query(SERVER, COUNTS, &[(&now_ms().saturating_sub(REFRESH_MS), Type::INT8)]).await?;
    let shares = store.query(SERVER, SHARES, &[(&i64::from(LARGEST), Type::INT8)]).await?;
    let row = counted.first().ok_or_else(|| StoreError::new("the database returned no row; this is a bug, please report it"))?;
    Ok(Stats { largest: shares.iter().map(share).collect::<Result<_, _>>()?, ..read(row)? })
}

fn read(row: &Row) -> Result<Stats, StoreError> {
    let count = |column: usize| number(row.try_get(column)?);
    Ok(Stats {
        accounts: count(0)?,
        disabled: count(1)?,
        written_at: row.try_get::<_, Option<i64>>(2)?.filter(|at| *at > 0),
        sessions: count(3)?,
        records: count(4)?,
        bytes: count(5)?,
        tombstones: count(6)?,
        database_bytes: count(7)?,
        log_bytes: 0,
        backed_up_at: None,
        restores: count(8)?,
        epoch: row.try_get(9)?,
        largest: Vec::new(),
    })
}

fn share(row: &Row) -> Result<Share, StoreError> {
    Ok(Share { email: row.try_get(0)?, records: number(row.try_get(1)?)?, bytes: number(row.try_get(2)?)? })
}
