//! The store on Postgres, for many servers over one database. A decision loads what it needs in one round trip and writes in another. The
//! row lock on the user's head excludes other writers, on all servers.

mod announce;
mod chores;
mod connect;
mod convert;
mod error;
mod health;
mod heartbeat;
mod link;
mod loaded;
mod migrate;
mod operations;
mod records;
mod rows;
mod transaction;

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, TimeoutType};
use tokio::time::timeout;
use tokio_postgres::Row;
use uuid::Uuid;

use self::announce::Announcer;
pub use self::connect::Address;
use self::connect::SCAN_TIME_MAX;
pub use self::convert::{number, signed};
use self::error::Tries;
use self::health::Health;
use self::heartbeat::Heart;
pub use self::heartbeat::SERVERS;
pub use self::link::Link;
use self::link::{Manager, Parameter};
use self::loaded::Loaded;
pub use self::operations::revoke_all;
use self::records::Lock;
pub use self::transaction::Transaction;
use super::accounts::{Denied, Notification, SessionKey};
use super::collections::Collections;
use super::prefetch::Prefetch;
use super::{Commits, Quota, Records, StoreError};
use crate::fair_semaphore::{FairSemaphore, Permit, QUEUE_MAX, SERVER, WAIT_MAX};
use crate::per_account::PerAccount;

/// How long a stopping server waits for its database.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);
const STANDBY: &str = "the database is read-only: it is a standby, or configured so";
/// How long a server uses fewer connections after the database has run out of them.
const WITHHELD_FOR: Duration = Duration::from_secs(60);
/// How long a connection may take to finish everything that was sent on it before. After that, another one is opened.
const RECYCLE_MAX: Duration = Duration::from_secs(1);

/// The database, and this server's connections to it.
pub struct Store {
    connections: Connections,
    address: Address,
    /// Allows one write of each user at a time. More writes would only occupy connections while they wait for the row lock.
    writers: PerAccount,
    commits: Commits,
    announcer: Arc<Announcer>,
    /// Distinguishes this server from others, for leases.
    server: Uuid,
    /// Identifies the secret with which this server signs.
    signing_secret: heartbeat::SigningSecretId,
    /// The task that reports that this server is running.
    heart: Mutex<Option<Heart>>,
    /// When this server last polled for changes by others.
    asked: Mutex<Option<Instant>>,
}

/// Checks that a server can start on a database, by running the steps of a start without committing them. Nothing is changed. Returns when
/// a server last recorded the time.
pub async fn probe(address: &Address, collections: &Collections) -> Result<i64, StoreError> {
    let store = Store::of(address.clone())?;
    let tried = async {
        let transaction = store.begin(SERVER).await?;
        migrate::migrate(transaction.link(), "probed").await?;
        operations::check_collections(transaction.link(), collections).await?;
        let row = transaction.link().query_typed_one("SELECT seen_at FROM server", &[]).await?;
        let seen_at = row.try_get(0)?;
        // Dropped without a commit, the transaction is rolled back.
        drop(transaction);
        chores::check_commits(&*store.connection(SERVER).await?).await?;
        Ok(seen_at)
    };
    let tried = tried.await;
    store.close().await;
    tried
}

impl Store {
    /// Connects to a database, and creates or migrates its tables. `new_epoch` names the epoch that begins if the database is new, or was
    /// copied to another cluster.
    ///
    /// # Errors
    /// Returns an error if the database cannot be reached or used, or a newer program has changed it in a way that this program does not
    /// know.
    pub async fn open(address: Address, new_epoch: &str) -> Result<Self, StoreError> {
        let store = Store::of(address)?;
        store.migrate(new_epoch).await.map_err(|error| store.cannot_use(&error))?;
        Ok(store)
    }

    /// Connects to a database whose tables a server has created, with the version of this program.
    ///
    /// # Errors
    /// Returns an error if the database cannot be reached, no server has used it, or its tables have another version.
    pub async fn attach(address: Address) -> Result<Self, StoreError> {
        let store = Store::of(address)?;
        let checked = async { migrate::check(&*store.connection(SERVER).await?).await };
        checked.await.map_err(|error| store.cannot_use(&error))?;
        Ok(store)
    }

    fn of(address: Address) -> Result<Self, StoreError> {
        let connections = Connections::new(address.clone())?;
        Ok(Store {
            announcer: Arc::new(Announcer::new(connections.clone())),
            connections,
            address,
            writers: PerAccount::new(1),
            commits: Commits::default(),
            server: Uuid::from_u128(rand::random()),
            signing_secret: Arc::default(),
            heart: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    fn cannot_use(&self, error: &StoreError) -> StoreError {
        StoreError::new(format!("cannot use the database {}: {}", self.address, error.0))
    }

    /// Begins a transaction that writes, in the turn of an account.
    pub async fn begin(&self, turn: Uuid) -> Result<Transaction, StoreError> {
        Transaction::begin(self.connections.take_to_write(turn).await?).await
    }

    async fn migrate(&self, new_epoch: &str) -> Result<(), StoreError> {
        let transaction = self.begin(SERVER).await?;
        migrate::migrate(transaction.link(), new_epoch).await?;
        transaction.commit().await
    }

    /// Closes all connections. Later calls fail.
    pub async fn close(&self) {
        let heart = self.heart.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_reported = heart.is_some() || self.signing_secret.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if let Some(heart) = heart {
            heart.stop(SHUTDOWN_MAX).await;
        }
        if is_reported {
            // If this does not reach the database, it forgets the server soon.
            let _ = timeout(SHUTDOWN_MAX, heartbeat::end(&self.connections, self.server)).await;
        }
        self.announcer.close().await;
        self.connections.pool.close();
    }

    /// Where the database is, without a password.
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    pub fn queue(&self) -> (usize, usize) {
        (self.connections.permits.longest_queue().max(self.connections.write_permits.longest_queue()), QUEUE_MAX)
    }

    /// Nothing is stored on this machine.
    pub fn sizes(&self) -> (u64, u64) {
        (0, 0)
    }

    /// Notifies the other servers, soon and without waiting.
    pub fn announce(&self, notification: Notification) {
        self.announcer.announce(notification);
    }

    /// Records the secret with which this server signs, the first one. Returns whether a running server signs with a secret that is not in
    /// the list. Of two servers that start at the same time, the one that records its secret later finds the other's.
    pub async fn sign_with(&self, secrets: &[Uuid]) -> Result<bool, StoreError> {
        *self.signing_secret.lock().unwrap_or_else(PoisonError::into_inner) = secrets.first().copied();
        heartbeat::beat_once(&self.connections, self.server, &self.signing_secret).await?;
        self.is_signed_with_others(secrets).await
    }

    /// Whether a running server signs with a secret that is not in the list.
    pub async fn is_signed_with_others(&self, secrets: &[Uuid]) -> Result<bool, StoreError> {
        let signers = heartbeat::signers(&self.connections, self.server).await?;
        Ok(signers.iter().any(|signer| !secrets.contains(signer)))
    }

    /// Calls `on_notification` with the notifications of other servers, until the store is closed.
    pub fn listen(&self, on_notification: impl Fn(Notification) + Send + Sync + 'static) {
        let heart = Heart::start(self.connections.clone(), self.server, Arc::clone(&self.signing_secret));
        *self.heart.lock().unwrap_or_else(PoisonError::into_inner) = Some(heart);
        self.announcer.listen(self.address.clone(), on_notification);
    }

    /// Whether it is time to poll for changes by others. Their notifications usually arrive at once, but may be lost.
    fn is_time_to_ask(&self) -> bool {
        let every = if self.announcer.is_listening() { announce::ASK_EVERY } else { Duration::ZERO };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = asked.is_none_or(|asked| asked.elapsed() >= every);
        if is_time {
            *asked = Some(Instant::now());
        }
        is_time
    }

    pub async fn read_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        mut prefetch: Prefetch,
        decide: impl Fn(&dyn Records) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<Denied>,
    {
        let mut tries = Tries::default();
        loop {
            let loaded = match self.load(key, quota, &prefetch).await {
                Err(error) if tries.another(&error).await => continue,
                loaded => loaded?.ok_or(Denied::SessionEnded)?,
            };
            let decided = decide(&loaded);
            match loaded.more() {
                Some(more) => prefetch = more,
                None => return decided,
            }
        }
    }

    /// Loads everything from one snapshot.
    async fn load(&self, key: SessionKey, quota: Quota, prefetch: &Prefetch) -> Result<Option<Loaded>, StoreError> {
        let link = self.connection(key.user).await?;
        let answer = transaction::in_snapshot(&link, records::load(&link, key, quota, prefetch, Lock::None)).await?;
        Ok(answer.map(|answer| Loaded::new(prefetch.clone(), answer)))
    }

    pub async fn write_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        mut prefetch: Prefetch,
        decide: impl Fn(&mut dyn Records) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<Denied>,
    {
        let _turn = self.writers.take(key).await.ok_or_else(StoreError::share_exhausted)?;
        let (mut tries, since) = (Tries::default(), Instant::now());
        loop {
            match self.try_to_write(key, quota, &mut prefetch, &decide).await {
                Err(error) if tries.another(&error).await => continue,
                Err(error) => {
                    self.commits.failed.inc();
                    return Err(error.into());
                }
                Ok(decided) => {
                    self.commits.duration.observe(since.elapsed().as_secs_f64());
                    return decided;
                }
            }
        }
    }

    /// Loads under the lock, decides and writes. The outer error comes from the database. After it, the decision may run again: if it was
    /// committed after all, its edits are duplicates the second time (R12).
    async fn try_to_write<T, E: From<Denied>>(
        &self,
        key: SessionKey,
        quota: Quota,
        prefetch: &mut Prefetch,
        decide: &impl Fn(&mut dyn Records) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let transaction = Transaction::of(self.connections.take_to_write(key.user).await?);
        let link = transaction.link();
        let (begun, mut answer) = tokio::join!(transaction.send_begin(), records::load(link, key, quota, prefetch, Lock::Exclusive));
        begun?;
        loop {
            let Some(loaded) = answer? else { return Ok(Err(Denied::SessionEnded.into())) };
            let mut loaded = Loaded::new(prefetch.clone(), loaded);
            let decided = decide(&mut loaded);
            if let Some(more) = loaded.more() {
                *prefetch = more;
                answer = records::load(link, key, quota, prefetch, Lock::Exclusive).await;
                continue;
            }
            if let (Ok(_), Some(advanced)) = (&decided, &loaded.written.advanced) {
                // The commit is sent right behind the statement. If that fails, the commit rolls back.
                let (written, committed) = tokio::join!(records::write(link, key, &loaded.written, advanced), transaction.send_commit());
                written?;
                committed?;
            }
            return Ok(decided);
        }
    }

    /// A connection. If all are in use, this waits for a while, in the turn of an account.
    pub async fn connection(&self, turn: Uuid) -> Result<Connection, StoreError> {
        self.connections.take(turn).await
    }

    /// Runs one statement in the turn of an account, and repeats it if a connection breaks. For statements that may run twice without harm.
    pub async fn query(&self, turn: Uuid, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.query_within(Use::Read, turn, self.address.answer_max(), sql, parameters).await
    }

    /// Like [`Store::query`], for a statement that writes.
    pub async fn change(&self, turn: Uuid, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.query_within(Use::Write, turn, self.address.answer_max(), sql, parameters).await
    }

    /// Like [`Store::query`], for maintenance tasks that read a whole table.
    pub async fn scan(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.query_within(Use::Read, SERVER, SCAN_TIME_MAX, sql, parameters).await
    }

    async fn query_within(
        &self,
        used_to: Use,
        turn: Uuid,
        patience: Duration,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let mut tries = Tries::default();
        loop {
            let once = async {
                let connection = match used_to {
                    Use::Read => self.connection(turn).await?,
                    Use::Write => self.connections.take_to_write(turn).await?,
                };
                connection.query_within(patience, sql, parameters).await
            };
            match once.await {
                Err(error) if tries.another(&error).await => {}
                answered => return answered,
            }
        }
    }
}

/// What a connection is used for.
#[derive(Clone, Copy)]
enum Use {
    Read,
    Write,
}

/// A connection of the pool, and the permits for its use.
pub struct Connection {
    link: Object<Manager>,
    /// Freed after the connection has returned to the pool.
    _permit: Permit,
    _write_permit: Option<Permit>,
}

impl Deref for Connection {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}

/// The connections of this server, for which accounts take turns.
#[derive(Clone)]
struct Connections {
    pool: Pool<Manager>,
    permits: FairSemaphore,
    /// Statements that write leave a quarter of the connections to those who read, because a commit may wait for a standby.
    write_permits: FairSemaphore,
    health: Arc<Health>,
}

impl Connections {
    /// The pool. No connection is opened yet.
    fn new(address: Address) -> Result<Self, StoreError> {
        let (health, max) = (Arc::new(Health::default()), address.connections());
        let pool = Pool::builder(Manager { address, health: Arc::clone(&health) }).max_size(max).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(Some(WAIT_MAX)).recycle_timeout(Some(RECYCLE_MAX)).build().map_err(StoreError::new)?;
        Ok(Connections { pool, permits: FairSemaphore::new(max), write_permits: FairSemaphore::new(max - max / 4), health })
    }

    /// A connection. If all are in use, this waits for a while, in the turn of an account, but not for a database that does not respond.
    async fn take(&self, turn: Uuid) -> Result<Connection, StoreError> {
        loop {
            if !self.health.may_ask() {
                return Err(StoreError::silent());
            }
            let permit = self.permits.take(turn).await.ok_or_else(StoreError::busy)?;
            match self.pool.get().await.map_err(|error| self.message(error)) {
                Ok(link) => return Ok(Connection { link, _permit: permit, _write_permit: None }),
                // The existing connections serve everybody in turn.
                Err(error) if error::is_full(&error) && self.pool.status().size > 0 => self.withhold(permit),
                Err(error) => return Err(error),
            }
        }
    }

    /// A connection for a statement or a transaction that writes.
    async fn take_to_write(&self, turn: Uuid) -> Result<Connection, StoreError> {
        if !self.health.could_ask() {
            return Err(StoreError::silent());
        }
        let permit = self.write_permits.take(turn).await.ok_or_else(StoreError::busy)?;
        Ok(Connection { _write_permit: Some(permit), ..self.take(turn).await? })
    }

    /// Withholds a permit for a while, because the database has fewer connections than permits.
    fn withhold(&self, permit: Permit) {
        if self.health.is_new_shortage() {
            let open = self.pool.status().size;
            tracing::warn!(
                open,
                "the database has no connection left for this server, which continues with its open ones; lower --store-connections"
            );
        }
        tokio::spawn(async move {
            tokio::time::sleep(WITHHELD_FOR).await;
            drop(permit);
        });
    }

    fn message(&self, error: PoolError<StoreError>) -> StoreError {
        match error {
            PoolError::Timeout(TimeoutType::Wait) => StoreError::busy(),
            PoolError::Backend(error) => {
                if error.is_silent() {
                    self.health.is_silent();
                }
                error
            }
            PoolError::Closed => StoreError::new("the database is closed, because the server is stopping"),
            other => StoreError::new(other.to_string()),
        }
    }
}
