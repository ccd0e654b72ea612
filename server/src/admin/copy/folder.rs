//! The SQLite database of a folder as one end of a copy. No server runs in the folder during the copy.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params, params_from_iter};
use tokio::sync::mpsc::{Receiver, Sender};

use stronglog_sync::advice::with_advice;

use super::table::{Batch, Gathered, Kind, Origin, Row, Sum, Table, Value};
use crate::admin::Error;
use crate::store::StoreError;
use crate::store::sqlite::counter::{COUNTER, Counter};
use crate::store::sqlite::erased::ERASED;
use crate::store::sqlite::made::{Made, lock};
use crate::store::sqlite::{self, COPYING, DATABASE, erased, files, outside};

pub struct Side {
    folder: PathBuf,
    /// `None` if the folder has no database yet.
    connection: Option<Arc<Mutex<Connection>>>,
    /// What was created. Without a commit it is removed, before the folder is unlocked.
    made: Made,
    /// Held during the copy, so that no server starts.
    _lock: File,
}

impl Side {
    /// The database of a folder. It must be the newest that the folder had.
    pub fn source(folder: &Path) -> Result<Self, Error> {
        // Before the lock, whose file would otherwise be created in a folder without a database.
        outside::open(folder)?;
        let (lock, mut made) = lock(folder)?;
        let connection = outside::open(folder)?;
        made.expect([folder.join(COUNTER)]);
        let is_replaced = Counter::open(folder)?.is_not_of(&connection)?;
        // The files of the lock and of the counter may be new.
        files::hand_over(folder)?;
        if is_replaced {
            return Err(Error::Replaced(folder.to_owned()));
        }
        Ok(Side { folder: folder.to_owned(), connection: Some(Arc::new(Mutex::new(connection))), made, _lock: lock })
    }

    /// A folder that may have a database.
    pub fn target(folder: &Path) -> Result<Self, Error> {
        let (lock, made) = lock(folder)?;
        // It may be left over from an interrupted copy.
        files::remove(&folder.join(COPYING))?;
        let there = folder.join(DATABASE).exists();
        let connection = if there { Some(Arc::new(Mutex::new(outside::open(folder)?))) } else { None };
        Ok(Side { folder: folder.to_owned(), connection, made, _lock: lock })
    }

    pub async fn holds_data(&self) -> Result<bool, StoreError> {
        Ok(self.connection.is_some())
    }

    pub async fn origin(&self) -> Result<Origin, StoreError> {
        let erased = erased::listed(&self.folder)?.into_iter().collect();
        self.with(|connection| {
            let collections = connection.query_row("SELECT collections FROM server", [], |row| row.get(0))?;
            Ok(Origin { epoch: sqlite::epoch(connection)?, seen_at: sqlite::seen_at(connection)?, collections, erased })
        })
        .await
    }

    pub async fn begin(&mut self, origin: &Origin) -> Result<(), StoreError> {
        let path = self.folder.join(COPYING);
        let create = || files::private().create_new(true).write(true).open(&path);
        self.made.note(&path, create).map_err(|error| failed(&path, &error))?;
        let connection = sqlite::open_file(&path)?;
        sqlite::migrate(&connection, &origin.epoch)?;
        connection.execute("UPDATE server SET seen_at = ?1, collections = ?2", params![origin.seen_at, origin.collections])?;
        connection.execute("DELETE FROM epochs", [])?;
        self.connection = Some(Arc::new(Mutex::new(connection)));
        Ok(())
    }

    pub async fn read(&self, table: &'static Table, to: Sender<Batch>) -> Result<Sum, StoreError> {
        self.with(move |connection| {
            let send = |batch| {
                to.blocking_send(batch).map_err(|_| StoreError::new("the copy stopped before all rows were written; see the other error"))
            };
            let place = if table.name == "heads" { "users" } else { table.name };
            let key = table.columns.iter().take(table.key).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let mut statement = connection.prepare(&format!("SELECT {} FROM {place} ORDER BY {key}", table.list()))?;
            let (mut rows, mut gathered) = (statement.query([])?, Gathered::new());
            while let Some(row) = rows.next()? {
                let values = table.columns.iter().enumerate().map(|(column, (_, kind))| read(row, column, *kind));
                gathered.add(values.collect::<rusqlite::Result<Row>>()?).map(send).transpose()?;
            }
            let (last, sum) = gathered.end();
            send(last)?;
            Ok(sum)
        })
        .await
    }

    pub async fn write(&self, table: &'static Table, mut from: Receiver<Batch>) -> Result<(), StoreError> {
        self.with(move |connection| {
            let sql = if table.name == "heads" { update_users(table) } else { insert(table) };
            while let Some(batch) = from.blocking_recv() {
                let transaction = connection.unchecked_transaction()?;
                let mut statement = transaction.prepare_cached(&sql)?;
                batch.iter().try_for_each(|row| statement.execute(params_from_iter(row)).map(drop))?;
                drop(statement);
                transaction.commit()?;
            }
            Ok(())
        })
        .await
    }

    pub async fn commit(mut self, origin: &Origin) -> Result<(), StoreError> {
        let (fresh, current) = (self.folder.join(COPYING), self.folder.join(DATABASE));
        self.with(|connection| Ok(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")?)).await?;
        self.made.expect([self.folder.join(COUNTER), self.folder.join(ERASED)]);
        let counter = Counter::open(&self.folder)?;
        self.with(move |connection| counter.note(connection)).await?;
        drop(self.connection);
        origin.erased.iter().try_for_each(|user| erased::note(&self.folder, *user))?;
        // The counter comes first, because it has no meaning without the database.
        self.made.keep_after(|| std::fs::rename(&fresh, &current)).map_err(|error| failed(&current, &error))?;
        files::sync_folder(&self.folder).map_err(|error| failed(&self.folder, &error))?;
        files::hand_over(&self.folder)
    }

    /// Runs `work` on a separate thread.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = self.connection.clone().ok_or_else(|| StoreError::new("the folder has no database"))?;
        let run = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(run).await.map_err(StoreError::new)?
    }
}

fn failed(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(format!("cannot write {}: {}", path.display(), with_advice(error)))
}

fn insert(table: &Table) -> String {
    let values: Vec<_> = (1..=table.columns.len()).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.list(), values.join(", "))
}

/// The columns of `heads` in Postgres belong to the account's row here, which already exists.
fn update_users(table: &Table) -> String {
    let values: Vec<_> = (2..).zip(&table.columns[1..]).map(|(number, (name, _))| format!("{name} = ?{number}")).collect();
    format!("UPDATE users SET {} WHERE user_id = ?1", values.join(", "))
}

fn read(row: &rusqlite::Row<'_>, column: usize, kind: Kind) -> rusqlite::Result<Value> {
    if row.get_ref(column)? == ValueRef::Null {
        return Ok(Value::Null(kind));
    }
    Ok(match kind {
        Kind::Id => Value::Id(row.get(column)?),
        Kind::Text => Value::Text(row.get(column)?),
        Kind::Number => Value::Number(row.get(column)?),
        Kind::Flag => Value::Flag(row.get(column)?),
        Kind::Bytes => Value::Bytes(row.get(column)?),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Null(_) => Ok(ToSqlOutput::from(rusqlite::types::Null)),
            Value::Id(id) => id.to_sql(),
            Value::Text(text) => text.to_sql(),
            Value::Number(number) => number.to_sql(),
            Value::Flag(flag) => flag.to_sql(),
            Value::Bytes(bytes) => bytes.to_sql(),
        }
    }
}
