//! The outbox: functions that turn a local edit, or the server's response to one, into writes (R4, R5, R7, R9, R20).

use std::fmt;

use uuid::Uuid;

use crate::api::Report;
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::clock::ClockAndRng;
use crate::cursor::Cursor;
use crate::merge::Op;
use crate::pull::{self, Arrival, is_from_clone, remember};
use crate::record::{Record, WRITTEN_BYTES_MAX, boolean, integer, rewrite, stamped};
use crate::rules::{self, Rule};
use crate::skew::{SKEW_MAX_MS, is_near};
use crate::store::{Block, Key, Loaded, Meta, Past, Pending, Row, RowState, Write};
use crate::stored::member;
use crate::wire::{self, Change, Edit, Outcome, PushResult, Reason, Receipt};

fn new_op(clock: &mut ClockAndRng<'_>, meta: &mut Meta) -> Op {
    meta.seq += 1;
    Op { id: clock.new_id(), device: meta.device, seq: meta.seq }
}

/// A write by the app.
#[derive(Clone, Debug)]
pub enum LocalEdit {
    /// A new record, or a complete replacement of the version with the record's stamp. If the device now holds another version, the edit
    /// counts as concurrent with it (R24). `isDeleted: true` deletes the record (R21).
    Put(String),
    /// A complete record derived from the device's current version, read and written in one transaction.
    Change(String),
    /// An imported record. It was edited elsewhere at the time of its stamp, and is not based on the device's current version (R25).
    Import {
        /// The complete record. `isDeleted: true` deletes it.
        text: String,
        /// When it was last edited, in milliseconds since the Unix epoch.
        stamp: i64,
    },
    /// A default record that ships with the app. It is written only if there is no record yet, and any edit by a user wins over it (R18).
    Seed(String),
    /// Replaces the record with a tombstone and moves its content to the conflict history.
    Delete,
}

/// The reason why a local write is rejected.
#[derive(Clone, Debug, PartialEq)]
pub enum EditError {
    /// The record violates the contract.
    Invalid(Report),
    /// The record is larger than the contract allows.
    TooLarge {
        /// Its size in bytes of JSON. The limit is [`WRITTEN_BYTES_MAX`].
        bytes: usize,
    },
    /// A newer version of the record is quarantined until the app is updated. Editing an older version would overwrite it (R16).
    Quarantined,
    /// There is no live record to change or delete.
    Missing,
    /// The collection has a single record with a fixed id.
    NotSingleton {
        /// The only id that is accepted.
        id: Uuid,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::Invalid(report) => write!(f, "the record is invalid: {report}"),
            EditError::TooLarge { bytes } => {
                write!(f, "the record takes {bytes} bytes of JSON, and the limit is {WRITTEN_BYTES_MAX}; shorten it")
            }
            EditError::Quarantined => f.write_str("this version of the app cannot read the newest version of the record; update the app"),
            EditError::Missing => f.write_str("the record does not exist or is already deleted"),
            EditError::NotSingleton { id } => write!(f, "the collection has a single record, with the id {id}; use that id"),
        }
    }
}

/// Plans a local write of one record. `loaded` holds the record's row.
///
/// # Errors
/// Returns the reason if the write is rejected.
pub fn edit(loaded: &mut Loaded, key: Key, edit: &LocalEdit, clock: &mut ClockAndRng<'_>) -> Result<Vec<Write>, EditError> {
    let entry = loaded.entries.first();
    if entry.is_some_and(|entry| entry.is_quarantined) {
        return Err(EditError::Quarantined);
    }
    let before = entry.and_then(|entry| entry.row.as_ref());
    let live = before.filter(|row| !row.record.deleted);
    let meta = &mut loaded.meta;
    let stamp_of_now = |meta: &mut Meta| meta.clock.stamp(clock.now_ms, before.map(|row| row.record.stamp));
    let record = match edit {
        LocalEdit::Seed(_) if before.is_some() => return Ok(Vec::new()),
        LocalEdit::Seed(text) if rules::on(Rule::SeedsAreOldest) => live_record(key, text, i64::MAX, 0, None)?,
        LocalEdit::Seed(text) => live_record(key, text, i64::MAX, stamp_of_now(meta), None)?,
        LocalEdit::Put(text) | LocalEdit::Change(text) if !is_tombstone(text) => {
            live_record(key, text, i64::MAX, stamp_of_now(meta), before)?
        }
        LocalEdit::Import { text, stamp } if !is_tombstone(text) => {
            let stamp = if rules::on(Rule::ImportsKeepStamps) { *stamp } else { stamp_of_now(meta) };
            live_record(key, text, stamp_in(text).unwrap_or_default(), stamp, before)?
        }
        LocalEdit::Put(_) | LocalEdit::Change(_) | LocalEdit::Import { .. } | LocalEdit::Delete => {
            let live = live.ok_or(EditError::Missing)?;
            let stamp = if let LocalEdit::Import { stamp, .. } = edit { *stamp } else { stamp_of_now(meta) };
            live.record.tombstone(stamp).map_err(EditError::Invalid)?
        }
    };
    let stale = before.filter(|row| is_stale(edit, row));
    let pending = Pending {
        since: before.and_then(Row::unacknowledged).map_or(clock.now_ms, |pending| pending.since),
        lost: false,
        base_stamp: before.and_then(Row::acknowledged_stamp),
        known_rev: before.and_then(Row::known_rev),
    };
    let row = Row {
        collection: key.collection,
        op: new_op(clock, meta),
        base_rev: before.filter(|_| stale.is_none()).and_then(|row| row.base_rev),
        state: RowState::Pending(pending),
        seen: before.map_or(0, |row| row.seen),
        record,
    };
    let past = match live {
        Some(live) if row.record.deleted => Some((live, Past::Deleted)),
        _ => stale.filter(|stale| !stale.record.is_as_shipped()).map(|stale| (stale, Past::Lost)),
    };
    let remembered = past.map(|(past, why)| remember(past, why, row.op, clock.now_ms));
    Ok(remembered.into_iter().chain([Write::Put(row)]).collect())
}

/// Plans an edit that `change` makes to the current live record. `loaded` holds the record's row.
///
/// # Errors
/// Returns an error if there is no live record, `change` fails, or the write is rejected.
pub fn change(
    loaded: &mut Loaded,
    key: Key,
    change: impl FnOnce(&str) -> Result<String, Report>,
    clock: &mut ClockAndRng<'_>,
) -> Result<Vec<Write>, EditError> {
    let live = loaded.rows().next().filter(|row| !row.record.deleted);
    let text = change(&live.ok_or(EditError::Missing)?.record.text).map_err(EditError::Invalid)?;
    edit(loaded, key, &LocalEdit::Change(text), clock)
}

/// Whether an edit is based on a different version from the one in `row` (R24). A record that was never stored has no stamp, and is written
/// in place of a deleted one.
fn is_stale(edit: &LocalEdit, row: &Row) -> bool {
    let text = match edit {
        LocalEdit::Put(text) => text,
        LocalEdit::Import { .. } => return !row.record.deleted,
        LocalEdit::Seed(_) | LocalEdit::Change(_) | LocalEdit::Delete => return false,
    };
    let is_other = stamp_in(text).map_or(!row.record.deleted, |stamp| stamp != row.record.stamp);
    is_other && rules::on(Rule::StaleEditsHaveNoBase)
}

/// The stamp that a record has before it is written.
fn stamp_in(text: &str) -> Option<i64> {
    parse(text.as_bytes()).ok().and_then(|tape| integer(tape.root().get("clientUpdatedAt")))
}

fn is_tombstone(text: &str) -> bool {
    parse(text.as_bytes()).is_ok_and(|tape| boolean(tape.root().get("isDeleted")) == Some(true))
}

/// Plans local writes of several records, and returns the writes of each. `loaded` holds their rows, in order.
///
/// # Errors
/// Returns the first write that is rejected, and the reason.
pub fn edit_all(
    loaded: &mut Loaded,
    keys: &[Key],
    edits: &[LocalEdit],
    clock: &mut ClockAndRng<'_>,
) -> Result<Vec<Vec<Write>>, (Key, EditError)> {
    keys.iter().zip(edit_each(loaded, keys, edits, clock)).map(|(key, planned)| planned.map_err(|error| (*key, error))).collect()
}

/// Plans local writes of several records. Returns, for each record, the writes or the reason why they are rejected. `loaded` holds the
/// rows, in order.
pub fn edit_each(
    loaded: &mut Loaded,
    keys: &[Key],
    edits: &[LocalEdit],
    clock: &mut ClockAndRng<'_>,
) -> Vec<Result<Vec<Write>, EditError>> {
    let entries = std::mem::take(&mut loaded.entries);
    // Every write starts from the same clock. If stamps counted up from record to record, they would run ahead of the time, and the server
    // rejects stamps that are too far ahead (R9). The order of a device's edits is given by their sequence numbers (R8).
    let before = loaded.meta.clock;
    let mut furthest = before;
    let mut writes = Vec::with_capacity(edits.len());
    for ((key, change), entry) in keys.iter().zip(edits).zip(entries) {
        let mut one = Loaded { meta: std::mem::take(&mut loaded.meta), entries: vec![entry] };
        one.meta.clock = before;
        let planned = edit(&mut one, *key, change, clock);
        furthest = furthest.further(one.meta.clock);
        loaded.meta = one.meta;
        writes.push(planned);
    }
    loaded.meta.clock = furthest;
    writes
}

/// Validates a live record written by an app, after setting the members that sync owns. A creation time later than `until` stays.
fn live_record(key: Key, text: &str, until: i64, stamp: i64, before: Option<&Row>) -> Result<Record, EditError> {
    let mut members = stamped(parse(text.as_bytes()).map_err(EditError::Invalid)?.root(), until, stamp, None);
    members.extend([("serverId", None), ("serverUpdatedAt", None)]);
    let text = rewrite(text, &members).map_err(EditError::Invalid)?;
    if text.len() > WRITTEN_BYTES_MAX {
        return Err(EditError::TooLarge { bytes: text.len() });
    }
    let text = match before {
        Some(row) => rewrite(&text, &server_members(&row.record.text)).map_err(EditError::Invalid)?,
        None => text,
    };
    let tape = parse(text.as_bytes()).map_err(EditError::Invalid)?;
    wire::check_live(key.collection, tape.root()).map_err(EditError::Invalid)?;
    if let Some(id) = pull::singleton_id(key.collection).filter(|id| *id != key.id) {
        return Err(EditError::NotSingleton { id });
    }
    let record = Record::read(tape.root()).filter(|record| record.id == key.id);
    record.ok_or_else(|| EditError::Invalid(Report::new("const", "has an id that differs from the id of the write")))
}

/// The members that the server sets, as JSON.
fn server_members(text: &str) -> Vec<(&'static str, Option<String>)> {
    let Ok(tape) = parse(text.as_bytes()) else { return Vec::new() };
    ["serverId", "serverUpdatedAt"].map(|name| (name, tape.root().get(name).map(Json::to_text))).to_vec()
}

/// The result of processing a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// The number of rows that are no longer pending.
    pub settled: usize,
    /// Whether the clocks of server and device disagree.
    pub skewed: bool,
    /// Whether pending edits need new stamps for that reason.
    pub restamps: bool,
    /// Whether another device uses this device's id.
    pub cloned: bool,
    /// Whether the device has seen everything that the server has.
    pub caught_up: bool,
}

/// Applies the outcomes of a push of `sent`. `loaded` holds the rows of the sent edits.
///
/// # Errors
/// Returns an error if a stored record is not JSON.
pub fn outcomes(loaded: &mut Loaded, sent: &[Edit], result: &PushResult, clock: &ClockAndRng<'_>) -> Result<(Vec<Write>, Pushed), Report> {
    let now = clock.now_ms;
    let mut writes = Vec::new();
    let mut pushed = Pushed::default();
    loaded.meta.names_account = result.names_account;
    match result.outcomes.iter().find_map(skewed_at) {
        Some(server_time) => {
            pushed.skewed = true;
            pushed.restamps = loaded.meta.clock.rejected(now, server_time.unwrap_or(result.server_time));
        }
        None => _ = loaded.meta.clock.learn(now, result.server_time),
    }
    for ((edit, outcome), entry) in sent.iter().zip(&result.outcomes).zip(&loaded.entries) {
        let Some(row) = &entry.row else { continue };
        let planned = match outcome {
            Outcome::Accepted(receipt) | Outcome::Duplicate(receipt) => {
                pushed.settled += 1;
                loaded.meta.last_push_at.insert(edit.collection.path.to_owned(), now);
                vec![Write::Put(acknowledged(row, edit, receipt)?)]
            }
            Outcome::Superseded { winner, .. } => {
                if winner_is_from_clone(winner, edit, row, &loaded.meta) {
                    pushed.cloned = true;
                    continue;
                }
                pushed.settled += 1;
                superseded(row, edit, winner, Arrival { seen: row.seen, is_quarantined: entry.is_quarantined, now }, loaded.meta.resyncs)?
            }
            Outcome::Rejected { .. } if skewed_at(outcome).is_some() => continue,
            Outcome::Rejected { reason: Reason::Received { retryable: false, json, .. }, .. }
                if is_current(row, edit) && rules::on(Rule::BlockRefused) =>
            {
                pushed.settled += 1;
                vec![Write::Put(blocked(row, block_of(json)?, now))]
            }
            Outcome::Rejected { .. } => continue,
        };
        loaded.meta.follow(Some(row), &planned);
        writes.extend(planned);
    }
    writes.extend(unseen_losers(&loaded.meta, sent, result, now));
    if let Some((cursor, caught_up)) = loaded.meta.cursor.as_deref().and_then(|cursor| cursor_after(cursor, result)) {
        loaded.meta.cursor = Some(cursor);
        pushed.caught_up = caught_up;
    }
    Ok((writes, pushed))
}

/// The code of a rejection because of a stamp from the future (R9).
const CLOCK_SKEW: &str = "clock_skew";

/// The server's time, if it has rejected an edit because of its stamp. The rejection may leave it out.
fn skewed_at(outcome: &Outcome) -> Option<Option<i64>> {
    match outcome {
        Outcome::Rejected { reason: Reason::Received { code, server_time, .. }, .. } if code == CLOCK_SKEW => Some(*server_time),
        _ => None,
    }
}

/// The reason of a rejection. The server's pointers are relative to the pushed change.
fn block_of(reason: &str) -> Result<Block, Report> {
    let tape = parse(reason.as_bytes())?;
    let mut block = Block { code: String::new(), message: String::new(), violations: Vec::new() };
    let read = |block: &mut Block| {
        member(tape.root(), "code", &mut block.code)?;
        member(tape.root(), "message", &mut block.message)?;
        member(tape.root(), "errors", &mut block.violations)
    };
    // A validated record is complete.
    _ = read(&mut block);
    for violation in &mut block.violations {
        if let Some(pointer) = violation.pointer.strip_prefix("/record") {
            violation.pointer = pointer.to_owned();
        }
    }
    Ok(block)
}

/// Keeps the versions that the push replaced and that this device has never held (R23).
fn unseen_losers(meta: &Meta, sent: &[Edit], result: &PushResult, now: i64) -> Vec<Write> {
    let seen = meta.cursor.as_deref().and_then(|cursor| cursor.parse::<Cursor>().ok()).map_or(0, |cursor| cursor.rev);
    let is_unseen = |loser: &&Change| loser.rev > seen && !loser.record.is_as_shipped() && rules::on(Rule::ReplacedAreKept);
    let keep = |loser: &Change| {
        let winner = sent.iter().find(|edit| edit.record.id == loser.record.id)?;
        Some(remember(&pull::clean(loser, 0), Past::Lost, winner.op, now))
    };
    result.replaced.iter().filter(is_unseen).filter_map(keep).collect()
}

/// The cursor after a push, and whether the device has seen everything, because no other device has pushed in the meantime. The cursor
/// proves what the device learned from the push, even if its revision stays the same (R22).
pub fn cursor_after(cursor: &str, result: &PushResult) -> Option<(String, bool)> {
    let mut cursor: Cursor = cursor.parse().ok()?;
    let caught_up = cursor.rev == result.prev_user_rev || !rules::on(Rule::EchoOnlyIfAlone);
    if caught_up {
        cursor.rev = result.user_rev;
    }
    if let Some(proof) = result.proof.clone().filter(|_| rules::on(Rule::CursorProvesPushed)) {
        cursor.proof = proof;
    }
    Some((cursor.to_string(), caught_up))
}

/// Whether a row still holds the edit that was sent, rather than one made since (R5).
fn is_current(row: &Row, sent: &Edit) -> bool {
    row.op == sent.op || !rules::on(Rule::AcknowledgeBySentOp)
}

/// The row of an acknowledged edit. An edit made since stays pending, based on the acknowledged revision (R5).
fn acknowledged(row: &Row, sent: &Edit, receipt: &Receipt) -> Result<Row, Report> {
    let (stamp, state) = match is_current(row, sent) {
        true => (receipt.stamp, RowState::Clean),
        false => (row.record.stamp, row.state.clone()),
    };
    let record = row.record.acknowledged(receipt.server_id, receipt.server_updated_at, stamp)?;
    Row { record, state, ..row.clone() }.rebased(receipt.rev, receipt.stamp, sent.record.deleted)
}

/// The writes for a row whose pushed edit lost. The outcome of an op is final; an edit made since is resolved against the winner.
fn superseded(
    row: &Row,
    sent: &Edit,
    winner: &Result<wire::Change, Box<wire::Unreadable>>,
    arrival: Arrival,
    resyncs: u64,
) -> Result<Vec<Write>, Report> {
    let now = arrival.now;
    Ok(match winner {
        Ok(change) if is_current(row, sent) && rules::on(Rule::OutcomeIsFinal) => pull::adopt(Some(row), change, arrival),
        Ok(change) => pull::merge(row, row.base_rev, change, arrival)?,
        Err(unreadable) if is_current(row, sent) => {
            let op = unreadable.op.unwrap_or(row.op);
            let mut winner = unreadable.clone();
            winner.raw = pull::as_feed_change(row.collection, &unreadable.raw);
            vec![remember(row, Past::Lost, op, now), Write::Remove(row.key()), Write::Quarantine(pull::quarantined(&winner, resyncs, now))]
        }
        Err(unreadable) => vec![Write::Quarantine(pull::quarantined(unreadable, resyncs, now))],
    })
}

/// The row of an edit that the server has rejected permanently.
pub fn blocked(row: &Row, block: Block, now: i64) -> Row {
    let pending = row.unacknowledged().unwrap_or(Pending { since: now, lost: false, base_stamp: None, known_rev: row.known_rev() });
    Row { state: RowState::Blocked(pending, block), ..row.clone() }
}

/// Whether an edit lost against an edit that carries this device's id but was not made by it. This proves that the device's database was
/// copied or restored from a copy (R20). The server does not report this case separately, because devices of the first release could not
/// read such a response. The server also sees two ops with the same device and sequence number only if they edit the same record, and then
/// the winner's op tells the device the same.
fn winner_is_from_clone(winner: &Result<wire::Change, Box<wire::Unreadable>>, sent: &Edit, row: &Row, meta: &Meta) -> bool {
    let op = match winner {
        Ok(change) => Some(change.op),
        Err(unreadable) => unreadable.op,
    };
    op.is_some_and(|op| is_from_clone(op, Some(sent.op), meta) || is_from_clone(op, Some(row.op), meta))
}

/// Gives this device's pending edits new stamps, after the server has rejected one for its stamp, or has reported its time for the first time.
/// In that case, the device's clock is assumed to have been as wrong when it made them (R9). `loaded` holds all unacknowledged rows.
///
/// # Errors
/// Returns an error if a stored record is not JSON.
pub fn restamp(loaded: &mut Loaded, clock: &mut ClockAndRng<'_>) -> Result<Vec<Write>, Report> {
    let rows: Vec<Row> = loaded.rows().filter(|row| is_own(row)).cloned().collect();
    let mut writes = Vec::with_capacity(rows.len());
    let behind = loaded.meta.clock.settle(clock.now_ms);
    let latest = loaded.meta.clock.check(clock.now_ms).saturating_add(SKEW_MAX_MS);
    for row in rows {
        let since = row.unacknowledged().map_or(i64::MAX, |pending| pending.since);
        let corrected = corrected(row.record.stamp, since, behind, latest);
        let stamp = loaded.meta.clock.stamp(clock.now_ms, None).min(corrected);
        let stamp = stamp.max(lowest_stamp(&row, latest));
        let record = row.record.restamped(stamp, (behind != 0).then_some(since))?;
        let op = new_op(clock, &mut loaded.meta);
        writes.push(Write::Put(Row { record, op, ..row }));
    }
    Ok(writes)
}

/// The stamp of an edit that is pending since `since`, by a clock that is `behind` now. An imported record has the stamp of another device, a
/// shipped one has none, and an edit whose corrected stamp is later than `latest` was made before the clock was set wrong: they stay.
fn corrected(stamp: i64, since: i64, behind: i64, latest: i64) -> i64 {
    let corrected = stamp.saturating_add(behind).max(1);
    let is_of_this_clock = stamp > 0 && (stamp >= since || is_near(stamp, since)) && corrected <= latest;
    if is_of_this_clock { corrected } else { stamp }
}

/// The lowest stamp that an unacknowledged edit may have: one more than its base version. The server accepts this as long as it has that
/// version. If it has lost the version, it rejects stamps later than `latest`.
fn lowest_stamp(row: &Row, latest: i64) -> i64 {
    let base = row.unacknowledged().and_then(|pending| pending.base_stamp).filter(|_| rules::on(Rule::StampAboveBase));
    let above = base.map_or(i64::MIN, |stamp| stamp.saturating_add(1));
    if row.base_rev.is_some() { above } else { above.min(latest) }
}

/// Gives this device a new id, because its id is in use elsewhere. Its unacknowledged edits get ops of the new device.
pub fn new_device(loaded: &mut Loaded, installation: Option<Uuid>, clock: &mut ClockAndRng<'_>) -> Vec<Write> {
    loaded.meta.device = clock.new_id();
    loaded.meta.seq = 0;
    loaded.meta.installation = installation.or(loaded.meta.installation);
    let rows: Vec<Row> = loaded.rows().filter(|row| is_own(row)).cloned().collect();
    rows.into_iter().map(|row| Write::Put(Row { op: new_op(clock, &mut loaded.meta), ..row })).collect()
}

/// Whether an unacknowledged edit may get a new op. It may not if the server once had the version.
fn is_own(row: &Row) -> bool {
    row.unacknowledged().is_some_and(|pending| !pending.lost)
}

/// Makes blocked rows pending again. `loaded` holds them.
pub fn retry(loaded: &Loaded) -> Vec<Write> {
    let back = |row: &Row| match &row.state {
        RowState::Blocked(pending, _) => Some(Write::Put(Row { state: RowState::Pending(*pending), ..row.clone() })),
        _ => None,
    };
    loaded.rows().filter_map(back).collect()
}

/// Discards rejected edits and adds them to the conflict history. If the server has an earlier version, a resync restores it.
pub fn discard(loaded: &mut Loaded, now: i64) -> Vec<Write> {
    let rows = loaded.entries.iter().filter_map(|entry| entry.row.as_ref());
    let blocked: Vec<&Row> = rows.filter(|row| matches!(row.state, RowState::Blocked(..))).collect();
    if blocked.iter().any(|row| row.known_rev().is_some()) && loaded.meta.resync.is_none() {
        pull::pull_again(&mut loaded.meta);
    }
    let drop = |row: &Row| {
        let writes = [remember(row, Past::Discarded, row.op, now), Write::Remove(row.key())];
        loaded.meta.follow(Some(row), &writes);
        writes
    };
    blocked.into_iter().flat_map(drop).collect()
}
