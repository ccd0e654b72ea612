//! Accounts as the operator sees and changes them, on the data folder of a running server.

mod support;

use support::{EMAIL, Ran, Setup};

/// An account with two devices and a record.
async fn two_devices() -> Setup {
    let setup = Setup::new().await;
    setup.desk.measure("phone", 80.0);
    setup.register("phone").ok();
    setup.login("laptop").ok();
    setup
}

/// Runs `admin user` on the server's folder.
fn user(setup: &Setup, action: &str, rest: &[&str]) -> Ran {
    let words = ["admin", "user", action, "--data", "server"];
    setup.desk.run("operator", &[&words[..], rest].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_accounts_and_their_devices() {
    let setup = two_devices().await;
    user(&setup, "list", &[]).ok().says(&["email", EMAIL, "2 devices"]);
    let known = user(&setup, "list", &["--json"]).ok().json();
    assert_eq!((&known["email"], &known["disabled"], &known["sessions"]), (&EMAIL.into(), &false.into(), &2.into()));
    let id = known["account"].as_str().expect("an id");
    for name in [EMAIL, "ANA@example.com", id] {
        let shown = user(&setup, "show", &[name, "--json"]).ok().json();
        assert_eq!((&shown["account"], &shown["records"], &shown["revision"]), (&id.into(), &1.into(), &1.into()), "{shown}");
        assert!(shown["bytes"].as_u64() > Some(100), "{shown}");
    }
    let devices = user(&setup, "sessions", &[EMAIL, "--json"]).ok().lines();
    assert_eq!(devices.len(), 2, "{devices:?}");
    user(&setup, "show", &["bea@example.com"]).failed(1, &["no account", "bea@example.com", "admin user list"]);
    let elsewhere = ["admin", "user", "list", "--data", "nowhere"];
    setup.desk.run("operator", &elsewhere).failed(1, &["nowhere"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_rejected_until_it_is_enabled() {
    let setup = two_devices().await;
    user(&setup, "disable", &[EMAIL]).ok().says(&["disabled", EMAIL, "2 devices"]);
    setup.login("tablet").failed(4, &["the operator of this server has disabled the account"]);
    assert_eq!(user(&setup, "sessions", &[EMAIL, "--json"]).ok().lines().len(), 0);
    let shown = user(&setup, "show", &[EMAIL]).ok().says(&["disabled"]);
    assert!(shown.stdout.contains("1 record"), "the records stay: {}", shown.stdout);
    user(&setup, "enable", &[EMAIL]).ok().says(&["enabled", "sign in again"]);
    setup.login("tablet").ok();
    setup.desk.run("tablet", &["sync"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_limits_of_its_own() {
    let setup = two_devices().await;
    user(&setup, "limit", &[EMAIL, "--max-records", "2"]).ok().says(&["its own limits"]);
    user(&setup, "show", &[EMAIL]).ok().says(&["1 record of 2"]);
    setup.desk.measure("phone", 81.0);
    setup.desk.run("phone", &["sync"]).ok();
    setup.desk.measure("phone", 82.0);
    let full = setup.desk.run("phone", &["sync"]);
    assert_ne!(full.code, Some(0), "{full:?}");
    assert_eq!(user(&setup, "show", &[EMAIL, "--json"]).ok().json()["recordsMax"], 2);
    user(&setup, "limit", &[EMAIL]).ok().says(&["the limits of the server"]);
    for flag in ["--max-records", "--max-bytes"] {
        user(&setup, "limit", &[EMAIL, flag, "18446744073709551615"]).failed(2, &[flag, "9007199254740991"]);
        setup.desk.run("operator", &["serve", "--check", flag, "9007199254740992"]).failed(2, &[flag, "9007199254740991"]);
    }
    setup.desk.run("phone", &["sync"]).ok();
    assert_eq!(user(&setup, "show", &[EMAIL, "--json"]).ok().json()["records"], 3);

    user(&setup, "limit", &[EMAIL, "--max-records", "0"]).ok().says(&["its own limits"]);
    user(&setup, "show", &[EMAIL]).ok().says(&["3 records, without a limit"]);
    setup.desk.measure("phone", 83.0);
    setup.desk.run("phone", &["sync"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced() {
    let setup = two_devices().await;
    let words = ["admin", "user", "reset-password", "--data", "server", EMAIL, "--password-stdin"];
    setup.desk.feed("operator", &words, "short\n").failed(1, &["cannot set the password", "minLength"]);
    setup.login("tablet").ok();
    setup.desk.feed("operator", &words, "squat bench deadlift press\n").ok().says(&["set the password", "3 devices"]);
    setup.login("tablet").failed(4, &["the email address or the password is wrong"]);
    let login = ["login", "--server", &setup.server.url(), "--email", EMAIL, "--password-stdin"];
    setup.desk.feed("tablet", &login, "squat bench deadlift press\n").ok();
    let made = user(&setup, "reset-password", &[EMAIL, "--generate", "--json"]).ok().json();
    let made = made["password"].as_str().expect("a password");
    setup.desk.feed("tablet", &login, &format!("{made}\n")).ok();
    user(&setup, "reset-password", &["bea@example.com"]).failed(1, &["no account"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_does_not_come_back_with_a_backup() {
    let setup = two_devices().await;
    setup.desk.run("operator", &["admin", "backup", "--data", "server", "before.backup"]).ok();
    user(&setup, "delete", &[EMAIL]).failed(2, &["cannot ask for confirmation", "--yes"]);
    user(&setup, "show", &[EMAIL]).ok();
    user(&setup, "delete", &[EMAIL, "--yes"]).ok().says(&["erased", EMAIL]);
    setup.login("tablet").failed(4, &["the email address or the password is wrong"]);
    for name in ["stronglog.db", "stronglog.db-wal"] {
        let file = std::fs::read(setup.desk.path("server").join(name)).unwrap_or_default();
        assert!(!file.windows(EMAIL.len()).any(|bytes| bytes == EMAIL.as_bytes()), "{name} still holds the address");
    }
    let Setup { desk, server } = setup;
    server.stop().await.expect("the server stops");
    desk.run("operator", &["admin", "restore", "--data", "server", "before.backup"]).ok();
    let left = desk.run("operator", &["admin", "user", "list", "--data", "server"]).ok();
    assert!(!left.stdout.contains(EMAIL), "{}", left.stdout);
}
