//! Backups, and their restoration in a new epoch (R11).

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use super::checksum::{self, Found};
use super::counter::Counter;
use super::files::{private, remove, sync_folder, with_suffix};
use super::made::{Made, lock};
use super::outside::{Source, existing, to_copy};
use super::{DATABASE, accounts, epoch, erased, kept, ledger, migrate, open_file, previous, version_of};
use crate::store::StoreError;

/// The database version that first recorded when a backup was complete. Older databases are also backed up, before an update.
const BACKED_UP_AT_SINCE: usize = 10;
/// The file that becomes the database when a restore is complete.
pub const RESTORING: &str = "stronglog.db.restoring";
/// The suffix of a backup that is being written.
pub const PARTIAL: &str = ".partial";

/// A backup that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackedUp {
    /// The error that kept the database from recording it.
    pub not_recorded: Option<String>,
}

/// Writes a consistent copy of the database in a folder to a new file, which gets its name once it is complete and checked. The server may
/// be running. If the disk of the folder is full, the backup cannot be recorded in the database, but that is when it is most urgent.
///
/// # Errors
/// Returns an error if the database does not exist or cannot be read, or the file exists or cannot be written.
pub fn back_up(folder: &Path, to: &Path, now_ms: i64) -> Result<BackedUp, StoreError> {
    if to.is_dir() {
        return Err(StoreError::new(format!(
            "{} is a folder: name a new file in it, or give --keep to have backups named by their time",
            to.display()
        )));
    }
    if to.exists() {
        return Err(StoreError::new(format!("{} already exists; name a new file", to.display())));
    }
    let Source { connection, unwritable, .. } = &to_copy(folder)?;
    // The backup is recorded before the copy, so that no tombstone is purged that the copy does not contain. The copy contains the row too,
    // so a restored server also knows about it.
    let noted = match unwritable {
        Some(why) => Err(StoreError::new(why.0.to_string())),
        None => ledger::note(connection, now_ms),
    };
    match write(connection, to) {
        Ok(()) => {
            let recorded = noted.and_then(|()| complete(connection, now_ms));
            Ok(BackedUp { not_recorded: recorded.err().map(|error| error.0.to_string()) })
        }
        Err(error) => {
            // If this fails, the row only delays purges, so the first error is reported.
            let _ = ledger::take_back(connection, now_ms);
            Err(error)
        }
    }
}

/// Records the time of a complete backup. Only now, because an interrupted backup must not count as the newest one.
fn complete(connection: &Connection, now_ms: i64) -> Result<(), StoreError> {
    if version_of(connection)? >= BACKED_UP_AT_SINCE {
        connection.execute("UPDATE server SET backed_up_at = ?1", [now_ms])?;
    }
    Ok(())
}

/// When the newest complete backup was made, in milliseconds since the Unix epoch.
///
/// # Errors
/// Returns an error if the store fails.
pub fn backed_up_at(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = match version_of(connection)? {
        BACKED_UP_AT_SINCE.. => "SELECT backed_up_at FROM server",
        _ => "SELECT max(taken_at) FROM backups",
    };
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Copies the database to a file with another name, checks the copy, and renames it.
fn write(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    let partial = with_suffix(to, PARTIAL);
    if is_being_written(&partial) {
        return Err(StoreError::new(format!("another backup is writing {}: name a new file, or wait until it is done", to.display())));
    }
    // It may be left over from an interrupted backup.
    remove(&partial)?;
    // An incomplete file must not be mistaken for a backup. If it cannot be removed, its name shows that it is incomplete.
    let mut made = Made::default();
    let unwritable = |error| failed("write the backup", to, error);
    // SQLite writes into an empty file and keeps its permissions.
    let file = made.note(&partial, || private().write(true).create_new(true).open(&partial)).map_err(unwritable)?;
    // Some network file systems have no locks.
    let _ = file.try_lock();
    let target = partial.to_str().ok_or_else(|| StoreError::new("the path of the backup is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [target]).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::new(format!(
            "cannot back up the database, which is damaged ({error}): stop the server, and restore an earlier backup, which is kept"
        )),
        _ => failed("write the backup", to, StoreError::from(error).0),
    })?;
    check(&existing(&partial)?).map_err(|error| failed("use the backup", to, error))?;
    // Without the name, a backup is lost that has made an older one superfluous.
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    checksum::append(&partial).map_err(unwritable)?;
    made.keep_after(|| std::fs::rename(&partial, to)).and_then(|()| sync_folder(folder)).map_err(unwritable)
}

/// Whether a backup is being written to a file. If not, it was interrupted.
pub fn is_being_written(partial: &Path) -> bool {
    File::open(partial).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The result of a restore.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Restored {
    /// Where the previous database is now, if there was one.
    pub previous: Option<PathBuf>,
    /// Whether the file had a checksum, so that every byte was checked. Otherwise only the structure of its database was checked.
    pub had_checksum: bool,
    /// How many accounts of the previous database were kept that the backup lacks.
    pub accounts_kept: u64,
    /// Why accounts and sessions come from the backup: the previous database could not be read.
    pub not_kept: Option<String>,
}

/// Replaces the database in a folder with a backup, and begins a new epoch. The previous database is renamed and kept in the same folder.
///
/// # Errors
/// Returns an error if the file is not a backup of this program or is damaged, or a server is running in the folder.
pub fn restore(folder: &Path, from: &Path, new_epoch: &str, now_ms: i64) -> Result<Restored, StoreError> {
    let (_lock, made) = lock(folder)?;
    let (current, fresh) = (folder.join(DATABASE), folder.join(RESTORING));
    // Files may be left over from an interrupted restore.
    remove(&fresh)?;
    let prepared = prepare(folder, from, new_epoch, now_ms);
    if prepared.is_err() {
        // The file takes space, and the current database stays. If the file cannot be removed, the first error is reported.
        let _ = remove(&fresh);
    }
    let (found, kept) = prepared?;
    // From here on, what is missing is the database itself.
    made.keep();
    let previous = move_away(&current, now_ms).inspect_err(|_| {
        // The current database stays. Without it, the other file says that there is to be one.
        if current.exists() {
            let _ = remove(&fresh);
        }
    })?;
    let placed = std::fs::rename(&fresh, &current).and_then(|()| sync_folder(folder));
    placed.map_err(|error| failed("move the backup to", &current, error))?;
    Counter::open(folder)?.note(&existing(&current)?)?;
    let (accounts_kept, not_kept) = match kept {
        Ok(accounts) => (accounts, None),
        Err(error) => (0, Some(error.to_string())),
    };
    Ok(Restored { previous, had_checksum: found == Found::Intact, accounts_kept, not_kept })
}

/// The part of the current database that was kept: the number of accounts that the backup lacks, or the reason why nothing was kept.
type Kept = Result<u64, StoreError>;

/// Prepares the new database in a file next to the current one.
fn prepare(folder: &Path, from: &Path, new_epoch: &str, now_ms: i64) -> Result<(Found, Kept), StoreError> {
    let (current, fresh) = (folder.join(DATABASE), folder.join(RESTORING));
    let found = checksum::copy(from, &fresh).map_err(|error| failed("restore", from, error))?;
    let usable = match found {
        Found::Damaged => Err(StoreError::new("the file is damaged: its checksum is wrong or incomplete; use another backup")),
        Found::Intact => existing(&fresh).map(drop),
        Found::Unknown => existing(&fresh).and_then(|database| check(&database)),
    };
    usable.map_err(|error| failed("restore", from, error))?;
    let connection = open_file(&fresh)?;
    migrate(&connection, new_epoch)?;
    let erase = || erased::listed(folder)?.into_iter().try_for_each(|user| accounts::erase(&connection, user));
    // Before, so that their email addresses are free, and after, because the current database may be an older copy too.
    erase()?;
    let kept = if current.exists() { kept::keep(&connection, &current) } else { Ok(0) };
    erase()?;
    // The operator who restores a backup is responsible for the clock.
    connection.execute("UPDATE server SET seen_at = ?1", [now_ms])?;
    begin_epoch(&connection, new_epoch)?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")?;
    Ok((found, kept))
}

/// Begins a new epoch. From now on, cursors of the current epoch lead to the current revision of each user.
///
/// # Errors
/// Returns an error if the store fails.
pub fn begin_epoch(connection: &Connection, name: &str) -> Result<(), StoreError> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute("INSERT INTO epochs (name, parent) VALUES (?1, ?2)", [name, &epoch(connection)?])?;
    transaction.execute("INSERT INTO restores (user_id, epoch, rev) SELECT user_id, ?1, rev FROM users", [name])?;
    transaction.execute("UPDATE server SET epoch = ?1", [name])?;
    // The digests are computed again, because the copy may have been changed.
    transaction.execute("UPDATE users SET digest = NULL", [])?;
    Ok(transaction.commit()?)
}

/// Renames the current database and its log. Also moves a log without a database, because SQLite would apply it to the backup.
fn move_away(current: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    let (was_there, kept) = (current.exists(), current.with_file_name(previous::name(now_ms)));
    for suffix in ["", "-wal", "-shm"] {
        let (from, to) = (with_suffix(current, suffix), with_suffix(&kept, suffix));
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|error| failed("rename the current database to", &to, error))?;
        }
    }
    Ok(was_there.then_some(kept))
}

/// Checks the integrity of a database.
fn check(connection: &Connection) -> Result<(), StoreError> {
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(StoreError::new(format!("the file is damaged: {}", found.trim().replace('\n', "; ")))),
        Err(error) => Err(StoreError::new(format!("the file is damaged: {error}"))),
    }
}

/// Checks a database with a log that a crash left behind, before SQLite moves the log into the file. The log of another copy of the
/// database would damage it permanently.
///
/// # Errors
/// Returns an error if the database with its log is damaged.
pub fn check_log(database: &Path) -> Result<(), StoreError> {
    let log = with_suffix(database, "-wal");
    if log.metadata().map_or(0, |known| known.len()) == 0 {
        return Ok(());
    }
    let connection = Connection::open(database)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check(&connection).map_err(|error| {
        let (database, log) = (database.display(), log.display());
        StoreError::new(format!(
            "cannot use {database} with its log {log}: {error}. If another copy was put in place of the database, move the log away and start \
             again; if not, restore a backup with `stronglog admin restore`. Nothing has been changed"
        ))
    })
}

fn failed(doing: &str, path: &Path, error: impl std::fmt::Display) -> StoreError {
    StoreError::new(format!("cannot {doing} {}: {error}; check the path and the free space", path.display()))
}
