//! Transactions. They use no session state, so a pooler may give each transaction another connection.

use super::Connection;
use super::link::Link;
use crate::store::StoreError;

/// The limits apply to statements and locks that take too long, and to a server that vanishes while it holds a lock.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '20s'; SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = '10s'";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '20s'";

/// A transaction. Dropping it rolls back.
pub struct Transaction(Connection);

impl Transaction {
    /// A transaction that [`Transaction::send_begin`] begins.
    pub fn of(connection: Connection) -> Self {
        Transaction(connection)
    }

    pub async fn begin(connection: Connection) -> Result<Self, StoreError> {
        let transaction = Transaction::of(connection);
        transaction.send_begin().await?;
        Ok(transaction)
    }

    /// Begins a transaction with a separate statement and without time limits. For operators' commands, while no server runs.
    pub async fn begin_long(connection: Connection, begin: &str) -> Result<Self, StoreError> {
        let transaction = Transaction::of(connection);
        let unbounded =
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = 0";
        transaction.link().begin(&format!("{begin}; {unbounded}")).await?;
        Ok(transaction)
    }

    pub fn link(&self) -> &Link {
        &self.0
    }

    pub async fn send_begin(&self) -> Result<(), StoreError> {
        self.link().begin(BEGIN).await
    }

    pub async fn send_commit(&self) -> Result<(), StoreError> {
        self.link().commit().await
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        self.send_commit().await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.link().roll_back();
    }
}

/// Runs read-only statements on one snapshot. All are sent at once.
pub async fn in_snapshot<T>(link: &Link, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let (begun, value, ended) = tokio::join!(link.batch_execute(BEGIN_SNAPSHOT), work, link.batch_execute("COMMIT"));
    begun?;
    let value = value?;
    ended?;
    Ok(value)
}
