//! `sync --watch` reports when the server is not available, and when it is back.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use stronglog_server::config::Config;
use stronglog_server::serve::start;
use support::proxy::{self, Deal};
use support::{EMAIL, Setup, signal};

/// A running command and the lines that it prints.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(setup: &Setup) -> Self {
        let mut command = setup.desk.command(&["sync", "--watch"]);
        command.env("STRONGLOG_DATA", setup.desk.path("phone")).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let (sender, lines) = channel();
        let (out, err) = (child.stdout.take().expect("its output"), child.stderr.take().expect("its remarks"));
        let outputs: [Box<dyn Read + Send>; 2] = [Box::new(out), Box::new(err)];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        }
        Watching { child, lines }
    }

    /// Waits for a line with these words.
    fn says(&self, words: &str) {
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(words)) {
            let line = self.lines.recv_timeout(Duration::from_secs(60));
            seen.push(line.unwrap_or_else(|error| panic!("{words:?} is not printed ({error}); so far: {seen:?}")));
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the command ends");
    }
}

/// A server that answers every request with 503, until it is stopped.
struct Busy {
    stopping: Arc<AtomicBool>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Busy {
    fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("the port is free again");
        let stopping = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // A client that has disconnected needs no response.
                _ = stream.read(&mut [0; 16_384]).and_then(|_| stream.write_all(answer));
            }
        });
        Busy { stopping, address, thread: Some(thread) }
    }

    fn stop(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(std::net::TcpStream::connect(self.address));
        self.thread.take().expect("it runs").join().expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_gets_sigterm_closes_the_database() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let mut watching = Watching::start(&setup);
    watching.says("in sync");
    signal(&watching.child, "TERM");
    let ended = watching.child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(143), "by itself, as the first process of a container must");
    assert!(!setup.desk.path("phone/device.db-wal").exists(), "a copy of the database alone is complete");
    setup.server.stop().await.expect("the server stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_when_the_server_is_busy_and_when_it_is_back() {
    let setup = Setup::new().await;
    setup.register("phone").ok();
    let watching = Watching::start(&setup);
    watching.says("in sync");
    let Setup { desk, server } = setup;
    let bind = server.addr();
    server.stop().await.expect("the server stops");
    let busy = Busy::start(bind);
    watching.says("the server is not available");
    watching.says("last error: ");
    busy.stop();
    let server = start(Config { bind, ..Config::local(desk.path("server")) }).await.expect("the server starts again");
    watching.says("in sync");
    drop(watching);
    server.stop().await.expect("the server stops");
}

/// The response of a server whose clock is a day behind, and which rejects each edit as too far ahead.
fn skewed(request: &str, response: &str) -> String {
    let body = |message: &str| -> serde_json::Value {
        let (_, body) = message.split_once("\r\n\r\n").expect("a head and a body");
        serde_json::from_str(body).expect("a body in JSON")
    };
    let mut result = body(response);
    let time = result["serverTime"].as_i64().expect("a time") - 86_400_000;
    let error = json!({ "code": "clock_skew", "message": "ahead", "retryable": true, "serverTime": time });
    let changes = body(request)["changes"].take();
    let rejected =
        |change: &serde_json::Value| json!({ "outcome": "rejected", "id": change["record"]["id"], "op": change["op"], "error": error });
    result["outcomes"] = changes.as_array().expect("changes").iter().map(rejected).collect();
    result["serverTime"] = json!(time);
    proxy::with_body(response, &result.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_once_that_clocks_hold_edits_back_and_once_that_they_go() {
    let setup = Setup::new().await;
    let is_skewed = Arc::new(AtomicBool::new(true));
    let skews = Arc::clone(&is_skewed);
    let proxy = proxy::start(setup.server.addr(), move |request| {
        let is_push = request.starts_with("POST") && request.contains("/changes");
        if is_push && skews.load(Ordering::Relaxed) { Deal::Reject(skewed) } else { Deal::Pass }
    });
    setup.desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    let watching = Watching::start(&setup);
    watching.says("in sync");
    setup.desk.measure("phone", 80.0);
    watching.says("not everything is in sync");
    watching.says("the server's clock is far behind this device's");
    is_skewed.store(false, Ordering::Relaxed);
    // Another device's edit makes the watch sync at once.
    setup.login("laptop").ok();
    setup.desk.measure("laptop", 81.0);
    setup.desk.run("laptop", &["sync"]).ok();
    watching.says("in sync: sent 1");
    assert!(!watching.lines.try_iter().any(|line| line.contains("clock")), "each is said once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_when_change_notifications_do_not_arrive_and_when_they_do_again() {
    let setup = Setup::new().await;
    let refuses = Arc::new(AtomicBool::new(true));
    let refusing = Arc::clone(&refuses);
    let proxy = proxy::start(setup.server.addr(), move |request| match request.contains("/changes/stream") {
        true if refusing.load(Ordering::Relaxed) => {
            Deal::Answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        _ => Deal::Pass,
    });
    setup.desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    let watching = Watching::start(&setup);
    watching.says("change notifications do not arrive");
    refuses.store(false, Ordering::Relaxed);
    watching.says("change notifications arrive again");
    setup.login("laptop").ok();
    setup.desk.measure("laptop", 80.0);
    setup.desk.run("laptop", &["sync"]).ok();
    watching.says("received 1");
    assert!(!watching.lines.try_iter().any(|line| line.contains("notifications")), "each is said once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_does_not_read_change_notifications_that_never_end() {
    let setup = Setup::new().await;
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let proxy = proxy::start(setup.server.addr(), move |request| match request.contains("/changes/stream") {
        true => Deal::Endless(Arc::clone(&counted)),
        false => Deal::Pass,
    });
    setup.desk.run("phone", &["register", "--server", &proxy, "--email", EMAIL]).ok();
    let watching = Watching::start(&setup);
    watching.says("change notifications do not arrive");
    drop(watching);
    // More than the socket buffers of both sides hold.
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken < 64 << 20, "{taken} bytes were taken in two attempts");
}
