//! The server from the operator's view: starting, stopping and backups; and a device that watches it.
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use support::{Desk, EMAIL, PASSWORD, Serving, Setup, signal, wait_for};

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

/// The files and folders below a folder, each with the hash of its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<u64>> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        found.insert(path.clone(), std::fs::read(&path).ok().map(|bytes| BuildHasherDefault::<DefaultHasher>::new().hash_one(bytes)));
        if path.is_dir() {
            found.append(&mut tree(&path));
        }
    }
    found
}

#[test]
fn a_start_that_is_refused_leaves_nothing_behind() {
    let desk = Desk::new();
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = busy.local_addr().expect("its address").to_string();
    std::fs::write(desk.path("text.pem"), "not a certificate").expect("written");
    std::fs::create_dir(desk.path("foreign")).expect("a folder");
    std::fs::write(desk.path("foreign/stronglog.db"), "not a database, but a text that is longer than the header".repeat(40))
        .expect("written");
    std::fs::create_dir(desk.path("others")).expect("a folder");
    let others = rusqlite::Connection::open(desk.path("others/stronglog.db")).expect("a database");
    others.execute_batch("CREATE TABLE notes (text TEXT)").expect("a table");
    drop(others);
    std::fs::create_dir(desk.path("empty")).expect("a folder");
    let before = tree(desk.folder.path());
    let refused: [(&[&str], &str); 9] = [
        (&["--data", "new/folder", "--bind", &port], "cannot listen on"),
        (&["--data", "new/folder", "--metrics-bind", &port], "cannot listen on"),
        (&["--data", "new/folder", "--tls-cert", "text.pem", "--tls-key", "text.pem"], "cannot use the certificate"),
        (&["--data", "empty", "--tls-cert", "none.pem", "--tls-key", "none.pem"], "cannot use the certificate"),
        (&["--data", "new/folder", "--store", "postgres://ana@127.0.0.1:9/none"], "cannot use the database"),
        (&["--data", "new/folder", "--contract", "text.pem"], "cannot use the contract"),
        (&["--data", "new/folder", "--trusted-proxies", "10.0.0.0/8"], "cannot use the settings"),
        (&["--data", "foreign"], "not a database"),
        (&["--data", "others"], "belongs to another program"),
    ];
    for (arguments, message) in refused {
        let free: &[&str] = if arguments.contains(&"--bind") { &[] } else { &["--bind", "127.0.0.1:0"] };
        desk.run("server", &[&["serve", "--dev"], free, arguments].concat()).failed(1, &[message]);
        assert_eq!(tree(desk.folder.path()), before, "{arguments:?}");
    }
}

#[test]
fn a_start_that_is_refused_because_of_its_data_changes_nothing() {
    let desk = Desk::new();
    drop(Serving::start(&desk, &["--dev", "--data", "server"]));
    let database = rusqlite::Connection::open(desk.path("server/stronglog.db")).expect("the database");
    database.execute_batch("UPDATE server SET seen_at = 1").expect("a server that last ran long ago");
    database.close().expect("one file");
    for name in ["stronglog.lock", "stronglog.counter", "stronglog.secret"] {
        std::fs::remove_file(desk.path("server").join(name)).expect("removed");
    }
    let before = tree(desk.folder.path());
    desk.run("server", &["serve", "--dev", "--bind", "127.0.0.1:0", "--data", "server"]).failed(1, &["--accept-clock"]);
    assert_eq!(tree(desk.folder.path()), before);
}

/// An account with many records, in the database of a stopped server.
const MANY: &str = "INSERT INTO users (user_id, email, password_hash, created_at, rev) VALUES (zeroblob(16), 'ana@example.com', '', 0, 50000);
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 50000)
    INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
    SELECT zeroblob(16), randomblob(16), 'user-bodyweight-logs', n, randomblob(16), zeroblob(16), n, n, 0, randomblob(16), n, '{}' FROM numbers";

#[test]
fn a_copy_that_is_interrupted_leaves_nothing_behind() {
    let desk = Desk::new();
    drop(Serving::start(&desk, &["--dev", "--data", "server"]));
    let database = rusqlite::Connection::open(desk.path("server/stronglog.db")).expect("the database");
    database.execute_batch(MANY).expect("records");
    database.close().expect("one file");
    let copy = ["admin", "copy", "--from", "sqlite:server", "--to", "sqlite:new/folder"];
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = desk.command(&copy).spawn().expect("the command starts");
        while !desk.path("new/folder/stronglog.db.copying").exists() {
            assert_eq!(child.try_wait().expect("its state"), None, "it is copying");
        }
        desk.run("server", &copy).failed(1, &["a server is running in server, or a copy"]);
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "SIG{name}");
        assert!(!desk.path("new").exists(), "SIG{name}");
    }
    // A lock that a killed process has left locks nobody out.
    std::fs::create_dir_all(desk.path("new/folder")).expect("a folder");
    std::fs::write(desk.path("new/folder/stronglog.lock"), "").expect("written");
    desk.run("server", &copy).ok().says(&["50,000 records"]);
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
