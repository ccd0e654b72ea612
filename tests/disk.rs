//! Disks that are full, and disks that cannot be written: every error says what to do, no acknowledged edit is lost, and sync continues by
//! itself once there is space.
//!
//! The disk is a real, small file system in memory. It is mounted in a separate mount namespace, in which this test program is started
//! again.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use stronglog_server::admin::users::{self, Limits};
use stronglog_server::admin::{self, Place};
use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use stronglog_sync::api::registry::Collections;
use stronglog_sync::status::Status;
use stronglog_sync::{Client, Error, Query};

const SMALL: &str = "STRONGLOG_SMALL_DISK";
const ROOMY: &str = "STRONGLOG_ROOMY_DISK";
const PASSWORD: &str = "correct horse battery staple";
/// Mounts a disk of a few megabytes, and continues there. The superuser does not need a user namespace, and may not be allowed to create
/// one.
const IN_A_NAMESPACE: &str = r#"
if [ "$(id -u)" = 0 ]; then set -- --mount "$@"; else set -- --mount --map-root-user "$@"; fi
exec unshare "$@"
"#;
const ON_A_SMALL_DISK: &str = r#"mount -t tmpfs -o size=16m none "$STRONGLOG_SMALL_DISK" && exec "$0" "$@""#;

#[test]
fn a_full_disk_and_one_that_cannot_be_written_lose_nothing() {
    let (small, roomy) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut command = Command::new("sh");
    command.args(["-c", IN_A_NAMESPACE, "sh", "sh", "-c", ON_A_SMALL_DISK]).arg(std::env::current_exe().expect("this program"));
    command.args(["on_a_small_disk", "--exact", "--nocapture", "--test-threads=1"]);
    let output = command.env(SMALL, small.path()).env(ROOMY, roomy.path()).output().expect("a process");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("a small disk was full"), "the test ran: {printed}");
}

/// Does nothing unless the process was started on a small disk.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_small_disk() {
    let (Some(small), Some(roomy)) = (std::env::var_os(SMALL), std::env::var_os(ROOMY)) else {
        assert!(std::env::var_os(ROOMY).is_none(), "one disk alone");
        return;
    };
    let (small, roomy) = (PathBuf::from(small), PathBuf::from(roomy));
    writing_on_a_full_disk(&small, &roomy).await;
    pulling_onto_a_full_disk(&small, &roomy).await;
    pushing_to_a_server_whose_disk_is_full(&small, &roomy).await;
    backing_up_a_server_whose_disk_is_full(&small, &roomy).await;
    a_disk_that_cannot_be_written(&small, &roomy).await;
    println!("a small disk was full");
}

async fn serve(folder: &Path) -> Running {
    start(Config { auth_per_minute: 10_000, ..Config::local(folder) }).await.expect("a server")
}

async fn device(server: &Running, path: &Path) -> Client {
    Client::builder().database(path).server(server.url()).open().await.expect("a device")
}

/// Fills the disk, except for the last pages that an open database needs.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = File::create(&path).expect("a file");
    while file.write_all(&[0; 4_096]).is_ok() {}
    path
}

/// Writes records until one is rejected, and returns its error.
fn write_until_refused(client: &Client, written: &mut BTreeSet<String>) -> Option<Error> {
    (0..20_000u64).find_map(|number| {
        let id = client.new_id().to_string();
        let record = format!(r#"{{"id":"{id}","date":{number},"weightKg":80,"notes":"{}"}}"#, "x".repeat(1_000));
        match client.json("user-bodyweight-logs").expect("a collection").put(&record) {
            Ok(_) => {
                written.insert(id);
                None
            }
            Err(error) => Some(error),
        }
    })
}

fn write(client: &Client, count: u64, written: &mut BTreeSet<String>) {
    for number in 0..count {
        let id = client.new_id().to_string();
        let record = format!(r#"{{"id":"{id}","date":{number},"weightKg":81,"notes":"{}"}}"#, "y".repeat(1_000));
        client.json("user-bodyweight-logs").expect("a collection").put(&record).expect("written");
        written.insert(id);
    }
}

fn ids(client: &Client) -> BTreeSet<String> {
    let logs = client.user_bodyweight_logs().list(&Query { limit: Some(100_000), ..Query::default() }).expect("a list");
    logs.into_iter().map(|log| log.id.0).collect()
}

/// Waits until sync completes by itself, without being requested.
async fn synced_by_itself(client: &Client) {
    let begun = Instant::now();
    let mut statuses = client.statuses();
    while !client.status().is_synced() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", client.status());
        _ = tokio::time::timeout(Duration::from_secs(1), statuses.next()).await;
    }
}

fn asks_for_space(status: &Status) {
    assert!(!status.is_synced(), "{status:?}");
    let error = status.last_error.as_deref().unwrap_or_default();
    assert!(error.contains("free some space"), "{status:?}");
}

async fn writing_on_a_full_disk(small: &Path, roomy: &Path) {
    let server = serve(&roomy.join("writing")).await;
    let phone = device(&server, &small.join("phone.db")).await;
    phone.account().register("writing@example.com", PASSWORD, None).await.expect("an account");
    phone.pause();
    let mut written = BTreeSet::new();
    write(&phone, 10, &mut written);
    let filler = fill(small);
    let refused = write_until_refused(&phone, &mut written).expect("the disk is full");
    assert!(refused.is_storage() && refused.to_string().contains("free some space"), "{refused}");
    assert_eq!(ids(&phone), written, "what was acknowledged can be read on the full disk");
    let other = device(&server, &small.join("phone.db")).await;
    assert_eq!(ids(&other), written, "by another program too, which opens it now");
    drop(other);
    std::fs::remove_file(filler).expect("removed");
    write(&phone, 10, &mut written);
    phone.resume();
    synced_by_itself(&phone).await;
    let laptop = device(&server, &roomy.join("laptop.db")).await;
    laptop.account().login("writing@example.com", PASSWORD, None).await.expect("signed in");
    laptop.sync_now().await.expect("a status");
    assert_eq!(ids(&laptop), written);
    drop(phone);
    std::fs::remove_file(small.join("phone.db")).expect("removed");
    server.stop().await.expect("stopped");
}

async fn pulling_onto_a_full_disk(small: &Path, roomy: &Path) {
    let server = serve(&roomy.join("pulling")).await;
    let tablet = device(&server, &roomy.join("tablet.db")).await;
    tablet.account().register("pulling@example.com", PASSWORD, None).await.expect("an account");
    let phone = device(&server, &small.join("puller.db")).await;
    phone.account().login("pulling@example.com", PASSWORD, None).await.expect("signed in");
    phone.sync_now().await.expect("a status");
    let filler = fill(small);
    let mut written = BTreeSet::new();
    write(&tablet, 500, &mut written);
    tablet.sync_now().await.expect("a status");
    asks_for_space(&phone.sync_now().await.expect("a status"));
    std::fs::remove_file(filler).expect("removed");
    synced_by_itself(&phone).await;
    assert_eq!(ids(&phone), written);
    drop(phone);
    std::fs::remove_file(small.join("puller.db")).expect("removed");
    server.stop().await.expect("stopped");
}

async fn pushing_to_a_server_whose_disk_is_full(small: &Path, roomy: &Path) {
    let server = serve(&small.join("server")).await;
    let phone = device(&server, &roomy.join("pusher.db")).await;
    phone.account().register("pushing@example.com", PASSWORD, None).await.expect("an account");
    phone.sync_now().await.expect("a status");
    let filler = fill(small);
    let mut written = BTreeSet::new();
    write(&phone, 500, &mut written);
    let status = phone.sync_now().await.expect("a status");
    assert!(!status.is_synced() && status.pending > 0, "{status:?}");
    std::fs::remove_file(filler).expect("removed");
    synced_by_itself(&phone).await;
    let laptop = device(&server, &roomy.join("second.db")).await;
    laptop.account().login("pushing@example.com", PASSWORD, None).await.expect("signed in");
    laptop.sync_now().await.expect("a status");
    assert_eq!(ids(&laptop), written);
    server.stop().await.expect("stopped");
}

/// A backup is most urgent then. It goes to another disk.
async fn backing_up_a_server_whose_disk_is_full(small: &Path, roomy: &Path) {
    let (data, place) = (small.join("server"), Place::folder(small.join("server")));
    let server = serve(&data).await;
    let filler = fill(small);
    let change = async || users::limit(&place, "pushing@example.com", Limits::default()).await;
    while change().await.is_ok() {}
    let printed = admin::back_up(&data, &roomy.join("running.backup")).expect("a backup").not_recorded.expect("it could not be recorded");
    assert!(printed.contains("free some space"), "{printed}");
    std::fs::remove_file(filler).expect("removed");
    server.stop().await.expect("stopped");
    let filler = fill(small);
    let printed = admin::back_up(&data, &roomy.join("stopped.backup")).expect("a backup").not_recorded;
    assert!(printed.is_some(), "it could not be recorded");
    std::fs::remove_file(filler).expect("removed");
    for backup in ["running.backup", "stopped.backup"] {
        let folder = roomy.join("restored").join(backup);
        admin::restore(&folder, &roomy.join(backup)).expect("restored");
        let user = users::show(&Place::folder(folder), "pushing@example.com").await.expect("an account");
        assert_eq!(user.records, 500, "{backup} has everything");
    }
}

/// All files on the disk must be closed before it can be made read-only.
async fn a_disk_that_cannot_be_written(small: &Path, roomy: &Path) {
    let path = small.join("reader.db");
    let reader = Client::builder().database(&path).open().await.expect("a device");
    let mut written = BTreeSet::new();
    write(&reader, 3, &mut written);
    drop(reader);
    remount(small, "ro").await;
    let refused = match Client::builder().database(&path).open().await {
        Ok(reader) => {
            assert_eq!(ids(&reader), written, "a database that opens can be read");
            write_until_refused(&reader, &mut BTreeSet::new()).expect("the disk cannot be written")
        }
        Err(refused) => refused,
    };
    assert!(refused.is_storage() && refused.to_string().contains("is writable"), "{refused}");
    let Err(refused) = start(Config::local(small.join("server"))).await else { panic!("a server on a disk that it cannot write") };
    assert!(refused.to_string().contains("Read-only file system"), "{refused}");
    let backed_up = admin::back_up(&small.join("server"), &roomy.join("read-only.backup")).expect("a backup");
    assert!(backed_up.not_recorded.is_some(), "it could not be recorded");
    remount(small, "rw").await;
    let reader = Client::builder().database(&path).open().await.expect("a device");
    assert_eq!(ids(&reader), written, "nothing is lost");
    write(&reader, 1, &mut written);
    let server = serve(&small.join("server")).await;
    server.stop().await.expect("stopped");
}

async fn remount(disk: &Path, how: &str) {
    let begun = Instant::now();
    loop {
        let output = Command::new("mount").arg("-o").arg(format!("remount,{how}")).arg(disk).output().expect("mount");
        if output.status.success() {
            return;
        }
        // A dropped client closes its database in the background.
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", String::from_utf8_lossy(&output.stderr));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
