//! A small pool of read-only connections, for which accounts take turns. Each read sees one snapshot.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::open_file;
use crate::fair_semaphore::{FairSemaphore, SERVER};
use crate::store::StoreError;

/// The number of read connections.
const READERS: usize = 4;

/// The pool of read connections.
pub struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: FairSemaphore,
}

impl Readers {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connections = (0..READERS).map(|_| {
            let connection = open_file(path)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            Ok(connection)
        });
        let idle = connections.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Readers { idle: Arc::new(Mutex::new(idle)), permits: FairSemaphore::new(READERS) })
    }

    /// Waits for the readers to finish, and closes their connections.
    pub async fn close(&self) {
        let mut all = Vec::new();
        for _ in 0..READERS {
            all.push(self.permits.wait(SERVER).await);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads in the turn of an account.
    pub async fn run<T, E>(&self, account: Uuid, work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let work = move |connection: &Connection| drop(sender.send(in_snapshot(connection, work)));
        self.read(account, Box::new(work)).await?;
        receiver.await.unwrap_or_else(|_| {
            Err(StoreError::new("the database thread ended during a read; try again, and see the log if it persists").into())
        })
    }

    /// Runs the work on a connection of the pool. Not generic, so that the task is compiled only once.
    async fn read(&self, account: Uuid, work: Box<dyn FnOnce(&Connection) + Send>) -> Result<(), StoreError> {
        let permit = self.permits.take(account).await.ok_or_else(StoreError::busy)?;
        let idle = Arc::clone(&self.idle);
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = taken.ok_or_else(|| StoreError::new("the database is closed, because the server is stopping"))?;
            // A panic must not lose the connection; the transaction is rolled back during unwinding.
            let done = catch_unwind(AssertUnwindSafe(|| work(&connection)));
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            done.map_err(|_| StoreError::new("a read panicked; see the log above"))
        });
        read.await.map_err(StoreError::new)?
    }
}

fn in_snapshot<T, E: From<StoreError>>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
    let snapshot = connection.unchecked_transaction().map_err(StoreError::from)?;
    let result = work(connection)?;
    snapshot.commit().map_err(StoreError::from)?;
    Ok(result)
}
