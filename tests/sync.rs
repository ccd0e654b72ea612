//! Devices and a server end to end: HTTP over loopback, and SQLite files on both sides.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use stronglog_sync::account::SignOut;
use stronglog_sync::api::collection::Synced;
use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::{BodyweightKg, CONTRACT, Id, Timestamp, UserBodyweightLog};
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::status::SyncState;
use stronglog_sync::store::sqlite::SqliteStore;
use stronglog_sync::store::{Loaded, Meta, Past, Resync, Row, RowState, Select, Store, Write};
use stronglog_sync::task::Answer;
use stronglog_sync::{Client, Query};

const PASSWORD: &str = "correct horse battery staple";

async fn serve(folder: &Path) -> Running {
    start(Config { auth_per_minute: 10_000, ..Config::local(folder) }).await.expect("a server")
}

async fn device(server: &Running, folder: &Path, name: &str) -> Client {
    Client::builder().database(folder.join(name)).server(server.url()).open().await.expect("a device")
}

fn log(client: &Client, kg: f64) -> UserBodyweightLog {
    UserBodyweightLog {
        id: Id(client.new_id().to_string()),
        client_created_at: Timestamp(1_700_000_000_000),
        client_updated_at: Timestamp(0),
        date: Timestamp(1_700_000_000_000),
        weight_kg: BodyweightKg(kg),
        server_id: None,
        server_updated_at: None,
        unknown: Default::default(),
    }
}

fn weights(client: &Client) -> Vec<f64> {
    let logs = client.user_bodyweight_logs().list(&Query::default()).expect("a list");
    logs.iter().map(|log| *log.weight_kg).collect()
}

async fn synced(client: &Client) {
    let status = client.sync_now().await.expect("a status");
    assert!(status.is_synced(), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_agree_after_edits_on_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    let laptop = device(&server, folder.path(), "laptop.db").await;

    // Without an account, the data exists only on the device.
    let first = phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    assert_eq!(phone.status().state, SyncState::Off);
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    synced(&phone).await;
    laptop.account().login("sam@example.com", PASSWORD, Some("laptop")).await.expect("signed in");
    synced(&laptop).await;
    assert_eq!(weights(&laptop), [80.0]);
    let seen = laptop.user_bodyweight_logs().get(&first.id).expect("read").expect("a record");
    assert!(seen.server_id.is_some(), "the server's members have come with it");

    // Both devices edit the same record offline; the later edit wins, and the other goes to the history.
    phone.pause();
    laptop.pause();
    phone.user_bodyweight_logs().put(&UserBodyweightLog { weight_kg: BodyweightKg(81.0), ..first.clone() }).expect("written");
    tokio::time::sleep(Duration::from_millis(5)).await;
    laptop.user_bodyweight_logs().put(&UserBodyweightLog { weight_kg: BodyweightKg(82.0), ..seen }).expect("written");
    laptop.resume();
    synced(&laptop).await;
    phone.resume();
    synced(&phone).await;
    assert_eq!((weights(&phone), weights(&laptop)), (vec![82.0], vec![82.0]));
    let lost = phone.conflicts(10).expect("a history");
    assert_eq!((lost.len(), lost[0].why), (1, Past::Lost));
    assert!(lost[0].record.text.contains("81"), "{}", lost[0].record.text);

    // The losing version can be restored.
    phone.restore(lost[0].number).expect("restored");
    synced(&phone).await;
    synced(&laptop).await;
    assert_eq!(weights(&laptop), [81.0]);

    // A deletion also removes the record from the other device.
    laptop.user_bodyweight_logs().delete(&first.id).expect("deleted");
    synced(&laptop).await;
    synced(&phone).await;
    assert!(weights(&phone).is_empty());
    let status = phone.status();
    assert!(status.last_successful_server_sync_timestamp.is_some() && status.last_successful_client_push_timestamp.is_some());
    let collection = &status.collections[UserBodyweightLog::COLLECTION.path];
    assert!(collection.last_successful_client_push_timestamp.is_some());
    server.stop().await.expect("stopped");
}

/// The versions that a device keeps as lost, newest first: their weights, and none for a deletion.
fn lost(client: &Client) -> Vec<Option<f64>> {
    let history = client.conflicts(10).expect("a history");
    let weight = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON")["weightKg"].as_f64();
    history.iter().filter(|past| past.why == Past::Lost).map(|past| weight(&past.record.text)).collect()
}

/// The edit that is pushed first loses: the device that made it learns of it, and the one that replaced it keeps it too.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_replaced_unseen_is_in_the_history_of_both_devices() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    let laptop = device(&server, folder.path(), "laptop.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    laptop.account().login("sam@example.com", PASSWORD, Some("laptop")).await.expect("signed in");
    let weigh = |client: &Client, id: &Id, kg: f64| {
        let logs = client.user_bodyweight_logs();
        let known = logs.get(id).expect("read").expect("a record");
        logs.put(&UserBodyweightLog { weight_kg: BodyweightKg(kg), ..known }).expect("written");
    };
    let mut kept = Vec::new();
    // What the phone does first, and the laptop at least a millisecond later, without having heard of it. None deletes the record.
    for (first, second) in [(Some(81.0), Some(82.0)), (Some(83.0), None), (None, Some(84.0))] {
        phone.resume();
        laptop.resume();
        let id = phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written").id;
        synced(&phone).await;
        synced(&laptop).await;
        phone.pause();
        laptop.pause();
        for (client, edit) in [(&phone, first), (&laptop, second)] {
            match edit {
                Some(kg) => weigh(client, &id, kg),
                None => client.user_bodyweight_logs().delete(&id).expect("deleted"),
            }
            let edited_at = SystemTime::now();
            while edited_at.elapsed().is_ok_and(|since| since < Duration::from_millis(2)) {
                tokio::task::yield_now().await;
            }
        }
        for client in [&phone, &laptop] {
            client.resume();
            synced(client).await;
        }
        // A later edit of the winner does not hide what lost before it.
        if second == Some(82.0) {
            weigh(&laptop, &id, 85.0);
            synced(&laptop).await;
        }
        synced(&phone).await;
        kept.insert(0, first);
        assert_eq!((lost(&phone), lost(&laptop)), (kept.clone(), kept.clone()), "{first:?} and then {second:?}");
    }
    // Edits that follow one another are no conflict, even if a device sees only the last of them.
    let id = phone.user_bodyweight_logs().put(&log(&phone, 70.0)).expect("written").id;
    synced(&phone).await;
    synced(&laptop).await;
    phone.pause();
    for kg in [71.0, 72.0] {
        weigh(&laptop, &id, kg);
        synced(&laptop).await;
    }
    phone.resume();
    synced(&phone).await;
    assert_eq!((lost(&phone), lost(&laptop)), (kept.clone(), kept));
    server.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_seen_on_another_device_without_asking() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    let laptop = device(&server, folder.path(), "laptop.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    laptop.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    synced(&laptop).await;
    let mut changes = laptop.user_bodyweight_logs().watch();
    let written = phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    let heard = tokio::time::timeout(Duration::from_secs(20), changes.next()).await.expect("in time").expect("a change");
    assert_eq!(heard.iter().map(|key| key.id.to_string()).collect::<Vec<_>>(), [written.id.to_string()]);
    server.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_opened_paused_sends_nothing_until_it_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let builder = Client::builder().database(folder.path().join("phone.db")).server(server.url());
    let phone = builder.paused(true).open().await.expect("a device");
    phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    assert_eq!(phone.settled().await.expect("a status").state, SyncState::Paused);
    assert_eq!(phone.account().read().await.expect("an account").record_count, 0);
    phone.resume();
    synced(&phone).await;
    assert_eq!(phone.account().read().await.expect("an account").record_count, 1);
    server.stop().await.expect("stopped");
}

/// Waits until sync is in a state, for less time than passes between two pulls by the timer.
async fn reaches(client: &Client, state: SyncState) {
    let mut statuses = client.statuses();
    let reached = async { while statuses.next().await.expect("the client is there").state != state {} };
    let reached = tokio::time::timeout(Duration::from_secs(40), reached).await;
    assert!(reached.is_ok(), "{state:?} was not reached: {:?}", client.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_noticed_at_once_and_so_is_its_return() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    synced(&phone).await;
    let bind = server.addr();
    server.stop().await.expect("stopped");
    reaches(&phone, SyncState::Offline).await;
    let server = start(Config { bind, ..Config::local(folder.path().join("server")) }).await.expect("a server");
    reaches(&phone, SyncState::Idle).await;
    server.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_asks_for_a_sign_in_at_once_and_keeps_its_edits() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    let laptop = device(&server, folder.path(), "laptop.db").await;
    phone.account().register("sam@example.com", PASSWORD, Some("phone")).await.expect("an account");
    laptop.account().login("sam@example.com", PASSWORD, Some("laptop")).await.expect("signed in");
    synced(&phone).await;
    let devices = laptop.account().devices().await.expect("the devices");
    let lost = devices.iter().find(|device| !device.is_current).expect("the phone");
    laptop.account().revoke_device(&lost.id).await.expect("revoked");
    reaches(&phone, SyncState::NeedsAuth).await;
    phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    assert_eq!(phone.sync_now().await.expect("a status").pending, 1);
    assert!(phone.account().devices().await.is_err_and(|error| error.is_auth()));
    phone.account().login("sam@example.com", PASSWORD, Some("phone")).await.expect("signed in again");
    synced(&phone).await;
    synced(&laptop).await;
    assert_eq!(weights(&laptop), [80.0]);
    server.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_one_owner_and_signing_out_keeps_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    synced(&phone).await;
    phone.account().sign_out(SignOut::ThisDevice).await.expect("signed out");
    phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");

    let other = phone.account().register("kim@example.com", PASSWORD, None).await.expect_err("another account");
    assert!(other.is_other_account(), "{other}");
    assert_eq!(phone.sync_now().await.expect("a status").state, SyncState::Off);
    let wrong = phone.account().login("sam@example.com", "not the password", None).await.expect_err("a wrong password");
    assert!(wrong.is_auth() && !wrong.is_offline(), "{wrong}");

    phone.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    synced(&phone).await;
    assert_eq!(phone.account().read().await.expect("an account").record_count, 1);
    server.stop().await.expect("stopped");
    let gone = phone.account().read().await.expect_err("no server");
    assert!(gone.is_offline(), "{gone}");
    assert_eq!(phone.sync_now().await.expect("a status").state, SyncState::Offline);
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_says_so_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    phone.user_bodyweight_logs().put(&log(&phone, 80.0)).expect("written");
    // Simulates a full disk: the database may not grow by a page.
    let other = rusqlite::Connection::open(folder.path().join("phone.db")).expect("the device's database");
    let lock = Instant::now();
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let busy = phone.user_bodyweight_logs().put(&log(&phone, 81.0)).expect_err("somebody else writes");
    assert!(busy.is_storage() && busy.to_string().contains("another program is writing"), "{busy}");
    assert!(lock.elapsed() < Duration::from_secs(30));
    other.execute_batch("ROLLBACK").expect("unlocked");
    phone.user_bodyweight_logs().put(&log(&phone, 82.0)).expect("written");
    synced(&phone).await;
    assert_eq!(weights(&phone), [80.0, 82.0]);
    server.stop().await.expect("stopped");
}

/// Every new device ships its own copy of a record. This is not a user's edit, so there is nothing to send and no conflict.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_devices_ship_is_neither_sent_twice_nor_a_conflict() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let mut devices = Vec::new();
    for name in ["phone.db", "laptop.db"] {
        let device = device(&server, folder.path(), name).await;
        let id = Id(device.user_bodyweight_logs().deterministic_id("shipped").expect("an id"));
        device.user_bodyweight_logs().seed(&UserBodyweightLog { id, ..log(&device, 80.0) }).expect("written");
        devices.push(device);
    }
    devices[0].account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    synced(&devices[0]).await;
    devices[1].account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    synced(&devices[1]).await;
    assert_eq!(devices.iter().map(|device| device.traffic().pushed).collect::<Vec<_>>(), [1, 0]);
    assert!(devices[1].conflicts(10).expect("a history").is_empty());
    assert_eq!(weights(&devices[1]), [80.0]);
    server.stop().await.expect("the server stops");
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
    // A resync that has pulled everything, and would delete what the server no longer has, is found when the app starts.
    {
        let mut store = SqliteStore::open(&folder.path().join("phone.db"), uuid::Uuid::nil(), &CONTRACT, "").expect("a database");
        store
            .update(&Select::Keys(Vec::new()), &mut |loaded| {
                let cursor = loaded.meta.cursor.clone();
                loaded.meta.resync =
                    Some(Resync { number: 1, restored_rev: None, cursor, pulled: true, confirmed: false, digest: Default::default() });
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

/// An account that holds as much as it may takes deletions and nothing else. The device says so, keeps its edits, and sends them once there is
/// room.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_account_takes_deletions_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = |max_records| Config { max_records, auth_per_minute: 10_000, ..Config::local(folder.path().join("server")) };
    let server = start(config(2)).await.expect("a server");
    let address = server.addr();
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    let logs = [80.0, 81.0, 82.0, 83.0].map(|kg| log(&phone, kg));
    for log in &logs {
        phone.user_bodyweight_logs().put(log).expect("written");
    }
    let status = phone.sync_now().await.expect("a status");
    let error = status.last_error.clone().unwrap_or_default();
    assert!(error.contains("507") && error.contains("may hold 2 records"), "{status:?}");
    assert!((status.pending, status.blocked, status.is_synced()) == (2, 0, false), "{status:?}");
    assert!(status.next_attempt_in_ms.is_some(), "it tries again by itself: {status:?}");
    let usage = phone.account().usage().await.expect("an answer");
    assert_eq!((usage.record_count, usage.records_max), (2, Some(2)));
    // The deletion is the newest edit, and does not wait for the older ones.
    phone.user_bodyweight_logs().delete(&logs[0].id.0).expect("deleted");
    let status = phone.sync_now().await.expect("a status");
    assert_eq!((status.pending, status.last_error.is_some()), (1, true), "one of the two that waited has taken the place: {status:?}");
    server.stop().await.expect("stopped");
    let server = start(Config { bind: address, ..config(0) }).await.expect("the server, without limits");
    synced(&phone).await;
    let mut kept = weights(&phone);
    kept.sort_by(f64::total_cmp);
    assert_eq!(kept, [81.0, 82.0, 83.0]);
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

/// A difference that a full pull does not end is reported, and not fetched again and again (R27).
#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_stays_is_reported_and_resynced_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    let logs = [80.0, 81.0].map(|kg| phone.user_bodyweight_logs().put(&log(&phone, kg)).expect("written"));
    synced(&phone).await;
    server.stop().await.expect("stopped");
    // A row of the server is damaged behind its back.
    let database = rusqlite::Connection::open(folder.path().join("server/stronglog.db")).expect("the database");
    let lost = uuid::Uuid::parse_str(&logs[0].id.0).expect("an id");
    assert_eq!(database.execute("DELETE FROM records WHERE id = ?1", [lost.as_bytes()]).expect("deleted"), 1);
    drop(database);

    let server = serve(&folder.path().join("server")).await;
    let laptop = device(&server, folder.path(), "laptop.db").await;
    laptop.account().login("sam@example.com", PASSWORD, None).await.expect("signed in");
    let status = laptop.sync_now().await.expect("a status");
    assert!(status.differs_since.is_some() && !status.is_synced(), "{status:?}");
    let resyncs = || meta_of(&folder.path().join("laptop.db"), |_| {}).resyncs;
    assert_eq!(resyncs(), 1);
    laptop.sync_now().await.expect("a status");
    assert_eq!(resyncs(), 1, "once is enough");
    server.stop().await.expect("stopped");
}

/// Changes what a device knows of itself, and returns it.
fn meta_of(path: &Path, change: impl Fn(&mut Meta)) -> Meta {
    let mut store = SqliteStore::open(path, uuid::Uuid::nil(), &CONTRACT, "").expect("a database");
    let plan = &mut |loaded: &mut Loaded| {
        change(&mut loaded.meta);
        Ok(Vec::new())
    };
    store.update(&Select::Keys(Vec::new()), plan).expect("written");
    store.meta().expect("read")
}
