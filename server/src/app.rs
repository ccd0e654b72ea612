//! The state that all handlers share, and read and write access to one user's records.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use stronglog_sync::clock::ClockAndRng;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::auth::limits::Limits;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::{Caller, Tokens};
use crate::budgets::{Bodies, Unsent};
use crate::clock::Clock;
use crate::config::Config;
use crate::devices::Devices;
use crate::feed;
use crate::metrics::Metrics;
use crate::net::{Certificate, Connections};
use crate::notifications::Notifications;
use crate::places::Places;
use crate::problem::Failure;
use crate::shares::Shares;
use crate::store::accounts::Heard;
use crate::store::database::Database;
use crate::store::wanted::Wanted;
use crate::store::{Records, StoreError};
use crate::turns::Turns;

/// The state of a running server.
pub struct App {
    pub store: Arc<Database>,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub limits: Limits,
    pub notifications: Notifications,
    /// The last activity of the signed-in devices.
    pub devices: Devices,
    /// The memory used by request bodies.
    pub bodies: Bodies,
    /// The memory used by responses that have not been taken yet.
    pub unsent: Unsent,
    /// The requests of each account, from their heads on.
    pub requests: Turns,
    /// The requests in progress of all accounts, once their bodies are there.
    pub places: Places,
    /// The processors that parse large bodies and compress large responses.
    pub parsing: Places,
    /// The exports in progress, by account.
    pub exports: Shares<Uuid>,
    pub metrics: Metrics,
    pub connections: Connections,
    /// The certificate in use. It may be replaced while the server runs.
    pub certificate: Option<watch::Receiver<Certificate>>,
    /// Replaced when the settings are read again.
    pub config: RwLock<Arc<Config>>,
    pub clock: Clock,
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

    /// Decides something about the caller's records on one snapshot. What the decision is expected to read is loaded first.
    ///
    /// # Errors
    /// The session has ended, or `decide` or the store fails.
    pub async fn read<T: Send + 'static>(
        &self,
        caller: Caller,
        wanted: Wanted,
        decide: impl Fn(&dyn Records) -> Result<T, feed::Error> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let decide = move |records: &dyn Records| Ok(decide(records)?);
        self.store.read_records(caller.key(), self.config().quota(), wanted, decide).await
    }

    /// Changes the caller's records in one transaction, which is durable before this returns. The decision may be made more than once.
    ///
    /// # Errors
    /// The session has ended, or `decide` or the store fails. In each case nothing is changed.
    pub async fn write<T: Send + 'static>(
        &self,
        caller: Caller,
        wanted: Wanted,
        decide: impl Fn(&mut dyn Records, &mut ClockAndRng<'_>) -> Result<T, feed::Error> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let decide = move |records: &mut dyn Records| {
            let mut clock = ClockAndRng { now_ms: now_ms(), random: &mut rand::random };
            Ok(decide(records, &mut clock)?)
        };
        self.store.write_records(caller.key(), self.config().quota(), wanted, decide).await
    }

    /// Tells every device of a user, on whichever server it listens, of a revision.
    pub fn announce(&self, user: Uuid, rev: u64) {
        self.notifications.notify(user, rev);
        self.store.announce(Heard::Revision(user, rev));
    }

    /// Ends the open streams of a user whose sessions have ended, on every server.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_streams(&self, user: Uuid) -> Result<(), StoreError> {
        self.store.announce(Heard::Ended(user));
        self.end_own_streams(user).await
    }

    /// Does what another server has announced.
    pub async fn hear(&self, heard: Heard) {
        match heard {
            Heard::Revision(user, rev) => self.notifications.notify(user, rev),
            Heard::Ended(user) => {
                if let Err(error) = self.end_own_streams(user).await {
                    tracing::error!(%error, "cannot check for sessions that another server has ended");
                }
            }
        }
    }

    /// Ends the open streams of a user whose sessions have ended, on this server.
    ///
    /// # Errors
    /// The store failed.
    async fn end_own_streams(&self, user: Uuid) -> Result<(), StoreError> {
        let ended = self.store.ended(self.notifications.sessions(Some(user))).await?;
        ended.into_iter().for_each(|key| self.notifications.end(key));
        Ok(())
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
