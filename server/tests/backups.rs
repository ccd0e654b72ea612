//! Backups of a server over SQLite: what they keep from being purged, and the space that they take.

mod support;

use std::time::Duration;

use serde_json::Value;
use stronglog_server::admin;
use support::{Account, Server, WEIGHTS, now, tombstone, weight, weights};

fn back_up(server: &Server, name: &str) {
    let backed_up = admin::back_up(server.folder.path(), &server.folder.path().join(name)).expect("a backup");
    assert!(backed_up.not_recorded.is_none(), "{backed_up:?}");
}

fn count(server: &Server, table: &str) -> u64 {
    server.sql(&format!("SELECT count(*) FROM {table}")).parse().expect("a number")
}

/// The changes that make a record and delete it.
fn made_and_deleted(account: &Account, seq: u64) -> [Value; 2] {
    let record = weight(now());
    [account.change(WEIGHTS, &record, seq), account.change(WEIGHTS, &tombstone(&record, now()), seq + 1)]
}

/// Purges every deletion that the backups of the last 90 days contain.
async fn purge(server: &Server) -> u64 {
    // A deletion and a purge in the same millisecond are not distinguished.
    tokio::time::sleep(Duration::from_millis(5)).await;
    admin::purge(&server.place(), admin::PurgeOptions { tombstone_days: 0, backup_days: 90, accept_clock: false }).await.expect("purged")
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_of_accounts_at_rest_take_no_space() {
    let server = Server::start().await;
    let (sam, _alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    for number in 0..4 {
        back_up(&server, &format!("{number}.backup"));
    }
    assert_eq!(count(&server, "backups"), 2, "one row an account");
    server.push(&sam, &weights(&sam, 1, 1)).await;
    back_up(&server, "4.backup");
    assert_eq!(count(&server, "backups"), 3, "and one for the account that has changed");
    server.sql("UPDATE backup_times SET taken_at = taken_at - 91 * 86400000");
    server.sql("UPDATE backups SET taken_at = taken_at - 91 * 86400000");
    assert_eq!(purge(&server).await, 0);
    assert_eq!((count(&server, "backup_times"), count(&server, "backups")), (0, 2), "what is not restored any more is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_account_at_rest_keeps_later_deletions_from_being_purged() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &made_and_deleted(&account, 1)).await;
    back_up(&server, "monday.backup");
    back_up(&server, "tuesday.backup");
    // The row of the account is that of the first backup, which is too old to be restored.
    let monday = server.sql("SELECT min(taken_at) FROM backup_times");
    server.sql(&format!("UPDATE backup_times SET taken_at = taken_at - 91 * 86400000 WHERE taken_at = {monday}"));
    server.sql("UPDATE backups SET taken_at = taken_at - 91 * 86400000");
    server.push(&account, &made_and_deleted(&account, 3)).await;
    assert_eq!(purge(&server).await, 1, "the deletion that tuesday's backup lacks stays");
    assert_eq!(purge(&server).await, 0);
    back_up(&server, "wednesday.backup");
    server.sql("UPDATE backup_times SET taken_at = taken_at - 91 * 86400000 WHERE taken_at < (SELECT max(taken_at) FROM backup_times)");
    assert_eq!(purge(&server).await, 1, "every backup that may be restored contains it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_the_clock_was_ahead_keeps_nothing_from_being_purged() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let ahead = now() + 86_400_000_000;
    server.sql(&format!("INSERT INTO backup_times VALUES ({ahead})"));
    server.sql(&format!("INSERT INTO backups SELECT user_id, {ahead}, rev FROM users"));
    server.push(&account, &made_and_deleted(&account, 1)).await;
    assert_eq!(purge(&server).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_backups_do_not_write_to_one_file() {
    let server = Server::start().await;
    server.register("sam@example.com").await;
    let to = server.folder.path().join("monday.backup");
    // As a backup holds it while it writes.
    let other = std::fs::File::create(server.folder.path().join("monday.backup.partial")).expect("a file");
    other.lock().expect("locked");
    let output = admin::back_up(server.folder.path(), &to).expect_err("another one writes").to_string();
    assert!(output.contains("another backup is writing"), "{output}");
    drop(other);
    back_up(&server, "monday.backup");
    assert!(!server.folder.path().join("monday.backup.partial").exists());
    let output = admin::back_up(server.folder.path(), server.folder.path()).expect_err("a folder").to_string();
    assert!(output.contains("give --keep"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_named_as_such_and_its_backups_stay() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 200)).await;
    let Server { running, folder, .. } = server;
    running.stop().await.expect("an orderly end");
    let (folder, backups) = (folder.path(), folder.path().join("backups"));
    admin::rotate(folder, &backups, "20260101T000000000Z", 1).expect("a backup");
    let mut bytes = std::fs::read(folder.join("stronglog.db")).expect("the database");
    let from = bytes.len() / 3;
    bytes[from..2 * from].fill(0xaa);
    std::fs::write(folder.join("stronglog.db"), bytes).expect("damaged");
    let output = admin::rotate(folder, &backups, "20260102T000000000Z", 1).expect_err("it cannot be read").to_string();
    assert!(output.contains("cannot back up the database, which is damaged"), "{output}");
    let left: Vec<_> = backups.read_dir().expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["stronglog-20260101T000000000Z.backup"]);
}
