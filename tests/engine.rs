//! What the engine makes of servers that answer in ways that no good server does: it keeps its distance, and goes on.

use std::collections::VecDeque;

use serde_json::{Value, json};
use stronglog_sync::Status;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::engine::answer::Answered;
use stronglog_sync::engine::{Command, Engine, Event, Message, Settings};
use stronglog_sync::outbox::{LocalEdit, edit};
use stronglog_sync::status::SyncState;
use stronglog_sync::store::memory::MemoryStore;
use stronglog_sync::store::{Counts, Key, Meta, Select, Store};
use stronglog_sync::task::{Snapshot, Task};
use stronglog_sync::wire::Edit;
use uuid::Uuid;

const ACCOUNT: Uuid = Uuid::from_u128(3);

fn engine() -> Engine {
    let snapshot = Snapshot { meta: Meta { owner: Some(ACCOUNT), ..Meta::default() }, counts: Counts::default() };
    Engine::new(&CONTRACT, Settings::default(), snapshot)
}

fn answer(status: u16, retry_after_ms: Option<u64>, code: &str) -> Answered {
    let body = serde_json::json!({ "type": "about:blank", "title": "No", "status": status, "code": code, "retryable": true });
    Answered { status, retry_after_ms, body: body.to_string().into_bytes() }
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
    let commands = engine.handle(Event::Answered { request, answer: answer(503, Some(0), "unavailable") }, 0, 500);
    assert_eq!((sent(&commands), wake_at(&commands)), (None, Some(501)), "the first wait of the back-off");
    assert!(engine.is_waiting(0), "whoever has asked for a sync gets an answer");

    let request = sent(&engine.handle(Event::Tick, 501, 500)).expect("a request");
    let commands = engine.handle(Event::Answered { request, answer: answer(429, Some(7_000), "rate_limited") }, 600, 500);
    assert_eq!(wake_at(&commands), Some(7_600), "a wait that the server asks for is followed exactly");

    let request = sent(&engine.handle(Event::Tick, 7_600, 500)).expect("a request");
    let commands = engine.handle(Event::Answered { request, answer: answer(503, Some(u64::MAX), "unavailable") }, 8_000, 500);
    assert_eq!(wake_at(&commands), Some(8_000 + 24 * 60 * 60 * 1_000), "a wrong date does not end the sync");
}

#[test]
fn a_refresh_without_an_answer_does_not_sign_the_device_out() {
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    let commands = engine.handle(Event::Answered { request, answer: answer(401, None, "token_expired") }, 0, 500);
    let request = refresh(&commands).expect("a refresh");
    let commands = engine.handle(Event::Unanswered { request, message: "the network is down".to_owned() }, 10, 500);
    assert_eq!((engine.status(10).state, sent(&commands)), (SyncState::Offline, None));
    assert!(engine.is_waiting(10));

    let at = wake_at(&commands).expect("a timer");
    let request = sent(&engine.handle(Event::Tick, at, 500)).expect("a request");
    let commands = engine.handle(Event::Answered { request, answer: answer(401, None, "token_expired") }, at, 500);
    let request = refresh(&commands).expect("another refresh");
    engine.handle(Event::Refreshed { request, valid: false }, at, 500);
    assert_eq!(engine.status(at).state, SyncState::NeedsAuth, "the server has said that the session has ended");
}

/// Behind a load balancer, two servers with different data refuse each other's cursors.
#[test]
fn servers_that_refuse_each_other_s_cursors_are_asked_less_and_less() {
    let mut store = MemoryStore::new(Uuid::from_u128(9));
    let mut clock = ClockAndRng { now_ms: 0, random: &mut || 7 };
    let claimed = Task::Claim { account: ACCOUNT }.run(&mut store, &mut clock).expect("a claim");
    let mut engine = Engine::new(&CONTRACT, Settings::default(), claimed.snapshot);
    let mut commands = engine.handle(Event::SignedIn { account: ACCOUNT }, 0, u64::MAX);
    let mut now = 0;
    for _ in 0..20 {
        if let Some(request) = sent(&commands) {
            commands = engine.handle(Event::Answered { request, answer: answer(410, None, "epoch_changed") }, now, u64::MAX);
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
fn what_a_proxy_answers_is_not_taken_for_the_server_s_word() {
    let html = |status| Answered { status, retry_after_ms: None, body: b"<html>please sign in to the network</html>".to_vec() };
    for status in [200, 204, 302, 401, 403, 404, 407, 410, 426, 500] {
        let mut engine = engine();
        let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
        let commands = engine.handle(Event::Answered { request, answer: html(status) }, 0, 500);
        let now = engine.status(0);
        assert_eq!(now.state, SyncState::Offline, "{status}");
        assert!(now.last_error.is_some_and(|error| error.contains(&format!("status {status} from something that is not"))), "{status}");
        assert!(wake_at(&commands).is_some() && refresh(&commands).is_none(), "{status}");
    }
}

#[test]
fn a_wait_that_no_server_has_asked_for_lasts_minutes() {
    let proxy = Answered { status: 503, retry_after_ms: Some(999_999_999_999_000), body: b"<html>try again later</html>".to_vec() };
    for (answer, wait) in [(proxy, 5 * 60_000), (answer(503, Some(3_600_000), "unavailable"), 3_600_000)] {
        let mut engine = engine();
        let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
        engine.handle(Event::Answered { request, answer }, 0, 500);
        assert_eq!(engine.status(0).next_attempt_in_ms, Some(wait));
    }
}

#[test]
fn a_server_with_a_newer_code_for_an_old_program_is_understood_by_its_status() {
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    engine.handle(Event::Answered { request, answer: answer(426, None, "contract_too_old") }, 0, 500);
    assert_eq!(engine.status(0).state, SyncState::UpgradeRequired);
}

#[test]
fn a_page_that_leads_to_itself_is_not_asked_for_again_at_once() {
    let cursor = "v1.all.e1.1";
    let page = serde_json::json!({ "changes": [], "nextCursor": cursor, "hasMore": true, "userRev": 5, "serverTime": 1 });
    let answer = Answered { status: 200, retry_after_ms: None, body: page.to_string().into_bytes() };
    let mut engine = engine();
    let request = sent(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 500)).expect("a request");
    let commands = engine.handle(Event::Answered { request, answer }, 0, 500);
    assert!(sent(&commands).is_none() && wake_at(&commands).is_some() && engine.is_waiting(0));
    assert!(engine.status(0).last_error.is_some_and(|error| error.contains("does not advance")));
}

/// Runs a device with an edit for a minute against a server that answers its pushes in this way. Returns the number of pushes and the status.
fn pushed(outcome: impl Fn(&Edit) -> Value) -> (usize, Status) {
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
    let (mut now, mut count) = (0, 0);
    let mut commands: VecDeque<Command> = engine.handle(Event::SignedIn { account: ACCOUNT }, now, u64::MAX).into();
    let mut wake = None;
    while now < 60_000 && count < 1_000 {
        let event = match commands.pop_front() {
            Some(Command::Load { edits, limit }) => Event::Loaded(store.pending(edits, limit).expect("rows")),
            Some(Command::Persist(task)) => Event::Persisted(task.run(&mut store, &mut clock).expect("a step")),
            Some(Command::Send { request, message, .. }) => {
                let body = match message {
                    Message::Pull { .. } => {
                        json!({ "changes": [], "nextCursor": "v1.all.e1.0", "hasMore": false, "userRev": 0, "serverTime": 1 })
                    }
                    Message::Push { edits, .. } => {
                        count += 1;
                        let outcomes: Vec<Value> = edits.iter().map(&outcome).collect();
                        json!({ "outcomes": outcomes, "prevUserRev": 0, "userRev": 1, "serverTime": 1 })
                    }
                };
                Event::Answered { request, answer: Answered { status: 200, retry_after_ms: None, body: body.to_string().into_bytes() } }
            }
            Some(Command::WakeAt(at)) => {
                wake = at;
                continue;
            }
            Some(Command::Refresh { .. } | Command::Cancel { .. }) => continue,
            None => {
                now = wake.unwrap_or(i64::MAX);
                Event::Tick
            }
        };
        commands.extend(engine.handle(event, now, u64::MAX));
    }
    (count, engine.status(now))
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
fn an_acknowledgement_above_the_server_s_newest_revision_is_not_believed() {
    let receipt = |edit: &Edit, rev: u64| {
        json!({ "id": edit.record.id, "op": op(edit), "outcome": "accepted", "rev": rev, "serverId": "0f8f4e2a-7c1b-4d3e-9a55-0c6f1b2d3e4f",
            "serverUpdatedAt": 1, "clientUpdatedAt": edit.record.stamp })
    };
    let (count, status) = pushed(|edit| receipt(edit, 1_000));
    assert!((2..20).contains(&count), "{count} pushes in a minute");
    assert!(status.pending == 1 && status.last_error.is_some_and(|error| error.contains("a revision above its newest one")));
    assert_eq!(pushed(|edit| receipt(edit, 1)).1.pending, 0);
}
