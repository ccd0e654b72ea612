//! The store on Postgres, for many servers over one database. A decision loads what it needs in one round trip and writes in another; the row
//! lock on the user's head excludes other writers, on whichever server they are.

mod announce;
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
mod transaction;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, TimeoutType};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use self::announce::Announcer;
pub use self::connect::Address;
use self::connect::SCAN_TIME_MAX;
pub use self::convert::{number, signed};
use self::error::Tries;
use self::health::Health;
pub use self::heartbeat::SERVERS;
pub use self::link::Link;
use self::link::Manager;
use self::loaded::Loaded;
pub use self::operations::revoke_all;
use self::records::Lock;
pub use self::transaction::Transaction;
use super::accounts::{Denied, Heard, SessionKey};
use super::collections::Collections;
use super::wanted::Wanted;
use super::{Commits, Quota, Records, StoreError};
use crate::turns::Turns;

/// How many statements may wait for a connection.
const WAITING_MAX: usize = 1_024;
/// How long a server that stops waits for its database.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
const STANDBY: &str = "the database is read-only: it is a standby, or configured so";
/// How long a statement waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a connection may take until everything is answered that was sent on it before. After that another one is opened.
const RECYCLE_MAX: Duration = Duration::from_secs(1);

/// The database, and this server's connections to it.
pub struct Store {
    connections: Connections,
    address: Address,
    /// One write of each user at a time: the others would only hold a connection each while they wait for the row lock.
    writers: Turns,
    commits: Commits,
    announcer: Arc<Announcer>,
    /// Distinguishes this server from others, for leases.
    server: Uuid,
    /// Says that this server runs, if it does.
    heart: Mutex<Option<JoinHandle<()>>>,
    /// When this server last asked what others did.
    asked: Mutex<Option<Instant>>,
}

/// Checks that a server can start on a database, by doing what it does then without committing it. Nothing is changed. Returns when a server
/// last noted the time.
pub async fn probe(address: &Address, collections: &Collections) -> Result<i64, StoreError> {
    let store = Store::of(address.clone())?;
    let tried = async {
        let transaction = store.begin().await?;
        migrate::migrate(transaction.link(), "probed").await?;
        operations::check_collections(transaction.link(), collections).await?;
        let row = transaction.link().query_typed_one("SELECT seen_at FROM server", &[]).await?;
        // Dropped without a commit, the transaction is rolled back.
        Ok(row.try_get(0)?)
    };
    let tried = tried.await;
    store.close().await;
    tried
}

impl Store {
    /// Connects to a database, and creates or migrates its tables. `new_epoch` is the name of the epoch that begins if the database is new, or
    /// was copied to another cluster.
    ///
    /// # Errors
    /// The database cannot be reached or used, or a newer program has changed it in a way that this one does not know.
    pub async fn open(address: Address, new_epoch: &str) -> Result<Self, StoreError> {
        let store = Store::of(address)?;
        store.migrate(new_epoch).await.map_err(|error| store.cannot_use(&error))?;
        Ok(store)
    }

    /// Connects to a database whose tables servers have made, and which are those of this program.
    ///
    /// # Errors
    /// The database cannot be reached, no server has used it, or its tables are of another version.
    pub async fn attach(address: Address) -> Result<Self, StoreError> {
        let store = Store::of(address)?;
        let checked = async { migrate::check(&*store.connection().await?).await };
        checked.await.map_err(|error| store.cannot_use(&error))?;
        Ok(store)
    }

    fn of(address: Address) -> Result<Self, StoreError> {
        let connections = Connections::new(address.clone())?;
        Ok(Store {
            announcer: Arc::new(Announcer::new(connections.clone())),
            connections,
            address,
            writers: Turns::new(1),
            commits: Commits::default(),
            server: Uuid::from_u128(rand::random()),
            heart: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    fn cannot_use(&self, error: &StoreError) -> StoreError {
        StoreError::new(format!("cannot use the database {}: {}", self.address, error.0))
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Transaction::begin(self.connection().await?).await
    }

    async fn migrate(&self, new_epoch: &str) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        migrate::migrate(transaction.link(), new_epoch).await?;
        transaction.commit().await
    }

    /// Closes all connections. Later calls fail.
    pub async fn close(&self) {
        let heart = self.heart.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(heart) = heart {
            heart.abort();
            // If the database does not hear it, it forgets the server soon.
            let _ = timeout(FAREWELL_MAX, heartbeat::end(&self.connections, self.server)).await;
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
        (self.connections.pool.status().waiting, WAITING_MAX)
    }

    /// Nothing is stored on this machine.
    pub fn sizes(&self) -> (u64, u64) {
        (0, 0)
    }

    /// Tells the other servers, soon and without waiting for it.
    pub fn announce(&self, heard: Heard) {
        self.announcer.announce(heard);
    }

    /// Calls `tell` with what other servers announce, until the store is closed.
    pub fn listen(&self, tell: impl Fn(Heard) + Send + Sync + 'static) {
        let heart = tokio::spawn(heartbeat::beat(self.connections.clone(), self.server));
        *self.heart.lock().unwrap_or_else(PoisonError::into_inner) = Some(heart);
        self.announcer.listen(self.address.clone(), tell);
    }

    /// Whether it is time to ask what others did. What they announce is usually heard at once, but may be lost.
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
        mut wanted: Wanted,
        decide: impl Fn(&dyn Records) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<Denied>,
    {
        let mut tries = Tries::default();
        loop {
            let loaded = match self.load(key, quota, &wanted).await {
                Err(error) if tries.another(&error).await => continue,
                loaded => loaded?.ok_or(Denied::SessionEnded)?,
            };
            let decided = decide(&loaded);
            match loaded.more() {
                Some(more) => wanted = more,
                None => return decided,
            }
        }
    }

    /// Loads everything from one snapshot.
    async fn load(&self, key: SessionKey, quota: Quota, wanted: &Wanted) -> Result<Option<Loaded>, StoreError> {
        let link = self.connection().await?;
        let answer = transaction::in_snapshot(&link, records::load(&link, key, quota, wanted, Lock::None)).await?;
        Ok(answer.map(|answer| Loaded::new(wanted.clone(), answer)))
    }

    pub async fn write_records<T, E>(
        &self,
        key: SessionKey,
        quota: Quota,
        mut wanted: Wanted,
        decide: impl Fn(&mut dyn Records) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<Denied>,
    {
        let _turn = self.writers.take(key.user).await.ok_or_else(StoreError::busy)?;
        let (mut tries, since) = (Tries::default(), Instant::now());
        loop {
            match self.try_to_write(key, quota, &mut wanted, &decide).await {
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

    /// Loads under the lock, decides and writes. The outer error is one of the database, after which the decision may be made again: if it was
    /// committed after all, its edits are duplicates the second time (R12).
    async fn try_to_write<T, E: From<Denied>>(
        &self,
        key: SessionKey,
        quota: Quota,
        wanted: &mut Wanted,
        decide: &impl Fn(&mut dyn Records) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let transaction = Transaction::of(self.connection().await?);
        let link = transaction.link();
        let (begun, mut answer) = tokio::join!(transaction.send_begin(), records::load(link, key, quota, wanted, Lock::Exclusive));
        begun?;
        loop {
            let Some(loaded) = answer? else { return Ok(Err(Denied::SessionEnded.into())) };
            let mut loaded = Loaded::new(wanted.clone(), loaded);
            let decided = decide(&mut loaded);
            if let Some(more) = loaded.more() {
                *wanted = more;
                answer = records::load(link, key, quota, wanted, Lock::Exclusive).await;
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

    /// A connection. Waits for a while if all are in use.
    pub async fn connection(&self) -> Result<Connection, StoreError> {
        self.connections.take().await
    }

    /// Runs one statement, again if a connection breaks: for statements that do no harm twice.
    pub async fn query(&self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StoreError> {
        self.query_within(self.address.answer_max(), sql, parameters).await
    }

    /// Like [`Store::query`], for chores that read a whole table.
    pub async fn scan(&self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StoreError> {
        self.query_within(SCAN_TIME_MAX, sql, parameters).await
    }

    async fn query_within(
        &self,
        patience: Duration,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, StoreError> {
        let mut tries = Tries::default();
        loop {
            let once = async { self.connection().await?.query_within(patience, sql, parameters).await };
            match once.await {
                Err(error) if tries.another(&error).await => {}
                answered => return answered,
            }
        }
    }
}

/// A connection of the pool.
pub type Connection = Object<Manager>;

/// The connections of this server.
#[derive(Clone)]
struct Connections {
    pool: Pool<Manager>,
    health: Arc<Health>,
}

impl Connections {
    /// The pool. No connection is opened yet.
    fn new(address: Address) -> Result<Self, StoreError> {
        let (health, max) = (Arc::new(Health::default()), address.connections());
        let pool = Pool::builder(Manager { address, health: Arc::clone(&health) }).max_size(max).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(Some(WAIT_MAX)).recycle_timeout(Some(RECYCLE_MAX)).build().map_err(StoreError::new)?;
        Ok(Connections { pool, health })
    }

    /// A connection. Waits for a while if all are in use, but not for a database that does not answer.
    async fn take(&self) -> Result<Connection, StoreError> {
        if !self.health.may_ask() {
            return Err(StoreError::silent());
        }
        if self.pool.status().waiting >= WAITING_MAX {
            return Err(StoreError::busy());
        }
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => StoreError::busy(),
            PoolError::Backend(error) => {
                if error.is_silent() {
                    self.health.is_silent();
                }
                error
            }
            PoolError::Closed => StoreError::new("the database is closed, because the server is stopping"),
            other => StoreError::new(other.to_string()),
        })
    }
}
