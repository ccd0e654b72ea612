//! Erased accounts: nothing of them is left in a file, and no restore brings them back.

mod support;

use serde_json::json;
use stronglog_server::admin;
use support::{Server, WEIGHTS, erase, live, now, tombstone, weight, weights};

/// Counts the occurrences of a text in the files of a folder. A running server may remove a file before it is read.
fn count(folder: &std::path::Path, text: &str) -> usize {
    let read = |entry: std::io::Result<std::fs::DirEntry>| match std::fs::read(entry.expect("an entry").path()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes.expect("a file"),
    };
    let files = folder.read_dir().expect("a folder").map(read);
    files.map(|bytes| bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_in_no_file() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("unforgettable@example.com").await, server.register("alex@example.com").await);
    for number in 0..10 {
        let mut record = weight(now());
        record["note"] = json!("MARKER".repeat(700));
        server.push(&sam, &[sam.change(WEIGHTS, &record, 2 * number + 1)]).await;
        server.push(&sam, &[sam.change(WEIGHTS, &tombstone(&record, now()), 2 * number + 2)]).await;
        server.push(&alex, &weights(&alex, number + 1, 1)).await;
    }
    let mut record = weight(now());
    record["note"] = json!("MARKER".repeat(700));
    server.push(&sam, &[sam.change(WEIGHTS, &record, 100)]).await;
    assert!(count(server.folder.path(), "MARKERMARKER") > 0);
    erase(&server, &sam).await;
    // The log is truncated after the commit that the response waits for.
    let gone = async {
        while count(server.folder.path(), "MARKERMARKER") + count(server.folder.path(), "unforgettable") > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("nothing is left");
    assert_eq!(live(&server, &alex).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_stays_erased_after_a_restore() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    server.push(&sam, &weights(&sam, 1, 3)).await;
    let backup = server.folder.path().join("monday.backup");
    admin::back_up(server.folder.path(), &backup).expect("a backup");
    erase(&server, &sam).await;
    // Before the response, so that it does not matter when the server stops.
    assert!(server.folder.path().join("stronglog.erased").exists(), "the journal records the account");
    let server = server.restart(|folder| drop(admin::restore(folder, &folder.join("monday.backup")).expect("restored"))).await;
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401);
    assert_eq!(server.get("/api/v1/changes", &alex.access).await.0, 200);
    let server = server
        .restart(|folder| {
            std::fs::copy(folder.join("monday.backup"), folder.join("stronglog.db")).expect("put in place by hand");
        })
        .await;
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_erased_from_the_databases_that_restores_have_kept() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("unforgettable@example.com").await, server.register("indelible@example.com").await);
    for account in [&sam, &alex] {
        let mut record = weight(now());
        record["note"] = json!("MARKER".repeat(700));
        server.push(account, &[account.change(WEIGHTS, &record, 1)]).await;
    }
    let backup = server.folder.path().join("monday.backup");
    admin::back_up(server.folder.path(), &backup).expect("a backup");
    let server = server
        .restart(|folder| {
            admin::restore(folder, &folder.join("monday.backup")).expect("restored");
            std::fs::remove_file(folder.join("monday.backup")).expect("removed");
        })
        .await;
    assert!(count(server.folder.path(), "unforgettable") > 1, "the database and the one before it");
    let findings = stronglog_server::check::folder(server.folder.path(), stronglog_server::check::FolderChecks { backup_hours: 24 });
    assert!(findings.iter().any(|finding| finding.detail.contains("stronglog.db.before-")), "{findings:?}");
    erase(&server, &sam).await;
    admin::users::delete(&server.place(), "indelible@example.com").await.expect("erased by the operator");
    let gone = async {
        while ["MARKERMARKER", "unforgettable", "indelible"].iter().any(|text| count(server.folder.path(), text) > 0) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_left_as_it_is_if_a_kept_database_cannot_be_read() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let kept = server.folder.path().join("stronglog.db.before-1.gz");
    std::fs::write(&kept, "compressed by hand").expect("written");
    let error = admin::users::delete(&server.place(), "sam@example.com").await.expect_err("the file cannot be read").to_string();
    assert!(error.contains("stronglog.db.before-1.gz") && error.contains("remove that file"), "{error}");
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 200);
    std::fs::remove_file(kept).expect("removed");
    admin::users::delete(&server.place(), "sam@example.com").await.expect("the second try finds the account");
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_failed_halfway_is_completed_by_the_next_try() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    server.push(&sam, &weights(&sam, 1, 3)).await;
    server.sql("CREATE TRIGGER full BEFORE DELETE ON records BEGIN SELECT raise(FAIL, 'the disk is full'); END");
    let error = admin::users::delete(&server.place(), "sam@example.com").await.expect_err("no record can be deleted").to_string();
    for words in ["the disk is full", "within an hour", &format!("admin user delete {}", sam.user)] {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401, "the account is unusable");
    server.sql("DROP TRIGGER full");
    let error = admin::users::delete(&server.place(), "sam@example.com").await.expect_err("it has no address any more").to_string();
    assert!(error.contains(&format!("admin user delete {}", sam.user)), "{error}");
    let second = server.register("sam@example.com").await;
    assert!(admin::users::show(&server.place(), &sam.user).await.expect("what is left of it").is_erasing);
    admin::users::enable(&server.place(), &sam.user).await.expect_err("it can only be erased");
    admin::users::delete(&server.place(), &sam.user).await.expect("the rest of it");
    assert_eq!(server.sql("SELECT count(*) FROM records"), "0");
    admin::users::delete(&server.place(), &sam.user).await.expect_err("nothing is left of it");
    assert_eq!(server.get("/api/v1/changes", &second.access).await.0, 200, "another account of the same address");
}

/// Only root can give files to others.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_root_writes_belongs_to_the_owner_of_the_folder_whatever_fails() {
    use std::os::unix::fs::{MetadataExt, chown};
    let server = Server::start().await;
    server.register("sam@example.com").await;
    let folder = server.folder.path();
    if folder.metadata().expect("a folder").uid() != 0 {
        return;
    }
    let entries = || folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
    entries().chain([folder.to_owned()]).for_each(|path| chown(path, Some(65_534), Some(65_534)).expect("given away"));
    std::fs::write(folder.join("stronglog.db.before-1.gz"), "compressed by hand").expect("written");
    admin::users::delete(&server.place(), "sam@example.com").await.expect_err("the kept database cannot be read");
    let owners: Vec<_> = entries().map(|path| (path.metadata().map(|known| known.uid()).ok(), path)).collect();
    assert!(folder.join("stronglog.erased").exists() && owners.iter().all(|(owner, _)| *owner == Some(65_534)), "{owners:?}");
}
