//! Scenarios for rules whose absence is hidden by other rules in random runs: each scenario passes with all rules on, and fails without its
//! own rule.

use stronglog_server::feed;
use stronglog_server::store::memory::Memory;
use stronglog_sync::api::registry;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::engine::{Engine, Event, Settings};
use stronglog_sync::merge::{Op, Stored, Verdict, Version, decide};
use stronglog_sync::record::Record;
use stronglog_sync::rules::Rule;
use stronglog_sync::status::SyncState;
use stronglog_sync::store::{Counts, Loaded, Meta, Pending, Resync, Row, RowState, Write};
use stronglog_sync::task::Snapshot;
use stronglog_sync::wire::{Change, Edit, Feed, Outcome, Page, Push, PushResult, Receipt};
use stronglog_sync::{outbox, pull};
use uuid::Uuid;

type Scenario = fn() -> Result<(), String>;

/// The rule, the scenario's name, and the scenario.
pub const DIRECTED: &[(Rule, &str, Scenario)] = &[
    (Rule::SameOpIsDuplicate, "a push that comes again is a duplicate", a_push_that_comes_again_is_a_duplicate),
    (Rule::SameDeviceByCount, "an edit after the clock went back wins", an_edit_after_the_clock_went_back_wins),
    (Rule::BaseRevFollows, "an edit of the current version wins", an_edit_of_the_current_version_wins),
    (Rule::TotalOrder, "a deletion and an edit at one time", a_deletion_and_an_edit_at_one_time),
    (Rule::VerdictIsFinal, "a device does not argue with a verdict", a_device_does_not_argue_with_a_verdict),
    (Rule::QuestionsAreReported, "a sync that asks the user returns", a_sync_that_asks_the_user_returns),
    (Rule::StampAboveBase, "an edit made during a push outlives a restore", an_edit_made_during_a_push_outlives_a_restore),
    (Rule::CloneBeforeMerge, "a copied database loses no edit to its own past", a_copied_database_loses_no_edit_to_its_own_past),
    (Rule::PurgeAfterBackup, "a tombstone that a backup lacks stays", a_tombstone_that_a_backup_lacks_stays),
];

fn version(device: u128, seq: u64, stamp: i64) -> Version {
    let op = Op { id: Uuid::from_u128(device << 64 | u128::from(seq)), device: Uuid::from_u128(device), seq };
    Version { op, stamp, deleted: false }
}

fn expect(verdict: Verdict, hoped: impl Fn(Verdict) -> bool) -> Result<(), String> {
    if hoped(verdict) { Ok(()) } else { Err(format!("it is {verdict:?}")) }
}

fn accepted(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

fn a_push_that_comes_again_is_a_duplicate() -> Result<(), String> {
    let edit = version(1, 1, 50);
    expect(decide(Some(Stored { version: edit, rev: 7 }), edit, None), |verdict| verdict == Verdict::Duplicate)
}

fn an_edit_after_the_clock_went_back_wins() -> Result<(), String> {
    expect(decide(Some(Stored { version: version(1, 1, 50), rev: 7 }), version(1, 2, 10), None), accepted)
}

fn an_edit_of_the_current_version_wins() -> Result<(), String> {
    expect(decide(Some(Stored { version: version(1, 1, 50), rev: 7 }), version(2, 1, 10), Some(7)), accepted)
}

fn a_deletion_and_an_edit_at_one_time() -> Result<(), String> {
    let deletion = Version { deleted: true, ..version(1, 1, 50) };
    expect(decide(Some(Stored { version: version(2, 1, 50), rev: 7 }), deletion, None), accepted)
}

fn record(text: &str) -> Record {
    Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record")
}

fn plain_record(stamp: i64) -> Record {
    let id = Uuid::from_u128(5);
    record(&format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":{stamp},"isDeleted":false}}"#))
}

/// A device receives the winning version in a pull, keeps its own later edit on top of it, and then receives the result of its push.
fn a_device_does_not_argue_with_a_verdict() -> Result<(), String> {
    let collection = registry::COLLECTIONS[0];
    let mine = version(1, 1, 90);
    let row = pending_row(mine.op, 90, Some(7));
    let winner = Change { collection, rev: 7, op: version(2, 1, 50).op, record: plain_record(50) };
    let outcome = Outcome::Superseded { id: row.record.id, op: row.op, winner: Box::new(Ok(winner)) };
    let result = PushResult { outcomes: vec![outcome], prev_user_rev: 7, user_rev: 7, server_time: 100 };
    let mut loaded = loaded(1, 1, row.clone());
    let clock = ClockAndRng { now_ms: 100, random: &mut || 1 };
    let (writes, _) = outbox::outcomes(&mut loaded, &[row.edit()], &result, &clock).map_err(|report| report.to_string())?;
    let waits = writes.iter().any(|write| matches!(write, Write::Put(row) if row.state != RowState::Clean));
    if waits { Err("the edit that has lost waits to be pushed again".to_owned()) } else { Ok(()) }
}

/// An edit is made while the previous one is being pushed. The server raises the stamp of the previous edit and is then restored from a
/// backup that contains neither. It first receives another device's edit, which was stamped between the two and had lost.
fn an_edit_made_during_a_push_outlives_a_restore() -> Result<(), String> {
    let first = pending_row(version(1, 1, 90).op, 90, Some(7));
    let row = pending_row(version(1, 2, 91).op, 91, Some(7));
    let (id, op) = (row.record.id, first.op);
    let receipt = Receipt { id, op, rev: 8, server_id: id, server_updated_at: 200, stamp: 201 };
    let result = PushResult { outcomes: vec![Outcome::Accepted(receipt)], prev_user_rev: 7, user_rev: 8, server_time: 100 };
    let (mut loaded, clock) = (loaded(1, 2, row), ClockAndRng { now_ms: 100, random: &mut || 1 });
    let (writes, _) = outbox::outcomes(&mut loaded, &[first.edit()], &result, &clock).map_err(|report| report.to_string())?;
    let Some(Write::Put(row)) = writes.first() else { return Err("the acknowledgement was not stored".to_owned()) };
    expect(decide(Some(Stored { version: version(2, 1, 150), rev: 5 }), row.version(), None), accepted)
}

/// A device pushes an edit, is restored from an older copy, makes another edit with the same count, and pulls the first one.
fn a_copied_database_loses_no_edit_to_its_own_past() -> Result<(), String> {
    let pushed = Change { collection: registry::COLLECTIONS[0], rev: 7, op: version(1, 5, 50).op, record: plain_record(50) };
    let op = Op { id: Uuid::from_u128(0xC0), ..version(1, 5, 90).op };
    let mut loaded = loaded(1, 5, pending_row(op, 90, None));
    let page = Page { changes: vec![Ok(pushed)], next_cursor: "v1.all.e1.7".to_owned(), has_more: false, user_rev: 7, server_time: 100 };
    let clock = ClockAndRng { now_ms: 100, random: &mut || 1 };
    let (writes, pulled) = pull::page(&mut loaded, &page, &clock).map_err(|report| report.to_string())?;
    match (pulled.cloned, writes.is_empty() && loaded.meta.cursor.is_none()) {
        (true, true) => Ok(()),
        (false, _) => Err("the device did not notice that its id is in use elsewhere".to_owned()),
        (true, false) => Err("the page was merged by a count that means nothing".to_owned()),
    }
}

fn pending_row(op: Op, stamp: i64, base_rev: Option<u64>) -> Row {
    let state = RowState::Pending(Pending { since: 1, lost: false, base_stamp: None });
    Row { collection: registry::COLLECTIONS[0], record: plain_record(stamp), op, base_rev, state, seen: 0 }
}

/// The meta row and one row of a device that has made `seq` edits.
fn loaded(device: u128, seq: u64, row: Row) -> Loaded {
    let meta = Meta { device: Uuid::from_u128(device), seq, ..Meta::default() };
    Loaded { meta, rows: vec![Some(row)], quarantined: vec![false] }
}

fn a_tombstone_that_a_backup_lacks_stays() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    let user = Uuid::from_u128(3);
    let collection = registry::COLLECTIONS.iter().copied().find(|known| known.singleton.is_none()).expect("a collection");
    let live = plain_record(50);
    let push = |memory: &mut Memory, record: Record, seq: u64| {
        let edit = Edit { collection, op: version(1, seq, 0).op, base_rev: None, record };
        let push = Push { edits: vec![Ok(edit)], cursor: None };
        let mut clock = ClockAndRng { now_ms: 100, random: &mut || seq };
        feed::push(&mut memory.user(user), &push, Feed::All, &mut clock).map_err(|error| error.to_string())
    };
    push(&mut memory, live.clone(), 1)?;
    memory.back_up();
    push(&mut memory, live.tombstone(60).map_err(|report| report.to_string())?, 2)?;
    match memory.purge(10_000).map_err(|error| error.to_string())? {
        0 => Ok(()),
        purged => Err(format!("{purged} tombstone is gone, and the backup would bring its record back")),
    }
}

fn a_sync_that_asks_the_user_returns() -> Result<(), String> {
    let account = Uuid::from_u128(3);
    let resync = Resync { number: 1, restored_rev: None, epoch: None, cursor: None, pulled: true, confirmed: false };
    let meta = Meta { owner: Some(account), resync: Some(resync), ..Meta::default() };
    let counts = Counts { live: 100, unseen: 100, ..Counts::default() };
    let mut engine = Engine::new(Settings::default(), Snapshot { meta, counts });
    engine.handle(Event::SignedIn { account }, 0, 1);
    engine.handle(Event::SyncNow, 0, 1);
    match (engine.status(0).state, engine.is_waiting(0)) {
        (SyncState::NeedsConfirmation, true) => Ok(()),
        (state, waiting) => Err(format!("the state is {state:?}, and whoever has asked for a sync is answered: {waiting} (L4)")),
    }
}
