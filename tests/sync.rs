//! Devices and a server end to end: HTTP over loopback, and SQLite files on both sides.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use stronglog_sync::account::SignOut;
use stronglog_sync::api::collection::Synced;
use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
use stronglog_sync::status::SyncState;
use stronglog_sync::store::Past;
use stronglog_sync::transport::Tokens;
use stronglog_sync::{Client, Query};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) async fn serve(folder: &Path) -> Running {
    start(Config { auth_per_minute: 10_000, ..Config::local(folder) }).await.expect("a server")
}

pub(crate) async fn device(server: &Running, folder: &Path, name: &str) -> Client {
    Client::builder().database(folder.join(name)).server(server.url()).open().await.expect("a device")
}

pub(crate) fn log(client: &Client, kg: f64) -> UserBodyweightLog {
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

pub(crate) fn weights(client: &Client) -> Vec<f64> {
    let logs = client.user_bodyweight_logs().list(&Query::default()).expect("a list");
    logs.iter().map(|log| *log.weight_kg).collect()
}

pub(crate) async fn synced(client: &Client) {
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

/// A full account accepts only deletions. The device says so, keeps its edits, and sends them once there is room.
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
    assert!(error.contains("507") && error.contains("its limit is 2 records"), "{status:?}");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_full_account_takes_edits_of_the_records_that_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { max_records: 3, auth_per_minute: 10_000, ..Config::local(folder.path().join("server")) };
    let server = start(config).await.expect("a server");
    let phone = device(&server, folder.path(), "phone.db").await;
    phone.account().register("sam@example.com", PASSWORD, None).await.expect("an account");
    for kg in [80.0, 81.0, 82.0] {
        phone.user_bodyweight_logs().put(&log(&phone, kg)).expect("written");
    }
    synced(&phone).await;
    let logs = phone.user_bodyweight_logs().list(&Query::default()).expect("a list");
    // The second of three successive edits creates a record for which there is no room.
    let heavier = |log: &UserBodyweightLog| UserBodyweightLog { weight_kg: BodyweightKg(90.0), ..log.clone() };
    phone.user_bodyweight_logs().put(&heavier(&logs[0])).expect("written");
    phone.user_bodyweight_logs().put(&log(&phone, 83.0)).expect("written");
    phone.user_bodyweight_logs().put(&heavier(&logs[1])).expect("written");
    let status = phone.sync_now().await.expect("a status");
    assert_eq!((status.pending, status.last_error.is_some()), (1, true), "only the new record waits: {status:?}");
    server.stop().await.expect("stopped");
}

/// A proxy gives a device the responses to another account's requests. The device uses neither its tokens nor its devices.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_says_to_another_account_is_not_taken() {
    use axum::http::StatusCode;
    let other = uuid::Uuid::from_u128(0x018f_4e2a_7c1b_7d3e_9a55_0c6f_1b2d_3e4f);
    let tokens = serde_json::json!({
        "accessToken": "another's", "refreshToken": "rt_5uXk0b1Zq3mJH8vWcT2yLrN7sD9eGfA4", "tokenType": "Bearer", "expiresInSecs": 900, "userId": other,
    });
    let expired = serde_json::json!({ "type": "about:blank", "title": "No", "status": 401, "code": "token_expired", "retryable": false });
    let json_headers = || [("x-contract-version", "1.1.0"), ("content-type", "application/json")];
    let named = move || (json_headers(), [("x-account", other.to_string())], r#"{"devices":[]}"#);
    let routes = axum::Router::new()
        .route("/api/v1/auth/refresh", axum::routing::post(move || async move { (json_headers(), tokens.to_string()) }))
        .route("/spent/api/v1/account/devices", axum::routing::get(move || async move { named() }))
        .route(
            "/api/v1/account/devices",
            axum::routing::get(move || async move { (StatusCode::UNAUTHORIZED, json_headers(), expired.to_string()) }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let folder = tempfile::tempdir().expect("a folder");
    let own = uuid::Uuid::from_u128(7);
    for (name, path, seen) in
        [("refresh.db", "", "received tokens of the account"), ("devices.db", "/spent", "received a response for the account")]
    {
        let url = format!("http://{address}{path}");
        let client = Client::builder().database(folder.path().join(name)).server(url).paused(true).open().await.expect("a device");
        let tokens = Tokens::new(own, "mine", "rt_mine");
        client.account().sign_in(tokens).await.expect("signed in");
        let error = client.account().devices().await.expect_err("devices of another account");
        let message = error.to_string();
        assert!(error.is_offline() && message.contains(seen) && message.contains(&other.to_string()), "{message}");
        assert_eq!(client.account().signed_in().await.expect("a sign-in"), Some(own), "its own token is kept");
    }
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sign_ins_at_once_the_later_one_is_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    for email in ["sam@example.com", "kim@example.com"] {
        let elsewhere = device(&server, folder.path(), &format!("{email}.db")).await;
        elsewhere.account().register(email, PASSWORD, None).await.expect("an account");
    }
    let phone = device(&server, folder.path(), "phone.db").await;
    let (sam, kim) = (phone.account(), phone.account());
    let (sam, kim) = tokio::join!(sam.login("sam@example.com", PASSWORD, None), kim.login("kim@example.com", PASSWORD, None));
    let rejected = sam.as_ref().err().or(kim.as_ref().err()).expect("one of the two is rejected");
    assert!(rejected.is_other_account() && (sam.is_ok() || kim.is_ok()), "{rejected}");
    let owner = phone.account().owner().expect("an owner");
    assert_eq!((owner, phone.account().signed_in().await.expect("a sign-in")), (sam.ok().or(kim.ok()), owner));
    server.stop().await.expect("stopped");
}
