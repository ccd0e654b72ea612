//! What comes from the server: plans that merge a page into the rows of this device, and the full resync (R3, R6, R11, R16).

use crate::clock::ClockAndRng;
use uuid::Uuid;

use crate::api::collection::{Collection, deterministic_id};
use crate::api::registry;
use crate::api::runtime::schema::parse;
use crate::merge::{Verdict, decide};
use crate::outbox::{is_a_clone_s, past};
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
pub fn page(loaded: &mut Loaded, page: &Page, clock: &ClockAndRng<'_>) -> (Vec<Write>, Pulled) {
    let now = clock.now_ms;
    let mut pulled = Pulled::default();
    let mut writes = Vec::with_capacity(page.changes.len());
    loaded.meta.clock.learn(now, page.server_time);
    let mut rows = loaded.rows.iter().zip(&loaded.quarantined);
    for change in &page.changes {
        let (row, quarantined) = if key(change).is_some() {
            rows.next().map_or((None, false), |(row, quarantined)| (row.as_ref(), *quarantined))
        } else {
            (None, false)
        };
        let op = change.as_ref().map_or_else(|unreadable| unreadable.op, |change| Some(change.op));
        pulled.cloned |= op.is_some_and(|op| is_a_clone_s(op, row, &loaded.meta));
        pulled.applied += 1;
        match change {
            Ok(change) => writes.extend(pulled_change(row, change, quarantined, &loaded.meta, now)),
            Err(_) if !rules::on(Rule::Quarantine) => {}
            Err(unreadable) => writes.extend(unreadable_change(row, unreadable, &loaded.meta, now)),
        }
    }
    move_cursor(&mut loaded.meta, page, now);
    (writes, pulled)
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

fn pulled_change(row: Option<&Row>, change: &Change, quarantined: bool, meta: &Meta, now: i64) -> Vec<Write> {
    let resync = meta.resync.as_ref();
    let seen = resync.map_or_else(|| row.map_or(0, |row| row.seen), |resync| resync.number);
    let Some(row) = row else { return adopt(None, change, quarantined, seen, now) };
    let lost = resync.is_some_and(|resync| resync.is_lost(row.base_rev));
    match &row.state {
        // A version that the server has lost is judged like an edit of what the server went back to.
        RowState::Clean if lost => {
            let pending = Pending { since: now, lost: true };
            merge(&Row { state: RowState::Pending(pending), ..row.clone() }, None, change, quarantined, seen, now)
        }
        RowState::Clean if row.base_rev >= Some(change.rev) && resync.is_none_or(|resync| resync.restored_rev.is_none()) => {
            if row.seen == seen { Vec::new() } else { vec![Write::Put(Row { seen, ..row.clone() })] }
        }
        RowState::Clean => adopt(Some(row), change, quarantined, seen, now),
        RowState::Pending(_) | RowState::Blocked(..) => merge(row, row.base_rev.filter(|_| !lost), change, quarantined, seen, now),
    }
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
    let remembered = row.zip(why).map(|(row, why)| Write::Remember(past(row, why, change.op, now)));
    let released = quarantined.then(|| Write::Release(adopted.key()));
    remembered.into_iter().chain(released).chain([Write::Put(adopted)]).collect()
}

/// Merges the server's version into a row with an edit that the server has not acknowledged: what the server will decide when that edit
/// is pushed, decided now (R8).
pub fn merge(row: &Row, base_rev: Option<u64>, change: &Change, quarantined: bool, seen: u64, now: i64) -> Vec<Write> {
    match decide(Some(change.stored()), row.version(), base_rev) {
        Verdict::Duplicate | Verdict::Superseded => adopt(Some(row), change, quarantined, seen, now),
        // Another device has shipped the same: there is no edit of a user to push.
        Verdict::Accepted { .. } if row.record.is_as_shipped() => adopt(Some(row), change, quarantined, seen, now),
        Verdict::Accepted { .. } => {
            let beaten = base_rev != Some(change.rev) && change.op.device != row.op.device && !change.record.is_as_shipped();
            let loser = Row { record: change.record.clone(), op: change.op, ..row.clone() };
            let remembered = beaten.then(|| Write::Remember(past(&loser, Past::Lost, row.op, now)));
            let released = quarantined.then(|| Write::Release(row.key()));
            let rebased = Write::Put(Row { base_rev: Some(change.rev), seen, ..row.clone() });
            remembered.into_iter().chain(released).chain([rebased]).collect()
        }
    }
}

/// Quarantines a change that cannot be read. What is known of its version still decides about an edit of the same record.
fn unreadable_change(row: Option<&Row>, unreadable: &Unreadable, meta: &Meta, now: i64) -> Vec<Write> {
    let set_aside = Write::Quarantine(quarantined(unreadable, now));
    let seen = meta.resync.as_ref().map(|resync| resync.number);
    let Some(row) = row else { return vec![set_aside] };
    let row = Row { seen: seen.unwrap_or(row.seen), ..row.clone() };
    let lost = meta.resync.as_ref().is_some_and(|resync| resync.is_lost(row.base_rev));
    if row.unacknowledged().is_none() && !lost {
        return vec![set_aside, Write::Put(row)];
    }
    let base_rev = row.base_rev.filter(|_| !lost);
    match unreadable.stored.map(|stored| (stored, decide(Some(stored), row.version(), base_rev))) {
        Some((stored, Verdict::Accepted { .. })) => {
            let pending = row.unacknowledged().unwrap_or(Pending { since: now, lost: true });
            vec![Write::Put(Row { base_rev: Some(stored.rev), state: RowState::Pending(pending), ..row })]
        }
        Some((stored, Verdict::Superseded)) => {
            vec![Write::Remember(past(&row, Past::Lost, stored.version.op, now)), Write::Remove(row.key()), set_aside]
        }
        Some((_, Verdict::Duplicate)) | None => vec![set_aside, Write::Put(row)],
    }
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
pub fn released(loaded: &Loaded, change: &Change, now: i64) -> Vec<Write> {
    let row = loaded.rows.first().and_then(Option::as_ref);
    let newer = row.is_some_and(|row| row.base_rev > Some(change.rev));
    let mut writes = vec![Write::ReleaseRev(change.rev), Write::Release(Key { collection: change.collection, id: change.record.id })];
    if !newer {
        writes.extend(pulled_change(row, change, false, &loaded.meta, now));
    }
    writes
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
            let state = RowState::Pending(Pending { since: now, lost: true });
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
