//! The store in memory: the simplest one that passes the conformance suite. The simulation uses it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use uuid::Uuid;

use crate::api::collection::Collection;
use crate::api::runtime::json::{Json, Value};
use crate::api::runtime::schema::parse;
use crate::digest::Digest;
use crate::store::{
    Counts, Edits, Entry, Key, Loaded, Meta, PastVersion, Plan, Quarantined, Query, Row, RowState, Select, Store, StoreError, Write,
    index_of, order, quarantine_digest,
};

/// A device's database in memory. Cloning it copies the database.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    meta: Meta,
    rows: BTreeMap<Key, Row>,
    /// The keys of pending rows, ordered by the push order of their collection and the sequence number of their edit.
    pending: BTreeMap<(usize, u64, Uuid), Key>,
    history: BTreeMap<i64, PastVersion>,
    /// The number of the newest past version ever stored.
    remembered: i64,
    quarantine: Vec<Quarantined>,
}

impl MemoryStore {
    /// Creates an empty store for a device with this id.
    pub fn new(device: Uuid) -> Self {
        MemoryStore { meta: Meta { device, digest: Some(Digest::default()), ..Meta::default() }, ..MemoryStore::default() }
    }

    /// The keys of all rows.
    pub fn keys(&self) -> Vec<Key> {
        self.rows.keys().copied().collect()
    }

    fn load(&self, select: &Select) -> Vec<Entry> {
        let entry = |key: Key, row: Option<&Row>| {
            let is_quarantined = self.quarantine.iter().any(|quarantined| is_of(quarantined, key));
            Entry { row: row.cloned(), is_quarantined }
        };
        match select {
            Select::Keys(keys) => keys.iter().map(|key| entry(*key, self.rows.get(key))).collect(),
            Select::Unacknowledged => {
                let mut rows: Vec<&Row> = self.rows.values().filter(|row| row.state != RowState::Clean).collect();
                rows.sort_by_key(|row| row.op.seq);
                rows.into_iter().map(|row| entry(row.key(), Some(row))).collect()
            }
            Select::Unseen { limit } => {
                let Some(resync) = &self.meta.resync else { return Vec::new() };
                let unseen = self.rows.values().filter(|row| row.seen != resync.number);
                unseen.take(*limit).map(|row| entry(row.key(), Some(row))).collect()
            }
        }
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Put(row) => {
                self.remove(row.key());
                if let RowState::Pending(_) = row.state {
                    self.pending.insert(queue(&row), row.key());
                }
                self.rows.insert(row.key(), row);
            }
            Write::Remove(key) => self.remove(key),
            Write::Remember(mut past) => {
                self.remembered += 1;
                past.number = self.remembered;
                self.history.insert(past.number, past);
            }
            Write::Quarantine(quarantined) => {
                let same = |known: &Quarantined| {
                    let record = known.id.is_some() && known.id == quarantined.id && known.collection == quarantined.collection;
                    record || known.raw == quarantined.raw
                };
                self.quarantine.retain(|known| !same(known));
                self.quarantine.push(quarantined);
            }
            Write::Release(key) => self.quarantine.retain(|quarantined| !is_of(quarantined, key)),
            Write::ReleaseRev(rev) => {
                self.quarantine.retain(|quarantined| quarantined.id.is_some() || quarantined.stored.is_none_or(|stored| stored.rev != rev));
            }
        }
    }

    fn quarantine_digest(&self) -> Option<Digest> {
        let newest = self.quarantine.iter().filter(|change| change.seen == self.meta.resyncs);
        let replaced = |change: &Quarantined| self.rows.values().find(|row| is_of(change, row.key()));
        quarantine_digest(newest.map(|change| (change, replaced(change).and_then(Row::known_rev))))
    }

    fn remove(&mut self, key: Key) {
        if let Some(row) = self.rows.remove(&key) {
            self.pending.remove(&queue(&row));
        }
    }
}

fn queue(row: &Row) -> (usize, u64, Uuid) {
    (row.collection.place(), row.op.seq, row.record.id)
}

fn is_of(quarantined: &Quarantined, key: Key) -> bool {
    quarantined.id == Some(key.id) && quarantined.collection.as_deref() == Some(key.collection.path)
}

impl Store for MemoryStore {
    fn update(&mut self, select: &Select, plan: &mut Plan<'_>) -> Result<(), StoreError> {
        let mut loaded = Loaded { meta: self.meta.clone(), entries: self.load(select) };
        if let Ok(writes) = plan(&mut loaded) {
            self.meta = loaded.meta;
            self.meta.version += 1;
            writes.into_iter().for_each(|write| self.write(write));
        }
        Ok(())
    }

    fn meta(&mut self) -> Result<Meta, StoreError> {
        Ok(self.meta.clone())
    }

    fn pending(&mut self, edits: Edits, limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.pending.values().filter_map(|key| self.rows.get(key));
        let is_asked = |row: &&Row| match edits {
            Edits::All => true,
            Edits::Known => row.record.deleted || row.base_rev.is_some(),
            Edits::Deletions => row.record.deleted,
        };
        Ok(rows.filter(is_asked).take(limit).cloned().collect())
    }

    fn get(&mut self, key: Key) -> Result<Option<Row>, StoreError> {
        Ok(self.rows.get(&key).cloned())
    }

    fn snapshot(&mut self, job: &mut dyn FnMut(&mut dyn Store) -> Result<(), StoreError>) -> Result<(), StoreError> {
        job(self)
    }

    fn visit(
        &mut self,
        collection: &'static Collection,
        query: &Query,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let index = index_of(collection, query)?;
        let from = Key { collection, id: Uuid::nil() };
        let rows = self.rows.range(from..).map(|(_, row)| row).take_while(|row| row.collection.path == collection.path);
        let mut entries: Vec<(Vec<Value>, &Row)> = Vec::new();
        for row in rows.filter(|row| !row.record.deleted) {
            match index {
                None => entries.push((Vec::new(), row)),
                Some(index) => entries.extend(index_entries(index.members, index.multi, row).into_iter().map(|entry| (entry, row))),
            }
        }
        entries.retain(|(entry, _)| selects(query, entry));
        entries.sort_by(|(left, one), (right, other)| {
            let by_entry = left.iter().zip(right).map(|(left, right)| order(left, right)).find(|found| found.is_ne());
            by_entry.unwrap_or(std::cmp::Ordering::Equal).then(one.record.id.cmp(&other.record.id))
        });
        if query.descending {
            entries.reverse();
        }
        let rows = entries.into_iter().map(|(_, row)| row.clone()).skip(query.offset);
        _ = rows.take(query.limit.unwrap_or(usize::MAX)).try_for_each(visit);
        Ok(())
    }

    fn live(&mut self) -> Result<u64, StoreError> {
        Ok(self.rows.values().filter(|row| !row.record.deleted).count() as u64)
    }

    fn counts(&mut self) -> Result<Counts, StoreError> {
        let undecided = self.meta.resync.as_ref().is_some_and(|resync| resync.is_undecided());
        let pending = || self.rows.values().filter(|row| matches!(row.state, RowState::Pending(_)));
        let sweep = self.meta.sweep().filter(|_| undecided);
        let is_swept = |row: &&Row| sweep.is_some_and(|sweep| !sweep.keeps(row.seen, row.base_rev, row.op.device));
        let dooms = |row: &&Row| row.state == RowState::Clean && !row.record.deleted && is_swept(row);
        Ok(Counts {
            live: if undecided { self.rows.values().filter(|row| !row.record.deleted).count() as u64 } else { 0 },
            pending: pending().count() as u64,
            pending_since: pending().filter_map(|row| row.unacknowledged().map(|pending| pending.since)).min(),
            blocked: self.rows.values().filter(|row| matches!(row.state, RowState::Blocked(..))).count() as u64,
            quarantined: self.quarantine.len() as u64,
            unseen: self.rows.values().filter(dooms).count() as u64,
            quarantine_digest: self.quarantine_digest(),
        })
    }

    fn blocked(&mut self) -> Result<Vec<Row>, StoreError> {
        Ok(self.rows.values().filter(|row| matches!(row.state, RowState::Blocked(..))).cloned().collect())
    }

    fn history(&mut self, limit: usize) -> Result<Vec<PastVersion>, StoreError> {
        Ok(self.history.values().rev().take(limit).cloned().collect())
    }

    fn past(&mut self, number: i64) -> Result<Option<PastVersion>, StoreError> {
        Ok(self.history.get(&number).cloned())
    }

    fn quarantined(&mut self) -> Result<Vec<Quarantined>, StoreError> {
        Ok(self.quarantine.clone())
    }
}

/// The entries of a record in an index. There are none if a member is missing.
fn index_entries(members: &[&str], multi: bool, row: &Row) -> Vec<Vec<Value>> {
    let Ok(tape) = parse(row.record.text.as_bytes()) else { return Vec::new() };
    let values: Option<Vec<Value>> =
        members.iter().map(|member| tape.root().get(member).map(Json::to_value).filter(|value| !value.is_null())).collect();
    match values {
        Some(values) if multi => match values.into_iter().next() {
            Some(Value::Array(items)) => items.into_iter().map(|item| vec![item]).collect(),
            _ => Vec::new(),
        },
        Some(values) => vec![values],
        None => Vec::new(),
    }
}

fn selects(query: &Query, entry: &[Value]) -> bool {
    let equal = query.equal.iter().zip(entry).all(|(wanted, value)| order(wanted, value).is_eq());
    let next = entry.get(query.equal.len());
    let from = query.from.as_ref().is_none_or(|from| next.is_some_and(|value| order(value, from).is_ge()));
    let until = query.until.as_ref().is_none_or(|until| next.is_some_and(|value| order(value, until).is_lt()));
    equal && from && until
}
