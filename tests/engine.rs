//! The engine against misbehaving servers: it slows down, and continues.

use std::collections::VecDeque;

use serde_json::{Value, json};
use stronglog_sync::Status;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::engine::response::ServerResponse;
use stronglog_sync::engine::{Command, Engine, Event, Message, Settings, TransportError};
use stronglog_sync::merge::Op;
use stronglog_sync::outbox::{LocalEdit, edit};
use stronglog_sync::record::Record;
use stronglog_sync::status::SyncState;
use stronglog_sync::store::memory::MemoryStore;
use stronglog_sync::store::{Counts, Key, Meta, Pending, Row, RowState, Select, Store};
use stronglog_sync::task::{Snapshot, Task};
use stronglog_sync::wire::Edit;
use uuid::Uuid;

#[path = "engine/resyncs.rs"]
mod resyncs;

const ACCOUNT: Uuid = Uuid::from_u128(3);

fn engine() -> Engine {
    let snapshot = Snapshot { meta: Meta { owner: Some(ACCOUNT), ..Meta::default() }, counts: Counts::default() };
    Engine::new(&CONTRACT, Settings::default(), snapshot)
}

fn answer(status: u16, retry_after_ms: Option<u64>, code: &str) -> ServerResponse {
    let body = serde_json::json!({ "type": "about:blank", "title": "No", "status": status, "code": code, "retryable": true });
    ServerResponse { status, account: None, retry_after_ms, body: body.to_string().into_bytes() }
}

fn sent(commands: &[Command]) -> Option<u64> {
    commands.iter().find_map(|command| if let Command::Send { request, .. } = command { Some(*request) } else { None })
}

fn refresh(commands: &[Command]) -> Option<u64> {
    commands.iter().find_map(|command| if let Command::Refresh { request } = command { Some(*request) } else { None })
}

fn wake_at(commands: &[Command]) -> Option<i64> {
    commands.iter().rev().find_map(|command| if let Command::WakeAt(at) = command { *at } else { None })
}

#[test]
fn a_server_that_asks_for_no_wait_is_not_asked_again_at_once() {
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    let commands = engine.handle(Event::Responded { request, response: answer(503, Some(0), "unavailable") }, 0, 500);
    assert_eq!((sent(&commands), wake_at(&commands)), (None, Some(501)), "the first wait of the back-off");
    assert!(engine.is_waiting(0), "whoever has asked for a sync gets an answer");

    let request = sent(&engine.handle(Event::Tick, 501, 500)).expect("a request");
    let commands = engine.handle(Event::Responded { request, response: answer(429, Some(7_000), "rate_limited") }, 600, 500);
    assert_eq!(wake_at(&commands), Some(7_600), "a wait that the server asks for is followed exactly");

    let request = sent(&engine.handle(Event::Tick, 7_600, 500)).expect("a request");
    let commands = engine.handle(Event::Responded { request, response: answer(503, Some(u64::MAX), "unavailable") }, 8_000, 500);
    assert_eq!(wake_at(&commands), Some(8_000 + 24 * 60 * 60 * 1_000), "a wrong date does not end the sync");
}

#[test]
fn a_refresh_without_an_answer_does_not_sign_the_device_out() {
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    let commands = engine.handle(Event::Responded { request, response: answer(401, None, "token_expired") }, 0, 500);
    let request = refresh(&commands).expect("a refresh");
    let commands = engine.handle(Event::NoResponse { request, error: lost(false) }, 10, 500);
    assert_eq!((engine.status(10).state, sent(&commands)), (SyncState::Offline, None));
    assert!(engine.is_waiting(10));

    let at = wake_at(&commands).expect("a timer");
    let request = sent(&engine.handle(Event::Tick, at, 500)).expect("a request");
    let commands = engine.handle(Event::Responded { request, response: answer(401, None, "token_expired") }, at, 500);
    let request = refresh(&commands).expect("another refresh");
    engine.handle(Event::Refreshed { request, valid: false }, at, 500);
    assert_eq!(engine.status(at).state, SyncState::NeedsAuth, "the server has said that the session has ended");
}

/// Behind a load balancer, two servers with different data reject each other's cursors.
#[test]
fn servers_that_reject_each_others_cursors_are_asked_less_and_less() {
    let mut store = MemoryStore::new(Uuid::from_u128(9));
    let mut clock = ClockAndRng { now_ms: 0, random: &mut || 7 };
    let claimed = Task::Claim { account: ACCOUNT }.run(&mut store, &mut clock).expect("a claim");
    let mut engine = Engine::new(&CONTRACT, Settings::default(), claimed.snapshot);
    let mut commands = engine.handle(Event::SignedIn { account: ACCOUNT }, 0, u64::MAX);
    let mut now = 0;
    for _ in 0..20 {
        if let Some(request) = sent(&commands) {
            commands = engine.handle(Event::Responded { request, response: answer(410, None, "epoch_changed") }, now, u64::MAX);
        } else if let Some(task) = commands.iter().find_map(|command| if let Command::Persist(task) = command { Some(task) } else { None })
        {
            let done = task.run(&mut store, &mut clock).expect("a step");
            commands = engine.handle(Event::Persisted(done), now, u64::MAX);
        } else {
            assert!(engine.is_waiting(now), "whoever has asked for a sync gets an answer");
            now = wake_at(&commands).expect("a timer");
            commands = engine.handle(Event::Tick, now, u64::MAX);
        }
    }
    assert!(now > 5_000, "twenty steps took only {now} ms");
}

#[test]
fn a_response_of_a_proxy_is_not_treated_as_one_of_the_server() {
    let html = |status| ServerResponse {
        status,
        account: None,
        retry_after_ms: None,
        body: b"<html>please sign in to the network</html>".to_vec(),
    };
    for status in [200, 204, 302, 401, 403, 404, 407, 410, 426, 500] {
        let mut engine = engine();
        let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
        let commands = engine.handle(Event::Responded { request, response: html(status) }, 0, 500);
        let now = engine.status(0);
        assert_eq!(now.state, SyncState::Offline, "{status}");
        assert!(now.last_error.is_some_and(|error| error.contains(&format!("status {status} from something that is not"))), "{status}");
        assert!(wake_at(&commands).is_some() && refresh(&commands).is_none(), "{status}");
    }
}

#[test]
fn a_wait_that_no_server_has_asked_for_lasts_minutes() {
    let proxy = ServerResponse {
        status: 503,
        account: None,
        retry_after_ms: Some(999_999_999_999_000),
        body: b"<html>try again later</html>".to_vec(),
    };
    for (answer, wait) in [(proxy, 5 * 60_000), (answer(503, Some(3_600_000), "unavailable"), 3_600_000)] {
        let mut engine = engine();
        let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
        engine.handle(Event::Responded { request, response: answer }, 0, 500);
        assert_eq!(engine.status(0).next_attempt_in_ms, Some(wait));
    }
}

#[test]
fn a_server_with_a_newer_code_for_an_old_program_is_understood_by_its_status() {
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    engine.handle(Event::Responded { request, response: answer(426, None, "contract_too_old") }, 0, 500);
    assert_eq!(engine.status(0).state, SyncState::UpgradeRequired);
}

#[test]
fn a_page_that_leads_to_itself_is_not_asked_for_again_at_once() {
    let cursor = "v1.all.e1.1";
    let page = serde_json::json!({ "changes": [], "nextCursor": cursor, "hasMore": true, "userRev": 5, "serverTime": 1 });
    let answer = ServerResponse { status: 200, account: None, retry_after_ms: None, body: page.to_string().into_bytes() };
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    let commands = engine.handle(Event::Responded { request, response: answer }, 0, 500);
    assert!(sent(&commands).is_none() && wake_at(&commands).is_some() && engine.is_waiting(0));
    assert!(engine.status(0).last_error.is_some_and(|error| error.contains("does not advance")));
}

/// A device with an edit, at rest after a minute with a server that responds in some way.
struct Played {
    pulls: usize,
    pushes: usize,
    status: Status,
    store: MemoryStore,
}

/// Runs a device with an edit for a minute against a server that responds in this way.
fn played(answer: impl Fn(&Message) -> ServerResponse) -> Played {
    let mut store = MemoryStore::new(Uuid::from_u128(9));
    let mut numbers = 0..;
    let mut random = || numbers.next().unwrap_or_default();
    let mut clock = ClockAndRng { now_ms: 0, random: &mut random };
    Task::Claim { account: ACCOUNT }.run(&mut store, &mut clock).expect("a claim");
    let collection = CONTRACT.collection("user-bodyweight-logs").expect("a collection");
    let key = Key { collection, id: Uuid::from_u128(0x018f_4e2a_7c1b_7d3e_9a55_0c6f_1b2d_3e4f) };
    let text =
        json!({ "id": key.id, "clientCreatedAt": 1, "clientUpdatedAt": 1, "isDeleted": false, "date": 1, "weightKg": 80 }).to_string();
    let written = store.update(&Select::Keys(vec![key]), &mut |loaded| {
        Ok(edit(loaded, key, &LocalEdit::Put(text.clone()), &mut clock).expect("a valid record"))
    });
    written.expect("written");
    let mut engine = Engine::new(&CONTRACT, Settings::default(), Snapshot::of(&mut store).expect("a snapshot"));
    let (mut now, mut pulls, mut pushes) = (0, 0, 0);
    let mut commands: VecDeque<Command> = engine.handle(Event::SignedIn { account: ACCOUNT }, now, u64::MAX).into();
    let (mut wake, mut status) = (None, engine.status(now));
    while now < 60_000 && pulls + pushes < 1_000 {
        let event = match commands.pop_front() {
            Some(Command::Load { edits, limit }) => Event::Loaded(store.pending(edits, limit).expect("rows")),
            Some(Command::Persist(task)) => Event::Persisted(task.run(&mut store, &mut clock).expect("a step")),
            Some(Command::Send { request, message, .. }) => {
                *if matches!(message, Message::Pull { .. }) { &mut pulls } else { &mut pushes } += 1;
                Event::Responded { request, response: answer(&message) }
            }
            Some(Command::WakeAt(at)) => {
                wake = at;
                continue;
            }
            Some(Command::Refresh { .. } | Command::Cancel { .. }) => continue,
            None => {
                status = engine.status(now);
                now = wake.unwrap_or(i64::MAX);
                Event::Tick
            }
        };
        commands.extend(engine.handle(event, now, u64::MAX));
    }
    Played { pulls, pushes, status, store }
}

fn ok(body: &Value) -> ServerResponse {
    ServerResponse { status: 200, account: None, retry_after_ms: None, body: body.to_string().into_bytes() }
}

fn idle_page() -> ServerResponse {
    ok(&json!({ "changes": [], "nextCursor": "v1.all.e1.0", "hasMore": false, "userRev": 0, "serverTime": 1 }))
}

fn push_result(message: &Message, outcome: impl Fn(&Edit) -> Value) -> ServerResponse {
    let Message::Push { edits, .. } = message else { return idle_page() };
    let outcomes: Vec<Value> = edits.iter().map(outcome).collect();
    ok(&json!({ "outcomes": outcomes, "prevUserRev": 0, "userRev": 1, "serverTime": 1 }))
}

/// Plays a server that responds to pushes in this way. Returns the number of pushes and the status.
fn pushed(outcome: impl Fn(&Edit) -> Value) -> (usize, Status) {
    let played = played(|message| push_result(message, &outcome));
    (played.pushes, played.status)
}

fn receipt(edit: &Edit, rev: u64) -> Value {
    json!({ "id": edit.record.id, "op": op(edit), "outcome": "accepted", "rev": rev, "serverId": "0f8f4e2a-7c1b-4d3e-9a55-0c6f1b2d3e4f",
        "serverUpdatedAt": 1, "clientUpdatedAt": edit.record.stamp })
}

fn op(edit: &Edit) -> Value {
    json!({ "id": edit.op.id, "deviceId": edit.op.device, "seq": edit.op.seq })
}

#[test]
fn a_server_that_takes_every_device_for_another_is_asked_less_and_less() {
    let (count, status) = pushed(|edit| {
        let id = edit.record.id;
        let mut record: Value = serde_json::from_str(&edit.record.text).expect("JSON");
        record["serverId"] = json!("0f8f4e2a-7c1b-4d3e-9a55-0c6f1b2d3e4f");
        record["serverUpdatedAt"] = json!(1);
        let forked = json!({ "id": Uuid::from_u128(5), "deviceId": edit.op.device, "seq": 1_000_000_000 });
        json!({ "id": id, "op": op(edit), "outcome": "superseded", "winner": { "rev": 1, "op": forked, "record": record } })
    });
    assert!((3..20).contains(&count), "{count} pushes in a minute");
    assert!(status.pending == 1 && status.last_error.is_some_and(|error| error.contains("another device has this one's id")));
}

#[test]
fn an_acknowledgement_above_the_newest_revision_of_the_server_is_rejected() {
    let (count, status) = pushed(|edit| receipt(edit, 1_000));
    assert!((2..20).contains(&count), "{count} pushes in a minute");
    assert!(status.pending == 1 && status.last_error.is_some_and(|error| error.contains("a revision above its newest one")));
    assert_eq!(pushed(|edit| receipt(edit, 1)).1.pending, 0);
}

/// A program between device and server may return the response to another request, or repeat a response.
#[test]
fn an_answer_to_another_push_acknowledges_nothing() {
    let other = json!("018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e50");
    let of = |path: &'static [&'static str]| {
        let other = other.clone();
        pushed(move |edit| {
            let mut outcome = receipt(edit, 1);
            *path.iter().fold(&mut outcome, |value, name| &mut value[*name]) = other.clone();
            outcome
        })
    };
    for path in [&["id"] as &'static [&'static str], &["op", "id"], &["op", "deviceId"]] {
        let (count, status) = of(path);
        assert!((2..20).contains(&count), "{path:?}: {count} pushes in a minute");
        assert_eq!((status.pending, status.state), (1, SyncState::Offline), "{path:?}");
        assert!(status.last_error.is_some_and(|error| error.contains("the response to another push")), "{path:?}");
    }
    let twice = played(|message| match message {
        Message::Push { edits, .. } => {
            let outcome = receipt(&edits[0], 1);
            ok(&json!({ "outcomes": [outcome, outcome], "prevUserRev": 0, "userRev": 1, "serverTime": 1 }))
        }
        Message::Pull { .. } => idle_page(),
    });
    assert_eq!(twice.status.pending, 1, "an outcome of an edit that was not sent");
}

#[test]
fn an_answer_of_another_account_is_taken_for_none() {
    for (account, pending) in [(Uuid::from_u128(4), 1), (ACCOUNT, 0)] {
        let played =
            played(|message| ServerResponse { account: Some(account.to_string()), ..push_result(message, |edit| receipt(edit, 1)) });
        assert_eq!(played.status.pending, pending);
        assert!(played.pulls < 20, "{} pulls in a minute", played.pulls);
        let error = played.status.last_error;
        assert_eq!(error.is_some_and(|error| error.contains(&account.to_string())), pending == 1, "the message names the account");
    }
}

#[test]
fn a_proxy_that_begins_to_remove_the_name_of_the_account_is_noticed_at_the_next_push() {
    let named = std::cell::Cell::new(true);
    let mut played = played(|message| match message {
        Message::Pull { .. } if named.replace(false) => ServerResponse { account: Some(ACCOUNT.to_string()), ..idle_page() },
        Message::Pull { .. } => idle_page(),
        Message::Push { .. } => push_result(message, |edit| receipt(edit, 1)),
    });
    assert!(!named.get(), "the server has named the account");
    assert_eq!((played.status.pending, played.status.last_error), (0, None));
    assert!(!played.store.meta().expect("the device's row").names_account);
}

#[test]
fn whatever_a_server_answers_again_and_again_it_is_asked_less_and_less() {
    let codes = ["unavailable", "epoch_changed", "cursor_expired", "invalid_cursor", "payload_too_large", "malformed_request", "new"];
    let html = |status| ServerResponse { status, account: None, retry_after_ms: None, body: b"<html></html>".to_vec() };
    for status in (200..600).filter(|status| status % 100 < 30) {
        for refusal in codes.map(|code| answer(status, None, code)).into_iter().chain([html(status)]) {
            for of_pushes in [false, true] {
                let played = played(|message| match message {
                    Message::Pull { .. } if of_pushes => idle_page(),
                    _ => refusal.clone(),
                });
                let (pulls, pushes) = (played.pulls, played.pushes);
                let text = String::from_utf8_lossy(&refusal.body);
                assert!(
                    pulls + pushes < 60,
                    "{pulls} pulls and {pushes} pushes in a minute, answered {status} {text} (pushes: {of_pushes})"
                );
            }
        }
    }
}

#[test]
fn an_account_that_has_no_room_for_anything_is_asked_less_and_less() {
    let mut store = MemoryStore::new(Uuid::from_u128(9));
    let mut clock = ClockAndRng { now_ms: 0, random: &mut || 7 };
    let mut snapshot = Task::Claim { account: ACCOUNT }.run(&mut store, &mut clock).expect("a claim").snapshot;
    (snapshot.meta.cursor, snapshot.counts.pending) = (Some("v1.all.e1.0".to_owned()), 1);
    let mut engine = Engine::new(&CONTRACT, Settings::default(), snapshot);
    let collection = CONTRACT.collection("user-bodyweight-logs").expect("a collection");
    let id = Uuid::from_u128(0x018f_4e2a_7c1b_7d3e_9a55_0c6f_1b2d_3e4f);
    let text = json!({ "id": id, "clientCreatedAt": 1, "clientUpdatedAt": 1, "isDeleted": true }).to_string();
    let record = Record { id, stamp: 1, deleted: true, text };
    let op = Op { id, device: Uuid::from_u128(9), seq: 1 };
    let pending = Pending { since: 0, lost: false, base_stamp: None, known_rev: None };
    let deletion = Row { collection, record, op, base_rev: Some(1), state: RowState::Pending(pending), seen: 0 };
    let (mut commands, mut pushes) = (engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 1), 0);
    for _ in 0..20 {
        commands = if let Some(request) = sent(&commands) {
            pushes += 1;
            engine.handle(Event::Responded { request, response: answer(507, None, "quota_exceeded") }, 0, 1)
        } else if commands.iter().any(|command| matches!(command, Command::Load { .. })) {
            engine.handle(Event::Loaded(vec![deletion.clone()]), 0, 1)
        } else {
            break;
        };
    }
    assert_eq!(pushes, 4, "a push of everything, one of known records, one of deletions, and a pull");
    assert!(engine.is_waiting(0));
}

#[test]
fn pulls_go_on_while_pushes_fail() {
    let played = played(|message| match message {
        Message::Push { .. } => answer(500, None, "unavailable"),
        Message::Pull { .. } => idle_page(),
    });
    assert!(played.pulls > 2 && (2..20).contains(&played.pushes), "{} pulls and {} pushes", played.pulls, played.pushes);
    assert_eq!((played.status.state, played.status.pending), (SyncState::Offline, 1));
    assert!(played.status.last_error.is_some_and(|error| error.contains("responded with 500")));
}

#[test]
fn a_rejection_with_a_code_of_a_later_contract_blocks_its_edit_alone() {
    let rejected = |retryable: bool| {
        played(move |message| {
            push_result(message, |edit| {
                let error = json!({ "code": "out_of_season", "retryable": retryable, "message": "wait for spring" });
                json!({ "id": edit.record.id, "op": op(edit), "outcome": "rejected", "error": error })
            })
        })
    };
    let mut blocked = rejected(false);
    assert_eq!((blocked.status.pending, blocked.status.blocked, blocked.pushes), (0, 1, 1));
    let rows = blocked.store.blocked().expect("rows");
    let RowState::Blocked(_, block) = &rows[0].state else { panic!("{rows:?}") };
    assert_eq!((block.code.as_str(), block.message.as_str()), ("out_of_season", "wait for spring"));
    let waiting = rejected(true);
    assert_eq!((waiting.status.pending, waiting.status.blocked), (1, 0));
    assert!((2..20).contains(&waiting.pushes), "{} pushes in a minute", waiting.pushes);
}

/// Two sign-ins at the same time may both have found the database without an owner.
#[test]
fn a_database_stays_with_the_account_that_claimed_it_first() {
    let mut store = MemoryStore::new(Uuid::from_u128(9));
    let mut clock = ClockAndRng { now_ms: 0, random: &mut || 7 };
    for account in [ACCOUNT, Uuid::from_u128(4), ACCOUNT] {
        let done = Task::Claim { account }.run(&mut store, &mut clock).expect("a step");
        assert_eq!(done.snapshot.meta.owner, Some(ACCOUNT), "whoever claims it learns whose it is");
    }
}

#[test]
fn after_an_answer_that_broke_off_a_smaller_page_is_asked_for() {
    let mut engine = engine();
    let (mut commands, mut asked) = (engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 1), Vec::new());
    for _ in 0..12 {
        let (request, limit) = page_asked(&commands).expect("a pull");
        asked.push(limit);
        let commands_then = engine.handle(Event::NoResponse { request, error: lost(false) }, 0, 1);
        let at = wake_at(&commands_then).expect("a timer");
        commands = engine.handle(Event::SyncNow, at, 1);
    }
    assert_eq!(asked, [1_000, 500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
}

#[test]
fn a_connection_that_breaks_under_large_messages_gets_smaller_ones_at_once() {
    let mut engine = engine();
    let (mut commands, mut asked) = (engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 1), Vec::new());
    while let Some((request, limit)) = page_asked(&commands) {
        asked.push(limit);
        commands = engine.handle(Event::NoResponse { request, error: lost(true) }, 0, 1);
    }
    assert_eq!(asked, [1_000, 500, 250, 125, 62, 31, 15, 7, 3, 1]);
    assert!(engine.is_waiting(0), "not even one change gets through");
    assert_eq!(engine.status(0).state, SyncState::Offline);
}

/// The request for a page among the commands, and how many changes it asks for.
fn page_asked(commands: &[Command]) -> Option<(u64, u64)> {
    commands.iter().find_map(|command| match command {
        Command::Send { request, message: Message::Pull { limit, .. }, .. } => Some((*request, *limit)),
        _ => None,
    })
}

fn lost(is_cut: bool) -> TransportError {
    TransportError { message: "the network is down".to_owned(), is_cut }
}
