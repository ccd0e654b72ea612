//! Local edits through the client: which version an edit is based on, which members it leaves unchanged, and what happens to the version it
//! replaces.

use std::ops::ControlFlow;

use stronglog_sync::api::collection::Synced;
use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
use stronglog_sync::record::{RECORD_BYTES_MAX, WRITTEN_BYTES_MAX, rewrite};
use stronglog_sync::store::Past;
use stronglog_sync::{Client, Query};

const ID: &str = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";

async fn client() -> Client {
    Client::builder().open().await.expect("a client")
}

fn path() -> &'static str {
    UserBodyweightLog::COLLECTION.path
}

fn log(kg: f64) -> UserBodyweightLog {
    UserBodyweightLog {
        id: Id(ID.to_owned()),
        client_created_at: Timestamp(1),
        client_updated_at: Timestamp(1),
        date: Timestamp(1),
        weight_kg: BodyweightKg(kg),
        server_id: None,
        server_updated_at: None,
        unknown: Default::default(),
    }
}

fn history(client: &Client) -> Vec<(Past, bool)> {
    let past = client.conflicts(100).expect("a history");
    past.into_iter().map(|past| (past.why, past.record.text.contains("\"weightKg\":80"))).collect()
}

#[tokio::test]
async fn a_form_that_was_opened_before_another_edit_does_not_overwrite_it_unseen() {
    let client = client().await;
    let logs = client.user_bodyweight_logs();
    let form = logs.put(&log(79.0)).expect("written");
    logs.edit(ID, |log| log.weight_kg = BodyweightKg(80.0)).expect("an edit meanwhile");
    assert_eq!(history(&client), [], "an edit of the version at hand replaces what its author has seen");
    let stored = logs.put(&UserBodyweightLog { date: Timestamp(5), ..form }).expect("the form is saved");
    assert_eq!(history(&client), [(Past::Lost, true)]);
    logs.put(&UserBodyweightLog { date: Timestamp(6), ..stored }).expect("saved again");
    assert_eq!(history(&client).len(), 1, "what was returned is the version at hand");
}

#[tokio::test]
async fn a_form_that_was_opened_before_a_deletion_does_not_undo_it_unseen() {
    let client = client().await;
    let logs = client.user_bodyweight_logs();
    let form = logs.put(&log(80.0)).expect("written");
    logs.delete(ID).expect("a deletion meanwhile");
    assert_eq!(history(&client), [(Past::Deleted, true)]);
    logs.put(&UserBodyweightLog { date: Timestamp(5), ..form }).expect("the form is saved");
    assert_eq!(history(&client), [(Past::Lost, false), (Past::Deleted, true)]);
    assert!(client.conflicts(1).expect("a history").remove(0).record.deleted, "the deletion is in the history");
    let number = client.conflicts(1).expect("a history").remove(0).number;
    client.restore(number).expect("the deletion is made again");
    assert_eq!(logs.get(&Id(ID.to_owned())).expect("read"), None);
}

#[tokio::test]
async fn a_record_that_was_never_stored_takes_the_place_of_a_deleted_one() {
    let client = client().await;
    let logs = client.user_bodyweight_logs();
    logs.put(&log(80.0)).expect("written");
    for _ in 0..1000 {
        // Each edit has a later stamp, so the stamp of the deletion is in the future.
        logs.edit(ID, |_| ()).expect("an edit");
    }
    logs.delete(ID).expect("deleted");
    let text = format!(r#"{{"id":"{ID}","date":1,"weightKg":81}}"#);
    client.json(path()).expect("a collection").put(&text).expect("written");
    assert_eq!(history(&client), [(Past::Deleted, true)]);
}

#[tokio::test]
async fn a_restored_version_and_the_one_that_it_replaces_can_be_swapped() {
    let client = client().await;
    let logs = client.user_bodyweight_logs();
    let form = logs.put(&log(79.0)).expect("written");
    logs.edit(ID, |log| log.weight_kg = BodyweightKg(80.0)).expect("an edit meanwhile");
    logs.put(&UserBodyweightLog { weight_kg: BodyweightKg(81.0), ..form }).expect("the form is saved");
    let newest = || client.conflicts(1).expect("a history").remove(0);
    for (restored, kept) in [(80.0, 81.0), (81.0, 80.0), (80.0, 81.0)] {
        client.restore(newest().number).expect("restored");
        assert_eq!(logs.get(&Id(ID.to_owned())).expect("read").map(|log| log.weight_kg.0), Some(restored));
        assert!(newest().record.text.contains(&format!("\"weightKg\":{kept}")), "{newest:?}", newest = newest());
    }
}

#[tokio::test]
async fn edits_of_one_record_at_once_all_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Client::builder().database(folder.path().join("device.db")).open();
    let (one, other) = (open().await.expect("a client"), open().await.expect("a client"));
    one.user_bodyweight_logs().put(&log(80.0)).expect("written");
    let job = |client: Client, name: &'static str| {
        std::thread::spawn(move || {
            for count in 0..20 {
                let set = [(name, Some(count.to_string()))];
                client.json(path()).expect("a collection").edit(ID, |text| rewrite(text, &set)).expect("edited");
            }
        })
    };
    [job(one.clone(), "left"), job(other, "right")].into_iter().for_each(|job| job.join().expect("done"));
    let text = one.json(path()).expect("a collection").get(ID).expect("read").expect("a record");
    assert!(text.contains("\"left\":19") && text.contains("\"right\":19"), "{text}");
    assert!(one.conflicts(10).expect("a history").is_empty());
}

#[tokio::test]
async fn what_an_edit_leaves_alone_keeps_its_text() {
    let client = client().await;
    let records = client.json(path()).expect("a collection");
    let text = format!(r#"{{"id":"{ID}","date":1,"weightKg":80.10,"big":12345678901234567890123,"e":1E2,"list":[1.0,1.10]}}"#);
    records.put(&text).expect("written");
    client.user_bodyweight_logs().edit(ID, |log| log.date = Timestamp(7)).expect("edited");
    let stored = records.edit(ID, |text| rewrite(text, &[("mood", Some("\"fine\"".to_owned()))])).expect("edited");
    for kept in ["\"weightKg\":80.10", "\"big\":12345678901234567890123", "\"e\":1E2", "\"list\":[1.0,1.10]", "\"date\":7"] {
        assert!(stored.contains(kept), "{kept} is not in {stored}");
    }
    let missing = records.edit(&client.new_id().to_string(), |text| Ok(text.to_owned())).expect_err("no record");
    assert!(missing.is_missing(), "{missing}");
}

#[tokio::test]
async fn a_record_that_says_it_is_deleted_is_deleted() {
    let client = client().await;
    let records = client.json(path()).expect("a collection");
    let stored = records.put(&format!(r#"{{"id":"{ID}","date":1,"weightKg":80}}"#)).expect("written");
    let deletion = rewrite(&stored, &[("isDeleted", Some("true".to_owned()))]).expect("an object");
    let tombstone = records.put(&deletion).expect("deleted");
    assert!(tombstone.contains("\"isDeleted\":true") && !tombstone.contains("weightKg"), "{tombstone}");
    assert_eq!(records.get(ID).expect("read"), None);
    assert_eq!(history(&client), [(Past::Deleted, true)]);
    let again = records.put(&deletion).expect_err("nothing to delete");
    assert!(again.is_missing(), "{again}");
    records.put(&format!(r#"{{"id":"{ID}","date":1,"weightKg":80,"isDeleted":"no"}}"#)).expect_err("not a boolean");
}

#[tokio::test]
async fn an_id_has_one_spelling_everywhere() {
    let client = client().await;
    let records = client.json(path()).expect("a collection");
    records.put(&format!(r#"{{"id":"{ID}","date":1,"weightKg":80}}"#)).expect("written");
    for other in [ID.to_uppercase(), ID.replace('-', ""), format!("{{{ID}}}"), "7".to_owned(), String::new()] {
        let put = records.put(&format!(r#"{{"id":"{other}","date":1,"weightKg":81}}"#)).expect_err(&other);
        assert!(put.is_invalid() && put.to_string().contains("/id"), "{put}");
        let said = [records.get(&other).expect_err(&other), records.delete(&other).expect_err(&other)];
        assert!(said.iter().all(|error| error.to_string().contains("lower case")), "{said:?}");
    }
    let null = records.put(r#"{"id":null,"date":1,"weightKg":81}"#).expect_err("null");
    assert!(null.is_invalid(), "{null}");
    assert_eq!(records.list(&Query::default()).expect("a list").len(), 1);
}

#[tokio::test]
async fn an_error_names_the_record_only_if_there_is_one() {
    let client = client().await;
    let records = client.json(path()).expect("a collection");
    let syntax = records.put("{").expect_err("no JSON").to_string();
    assert!(syntax.starts_with(&format!("cannot write {}: ", path())) && !syntax.contains("00000000"), "{syntax}");
    let gone = client.restore(7).expect_err("no such version").to_string();
    assert_eq!(gone, "cannot restore version 7: the conflict history has no such version");
}

#[tokio::test]
async fn a_record_that_is_accepted_has_room_for_what_the_server_adds() {
    let client = client().await;
    let records = client.json(path()).expect("a collection");
    let with = |bytes: usize| format!(r#"{{"id":"{ID}","date":1,"weightKg":80,"blob":"{}"}}"#, "x".repeat(bytes));
    let overhead = records.put(&with(0)).expect("written").len();
    records.put(&with(WRITTEN_BYTES_MAX - overhead + 1)).expect_err("too large");
    let stored = records.put(&with(WRITTEN_BYTES_MAX - overhead)).expect("as large as can be");
    let members = [("serverId", Some(format!("\"{ID}\""))), ("serverUpdatedAt", Some("1700000000000".to_owned()))];
    let acknowledged = rewrite(&stored, &members).expect("an object");
    assert!(acknowledged.len() <= RECORD_BYTES_MAX);
    records.put(&acknowledged).expect("what the server adds is not counted against the app");
}

#[tokio::test]
async fn many_deletions_are_one_transaction_and_a_walk_is_one_snapshot() {
    let client = client().await;
    let records = client.json(path()).expect("a collection");
    let ids: Vec<String> = (0..50).map(|_| client.new_id().to_string()).collect();
    let texts: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}","date":1,"weightKg":80}}"#)).collect();
    records.put_all(&texts).expect("written");
    let unknown = [ids[0].clone(), client.new_id().to_string()];
    assert!(records.delete_all(&unknown).expect_err("no such record").is_missing());
    let mut seen = 0;
    let mut count = |_: &str| {
        seen += 1;
        if seen == 50 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    records.visit(&Query { index: vec!["date".to_owned()], ..Query::default() }, &mut count).expect("visited");
    assert_eq!(seen, 50, "nothing was deleted");
    records.delete_all(&ids).expect("deleted");
    assert!(records.list(&Query::default()).expect("a list").is_empty());
}
