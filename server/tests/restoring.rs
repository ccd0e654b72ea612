//! The data that a restore keeps of the replaced database, and its message if that database cannot be read.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use stronglog_server::admin::{self, Place, users};
use support::{Account, PASSWORD, Server, cursor, erase, live, weights};

const NEW: &str = "squat bench deadlift press";

async fn login(server: &Server, email: &str, password: &str) -> (u16, Value) {
    server.post("/api/v1/auth/login", None, &json!({ "email": email, "password": password })).await
}

async fn set_password(server: &Server, account: &Account) {
    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    assert_eq!(server.post("/api/v1/auth/password", Some(&account.access), &change).await.0, 204);
}

/// Restores the backup `monday.backup`, after a change of the database that is replaced.
async fn restored(server: Server, change: impl FnOnce(&Path)) -> (Server, admin::Restored) {
    let mut restored = None;
    let server = server
        .restart(|folder| {
            change(&folder.join("stronglog.db"));
            restored = Some(admin::restore(folder, &folder.join("monday.backup")).expect("restored"));
        })
        .await;
    (server, restored.expect("restored"))
}

fn change_with(statements: &'static str) -> impl FnOnce(&Path) {
    move |database| rusqlite::Connection::open(database).expect("the database").execute_batch(statements).expect("changed")
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_limits_that_the_backup_lacks_are_kept() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let gone = server.register("gone@example.com").await;
    admin::back_up(server.folder.path(), &server.folder.path().join("monday.backup")).expect("a backup");
    erase(&server, &gone).await;
    // The address of the account that the backup still has.
    let (alex, erased) = (server.register("gone@example.com").await, server.register("erased@example.com").await);
    let records = weights(&alex, 1, 3);
    server.push(&alex, &records).await;
    let before = cursor(&server, &alex).await;
    erase(&server, &erased).await;
    let limits = users::Limits { records_max: Some(7), bytes_max: None };
    users::limit(&Place::folder(server.folder.path()), "sam@example.com", limits).await.expect("limited");

    let (server, restored) = restored(server, |_| {}).await;
    assert_eq!((restored.accounts_kept, restored.not_kept), (1, None));
    let (status, usage) = server.get("/api/v1/account/usage", &sam.access).await;
    assert_eq!((status, &usage["recordsMax"]), (200, &json!(7)), "{usage}");
    let (status, problem) = server.get(&format!("/api/v1/changes?since={before}"), &alex.access).await;
    assert_eq!((status, &problem["restoredRev"]), (410, &json!(0)), "its devices push everything again: {problem}");
    server.push(&alex, &records).await;
    assert_eq!(live(&server, &alex).await.len(), 3);
    assert_eq!(login(&server, "gone@example.com", PASSWORD).await.1["userId"], json!(alex.user));
    for account in [&gone, &erased] {
        assert_eq!(server.get("/api/v1/changes", &account.access).await.0, 401, "an erased account stays so");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_are_kept_of_a_database_of_another_version() {
    let later = "ALTER TABLE sessions ADD COLUMN later INTEGER NOT NULL DEFAULT 0; ALTER TABLE epochs ADD COLUMN later TEXT;
        ALTER TABLE restores ADD COLUMN later TEXT; PRAGMA user_version = 1000";
    let earlier = "ALTER TABLE sessions DROP COLUMN synced_rev; ALTER TABLE users DROP COLUMN digest; PRAGMA user_version = 8";
    for change in [later, earlier] {
        let server = Server::start().await;
        let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
        admin::back_up(server.folder.path(), &server.folder.path().join("monday.backup")).expect("a backup");
        set_password(&server, &sam).await;
        users::disable(&Place::folder(server.folder.path()), "alex@example.com").await.expect("disabled");
        let (server, restored) = restored(server, change_with(change)).await;
        assert_eq!(restored.not_kept, None, "{change}");
        assert_eq!(login(&server, "sam@example.com", PASSWORD).await.0, 401, "{change}");
        assert_eq!(login(&server, "sam@example.com", NEW).await.0, 200, "{change}");
        assert_eq!(login(&server, "alex@example.com", PASSWORD).await.0, 403, "{change}");
        assert_eq!(server.get("/api/v1/changes", &alex.access).await.0, 401, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_says_that_it_could_not_keep_the_sign_ins() {
    let damage = |database: &Path| std::fs::write(database, "no database").expect("damaged");
    type Change = Box<dyn FnOnce(&Path) + Send>;
    let changes: [(&str, Change); 2] = [
        ("damaged", Box::new(damage)),
        (
            "of a version that cannot be read",
            Box::new(change_with("ALTER TABLE users RENAME COLUMN password_hash TO later; PRAGMA user_version = 1000")),
        ),
    ];
    for (why, change) in changes {
        let server = Server::start().await;
        let sam = server.register("sam@example.com").await;
        admin::back_up(server.folder.path(), &server.folder.path().join("monday.backup")).expect("a backup");
        set_password(&server, &sam).await;
        let (server, restored) = restored(server, change).await;
        assert!(restored.not_kept.is_some(), "{why}");
        assert_eq!(login(&server, "sam@example.com", PASSWORD).await.0, 200, "{why}: the password is that of the backup");
    }
}
