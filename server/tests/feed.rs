//! The decision logic case by case, over the in-memory store.

use stronglog_server::feed::{self, CLOCK_SKEW_MAX_MS, Deletion, Error, Refusal};
use stronglog_server::store::Records;
use stronglog_server::store::memory::Memory;

use stronglog_sync::api::collection::Collection;
use stronglog_sync::api::{CONTRACT, FeedPushResult, RejectionCode, SERVER_CONTRACT, Schema};
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::cursor::Cursor;
use stronglog_sync::digest::Digest;
use stronglog_sync::merge::Op;
use stronglog_sync::record::RECORD_BYTES_MAX;
use stronglog_sync::wire::{self, Feed, Outcome, Page, PushResult, Reason};
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_750_000_000_000;
pub(crate) const USER: Uuid = Uuid::from_u128(1);
pub(crate) const PHONE: Uuid = Uuid::from_u128(0xa);
pub(crate) const LAPTOP: Uuid = Uuid::from_u128(0xb);

/// A server with one user, and a clock that does not advance.
pub(crate) struct Setup {
    pub(crate) memory: Memory,
    now_ms: i64,
    bits: u64,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Setup { memory: Memory::new("e1"), now_ms: NOW, bits: 0 }
    }

    pub(crate) fn push_to(&mut self, feed: Feed, body: &str) -> Result<PushResult, Error> {
        let push = wire::read_push(body.as_bytes(), &SERVER_CONTRACT, feed).expect("a push");
        let bits = &mut self.bits;
        let mut entropy = || {
            *bits += 1;
            *bits
        };
        feed::push(&mut self.memory.user(USER), &push, feed, &mut ClockAndRng { now_ms: self.now_ms, random: &mut entropy })
    }

    pub(crate) fn push(&mut self, edits: &[String]) -> PushResult {
        self.push_to(Feed::All(&CONTRACT), &body(edits)).expect("an answer")
    }

    pub(crate) fn one(&mut self, edit: String) -> Outcome {
        self.push(&[edit]).outcomes.pop().expect("an outcome")
    }

    pub(crate) fn pull(&mut self, since: Option<&str>, limit: usize) -> Result<Page, Error> {
        feed::pull(&self.memory.user(USER), since, Some(limit), Feed::All(&CONTRACT), self.now_ms)
    }

    pub(crate) fn rev(&mut self) -> u64 {
        self.memory.user(USER).head().expect("a head").rev
    }
}

/// A collection with a given property, whatever its name.
fn collection(like: impl Fn(&Collection) -> bool) -> &'static Collection {
    CONTRACT.collections.iter().copied().find(|collection| like(collection)).expect("the contract has such a collection")
}

/// The collection whose records are the simplest to create.
fn weights() -> &'static Collection {
    collection(|collection| collection.path == "user-bodyweight-logs")
}

pub(crate) fn weight(id: u128, stamp: i64, extra: &str) -> String {
    let id = Uuid::from_u128(id);
    format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":{stamp},"isDeleted":false,"date":1,"weightKg":80{extra}}}"#)
}

pub(crate) fn tombstone(id: u128, stamp: i64) -> String {
    format!(r#"{{"id":"{}","clientCreatedAt":1,"clientUpdatedAt":{stamp},"isDeleted":true}}"#, Uuid::from_u128(id))
}

fn op(device: Uuid, seq: u64) -> String {
    format!(r#"{{"id":"{}","deviceId":"{device}","seq":{seq}}}"#, Uuid::from_u128(device.as_u128() << 64 | u128::from(seq)))
}

pub(crate) fn edit(device: Uuid, seq: u64, record: &str) -> String {
    edit_of(weights().path, device, seq, None, record)
}

fn edit_of(path: &str, device: Uuid, seq: u64, base_rev: Option<u64>, record: &str) -> String {
    let base_rev = base_rev.map(|rev| format!(r#","baseRev":{rev}"#)).unwrap_or_default();
    format!(r#"{{"collection":"{path}","op":{}{base_rev},"record":{record}}}"#, op(device, seq))
}

pub(crate) fn body(edits: &[String]) -> String {
    format!("{{\"changes\":[{}]}}", edits.join(","))
}

fn code(outcome: &Outcome) -> Option<RejectionCode> {
    match outcome {
        Outcome::Rejected { reason: Reason::Own(error), .. } => Some(error.code),
        _ => None,
    }
}

#[test]
fn accepted_edits_alone_get_revisions_and_in_order() {
    let mut setup = Setup::new();
    let edits = [edit(PHONE, 1, &weight(1, NOW, "")), edit(PHONE, 2, r#"{"id":7}"#), edit(PHONE, 3, &weight(2, NOW, ""))];
    let result = setup.push(&edits);
    let revs: Vec<_> =
        result.outcomes.iter().map(|outcome| if let Outcome::Accepted(receipt) = outcome { Some(receipt.rev) } else { None }).collect();
    assert_eq!(revs, [Some(1), None, Some(2)]);
    assert_eq!((result.prev_user_rev, result.user_rev), (0, 2));
    let again = setup.push(&edits);
    assert!(matches!(again.outcomes[..], [Outcome::Duplicate(_), Outcome::Rejected { .. }, Outcome::Duplicate(_)]), "{again:?}");
    assert_eq!((again.prev_user_rev, again.user_rev), (2, 2), "a repetition changes nothing");
    let Outcome::Duplicate(second) = again.outcomes[2] else { panic!("{again:?}") };
    let Outcome::Accepted(first) = result.outcomes[2] else { panic!("{result:?}") };
    assert_eq!(first, second, "and is answered like the first time");
}

#[test]
fn what_the_server_adds_is_its_own_and_all_else_is_kept() {
    let mut setup = Setup::new();
    let claimed = r#","serverId":"00000000-0000-4000-8000-000000000000","serverUpdatedAt":5,"mood":{"at": [1.50]}"#;
    let Outcome::Accepted(receipt) = setup.one(edit(PHONE, 1, &weight(1, NOW, claimed))) else { panic!("accepted") };
    let page = setup.pull(None, 10).expect("a page");
    let text = &page.changes[0].as_ref().expect("readable").record.text;
    assert!(
        text.contains(&format!("\"serverId\":\"{}\"", receipt.server_id)) && text.contains(&format!("\"serverUpdatedAt\":{NOW}")),
        "{text}"
    );
    assert!(text.contains(r#""mood":{"at": [1.50]}"#), "{text}");
    let Outcome::Accepted(later) = setup.one(edit(PHONE, 2, &weight(1, NOW, ""))) else { panic!("accepted") };
    assert_eq!(later.server_id, receipt.server_id, "the server's id stays");
    assert_eq!(later.stamp, NOW + 1, "a winner's stamp is above the one before");
}

#[test]
fn losers_learn_who_won() {
    let mut setup = Setup::new();
    setup.one(edit(PHONE, 1, &weight(1, NOW, "")));
    let lost = setup.one(edit(LAPTOP, 1, &weight(1, NOW - 5, "")));
    let Outcome::Superseded { winner, .. } = &lost else { panic!("{lost:?}") };
    assert_eq!(winner.as_ref().as_ref().expect("readable").rev, 1);
    let followed = setup.one(edit_of(weights().path, LAPTOP, 2, Some(1), &weight(1, NOW - 5, "")));
    assert!(matches!(followed, Outcome::Accepted(receipt) if receipt.stamp == NOW + 1), "made on the current version: {followed:?}");
}

#[test]
fn rejections_name_their_reason() {
    let mut setup = Setup::new();
    setup.one(edit(PHONE, 1, &weight(1, NOW, "")));
    let other = collection(|other| other.path != weights().path && other.singleton.is_none());
    let singleton = collection(|collection| collection.singleton.is_some());
    let large = format!(r#","notes":"{}""#, "x".repeat(RECORD_BYTES_MAX));
    let table = [
        (edit_of("no-such-thing", PHONE, 2, None, &weight(2, NOW, "")), RejectionCode::UnknownCollection),
        (edit(PHONE, 3, &weight(2, NOW, "").replace("80", "-1")), RejectionCode::InvalidRecord),
        (edit(PHONE, 4, &weight(2, NOW + CLOCK_SKEW_MAX_MS + 1, "")), RejectionCode::ClockSkew),
        (edit(PHONE, 5, &weight(2, NOW, &large)), RejectionCode::RecordTooLarge),
        (edit_of(other.path, PHONE, 6, None, &tombstone(1, NOW)), RejectionCode::WrongCollection),
        (edit_of(singleton.path, PHONE, 7, None, &tombstone(9, NOW)), RejectionCode::NotSingleton),
    ];
    for (edit, expected) in table {
        let outcome = setup.one(edit);
        assert_eq!(code(&outcome), Some(expected), "{outcome:?}");
        let Outcome::Rejected { reason: Reason::Own(error), .. } = &outcome else { panic!("{outcome:?}") };
        assert_eq!(error.retryable, expected == RejectionCode::ClockSkew);
        assert_eq!(error.server_time.is_some(), expected == RejectionCode::ClockSkew);
        let written = wire::write_push_result(&PushResult {
            outcomes: vec![outcome],
            prev_user_rev: 0,
            user_rev: 0,
            replaced: Vec::new(),
            proof: None,
            server_time: 0,
            names_account: true,
        });
        FeedPushResult::from_json(written.as_bytes()).expect("an answer that the contract allows");
    }
    assert_eq!(setup.rev(), 1, "and store nothing");
}

#[test]
fn a_rejection_repeats_nothing_that_the_contract_rejects() {
    let mut setup = Setup::new();
    let edits = [edit(PHONE, 9_007_199_254_740_992, &weight(1, NOW, "")), edit(PHONE, 9_007_199_254_740_991, r#"{"id":7}"#)];
    let result = setup.push(&edits);
    let ops: Vec<bool> = result.outcomes.iter().map(|outcome| matches!(outcome, Outcome::Rejected { op: Some(_), .. })).collect();
    assert_eq!(ops, [false, true], "a count out of range is not an op: {result:?}");
    let written = wire::write_push_result(&result);
    FeedPushResult::from_json(written.as_bytes()).expect("an answer that the contract allows");
}

#[test]
fn a_stamp_may_be_as_far_ahead_as_the_stored_one() {
    let mut setup = Setup::new();
    setup.one(edit(PHONE, 1, &weight(1, NOW + CLOCK_SKEW_MAX_MS, "")));
    setup.now_ms -= 1_000_000;
    let follows = setup.one(edit_of(weights().path, LAPTOP, 1, Some(1), &weight(1, NOW + CLOCK_SKEW_MAX_MS + 1, "")));
    assert!(matches!(follows, Outcome::Accepted(_)), "the server's clock went back, and the device only follows: {follows:?}");
    let ahead = setup.one(edit_of(weights().path, LAPTOP, 2, Some(2), &weight(1, NOW + CLOCK_SKEW_MAX_MS + 3, "")));
    assert_eq!(code(&ahead), Some(RejectionCode::ClockSkew));
    let again = setup.one(edit_of(weights().path, LAPTOP, 1, Some(1), &weight(1, NOW + CLOCK_SKEW_MAX_MS + 1, "")));
    assert!(matches!(again, Outcome::Duplicate(_)), "what is stored is never refused: {again:?}");
    let head = setup.memory.user(USER).head().expect("a head");
    assert_eq!(head.server_updated_at, NOW, "the time of the last write does not go back");
}

#[test]
fn deleting_leaves_the_sync_fields() {
    let mut setup = Setup::new();
    let singleton = collection(|collection| collection.singleton.is_some());
    let id = singleton.deterministic_id(singleton.singleton.expect("a key")).expect("an id");
    let deletion = tombstone(Uuid::parse_str(&id).expect("an id").as_u128(), NOW);
    assert!(matches!(setup.one(edit_of(singleton.path, PHONE, 1, None, &deletion)), Outcome::Accepted(_)));
    setup.one(edit(PHONE, 2, &weight(1, NOW, r#","secret":"gone""#)));
    let mut clock = ClockAndRng { now_ms: NOW, random: &mut || 7 };
    let request = Deletion { id: Uuid::from_u128(1), by: None, base_rev: None };
    let deleted = feed::delete(&mut setup.memory.user(USER), weights(), request, &mut clock).expect("deleted");
    assert!(matches!(deleted, Outcome::Accepted(receipt) if receipt.stamp == NOW + 1), "{deleted:?}");
    let change = feed::read(&setup.memory.user(USER), weights(), request.id).expect("a tombstone");
    assert!(change.record.deleted && !change.record.text.contains("gone"), "{}", change.record.text);
    let again = feed::delete(&mut setup.memory.user(USER), weights(), request, &mut clock).expect("an answer");
    assert!(matches!(again, Outcome::Duplicate(receipt) if receipt.rev == change.rev), "{again:?}");
    let by = Some((Op { id: Uuid::from_u128(77), device: LAPTOP, seq: 1 }, 5));
    let late = feed::delete(&mut setup.memory.user(USER), weights(), Deletion { by, ..request }, &mut clock).expect("an answer");
    assert!(matches!(late, Outcome::Superseded { .. }), "a device's own deletion goes by its stamp: {late:?}");
    let other = collection(|other| other.path != weights().path);
    let missing = feed::delete(&mut setup.memory.user(USER), other, request, &mut clock);
    assert!(matches!(missing, Err(Error::Refused(Refusal::NotFound))), "the id is in another collection: {missing:?}");
}

#[test]
fn pages_are_bounded_and_cursors_stay_in_their_feed() {
    let mut setup = Setup::new();
    let padding = format!(r#","padding":"{}""#, "x".repeat(200_000));
    for id in 1..=12 {
        setup.one(edit(PHONE, id, &weight(u128::from(id), NOW, &padding)));
    }
    let (mut seen, mut since, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = setup.pull(since.as_deref(), 1_000).expect("a page");
        assert!(wire::write_page(&page, Feed::All(&CONTRACT)).len() < 1 << 20);
        seen.extend(page.changes.iter().map(|change| change.as_ref().expect("readable").rev));
        pages += 1;
        since = Some(page.next_cursor);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seen, (1..=12).collect::<Vec<u64>>());
    assert!(pages >= 3, "{pages}");
    let cursor = since.expect("a cursor");
    let body = format!(r#"{{"changes":[],"cursor":"{cursor}"}}"#);
    let elsewhere = setup.push_to(Feed::One(weights()), &body);
    assert!(matches!(elsewhere, Err(Error::Refused(Refusal::InvalidCursor))), "{elsewhere:?}");
    let one = feed::pull(&setup.memory.user(USER), None, Some(5), Feed::One(collection(|other| other.path != weights().path)), NOW)
        .expect("a page");
    assert!(one.changes.is_empty() && one.next_cursor.ends_with(".12"), "an empty feed reaches to the counter: {}", one.next_cursor);
}

#[test]
fn a_purge_ends_old_cursors_and_not_the_pull_that_began_after_it() {
    let mut setup = Setup::new();
    for id in 1..=4 {
        setup.one(edit(PHONE, id, &weight(u128::from(id), NOW, "")));
    }
    let old = setup.pull(None, 10).expect("a page").next_cursor;
    setup.one(edit(PHONE, 5, &tombstone(1, NOW + 1)));
    setup.one(edit(PHONE, 6, &weight(5, NOW, "")));
    setup.one(edit(PHONE, 7, &tombstone(5, NOW + 1)));
    let current = setup.pull(None, 10).expect("a page").next_cursor;
    assert_eq!(setup.memory.purge(NOW).expect("purged"), 0, "nothing is that old");
    assert_eq!(setup.memory.purge(NOW + 1).expect("purged"), 2);
    let expired = |answer: Result<Page, Error>| matches!(answer, Err(Error::Refused(Refusal::CursorExpired { .. })));
    assert!(expired(setup.pull(Some(&old), 10)));
    let push = format!(r#"{{"changes":[{}],"cursor":"{old}"}}"#, edit(PHONE, 8, &weight(6, NOW, "")));
    assert!(matches!(setup.push_to(Feed::All(&CONTRACT), &push), Err(Error::Refused(Refusal::CursorExpired { .. }))));
    assert_eq!(setup.rev(), 7, "and nothing was stored");
    assert!(setup.pull(Some(&current), 10).expect("a page").changes.is_empty(), "a cursor at the purge watermark is not below it");
    let first = setup.pull(None, 2).expect("a page");
    assert!(first.has_more);
    let second =
        setup.pull(Some(&first.next_cursor), 2).expect("a pull from the beginning goes on, though it is below the purge watermark");
    assert_eq!((second.changes.len(), second.has_more), (1, false));
    setup.one(edit(PHONE, 9, &tombstone(2, NOW + 1)));
    setup.memory.purge(NOW + 1).expect("purged");
    assert!(expired(setup.pull(Some(&first.next_cursor), 2)), "another purge meanwhile: start again");
}

#[test]
fn tombstones_outlive_the_backups_that_do_not_know_them() {
    let mut setup = Setup::new();
    setup.one(edit(PHONE, 1, &weight(1, NOW, "")));
    setup.one(edit(PHONE, 2, &tombstone(1, NOW + 1)));
    setup.one(edit(PHONE, 3, &weight(2, NOW, "")));
    setup.memory.back_up();
    setup.one(edit(PHONE, 4, &tombstone(2, NOW + 1)));
    assert_eq!(setup.memory.purge(NOW + 1).expect("purged"), 1, "the backup knows of this one");
    setup.memory.forget_backups();
    assert_eq!(setup.memory.purge(NOW + 1).expect("purged"), 1);
}

#[test]
fn a_restored_server_tells_how_far_back_it_went() {
    let mut setup = Setup::new();
    for id in 1..=3 {
        setup.one(edit(PHONE, id, &weight(u128::from(id), NOW, "")));
    }
    let backup = setup.memory.back_up();
    setup.one(edit(PHONE, 4, &weight(4, NOW, "")));
    let before = setup.pull(None, 10).expect("a page").next_cursor;
    setup.memory.restore(&backup, "e2");
    let gone = setup.pull(Some(&before), 10);
    assert_eq!(went_back_to(gone), Some(3), "the newest boundary of the cursor's history that the backup has too");
    let again = setup.one(edit(PHONE, 4, &weight(4, NOW, "")));
    assert!(matches!(again, Outcome::Accepted(receipt) if receipt.rev == 4), "what was lost is taken again: {again:?}");
    setup.memory.restore(&backup, "e3");
    let page = setup.pull(None, 10).expect("a page");
    let cursor: Cursor = page.next_cursor.parse().expect("a cursor");
    assert_eq!((page.user_rev, cursor.epoch.as_str(), cursor.rev), (3, "e3", 3));
    assert_eq!(went_back_to(setup.pull(Some("v1.all.e3.9"), 10)), Some(3), "a cursor without a proof that is ahead");
    assert_eq!(went_back_to(setup.pull(Some("v1.all.e2.3"), 10)), Some(3), "a cursor without a proof, of another epoch");
}

/// The revision to which the server went back, according to the response.
fn went_back_to<T>(answer: Result<T, Error>) -> Option<u64> {
    match answer {
        Err(Error::Refused(Refusal::EpochChanged { restored_rev, .. })) => Some(restored_rev),
        _ => None,
    }
}

#[test]
fn a_roll_back_is_noticed_even_if_another_device_pushes_first() {
    let mut setup = Setup::new();
    for id in 1..=20 {
        setup.one(edit(PHONE, id, &weight(u128::from(id), NOW, "")));
    }
    let snapshot = setup.memory.clone();
    setup.push(&[edit(PHONE, 21, &weight(21, NOW, "")), edit(PHONE, 22, &weight(22, NOW, ""))]);
    let step = setup.pull(None, 5).expect("a page").next_cursor;
    let seen = setup.pull(None, 100).expect("a page").next_cursor;
    assert!(setup.pull(Some(&step), 5).is_ok() && setup.pull(Some(&seen), 5).is_ok());
    setup.memory = snapshot;
    assert_eq!(went_back_to(setup.pull(Some(&seen), 5)), Some(20), "the counter has gone back");
    let others = [1, 2, 3].map(|seq| edit(LAPTOP, seq, &weight(0x100 + u128::from(seq), NOW, "")));
    setup.push(&others[..2]);
    assert_eq!(went_back_to(setup.pull(Some(&seen), 5)), Some(20), "the counter is where it was, after another push");
    setup.push(&others[2..]);
    assert_eq!(went_back_to(setup.pull(Some(&seen), 5)), Some(20), "the counter has gone past it");
    assert_eq!(went_back_to(setup.pull(Some(&step), 5)), Some(20), "a pull in progress has missed what was undone");
    let push = format!(r#"{{"changes":[{}],"cursor":"{seen}"}}"#, edit(PHONE, 23, &weight(23, NOW, "")));
    assert_eq!(went_back_to(setup.push_to(Feed::All(&CONTRACT), &push)), Some(20), "a push is treated in the same way");
    assert_eq!(setup.rev(), 23, "and nothing was stored");
    assert!(setup.pull(Some("v1.all.e1.22"), 5).is_ok(), "a cursor of the first contract proves nothing, and is followed");
    assert!(matches!(setup.pull(Some("v1.all--1-2-3.e1.22"), 5), Err(Error::Refused(Refusal::InvalidCursor))));
}

#[test]
fn a_resync_starts_with_a_cursor_of_the_history_that_it_relies_on() {
    let mut setup = Setup::new();
    for id in 1..=20 {
        setup.one(edit(PHONE, id, &weight(u128::from(id), NOW, "")));
    }
    let since = |answer: Result<Page, Error>| match answer {
        Err(Error::Refused(Refusal::EpochChanged { since, .. } | Refusal::CursorExpired { since })) => since,
        other => panic!("{other:?}"),
    };
    let beginning = since(setup.pull(Some("v1.all.e1.99"), 5));
    let first = setup.pull(Some(&beginning), 100).expect("a page");
    assert_eq!(first.changes.len(), 20, "everything");
    let snapshot = setup.memory.clone();
    setup.one(edit(PHONE, 21, &tombstone(1, NOW + 1)));
    setup.memory.purge(NOW + 1).expect("purged");
    let expired = since(setup.pull(Some(&beginning), 100));
    assert_eq!(setup.pull(Some(&expired), 100).expect("a page").changes.len(), 19, "a purge does not refuse what it has answered");
    setup.memory = snapshot;
    assert_eq!(went_back_to(setup.pull(Some(&expired), 100)), Some(20));
}

#[test]
fn a_replica_that_lags_asks_to_wait() {
    let mut setup = Setup::new();
    setup.one(edit(PHONE, 1, &weight(1, NOW, "")));
    let replica = setup.memory.replica();
    let known = setup.pull(None, 5).expect("a page").next_cursor;
    setup.one(edit(PHONE, 2, &weight(2, NOW, "")));
    let newer = setup.pull(None, 5).expect("a page").next_cursor;
    setup.memory = replica;
    assert!(setup.pull(Some(&known), 5).is_ok());
    let answer = setup.pull(Some(&newer), 5);
    assert!(matches!(answer, Err(Error::Refused(Refusal::Lagging))), "a resync would be wrong: {answer:?}");
}

#[test]
fn a_version_that_was_replaced_unseen_is_returned_and_recorded() {
    let mut setup = Setup::new();
    let on = |device, seq, base, stamp| edit_of(weights().path, device, seq, base, &weight(1, stamp, ""));
    setup.one(on(PHONE, 1, None, NOW));
    setup.one(on(PHONE, 2, Some(1), NOW + 1));
    let result = setup.push(&[on(LAPTOP, 1, Some(1), NOW + 2)]);
    assert_eq!(result.replaced.iter().map(|change| change.rev).collect::<Vec<_>>(), [2]);
    let lost = |setup: &mut Setup| setup.pull(None, 5).expect("a page").changes[0].as_ref().expect("readable").clone();
    let change = lost(&mut setup);
    assert_eq!([1, 2, 3].map(|rev| change.lost_against(rev)), [false, true, false], "the base did not lose, the version after it did");
    let result = setup.push(&[on(LAPTOP, 2, Some(1), NOW + 3)]);
    assert!(result.replaced.is_empty(), "a device has seen its own edits, whether or not it was answered");
    assert!(setup.push(&[on(PHONE, 3, Some(4), NOW + 4)]).replaced.is_empty());
    assert!(lost(&mut setup).lost_against(2), "later versions carry it along");
    setup.one(on(LAPTOP, 3, None, NOW + 5));
    let change = lost(&mut setup);
    assert_eq!([1, 5, 6].map(|rev| change.lost_against(rev)), [true, true, false], "an edit that was made on no version");
}

/// The sums of a user's entries.
#[test]
fn the_last_page_has_the_digest_of_the_live_records() {
    let mut setup = Setup::new();
    let none = setup.pull(None, 5).expect("a page").digest;
    assert_eq!(none, None, "nothing was written yet");
    setup.push(&[edit(PHONE, 1, &weight(1, NOW, "")), edit(PHONE, 2, &weight(2, NOW, "")), edit(PHONE, 3, &weight(3, NOW, ""))]);
    setup.push(&[edit(PHONE, 4, &weight(1, NOW + 1, "")), edit(PHONE, 5, &tombstone(2, NOW + 1))]);
    let of = |id: u128, rev: u64| Digest::of(weights().path, Uuid::from_u128(id), rev);
    let live = Some(of(3, 3).with(of(1, 4)));
    assert_eq!(setup.pull(None, 5).expect("a page").digest, live);
    assert_eq!(setup.pull(None, 1).expect("a page").digest, None, "more pages follow");
    feed::purge(&mut setup.memory.user(USER), NOW + 10, None).expect("purged");
    assert_eq!(setup.pull(None, 5).expect("a page").digest, live, "tombstones do not count");
}
