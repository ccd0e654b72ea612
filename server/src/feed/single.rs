//! Single records: reading, writing and deleting by id; and the purge of old tombstones (R10).

use stronglog_sync::api::collection::Collection;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::merge::Op;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::{Change, Edit, Feed, Outcome, Push};
use uuid::Uuid;

use super::{Error, Refusal, check_sound, push};
use crate::store::{Entry, PURGED_AT_ONCE, Records, StoreError, Tombstones};

/// Returns the current version of one record of a collection, or its tombstone.
///
/// # Errors
/// Returns an error if neither exists, or the store fails.
pub fn read(records: &dyn Records, collection: &'static Collection, id: Uuid) -> Result<Change, Error> {
    let change = find(records, collection, id)?.change;
    check_sound(&change)?;
    Ok(change)
}

/// Decides one edit.
///
/// # Errors
/// Returns an error if the store fails.
pub fn put(records: &mut dyn Records, edit: Edit, clock: &mut ClockAndRng<'_>) -> Result<Outcome, Error> {
    let feed = Feed::One(edit.collection);
    let one = Push { edits: vec![Ok(edit)], cursor: None };
    let outcome = push(records, &one, feed, clock)?.outcomes.pop();
    Ok(outcome.ok_or_else(|| StoreError::new("the server did not decide an edit; this is a bug, please report it"))?)
}

/// A deletion from request parameters.
#[derive(Clone, Copy, Debug)]
pub struct Deletion {
    /// The record's id.
    pub id: Uuid,
    /// The deleting op and its stamp. If absent, the server acts as the device.
    pub by: Option<(Op, i64)>,
    /// The revision of the version that the deletion replaces, if the device knows one.
    pub base_rev: Option<u64>,
}

/// Deletes one record of a collection.
///
/// # Errors
/// Returns an error if the record does not exist, or the store fails.
pub fn delete(
    records: &mut dyn Records,
    collection: &'static Collection,
    deletion: Deletion,
    clock: &mut ClockAndRng<'_>,
) -> Result<Outcome, Error> {
    let Entry { change, server_id, server_updated_at } = find(records, collection, deletion.id)?;
    let (op, stamp, base_rev) = match deletion.by {
        Some((op, stamp)) => (op, stamp, deletion.base_rev),
        None if change.record.deleted => {
            let receipt = stronglog_sync::wire::Receipt {
                id: deletion.id,
                op: change.op,
                rev: change.rev,
                server_id,
                server_updated_at,
                stamp: change.record.stamp,
            };
            return Ok(Outcome::Duplicate(receipt));
        }
        // Each such edit gets a new device id, so there is no counter to store, and a restored server cannot repeat one.
        None => {
            let op = Op { id: clock.new_id(), device: clock.new_id(), seq: 1 };
            (op, clock.now_ms.max(change.record.stamp.saturating_add(1)), Some(deletion.base_rev.unwrap_or(change.rev)))
        }
    };
    let record = change.record.tombstone(stamp).map_err(|report| StoreError::new(format!("a stored record is unreadable: {report}")))?;
    put(records, Edit { collection, op, base_rev, record }, clock)
}

/// Purges all tombstones that [`purge_some`] would, in one transaction.
///
/// # Errors
/// Returns an error if the store fails.
pub fn purge(records: &mut dyn Tombstones, before_ms: i64, covered_rev: Option<u64>) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        let purged = purge_some(records, before_ms, covered_rev, PURGED_AT_ONCE)?;
        count += purged;
        if purged < PURGED_AT_ONCE as u64 {
            return Ok(count);
        }
    }
}

/// Purges some of the tombstones that were accepted before `before_ms` and that every backup up to `covered_rev` also contains, and raises the
/// purge watermark (R10). Returns the number of purged tombstones. If they are fewer than `count_max`, none is left.
///
/// A tombstone that a restorable backup does not contain must stay: restoring the backup would bring the record back, and nothing would
/// record that it was deleted.
///
/// # Errors
/// Returns an error if the store fails.
pub fn purge_some(records: &mut dyn Tombstones, before_ms: i64, covered_rev: Option<u64>, count_max: usize) -> Result<u64, StoreError> {
    let rev_max = if rules::on(Rule::PurgeAfterBackup) { covered_rev.unwrap_or(u64::MAX) } else { u64::MAX };
    let purged = records.purge(before_ms, rev_max, count_max)?;
    if purged.count > 0 {
        let purge_watermark = records.head()?.purge_watermark.max(purged.highest_rev);
        records.raise_purge_watermark(purge_watermark)?;
    }
    Ok(purged.count)
}

fn find(records: &dyn Records, collection: &Collection, id: Uuid) -> Result<Entry, Error> {
    let entry = records.find(collection.contract(), id)?.filter(|entry| entry.change.collection.path == collection.path);
    entry.ok_or_else(|| Refusal::NotFound.into())
}
