//! Access to the database from a process other than the server, which may be running.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{APPLICATION_ID, BUSY_TIMEOUT, DATABASE, DATABASE_VERSION, LOCK, version_of};
use crate::store::StoreError;

/// Opens an existing database, and verifies that it belongs to this program. Its version may be an older one.
///
/// # Errors
/// Returns an error if there is no such file, or it is not a database of this program.
pub fn existing(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: &dyn std::fmt::Display| StoreError::new(format!("cannot open {}: {error}", path.display()));
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| failed(&error))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON")?;
    if path.metadata().is_ok_and(|known| known.len() == 0) {
        return Err(failed(&"the file is empty"));
    }
    let marked: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|error| failed(&error))?;
    match connection.query_row("SELECT count(*) FROM server", [], |row| row.get::<_, i64>(0)) {
        Ok(1) if [0, APPLICATION_ID].contains(&marked) => Ok(connection),
        Err(error) if error.sqlite_error_code() != Some(rusqlite::ErrorCode::Unknown) => Err(failed(&error)),
        // Without such a table too.
        _ => Err(failed(&"it is not a database of this program")),
    }
}

/// Opens the database of a data folder. It must have the version that this program writes.
///
/// # Errors
/// Returns an error if the folder has no database, or one of another version.
pub fn open(folder: &Path) -> Result<Connection, StoreError> {
    let connection = existing(&folder.join(DATABASE))?;
    let (found, ours) = (version_of(&connection)?, DATABASE_VERSION);
    if found == ours {
        return Ok(connection);
    }
    let act = if found < ours { "start the server once, which migrates it" } else { "update this program" };
    Err(StoreError::new(format!("the database in {} is of version {found}, and this program works on {ours}: {act}", folder.display())))
}

/// Returns whether a server runs in a folder.
pub fn is_served(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Runs `work` in one write transaction. An error rolls everything back.
///
/// # Errors
/// Returns the error of `work`, or an error if the store fails.
pub fn write<T, E: From<StoreError>>(folder: &Path, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
    let connection = open(folder)?;
    let begun = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate).map_err(StoreError::from);
    let transaction = begun?;
    let value = work(&transaction)?;
    // As the server's writer does, so that an older copy of the database is noticed.
    let counted = transaction.execute("UPDATE server SET writes = writes + 1", []).and_then(|_| transaction.commit());
    counted.map_err(StoreError::from)?;
    Ok(value)
}

/// Runs `step` in one write transaction after another, until it returns true. In between, the database is unlocked for as long as it was locked,
/// so that a running server writes.
///
/// # Errors
/// Whatever `step` returns, and failures of the store.
pub fn write_in_steps(folder: &Path, mut step: impl FnMut(&Connection) -> Result<bool, StoreError>) -> Result<(), StoreError> {
    loop {
        let since = Instant::now();
        if write(folder, &mut step)? {
            return Ok(());
        }
        std::thread::sleep(since.elapsed());
    }
}

/// Moves the write-ahead log into the database and empties it. Returns false if a reader of the running server prevents it.
///
/// # Errors
/// Returns an error if the store fails.
pub fn empty_log(folder: &Path) -> Result<bool, StoreError> {
    let is_busy: bool = open(folder)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!is_busy)
}
