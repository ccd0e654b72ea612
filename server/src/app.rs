//! The state that all handlers share, and read and write access to one user's records.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use stronglog_sync::clock::ClockAndRng;
use tokio::sync::watch;
use uuid::Uuid;

use crate::auth::limits::Limits;
use crate::auth::passwords::Passwords;
use crate::auth::tokens::{Caller, Tokens};
use crate::budgets::{Requests, Unsent};
use crate::clock::{Clock, now_ms};
use crate::config::Config;
use crate::devices::Devices;
use crate::digest_checks::DigestChecks;
use crate::fair_semaphore::FairSemaphore;
use crate::feed;
use crate::live_sessions::LiveSessions;
use crate::metrics::Metrics;
use crate::net::{Certificate, Connections};
use crate::notifications::Notifications;
use crate::per_account::PerAccount;
use crate::problem::Failure;
use crate::recent::Recent;
use crate::shares::Shares;
use crate::store::accounts::{Denied, Notification, SessionKey};
use crate::store::database::Database;
use crate::store::prefetch::Prefetch;
use crate::store::{Records, StoreError};

/// The state of a running server.
pub struct App {
    pub store: Arc<Database>,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub limits: Limits,
    pub notifications: Notifications,
    /// Sessions with waiting requests.
    pub sessions: LiveSessions,
    /// The last activity of the signed-in devices.
    pub devices: Devices,
    /// The memory used by requests.
    pub memory: Requests,
    /// The memory used by responses that clients have not read yet.
    pub unsent: Unsent,
    /// The requests in progress of each account and of all accounts, once their bodies have arrived.
    pub requests: PerAccount,
    pub permits: FairSemaphore,
    /// The processors that parse large bodies and compress large responses.
    pub parsing: FairSemaphore,
    /// The exports in progress, by account.
    pub exports: Shares<Uuid>,
    pub digest_checks: Arc<DigestChecks>,
    pub metrics: Metrics,
    pub connections: Connections,
    /// The certificate in use. It may be replaced while the server runs.
    pub certificate: Option<watch::Receiver<Certificate>>,
    /// Replaced when the settings are read again.
    pub config: RwLock<Arc<Config>>,
    pub clock: Clock,
    /// Whether the data can be read and written.
    pub checked: Recent<bool>,
    /// The name of the epoch.
    pub epoch: Recent<Result<String, Failure>>,
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

    /// Runs a decision on one snapshot of the caller's records. The rows that it is expected to read are loaded first.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or `decide` or the store fails.
    pub async fn read<T: Send + 'static>(
        &self,
        caller: Caller,
        prefetch: Prefetch,
        decide: impl Fn(&dyn Records) -> Result<T, feed::Error> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let decide = move |records: &dyn Records| Ok(decide(records)?);
        self.store.read_records(caller.key(), self.config().quota(), prefetch, decide).await
    }

    /// Changes the caller's records in one transaction, which is durable before this returns. The decision may run more than once.
    ///
    /// # Errors
    /// Returns an error if the session has ended, the account has pushed too often, or `decide` or the store fails. Then nothing is
    /// changed.
    pub async fn write<T: Send + 'static>(
        &self,
        caller: Caller,
        prefetch: Prefetch,
        decide: impl Fn(&mut dyn Records, &mut ClockAndRng<'_>) -> Result<T, feed::Error> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        self.limits.check_push(caller.user, Instant::now())?;
        let decide = move |records: &mut dyn Records| {
            let mut clock = ClockAndRng { now_ms: now_ms(), random: &mut rand::random };
            Ok(decide(records, &mut clock)?)
        };
        self.store.write_records(caller.key(), self.config().quota(), prefetch, decide).await
    }

    /// Checks an account's digest in the background, because one of its devices pulls everything, as it does if it differs.
    pub fn check_digest(&self, user: Uuid) {
        let (store, checks, began) = (Arc::clone(&self.store), Arc::clone(&self.digest_checks), Instant::now());
        if !checks.begin(user, began) {
            return;
        }
        tokio::spawn(async move {
            if let Err(error) = store.check_digest(user).await {
                tracing::warn!(%error, "cannot check the digest of an account");
            }
            checks.end(user, began, Instant::now());
        });
    }

    /// Notifies every device of a user, on all servers, of the revision of a push.
    pub fn announce(&self, user: Uuid, rev: u64) {
        self.limits.count_push(user, Instant::now());
        self.notifications.notify(user, rev);
        self.store.announce(Notification::Revision(user, rev));
    }

    /// Notifies all tasks that wait under an ended session of a user, on every server.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn end_sessions(&self, user: Uuid) -> Result<(), StoreError> {
        self.store.announce(Notification::Ended(user));
        self.end_own_sessions(user).await
    }

    /// Handles a notification of another server.
    pub async fn hear(&self, notification: Notification) {
        match notification {
            Notification::Revision(user, rev) => self.notifications.notify(user, rev),
            Notification::Ended(user) => {
                if let Err(error) = self.end_own_sessions(user).await {
                    tracing::error!(%error, "cannot check for sessions that another server has ended");
                }
            }
        }
    }

    /// Notifies all tasks that wait under an ended session of a user, on this server.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    async fn end_own_sessions(&self, user: Uuid) -> Result<(), StoreError> {
        let ended = self.store.ended(self.sessions.keys(Some(user))).await?;
        ended.into_iter().for_each(|key| self.sessions.end(key));
        Ok(())
    }

    /// Looks up a session once for all tasks that wait under it.
    pub fn look_up(self: &Arc<Self>, key: SessionKey) {
        if !self.sessions.must_look_up(key) {
            return;
        }
        let app = Arc::clone(self);
        // The caller may be gone before the result arrives, which all of them need.
        tokio::spawn(async move {
            match app.store.admit(key).await {
                Ok(()) => {}
                Err(Denied::SessionEnded) => app.sessions.end(key),
                Err(Denied::Store(error)) => {
                    tracing::debug!(%error, "cannot look up a session");
                    app.sessions.is_unknown(key);
                }
            }
        });
    }
}

/// Creates an id that sorts by creation time (UUIDv7).
pub fn new_id() -> Uuid {
    ClockAndRng { now_ms: now_ms(), random: &mut rand::random }.new_id()
}

/// A random name for a new epoch.
pub fn new_epoch() -> String {
    format!("e{:010x}", rand::random::<u64>() >> 24)
}
