//! Sessions: from the moment that one ends, its tokens open nothing (R26). Devices, and the recovery code for a forgotten password.

mod support;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use stronglog_server::config::Config;
use support::{Account, PASSWORD, Server, WEIGHTS, answer, now, text, weight};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::security::closed_operations;

const EMAIL: &str = "sam@example.com";

/// Signs in on another device.
async fn sign_in(server: &Server, password: &str, platform: &str) -> Result<Account, (u16, Value)> {
    let body = json!({ "email": EMAIL, "password": password, "deviceName": "phone", "platform": platform });
    let (status, pair) = server.post("/api/v1/auth/login", None, &body).await;
    if status != 200 {
        return Err((status, pair));
    }
    let [user, access, refresh] = ["userId", "accessToken", "refreshToken"].map(|member| text(&pair[member]));
    Ok(Account { user, access, refresh, device: uuid::Uuid::from_u128(rand::random()) })
}

async fn call(server: &Server, account: &Account, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = server.http.request(method, server.url(path)).bearer_auth(&account.access);
    let request = body.iter().fold(request, |request, body| request.header("content-type", "application/json").body(body.to_string()));
    answer(request).await
}

async fn devices(server: &Server, account: &Account) -> Vec<Value> {
    let (status, list) = server.get("/api/v1/account/devices", &account.access).await;
    assert_eq!(status, 200, "{list}");
    list["devices"].as_array().expect("a list").clone()
}

async fn other_device(server: &Server, account: &Account) -> String {
    let other = devices(server, account).await.into_iter().find(|device| device["isCurrent"] == false);
    text(&other.expect("another device")["id"])
}

/// What ends the session of another device.
#[derive(Clone, Copy, Debug)]
enum Ending {
    SignOut,
    Revoked,
    NewPassword,
    AllDevices,
    Disabled,
    Erased,
}

async fn end(server: &Server, by: &Account, other: &Account, ending: Ending) {
    let done = match ending {
        Ending::SignOut => call(server, other, Method::POST, "/api/v1/auth/logout", Some(json!({}))).await,
        Ending::AllDevices => call(server, by, Method::POST, "/api/v1/auth/logout", Some(json!({ "allDevices": true }))).await,
        Ending::NewPassword => {
            let body = json!({ "currentPassword": PASSWORD, "newPassword": "squat bench deadlift press" });
            call(server, by, Method::POST, "/api/v1/auth/password", Some(body)).await
        }
        Ending::Revoked => {
            let path = format!("/api/v1/account/devices/{}", other_device(server, by).await);
            call(server, by, Method::DELETE, &path, None).await
        }
        Ending::Erased => call(server, by, Method::DELETE, "/api/v1/account", Some(json!({ "password": PASSWORD }))).await,
        // The operator's command is another process.
        Ending::Disabled => {
            server.sql("UPDATE users SET disabled = true");
            (204, Value::Null)
        }
    };
    assert_eq!(done.0, 204, "{ending:?}: {}", done.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_has_ended_opens_nothing_and_its_stream_ends() {
    let all = [Ending::SignOut, Ending::Revoked, Ending::NewPassword, Ending::AllDevices, Ending::Disabled, Ending::Erased];
    for ending in all {
        let server = Server::start().await;
        let owner = server.register(EMAIL).await;
        let thief = sign_in(&server, PASSWORD, "Linux").await.expect("signed in");
        server.push(&thief, &[thief.change(WEIGHTS, &weight(now()), 1)]).await;
        let request = server.http.get(server.url("/api/v1/changes/stream")).bearer_auth(&thief.access);
        let mut stream = request.send().await.expect("an answer").bytes_stream();
        assert!(stream.next().await.is_some(), "the revision at the start");

        end(&server, &owner, &thief, ending).await;
        for (method, path, id) in closed_operations() {
            let body = (method != Method::GET).then(|| json!({}));
            let (status, problem) = call(&server, &thief, method, &path, body).await;
            assert_eq!((status, &problem["code"]), (401, &json!("token_revoked")), "{ending:?}, {id}: {problem}");
        }
        let change = thief.change(WEIGHTS, &weight(now()), 2);
        let (status, _) = call(&server, &thief, Method::POST, "/api/v1/changes/batch", Some(json!({ "changes": [change] }))).await;
        assert_eq!(status, 401, "{ending:?}: a good push");
        let (status, _) = server.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": thief.refresh })).await;
        assert_eq!(status, 401, "{ending:?}: a new pair of tokens");
        let rest = tokio::time::timeout(Duration::from_secs(10), stream.collect::<Vec<_>>()).await;
        assert!(rest.is_ok(), "{ending:?}: the stream stays open");

        let (status, account) = server.get("/api/v1/account", &owner.access).await;
        match ending {
            Ending::SignOut | Ending::Revoked | Ending::NewPassword => {
                assert_eq!((status, &account["userRev"]), (200, &json!(1)), "{ending:?}")
            }
            Ending::AllDevices | Ending::Disabled | Ending::Erased => assert_eq!(status, 401, "{ending:?}"),
        }
        server.running.stop().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_refresh_token_ends_the_stream_of_its_session() {
    let server = Server::start().await;
    let account = server.register(EMAIL).await;
    let mut newest = account.refresh.clone();
    for _ in 0..2 {
        let (status, pair) = server.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": newest })).await;
        assert_eq!(status, 200, "{pair}");
        newest = text(&pair["refreshToken"]);
    }
    let stream = server.http.get(server.url("/api/v1/changes/stream")).bearer_auth(&account.access).send().await.expect("an answer");
    let (status, _) = server.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": account.refresh })).await;
    assert_eq!(status, 401, "it was spent long ago");
    assert!(tokio::time::timeout(Duration::from_secs(10), stream.bytes()).await.is_ok(), "the stream stays open");
    assert_eq!(server.get("/api/v1/changes", &account.access).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_devices_says_what_each_has_reached() {
    let server = Server::start().await;
    let laptop = server.register(EMAIL).await;
    let phone = sign_in(&server, PASSWORD, "Android").await.expect("signed in");
    let start = now();
    let (_, page) = server.get("/api/v1/changes", &laptop.access).await;
    let change = laptop.change(WEIGHTS, &weight(now()), 1);
    let push = json!({ "cursor": page["nextCursor"], "changes": [change] });
    assert_eq!(server.post("/api/v1/changes/batch", Some(&laptop.access), &push).await.0, 200);
    let seen = devices(&server, &phone).await;
    let device = |current: bool| seen.iter().find(|device| device["isCurrent"] == current).expect("a device").clone();
    let (mine, other) = (device(true), device(false));
    assert_eq!((&other["name"], &other["lastSyncedRev"]), (&json!("test"), &json!(1)), "what it has pushed counts: {other}");
    assert!(other["lastSyncedAt"].as_i64() >= Some(start) && other["lastSeenAt"].as_i64() >= Some(start), "{other}");
    assert_eq!((&mine["platform"], mine.get("lastSyncedRev")), (&json!("Android"), None), "it has not pulled yet: {mine}");
    assert_eq!(server.get("/api/v1/changes", &phone.access).await.0, 200);

    let id = text(&other["id"]);
    let path = format!("/api/v1/account/devices/{id}");
    assert_eq!(call(&server, &phone, Method::PUT, &path, Some(json!({ "name": "desk" }))).await.0, 204);
    let server = server.restart(|_| {}).await;
    let kept = devices(&server, &phone).await;
    let [first, second] = [&kept[0], &kept[1]];
    assert_eq!((&first["isCurrent"], &first["lastSyncedRev"]), (&json!(true), &json!(1)), "seen last: {first}");
    assert_eq!((&second["name"], &second["lastSyncedAt"]), (&json!("desk"), &other["lastSyncedAt"]), "a restart forgets nothing: {second}");

    let other_account = server.register("alex@example.com").await;
    for (method, body) in [(Method::PUT, Some(json!({ "name": "mine" }))), (Method::DELETE, None)] {
        let (status, problem) = call(&server, &other_account, method, &path, body).await;
        assert_eq!((status, &problem["code"]), (404, &json!("not_found")), "another account's device: {problem}");
    }
    assert_eq!(call(&server, &phone, Method::DELETE, &path, None).await.0, 204);
    assert_eq!(devices(&server, &phone).await.len(), 1);
}

async fn recover(server: &Server, code: &str, password: &str) -> (u16, Value) {
    let body = json!({ "email": EMAIL, "recoveryCode": code, "newPassword": password });
    server.post("/api/v1/auth/recover", None, &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_sets_a_new_password_once_and_signs_everybody_out() {
    const NEW: &str = "squat bench deadlift press";
    let server = Server::start().await;
    let account = server.register(EMAIL).await;
    let make = |password: &str| {
        let body = json!({ "password": password });
        let (server, account) = (&server, &account);
        async move { call(server, account, Method::POST, "/api/v1/account/recovery-code", Some(body)).await }
    };
    assert_eq!(recover(&server, "7HXQ2-M9TRA-0VKD4-WB3EC", NEW).await.0, 401, "there is no code yet");
    assert_eq!(make("wrong").await.0, 403, "a stolen token alone makes none");
    let first = text(&make(PASSWORD).await.1["recoveryCode"]);
    let code = text(&make(PASSWORD).await.1["recoveryCode"]);
    assert_eq!(recover(&server, &first, NEW).await.0, 401, "the second replaces the first");
    assert_eq!(recover(&server, &code, "short").await.0, 400, "a code is not spent on a password that is none");

    assert_eq!(recover(&server, &format!(" {} ", code.to_lowercase().replace('-', " ")), NEW).await, (204, Value::String(String::new())));
    assert_eq!(server.get("/api/v1/changes", &account.access).await.0, 401, "every device is signed out");
    assert_eq!(sign_in(&server, PASSWORD, "Linux").await.err().map(|(status, _)| status), Some(401));
    sign_in(&server, NEW, "Linux").await.expect("the new password");
    assert_eq!(recover(&server, &code, PASSWORD).await.0, 401, "it is spent");
    assert_eq!(server.sql("SELECT recovery_hash FROM users"), "", "nothing of it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_of_a_recovery_code_are_limited_like_those_of_a_password() {
    let server = Server::start_with(|config| config.auth_per_minute = Config::local("").auth_per_minute).await;
    server.register(EMAIL).await;
    let start = Instant::now();
    let mut statuses = Vec::new();
    while !statuses.ends_with(&[429]) && statuses.len() < 60 {
        statuses.push(recover(&server, "00000-00000-00000-00000", "squat bench deadlift press").await.0);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(statuses.len() <= 12 + usize::try_from(start.elapsed().as_secs()).expect("short"), "a quarter of 40 a minute: {statuses:?}");
    let login = sign_in(&server, PASSWORD, "Linux").await;
    assert_eq!(login.err().map(|(status, _)| status), Some(429), "and they count as guesses of the password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_list_can_show_is_stored_without_what_it_does() {
    let server = Server::start().await;
    let named = "a\u{0}b\u{202e}c\u{1b}[31m";
    let body = json!({ "email": "sam@example.com", "password": PASSWORD, "deviceName": named, "platform": named });
    let (status, pair) = server.post("/api/v1/auth/register", None, &body).await;
    assert_eq!(status, 201, "{pair}");
    let access = text(&pair["accessToken"]);
    let (_, list) = server.get("/api/v1/account/devices", &access).await;
    let device = &list["devices"][0];
    assert_eq!((&device["name"], &device["platform"]), (&json!("a\u{fffd}b\u{fffd}c\u{fffd}[31m"), &device["name"]), "{list}");
    let url = server.url(&format!("/api/v1/account/devices/{}", text(&device["id"])));
    let request = server.http.put(url).bearer_auth(&access).header("content-type", "application/json");
    let (status, answer) = support::answer(request.body(json!({ "name": "\u{0}" }).to_string())).await;
    assert_eq!(status, 204, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_a_bounded_number_of_sessions() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    // As many as there may be, all used later than the first.
    server.sql(&match server.postgres {
        Some(_) => "INSERT INTO sessions (user_id, session_id, salt, generation, rotated_at, created_at, seen_at)
            SELECT user_id, gen_random_uuid(), salt, 1, rotated_at + number, created_at, seen_at FROM sessions, generate_series(1, 99) AS number"
            .to_owned(),
        None => "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 99)
            INSERT INTO sessions (user_id, session_id, salt, generation, rotated_at, created_at, seen_at)
            SELECT user_id, randomblob(16), salt, 1, rotated_at + number, created_at, seen_at FROM sessions, numbers"
            .to_owned(),
    });
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 200);
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(server.post("/api/v1/auth/login", None, &login).await.0, 200);
    assert_eq!(server.sql("SELECT count(*) FROM sessions"), "100");
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 401, "the one that was used longest ago made room");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_have_ended_make_room_first() {
    let server = Server::start().await;
    let sam = server.register(EMAIL).await;
    // Another device has signed in and out again and again since.
    server.sql(&match server.postgres {
        Some(_) => "INSERT INTO sessions (user_id, session_id, salt, generation, rotated_at, created_at, seen_at, revoked)
            SELECT user_id, gen_random_uuid(), salt, 1, rotated_at + number, created_at, seen_at, true FROM sessions, generate_series(1, 120) AS number"
            .to_owned(),
        None => "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 120)
            INSERT INTO sessions (user_id, session_id, salt, generation, rotated_at, created_at, seen_at, revoked)
            SELECT user_id, randomblob(16), salt, 1, rotated_at + number, created_at, seen_at, 1 FROM sessions, numbers"
            .to_owned(),
    });
    sign_in(&server, PASSWORD, "Linux").await.expect("signed in");
    assert_eq!(server.get("/api/v1/changes", &sam.access).await.0, 200, "a device that is signed in stays so");
    assert_eq!(server.sql("SELECT count(*) FROM sessions"), "100");
}

/// Sends the head of a push whose body does not come.
async fn begin_push(server: &Server, account: &Account) -> TcpStream {
    let mut stream = TcpStream::connect(server.running.addr()).await.expect("a connection");
    let head = format!("POST /api/v1/changes/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n", account.access);
    stream.write_all(format!("{head}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n").as_bytes()).await.expect("sent");
    stream
}

/// The beginning of the response to each request, none of which waits for its body.
async fn answers(streams: Vec<TcpStream>) -> Vec<String> {
    let read = streams.into_iter().map(|mut stream| async move {
        let mut line = [0; 12];
        timeout(Duration::from_secs(10), stream.read_exact(&mut line)).await.expect("an answer in time").expect("an answer");
        String::from_utf8_lossy(&line).into_owned()
    });
    join_all(read).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_has_ended_keeps_its_account_waiting_for_nothing() {
    let server = Server::start().await;
    let owner = server.register(EMAIL).await;
    let thief = sign_in(&server, PASSWORD, "Linux").await.expect("signed in");
    let mut under_way = Vec::new();
    for _ in 0..80 {
        under_way.push(begin_push(&server, &thief).await);
    }
    let since = Instant::now();
    assert_eq!(server.get("/api/v1/changes", &owner.access).await.0, 200, "as long as the session is live, it waits for itself");
    end(&server, &owner, &thief, Ending::Revoked).await;
    assert_eq!(answers(under_way).await, vec!["HTTP/1.1 401"; 80], "bodies on the way are not waited for any longer");
    let mut later = Vec::new();
    for _ in 0..80 {
        later.push(begin_push(&server, &thief).await);
    }
    server.push(&owner, &[owner.change(WEIGHTS, &weight(now()), 1)]).await;
    assert_eq!(answers(later).await, vec!["HTTP/1.1 401"; 80], "and those of later requests are not either");
    assert!(since.elapsed() < Duration::from_secs(10), "it took {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_voids_the_recovery_code() {
    let server = Server::start().await;
    let owner = server.register(EMAIL).await;
    let thief = sign_in(&server, PASSWORD, "Linux").await.expect("signed in");
    let make = async |account: &Account, password: &str| {
        let made = call(&server, account, Method::POST, "/api/v1/account/recovery-code", Some(json!({ "password": password }))).await;
        text(&made.1["recoveryCode"])
    };
    let code = make(&thief, PASSWORD).await;
    end(&server, &owner, &thief, Ending::NewPassword).await;
    assert_eq!(recover(&server, &code, "stolen horse battery staple").await.0, 401, "a thief may have made it");
    let code = make(&owner, "squat bench deadlift press").await;
    stronglog_server::admin::users::reset_password(&server.place(), EMAIL, PASSWORD).await.expect("set");
    assert_eq!(recover(&server, &code, "stolen horse battery staple").await.0, 401, "nor does it outlast the operator's password");
    sign_in(&server, PASSWORD, "Linux").await.expect("the password of the operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_stays_signed_in_where_the_data_has_gone_back_in_time() {
    let server = Server::start().await;
    let account = server.register(EMAIL).await;
    let refresh = async |token: &str| {
        let (status, pair) = server.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": token })).await;
        (status, pair["refreshToken"].as_str().unwrap_or_default().to_owned())
    };
    let (_, second) = refresh(&account.refresh).await;
    let (_, third) = refresh(&second).await;
    // As in a backup, or on a standby that lagged behind.
    server.sql("UPDATE sessions SET generation = 1");
    let (status, fourth) = refresh(&third).await;
    assert_eq!(status, 200);
    assert_eq!(refresh(&third).await, (200, fourth.clone()), "its answer may be lost, as ever");
    assert_eq!(refresh(&fourth).await.0, 200);
    assert_eq!(refresh(&second).await.0, 401, "what was spent stays spent");
}
