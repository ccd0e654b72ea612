//! Clients that consume resources without releasing them: the effect of one client on the others is bounded.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use stronglog_server::config::Config;
use stronglog_sync::api::CONTRACT;
use support::{Account, Server, WEIGHTS, now, weight, weights};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longer than any response takes on a slow machine, and shorter than a client that waits forever.
const SOON: Duration = Duration::from_secs(10);

/// Opens a connection with a small receive buffer.
async fn connect(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    socket.connect(server.running.addr()).await.expect("a connection")
}

/// Sends a request's head, or the beginning of one.
async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("sent");
}

/// Reads the status line of a response.
async fn status_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(timeout(SOON, stream.read_u8()).await.expect("an answer in time").expect("an answer"));
    }
    String::from_utf8(line).expect("text").trim_end().to_owned()
}

/// Pushes large records, a few per push.
async fn fill(server: &Server, account: &Account, megabytes: u64) -> Vec<Value> {
    let mut records = Vec::new();
    for number in 0..megabytes {
        let changes: Vec<Value> = (0..5)
            .map(|index| {
                let mut record = weight(now());
                record["note"] = json!("x".repeat(200_000));
                records.push(record.clone());
                account.change(WEIGHTS, &record, number * 5 + index + 1)
            })
            .collect();
        server.push(account, &changes).await;
    }
    records
}

async fn begin_export(server: &Server, account: &Account) -> TcpStream {
    let mut stream = connect(server).await;
    let head = format!("Host: x\r\nAuthorization: Bearer {}\r\nX-Contract-Version: {}", account.access, CONTRACT.version);
    send(&mut stream, &format!("GET /api/v1/account/export HTTP/1.1\r\n{head}\r\n\r\n")).await;
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_that_nobody_reads_keep_nobody_from_reading() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    let mut unread = Vec::new();
    for account in [&sam, &alex] {
        fill(&server, account, 8).await;
        for _ in 0..2 {
            let mut stream = begin_export(&server, account).await;
            assert_eq!(status_line(&mut stream).await, "HTTP/1.1 200 OK");
            unread.push(stream);
        }
    }
    let mut third = begin_export(&server, &sam).await;
    assert_eq!(status_line(&mut third).await, "HTTP/1.1 429 Too Many Requests", "two exports an account at once");
    for path in ["/api/v1/sync/config", "/api/v1/changes?limit=1", "/healthz"] {
        let (status, _) = timeout(SOON, server.get(path, &alex.access)).await.unwrap_or_else(|_| panic!("{path} is not answered"));
        assert_eq!(status, 200, "{path}");
    }
    unread.clear();
    let freed = async {
        while server.get("/api/v1/account/export", &sam.access).await.0 == 429 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, freed).await.expect("exports that were given up are over");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_includes_what_changes_meanwhile() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let records = fill(&server, &sam, 8).await;
    let mut stream = begin_export(&server, &sam).await;
    assert_eq!(status_line(&mut stream).await, "HTTP/1.1 200 OK");
    // The last record, which the export has not reached yet, gets a newer revision.
    let mut changed = records.last().expect("a record").clone();
    changed["clientUpdatedAt"] = json!(now() + 1_000);
    changed["note"] = json!("changed meanwhile");
    server.push(&sam, &[sam.change(WEIGHTS, &changed, 1_000)]).await;
    let mut text = Vec::new();
    let mut piece = vec![0; 1 << 16];
    while !text.ends_with(b"0\r\n\r\n") {
        let length = timeout(SOON, stream.read(&mut piece)).await.expect("in time").expect("a piece");
        assert!(length > 0, "the export is whole");
        text.extend_from_slice(&piece[..length]);
    }
    let text = String::from_utf8_lossy(&text);
    for record in &records {
        assert!(text.contains(&support::text(&record["id"])), "{} is missing", record["id"]);
    }
    assert!(text.contains("changed meanwhile"));
    let count = format!(",\"end\":{{\"records\":{}}}}}\n", text.matches("\"collection\":").count());
    assert_eq!((text.matches(&count).count(), text.matches("\"end\":").count()), (1, 1), "the last line has the number of lines");
}

/// The resident memory of this process, in MiB.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of the status");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sign_ins_take_as_much_memory_as_a_few_of_them() {
    let server = Server::start().await;
    let (status, _) = server.post("/api/v1/auth/login", None, &json!({ "email": "nobody@example.com", "password": "wrong" })).await;
    assert_eq!(status, 401);
    let before = resident();
    let tries = (0..150).map(|number| {
        let body = json!({ "email": format!("nobody{number}@example.com"), "password": "wrong" }).to_string();
        let request = server.http.post(server.url("/api/v1/auth/login")).header("content-type", "application/json").body(body);
        async move {
            let response = request.send().await.expect("an answer");
            (response.status().as_u16(), response.headers().contains_key("retry-after"))
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert!(answers.contains(&(503, true)), "requests beyond the limit are rejected, with the time to try again: {answers:?}");
    assert!(answers.iter().all(|answer| [(401, false), (503, true)].contains(answer)), "{answers:?}");
    let grown = resident().saturating_sub(before);
    assert!(grown < 120, "{grown} MiB more than before");
}

/// A server with timeouts short enough for a test.
async fn impatient(change: impl FnOnce(&mut Config)) -> Server {
    Server::start_with(|config| {
        config.deadlines.first_request = Duration::from_secs(1);
        config.deadlines.idle = Duration::from_secs(2);
        config.deadlines.stall = Duration::from_secs(1);
        change(config);
    })
    .await
}

/// Waits until the server has closed a connection.
async fn closed(stream: &mut TcpStream, name: &str) {
    let mut piece = vec![0; 1 << 16];
    let end = async { while stream.read(&mut piece).await.is_ok_and(|length| length > 0) {} };
    timeout(SOON, end).await.unwrap_or_else(|_| panic!("{name} is still open"));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_are_closed() {
    let server = impatient(|_| {}).await;
    let silent = [
        ("nothing sent", ""),
        ("half a preface", "PRI * HTT"),
        ("half a head", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: "),
        ("HTTP/2 without a request", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"),
        ("one request", "GET /api/v1/sync/config HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("one request and half of the next", "GET /api/v1/sync/config HTTP/1.1\r\nHost: x\r\n\r\nGET /"),
    ];
    let checks = silent.map(|(name, text)| {
        let server = &server;
        async move {
            let mut stream = connect(server).await;
            send(&mut stream, text).await;
            closed(&mut stream, name).await;
        }
    });
    futures_util::future::join_all(checks).await;
    let mut dripping = connect(&server).await;
    let drip = async {
        while dripping.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await
        }
    };
    timeout(SOON, drip).await.expect("a head that comes byte by byte is not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_that_are_not_taken_are_given_up() {
    let server = impatient(|_| {}).await;
    let sam = server.register("sam@example.com").await;
    fill(&server, &sam, 12).await;
    let _unread = [begin_export(&server, &sam).await, begin_export(&server, &sam).await];
    let given_up = async { while server.get("/api/v1/account/export", &sam.access).await.0 == 429 {} };
    timeout(SOON, given_up).await.expect("exports that nobody reads end");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_make_room_for_new_ones() {
    let server = Server::start_with(|config| config.max_connections = 20).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(connect(&server).await);
    }
    let sam = timeout(SOON, server.register("sam@example.com")).await.expect("there is room for somebody who has something to say");
    assert_eq!(timeout(SOON, server.get("/api/v1/changes", &sam.access)).await.expect("an answer").0, 200);
    closed(&mut silent[0], "the oldest one").await;
}

/// The head of a request whose body has this length.
fn post(path: &str, more: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_stop_coming_are_given_up() {
    let server = impatient(|_| {}).await;
    let sam = server.register("sam@example.com").await;
    let access = format!("Authorization: Bearer {}\r\n", sam.access);
    for head in [post("/api/v1/auth/login", "", 1_000), post("/api/v1/changes/batch", &access, 1_000)] {
        let mut stream = connect(&server).await;
        send(&mut stream, &format!("{head}{{")).await;
        // A device that gets this status sends the same again, and does not treat any edit as rejected.
        assert_eq!(status_line(&mut stream).await, "HTTP/1.1 408 Request Timeout");
        closed(&mut stream, "a connection in the middle of a body").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_as_large_as_its_operation_needs() {
    let server = Server::start().await;
    let large = vec![b' '; (1 << 20) - 1];
    for path in ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/refresh"] {
        let mut stream = connect(&server).await;
        send(&mut stream, &post(path, "", large.len())).await;
        stream.write_all(&large).await.expect("it is read to its end");
        assert_eq!(status_line(&mut stream).await, "HTTP/1.1 413 Payload Too Large", "{path}");
    }
    let password = "\\ud83d\\ude00".repeat(200);
    let body = format!(r#"{{"email":"sam@example.com","password":"{password}"}}"#);
    let request = server.http.post(server.url("/api/v1/auth/register")).header("content-type", "application/json").body(body);
    assert_eq!(support::answer(request).await.0, 201, "the longest password of the contract, as long as it can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_to_a_request_whose_body_nobody_reads_arrives() {
    let server = Server::start().await;
    let large = vec![b' '; 3 << 20];
    for (path, status) in
        [("/api/v1/changes/batch", "401 Unauthorized"), ("/api/v1/none", "404 Not Found"), ("/livez", "405 Method Not Allowed")]
    {
        let mut stream = connect(&server).await;
        send(&mut stream, &post(path, "", large.len())).await;
        // As many clients do, this one reads nothing before it has sent everything.
        stream.write_all(&large).await.expect("it is read to its end");
        assert_eq!(status_line(&mut stream).await, format!("HTTP/1.1 {status}"), "{path}");
    }
    let mut asking = connect(&server).await;
    send(&mut asking, &post("/api/v1/changes/batch", "Expect: 100-continue\r\n", 1 << 20)).await;
    assert_eq!(status_line(&mut asking).await, "HTTP/1.1 401 Unauthorized", "without being asked to send it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_coding_that_the_server_does_not_undo_is_rejected() {
    let server = Server::start().await;
    let ask = async |coding: &str| {
        let mut stream = connect(&server).await;
        let head = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
        );
        send(&mut stream, &head).await;
        status_line(&mut stream).await
    };
    for coding in
        ["Transfer-Encoding: gzip, chunked", "Transfer-Encoding: foo\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked"]
    {
        let status = ask(coding).await;
        assert!(["HTTP/1.1 501 Not Implemented", "HTTP/1.1 400 Bad Request"].contains(&status.as_str()), "{coding}: {status}");
        assert!(coding.ends_with("chunked, chunked") || status.contains("501"), "{coding}: {status}");
    }
    assert_eq!(ask("Transfer-Encoding: Chunked").await, "HTTP/1.1 400 Bad Request", "the body lacks members");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bodies_of_one_account_take_a_share_of_the_memory() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    let access = format!("Authorization: Bearer {}\r\n", sam.access);
    let mut stalled = Vec::new();
    for _ in 0..12 {
        let mut stream = connect(&server).await;
        send(&mut stream, &post("/api/v1/changes/batch", &access, 1 << 20)).await;
        stalled.push((stream, vec![b' '; (1 << 20) - 1]));
    }
    let sent = stalled.iter_mut().map(|(stream, body)| async move {
        // The server may close a rejected connection while the client still sends.
        let _ = stream.write_all(body).await;
        let mut answer = [0; 12];
        let answered = timeout(Duration::from_secs(3), stream.read_exact(&mut answer)).await;
        answered.ok().map(|_| String::from_utf8_lossy(&answer).into_owned())
    });
    let answers = futures_util::future::join_all(sent).await;
    let refused = answers.iter().flatten().count();
    assert!((4..12).contains(&refused), "eight bodies of a megabyte wait for their end: {answers:?}");
    server.push(&alex, &[alex.change(WEIGHTS, &weight(now()), 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_rejected_for_its_size_before_its_slowness() {
    let server = impatient(|_| {}).await;
    let mut announced = connect(&server).await;
    send(&mut announced, &format!("{}{{", post("/api/v1/auth/login", "", 1 << 20))).await;
    let mut grown = connect(&server).await;
    send(&mut grown, "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    send(&mut grown, &format!("2400\r\n{}\r\n", " ".repeat(0x2400))).await;
    let mut asking = connect(&server).await;
    send(&mut asking, &post("/api/v1/auth/login", "Expect: 100-continue\r\n", 1 << 20)).await;
    assert_eq!(status_line(&mut asking).await, "HTTP/1.1 413 Payload Too Large", "without being asked to send it");
    for stream in [&mut announced, &mut grown] {
        assert_eq!(status_line(stream).await, "HTTP/1.1 413 Payload Too Large");
    }
}

/// A hand-written HTTP/2 connection, because HTTP libraries do not misbehave in this way.
struct Http2(TcpStream);

impl Http2 {
    /// `window` is the number of bytes of each response that the client accepts.
    async fn open(server: &Server, window: u32) -> Self {
        let mut connection = Http2(connect(server).await);
        connection.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("sent");
        // SETTINGS, with the initial window of streams.
        connection.frame(4, 0, 0, &[&[0, 4][..], &window.to_be_bytes()].concat()).await;
        connection
    }

    async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
        let frame = [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat();
        self.0.write_all(&frame).await.expect("sent");
    }

    /// Sends the head of a request on a stream: `GET`, or `POST` with a body of some length that does not follow.
    async fn request(&mut self, stream: u32, path: &str, access: &str, length: Option<&str>) {
        // Indexed fields of the static table, and literals without an index: the scheme http, and the names path, host and authorization.
        let mut head = vec![if length.is_some() { 0x83 } else { 0x82 }, 0x86];
        for (name, value) in [(&[0x04][..], path), (&[0x01], "x"), (&[0x0f, 8], &format!("Bearer {access}"))] {
            head.extend_from_slice(name);
            text(&mut head, value);
        }
        if let Some(length) = length {
            head.extend_from_slice(&[0x0f, 13]);
            text(&mut head, length);
            head.extend_from_slice(&[0x0f, 16]);
            text(&mut head, "application/json");
        }
        let (end_of_headers, end_of_stream) = (4, u8::from(length.is_none()));
        self.frame(1, end_of_headers | end_of_stream, stream, &head).await;
    }

    /// The responses to some requests: for each, whether it is 200.
    async fn answers(&mut self, count: usize) -> Vec<bool> {
        let mut answers = Vec::new();
        while answers.len() < count {
            let mut head = [0; 9];
            timeout(SOON, self.0.read_exact(&mut head)).await.expect("a frame in time").expect("a frame");
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            self.0.read_exact(&mut payload).await.expect("a whole frame");
            if head[3] == 1 {
                // The status 200 has an index of its own.
                answers.push(payload.first() == Some(&0x88));
            }
        }
        answers
    }
}

/// A text as HTTP/2 writes it in a head: its length, which may take more than one byte, and then the text.
fn text(head: &mut Vec<u8>, text: &str) {
    match text.len().checked_sub(127) {
        None => head.push(text.len() as u8),
        Some(rest) => head.extend_from_slice(&[127, (rest % 128) as u8 | 128, (rest / 128) as u8]),
    }
    head.extend_from_slice(text.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_responses_that_one_account_does_not_take_are_bounded() {
    let server = impatient(|config| config.deadlines.stall = Duration::from_secs(3)).await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    fill(&server, &sam, 2).await;
    let mut unread = Http2::open(&server, 0).await;
    for number in 0..40 {
        unread.request(2 * number + 1, "/api/v1/changes", &sam.access, None).await;
    }
    let taken = unread.answers(40).await.into_iter().filter(|is_ok| *is_ok).count();
    assert!((4..=8).contains(&taken), "{taken} pages of a megabyte wait to be taken");
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 429, "until the account has taken some");
    assert_eq!(server.get("/api/v1/changes", &alex.access).await.0, 200);
    closed(&mut unread.0, "a connection that takes nothing").await;
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 200, "what was given up is no longer counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_whose_bodies_do_not_come_keep_nobody_else_waiting() {
    let server = Server::start().await;
    let quiet = server.register("quiet@example.com").await;
    let mut loud = Vec::new();
    for number in 0..33 {
        let account = server.register(&format!("loud{number}@example.com")).await;
        let mut connection = Http2::open(&server, 1 << 16).await;
        for stream in 0..64 {
            connection.request(2 * stream + 1, "/api/v1/changes/batch", &account.access, Some("100000")).await;
        }
        loud.push(connection);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let since = std::time::Instant::now();
    assert_eq!(server.get("/api/v1/changes", &quiet.access).await.0, 200);
    assert!(since.elapsed() < Duration::from_secs(2), "it took {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_closes_connections_whose_bodies_do_not_come() {
    let mut server = Server::start_with(|config| config.max_connections = 20).await;
    let mut unfinished = Vec::new();
    for _ in 0..40 {
        let mut stream = connect(&server).await;
        // A rejected connection is closed, which the client may notice only now.
        let _ = stream.write_all(format!("{}{{", post("/api/v1/auth/login", "", 1_000)).as_bytes()).await;
        unfinished.push(stream);
    }
    let sam = timeout(SOON, server.register("sam@example.com")).await.expect("there is room for somebody who sends a whole request");
    server.reconnect();
    assert_eq!(timeout(SOON, server.get("/api/v1/changes", &sam.access)).await.expect("an answer").0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_without_bodies_take_a_share_of_the_memory() {
    let server = Server::start().await;
    let mut answered = 0;
    let mut connections = Vec::new();
    for _ in 0..4 {
        let mut connection = Http2::open(&server, 1 << 16).await;
        for stream in 0..90 {
            connection.request(2 * stream + 1, "/api/v1/auth/login", "x", Some("100")).await;
        }
        connections.push(connection);
    }
    for connection in &mut connections {
        while timeout(Duration::from_millis(500), connection.answers(1)).await.is_ok() {
            answered += 1;
        }
    }
    assert!((80..200).contains(&answered), "{answered} of 360 requests are too many for one network");
    drop(connections);
    let login = json!({ "email": "sam@example.com", "password": support::PASSWORD });
    let free = async { while server.post("/api/v1/auth/login", None, &login).await.0 == 429 {} };
    timeout(SOON, free).await.expect("what is over is no longer counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_does_not_take_its_responses_leaves_its_account_what_it_needs() {
    let server = Server::start_with(|config| config.deadlines.stall = Duration::from_secs(120)).await;
    let sam = server.register("sam@example.com").await;
    let login = json!({ "email": "sam@example.com", "password": support::PASSWORD });
    let (_, thief) = server.post("/api/v1/auth/login", None, &login).await;
    let thief = support::text(&thief["accessToken"]);
    let mut unread = Vec::new();
    for _ in 0..3 {
        let mut connection = Http2::open(&server, 0).await;
        for stream in 0..90 {
            connection.request(2 * stream + 1, "/api/v1/account", &thief, None).await;
        }
        connection.answers(90).await;
        unread.push(connection);
    }
    assert_eq!(server.get("/api/v1/account", &thief).await.0, 429, "it has not taken too many");
    let out = json!({ "currentPassword": support::PASSWORD, "newPassword": "squat bench deadlift press" });
    assert_eq!(server.post("/api/v1/auth/password", Some(&sam.access), &out).await.0, 204);
    assert_eq!(server.get("/api/v1/account", &thief).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_pushes_too_often_waits_and_keeps_no_other_waiting() {
    let server = Server::start_with(|config| config.max_pushes = 3).await;
    let (loud, quiet) = (server.register("loud@example.com").await, server.register("quiet@example.com").await);
    let body = |seq| json!({ "changes": weights(&loud, seq, 1) });
    let push = async |seq| server.post("/api/v1/changes/batch", Some(&loud.access), &body(seq)).await;
    let mut accepted = 0;
    let problem = loop {
        match push(accepted + 1).await {
            (200, _) => accepted += 1,
            (status, problem) => break (status, problem["code"].clone()),
        }
    };
    assert_eq!(problem, (429, json!("rate_limited")));
    assert!(accepted >= 3, "{accepted}");
    let request = server.http.post(server.url("/api/v1/changes/batch")).bearer_auth(&loud.access);
    let response = request.header("content-type", "application/json").body(body(accepted + 1).to_string()).send().await.expect("an answer");
    if response.status() == 429 {
        assert_eq!(response.headers()["retry-after"], "1");
    }
    server.push(&quiet, &weights(&quiet, 1, 3)).await;
    assert_eq!(server.get("/api/v1/changes", &loud.access).await.0, 200, "it may pull");
    let again = async { while push(accepted + 1).await.0 != 200 {} };
    timeout(Duration::from_secs(20), again).await.expect("it gets one more each second");
}
