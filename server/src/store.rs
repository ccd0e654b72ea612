//! Storage: the trait `Records` for one user's records, and `Database`, the storage interface of a server.

pub mod accounts;
pub(crate) mod collections;
mod commits;
pub mod database;
mod epochs;
pub mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub mod prefetch;
pub(crate) mod sqlite;

use std::ops::ControlFlow;

use stronglog_sync::api::collection::Contract;
use stronglog_sync::digest::Digest;
use stronglog_sync::record::Record;
use stronglog_sync::wire::{Change, Feed};
use uuid::Uuid;

pub(crate) use commits::Commits;
pub use epochs::{Epoch, restored_rev};

/// One user's records within one transaction. Writes become visible to other transactions all at once, or not at all.
pub trait Records {
    /// The user's revision, purge watermark and epoch.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn head(&self) -> Result<Head, StoreError>;

    /// Sets the user's newest revision at the end of a push, the time of its write, and the user's new usage.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn advance(&mut self, to: Boundary, server_updated_at: i64, usage: Usage, digest: Option<Digest>) -> Result<(), StoreError>;

    /// The newest boundary of the user's history up to a revision. Without one, it is the beginning of the history.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn boundary(&self, rev_max: u64) -> Result<Boundary, StoreError>;

    /// Whether this is a replica that may lag behind the data to which devices write.
    fn may_lag(&self) -> bool {
        false
    }

    /// The revision up to which a device's data from another epoch is still valid.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn restored_rev(&self, epoch: &str) -> Result<u64, StoreError>;

    /// The current version of a record in any collection of a contract.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn find(&self, contract: &'static Contract, id: Uuid) -> Result<Option<Entry>, StoreError>;

    /// Stores a version and replaces the previous one.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn put(&mut self, entry: &Entry) -> Result<(), StoreError>;

    /// Passes the changes of a feed after a revision to `take`, in order of revision, until it breaks.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn changes(&self, feed: Feed, after: u64, take: &mut dyn FnMut(Change) -> ControlFlow<()>) -> Result<(), StoreError>;
}

/// How many tombstones are purged in one transaction: a few milliseconds' work. Others write before the next one.
pub const PURGED_AT_ONCE: usize = 500;

/// Records whose tombstones can be purged.
pub trait Tombstones: Records {
    /// Removes some of the tombstones accepted before a time, up to a revision, and no longer counts them. If they are fewer than `count_max`,
    /// none is left.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn purge(&mut self, before_ms: i64, rev_max: u64, count_max: usize) -> Result<Purged, StoreError>;

    /// Sets the revision up to which tombstones have been purged.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    fn raise_purge_watermark(&mut self, purge_watermark: u64) -> Result<(), StoreError>;
}

/// The end of a push in a user's history. The default is the beginning of every history.
///
/// All boundaries are kept, because a cursor may prove any of them, however old. Without its boundary, a device could not be distinguished
/// from one with another history, and would push again what was deleted and purged in the meantime. A boundary takes about 30 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boundary {
    /// The newest revision of the push.
    pub rev: u64,
    /// A checksum of everything that a pull has sent of the versions up to this revision.
    pub check: u64,
}

/// A user's revision, purge watermark, epoch, usage and quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest revision.
    pub rev: u64,
    /// The revision up to which tombstones have been purged.
    pub purge_watermark: u64,
    /// When the newest write was accepted, in milliseconds since the Unix epoch.
    pub server_updated_at: i64,
    /// The epoch of the database: a new one begins whenever a backup is restored.
    pub epoch: String,
    /// The size of the account's data.
    pub usage: Usage,
    /// The limits of that size.
    pub quota: Quota,
    /// The digest of the live records (R27). `None` until the server has computed it, after an update or a restore.
    pub digest: Option<Digest>,
}

/// The size of an account's data. Each write updates it, so that a push need not compute it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of live records.
    pub records: u64,
    /// The size of the live records in bytes of JSON.
    pub bytes: u64,
    /// The number of tombstones.
    pub tombstones: u64,
}

/// The quota of an account. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The maximum number of live records.
    pub records_max: Option<u64>,
    /// The maximum size of the live records in bytes of JSON.
    pub bytes_max: Option<u64>,
}

/// The number of rows that an account may have per record of its quota. Tombstones take rows until they are purged.
const ROWS_PER_RECORD: u64 = 4;
/// The number of tombstones that even the smallest account may have in addition to its records: enough for years of ordinary use.
const TOMBSTONES_MIN: u64 = 10_000;

impl Usage {
    /// The usage after a version was replaced or added.
    pub fn replaced(self, before: Option<&Record>, after: &Record) -> Self {
        let one = |record: &Record| match record.deleted {
            true => Usage { tombstones: 1, ..Usage::default() },
            false => Usage { records: 1, bytes: record.text.len() as u64, tombstones: 0 },
        };
        let (gone, new) = (before.map(one).unwrap_or_default(), one(after));
        let moved = |all: u64, gone: u64, new: u64| all.saturating_sub(gone).saturating_add(new);
        Usage {
            records: moved(self.records, gone.records, new.records),
            bytes: moved(self.bytes, gone.bytes, new.bytes),
            tombstones: moved(self.tombstones, gone.tombstones, new.tombstones),
        }
    }

    /// The number of live records and tombstones.
    pub fn rows(self) -> u64 {
        self.records.saturating_add(self.tombstones)
    }
}

impl Quota {
    /// The quota from settings, where 0 means no limit.
    pub fn of(records_max: u64, bytes_max: u64) -> Self {
        Quota { records_max: limit(records_max), bytes_max: limit(bytes_max) }
    }

    /// The quota of an account with its own limits, where 0 means no limit. This quota applies where the account has no limit of its own.
    pub fn with_own(self, records_max: Option<u64>, bytes_max: Option<u64>) -> Self {
        Quota { records_max: records_max.map_or(self.records_max, limit), bytes_max: bytes_max.map_or(self.bytes_max, limit) }
    }

    /// How many records and tombstones together an account may hold.
    pub fn rows_max(self) -> Option<u64> {
        self.records_max.map(|max| max.saturating_mul(ROWS_PER_RECORD).max(max.saturating_add(TOMBSTONES_MIN)))
    }

    /// Whether an account's usage may change from one value to another. An account above its quota may shrink or stay the same.
    pub fn allows(self, from: Usage, to: Usage) -> bool {
        let fits = |from: u64, to: u64, max: Option<u64>| to <= from || max.is_none_or(|max| to <= max);
        fits(from.records, to.records, self.records_max)
            && fits(from.bytes, to.bytes, self.bytes_max)
            && fits(from.rows(), to.rows(), self.rows_max())
    }
}

fn limit(max: u64) -> Option<u64> {
    (max > 0).then_some(max)
}

/// The current version of a record, and the members that the server adds.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The version as a pull sends it.
    pub change: Change,
    /// The record's id on the server.
    pub server_id: Uuid,
    /// When the version was accepted, in milliseconds since the Unix epoch.
    pub server_updated_at: i64,
}

/// The result of a purge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// The number of purged tombstones.
    pub count: u64,
    /// The highest revision of a purged tombstone, or 0.
    pub highest_rev: u64,
}

/// The store failed. The transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
#[error("cannot read or write the database: {0}")]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// An error with a cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        StoreError(cause.into())
    }
}

/// The write queue is full, or no connection became free in time.
#[derive(Debug, thiserror::Error)]
#[error("too many writes are waiting")]
struct Busy;

/// One account has used up its share of the store.
#[derive(Debug, thiserror::Error)]
#[error("too many requests of the account are waiting")]
struct ShareExhausted;

/// A decision has read more than was loaded for it.
#[derive(Debug, thiserror::Error)]
#[error("bug: a row was read before it was loaded")]
struct NotLoaded;

/// A stored record is damaged.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record {id} of {collection} is damaged in the server's database, and cannot be sent: it {why}; report it to the server's operator"
)]
struct Damaged {
    collection: String,
    id: Uuid,
    why: String,
}

/// The database did not respond in time.
#[derive(Debug, thiserror::Error)]
#[error("the database does not respond in time")]
struct Silent;

impl StoreError {
    /// The error of a decision that will run again once the rest is loaded, in stores that load before they decide.
    pub fn not_loaded() -> Self {
        StoreError::new(NotLoaded)
    }

    pub(crate) fn is_not_loaded(&self) -> bool {
        self.0.is::<NotLoaded>()
    }

    pub(crate) fn busy() -> Self {
        StoreError::new(Busy)
    }

    pub(crate) fn share_exhausted() -> Self {
        StoreError::new(ShareExhausted)
    }

    /// Returns whether the only problem is that the account itself has too many requests in progress.
    pub(crate) fn is_share_exhausted(&self) -> bool {
        self.0.is::<ShareExhausted>()
    }

    /// Something else than the server has damaged a stored record.
    pub(crate) fn damaged(collection: &str, id: Uuid, why: &str) -> Self {
        StoreError::new(Damaged { collection: collection.to_owned(), id, why: why.to_owned() })
    }

    /// The description of a damaged record, if that is the problem.
    pub(crate) fn damage(&self) -> Option<String> {
        self.0.downcast_ref::<Damaged>().map(Damaged::to_string)
    }

    pub(crate) fn silent() -> Self {
        StoreError::new(Silent)
    }

    /// Returns whether the database did not respond in time. This is reported once for all calls.
    pub(crate) fn is_silent(&self) -> bool {
        self.0.is::<Silent>()
    }

    /// Returns whether the same call may succeed shortly, because the only problem is a full write queue.
    pub fn is_busy(&self) -> bool {
        self.0.is::<Busy>()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::new(format!("{error}; free some space on the disk")),
            // SQLite does not always report that a disk is full.
            Some(ErrorCode::SystemIoFailure) => StoreError::new(format!("{error}; check that the disk has free space and works")),
            Some(ErrorCode::ReadOnly) => StoreError::new(format!("{error}; make the data folder writable")),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::new(format!("{error}; restore a backup")),
            _ => StoreError::new(error),
        }
    }
}
