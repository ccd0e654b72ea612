//! Rows that contradict their records, because something else than the server has changed them. The text of the record is what devices get, so
//! the row follows it: otherwise a live record would be purged as a deletion, and no digest would agree with that of a device.

use rusqlite::{Connection, params};
use stronglog_sync::record::Record;
use uuid::Uuid;

use super::records::UserRecords;
use crate::store::{Quota, Records, StoreError};

/// The rows of an account whose column contradicts the text. A text that is not JSON contradicts nothing.
const CONTRADICTING: &str = "SELECT id, stamp, deleted, record FROM records
    WHERE user_id = ?1 AND iif(json_valid(record), deleted <> json_extract(record, '$.isDeleted'), 0)";

/// Whether an account has rows that contradict their records.
///
/// # Errors
/// Returns an error if the store fails.
pub fn is_needed(connection: &Connection, user: Uuid) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached(CONTRADICTING)?.exists([user])?)
}

/// Makes the rows of an account follow their records, and its usage the rows. Returns their number.
///
/// # Errors
/// Returns an error if the store fails.
pub fn follow(connection: &Connection, user: Uuid) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(CONTRADICTING)?;
    let read = |row: &rusqlite::Row<'_>| Ok(Record { id: row.get(0)?, stamp: row.get(1)?, deleted: row.get(2)?, text: row.get(3)? });
    let rows: Vec<Record> = statement.query_map([user], read)?.collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut usage = UserRecords::of(connection, user, Quota::default()).head()?.usage;
    for before in &rows {
        let after = Record { deleted: !before.deleted, ..before.clone() };
        usage = usage.replaced(Some(before), &after);
        let sql = "UPDATE records SET deleted = ?3 WHERE user_id = ?1 AND id = ?2";
        connection.prepare_cached(sql)?.execute(params![user, after.id, after.deleted])?;
    }
    let sql = "UPDATE users SET record_count = ?2, record_bytes = ?3, tombstone_count = ?4 WHERE user_id = ?1";
    connection.prepare_cached(sql)?.execute(params![user, usage.records, usage.bytes, usage.tombstones])?;
    Ok(rows.len())
}
