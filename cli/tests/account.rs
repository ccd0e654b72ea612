//! A device and its server: signing up, in and out, syncing, and what is said where that does not work.

mod support;

use serde_json::json;
use support::{EMAIL, PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_agree() {
    let world = World::new().await;
    let desk = &world.desk;
    let id = desk.measure("phone", 80.0);
    world.register("phone").ok().says(&["created the account", "in sync: sent 1, received 0"]);
    world.login("laptop").ok().says(&["signed in as", "in sync: sent 0, received 1"]);
    desk.run("laptop", &["get", "user-bodyweight-logs", &id]).ok().says(&["\"weightKg\": 80"]);

    desk.run("laptop", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=81"]).ok();
    desk.run("laptop", &["status", "--check"]).ended(3).says(&["1 edit", EMAIL]);
    desk.run("laptop", &["sync"]).ok().says(&["in sync: sent 1"]);
    desk.run("laptop", &["status", "--check"]).ok().says(&["nothing", "just now"]);
    let synced = desk.run("phone", &["sync", "--json"]).ok().json();
    assert_eq!((&synced["synced"], &synced["traffic"]["pulled"]), (&json!(true), &json!(1)));
    assert_eq!(desk.run("phone", &["get", "user-bodyweight-logs", &id, "--json"]).ok().json()["weightKg"], 81);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_losing_version_of_a_conflict_comes_back_when_it_is_asked_for() {
    let world = World::new().await;
    let desk = &world.desk;
    let id = desk.measure("phone", 80.0);
    world.register("phone").ok();
    world.login("laptop").ok();
    desk.run("laptop", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=90"]).ok();
    desk.run("phone", &["put", "user-bodyweight-logs", "--id", &id, "--set", "weightKg=70"]).ok();
    for device in ["phone", "laptop"] {
        desk.run(device, &["sync"]).ok();
    }
    let weight = |device: &str| desk.run(device, &["get", "user-bodyweight-logs", &id, "--json"]).ok().json()["weightKg"].clone();
    assert_eq!([weight("phone"), weight("laptop")], [70, 70], "the later edit has won");
    let lost = desk.run("laptop", &["conflicts", "--json"]).ok().lines();
    assert_eq!((&lost[0]["why"], &lost[0]["record"]["weightKg"]), (&json!("lost"), &json!(90)));
    desk.run("laptop", &["conflicts", "restore", &lost[0]["number"].to_string()]).ok();
    for device in ["laptop", "phone"] {
        desk.run(device, &["sync"]).ok();
    }
    assert_eq!([weight("phone"), weight("laptop")], [90, 90]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_tokens() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.register("phone").ok();
    let mode = |name: &str| std::fs::metadata(world.desk.path(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("phone/tokens.json"), 0o600);
    assert_eq!(mode("phone"), 0o700);
    let remembered = std::fs::read_to_string(world.desk.path("phone/device.json")).expect("what the device remembers");
    assert!(remembered.contains(EMAIL) && !remembered.contains(PASSWORD), "{remembered}");
    world.desk.run("phone", &["logout"]).ok().says(&["the records stay"]);
    assert!(!world.desk.path("phone/tokens.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_signed_out_device_are_exit_code_4() {
    let world = World::new().await;
    let desk = &world.desk;
    world.register("phone").ok();
    let login = ["login", "--server", &world.server.url(), "--email", EMAIL, "--password-stdin"];
    desk.feed("laptop", &login, "wrong password\n").failed(4, &["cannot sign in", "401"]);
    desk.feed("laptop", &login, "").failed(2, &["standard input is empty"]);
    desk.feed("laptop", &login, &format!("{PASSWORD}\n")).ok();
    let asked = ["login", "--server", &world.server.url(), "--email", EMAIL];
    desk.feed("tablet", &asked, "").failed(2, &["--password-stdin", "STRONGLOG_PASSWORD"]);

    desk.run("phone", &["logout", "--all-devices"]).ok();
    desk.run("phone", &["sync"]).failed(4, &["nobody is signed in"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_nothing_is_lost_and_the_exit_code_is_5() {
    let world = World::new().await;
    world.register("phone").ok();
    let World { desk, server } = world;
    server.stop().await.expect("the server stops");
    desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ended(5).says(&["the server was not reached", "1 edit to be sent"]);
    desk.run("phone", &["account", "show"]).failed(5, &["the server was not reached"]);
    assert_eq!(desk.run("phone", &["status", "--json"]).ok().json()["pending"], 1);
    desk.run("phone", &["logout", "--all-devices"]).failed(5, &["cannot sign out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_given_a_new_password_and_erased() {
    let world = World::new().await;
    let desk = &world.desk;
    let id = desk.measure("phone", 80.0);
    world.register("phone").ok();
    desk.run("phone", &["account", "show"]).ok().says(&[EMAIL, "1 record"]);
    let passwords = format!("{PASSWORD}\nanother horse battery staple\n");
    desk.feed("phone", &["account", "password", "--password-stdin"], &passwords).ok().says(&["changed the password"]);
    world.login("laptop").failed(4, &["cannot sign in"]);
    desk.feed("phone", &["account", "erase", "--password-stdin"], "another horse battery staple\n").failed(2, &["--yes"]);
    desk.feed("phone", &["account", "erase", "--password-stdin", "--yes"], "wrong\n").failed(4, &["cannot erase the account"]);
    desk.feed("phone", &["account", "erase", "--password-stdin", "--yes"], "another horse battery staple\n").ok().says(&["erased"]);
    desk.run("phone", &["get", "user-bodyweight-logs", &id]).ok();
    desk.run("phone", &["sync"]).failed(4, &["nobody is signed in"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_belongs_to_one_account() {
    let world = World::new().await;
    world.register("phone").ok();
    let other = ["register", "--server", &world.server.url(), "--email", "ben@example.com"];
    world.desk.run("phone", &other).failed(1, &["belongs to the account", "a database of its own"]);
}
