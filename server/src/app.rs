//! The state that all handlers share, and read and write access to one user's records.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use stronglog_sync::clock::ClockAndRng;
use tokio::sync::{Mutex, Semaphore, watch};
use uuid::Uuid;

use crate::auth::limits::Limits;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::Tokens;
use crate::config::Config;
use crate::feed;
use crate::http::body::Sender;
use crate::metrics::Metrics;
use crate::net::Connections;
use crate::notifications::Notifications;
use crate::problem::Failure;
use crate::shares::Shares;
use crate::store::sqlite::{Store, UserRecords};

/// The state of a running server.
pub struct App {
    pub store: Arc<Store>,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub limits: Limits,
    pub notifications: Notifications,
    /// The memory used by request bodies.
    pub bodies: Shares<Sender>,
    /// The requests in progress, by account.
    pub requests: Shares<Uuid>,
    /// One permit for each large body being parsed.
    pub parsing: Semaphore,
    /// The exports in progress, by account.
    pub exports: Shares<Uuid>,
    pub metrics: Metrics,
    pub connections: Connections,
    /// Replaced when the settings are read again.
    pub config: RwLock<Arc<Config>>,
    /// When the data was last checked for read and write access, and the result.
    pub checked: Mutex<Option<(Instant, bool)>>,
    /// Becomes true when the server shuts down, which ends open streams.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// The present settings.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_config(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// Reads a user's records from one snapshot.
    ///
    /// # Errors
    /// The account no longer exists, or `work` or the store fails.
    pub async fn read<T: Send + 'static>(
        &self,
        user: Uuid,
        work: impl FnOnce(&UserRecords<'_>) -> Result<T, feed::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let quota = self.config().quota();
        self.store
            .read(move |connection| {
                // The access tokens of an erased account stay valid until they expire, but there is nothing left to read.
                let records = UserRecords::of(connection, user, quota)?.ok_or_else(Failure::unauthorized)?;
                Ok(work(&records)?)
            })
            .await
    }

    /// Changes a user's records in one transaction, which is durable before this returns.
    ///
    /// # Errors
    /// The account no longer exists, or `work` or the store fails. In each case nothing is changed.
    pub async fn write<T: Send + 'static>(
        &self,
        user: Uuid,
        work: impl FnOnce(&mut UserRecords<'_>, &mut ClockAndRng<'_>) -> Result<T, feed::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let quota = self.config().quota();
        self.store
            .write_for(user, move |connection| {
                let mut records = UserRecords::of(connection, user, quota)?.ok_or_else(Failure::unauthorized)?;
                let mut clock = ClockAndRng { now_ms: now_ms(), random: &mut rand::random };
                Ok(work(&mut records, &mut clock)?)
            })
            .await
    }
}

/// The server's clock, in milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Creates an id that sorts by creation time (UUIDv7).
pub fn new_id() -> Uuid {
    ClockAndRng { now_ms: now_ms(), random: &mut rand::random }.new_id()
}

/// A random name for a new epoch.
pub fn new_epoch() -> String {
    format!("e{:010x}", rand::random::<u64>() >> 24)
}
