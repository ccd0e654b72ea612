//! The statements that load one user's records and write them.

use std::future::Future;

use stronglog_sync::digest::Digest;
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::wire::{Change, Lost};
use tokio_postgres::Row as Answered;
use tokio_postgres::types::{ToSql, Type};

use super::convert::{number, signed};
use super::link::Link;
use super::loaded::{Advanced, Answer, Row, Written};
use crate::store::accounts::SessionKey;
use crate::store::prefetch::Prefetch;
use crate::store::{Boundary, Epoch, Head, Quota, StoreError, Usage};

/// The columns that [`row`] reads.
const COLUMNS: &str =
    "collection, rev, op_id, device_id, seq, id, stamp, deleted, record, server_id, server_updated_at, lost_after, lost_up_to";

/// Whether the session is live, and the boundaries. `$3` are revisions; `$4` are counted back from the newest.
const BOUNDARIES: &str = "SELECT live.is_live, asked.rev, found.rev, found.history_check
    FROM (SELECT unnest($3) AS rev UNION SELECT rev - unnest($4) FROM heads WHERE user_id = $1) AS asked
    LEFT JOIN LATERAL (
        SELECT rev, history_check FROM boundaries WHERE user_id = $1 AND boundaries.rev <= asked.rev ORDER BY rev DESC LIMIT 1
    ) AS found ON true
    CROSS JOIN (
        SELECT EXISTS (
            SELECT FROM sessions JOIN users USING (user_id) WHERE user_id = $1 AND session_id = $2 AND NOT revoked AND NOT disabled
        ) AS is_live
    ) AS live
    WHERE asked.rev >= 0";

const HEAD: &str =
    "SELECT rev, purge_watermark, server_updated_at, (SELECT epoch FROM server), record_count, record_bytes, tombstone_count,
    records_max, bytes_max, digest FROM heads WHERE user_id = $1";

/// An epoch without a row for the user began before the user existed.
const EPOCHS: &str = "SELECT name, CASE WHEN rev IS NOT NULL THEN parent END, coalesce(rev, 0)
    FROM epochs LEFT JOIN restores ON restores.epoch = epochs.name AND restores.user_id = $1";

const WRITE: &str = "WITH stored AS (
        INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record,
            lost_after, lost_up_to)
        SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (user_id, id) DO UPDATE SET rev = excluded.rev, op_id = excluded.op_id, device_id = excluded.device_id,
            seq = excluded.seq, stamp = excluded.stamp, deleted = excluded.deleted, server_updated_at = excluded.server_updated_at,
            record = excluded.record, lost_after = excluded.lost_after, lost_up_to = excluded.lost_up_to
    ), advanced AS (
        UPDATE heads SET rev = $15, server_updated_at = $17, record_count = $18, record_bytes = $19, tombstone_count = $20, digest = $21
        WHERE user_id = $1
    )
    INSERT INTO boundaries (user_id, rev, history_check) VALUES ($1, $15, $16)";

/// Whether the head is locked until the transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    None,
    /// Other writers of this user wait.
    Exclusive,
}

/// Sends all statements that load the `prefetch`, and returns their responses. Returns `None` if the session is not live.
///
/// Each statement sees what was committed before it, so the statements after the head see everything that was written under its lock. A
/// single statement would see the data from before it waited for the lock.
pub async fn load(link: &Link, key: SessionKey, quota: Quota, prefetch: &Prefetch, lock: Lock) -> Result<Option<Answer>, StoreError> {
    let head_sql = if lock == Lock::Exclusive { format!("{HEAD} FOR UPDATE") } else { HEAD.to_owned() };
    let revisions = prefetch.boundaries.iter().map(|rev| signed((*rev).min(i64::MAX as u64))).collect::<Result<Vec<_>, _>>()?;
    // The newest boundary is always included, so that there is always a row with the state of the session.
    let back = prefetch.boundaries_before_newest.iter().copied().chain([0]).map(signed).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = prefetch.ids.iter().copied().collect();
    // As a join, which looks up each id. With a constant user, a plan from old statistics reads all records of a large new account.
    let record_sql = format!("SELECT {COLUMNS} FROM (SELECT $1 AS user_id, unnest($2) AS id) AS asked JOIN records USING (user_id, id)");
    let head = async { link.query_typed(&head_sql, &[(&key.user, Type::UUID)]).await };
    let boundaries = async {
        let (session, asked, back) = ((&key.session as _, Type::UUID), (&revisions as _, Type::INT8_ARRAY), (&back as _, Type::INT8_ARRAY));
        link.query_typed(BOUNDARIES, &[(&key.user, Type::UUID), session, asked, back]).await
    };
    let records =
        when(!ids.is_empty(), async { link.query_typed(&record_sql, &[(&key.user, Type::UUID), (&ids, Type::UUID_ARRAY)]).await });
    let changes = changes(link, key, prefetch);
    let epochs = when(prefetch.epochs, async { link.query_typed(EPOCHS, &[(&key.user, Type::UUID)]).await });
    // They are sent in this order, one after another, without waiting for responses.
    let (head, boundaries, records, changes, epochs) = tokio::join!(head, boundaries, records, changes, epochs);
    let (head, boundaries, records, changes, epochs) = (head?, boundaries?, records?, changes?, epochs?);
    let (Some(head), Some(first)) = (head.first(), boundaries.first()) else { return Ok(None) };
    if !first.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    Ok(Some(Answer {
        head: read_head(head, quota)?,
        records: records.iter().map(row).collect::<Result<_, _>>()?,
        boundaries: boundaries.iter().map(boundary).collect::<Result<_, _>>()?,
        changes: changes.iter().map(row).collect::<Result<_, _>>()?,
        epochs: epochs.iter().map(epoch).collect::<Result<_, _>>()?,
    }))
}

/// The response to a statement that is sent only under a condition.
async fn when(is_wanted: bool, query: impl Future<Output = Result<Vec<Answered>, StoreError>>) -> Result<Vec<Answered>, StoreError> {
    if is_wanted { query.await } else { Ok(Vec::new()) }
}

/// The changes after a revision, up to the number of bytes that `prefetch` allows.
async fn changes(link: &Link, key: SessionKey, prefetch: &Prefetch) -> Result<Vec<Answered>, StoreError> {
    let Some(prefetch) = prefetch.changes else { return Ok(Vec::new()) };
    let (after, rows, bytes) = (signed(prefetch.after)?, signed(prefetch.rows as u64)?, signed(prefetch.bytes as u64)?);
    let collection = prefetch.collection.unwrap_or_default();
    let of_one = if prefetch.collection.is_some() { "AND collection = $5" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM (
            SELECT *, sum(octet_length(record)) OVER (ORDER BY rev) - octet_length(record) AS bytes_before
            FROM (SELECT * FROM records WHERE user_id = $1 AND rev > $2 {of_one} ORDER BY rev LIMIT $3) AS first
        ) AS page WHERE bytes_before <= $4 ORDER BY rev"
    );
    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        vec![(&key.user, Type::UUID), (&after, Type::INT8), (&rows, Type::INT8), (&bytes, Type::INT8)];
    if prefetch.collection.is_some() {
        parameters.push((&collection, Type::TEXT));
    }
    link.query_typed(&sql, &parameters).await
}

/// Writes the result of a decision in one statement.
pub async fn write(link: &Link, key: SessionKey, written: &Written, advanced: &Advanced) -> Result<(), StoreError> {
    let entries: Vec<_> = written.entries.values().collect();
    let changes: Vec<&Change> = entries.iter().map(|entry| &entry.change).collect();
    let column = |each: fn(&Change) -> u64| changes.iter().map(|change| signed(each(change))).collect::<Result<Vec<_>, _>>();
    let lost = |each: fn(Lost) -> u64| changes.iter().map(move |change| change.lost.map(|lost| signed(each(lost))).transpose());
    let ids: Vec<_> = changes.iter().map(|change| change.record.id).collect();
    let collections: Vec<_> = changes.iter().map(|change| change.collection.path).collect();
    let (revs, seqs) = (column(|change| change.rev)?, column(|change| change.op.seq)?);
    let ops: Vec<_> = changes.iter().map(|change| change.op.id).collect();
    let devices: Vec<_> = changes.iter().map(|change| change.op.device).collect();
    let stamps: Vec<_> = changes.iter().map(|change| change.record.stamp).collect();
    let deleted: Vec<_> = changes.iter().map(|change| change.record.deleted).collect();
    let server_ids: Vec<_> = entries.iter().map(|entry| entry.server_id).collect();
    let updated: Vec<_> = entries.iter().map(|entry| entry.server_updated_at).collect();
    let texts: Vec<_> = changes.iter().map(|change| change.record.text.as_str()).collect();
    let lost_after = lost(|lost| lost.after).collect::<Result<Vec<_>, _>>()?;
    let lost_up_to = lost(|lost| lost.up_to).collect::<Result<Vec<_>, _>>()?;
    let Advanced { to, server_updated_at, usage, digest } = advanced;
    let (rev, check) = (signed(to.rev)?, signed(to.check)?);
    let (count, bytes, tombstones) = (signed(usage.records)?, signed(usage.bytes)?, signed(usage.tombstones)?);
    let digest = digest.map(|digest| digest.to_string());
    link.execute_typed(
        WRITE,
        &[
            (&key.user, Type::UUID),
            (&ids, Type::UUID_ARRAY),
            (&collections, Type::TEXT_ARRAY),
            (&revs, Type::INT8_ARRAY),
            (&ops, Type::UUID_ARRAY),
            (&devices, Type::UUID_ARRAY),
            (&seqs, Type::INT8_ARRAY),
            (&stamps, Type::INT8_ARRAY),
            (&deleted, Type::BOOL_ARRAY),
            (&server_ids, Type::UUID_ARRAY),
            (&updated, Type::INT8_ARRAY),
            (&texts, Type::TEXT_ARRAY),
            (&lost_after, Type::INT8_ARRAY),
            (&lost_up_to, Type::INT8_ARRAY),
            (&rev, Type::INT8),
            (&check, Type::INT8),
            (server_updated_at, Type::INT8),
            (&count, Type::INT8),
            (&bytes, Type::INT8),
            (&tombstones, Type::INT8),
            (&digest, Type::TEXT),
        ],
    )
    .await?;
    Ok(())
}

fn read_head(row: &Answered, quota: Quota) -> Result<Head, StoreError> {
    let limit = |column: usize| row.try_get::<_, Option<i64>>(column)?.map(number).transpose();
    Ok(Head {
        rev: number(row.try_get(0)?)?,
        purge_watermark: number(row.try_get(1)?)?,
        server_updated_at: row.try_get(2)?,
        epoch: row.try_get(3)?,
        usage: Usage { records: number(row.try_get(4)?)?, bytes: number(row.try_get(5)?)?, tombstones: number(row.try_get(6)?)? },
        quota: quota.with_own(limit(7)?, limit(8)?),
        digest: row.try_get::<_, Option<&str>>(9)?.and_then(Digest::read),
    })
}

fn boundary(row: &Answered) -> Result<(u64, Boundary), StoreError> {
    let found = row.try_get::<_, Option<i64>>(2)?.zip(row.try_get(3)?);
    let read = |(rev, check)| Ok::<_, StoreError>(Boundary { rev: number(rev)?, check: number(check)? });
    Ok((number(row.try_get(1)?)?, found.map(read).transpose()?.unwrap_or_default()))
}

fn row(row: &Answered) -> Result<Row, StoreError> {
    let lost = row.try_get::<_, Option<i64>>(11)?.zip(row.try_get(12)?);
    let read = |(after, up_to)| Ok::<_, StoreError>(Lost { after: number(after)?, up_to: number(up_to)? });
    Ok(Row {
        collection: row.try_get(0)?,
        rev: number(row.try_get(1)?)?,
        op: Op { id: row.try_get(2)?, device: row.try_get(3)?, seq: number(row.try_get(4)?)? },
        record: Record { id: row.try_get(5)?, stamp: row.try_get(6)?, deleted: row.try_get(7)?, text: row.try_get(8)? },
        lost: lost.map(read).transpose()?,
        server_id: row.try_get(9)?,
        server_updated_at: row.try_get(10)?,
    })
}

fn epoch(row: &Answered) -> Result<Epoch, StoreError> {
    Ok(Epoch { name: row.try_get(0)?, parent: row.try_get(1)?, rev: number(row.try_get(2)?)? })
}
