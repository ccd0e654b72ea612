//! What an operator does to the data, apart from serving it.

use std::path::{Path, PathBuf};

use crate::app::{new_epoch, now_ms};
use crate::store::StoreError;
use crate::store::sqlite::backup;

/// Writes a consistent copy of the database to a new file. The server may be running.
///
/// # Errors
/// There is no database in the folder, or the file exists or cannot be written.
pub fn back_up(data: &Path, to: &Path) -> Result<(), StoreError> {
    backup::back_up(data, to, now_ms())
}

/// Puts a backup in the database's place. Devices pull everything again, and push what the backup does not have. The server must be stopped.
/// Says where the database that was there is kept.
///
/// # Errors
/// The file is no backup, or a server is running.
pub fn restore(data: &Path, from: &Path) -> Result<Option<PathBuf>, StoreError> {
    backup::restore(data, from, &new_epoch(), now_ms())
}

/// Forgets deletions that are older than a number of days and that all backups of the last `backup_days` know. Says how many there were. The
/// server does this once a day itself.
///
/// # Errors
/// There is no database in the folder, or it cannot be written.
pub fn purge(data: &Path, tombstone_days: u32, backup_days: u32) -> Result<u64, StoreError> {
    backup::purge_folder(data, tombstone_days, backup_days, now_ms())
}
