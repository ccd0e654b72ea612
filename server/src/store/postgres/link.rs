//! A connection to the database that is closed if a statement does not finish in time. Otherwise a frozen database, or a network that loses
//! every packet, would keep requests waiting and connections open without limit.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::Address;
use super::health::Health;
use crate::store::StoreError;

/// The parameters of a statement with their types.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);
type Parameters<'a> = [Parameter<'a>];

/// How long the database may take to cancel its work for an abandoned connection.
const CANCEL_TIME_MAX: Duration = Duration::from_secs(2);

/// A connection, which is closed when this is dropped.
pub struct Link {
    client: Client,
    /// Reads and writes the socket.
    task: JoinHandle<()>,
    /// How long a statement may take.
    patience: Duration,
    tls: MakeRustlsConnect,
    health: Arc<Health>,
    /// The number of statements whose responses nobody has read, because their callers are gone.
    unanswered: AtomicUsize,
    is_in_transaction: AtomicBool,
    is_given_up: AtomicBool,
}

impl Link {
    /// The bare client, for the copy of a whole table, which has no time limit.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn query_typed(&self, sql: &str, parameters: &Parameters<'_>) -> Result<Vec<Row>, StoreError> {
        self.query_within(self.patience, sql, parameters).await
    }

    /// Like [`Link::query_typed`], for a statement that may take longer.
    pub async fn query_within(&self, patience: Duration, sql: &str, parameters: &Parameters<'_>) -> Result<Vec<Row>, StoreError> {
        self.answered(patience, self.client.query_typed(sql, parameters)).await
    }

    pub async fn query_typed_one(&self, sql: &str, parameters: &Parameters<'_>) -> Result<Row, StoreError> {
        self.answered(self.patience, self.client.query_typed_one(sql, parameters)).await
    }

    pub async fn query_typed_opt(&self, sql: &str, parameters: &Parameters<'_>) -> Result<Option<Row>, StoreError> {
        self.answered(self.patience, self.client.query_typed_opt(sql, parameters)).await
    }

    pub async fn execute_typed(&self, sql: &str, parameters: &Parameters<'_>) -> Result<u64, StoreError> {
        self.answered(self.patience, self.client.execute_typed(sql, parameters)).await
    }

    pub async fn batch_execute(&self, sql: &str) -> Result<(), StoreError> {
        self.answered(self.patience, self.client.batch_execute(sql)).await
    }

    /// Begins a transaction, which ends with [`Link::commit`] or [`Link::roll_back`].
    pub async fn begin(&self, sql: &str) -> Result<(), StoreError> {
        self.is_in_transaction.store(true, Ordering::Relaxed);
        self.batch_execute(sql).await
    }

    /// Commits. If a statement of the transaction has failed, this rolls back.
    pub async fn commit(&self) -> Result<(), StoreError> {
        self.batch_execute("COMMIT").await?;
        self.is_in_transaction.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Rolls back unless the transaction is over. Does not wait for the response.
    pub fn roll_back(&self) {
        if self.is_in_transaction.swap(false, Ordering::Relaxed) {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            // The first poll sends the statement.
            let _ = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }

    /// Closes the connection, so that another one is opened, because the database does not respond on it or has become read-only for it. A
    /// session stays read-only after its database accepts writes again, or after another database has taken its place.
    ///
    /// The database cancels its work for the connection. Otherwise a connection that waits in a commit would stay open next to its
    /// replacement.
    pub fn give_up(&self) {
        self.task.abort();
        if self.is_given_up.swap(true, Ordering::Relaxed) {
            return;
        }
        // A runtime that is shutting down accepts no tasks.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (cancel, tls) = (self.client.cancel_token(), self.tls.clone());
        runtime.spawn(async move {
            // If the database does not respond to this either, nothing more can be done.
            let _ = timeout(CANCEL_TIME_MAX, cancel.cancel_query(tls)).await;
        });
    }

    /// Waits for the response to a statement, and closes the connection if there is none in time.
    async fn answered<T>(&self, patience: Duration, statement: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        let Ok(answer) = timeout(patience, statement).await else {
            self.give_up();
            self.health.is_unanswered(sent);
            return Err(StoreError::silent());
        };
        self.unanswered.fetch_sub(1, Ordering::Relaxed);
        if answer.as_ref().err().is_none_or(|error| error.as_db_error().is_some()) {
            self.health.has_answered();
        }
        if answer.as_ref().is_err_and(|error| error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)) {
            self.give_up();
        }
        Ok(answer?)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.unanswered.load(Ordering::Relaxed) > 0 {
            self.give_up();
        }
        self.task.abort();
    }
}

/// Creates the connections of a pool.
pub struct Manager {
    pub address: Address,
    pub health: Arc<Health>,
}

impl managed::Manager for Manager {
    type Type = Link;
    type Error = StoreError;

    async fn create(&self) -> Result<Link, StoreError> {
        let (client, connection, tls) = self.address.connect().await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %StoreError::from(error), "a connection to the database ended");
            }
        });
        self.health.has_answered();
        let (patience, health) = (self.address.answer_max(), Arc::clone(&self.health));
        let (unanswered, is_in_transaction, is_given_up) = Default::default();
        Ok(Link { client, task, patience, tls, health, unanswered, is_in_transaction, is_given_up })
    }

    /// Waits until everything sent on a connection is complete, and then reuses it. The pool limits how long this may take.
    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<StoreError> {
        if link.client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        if link.unanswered.load(Ordering::Relaxed) > 0 {
            link.client.check_connection().await.map_err(|error| RecycleError::Backend(error.into()))?;
            link.unanswered.store(0, Ordering::Relaxed);
        }
        Ok(())
    }
}
