//! Chores on Postgres while other programs read the database for a long time, or commits wait.

#[path = "support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use serde_json::json;
use stronglog_server::admin::{Place, users};
use stronglog_server::config::{Config, Secret};
use stronglog_server::serve::start;
use support::Server;
use support::postgres::Postgres;

/// A program that reads a snapshot of the database until its input ends, as a report or a dump does.
fn reader(postgres: &Postgres) -> (Child, ChildStdin) {
    let mut psql = postgres.session().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql runs");
    let (mut input, mut output) = (psql.stdin.take().expect("its input"), BufReader::new(psql.stdout.take().expect("its output")));
    input.write_all(b"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 'begun', count(*) FROM users;\n").expect("written");
    let mut line = String::new();
    while !line.contains("begun") {
        output.read_line(&mut line).expect("a line");
    }
    (psql, input)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_read_once_even_if_a_reader_keeps_an_older_snapshot() {
    const ROWS: u64 = 10_000;
    let postgres = Postgres::start();
    let server = Server::start_with(|config| config.store = Some(Secret::new(postgres.url()))).await;
    server.register("sam@example.com").await;
    postgres.sql(&format!(
        "INSERT INTO records (user_id, id, collection, rev, op_id, device_id, seq, stamp, deleted, server_id, server_updated_at, record)
            SELECT user_id, gen_random_uuid(), 'any', n, user_id, user_id, n, 1, false, user_id, 1, '{{}}'
            FROM generate_series(1, {ROWS}) AS n, users;
        INSERT INTO boundaries (user_id, rev, history_check) SELECT user_id, n, 1 FROM generate_series(1, {ROWS}) AS n, users"
    ));
    postgres.sql("ANALYZE");
    let (mut psql, input) = reader(&postgres);
    postgres.sql("SELECT pg_stat_reset()");
    users::delete(&Place::database(&postgres.url(), None).expect("an address"), "sam@example.com").await.expect("erased");
    drop(input);
    psql.wait().expect("it ends");
    assert_eq!(postgres.sql("SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM boundaries)"), "0");
    for table in ["records", "boundaries"] {
        // What a connection has read is counted when it has ended.
        let counted = format!("SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = '{table}'");
        while postgres.sql(&counted) != ROWS.to_string() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let read = format!(
            "SELECT coalesce(seq_tup_read, 0) + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = '{table}')
                FROM pg_stat_user_tables WHERE relname = '{table}'"
        );
        let read: u64 = postgres.sql(&read).parse().expect("a number");
        assert!(read < 4 * ROWS, "{read} rows of {table} were read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_devices_and_other_small_changes_keep_no_reader_waiting_either() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| {
        config.store = Some(Secret::new(postgres.url()));
        config.store_connections = 4;
        config.deadlines.database = Duration::from_secs(3);
    })
    .await;
    let reader = server.register("reader@example.com").await;
    let mut writers = Vec::new();
    for number in 0..8 {
        writers.push(server.register(&format!("{number}@example.com")).await);
    }
    // What the loss of a synchronous standby looks like: whoever commits waits.
    postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'gone'");
    postgres.sql("SELECT pg_reload_conf()");
    let sign_out = futures_util::future::join_all(
        writers.iter().map(async |writer| server.post("/api/v1/auth/logout", Some(&writer.access), &json!({})).await),
    );
    let read = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = std::time::Instant::now();
        let status = server.get("/api/v1/changes", &reader.access).await.0;
        (status, asked.elapsed())
    };
    let (_, (status, waited)) = tokio::join!(sign_out, read);
    assert_eq!(status, 200);
    assert!(waited < Duration::from_secs(2), "a reader waited {waited:?}");
    postgres.sql("ALTER SYSTEM RESET synchronous_standby_names");
    postgres.sql("SELECT pg_reload_conf()");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_that_the_database_takes_no_commit() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = Config { store: Some(Secret::new(postgres.url())), ..Config::local(folder.path()) };
    start(config.clone()).await.expect("a server").stop().await.expect("an orderly end");
    let detail = async || {
        let findings = stronglog_server::check::settings(&config).await;
        findings.into_iter().find(|finding| finding.name == "database").expect("a finding").detail
    };
    assert!(detail().await.contains("responds and accepts writes"), "{}", detail().await);
    postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'gone'");
    postgres.sql("SELECT pg_reload_conf()");
    let printed = detail().await;
    assert!(printed.contains("accepts no commit in time"), "{printed}");
}
