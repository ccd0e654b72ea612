//! Pushes of one record, side by side: the server, and the least that could answer them: bare axum routes in front of one thread that stores
//! each body and commits in groups. Both run in this process, on the same connections, one after the other.
//!
//! `cargo bench -p stronglog-server --bench push`

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use stronglog_server::config::Config;
use stronglog_server::serve::start;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use uuid::Uuid;

const CONNECTIONS: usize = 64;
const ACCOUNTS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const LENGTH: Duration = Duration::from_secs(5);
/// The two are measured in turn, so that a busy machine slows both.
const ROUNDS: usize = 3;
const GROUP_MAX: usize = 64;

type Job = (String, oneshot::Sender<()>);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = Config { auth_per_minute: 1_000_000, max_records: 0, max_bytes: 0, ..Config::local(folder.path().join("server")) };
    let server = start(config).await.expect("the server starts");
    let mut tokens = Vec::new();
    for number in 0..ACCOUNTS {
        tokens.push(register(server.addr(), number).await);
    }
    let bare = bare(&folder.path().join("bare.db")).await;
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let floor = measure(bare, "/", &[String::new()]).await;
        let ours = measure(server.addr(), "/api/v1/changes/batch", &tokens).await;
        println!("bare {floor:.0}/s, server {ours:.0}/s: {:.2}", ours / floor);
        ratios.push(ours / floor);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.2}", ratios[ROUNDS / 2]);
    server.stop().await.expect("an orderly end");
}

/// Starts the bare server and returns its address.
async fn bare(path: &std::path::Path) -> std::net::SocketAddr {
    let (queue, jobs) = sync_channel::<Job>(1_024);
    let connection = rusqlite::Connection::open(path).expect("a database");
    let settings = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
        CREATE TABLE bodies (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
    connection.execute_batch(settings).expect("a table");
    std::thread::spawn(move || {
        let run = |sql: &str, body: Option<&str>| {
            let mut statement = connection.prepare_cached(sql).expect("a statement");
            match body {
                Some(body) => statement.execute([body]),
                None => statement.execute([]),
            }
            .expect("written")
        };
        while let Ok(first) = jobs.recv() {
            let (mut next, mut answers) = (Some(first), Vec::new());
            run("BEGIN IMMEDIATE", None);
            while let Some((body, answer)) = next {
                run("INSERT INTO bodies (body) VALUES (?1)", Some(&body));
                answers.push(answer);
                next = if answers.len() < GROUP_MAX { jobs.try_recv().ok() } else { None };
            }
            run("COMMIT", None);
            for answer in answers {
                // A client that has gone away needs no answer.
                let _ = answer.send(());
            }
        }
    });
    let routes = Router::new().route("/", post(store)).with_state(queue);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn store(State(queue): State<SyncSender<Job>>, body: String) -> &'static str {
    let (answer, stored) = oneshot::channel();
    queue.try_send((body, answer)).expect("room in the queue");
    stored.await.expect("stored");
    "ok"
}

async fn register(address: std::net::SocketAddr, number: usize) -> String {
    let body = json!({ "email": format!("user{number}@example.com"), "password": "correct horse battery staple" }).to_string();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let answer = call(&mut stream, "/api/v1/auth/register", "", &body).await;
    let pair: Value = serde_json::from_slice(&answer).expect("JSON");
    pair["accessToken"].as_str().expect("a token").to_owned()
}

/// The number of requests that a server answers in a second.
async fn measure(address: std::net::SocketAddr, path: &'static str, tokens: &[String]) -> f64 {
    let start = Instant::now() + WARM_UP;
    let connections = (0..CONNECTIONS).map(|number| {
        let token = tokens[number % tokens.len()].clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.set_nodelay(true).expect("a setting");
            let (device, mut answered) = (Uuid::from_u128(rand::random()), 0_u64);
            for seq in 1.. {
                let answer = call(&mut stream, path, &token, &push(device, seq)).await;
                assert!(!answer.windows(8).any(|found| found == b"rejected"), "{}", String::from_utf8_lossy(&answer));
                if start.elapsed() >= LENGTH {
                    break;
                }
                answered += u64::from(Instant::now() >= start);
            }
            answered
        })
    });
    let mut answered = 0;
    for connection in connections.collect::<Vec<_>>() {
        answered += connection.await.expect("no panic");
    }
    answered as f64 / LENGTH.as_secs_f64()
}

/// A push of one new record.
fn push(device: Uuid, seq: u64) -> String {
    let [id, op] = [(); 2].map(|()| Uuid::from_u128(rand::random()));
    format!(
        r#"{{"changes":[{{"collection":"user-bodyweight-logs","op":{{"id":"{op}","deviceId":"{device}","seq":{seq}}},"record":{{"id":"{id}","clientCreatedAt":1750000000000,"clientUpdatedAt":1750000000000,"isDeleted":false,"date":1750000000000,"weightKg":81.5}}}}]}}"#
    )
}

/// Sends a request on a connection that stays open, and returns the body of its answer.
async fn call(stream: &mut TcpStream, path: &str, token: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    loop {
        assert!(stream.read_buf(&mut answer).await.expect("an answer") > 0, "the connection was closed");
        let Some(end) = answer.windows(4).position(|found| found == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 20"), "{head}");
        let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).expect("a length");
        if answer.len() >= end + 4 + length {
            return answer.split_off(end + 4);
        }
    }
}
