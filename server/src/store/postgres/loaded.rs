//! One user's loaded records, overlaid with a decision's writes. If a decision reads more than was loaded, this records it, so that the
//! store can load it and run the decision again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use stronglog_sync::api::collection::Contract;
use stronglog_sync::digest::Digest;
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::wire::{Change, Feed, Lost};
use uuid::Uuid;

use crate::store::prefetch::{Changes, Prefetch};
use crate::store::{Boundary, Entry, Epoch, Head, Records, StoreError, Usage, restored_rev};

/// The loaded rows of a user, and the pending writes.
pub struct Loaded {
    pub head: Head,
    prefetch: Prefetch,
    records: BTreeMap<Uuid, Row>,
    boundaries: BTreeMap<u64, Boundary>,
    changes: Vec<Row>,
    epochs: Vec<Epoch>,
    pub written: Written,
    /// The rows that were read without having been loaded.
    missing: RefCell<Option<Prefetch>>,
}

/// The writes of a decision.
#[derive(Default)]
pub struct Written {
    /// The new versions of records by id. A version that the same push replaced need not be stored.
    pub entries: BTreeMap<Uuid, Entry>,
    pub advanced: Option<Advanced>,
}

/// The end of a push.
#[derive(Clone, Copy)]
pub struct Advanced {
    pub to: Boundary,
    pub server_updated_at: i64,
    pub usage: Usage,
    pub digest: Option<Digest>,
}

/// A stored version. Its collection is looked up when it is read, because the reader knows the contract.
#[derive(Clone)]
pub struct Row {
    pub collection: String,
    pub rev: u64,
    pub op: Op,
    pub record: Record,
    pub lost: Option<Lost>,
    pub server_id: Uuid,
    pub server_updated_at: i64,
}

impl Row {
    fn change(&self, contract: &'static Contract) -> Result<Change, StoreError> {
        let path = &self.collection;
        let unknown =
            || StoreError::new(format!("the database has the collection {path}, which this program does not know; update the program"));
        let collection = contract.collection(path).ok_or_else(unknown)?;
        Ok(Change { collection, rev: self.rev, op: self.op, record: self.record.clone(), lost: self.lost })
    }
}

/// The rows that were read because they were prefetched.
pub struct Answer {
    pub head: Head,
    pub records: Vec<Row>,
    /// Each boundary with the revision for which it was requested.
    pub boundaries: Vec<(u64, Boundary)>,
    pub changes: Vec<Row>,
    pub epochs: Vec<Epoch>,
}

impl Loaded {
    pub fn new(prefetch: Prefetch, answer: Answer) -> Self {
        let Answer { head, records, boundaries, changes, epochs } = answer;
        let newest = head.rev;
        Loaded {
            head,
            prefetch,
            records: records.into_iter().map(|row| (row.record.id, row)).collect(),
            boundaries: boundaries.into_iter().map(|(asked, boundary)| (asked.min(newest), boundary)).collect(),
            changes,
            epochs,
            written: Written::default(),
            missing: RefCell::default(),
        }
    }

    /// Everything to load for the last decision, if it read more than was loaded.
    pub fn more(&self) -> Option<Prefetch> {
        let missing = self.missing.borrow_mut().take()?;
        let mut all = self.prefetch.clone();
        all.ids.extend(missing.ids);
        all.boundaries.extend(missing.boundaries);
        all.changes = missing.changes.or(all.changes);
        all.epochs |= missing.epochs;
        Some(all)
    }

    fn miss(&self, missing: Prefetch) -> StoreError {
        *self.missing.borrow_mut() = Some(missing);
        StoreError::not_loaded()
    }

    /// The loaded changes, if they are those of this feed after this revision.
    fn loaded_after(&self, collection: Option<&'static str>, after: u64) -> Option<Changes> {
        self.prefetch.changes.filter(|loaded| loaded.collection == collection && loaded.after == after)
    }
}

impl Records for Loaded {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.head.clone())
    }

    fn advance(&mut self, to: Boundary, server_updated_at: i64, usage: Usage, digest: Option<Digest>) -> Result<(), StoreError> {
        self.written.advanced = Some(Advanced { to, server_updated_at, usage, digest });
        Ok(())
    }

    fn boundary(&self, rev_max: u64) -> Result<Boundary, StoreError> {
        if let Some(Advanced { to, .. }) = self.written.advanced.filter(|advanced| advanced.to.rev <= rev_max) {
            return Ok(to);
        }
        let asked = rev_max.min(self.head.rev);
        let known = self.boundaries.get(&asked).copied();
        known.ok_or_else(|| self.miss(Prefetch { boundaries: BTreeSet::from([asked]), ..Prefetch::default() }))
    }

    fn restored_rev(&self, epoch: &str) -> Result<u64, StoreError> {
        if !self.prefetch.epochs {
            return Err(self.miss(Prefetch { epochs: true, ..Prefetch::default() }));
        }
        Ok(restored_rev(&self.epochs, epoch, &self.head.epoch))
    }

    fn find(&self, contract: &'static Contract, id: Uuid) -> Result<Option<Entry>, StoreError> {
        if let Some(entry) = self.written.entries.get(&id) {
            return Ok(Some(entry.clone()));
        }
        let Some(row) = self.records.get(&id) else {
            return if self.prefetch.ids.contains(&id) { Ok(None) } else { Err(self.miss(Prefetch::record(id))) };
        };
        let (server_id, server_updated_at) = (row.server_id, row.server_updated_at);
        Ok(Some(Entry { change: row.change(contract)?, server_id, server_updated_at }))
    }

    fn put(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.written.entries.insert(entry.change.record.id, entry.clone());
        Ok(())
    }

    fn changes(&self, feed: Feed, after: u64, take: &mut dyn FnMut(Change) -> ControlFlow<()>) -> Result<(), StoreError> {
        if !self.written.entries.is_empty() {
            return Err(StoreError::new("changes are read before records are written"));
        }
        let collection = if let Feed::One(collection) = feed { Some(collection.path) } else { None };
        let Some(loaded) = self.loaded_after(collection, after) else {
            return Err(self.miss(Prefetch { changes: Some(Changes { collection, after, ..Changes::FEW }), ..Prefetch::default() }));
        };
        let (mut rows, mut bytes) = (0, 0);
        for row in &self.changes {
            rows += 1;
            bytes += row.record.text.len();
            if take(row.change(feed.contract())?).is_break() {
                return Ok(());
            }
        }
        if loaded.is_all(rows, bytes) {
            return Ok(());
        }
        Err(self.miss(Prefetch { changes: Some(loaded.more()), ..Prefetch::default() }))
    }
}
