//! Pulling: functions that merge a page into the device's rows, and the full resync (R3, R6, R11, R16).

use crate::clock::{ClockAndRng, Learned};
use uuid::Uuid;

use crate::api::Report;
use crate::api::collection::{Collection, Contract};
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::cursor::Cursor;
use crate::digest::{Comparison, Difference, DifferenceState, Digest};
use crate::merge::{Op, Resolution, decide};
use crate::record::{Record, rewrite, uuid};
use crate::rules::{self, Rule};
use crate::store::{Entry, Key, Loaded, Meta, Past, PastVersion, Pending, Quarantined, Resync, Row, RowState, Sweep, Write};
use crate::wire::{Change, Feed, Page, Unreadable, read_change};

/// The keys of a page's changes that are readable: the rows that the plan for the page needs.
pub fn keys(page: &Page) -> Vec<Key> {
    page.changes.iter().filter_map(key).collect()
}

fn key(change: &Result<Change, Box<Unreadable>>) -> Option<Key> {
    match change {
        Ok(change) => Some(Key { collection: change.collection, id: change.record.id }),
        Err(unreadable) => unreadable.key(),
    }
}

/// The result of processing a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// The number of changes on the page.
    pub received: usize,
    /// Whether another device uses this device's id.
    pub cloned: bool,
    /// What the page has reported about the server's time. If it is not [`Learned::Nothing`], nothing was merged.
    pub learned: Learned,
    /// The server's digest, if the device has now seen everything and can compare (R27).
    pub digest: Option<Digest>,
}

/// Applies one page of the global feed, and moves the cursor. `loaded` holds the rows of [`keys`].
///
/// If the page shows that another device uses this device's id, nothing changes. Two edits of one device are ordered by sequence number
/// (R8), which is meaningless for a copied database. The device first gets a new id and then pulls the page again (R20). The same applies
/// while a device learns that its clock is wrong, because the stamps of its edits decide who wins (R9).
///
/// # Errors
/// Returns an error if a stored record is not JSON.
pub fn page(loaded: &mut Loaded, page: &Page, clock: &ClockAndRng<'_>) -> Result<(Vec<Write>, Pulled), Report> {
    let now = clock.now_ms;
    let learned = loaded.meta.clock.learn(now, page.server_time);
    loaded.meta.names_account |= page.names_account;
    let changes = with_entries(page, &loaded.entries);
    let is_cloned = |(change, entry): &(&Result<Change, Box<Unreadable>>, &Entry)| {
        let op = change.as_ref().map_or_else(|unreadable| unreadable.op, |change| Some(change.op));
        op.is_some_and(|op| is_from_clone(op, entry.row.as_ref().map(|row| row.op), &loaded.meta))
    };
    let cloned = changes.iter().any(is_cloned);
    if cloned && rules::on(Rule::CloneBeforeMerge) || learned != Learned::Nothing {
        return Ok((Vec::new(), Pulled { received: 0, cloned, learned, digest: None }));
    }
    let mut writes = Vec::with_capacity(changes.len());
    for (change, entry) in &changes {
        let row = entry.row.as_ref();
        let planned = match change {
            Ok(change) => pulled_change(entry, change, &loaded.meta, now)?,
            Err(_) if !rules::on(Rule::Quarantine) => continue,
            Err(unreadable) => unreadable_change(row, unreadable, &loaded.meta, now)?,
        };
        loaded.meta.follow(row, &planned);
        writes.extend(planned);
    }
    let received = changes.len();
    move_cursor(&mut loaded.meta, page, now);
    let digest = page.digest.filter(|_| loaded.meta.resync.is_none() && !page.has_more);
    let pulled = Pulled { received, cloned, learned, digest };
    Ok((writes, pulled))
}

/// The changes of a page with what the device holds under their keys. A change without a readable key has no entry.
fn with_entries<'p>(page: &'p Page, entries: &'p [Entry]) -> Vec<(&'p Result<Change, Box<Unreadable>>, &'p Entry)> {
    let mut entries = entries.iter();
    page.changes.iter().map(|change| (change, key(change).and_then(|_| entries.next()).unwrap_or(&Entry::NONE))).collect()
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

/// The circumstances in which a version of the server arrives.
#[derive(Clone, Copy)]
pub struct Arrival {
    /// The resync that its row counts as seen by.
    pub seen: u64,
    /// Whether another version of the record is quarantined.
    pub is_quarantined: bool,
    /// The device's time, in milliseconds since the Unix epoch.
    pub now: i64,
}

fn pulled_change(entry: &Entry, change: &Change, meta: &Meta, now: i64) -> Result<Vec<Write>, Report> {
    let (resync, row) = (meta.resync.as_ref(), entry.row.as_ref());
    let seen = resync.map_or_else(|| row.map_or(0, |row| row.seen), |resync| resync.number);
    let arrival = Arrival { seen, is_quarantined: entry.is_quarantined, now };
    let Some(row) = row else { return Ok(adopt(None, change, arrival)) };
    let lost = resync.is_some_and(|resync| resync.is_lost(row.seen, row.base_rev))
        || is_unknown_edit(row, change, meta)
        || is_beaten_recreation(row, change);
    Ok(match &row.state {
        // A version that the server has lost is resolved like an edit of the version that the server was restored to.
        RowState::Clean if lost => {
            let pending = Pending { since: now, lost: true, base_stamp: None, known_rev: None };
            merge(&Row { state: RowState::Pending(pending), ..row.clone() }, None, change, arrival)?
        }
        RowState::Clean if row.base_rev >= Some(change.rev) && resync.is_none_or(|resync| resync.restored_rev.is_none()) => {
            if row.seen == seen { Vec::new() } else { vec![Write::Put(Row { seen, ..row.clone() })] }
        }
        RowState::Clean => adopt(Some(row), change, arrival),
        RowState::Pending(_) | RowState::Blocked(..) => merge(row, row.base_rev.filter(|_| !lost), change, arrival)?,
    })
}

/// Whether a resync shows that the server lacks an edit of this device that it seemed to acknowledge: it has an earlier version, or has the
/// edit at another revision.
fn is_unknown_edit(row: &Row, change: &Change, meta: &Meta) -> bool {
    let is_own = meta.resync.is_some() && row.op.device == meta.device && rules::on(Rule::OnlyDeletedAreSwept);
    let is_same = row.op == change.op && row.base_rev == Some(change.rev);
    is_own && row.state == RowState::Clean && !is_same && row.base_rev >= Some(change.rev)
}

/// Whether the server has created the record again from a version that is not newer than the device's. It had forgotten the record, or its
/// deletion, and another device has sent an older version. The device's version is resolved against it like an edit.
fn is_beaten_recreation(row: &Row, change: &Change) -> bool {
    let is_older = row.record.stamp >= change.record.stamp && row.op.id != change.op.id;
    is_older && rules::on(Rule::RecreationsAreResolved) && is_recreated(&row.record, &change.record)
}

/// Replaces the device's version with the server's.
pub fn adopt(row: Option<&Row>, change: &Change, arrival: Arrival) -> Vec<Write> {
    let adopted = clean(change, arrival.seen);
    let why = match row {
        Some(row) if row.unacknowledged().is_some() && row.op.id != change.op.id => (!row.record.is_as_shipped()).then_some(Past::Lost),
        Some(row) if lost_unseen(row, change) => (!row.record.is_as_shipped()).then_some(Past::Lost),
        Some(row) if !row.record.deleted && change.record.deleted => Some(Past::Deleted),
        _ => None,
    };
    let remembered = row.zip(why).map(|(row, why)| remember(row, why, change.op, arrival.now));
    let released = arrival.is_quarantined.then(|| Write::Release(adopted.key()));
    remembered.into_iter().chain(released).chain([Write::Put(adopted)]).collect()
}

/// The row of the server's version.
pub fn clean(change: &Change, seen: u64) -> Row {
    Row {
        collection: change.collection,
        record: change.record.clone(),
        op: change.op,
        base_rev: Some(change.rev),
        state: RowState::Clean,
        seen,
    }
}

/// Whether the device's version lost against a version whose device had not seen it (R23). A record with another server id was deleted,
/// forgotten by the server and created again, so the server knows nothing about earlier losses.
fn lost_unseen(row: &Row, change: &Change) -> bool {
    let is_beaten = row.base_rev.is_some_and(|rev| change.lost_against(rev));
    rules::on(Rule::LosersAreKept) && row.op.id != change.op.id && (is_beaten || is_recreated(&row.record, &change.record))
}

fn is_recreated(before: &Record, after: &Record) -> bool {
    let (Ok(before), Ok(after)) = (parse(before.text.as_bytes()), parse(after.text.as_bytes())) else { return false };
    let id = |record: Json<'_>| uuid(record.get("serverId")).filter(|_| rules::on(Rule::RecreationIsKept));
    id(before.root()).zip(id(after.root())).is_some_and(|(before, after)| before != after)
}

/// Resolves the server's version against a row with an unacknowledged edit, as the server will when the edit is pushed (R8).
///
/// # Errors
/// Returns an error if the stored record is not JSON.
pub fn merge(row: &Row, base_rev: Option<u64>, change: &Change, arrival: Arrival) -> Result<Vec<Write>, Report> {
    Ok(match decide(Some(change.stored()), row.version(), base_rev) {
        Resolution::Duplicate | Resolution::Superseded => adopt(Some(row), change, arrival),
        // Both are default records that ship with the app; there is no user's edit to push.
        Resolution::Accepted { .. } if row.record.is_as_shipped() => adopt(Some(row), change, arrival),
        Resolution::Accepted { .. } => {
            let beaten = base_rev != Some(change.rev) && change.op.device != row.op.device && !change.record.is_as_shipped();
            let loser = Row { record: change.record.clone(), op: change.op, ..row.clone() };
            let remembered = beaten.then(|| remember(&loser, Past::Lost, row.op, arrival.now));
            let released = arrival.is_quarantined.then(|| Write::Release(row.key()));
            let rebased = Write::Put(Row { seen: arrival.seen, ..row.rebased(change.rev, change.record.stamp, change.record.deleted)? });
            remembered.into_iter().chain(released).chain([rebased]).collect()
        }
    })
}

/// Quarantines an unreadable change. If its version is readable, an edit of the same record is still resolved against it.
fn unreadable_change(row: Option<&Row>, unreadable: &Unreadable, meta: &Meta, now: i64) -> Result<Vec<Write>, Report> {
    let quarantine = Write::Quarantine(quarantined(unreadable, meta.resyncs, now));
    let seen = meta.resync.as_ref().map(|resync| resync.number);
    let Some(row) = row else { return Ok(vec![quarantine]) };
    let lost = meta.resync.as_ref().is_some_and(|resync| resync.is_lost(row.seen, row.base_rev));
    let row = Row { seen: seen.unwrap_or(row.seen), ..row.clone() };
    if row.unacknowledged().is_none() && !lost {
        return Ok(vec![quarantine, Write::Put(row)]);
    }
    let base_rev = row.base_rev.filter(|_| !lost);
    Ok(match unreadable.stored.map(|stored| (stored, decide(Some(stored), row.version(), base_rev))) {
        Some((stored, Resolution::Accepted { .. })) => {
            let pending = row.unacknowledged().unwrap_or(Pending { since: now, lost: true, base_stamp: None, known_rev: None });
            let loser = loser_of(&row, unreadable, stored.version.op);
            let remembered = loser.map(|loser| remember(&loser, Past::Lost, row.op, now));
            let pending = Row { state: RowState::Pending(pending), ..row };
            let rebased = Write::Put(pending.rebased(stored.rev, stored.version.stamp, stored.version.deleted)?);
            remembered.into_iter().chain([rebased]).collect()
        }
        Some((stored, Resolution::Superseded)) => {
            vec![remember(&row, Past::Lost, stored.version.op, now), Write::Remove(row.key()), quarantine]
        }
        Some((_, Resolution::Duplicate)) | None => vec![quarantine, Write::Put(row)],
    })
}

/// The unreadable version that lost against the edit in `row`, unless both come from one device (R23).
fn loser_of(row: &Row, unreadable: &Unreadable, op: Op) -> Option<Row> {
    let is_kept = op.device != row.op.device && rules::on(Rule::LosersAreKept);
    let tape = parse(unreadable.raw.as_bytes()).ok().filter(|_| is_kept)?;
    let record = Record::read(tape.root().get("record")?)?;
    Some(Row { record, op, ..row.clone() })
}

/// The quarantine entry for an unreadable change. `resyncs` is the number of resyncs so far.
pub fn quarantined(unreadable: &Unreadable, resyncs: u64, now: i64) -> Quarantined {
    Quarantined {
        collection: unreadable.collection.clone(),
        id: unreadable.id,
        stored: unreadable.stored,
        raw: unreadable.raw.clone(),
        reason: unreadable.report.to_string(),
        at: now,
        seen: resyncs,
    }
}

/// Converts a change of one collection's feed to its form in the global feed.
pub fn as_feed_change(collection: &Collection, raw: &str) -> String {
    rewrite(raw, &[("collection", Some(format!("\"{}\"", collection.path)))]).unwrap_or_else(|_| raw.to_owned())
}

/// Reads a quarantined change with the current contract. Returns `None` if it is still unreadable.
pub fn reread(raw: &str, contract: &'static Contract) -> Option<Change> {
    let tape = parse(raw.as_bytes()).ok()?;
    read_change(tape.root(), Feed::All(contract)).ok()
}

/// Applies a quarantined change that is now readable. `loaded` holds its row.
///
/// # Errors
/// Returns an error if a stored record is not JSON.
pub fn released(loaded: &mut Loaded, change: &Change, now: i64) -> Result<Vec<Write>, Report> {
    let entry = loaded.entries.first().unwrap_or(&Entry::NONE);
    let row = entry.row.as_ref();
    let newer = row.is_some_and(|row| row.base_rev > Some(change.rev));
    let mut writes = vec![Write::ReleaseRev(change.rev), Write::Release(Key { collection: change.collection, id: change.record.id })];
    if !newer {
        // The quarantined version is this one.
        let entry = Entry { is_quarantined: false, row: entry.row.clone() };
        writes.extend(pulled_change(&entry, change, &loaded.meta, now)?);
        loaded.meta.follow(row, &writes);
    }
    Ok(writes)
}

/// Starts a full resync. `restored_rev` is the revision to which the server went back, if it did. `since` is a cursor of the history of the
/// server that said so: if the server goes back again before the resync ends, it rejects the cursor (R22). The outbox stays, and so does
/// the device's cursor until the resync ends.
pub fn begin_resync(meta: &mut Meta, restored_rev: Option<u64>, since: Option<String>) {
    let earlier = meta.resync.as_ref();
    // A resync that is interrupted by another restore must still push what the earlier restore lost.
    let lowest = match (earlier.and_then(|resync| resync.restored_rev), restored_rev) {
        (Some(earlier), Some(later)) => Some(earlier.min(later)),
        (earlier, later) => earlier.or(later),
    };
    meta.resyncs += 1;
    let restored_in = earlier.filter(|_| restored_rev.is_none()).map_or(meta.resyncs, |resync| resync.restored_in);
    let cursor = since.filter(|_| rules::on(Rule::ResyncProvesHistory));
    let purge_watermark = cursor.as_deref().and_then(|text| text.parse().ok()).map(|cursor: Cursor| cursor.purge_watermark);
    meta.resync = Some(Resync {
        number: meta.resyncs,
        restored_rev: lowest,
        restored_in,
        purge_watermark,
        cursor,
        pulled: false,
        confirmed: false,
        digest: Digest::default(),
    });
}

/// Releases the records from their account. Treats the next account's server as if it had lost everything, so that all records are pushed
/// to it.
pub fn disown(meta: &mut Meta) {
    meta.owner = None;
    meta.cursor = None;
    meta.last_pull_at = None;
    meta.last_push_at.clear();
    meta.difference = None;
    begin_resync(meta, Some(0), None);
}

/// Starts a full resync on the history that the device knows.
pub fn pull_again(meta: &mut Meta) {
    let since = beginning(meta.cursor.as_deref(), None);
    begin_resync(meta, None, since);
}

/// Starts the current resync once more.
pub fn look_again(meta: &mut Meta, restored_rev: Option<u64>) {
    let since = meta.resync.as_ref().and_then(|resync| beginning(resync.cursor.as_deref(), resync.purge_watermark));
    begin_resync(meta, restored_rev, since);
}

/// The cursor from which a history is pulled again.
fn beginning(cursor: Option<&str>, purge_watermark: Option<u64>) -> Option<String> {
    let cursor = cursor?.parse::<Cursor>().ok()?;
    let purge_watermark = purge_watermark.unwrap_or(cursor.purge_watermark);
    Some(Cursor { rev: 0, purge_watermark, ..cursor }.to_string())
}

/// Stores the result of a comparison of digests, and pulls everything again if the device differs (R27). If it still differs after that,
/// the status says so, and the device tries again a day later, or when the user asks for a sync.
pub fn compared(meta: &mut Meta, comparison: Comparison, now: i64) {
    meta.difference = Difference::after(meta.difference, comparison, now);
    if meta.difference.is_some_and(|difference| difference.state == DifferenceState::Resyncing) {
        pull_again(meta);
    }
}

/// What to do with records that the server no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Delete them on this device too.
    Delete,
    /// Push them to the server again.
    PushAgain,
}

/// Applies the user's decision about a resync that would delete many records. Pushing everything again means that the server has lost
/// everything. The resync first checks once more what the server has, because the question may have been open for a long time.
pub fn answer_resync(meta: &mut Meta, answer: Answer) {
    if meta.resync.is_some() {
        look_again(meta, (answer == Answer::PushAgain).then_some(0));
    }
    if let Some(resync) = &mut meta.resync {
        resync.confirmed = true;
    }
}

/// Processes rows that the resync has not seen on the server. `loaded` holds some of them. Records that were deleted elsewhere, so long ago
/// that the server has forgotten them, go to the history like any other deletion.
pub fn sweep(loaded: &mut Loaded, now: i64) -> Vec<Write> {
    if let Some(resync) = &mut loaded.meta.resync {
        resync.confirmed = true;
    }
    let Some(sweep) = loaded.meta.sweep() else { return Vec::new() };
    let seen = sweep.number;
    let write = |row: &Row| match &row.state {
        RowState::Clean if is_kept(&sweep, row) => {
            let state = RowState::Pending(Pending { since: now, lost: true, base_stamp: None, known_rev: None });
            Write::Put(Row { base_rev: None, state, seen, ..row.clone() })
        }
        RowState::Clean if rules::on(Rule::SweepUnseen) => Write::Remove(row.key()),
        RowState::Clean => Write::Put(Row { seen, ..row.clone() }),
        _ => Write::Put(Row { base_rev: None, seen, ..row.unknown() }),
    };
    let kept = |row: &Row, write: &Write| {
        let is_gone = matches!(write, Write::Remove(_)) && !row.record.deleted && !row.record.is_as_shipped();
        (is_gone && rules::on(Rule::LosersAreKept)).then(|| remember(row, Past::Deleted, row.op, now))
    };
    let mut writes = Vec::with_capacity(loaded.entries.len());
    for row in loaded.entries.iter().filter_map(|entry| entry.row.as_ref()) {
        let write = write(row);
        loaded.meta.follow(Some(row), std::slice::from_ref(&write));
        writes.extend(kept(row, &write));
        writes.push(write);
    }
    writes
}

/// Whether the server has lost the version in a clean row that the resync has not seen.
fn is_kept(sweep: &Sweep, row: &Row) -> bool {
    let (seen, rev, made_by) = (row.seen, row.base_rev, row.op.device);
    if row.record.deleted { sweep.keeps_tombstone(seen, rev, made_by) } else { sweep.keeps(seen, rev, made_by) }
}

/// Ends the resync. The cursor is replaced last.
pub fn finish_resync(meta: &mut Meta, now: i64) {
    if let Some(resync) = meta.resync.take() {
        meta.digest = Some(resync.digest);
        meta.cursor = resync.cursor;
        meta.last_pull_at = Some(now);
    }
}

/// The fixed id of the record in a singleton collection.
pub fn singleton_id(collection: &Collection) -> Option<Uuid> {
    Uuid::parse_str(&collection.deterministic_id(collection.singleton?)?).ok()
}

/// Adds a version to the conflict history, as replaced by the edit `winner`. A device keeps all of them: with a limit, many deletions or an
/// import could push out the only copy of a version that lost.
pub fn remember(row: &Row, why: Past, winner: Op, at: i64) -> Write {
    let past = PastVersion { number: 0, collection: row.collection, record: row.record.clone(), op: row.op, why, winner, at };
    Write::Remember(past)
}

/// Whether an op carries this device's id but was not created by it (R20). `newest` is the op of the newest version of the record that the
/// device knows.
pub fn is_from_clone(op: Op, newest: Option<Op>, meta: &Meta) -> bool {
    let later = |newest: Op| newest.device == op.device && (op.seq > newest.seq || (op.seq == newest.seq && op.id != newest.id));
    rules::on(Rule::CloneBecomesNew) && op.device == meta.device && (op.seq > meta.seq || newest.is_some_and(later))
}
