//! Resyncs that ask before they delete, digests that differ, and notifications.

use serde_json::json;
use stronglog_sync::Answer;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::digest::{Comparison, Difference, DifferenceState, Digest};
use stronglog_sync::engine::{Command, Engine, Event, Settings};
use stronglog_sync::pull::Pulled;
use stronglog_sync::store::{Counts, Loaded, Meta, Resync};
use stronglog_sync::task::{Done, Snapshot, Task};
use uuid::Uuid;

use super::{ACCOUNT, ok, sent};

fn undecided(live: u64, unseen: u64) -> Engine {
    let cursor = Some("v1.all.e1.5".to_owned());
    let resync = Resync { number: 1, restored_in: 1, pulled: true, cursor: cursor.clone(), ..Resync::default() };
    let meta = Meta { owner: Some(ACCOUNT), resync: Some(resync), cursor, ..Meta::default() };
    Engine::new(&CONTRACT, Settings::default(), Snapshot { meta, counts: Counts { live, unseen, ..Counts::default() } })
}

#[test]
fn a_resync_asks_before_it_deletes_nearly_everything() {
    for (live, unseen, asks) in [(40, 40, true), (40, 36, true), (40, 35, false), (9, 9, false), (1_000, 201, true), (1_000, 200, false)] {
        assert_eq!(undecided(live, unseen).status(0).to_be_deleted > 0, asks, "{unseen} of {live}");
    }
}

#[test]
fn a_sync_that_the_user_asks_for_looks_again_before_it_asks_again() {
    let mut engine = undecided(100, 100);
    let persisted = |commands: &[Command]| commands.iter().any(|command| matches!(command, Command::Persist(Task::LookAgain)));
    assert!(persisted(&engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 1)));
    let mut meta = Meta { owner: Some(ACCOUNT), ..Meta::default() };
    meta.resync = Some(Resync { number: 1, restored_in: 1, pulled: true, cursor: Some("v1.all.e1.5".to_owned()), ..Resync::default() });
    let mut loaded = Loaded { meta, entries: Vec::new() };
    let mut clock = ClockAndRng { now_ms: 0, random: &mut || 7 };
    Task::AnswerResync(Answer::Delete).plan(&mut loaded, &mut clock, &mut Done::default()).expect("a plan");
    let resync = loaded.meta.resync.expect("a resync");
    assert_eq!(
        (resync.pulled, resync.confirmed, resync.cursor.as_deref()),
        (false, true, Some("v1.all.e1.0")),
        "nor does it delete blindly"
    );
}

#[test]
fn a_difference_that_persists_is_looked_into_when_the_user_asks_for_a_sync() {
    let difference = Difference { found_at: 1, tried_at: 1, state: DifferenceState::Persistent };
    let cursor = Some("v1.all.e1.5".to_owned());
    let meta = Meta { owner: Some(ACCOUNT), cursor, digest: Some(Digest::default()), difference: Some(difference), ..Meta::default() };
    let counts = Counts { quarantine_digest: Some(Digest::default()), ..Counts::default() };
    let mut engine = Engine::new(&CONTRACT, Settings::default(), Snapshot { meta: meta.clone(), counts });
    let digest = Digest::of("any", Uuid::from_u128(1), 1);
    let page = json!({ "changes": [], "nextCursor": "v1.all.e1.5", "hasMore": false, "userRev": 5, "digest": digest.to_string(), "serverTime": 1 });
    let mut compared = |event: Event| {
        let mut commands = engine.handle(event, 0, 1);
        if commands.iter().any(|command| matches!(command, Command::Load { .. })) {
            commands = engine.handle(Event::Loaded(Vec::new()), 0, 1);
        }
        let request = sent(&commands).expect("a pull");
        engine.handle(Event::Responded { request, response: ok(&page) }, 0, 1);
        let snapshot = Snapshot { meta: meta.clone(), counts };
        let pulled = Pulled { digest: Some(digest), ..Pulled::default() };
        let commands = engine.handle(Event::Persisted(Done { pulled, snapshot: snapshot.clone(), ..Done::default() }), 0, 1);
        engine.handle(Event::Persisted(Done { snapshot, ..Done::default() }), 0, 1);
        commands.into_iter().find_map(|command| match command {
            Command::Persist(Task::Compared(Comparison { agrees, is_urgent })) => Some((agrees, is_urgent)),
            _ => None,
        })
    };
    assert_eq!(compared(Event::SignedIn { account: ACCOUNT }), Some((false, true)));
    assert_eq!(compared(Event::Notified { rev: 9 }), Some((false, false)), "what happens by itself waits a day");
    assert_eq!(compared(Event::SyncNow), Some((false, true)));
    assert_eq!(compared(Event::Probe), Some((false, false)));
}

#[test]
fn a_notification_of_any_other_revision_than_that_of_the_device_is_followed_by_a_pull() {
    let table = [(5, false, "its own"), (6, true, "another device has pushed"), (3, true, "the server has gone back to an earlier state")];
    for (rev, expected, why) in table {
        let meta = Meta { owner: Some(ACCOUNT), cursor: Some("v1.all.e1.5".to_owned()), ..Meta::default() };
        let snapshot = Snapshot { meta, counts: Counts::default() };
        let mut engine = Engine::new(&CONTRACT, Settings::default(), snapshot.clone());
        let mut commands = engine.handle(Event::SignedIn { account: ACCOUNT }, 0, 1);
        if commands.iter().any(|command| matches!(command, Command::Load { .. })) {
            commands = engine.handle(Event::Loaded(Vec::new()), 0, 1);
        }
        let request = sent(&commands).expect("a pull");
        let page = json!({ "changes": [], "nextCursor": "v1.all.e1.5", "hasMore": false, "userRev": 5, "serverTime": 1 });
        engine.handle(Event::Responded { request, response: ok(&page) }, 0, 1);
        engine.handle(Event::Persisted(Done { snapshot, ..Done::default() }), 0, 1);
        assert_eq!(sent(&engine.handle(Event::Notified { rev }, 0, 1)).is_some(), expected, "{why}");
    }
}
