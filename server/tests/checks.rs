//! The checks of `serve --check` and `admin doctor` over SQLite: they find what keeps a server from starting.

mod support;

use std::path::Path;

use stronglog_server::check::{self, Finding, FolderChecks, Grade};
use stronglog_server::config::Config;
use stronglog_server::serve::start;
use support::{Server, WEIGHTS, weights};

/// The problems among the findings of a check.
fn problems(findings: Vec<Finding>) -> String {
    let bad = findings.into_iter().filter(|finding| finding.grade == Grade::Bad);
    bad.map(|finding| finding.detail).collect::<Vec<_>>().join("\n")
}

/// The problems that a check of the settings reports.
async fn bad(config: &Config) -> String {
    problems(check::settings(config).await)
}

/// The problems that the checks of a folder report.
fn bad_in(folder: &Path) -> String {
    problems(check::folder(folder, FolderChecks { backup_hours: 24 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_newer_than_its_account_is_found() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 3)).await;
    let integrity = || {
        let findings = check::folder(server.folder.path(), FolderChecks { backup_hours: 24 });
        let found = findings.into_iter().find(|finding| finding.name == "integrity").expect("a finding");
        (found.grade, found.detail)
    };
    assert_eq!(integrity().0, Grade::Good);
    server.sql("UPDATE users SET rev = 2");
    assert_eq!(integrity().0, Grade::Bad, "{}", integrity().1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_lacks_a_collection_of_the_data_is_rejected() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 1)).await;
    let Server { running, folder, .. } = server;
    running.stop().await.expect("an orderly end");
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/todo/generated/contract.json");
    let config = || Config { contract_file: Some(other.clone()), ..Config::local(folder.path()) };
    let refused = start(config()).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains(WEIGHTS) && refused.contains("--contract"), "{refused}");
    let detail = bad(&config()).await;
    assert!(detail.contains(WEIGHTS), "the check finds it too: {detail}");
    // Without records, the data becomes that of the new contract.
    rusqlite::Connection::open(folder.path().join("stronglog.db"))
        .and_then(|database| database.execute("DELETE FROM records", []))
        .expect("removed");
    start(config()).await.expect("it starts").stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_server_cannot_use_is_rejected_by_the_check_too() {
    type Damage = fn(&Path);
    let damages: [(Damage, &str); 5] = [
        (|path| std::fs::write(path, "no database at all, however long it is").expect("written"), "not a database"),
        (
            |path| {
                std::fs::remove_file(path).expect("removed");
                let other = rusqlite::Connection::open(path).expect("a database");
                other.execute_batch("CREATE TABLE a (b)").expect("of another program");
            },
            "another program",
        ),
        (|path| pragma(path, "application_id = 7"), "another program"),
        (|path| pragma(path, "user_version = 99"), "has version 99"),
        (
            |path| {
                let database = rusqlite::Connection::open(path).expect("the database");
                database.execute("UPDATE server SET seen_at = seen_at + 5184000000", []).expect("two months ahead");
            },
            "--accept-clock",
        ),
    ];
    for (damage, expected) in damages {
        let Server { running, folder, .. } = Server::start().await;
        running.stop().await.expect("an orderly end");
        damage(&folder.path().join("stronglog.db"));
        let config = Config::local(folder.path());
        let refused = start(config.clone()).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(expected), "{expected}: {refused}");
        assert!(!bad(&config).await.is_empty(), "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_a_server_opens_is_opened_by_the_checks() {
    for name in ["stronglog.lock", "stronglog.counter", "stronglog.erased", "stronglog.db-shm", "stronglog.secret"] {
        let Server { running, folder, .. } = Server::start().await;
        running.stop().await.expect("an orderly end");
        let path = folder.path().join(name);
        // Also root cannot open a folder as a file.
        let _ = std::fs::remove_file(&path);
        std::fs::create_dir(&path).expect("made");
        let config = Config::local(folder.path());
        assert!(start(config.clone()).await.is_err(), "{name}");
        let found = bad(&config).await;
        assert!(found.contains(name), "{name}: {found}");
        let found = bad_in(folder.path());
        assert!(name == "stronglog.secret" || found.contains(name), "{name}: {found}");
    }
}

/// Only root can give files to others.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_owner_than_the_folder_is_found_by_root_too() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let Server { running, folder, .. } = Server::start().await;
    running.stop().await.expect("an orderly end");
    if folder.path().metadata().expect("a folder").uid() != 0 {
        return;
    }
    let entries = folder.path().read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.chain([folder.path().to_owned()]).for_each(|path| chown(path, Some(65_534), Some(65_534)).expect("given away"));
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("private");
    let config = Config::local(folder.path());
    assert_eq!((bad(&config).await, bad_in(folder.path())), (String::new(), String::new()));
    chown(folder.path().join("stronglog.counter"), Some(0), Some(0)).expect("taken back");
    for found in [bad(&config).await, bad_in(folder.path())] {
        assert!(found.contains("stronglog.counter") && found.contains("chown"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_that_exclude_each_other_are_found_by_the_check_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    for (main, metrics) in [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("[::]", "0.0.0.0"), ("[::]", "127.0.0.1")] {
        if main.starts_with('[') && std::net::TcpListener::bind("[::]:0").is_err() {
            continue;
        }
        let [bind, metrics_bind] = [main, metrics].map(|ip| format!("{ip}:{port}").parse().expect("an address"));
        let config = Config { bind, metrics_bind: Some(metrics_bind), ..Config::local(folder.path()) };
        assert!(start(config.clone()).await.is_err(), "{main} and {metrics}");
        let found = bad(&config).await;
        assert!(found.contains("choose another port with --metrics-bind"), "{main} and {metrics}: {found}");
    }
}

fn pragma(path: &Path, pragma: &str) {
    rusqlite::Connection::open(path).and_then(|database| database.execute_batch(&format!("PRAGMA {pragma}"))).expect("set");
}
