//! Maintenance of a server's data: accounts, backup, restore, purge.

mod backups;
mod stats;
pub mod users;

pub use backups::Rotated;
pub use stats::{Share, Stats, stats};

use std::path::{Path, PathBuf};

use crate::app::{new_epoch, now_ms};
use crate::clock::{self, Jumped};
use crate::store::StoreError;
use crate::store::sqlite::{self, backup, outside};

/// Why an operator's command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No account has the email address or the id.
    #[error("no account has the email address or the id {0:?}; `stronglog admin user list` lists all accounts")]
    NoAccount(String),
    /// The contract does not allow the password.
    #[error("cannot set the password: {0}")]
    Password(String),
    /// The database cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clock is far from when the server last ran.
    #[error(transparent)]
    Clock(#[from] Jumped),
}

/// Writes a consistent copy of the database to a new file. The server may be running.
///
/// # Errors
/// The folder contains no database, or the file already exists or cannot be written.
pub fn back_up(data: &Path, to: &Path) -> Result<(), StoreError> {
    backup::back_up(data, to, now_ms())
}

/// Writes a backup into a folder, under a name with this time, and removes the oldest ones, so that `keep` are left.
///
/// # Errors
/// The folder contains no database, or the backup cannot be written, in which case none is removed.
pub fn rotate(data: &Path, folder: &Path, time: &str, keep: usize) -> Result<Rotated, StoreError> {
    backups::rotate(data, folder, time, now_ms(), keep)
}

/// Replaces the database with a backup, and returns the path to which the previous database was moved. The server must be stopped.
/// Afterwards, devices pull everything again and push what the backup does not contain.
///
/// # Errors
/// The file is not a backup or is damaged, or a server is running.
pub fn restore(data: &Path, from: &Path) -> Result<Option<PathBuf>, StoreError> {
    backup::restore(data, from, &new_epoch(), now_ms())
}

/// Purges the tombstones that are older than `tombstone_days` and that are contained in every backup of the last `backup_days`. Returns the
/// number of purged tombstones. A running server does this once a day.
///
/// # Errors
/// The folder contains no database, the database cannot be written, or the clock is far from when the server last ran and `accept_clock` is
/// false.
pub fn purge(data: &Path, tombstone_days: u32, backup_days: u32, accept_clock: bool) -> Result<u64, Error> {
    let now = now_ms();
    if !accept_clock {
        clock::check(sqlite::seen_at(&outside::open(data)?)?, now)?;
    }
    Ok(backup::purge_folder(data, tombstone_days, backup_days, now)?)
}
