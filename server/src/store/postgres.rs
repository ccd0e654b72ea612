//! The store on Postgres, for many servers over one database. A decision loads what it needs in one round trip and writes in another; the row
//! lock on the user's head excludes other writers, on whichever server they are.

mod announce;
mod connect;
mod convert;
mod error;
mod loaded;
mod migrate;
mod operations;
mod records;
mod transaction;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Pool, PoolError, TimeoutType};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use self::announce::Announcer;
pub use self::connect::Address;
pub use self::convert::{number, signed};
use self::error::Tries;
use self::loaded::Loaded;
pub use self::operations::revoke_all;
use self::records::Lock;
pub use self::transaction::Transaction;
use super::accounts::{Denied, Heard, SessionKey};
use super::wanted::Wanted;
use super::{Commits, Quota, Records, StoreError};
use crate::turns::Turns;

/// How many statements may wait for a connection.
const WAITING_MAX: usize = 1_024;
/// The number of servers' connections to the database: each server has at least the one on which it listens.
pub const SERVERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stronglog'";
const STANDBY: &str = "the database is read-only: it is a standby, or configured so";
/// How long a statement waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The database, and this server's connections to it.
pub struct Store {
    pool: Pool,
    address: Address,
    /// One write of each user at a time: the others would only hold a connection each while they wait for the row lock.
    writers: Turns,
    commits: Commits,
    announcer: Arc<Announcer>,
    /// Distinguishes this server from others, for leases.
    server: Uuid,
    /// When this server last asked what others did.
    asked: Mutex<Option<Instant>>,
}

/// Checks that a server can start on a database, by doing what it does then without committing it. Nothing is changed.
pub async fn probe(address: &Address) -> Result<(), StoreError> {
    let store = Store::of(address.clone())?;
    let tried = async {
        let transaction = store.begin().await?;
        migrate::migrate(transaction.client(), "probed").await
        // Dropped without a commit, the transaction is rolled back.
    };
    let tried = tried.await;
    store.close().await;
    tried
}

/// Why there is no connection.
fn unavailable(error: PoolError) -> StoreError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::busy(),
        PoolError::Timeout(TimeoutType::Create) => StoreError::new("the database does not answer within 5 seconds"),
        PoolError::Backend(error) => error.into(),
        PoolError::Closed => StoreError::new("the database is closed, because the server is stopping"),
        other => StoreError::new(other),
    }
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
        let checked = async {
            let client = store.client().await?;
            migrate::check(&client).await
        };
        checked.await.map_err(|error| store.cannot_use(&error))?;
        Ok(store)
    }

    fn of(address: Address) -> Result<Self, StoreError> {
        let pool = address.pool(WAIT_MAX)?;
        Ok(Store {
            announcer: Arc::new(Announcer::new(pool.clone())),
            pool,
            address,
            writers: Turns::new(1, usize::MAX >> 4),
            commits: Commits::default(),
            server: Uuid::from_u128(rand::random()),
            asked: Mutex::default(),
        })
    }

    fn cannot_use(&self, error: &StoreError) -> StoreError {
        StoreError::new(format!("cannot use the database {}: {}", self.address, error.0))
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Transaction::begin(self.client().await?).await
    }

    async fn migrate(&self, new_epoch: &str) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        migrate::migrate(transaction.client(), new_epoch).await?;
        transaction.commit().await
    }

    /// Closes all connections. Later calls fail.
    pub async fn close(&self) {
        self.announcer.close().await;
        self.pool.close();
    }

    /// Where the database is, without a password.
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    pub fn queue(&self) -> (usize, usize) {
        (self.pool.status().waiting, WAITING_MAX)
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
        let client = self.client().await?;
        let answer = transaction::in_snapshot(&client, records::load(&client, key, quota, wanted, Lock::None)).await?;
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
        let transaction = Transaction::of(self.client().await?);
        let client = transaction.client();
        let (begun, mut answer) = tokio::join!(transaction.send_begin(), records::load(client, key, quota, wanted, Lock::Exclusive));
        begun?;
        loop {
            let Some(loaded) = answer? else { return Ok(Err(Denied::SessionEnded.into())) };
            let mut loaded = Loaded::new(wanted.clone(), loaded);
            let decided = decide(&mut loaded);
            if let Some(more) = loaded.more() {
                *wanted = more;
                answer = records::load(client, key, quota, wanted, Lock::Exclusive).await;
                continue;
            }
            if let (Ok(_), Some(advanced)) = (&decided, &loaded.written.advanced) {
                // The commit is sent right behind the statement. If that fails, the commit rolls back.
                let (written, committed) = tokio::join!(records::write(client, key, &loaded.written, advanced), transaction.send_commit());
                written?;
                committed?;
                transaction.ended();
            }
            return Ok(decided);
        }
    }

    /// A connection. Waits for a while if all are in use.
    pub async fn client(&self) -> Result<Object, StoreError> {
        if self.pool.status().waiting >= WAITING_MAX {
            return Err(StoreError::busy());
        }
        self.pool.get().await.map_err(unavailable)
    }

    /// Runs one statement, again if a connection breaks: for statements that do no harm twice.
    pub async fn query(&self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StoreError> {
        let mut tries = Tries::default();
        loop {
            match self.query_once(sql, parameters).await {
                Err(error) if tries.another(&error).await => {}
                answered => return answered,
            }
        }
    }

    async fn query_once(&self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StoreError> {
        let client = self.client().await?;
        Ok(Client::query_typed(&client, sql, parameters).await?)
    }
}
