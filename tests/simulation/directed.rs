//! Scenarios for rules whose absence is hidden by other rules in random runs: each scenario passes with all rules on, and fails without its
//! own rule.

use stronglog_server::feed;
use stronglog_server::store::memory::Memory;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::engine::response::ServerResponse;
use stronglog_sync::engine::{Command, Engine, Event, Settings};
use stronglog_sync::merge::{Op, Resolution, Stored, Version, decide};
use stronglog_sync::record::Record;
use stronglog_sync::rules::Rule;
use stronglog_sync::status::SyncState;
use stronglog_sync::store::{Counts, Entry, Loaded, Meta, Pending, Resync, Row, RowState, Write};
use stronglog_sync::task::{Done, Snapshot};
use stronglog_sync::wire::{Change, Edit, Feed, Outcome, Page, Push, PushResult, Receipt, Unreadable};
use stronglog_sync::{outbox, pull};
use uuid::Uuid;

mod clocks;
mod resyncs;

use clocks::{
    an_edit_after_an_answer_with_a_wrong_time, an_edit_from_before_a_device_knew_the_time,
    an_edit_of_a_slow_clock_follows_what_it_was_made_on, an_edit_that_a_server_with_a_wrong_clock_rejects,
};

use resyncs::{
    a_cursor_from_before_a_purge, a_record_that_the_server_has_lost_after_a_purge, a_tombstone_that_a_backup_lacks_stays,
    a_version_that_a_restored_server_has_lost, an_edit_that_the_server_has_never_had, an_older_version_that_creates_a_record_again,
};

type Scenario = fn() -> Result<(), String>;

/// The rule, the scenario's name, and the scenario.
pub const DIRECTED: &[(Rule, &str, Scenario)] = &[
    (Rule::SameOpIsDuplicate, "a push that comes again is a duplicate", a_push_that_comes_again_is_a_duplicate),
    (Rule::SameDeviceByCount, "an edit after the clock went back wins", an_edit_after_the_clock_went_back_wins),
    (Rule::BaseRevFollows, "an edit of the current version wins", an_edit_of_the_current_version_wins),
    (Rule::TotalOrder, "a deletion and an edit at one time", a_deletion_and_an_edit_at_one_time),
    (Rule::ShippedKeepsStamp, "two devices push one shipped record", two_devices_push_one_shipped_record),
    (Rule::OutcomeIsFinal, "a device accepts that its edit has lost", a_device_accepts_that_its_edit_has_lost),
    (Rule::RefreshIsNumbered, "a refresh ends after the user has signed in again", a_refresh_ends_after_the_user_has_signed_in_again),
    (Rule::QuestionsAreReported, "a sync that asks the user returns", a_sync_that_asks_the_user_returns),
    (Rule::Ratchet, "an edit of a slow clock follows what it was made on", an_edit_of_a_slow_clock_follows_what_it_was_made_on),
    (Rule::ConfirmTime, "an edit after an answer with a wrong time", an_edit_after_an_answer_with_a_wrong_time),
    (Rule::ConfirmRejection, "an edit that a server with a wrong clock rejects", an_edit_that_a_server_with_a_wrong_clock_rejects),
    (Rule::FirstTimeDatesEdits, "an edit from before a device knew the time", an_edit_from_before_a_device_knew_the_time),
    (Rule::AnswersAreOfAccount, "an answer to another account", an_answer_to_another_account),
    (Rule::AnswersNameAccount, "an answer without the name of its account", an_answer_without_the_name_of_its_account),
    (Rule::StampAboveBase, "an edit made during a push outlives a restore", an_edit_made_during_a_push_outlives_a_restore),
    (Rule::CloneBeforeMerge, "a copied database loses no edit to its own past", a_copied_database_loses_no_edit_to_its_own_past),
    (Rule::EpochCheck, "a cursor of the first contract from before a restore", a_cursor_of_the_first_contract_from_before_a_restore),
    (Rule::CursorProvesHistory, "a roll-back that another device's push hides", a_roll_back_hidden_by_the_push_of_another_device),
    (Rule::CheckCoversVersions, "a roll-back that the same push hides", a_roll_back_that_the_same_push_hides),
    (Rule::CursorProvesPushed, "a push that is undone before it is pulled", a_push_that_is_undone_before_it_is_pulled),
    (Rule::ResyncProvesHistory, "a resync during which the server goes back", a_resync_during_which_the_server_goes_back),
    (Rule::SeenSinceIsNotLost, "a deletion that is forgotten during a resync", a_deletion_that_is_forgotten_during_a_resync),
    (Rule::ReplacedAreKept, "a version that a push replaces unseen", a_version_that_a_push_replaces_unseen),
    (Rule::RecreationIsKept, "a record that is recreated after its deletion is forgotten", a_record_that_is_recreated),
    (Rule::OnlyDeletedAreSwept, "an edit that the server has never had", an_edit_that_the_server_has_never_had),
    (Rule::PushLostAgain, "a version that a restored server has lost", a_version_that_a_restored_server_has_lost),
    (Rule::SeenDeletionsAreKnown, "a record that the server has lost after a purge", a_record_that_the_server_has_lost_after_a_purge),
    (Rule::RecreationsAreResolved, "an older version that creates a record again", an_older_version_that_creates_a_record_again),
    (Rule::PurgeWatermarkCheck, "a cursor from before a purge", a_cursor_from_before_a_purge),
    (Rule::PurgeAfterBackup, "a tombstone that a backup lacks stays", a_tombstone_that_a_backup_lacks_stays),
];

fn version(device: u128, seq: u64, stamp: i64) -> Version {
    let op = Op { id: Uuid::from_u128(device << 64 | u128::from(seq)), device: Uuid::from_u128(device), seq };
    Version { op, stamp, deleted: false }
}

fn expect(resolution: Resolution, hoped: impl Fn(Resolution) -> bool) -> Result<(), String> {
    if hoped(resolution) { Ok(()) } else { Err(format!("it is {resolution:?}")) }
}

fn accepted(resolution: Resolution) -> bool {
    matches!(resolution, Resolution::Accepted { .. })
}

fn a_push_that_comes_again_is_a_duplicate() -> Result<(), String> {
    let edit = version(1, 1, 50);
    expect(decide(Some(Stored { version: edit, rev: 7 }), edit, None), |resolution| resolution == Resolution::Duplicate)
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

/// Raised above the other, the record would count as edited by a user, and be missed in the histories (seed 17959330383499).
fn two_devices_push_one_shipped_record() -> Result<(), String> {
    let resolution = decide(Some(Stored { version: version(1, 1, 0), rev: 7 }), version(2, 1, 0), None);
    expect(resolution, |resolution| resolution == Resolution::Accepted { stamp: 0 })
}

fn record(text: &str) -> Record {
    Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record")
}

fn plain_record(stamp: i64) -> Record {
    let id = Uuid::from_u128(5);
    record(&format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":{stamp},"isDeleted":false}}"#))
}

/// The server names the account of its answers, and a cache answers with a page for another account, without its headers.
fn an_answer_without_the_name_of_its_account() -> Result<(), String> {
    stores_no_page_of(None)
}

/// A program between device and server mixes up the connections of two accounts.
fn an_answer_to_another_account() -> Result<(), String> {
    stores_no_page_of(Some(Uuid::from_u128(4).to_string()))
}

/// Checks that a device, to which the server has named its account before, ignores a page of this account.
fn stores_no_page_of(named: Option<String>) -> Result<(), String> {
    let account = Uuid::from_u128(3);
    let meta = Meta { owner: Some(account), names_account: true, ..Meta::default() };
    let mut engine = Engine::new(&CONTRACT, Settings::default(), Snapshot { meta, counts: Counts::default() });
    let sent = engine.handle(Event::SignedIn { account }, 0, 1).into_iter().find_map(|command| match command {
        Command::Send { request, .. } => Some(request),
        _ => None,
    });
    let request = sent.ok_or("nothing was sent")?;
    let body = br#"{"changes":[],"nextCursor":"v1.all.e1.7","hasMore":false,"userRev":7,"serverTime":100}"#.to_vec();
    let response = ServerResponse { status: 200, account: named, retry_after_ms: None, body };
    let commands = engine.handle(Event::Responded { request, response }, 0, 1);
    match commands.iter().any(|command| matches!(command, Command::Persist(_))) {
        true => Err("the page is stored".to_owned()),
        false => Ok(()),
    }
}

/// A device receives the winning version in a pull, keeps its own later edit on top of it, and then receives the result of its push.
fn a_device_accepts_that_its_edit_has_lost() -> Result<(), String> {
    let collection = CONTRACT.collections[0];
    let mine = version(1, 1, 90);
    let row = pending_row(mine.op, 90, Some(7));
    let winner = Change { collection, rev: 7, op: version(2, 1, 50).op, record: plain_record(50), lost: None };
    let outcome = Outcome::Superseded { id: row.record.id, op: row.op, winner: Box::new(Ok(winner)) };
    let result = PushResult {
        outcomes: vec![outcome],
        prev_user_rev: 7,
        user_rev: 7,
        replaced: Vec::new(),
        proof: None,
        server_time: 100,
        names_account: false,
    };
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
    let result = PushResult {
        outcomes: vec![Outcome::Accepted(receipt)],
        prev_user_rev: 7,
        user_rev: 8,
        replaced: Vec::new(),
        proof: None,
        server_time: 100,
        names_account: false,
    };
    let (mut loaded, clock) = (loaded(1, 2, row), ClockAndRng { now_ms: 100, random: &mut || 1 });
    let (writes, _) = outbox::outcomes(&mut loaded, &[first.edit()], &result, &clock).map_err(|report| report.to_string())?;
    let Some(Write::Put(row)) = writes.first() else { return Err("the acknowledgement was not stored".to_owned()) };
    expect(decide(Some(Stored { version: version(2, 1, 150), rev: 5 }), row.version(), None), accepted)
}

/// A device pushes an edit, is restored from an older copy, makes another edit with the same count, and pulls the first one.
fn a_copied_database_loses_no_edit_to_its_own_past() -> Result<(), String> {
    let pushed = Change { collection: CONTRACT.collections[0], rev: 7, op: version(1, 5, 50).op, record: plain_record(50), lost: None };
    let op = Op { id: Uuid::from_u128(0xC0), ..version(1, 5, 90).op };
    let mut loaded = loaded(1, 5, pending_row(op, 90, None));
    let page = last_page(vec![Ok(pushed)], 7, 100);
    let clock = ClockAndRng { now_ms: 100, random: &mut || 1 };
    let (writes, pulled) = pull::page(&mut loaded, &page, &clock).map_err(|report| report.to_string())?;
    match (pulled.cloned, writes.is_empty() && loaded.meta.cursor.is_none()) {
        (true, true) => Ok(()),
        (false, _) => Err("the device did not notice that its id is in use elsewhere".to_owned()),
        (true, false) => Err("the page was merged by a count that means nothing".to_owned()),
    }
}

fn is_kept(writes: &[Write], op: Op) -> Result<(), String> {
    let kept = writes.iter().any(|write| matches!(write, Write::Remember(past) if past.op == op));
    if kept { Ok(()) } else { Err("the version that lost is in no history".to_owned()) }
}

fn a_version_that_a_push_replaces_unseen() -> Result<(), String> {
    let row = pending_row(version(1, 1, 90).op, 90, None);
    let (id, op) = (row.record.id, row.op);
    let loser = Change { collection: row.collection, rev: 7, op: version(2, 1, 50).op, record: plain_record(50), lost: None };
    let receipt = Receipt { id, op, rev: 8, server_id: id, server_updated_at: 100, stamp: 90 };
    let (outcomes, replaced) = (vec![Outcome::Accepted(receipt)], vec![loser.clone()]);
    let result = PushResult { outcomes, replaced, prev_user_rev: 7, user_rev: 8, proof: None, server_time: 100, names_account: false };
    let (mut loaded, clock) = (loaded(1, 1, row.clone()), ClockAndRng { now_ms: 100, random: &mut || 1 });
    let (writes, _) = outbox::outcomes(&mut loaded, &[row.edit()], &result, &clock).map_err(|report| report.to_string())?;
    is_kept(&writes, loser.op)
}

/// A device was away while its record was deleted by somebody who had not seen its version, while the deletion was purged, and while the
/// record was recreated.
fn a_record_that_is_recreated() -> Result<(), String> {
    let stored = |device: u128, rev: u64| {
        let record = plain_record(50).acknowledged(Uuid::from_u128(device), 60, 50).map_err(|report| report.to_string())?;
        Ok::<_, String>(Change { collection: CONTRACT.collections[0], rev, op: version(device, 1, 50).op, record, lost: None })
    };
    let (mine, theirs) = (stored(1, 3)?, stored(2, 9)?);
    let row = Row { state: RowState::Clean, record: mine.record.clone(), ..pending_row(mine.op, 50, Some(3)) };
    let page = last_page(vec![Ok(theirs)], 9, 100);
    let (mut loaded, clock) = (loaded(1, 1, row), ClockAndRng { now_ms: 100, random: &mut || 1 });
    let (writes, _) = pull::page(&mut loaded, &page, &clock).map_err(|report| report.to_string())?;
    is_kept(&writes, mine.op)
}

fn pending_row(op: Op, stamp: i64, base_rev: Option<u64>) -> Row {
    let state = RowState::Pending(Pending { since: 1, lost: false, base_stamp: None, known_rev: None });
    Row { collection: CONTRACT.collections[0], record: plain_record(stamp), op, base_rev, state, seen: 0 }
}

/// The last page of the feed.
fn last_page(changes: Vec<Result<Change, Box<Unreadable>>>, rev: u64, server_time: i64) -> Page {
    let next_cursor = format!("v1.all.e1.{rev}");
    Page { changes, next_cursor, has_more: false, user_rev: rev, digest: None, server_time, names_account: false }
}

/// The meta row and one row of a device that has made `seq` edits.
fn loaded(device: u128, seq: u64, row: Row) -> Loaded {
    let meta = Meta { device: Uuid::from_u128(device), seq, ..Meta::default() };
    Loaded { meta, entries: vec![entry(row)] }
}

fn entry(row: Row) -> Entry {
    Entry { row: Some(row), is_quarantined: false }
}

const USER: Uuid = Uuid::from_u128(3);

/// Pushes a new record as a device that has this cursor.
fn push_one(memory: &mut Memory, device: u128, number: u64, cursor: Option<&str>) -> Result<PushResult, String> {
    push_at(memory, device, number, cursor, 100)
}

fn push_at(memory: &mut Memory, device: u128, number: u64, cursor: Option<&str>, now_ms: i64) -> Result<PushResult, String> {
    let collection = CONTRACT.collections.iter().copied().find(|known| known.singleton.is_none()).expect("a collection");
    let id = Uuid::from_u128(device << 64 | u128::from(number));
    let record = record(&format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":50,"isDeleted":false}}"#));
    let edit = Edit { collection, op: version(device, number, 0).op, base_rev: None, record };
    let push = Push { edits: vec![Ok(edit)], cursor: cursor.map(str::to_owned) };
    let mut clock = ClockAndRng { now_ms, random: &mut || number };
    feed::push(&mut memory.user(USER), &push, Feed::All(&CONTRACT), &mut clock).map_err(|error| error.to_string())
}

fn pull_page(memory: &mut Memory, since: Option<&str>) -> Result<Page, feed::Error> {
    feed::pull(&memory.user(USER), since, None, Feed::All(&CONTRACT), 100)
}

/// Checks that the server rejects a cursor. Returns the revision up to which it shares the history, and the cursor to pull from.
fn refused(memory: &mut Memory, cursor: &str) -> Result<(u64, String), String> {
    match pull_page(memory, Some(cursor)) {
        Err(feed::Error::Refused(feed::Refusal::EpochChanged { restored_rev, since })) => Ok((restored_rev, since)),
        _ => Err("a cursor from another history is followed".to_owned()),
    }
}

fn a_cursor_of_the_first_contract_from_before_a_restore() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    push_one(&mut memory, 1, 1, None)?;
    let backup = memory.back_up();
    push_one(&mut memory, 1, 2, None)?;
    memory.restore(&backup, "e2");
    push_one(&mut memory, 2, 1, None)?;
    refused(&mut memory, "v1.all.e1.2").map(drop)
}

fn a_roll_back_hidden_by_the_push_of_another_device() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    push_one(&mut memory, 1, 1, None)?;
    let snapshot = memory.clone();
    push_one(&mut memory, 1, 2, None)?;
    let cursor = pull_page(&mut memory, None).map_err(|error| error.to_string())?.next_cursor;
    memory = snapshot;
    push_one(&mut memory, 2, 1, None)?;
    refused(&mut memory, &cursor).map(drop)
}

/// The server goes back, and a device whose response was lost pushes again: the same ops get the same revisions, and other server ids.
fn a_roll_back_that_the_same_push_hides() -> Result<(), String> {
    let (mut memory, mut again) = (Memory::new("e1"), Memory::new("e1"));
    push_one(&mut memory, 1, 1, None)?;
    let cursor = pull_page(&mut memory, None).map_err(|error| error.to_string())?.next_cursor;
    push_at(&mut again, 1, 1, None, 200)?;
    refused(&mut again, &cursor).map(drop)
}

/// A device's push is accepted after one of another device. Before it pulls, the server goes back, and another device pushes.
fn a_push_that_is_undone_before_it_is_pulled() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    let cursor = pull_page(&mut memory, None).map_err(|error| error.to_string())?.next_cursor;
    push_one(&mut memory, 2, 1, None)?;
    let snapshot = memory.clone();
    let result = push_one(&mut memory, 1, 1, Some(&cursor))?;
    let (cursor, _) = outbox::cursor_after(&cursor, &result).ok_or("the cursor is unreadable")?;
    pull_page(&mut memory, Some(&cursor)).map_err(|error| format!("while the push is there: {error}"))?;
    memory = snapshot;
    push_one(&mut memory, 2, 2, None)?;
    refused(&mut memory, &cursor).map(drop)
}

/// A device learns how far the server went back, and starts to pull everything. Meanwhile the server goes back further.
fn a_resync_during_which_the_server_goes_back() -> Result<(), String> {
    let mut memory = Memory::new("e1");
    let mut snapshots = Vec::new();
    for number in 1..=20 {
        snapshots.push(memory.clone());
        push_one(&mut memory, 1, number, None)?;
    }
    let cursor = pull_page(&mut memory, None).map_err(|error| error.to_string())?.next_cursor;
    let mut meta = Meta { cursor: Some(cursor.clone()), ..Meta::default() };
    memory = snapshots[19].clone();
    let (restored_rev, since) = refused(&mut memory, &cursor)?;
    pull::begin_resync(&mut meta, Some(restored_rev), Some(since));
    memory = snapshots[2].clone();
    match meta.resync.and_then(|resync| resync.cursor) {
        Some(cursor) => refused(&mut memory, &cursor).map(drop),
        None => Err("the resync merges what it knows nothing about".to_owned()),
    }
}

/// A resync after a restore has seen a record. Before it ends, the record is deleted, and the server forgets the deletion, so that the resync
/// begins again (seed 1000382154).
fn a_deletion_that_is_forgotten_during_a_resync() -> Result<(), String> {
    let collection = CONTRACT.collections.iter().copied().find(|known| known.singleton.is_none()).expect("a collection");
    let mut meta = Meta::default();
    pull::begin_resync(&mut meta, Some(0), None);
    let op = version(1, 1, 0).op;
    let row = Row { collection, record: plain_record(50), op, base_rev: Some(2), state: RowState::Clean, seen: meta.resyncs };
    pull::begin_resync(&mut meta, None, None);
    let mut loaded = Loaded { meta, entries: vec![entry(row)] };
    match pull::sweep(&mut loaded, 100).iter().any(|write| matches!(write, Write::Remove(_))) {
        true => Ok(()),
        false => Err("the deletion is undone".to_owned()),
    }
}

/// A token is rejected, and refreshing it takes long. In the meantime the user signs in again, and the new token is rejected as well. Then
/// the first refresh fails, which says nothing about the second (seed 777000021065).
fn a_refresh_ends_after_the_user_has_signed_in_again() -> Result<(), String> {
    let account = Uuid::from_u128(3);
    let snapshot = Snapshot { meta: Meta { owner: Some(account), ..Meta::default() }, counts: Counts::default() };
    let mut engine = Engine::new(&CONTRACT, Settings::default(), snapshot);
    let mut refreshes = Vec::new();
    for _ in 0..2 {
        for command in engine.handle(Event::SignedIn { account }, 0, 1) {
            let Command::Send { request, .. } = command else { continue };
            let response = ServerResponse::session_ended();
            let commands = engine.handle(Event::Responded { request, response }, 0, 1);
            refreshes.extend(commands.into_iter().filter_map(|command| match command {
                Command::Refresh { request } => Some(request),
                _ => None,
            }));
        }
    }
    let [first, second] = refreshes[..] else { return Err(format!("there are not two refreshes, but {refreshes:?}")) };
    engine.handle(Event::Refreshed { request: first, valid: false }, 0, 1);
    engine.handle(Event::Refreshed { request: second, valid: true }, 0, 1);
    match engine.status(0).state {
        SyncState::NeedsAuth => Err("the user has to sign in once more".to_owned()),
        _ => Ok(()),
    }
}

fn a_sync_that_asks_the_user_returns() -> Result<(), String> {
    let account = Uuid::from_u128(3);
    let resync = Resync { number: 1, restored_in: 1, pulled: true, ..Resync::default() };
    let meta = Meta { owner: Some(account), resync: Some(resync), ..Meta::default() };
    let snapshot = Snapshot { meta, counts: Counts { live: 100, unseen: 100, ..Counts::default() } };
    let mut engine = Engine::new(&CONTRACT, Settings::default(), snapshot.clone());
    engine.handle(Event::SignedIn { account }, 0, 1);
    // The device checks once more, and still misses the records.
    engine.handle(Event::Persisted(Done { snapshot, ..Done::default() }), 0, 1);
    match (engine.status(0).state, engine.is_waiting(0)) {
        (SyncState::NeedsConfirmation, true) => Ok(()),
        (state, waiting) => Err(format!("the state is {state:?}, and whoever has asked for a sync is answered: {waiting} (L4)")),
    }
}
