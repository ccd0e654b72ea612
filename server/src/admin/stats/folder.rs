//! The contents of a folder's SQLite database, in numbers.

use std::path::Path;

use rusqlite::Row;

use super::{LARGEST, Share, Stats};
use crate::admin::Error;
use crate::auth::tokens::REFRESH_MS;
use crate::clock::now_ms;
use crate::store::StoreError;
use crate::store::sqlite::{DATABASE, epoch, outside};

pub fn stats(data: &Path) -> Result<Stats, Error> {
    let connection = outside::open(data)?;
    let size = |name: &str| data.join(name).metadata().map_or(0, |known| known.len());
    // One snapshot for all reads.
    let snapshot = connection.unchecked_transaction().map_err(StoreError::from)?;
    let count = |row: &Row<'_>| {
        Ok(Stats {
            accounts: row.get(0)?,
            disabled: row.get(1)?,
            written_at: row.get::<_, Option<i64>>(2)?.filter(|at| *at > 0),
            sessions: row.get(3)?,
            records: row.get(4)?,
            bytes: row.get(5)?,
            tombstones: row.get(6)?,
            backed_up_at: row.get(7)?,
            restores: row.get(8)?,
            epoch: String::new(),
            database_bytes: size(DATABASE),
            log_bytes: size(&format!("{DATABASE}-wal")),
            largest: Vec::new(),
        })
    };
    let sql = "SELECT count(*), coalesce(sum(disabled), 0), max(server_updated_at),
            (SELECT count(*) FROM sessions WHERE NOT revoked AND rotated_at >= ?1),
            coalesce(sum(record_count), 0), coalesce(sum(record_bytes), 0), coalesce(sum(tombstone_count), 0),
            (SELECT backed_up_at FROM server),
            (SELECT count(*) FROM epochs WHERE parent IS NOT NULL)
        FROM users";
    let read = || {
        let counted = snapshot.query_row(sql, [now_ms().saturating_sub(REFRESH_MS)], count)?;
        let sql = "SELECT email, record_count, record_bytes FROM users WHERE record_count > 0 ORDER BY record_bytes DESC, email LIMIT ?1";
        let mut statement = snapshot.prepare(sql)?;
        let shares = statement.query_map([LARGEST], |row| Ok(Share { email: row.get(0)?, records: row.get(1)?, bytes: row.get(2)? }))?;
        Ok::<_, rusqlite::Error>(Stats { largest: shares.collect::<Result<_, _>>()?, ..counted })
    };
    Ok(Stats { epoch: epoch(&snapshot)?, ..read().map_err(StoreError::from)? })
}
