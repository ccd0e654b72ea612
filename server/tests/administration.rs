//! The operator's commands on accounts and data next to a running server, over SQLite and over Postgres.

mod support;

use serde_json::json;
use stronglog_server::admin;
use stronglog_server::admin::users::{self, Limits};
use stronglog_server::check::{self, Grade};
use stronglog_server::config::{Config, Secret};
use support::{PASSWORD, Server, WEIGHTS, now, tombstone, weight};

const SAM: &str = "sam@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_limits_disables_and_erases_accounts() {
    let server = Server::start().await;
    let place = server.place();
    let sam = server.register(SAM).await;
    let record = weight(now());
    server.push(&sam, &[sam.change(WEIGHTS, &record, 1), sam.change(WEIGHTS, &weight(now()), 2)]).await;

    let [known] = &users::list(&place).await.expect("accounts")[..] else { panic!("one account") };
    assert_eq!((known.email.as_str(), known.records, known.rev, known.sessions, known.is_disabled), (SAM, 2, 2, 1, false));
    for name in ["SAM@example.com", &sam.user] {
        assert_eq!(users::show(&place, name).await.expect("the account").id, known.id);
    }
    let missing = users::show(&place, "alex@example.com").await.expect_err("no account").to_string();
    assert!(missing.contains("alex@example.com"), "{missing}");
    let [device] = &users::sessions(&place, SAM).await.expect("sessions")[..] else { panic!("one device") };
    assert_eq!(device.device_name.as_deref(), Some("test"));

    users::limit(&place, SAM, Limits { records_max: Some(2), bytes_max: None }).await.expect("limited");
    let body = json!({ "changes": [sam.change(WEIGHTS, &weight(now()), 3)] });
    let (_, refused) = server.post("/api/v1/changes/batch", Some(&sam.access), &body).await;
    assert!(refused.to_string().contains("quota"), "{refused}");
    assert_eq!(users::show(&place, SAM).await.expect("the account").limits.records_max, Some(2));

    users::disable(&place, SAM).await.expect("disabled");
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401);
    let login = json!({ "email": SAM, "password": PASSWORD });
    assert_eq!(server.post("/api/v1/auth/login", None, &login).await.0, 403);
    users::enable(&place, SAM).await.expect("enabled");
    assert_eq!(server.post("/api/v1/auth/login", None, &login).await.0, 200);
    users::reset_password(&place, SAM, "another correct horse").await.expect("reset");
    assert_eq!(server.post("/api/v1/auth/login", None, &login).await.0, 401);
    assert!(users::sessions(&place, SAM).await.expect("sessions").is_empty());

    let (erased, _) = users::delete(&place, SAM).await.expect("erased");
    assert_eq!(erased.id, known.id);
    assert!(users::list(&place).await.expect("accounts").is_empty());
    server.register(SAM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_holds_is_counted_and_old_deletions_are_purged() {
    let server = Server::start().await;
    let place = server.place();
    let sam = server.register(SAM).await;
    let record = weight(now());
    server.push(&sam, &[sam.change(WEIGHTS, &record, 1), sam.change(WEIGHTS, &weight(now()), 2)]).await;
    server.push(&sam, &[sam.change(WEIGHTS, &tombstone(&record, now()), 3)]).await;
    let stats = admin::stats(&place).await.expect("counts");
    assert_eq!((stats.accounts, stats.sessions, stats.records, stats.tombstones, stats.restores), (1, 1, 1, 1, 0));
    assert!(stats.database_bytes > 0 && stats.bytes > 100 && stats.written_at.is_some(), "{stats:?}");
    assert_eq!(stats.largest[0].email, SAM);
    assert_eq!(
        admin::purge(&place, admin::PurgeOptions { tombstone_days: 1, backup_days: 0, accept_clock: false }).await.expect("purged"),
        0,
        "the deletion is of today"
    );
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    assert_eq!(
        admin::purge(&place, admin::PurgeOptions { tombstone_days: 0, backup_days: 0, accept_clock: false }).await.expect("purged"),
        1
    );
    assert_eq!(admin::stats(&place).await.expect("counts").tombstones, 0);

    let store = server.postgres.as_ref().map(|postgres| Secret::new(postgres.url()));
    let config = Config { store, ..Config::local(server.folder.path()) };
    let found = match config.store {
        Some(_) => check::database(&config).await,
        None => check::folder(server.folder.path(), check::FolderChecks { backup_hours: 48 }),
    };
    assert!(found.len() > 4 && found.iter().all(|finding| finding.grade < Grade::Bad || finding.name == "permissions"), "{found:?}");
    if config.store.is_some() {
        server.sql("UPDATE heads SET rev = 1");
        let found = check::database(&config).await;
        assert!(found[0].name == "integrity" && found[0].grade == Grade::Bad, "{found:?}");
    }
}
