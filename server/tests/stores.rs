//! One suite over all stores: the same requests, in the same order, get the same responses from memory, SQLite and Postgres.

#[path = "support/postgres.rs"]
mod postgres;

use std::sync::Arc;

use stronglog_server::feed::{self, Deletion, Error};
use stronglog_server::store::accounts::{Account, Created, Denied, DeviceActivity, Exchange, Session, SessionKey, SignedIn};
use stronglog_server::store::database::Database;
use stronglog_server::store::memory::Memory;
use stronglog_server::store::prefetch::Prefetch;
use stronglog_server::store::{Quota, Records, StoreError, Usage};
use stronglog_sync::api::collection::Collection;
use stronglog_sync::api::{CONTRACT, SERVER_CONTRACT};
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::wire::{self, Feed, Push};
use uuid::Uuid;

const NOW: i64 = 1_750_000_000_000;
const DAY_MS: i64 = 86_400_000;
const KEY: SessionKey = SessionKey { user: Uuid::from_u128(1), session: Uuid::from_u128(2) };
/// Few, so that it is reached now and then.
const QUOTA: Quota = Quota { records_max: Some(9), bytes_max: None };

/// The rejection or the failure of a request.
#[derive(Debug)]
enum Refused {
    Denied,
    Feed(Error),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Feed(error.into())
    }
}

impl From<Denied> for Refused {
    fn from(_: Denied) -> Self {
        Refused::Denied
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Feed(error)
    }
}

fn account(user: u128, email: &str) -> Account {
    Account {
        user: Uuid::from_u128(user),
        email: email.to_owned(),
        password_hash: "hash".to_owned(),
        recovery_hash: None,
        created_at: NOW,
        is_disabled: false,
    }
}

fn session(key: SessionKey) -> Session {
    let SessionKey { user, session: id } = key;
    Session { user, id, device_name: None, platform: None, salt: [7; 16], generation: 1, rotated_at: NOW, created_at: NOW }
}

/// SQLite and Postgres, with the folder and the server that they are on.
async fn databases() -> (Vec<(&'static str, Database)>, tempfile::TempDir, postgres::Postgres) {
    let (folder, server) = (tempfile::tempdir().expect("a temporary folder"), postgres::Postgres::start());
    let sqlite = Database::sqlite(folder.path(), "e1").expect("SQLite");
    let postgres = Database::at(&server.url(), None, 4, std::time::Duration::from_secs(25), "e1").await.expect("Postgres");
    (vec![("SQLite", sqlite), ("Postgres", postgres)], folder, server)
}

/// A request that any store can handle.
#[derive(Clone)]
enum Request {
    Push(Arc<Push>, Feed),
    Pull(Option<String>, Option<usize>, Feed),
    Delete(&'static Collection, Uuid),
    Read(&'static Collection, Uuid),
}

impl Request {
    fn writes(&self) -> bool {
        matches!(self, Request::Push(..) | Request::Delete(..))
    }

    fn wanted(&self) -> Prefetch {
        match self {
            Request::Push(push, feed) => feed::prefetch_for_push(push, *feed),
            Request::Pull(since, limit, feed) => feed::prefetch_for_pull(since.as_deref(), *limit, *feed),
            Request::Delete(_, id) => feed::prefetch_for_edit(*id),
            Request::Read(_, id) => Prefetch::record(*id),
        }
    }

    /// Handles a read-only request. Returns the response as text, and the cursor for the next page.
    fn read(&self, records: &dyn Records, at: i64) -> Result<(String, Option<String>), Error> {
        match self {
            Request::Pull(since, limit, feed) => {
                let page = feed::pull(records, since.as_deref(), *limit, *feed, at)?;
                Ok((format!("{page:?}"), Some(page.next_cursor)))
            }
            Request::Read(collection, id) => Ok((format!("{:?}", feed::read(records, collection, *id)?), None)),
            Request::Push(..) | Request::Delete(..) => Ok(Default::default()),
        }
    }

    /// Handles a request that writes.
    fn write(&self, records: &mut dyn stronglog_server::store::Records, at: i64, seed: u64) -> Result<String, Error> {
        let mut bits = seed << 20;
        let mut random = || {
            bits += 1;
            bits
        };
        let clock = &mut ClockAndRng { now_ms: at, random: &mut random };
        match self {
            Request::Push(push, feed) => Ok(format!("{:?}", feed::push(records, push, *feed, clock)?)),
            Request::Delete(collection, id) => {
                Ok(format!("{:?}", feed::delete(records, collection, Deletion { id: *id, by: None, base_rev: None }, clock)?))
            }
            Request::Pull(..) | Request::Read(..) => Ok(String::new()),
        }
    }
}

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn request(&mut self, seq: u64, cursors: &[String]) -> Request {
        let collection = CONTRACT.collections.iter().find(|known| known.path == "user-bodyweight-logs").expect("a collection");
        let feed = if self.below(4) == 0 { Feed::One(collection) } else { Feed::All(&CONTRACT) };
        let id = |numbers: &mut Self| Uuid::from_u128(100 + u128::from(numbers.below(14)));
        match self.below(10) {
            0..5 => {
                let edits = (0..=self.below(3)).map(|edit| {
                    let id = id(self);
                    self.edit(seq * 8 + edit, id)
                });
                let edits: Vec<String> = edits.collect();
                let cursor = self.cursor(cursors, feed).map(|cursor| format!(r#","cursor":"{cursor}""#)).unwrap_or_default();
                let body = format!(r#"{{"changes":[{}]{cursor}}}"#, edits.join(","));
                Request::Push(Arc::new(wire::read_push(body.as_bytes(), &SERVER_CONTRACT, feed).expect("a push")), feed)
            }
            5..8 => Request::Pull(self.cursor(cursors, feed), Some(1 + self.below(6) as usize), feed),
            8 => Request::Delete(collection, id(self)),
            _ => Request::Read(collection, id(self)),
        }
    }

    fn cursor(&mut self, cursors: &[String], feed: Feed) -> Option<String> {
        let own: Vec<&String> = cursors.iter().filter(|cursor| cursor.starts_with(&format!("v1.{}", feed.name()))).collect();
        let index = self.below(own.len() as u64 + 1) as usize;
        own.get(index).map(|cursor| (*cursor).clone())
    }

    fn edit(&mut self, seq: u64, id: Uuid) -> String {
        let (device, stamp) = (Uuid::from_u128(10 + u128::from(self.below(3))), NOW - 50 + self.below(100) as i64);
        let base = if self.below(2) == 0 { format!(r#","baseRev":{}"#, 1 + self.below(20)) } else { String::new() };
        let member = if self.below(4) == 0 { r#""isDeleted":true"# } else { r#""isDeleted":false,"date":1,"weightKg":80"# };
        let op = format!(r#"{{"id":"{}","deviceId":"{device}","seq":{seq}}}"#, Uuid::from_u128(u128::from(seq)));
        format!(
            r#"{{"collection":"user-bodyweight-logs","op":{op}{base},"record":{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":{stamp},{member}}}}}"#
        )
    }
}

async fn answered(
    database: &Database,
    request: &Request,
    prefetch: Prefetch,
    at: i64,
    seed: u64,
) -> Result<(String, Option<String>), Refused> {
    let own = request.clone();
    if request.writes() {
        let text = database.write_records(KEY, QUOTA, prefetch, move |records| Ok::<_, Refused>(own.write(records, at, seed)?)).await?;
        return Ok((text, None));
    }
    database.read_records(KEY, QUOTA, prefetch, move |records| Ok::<_, Refused>(own.read(records, at)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_requests_get_the_same_answers_from_every_store() {
    let (databases, _folder, _server) = databases().await;
    let mut memory = Memory::new("e1");
    memory.set_quota(QUOTA);
    for (_, database) in &databases {
        assert_eq!(database.register(account(1, "sam@example.com"), session(KEY)).await.expect("stored"), Created::New);
    }
    let (mut numbers, mut cursors, mut at) = (Numbers(7), Vec::new(), NOW);
    // A cursor of an epoch that none has heard of.
    cursors.push("v1.all.e9.3".to_owned());
    for seed in 1..=400 {
        let request = numbers.request(seed, &cursors);
        at += numbers.below(DAY_MS as u64 / 20) as i64;
        let mut records = memory.user(KEY.user);
        let expected = match request.writes() {
            true => request.write(&mut records, at, seed).map(|text| (text, None)),
            false => request.read(&records, at),
        };
        // The prefetch makes no difference to the response.
        let prefetch = if numbers.below(3) == 0 { Prefetch::default() } else { request.wanted() };
        for (name, database) in &databases {
            let got = answered(database, &request, prefetch.clone(), at, seed).await;
            let got = got.map_err(|refused| match refused {
                Refused::Feed(error) => error,
                Refused::Denied => panic!("{name}: the session is live"),
            });
            assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{name}, request {seed}");
        }
        cursors.extend(expected.ok().and_then(|(_, cursor)| cursor));
        if seed % 50 == 0 {
            let purged = memory.purge(at - DAY_MS).expect("purged");
            for (name, database) in &databases {
                assert_eq!(database.purge(1, 0, at).await.expect("purged"), purged, "{name}");
            }
        }
    }
    assert!(cursors.len() > 20, "{} pulls were answered", cursors.len() - 1);
}

/// Records with these ids as edits of one push.
fn push_of(numbers: std::ops::Range<u64>) -> Request {
    let edit = |number: u64| {
        let (op, id) = (Uuid::from_u128(u128::from(number)), Uuid::from_u128(100 + u128::from(number)));
        format!(
            r#"{{"collection":"user-bodyweight-logs","op":{{"id":"{op}","deviceId":"{}","seq":{number}}},
            "record":{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":{NOW},"isDeleted":false,"date":1,"weightKg":80}}}}"#,
            Uuid::from_u128(9)
        )
    };
    let edits: Vec<String> = numbers.map(edit).collect();
    let (body, feed) = (format!(r#"{{"changes":[{}]}}"#, edits.join(",")), Feed::All(&CONTRACT));
    Request::Push(Arc::new(wire::read_push(body.as_bytes(), &SERVER_CONTRACT, feed).expect("a push")), feed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_digest_is_computed_while_nobody_waits_for_it() {
    let (databases, folder, server) = databases().await;
    for (name, database) in &databases {
        database.register(account(1, "sam@example.com"), session(KEY)).await.expect("stored");
        let push = async |push: Request| drop(answered(database, &push, push.wanted(), NOW, 1).await.expect("a push"));
        let digest = async || {
            let decide = |records: &dyn Records| Ok::<_, Refused>(feed::pull(records, None, Some(1_000), Feed::All(&CONTRACT), NOW)?);
            database.read_records(KEY, QUOTA, Prefetch::default(), decide).await.expect("a page").digest
        };
        push(push_of(1..4)).await;
        let before = digest().await.unwrap_or_else(|| panic!("{name}: a new account has a digest"));
        // As after a restore.
        rusqlite::Connection::open(folder.path().join("stronglog.db"))
            .expect("SQLite")
            .execute("UPDATE users SET digest = NULL", [])
            .expect("unset");
        server.sql("UPDATE heads SET digest = NULL");
        push(push_of(1..1)).await;
        database.complete_digests().await.expect("computed");
        assert_eq!(digest().await, Some(before), "{name}");
        rusqlite::Connection::open(folder.path().join("stronglog.db"))
            .expect("SQLite")
            .execute("UPDATE users SET digest = NULL", [])
            .expect("unset");
        server.sql("UPDATE heads SET digest = NULL");
        push(push_of(4..5)).await;
        assert_eq!(digest().await, None, "{name}: a push does not read all records");
        database.complete_digests().await.expect("computed");
        let completed = digest().await;
        push(push_of(5..6)).await;
        let changed = digest().await;
        assert!(completed.is_some() && changed.is_some() && completed != changed, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usage_is_counted_again_if_records_were_removed_from_the_database() {
    let (databases, folder, server) = databases().await;
    let sqlite =
        |sql: &str| rusqlite::Connection::open(folder.path().join("stronglog.db")).expect("SQLite").execute(sql, []).expect("changed");
    for (name, database) in &databases {
        database.register(account(1, "sam@example.com"), session(KEY)).await.expect("stored");
        let push = push_of(1..6);
        answered(database, &push, push.wanted(), NOW, 1).await.expect("a push");
        let head = async || {
            let head = |records: &dyn Records| Ok::<_, Refused>(records.head()?);
            database.read_records(KEY, QUOTA, Prefetch::default(), head).await.expect("the head")
        };
        let before = head().await;
        let of_one = Usage { records: 1, bytes: before.usage.bytes / 5, tombstones: 0 };
        assert_eq!(before.usage, Usage { records: 5, bytes: of_one.bytes * 5, tombstones: 0 }, "{name}");
        database.check_digest(KEY.user).await.expect("checked");
        assert_eq!(head().await, before, "{name}: nothing was changed");
        // A tombstone appears, and two records are gone.
        let delete =
            r#"UPDATE records SET deleted = TRUE, record = replace(record, '"isDeleted":false', '"isDeleted":true') WHERE rev = 2"#;
        for sql in [delete, "DELETE FROM records WHERE rev > 3"] {
            sqlite(sql);
            server.sql(sql);
        }
        database.check_digest(KEY.user).await.expect("checked");
        let after = head().await;
        assert_ne!(after.digest, before.digest, "{name}");
        assert_eq!(after.usage, Usage { records: 2, bytes: of_one.bytes * 2, tombstones: 1 }, "{name}");
        // Only the counters are wrong.
        sqlite("UPDATE users SET record_count = 9, record_bytes = 9, tombstone_count = 9");
        server.sql("UPDATE heads SET record_count = 9, record_bytes = 9, tombstone_count = 9");
        database.check_digests().await.expect("checked");
        assert_eq!(head().await, after, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_are_purged_in_steps_between_which_others_write() {
    const DUE: usize = 1_200;
    let (databases, folder, server) = databases().await;
    let sqlite = || rusqlite::Connection::open(folder.path().join("stronglog.db")).expect("SQLite");
    for (_, database) in &databases {
        database.register(account(1, "sam@example.com"), session(KEY)).await.expect("stored");
    }
    // The number of the transaction that each tombstone is deleted in.
    sqlite()
        .execute_batch(&format!(
            "CREATE TABLE steps (number INTEGER);
            CREATE TRIGGER noted AFTER DELETE ON records BEGIN INSERT INTO steps SELECT writes FROM server; END;
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {DUE})
            INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
            SELECT user_id, CAST(printf('%016d', n) AS BLOB), 'any', n, zeroblob(16), zeroblob(16), n, 1, 1, zeroblob(16), 1, '{{}}'
            FROM numbers, users;
            UPDATE users SET rev = {DUE} + 1, tombstone_count = {DUE}"
        ))
        .expect("tombstones");
    server.sql(&format!(
        "CREATE TABLE steps (number xid8); GRANT ALL ON steps TO PUBLIC;
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO steps VALUES (pg_current_xact_id()); RETURN OLD; END $$;
        CREATE TRIGGER noted AFTER DELETE ON records FOR EACH ROW EXECUTE FUNCTION note();
        INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
        SELECT user_id, gen_random_uuid(), 'any', n, user_id, user_id, n, 1, true, user_id, 1, '{{}}' FROM generate_series(1, {DUE}) AS n, users;
        UPDATE heads SET rev = {DUE} + 1, tombstone_count = {DUE}"
    ));
    let most = "SELECT max(count) || ' of ' || sum(count) FROM (SELECT count(*) AS count FROM steps GROUP BY number) AS each";
    for (name, database) in &databases {
        assert_eq!(database.purge(1, 0, NOW).await.expect("purged"), DUE as u64, "{name}");
        let head =
            database.read_records(KEY, QUOTA, Prefetch::default(), |records| Ok::<_, Refused>(records.head()?)).await.expect("a head");
        assert_eq!((head.purge_watermark, head.usage.tombstones), (DUE as u64, 0), "{name}");
    }
    assert_eq!(sqlite().query_row(most, [], |row| row.get::<_, String>(0)).expect("a number"), format!("500 of {DUE}"), "SQLite");
    assert_eq!(server.sql(most), format!("500 of {DUE}"), "Postgres");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_purged_keeps_no_other_from_it() {
    let (databases, _folder, server) = databases().await;
    let (_, database) = databases.iter().find(|(name, _)| *name == "Postgres").expect("Postgres");
    for user in 1..=3 {
        let key = SessionKey { user: Uuid::from_u128(user), session: Uuid::from_u128(10 + user) };
        database.register(account(user, &format!("{user}@example.com")), session(key)).await.expect("stored");
    }
    server.sql(&format!(
        "INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
        SELECT user_id, user_id, 'any', 1, user_id, user_id, 1, 1, true, user_id, 1, '{{}}' FROM users;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'too slow'; END $$;
        CREATE TRIGGER refused BEFORE DELETE ON records FOR EACH ROW WHEN (OLD.user_id = '{}') EXECUTE FUNCTION refuse()",
        Uuid::from_u128(1)
    ));
    let failed = database.purge(1, 0, NOW).await.expect_err("one account cannot be purged").to_string();
    assert!(failed.contains("too slow"), "{failed}");
    assert_eq!(server.sql("SELECT count(*) FROM records"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_servers_that_start_at_once_with_different_secrets_one_learns_of_the_other() {
    let server = postgres::Postgres::start();
    let url = server.url();
    let open = || Database::at(&url, None, 4, std::time::Duration::from_secs(25), "e1");
    let (one, other) = (open().await.expect("Postgres"), open().await.expect("Postgres"));
    let (first, second) = ([Uuid::from_u128(1)], [Uuid::from_u128(2)]);
    let (one_learns, other_learns) = tokio::join!(one.sign_with(&first), other.sign_with(&second));
    assert!(one_learns.expect("an answer") | other_learns.expect("an answer"), "neither has noticed");
    other.close().await;
    assert!(!one.sign_with(&first).await.expect("an answer"), "a server that has stopped signs nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_sessions_are_alike_in_every_database() {
    let (databases, _folder, _server) = databases().await;
    for (name, database) in &databases {
        accounts_and_sessions(database).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        database.close().await;
        assert!(database.epoch().await.is_err(), "{name}: a closed database answers nothing");
    }
}

async fn accounts_and_sessions(database: &Database) -> Result<(), StoreError> {
    assert_eq!(database.register(account(1, "sam@example.com"), session(KEY)).await?, Created::New);
    let other_account = SessionKey { user: Uuid::from_u128(3), session: Uuid::from_u128(4) };
    assert_eq!(database.register(account(3, "sam@example.com"), session(other_account)).await?, Created::EmailTaken);
    assert!(matches!(database.admit(other_account).await, Err(Denied::SessionEnded)));
    assert_eq!(database.by_email("sam@example.com".to_owned()).await?.map(|known| known.user), Some(KEY.user));
    let other = SessionKey { session: Uuid::from_u128(5), ..KEY };
    assert_eq!(database.sign_in(session(other), "hash".to_owned()).await?, SignedIn::Begun);
    assert_eq!(database.sign_in(session(other), "another".to_owned()).await?, SignedIn::WrongPassword);
    let activity = DeviceActivity { seen_at: NOW + 5, synced: Some((NOW + 5, 3)) };
    database.record_activity(vec![(other, activity)]).await?;
    let devices = database.devices(KEY).await.expect("the session is live");
    assert_eq!(devices.len(), 2);
    assert!(devices.iter().any(|device| device.session == other.session && device.activity == activity));
    assert!(database.rename_device(KEY, other.session, "phone".to_owned()).await.expect("live"));
    assert!(!database.rename_device(KEY, other_account.session, "phone".to_owned()).await.expect("live"));

    // A token is exchanged once; a decision is given the current state of the session.
    let rotate = |session: &Session, is_live: bool| (Exchange::Rotate(session.generation + 1), (session.generation, is_live));
    assert_eq!(database.exchange(other, NOW + 9, rotate).await?, Some((1, true)));
    assert_eq!(database.exchange(other, NOW + 9, |session, _| (Exchange::Revoke, (session.generation, true))).await?, Some((2, true)));
    assert_eq!(database.exchange(other, NOW, |session, is_live| (Exchange::Keep, (session.generation, is_live))).await?, Some((2, false)));
    assert_eq!(database.exchange(other_account, NOW, rotate).await?, None);
    assert_eq!(database.ended(vec![KEY, other, other_account]).await?, [other, other_account]);

    let third = SessionKey { session: Uuid::from_u128(6), ..KEY };
    assert_eq!(database.sign_in(session(third), "hash".to_owned()).await?, SignedIn::Begun);
    assert!(database.revoke(KEY, third.session).await.expect("live"));
    assert!(!database.revoke(KEY, third.session).await.expect("live"), "it has ended before");
    database.set_recovery(KEY, "code".to_owned()).await.expect("live");
    database.set_password(KEY, "new".to_owned()).await.expect("live");
    assert!(!database.recover(KEY.user, "code".to_owned(), "stolen".to_owned()).await?, "a new password voids the code");
    database.set_recovery(KEY, "code".to_owned()).await.expect("live");
    assert!(!database.recover(KEY.user, "guess".to_owned(), "stolen".to_owned()).await?);
    assert!(database.recover(KEY.user, "code".to_owned(), "newer".to_owned()).await?);
    assert!(!database.recover(KEY.user, "code".to_owned(), "newest".to_owned()).await?, "a code is spent");
    assert!(matches!(database.admit(KEY).await, Err(Denied::SessionEnded)), "which has signed out everybody");
    for denied in [
        database.set_password(KEY, "x".to_owned()).await,
        database.revoke_all(KEY).await,
        database.revoke(KEY, KEY.session).await.map(drop),
    ] {
        assert!(matches!(denied, Err(Denied::SessionEnded)));
    }
    assert!(matches!(database.devices(KEY).await, Err(Denied::SessionEnded)));
    assert!(matches!(database.account(KEY).await, Err(Denied::SessionEnded)));

    assert_eq!(database.sign_in(session(SessionKey { session: Uuid::from_u128(7), ..KEY }), "newer".to_owned()).await?, SignedIn::Begun);
    assert_eq!(database.forget_sessions(NOW + 1).await?, 3, "all but the one whose token was exchanged");
    database.note_time(NOW).await?;
    assert_eq!((database.seen_at().await?, database.epoch().await?), (NOW, "e1".to_owned()));
    database.check().await?;
    assert_eq!(database.population(NOW).await?.accounts, 1);
    database.erase(KEY.user).await?;
    database.finish_erasing().await?;
    assert_eq!(database.population(NOW).await?.accounts, 0);
    assert_eq!(database.by_email("sam@example.com".to_owned()).await?.map(|known| known.user), None);
    Ok(())
}
