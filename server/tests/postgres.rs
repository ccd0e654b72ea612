//! Two servers over one Postgres database: each sees the other's changes.

#[path = "support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stronglog_server::admin::{self, Place};
use stronglog_server::config::{Config, Secret};
use support::postgres::Postgres;
use support::{Account, PASSWORD, Server, WEIGHTS, now, text, weight, weights};
use tokio::time::timeout;

/// A secret that the servers share, as they must.
const SECRET: &str = "q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe";

/// Two servers over one database.
async fn two(postgres: &Postgres) -> (Server, Server) {
    let shared = |config: &mut Config| {
        config.store = Some(Secret::new(postgres.url()));
        config.signing_secret = Some(Secret::new(SECRET));
        config.dev = false;
    };
    tokio::join!(Server::start_with(shared), Server::start_with(shared))
}

/// Reads the next revision of a stream.
async fn next(stream: &mut reqwest::Response) -> Option<u64> {
    let mut text = String::new();
    while let Some(chunk) = stream.chunk().await.expect("the stream can be read") {
        text.push_str(&String::from_utf8_lossy(&chunk));
        if let Some(rev) = text.lines().find_map(|line| line.strip_prefix("data: ")).filter(|_| text.ends_with("\n\n")) {
            return rev.trim().parse().ok();
        }
    }
    None
}

async fn listen(server: &Server, account: &Account) -> reqwest::Response {
    server.http.get(server.url("/api/v1/changes/stream")).bearer_auth(&account.access).send().await.expect("a stream")
}

/// Reads the next revision of each stream.
async fn next_of(streams: &mut [reqwest::Response]) -> Vec<Option<u64>> {
    let all = futures_util::future::join_all(streams.iter_mut().map(next));
    timeout(Duration::from_secs(15), all).await.expect("every stream tells something")
}

async fn pull(server: &Server, account: &Account) -> Vec<Value> {
    let (status, page) = server.get("/api/v1/changes?limit=1000", &account.access).await;
    assert_eq!(status, 200, "{page}");
    page["changes"].as_array().expect("changes").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_reads_each_deletion_once_whatever_the_statistics_say() {
    const ROWS: i64 = 20_000;
    let postgres = Postgres::start();
    let (one, other) = two(&postgres).await;
    one.register("sam@example.com").await;
    one.running.stop().await.expect("an orderly end");
    other.running.stop().await.expect("an orderly end");
    let fill = |user: &str, deleted: bool| {
        format!(
            "INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
            SELECT {user}, gen_random_uuid(), 'user-bodyweight-logs', n, gen_random_uuid(), gen_random_uuid(), n, n, {deleted},
                gen_random_uuid(), n / 100, '{{}}' FROM generate_series(1, {ROWS}) n"
        )
    };
    postgres.sql("ALTER TABLE records SET (autovacuum_enabled = false)");
    postgres.sql(&fill("md5((n / 1000)::text)::uuid", false));
    // The statistics know every account but the one that comes next.
    postgres.sql("ANALYZE records");
    postgres.sql(&fill("(SELECT user_id FROM users)", true));
    let read = || postgres.sql("SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'records'").parse().unwrap_or(0);
    let before: i64 = read();
    let place = Place::database(&postgres.url(), None).expect("an address");
    let options = admin::PurgeOptions { tombstone_days: 1, backup_days: 0, accept_clock: true };
    assert_eq!(admin::purge(&place, options).await.expect("purged"), ROWS.unsigned_abs());
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut entries = 0;
    // A connection reports what it has read when it ends.
    while entries < ROWS && Instant::now() < deadline {
        entries = read() - before;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!((ROWS..4 * ROWS).contains(&entries), "{entries} entries of the indexes were read");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_stores_the_other_knows() {
    let postgres = Postgres::start();
    let (one, other) = two(&postgres).await;
    let account = one.register("sam@example.com").await;
    // The session and its tokens are valid on both.
    let mut stream = listen(&other, &account).await;
    assert_eq!(next(&mut stream).await, Some(0));
    let since = Instant::now();
    one.push(&account, &[account.change(WEIGHTS, &weight(now()), 1)]).await;
    assert_eq!(next(&mut stream).await, Some(1));
    assert!(since.elapsed() < Duration::from_secs(1), "an announcement takes {:?}", since.elapsed());
    assert_eq!(pull(&one, &account).await, pull(&other, &account).await);

    let (status, pair) = other.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": account.refresh })).await;
    assert_eq!(status, 200, "{pair}");
    let (status, again) = one.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": account.refresh })).await;
    assert_eq!(
        (status, text(&again["refreshToken"])),
        (200, text(&pair["refreshToken"])),
        "a lost answer is given again by another server"
    );

    // Signing out on one ends the stream and the session on the other.
    let (status, _) = one.post("/api/v1/auth/logout", Some(&account.access), &json!({})).await;
    assert_eq!(status, 204);
    assert_eq!(next(&mut stream).await, None);
    assert_eq!(other.get("/api/v1/changes", &account.access).await.0, 401);
    for server in [one, other] {
        server.running.stop().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_revision_is_given_twice_and_no_edit_is_lost_when_servers_connections_and_the_database_fail() {
    const EDITS: usize = 40;
    const DEVICES: usize = 4;
    let mut postgres = Postgres::start();
    let (one, other) = two(&postgres).await;
    let account = Arc::new(one.register("sam@example.com").await);
    let servers = [Arc::new(one), Arc::new(other)];
    let devices: Vec<_> = (0..DEVICES)
        .map(|number| {
            let (server, account) = (Arc::clone(&servers[number % 2]), Arc::clone(&account));
            tokio::spawn(async move {
                let device = Account {
                    device: uuid::Uuid::from_u128(rand::random()),
                    user: String::new(),
                    refresh: String::new(),
                    ..access(&account)
                };
                let mut revs = Vec::new();
                for seq in 1..=EDITS as u64 {
                    let body = json!({ "changes": [device.change(WEIGHTS, &weight(now()), seq)] });
                    // As a device does, it pushes the same edits again after a failure.
                    let result = loop {
                        match server.post("/api/v1/changes/batch", Some(&device.access), &body).await {
                            (200, result) => break result,
                            (status, failure) => assert_eq!(status, 503, "{failure}"),
                        }
                    };
                    revs.push(result["outcomes"][0]["rev"].as_u64().unwrap_or_else(|| panic!("{result}")));
                }
                revs
            })
        })
        .collect();
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'stronglog'";
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        postgres.sql(kill);
    }
    postgres.restart();
    let mut revs = Vec::new();
    for device in devices {
        revs.extend(device.await.expect("every push is answered"));
    }
    revs.sort_unstable();
    assert_eq!(revs, (1..=(EDITS * DEVICES) as u64).collect::<Vec<_>>());
    let changes = pull(&servers[0], &account).await;
    assert_eq!(changes.len(), EDITS * DEVICES);
    assert_eq!(changes, pull(&servers[1], &account).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_tell_that_the_database_has_gone_back_and_what_is_new_then() {
    let postgres = Postgres::start();
    let (one, other) = two(&postgres).await;
    let account = one.register("sam@example.com").await;
    one.push(&account, &weights(&account, 1, 3)).await;
    // The data of a lagging standby.
    postgres.sql(
        "CREATE TABLE old_heads AS TABLE heads; CREATE TABLE old_records AS TABLE records; CREATE TABLE old_boundaries AS TABLE boundaries",
    );
    one.push(&account, &weights(&account, 4, 12)).await;
    let mut streams = vec![listen(&one, &account).await, listen(&other, &account).await];
    assert_eq!(next_of(&mut streams).await, [Some(15); 2]);
    postgres.sql(
        "DELETE FROM boundaries; DELETE FROM records; DELETE FROM heads; INSERT INTO heads TABLE old_heads;
        INSERT INTO records TABLE old_records; INSERT INTO boundaries TABLE old_boundaries",
    );
    assert_eq!(next_of(&mut streams).await, [Some(3); 2], "devices must learn that their edits are gone");
    streams.push(listen(&other, &account).await);
    assert_eq!(next_of(&mut streams[2..]).await, [Some(3)]);
    one.push(&account, &weights(&account, 16, 1)).await;
    assert_eq!(next_of(&mut streams).await, [Some(4); 3]);
    other.push(&account, &weights(&account, 17, 1)).await;
    assert_eq!(next_of(&mut streams).await, [Some(5); 3]);
}

fn access(account: &Account) -> Account {
    Account { user: account.user.clone(), access: account.access.clone(), refresh: account.refresh.clone(), device: account.device }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_transaction_made_impossible_is_decided_again() {
    let postgres = Postgres::start();
    let (server, _other) = two(&postgres).await;
    let account = server.register("sam@example.com").await;
    postgres.sql(
        "CREATE SEQUENCE attempts; GRANT USAGE ON SEQUENCE attempts TO PUBLIC;
        CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('attempts') <= 3 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER conflict BEFORE INSERT ON boundaries FOR EACH ROW EXECUTE FUNCTION conflict()",
    );
    let result = server.push(&account, &[account.change(WEIGHTS, &weight(now()), 1)]).await;
    assert_eq!(result["outcomes"][0]["outcome"], "accepted", "{result}");
    assert_eq!(postgres.sql("SELECT last_value FROM attempts"), "4");
    assert_eq!(pull(&server, &account).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_erased_with_everything_that_it_had() {
    let postgres = Postgres::start();
    let (one, other) = two(&postgres).await;
    let account = one.register("sam@example.com").await;
    one.push(&account, &[account.change(WEIGHTS, &weight(now()), 1)]).await;
    let body = json!({ "password": PASSWORD }).to_string();
    let request = one.http.delete(one.url("/api/v1/account")).bearer_auth(&account.access).header("content-type", "application/json");
    assert_eq!(support::answer(request.body(body)).await.0, 204);
    assert_eq!(other.get("/api/v1/changes", &account.access).await.0, 401);
    let count = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM heads) + (SELECT count(*) FROM records) + \
        (SELECT count(*) FROM boundaries) + (SELECT count(*) FROM sessions)";
    let until = Instant::now() + Duration::from_secs(10);
    while postgres.sql(count) != "0" {
        assert!(Instant::now() < until, "rows are left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    other.register("sam@example.com").await;
}

/// The open files and connections of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("the descriptors of this process").count()
}

/// Requests changes many times at once, and returns the statuses and the headers Retry-After.
async fn ask(server: &Server, account: &Account, times: usize) -> Vec<(u16, bool)> {
    let one = || async {
        let request = server.http.get(server.url("/api/v1/changes")).bearer_auth(&account.access);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.headers().contains_key("retry-after"))
    };
    futures_util::future::join_all((0..times).map(|_| one())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_keeps_nobody_waiting() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| {
        config.store = Some(Secret::new(postgres.url()));
        config.store_connections = 4;
        config.deadlines.database = Duration::from_secs(1);
    })
    .await;
    let account = server.register("sam@example.com").await;
    let change = |seq| json!({ "changes": [account.change(WEIGHTS, &weight(now()), seq)] });
    assert!(ask(&server, &account, 40).await.iter().all(|(status, _)| *status == 200));
    let before = descriptors();

    postgres.freeze();
    for _ in 0..20 {
        // Clients that go away leave nothing behind.
        let impatient = server.http.get(server.url("/api/v1/changes")).bearer_auth(&account.access).timeout(Duration::from_millis(10));
        assert!(impatient.send().await.is_err());
    }
    let since = Instant::now();
    let mut push = tokio::spawn({
        let request = server.http.post(server.url("/api/v1/changes/batch")).bearer_auth(&account.access);
        request.header("content-type", "application/json").body(change(1).to_string()).send()
    });
    let login = json!({ "email": "sam@example.com", "password": PASSWORD });
    let (answers, (login, _)) = tokio::join!(ask(&server, &account, 40), server.post("/api/v1/auth/login", None, &login));
    assert!(answers.iter().all(|answer| *answer == (503, true)), "{answers:?}");
    let push = (&mut push).await.expect("no panic").expect("an answer").status();
    assert_eq!((push.as_u16(), login), (503, 503));
    assert!(since.elapsed() < Duration::from_secs(20), "everybody was answered after {:?}", since.elapsed());

    // By now nobody waits, except for the one request that tries whether the database responds again.
    let since = Instant::now();
    let mut waited = Vec::new();
    for _ in 0..10 {
        let asked = Instant::now();
        assert_eq!(ask(&server, &account, 1).await, [(503, true)]);
        waited.push(asked.elapsed());
    }
    assert!(waited.iter().filter(|waited| **waited > Duration::from_millis(500)).count() <= 3, "{waited:?}");
    assert!(since.elapsed() < Duration::from_secs(20));
    assert!(descriptors() <= before + 8, "{} descriptors, and {before} before", descriptors());

    postgres.thaw();
    let until = Instant::now() + Duration::from_secs(10);
    while server.post("/api/v1/changes/batch", Some(&account.access), &change(1)).await.0 != 200 {
        assert!(Instant::now() < until, "the server does not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!pull(&server, &account).await.is_empty());

    // A server stops in time although its database does not respond.
    postgres.freeze();
    let since = Instant::now();
    server.running.stop().await.expect("an orderly end");
    assert!(since.elapsed() < Duration::from_secs(8), "the stop took {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_recovers_from_a_database_that_was_read_only() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| config.store = Some(Secret::new(postgres.url()))).await;
    let account = server.register("sam@example.com").await;
    let push = async |seq| {
        let body = json!({ "changes": [account.change(WEIGHTS, &weight(now()), seq)] });
        server.post("/api/v1/changes/batch", Some(&account.access), &body).await.0
    };
    let ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'stronglog'";
    postgres.sql("ALTER ROLE stronglog SET default_transaction_read_only = on");
    postgres.sql(ends);
    assert_eq!((push(1).await, server.get("/api/v1/changes", &account.access).await.0), (503, 200));
    let ready = async || server.http.get(server.url("/readyz")).send().await.expect("an answer").status().as_u16();
    assert_eq!(ready().await, 503);
    postgres.sql("ALTER ROLE stronglog SET default_transaction_read_only = off");
    let until = Instant::now() + Duration::from_secs(15);
    while push(1).await != 200 || ready().await != 200 {
        assert!(Instant::now() < until, "the server stays as it was");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_keep_no_reader_waiting_and_take_no_more_connections() {
    const CONNECTIONS: u16 = 4;
    let postgres = Postgres::start();
    let server = Server::start_with(|config| {
        config.store = Some(Secret::new(postgres.url()));
        config.store_connections = CONNECTIONS;
        config.deadlines.database = Duration::from_secs(1);
    })
    .await;
    let reader = server.register("reader@example.com").await;
    let mut writers = Vec::new();
    for number in 0..8 {
        writers.push(server.register(&format!("{number}@example.com")).await);
    }
    let ready = async || server.http.get(server.url("/readyz")).send().await.expect("an answer").status().as_u16();
    assert_eq!(ready().await, 200);
    // Like the loss of a synchronous standby: every commit waits.
    postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'gone'");
    postgres.sql("SELECT pg_reload_conf()");
    let push = async |writer: &Account, seq| {
        let body = json!({ "changes": weights(writer, seq, 1) });
        server.post("/api/v1/changes/batch", Some(&writer.access), &body).await.0
    };
    let pushed = futures_util::future::join_all(writers.iter().map(async |writer| {
        for seq in 1..=3 {
            assert_eq!(push(writer, seq).await, 503);
        }
    }));
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let read = async {
        let mut slowest = Duration::ZERO;
        while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
            let asked = Instant::now();
            assert_eq!(ask(&server, &reader, 1).await, [(200, false)]);
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stronglog'";
    let (_, slowest) = tokio::join!(
        async {
            pushed.await;
            assert_eq!(ready().await, 503, "the server cannot write");
            is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        },
        read
    );
    assert!(slowest < Duration::from_secs(2), "a reader waited {slowest:?}");
    let connections: u16 = postgres.sql(open).parse().expect("a number");
    assert!(connections <= CONNECTIONS + 2, "{connections} connections are open");
    postgres.sql("ALTER SYSTEM RESET synchronous_standby_names");
    postgres.sql("SELECT pg_reload_conf()");
    let again = async { while push(&writers[0], 9).await != 200 || ready().await != 200 {} };
    timeout(Duration::from_secs(20), again).await.expect("the server writes again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_account_does_not_wait_for_the_statements_of_a_loud_one() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| {
        config.store = Some(Secret::new(postgres.url()));
        config.store_connections = 1;
    })
    .await;
    let (loud, quiet) = (server.register("loud@example.com").await, server.register("quiet@example.com").await);
    postgres.sql(&format!(
        "ALTER TABLE sessions ENABLE ROW LEVEL SECURITY; ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
        CREATE POLICY slow ON sessions USING (CASE WHEN user_id = '{}' THEN pg_sleep(0.2) IS NOT NULL ELSE true END)",
        loud.user
    ));
    let since = Instant::now();
    let quiet = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ask(&server, &quiet, 3).await
    };
    let (_, answers) = tokio::join!(ask(&server, &loud, 60), async {
        let answers = quiet.await;
        (answers, since.elapsed())
    });
    assert_eq!(answers.0, [(200, false); 3]);
    assert!(answers.1 < Duration::from_secs(4), "it took {:?}", answers.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn unauthenticated_clients_ask_the_database_little() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| {
        config.store = Some(Secret::new(postgres.url()));
        config.auth_per_minute = 8;
        config.deadlines.database = Duration::from_secs(1);
    })
    .await;
    let settings = async || server.http.get(server.url("/api/v1/sync/config")).send().await.expect("an answer").status().as_u16();
    assert_eq!(settings().await, 200);
    let since = Instant::now();
    postgres.freeze();
    let answers = futures_util::future::join_all((0..20).map(|_| settings())).await;
    assert!(answers.iter().all(|status| *status == 200) || since.elapsed() > Duration::from_secs(1), "{answers:?}");
    // Well-formed tokens, which only the database could reject.
    let forged = (0..20).map(|number| {
        let token = format!("rt_{}{number:010}A", "A".repeat(80));
        let (server, body) = (&server, json!({ "refreshToken": token }));
        async move { server.post("/api/v1/auth/refresh", None, &body).await.0 }
    });
    let answers = futures_util::future::join_all(forged).await;
    assert!(answers.iter().filter(|status| **status == 429).count() >= 12, "{answers:?}");
    postgres.thaw();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_few_connections_serves_everybody_in_turn() {
    let postgres = Postgres::start();
    // The server needs one more to listen.
    postgres.sql("ALTER ROLE stronglog CONNECTION LIMIT 3");
    let server = Server::start_with(|config| config.store = Some(Secret::new(postgres.url()))).await;
    let account = server.register("sam@example.com").await;
    assert_eq!(ask(&server, &account, 60).await, [(200, false); 60]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_respond_is_passed_over() {
    let postgres = Postgres::start();
    // Like a frozen machine: it accepts the connection and sends nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let url = postgres.url().replace('@', &format!("@127.0.0.1:{port},"));
    let since = Instant::now();
    let server = Server::start_with(|config| config.store = Some(Secret::new(format!("{url}?target_session_attrs=read-write")))).await;
    let account = server.register("sam@example.com").await;
    assert!(ask(&server, &account, 40).await.iter().all(|answer| *answer == (200, false)));
    assert!(since.elapsed() < Duration::from_secs(10), "it took {:?}", since.elapsed());
}
