//! A server's data moves to another database and back, and devices continue where they were.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use stronglog_server::admin::{self, Place};
use stronglog_server::check::{self, FolderChecks, Grade};
use stronglog_server::config::{Config, Secret};
use stronglog_server::serve::{Running, start};
use stronglog_sync::api::CONTRACT;
use support::postgres::Postgres;
use support::{Account, Records, Server, WEIGHTS, now, text, tombstone, weight};

const SECRET: &str = "q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe";

/// A server on a folder, or on a database.
async fn server(folder: &Path, store: Option<&Postgres>) -> Running {
    let store = store.map(|postgres| Secret::new(postgres.url()));
    let config = Config { store, signing_secret: Some(Secret::new(SECRET)), dev: false, ..Config::local(folder) };
    stronglog_server::serve::start(config).await.expect("the server starts")
}

fn place(postgres: &Postgres) -> Place {
    Place::database(&postgres.url(), None).expect("an address")
}

/// Two accounts with records of every collection, deletions, several devices, and a purge watermark.
async fn fill(server: &Server) -> Vec<Account> {
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    let mut records = Records::new(7);
    let made: Vec<Value> = (1..).zip(CONTRACT.collections).map(|(seq, one)| sam.change(one.path, &records.live(one, now()), seq)).collect();
    server.push(&sam, &made).await;
    for seq in [100, 200] {
        let record = weight(now());
        server.push(&sam, &[sam.change(WEIGHTS, &record, seq)]).await;
        server.push(&sam, &[sam.change(WEIGHTS, &tombstone(&record, now()), seq + 1)]).await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        if seq == 100 {
            admin::purge(
                &Place::folder(server.folder.path()),
                admin::PurgeOptions { tombstone_days: 0, backup_days: 0, accept_clock: false },
            )
            .await
            .expect("purged");
        }
    }
    let many: Vec<Value> = (1..=600).map(|seq| alex.change(WEIGHTS, &weight(now()), seq)).collect();
    for some in many.chunks(500) {
        server.push(&alex, some).await;
    }
    vec![sam, alex]
}

/// Pulls everything after a cursor, and returns it with the next cursor.
async fn pull(server: &Server, account: &Account, cursor: Option<&str>) -> (Vec<Value>, String) {
    let (mut changes, mut cursor) = (Vec::new(), cursor.map(str::to_owned));
    loop {
        let after = cursor.map(|cursor| format!("&since={cursor}")).unwrap_or_default();
        let (status, page) = server.get(&format!("/api/v1/changes?limit=500{after}"), &account.access).await;
        assert_eq!(status, 200, "{page}");
        changes.extend(page["changes"].as_array().expect("changes").clone());
        cursor = Some(text(&page["nextCursor"]));
        if page["hasMore"] == json!(false) {
            return (changes, cursor.expect("a cursor"));
        }
    }
}

/// Everything that the doctor finds.
fn doctor(folder: &Path) -> String {
    let findings = check::folder(folder, FolderChecks { backup_hours: 24 });
    findings.into_iter().map(|finding| finding.detail).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_notice_nothing_of_a_move_to_postgres_and_back() {
    let before = Server::start_with(|config| (config.signing_secret, config.dev) = (Some(Secret::new(SECRET)), false)).await;
    let accounts = fill(&before).await;
    let mut seen = Vec::new();
    for account in &accounts {
        seen.push(pull(&before, account, None).await);
    }
    let Server { running, folder, http, .. } = before;
    let postgres = Postgres::start();
    let source = Place::folder(folder.path());
    let refused = admin::copy(&source, &place(&postgres)).await.expect_err("a server runs").to_string();
    assert!(refused.contains("stop it first"), "{refused}");
    running.stop().await.expect("an orderly end");

    let copied = admin::copy(&source, &place(&postgres)).await.expect("copied");
    assert!(!copied.was_there && copied.rows.contains(&("users", 2)) && copied.rows.contains(&("epochs", 1)), "{copied:?}");
    assert!(admin::copy(&source, &place(&postgres)).await.expect("copied").was_there, "which a second run finds");

    // Over Postgres, the devices go on.
    let server_of = |running, folder, http| Server { running, folder, http, postgres: None };
    let moved = server_of(server(folder.path(), Some(&postgres)).await, folder, http);
    for (account, (changes, cursor)) in accounts.iter().zip(&seen) {
        assert_eq!(pull(&moved, account, Some(cursor)).await.0, Vec::<Value>::new(), "nothing is new, and nothing is pulled again");
        assert_eq!(&pull(&moved, account, None).await.0, changes);
        let body = json!({ "changes": [account.change(WEIGHTS, &weight(now()), 1_000)], "cursor": cursor });
        let (status, pushed) = moved.post("/api/v1/changes/batch", Some(&account.access), &body).await;
        assert_eq!((status, &pushed["outcomes"][0]["outcome"]), (200, &json!("accepted")), "{pushed}");
    }
    let (status, pair) = moved.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": accounts[0].refresh })).await;
    assert_eq!(status, 200, "{pair}");
    let refused = admin::copy(&place(&postgres), &Place::folder(moved.folder.path().join("back"))).await.expect_err("a server runs");
    assert!(refused.to_string().contains("stop them first"), "{refused}");
    let Server { running, folder, http, .. } = moved;
    running.stop().await.expect("an orderly end");

    // And back: the old folder holds other data by now.
    let refused = admin::copy(&place(&postgres), &source).await.expect_err("other data").to_string();
    assert!(refused.contains("other data"), "{refused}");
    let back = folder.path().join("back");
    std::fs::create_dir(&back).expect("a folder");
    std::fs::write(back.join("stronglog.db.copying"), "of a copy that was interrupted").expect("written");
    let refused = start(Config::local(&back)).await.err().expect("no new database beside it").to_string();
    let found =
        check::settings(&Config::local(&back)).await.into_iter().find(|finding| finding.grade == Grade::Bad).map(|finding| finding.detail);
    for message in [refused, found.expect("the check finds it"), doctor(&back)] {
        assert!(message.contains("run `stronglog admin copy` again"), "{message}");
    }
    admin::copy(&place(&postgres), &Place::folder(&back)).await.expect("copied back");
    assert!(admin::copy(&place(&postgres), &Place::folder(&back)).await.expect("copied").was_there);
    std::fs::write(back.join("stronglog.db.copying"), "left").expect("written");
    assert!(doctor(&back).contains("stronglog.db.copying is left over from an interrupted copy"), "{}", doctor(&back));
    let server = server_of(server(&back, None).await, folder, http);
    for (account, (changes, cursor)) in accounts.iter().zip(&seen) {
        assert_eq!(pull(&server, account, Some(cursor)).await.0.len(), 1, "what was pushed meanwhile");
        assert_eq!(pull(&server, account, None).await.0.len(), changes.len() + 1);
    }
    let spent = json!({ "refreshToken": pair["refreshToken"] });
    assert_eq!(server.post("/api/v1/auth/refresh", None, &spent).await.0, 200, "the newest token goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_anywhere_stays_erased_after_a_move() {
    let before = Server::start_with(|config| (config.signing_secret, config.dev) = (Some(Secret::new(SECRET)), false)).await;
    let (sam, alex) = (before.register("sam@example.com").await, before.register("alex@example.com").await);
    before.register("kim@example.com").await;
    admin::back_up(before.folder.path(), &before.folder.path().join("monday.backup")).expect("a backup");
    support::erase(&before, &sam).await;
    let Server { running, folder, http, .. } = before;
    running.stop().await.expect("an orderly end");
    let postgres = Postgres::start();
    admin::copy(&Place::folder(folder.path()), &place(&postgres)).await.expect("copied");
    assert_eq!(postgres.sql("SELECT collections IS NOT NULL FROM server"), "t", "what the data is made of is known there");
    let moved = Server { running: server(folder.path(), Some(&postgres)).await, folder, http, postgres: None };
    support::erase(&moved, &alex).await;
    let Server { running, folder, .. } = moved;
    running.stop().await.expect("an orderly end");
    let back = folder.path().join("back");
    admin::copy(&place(&postgres), &Place::folder(&back)).await.expect("copied back");
    admin::restore(&back, &folder.path().join("monday.backup")).expect("restored");
    let known = admin::users::list(&Place::folder(&back)).await.expect("accounts");
    assert_eq!(known.iter().map(|user| user.email.as_str()).collect::<Vec<_>>(), ["kim@example.com"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_breaks_off_leaves_nothing_and_is_done_again() {
    let server = Server::start().await;
    fill(&server).await;
    let Server { running, folder, .. } = server;
    running.stop().await.expect("an orderly end");
    let (postgres, source) = (Postgres::start(), Place::folder(folder.path()));
    admin::copy(&source, &Place::folder(folder.path().join("twin"))).await.expect("SQLite to SQLite");
    // The tables exist, and reject the last rows of the copy.
    let unused = folder.path().join("unused");
    self::server(&unused, Some(&postgres)).await.stop().await.expect("an orderly end");
    postgres.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON boundaries FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let failed = admin::copy(&source, &place(&postgres)).await.expect_err("it breaks off").to_string();
    assert!(failed.contains("the disk is full"), "{failed}");
    assert_eq!(postgres.sql("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM records)"), "0");
    postgres.sql("DROP TRIGGER refuse ON boundaries");
    assert!(!admin::copy(&source, &place(&postgres)).await.expect("copied").was_there);
    // Into a folder, a row that refers to none.
    postgres.sql("INSERT INTO boundaries SELECT gen_random_uuid(), 1, 1");
    let other = folder.path().join("other");
    let failed = admin::copy(&place(&postgres), &Place::folder(&other)).await.expect_err("it breaks off").to_string();
    assert!(failed.contains("FOREIGN KEY"), "{failed}");
    assert!(!other.exists(), "what is not used takes no space");
    postgres.sql("DELETE FROM boundaries WHERE user_id NOT IN (SELECT user_id FROM users)");
    postgres.sql("UPDATE records SET stamp = stamp + 1 WHERE rev = 3");
    let changed = admin::copy(&source, &place(&postgres)).await.expect_err("one row differs").to_string();
    assert!(changed.contains("other data") && !changed.contains("postgres://"), "{changed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_to_a_database_while_it_is_copied() {
    let server = Server::start().await;
    fill(&server).await;
    let Server { running, folder, .. } = server;
    running.stop().await.expect("an orderly end");
    let (from, to) = (Postgres::start(), Postgres::start());
    admin::copy(&Place::folder(folder.path()), &place(&from)).await.expect("copied");
    self::server(&folder.path().join("unused"), Some(&to)).await.stop().await.expect("an orderly end");
    to.sql(
        "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$;
        CREATE TRIGGER pause BEFORE INSERT ON boundaries FOR EACH STATEMENT EXECUTE FUNCTION pause()",
    );
    let (source, target) = (place(&from), place(&to));
    let copy = tokio::spawn(async move { admin::copy(&source, &target).await });
    while to.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != "1" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // As a server that is started too early.
    let written =
        from.session().args(["-c", "SET lock_timeout = '500ms'", "-c", "UPDATE heads SET rev = rev"]).output().expect("psql runs");
    assert!(!written.status.success(), "what is written now would be in no copy");
    assert!(!copy.await.expect("no panic").expect("copied").was_there);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_the_database_does_not_know_by_its_name_is_noticed() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| config.store = Some(Secret::new(format!("{}?application_name=web", postgres.url())))).await;
    let heard = async {
        while postgres.sql("SELECT count(*) FROM leases WHERE name LIKE 'server %'") != "1" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), heard).await.expect("the server says that it runs");
    let Server { running, folder, .. } = server;
    let twin = Place::folder(folder.path().join("twin"));
    let refused = admin::copy(&place(&postgres), &twin).await.expect_err("a server runs").to_string();
    assert!(refused.contains("stop them first"), "{refused}");
    running.stop().await.expect("an orderly end");
    admin::copy(&place(&postgres), &twin).await.expect("nobody writes now");
}
