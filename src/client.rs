//! The client: a device's records, and the sync that keeps them in step with a server in the background.

mod builder;
mod records;
mod transfer;

use std::marker::PhantomData;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use uuid::Uuid;

use crate::api::Report;
use crate::api::collection::{Collection, Synced};
use crate::api::registry::{self, Collections};
use crate::clock::ClockAndRng;
use crate::driver::{SharedStore, Signal, with_clock_and_rng, with_store};
use crate::engine::Event;
use crate::error::{Error, Kind};
use crate::outbox::{self, EditError, LocalEdit};
use crate::record::Record;
use crate::status::Status;
use crate::store::{Block, Key, Loaded, PastVersion, Quarantined, Refused, Row, RowState, Select, Store, StoreError, Write};
use crate::task::{Answer, Snapshot, Task};
use crate::transport::{Link, Traffic};

pub use self::builder::ClientBuilder;
pub use self::records::{Changes, JsonRecords, Records};
pub use self::transfer::{ExportOptions, Exported, ImportCounts, ImportOptions, Imported, OnConflict};

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

impl Client {
    /// A client to be set up.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
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
        with_clock_and_rng(|clock| clock.new_id())
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
                Err(Error::argument(format!("unknown collection {collection:?}; available: {}", known.join(", "))))
            }
        }
    }

    /// Hears of every record that changes from now on, here or on another device. A receiver that falls behind is told so.
    pub fn watch(&self) -> broadcast::Receiver<Arc<[Key]>> {
        self.inner.changes.subscribe()
    }

    /// The newest versions that were replaced by another edit, deleted or discarded, newest first, at most `limit`.
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
        let past = self.with(|store| store.past(number))?;
        let missing = || Error::argument(format!("cannot restore version {number}: the conflict history has no such version"));
        let past = past.ok_or_else(missing)?;
        let key = Key { collection: past.collection, id: past.record.id };
        self.edit(key, &LocalEdit::Change(past.record.text)).map(drop)
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
        let done = self.with(|store| with_clock_and_rng(|clock| task.run(store, clock)))?;
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

    /// Writes one record, and returns it as it is stored.
    pub(crate) fn edit(&self, key: Key, edit: &LocalEdit) -> Result<Option<Record>, Error> {
        self.write(&[key], |loaded, clock| {
            let writes = outbox::edit(loaded, key, edit, clock).map_err(|error| (key, error))?;
            let record = put_record(&writes);
            Ok((writes, record))
        })
    }

    /// Writes records in one transaction, all or none, and returns them as they are stored.
    pub(crate) fn edit_all(&self, keys: &[Key], edits: &[LocalEdit]) -> Result<Vec<Option<Record>>, Error> {
        self.write(keys, |loaded, clock| {
            let planned = outbox::edit_all(loaded, keys, edits, clock)?;
            let records = planned.iter().map(|writes| put_record(writes)).collect();
            Ok((planned.into_iter().flatten().collect(), records))
        })
    }

    /// Changes one record as it is in the transaction that writes it, and returns it as it is stored.
    pub(crate) fn change(&self, key: Key, change: impl FnOnce(&str) -> Result<String, Report>) -> Result<Record, Error> {
        self.write(&[key], |loaded, clock| {
            let written = outbox::change(loaded, key, change, clock);
            let writes = written.map_err(|error| (key, error))?;
            let record = put_record(&writes).ok_or((key, EditError::Missing))?;
            Ok((writes, record))
        })
    }

    /// Plans local edits and carries them out in one transaction, and tells sync and whoever watches.
    fn write<T>(
        &self,
        keys: &[Key],
        plan: impl FnOnce(&mut Loaded, &mut ClockAndRng<'_>) -> Result<(Vec<Write>, T), (Key, EditError)>,
    ) -> Result<T, Error> {
        let (mut plan, mut outcome) = (Some(plan), None);
        let snapshot = self.with(|store| {
            store.update(&Select::Keys(keys.to_vec()), &mut |loaded| {
                // A store plans an update once.
                let planned = with_clock_and_rng(|clock| plan.take().map(|plan| plan(loaded, clock))).ok_or(Refused)?;
                let (writes, result) = match planned {
                    Ok((writes, result)) => (Ok(writes), Ok(result)),
                    Err(refused) => (Err(Refused), Err(refused)),
                };
                outcome = Some(result);
                writes
            })?;
            Snapshot::of(store)
        })?;
        let outcome = outcome.ok_or_else(|| StoreError::new("cannot write: the database has not planned the update"))?;
        let result = outcome.map_err(|(key, error)| refused_edit(key.collection, Some(key.id), error))?;
        self.tell(Event::Written(snapshot));
        if self.inner.changes.receiver_count() > 0 {
            // Without a receiver there is nobody to tell.
            _ = self.inner.changes.send(keys.into());
        }
        Ok(result)
    }
}

fn put_record(writes: &[Write]) -> Option<Record> {
    writes.iter().find_map(|write| match write {
        Write::Put(row) => Some(row.record.clone()),
        _ => None,
    })
}

/// The error of a write to a collection; of the record with this id, if it has one.
fn refused_edit(collection: &Collection, id: Option<Uuid>, error: EditError) -> Error {
    let id = id.map(|id| format!(" {id}")).unwrap_or_default();
    Kind::Edit { what: format!("{}{id}", collection.path), error }.into()
}

impl Collections for Client {
    type Handle<'a, T: Synced> = Records<'a, T>;

    fn collection<T: Synced>(&self) -> Records<'_, T> {
        Records { json: JsonRecords { client: self, collection: T::COLLECTION }, records: PhantomData }
    }
}

/// An edit that the server has refused for good.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
