//! Which requests get a status that says to wait: an account that takes more than its share gets 429, whereas 503 is for a server that cannot serve anybody.

mod support;

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use stronglog_server::config::Secret;
use support::postgres::Postgres;
use support::{Account, Server, weights};

/// The answers to so many pushes at once: the status, the code, and whether each says when to try again.
async fn pushes(server: &Server, account: &Account, count: u64) -> Vec<(u16, String, bool)> {
    let one = async |seq: u64| {
        let body = json!({ "changes": weights(account, seq, 1) }).to_string();
        let request = server.http.post(server.url("/api/v1/changes/batch")).bearer_auth(&account.access);
        let response = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
        let (status, says_when) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
        let answer: serde_json::Value = serde_json::from_slice(&response.bytes().await.expect("a whole answer")).expect("a document");
        (status, answer["code"].as_str().unwrap_or_default().to_owned(), says_when)
    };
    futures_util::future::join_all((1..=count).map(one)).await
}

fn refused() -> (u16, String, bool) {
    (429, "rate_limited".to_owned(), true)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_too_many_requests_in_progress_gets_an_error() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    let other = rusqlite::Connection::open(server.folder.path().join("stronglog.db")).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    let free = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        other.execute_batch("COMMIT").expect("others may write again");
    };
    let (answers, ()) = tokio::join!(pushes(&server, &account, 70), free);
    assert_eq!(answers.iter().filter(|answer| **answer == refused()).count(), 6, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.0 == 200).count(), 64, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_writes_wait_for_each_other_gets_an_error() {
    let postgres = Postgres::start();
    let server = Server::start_with(|config| config.store = Some(Secret::new(postgres.url()))).await;
    let account = server.register("sam@example.com").await;
    // Another transaction that writes for the account.
    let mut other = postgres.session().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql runs");
    let (mut input, output) = (other.stdin.take().expect("its input"), other.stdout.take().expect("its output"));
    std::io::Write::write_all(&mut input, b"BEGIN;\nSELECT 'locked' FROM heads FOR UPDATE;\n").expect("written");
    let mut line = String::new();
    let mut output = std::io::BufReader::new(output);
    while !line.contains("locked") {
        std::io::BufRead::read_line(&mut output, &mut line).expect("a line");
    }
    let free = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        drop(input);
    };
    let (answers, ()) = tokio::join!(pushes(&server, &account, 3), free);
    other.wait().expect("it ends");
    assert_eq!(answers.iter().filter(|answer| **answer == refused()).count(), 2, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.0 == 200).count(), 1, "{answers:?}");
}
