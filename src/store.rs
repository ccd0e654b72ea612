//! What a device keeps, and the trait that keeps it. Every change goes through one method: load rows, decide, write, in one transaction.

pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::Report;
use crate::api::ViolationType;
use crate::api::collection::Collection;
use crate::clock::Clock;
use crate::merge::{Op, Stored, Version};
use crate::record::Record;
use crate::rules::{self, Rule};
use crate::wire::Edit;

/// A device's local database. Implementations pass the conformance suite in `tests/stores.rs`.
///
/// A store decides nothing: `plan` does, inside the store's own transaction, so that no other write can come between what was read and
/// what is written (R3, R6).
pub trait Store: Send {
    /// Changes something, durably: loads what is selected, lets `plan` decide, and does what it says, all in one transaction. Where
    /// `plan` refuses, nothing is changed.
    ///
    /// # Errors
    /// The database cannot be read or written; nothing was changed.
    fn update(&mut self, select: &Select, plan: &mut Plan<'_>) -> Result<(), StoreError>;

    /// What the device knows of itself and of the server.
    ///
    /// # Errors
    /// The database cannot be read.
    fn meta(&mut self) -> Result<Meta, StoreError>;

    /// Rows with an edit to push: parents first, then in the order of the edits, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn pending(&mut self, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// One row, live or deleted.
    ///
    /// # Errors
    /// The database cannot be read.
    fn get(&mut self, key: Key) -> Result<Option<Row>, StoreError>;

    /// Visits live records of a collection in the order of the query, as one snapshot, until `visit` breaks off.
    ///
    /// # Errors
    /// The query names an index that the contract does not declare, or the database cannot be read.
    fn visit(
        &mut self,
        collection: &'static Collection,
        query: &Query,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Live records of a collection, in the order of the query.
    ///
    /// # Errors
    /// The query names an index that the contract does not declare, or the database cannot be read.
    fn list(&mut self, collection: &'static Collection, query: &Query) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.visit(collection, query, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    /// Lets `job` read the store as of one moment: writes of other processes are not seen until it ends.
    ///
    /// # Errors
    /// The database cannot be read, or `job` fails.
    fn snapshot(&mut self, job: &mut dyn FnMut(&mut dyn Store) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// How many rows there are of each kind.
    ///
    /// # Errors
    /// The database cannot be read.
    fn counts(&mut self) -> Result<Counts, StoreError>;

    /// Rows that the server has refused for good, with its reasons.
    ///
    /// # Errors
    /// The database cannot be read.
    fn blocked(&mut self) -> Result<Vec<Row>, StoreError>;

    /// The newest past versions, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn history(&mut self, limit: usize) -> Result<Vec<PastVersion>, StoreError>;

    /// The past version with this number.
    ///
    /// # Errors
    /// The database cannot be read.
    fn past(&mut self, number: i64) -> Result<Option<PastVersion>, StoreError>;

    /// Changes that this version of the contract cannot read.
    ///
    /// # Errors
    /// The database cannot be read.
    fn quarantined(&mut self) -> Result<Vec<Quarantined>, StoreError>;
}

/// Decides what is written, from what was loaded.
pub type Plan<'a> = dyn FnMut(&mut Loaded) -> Result<Vec<Write>, Refused> + 'a;

/// The plan has refused to go on; the reason is the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Which rows a plan needs.
#[derive(Clone, Debug)]
pub enum Select {
    /// These, in this order, whether they are there or not.
    Keys(Vec<Key>),
    /// Every row with an edit that the server has not acknowledged, blocked ones included, in the order of the edits.
    Unacknowledged,
    /// Rows that the running resync has not seen, at most so many; none if there is no resync.
    Unseen {
        /// The most rows: a large sweep is many short transactions.
        limit: usize,
    },
}

/// What a plan is given.
#[derive(Debug)]
pub struct Loaded {
    /// Written back if changed.
    pub meta: Meta,
    /// One for each selected key; all of them present for the other selections.
    pub rows: Vec<Option<Row>>,
    /// For each row, whether a version of it is quarantined.
    pub quarantined: Vec<bool>,
}

/// One thing to write.
#[derive(Clone, Debug)]
pub enum Write {
    /// Stores the row in place of the one with its key.
    Put(Row),
    /// Forgets the row, without a trace.
    Remove(Key),
    /// Adds a past version to the history, and forgets all but the newest `keep`.
    Remember {
        /// The version.
        past: PastVersion,
        /// How many past versions stay, this one included.
        keep: u64,
    },
    /// Forgets the past version of this number.
    Forget(i64),
    /// Quarantines what cannot be read, in place of what was quarantined for the same record.
    Quarantine(Quarantined),
    /// Drops what was quarantined for a record.
    Release(Key),
    /// Drops what was quarantined under a revision, where its record cannot be told.
    ReleaseRev(u64),
}

/// Which record.
#[derive(Clone, Copy)]
pub struct Key {
    /// The collection.
    pub collection: &'static Collection,
    /// The record's id.
    pub id: Uuid,
}

impl Key {
    fn order(&self) -> (&'static str, Uuid) {
        (self.collection.path, self.id)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection.path, self.id)
    }
}

/// A record on this device, and where it stands.
#[derive(Clone, Debug)]
pub struct Row {
    /// The collection that the record is of.
    pub collection: &'static Collection,
    /// The record, live or a tombstone.
    pub record: Record,
    /// The edit that made this version.
    pub op: Op,
    /// The server's revision of this version if it is clean, of the version that was edited otherwise.
    pub base_rev: Option<u64>,
    /// Whether the server has acknowledged this version.
    pub state: RowState,
    /// The number of the last resync that has seen the record on the server.
    pub seen: u64,
}

/// Whether the server has acknowledged a row. Never a comparison of times (R4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// The server has this version.
    Clean,
    /// The server has yet to be told, or to answer.
    Pending(Pending),
    /// The server has refused this version for good.
    Blocked(Pending, Block),
}

/// An edit that the server has not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When the oldest unacknowledged edit of the record was made, in milliseconds since the Unix epoch.
    pub since: i64,
    /// A version that the server lost when it was restored, and that keeps its op and stamp whoever made it (R11).
    pub lost: bool,
    /// The stamp of the acknowledged version that the edit was made on, if there was one: the edit's own stamp stays above it (R9), so that
    /// their order outlives a restore that makes the server forget the revision.
    pub base_stamp: Option<i64>,
}

/// Why the server has refused a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The contract's rejection code.
    pub code: String,
    /// Why, in a sentence for the user.
    pub message: String,
    /// The members that break a rule of the contract, as far as the server named them.
    #[serde(default)]
    pub violations: Vec<BlockedViolation>,
}

/// A member of a refused record that breaks a rule of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlockedViolation {
    /// The member, as a JSON Pointer from the record.
    pub pointer: String,
    /// The keyword of the contract that it breaks.
    pub keyword: String,
    /// What was found and what is accepted.
    pub message: String,
}

impl BlockedViolation {
    /// A violation that the server reported; its pointer starts at the pushed change.
    pub fn of(violation: &ViolationType) -> Self {
        let pointer = violation.pointer.strip_prefix("/record").unwrap_or(&violation.pointer).to_owned();
        BlockedViolation { pointer, keyword: violation.keyword.clone(), message: violation.message.clone() }
    }
}

impl Row {
    /// Which record the row is of.
    pub fn key(&self) -> Key {
        Key { collection: self.collection, id: self.record.id }
    }

    /// What the row is compared by (R8).
    pub fn version(&self) -> Version {
        Version { op: self.op, stamp: self.record.stamp, deleted: self.record.deleted }
    }

    /// The unacknowledged edit, if there is one.
    pub fn unacknowledged(&self) -> Option<Pending> {
        match &self.state {
            RowState::Clean => None,
            RowState::Pending(pending) | RowState::Blocked(pending, _) => Some(*pending),
        }
    }

    /// The stamp of the newest version that the server has acknowledged: what the next edit follows.
    pub fn acknowledged_stamp(&self) -> Option<i64> {
        match self.unacknowledged() {
            Some(pending) if !pending.lost => pending.base_stamp,
            _ => Some(self.record.stamp),
        }
    }

    /// The row of an unacknowledged edit on the server's version of this revision and stamp. The edit's stamp is raised above that version's,
    /// as the server will do (R8, R9); a version that the server has lost keeps its own.
    ///
    /// # Errors
    /// The stored record is not JSON.
    pub fn rebased(&self, rev: u64, stamp: i64) -> Result<Row, Report> {
        let mut row = Row { base_rev: Some(rev), ..self.clone() };
        let (RowState::Pending(pending) | RowState::Blocked(pending, _)) = &mut row.state else { return Ok(row) };
        if pending.lost || !rules::on(Rule::StampAboveBase) {
            return Ok(row);
        }
        pending.base_stamp = Some(stamp);
        if row.record.stamp <= stamp {
            row.record = row.record.restamped(stamp.saturating_add(1))?;
        }
        Ok(row)
    }

    /// The row as it is pushed.
    pub fn edit(&self) -> Edit {
        Edit { collection: self.collection, op: self.op, base_rev: self.base_rev, record: self.record.clone() }
    }
}

/// A version that is no longer the current one, kept so that the user can have it back.
#[derive(Clone, Debug)]
pub struct PastVersion {
    /// The store's number for it; 0 until it is written.
    pub number: i64,
    /// The collection that the record is of.
    pub collection: &'static Collection,
    /// The version, whole.
    pub record: Record,
    /// The edit that had made it.
    pub op: Op,
    /// How it came to be a past one.
    pub why: Past,
    /// The edit that took its place.
    pub winner: Op,
    /// When that happened on this device, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// Why a version is no longer the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Past {
    /// Another edit, made without knowing this version, replaced it.
    Lost,
    /// The record was deleted.
    Deleted,
    /// The server refused the edit, and the user discarded it.
    Discarded,
}

/// A change that this version of the contract cannot read, kept word for word until a later version can (R16).
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantined {
    /// The collection's path, which this version may not know; none if the change does not say.
    pub collection: Option<String>,
    /// The record's id, if it can be told. A record with a version quarantined is not edited here.
    pub id: Option<Uuid>,
    /// What it is compared by, if that much can be read: an edit of the record is still judged against it.
    pub stored: Option<Stored>,
    /// The change as it came from the feed.
    pub raw: String,
    /// Why it cannot be read.
    pub reason: String,
    /// When it arrived, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// What a device knows of itself and of the server, beside its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// How often the store was changed. Counted by the store.
    pub version: u64,
    /// This device's id, which all its edits bear.
    pub device: Uuid,
    /// A token that is also kept outside the database: where they differ, the database was copied (R20).
    pub installation: Option<Uuid>,
    /// The account that the records belong to; none before the first sign-in (R15).
    pub owner: Option<Uuid>,
    /// How many edits this device has made.
    pub seq: u64,
    /// What makes this device's stamps.
    pub clock: Clock,
    /// Where in the global feed this device is; none before its first pull.
    pub cursor: Option<String>,
    /// The running resync, if there is one (R11).
    pub resync: Option<Resync>,
    /// How many resyncs there have been.
    pub resyncs: u64,
    /// When the feed was last pulled to its end, in milliseconds since the Unix epoch.
    pub last_pull_at: Option<i64>,
    /// When a push of a collection's records last succeeded.
    pub last_push_at: BTreeMap<String, i64>,
    /// Whether sync is switched on.
    pub enabled: bool,
    /// The contract that quarantined changes were last tried with.
    pub contract: String,
}

impl Default for Meta {
    fn default() -> Self {
        Meta {
            version: 0,
            device: Uuid::nil(),
            installation: None,
            owner: None,
            seq: 0,
            clock: Clock::default(),
            cursor: None,
            resync: None,
            resyncs: 0,
            last_pull_at: None,
            last_push_at: BTreeMap::new(),
            enabled: true,
            contract: String::new(),
        }
    }
}

/// A pull of everything, because the server no longer knows what this device has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resync {
    /// Marks the rows that it has seen.
    pub number: u64,
    /// Where the server went back to, if it was restored from a backup: it has lost every version of a later revision.
    pub restored_rev: Option<u64>,
    /// The server's epoch that this was learnt for; none until the first page is there and the server was asked about it.
    #[serde(default)]
    pub epoch: Option<String>,
    /// How far it has come.
    pub cursor: Option<String>,
    /// Whether every page is applied, and what was not seen can be dealt with.
    pub pulled: bool,
    /// Whether what was not seen may be deleted: it is little, or the user has agreed.
    pub confirmed: bool,
}

impl Resync {
    /// Whether a page of this epoch may be merged by a device whose last known epoch is `known`: the server may have been restored, once more,
    /// between saying so and sending the page, and what it has lost must be known before anything is overwritten.
    pub fn is_known(&self, epoch: &str, known: &str) -> bool {
        self.cursor.is_some() || epoch == known || self.epoch.as_deref() == Some(epoch)
    }

    /// Whether it may turn out that the user must be asked.
    pub fn is_undecided(&self) -> bool {
        self.pulled && !self.confirmed
    }

    /// Whether the server has lost the version that it once gave this revision.
    pub fn is_lost(&self, rev: Option<u64>) -> bool {
        rules::on(Rule::PushLostAgain) && self.restored_rev.zip(rev).is_some_and(|(restored, rev)| rev > restored)
    }
}

/// How many rows of each kind a device holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Live records, counted only while a resync has yet to decide whether to ask the user; counting takes a walk over all of them.
    pub live: u64,
    /// Edits that the server has yet to acknowledge.
    pub pending: u64,
    /// When the oldest pending edit was made.
    pub pending_since: Option<i64>,
    /// Edits that the server has refused for good.
    pub blocked: u64,
    /// Changes that this version of the contract cannot read.
    pub quarantined: u64,
    /// Live records that the resync has not seen on the server and would delete.
    pub unseen: u64,
}

/// Which records of a collection, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Members of an index that the contract declares; empty means by id.
    pub index: Vec<String>,
    /// Values of the index's first members that must be equal.
    pub equal: Vec<serde_json::Value>,
    /// The lowest value of the member behind those, included.
    pub from: Option<serde_json::Value>,
    /// The highest value of that member, excluded.
    pub until: Option<serde_json::Value>,
    /// Whether the last come first.
    pub descending: bool,
    /// How many records to leave out at the beginning.
    pub offset: usize,
    /// The most records; none means all.
    pub limit: Option<usize>,
}

/// A database that cannot be read or written. Nothing was changed, and nothing is lost.
#[derive(Debug)]
pub struct StoreError {
    /// What was being done, what was seen, and what to do next.
    pub message: String,
    /// What the database itself has said.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error that is told by its message alone.
    pub fn new(message: impl Into<String>) -> Self {
        StoreError { message: message.into(), source: None }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// The index of a collection that a query goes by.
///
/// # Errors
/// The contract declares no such index.
pub fn index_of<'a>(collection: &'a Collection, query: &Query) -> Result<Option<&'a crate::api::collection::Index>, StoreError> {
    if query.index.is_empty() {
        return Ok(None);
    }
    let found = collection.indexes.iter().find(|index| index.members == query.index);
    found.map(Some).ok_or_else(|| {
        let known: Vec<String> = collection.indexes.iter().map(|index| index.members.join("+")).collect();
        let (path, asked) = (collection.path, query.index.join("+"));
        StoreError::new(format!("cannot list {path} by {asked}: unknown index; available: {}", known.join(", ")))
    })
}
