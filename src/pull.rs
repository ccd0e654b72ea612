//! What comes from the server: plans that merge a page into the rows of this device, and the full resync (R3, R6, R11, R16).

use crate::clock::ClockAndRng;
use uuid::Uuid;

use crate::api::collection::{Collection, deterministic_id};
use crate::api::runtime::schema::parse;
use crate::api::{Report, registry};
use crate::merge::{Verdict, decide};
use crate::outbox::{is_from_clone, remember};
use crate::record::rewrite;
use crate::rules::{self, Rule};
use crate::store::{Key, Loaded, Meta, Past, Pending, Quarantined, Resync, Row, RowState, Write};
use crate::task::Answer;
use crate::wire::{Change, Feed, Page, Unreadable, read_change};

/// The keys of a page's changes, as far as they can be read: what its plan needs loaded.
pub fn keys(page: &Page) -> Vec<Key> {
    page.changes.iter().filter_map(key).collect()
}

fn key(change: &Result<Change, Box<Unreadable>>) -> Option<Key> {
    match change {
        Ok(change) => Some(Key { collection: change.collection, id: change.record.id }),
        Err(unreadable) => {
            let collection = registry::collection(unreadable.collection.as_deref()?)?;
            Some(Key { collection, id: unreadable.id? })
        }
    }
}

/// What a page has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Changes that were taken in.
    pub applied: usize,
    /// Another device uses this device's id.
    pub cloned: bool,
}

/// Takes in one page of the global feed, and moves the cursor with it. `loaded` holds the rows of [`keys`].
///
/// A page that shows that this device's id is in use elsewhere changes nothing: between two edits of one device the count decides (R8), and
/// the count of a copied database means nothing. The device gets another id first, and pulls the page again (R20).
///
/// # Errors
/// A stored record is not JSON.
pub fn page(loaded: &mut Loaded, page: &Page, clock: &ClockAndRng<'_>) -> Result<(Vec<Write>, Pulled), Report> {
    let now = clock.now_ms;
    loaded.meta.clock.learn(now, page.server_time);
    let changes = with_rows(page, loaded);
    let is_clone_s = |(change, row, _): &(&Result<Change, Box<Unreadable>>, Option<&Row>, bool)| {
        let op = change.as_ref().map_or_else(|unreadable| unreadable.op, |change| Some(change.op));
        op.is_some_and(|op| is_from_clone(op, row.map(|row| row.op), &loaded.meta))
    };
    let cloned = changes.iter().any(is_clone_s);
    if cloned && rules::on(Rule::CloneBeforeMerge) {
        return Ok((Vec::new(), Pulled { applied: 0, cloned }));
    }
    let mut writes = Vec::with_capacity(changes.len());
    for (change, row, quarantined) in &changes {
        match change {
            Ok(change) => writes.extend(pulled_change(*row, change, *quarantined, &loaded.meta, now)?),
            Err(_) if !rules::on(Rule::Quarantine) => {}
            Err(unreadable) => writes.extend(unreadable_change(*row, unreadable, &loaded.meta, now)?),
        }
    }
    let pulled = Pulled { applied: changes.len(), cloned };
    move_cursor(&mut loaded.meta, page, now);
    Ok((writes, pulled))
}

/// Each change of a page with the row of its record, and whether a version of that is quarantined.
fn with_rows<'p>(page: &'p Page, loaded: &'p Loaded) -> Vec<(&'p Result<Change, Box<Unreadable>>, Option<&'p Row>, bool)> {
    let mut rows = loaded.rows.iter().zip(&loaded.quarantined);
    let with_row = |change| {
        let found = key(change).and_then(|_| rows.next());
        (change, found.and_then(|(row, _)| row.as_ref()), found.is_some_and(|(_, quarantined)| *quarantined))
    };
    page.changes.iter().map(with_row).collect()
}

fn move_cursor(meta: &mut Meta, page: &Page, now: i64) {
    match &mut meta.resync {
        Some(resync) => {
            resync.cursor = Some(page.next_cursor.clone());
            resync.pulled = !page.has_more;
        }
        None => {
            meta.cursor = Some(page.next_cursor.clone());
            if !page.has_more {
                meta.last_pull_at = Some(now);
            }
        }
    }
}

fn pulled_change(row: Option<&Row>, change: &Change, quarantined: bool, meta: &Meta, now: i64) -> Result<Vec<Write>, Report> {
    let resync = meta.resync.as_ref();
    let seen = resync.map_or_else(|| row.map_or(0, |row| row.seen), |resync| resync.number);
    let Some(row) = row else { return Ok(adopt(None, change, quarantined, seen, now)) };
    let lost = resync.is_some_and(|resync| resync.is_lost(row.base_rev));
    Ok(match &row.state {
        // A version that the server has lost is judged like an edit of what the server went back to.
        RowState::Clean if lost => {
            let pending = Pending { since: now, lost: true, base_stamp: None };
            merge(&Row { state: RowState::Pending(pending), ..row.clone() }, None, change, quarantined, seen, now)?
        }
        RowState::Clean if row.base_rev >= Some(change.rev) && resync.is_none_or(|resync| resync.restored_rev.is_none()) => {
            if row.seen == seen { Vec::new() } else { vec![Write::Put(Row { seen, ..row.clone() })] }
        }
        RowState::Clean => adopt(Some(row), change, quarantined, seen, now),
        RowState::Pending(_) | RowState::Blocked(..) => merge(row, row.base_rev.filter(|_| !lost), change, quarantined, seen, now)?,
    })
}

/// Takes the server's version as the device's own.
pub fn adopt(row: Option<&Row>, change: &Change, quarantined: bool, seen: u64, now: i64) -> Vec<Write> {
    let adopted = Row {
        collection: change.collection,
        record: change.record.clone(),
        op: change.op,
        base_rev: Some(change.rev),
        state: RowState::Clean,
        seen,
    };
    let why = match row {
        Some(row) if row.unacknowledged().is_some() && row.op.id != change.op.id => (!row.record.is_as_shipped()).then_some(Past::Lost),
        Some(row) if !row.record.deleted && change.record.deleted => Some(Past::Deleted),
        _ => None,
    };
    let remembered = row.zip(why).map(|(row, why)| remember(row, why, change.op, now));
    let released = quarantined.then(|| Write::Release(adopted.key()));
    remembered.into_iter().chain(released).chain([Write::Put(adopted)]).collect()
}

/// Merges the server's version into a row with an edit that the server has not acknowledged: what the server will decide when that edit
/// is pushed, decided now (R8).
///
/// # Errors
/// The stored record is not JSON.
pub fn merge(row: &Row, base_rev: Option<u64>, change: &Change, quarantined: bool, seen: u64, now: i64) -> Result<Vec<Write>, Report> {
    Ok(match decide(Some(change.stored()), row.version(), base_rev) {
        Verdict::Duplicate | Verdict::Superseded => adopt(Some(row), change, quarantined, seen, now),
        // Another device has shipped the same: there is no edit of a user to push.
        Verdict::Accepted { .. } if row.record.is_as_shipped() => adopt(Some(row), change, quarantined, seen, now),
        Verdict::Accepted { .. } => {
            let beaten = base_rev != Some(change.rev) && change.op.device != row.op.device && !change.record.is_as_shipped();
            let loser = Row { record: change.record.clone(), op: change.op, ..row.clone() };
            let remembered = beaten.then(|| remember(&loser, Past::Lost, row.op, now));
            let released = quarantined.then(|| Write::Release(row.key()));
            let rebased = Write::Put(Row { seen, ..row.rebased(change.rev, change.record.stamp)? });
            remembered.into_iter().chain(released).chain([rebased]).collect()
        }
    })
}

/// Quarantines a change that cannot be read. What is known of its version still decides about an edit of the same record.
fn unreadable_change(row: Option<&Row>, unreadable: &Unreadable, meta: &Meta, now: i64) -> Result<Vec<Write>, Report> {
    let set_aside = Write::Quarantine(quarantined(unreadable, now));
    let seen = meta.resync.as_ref().map(|resync| resync.number);
    let Some(row) = row else { return Ok(vec![set_aside]) };
    let row = Row { seen: seen.unwrap_or(row.seen), ..row.clone() };
    let lost = meta.resync.as_ref().is_some_and(|resync| resync.is_lost(row.base_rev));
    if row.unacknowledged().is_none() && !lost {
        return Ok(vec![set_aside, Write::Put(row)]);
    }
    let base_rev = row.base_rev.filter(|_| !lost);
    Ok(match unreadable.stored.map(|stored| (stored, decide(Some(stored), row.version(), base_rev))) {
        Some((stored, Verdict::Accepted { .. })) => {
            let pending = row.unacknowledged().unwrap_or(Pending { since: now, lost: true, base_stamp: None });
            let pending = Row { state: RowState::Pending(pending), ..row };
            vec![Write::Put(pending.rebased(stored.rev, stored.version.stamp)?)]
        }
        Some((stored, Verdict::Superseded)) => {
            vec![remember(&row, Past::Lost, stored.version.op, now), Write::Remove(row.key()), set_aside]
        }
        Some((_, Verdict::Duplicate)) | None => vec![set_aside, Write::Put(row)],
    })
}

/// A change as it is set quarantined.
pub fn quarantined(unreadable: &Unreadable, now: i64) -> Quarantined {
    Quarantined {
        collection: unreadable.collection.clone(),
        id: unreadable.id,
        stored: unreadable.stored,
        raw: unreadable.raw.clone(),
        reason: unreadable.report.to_string(),
        at: now,
    }
}

/// A change of one collection's feed as the global feed would have it.
pub fn as_feed_change(collection: &Collection, raw: &str) -> String {
    rewrite(raw, &[("collection", Some(format!("\"{}\"", collection.path)))]).unwrap_or_else(|_| raw.to_owned())
}

/// A change that was quarantined, read by the contract as it is now: the change, or nothing if it still cannot be read.
pub fn reread(raw: &str) -> Option<Change> {
    let tape = parse(raw.as_bytes()).ok()?;
    read_change(tape.root(), Feed::All).ok()
}

/// Takes in a change that was quarantined and can now be read. `loaded` holds its row.
///
/// # Errors
/// A stored record is not JSON.
pub fn released(loaded: &Loaded, change: &Change, now: i64) -> Result<Vec<Write>, Report> {
    let row = loaded.rows.first().and_then(Option::as_ref);
    let newer = row.is_some_and(|row| row.base_rev > Some(change.rev));
    let mut writes = vec![Write::ReleaseRev(change.rev), Write::Release(Key { collection: change.collection, id: change.record.id })];
    if !newer {
        writes.extend(pulled_change(row, change, false, &loaded.meta, now)?);
    }
    Ok(writes)
}

/// Begins to pull everything again: from a server that has lost what is above `restored_rev`, as far as its `epoch` is concerned. The outbox
/// stays; the cursor stays too, until the end.
pub fn begin_resync(meta: &mut Meta, restored_rev: Option<u64>, epoch: Option<String>) {
    let earlier = meta.resync.as_ref();
    // A resync that is interrupted by another restore must still push what the earlier restore lost.
    let lowest = match (earlier.and_then(|resync| resync.restored_rev), restored_rev) {
        (Some(earlier), Some(later)) => Some(earlier.min(later)),
        (earlier, later) => earlier.or(later),
    };
    meta.resyncs += 1;
    meta.resync = Some(Resync { number: meta.resyncs, restored_rev: lowest, epoch, cursor: None, pulled: false, confirmed: false });
}

/// Takes the user's answer to a resync that would delete much. To push everything again is to say that the server has lost everything.
pub fn answer_resync(meta: &mut Meta, answer: Answer) {
    if let Some(resync) = &mut meta.resync {
        resync.confirmed = true;
        if answer == Answer::PushAgain {
            resync.restored_rev = Some(0);
        }
    }
}

/// Deals with rows that the resync has not seen on the server. `loaded` holds some of them.
pub fn sweep(loaded: &mut Loaded, now: i64) -> Vec<Write> {
    let Some(resync) = &mut loaded.meta.resync else { return Vec::new() };
    resync.confirmed = true;
    let seen = resync.number;
    let write = |row: &Row| match &row.state {
        RowState::Clean if resync.is_lost(row.base_rev) => {
            let state = RowState::Pending(Pending { since: now, lost: true, base_stamp: None });
            Write::Put(Row { base_rev: None, state, seen, ..row.clone() })
        }
        RowState::Clean if rules::on(Rule::SweepUnseen) => Write::Remove(row.key()),
        RowState::Clean => Write::Put(Row { seen, ..row.clone() }),
        _ => Write::Put(Row { base_rev: None, seen, ..row.clone() }),
    };
    loaded.rows.iter().flatten().map(write).collect()
}

/// Ends the resync: the cursor is swapped last.
pub fn finish_resync(meta: &mut Meta, now: i64) {
    if let Some(resync) = meta.resync.take() {
        meta.cursor = resync.cursor;
        meta.last_pull_at = Some(now);
    }
}

/// The one id that a record of a singleton collection may have.
pub fn singleton_id(collection: &Collection) -> Option<Uuid> {
    let id = deterministic_id(registry::NAMESPACE, collection.path, collection.singleton?)?;
    Uuid::parse_str(&id).ok()
}
