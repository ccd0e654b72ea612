//! What a device stores, and the trait of its database. Every change goes through one method, which loads rows, plans and writes in one
//! transaction.

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
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::clock::Clock;
use crate::digest::{Difference, Digest};
use crate::merge::{Op, Stored, Version};
use crate::record::Record;
use crate::rules::{self, Rule};
use crate::stored::{Readable, member};
use crate::wire::Edit;

/// A device's local database. Implementations must pass the conformance suite in `tests/stores.rs`.
///
/// The types that a store reads and writes can be built and matched completely, so that a store which does not know a new kind of write fails
/// to compile.
///
/// A store makes no decisions. The `plan` function does, inside the store's own transaction, so that no other write happens between what it
/// reads and what it writes (R3, R6).
pub trait Store: Send {
    /// Loads the selected rows, calls `plan`, and applies the writes that it returns, in one durable transaction. If `plan` returns
    /// [`Refused`], nothing is changed.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or written. In that case nothing is changed.
    fn update(&mut self, select: &Select, plan: &mut Plan<'_>) -> Result<(), StoreError>;

    /// The state of the device apart from its records.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn meta(&mut self) -> Result<Meta, StoreError>;

    /// At most `limit` rows with a pending edit, parents before children, then in the order of the edits.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn pending(&mut self, edits: Edits, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// The row with this key, live or deleted.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn get(&mut self, key: Key) -> Result<Option<Row>, StoreError>;

    /// Calls `visit` with each live record of a collection in the order of the query, from one snapshot, until it returns `Break`.
    ///
    /// # Errors
    /// Returns an error if the contract does not declare the query's index or the database cannot be read.
    fn visit(
        &mut self,
        collection: &'static Collection,
        query: &Query,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The live records that a query selects, in its order.
    ///
    /// # Errors
    /// Returns an error if the contract does not declare the query's index or the database cannot be read.
    fn list(&mut self, collection: &'static Collection, query: &Query) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.visit(collection, query, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    /// Runs `job` on a snapshot of the store, which does not show writes of other processes.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or `job` fails.
    fn snapshot(&mut self, job: &mut dyn FnMut(&mut dyn Store) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// The number of rows of each kind.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn counts(&mut self) -> Result<Counts, StoreError>;

    /// The rows whose edit the server has rejected permanently, with its reasons.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn blocked(&mut self) -> Result<Vec<Row>, StoreError>;

    /// The newest past versions, newest first, at most `limit`.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn history(&mut self, limit: usize) -> Result<Vec<PastVersion>, StoreError>;

    /// The past version with this number.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn past(&mut self, number: i64) -> Result<Option<PastVersion>, StoreError>;

    /// Changes that this version of the contract cannot read.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn quarantined(&mut self) -> Result<Vec<Quarantined>, StoreError>;
}

/// Decides what to write, given the loaded rows.
pub type Plan<'a> = dyn FnMut(&mut Loaded) -> Result<Vec<Write>, Refused> + 'a;

/// The plan does not want to write. The caller keeps the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Which pending edits to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Edits {
    /// All of them.
    All,
    /// Only those that delete their record.
    Deletions,
}

/// The rows that a plan needs.
#[derive(Clone, Debug)]
pub enum Select {
    /// The rows with these keys, in this order; `None` for each key without a row.
    Keys(Vec<Key>),
    /// Every row with an unacknowledged edit, including blocked ones, in the order of the edits.
    Unacknowledged,
    /// Rows that the current resync has not seen. None if there is no resync.
    Unseen {
        /// The maximum number of rows. A large sweep is split into many short transactions.
        limit: usize,
    },
}

/// The input of a plan.
#[derive(Debug)]
pub struct Loaded {
    /// The device's state. Changes to it are written back.
    pub meta: Meta,
    /// One entry for each selected key. Always `Some` for the other selections.
    pub rows: Vec<Option<Row>>,
    /// For each row, whether a version of its record is quarantined.
    pub quarantined: Vec<bool>,
}

/// One thing to write.
#[derive(Clone, Debug)]
pub enum Write {
    /// Stores the row and replaces the row with the same key.
    Put(Row),
    /// Deletes the row, without a tombstone.
    Remove(Key),
    /// Adds a past version to the conflict history, and deletes all but the newest `keep`.
    Remember {
        /// The past version.
        past: PastVersion,
        /// The number of past versions to keep, including this one.
        keep: u64,
    },
    /// Deletes the past version with this number.
    Forget(i64),
    /// Quarantines an unreadable change, and replaces a quarantined change of the same record.
    Quarantine(Quarantined),
    /// Deletes the quarantined change of a record.
    Release(Key),
    /// Deletes the quarantined change with this revision if its record is not known.
    ReleaseRev(u64),
}

/// The key of a record.
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

/// A record on this device, with its sync state.
#[derive(Clone, Debug)]
pub struct Row {
    /// The collection that the record belongs to.
    pub collection: &'static Collection,
    /// The record, live or a tombstone.
    pub record: Record,
    /// The edit that created this version.
    pub op: Op,
    /// If the row is clean, the server's revision of this version. Otherwise the revision of the version that was edited.
    pub base_rev: Option<u64>,
    /// Whether the server has acknowledged this version.
    pub state: RowState,
    /// The number of the last resync that saw the record on the server.
    pub seen: u64,
}

/// Whether the server has acknowledged a row's version. This is never derived from comparing times (R4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// The server has this version.
    Clean,
    /// The edit was not sent yet, or not answered yet.
    Pending(Pending),
    /// The server has rejected this version permanently.
    Blocked(Pending, Block),
}

/// An edit that the server has not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When the oldest unacknowledged edit of the record was made, in milliseconds since the Unix epoch.
    pub since: i64,
    /// Whether this is a version that the server lost when it was restored from a backup. Such a version keeps its op and stamp, whichever
    /// device made it (R11).
    pub lost: bool,
    /// The stamp of the acknowledged version that the edit was made on, if any. The edit's own stamp stays above it (R9), so that the order
    /// of the two survives a restore after which the server no longer knows the revision.
    pub base_stamp: Option<i64>,
    /// The revision of the live version that the server had when this device last heard of the record (R27). An edit is not always based on
    /// it (R24).
    pub known_rev: Option<u64>,
}

/// Why the server has rejected a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The contract's rejection code.
    pub code: String,
    /// The reason, as a sentence for the user.
    pub message: String,
    /// The violations that the server reported.
    #[serde(default)]
    pub violations: Vec<BlockedViolation>,
}

/// A violation of the contract in a rejected record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlockedViolation {
    /// The JSON Pointer of the member, relative to the record.
    pub pointer: String,
    /// The schema keyword that it violates.
    pub keyword: String,
    /// What was found and what is accepted.
    pub message: String,
}

impl Readable for Block {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut block = Block { code: String::new(), message: String::new(), violations: Vec::new() };
        member(json, "code", &mut block.code)?;
        member(json, "message", &mut block.message)?;
        member(json, "violations", &mut block.violations)?;
        Some(block)
    }
}

impl Readable for BlockedViolation {
    fn read(json: Json<'_>) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        Some(BlockedViolation { pointer: text("pointer")?, keyword: text("keyword")?, message: text("message")? })
    }
}

impl BlockedViolation {
    /// Converts a violation that the server reported. The server's pointer is relative to the pushed change.
    pub fn of(violation: &ViolationType) -> Self {
        let pointer = violation.pointer.strip_prefix("/record").unwrap_or(&violation.pointer).to_owned();
        BlockedViolation { pointer, keyword: violation.keyword.clone(), message: violation.message.clone() }
    }
}

impl Row {
    /// The key of the row's record.
    pub fn key(&self) -> Key {
        Key { collection: self.collection, id: self.record.id }
    }

    /// The version, for conflict resolution (R8).
    pub fn version(&self) -> Version {
        Version { op: self.op, stamp: self.record.stamp, deleted: self.record.deleted }
    }

    /// The unacknowledged edit, if any.
    pub fn unacknowledged(&self) -> Option<Pending> {
        match &self.state {
            RowState::Clean => None,
            RowState::Pending(pending) | RowState::Blocked(pending, _) => Some(*pending),
        }
    }

    /// The revision of the live version that the server had when this device last heard of the record. `None` if the server had none.
    pub fn known_rev(&self) -> Option<u64> {
        match self.unacknowledged() {
            Some(pending) => pending.known_rev,
            None => self.base_rev.filter(|_| !self.record.deleted),
        }
    }

    /// The stamp of the newest acknowledged version, which the next edit must exceed.
    pub fn acknowledged_stamp(&self) -> Option<i64> {
        match self.unacknowledged() {
            Some(pending) if !pending.lost => pending.base_stamp,
            _ => Some(self.record.stamp),
        }
    }

    /// Rebases the unacknowledged edit on the server's version with this revision and stamp, which may be deleted. The edit's stamp is raised
    /// above that version's stamp, as the server does (R8, R9). A version that the server has lost keeps its stamp.
    ///
    /// # Errors
    /// Returns an error if the stored record is not JSON.
    pub fn rebased(&self, rev: u64, stamp: i64, deleted: bool) -> Result<Row, Report> {
        let mut row = Row { base_rev: Some(rev), ..self.clone() };
        let (RowState::Pending(pending) | RowState::Blocked(pending, _)) = &mut row.state else { return Ok(row) };
        pending.known_rev = (!deleted).then_some(rev);
        if pending.lost || !rules::on(Rule::StampAboveBase) {
            return Ok(row);
        }
        pending.base_stamp = Some(stamp);
        if row.record.stamp <= stamp {
            row.record = row.record.restamped(stamp.saturating_add(1))?;
        }
        Ok(row)
    }

    /// The row of a record that the server does not have.
    pub fn unknown(&self) -> Row {
        let mut row = self.clone();
        if let RowState::Pending(pending) | RowState::Blocked(pending, _) = &mut row.state {
            pending.known_rev = None;
        }
        row
    }

    /// The row's edit, in the form in which it is pushed.
    pub fn edit(&self) -> Edit {
        Edit { collection: self.collection, op: self.op, base_rev: self.base_rev, record: self.record.clone() }
    }
}

/// A version that is no longer current, kept so that the user can restore it.
#[derive(Clone, Debug)]
pub struct PastVersion {
    /// The number that the store assigned; 0 before it is stored.
    pub number: i64,
    /// The collection that the record belongs to.
    pub collection: &'static Collection,
    /// The complete record.
    pub record: Record,
    /// The edit that created the version.
    pub op: Op,
    /// Why the version is no longer current.
    pub why: Past,
    /// The edit that replaced it.
    pub winner: Op,
    /// When it was replaced on this device, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// Why a version is no longer current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Past {
    /// A concurrent edit replaced it.
    Lost,
    /// The record was deleted.
    Deleted,
    /// The server rejected the edit, and the user discarded it.
    Discarded,
}

/// A change that this version of the contract cannot read. Its text is kept unchanged until a later version can read it (R16).
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantined {
    /// The path of the collection, which this version may not know. `None` if the change does not name one.
    pub collection: Option<String>,
    /// The record's id, if it is readable. A record with a quarantined version cannot be edited on this device.
    pub id: Option<Uuid>,
    /// The version and revision, if they are readable. Edits of the record are still resolved against them.
    pub stored: Option<Stored>,
    /// The JSON text of the change, as received.
    pub raw: String,
    /// Why the change cannot be read.
    pub reason: String,
    /// When it arrived, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The number of resyncs when it arrived. If there was another one since, the server no longer has the change.
    pub seen: u64,
}

/// The state of a device, apart from its records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The number of changes to the store. The store counts them.
    pub version: u64,
    /// This device's id, which is part of every op that it makes.
    pub device: Uuid,
    /// A token that is also stored outside the database. If the two differ, the database is a copy (R20).
    pub installation: Option<Uuid>,
    /// The account that the records belong to. `None` before the first sign-in (R15).
    pub owner: Option<Uuid>,
    /// The number of edits that this device has made.
    pub seq: u64,
    /// The clock that makes this device's stamps.
    pub clock: Clock,
    /// The device's position in the global feed. `None` before its first pull.
    pub cursor: Option<String>,
    /// The current resync, if any (R11).
    pub resync: Option<Resync>,
    /// The number of resyncs so far.
    pub resyncs: u64,
    /// When the device last pulled everything in the feed, in milliseconds since the Unix epoch.
    pub last_pull_at: Option<i64>,
    /// When a push last succeeded, by collection.
    pub last_push_at: BTreeMap<String, i64>,
    /// Whether sync is switched on.
    pub enabled: bool,
    /// The version of the contract with which quarantined changes were last read.
    pub contract: String,
    /// The digest of the versions that the server had when this device last heard of them, except for quarantined ones (R27). `None` in a
    /// database of an earlier version.
    pub digest: Option<Digest>,
    /// The last difference between the device's digest and the server's, if there was one.
    pub difference: Option<Difference>,
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
            digest: None,
            difference: None,
        }
    }
}

impl Meta {
    /// Reads what was written as JSON. Members that an earlier version did not write are as in a new database.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, or a member has another type.
    pub fn read(text: &str) -> Result<Self, Report> {
        let damaged = || Report::new("type", "is not the state of a device");
        let tape = parse(text.as_bytes())?;
        let (root, mut meta) = (tape.root(), Meta::default());
        meta.take(root).map(|()| meta).ok_or_else(damaged)
    }

    fn take(&mut self, json: Json<'_>) -> Option<()> {
        member(json, "version", &mut self.version)?;
        member(json, "device", &mut self.device)?;
        member(json, "installation", &mut self.installation)?;
        member(json, "owner", &mut self.owner)?;
        member(json, "seq", &mut self.seq)?;
        member(json, "clock", &mut self.clock)?;
        member(json, "cursor", &mut self.cursor)?;
        member(json, "resync", &mut self.resync)?;
        member(json, "resyncs", &mut self.resyncs)?;
        member(json, "lastPullAt", &mut self.last_pull_at)?;
        member(json, "lastPushAt", &mut self.last_push_at)?;
        member(json, "enabled", &mut self.enabled)?;
        member(json, "contract", &mut self.contract)?;
        member(json, "digest", &mut self.digest)?;
        member(json, "difference", &mut self.difference)
    }
}

impl Readable for Resync {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut resync = Resync::default();
        member(json, "number", &mut resync.number)?;
        member(json, "restoredRev", &mut resync.restored_rev)?;
        member(json, "cursor", &mut resync.cursor)?;
        member(json, "pulled", &mut resync.pulled)?;
        member(json, "confirmed", &mut resync.confirmed)?;
        member(json, "digest", &mut resync.digest)?;
        Some(resync)
    }
}

/// A full resync: a pull of everything, because the server no longer accepts the device's cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resync {
    /// The resync's number, which marks the rows that it has seen.
    pub number: u64,
    /// The revision that the server was restored to, if it was restored from a backup. The server has lost every version with a later
    /// revision.
    pub restored_rev: Option<u64>,
    /// The resync's position in the feed.
    pub cursor: Option<String>,
    /// Whether every page is applied. The rows that were not seen are processed next.
    pub pulled: bool,
    /// Whether rows that were not seen may be deleted: there are few of them, or the user has agreed.
    pub confirmed: bool,
    /// The digest of what the resync has seen so far.
    pub digest: Digest,
}

impl Resync {
    /// Whether it is still undecided if the user must confirm deletions.
    pub fn is_undecided(&self) -> bool {
        self.pulled && !self.confirmed
    }

    /// Whether the server has lost the version with this revision.
    pub fn is_lost(&self, rev: Option<u64>) -> bool {
        rules::on(Rule::PushLostAgain) && self.restored_rev.zip(rev).is_some_and(|(restored, rev)| rev > restored)
    }
}

/// The number of rows of each kind on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Live records. Counted only while a resync is undecided, because counting scans all of them.
    pub live: u64,
    /// Edits that the server has not acknowledged yet.
    pub pending: u64,
    /// When the oldest pending edit was made, in milliseconds since the Unix epoch.
    pub pending_since: Option<i64>,
    /// Edits that the server has rejected permanently.
    pub blocked: u64,
    /// Changes that this version of the contract cannot read.
    pub quarantined: u64,
    /// Live records that the resync has not seen on the server and would delete.
    pub unseen: u64,
    /// By how much quarantined changes change the digest of the rows. `None` if one of them cannot be counted.
    pub quarantine_digest: Option<Digest>,
}

/// Selects and orders the records of a collection. Build it with `..Query::default()`: a later version may add members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The members of an index that the contract declares. Empty selects all records, ordered by id.
    pub index: Vec<String>,
    /// The values that the first members of the index must be equal to.
    pub equal: Vec<serde_json::Value>,
    /// The inclusive lower bound of the next member.
    pub from: Option<serde_json::Value>,
    /// The exclusive upper bound of that member.
    pub until: Option<serde_json::Value>,
    /// Whether the order is descending.
    pub descending: bool,
    /// The number of records to skip.
    pub offset: usize,
    /// The maximum number of records. `None` means no limit.
    pub limit: Option<usize>,
}

/// The error of a database that cannot be read or written. Nothing was changed.
#[derive(Debug)]
pub struct StoreError {
    /// What was being done, what was seen, and what to do next.
    pub message: String,
    /// The error of the database itself.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// Creates an error without a source.
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

/// The index that a query uses.
///
/// # Errors
/// Returns an error if the contract does not declare the index.
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
