//! The generated types as an application sees them: one way to construct them, exact presence of members, and lossless round trips.

use serde_json::{Value, json};
use stronglog_sync::api::collection::{Handles, Synced};
use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::runtime::schema::ToJson;
use stronglog_sync::api::{
    self, CONTRACT, Condition, FeedPage, Id, LoggedSet, Name, Record, Report, RepsTarget, SERVER_CONTRACT, Schema, Timestamp,
    UserBodyweightLog, WorkoutLog, WorkoutLogRecord,
};

const ID: &str = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";

fn workout_log() -> Value {
    json!({
        "id": ID, "clientCreatedAt": 1, "clientUpdatedAt": 2, "isDeleted": false,
        "startTime": 1000, "endTime": 3000, "durationMs": 2000, "name": "Leg day"
    })
}

fn keywords(report: &Report) -> Vec<(&str, &str)> {
    report.violations.iter().map(|violation| (violation.pointer.as_str(), violation.keyword)).collect()
}

#[test]
fn unknown_members_survive_a_round_trip() {
    let mut written = workout_log();
    written["mood"] = json!({ "score": 3, "words": ["fine", null] });
    written["__proto__"] = json!(1.5);
    let log = WorkoutLog::from_value(&written).expect("unknown members are fine");
    assert_eq!(log.name, Some(Name("Leg day".to_owned())));
    assert_eq!(serde_json::from_str::<Value>(&log.to_json()).expect("JSON"), written);
    assert_eq!(serde_json::to_value(&log).expect("JSON"), written);
    assert_eq!(serde_json::from_value::<WorkoutLog>(written).expect("serde goes through the same validator"), log);
}

#[test]
fn closed_objects_reject_unknown_members() {
    let mut tombstone = json!({ "id": ID, "clientCreatedAt": 1, "clientUpdatedAt": 2, "isDeleted": true });
    assert!(matches!(WorkoutLogRecord::from_value(&tombstone), Ok(WorkoutLogRecord::Tombstone(_)) | Ok(_)));
    tombstone["name"] = json!("content must be gone");
    let report = WorkoutLogRecord::from_value(&tombstone).expect_err("a tombstone has no content");
    assert_eq!(keywords(&report), [("/name", "additionalProperties")]);
}

#[test]
fn presence_is_exact() {
    let mut record = workout_log();
    record["name"] = Value::Null;
    let report = WorkoutLog::from_value(&record).expect_err("null is not absent");
    assert_eq!(keywords(&report), [("/name", "type")]);
    record.as_object_mut().expect("an object").remove("name");
    let log = WorkoutLog::from_value(&record).expect("absent is fine");
    assert_eq!(log.name, None);
    assert!(log.as_json().get("name").is_none());
}

#[test]
fn integers_may_be_written_with_a_point_or_an_exponent() {
    let text = workout_log().to_string().replace("3000", "3.0e3").replace("2000", "2000.0");
    let log = WorkoutLog::from_json(text.as_bytes()).expect("3.0e3 is an integer");
    assert_eq!((*log.end_time, log.duration_ms), (3000, 2000));
    let text = text.replace("3.0e3", "3000.5");
    let report = WorkoutLog::from_json(text.as_bytes()).expect_err("3000.5 is none");
    assert!(keywords(&report).contains(&("/endTime", "type")), "{report}");
}

#[test]
fn all_violations_are_named_at_once() {
    let text = br#"{"id": "X", "clientCreatedAt": -1, "isDeleted": false, "startTime": 9, "endTime": 3, "durationMs": 5, "name": ""}"#;
    let report = WorkoutLog::from_json(text).expect_err("much is wrong");
    let mut found = keywords(&report);
    found.sort_unstable();
    let expected = [("", "required"), ("", "x-rules"), ("/clientCreatedAt", "minimum"), ("/id", "pattern"), ("/name", "minLength")];
    assert_eq!(found, expected);
}

#[test]
fn a_value_built_in_code_is_validated_too() {
    let mut log = WorkoutLog::from_value(&workout_log()).expect("valid");
    assert_eq!(log.validate(), Ok(()));
    log.end_time = Timestamp(999);
    log.id = Id("not a uuid".to_owned());
    let report = log.validate().expect_err("two things are wrong");
    assert_eq!(keywords(&report), [("/id", "pattern"), ("", "x-rules")]);
}

#[test]
fn unions_are_distinguished_by_their_tag() {
    let text = json!({
        "id": ID, "clientCreatedAt": 1, "clientUpdatedAt": 2, "isDeleted": false, "workoutLogId": ID, "exerciseDefinitionId": ID,
        "orderInWorkout": 0, "orderInExercise": 0, "loggedReps": 5, "loggedWeightKg": 80, "setType": "standard"
    });
    let LoggedSet::Standard(set) = LoggedSet::from_value(&text).expect("a standard set") else { panic!("another variant") };
    assert_eq!(*set.logged_weight_kg, 80.0);
    let mut unknown = text.clone();
    unknown["setType"] = json!("cluster");
    let report = LoggedSet::from_value(&unknown).expect_err("no such set");
    assert_eq!(keywords(&report), [("", "oneOf")]);
    assert!(matches!(RepsTarget::from_json(b"12"), Ok(RepsTarget::Reps(reps)) if *reps == 12));
    assert!(matches!(RepsTarget::from_json(br#""8-12""#), Ok(RepsTarget::RepsText(_))));
}

#[test]
fn items_of_a_page_are_validated_one_by_one() {
    let change =
        |record: Value| json!({ "collection": "workout-logs", "rev": 1, "op": { "id": ID, "deviceId": ID, "seq": 1 }, "record": record });
    let mut bad = workout_log();
    bad["endTime"] = json!("tomorrow");
    let page = json!({
        "changes": [change(workout_log()), change(bad.clone())],
        "nextCursor": "v1.all.e1.7", "hasMore": false, "userRev": 7, "serverTime": 1
    });
    let typed = FeedPage::from_value(&page).expect("the envelope is fine");
    assert!(typed.changes[0].is_ok());
    let invalid = typed.changes[1].as_ref().expect_err("the second record is not");
    assert_eq!(keywords(&invalid.report)[0], ("/record/endTime", "type"));
    assert_eq!(serde_json::from_str::<Value>(&invalid.raw).expect("the raw text is kept"), change(bad));
    // `validate` checks the page as a whole.
    let report = api::validate("FeedPage", page.to_string().as_bytes()).expect_err("the whole is invalid");
    assert!(keywords(&report).contains(&("/changes/1/record/endTime", "type")), "{report}");
    // The received page can be serialized again, including its invalid items.
    assert_eq!(serde_json::from_str::<Value>(&typed.to_json()).expect("JSON"), page);
}

#[test]
fn recursion_is_bounded() {
    let nested = |levels: usize| {
        let leaf = r#"{"fact":"reps","operator":"equal","value":1}"#.to_owned();
        (1..levels).fold(leaf, |inner, _| format!(r#"{{"not":{inner}}}"#))
    };
    assert!(Condition::from_json(nested(32).as_bytes()).is_ok());
    assert!(Condition::from_json(nested(33).as_bytes()).is_err());
    // Far beyond the limit, the parser itself rejects the value without overflowing the stack.
    let report = Condition::from_json(nested(10_000).as_bytes()).expect_err("much too deep");
    assert_eq!(keywords(&report), [("", "syntax")]);
}

#[test]
fn parents_come_before_their_children() {
    let order: Vec<&str> = CONTRACT.collections.iter().map(|collection| collection.path).collect();
    assert_eq!(order.len(), 12);
    for (index, collection) in CONTRACT.collections.iter().enumerate() {
        for parent in collection.parents {
            assert!(order[..index].contains(parent), "{parent} must come before {}", collection.path);
        }
    }
    let names: Vec<&str> = CONTRACT.collections.iter().map(|collection| collection.schema).collect();
    assert!(names.iter().all(|name| api::SCHEMAS.contains(name)));
}

#[test]
fn every_collection_knows_its_routes() {
    for routes in SERVER_CONTRACT.routes {
        let collection = routes.collection;
        let paths: Vec<&str> = routes.all().map(|route| route.path).collect();
        let own = format!("/api/v1/{}", collection.path);
        assert_eq!(paths, [own.clone(), format!("{own}/batch"), format!("{own}/{{id}}")]);
        assert_eq!(routes.all().map(|route| route.operations.len()).sum::<usize>(), 5, "{}", collection.path);
        assert!(CONTRACT.collection(collection.path).is_some_and(|found| std::ptr::eq(found, collection)));
    }
    assert!(CONTRACT.collection("no-such-collection").is_none());
    let logs = SERVER_CONTRACT.routes.iter().find(|routes| routes.collection.path == "workout-logs").expect("routes");
    assert!(logs.has_operation("putWorkoutLog") && !logs.has_operation("putLoggedSet"));
}

/// Maps a collection to its name.
struct Names;

impl Handles for Names {
    type Handle<'a, T: Synced> = &'static str;

    fn collection<T: Synced>(&self) -> &'static str {
        T::COLLECTION.path
    }
}

#[test]
fn each_collection_has_a_handle_of_its_own() {
    assert_eq!((Names.workout_logs(), Names.user_settings()), ("workout-logs", "user-settings"));
}

#[test]
fn the_record_of_any_collection_is_live_or_a_tombstone() {
    let record = Record::from_value(&workout_log()).expect("any live record");
    assert!(matches!(record, Record::Live(_)));
    let report = UserBodyweightLog::from_json(b"[]").expect_err("an array is no record");
    assert_eq!(keywords(&report), [("", "type")]);
}
