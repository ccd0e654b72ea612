//! Databases that earlier versions wrote are read, migrated and served. `tests/databases/` has one of each, made by the program of its time: an
//! account with two devices, a live record, a deletion and a backup.

mod support;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;
use stronglog_server::check::{self, FolderChecks, Grade};
use stronglog_server::config::Config;
use stronglog_server::serve::start;
use support::{PASSWORD, Server, WEIGHTS, now, weight};
use tempfile::TempDir;

/// The databases of earlier versions, unpacked into folders of their own.
fn old_databases() -> Vec<(String, TempDir)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/databases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let unpacked = files.into_iter().map(|path| {
        let (mut bytes, folder) = (Vec::new(), tempfile::tempdir().expect("a temporary folder"));
        let packed = std::fs::File::open(&path).expect("a file");
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).expect("a whole file");
        std::fs::write(folder.path().join("stronglog.db"), bytes).expect("written");
        (path.file_stem().expect("a name").to_string_lossy().into_owned(), folder)
    });
    unpacked.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_earlier_version_is_migrated_and_loses_nothing() {
    let databases = old_databases();
    assert!(!databases.is_empty());
    for (name, folder) in databases {
        let before = check::folder(folder.path(), FolderChecks { backup_hours: u32::MAX });
        assert!(before.iter().any(|finding| finding.name == "version" && finding.grade == Grade::Warning), "{name}: {before:?}");
        let running = start(Config::local(folder.path())).await.expect("the server starts");
        let server = Server { running, folder, http: support::http_client().build().expect("a client"), postgres: None };
        let body = json!({ "email": "ana@example.com", "password": PASSWORD, "deviceName": "test" });
        let (status, pair) = server.post("/api/v1/auth/login", None, &body).await;
        assert_eq!(status, 200, "{name}: {pair}");
        let access = pair["accessToken"].as_str().expect("a token");
        let (_, page) = server.get("/api/v1/changes", access).await;
        let deleted: Vec<bool> =
            page["changes"].as_array().expect("changes").iter().map(|change| change["record"]["isDeleted"] == true).collect();
        assert_eq!((deleted, &page["userRev"]), (vec![false, true], &json!(3)), "{name}: {page}");
        assert_eq!(page["changes"][0]["record"]["note"], "kept", "{name}: unknown members too");
        let (_, account) = server.get("/api/v1/account", access).await;
        assert_eq!(account["recordCount"], 1, "{name}: {account}");
        let account = support::Account {
            user: account["userId"].as_str().expect("an id").to_owned(),
            access: access.to_owned(),
            refresh: String::new(),
            device: uuid::Uuid::from_u128(7),
        };
        let outcome = server.push(&account, &[account.change(WEIGHTS, &weight(now()), 1)]).await;
        assert_eq!(outcome["outcomes"][0]["outcome"], "accepted", "{name}: {outcome}");
        let after = check::folder(server.folder.path(), FolderChecks { backup_hours: u32::MAX });
        let serious: Vec<_> = after.iter().filter(|finding| finding.grade == Grade::Bad && finding.name != "permissions").collect();
        assert!(serious.is_empty(), "{name}: {serious:?}");
        assert!(after.iter().any(|finding| finding.name == "version" && finding.grade == Grade::Good), "{name}: {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_earlier_version_is_restored() {
    for (name, old) in old_databases() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        stronglog_server::admin::restore(folder.path(), &old.path().join("stronglog.db")).expect("restored");
        let place = stronglog_server::admin::Place::folder(folder.path());
        let users = stronglog_server::admin::users::list(&place).await.expect("accounts");
        assert_eq!(users.len(), 1, "{name}");
        assert!(!users[0].is_disabled, "{name}");
    }
}
