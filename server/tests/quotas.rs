//! The quota of an account, and the maximum size of a response.

use stronglog_server::feed::{self, Error, Refusal};
use stronglog_server::store::{Quota, Records, Usage};
use stronglog_sync::api::{CONTRACT, RejectionCode};
use stronglog_sync::wire::{self, Feed, Outcome, Reason};

use crate::feed::{LAPTOP, NOW, PHONE, Setup, USER, body, edit, tombstone, weight};

fn counted(setup: &mut Setup) -> Usage {
    let user = setup.memory.user(USER);
    user.entries().fold(Usage::default(), |usage, entry| usage.replaced(None, &entry.change.record))
}

fn head(setup: &mut Setup) -> stronglog_server::store::Head {
    setup.memory.user(USER).head().expect("a head")
}

#[test]
fn an_account_holds_no_more_than_it_may_and_deletions_always_fit() {
    let mut setup = Setup::new();
    setup.memory.set_quota(Quota { records_max: Some(2), bytes_max: None });
    let first: Vec<String> = (1..=3).map(|id| edit(PHONE, id, &weight(id.into(), NOW, ""))).collect();
    let result = setup.push(&first);
    assert_eq!(result.outcomes.len(), 2, "what fits is stored, and the rest has no outcome");
    let refused = setup.push_to(Feed::All(&CONTRACT), &body(&first[2..])).expect_err("it is full");
    assert!(matches!(refused, Error::Refused(Refusal::QuotaExceeded { usage: Usage { records: 2, .. }, .. })), "{refused}");
    assert!(refused.to_string().contains("its limit is 2 records; delete some"), "{refused}");
    assert_eq!(setup.rev(), 2, "nothing is stored");
    let longer = weight(2, NOW + 1, r#","note":"another version of what is there""#);
    setup.push(&[edit(PHONE, 4, &longer), edit(PHONE, 5, &tombstone(1, NOW + 1)), edit(PHONE, 6, &weight(3, NOW, ""))]);
    assert_eq!(setup.rev(), 5, "a version replaces another, and a deletion makes room");
    assert_eq!(head(&mut setup).usage, counted(&mut setup));
    setup.memory.set_quota(Quota { records_max: None, bytes_max: Some(1) });
    setup.push(&[edit(PHONE, 7, &weight(3, NOW + 1, ""))]);
    assert_eq!(setup.rev(), 6, "what already takes too much may stay as large as it is");
    let grown = edit(PHONE, 8, &weight(3, NOW + 2, r#","note":"longer""#));
    setup.push_to(Feed::All(&CONTRACT), &body(&[grown])).expect_err("but may not grow");
}

#[test]
fn tombstones_take_room_until_they_are_purged() {
    let mut setup = Setup::new();
    let quota = Quota { records_max: Some(1), bytes_max: None };
    setup.memory.set_quota(quota);
    for id in 1..=40_u64 {
        let deleted = edit(PHONE, 2 * id, &tombstone(id.into(), NOW + 1));
        setup.push(&[edit(PHONE, 2 * id - 1, &weight(id.into(), NOW, "")), deleted]);
    }
    assert_eq!(head(&mut setup).usage, Usage { records: 0, bytes: 0, tombstones: 40 }, "a small account is not locked by its deletions");
    feed::purge(&mut setup.memory.user(USER), NOW + 10, None).expect("purged");
    assert_eq!(head(&mut setup).usage, Usage::default());

    let of = |records, tombstones| Usage { records, bytes: 0, tombstones };
    assert!(quota.allows(of(0, 9_999), of(1, 9_999)) && !quota.allows(of(0, 10_001), of(1, 10_001)));
    let large = Quota { records_max: Some(100_000), bytes_max: None };
    assert!(large.allows(of(0, 399_999), of(1, 399_999)) && !large.allows(of(0, 400_000), of(0, 400_001)), "four rows for each record");
    let refused = Refusal::QuotaExceeded { usage: of(0, 10_001), quota };
    assert!(refused.to_string().contains("of at most 10001 together; old deletions are purged"), "deleting more would not help: {refused}");
}

#[test]
fn an_answer_tells_as_much_of_other_versions_as_a_page_and_the_other_edits_wait() {
    let mut setup = Setup::new();
    let large = |id: u128| weight(id, NOW, &format!(r#","note":"{}""#, "x".repeat(200_000)));
    for id in 1..=20 {
        setup.one(edit(PHONE, u64::try_from(id).expect("small"), &large(id)));
    }
    for stamp in [NOW - 5, NOW + 5] {
        let mut left: Vec<String> = (1..=20).map(|id| edit(LAPTOP, u64::try_from(id).expect("small"), &weight(id, stamp, ""))).collect();
        let mut pushes = 0;
        while !left.is_empty() {
            let result = setup.push(&left);
            let text = wire::write_push_result(&result);
            assert!(text.len() < 1_500_000 && !result.outcomes.is_empty(), "{} bytes for {}", text.len(), result.outcomes.len());
            left.drain(..result.outcomes.len());
            pushes += 1;
        }
        assert_eq!(pushes, 4, "six versions of 200 kB are more than a mebibyte");
    }
}

#[test]
fn a_record_nests_no_deeper_than_every_message_can_hold() {
    let mut setup = Setup::new();
    let nested = |levels: usize| format!(r#","x":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    let deepest = setup.one(edit(PHONE, 1, &weight(1, NOW, &nested(99))));
    assert!(matches!(deepest, Outcome::Accepted(_)), "{deepest:?}");
    let rejected = setup.one(edit(PHONE, 2, &weight(2, NOW, &nested(100))));
    let Outcome::Rejected { reason: Reason::Own(error), .. } = rejected else { panic!("{rejected:?}") };
    let why = &error.errors.expect("the reason")[0];
    assert_eq!(
        (error.code, why.pointer.as_str(), why.message.as_str()),
        (RejectionCode::InvalidRecord, "/record", "nests deeper than 100 levels")
    );
    assert_eq!(setup.pull(None, 10).expect("a page").changes.len(), 1);
}
