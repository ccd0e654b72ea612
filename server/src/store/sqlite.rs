//! The store on disk: one SQLite file, one writer thread, and a few read connections.

pub mod accounts;
pub mod backup;
mod checksum;
pub mod counter;
pub mod erased;
pub mod files;
mod follow;
mod kept;
mod ledger;
pub mod made;
mod operations;
pub mod outside;
pub mod previous;
pub mod purge;
mod queue;
mod readers;
mod records;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use uuid::Uuid;

use queue::ALL_MAX as QUEUE_MAX;
pub use records::UserRecords;

use self::counter::Counter;
use self::files::{make_private, private};
use self::made::{LOCK, Made, lock};
use self::readers::Readers;
use self::writer::Writer;
use stronglog_sync::advice::with_advice;

use super::accounts::Population;
use super::collections::{Collections, unknown};
use super::{Commits, StoreError};
use crate::fair_semaphore::UNAUTHENTICATED;

/// Marks the database and its copies as files of this program, in the header where other programs expect it: "SLog".
pub const APPLICATION_ID: i64 = 0x534c_6f67;

/// The database's file name in the data folder.
pub const DATABASE: &str = "stronglog.db";

/// The commands that write a new database, each with the file that becomes the database once it is complete.
pub const UNFINISHED: [(&str, &str); 2] = [("restore", backup::RESTORING), ("copy", COPYING)];
pub const COPYING: &str = "stronglog.db.copying";

/// Numbered migrations: the first turns an empty file into version 1.
const MIGRATIONS: &[&str] = &[
    include_str!("sqlite/schema_1.sql"),
    include_str!("sqlite/schema_2.sql"),
    include_str!("sqlite/schema_3.sql"),
    include_str!("sqlite/schema_4.sql"),
    include_str!("sqlite/schema_5.sql"),
    include_str!("sqlite/schema_6.sql"),
    include_str!("sqlite/schema_7.sql"),
    include_str!("sqlite/schema_8.sql"),
    include_str!("sqlite/schema_9.sql"),
    include_str!("sqlite/schema_10.sql"),
    include_str!("sqlite/schema_11.sql"),
    include_str!("sqlite/schema_12.sql"),
];

/// The version that this program reads and writes.
pub const DATABASE_VERSION: usize = MIGRATIONS.len();

/// The number of records of an account that one step erases: a few milliseconds of work.
pub const ERASED_AT_ONCE: usize = 500;

/// How long a connection waits for a lock held by another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The data of a running server.
pub struct Store {
    writer: Writer,
    readers: Readers,
    folder: PathBuf,
    /// Locked while the server runs, so that no backup is restored.
    lock: File,
    /// The number of ended sessions at the last poll.
    sessions_ended: Mutex<Option<u64>>,
}

impl Store {
    /// Opens the database in a folder, and creates both if they are missing. `new_epoch` names the epoch that begins if the database is
    /// new, or if the counter file is missing or shows that the database is older.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be used, another server uses it, or the file is not a database of this program.
    pub fn open(folder: &Path, new_epoch: &str) -> Result<Self, StoreError> {
        let (store, made) = Self::begin(folder, new_epoch, |_| Ok::<_, StoreError>(()))?;
        made.keep();
        Ok(store)
    }

    /// Like [`Store::open`], for a start that may still be refused. `check` looks at a database that exists, before anything is changed. Also
    /// returns what was created, for [`Store::discard`].
    ///
    /// # Errors
    /// Returns the error of `check`, or an error like [`Store::open`]. Then what was created is removed.
    pub fn begin<E: From<StoreError>>(
        folder: &Path,
        new_epoch: &str,
        check: impl FnOnce(&Connection) -> Result<(), E>,
    ) -> Result<(Self, Made), E> {
        let (lock, mut made) = lock(folder)?;
        let path = folder.join(DATABASE);
        // The lock is that of the folder, so the file must be in it.
        if path.is_symlink() {
            return Err(StoreError::new(format!("{} is a link; name the folder of the database itself", path.display())).into());
        }
        if path.exists() {
            backup::check_log(&path)?;
            check(&unchanged(&path)?)?;
        } else {
            check_new(folder)?;
            made.expect([path.clone(), folder.join(counter::COUNTER)]);
        }
        let (connection, counter) = prepare(folder, new_epoch)?;
        let writer = Writer::start(&path, connection, counter)?;
        let readers = Readers::open(&path)?;
        Ok((Store { writer, readers, folder: folder.to_owned(), lock, sessions_ended: Mutex::default() }, made))
    }

    /// Completes queued work, checkpoints the database into one file, and unlocks the folder. Later calls fail.
    pub async fn close(&self) {
        self.discard(Made::default()).await;
    }

    /// Like [`Store::close`], for a start that was refused: before it unlocks the folder, it removes what the start created.
    pub async fn discard(&self, made: Made) {
        self.readers.close().await;
        let writer = self.writer.close();
        // On a blocking thread, because this waits for a thread.
        if tokio::task::spawn_blocking(writer).await.is_err() {
            tracing::error!("cannot wait for the writer thread");
        }
        drop(made);
        if let Err(error) = self.lock.unlock() {
            tracing::error!(%error, "cannot unlock the data folder");
        }
    }

    /// The commits of the writer thread.
    pub fn commits(&self) -> &Commits {
        self.writer.commits()
    }

    /// The number of jobs that wait for the writer thread, and the maximum.
    pub fn queue(&self) -> (usize, usize) {
        (self.writer.queued(), QUEUE_MAX)
    }

    /// The sizes of the database and of its write-ahead log, in bytes.
    pub fn sizes(&self) -> (u64, u64) {
        let size = |name: &str| self.folder.join(name).metadata().map_or(0, |known| known.len());
        (size(DATABASE), size(&format!("{DATABASE}-wal")))
    }

    /// Runs `work` in one write transaction, which is durable before this returns. An error rolls everything back.
    ///
    /// # Errors
    /// Returns the error of `work`, or an error if the store fails.
    pub async fn write<T, E>(&self, work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.run(None, work).await
    }

    /// Like [`Store::write`], but queued in the account's turn.
    ///
    /// # Errors
    /// Returns the error of `work`, or an error if the store fails.
    pub async fn write_for<T, E>(&self, account: Uuid, work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.run(Some(account), work).await
    }

    /// Makes an account unusable, at once and permanently. [`Store::finish_erasing`] erases its data. The journal records the account first,
    /// so that no backup and no copy of the data brings it back, whenever the server stops.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn erase(&self, user: Uuid) -> Result<(), StoreError> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || erased::note(&folder, user)).await.map_err(StoreError::new)??;
        self.write(move |connection| accounts::begin_erasing(connection, user).map(drop)).await
    }

    /// Erases the data of all accounts that are being erased, from the database and the write-ahead log, in steps between which others
    /// write. The journal also records each account that an earlier version has begun to erase. After a crash, the next call continues.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn finish_erasing(&self) -> Result<(), StoreError> {
        let users = self.read(accounts::erasing).await?;
        for user in &users {
            let user = *user;
            let folder = self.folder.clone();
            let noted = tokio::task::spawn_blocking(move || {
                erased::note(&folder, user)?;
                // If it cannot be erased there, this fails.
                if let Err(error) = previous::erase(&folder, user) {
                    tracing::error!(%error, "an erased account is still in a file");
                }
                Ok::<_, StoreError>(())
            });
            noted.await.map_err(StoreError::new)??;
            while !self.write_for(user, move |connection| accounts::erase_some(connection, user, ERASED_AT_ONCE)).await? {}
        }
        if users.is_empty() {
            return Ok(());
        }
        self.writer.mark_log_stale();
        // This commits, after which the log is truncated.
        self.write(|_| Ok(())).await
    }

    /// Runs `work` on one snapshot.
    ///
    /// # Errors
    /// Returns the error of `work`, or an error if the store fails.
    pub async fn read<T, E>(&self, work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.readers.run(UNAUTHENTICATED, work).await
    }

    /// Like [`Store::read`], but in the account's turn.
    ///
    /// # Errors
    /// Returns the error of `work`, or an error if the store fails.
    pub async fn read_for<T, E>(&self, account: Uuid, work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.readers.run(account, work).await
    }
}

/// Opens a database, which may be that of another program, to look at it.
fn unchanged(path: &Path) -> Result<Connection, StoreError> {
    let failed =
        |error| StoreError::new(format!("cannot open the database {}: {error}; check the path and its permissions", path.display()));
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Creates or migrates the database of a locked folder, and begins a new epoch if it is not the newest database of the folder.
fn prepare(folder: &Path, new_epoch: &str) -> Result<(Connection, Counter), StoreError> {
    let path = folder.join(DATABASE);
    let failed = |error: std::io::Error| StoreError::new(format!("cannot use {}: {}", path.display(), with_advice(&error)));
    private().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    if let Err(error) = make_private(&path) {
        tracing::warn!(%error, "cannot restrict access to {}; other users may be able to read it", path.display());
    }
    let connection = open_file(&path)?;
    let is_new = migrate(&connection, new_epoch)?;
    let counter = Counter::open(folder)?;
    // A newly created database already begins its own epoch, whatever the counter says.
    if is_new == IsNew::No && counter.is_not_of(&connection)? {
        tracing::warn!(
            "the database is older than its counter file, or the file is missing; it is treated as restored from a backup, and a new epoch begins"
        );
        backup::begin_epoch(&connection, new_epoch)?;
    }
    let mut erased = 0;
    for user in erased::listed(folder)? {
        erased += usize::from(accounts::begin_erasing(&connection, user)?);
    }
    if erased > 0 {
        tracing::warn!(erased, "the database has accounts that have been erased; they are erased now");
    }
    Ok((connection, counter))
}

/// Checks that no restore and no copy into a folder without a database was interrupted.
///
/// # Errors
/// Returns an error if one was interrupted, so that the expected database is missing.
pub fn check_complete(folder: &Path) -> Result<(), StoreError> {
    for (name, file) in UNFINISHED {
        let path = folder.join(file);
        if path.exists() {
            return Err(StoreError::new(format!(
                "a {name} into {} was interrupted, so there is no database; run `stronglog admin {name}` again, or remove {} to begin with an empty one",
                folder.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// The files that a server opens in a folder with a database: first those that SQLite opens, then those that this program opens.
///
/// # Errors
/// Returns an error if the folder cannot be read.
pub fn opened(folder: &Path) -> Result<[Vec<PathBuf>; 2], StoreError> {
    let of_sqlite = ["", "-wal", "-shm"].map(|suffix| folder.join(format!("{DATABASE}{suffix}")));
    let own = [LOCK, counter::COUNTER, erased::ERASED].map(|name| folder.join(name));
    Ok([of_sqlite.into(), own.into_iter().chain(previous::listed(folder)?).collect()])
}

/// Checks that a folder without a database may get a new one.
fn check_new(folder: &Path) -> Result<(), StoreError> {
    check_complete(folder)?;
    if folder.join(counter::COUNTER).exists() {
        tracing::warn!(
            "there is no database in {}, but there was one; an empty one is created. If that is wrong, stop the server and restore a backup",
            folder.display()
        );
    }
    Ok(())
}

/// Opens a connection with the settings that all connections share.
pub fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| {
        StoreError::new(format!("cannot open the database {}: {error}; check the path and its permissions", path.display()))
    })?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Commits are durable before they are acknowledged. A large write-ahead log makes checkpoints rare, since they are the longest wait for
    // a writer.
    connection.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;",
    )?;
    Ok(connection)
}

/// Whether the database was just created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsNew {
    No,
    Yes,
}

/// Checks that this program can migrate a database. Returns its version.
fn migratable(connection: &Connection) -> Result<usize, StoreError> {
    let version = version_of(connection)?;
    if version > DATABASE_VERSION {
        return Err(StoreError::new(format!(
            "the database has version {version}, and this program supports up to {DATABASE_VERSION}; update the program"
        )));
    }
    let marked: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    // Databases of earlier versions have no mark.
    if ![0, APPLICATION_ID].contains(&marked) || (version == 0 && tables > 0) {
        return Err(StoreError::new("the database belongs to another program; choose another folder"));
    }
    Ok(version)
}

/// Checks, without changing anything, that a database can be migrated and served with these collections. Returns when a server last
/// recorded the time, or 0 if it never did or the database has an earlier version, which is checked once it is migrated.
///
/// # Errors
/// Returns an error if the database belongs to another or a newer program, has other records, or cannot be read.
pub fn servable(connection: &Connection, collections: &Collections) -> Result<i64, StoreError> {
    if migratable(connection)? < DATABASE_VERSION || connection.query_row("SELECT count(*) FROM server", [], |row| row.get(0)) == Ok(0) {
        return Ok(0);
    }
    check_collections(connection, collections)?;
    seen_at(connection)
}

/// Migrates a database from its version to the newest version.
pub fn migrate(connection: &Connection, new_epoch: &str) -> Result<IsNew, StoreError> {
    let version = migratable(connection)?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;", index + 1))?;
    }
    connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
    let epoch: Option<String> = connection.query_row("SELECT epoch FROM server", [], |row| row.get(0)).optional()?;
    if epoch.is_some() {
        return Ok(IsNew::No);
    }
    connection.execute("INSERT INTO epochs (name) VALUES (?1)", [new_epoch])?;
    connection.execute("INSERT INTO server (one, epoch, writes) VALUES (1, ?1, 0)", [new_epoch])?;
    Ok(IsNew::Yes)
}

/// The number of the last migration of a database.
///
/// # Errors
/// Returns an error if the store fails.
pub fn version_of(connection: &Connection) -> Result<usize, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// When the server last recorded the time, in milliseconds since the Unix epoch; 0 if it never did.
///
/// # Errors
/// Returns an error if the store fails.
pub fn seen_at(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT seen_at FROM server", [], |row| row.get(0))?)
}

/// Checks that no record belongs to another collection. If the database has not recorded its collections, this reads all records.
///
/// # Errors
/// Returns an error if there is such a record, or the store fails.
pub fn check_collections(connection: &Connection, collections: &Collections) -> Result<(), StoreError> {
    let remembered: Option<String> = connection.query_row("SELECT collections FROM server", [], |row| row.get(0))?;
    if collections.include(remembered.as_deref()) {
        return Ok(());
    }
    let sql = "SELECT collection FROM records WHERE instr(',' || ?1 || ',', ',' || collection || ',') = 0 LIMIT 1";
    let found: Option<String> = connection.query_row(sql, [collections.text()], |row| row.get(0)).optional()?;
    found.map_or(Ok(()), |collection| Err(unknown(&collection)))
}

/// The name of the current epoch.
///
/// # Errors
/// Returns an error if the store fails.
pub fn epoch(connection: &Connection) -> Result<String, StoreError> {
    Ok(connection.prepare_cached("SELECT epoch FROM server")?.query_row([], |row| row.get(0))?)
}

/// The numbers of accounts and of sessions used since a time, and when the newest backup was made.
///
/// # Errors
/// Returns an error if the store fails.
pub fn population(connection: &Connection, since_ms: i64) -> Result<Population, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions WHERE NOT revoked AND rotated_at >= ?1), backed_up_at
        FROM server";
    let read = |row: &Row<'_>| Ok(Population { accounts: row.get(0)?, sessions: row.get(1)?, backed_up_at: row.get(2)? });
    Ok(connection.prepare_cached(sql)?.query_row([since_ms], read)?)
}

/// The number of sessions that may have ended since the database was created. It changes when any process ends a session.
///
/// # Errors
/// Returns an error if the store fails.
pub fn sessions_ended(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.prepare_cached("SELECT sessions_ended FROM server")?.query_row([], |row| row.get(0))?)
}

/// All users, in order of id.
///
/// # Errors
/// Returns an error if the store fails.
pub fn users(connection: &Connection) -> Result<Vec<Uuid>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT user_id FROM users ORDER BY user_id")?;
    let users = statement.query_map([], |row| row.get(0))?;
    Ok(users.collect::<Result<_, _>>()?)
}
