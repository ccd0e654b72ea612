//! The in-memory store for simulations and tests: many users, with the backups, restores and purges of the server.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use stronglog_sync::api::collection::Contract;
use stronglog_sync::digest::Digest;
use stronglog_sync::wire::{Change, Feed};
use uuid::Uuid;

use super::{Boundary, Entry, Epoch, Head, Purged, Quota, Records, StoreError, Tombstones, Usage, restored_rev};
use crate::feed;

/// The data of a whole server.
///
/// A restore takes the data of a backup and begins a new epoch, as on the real server.
#[derive(Clone, Debug)]
pub struct Memory {
    epoch: String,
    users: BTreeMap<Uuid, User>,
    is_replica: bool,
    /// The quota of each user.
    quota: Quota,
}

#[derive(Clone, Debug, Default)]
struct User {
    rev: u64,
    purge_watermark: u64,
    server_updated_at: i64,
    usage: Usage,
    digest: Option<Digest>,
    entries: BTreeMap<Uuid, Entry>,
    by_rev: BTreeMap<u64, Uuid>,
    epochs: Vec<Epoch>,
    /// The checksum of the history at the end of each push.
    boundaries: BTreeMap<u64, u64>,
    /// The user's revision in each backup that may still be restored.
    backups: Vec<u64>,
}

/// A backup of a [`Memory`].
#[derive(Clone, Debug)]
pub struct Backup(Memory);

impl Memory {
    /// Creates an empty store in the epoch with this name.
    pub fn new(epoch: impl Into<String>) -> Self {
        Memory { epoch: epoch.into(), users: BTreeMap::new(), is_replica: false, quota: Quota::default() }
    }

    /// The records of a user, who is created if missing.
    pub fn user(&mut self, id: Uuid) -> UserRecords<'_> {
        let first = Epoch { name: self.epoch.clone(), parent: None, rev: 0 };
        let user = self.users.entry(id).or_insert_with(|| User { epochs: vec![first], ..User::default() });
        UserRecords { epoch: &self.epoch, user, is_replica: self.is_replica, quota: self.quota }
    }

    /// Sets the quota of each user.
    pub fn set_quota(&mut self, quota: Quota) {
        self.quota = quota;
    }

    /// The name of the current epoch.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// A read replica with the current data, while the original continues.
    pub fn replica(&self) -> Memory {
        Memory { is_replica: true, ..self.clone() }
    }

    /// Makes a backup. Until [`Memory::forget_backups`], only tombstones that the backup contains are purged.
    pub fn back_up(&mut self) -> Backup {
        for user in self.users.values_mut() {
            user.backups.push(user.rev);
        }
        Backup(self.clone())
    }

    /// Declares that no existing backup will be restored.
    pub fn forget_backups(&mut self) {
        self.users.values_mut().for_each(|user| user.backups.clear());
    }

    /// Restores a backup in a new epoch with this name. Keeps the records of earlier restores in the current data.
    pub fn restore(&mut self, backup: &Backup, epoch: impl Into<String>) {
        let Backup(Memory { epoch: parent, mut users, .. }) = backup.clone();
        let name = epoch.into();
        for (id, user) in &mut users {
            let known = self.users.get(id).map(|user| user.epochs.clone()).unwrap_or_default();
            let new: Vec<Epoch> = known.into_iter().filter(|epoch| !user.epochs.iter().any(|have| have.name == epoch.name)).collect();
            user.epochs.extend(new);
            user.epochs.push(Epoch { name: name.clone(), parent: Some(parent.clone()), rev: user.rev });
        }
        *self = Memory { epoch: name, users, is_replica: false, quota: self.quota };
    }

    /// Purges the tombstones of all users that were accepted before a time. Returns the number of purged tombstones.
    ///
    /// # Errors
    /// Never returns an error; the signature matches stores on disk, which may fail.
    pub fn purge(&mut self, before_ms: i64) -> Result<u64, StoreError> {
        let mut count = 0;
        for user in self.users.values_mut() {
            let covered = user.backups.iter().copied().min();
            count += feed::purge(&mut UserRecords { epoch: &self.epoch, user, is_replica: false, quota: self.quota }, before_ms, covered)?;
        }
        Ok(count)
    }
}

/// One user's records in a [`Memory`].
pub struct UserRecords<'m> {
    epoch: &'m str,
    user: &'m mut User,
    is_replica: bool,
    quota: Quota,
}

impl UserRecords<'_> {
    /// All entries of the user in order of id, for tests to compare.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.user.entries.values()
    }

    /// Removes a record or a tombstone, as somebody might in a database, and corrects the digest and the usage, as the server does when it
    /// checks them.
    pub fn remove(&mut self, id: Uuid) {
        let Some(removed) = self.user.entries.remove(&id) else { return };
        self.user.by_rev.remove(&removed.change.rev);
        let live = || self.user.entries.values().map(|entry| &entry.change).filter(|change| !change.record.deleted);
        let add = |sum: Digest, change: &Change| sum.with(Digest::of(change.collection.path, change.record.id, change.rev));
        let none = Usage::default();
        self.user.digest = Some(live().fold(Digest::default(), add));
        self.user.usage = self.user.entries.values().fold(none, |usage, entry| usage.replaced(None, &entry.change.record));
    }
}

impl Records for UserRecords<'_> {
    fn head(&self) -> Result<Head, StoreError> {
        let User { rev, purge_watermark, server_updated_at, usage, digest, .. } = *self.user;
        Ok(Head { rev, purge_watermark, server_updated_at, epoch: self.epoch.to_owned(), usage, quota: self.quota, digest })
    }

    fn advance(&mut self, to: Boundary, server_updated_at: i64, usage: Usage, digest: Option<Digest>) -> Result<(), StoreError> {
        (self.user.rev, self.user.server_updated_at, self.user.usage) = (to.rev, server_updated_at, usage);
        self.user.digest = digest;
        self.user.boundaries.insert(to.rev, to.check);
        Ok(())
    }

    fn boundary(&self, rev_max: u64) -> Result<Boundary, StoreError> {
        let newest = self.user.boundaries.range(..=rev_max).next_back();
        Ok(newest.map_or(Boundary::default(), |(rev, check)| Boundary { rev: *rev, check: *check }))
    }

    fn may_lag(&self) -> bool {
        self.is_replica
    }

    fn restored_rev(&self, epoch: &str) -> Result<u64, StoreError> {
        Ok(restored_rev(&self.user.epochs, epoch, self.epoch))
    }

    fn find(&self, _: &'static Contract, id: Uuid) -> Result<Option<Entry>, StoreError> {
        Ok(self.user.entries.get(&id).cloned())
    }

    fn put(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let id = entry.change.record.id;
        if let Some(before) = self.user.entries.insert(id, entry.clone()) {
            self.user.by_rev.remove(&before.change.rev);
        }
        self.user.by_rev.insert(entry.change.rev, id);
        Ok(())
    }

    fn changes(&self, feed: Feed, after: u64, take: &mut dyn FnMut(Change) -> ControlFlow<()>) -> Result<(), StoreError> {
        let later = self.user.by_rev.range((Bound::Excluded(after), Bound::Unbounded));
        for change in later.filter_map(|(_, id)| self.user.entries.get(id)).map(|entry| &entry.change) {
            let wanted = match feed {
                Feed::All(_) => true,
                Feed::One(collection) => change.collection.path == collection.path,
            };
            if wanted && take(change.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Tombstones for UserRecords<'_> {
    fn purge(&mut self, before_ms: i64, rev_max: u64, count_max: usize) -> Result<Purged, StoreError> {
        let old = |entry: &&Entry| entry.change.record.deleted && entry.server_updated_at < before_ms && entry.change.rev <= rev_max;
        let revs: Vec<u64> = self.user.entries.values().filter(old).map(|entry| entry.change.rev).take(count_max).collect();
        for rev in &revs {
            if let Some(id) = self.user.by_rev.remove(rev) {
                self.user.entries.remove(&id);
            }
        }
        self.user.usage.tombstones = self.user.usage.tombstones.saturating_sub(revs.len() as u64);
        Ok(Purged { count: revs.len() as u64, highest_rev: revs.into_iter().max().unwrap_or(0) })
    }

    fn raise_purge_watermark(&mut self, purge_watermark: u64) -> Result<(), StoreError> {
        self.user.purge_watermark = purge_watermark;
        Ok(())
    }
}
