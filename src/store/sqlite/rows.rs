//! Conversion between rows of the tables and values.

use rusqlite::types::{Type, Value as Sql};
use rusqlite::{Connection, Row as SqlRow, params};
use uuid::Uuid;

use crate::api::collection::Contract;
use crate::api::runtime::json::Value;
use crate::digest::Digest;
use crate::merge::{Op, Stored, Version};
use crate::record::Record;
use crate::store::{Past, PastVersion, Pending, Quarantined, Row, RowState};

/// The columns that [`read_row`] reads, in its order.
pub(super) const RECORD_COLUMNS: &str = "records.collection, records.id, record, is_deleted, stamp, op_id, op_device, op_seq, base_rev, \
                                         state, pending_since, lost, block, seen, base_stamp, known_rev";

/// [`Row::known_rev`] in SQL.
pub(super) const KNOWN_REV: &str = "iif(state > 0, known_rev, iif(is_deleted, NULL, base_rev))";

/// The digest of all rows (R27), including collections that this contract does not have.
pub(super) fn known(connection: &Connection) -> rusqlite::Result<Digest> {
    let mut statement = connection.prepare(&format!("SELECT collection, id, {KNOWN_REV} AS rev FROM records WHERE rev IS NOT NULL"))?;
    let mut rows = statement.query([])?;
    let mut sum = Digest::default();
    while let Some(row) = rows.next()? {
        sum = sum.with(Digest::of(row.get_ref(0)?.as_str()?, text_uuid(row, 1)?, row.get(2)?));
    }
    Ok(sum)
}

/// Reads a row of `records`. Returns `None` for a collection that this contract does not have.
pub(super) fn read_row(row: &SqlRow<'_>, contract: &Contract) -> rusqlite::Result<Option<Row>> {
    let Some(collection) = contract.collection(row.get_ref(0)?.as_str()?) else { return Ok(None) };
    let record = Record { id: text_uuid(row, 1)?, text: row.get(2)?, deleted: row.get(3)?, stamp: row.get(4)? };
    let pending = || -> rusqlite::Result<Pending> {
        let since = row.get::<_, Option<i64>>(10)?.unwrap_or_default();
        Ok(Pending { since, lost: row.get(11)?, base_stamp: row.get(14)?, known_rev: row.get(15)? })
    };
    let state = match row.get::<_, i64>(9)? {
        0 => RowState::Clean,
        1 => RowState::Pending(pending()?),
        _ => RowState::Blocked(pending()?, json(row, 12)?),
    };
    Ok(Some(Row { collection, record, op: op(row, 5)?, base_rev: row.get(8)?, state, seen: row.get(13)? }))
}

/// Writes a row of `records`.
pub(super) fn put(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let sql = "INSERT INTO records (collection, id, record, is_deleted, stamp, op_id, op_device, op_seq, base_rev, state, pending_since,
                 lost, block, seen, base_stamp, known_rev)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
               ON CONFLICT (collection, id) DO UPDATE SET record = excluded.record, is_deleted = excluded.is_deleted,
                 stamp = excluded.stamp, op_id = excluded.op_id, op_device = excluded.op_device, op_seq = excluded.op_seq,
                 base_rev = excluded.base_rev, state = excluded.state, pending_since = excluded.pending_since, lost = excluded.lost,
                 block = excluded.block, seen = excluded.seen, base_stamp = excluded.base_stamp,
                 known_rev = excluded.known_rev";
    let (state, block) = match &row.state {
        RowState::Clean => (0, None),
        RowState::Pending(_) => (1, None),
        RowState::Blocked(_, block) => (2, Some(serde_json::to_string(block).map_err(unwritable)?)),
    };
    let pending = row.unacknowledged();
    let mut id = Uuid::encode_buffer();
    let id: &str = row.record.id.hyphenated().encode_lower(&mut id);
    connection.prepare_cached(sql)?.execute(params![
        row.collection.path,
        id,
        row.record.text,
        row.record.deleted,
        row.record.stamp,
        row.op.id.as_bytes(),
        row.op.device.as_bytes(),
        row.op.seq,
        row.base_rev,
        state,
        pending.map(|pending| pending.since),
        pending.is_some_and(|pending| pending.lost),
        block,
        row.seen,
        pending.and_then(|pending| pending.base_stamp),
        pending.and_then(|pending| pending.known_rev)
    ])?;
    Ok(())
}

/// Writes a row of `history`.
pub(super) fn remember(connection: &Connection, past: &PastVersion) -> rusqlite::Result<()> {
    let sql = "INSERT INTO history (collection, record, op_id, op_device, op_seq, why, winner_id, winner_device, winner_seq, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    connection.prepare_cached(sql)?.execute(params![
        past.collection.path,
        past.record.text,
        past.op.id.as_bytes(),
        past.op.device.as_bytes(),
        past.op.seq,
        serde_json::to_string(&past.why).map_err(unwritable)?,
        past.winner.id.as_bytes(),
        past.winner.device.as_bytes(),
        past.winner.seq,
        past.at
    ])?;
    Ok(())
}

/// Reads rows of `history`. `which` has one parameter.
pub(super) fn read_history(
    connection: &Connection,
    contract: &Contract,
    which: &str,
    parameter: i64,
) -> rusqlite::Result<Vec<PastVersion>> {
    let columns = "number, collection, record, op_id, op_device, op_seq, why, winner_id, winner_device, winner_seq, at";
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM history {which}"))?;
    let read = |row: &SqlRow<'_>| {
        let Some(collection) = contract.collection(row.get_ref(1)?.as_str()?) else { return Ok(None) };
        let text: String = row.get(2)?;
        let Some(record) = record_in(&text) else { return Ok(None) };
        let why: Past = json(row, 6)?;
        Ok(Some(PastVersion { number: row.get(0)?, collection, record, op: op(row, 3)?, why, winner: op(row, 7)?, at: row.get(10)? }))
    };
    let rows = statement.query_map([parameter], read)?;
    rows.filter_map(Result::transpose).collect()
}

fn record_in(text: &str) -> Option<Record> {
    let tape = crate::api::runtime::schema::parse(text.as_bytes()).ok()?;
    Record::read(tape.root())
}

/// Writes a row of `quarantine`, and replaces a row for the same record or with the same text.
pub(super) fn quarantine(connection: &Connection, quarantined: &Quarantined) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO quarantine (collection, id, rev, stamp, is_deleted, op_id, op_device, op_seq, raw, reason, at, seen)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let version = quarantined.stored.map(|stored| stored.version);
    connection.prepare_cached(sql)?.execute(params![
        quarantined.collection,
        quarantined.id.map(|id| id.to_string()),
        quarantined.stored.map(|stored| stored.rev),
        version.map(|version| version.stamp),
        version.map(|version| version.deleted),
        version.map(|version| *version.op.id.as_bytes()),
        version.map(|version| *version.op.device.as_bytes()),
        version.map(|version| version.op.seq),
        quarantined.raw,
        quarantined.reason,
        quarantined.at,
        quarantined.seen
    ])?;
    Ok(())
}

pub(super) fn read_quarantined(connection: &Connection) -> rusqlite::Result<Vec<Quarantined>> {
    let sql = "SELECT collection, id, rev, stamp, is_deleted, op_id, op_device, op_seq, raw, reason, at, seen FROM quarantine ORDER BY at";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let stored = match row.get::<_, Option<u64>>(2)? {
            None => None,
            Some(rev) => Some(Stored { rev, version: Version { stamp: row.get(3)?, deleted: row.get(4)?, op: op(row, 5)? } }),
        };
        let id: Option<String> = row.get(1)?;
        Ok(Quarantined {
            collection: row.get(0)?,
            id: id.and_then(|text| Uuid::parse_str(&text).ok()),
            stored,
            raw: row.get(8)?,
            reason: row.get(9)?,
            at: row.get(10)?,
            seen: row.get(11)?,
        })
    })?;
    rows.collect()
}

/// Converts a JSON value to an SQL value for comparison with the result of `json_extract`.
pub(super) fn sql_value(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Bool(value) => Sql::Integer(i64::from(*value)),
        Value::Number(number) => number.as_i64().map_or_else(|| Sql::Real(number.as_f64().unwrap_or_default()), Sql::Integer),
        Value::String(text) => Sql::Text(text.clone()),
        other => Sql::Text(other.to_string()),
    }
}

fn op(row: &SqlRow<'_>, from: usize) -> rusqlite::Result<Op> {
    Ok(Op { id: blob_uuid(row, from)?, device: blob_uuid(row, from + 1)?, seq: row.get(from + 2)? })
}

fn blob_uuid(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

fn text_uuid(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let text = row.get_ref(column)?.as_str()?;
    Uuid::parse_str(text).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn json<T: serde::de::DeserializeOwned>(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn unwritable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
