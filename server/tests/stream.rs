//! Change notifications: their content, their recipients, and when the stream ends.

mod support;

use futures_util::StreamExt;
use stronglog_server::config::{Config, Secret};
use support::{Account, Server, WEIGHTS, now, weight};

/// Reads a stream until it contains a text. Returns `None` if the stream ends before that.
async fn until(
    stream: &mut (impl StreamExt<Item = reqwest::Result<impl AsRef<[u8]>>> + Unpin),
    seen: &mut String,
    wanted: &str,
) -> Option<()> {
    while !seen.contains(wanted) {
        let piece = stream.next().await?.ok()?;
        seen.push_str(&String::from_utf8_lossy(piece.as_ref()));
    }
    Some(())
}

async fn listen(server: &Server, account: &Account) -> reqwest::Response {
    listen_with(server, &account.access).await
}

async fn listen_with(server: &Server, token: &str) -> reqwest::Response {
    server.http.get(server.url("/api/v1/changes/stream")).bearer_auth(token).send().await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_rings_at_once_and_after_each_push_and_for_nobody_else() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    let response = listen(&server, &sam).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.bytes_stream();
    let mut seen = String::new();
    until(&mut stream, &mut seen, "event: revision\ndata: 0\n\n").await.expect("the revision at the start");
    server.push(&alex, &[alex.change(WEIGHTS, &weight(now()), 1)]).await;
    let change = sam.change(WEIGHTS, &weight(now()), 1);
    server.push(&sam, std::slice::from_ref(&change)).await;
    until(&mut stream, &mut seen, "data: 1\n\n").await.expect("the push of another device");
    server.push(&sam, &[change]).await;
    server.push(&sam, &[sam.change(WEIGHTS, &weight(now()), 2)]).await;
    until(&mut stream, &mut seen, "data: 2\n\n").await.expect("the next push");
    assert_eq!(seen.matches("event:").count(), 3, "a duplicate rings nothing, nor does another user: {seen}");
    assert!(!seen.contains("weightKg"), "no data: {seen}");
    server.running.stop().await.expect("an orderly end, with a stream open");
    assert!(until(&mut stream, &mut seen, "never").await.is_none(), "which ends the stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_too_many_streams_leaves_room_to_the_other_devices() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let login = serde_json::json!({ "email": "sam@example.com", "password": support::PASSWORD, "deviceName": "tablet" });
    let (_, tablet) = server.post("/api/v1/auth/login", None, &login).await;
    let mut streams = Vec::new();
    let refused = loop {
        let answer = listen(&server, &sam).await;
        if answer.status() != 200 {
            break answer;
        }
        streams.push(answer);
    };
    assert_eq!((refused.status().as_u16(), streams.len()), (429, 8));
    let wait: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(listen_with(&server, tablet["accessToken"].as_str().expect("a token")).await.status(), 200);
    drop(streams.pop());
    for _ in 0..100 {
        if listen(&server, &sam).await.status() == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a stream that has ended leaves no room");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_account() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let mut stream = listen(&server, &sam).await.bytes_stream();
    let mut seen = String::new();
    until(&mut stream, &mut seen, "data: 0").await.expect("the revision at the start");
    let erase = server.http.delete(server.url("/api/v1/account")).bearer_auth(&sam.access).header("content-type", "application/json");
    let (status, _) = support::answer(erase.body(serde_json::json!({ "password": support::PASSWORD }).to_string())).await;
    assert_eq!(status, 204);
    assert!(until(&mut stream, &mut seen, "never").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_the_secret_of_its_token_is_taken_away() {
    const SECRETS: [&str; 2] = ["q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe", "Ve0pKuL1jH6gF4dC9bX5wT2mR8yN0sZk3vq7"];
    let server = Server::start_with(|config| (config.signing_secret, config.dev) = (Some(Secret::new(SECRETS[0])), false)).await;
    let sam = server.register("sam@example.com").await;
    let mut stream = listen(&server, &sam).await.bytes_stream();
    let mut seen = String::new();
    until(&mut stream, &mut seen, "data: 0").await.expect("the revision at the start");
    let settings = |secret| Config { dev: false, signing_secret: Some(Secret::new(secret)), ..Config::local(server.folder.path()) };
    server.running.reload(settings(SECRETS[0])).expect("the same secret");
    server.push(&sam, &[sam.change(WEIGHTS, &weight(now()), 1)]).await;
    until(&mut stream, &mut seen, "data: 1").await.expect("it goes on");
    server.running.reload(settings(SECRETS[1])).expect("another secret");
    assert!(until(&mut stream, &mut seen, "never").await.is_none());
}
