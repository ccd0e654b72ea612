//! Export and import: what a backup contains, and what it may replace.

mod support;

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use stronglog_sync::api::CONTRACT;
use support::{Desk, Setup, signal};

const LOGS: &str = "user-bodyweight-logs";
const ID: &str = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";

fn line(record: &Value) -> String {
    json!({ "collection": LOGS, "record": record }).to_string() + "\n"
}

/// A line with a record that was last edited at `stamp`.
fn edited(id: &str, kg: f64, stamp: i64) -> String {
    line(&json!({ "id": id, "date": 1, "weightKg": kg, "clientCreatedAt": 1, "clientUpdatedAt": stamp, "isDeleted": false }))
}

fn weight(desk: &Desk, device: &str, id: &str) -> Value {
    desk.run(device, &["get", LOGS, id, "--json"]).ok().json()["weightKg"].clone()
}

fn import(desk: &Desk, device: &str, file: &str, more: &[&str]) -> support::Ran {
    desk.feed(device, &[&["import", "-"], more].concat(), file)
}

#[test]
fn what_one_device_exports_another_imports_and_a_second_time_nothing_changes() {
    let desk = Desk::new();
    let ids = [desk.measure("phone", 80.0), desk.measure("phone", 81.0)];
    desk.run("phone", &["export", "all.jsonl"]).ok().says(&["exported 2 records to all.jsonl"]);
    let file = std::fs::read_to_string(desk.path("all.jsonl")).expect("the export");
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line["record"]["id"].is_string()), "each line is a record: {file}");
    assert_eq!((&lines[0]["end"], &lines[1]["end"]), (&Value::Null, &json!({ "records": 2, "quarantined": 0, "history": 0 })));
    desk.run("tablet", &["import", "all.jsonl", "--dry-run"]).ok().says(&["nothing was written", "added", LOGS, "2"]);
    assert_eq!(desk.run("tablet", &["status", "--json"]).ok().json()["pending"], 0);
    desk.run("tablet", &["import", "all.jsonl"]).ok().says(&["imported 2 records"]);
    ids.iter().for_each(|id| _ = desk.run("tablet", &["get", LOGS, id]).ok());
    for device in ["tablet", "phone"] {
        let again = desk.run(device, &["import", "all.jsonl", "--on-conflict", "replace", "--json"]).ok().json();
        assert_eq!((&again["written"], &again["collections"][LOGS]["unchanged"]), (&json!(0), &json!(2)));
    }
    let stamps = |device: &str| desk.run(device, &["list", LOGS, "--json"]).ok().lines();
    assert_eq!(stamps("tablet"), stamps("phone"), "an imported record keeps its stamp");
    desk.run("phone", &["import", "none.jsonl"]).failed(1, &["cannot read none.jsonl"]);
}

/// The account's records as the server exports them to a client of this contract version, or to one that names none, such as curl.
async fn server_export(setup: &Setup, device: &str, version: Option<&str>) -> String {
    let tokens = std::fs::read_to_string(setup.desk.path(device).join("tokens.json")).expect("the tokens");
    let tokens: Value = serde_json::from_str(&tokens).expect("JSON");
    // Another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::new().get(format!("{}/api/v1/account/export", setup.server.url()));
    let mut request = request.bearer_auth(tokens["accessToken"].as_str().expect("a token"));
    if let Some(version) = version {
        request = request.header("X-Contract-Version", version);
    }
    request.send().await.and_then(reqwest::Response::error_for_status).expect("an answer").text().await.expect("the export")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_the_server_is_checked_like_one_of_a_device() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let current = Some(CONTRACT.version);
    assert_eq!(server_export(&setup, "phone", current).await, "{\"end\":{\"records\":0}}\n");
    let ids = [80.0, 81.0, 82.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &["delete", LOGS, &ids[0]]).ok();
    desk.run("phone", &["sync"]).ok();
    for version in [current, None] {
        let file = server_export(&setup, "phone", version).await;
        let lines: Vec<&str> = file.split_inclusive('\n').collect();
        assert_eq!(lines.len(), 3, "{file}");
        let device = |name: &str| format!("{name}-{}", version.unwrap_or("curl"));
        let whole = import(desk, &device("whole"), &file, &[]).ok().says(&["imported 2 records"]);
        assert_eq!(whole.stderr, "");
        for cut in [1, 2] {
            let cut = lines[..cut].concat();
            import(desk, &device("cut"), &cut, &[]).failed(1, &["the end of the file is missing", "--partial"]);
        }
        import(desk, &device("cut"), &lines[..2].concat(), &["--partial"]).failed(3, &["its end is missing"]).says(&["imported"]);
        let holed = ["line 2: the file is damaged: it should have 3 records, and has 2"];
        import(desk, &device("holed"), &lines[1..].concat(), &[]).failed(1, &holed);
    }
    let old = server_export(&setup, "phone", Some("1.0.0")).await;
    assert!(!old.contains("\"begin\"") && !old.contains("\"end\""), "clients of an earlier contract get no new member: {old}");
    let cut = import(desk, "old", &old, &[]).ok().says(&["imported 2 records"]);
    assert!(cut.stderr.contains("the file does not state the number of its records"), "{}", cut.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_say_the_same_are_no_conflict_whoever_imported_them() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    [80.0, 81.0].iter().for_each(|kg| _ = desk.measure("phone", *kg));
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &["export", "all.jsonl"]).ok();
    desk.run("new", &["import", "all.jsonl"]).ok();
    setup.login("new").ok();
    let log = include_str!("logs/hevy.csv");
    for device in ["phone", "new"] {
        desk.feed(device, &["import", "-", "--from", "hevy"], log).ok();
        desk.run(device, &["sync"]).ok();
    }
    desk.run("phone", &["sync"]).ok();
    for device in ["phone", "new"] {
        assert_eq!(desk.run(device, &["conflicts", "--json"]).ok().lines(), Vec::<Value>::new(), "{device}");
        desk.run(device, &["verify"]).ok();
    }
}

#[test]
fn many_deletions_push_no_version_out_of_the_history() {
    let desk = Desk::new();
    let file = |stamp: i64, kg: f64| {
        let id = |number: u64| format!("018f4e2a-7c1b-7d3e-9a55-{number:012x}");
        (0..10_100).map(|number| edited(&id(number), kg, stamp)).collect::<String>()
    };
    import(&desk, "phone", &file(1, 80.0), &[]).ok();
    import(&desk, "phone", &file(2, 81.0), &[]).ok().says(&["imported 10,100 records"]);
    let past = desk.run("phone", &["conflicts", "--limit", "20000", "--json"]).ok().lines();
    assert_eq!(past.len(), 10_100);
}

#[test]
fn an_old_backup_changes_nothing_that_is_newer() {
    let desk = Desk::new();
    let id = desk.measure("phone", 80.0);
    let gone = desk.measure("phone", 70.0);
    desk.run("phone", &["export", "old.jsonl"]).ok();
    desk.run("phone", &["put", LOGS, "--id", &id, "--set", "weightKg=99"]).ok();
    desk.run("phone", &["delete", LOGS, &gone]).ok();
    for rule in ["newer", "keep"] {
        let output = desk.run("phone", &["import", "old.jsonl", "--on-conflict", rule]).ok();
        output.says(&["imported 0 records", "1 record kept:", "1 record kept deleted:", "--on-conflict replace"]);
        assert_eq!(weight(&desk, "phone", &id), 99);
        desk.run("phone", &["get", LOGS, &gone]).ended(1);
    }
    desk.run("phone", &["import", "old.jsonl", "--on-conflict", "replace"]).ok().says(&["imported 2 records", "replaced"]);
    assert_eq!((weight(&desk, "phone", &id), weight(&desk, "phone", &gone)), (json!(80.0), json!(70.0)));
    let past = desk.run("phone", &["conflicts", "--json"]).ok().lines();
    assert!(past.iter().any(|past| past["record"]["weightKg"] == 99), "what it replaced is kept: {past:?}");
}

#[test]
fn a_stamp_of_the_future_does_not_make_a_version_newer() {
    let desk = Desk::new();
    import(&desk, "phone", &edited(ID, 80.0, 1_000), &[]).ok();
    let in_2099 = edited(ID, 82.0, 4_070_908_800_000);
    import(&desk, "phone", &in_2099, &[]).ok().says(&["imported 0 records", "1 record kept"]);
    assert_eq!(weight(&desk, "phone", ID), 80.0);
    import(&desk, "tablet", &in_2099, &[]).ok().says(&["imported 1 record"]);
}

#[test]
fn a_command_that_has_ended_leaves_the_whole_database_in_one_file() {
    let desk = Desk::new();
    let id = desk.measure("phone", 80.0);
    assert!(!desk.path("phone/device.db-wal").exists(), "the write-ahead log is part of the database");
    std::fs::create_dir_all(desk.path("copy")).expect("a folder");
    std::fs::copy(desk.path("phone/device.db"), desk.path("copy/device.db")).expect("copied");
    assert_eq!(weight(&desk, "copy", &id), 80.0);
}

#[test]
fn a_newer_version_of_the_file_replaces_and_deletes_what_is_older() {
    let desk = Desk::new();
    import(&desk, "phone", &edited(ID, 80.0, 1_000), &[]).ok();
    import(&desk, "phone", &edited(ID, 81.0, 3_000), &[]).ok().says(&["imported 1 record", "replaced"]);
    let both = edited(ID, 83.0, 5_000) + &edited(ID, 82.0, 4_000);
    assert_eq!(import(&desk, "phone", &both, &["--json"]).ok().json()["superseded"], 1);
    assert_eq!(weight(&desk, "phone", ID), 83.0);
    let tombstone = |stamp: i64| line(&json!({ "id": ID, "clientCreatedAt": 1, "clientUpdatedAt": stamp, "isDeleted": true }));
    import(&desk, "phone", &tombstone(4_500), &[]).ok().says(&["imported 0 records"]);
    import(&desk, "phone", &tombstone(6_000), &[]).ok().says(&["imported 1 record", "deleted"]);
    desk.run("phone", &["get", LOGS, ID]).ended(1);
    import(&desk, "phone", &tombstone(6_000), &[]).ok().says(&["imported 0 records"]);
    import(&desk, "tablet", &tombstone(6_000), &[]).ok().says(&["imported 0 records"]);
}

#[test]
fn wrong_lines_are_reported_by_number_and_nothing_is_imported_unless_it_may_be_partial() {
    let desk = Desk::new();
    let upper = edited(&ID.to_uppercase(), 80.0, 5);
    let good = edited(ID, 80.0, 5);
    let wrong = ["{", "[1]", r#"{"collection":"no-such","record":{}}"#, r#"{"record":{}}"#, &line(&json!({ "weightKg": 0 })), &upper];
    let file = format!("{good}{}", wrong.map(|line| line.trim_end().to_owned() + "\n").concat());
    let words =
        ["line 2: ", "line 3: ", "line 4: unknown collection \"no-such\"; available:", "line 5: ", "line 6: ", "/weightKg", "line 7: "];
    import(&desk, "phone", &file, &[]).failed(1, &words).says(&["imported nothing", "6 lines rejected"]);
    desk.run("phone", &["get", LOGS, ID]).ended(1);
    import(&desk, "phone", &file, &["--dry-run"]).failed(1, &words).says(&["would import nothing: 6 lines rejected"]);
    import(&desk, "phone", &file, &["--dry-run", "--partial"]).failed(3, &words);
    desk.run("phone", &["get", LOGS, ID]).ended(1);
    let output = import(&desk, "phone", &file, &["--partial", "--json"]).ended(3).json();
    let lines: Vec<_> = output["refused"].as_array().expect("lines").iter().map(|refused| refused["line"].clone()).collect();
    assert_eq!((&output["written"], lines), (&json!(1), vec![json!(2), json!(3), json!(4), json!(5), json!(6), json!(7)]));
    desk.run("phone", &["get", LOGS, ID]).ok();
}

#[test]
fn a_member_that_decides_what_wins_is_never_guessed() {
    let desk = Desk::new();
    import(&desk, "phone", &edited(ID, 80.0, 5), &[]).ok();
    let file =
        edited(ID, 81.0, 9).replace(":9,", ":\"9\",") + &edited(ID, 82.0, 9).replace("\"isDeleted\":false", "\"isDeleted\":\"true\"");
    let words = ["line 1: clientUpdatedAt is \"9\"; expected a time", "line 2: isDeleted is \"true\"; expected true or false"];
    import(&desk, "phone", &file, &[]).failed(1, &words);
    assert_eq!(weight(&desk, "phone", ID), 80.0);
}

#[test]
fn bytes_that_are_not_utf8_are_rejected_and_a_bom_is_not_content() {
    let desk = Desk::new();
    let mut file = b"\xef\xbb\xbf".to_vec();
    file.extend(edited(ID, 80.0, 5).replace('\n', "\r\n").bytes());
    std::fs::write(desk.path("bom.jsonl"), &file).expect("a file");
    desk.run("phone", &["import", "bom.jsonl"]).ok().says(&["imported 1 record"]);
    file.extend(b"{\"collection\":\"\xff\"}\n");
    std::fs::write(desk.path("latin1.jsonl"), &file).expect("a file");
    desk.run("tablet", &["import", "latin1.jsonl"]).failed(1, &["line 2: the line is not UTF-8"]);
}

#[test]
fn records_without_ids_are_added_once() {
    let desk = Desk::new();
    let file = line(&json!({ "date": 1, "weightKg": 80 })).repeat(2) + &line(&json!({ "date": 2, "weightKg": 81 }));
    import(&desk, "phone", &file, &[]).ok().says(&["imported 3 records"]);
    import(&desk, "phone", &file, &[]).ok().says(&["imported 0 records", "unchanged"]);
    assert_eq!(desk.run("phone", &["list", LOGS, "--json"]).ok().lines().len(), 3);
}

#[test]
fn a_file_that_lost_lines_is_noticed() {
    let desk = Desk::new();
    desk.measure("phone", 80.0);
    desk.measure("phone", 81.0);
    let file = desk.run("phone", &["export"]).ok().stdout;
    let lines: Vec<&str> = file.lines().collect();
    import(&desk, "tablet", lines[1], &[]).failed(1, &["line 1: the file is damaged", "should have 2 records, and has 1"]);
    let nothing = import(&desk, "tablet", lines[0], &[]).failed(1, &["the end of the file is missing", "--partial"]);
    nothing.says(&["✗ imported nothing: the file is incomplete"]);
    assert_eq!(desk.run("tablet", &["list", LOGS, "--json"]).ok().stdout, "");
    assert_eq!(import(&desk, "tablet", lines[0], &["--json"]).ended(1).json()["cutOff"], true);
    assert_eq!(import(&desk, "tablet", lines[0], &["--dry-run", "--json"]).ended(1).json()["cutOff"], true);
    import(&desk, "tablet", lines[0], &["--dry-run"]).ended(1).says(&["would import nothing: the file is incomplete"]);
    import(&desk, "tablet", lines[0], &["--dry-run", "--partial"]).ended(3);
    let partial = import(&desk, "tablet", lines[0], &["--partial"]).failed(3, &["the file is incomplete: its end is missing"]);
    partial.says(&["! imported 1 record"]);
    let added = edited(ID, 82.0, 5) + &file;
    let output =
        import(&desk, "kettle", &added, &[]).failed(3, &["more records (3) than were exported (2 records)"]).says(&["imported 3 records"]);
    assert!(!output.stderr.contains("does not state the number"), "{output:?}");
    let damaged = import(&desk, "kettle", lines[1], &[]).ended(1);
    assert!(!damaged.stderr.contains("does not state the number") && !damaged.stderr.contains("its end is missing"), "{damaged:?}");
    import(&desk, "kettle", &edited(ID, 82.0, 5), &[]).failed(0, &["the file does not state the number"]);
    let cut = &file[..file.len() / 3];
    import(&desk, "watch", cut, &[]).failed(1, &["line 1: the line is not JSON"]);
    let swapped = format!("{}\n{}\n", lines[1], lines[0]);
    assert_eq!(import(&desk, "radio", &swapped, &["--json"]).ok().json()["hasEnd"], true, "a sorted file has every line");
    let second = format!("{}\n{file}", lines[0]);
    import(&desk, "radio", &second, &[]).failed(1, &["the end of the file is missing"]);
    let twice = file.repeat(2);
    assert_eq!(import(&desk, "watch", &twice, &["--json"]).ok().json()["superseded"], 2, "two exports in one file");
}

#[test]
fn a_record_that_was_written_over_several_lines_is_exported_on_one() {
    let desk = Desk::new();
    let record = json!({ "id": ID, "date": 1, "weightKg": 80, "mood": { "words": ["fine", "two\nlines"] } });
    let pretty = serde_json::to_string_pretty(&record).expect("JSON");
    let put = desk.feed("phone", &["put", LOGS, "--json"], &pretty).ok();
    let (get, list) = (["get", LOGS, ID, "--json"], ["list", LOGS, "--json"]);
    for output in [put, desk.run("phone", &get).ok(), desk.run("phone", &list).ok(), desk.run("phone", &["export"]).ok()] {
        assert_eq!(output.lines().len(), 1);
    }
    desk.run("phone", &["export", "all.jsonl"]).ok();
    desk.run("tablet", &["import", "all.jsonl"]).ok().says(&["imported 1 record"]);
    assert_eq!(desk.run("tablet", &get).ok().json()["mood"], record["mood"]);
}

#[test]
fn an_export_of_nothing_has_its_counts_alone_and_so_had_earlier_exports() {
    let desk = Desk::new();
    let nothing = desk.run("phone", &["export"]).ok().stdout;
    assert_eq!(nothing, "{\"end\":{\"records\":0,\"quarantined\":0,\"history\":0}}\n");
    assert_eq!(import(&desk, "tablet", &nothing, &["--json"]).ok().json()["hasEnd"], true);
    let counted = |records: u64| format!("{}{{\"end\":{{\"records\":{records}}}}}\n", edited(ID, 80.0, 5));
    import(&desk, "tablet", &counted(2), &[]).failed(1, &["line 2: the file is damaged", "should have 2 records, and has 1"]);
    assert_eq!(import(&desk, "tablet", &counted(1), &["--json"]).ok().json()["hasEnd"], true);
    assert_eq!(weight(&desk, "tablet", ID), 80.0);
}

#[test]
fn a_file_of_another_kind_is_named_once() {
    let desk = Desk::new();
    let strong = "Date;Workout Name;Exercise Name;Set Order\n".to_owned() + &"2026-04-01 09:00:00;Legs;Squat;1\n".repeat(30);
    let array = serde_json::to_string_pretty(&[json!({ "collection": LOGS }), json!({ "collection": LOGS })]).expect("JSON");
    let kinds = [
        (strong.as_str(), "an export of Strong: use --from strong"),
        (&array, "a JSON array"),
        (&array[2..], "JSON over several lines"),
        (" \n", "empty"),
        ("", "empty"),
        ("PK\u{3}\u{4}", "a zip archive"),
    ];
    for (file, kind) in kinds {
        let ran = import(&desk, "phone", file, &[]).failed(1, &["cannot read the file: it is", kind]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    let wrong = "wrong\n".repeat(50);
    let ran = import(&desk, "phone", &wrong, &[]).failed(1, &["line 20: ", "and 30 lines more; --json lists all of them"]);
    assert!(!ran.stderr.contains("line 21: "));
    assert_eq!(import(&desk, "phone", &wrong, &["--json"]).ended(1).json()["refused"].as_array().map(Vec::len), Some(50));
}

#[test]
fn an_export_that_a_shell_has_made_utf_16_is_imported() {
    let desk = Desk::new();
    let file: Vec<u8> = edited(ID, 80.0, 5).encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(desk.path("plain.jsonl"), &file).expect("a file");
    std::fs::write(desk.path("marked.jsonl"), [b"\xff\xfe".as_slice(), &file].concat()).expect("a file");
    desk.run("phone", &["import", "plain.jsonl"]).ok().says(&["imported 1 record"]);
    desk.run("phone", &["import", "marked.jsonl", "--json"]).ok().says(&["\"unchanged\":1"]);
}

#[test]
fn an_export_that_fails_leaves_the_earlier_one() {
    let desk = Desk::new();
    desk.measure("phone", 80.0);
    desk.run("phone", &["export", "backup.jsonl"]).ok();
    let before = std::fs::read(desk.path("backup.jsonl")).expect("the backup");
    let database = rusqlite::Connection::open(desk.path("phone/device.db")).expect("the database");
    // A row that cannot be read stops the export after it has begun.
    let copy = "INSERT INTO records SELECT collection, 'zzz', record, 0, stamp, op_id, op_device, op_seq, base_rev, state, pending_since,
                lost, block, seen FROM records";
    let columns = database.prepare("SELECT * FROM records").expect("a table").column_count();
    let copy = if columns == 14 { copy.to_owned() } else { "UPDATE records SET id = 'zzz'".to_owned() };
    database.execute(&copy, []).expect("a damaged row");
    desk.run("phone", &["export", "backup.jsonl"]).failed(1, &["cannot read records"]);
    assert_eq!(std::fs::read(desk.path("backup.jsonl")).expect("the backup"), before);
    let names = std::fs::read_dir(desk.folder.path()).expect("the folder").count();
    assert_eq!(names, 2, "no temporary file is left");
    desk.run("phone", &["export", "no/such/folder.jsonl"]).failed(1, &["cannot write no/such/folder.jsonl"]);
}

#[cfg(unix)]
#[test]
fn an_export_keeps_the_permissions_of_the_file_that_it_replaces() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let mode = || std::fs::metadata(desk.path("all.jsonl")).expect("the export").permissions().mode() & 0o777;
    desk.run("phone", &["export", "all.jsonl"]).ok();
    assert_eq!(mode(), 0o600, "a new file is for its owner");
    std::fs::set_permissions(desk.path("all.jsonl"), std::fs::Permissions::from_mode(0o640)).expect("changed");
    desk.run("phone", &["export", "all.jsonl"]).ok();
    assert_eq!(mode(), 0o640);
}

#[test]
fn quarantined_changes_and_the_history_are_exported_on_request() {
    let desk = Desk::new();
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["delete", LOGS, &id]).ok();
    let database = rusqlite::Connection::open(desk.path("phone/device.db")).expect("the database");
    let insert =
        "INSERT INTO quarantine (collection, id, raw, reason, at) VALUES ('no-such', NULL, '{\"new\": 1}', 'unknown collection', 0)";
    database.execute(insert, []).expect("an insert");
    desk.run("phone", &["export", "some.jsonl"]).ok().says(&["exported 0 records", "1 unreadable change not exported", "--quarantined"]);
    desk.run("phone", &["export", "all.jsonl", "--quarantined", "--history"]).ok().says(&["1 quarantined change, 1 past version"]);
    let file = std::fs::read_to_string(desk.path("all.jsonl")).expect("the export");
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["quarantined"]["raw"], "{\"new\": 1}");
    assert_eq!((&lines[1]["history"]["why"], &lines[1]["history"]["record"]["weightKg"]), (&json!("deleted"), &json!(80.0)));
    assert_eq!((lines.len(), &lines[1]["end"]), (2, &json!({ "records": 0, "quarantined": 1, "history": 1 })));
    desk.run("tablet", &["import", "all.jsonl"]).ok().says(&["imported 0 records", "2 lines"]);
}

#[test]
fn an_export_is_of_one_moment() {
    let desk = Desk::new();
    let records: String = (0..4_000).map(|date| json!({ "date": date, "weightKg": 80 }).to_string() + "\n").collect();
    let file: String = records.lines().map(|record| format!("{{\"collection\":\"{LOGS}\",\"record\":{record}}}\n")).collect();
    import(&desk, "phone", &file, &[]).ok();
    let ids: Vec<String> = desk
        .run("phone", &["list", LOGS, "--json", "--limit", "1000"])
        .ok()
        .lines()
        .iter()
        .map(|record| record["id"].as_str().expect("an id").to_owned())
        .collect();
    let mut exporting = desk.command(&["export", "all.jsonl"]);
    let mut exporting = exporting.env("STRONGLOG_DATA", desk.path("phone")).spawn().expect("the command starts");
    let arguments: Vec<&str> = ["delete", LOGS].into_iter().chain(ids.iter().map(String::as_str)).collect();
    desk.run("phone", &arguments).ok();
    assert!(exporting.wait().expect("it ends").success());
    let lines = std::fs::read_to_string(desk.path("all.jsonl")).expect("the export").lines().count();
    assert!(lines == 4_000 || lines == 3_000, "{lines}: a deletion is seen whole or not at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_on_another_device_does_not_turn_the_account_back() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["export", "old.jsonl"]).ok();
    setup.register("phone").ok();
    desk.run("phone", &["put", LOGS, "--id", &id, "--set", "weightKg=99"]).ok();
    desk.run("phone", &["sync"]).ok();
    desk.run("laptop", &["import", "old.jsonl"]).ok();
    setup.login("laptop").ok();
    desk.run("phone", &["sync"]).ok();
    assert_eq!([weight(desk, "phone", &id), weight(desk, "laptop", &id)], [99, 99]);
}

#[test]
fn two_commands_that_set_members_of_one_record_at_once_both_count() {
    let desk = Desk::new();
    let id = desk.measure("phone", 80.0);
    let set = |member: usize| {
        let mut command = desk.command(&["put", LOGS, "--id", &id, "--set", &format!("m{member}=1")]);
        command.env("STRONGLOG_DATA", desk.path("phone")).stdout(std::process::Stdio::null()).spawn().expect("the command starts")
    };
    let both: Vec<_> = (0..4).map(set).collect();
    both.into_iter().for_each(|mut child| assert!(child.wait().expect("it ends").success()));
    let record = desk.run("phone", &["get", LOGS, &id, "--json"]).ok().json();
    assert!((0..4).all(|member| record[format!("m{member}")] == 1), "{record}");
}

#[test]
fn commands_that_make_a_profile_at_once_all_succeed() {
    let desk = Desk::new();
    let start = |_: usize| {
        let mut command = desk.command(&["list", LOGS]);
        command.env("STRONGLOG_DATA", desk.path("new")).stdout(Stdio::null()).spawn().expect("the command starts")
    };
    let all: Vec<_> = (0..8).map(start).collect();
    all.into_iter().for_each(|mut child| assert!(child.wait().expect("it ends").success()));
}

#[test]
fn what_is_set_leaves_other_numbers_as_they_are_and_a_deletion_deletes() {
    let desk = Desk::new();
    let record = format!(r#"{{"id":"{ID}","date":1,"weightKg":80.10,"big":12345678901234567890123}}"#);
    desk.feed("phone", &["put", LOGS], &record).ok();
    desk.run("phone", &["put", LOGS, "--id", ID, "--set", "huge=98765432109876543210"]).ok();
    for output in [desk.run("phone", &["get", LOGS, ID]).ok(), desk.run("phone", &["get", LOGS, ID, "--json"]).ok()] {
        output.says(&["80.10", "12345678901234567890123", "98765432109876543210"]);
    }
    let stored = desk.run("phone", &["get", LOGS, ID, "--json"]).ok().stdout;
    desk.feed("phone", &["put", LOGS], &stored.replace("\"isDeleted\":false", "\"isDeleted\":true")).ok().says(&["deleted"]);
    desk.run("phone", &["get", LOGS, ID]).ended(1);
    let upper = ID.to_uppercase();
    desk.run("phone", &["get", LOGS, &upper]).failed(1, &["lower case"]);
    desk.feed("phone", &["put", LOGS], &record.replace(ID, &upper)).failed(1, &["lower case"]);
}

#[test]
fn ctrl_c_ends_a_command_that_waits_for_its_input() {
    let desk = Desk::new();
    let mut command = desk.command(&["import", "-"]);
    let mut child = command.env("STRONGLOG_DATA", desk.path("phone")).stdin(Stdio::piped()).spawn().expect("the command starts");
    // It listens for Ctrl-C before it opens the profile.
    while !desk.path("phone/device.db").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    // `wait` closes the input that the child holds, and its end may be read before the signal.
    let _open = child.stdin.take();
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn a_file_of_a_later_format_is_not_taken_for_one_of_this() {
    let desk = Desk::new();
    desk.measure("phone", 80.0);
    desk.measure("phone", 81.0);
    let file = desk.run("phone", &["export"]).ok().stdout.replace("\"format\":1", "\"format\":2");
    let words = ["line 1: the file has format 2, and this program reads format 1; update the program"];
    desk.feed("laptop", &["import", "-"], &file).failed(1, &words).says(&["imported nothing"]);
    desk.feed("laptop", &["import", "-", "--partial"], &file).failed(3, &words).says(&["imported 1 record"]);
}
