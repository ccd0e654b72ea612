//! The files of a server over SQLite: backups, restores, copies that are put back, and a clock that jumped.

mod support;

use serde_json::{Value, json};
use stronglog_server::admin::{self, Place, PurgeOptions};
use stronglog_server::config::Config;
use support::{PASSWORD, Server, WEIGHTS, cursor, live, now, tombstone, weight, weights};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_asks_for_what_it_has_lost() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 3)).await;
    let backup = server.folder.path().join("monday.backup");
    admin::back_up(server.folder.path(), &backup).expect("a backup while the server runs");
    assert!(admin::back_up(server.folder.path(), &backup).is_err(), "no backup is overwritten");
    let lost = weights(&account, 4, 2);
    server.push(&account, &lost).await;
    let before = cursor(&server, &account).await;
    assert!(admin::restore(server.folder.path(), &backup).is_err(), "not under a running server");
    let server = server
        .restart(|folder| {
            let kept = admin::restore(folder, &folder.join("monday.backup")).expect("restored").previous.expect("the old database is kept");
            assert!(kept.exists());
        })
        .await;
    let (status, problem) = server.get(&format!("/api/v1/changes?since={before}"), &account.access).await;
    assert_eq!((status, &problem["code"], &problem["restoredRev"]), (410, &json!("epoch_changed"), &json!(3)), "{problem}");
    let push = json!({ "changes": lost, "cursor": before });
    let (status, _) = server.post("/api/v1/changes/batch", Some(&account.access), &push).await;
    assert_eq!(status, 410, "a push with an old cursor stores nothing");
    assert_eq!(live(&server, &account).await.len(), 3);
    let result = server.push(&account, &lost).await;
    assert_eq!(result["userRev"], json!(5), "what was lost is taken again: {result}");
    assert_eq!(live(&server, &account).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_changes_nothing_about_who_is_signed_in() {
    const NEW: &str = "squat bench deadlift press";
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    admin::back_up(server.folder.path(), &server.folder.path().join("monday.backup")).expect("a backup");
    let login = async |server: &Server, email: &str, password: &str| {
        server.post("/api/v1/auth/login", None, &json!({ "email": email, "password": password })).await
    };
    let refresh = async |server: &Server, token: &Value| server.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": token })).await;
    let (_, renewed) = refresh(&server, &json!(sam.refresh)).await;
    let (_, tablet) = login(&server, "sam@example.com", PASSWORD).await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let access = support::text(&tablet["accessToken"]);
    let (_, alex_tablet) = login(&server, "alex@example.com", PASSWORD).await;
    assert_eq!(server.post("/api/v1/auth/logout", Some(&alex.access), &json!({})).await.0, 204);
    let (_, sam_phone) = refresh(&server, &renewed["refreshToken"]).await;

    let server = server.restart(|folder| drop(admin::restore(folder, &folder.join("monday.backup")).expect("restored"))).await;
    for token in [&sam_phone, &tablet, &alex_tablet] {
        let (status, pair) = refresh(&server, &token["refreshToken"]).await;
        assert_eq!(status, 200, "a device of today stays signed in: {pair}");
    }
    assert_eq!(refresh(&server, &json!(alex.refresh)).await.0, 401, "what was signed out stays so");
    assert_eq!(refresh(&server, &json!(sam.refresh)).await.0, 401, "a token that was spent stays spent");

    assert_eq!(server.post("/api/v1/auth/password", Some(&access), &change).await.0, 204);
    let server = server.restart(|folder| drop(admin::restore(folder, &folder.join("monday.backup")).expect("restored"))).await;
    assert_eq!(login(&server, "sam@example.com", PASSWORD).await.0, 401, "the password of the backup opens nothing");
    assert_eq!(login(&server, "sam@example.com", NEW).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_fails_leaves_nothing_behind() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let server = server
        .restart(|folder| {
            let newer = folder.join("newer.db");
            std::fs::copy(folder.join("stronglog.db"), &newer).expect("copied");
            let changed = rusqlite::Connection::open(&newer).expect("a database");
            changed.pragma_update(None, "user_version", 999).expect("of a later version");
            drop(changed);
            let output = admin::restore(folder, &newer).expect_err("of a later version").to_string();
            assert!(output.contains("update the program"), "{output}");
            assert!(!folder.join("stronglog.db.restoring").exists(), "what is not used takes no space");
        })
        .await;
    assert_eq!(live(&server, &account).await.len(), 0, "the server goes on as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_put_in_place_is_noticed() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 1)).await;
    let before = cursor(&server, &account).await;
    let same = server.restart(|_| {}).await;
    assert_eq!(cursor(&same, &account).await, before, "a restart changes nothing");
    let same = same.restart(|folder| std::fs::copy(folder.join("stronglog.db"), folder.join("old")).map(drop).expect("copied")).await;
    same.push(&account, &weights(&account, 2, 1)).await;
    let before = cursor(&same, &account).await;
    let older = same
        .restart(|folder| {
            std::fs::rename(folder.join("old"), folder.join("stronglog.db")).expect("put in place");
            for rest in ["stronglog.db-wal", "stronglog.db-shm"] {
                assert!(!folder.join(rest).exists(), "a stopped server leaves one file: {rest}");
            }
        })
        .await;
    let (status, problem) = older.get(&format!("/api/v1/changes?since={before}"), &account.access).await;
    assert_eq!((status, &problem["restoredRev"]), (410, &json!(1)), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_begins_a_new_epoch_once_its_database_is_gone() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 3)).await;
    let server = server.restart(|folder| std::fs::remove_file(folder.join("stronglog.db")).expect("removed")).await;
    server.register("sam@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_not_restored() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 200)).await;
    let folder = server.folder.path();
    let backup = folder.join("monday.backup");
    admin::back_up(folder, &backup).expect("a backup");
    server.running.stop().await.expect("an orderly end");
    let whole = std::fs::read(&backup).expect("the backup");
    let middle = whole.len() / 2;
    let damages: [fn(&mut Vec<u8>, usize); 7] = [
        |bytes, middle| bytes[middle..middle + 8_192].fill(0xaa),
        // A flipped bit in the text of a record leaves a well-formed database.
        |bytes, middle| bytes[middle] ^= 1,
        |bytes, middle| bytes.truncate(middle),
        |bytes, _| bytes.clear(),
        // The end goes too, which has the checksum.
        |bytes, middle| {
            bytes[middle] ^= 1;
            bytes.pop();
        },
        |bytes, middle| {
            bytes[middle] ^= 1;
            bytes.push(b'\n');
        },
        |bytes, middle| {
            let mark = bytes.len() - 100;
            bytes[middle] ^= 1;
            bytes[mark] = b'X';
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let mut bytes = whole.clone();
        damage(&mut bytes, middle);
        std::fs::write(&backup, bytes).expect("damaged");
        let error = admin::restore(folder, &backup).expect_err("it is damaged");
        assert!(error.to_string().contains("cannot restore"), "damage {number}: {error}");
        assert!(!folder.join("stronglog.db.restoring").exists(), "damage {number}");
    }
    std::fs::write(&backup, whole).expect("repaired");
    let copy = folder.join("copied.db");
    std::fs::copy(folder.join("stronglog.db"), &copy).expect("a copy that another program made");
    assert!(!admin::restore(folder, &copy).expect("which has no checksum").had_checksum);
    assert!(admin::restore(folder, &backup).expect("and a whole one is restored").had_checksum);
}

/// A server that last recorded another time.
async fn last_seen(days_ago: i64) -> Server {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let record = weight(now());
    server.push(&sam, &[sam.change(WEIGHTS, &record, 1), sam.change(WEIGHTS, &tombstone(&record, now()), 2)]).await;
    let Server { running, folder, http, postgres } = server;
    running.stop().await.expect("an orderly end");
    let database = rusqlite::Connection::open(folder.path().join("stronglog.db")).expect("the database");
    // As after a jump of the clock: everything was written long ago.
    let ago = days_ago * 86_400_000;
    for sql in [
        "UPDATE server SET seen_at = seen_at - ?1",
        "UPDATE records SET server_updated_at = server_updated_at - ?1",
        "UPDATE sessions SET rotated_at = rotated_at - ?1",
    ] {
        database.execute(sql, [ago]).expect("moved");
    }
    drop(database);
    let refused = stronglog_server::serve::start(Config::local(folder.path())).await;
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(message.contains("--accept-clock"), days_ago.abs() > 30, "{message}");
    let refused = admin::purge(&Place::folder(folder.path()), PurgeOptions { tombstone_days: 1, backup_days: 90, accept_clock: false })
        .await
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert_eq!(refused.contains("--accept-clock"), days_ago.abs() > 30, "{refused}");
    let database = rusqlite::Connection::open(folder.path().join("stronglog.db")).expect("the database");
    let kept: (u64, u64) = database
        .query_row("SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM sessions)", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("counts");
    assert_eq!(kept, (1, 1), "nothing is purged, and nobody is signed out");
    let running = stronglog_server::serve::start(Config { accept_clock: true, ..Config::local(folder.path()) }).await;
    Server { running: running.expect("the server starts"), folder, http, postgres }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_is_asked_about_before_anything_is_purged() {
    for days_ago in [500, -500] {
        let server = last_seen(days_ago).await;
        let server = server.restart(|_| {}).await;
        server.running.stop().await.expect("asked once, and not again");
    }
}

fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("the data folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(&path).expect("a file"))).collect()
}

/// Puts a copy of the data folder back after two more records were pushed, and lets another device push more than was lost before the first
/// device asks. Returns the response to the first device.
async fn after_a_copy_was_put_back(with_counter: bool) -> (u16, Value) {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 3)).await;
    let mut copied = Vec::new();
    let server = server.restart(|folder| copied = files(folder)).await;
    server.push(&account, &weights(&account, 4, 2)).await;
    let before = cursor(&server, &account).await;
    let server = server
        .restart(|folder| {
            for (path, _) in files(folder) {
                std::fs::remove_file(path).expect("removed");
            }
            let is_kept = |path: &std::path::Path| with_counter || !path.ends_with("stronglog.counter");
            for (path, bytes) in copied.iter().filter(|(path, _)| is_kept(path)) {
                std::fs::write(path, bytes).expect("put back");
            }
        })
        .await;
    server.push(&account, &weights(&account, 10, 4)).await;
    server.get(&format!("/api/v1/changes?since={before}"), &account.access).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_folder_that_is_put_back_is_noticed_whoever_pushes_first() {
    for with_counter in [true, false] {
        let (status, problem) = after_a_copy_was_put_back(with_counter).await;
        assert_eq!((status, &problem["code"], &problem["restoredRev"]), (410, &json!("epoch_changed"), &json!(3)), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_its_counter_file_counts_as_restored() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 3)).await;
    let before = cursor(&server, &account).await;
    let server = server.restart(|folder| std::fs::remove_file(folder.join("stronglog.counter")).expect("removed")).await;
    let (status, problem) = server.get(&format!("/api/v1/changes?since={before}"), &account.access).await;
    assert_eq!((status, &problem["code"]), (410, &json!("epoch_changed")), "{problem}");
    assert_eq!(problem["restoredRev"], json!(3), "nothing is lost");
    let now = cursor(&server, &account).await;
    let server = server.restart(|_| ()).await;
    let (status, page) = server.get(&format!("/api/v1/changes?since={now}"), &account.access).await;
    assert_eq!(status, 200, "the next start is an ordinary one: {page}");
}

/// A folder as a killed server leaves it: its log has commits that are not in the database file. Also returns an older backup.
async fn killed() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("monday.backup");
    let mut server = Server::start().await;
    let account = server.register("sam@example.com").await;
    for round in 0..3 {
        server.push(&account, &weights(&account, 1 + round * 200, 200)).await;
        if round == 0 {
            admin::back_up(server.folder.path(), &backup).expect("a backup");
        }
        // This moves the log into the file.
        server = server.restart(|_| {}).await;
    }
    server.push(&account, &weights(&account, 601, 3)).await;
    for (path, bytes) in files(server.folder.path()) {
        std::fs::write(folder.path().join(path.file_name().expect("a name")), bytes).expect("copied");
    }
    (folder, backup)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_not_applied_to_another_database() {
    let (folder, backup) = killed().await;
    let database = folder.path().join("stronglog.db");
    std::fs::remove_file(&database).expect("lost");
    admin::restore(folder.path(), &backup).expect("restored");
    let restored = rusqlite::Connection::open(&database).expect("the database");
    let sound: String = restored.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    let records: u64 = restored.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect("a count");
    assert_eq!((sound.as_str(), records), ("ok", 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_copied_beside_the_log_of_another_is_rejected_and_left_as_it_is() {
    let (folder, backup) = killed().await;
    let (database, log) = (folder.path().join("stronglog.db"), folder.path().join("stronglog.db-wal"));
    std::fs::copy(&backup, &database).expect("put in place");
    let refused = stronglog_server::serve::start(Config::local(folder.path())).await;
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("move the log away"), "{message}");
    assert_eq!(std::fs::read(&database).expect("the copy"), std::fs::read(&backup).expect("the backup"));
    std::fs::rename(&log, folder.path().join("other-wal")).expect("moved");
    let running = stronglog_server::serve::start(Config::local(folder.path())).await.expect("the server starts");
    running.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_removes_the_backups_that_it_made_and_never_the_newest() {
    let server = Server::start().await;
    server.register("sam@example.com").await;
    let (data, folder) = (server.folder.path(), server.folder.path().join("backups"));
    let names = || {
        let mut names: Vec<String> =
            files(&folder).iter().map(|(path, _)| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    admin::rotate(data, &folder, "20991231T000000000Z", 2).expect("a backup made when the clock was ahead");
    std::fs::write(folder.join("stronglog-before-upgrade.backup"), "made by hand").expect("written");
    let abandoned = std::fs::File::create(folder.join("stronglog-20200101T000000000Z.backup.partial")).expect("a file");
    abandoned.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("long ago");
    let rotated = admin::rotate(data, &folder, "20260101T000000000Z", 1).expect("a backup");
    assert!(rotated.file.ends_with("stronglog-20260101T000000000Z.backup"), "{rotated:?}");
    assert_eq!(names(), ["stronglog-20260101T000000000Z.backup", "stronglog-before-upgrade.backup"]);
    assert_eq!(rotated.removed.len(), 1, "{rotated:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_backup_is_not_the_newest_one() {
    let server = Server::start().await;
    server.register("sam@example.com").await;
    let folder = server.folder.path();
    // This is written first, so that nothing is purged that the backup will not have.
    let database = rusqlite::Connection::open(folder.join("stronglog.db")).expect("the database");
    database.execute("INSERT INTO backup_times VALUES (?1)", [now()]).expect("begun");
    database.execute("INSERT INTO backups SELECT user_id, ?1, rev FROM users", [now()]).expect("begun");
    let wanted = stronglog_server::check::FolderChecks { backup_hours: 24 };
    let detail = || {
        let findings = stronglog_server::check::folder(folder, wanted);
        findings.into_iter().find(|finding| finding.name == "backup").expect("a finding").detail
    };
    assert!(detail().contains("no backup found"), "{}", detail());
    admin::back_up(folder, &folder.join("monday.backup")).expect("a backup");
    assert!(detail().contains("0 hours ago"), "{}", detail());
    database.execute("UPDATE server SET backed_up_at = backed_up_at + 86400000", []).expect("moved");
    assert!(detail().contains("the clock was ahead"), "{}", detail());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_a_folder_that_was_moved() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let (folder, away) = (server.folder.path().to_owned(), server.folder.path().with_extension("away"));
    let body = |seq| json!({ "changes": weights(&account, seq, 1) });
    std::fs::rename(&folder, &away).expect("moved");
    let (status, refused) = server.post("/api/v1/changes/batch", Some(&account.access), &body(1)).await;
    assert_eq!(status, 503, "{refused}");
    let ready = server.http.get(server.url("/readyz")).send().await.expect("an answer");
    assert_eq!(ready.status(), 503);
    std::fs::create_dir(&folder).expect("another folder");
    std::fs::write(folder.join("stronglog.db"), "").expect("another file");
    assert_eq!(server.post("/api/v1/changes/batch", Some(&account.access), &body(1)).await.0, 503, "with another file in its place too");
    std::fs::remove_dir_all(&folder).expect("removed");
    std::fs::rename(&away, &folder).expect("moved back");
    assert_eq!(server.post("/api/v1/changes/batch", Some(&account.access), &body(1)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_interrupted_is_not_taken_for_a_new_server() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    server.push(&account, &weights(&account, 1, 3)).await;
    let Server { running, folder, .. } = server;
    let folder = folder.path();
    let backup = folder.join("monday.backup");
    admin::back_up(folder, &backup).expect("a backup");
    running.stop().await.expect("an orderly end");
    // As a crash leaves it between the two renames.
    std::fs::copy(folder.join("stronglog.db"), folder.join("stronglog.db.restoring")).expect("a copy");
    std::fs::rename(folder.join("stronglog.db"), folder.join("stronglog.db.before-1")).expect("renamed");
    let refused = stronglog_server::serve::start(Config::local(folder)).await;
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("run `stronglog admin restore` again"), "{message}");
    admin::restore(folder, &backup).expect("restored after all");
    let running = stronglog_server::serve::start(Config::local(folder)).await.expect("the server starts");
    running.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_marked_as_a_file_of_this_program() {
    let server = Server::start().await;
    let backup = server.folder.path().join("monday.backup");
    admin::back_up(server.folder.path(), &backup).expect("a backup");
    let header = std::fs::read(&backup).expect("the backup");
    assert_eq!(&header[68..72], b"SLog", "where programs such as `file` look");
    server.running.stop().await.expect("an orderly end");
    std::fs::write(server.folder.path().join("empty"), "").expect("written");
    let refused = admin::restore(server.folder.path(), &server.folder.path().join("empty")).expect_err("empty").to_string();
    assert!(refused.contains("the file is empty"), "{refused}");
}
