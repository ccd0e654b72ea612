//! Looking after a server's data: `admin doctor`, `admin stats`, backups at intervals, and a copy made by another program.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use support::{EMAIL, Ran, Setup, signal, wait_for};

fn doctor(setup: &Setup) -> Ran {
    setup.desk.run("operator", &["admin", "doctor", "--data", "server", "--dev"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_says_what_is_wrong_and_what_to_do() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    doctor(&setup).ended(3).says(&["backup", "run `stronglog admin backup`", "every page and index is sound"]);
    setup.desk.run("operator", &["admin", "backup", "--data", "server", "monday.backup"]).ok();
    doctor(&setup).ok().says(&["0 hours ago", "nobody else can read the folder", "are free"]);
    let database = setup.desk.path("server/stronglog.db");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).expect("changed");
    doctor(&setup).ended(1).says(&["other users can reach", "chmod go-rwx"]);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).expect("changed");
    let connection = rusqlite::Connection::open(&database).expect("the database");
    connection.execute("UPDATE users SET server_updated_at = ?1", [i64::MAX / 2]).expect("changed");
    doctor(&setup).ended(1).says(&["ahead of this machine's clock"]);
    connection.execute("UPDATE users SET server_updated_at = 0", []).expect("changed");
    connection.execute_batch("PRAGMA user_version = 2").expect("changed");
    doctor(&setup).ended(3).says(&["start the server, which migrates it"]);
    connection.execute_batch("PRAGMA user_version = 99").expect("changed");
    doctor(&setup).ended(1).says(&["update the program"]);
    let elsewhere = ["admin", "doctor", "--data", "nowhere", "--dev"];
    setup.desk.run("operator", &elsewhere).ended(1).says(&["nowhere"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_found() {
    let setup = Setup::new().await;
    for weight in 0..40 {
        setup.desk.measure("phone", 60.0 + f64::from(weight));
    }
    setup.register("phone").ok();
    let Setup { desk, server } = setup;
    server.stop().await.expect("the server stops");
    let database = desk.path("server/stronglog.db");
    let mut bytes = fs::read(&database).expect("the database");
    let (page, half) = (8_192, bytes.len() / 2);
    bytes[half / page * page..].iter_mut().take(page).for_each(|byte| *byte = 0x55);
    fs::write(&database, bytes).expect("written");
    desk.run("operator", &["admin", "doctor", "--data", "server", "--dev"]).ended(1).says(&["integrity"]);
    desk.run("operator", &["admin", "backup", "--data", "server", "bad.backup"]).ended(1);
    assert!(!desk.path("bad.backup").exists() && !desk.path("bad.backup.partial").exists(), "no unusable backup is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_how_much_a_server_holds() {
    let setup = Setup::new().await;
    setup.desk.measure("phone", 80.0);
    let gone = setup.desk.measure("phone", 81.0);
    setup.register("phone").ok();
    setup.desk.run("phone", &["delete", "user-bodyweight-logs", &gone]).ok();
    setup.desk.run("phone", &["sync"]).ok();
    let stats = setup.desk.run("operator", &["admin", "stats", "--data", "server", "--json"]).ok().json();
    for (name, number) in [("accounts", 1), ("disabled", 0), ("sessions", 1), ("records", 1), ("deletions", 1), ("restores", 0)] {
        assert_eq!(stats[name], number, "{name} in {stats}");
    }
    assert_eq!((&stats["largest"][0]["email"], &stats["largest"][0]["records"]), (&EMAIL.into(), &1.into()), "{stats}");
    assert_eq!(stats["largest"][0]["bytes"], stats["bytes"], "{stats}");
    assert!(stats["databaseBytes"].as_u64() > Some(0) && stats["writtenAt"].is_i64() && stats["backedUpAt"].is_null(), "{stats}");
    setup.desk.run("operator", &["admin", "stats", "--data", "server"]).ok().says(&["largest accounts", EMAIL, "never"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_and_a_server_are_named_by_variables_of_their_own() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let mut command = setup.desk.command(&["admin", "stats"]);
    command.env("STRONGLOG_DATA", setup.desk.path("phone"));
    Ran::of(command.output().expect("the command starts")).failed(1, &["stronglog-data"]);
    command.env("STRONGLOG_SERVER_DATA", setup.desk.path("server"));
    Ran::of(command.output().expect("the command starts")).ok().says(&["1 signed in"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_made_at_intervals_and_the_newest_are_kept() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    fs::create_dir(desk.path("copies")).expect("a folder");
    fs::write(desk.path("copies/notes.txt"), "kept").expect("written");
    let words = ["admin", "backup", "--data", "server", "--every", "50ms", "--keep", "2", "copies"];
    let mut child = desk.command(&words).stdout(Stdio::piped()).spawn().expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    for _ in 0..3 {
        wait_for(&mut lines, "wrote the backup");
    }
    wait_for(&mut lines, "removed 1 older one");
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    // Enough that a backup takes a while.
    rusqlite::Connection::open(desk.path("server/stronglog.db"))
        .expect("the database")
        .execute_batch(
            "CREATE TABLE filler AS WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < 4000)
            SELECT randomblob(20000) AS bytes FROM rows",
        )
        .expect("filled");
    let mut child = desk.command(&["admin", "backup", "--data", "server", "one.backup"]).spawn().expect("the command starts");
    while !desk.path("one.backup.partial").exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
    assert!(!desk.path("one.backup").exists() && !desk.path("one.backup.partial").exists(), "nothing is left");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(desk.path("copies")).expect("a folder");
        let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    // Ctrl-C may come between a backup and the removal of an old one, or in the middle of a backup.
    desk.run("operator", &["admin", "backup", "--data", "server", "--keep", "2", "copies"]).ok();
    let backups: Vec<String> = names().into_iter().filter(|name| name.ends_with(".backup")).collect();
    assert_eq!(backups.len(), 2, "{:?}", names());
    assert!(desk.path("copies/notes.txt").exists(), "other files stay");
    desk.run("operator", &["admin", "restore", "--data", "elsewhere", &format!("copies/{}", backups[1])]).ok();
    desk.run("operator", &["admin", "backup", "--data", "server", "--every", "soon", "copies"]).failed(2, &["such as 6h, 30m or 90s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_stopped_leaves_nothing_behind() {
    let setup = Setup::new().await;
    setup.desk.measure("phone", 80.0);
    setup.register("phone").ok();
    setup.desk.run("phone", &["sync"]).ok();
    let Setup { desk, server } = setup;
    server.stop().await.expect("the server stops");
    // Enough that a copy takes a while.
    rusqlite::Connection::open(desk.path("server/stronglog.db"))
        .expect("the database")
        .execute_batch(
            "INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
            WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < 4000)
            SELECT user_id, randomblob(16), collection, rev + n, randomblob(16), device_id, seq + n, stamp, deleted, randomblob(16),
                server_updated_at, record || hex(zeroblob(10000)) FROM records, rows",
        )
        .expect("filled");
    let words = ["admin", "copy", "--from", "sqlite:server", "--to", "sqlite:moved"];
    let partial = desk.path("moved/stronglog.db.copying");
    for (name, code) in [("INT", Some(130)), ("TERM", Some(143)), ("HUP", Some(129)), ("QUIT", Some(131)), ("KILL", None)] {
        let mut child = desk.command(&words).spawn().expect("the command starts");
        while !partial.exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), code);
        assert!(!desk.path("moved/stronglog.db").exists() && partial.exists() == (name == "KILL"), "{name}");
    }
    // The next copy removes the file, even if it then finds something else in its way.
    fs::copy(desk.path("server/stronglog.db"), desk.path("moved/stronglog.db")).expect("copied");
    desk.run("operator", &words).ok().says(&["already holds the same data"]);
    assert!(!partial.exists());
}

/// The recipe of docs/operations.md for a copy made by SQLite itself, which other backup programs use.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_by_sqlite_itself_can_be_put_back() {
    let Setup { desk, server } = Setup::new().await;
    let (url, address) = (server.url(), server.addr());
    desk.measure("phone", 80.0);
    desk.run("phone", &["register", "--server", &url, "--email", EMAIL]).ok();
    let script =
        "import sqlite3, sys\nsource, target = (sqlite3.connect(path) for path in sys.argv[1:])\nsource.backup(target)\ntarget.close()";
    let copied = Command::new("python3").args(["-c", script, "server/stronglog.db", "copy.db"]).current_dir(desk.folder.path()).status();
    assert!(copied.expect("python3").success(), "copied while the server runs");
    let later = desk.measure("phone", 81.0);
    desk.run("phone", &["sync"]).ok();
    server.stop().await.expect("the server stops");
    fs::copy(desk.path("copy.db"), desk.path("server/stronglog.db")).expect("put back");
    let config = stronglog_server::config::Config { bind: address, ..stronglog_server::config::Config::local(desk.path("server")) };
    let server = stronglog_server::serve::start(config).await.expect("the server starts again");
    desk.run("phone", &["sync"]).ok();
    desk.run("tablet", &["login", "--server", &url, "--email", EMAIL]).ok();
    desk.run("tablet", &["get", "user-bodyweight-logs", &later]).ok();
    server.stop().await.expect("the server stops");
}
