//! The database of a running server: a common interface to SQLite and Postgres.

use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

use super::accounts::{
    Account, Created, Denied, Device, DeviceActivity, Exchange, MissedNotifications, Notification, Population, Session, SessionKey,
    SignedIn,
};
use super::collections::Collections;
#[cfg(feature = "postgres")]
use super::postgres;
use super::prefetch::Prefetch;
use super::sqlite::made::Made;
use super::{Commits, Quota, Records, StoreError, Usage, sqlite};
use stronglog_sync::digest::Digest;

/// How many records are read at once to compute a digest, and how often it is tried while the account is written to.
const DIGEST_ROWS: usize = 5_000;
const DIGEST_TRIES: usize = 3;

/// One of the databases that a server runs on.
pub enum Database {
    /// One file on this machine, for one server.
    Sqlite(sqlite::Store),
    /// A database that any number of servers share.
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Store>),
}

/// Calls the same method on either database.
macro_rules! each {
    ($database:expr, $store:ident => $call:expr) => {
        match $database {
            Database::Sqlite($store) => $call,
            #[cfg(feature = "postgres")]
            Database::Postgres($store) => $call,
        }
    };
}

#[cfg(not(feature = "postgres"))]
pub(crate) fn without_postgres() -> StoreError {
    StoreError::new("this program was built without Postgres; build it with the feature `postgres` of stronglog-server")
}

impl Database {
    /// Opens the SQLite database in a folder. `new_epoch` names the epoch that begins if the database is new, or older than before.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be used, or the database cannot be opened or has a newer version.
    pub fn sqlite(folder: &Path, new_epoch: &str) -> Result<Self, StoreError> {
        Ok(Database::Sqlite(sqlite::Store::open(folder, new_epoch)?))
    }

    /// Connects to the Postgres database at an address. `ca` is its CA certificate, if the system does not trust it. `answer_max` is the
    /// maximum time of a statement.
    ///
    /// # Errors
    /// Returns an error if the address cannot be read, or the database does not answer or cannot be migrated.
    #[cfg(feature = "postgres")]
    pub async fn at(url: &str, ca: Option<&Path>, connections: usize, answer_max: Duration, new_epoch: &str) -> Result<Self, StoreError> {
        let address = postgres::Address::new(url, ca, connections)?.answered_within(answer_max);
        Ok(Database::Postgres(Box::new(postgres::Store::open(address, new_epoch).await?)))
    }

    /// This program was built without Postgres.
    ///
    /// # Errors
    /// Always returns an error.
    #[cfg(not(feature = "postgres"))]
    pub async fn at(_: &str, _: Option<&Path>, _: usize, _: Duration, _: &str) -> Result<Self, StoreError> {
        Err(without_postgres())
    }

    /// Checks, without changing anything, that the Postgres database at an address responds and accepts writes, and that its data may be
    /// served with these collections. Returns where it is, and when a server last recorded the time.
    ///
    /// # Errors
    /// Returns an error if the address cannot be read, the database does not answer or accept writes, or it has records of other
    /// collections.
    #[cfg(feature = "postgres")]
    pub(crate) async fn probe(url: &str, ca: Option<&Path>, collections: &Collections) -> Result<(String, i64), StoreError> {
        let address = postgres::Address::new(url, ca, 1)?;
        let seen_at = postgres::probe(&address, collections).await?;
        Ok((address.to_string(), seen_at))
    }

    /// This program was built without Postgres.
    ///
    /// # Errors
    /// Always returns an error.
    #[cfg(not(feature = "postgres"))]
    pub(crate) async fn probe(_: &str, _: Option<&Path>, _: &Collections) -> Result<(String, i64), StoreError> {
        Err(without_postgres())
    }

    /// Where the data is.
    pub fn place(&self) -> String {
        each!(self, store => store.place())
    }

    /// Notifies the other servers of this database, soon and without waiting.
    pub fn announce(&self, notification: Notification) {
        each!(self, store => store.announce(notification))
    }

    /// Records the secret with which this server signs, the first one. Returns whether a running server of the database signs with a secret
    /// that is not in the list.
    ///
    /// # Errors
    /// Returns an error if the database does not answer.
    pub async fn sign_with(&self, secrets: &[Uuid]) -> Result<bool, StoreError> {
        each!(self, store => store.sign_with(secrets).await)
    }

    /// Calls `on_notification` with the notifications of other servers of this database, until the database is closed.
    pub fn listen(&self, on_notification: impl Fn(Notification) + Send + Sync + 'static) {
        each!(self, store => store.listen(on_notification))
    }

    /// Completes work in progress and closes the database. Later calls fail.
    pub async fn close(&self) {
        each!(self, store => store.close().await)
    }

    /// Closes the database after a start that was refused, and removes what the start created.
    pub(crate) async fn discard(&self, made: Made) {
        match self {
            Database::Sqlite(store) => store.discard(made).await,
            #[cfg(feature = "postgres")]
            Database::Postgres(store) => {
                drop(made);
                store.close().await;
            }
        }
    }

    /// Runs a decision on one snapshot of a user's records, in which the session is live.
    ///
    /// A database on another machine first loads the `prefetch`. If the decision reads more, the database loads that too and runs the
    /// decision again, so a decision must depend only on its arguments.
    ///
    /// # Errors
    /// Returns an error if the session has ended, the database cannot be read, or `decide` fails.
    pub async fn read_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        prefetch: Prefetch,
        decide: impl Fn(&dyn Records) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Denied> + Send + 'static,
    {
        match self {
            Database::Sqlite(store) => {
                // Prefetching from a file gains nothing.
                drop(prefetch);
                store.read_records(key, quota, decide).await
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(store) => store.read_records(key, quota, prefetch, decide).await,
        }
    }

    /// Like [`Database::read_records`], in one transaction that excludes other writers of the user and is durable before this returns. An
    /// error changes nothing.
    ///
    /// # Errors
    /// Returns an error if the session has ended, the database cannot be written, or `decide` fails.
    pub async fn write_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        prefetch: Prefetch,
        decide: impl Fn(&mut dyn Records) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<Denied> + Send + 'static,
    {
        match self {
            Database::Sqlite(store) => {
                drop(prefetch);
                store.write_records(key, quota, decide).await
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(store) => store.write_records(key, quota, prefetch, decide).await,
        }
    }

    /// Stores an account and its first session, unless the email address already has an account.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn register(&self, account: Account, session: Session) -> Result<Created, StoreError> {
        each!(self, store => store.register(account, session).await)
    }

    /// Looks up an account by its email address, in lower case.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn by_email(&self, email: String) -> Result<Option<Account>, StoreError> {
        each!(self, store => store.by_email(email).await)
    }

    /// Begins a session of an account that still has this password and may sign in.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn sign_in(&self, session: Session, password_hash: String) -> Result<SignedIn, StoreError> {
        each!(self, store => store.sign_in(session, password_hash).await)
    }

    /// The account of a session that is live.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be read.
    pub async fn account(&self, key: SessionKey) -> Result<Account, Denied> {
        each!(self, store => store.account(key).await)
    }

    /// Replaces the hash of a password with another hash of the same password, if it has not changed.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn renew_hash(&self, user: Uuid, before: String, after: String) -> Result<(), StoreError> {
        each!(self, store => store.renew_hash(user, before, after).await)
    }

    /// Replaces the password, voids the recovery code, and ends all other sessions.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be written.
    pub async fn set_password(&self, key: SessionKey, password_hash: String) -> Result<(), Denied> {
        each!(self, store => store.set_password(key, password_hash).await)
    }

    /// Replaces the hash of the account's recovery code.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be written.
    pub async fn set_recovery(&self, key: SessionKey, recovery_hash: String) -> Result<(), Denied> {
        each!(self, store => store.set_recovery(key, recovery_hash).await)
    }

    /// Spends a recovery code: replaces the password and ends all sessions. Returns false if the code was spent or replaced in the
    /// meantime.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn recover(&self, user: Uuid, recovery_hash: String, password_hash: String) -> Result<bool, StoreError> {
        each!(self, store => store.recover(user, recovery_hash, password_hash).await)
    }

    /// Looks up a session, which may have ended, in the turn of an account or of requests without an account.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn session(&self, key: SessionKey, turn: Uuid) -> Result<Option<Session>, StoreError> {
        each!(self, store => store.session(key, turn).await)
    }

    /// Changes a session as `decide` returns. Its argument says whether the session is live. If two requests decide about one session at
    /// the same time, the second decides again after the first.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn exchange<T: Send + 'static>(
        &self,
        key: SessionKey,
        now_ms: i64,
        decide: impl Fn(&Session, bool) -> (Exchange, T) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        each!(self, store => store.exchange(key, now_ms, decide).await)
    }

    /// Rejects a session that has ended. This runs in the turn of the session, so that an ended session does not delay its account.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be read.
    pub async fn admit(&self, key: SessionKey) -> Result<(), Denied> {
        each!(self, store => store.admit(key).await)
    }

    /// Ends a session of the same account. Returns whether it was live.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be written.
    pub async fn revoke(&self, key: SessionKey, session: Uuid) -> Result<bool, Denied> {
        each!(self, store => store.revoke(key, session).await)
    }

    /// Ends all sessions of the account.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be written.
    pub async fn revoke_all(&self, key: SessionKey) -> Result<(), Denied> {
        each!(self, store => store.revoke_all(key).await)
    }

    /// The signed-in devices of the account.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be read.
    pub async fn devices(&self, key: SessionKey) -> Result<Vec<Device>, Denied> {
        each!(self, store => store.devices(key).await)
    }

    /// Renames a signed-in device. Returns whether there is one with this session.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the database cannot be written.
    pub async fn rename_device(&self, key: SessionKey, session: Uuid, name: String) -> Result<bool, Denied> {
        each!(self, store => store.rename_device(key, session, name).await)
    }

    /// Stores the last activity of devices.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn record_activity(&self, news: Vec<(SessionKey, DeviceActivity)>) -> Result<(), StoreError> {
        each!(self, store => store.record_activity(news).await)
    }

    /// Which of these sessions have ended.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn ended(&self, sessions: Vec<SessionKey>) -> Result<Vec<SessionKey>, StoreError> {
        each!(self, store => store.ended(sessions).await)
    }

    /// The changes by other processes to these sessions and their users since the last call, and possibly earlier ones.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn missed_notifications(&self, open: Vec<SessionKey>) -> Result<MissedNotifications, StoreError> {
        each!(self, store => store.missed_notifications(open).await)
    }

    /// Makes an account unusable, at once and permanently. [`Database::finish_erasing`] erases its data.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn erase(&self, user: Uuid) -> Result<(), StoreError> {
        each!(self, store => store.erase(user).await)
    }

    /// Erases the data of all accounts that are being erased. After an interruption, the next call continues.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn finish_erasing(&self) -> Result<(), StoreError> {
        each!(self, store => store.finish_erasing().await)
    }

    /// Computes the missing digests of accounts (R27), which takes a while for accounts with many records, and blocks nobody.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or written.
    pub async fn complete_digests(&self) -> Result<(), StoreError> {
        for user in each!(self, store => store.without_digest().await?) {
            self.check_digest(user).await?;
        }
        Ok(())
    }

    /// Checks the digest of every account: see [`check_digest`](Self::check_digest).
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or written.
    pub async fn check_digests(&self) -> Result<(), StoreError> {
        for user in each!(self, store => store.with_records().await?) {
            self.check_digest(user).await?;
        }
        Ok(())
    }

    /// Compares the digest and the usage of an account with its records, and corrects them if something else than the server has changed the
    /// records. The account's devices then notice that they differ, and send what is missing. An account that is constantly written to in the
    /// meantime is left to the next call.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or written.
    pub async fn check_digest(&self, user: Uuid) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(store) => store.follow_records(user).await?,
            // It cannot tell whether a text is JSON before its version 16.
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => {}
        }
        for _ in 0..DIGEST_TRIES {
            if self.correct_totals(user).await? {
                break;
            }
        }
        Ok(())
    }

    /// Computes the digest and the usage of an account. Returns false if the account was written to in the meantime.
    async fn correct_totals(&self, user: Uuid) -> Result<bool, StoreError> {
        let Some(kept) = each!(self, store => store.totals(user).await?) else { return Ok(true) };
        let (mut digest, mut records, mut bytes, mut after) = (Digest::default(), 0, 0, 0);
        loop {
            let some = each!(self, store => store.live_after(user, after, DIGEST_ROWS).await?);
            for live in &some {
                digest = digest.with(Digest::of(&live.collection, live.id, live.rev));
                bytes += live.bytes;
            }
            records += some.len() as u64;
            match some.last() {
                Some(last) if some.len() == DIGEST_ROWS => after = last.rev,
                _ => break,
            }
        }
        let usage = Usage { records, bytes, tombstones: kept.tombstones };
        if kept.digest == Some(digest) && kept.usage == usage {
            return Ok(true);
        }
        let is_set = each!(self, store => store.set_totals(user, kept.rev, digest, records, bytes).await?);
        if is_set && kept.digest.is_some_and(|kept| kept != digest) {
            tracing::error!(
                account = %user,
                "records were changed or removed in the database, and not by the server; the account's devices fetch everything again and send what is missing"
            );
        } else if is_set && kept.usage != usage {
            tracing::warn!(account = %user, counted = ?kept.usage, found = ?usage, "the usage of an account was counted wrongly and is corrected");
        }
        Ok(is_set)
    }

    /// Purges the tombstones older than `tombstone_days` that every backup of the last `backup_days` includes (R10), in steps between which others
    /// write. Returns their number.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn purge(&self, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
        each!(self, store => store.purge(tombstone_days, backup_days, now_ms).await)
    }

    /// Deletes the sessions whose tokens have all expired. Returns their number.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn forget_sessions(&self, rotated_before_ms: i64) -> Result<u64, StoreError> {
        each!(self, store => store.forget_sessions(rotated_before_ms).await)
    }

    /// The name of the current epoch.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn epoch(&self) -> Result<String, StoreError> {
        each!(self, store => store.epoch().await)
    }

    /// Records the collections of the contract with which the data is served.
    ///
    /// # Errors
    /// Returns an error if the data has records of other collections, or the database cannot be written.
    pub(crate) async fn adopt(&self, collections: Collections) -> Result<(), StoreError> {
        each!(self, store => store.adopt(collections).await)
    }

    /// When a server last recorded the time, in milliseconds since the Unix epoch; 0 if none ever did.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn seen_at(&self) -> Result<i64, StoreError> {
        each!(self, store => store.seen_at().await)
    }

    /// Records the time.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub async fn note_time(&self, now_ms: i64) -> Result<(), StoreError> {
        each!(self, store => store.note_time(now_ms).await)
    }

    /// Checks that the data can be read and written.
    ///
    /// # Errors
    /// Returns an error if the data cannot be read or written.
    pub async fn check(&self) -> Result<(), StoreError> {
        each!(self, store => store.check().await)
    }

    /// The numbers of accounts and of sessions used since a time, and when the newest backup was made.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn population(&self, since_ms: i64) -> Result<Population, StoreError> {
        each!(self, store => store.population(since_ms).await)
    }

    /// The commits.
    pub fn commits(&self) -> &Commits {
        each!(self, store => store.commits())
    }

    /// The number of waiting writes, and the maximum.
    pub fn queue(&self) -> (usize, usize) {
        each!(self, store => store.queue())
    }

    /// The sizes of the database and of its write-ahead log on this machine, in bytes.
    pub fn sizes(&self) -> (u64, u64) {
        each!(self, store => store.sizes())
    }
}
