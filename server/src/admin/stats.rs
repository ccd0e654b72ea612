//! The contents of a server's data, in numbers.

#[cfg(feature = "postgres")]
mod database;
mod folder;

use super::place::{Place, Where};
use super::{Error, on_place};

/// The contents of a folder or a database.
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
    /// Deletions that are not purged yet.
    pub tombstones: u64,
    /// The size of the database.
    pub database_bytes: u64,
    /// The size of the write-ahead log next to a database file.
    pub log_bytes: u64,
    /// When a record was last written, in milliseconds since the Unix epoch.
    pub written_at: Option<i64>,
    /// When the newest backup was made. Unknown for a Postgres database.
    pub backed_up_at: Option<i64>,
    /// The name of the current epoch.
    pub epoch: String,
    /// How often a backup was restored, or the data was copied in another way.
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

/// Counts the contents of a place.
///
/// # Errors
/// Returns an error if the place has no database of this version, or the database cannot be read.
pub async fn stats(place: &Place) -> Result<Stats, Error> {
    on_place!(place, data => folder::stats(data), store => database::stats(store).await)
}
