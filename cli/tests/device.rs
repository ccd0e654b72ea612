//! A device without a server: records, past versions, export and import, and the error messages.

mod support;

use std::io::{Read, Write};

use serde_json::json;
use support::{Desk, EMAIL};

#[test]
fn a_record_is_written_shown_changed_listed_and_deleted() {
    let desk = Desk::new();
    let id = desk.measure("phone", 81.5);
    desk.run("phone", &["get", "user-bodyweight-logs", &id]).ok().says(&["\"weightKg\": 81.5"]);
    let set = ["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=82", "--set", "mood=fine"];
    desk.run("phone", &set).ok().says(&["wrote user-bodyweight-logs", &id]);
    let listed = desk.run("phone", &["list", "user-bodyweight-logs", "--json"]).ok().lines();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["weightKg"], &listed[0]["mood"]), (&json!(82), &json!("fine")));
    desk.run("phone", &["put", "user-bodyweight-logs", "--id", &id, "--set", "mood="]).ok();
    assert!(desk.run("phone", &["get", "user-bodyweight-logs", &id, "--json"]).ok().json().get("mood").is_none());

    desk.run("phone", &["delete", "user-bodyweight-logs", &id]).ok().says(&["deleted"]);
    desk.run("phone", &["get", "user-bodyweight-logs", &id]).failed(1, &["does not exist or is deleted", "stronglog list"]);
    desk.run("phone", &["delete", "user-bodyweight-logs", &id]).failed(1, &["does not exist or is already deleted"]);
}

#[test]
fn a_member_that_the_contract_does_not_declare_is_stored_with_a_remark() {
    let desk = Desk::new();
    let put = |collection: &str, record: &str| {
        desk.feed("phone", &["put", collection, "--json"], record).ok().json()["id"].as_str().expect("an id").to_owned()
    };
    let set = |collection: &str, id: &str, member: &str| desk.run("phone", &["put", collection, "--id", id, "--set", member]).ok().stderr;
    let workout = put("workout-logs", r#"{"startTime": 1, "endTime": 2, "durationMs": 1}"#);
    let said = set("workout-logs", &workout, "note=tired");
    assert!(said.contains("workout-logs has no member note") && said.contains("did you mean notes?"), "{said}");
    let said = set("workout-logs", &workout, "mood=fine");
    assert!(said.contains("has no member mood") && !said.contains("did you mean"), "{said}");
    for known in ["notes=tired", "mood=better", "note="] {
        assert_eq!(set("workout-logs", &workout, known), "", "{known}");
    }
    let goal = r#"{"type": "bodyweightTarget", "name": "g", "status": "active", "creationDate": 1, "targetBodyweightKg": 80}"#;
    let goal = put("user-goals", goal);
    assert!(set("user-goals", &goal, "targetDat=5").contains("did you mean targetDate?"));
    set("user-goals", &goal, r#"say "hi"=1"#);
    assert_eq!(desk.run("phone", &["get", "user-goals", &goal, "--json"]).ok().json()[r#"say "hi""#], 1);
}

#[test]
fn a_deleted_version_comes_back() {
    let desk = Desk::new();
    let id = desk.measure("phone", 81.5);
    desk.run("phone", &["delete", "user-bodyweight-logs", &id]).ok();
    let past = desk.run("phone", &["conflicts", "--json"]).ok().lines();
    assert_eq!((&past[0]["why"], &past[0]["id"], &past[0]["record"]["weightKg"]), (&json!("deleted"), &json!(id), &json!(81.5)));
    let number = past[0]["number"].to_string();
    desk.run("phone", &["conflicts", "restore", &number]).ok().says(&["restored version"]);
    desk.run("phone", &["get", "user-bodyweight-logs", &id]).ok();
    desk.run("phone", &["conflicts", "restore", "99"]).failed(1, &["cannot restore version 99"]);
}

/// An id that no record has.
const ID: &str = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";

#[test]
fn records_are_listed_by_an_index_of_the_contract() {
    let desk = Desk::new();
    let records: String = (1..=3).map(|day| json!({ "date": day * 86_400_000_i64, "weightKg": 80 + day }).to_string() + "\n").collect();
    desk.feed("phone", &["put", "user-bodyweight-logs"], &records).ok();
    let weights = |arguments: &[&str]| -> Vec<i64> {
        let all = [&["list", "user-bodyweight-logs", "--json", "--by", "date"], arguments].concat();
        desk.run("phone", &all).ok().lines().iter().map(|record| record["weightKg"].as_i64().expect("a weight")).collect()
    };
    assert_eq!(weights(&["--descending", "--limit", "2"]), [83, 82]);
    assert_eq!(weights(&["--from", "86400000", "--until", "259200000"]), [81, 82]);
    assert_eq!(weights(&["--equal", "172800000"]), [82]);
    assert_eq!(weights(&["--offset", "2"]), [83]);
    desk.run("phone", &["list", "user-bodyweight-logs", "--by", "mood"]).failed(1, &["unknown index", "date"]);
    for bound in ["--equal", "--from", "--until"] {
        let wrong = ["list", "user-bodyweight-logs", "--by", "date", bound, "abc"];
        desk.run("phone", &wrong).failed(1, &["cannot list user-bodyweight-logs by date", "`date`", "\"abc\"", "integer"]);
    }
    let wrong = ["list", "exercise-definitions", "--by", "primaryMuscleGroups", "--equal", "7"];
    desk.run("phone", &wrong).failed(1, &["`primaryMuscleGroups`", "7", "string"]);
    let upper = ["list", "logged-sets", "--by", "exerciseDefinitionId", "--equal", "018F4E2A-7C1B-7D3E-9A55-0C6F1B2D3E4F"];
    desk.run("phone", &upper).failed(1, &["the value of `exerciseDefinitionId`", "write it in lower case"]);
    let (id, mut lower) = (upper[5].to_lowercase(), upper);
    lower[5] = &id;
    desk.run("phone", &lower).ok();
    let upper = ["list", "workout-logs", "--by", "workoutTemplateId", "--equal", "018F4E2A-7C1B-7D3E-9A55-0C6F1B2D3E4F"];
    desk.run("phone", &upper).failed(1, &["the value of `workoutTemplateId`", "write it in lower case"]);
    desk.run("phone", &["list", "exercise-definitions", "--by", "primaryMuscleGroups", "--equal", "chest"]).ok();
    desk.run("phone", &["list", "user-bodyweight-logs"]).ok().says(&["weightKg", "81", "82", "83"]);
}

#[test]
fn a_list_by_a_value_that_no_record_can_have_says_what_the_member_expects() {
    let desk = Desk::new();
    let impossible: [(&[&str], &[&str]); 17] = [
        (&["logged-sets", "--by", "workoutLogId", "--equal", "monday"], &["`workoutLogId`", "\"monday\"", "does not match"]),
        (&["logged-sets", "--by", "workoutLogId", "--equal", "null"], &["`workoutLogId`", "null", "string"]),
        (&["logged-sets", "--by", "exerciseDefinitionId+setType", "--equal", ID, "--equal", "many"], &["`setType`", "\"many\""]),
        (
            &["logged-sets", "--by", "workoutLogId+orderInWorkout+orderInExercise", "--equal", ID, "--from", "x"],
            &["`orderInWorkout`", "integer"],
        ),
        (&["workout-logs", "--by", "programInstanceId", "--equal", "7"], &["`programInstanceId`", "string"]),
        (&["workout-logs", "--by", "programInstanceId", "--equal", "null"], &["`programInstanceId`", "null", "string"]),
        (&["workout-logs", "--by", "programInstanceId", "--from", "null"], &["`programInstanceId`", "null", "string"]),
        (&["workout-templates", "--by", "name", "--equal", ""], &["`name`", "expected at least 1"]),
        (&["workout-templates", "--by", "name", "--equal", "531"], &["`name`", "531", "string", "write it as \"531\""]),
        (&["user-goals", "--by", "status", "--equal", "lost"], &["`status`", "\"lost\""]),
        (&["user-bodyweight-logs", "--by", "date", "--equal", "1e300"], &["`date`", "253402300799999"]),
        (&["user-bodyweight-logs", "--by", "date", "--equal", "1.5"], &["`date`", "integer"]),
        (&["user-bodyweight-logs", "--by", "date", "--equal", "-1"], &["`date`", "-1", "at least 0"]),
        (&["user-bodyweight-logs", "--by", "date", "--equal", "1", "--equal", "2"], &["2 values", "1 member"]),
        (&["user-bodyweight-logs", "--by", "date", "--equal", "1", "--until", "2"], &["`date`", "no member is left", "range"]),
        (&["user-bodyweight-logs", "--by", "date", "--from", "2", "--until", "1"], &["`date`", "from 2 until 1", "exchange"]),
        (&["workout-templates", "--by", "name", "--from", "b", "--until", "a"], &["`name`", "exchange"]),
    ];
    for (arguments, words) in impossible {
        desk.run("phone", &[&["list"], arguments].concat()).failed(1, words);
    }
    for possible in [["--from", "-1"], ["--until", "-15"], ["--from", "1e300"], ["--until", "99999999999999999999"]] {
        desk.run("phone", &[&["list", "user-bodyweight-logs", "--by", "date"][..], &possible].concat()).ok();
    }
}

#[test]
fn a_value_that_looks_like_an_option_has_a_tip_that_works() {
    let desk = Desk::new();
    let list = ["list", "workout-templates", "--by", "name"];
    desk.run("phone", &[&list[..], &["--equal", "-abc"]].concat()).failed(2, &["'--equal=-abc'"]);
    desk.run("phone", &[&list[..], &["--equal=-abc"]].concat()).ok();
    desk.run("phone", &[&list[..], &["--limit", "-1"]].concat()).failed(2, &["'--limit=-1'"]);
    desk.run("phone", &["get", "workout-logs", "-abc"]).failed(2, &["'-- -a'"]);
    desk.run("phone", &["get", "workout-logs", "--", "-abc"]).failed(1, &["cannot find"]);
}

#[test]
fn what_is_wrong_is_said_with_the_exit_code_that_scripts_know() {
    let desk = Desk::new();
    desk.run("phone", &["list", "no-such"]).failed(1, &["unknown collection \"no-such\"", "workout-logs"]);
    desk.run("phone", &["get", "workout-logs", "7"]).failed(1, &["cannot find workout-logs \"7\""]);
    desk.feed("phone", &["put", "user-bodyweight-logs"], "{\"weightKg\": 0}").failed(1, &["the record is invalid", "/weightKg"]);
    desk.feed("phone", &["put", "user-bodyweight-logs"], "{").failed(1, &["cannot read the record"]);
    desk.feed("phone", &["put", "user-bodyweight-logs"], "").failed(2, &["the input is empty"]);
    desk.run("phone", &["list"]).failed(2, &["COLLECTION"]);
    desk.run("phone", &["put", "workout-logs", "--set", "a=b"]).failed(2, &["--id"]);
    desk.run("phone", &["put", "workout-logs", "--id", "7", "--set", "na\tme=b"]).failed(2, &["\"na\\tme\" has a tab"]);
    desk.run("phone", &["blocked", "retry"]).failed(2, &["--all"]);
    desk.run("phone", &["sync"]).failed(4, &["not signed in", "stronglog login"]);
    desk.run("phone", &["logout"]).failed(4, &["not signed in"]);
    desk.run("phone", &["account", "show"]).failed(4, &["no server is known"]);
    let plain = ["login", "--server", "http://sync.example.com", "--email", "a@example.com"];
    desk.run("phone", &plain).failed(1, &["only https is safe"]);
    let error = desk.run("phone", &["list", "no-such", "--json"]).ended(1).stderr;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&error).expect("JSON")["exit"], 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let desk = Desk::new();
    std::fs::write(desk.path("file"), "").expect("a file");
    desk.run("file/phone", &["status"]).failed(1, &["cannot create the directory", "--data"]);
}

#[test]
fn the_status_of_a_new_device_needs_no_server() {
    let desk = Desk::new();
    desk.run("phone", &["status"]).ok().says(&["stronglog register", "never"]);
    desk.measure("phone", 80.0);
    let status = desk.run("phone", &["status", "--json"]).ok().json();
    assert_eq!((&status["pending"], &status["account"]), (&json!(1), &json!(null)));
    desk.run("phone", &["status", "--check"]).ended(3).says(&["1 edit"]);
}

/// The server rejects nothing that the engine accepts, so the test writes the rejection to the database.
#[test]
fn rejected_edits_are_shown_sent_again_and_given_up() {
    let desk = Desk::new();
    let ids = [desk.measure("phone", 80.0), desk.measure("phone", 81.0)];
    let database = rusqlite::Connection::open(desk.path("phone/device.db")).expect("the database");
    let violation = json!({ "pointer": "/weightKg", "keyword": "maximum", "message": "is 80; the maximum is 79" });
    let block = json!({ "code": "invalid", "message": "the scale is broken", "violations": [violation] }).to_string();
    let refused = database.execute("UPDATE records SET state = 2, block = ?1", [block]).expect("an update");
    assert_eq!(refused, 2);
    let printed = desk.run("phone", &["blocked", "--json"]).ok().lines();
    assert_eq!((printed.len(), &printed[0]["code"], &printed[0]["violations"][0]), (2, &json!("invalid"), &violation));
    desk.run("phone", &["status", "--check"]).ended(3).says(&["unsent   2 edits that the server has rejected", "stronglog blocked"]);
    desk.run("phone", &["blocked"]).ok().says(&["the scale is broken", "/weightKg breaks maximum", &ids[1]]);

    desk.run("phone", &["blocked", "retry", &format!("user-bodyweight-logs/{}", ids[0])]).ok().says(&["1 edit"]);
    desk.run("phone", &["status"]).ok().says(&["unsent   1 edit, the oldest from", ", and 1 edit that the server has rejected"]);
    assert_eq!(desk.run("phone", &["status", "--json"]).ok().json()["pending"], 1);
    desk.run("phone", &["blocked", "discard", "user-bodyweight-logs/nothing"]).failed(1, &["cannot find user-bodyweight-logs/nothing"]);
    desk.run("phone", &["blocked", "discard", "--all", "--json"]).ok();
    assert!(desk.run("phone", &["blocked", "--json"]).ok().stdout.is_empty());
    desk.run("phone", &["conflicts"]).ok().says(&[&ids[1]]);
}

#[test]
fn what_cannot_be_read_is_shown_word_for_word() {
    let desk = Desk::new();
    desk.run("phone", &["quarantine"]).ok();
    let database = rusqlite::Connection::open(desk.path("phone/device.db")).expect("the database");
    let insert =
        "INSERT INTO quarantine (collection, id, raw, reason, at) VALUES ('no-such', NULL, '{\"new\": 1}', 'unknown collection', 0)";
    database.execute(insert, []).expect("an insert");
    let printed = desk.run("phone", &["quarantine", "--json"]).ok().lines();
    assert_eq!((&printed[0]["raw"], &printed[0]["collection"]), (&json!("{\"new\": 1}"), &json!("no-such")));
    desk.run("phone", &["quarantine"]).ok().says(&["unknown collection", "{\"new\": 1}"]);
}

#[test]
fn what_other_devices_wrote_cannot_control_the_terminal() {
    let desk = Desk::new();
    let record = json!({ "name": "\u{202e}sessa\u{1b}[2J", "isCustom": true, "\u{9b}1m": "red\u{7f}" }).to_string();
    let put = desk.feed("phone", &["put", "exercise-definitions", "--json"], &record).ok().json();
    let id = put["id"].as_str().expect("an id");
    let outputs = [
        desk.run("phone", &["list", "exercise-definitions"]).ok().says(&["\\u{202e}sessa\\u{1b}[2J", "\\u{9b}1m"]),
        desk.run("phone", &["get", "exercise-definitions", id]).ok().says(&["\\u202esessa\\u001b[2J", "red\\u007f"]),
        desk.run("phone", &["delete", "exercise-definitions", id]).ok(),
        desk.run("phone", &["conflicts"]).ok().says(&["name: \\u{202e}sessa"]),
    ];
    let controls = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
    for output in outputs {
        assert!(!output.stdout.contains(controls), "{output:?}");
    }
}

#[test]
fn of_several_records_all_are_written_or_none() {
    let desk = Desk::new();
    let good = json!({ "date": 1, "weightKg": 80 });
    let put = |input: &str| desk.feed("phone", &["put", "user-bodyweight-logs"], input);
    put(&format!("\u{feff}{good}\n{good}\n{{}}\n")).failed(1, &["(number 3 of 3)", "\"weightKg\"", "nothing was written"]);
    put(&format!("{good}\n{{\"id\":1}}\n")).failed(1, &["(number 2 of 2)", "/id", "nothing was written"]);
    put(&format!("{good}{{")).failed(1, &["cannot read the records", "nothing was written"]);
    let list = || desk.run("phone", &["list", "user-bodyweight-logs", "--json"]).ok().lines();
    assert_eq!(list(), Vec::<serde_json::Value>::new());
    put(&format!("{good}\n{good}\n")).ok();
    assert_eq!(list().len(), 2);
    let edited =
        |kg: u64| json!({ "id": "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f", "date": 1, "weightKg": kg, "clientUpdatedAt": 1 }).to_string();
    put(&[edited(80), edited(81), edited(82)].join("\n")).ok();
    let twice = desk.run("phone", &["get", "user-bodyweight-logs", "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f", "--json"]).ok().json();
    assert_eq!(twice["weightKg"], 82);
    assert_eq!(desk.run("phone", &["status", "--json"]).ok().json()["pending"], 3);
    assert_eq!(desk.run("phone", &["conflicts", "--json"]).ok().lines().len(), 2, "what the later ones replace is kept");
}

#[test]
fn an_address_with_the_wrong_scheme_gets_an_explanation() {
    let desk = Desk::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let tls_alert_or_http = |answer: &'static [u8]| {
        let listener = listener.try_clone().expect("the port");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            // The client may have disconnected.
            _ = stream.read(&mut [0; 4_096]).and_then(|_| stream.write_all(answer));
        })
    };
    let register = |scheme: &str| desk.run("phone", &["register", "--email", EMAIL, "--server", &format!("{scheme}://{address}")]);
    let serving = tls_alert_or_http(b"\x15\x03\x03\x00\x02\x02\x32");
    register("http").failed(5, &["does not speak plain HTTP on this port", "begins with https://"]);
    serving.join().expect("it ends");
    let serving = tls_alert_or_http(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    register("https").failed(5, &["does not speak TLS on this port", "may begin with http://"]);
    serving.join().expect("it ends");
    desk.run("phone", &["status"]).ok().says(&["account  none"]);
}
