//! The client: a device's records, and the sync that keeps them in step with a server in the background.

use std::io::BufRead;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use uuid::Uuid;

use crate::account::Accounts;
use crate::api::collection::{Collection, Synced};
use crate::api::registry::{self, Collections};
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::driver::{Driver, SharedStore, Signal, listen, wall_ms, with_moment, with_store};
use crate::engine::{Engine, Event, Settings};
use crate::error::{Error, Kind};
use crate::outbox::{self, EditError, LocalEdit};
use crate::pull;
use crate::record::{Record, rewrite};
use crate::status::Status;
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Block, Key, PastVersion, Quarantined, Query, Refused, Row, RowState, Select, Store, StoreError, Write};
use crate::task::{Answer, Snapshot, Task};
use crate::transport::{Link, MemoryTokens, TokenStore, Traffic};

/// A device: its records, which need no network, and their sync, which runs in the background. A clone is another handle to the same.
///
/// Reads and writes are plain calls on the local database: a write is durable when it returns, which takes about a millisecond. Typed
/// records are reached through [`Collections`], a method for each collection.
///
/// ```no_run
/// # async fn example() -> Result<(), stronglog_sync::Error> {
/// use stronglog_sync::{Client, SyncState};
///
/// let client = Client::builder().database("log.sqlite").server("https://sync.example.com").open().await?;
/// let status = client.sync_now().await?;
/// if status.state == SyncState::NeedsAuth {
///     // Ask for the password; everything written meanwhile is kept.
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    store: SharedStore,
    signals: mpsc::UnboundedSender<Signal>,
    status: watch::Receiver<Status>,
    changes: broadcast::Sender<Arc<[Key]>>,
    link: Option<Arc<Link>>,
}

/// What a client is made of.
///
/// ```no_run
/// # async fn example(pem: Vec<u8>) -> Result<(), stronglog_sync::Error> {
/// use stronglog_sync::Client;
///
/// let client = Client::builder()
///     .database("log.sqlite")
///     .server("https://sync.example.com")
///     .certificate_authority(pem)
///     .open()
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct ClientBuilder {
    database: Option<PathBuf>,
    server: Option<String>,
    authority_pem: Option<Vec<u8>>,
    tokens: Box<dyn TokenStore>,
    settings: Settings,
    doorbell: bool,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        ClientBuilder {
            database: None,
            server: None,
            authority_pem: None,
            tokens: Box::new(MemoryTokens::default()),
            settings: Settings::default(),
            doorbell: true,
        }
    }
}

impl ClientBuilder {
    /// Keeps the records in this SQLite file, which is made if there is none. Without it they are gone when the client is.
    pub fn database(mut self, path: impl AsRef<Path>) -> Self {
        self.database = Some(path.as_ref().to_owned());
        self
    }

    /// The address of the server, `https` unless it is this machine. Without it the records stay on the device.
    pub fn server(mut self, base_url: impl Into<String>) -> Self {
        self.server = Some(base_url.into());
        self
    }

    /// Trusts servers whose certificates this authority has signed, too. PEM text.
    pub fn certificate_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority_pem = Some(pem.into());
        self
    }

    /// Where the tokens are kept between two starts of the app. Without it the user signs in each time.
    pub fn tokens(mut self, tokens: impl TokenStore) -> Self {
        self.tokens = Box::new(tokens);
        self
    }

    /// How often to pull, and how much to ask for and send at a time. The defaults suit an app.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Whether to hear of other devices' edits at once, over a connection that stays open. On unless switched off.
    pub fn doorbell(mut self, doorbell: bool) -> Self {
        self.doorbell = doorbell;
        self
    }

    /// Opens the database and starts to sync, if somebody is signed in. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// The database cannot be opened, or the server's address is none.
    pub async fn open(self) -> Result<Client, Error> {
        let link = self.server.map(|url| Link::new(&url, self.authority_pem.as_deref(), self.tokens).map(Arc::new)).transpose()?;
        let database = self.database;
        let opened = tokio::task::spawn_blocking(move || open_store(database.as_deref())).await;
        let (mut store, snapshot) = opened.map_err(|_| Kind::Stopped)??;
        reread_quarantine(&mut *store)?;
        let (signals, received) = mpsc::unbounded_channel();
        let engine = Engine::new(self.settings, snapshot);
        let (status, status_received) = watch::channel(engine.status(0));
        let (changes, _) = broadcast::channel(64);
        let store = Arc::new(Mutex::new(store));
        let driver = Driver {
            engine,
            store: store.clone(),
            link: link.clone(),
            signals: received,
            sender: signals.downgrade(),
            status,
            changes: changes.clone(),
            requests: Default::default(),
            waiting: Vec::new(),
            started: Instant::now(),
        };
        tokio::spawn(driver.run());
        if let Some(link) = link.clone().filter(|_| self.doorbell) {
            tokio::spawn(listen(link, signals.downgrade(), status_received.clone()));
        }
        let client = Client { inner: Arc::new(Inner { store, signals, status: status_received, changes, link }) };
        client.resume_session().await?;
        Ok(client)
    }
}

/// A token beside the database, which stays behind when the database is copied (R20).
fn installation_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".installation");
    name.into()
}

fn open_store(database: Option<&Path>) -> Result<(Box<dyn Store>, Snapshot), Error> {
    let device = with_moment(|moment| moment.id());
    let mut store: Box<dyn Store> = match database {
        Some(path) => Box::new(SqliteStore::open(path, device)?),
        None => Box::new(MemoryStore::new(device)),
    };
    if let Some(path) = database {
        check_installation(&mut *store, &installation_path(path))?;
    }
    let snapshot = Snapshot::of(&mut *store)?;
    Ok((store, snapshot))
}

/// Makes the device another one if its database is a copy: the token inside and the one beside it differ.
fn check_installation(store: &mut dyn Store, beside: &Path) -> Result<(), Error> {
    let inside = store.meta()?.installation;
    let outside = std::fs::read_to_string(beside).ok().and_then(|text| Uuid::parse_str(text.trim()).ok());
    if inside.is_some() && inside == outside {
        return Ok(());
    }
    let token = with_moment(|moment| moment.id());
    let task = Task::NewDevice { installation: Some(token) };
    with_moment(|moment| task.run(store, moment))?;
    std::fs::write(beside, token.to_string()).map_err(|error| {
        let path = beside.display();
        StoreError::new(format!("cannot write {path}: {error}; make its folder writable"))
    })?;
    Ok(())
}

/// Tries what was set aside again, if the contract is another one since.
fn reread_quarantine(store: &mut dyn Store) -> Result<(), Error> {
    if store.meta()?.contract == registry::VERSION {
        return Ok(());
    }
    for aside in store.quarantined()? {
        if let Some(change) = pull::reread(&aside) {
            let key = Key { collection: change.collection, id: change.record.id };
            store.update(&Select::Keys(vec![key]), &mut |loaded| Ok(pull::released(loaded, &change, wall_ms())))?;
        }
    }
    store.update(&Select::Keys(Vec::new()), &mut |loaded| {
        registry::VERSION.clone_into(&mut loaded.meta.contract);
        Ok(Vec::new())
    })?;
    Ok(())
}

impl Client {
    /// A client to be set up.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Signing up, in and out, and the account.
    pub fn account(&self) -> Accounts<'_> {
        Accounts { client: self }
    }

    /// Syncs now, and returns when nothing is left to do, or nothing can be done: [`Status::is_synced`] says which.
    ///
    /// # Errors
    /// The client was stopped.
    pub async fn sync_now(&self) -> Result<Status, Error> {
        self.answer(Signal::SyncNow).await
    }

    /// How sync stands.
    pub fn status(&self) -> Status {
        self.inner.status.borrow().clone()
    }

    /// How sync stands, from now on.
    ///
    /// ```no_run
    /// # async fn example(client: stronglog_sync::Client) {
    /// let mut statuses = client.status_stream();
    /// while statuses.changed().await.is_ok() {
    ///     let status = statuses.borrow_and_update().clone();
    ///     println!("{:?}, {} edits wait", status.state, status.pending);
    /// }
    /// # }
    /// ```
    pub fn status_stream(&self) -> watch::Receiver<Status> {
        self.inner.status.clone()
    }

    /// Looks whether another process has written to the database, and if so syncs that too. Cheap enough for every second.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn reread(&self) -> Result<(), Error> {
        let snapshot = self.with(|store| Snapshot::of(store))?;
        if snapshot.counts.pending != self.status().pending {
            self.tell(Event::Written(snapshot));
        }
        Ok(())
    }

    /// What sync has moved since the client was opened.
    pub fn traffic(&self) -> Traffic {
        self.inner.link.as_ref().map(|link| link.traffic()).unwrap_or_default()
    }

    /// Sends nothing until [`resume`](Self::resume), or until the app starts again.
    pub fn pause(&self) {
        self.tell(Event::Pause);
    }

    /// Goes on after [`pause`](Self::pause), and tries everything at once.
    pub fn resume(&self) {
        self.tell(Event::Resume);
    }

    /// Tells that the platform believes to have a network, or none.
    pub fn set_online(&self, online: bool) {
        self.tell(Event::Online(online));
    }

    /// Switches sync on or off, for this start of the app and the next ones. Data and outbox stay.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_enabled(&self, enabled: bool) -> Result<(), Error> {
        self.run(Task::Enable(enabled))
    }

    /// A new record's id, a UUIDv7.
    pub fn new_id(&self) -> Uuid {
        with_moment(|moment| moment.id())
    }

    /// The records of a collection as JSON, for programs that name collections at run time.
    ///
    /// # Errors
    /// The contract has no such collection.
    pub fn json(&self, collection: &str) -> Result<JsonRecords<'_>, Error> {
        match registry::collection(collection) {
            Some(collection) => Ok(JsonRecords { client: self, collection }),
            None => {
                let known: Vec<&str> = registry::COLLECTIONS.iter().map(|known| known.path).collect();
                Err(Error::argument(format!("there is no collection {collection:?}; there are {}", known.join(", "))))
            }
        }
    }

    /// Hears of every record that changes from now on, here or on another device. A receiver that falls behind is told so.
    pub fn watch(&self) -> broadcast::Receiver<Arc<[Key]>> {
        self.inner.changes.subscribe()
    }

    /// The newest versions that lost against another edit or were deleted, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn conflicts(&self, limit: usize) -> Result<Vec<PastVersion>, Error> {
        Ok(self.with(|store| store.history(limit))?)
    }

    /// Makes a past version the current one again, as a new edit.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// let logs = client.user_bodyweight_logs();
    /// let stored = logs.put(&log(&client))?;
    /// logs.delete(&stored.id)?;
    ///
    /// let past = client.conflicts(1)?.remove(0);
    /// client.restore(past.number)?;
    /// assert!(logs.get(&stored.id)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no past version of this number, or this version of the contract refuses it.
    pub fn restore(&self, number: i64) -> Result<(), Error> {
        let past = self.with(|store| store.history(usize::MAX))?.into_iter().find(|past| past.number == number);
        let past = past.ok_or_else(|| Error::argument(format!("there is no past version {number}")))?;
        let key = Key { collection: past.collection, id: past.record.id };
        if past.record.deleted {
            return self.edit(key, &LocalEdit::Delete).map(drop);
        }
        self.edit(key, &LocalEdit::Put(past.record.text)).map(drop)
    }

    /// Edits that the server has refused for good, with its reasons.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn blocked(&self) -> Result<Vec<Blocked>, Error> {
        let rows = self.with(|store| store.blocked())?;
        Ok(rows.into_iter().filter_map(Blocked::of).collect())
    }

    /// Sends refused edits again.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn retry_blocked(&self, keys: Vec<Key>) -> Result<(), Error> {
        self.run(Task::Retry(keys))
    }

    /// Gives refused edits up. They stay in the conflict history; the server's versions, if any, come back.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn discard_blocked(&self, keys: Vec<Key>) -> Result<(), Error> {
        self.run(Task::Discard(keys))
    }

    /// Changes that this version of the app cannot read, word for word.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, Error> {
        Ok(self.with(|store| store.quarantined())?)
    }

    /// The user's answer when the status is [`NeedsConfirmation`](crate::status::SyncState::NeedsConfirmation).
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn confirm_resync(&self, answer: Answer) -> Result<(), Error> {
        self.run(Task::AnswerResync(answer))
    }

    /// Writes every live record as a line of JSON, `{"collection": …, "record": …}`. Says how many there were.
    ///
    /// # Errors
    /// The database cannot be read, or `out` not be written.
    pub fn export(&self, mut out: impl std::io::Write) -> Result<u64, Error> {
        const CHUNK: usize = 1_000;
        let failed = |error: std::io::Error| Error::argument(format!("cannot write the export: {error}"));
        let mut written = 0;
        for collection in registry::COLLECTIONS {
            for offset in (0..).step_by(CHUNK) {
                let query = Query { offset, limit: Some(CHUNK), ..Query::default() };
                let rows = self.with(|store| store.list(collection, &query))?;
                for row in &rows {
                    writeln!(out, "{{\"collection\":\"{}\",\"record\":{}}}", collection.path, row.record.text).map_err(failed)?;
                }
                written += rows.len() as u64;
                if rows.len() < CHUNK {
                    break;
                }
            }
        }
        out.flush().map_err(failed)?;
        Ok(written)
    }

    /// Reads what [`export`](Self::export) has written, each record as an edit of its own. A line that is wrong fails alone.
    ///
    /// # Errors
    /// `lines` cannot be read, or the database not be written.
    pub fn import(&self, lines: impl BufRead) -> Result<Imported, Error> {
        const CHUNK: usize = 500;
        let mut imported = Imported::default();
        let mut chunk = Vec::new();
        for (index, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| Error::argument(format!("cannot read line {}: {error}", index + 1)))?;
            if line.trim().is_empty() {
                continue;
            }
            match self.import_line(&line) {
                Ok((key, edit)) => chunk.push((index + 1, key, edit)),
                Err(error) => imported.refused.push((index + 1, error)),
            }
            if chunk.len() == CHUNK {
                self.import_chunk(std::mem::take(&mut chunk), &mut imported)?;
            }
        }
        self.import_chunk(chunk, &mut imported)?;
        imported.refused.sort_by_key(|(line, _)| *line);
        Ok(imported)
    }

    fn import_line(&self, line: &str) -> Result<(Key, LocalEdit), Error> {
        let broken = |what: &str| Error::argument(format!("it {what}; a line is {{\"collection\": …, \"record\": …}}"));
        let tape = parse(line.as_bytes()).map_err(|report| broken(&report.to_string()))?;
        let collection = tape.root().get("collection").and_then(Json::as_str).ok_or_else(|| broken("names no collection"))?;
        let record = tape.root().get("record").ok_or_else(|| broken("holds no record"))?;
        let records = self.json(collection)?;
        let (id, text) = records.complete(&record.to_text())?;
        Ok((records.key(id), LocalEdit::Put(text)))
    }

    /// Writes the lines of a chunk in one transaction, or, if one of them is refused, each in its own.
    fn import_chunk(&self, chunk: Vec<(usize, Key, LocalEdit)>, imported: &mut Imported) -> Result<(), Error> {
        let keys: Vec<Key> = chunk.iter().map(|(_, key, _)| *key).collect();
        let edits: Vec<LocalEdit> = chunk.iter().map(|(_, _, edit)| edit.clone()).collect();
        match self.edit_all(&keys, &edits) {
            Ok(records) => {
                imported.written += records.len() as u64;
                return Ok(());
            }
            Err(error) if error.is_storage() => return Err(error),
            Err(_) => {}
        }
        for (line, key, edit) in chunk {
            match self.edit(key, &edit) {
                Ok(_) => imported.written += 1,
                Err(error) if error.is_storage() => return Err(error),
                Err(error) => imported.refused.push((line, error)),
            }
        }
        Ok(())
    }

    /// Does something with the store, alone.
    pub(crate) fn with<T>(&self, job: impl FnOnce(&mut dyn Store) -> T) -> T {
        with_store(&self.inner.store, job)
    }

    pub(crate) fn link(&self, doing: &'static str) -> Result<&Arc<Link>, Error> {
        self.inner.link.as_ref().ok_or_else(|| Error::argument(format!("cannot {doing}: the client was built without a server")))
    }

    pub(crate) fn tell(&self, event: Event) {
        // A driver that is gone is noticed by the calls that wait for it.
        _ = self.inner.signals.send(Signal::Event(Box::new(event)));
    }

    pub(crate) fn run(&self, task: Task) -> Result<(), Error> {
        let done = self.with(|store| with_moment(|moment| task.run(store, moment)))?;
        self.tell(Event::Changed(done.snapshot));
        Ok(())
    }

    async fn answer(&self, signal: impl FnOnce(oneshot::Sender<Status>) -> Signal) -> Result<Status, Error> {
        let (answer, answered) = oneshot::channel();
        self.inner.signals.send(signal(answer)).map_err(|_| Kind::Stopped)?;
        answered.await.map_err(|_| Kind::Stopped.into())
    }

    /// Returns when nothing is left to do, or nothing can be done.
    ///
    /// # Errors
    /// The client was stopped.
    pub async fn settled(&self) -> Result<Status, Error> {
        self.answer(Signal::Settled).await
    }

    /// Writes one record, and says what is stored.
    fn edit(&self, key: Key, edit: &LocalEdit) -> Result<Option<Record>, Error> {
        Ok(self.edit_all(&[key], std::slice::from_ref(edit))?.pop().flatten())
    }

    /// Writes records in one transaction, all or none, and says what is stored.
    fn edit_all(&self, keys: &[Key], edits: &[LocalEdit]) -> Result<Vec<Option<Record>>, Error> {
        let mut refused = None;
        let mut records = Vec::with_capacity(edits.len());
        let snapshot = self.with(|store| {
            store.update(&Select::Keys(keys.to_vec()), &mut |loaded| {
                let planned = with_moment(|moment| outbox::edit_all(loaded, keys, edits, moment));
                let planned = planned.map_err(|(key, error)| {
                    refused = Some(refused_edit(key, error));
                    Refused
                })?;
                records = planned.iter().map(|writes| writes.iter().find_map(put_record)).collect();
                Ok(planned.into_iter().flatten().collect())
            })?;
            Snapshot::of(store)
        })?;
        if let Some(error) = refused {
            return Err(error);
        }
        self.tell(Event::Written(snapshot));
        if self.inner.changes.receiver_count() > 0 {
            // Without a receiver there is nobody to tell.
            _ = self.inner.changes.send(keys.into());
        }
        Ok(records)
    }
}

fn put_record(write: &Write) -> Option<Record> {
    match write {
        Write::Put(row) => Some(row.record.clone()),
        _ => None,
    }
}

fn refused_edit(key: Key, error: EditError) -> Error {
    Kind::Edit { what: format!("{} {}", key.collection.path, key.id), error }.into()
}

impl Collections for Client {
    type Handle<'a, T: Synced> = Records<'a, T>;

    fn collection<T: Synced>(&self) -> Records<'_, T> {
        Records { json: JsonRecords { client: self, collection: T::COLLECTION }, records: PhantomData }
    }
}

/// The records of one collection, typed.
pub struct Records<'a, T> {
    json: JsonRecords<'a>,
    records: PhantomData<T>,
}

impl<T: Synced> Records<'_, T> {
    /// Writes a record, new or changed, and returns it as it is stored: with its stamp.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// let mut log = client.user_bodyweight_logs().put(&log(&client))?;
    /// log.weight_kg = BodyweightKg(0.0);
    /// let error = client.user_bodyweight_logs().put(&log).unwrap_err();
    /// assert!(error.is_invalid());
    /// assert_eq!(error.report().unwrap().violations[0].pointer, "/weightKg");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The record fails the contract, or the database cannot be written.
    pub fn put(&self, record: &T) -> Result<T, Error> {
        let stored = self.json.put(&record.to_json())?;
        self.typed(&stored)
    }

    /// Writes many records in one transaction, all of them or none: much faster than one by one.
    ///
    /// # Errors
    /// A record fails the contract, or the database cannot be written. Nothing was written then.
    pub fn put_all(&self, records: &[T]) -> Result<(), Error> {
        let texts: Vec<String> = records.iter().map(T::to_json).collect();
        self.json.put_all(&texts)
    }

    /// Writes a record that the app ships, unless there is one of its id: any real edit, on any device, beats it.
    ///
    /// # Errors
    /// The record fails the contract, or the database cannot be written.
    pub fn seed(&self, record: &T) -> Result<(), Error> {
        self.json.seed(&record.to_json())
    }

    /// The live record of this id.
    ///
    /// # Errors
    /// The id is none, or the database cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<T>, Error> {
        self.json.get(id)?.map(|text| self.typed(&text)).transpose()
    }

    /// Live records, in the order of the query.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// use stronglog_sync::Query;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// client.user_bodyweight_logs().put(&log(&client))?;
    /// let newest = Query { index: vec!["date".to_owned()], descending: true, limit: Some(10), ..Query::default() };
    /// assert_eq!(client.user_bodyweight_logs().list(&newest)?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The contract declares no such index, or the database cannot be read.
    pub fn list(&self, query: &Query) -> Result<Vec<T>, Error> {
        self.json.list(query)?.iter().map(|text| self.typed(text)).collect()
    }

    /// Deletes a record, here at once and everywhere else after the next sync. Its content stays in the conflict history.
    ///
    /// # Errors
    /// There is no such record, or the database cannot be written.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        self.json.delete(id)
    }

    /// Hears of records of this collection that change, here or on another device.
    ///
    /// ```
    /// use stronglog_sync::Client;
    /// use stronglog_sync::api::registry::Collections;
    /// # use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
    /// # fn log(client: &Client) -> UserBodyweightLog {
    /// #     UserBodyweightLog {
    /// #         id: Id(client.new_id().to_string()), client_created_at: Timestamp(1), client_updated_at: Timestamp(1),
    /// #         date: Timestamp(1_700_000_000_000), weight_kg: BodyweightKg(81.5), server_id: None, server_updated_at: None,
    /// #         unknown: Default::default(),
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stronglog_sync::Error> {
    /// # let client = Client::builder().open().await?;
    /// let mut changes = client.user_bodyweight_logs().watch();
    /// let stored = client.user_bodyweight_logs().put(&log(&client))?;
    /// let changed = changes.next().await.unwrap_or_default();
    /// assert_eq!(changed[0].to_string(), *stored.id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self) -> Changes {
        self.json.watch()
    }

    /// The id of a record that every device makes for itself and that is still one record.
    pub fn deterministic_id(&self, key: &str) -> Option<String> {
        crate::api::collection::deterministic_id(registry::NAMESPACE, T::COLLECTION.path, key)
    }

    fn typed(&self, text: &str) -> Result<T, Error> {
        T::from_json(text.as_bytes()).map_err(|report| {
            StoreError::new(format!("cannot read a stored record: {report}; the database holds what the contract refuses")).into()
        })
    }
}

/// The records of one collection, as JSON text.
pub struct JsonRecords<'a> {
    client: &'a Client,
    collection: &'static Collection,
}

impl JsonRecords<'_> {
    /// Writes a record, new or changed, and returns it as it is stored. Members that sync owns may be missing; so may the id of a new one.
    ///
    /// # Errors
    /// The record fails the contract, or the database cannot be written.
    pub fn put(&self, record: &str) -> Result<String, Error> {
        let (id, text) = self.complete(record)?;
        let stored = self.client.edit(self.key(id), &LocalEdit::Put(text))?;
        Ok(stored.map(|record| record.text).unwrap_or_default())
    }

    /// Writes many records in one transaction, all of them or none.
    ///
    /// # Errors
    /// A record fails the contract, or the database cannot be written. Nothing was written then.
    pub fn put_all(&self, records: &[String]) -> Result<(), Error> {
        let complete = records.iter().map(|record| self.complete(record));
        let complete = complete.map(|done| done.map(|(id, text)| (self.key(id), LocalEdit::Put(text))));
        let (keys, edits): (Vec<Key>, Vec<LocalEdit>) = complete.collect::<Result<Vec<_>, Error>>()?.into_iter().unzip();
        self.client.edit_all(&keys, &edits).map(drop)
    }

    /// Writes a record that the app ships, unless there is one of its id.
    ///
    /// # Errors
    /// The record fails the contract, or the database cannot be written.
    pub fn seed(&self, record: &str) -> Result<(), Error> {
        let (id, text) = self.complete(record)?;
        self.client.edit(self.key(id), &LocalEdit::Seed(text)).map(drop)
    }

    /// The live record of this id.
    ///
    /// # Errors
    /// The id is none, or the database cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<String>, Error> {
        let key = self.key(self.id(id)?);
        let row = self.client.with(|store| store.get(key))?;
        Ok(row.filter(|row| !row.record.deleted).map(|row| row.record.text))
    }

    /// Live records, in the order of the query.
    ///
    /// # Errors
    /// The contract declares no such index, or the database cannot be read.
    pub fn list(&self, query: &Query) -> Result<Vec<String>, Error> {
        let rows = self.client.with(|store| store.list(self.collection, query))?;
        Ok(rows.into_iter().map(|row| row.record.text).collect())
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// There is no such record, or the database cannot be written.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        self.client.edit(self.key(self.id(id)?), &LocalEdit::Delete).map(drop)
    }

    /// Hears of records of this collection that change, here or on another device.
    pub fn watch(&self) -> Changes {
        Changes { receiver: self.client.watch(), collection: self.collection }
    }

    fn key(&self, id: Uuid) -> Key {
        Key { collection: self.collection, id }
    }

    fn id(&self, id: &str) -> Result<Uuid, Error> {
        Uuid::parse_str(id).map_err(|error| Error::argument(format!("{id:?} is no id of a record: {error}")))
    }

    /// A record with an id and the members that sync owns.
    fn complete(&self, record: &str) -> Result<(Uuid, String), Error> {
        let invalid = |id, report| refused_edit(self.key(id), EditError::Invalid(report));
        let tape = parse(record.as_bytes()).map_err(|report| invalid(Uuid::nil(), report))?;
        let given = tape.root().get("id");
        let id = match given.and_then(Json::as_str) {
            Some(text) => self.id(text)?,
            None => pull::singleton_id(self.collection).unwrap_or_else(|| self.client.new_id()),
        };
        let now = wall_ms().to_string();
        let absent = |name: &str| tape.root().get(name).is_none();
        let mut members = vec![("isDeleted", Some("false".to_owned()))];
        members.extend(absent("id").then(|| ("id", Some(format!("\"{id}\"")))));
        members
            .extend(["clientCreatedAt", "clientUpdatedAt"].into_iter().filter(|name| absent(name)).map(|name| (name, Some(now.clone()))));
        Ok((id, rewrite(record, &members).map_err(|report| invalid(id, report))?))
    }
}

/// Records of one collection that change.
pub struct Changes {
    receiver: broadcast::Receiver<Arc<[Key]>>,
    collection: &'static Collection,
}

impl Changes {
    /// The ids of the records that have changed next. Empty if so much has changed meanwhile that it is best to read everything again;
    /// nothing comes back once the client is gone.
    pub async fn next(&mut self) -> Option<Vec<Uuid>> {
        loop {
            match self.receiver.recv().await {
                Ok(keys) => {
                    let ours = keys.iter().filter(|key| key.collection.path == self.collection.path);
                    let ids: Vec<Uuid> = ours.map(|key| key.id).collect();
                    if !ids.is_empty() {
                        return Some(ids);
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Vec::new()),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// An edit that the server has refused for good.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// Which record: what [`Client::retry_blocked`] and [`Client::discard_blocked`] ask for.
    pub key: Key,
    /// The edit as it was refused. It is still the current version on this device.
    pub record: Record,
    /// When it was made, in milliseconds since the Unix epoch.
    pub since: i64,
    /// The server's reason.
    pub reason: Block,
}

impl Blocked {
    fn of(row: Row) -> Option<Self> {
        let key = row.key();
        match row.state {
            RowState::Blocked(pending, reason) => Some(Blocked { key, record: row.record, since: pending.since, reason }),
            _ => None,
        }
    }
}

/// What an import has come to.
#[derive(Debug, Default)]
pub struct Imported {
    /// Records that were written; each is an edit that waits to be pushed.
    pub written: u64,
    /// Line numbers, from 1, with what is wrong.
    pub refused: Vec<(usize, Error)>,
}
