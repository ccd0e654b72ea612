//! Transactions. Nothing in them is state of a session, so that a pooler may give each transaction another connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use tokio_postgres::{Client, Error};

use crate::store::StoreError;

/// The bounds hold for statements and locks that take too long, and for a server that vanishes while it holds a lock.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '20s'; SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = '10s'";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '20s'";

/// A transaction. Dropping it rolls back, on the connection, which goes back to the pool afterwards.
pub struct Transaction {
    client: Arc<Object>,
    is_over: AtomicBool,
}

impl Transaction {
    /// A transaction that is begun by [`Transaction::send_begin`].
    pub fn of(client: Object) -> Self {
        Transaction { client: Arc::new(client), is_over: AtomicBool::new(false) }
    }

    pub async fn begin(client: Object) -> Result<Self, StoreError> {
        let transaction = Transaction::of(client);
        transaction.send_begin().await?;
        Ok(transaction)
    }

    /// Begins a transaction with a separate statement and without time limits: an operator waits for it, and no server runs.
    pub async fn begin_long(client: Object, begin: &str) -> Result<Self, StoreError> {
        let transaction = Transaction::of(client);
        let unbounded =
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = 0";
        transaction.client.batch_execute(&format!("{begin}; {unbounded}")).await?;
        Ok(transaction)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn send_begin(&self) -> Result<(), Error> {
        self.client.batch_execute(BEGIN).await
    }

    pub async fn send_commit(&self) -> Result<(), Error> {
        self.client.batch_execute("COMMIT").await
    }

    /// The commit was answered.
    pub fn ended(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        self.send_commit().await?;
        self.ended();
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        // Without a runtime the process is ending, and its connections with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = Arc::clone(&self.client);
            // Where this fails, the connection is broken, and the pool does not use it again.
            runtime.spawn(async move { client.batch_execute("ROLLBACK").await });
        }
    }
}

/// Runs statements that only read on one snapshot. All are sent at once.
pub async fn in_snapshot<T>(client: &Client, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let (begun, value, ended) = tokio::join!(client.batch_execute(BEGIN_SNAPSHOT), work, client.batch_execute("COMMIT"));
    begun?;
    let value = value?;
    ended?;
    Ok(value)
}
