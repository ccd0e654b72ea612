//! The writer thread. It runs queued jobs in groups and returns their results after the commit. Each job of a group runs in a savepoint of
//! one transaction, so that many devices share one `fsync`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::counter::Counter;
use super::files::Inode;
use super::queue::{NotTaken, Queue};
use super::{BUSY_TIMEOUT, open_file};
use crate::store::{Commits, StoreError};

/// The maximum number of jobs per commit, and the maximum time that the first job waits for the others.
const GROUP_MAX: usize = 64;
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);
/// How long truncating the log may wait for readers. Meanwhile, all writers wait.
const TRUNCATE_TIME_MAX: Duration = Duration::from_millis(200);
/// The delay after a failed attempt: the first one, and the maximum.
const TRUNCATE_PAUSE_MIN: Duration = Duration::from_secs(1);
const TRUNCATE_PAUSE_MAX: Duration = Duration::from_secs(32);

/// Runs in the open transaction, and returns what to do once the result of the commit is known.
type Job = Box<dyn FnOnce(&Connection) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The queue and the writer thread.
pub struct Writer {
    commits: Commits,
    queue: Arc<Queue<Job>>,
    /// Whether the write-ahead log still contains erased data.
    log_is_stale: Arc<AtomicBool>,
    /// `None` once the store is closed.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub fn start(path: &Path, connection: Connection, counter: Counter) -> Result<Self, StoreError> {
        counter.note(&connection)?;
        let (queue, log_is_stale) = (Arc::new(Queue::new()), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let (jobs, stale) = (Arc::clone(&queue), Arc::clone(&log_is_stale));
        let commits = Commits::default();
        let counted = commits.clone();
        let path = path.to_owned();
        let file = Inode::of(&path)?;
        let work = move || {
            let mut connection = connection;
            while catch_unwind(AssertUnwindSafe(|| write(&connection, &counter, &jobs, &stale, &counted, &file))).is_err() {
                counted.panics.inc();
                tracing::error!("the writer thread panicked and was restarted; its open transaction was rolled back");
                connection = reopened(&path, connection);
            }
        };
        let thread = thread.spawn(work).map_err(StoreError::new)?;
        Ok(Writer { commits, queue, log_is_stale, thread: Mutex::new(Some(thread)) })
    }

    /// The commits of the thread.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// The number of jobs that wait.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Rejects new jobs, and returns a function that waits until the queued jobs have run and the database is closed.
    pub fn close(&self) -> impl FnOnce() + Send + 'static {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        move || {
            if thread.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("the writer thread had panicked");
            }
        }
    }

    /// Records that the write-ahead log contains erased data. The log is truncated after a commit, as soon as no reader prevents it.
    pub fn mark_log_stale(&self) {
        self.log_is_stale.store(true, Ordering::Relaxed);
    }

    pub async fn run<T, E>(&self, account: Option<Uuid>, work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = in_savepoint(connection, work);
            Box::new(move |committed| {
                let answer = result.and_then(|value| committed.map(|()| value).map_err(E::from));
                // If the client has disconnected, the commit is kept, and the device repeats its request.
                let _ = sender.send(answer);
            })
        });
        self.queue.push(account, job).map_err(|reason| match reason {
            NotTaken::Share => StoreError::share_exhausted(),
            NotTaken::Full => StoreError::busy(),
            NotTaken::Closed => StoreError::new("the database is closed, because the server is stopping"),
        })?;
        receiver.await.map_err(|_| StoreError::new("the transaction was aborted, and nothing was written"))?
    }
}

/// Replaces a connection whose state is unknown. If no new connection can be opened, rolls back the old one and keeps it.
fn reopened(path: &Path, old: Connection) -> Connection {
    if !old.is_autocommit()
        && let Err(error) = old.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "cannot roll back");
    }
    open_file(path).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot open the database again");
        old
    })
}

fn write(connection: &Connection, counter: &Counter, jobs: &Queue<Job>, log_is_stale: &AtomicBool, commits: &Commits, file: &Inode) {
    let mut truncation = Truncation::default();
    while let Some(first) = jobs.pop() {
        let (mut finishes, since) = (Vec::new(), Instant::now());
        let result = group(connection, first, jobs, &mut finishes, file);
        commits.duration.observe(since.elapsed().as_secs_f64());
        if result.is_ok()
            && let Err(error) = counter.note(connection)
        {
            tracing::warn!(%error, "cannot write the counter file");
        }
        if let Err(error) = &result {
            commits.failed.inc();
            tracing::error!(%error, "cannot write");
        }
        let message = result.err().map(|error| error.to_string());
        for finish in finishes {
            finish(message.as_ref().map_or(Ok(()), |message| Err(StoreError::new(message.clone()))));
        }
        if log_is_stale.load(Ordering::Relaxed) && truncation.is_due() {
            let is_done = truncate_log(connection).unwrap_or_else(|error| failed_to_truncate(&error));
            log_is_stale.store(!is_done, Ordering::Relaxed);
            truncation = if is_done { Truncation::default() } else { truncation.postponed() };
        }
    }
}

/// When to truncate the log. A reader may keep its snapshot for minutes, as a backup does, and writers do not wait for it each time.
#[derive(Clone, Copy, Default)]
struct Truncation {
    next: Option<Instant>,
    pause: Duration,
}

impl Truncation {
    fn is_due(self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    fn postponed(self) -> Self {
        let pause = (self.pause * 2).clamp(TRUNCATE_PAUSE_MIN, TRUNCATE_PAUSE_MAX);
        Truncation { next: Some(Instant::now() + pause), pause }
    }
}

/// Checkpoints and truncates the write-ahead log. Returns false if a reader of an older snapshot prevents it.
fn truncate_log(connection: &Connection) -> Result<bool, StoreError> {
    connection.busy_timeout(TRUNCATE_TIME_MAX)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(!is_busy?)
}

fn failed_to_truncate(error: &StoreError) -> bool {
    tracing::warn!(%error, "cannot empty the write-ahead log");
    false
}

/// Runs a group of jobs in one transaction.
fn group(connection: &Connection, first: Job, jobs: &Queue<Job>, finishes: &mut Vec<Finish>, file: &Inode) -> Result<(), StoreError> {
    let since = Instant::now();
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let before = connection.total_changes();
    let mut next = Some(first);
    while let Some(job) = next {
        finishes.push(job(connection));
        // A full or failing disk ends the whole transaction, and rolls back the jobs that ran in it before.
        if connection.is_autocommit() {
            return Err(StoreError::new("the disk is full or failing"));
        }
        let more = finishes.len() < GROUP_MAX && since.elapsed() < GROUP_TIME_MAX;
        next = if more { jobs.try_pop() } else { None };
    }
    let commit = || {
        file.check()?;
        if connection.total_changes() > before {
            connection.prepare_cached("UPDATE server SET writes = writes + 1")?.execute([])?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    };
    commit().inspect_err(|_: &StoreError| {
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll back");
        }
    })
}

fn in_savepoint<T, E: From<StoreError>>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
    let run = |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(StoreError::from);
    run("SAVEPOINT job")?;
    // A panic fails only its own job: the thread and the other jobs of the group continue.
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(StoreError::new("a write panicked; see the log above").into()));
    // If the transaction has ended, the savepoint no longer exists.
    if !connection.is_autocommit() {
        if result.is_err() {
            run("ROLLBACK TO job")?;
        }
        run("RELEASE job")?;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{DATABASE, Store, epoch};

    fn rows(folder: &Path) -> i64 {
        let connection = Connection::open(folder.join(DATABASE)).expect("the database");
        connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).expect("a count")
    }

    async fn note(store: &Store, bytes: usize) -> Result<(), StoreError> {
        store.write(move |connection| Ok(connection.execute("INSERT INTO notes VALUES (zeroblob(?1))", [bytes]).map(drop)?)).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_rejects_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), "e1").expect("a store");
        store.write(|connection| Ok::<_, StoreError>(connection.execute_batch("CREATE TABLE notes (bytes BLOB)")?)).await.expect("a table");
        note(&store, 10).await.expect("written");
        let limit = |pages: i64| {
            store.write(move |connection| Ok::<_, StoreError>(connection.pragma_update(None, "max_page_count", pages).map(drop)?))
        };
        limit(1).await.expect("no page more than there is");
        let error = note(&store, 1 << 20).await.expect_err("a full disk");
        assert!(error.to_string().contains("full"), "{error}");
        assert_eq!(rows(folder.path()), 1, "nothing was lost, and nothing half written");
        let read = store.read(epoch).await.expect("reading goes on");
        assert_eq!(read, "e1");
        limit(1 << 20).await.expect("room again");
        note(&store, 1 << 20).await.expect("written");
        assert_eq!(rows(folder.path()), 2);
        store.close().await;
        assert!(note(&store, 10).await.is_err(), "a closed store takes nothing");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reader_that_keeps_the_log_from_being_emptied_keeps_no_write_waiting() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), "e1").expect("a store");
        store.write(|connection| Ok::<_, StoreError>(connection.execute_batch("CREATE TABLE notes (bytes BLOB)")?)).await.expect("a table");
        let reader = Connection::open(folder.path().join(DATABASE)).expect("the database");
        reader.execute_batch("BEGIN; SELECT count(*) FROM notes").expect("a snapshot");
        store.writer.mark_log_stale();
        let since = Instant::now();
        for _ in 0..20 {
            note(&store, 10).await.expect("written");
        }
        assert!(since.elapsed() < TRUNCATE_TIME_MAX * 10, "20 writes took {:?}", since.elapsed());
        drop(reader);
        let emptied = async {
            while store.writer.log_is_stale.load(Ordering::Relaxed) {
                note(&store, 10).await.expect("written");
            }
        };
        tokio::time::timeout(Duration::from_secs(20), emptied).await.expect("the log is emptied after all");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_fails_its_own_job_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), "e1").expect("a store");
        store.write(|connection| Ok::<_, StoreError>(connection.execute_batch("CREATE TABLE notes (bytes BLOB)")?)).await.expect("a table");
        let panicking = store.write(|connection| -> Result<(), StoreError> {
            connection.execute("INSERT INTO notes VALUES (x'00')", [])?;
            std::panic::panic_any("in the middle of the work")
        });
        assert!(panicking.await.is_err());
        note(&store, 1).await.expect("the thread goes on");
        assert_eq!(rows(folder.path()), 1, "what the panicking job wrote is undone");
        for _ in 0..8 {
            let read = store.read(|_| -> Result<(), StoreError> { std::panic::panic_any("while reading") });
            assert!(read.await.is_err());
        }
        assert_eq!(store.read(epoch).await.expect("the readers are all there"), "e1");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_of_the_thread_is_counted_and_another_goes_on() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), "e1").expect("a store");
        store.write(|connection| Ok::<_, StoreError>(connection.execute_batch("CREATE TABLE notes (bytes BLOB)")?)).await.expect("a table");
        let broken: Job = Box::new(|connection| {
            connection.execute("INSERT INTO notes VALUES (x'00')", []).expect("written");
            std::panic::panic_any("outside of any savepoint")
        });
        assert!(store.writer.queue.push(None, broken).is_ok());
        // A write that shares the transaction is rejected, and a later one is not.
        while note(&store, 1).await.is_err() {}
        assert_eq!(store.writer.commits().panics.get(), 1);
        assert_eq!(rows(folder.path()), 1, "the open transaction was rolled back");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_error_undoes_its_own_work_and_that_of_no_other() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), "e1").expect("a store");
        store.write(|connection| Ok::<_, StoreError>(connection.execute_batch("CREATE TABLE notes (bytes BLOB)")?)).await.expect("a table");
        let failing = store.write(|connection| {
            connection.execute("INSERT INTO notes VALUES (x'00')", [])?;
            Err::<(), _>(StoreError::new("thought better of it"))
        });
        let (good, failed, other) = tokio::join!(note(&store, 1), failing, note(&store, 2));
        assert!(good.is_ok() && failed.is_err() && other.is_ok());
        assert_eq!(rows(folder.path()), 2);
    }
}
