//! How much a server holds.

use std::path::Path;

use rusqlite::Row;

use super::Error;
use crate::app::now_ms;
use crate::auth::tokens::REFRESH_MS;
use crate::store::StoreError;
use crate::store::sqlite::{DATABASE, epoch, outside};

/// What a data folder holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// All accounts.
    pub accounts: u64,
    /// The accounts that the operator has disabled.
    pub disabled: u64,
    /// The devices that are signed in.
    pub sessions: u64,
    /// Live records.
    pub records: u64,
    /// Their size in bytes of JSON.
    pub bytes: u64,
    /// Deletions that are remembered.
    pub tombstones: u64,
    /// The size of the database file.
    pub database_bytes: u64,
    /// The size of the write-ahead log.
    pub log_bytes: u64,
    /// When a record was last written, in milliseconds since the Unix epoch.
    pub written_at: Option<i64>,
    /// When the newest backup was made.
    pub backed_up_at: Option<i64>,
    /// The name of the current epoch.
    pub epoch: String,
    /// How often a backup was restored.
    pub restores: u64,
    /// The accounts with the most data, the largest first.
    pub largest: Vec<Share>,
}

/// An account's part of the data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Share {
    /// The account's email address.
    pub email: String,
    /// Live records.
    pub records: u64,
    /// Their size in bytes of JSON.
    pub bytes: u64,
}

/// How many of the largest accounts are listed.
const LARGEST: u32 = 10;

/// Counts what a data folder holds.
///
/// # Errors
/// The folder contains no database of this version, or it cannot be read.
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
