//! Scenarios about records and tombstones that the server has lost or purged.

use stronglog_server::feed;
use stronglog_server::store::memory::Memory;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::pull;
use stronglog_sync::record::Record;
use stronglog_sync::store::{Loaded, Meta, Row, RowState, Write};
use stronglog_sync::wire::{Change, Edit, Feed, Push};
use uuid::Uuid;

use super::{USER, entry, last_page, loaded, pending_row, plain_record, pull_page, push_one, version};

/// An edit was treated as acknowledged, and a resync finds neither the record nor a tombstone, although the server has all tombstones
/// since.
pub fn an_edit_that_the_server_has_never_had() -> Result<(), String> {
    match swept(None, &[6, 7], false)[..] {
        [false, true] => Ok(()),
        ref sent => Err(format!("of two records, of which only the first can have been deleted elsewhere, these are sent again: {sent:?}")),
    }
}

/// The device has seen all purged deletions, so the old record was not deleted. Its own tombstone was purged as well, and stays away.
pub fn a_record_that_the_server_has_lost_after_a_purge() -> Result<(), String> {
    match (swept(Some(6), &[2], false)[..].first(), swept(Some(5), &[2], false).first(), swept(Some(6), &[2], true).first()) {
        (Some(true), Some(false), Some(false)) => Ok(()),
        sent => Err(format!("the record, one that may have been deleted unseen, and the tombstone are sent again: {sent:?}")),
    }
}

/// Whether a resync sends clean rows with these revisions to the server again, which does not have them. It has purged tombstones up to
/// revision 6, and the device had seen everything up to `seen`.
fn swept(seen: Option<u64>, revs: &[u64], deleted: bool) -> Vec<bool> {
    let collection = CONTRACT.collections.iter().copied().find(|known| known.singleton.is_none()).expect("a collection");
    // Another device has made the records.
    let (op, cursor) = (version(1, 1, 0).op, seen.map(|rev| format!("v1.all.e1.{rev}")));
    let mut meta = Meta { cursor, names_account: true, ..Meta::default() };
    pull::begin_resync(&mut meta, None, Some("v1.all.e1_6.0".to_owned()));
    let record = Record { deleted, ..plain_record(50) };
    let row = |rev| Row { collection, record: record.clone(), op, base_rev: Some(rev), state: RowState::Clean, seen: 0 };
    let mut loaded = Loaded { meta, entries: revs.iter().map(|rev| entry(row(*rev))).collect() };
    let writes = pull::sweep(&mut loaded, 100);
    let swept = writes.iter().filter(|write| !matches!(write, Write::Remember(_)));
    swept.map(|write| matches!(write, Write::Put(row) if row.unacknowledged().is_some())).collect()
}

/// The server was restored to revision 5, and has an earlier version of the record. The maker of the lost version is gone.
pub fn a_version_that_a_restored_server_has_lost() -> Result<(), String> {
    let lost = Row { state: RowState::Clean, ..pending_row(version(2, 2, 60).op, 60, Some(7)) };
    let earlier = Change { collection: CONTRACT.collections[0], rev: 4, op: version(2, 1, 50).op, record: plain_record(50), lost: None };
    let (op, mut loaded) = (lost.op, loaded(1, 1, lost));
    pull::begin_resync(&mut loaded.meta, Some(5), Some("v1.all.e2.0".to_owned()));
    let clock = ClockAndRng { now_ms: 100, random: &mut || 1 };
    let (writes, _) = pull::page(&mut loaded, &last_page(vec![Ok(earlier)], 5, 100), &clock).map_err(|report| report.to_string())?;
    let is_sent = |write: &Write| matches!(write, Write::Put(row) if row.op == op && row.unacknowledged().is_some());
    if writes.iter().any(is_sent) { Ok(()) } else { Err("the version is gone".to_owned()) }
}

/// The server has forgotten a deletion, and a device that was away longer sends the record again.
pub fn an_older_version_that_creates_a_record_again() -> Result<(), String> {
    let tombstone = plain_record(50).acknowledged(Uuid::from_u128(1), 60, 50).and_then(|record| record.tombstone(51));
    let again = plain_record(40).acknowledged(Uuid::from_u128(2), 60, 40);
    let [record, again] = [tombstone, again].map(|record| record.map_err(|report| report.to_string()));
    let (op, theirs) = (version(1, 1, 51).op, version(2, 1, 40).op);
    let change = Change { collection: CONTRACT.collections[0], rev: 9, op: theirs, record: again?, lost: None };
    let row = Row { state: RowState::Clean, record: record?, ..pending_row(op, 51, Some(3)) };
    let page = last_page(vec![Ok(change)], 9, 100);
    let (mut loaded, clock) = (loaded(1, 1, row), ClockAndRng { now_ms: 100, random: &mut || 1 });
    let (writes, _) = pull::page(&mut loaded, &page, &clock).map_err(|report| report.to_string())?;
    let is_sent =
        |write: &Write| matches!(write, Write::Put(row) if row.op == op && row.base_rev == Some(9) && row.unacknowledged().is_some());
    if writes.iter().any(is_sent) { Ok(()) } else { Err("the deletion is gone".to_owned()) }
}

/// While a device is away, a record is deleted, and its tombstone is purged.
pub fn a_cursor_from_before_a_purge() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    push_one(&mut memory, 1, 1, None)?;
    let first = pull_page(&mut memory, None).map_err(|error| error.to_string())?;
    let Some(Ok(change)) = first.changes.into_iter().next() else { return Err("the record is not there".to_owned()) };
    let record = change.record.tombstone(60).map_err(|report| report.to_string())?;
    let edit = Edit { collection: change.collection, op: version(1, 2, 0).op, base_rev: Some(change.rev), record };
    let push = Push { edits: vec![Ok(edit)], cursor: None };
    let mut clock = ClockAndRng { now_ms: 100, random: &mut || 2 };
    feed::push(&mut memory.user(USER), &push, Feed::All(&CONTRACT), &mut clock).map_err(|error| error.to_string())?;
    memory.purge(10_000).map_err(|error| error.to_string())?;
    match pull_page(&mut memory, Some(&first.next_cursor)) {
        Err(feed::Error::Refused(feed::Refusal::CursorExpired { .. })) => Ok(()),
        _ => Err("the device never learns of the deletion".to_owned()),
    }
}

pub fn a_tombstone_that_a_backup_lacks_stays() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    let user = Uuid::from_u128(3);
    let collection = CONTRACT.collections.iter().copied().find(|known| known.singleton.is_none()).expect("a collection");
    let live = plain_record(50);
    let push = |memory: &mut Memory, record: Record, seq: u64| {
        let edit = Edit { collection, op: version(1, seq, 0).op, base_rev: None, record };
        let push = Push { edits: vec![Ok(edit)], cursor: None };
        let mut clock = ClockAndRng { now_ms: 100, random: &mut || seq };
        feed::push(&mut memory.user(user), &push, Feed::All(&CONTRACT), &mut clock).map_err(|error| error.to_string())
    };
    push(&mut memory, live.clone(), 1)?;
    memory.back_up();
    push(&mut memory, live.tombstone(60).map_err(|report| report.to_string())?, 2)?;
    match memory.purge(10_000).map_err(|error| error.to_string())? {
        0 => Ok(()),
        purged => Err(format!("{purged} tombstone is gone, and the backup would bring its record back")),
    }
}
