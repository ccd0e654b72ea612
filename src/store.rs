//! A device's data, and the trait of its database. Every change goes through one method, which loads rows, plans and writes in one
//! transaction.

pub mod memory;
mod meta;
mod query;
mod row;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::fmt;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::collection::Collection;
use crate::digest::Digest;
pub use crate::key::Key;
use crate::merge::{Op, Stored};
use crate::record::Record;
pub use meta::{Meta, Resync, Sweep};
pub(crate) use query::order;
pub use query::{Query, index_of};
pub use row::{Block, BlockedViolation, Pending, Row, RowState};

/// A device's local database. Implementations must pass the conformance suite in `tests/stores.rs`.
///
/// The types that a store reads and writes are exhaustive: a new kind of write breaks the build of every store that does not handle it.
///
/// A store makes no decisions. The `plan` function does, inside the store's transaction, so that no other write happens between its reads
/// and its writes (R3, R6).
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

    /// The number of live records.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    fn live(&mut self) -> Result<u64, StoreError>;

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

    /// Runs `job` on a snapshot of the store, without the writes of other processes.
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

    /// Checks the structure of the database for damage to its file. A database in memory has no file to check.
    ///
    /// # Errors
    /// Returns an error if the database is damaged or cannot be read.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Decides what to write, given the loaded rows.
pub type Plan<'a> = dyn FnMut(&mut Loaded) -> Result<Vec<Write>, Refused> + 'a;

/// The plan made no writes, and its caller has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Which pending edits to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Edits {
    /// All edits.
    All,
    /// Edits of records that the server already has, so they do not increase its record count. Includes deletions.
    Known,
    /// Only deletions.
    Deletions,
}

/// The rows that a plan needs.
#[derive(Clone, Debug)]
pub enum Select {
    /// The rows with these keys, in this order; `None` for each key without a row.
    Keys(Vec<Key>),
    /// Every row with an unacknowledged edit, including blocked ones, in the order of the edits.
    Unacknowledged,
    /// Rows that the current resync has not seen. Empty without a resync.
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
    /// One entry for each selected key, in the order of the keys. For the other selections, one entry for each row.
    pub entries: Vec<Entry>,
}

/// What the store holds under a key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The row. Always `Some` for a selection without keys.
    pub row: Option<Row>,
    /// Whether a version of its record is quarantined.
    pub is_quarantined: bool,
}

impl Entry {
    /// The entry of a key without a row.
    pub const NONE: Self = Entry { row: None, is_quarantined: false };
}

impl Loaded {
    /// The loaded rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.entries.iter().filter_map(|entry| entry.row.as_ref())
    }
}

/// One thing to write.
#[derive(Clone, Debug)]
pub enum Write {
    /// Stores the row and replaces the row with the same key.
    Put(Row),
    /// Deletes the row, without a tombstone.
    Remove(Key),
    /// Adds a past version to the conflict history.
    Remember(PastVersion),
    /// Quarantines an unreadable change, and replaces a quarantined change of the same record.
    Quarantine(Quarantined),
    /// Deletes the quarantined change of a record.
    Release(Key),
    /// Deletes the quarantined change with this revision if its record is not known.
    ReleaseRev(u64),
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
    /// The number of resyncs when it arrived. If there has been another one since, the server no longer has the change.
    pub seen: u64,
}

/// The difference that quarantined changes make to the digest of the rows, given the revision that the digest counts for the row of the
/// same record. `None` if one of them does not name its record.
pub(crate) fn quarantine_digest<'q>(changes: impl Iterator<Item = (&'q Quarantined, Option<u64>)>) -> Option<Digest> {
    let mut sum = Digest::default();
    for (change, replaced) in changes {
        let (collection, id, stored) = (change.collection.as_deref()?, change.id?, change.stored?);
        let of = |rev: Option<u64>| rev.map_or(Digest::default(), |rev| Digest::of(collection, id, rev));
        sum = sum.with(of(Some(stored.rev).filter(|_| !stored.version.deleted))).without(of(replaced));
    }
    Some(sum)
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
    /// The difference that quarantined changes make to the digest of the rows. `None` if one of them cannot be counted.
    pub quarantine_digest: Option<Digest>,
}

/// The error for a database that cannot be read or written. Nothing was changed.
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
