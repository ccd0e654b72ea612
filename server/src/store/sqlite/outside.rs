//! Access to the database from a process other than the server, which may be running.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::files::with_suffix;
use super::made::LOCK;
use super::{APPLICATION_ID, BUSY_TIMEOUT, DATABASE, DATABASE_VERSION, version_of};
use crate::store::StoreError;

/// Opens an existing database, and verifies that it belongs to this program. Its version may be an older one.
///
/// # Errors
/// Returns an error if there is no such file, or it is not a database of this program.
pub fn existing(path: &Path) -> Result<Connection, StoreError> {
    verified(path, false).map_err(|unusable| unusable.message(path))
}

/// A database that is read to be copied.
pub struct Source {
    pub connection: Connection,
    /// Why it cannot be written.
    pub unwritable: Option<StoreError>,
    /// Locked if no server may start meanwhile.
    _lock: Option<File>,
}

/// Opens the database of a folder to copy it, also on a disk that is full or read-only.
///
/// # Errors
/// Returns an error if there is no such database, or only a program that writes to the disk can read it.
pub fn to_copy(folder: &Path) -> Result<Source, StoreError> {
    let path = folder.join(DATABASE);
    let unusable = match verified(&path, false) {
        Ok(connection) => return Ok(Source { connection, unwritable: None, _lock: None }),
        Err(unusable) => unusable,
    };
    let (is_of_disk, unwritable) = (unusable.is_of_disk(), unusable.message(&path));
    if !is_of_disk || !path.exists() {
        return Err(unwritable);
    }
    // SQLite shares memory with others in a file, which cannot be created there. Without others and without a log, it needs none.
    let lock = File::open(folder.join(LOCK));
    let is_alone = match &lock {
        Ok(lock) => lock.try_lock().is_ok(),
        // A copy that no server has opened.
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if is_alone && with_suffix(&path, "-wal").metadata().map_or(0, |known| known.len()) == 0 {
        let connection = verified(&path, true).map_err(|unusable| unusable.message(&path))?;
        return Ok(Source { connection, unwritable: Some(unwritable), _lock: lock.ok() });
    }
    let folder = folder.display();
    Err(StoreError::new(format!(
        "{}; its disk is full, read-only or failing: stop the server, copy {folder} to another disk, and back up that copy with --data",
        unwritable.0
    )))
}

/// Why a database cannot be used.
enum Unusable {
    Sqlite(rusqlite::Error),
    Empty,
    OfAnother,
}

impl Unusable {
    fn message(self, path: &Path) -> StoreError {
        let why = match self {
            // SQLite does not say why: there may be no such file, or the folder may be that of another user.
            Unusable::Sqlite(error) => match path.metadata() {
                Err(cause) => format!("{error}: {cause}"),
                Ok(_) => error.to_string(),
            },
            Unusable::Empty => "the file is empty".to_owned(),
            Unusable::OfAnother => "it is not a database of this program".to_owned(),
        };
        StoreError::new(format!("cannot open {}: {why}", path.display()))
    }

    /// Whether the disk may be full, read-only or failing.
    fn is_of_disk(&self) -> bool {
        let Unusable::Sqlite(error) = self else { return false };
        let codes = [ErrorCode::DiskFull, ErrorCode::SystemIoFailure, ErrorCode::CannotOpen, ErrorCode::ReadOnly];
        error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
    }
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        Unusable::Sqlite(error)
    }
}

/// Opens a database of this program. If it is immutable, nobody writes to it, and it has no log.
fn verified(path: &Path, is_immutable: bool) -> Result<Connection, Unusable> {
    let connection = if is_immutable {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)?
    } else {
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON")?;
    if path.metadata().is_ok_and(|known| known.len() == 0) {
        return Err(Unusable::Empty);
    }
    let marked: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    match connection.query_row("SELECT count(*) FROM server", [], |row| row.get::<_, i64>(0)) {
        Ok(1) if [0, APPLICATION_ID].contains(&marked) => Ok(connection),
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::Unknown) => Err(error.into()),
        // This also works without such a table.
        _ => Err(Unusable::OfAnother),
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
    Err(StoreError::new(format!("the database in {} has version {found}, and this program supports {ours}; {act}", folder.display())))
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
    // As in the server's writer, so that an older copy of the database is detected.
    let counted = transaction.execute("UPDATE server SET writes = writes + 1", []).and_then(|_| transaction.commit());
    counted.map_err(StoreError::from)?;
    Ok(value)
}

/// Runs `step` in one write transaction after another, until it returns true. In between, the database is unlocked for as long as it was locked,
/// so that a running server writes.
///
/// # Errors
/// Returns the error of `step`, or an error if the store fails.
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
