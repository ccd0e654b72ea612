//! The server from the operator's view: starting, stopping and backups; and a device that watches it.
#![cfg(unix)]

mod support;

use std::io::BufReader;
use std::process::Stdio;

use serde_json::Value;
use support::{Desk, EMAIL, PASSWORD, Setup, signal, wait_for};

#[test]
fn a_server_needs_a_good_secret() {
    let desk = Desk::new();
    desk.run("server", &["serve", "--bind", "127.0.0.1:0"]).failed(1, &["no signing secret", "openssl rand"]);
    let weak = ["serve", "--bind", "127.0.0.1:0", "--signing-secret", "secret"];
    desk.run("server", &weak).failed(1, &["the signing secret is weak"]);
}

#[test]
fn a_server_ends_in_good_order_on_both_signals() {
    let desk = Desk::new();
    for name in ["INT", "TERM"] {
        let mut command = desk.command(&["serve", "--dev", "--bind", "127.0.0.1:0", "--data", "server"]);
        let mut server = command.stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut log = BufReader::new(server.stderr.take().expect("its log"));
        wait_for(&mut log, "listening");
        signal(&server, name);
        wait_for(&mut log, "stopping");
        assert_eq!(server.wait().expect("it ends").code(), Some(0), "SIG{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_gets_back_what_the_devices_still_have() {
    let Setup { desk, server } = Setup::new().await;
    let url = server.url();
    let address = server.addr();
    desk.measure("phone", 80.0);
    desk.run("phone", &["register", "--server", &url, "--email", EMAIL]).ok();
    desk.run("phone", &["admin", "backup", "--data", "server", "backup.db"]).ok().says(&["wrote the backup"]);
    desk.run("phone", &["admin", "backup", "--data", "server", "backup.db"]).failed(1, &["backup.db"]);
    let later = desk.measure("phone", 81.0);
    desk.run("phone", &["sync"]).ok();
    desk.run("phone", &["admin", "restore", "--data", "server", "backup.db"]).failed(1, &["server"]);
    server.stop().await.expect("the server stops");
    desk.run("phone", &["admin", "restore", "--data", "server", "backup.db"]).ok().says(&["restored"]);
    let config = stronglog_server::config::Config { bind: address, ..stronglog_server::config::Config::local(desk.path("server")) };
    let server = stronglog_server::serve::start(config).await.expect("the server starts again");
    desk.run("phone", &["sync"]).ok().says(&["in sync: sent 1"]);
    desk.run("tablet", &["login", "--server", &url, "--email", EMAIL]).ok();
    desk.run("tablet", &["get", "user-bodyweight-logs", &later]).ok();
    server.stop().await.expect("the server stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_over_a_database_that_cannot_be_read_needs_attention() {
    let Setup { desk, server } = Setup::new().await;
    desk.run("phone", &["register", "--server", &server.url(), "--email", EMAIL]).ok();
    desk.run("phone", &["admin", "backup", "--data", "server", "backup.db"]).ok();
    server.stop().await.expect("the server stops");
    std::fs::write(desk.path("server/stronglog.db"), "no database").expect("damaged");
    let words = ["cannot read the previous database", "passwords, limits and signed-in devices come from the backup"];
    desk.run("phone", &["admin", "restore", "--data", "server", "backup.db"]).failed(3, &words).says(&["restored"]);
    std::fs::write(desk.path("server/stronglog.db"), "no database").expect("damaged");
    let ran = desk.run("phone", &["admin", "restore", "--data", "server", "backup.db", "--json"]).ended(3);
    let output: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(output["notKept"].is_string() && output["accountsKept"] == 0, "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watching_device_hears_of_an_edit_and_ends_on_ctrl_c() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    setup.login("laptop").ok();
    let mut command = desk.command(&["sync", "--watch", "--json"]);
    command.env("STRONGLOG_DATA", desk.path("laptop")).env("STRONGLOG_PASSWORD", PASSWORD).stdout(Stdio::piped());
    let mut laptop = command.spawn().expect("the command starts");
    let mut lines = BufReader::new(laptop.stdout.take().expect("its output"));
    wait_for(&mut lines, "\"synced\":true");
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    let heard: Value = serde_json::from_str(&wait_for(&mut lines, "\"pulled\":1")).expect("JSON");
    assert_eq!(heard["synced"], true);
    desk.measure("laptop", 81.0);
    let sent: Value = serde_json::from_str(&wait_for(&mut lines, "\"pushed\":1")).expect("JSON");
    assert_eq!(sent["synced"], true, "an edit of another command on the same device goes out");
    signal(&laptop, "INT");
    assert_eq!(laptop.wait().expect("it ends").code(), Some(0));
    desk.run("laptop", &["get", "user-bodyweight-logs", &id]).ok();
}
