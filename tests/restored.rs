//! Servers that were restored, devices that have missed something, and questions that only the user can answer: devices and a server end to
//! end.

use std::path::Path;
use std::time::Duration;

use stronglog_server::config::Config;
use stronglog_server::serve::start;
use stronglog_sync::Answer;
use stronglog_sync::api::collection::Synced;
use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::{BodyweightKg, CONTRACT, UserBodyweightLog};
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::status::SyncState;
use stronglog_sync::store::sqlite::SqliteStore;
use stronglog_sync::store::{Loaded, Meta, Resync, Row, RowState, Select, Store, Write};

use crate::sync::{PASSWORD, device, log, serve, synced, weights};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_gets_back_what_it_has_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("server");
    let server = serve(&data).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    let kept = phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    let deleted = phone.user_bodyweight_logs().put(&log(&phone, 70.0)).expect("written");
    synced(&phone).await;
    let backup = folder.path().join("backup.db");
    stronglog_server::admin::back_up(&data, &backup).expect("a backup");
    phone.user_bodyweight_logs().put(&UserBodyweightLog { weight_kg: BodyweightKg(81.0), ..kept.clone() }).expect("written");
    phone.user_bodyweight_logs().put(&log(&phone, 90.0)).expect("written");
    phone.user_bodyweight_logs().delete(&deleted.id).expect("deleted");
    synced(&phone).await;
    let address = server.addr();
    server.stop().await.expect("stopped");

    stronglog_server::admin::restore(&data, &backup).expect("restored");
    let server = start(Config { bind: address, ..Config::local(&data) }).await.expect("a server");
    let laptop = device(&server, folder.path(), "laptop.db").await;
    laptop.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    synced(&laptop).await;
    assert_eq!(weights(&laptop).len(), 2, "the server is as it was");
    synced(&phone).await;
    synced(&laptop).await;
    let mut seen = weights(&laptop);
    seen.sort_by(f64::total_cmp);
    assert_eq!(seen, [81.0, 90.0], "what was lost was pushed again, the deletion too");
    assert_eq!(weights(&phone).len(), 2);
    server.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resync_that_would_delete_much_asks_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("server");
    let server = serve(&data).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    for kg in 0..120 {
        phone.user_bodyweight_logs().put(&log(&phone, 50.0 + f64::from(kg))).expect("written");
    }
    synced(&phone).await;
    // The server's database is emptied behind its back, and its revision is kept.
    let database = rusqlite::Connection::open(data.join("stronglog.db")).expect("the server's database");
    database.busy_timeout(Duration::from_secs(5)).expect("set");
    let tables: Vec<String> = {
        let mut statement =
            database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'record%'").expect("tables");
        statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("tables")
    };
    tables.iter().for_each(|table| _ = database.execute(&format!("DELETE FROM \"{table}\""), []).expect("emptied"));
    database.execute("UPDATE users SET purge_watermark = rev, record_count = 0, record_bytes = 0, digest = NULL", []).expect("purged");
    drop(database);
    phone.pause();
    phone.user_bodyweight_logs().put(&log(&phone, 49.0)).expect("written");
    // A device that was away for too long pulls everything again.
    let rolled = rusqlite::Connection::open(folder.path().join("phone.db")).expect("the device's database");
    let json: String = rolled.query_row("SELECT json FROM meta", [], |row| row.get(0)).expect("its state");
    let at = json.find("v1.all").expect("a cursor");
    let end = at + json[at..].find('"').expect("its end");
    let earlier = format!("{}.1{}", &json[..at + json[at..end].rfind('.').expect("a revision")], &json[end..]);
    rolled.execute("UPDATE meta SET json = ?1", [earlier]).expect("written");
    drop(rolled);
    phone.resume();
    let status = phone.sync_now().await.expect("a status");
    assert_eq!((status.state, status.to_be_deleted), (SyncState::NeedsConfirmation, 120), "{status:?}");
    phone.confirm_resync(Answer::PushAgain).expect("answered");
    synced(&phone).await;
    assert_eq!(weights(&phone).len(), 121);
    assert_eq!(phone.account().read().await.expect("an account").record_count, 121);
    server.stop().await.expect("stopped");
}

/// A question that only the user can answer ends every call that waits for sync, whenever it was made (R28).
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_waits_for_the_user_returns_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    synced(&phone).await;
    drop(phone);
    // Deletions of these records would be purged by now.
    let database = rusqlite::Connection::open(folder.path().join("server/stronglog.db")).expect("the database");
    assert_eq!(database.execute("UPDATE users SET rev = 1, purge_watermark = 1", []).expect("purged"), 1);
    drop(database);
    // A resync that has pulled everything, and would delete what the server no longer has, is found when the app starts.
    {
        let mut store = SqliteStore::open(&folder.path().join("phone.db"), uuid::Uuid::nil(), &CONTRACT, "").expect("a database");
        store
            .update(&Select::Keys(Vec::new()), &mut |loaded| {
                let cursor = loaded.meta.cursor.clone();
                loaded.meta.resync = Some(Resync {
                    number: 1,
                    restored_rev: None,
                    restored_in: 1,
                    purge_watermark: None,
                    cursor,
                    pulled: true,
                    confirmed: false,
                    digest: Default::default(),
                });
                Ok((0..60).map(|number| Write::Put(clean_row(number))).collect())
            })
            .expect("written");
    }
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    for call in ["sync_now", "settled", "sync_now"] {
        let status = async { if call == "settled" { phone.settled().await } else { phone.sync_now().await } };
        let status = tokio::time::timeout(Duration::from_secs(20), status).await.expect(call).expect("a status");
        assert_eq!((status.state, status.to_be_deleted), (SyncState::NeedsConfirmation, 60), "{call}: {status:?}");
        assert!(!status.is_synced());
    }
    // Local reads and writes still work.
    phone.user_bodyweight_logs().put(&log(&phone, 81.0)).expect("written");
    phone.confirm_resync(Answer::Delete).expect("answered");
    synced(&phone).await;
    assert_eq!(weights(&phone), [81.0]);
    server.stop().await.expect("stopped");
}

/// A record that the device assumes the server to have.
fn clean_row(number: u128) -> Row {
    let id = uuid::Uuid::from_u128(number + 1);
    let text = format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":1,"isDeleted":false,"date":1,"weightKg":80}}"#);
    let record = Record { id, stamp: 1, deleted: false, text };
    let op = Op { id, device: uuid::Uuid::from_u128(9), seq: 1 };
    Row { collection: UserBodyweightLog::COLLECTION, record, op, base_rev: Some(1), state: RowState::Clean, seen: 0 }
}

/// A device whose cursor has passed changes that it never got notices it by the server's digest, fetches everything again, and says so (R27).
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_missed_changes_unnoticed_finds_it_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    let first = phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    synced(&phone).await;
    let laptop = device(&server, folder.path(), "laptop.db").await;
    laptop.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    synced(&laptop).await;
    assert_eq!(laptop.status().last_difference_at, None);
    drop(laptop);

    phone.user_bodyweight_logs().put(&log(&phone, 81.0)).expect("written");
    phone.user_bodyweight_logs().delete(&first.id.0).expect("deleted");
    synced(&phone).await;
    drop(phone);
    let cursor = meta_of(&folder.path().join("phone.db"), |_| {}).cursor;
    meta_of(&folder.path().join("laptop.db"), |meta| meta.cursor.clone_from(&cursor));

    let laptop = device(&server, folder.path(), "laptop.db").await;
    laptop.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    synced(&laptop).await;
    assert_eq!(weights(&laptop), [81.0]);
    let found = laptop.status();
    assert!(found.last_difference_at.is_some() && found.differs_since.is_none(), "{found:?}");
    server.stop().await.expect("stopped");
}

/// A difference that persists after a full pull is reported, and not fetched repeatedly (R27).
#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_stays_is_reported_and_looked_into_with_each_sync_that_the_user_asks_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    synced(&phone).await;
    server.stop().await.expect("stopped");
    // The server's digest of the account is wrong, also when the server corrects it.
    let wrong = "UPDATE users SET digest = '0123456789abcdef0123456789abcdef'";
    let database = rusqlite::Connection::open(folder.path().join("server/stronglog.db")).expect("the database");
    let trigger = format!("CREATE TRIGGER damaged AFTER UPDATE OF digest ON users BEGIN {wrong}; END; {wrong}");
    database.execute_batch(&trigger).expect("damaged");
    drop(database);

    let server = serve(&folder.path().join("server")).await;
    let laptop = device(&server, folder.path(), "laptop.db").await;
    laptop.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    let status = laptop.sync_now().await.expect("a status");
    assert!(status.differs_since.is_some() && !status.is_synced(), "{status:?}");
    let resyncs = || meta_of(&folder.path().join("laptop.db"), |_| {}).resyncs;
    assert_eq!(resyncs(), 1);
    let status = laptop.sync_now().await.expect("a status");
    assert_eq!(resyncs(), 2, "what the server has may be right again");
    assert!(status.differs_since.is_some() && !status.is_synced(), "{status:?}");
    server.stop().await.expect("stopped");
}

/// Changes a device's stored state and returns it.
fn meta_of(path: &Path, change: impl Fn(&mut Meta)) -> Meta {
    let mut store = SqliteStore::open(path, uuid::Uuid::nil(), &CONTRACT, "").expect("a database");
    let plan = &mut |loaded: &mut Loaded| {
        change(&mut loaded.meta);
        Ok(Vec::new())
    };
    store.update(&Select::Keys(Vec::new()), plan).expect("written");
    store.meta().expect("read")
}
