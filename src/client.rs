//! The client: a device's records, and background sync with a server.

mod builder;
mod query;
mod records;
mod subscriptions;
mod transfer;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use uuid::Uuid;

use crate::api::Report;
use crate::api::collection::{Collection, Contract, Handles, Synced};
use crate::clock::ClockAndRng;
pub use crate::driver::notifications::Notifications;
use crate::driver::{SharedStore, Signal, with_clock_and_rng, with_store};
use crate::engine::Event;
use crate::error::{Error, Kind};
use crate::failure::SyncFailure;
use crate::outbox::{self, EditError, LocalEdit};
use crate::pull::Answer;
use crate::record::Record;
use crate::status::Status;
use crate::store::{Block, Entry, Key, Loaded, PastVersion, Quarantined, Refused, Row, RowState, Select, Store, StoreError, Write};
use crate::task::{Done, Snapshot, Task};
use crate::transport::{Link, Traffic};

pub use self::builder::ClientBuilder;
pub use self::records::{JsonRecords, Presence, Records};
pub use self::subscriptions::{Changes, Statuses};
pub use self::transfer::{ExportOptions, Exported, FileCounts, ImportCounts, ImportOptions, Imported, OnConflict};
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub use self::transfer::{export_from, import_into};
pub use self::verify::{Difference, DifferenceKind, Verified};

/// The records of a device, synced in the background. Clones share the same client.
///
/// Reads and writes are blocking calls on the local database and need no network. A write is durable when it returns, which takes about a
/// millisecond. The trait `Collections` of a contract has a method for each collection of typed records: [`Collections`] for StrongLog.
///
/// [`Collections`]: crate::api::registry::Collections
///
/// ```no_run
/// # async fn example() -> Result<(), stronglog_sync::Error> {
/// use stronglog_sync::{Client, SyncState};
///
/// let client = Client::builder().database("log.sqlite").server("https://sync.example.com").open().await?;
/// let status = client.sync_now().await?;
/// if status.state == SyncState::NeedsAuth {
///     // Ask for the password. Edits made in the meantime are kept.
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    contract: &'static Contract,
    store: SharedStore,
    signals: mpsc::UnboundedSender<Signal>,
    status: watch::Receiver<Status>,
    notifications: watch::Receiver<Notifications>,
    changes: broadcast::Sender<Arc<[Key]>>,
    link: Option<Arc<Link>>,
}

impl Client {
    /// Syncs now, and returns when there is nothing left to do or sync cannot continue. [`Status::is_synced`] distinguishes the two.
    ///
    /// # Errors
    /// Returns an error if the client has stopped.
    pub async fn sync_now(&self) -> Result<Status, Error> {
        self.answer(Signal::SyncNow).await
    }

    /// The current status of sync.
    pub fn status(&self) -> Status {
        self.inner.status.borrow().clone()
    }

    /// Follows the status of sync.
    ///
    /// ```no_run
    /// # async fn example(client: stronglog_sync::Client) {
    /// let mut statuses = client.statuses();
    /// while let Some(status) = statuses.next().await {
    ///     println!("{:?}, {} edits pending", status.state, status.pending);
    /// }
    /// # }
    /// ```
    pub fn statuses(&self) -> Statuses {
        Statuses::new(self.inner.status.clone())
    }

    /// Whether the server's change notifications reach this client, so that edits of other devices arrive at once.
    pub fn notifications(&self) -> Notifications {
        *self.inner.notifications.borrow()
    }

    /// Checks whether another process has made or sent edits, and syncs new ones. Call it as often as every second.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn check_for_writes(&self) -> Result<(), Error> {
        let snapshot = self.with(|store| Snapshot::of(store))?;
        if snapshot.counts.pending != self.status().pending {
            self.tell(Event::Written(snapshot));
        }
        Ok(())
    }

    /// The traffic of sync since the client was opened.
    pub fn traffic(&self) -> Traffic {
        self.inner.link.as_ref().map(|link| link.traffic()).unwrap_or_default()
    }

    /// Pauses sync until [`resume`](Self::resume) is called or the app is restarted.
    pub fn pause(&self) {
        self.tell(Event::Pause);
    }

    /// Resumes sync after [`pause`](Self::pause), and retries at once.
    pub fn resume(&self) {
        self.tell(Event::Resume);
    }

    /// Tells sync whether the platform reports a network connection.
    pub fn set_online(&self, online: bool) {
        self.tell(Event::Online(online));
    }

    /// Switches sync on or off. The setting survives a restart; records and pending edits are kept.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub fn set_enabled(&self, enabled: bool) -> Result<(), Error> {
        self.run(Task::Enable(enabled)).map(drop)
    }

    /// Creates an id for a new record, a UUIDv7.
    pub fn new_id(&self) -> Uuid {
        with_clock_and_rng(|clock| clock.new_id())
    }

    /// The records of a collection as JSON, for programs that choose collections at run time.
    ///
    /// # Errors
    /// Returns an error if the contract has no such collection.
    pub fn json(&self, collection: &str) -> Result<JsonRecords<'_>, Error> {
        let known = self.contract().collection(collection);
        let collection = known.ok_or_else(|| Error::argument(unknown_collection(collection, self.contract())))?;
        Ok(JsonRecords { client: self, collection })
    }

    /// The contract of the records.
    pub fn contract(&self) -> &'static Contract {
        self.inner.contract
    }

    /// Follows the changes of all records, made here or on another device.
    pub fn watch(&self) -> Changes {
        Changes::new(self.inner.changes.subscribe(), None)
    }

    /// At most `limit` past versions, newest first. A past version was replaced by another edit, deleted or discarded.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn conflicts(&self, limit: usize) -> Result<Vec<PastVersion>, Error> {
        Ok(self.with(|store| store.history(limit))?)
    }

    /// Whether a past version differs from the current one only in the members that sync sets. Restoring such a version has no effect: two
    /// devices have imported the same file, or made the same edit.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn is_current(&self, past: &PastVersion) -> Result<bool, Error> {
        let key = Key { collection: past.collection, id: past.record.id };
        Ok(self.with(|store| store.get(key))?.is_some_and(|row| row.record.says_the_same(&past.record)))
    }

    /// Makes a past version the current one again, as a new edit. The version that it replaces goes to the history.
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
    /// Returns an error if there is no past version with this number, the contract no longer accepts it, or the database cannot be written.
    pub fn restore(&self, number: i64) -> Result<(), Error> {
        let past = self.with(|store| store.past(number))?;
        let missing = || Error::argument(format!("cannot restore version {number}: the conflict history has no such version"));
        let past = past.ok_or_else(missing)?;
        let key = Key { collection: past.collection, id: past.record.id };
        // It was not made on the current version, as its stamp shows (R24).
        self.edit(key, &LocalEdit::Put(past.record.text)).map(drop)
    }

    /// Edits that the server has rejected permanently, with its reasons.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn blocked(&self) -> Result<Vec<Blocked>, Error> {
        let rows = self.with(|store| store.blocked())?;
        Ok(rows.into_iter().filter_map(Blocked::of).collect())
    }

    /// Sends rejected edits again.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub fn retry_blocked(&self, keys: Vec<Key>) -> Result<(), Error> {
        self.run(Task::Retry(keys)).map(drop)
    }

    /// Discards rejected edits. They stay in the conflict history, and the server's versions of the records, if any, are restored.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub fn discard_blocked(&self, keys: Vec<Key>) -> Result<(), Error> {
        self.run(Task::Discard(keys)).map(drop)
    }

    /// Changes that this version of the app cannot read, with their original text.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, Error> {
        Ok(self.with(|store| store.quarantined())?)
    }

    /// Checks that the database is not damaged. SQLite notices damage only where it reads, so sync can continue for a long time without
    /// noticing. The check reads the whole file: 20 ms for 50,000 records.
    ///
    /// # Errors
    /// Returns an error if the database is damaged or cannot be read.
    pub fn check_database(&self) -> Result<(), Error> {
        Ok(self.with(|store| store.check())?)
    }

    /// Passes the user's decision when the status is [`NeedsConfirmation`](crate::status::SyncState::NeedsConfirmation).
    ///
    /// # Errors
    /// Returns an error if the database cannot be written.
    pub fn confirm_resync(&self, answer: Answer) -> Result<(), Error> {
        self.run(Task::AnswerResync(answer)).map(drop)
    }

    /// Runs `job` with exclusive access to the store.
    pub(crate) fn with<T>(&self, job: impl FnOnce(&mut dyn Store) -> T) -> T {
        with_store(&self.inner.store, job)
    }

    pub(crate) fn link(&self, doing: &'static str) -> Result<&Arc<Link>, Error> {
        self.inner.link.as_ref().ok_or_else(|| Error::argument(format!("cannot {doing}: the client was built without a server")))
    }

    pub(crate) fn tell(&self, event: Event) {
        // The calls that wait for the driver report that it has stopped.
        _ = self.inner.signals.send(Signal::Event(Box::new(event)));
    }

    pub(crate) fn run(&self, task: Task) -> Result<Done, Error> {
        let done = self.with(|store| with_clock_and_rng(|clock| task.run(store, clock)))?;
        self.tell(Event::Changed(done.snapshot.clone()));
        Ok(done)
    }

    async fn answer(&self, signal: impl FnOnce(oneshot::Sender<Status>) -> Signal) -> Result<Status, Error> {
        let (answer, answered) = oneshot::channel();
        self.inner.signals.send(signal(answer)).map_err(|_| Kind::Stopped)?;
        answered.await.map_err(|_| Kind::Stopped.into())
    }

    /// Waits until there is nothing left to do or sync cannot continue.
    ///
    /// # Errors
    /// Returns an error if the client has stopped.
    pub async fn settled(&self) -> Result<Status, Error> {
        self.answer(Signal::Settled).await
    }

    /// Why the last sync of this device failed, in this or another process. `None` if it succeeded, or if there was none.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn last_failure(&self) -> Result<Option<SyncFailure>, Error> {
        Ok(self.with(|store| store.meta())?.failure)
    }

    /// Writes one record, and returns it as stored.
    pub(crate) fn edit(&self, key: Key, edit: &LocalEdit) -> Result<Option<Record>, Error> {
        self.write(&[key], |loaded, clock| {
            let writes = outbox::edit(loaded, key, edit, clock).map_err(|error| (key, error))?;
            let record = put_record(&writes);
            Ok((writes, record))
        })
    }

    /// Writes records in one transaction, all or none, and returns them as stored. A record that occurs twice is edited twice, in order.
    pub(crate) fn edit_all(&self, keys: &[Key], edits: &[LocalEdit]) -> Result<Vec<Option<Record>>, Error> {
        let mut refused = None;
        let written = self.write(keys, |loaded, clock| {
            let meta = std::mem::take(&mut loaded.meta);
            let (mut written, mut latest) = (Vec::with_capacity(keys.len()), BTreeMap::new());
            let mut batch = Loaded { meta, entries: Vec::new() };
            for range in distinct(keys) {
                let (keys, from) = (&keys[range.clone()], range.start);
                let known = keys.iter().zip(&loaded.entries[range.clone()]).map(|(key, entry)| match latest.get(key) {
                    Some(row) => Entry { row: Some(Row::clone(row)), ..*entry },
                    None => entry.clone(),
                });
                batch.entries = known.collect();
                let planned = outbox::edit_all(&mut batch, keys, &edits[range], clock);
                let planned = planned.inspect_err(|(key, _)| refused = keys.iter().position(|known| known == key).map(|at| from + at))?;
                latest.extend(planned.iter().flatten().filter_map(put_row).map(|row| (row.key(), row.clone())));
                written.extend(planned);
            }
            loaded.meta = batch.meta;
            let records = written.iter().map(|writes| put_record(writes)).collect();
            Ok((written.into_iter().flatten().collect(), records))
        });
        written.map_err(|error| error.at(refused.filter(|_| keys.len() > 1).map(|index| (index + 1, keys.len()))))
    }

    /// Changes the current version of a record in one transaction, and returns it as stored.
    pub(crate) fn change(&self, key: Key, change: impl FnOnce(&str) -> Result<String, Report>) -> Result<Record, Error> {
        self.write(&[key], |loaded, clock| {
            let written = outbox::change(loaded, key, change, clock);
            let writes = written.map_err(|error| (key, error))?;
            let record = put_record(&writes).ok_or((key, EditError::Missing))?;
            Ok((writes, record))
        })
    }

    /// Rejects a collection of another contract, because this client does not store its records.
    pub(crate) fn admit(&self, collection: &Collection) -> Result<(), Error> {
        if self.contract().has(collection) {
            return Ok(());
        }
        Err(Error::argument(format!(
            "cannot use the collection {:?}: this client was opened with another contract; pass the collection's contract to `ClientBuilder::contract`",
            collection.path
        )))
    }

    /// Plans local edits, applies them in one transaction, and notifies sync and the subscribers.
    pub(crate) fn write<T>(
        &self,
        keys: &[Key],
        plan: impl FnOnce(&mut Loaded, &mut ClockAndRng<'_>) -> Result<(Vec<Write>, T), (Key, EditError)>,
    ) -> Result<T, Error> {
        keys.iter().try_for_each(|key| self.admit(key.collection))?;
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
        let outcome = outcome
            .ok_or_else(|| StoreError::new("cannot write: the store did not run the plan of the update; this is a bug in the store"))?;
        let result = outcome.map_err(|(key, error)| refused_edit(key.collection, Some(key.id), error))?;
        self.tell(Event::Written(snapshot));
        if self.inner.changes.receiver_count() > 0 {
            // Sending fails only if the last receiver is gone.
            _ = self.inner.changes.send(keys.into());
        }
        Ok(result)
    }
}

/// Splits a list of keys into ranges without duplicates.
fn distinct(keys: &[Key]) -> Vec<Range<usize>> {
    let (mut ranges, mut seen, mut start) = (Vec::new(), BTreeSet::new(), 0);
    for (index, key) in keys.iter().enumerate() {
        if !seen.insert(*key) {
            ranges.push(start..index);
            (seen, start) = (BTreeSet::from([*key]), index);
        }
    }
    ranges.push(start..keys.len());
    ranges
}

fn put_row(write: &Write) -> Option<&Row> {
    match write {
        Write::Put(row) => Some(row),
        _ => None,
    }
}

fn put_record(writes: &[Write]) -> Option<Record> {
    writes.iter().find_map(put_row).map(|row| row.record.clone())
}

/// The error of a rejected write to a collection, naming the record if its id is known.
fn refused_edit(collection: &Collection, id: Option<Uuid>, error: EditError) -> Error {
    let id = id.map(|id| format!(" {id}")).unwrap_or_default();
    Kind::Edit { what: format!("{}{id}", collection.path), error }.into()
}

/// The message for a collection that the contract does not have.
pub(crate) fn unknown_collection(path: &str, contract: &Contract) -> String {
    let known: Vec<&str> = contract.collections.iter().map(|known| known.path).collect();
    format!("unknown collection {path:?}; available: {}", known.join(", "))
}

impl Handles for Client {
    type Handle<'a, T: Synced> = Records<'a, T>;

    fn collection<T: Synced>(&self) -> Records<'_, T> {
        Records { json: JsonRecords { client: self, collection: T::COLLECTION }, records: PhantomData }
    }
}

/// An edit that the server has rejected permanently.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blocked {
    /// The record's key, for [`Client::retry_blocked`] and [`Client::discard_blocked`].
    pub key: Key,
    /// The rejected version. It is still the current version on this device.
    pub record: Record,
    /// When the edit was made, in milliseconds since the Unix epoch.
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
