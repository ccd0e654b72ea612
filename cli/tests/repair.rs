//! Responses that were damaged between the server and a device, records that were changed in a database behind the server's or the device's
//! back, and how the devices recover.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::proxy::{self, Deal};
use support::{EMAIL, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_were_damaged_on_the_way_are_fetched_again_by_a_comparison() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    let damages = Arc::new(AtomicBool::new(true));
    let damaging = Arc::clone(&damages);
    let proxy = proxy::start(setup.server.addr(), move |_| match damaging.load(Ordering::Relaxed) {
        true => Deal::Replace("weightKg", "weightKG"),
        false => Deal::Pass,
    });
    let login = ["login", "--server", &proxy, "--email", EMAIL];
    desk.run("laptop", &login).ended(3).says(&["cannot read 1 change"]);
    damages.store(false, Ordering::Relaxed);
    desk.run("laptop", &["sync"]).ended(3);
    desk.run("laptop", &["quarantine"]).failed(0, &["damaged in transit", "`stronglog verify`"]);
    desk.run("laptop", &["verify"]).failed(0, &["1 record compared: the same here and on the server"]);
    desk.run("laptop", &["get", "user-bodyweight-logs", &id]).ok().says(&["80"]);
    desk.run("laptop", &["sync"]).ok();
    desk.run("laptop", &["status", "--check"]).ok();
}

const LOGS: &str = "user-bodyweight-logs";

/// Opens a database while its server or device runs.
fn database(path: std::path::PathBuf) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(path).expect("the database");
    database.busy_timeout(std::time::Duration::from_secs(10)).expect("set");
    database
}

/// Follows the advice of `verify`: a sync and another comparison, until both agree.
fn agree(setup: &Setup, device: &str) {
    for _ in 0..50 {
        setup.desk.run(device, &["sync"]);
        if setup.desk.run(device, &["verify"]).code == Some(0) {
            return;
        }
    }
    panic!("{:?}", setup.desk.run(device, &["verify"]));
}

/// Checks that a device and the server agree on the digest too, and stay so.
fn is_settled(setup: &Setup, device: &str) {
    for _ in 0..50 {
        setup.desk.run(device, &["sync"]);
        if setup.desk.run(device, &["status", "--json"]).ok().json()["differsSince"].is_null() {
            setup.desk.run(device, &["sync"]).ok();
            setup.desk.run(device, &["status", "--check"]).ok();
            return;
        }
    }
    panic!("{:?}", setup.desk.run(device, &["status"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_removed_from_the_servers_database_come_back_from_any_device() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids = [80.0, 81.0, 82.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    let server = database(desk.path("server/stronglog.db"));
    let removed = server.execute("DELETE FROM records WHERE instr(record, '\"weightKg\":81') > 0", []).expect("removed");
    assert_eq!(removed, 1);
    let noticed = desk.run("laptop", &["verify"]).failed(3, &["1 different; run `stronglog sync` and `stronglog verify` again"]);
    noticed.says(&[&format!("{}  only on this device", ids[1])]);
    // The laptop did not make the record, and the phone is gone.
    agree(&setup, "laptop");
    assert_eq!(desk.run("laptop", &["list", LOGS, "--json"]).ok().lines().len(), 3);
    is_settled(&setup, "laptop");
    setup.login("tablet").ok();
    assert_eq!(desk.run("tablet", &["list", LOGS, "--json"]).ok().lines().len(), 3, "the server has it again");
    for device in ["phone", "tablet"] {
        agree(&setup, device);
        is_settled(&setup, device);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_changed_in_a_database_are_resolved_by_a_repair_and_nothing_is_lost() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids = [80.0, 81.0, 82.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    let changed = "UPDATE records SET record = replace(record, '\"weightKg\":81', '\"weightKg\":91')";
    assert!(database(desk.path("server/stronglog.db")).execute(changed, []).expect("changed") > 0);
    let removed = database(desk.path("phone/device.db")).execute("DELETE FROM records WHERE id = ?1", [&ids[2]]);
    assert_eq!(removed.expect("removed"), 1);
    desk.run("phone", &["verify"])
        .ended(3)
        .says(&[&format!("{}  in different versions", ids[1]), &format!("{}  only on the server", ids[2])]);
    let repaired = desk.run("phone", &["verify", "--repair"]).failed(0, &["2 differences resolved", "3 records compared: the same"]);
    repaired.says(&[&ids[1], &ids[2]]);
    is_settled(&setup, "phone");
    desk.run("phone", &["verify"]).ok();
    let weight = |id: &str| desk.run("phone", &["get", LOGS, id, "--json"]).ok().json()["weightKg"].clone();
    assert_eq!([weight(&ids[1]), weight(&ids[2])], [91.0, 82.0]);
    let past = desk.run("phone", &["conflicts", "--json"]).ok().lines();
    assert!(past.iter().any(|past| past["id"] == ids[1].as_str() && past["record"]["weightKg"] == 81.0), "{past:?}");
}

const PURGE: [&str; 8] = ["admin", "purge", "--data", "server", "--tombstone-days", "0", "--backup-days", "0"];

/// A device was away while the others deleted records, and the server forgot the deletions. The device asks, and until it has an answer,
/// neither `verify` nor a repair sends the records again.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_does_not_answer_the_question_of_a_resync() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids: Vec<String> = (0..12).map(|number| desk.measure("phone", 70.0 + f64::from(number))).collect();
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    let deleted: Vec<&str> = ["delete", LOGS].into_iter().chain(ids.iter().map(String::as_str)).collect();
    desk.run("phone", &deleted).ok();
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &PURGE).ok();
    let question = "12 records on this device no longer exist on the server; run `stronglog sync --confirm delete`";
    desk.run("laptop", &["verify", "--repair"]).failed(3, &["cannot repair", question]);
    let compared = desk.run("laptop", &["verify"]).failed(3, &["12 different", question]);
    assert!(!compared.stderr.contains("--repair"), "{compared:?}");
    desk.run("laptop", &["verify", "--repair"]).failed(3, &["cannot repair", question]);
    desk.run("laptop", &["sync", "--confirm", "delete"]).ok();
    desk.run("phone", &["sync"]).ok();
    for device in ["phone", "laptop"] {
        assert_eq!(desk.run(device, &["list", LOGS, "--json"]).ok().lines().len(), 0, "{device}");
    }
}

/// A repair is the first sync since the server forgot a deletion.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_deletes_what_was_deleted_and_forgotten() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids = [80.0, 81.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    desk.run("phone", &["delete", LOGS, &ids[0]]).ok();
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &PURGE).ok();
    desk.run("laptop", &["verify", "--repair"]).ok();
    for device in ["phone", "laptop"] {
        desk.run(device, &["sync"]).ok();
        assert_eq!(desk.run(device, &["list", LOGS, "--json"]).ok().lines().len(), 1, "{device}");
    }
}

/// The lost record is older than a deletion that the server has forgotten. The devices have seen that deletion, so they know that it was of
/// another record.
#[tokio::test(flavor = "multi_thread")]
async fn old_records_that_were_removed_from_the_servers_database_come_back_after_a_purge() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids = [80.0, 81.0, 82.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &["delete", LOGS, &ids[2]]).ok();
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    desk.run("phone", &PURGE).ok();
    let server = database(desk.path("server/stronglog.db"));
    assert_eq!(server.execute("DELETE FROM records WHERE id = ?1", [&uuid::Uuid::parse_str(&ids[0]).expect("an id")]).expect("removed"), 1);
    agree(&setup, "laptop");
    is_settled(&setup, "laptop");
    setup.login("tablet").ok();
    for device in ["phone", "laptop", "tablet"] {
        agree(&setup, device);
        assert_eq!(desk.run(device, &["list", LOGS, "--json"]).ok().lines().len(), 2, "{device}");
    }
}

/// Without the tombstone, a device that was away sends the record again. The device that deleted it still knows better.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_removed_from_the_servers_database_is_sent_again() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids = [80.0, 81.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    desk.run("phone", &["delete", LOGS, &ids[0]]).ok();
    desk.run("phone", &["sync"]).ok();
    let server = database(desk.path("server/stronglog.db"));
    assert_eq!(server.execute("DELETE FROM records WHERE deleted", []).expect("removed"), 1);
    for device in ["laptop", "phone", "laptop"] {
        agree(&setup, device);
    }
    setup.login("tablet").ok();
    for device in ["phone", "laptop", "tablet"] {
        is_settled(&setup, device);
        assert_eq!(desk.run(device, &["list", LOGS, "--json"]).ok().lines().len(), 1, "{device}");
    }
}

/// A device that was away has an older version than the one that was removed, and sends it first.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_version_of_a_record_that_was_removed_comes_back() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    setup.login("laptop").ok();
    desk.run("phone", &["put", LOGS, "--id", &id, "--set", "weightKg=90"]).ok();
    desk.run("phone", &["sync"]).ok();
    let server = database(desk.path("server/stronglog.db"));
    assert_eq!(server.execute("DELETE FROM records", []).expect("removed"), 1);
    for device in ["laptop", "phone", "laptop"] {
        agree(&setup, device);
    }
    for device in ["phone", "laptop"] {
        is_settled(&setup, device);
        assert_eq!(desk.run(device, &["get", LOGS, &id, "--json"]).ok().json()["weightKg"], 90.0, "{device}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_damaged_in_the_servers_database_is_named_on_a_device_and_repaired_by_an_edit() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    let cut = "UPDATE records SET record = substr(record, 1, length(record) - 1)";
    assert_eq!(database(desk.path("server/stronglog.db")).execute(cut, []).expect("cut"), 1);
    let login = setup.login("laptop");
    for seen in [login.stdout, desk.run("laptop", &["sync"]).stdout, desk.run("laptop", &["status"]).ok().stdout] {
        let named = format!("the record {id} of {LOGS} is damaged in the server's database");
        let words = [named.as_str(), "is not JSON", "report it to the server's operator"];
        assert!(words.iter().all(|word| seen.contains(word)) && !seen.contains("captive"), "{seen}");
    }
    let doctor = desk.run("phone", &["admin", "doctor", "--data", "server"]);
    assert!(doctor.stdout.contains(&format!("the record {id} of {LOGS} is not JSON")), "{doctor:?}");
    desk.run("phone", &["put", LOGS, "--id", &id, "--set", "weightKg=81"]).ok();
    desk.run("phone", &["sync"]).ok();
    desk.run("laptop", &["sync"]).ok();
    desk.run("laptop", &["get", LOGS, &id]).ok().says(&["81"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_contradicts_its_record_follows_the_record() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let ids = [80.0, 81.0].map(|kg| desk.measure("phone", kg));
    desk.run("phone", &["sync"]).ok();
    let deleted = desk.measure("phone", 82.0);
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &["delete", LOGS, &deleted]).ok();
    desk.run("phone", &["sync"]).ok();
    let server = database(desk.path("server/stronglog.db"));
    let flipped = server.execute("UPDATE records SET deleted = NOT deleted WHERE rev <> 2", []).expect("changed");
    assert_eq!(flipped, 2, "a live record and a deletion");
    agree(&setup, "phone");
    is_settled(&setup, "phone");
    setup.login("laptop").ok();
    is_settled(&setup, "laptop");
    for device in ["phone", "laptop"] {
        assert_eq!(desk.run(device, &["list", LOGS, "--json"]).ok().lines().len(), 2, "{device}");
        desk.run(device, &["get", LOGS, &ids[0]]).ok();
    }
    let wrong = "SELECT count(*) FROM records WHERE deleted <> json_extract(record, '$.isDeleted')";
    assert_eq!(server.query_row(wrong, [], |row| row.get::<_, i64>(0)).expect("a count"), 0);
    let usage = "SELECT record_count, tombstone_count FROM users";
    assert_eq!(server.query_row(usage, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a row"), (2, 1));
}
