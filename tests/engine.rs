//! What the engine makes of servers that answer in ways that no good server does: it keeps its distance, and goes on.

use stronglog_sync::api::CONTRACT;
use stronglog_sync::engine::answer::Answered;
use stronglog_sync::engine::{Command, Engine, Event, Settings};
use stronglog_sync::status::SyncState;
use stronglog_sync::store::memory::MemoryStore;
use stronglog_sync::store::{Counts, Meta};
use stronglog_sync::task::{Snapshot, Task};
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
    let mut clock = stronglog_sync::clock::ClockAndRng { now_ms: 0, random: &mut || 7 };
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
