//! Unauthenticated, malformed and hostile requests: unauthenticated clients can do nothing, and malformed or hostile requests do no harm.

mod support;

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contractc::Compilation;
use contractc::sample::{Sampler, broken_texts};
use futures_util::StreamExt;
use ring::hmac;
use serde_json::{Value, json};
use stronglog_server::config::{Config, Secret};
use stronglog_server::serve::{ServeError, start};
use stronglog_sync::api::{Problem, Schema};
use support::{Account, PASSWORD, Server, WEIGHTS, answer, now, weight};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The method, path and operation id of every operation of the contract. The ids in the paths belong to no record.
fn operations() -> Vec<(reqwest::Method, String, String)> {
    let all = support::operations().into_iter();
    all.map(|(method, path, id)| (method, path.replace("{id}", "019731b1-69c0-7a10-8b20-c30d40e50f60"), id)).collect()
}

/// The operations that require authentication.
pub fn closed_operations() -> Vec<(reqwest::Method, String, String)> {
    let open = ["register", "login", "refreshTokens", "recoverAccount", "getSyncConfig"];
    operations().into_iter().filter(|(.., id)| !open.contains(&id.as_str())).collect()
}

/// Sends a request, and reads the problem that the response must contain.
async fn problem(request: reqwest::RequestBuilder) -> Problem {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.text().await.expect("a whole answer");
    assert_eq!(headers.get("content-type").map(|value| value.as_bytes()), Some(&b"application/problem+json"[..]), "{status} {body}");
    assert!(headers.contains_key("x-contract-version"), "{status} {body}");
    assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{status} {body}");
    let problem = Problem::from_json(body.as_bytes()).unwrap_or_else(|report| panic!("{report}: {body}"));
    assert_eq!(problem.status, i64::from(status.as_u16()));
    assert_eq!(problem.retry_after_ms.is_some(), headers.contains_key("retry-after"), "{body}");
    problem
}

fn code(problem: &Problem) -> Value {
    serde_json::from_str::<Value>(&problem.to_json()).expect("JSON")["code"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_of_this_server_there_is_nothing() {
    let server = Server::start().await;
    let other_account = Server::start().await.register("sam@example.com").await;
    let account = server.register("sam@example.com").await;
    let (head, rest) = account.access.split_once('.').expect("a JWT");
    let (claims, _) = rest.split_once('.').expect("a JWT");
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let forged = format!("{head}.{claims}.{}", "A".repeat(43));
    for (method, path, id) in closed_operations() {
        let request = || {
            let request = server.http.request(method.clone(), server.url(&path));
            if method == "GET" { request } else { request.header("content-type", "application/json").body("{}") }
        };
        assert_eq!(code(&problem(request()).await), "unauthorized", "{id} without a token");
        for token in [&other_account.access, &unsigned, &forged, &account.refresh] {
            assert_eq!(code(&problem(request().bearer_auth(token)).await), "unauthorized", "{id} with a token of somebody else's making");
        }
        assert_eq!(code(&problem(request().basic_auth("sam@example.com", Some(PASSWORD))).await), "unauthorized", "{id}");
    }
}

/// A copy of an access token with another expiry time, signed as the server signs.
fn access_until(secret: &str, token: &str, end_secs: i64) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("base64url")).expect("claims");
    claims["exp"] = json!(end_secs);
    let signed = format!("{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()));
    let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let signature = sign(sign(secret.as_bytes(), "access tokens").as_ref(), &signed);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_run_out_opens_nothing() {
    const SECRET: &str = "q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe";
    let server = Server::start_with(|config| config.signing_secret = Some(Secret::new(SECRET))).await;
    let account = server.register("sam@example.com").await;
    let secs = now() / 1_000;
    let (lives, expired) = (access_until(SECRET, &account.access, secs + 60), access_until(SECRET, &account.access, secs - 1));
    assert_eq!(server.get("/api/v1/changes", &lives).await.0, 200, "but for its end, it is a good token");
    for (method, path, id) in closed_operations() {
        let request = server.http.request(method.clone(), server.url(&path)).bearer_auth(&expired);
        let request = if method == "GET" { request } else { request.header("content-type", "application/json").body("{}") };
        assert_eq!(code(&problem(request).await), "token_expired", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_sees_and_touches_nothing_of_another() {
    let server = Server::start().await;
    let (sam, alex) = (server.register("sam@example.com").await, server.register("alex@example.com").await);
    let record = weight(now());
    let id = support::text(&record["id"]);
    server.push(&sam, &[sam.change(WEIGHTS, &record, 1)]).await;
    let path = format!("/api/v1/{WEIGHTS}/{id}");
    let mine = |method, account: &Account| server.http.request(method, server.url(&path)).bearer_auth(&account.access);
    assert_eq!(code(&problem(mine(reqwest::Method::GET, &alex)).await), "not_found");
    assert_eq!(code(&problem(mine(reqwest::Method::DELETE, &alex)).await), "not_found");
    let theirs = json!({ "op": alex.op(1), "record": { "id": id, "clientCreatedAt": 1, "clientUpdatedAt": now(), "isDeleted": true } });
    let put = mine(reqwest::Method::PUT, &alex).header("content-type", "application/json").body(theirs.to_string());
    assert_eq!(answer(put).await.0, 200, "an id is anybody's, in their own account");
    let (status, kept) = server.get(&path, &sam.access).await;
    assert_eq!((status, &kept["record"]["isDeleted"], &kept["rev"]), (200, &json!(false), &json!(1)), "{kept}");
    let (_, feed) = server.get("/api/v1/changes", &alex.access).await;
    assert!(!feed.to_string().contains("weightKg"), "{feed}");
}

const BODY_BYTES_MAX: usize = 1 << 20;

/// An empty push of this size.
fn padded(length: usize) -> Vec<u8> {
    let mut body = br#"{"changes":[]}"#.to_vec();
    body.resize(length, b' ');
    body
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("gzip writes")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_one_mebibyte_is_accepted_in_each_encoding() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let json = |body: Vec<u8>| {
        let request = server.http.post(server.url("/api/v1/changes/batch")).bearer_auth(&sam.access);
        request.header("content-type", "application/json").body(body)
    };
    let body = padded(BODY_BYTES_MAX);
    for (request, name) in [
        (json(body.clone()), "as it is"),
        (json(zstd::encode_all(body.as_slice(), 1).expect("zstd writes")).header("content-encoding", "zstd"), "as zstd"),
        (json(gzip(&body)).header("content-encoding", "gzip"), "as gzip"),
    ] {
        assert_eq!(answer(request).await.0, 200, "a body of 1 MiB {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_has_its_own_answer() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let post = |body: Vec<u8>| server.http.post(server.url("/api/v1/changes/batch")).bearer_auth(&sam.access).body(body);
    let json = |body: Vec<u8>| post(body).header("content-type", "application/json");
    let get = |path: &str| server.http.get(server.url(path)).bearer_auth(&sam.access);
    let login = |media_type: &str| server.http.post(server.url("/api/v1/auth/login")).body("{").header("content-type", media_type);
    let squeezed = zstd::encode_all(std::io::repeat(b' ').take(64 << 20), 1).expect("zstd writes");
    let table = [
        (json(padded(BODY_BYTES_MAX + 1)), 413, "payload_too_large"),
        (json(squeezed).header("content-encoding", "zstd"), 413, "payload_too_large"),
        (json(gzip(&padded(BODY_BYTES_MAX + 1))).header("content-encoding", "gzip"), 413, "payload_too_large"),
        (json(padded(100)).header("content-encoding", "br"), 415, "unsupported_media_type"),
        (json(padded(100)).header("content-encoding", "gzip"), 400, "malformed_request"),
        (json(padded(100)).header("content-encoding", "gzip").header("content-encoding", "zstd"), 415, "unsupported_media_type"),
        (json(padded(100)).header("content-encoding", "identity").header("content-encoding", "br"), 415, "unsupported_media_type"),
        (json(padded(100)).header("content-encoding", "gz\u{ef}p"), 415, "unsupported_media_type"),
        (post(padded(100)).header("content-type", "text/plain"), 415, "unsupported_media_type"),
        (post(padded(100)), 415, "unsupported_media_type"),
        (json(b"{".to_vec()), 400, "malformed_request"),
        (login("application/json"), 400, "malformed_request"),
        (login("text/plain"), 415, "unsupported_media_type"),
        (json(br#"{"changes":[],"more":1}"#.to_vec()), 400, "malformed_request"),
        (json(br#"{"changes":[],"cursor":"v1.user-goals.e1.1"}"#.to_vec()), 400, "invalid_cursor"),
        (get("/api/v1/changes?limit=0"), 400, "malformed_request"),
        (get("/api/v1/changes?since=x"), 400, "malformed_request"),
        (get("/api/v1/changes?since=v1.user-goals.e1.1"), 400, "invalid_cursor"),
        (get("/api/v1/changes?since=v1.all.elsewhere.1"), 410, "epoch_changed"),
        (get("/api/v1/user-goals/not-an-id"), 400, "malformed_request"),
        (get("/api/v1/user-goals/019731b1-69c0-7a10-8b20-c30d40e50f60"), 404, "not_found"),
        (get("/api/v1/user-goals/019731b1-69c0-7a10-8b20-c30d40e50f60?undeclared=1"), 404, "not_found"),
        (get("/api/v1/no-such-thing"), 404, "not_found"),
        (get("/"), 404, "not_found"),
        (server.http.patch(server.url("/api/v1/changes")).bearer_auth(&sam.access), 405, "method_not_allowed"),
        (get("/api/v1/changes").header("x-contract-version", "0.9.0"), 426, "upgrade_required"),
        (get("/api/v1/changes").header("x-contract-version", "one"), 400, "malformed_request"),
        (
            server.http.delete(server.url("/api/v1/user-goals/019731b1-69c0-7a10-8b20-c30d40e50f60?seq=1")).bearer_auth(&sam.access),
            400,
            "malformed_request",
        ),
    ];
    for (request, status, expected) in table {
        let shown = format!("{request:?}");
        let problem = problem(request).await;
        assert_eq!((problem.status, code(&problem)), (status, json!(expected)), "{shown}: {problem:?}");
        assert!(problem.instance.is_some(), "{shown}: the problem names the request");
    }
    assert_eq!(answer(get("/api/v1/changes").header("x-contract-version", "9.0.0")).await.0, 200, "newer clients are served");
    assert_eq!(answer(get("/api/v1/sync/config").header("x-contract-version", "0.1.0")).await.0, 200, "and everybody sees the limits");
    let put = |record: Value| {
        let body = json!({ "op": sam.op(1), "record": record }).to_string();
        let path = server.url("/api/v1/user-bodyweight-logs/019731b1-69c0-7a10-8b20-c30d40e50f60");
        server.http.put(path).bearer_auth(&sam.access).header("content-type", "application/json").body(body)
    };
    for record in [weight(now()), json!({ "id": 7 })] {
        let problem = problem(put(record)).await;
        assert_eq!((problem.status, code(&problem)), (422, json!("invalid_record")), "{problem:?}");
        assert!(problem.errors.is_some_and(|errors| !errors.is_empty()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_are_spent_in_order() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let exchange = |token: &str| {
        let body = json!({ "refreshToken": token });
        let server = &server;
        async move { server.post("/api/v1/auth/refresh", None, &body).await }
    };
    let (_, second) = exchange(&sam.refresh).await;
    let (status, again) = exchange(&sam.refresh).await;
    assert_eq!(status, 200, "within the grace, for an answer that was lost: {again}");
    assert_eq!(again["refreshToken"], second["refreshToken"], "and it is the one that was lost");
    let (_, third) = exchange(&support::text(&second["refreshToken"])).await;
    let (status, stolen) = exchange(&sam.refresh).await;
    assert_eq!((status, &stolen["code"]), (401, &json!("token_revoked")), "{stolen}");
    let (status, revoked) = exchange(&support::text(&third["refreshToken"])).await;
    assert_eq!((status, &revoked["code"]), (401, &json!("token_revoked")), "the whole family: {revoked}");
    let (most, last) = sam.refresh.split_at(sam.refresh.len() - 1);
    let changed = format!("{most}{}", if last == "A" { "E" } else { "A" });
    for token in ["rt_AAAA", "x", &sam.access, &changed] {
        let (status, refused) = exchange(token).await;
        assert_eq!((status, &refused["code"]), (401, &json!("unauthorized")), "{refused}");
    }
    let (status, pair) = server.post("/api/v1/auth/login", None, &json!({ "email": "sam@example.com", "password": PASSWORD })).await;
    assert_eq!(status, 200, "signing in begins another: {pair}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slow_and_tells_nothing() {
    let server = Server::start_with(|config| config.auth_per_minute = 16).await;
    server.register("sam@example.com").await;
    let login = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password }).to_string();
        // With a request id, which the response contains.
        let request = server.http.post(server.url("/api/v1/auth/login")).header("x-request-id", "guess");
        request.header("content-type", "application/json").body(body)
    };
    let wrong = problem(login("sam@example.com", "wrong")).await;
    let unknown = problem(login("nobody@example.com", "wrong")).await;
    assert_eq!(code(&wrong), "invalid_credentials");
    assert_eq!(wrong.to_json(), unknown.to_json(), "an unknown address is answered like a wrong password");
    for _ in 0..3 {
        problem(login("sam@example.com", "wrong")).await;
    }
    let limited = problem(login("sam@example.com", PASSWORD)).await;
    assert_eq!((limited.status, code(&limited)), (429, json!("rate_limited")), "four guesses for an account, the right one included");
    assert!(limited.retry_after_ms.is_some_and(|wait| (1_000..=60_000).contains(&wait)), "{limited:?}");
    let mut statuses = Vec::new();
    for number in 0..12 {
        statuses.push(problem(login(&format!("other{number}@example.com"), "wrong")).await.status);
    }
    assert!(statuses.contains(&401) && statuses.ends_with(&[429]), "a network has so many for all accounts: {statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unauthenticated_clients_lock_nobody_out() {
    let server = Server::start_with(|config| {
        config.auth_per_minute = 16;
        config.behind_proxy = true;
    })
    .await;
    let from = |network: &str, path: &str, body: Value| {
        let request = server.http.post(server.url(path)).header("content-type", "application/json").header("x-forwarded-for", network);
        answer(request.body(body.to_string()))
    };
    let login = |network: &str, password: &str| {
        from(network, "/api/v1/auth/login", json!({ "email": "sam@example.com", "password": password, "deviceName": "phone" }))
    };
    let body = json!({ "email": "sam@example.com", "password": PASSWORD, "deviceName": "phone" });
    let (status, sam) = from("192.0.2.1", "/api/v1/auth/register", body).await;
    assert_eq!(status, 201, "{sam}");
    let mut statuses = Vec::new();
    for number in 0..20 {
        statuses.push(login(&format!("198.51.100.{number}"), "wrong").await.0);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 16, "many networks guess no faster than one: {statuses:?}");
    assert_eq!(login("192.0.2.1", PASSWORD).await.0, 200, "the owner is at home where the account is known");
    for _ in 0..8 {
        login("192.0.2.1", "wrong").await;
    }
    assert_eq!(login("192.0.2.1", PASSWORD).await.0, 429, "whoever guesses there is limited, the owner included");
    for _ in 0..20 {
        from("192.0.2.1", "/api/v1/auth/login", json!({ "email": "nobody@example.com", "password": "wrong" })).await;
    }
    let refresh = |token: &Value| from("192.0.2.1", "/api/v1/auth/refresh", json!({ "refreshToken": token }));
    assert_eq!(refresh(&sam["refreshToken"]).await.0, 200, "devices of the network stay signed in");
    for _ in 0..20 {
        refresh(&json!("rt_AAAA")).await;
    }
    assert_eq!(refresh(&json!("rt_AAAA")).await.0, 429, "made-up tokens are limited");
    assert_eq!(refresh(&sam["refreshToken"]).await.0, 200, "and good ones are not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_without_the_proxy_trusts_no_client_about_its_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let direct = Config { auth_per_minute: 16, ..Config::local(folder.path()) };
    let proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    let running = start(Config { behind_proxy: true, trusted_proxies: proxies, ..direct.clone() }).await.expect("the server starts");
    let client = support::http_client().build().expect("a client");
    let guess = async |number: u32| {
        let body = json!({ "email": format!("user{number}@example.com"), "password": "wrong" }).to_string();
        let request = client.post(format!("{}/api/v1/auth/login", running.url())).header("content-type", "application/json");
        answer(request.header("x-forwarded-for", format!("198.51.100.{number}")).body(body)).await.0
    };
    let fixed = running.reload(direct.clone()).expect("good settings");
    assert_eq!(fixed, ["--behind-proxy", "--trusted-proxies"], "one is not kept without the other");
    let mut statuses = Vec::new();
    for number in 0..20 {
        statuses.push(guess(number).await);
    }
    assert!(statuses.ends_with(&[429]), "the client is none of the proxies, so what it claims does not count: {statuses:?}");
    let alone = Config { trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")], ..direct };
    assert!(running.reload(alone).is_err(), "settings with which the server would not start");
    running.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_good_secret_does_not_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = |secret: Option<&str>| Config { dev: false, signing_secret: secret.map(Secret::new), ..Config::local(folder.path()) };
    assert!(matches!(start(config(None)).await, Err(ServeError::NoSecret)));
    assert!(matches!(start(config(Some("changeme"))).await, Err(ServeError::WeakSecret(_))));
    let running = start(config(Some("q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe"))).await.expect("a good secret");
    let second = start(config(Some("q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe"))).await.err().expect("the folder is taken");
    assert!(second.to_string().contains("stop it first"), "{second}");
    running.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn web_apps_of_allowed_origins_may_read_what_they_need() {
    let server = Server::start_with(|config| config.allow_origin = vec!["https://app.example.com".parse().expect("an origin")]).await;
    let ask = |origin: &'static str| {
        let request = server.http.request(reqwest::Method::OPTIONS, server.url("/api/v1/changes")).header("origin", origin);
        request.header("access-control-request-method", "GET").header("access-control-request-headers", "authorization,x-contract-version")
    };
    let allowed = ask("https://app.example.com").send().await.expect("an answer");
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.com");
    let refused = ask("https://evil.example.com").send().await.expect("an answer");
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
    let config =
        server.http.get(server.url("/api/v1/sync/config")).header("origin", "https://app.example.com").send().await.expect("an answer");
    let exposed = config.headers()["access-control-expose-headers"].to_str().expect("text").to_lowercase();
    assert!(["retry-after", "x-contract-version", "x-account"].iter().all(|name| exposed.contains(name)), "{exposed}");
}

/// A device uses nothing of a response that names another account (R29).
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_an_account_names_it() {
    let server = Server::start().await;
    let account = server.register("sam@example.com").await;
    for (method, path, id) in closed_operations() {
        // These end the session or the account.
        if matches!(id.as_str(), "logout" | "deleteAccount") {
            continue;
        }
        let path = path.replace("{id}", "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f");
        let request =
            server.http.request(method, server.url(&path)).bearer_auth(&account.access).header("content-type", "application/json");
        let answered = request.body("{}").send().await.expect("an answer");
        let named = answered.headers().get("x-account").map(|value| value.as_bytes().to_vec());
        assert_eq!(named.as_deref(), Some(account.user.as_bytes()), "{id}: {}", answered.status());
    }
    let open = server.http.get(server.url("/api/v1/sync/config")).send().await.expect("an answer");
    assert!(!open.headers().contains_key("x-account"), "nobody has asked");
}

/// The log output of the process so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic elsewhere").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG);
        subscriber.with_writer(move || writer.clone()).with_ansi(false).init();
        log
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_contains_no_secret_and_no_user_data() {
    let log = log();
    let server = Server::start().await;
    let sam = server.register("whisper@example.com").await;
    let mut record = weight(now());
    record["mood"] = json!("murmur");
    server.push(&sam, &[sam.change(WEIGHTS, &record, 1)]).await;
    server.post("/api/v1/auth/refresh", None, &json!({ "refreshToken": sam.refresh })).await;
    server.post("/api/v1/auth/login", None, &json!({ "email": "whisper@example.com", "password": "a wrong guess" })).await;
    server.get("/api/v1/changes?since=v1.all.hush.1", &sam.access).await;
    server.running.stop().await.expect("an orderly end");
    let text = String::from_utf8_lossy(&log.0.lock().expect("no panic elsewhere")).into_owned();
    assert!(text.contains("/api/v1/changes/batch") && text.contains("listening"), "there is a log: {text}");
    let key = std::fs::read_to_string(server.folder.path().join("stronglog.secret")).expect("the kept secret");
    for secret in [&sam.access, &sam.refresh, PASSWORD, "a wrong guess", "whisper", "murmur", "hush", &key] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

/// Invalid bodies for every request schema, each with the path that accepts it.
fn broken_bodies(count: usize) -> Vec<(String, Vec<u8>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/openapi.yaml");
    let compilation = Compilation::from_file(&path).expect("the contract can be read");
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let targets = [
        ("FeedPushRequest", "POST /api/v1/changes/batch"),
        ("PushRequest", "POST /api/v1/workout-logs/batch"),
        ("PushChange", "PUT /api/v1/user-goals/019731b1-69c0-7a10-8b20-c30d40e50f60"),
        ("RegisterRequest", "POST /api/v1/auth/register"),
        ("LoginRequest", "POST /api/v1/auth/login"),
        ("RefreshRequest", "POST /api/v1/auth/refresh"),
        ("ChangePasswordRequest", "POST /api/v1/auth/password"),
    ];
    let mut bodies = Vec::new();
    for seed in 0.. {
        for (index, (schema, target)) in targets.iter().enumerate() {
            let mut sampler = Sampler::new(contract, seed * 100 + index as u64);
            let schema = contract.named(schema).expect("a schema of the contract");
            let Some(valid) = sampler.valid(schema) else { continue };
            let mutated = sampler.mutations(schema, &valid).into_iter().map(|mutation| mutation.value.to_string().into_bytes());
            // A byte order mark before a body is skipped (RFC 8259, section 8.1).
            let broken = broken_texts(&valid.to_string()).into_iter().filter(|text| !text.starts_with('\u{feff}'));
            let cut = broken.map(String::into_bytes);
            let noise = (0..20).map(|length| (0..length * 7).map(|_| rand::random::<u8>()).collect());
            bodies.extend(mutated.chain(cut).chain(noise).map(|body: Vec<u8>| ((*target).to_owned(), body)));
        }
        if bodies.len() >= count {
            bodies.truncate(count);
            return bodies;
        }
    }
    bodies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_broken_bodies_do_no_harm() {
    let log = log();
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let bodies = broken_bodies(10_000);
    assert_eq!(bodies.len(), 10_000);
    let answers = futures_util::stream::iter(bodies).map(|(target, body)| {
        let (method, path) = target.split_once(' ').expect("a method and a path");
        let request = server.http.request(method.parse().expect("a method"), server.url(path)).bearer_auth(&sam.access);
        let request = request.header("content-type", "application/json").body(body.clone());
        async move {
            let (status, answer) = answer(request).await;
            let all_refused = || {
                let outcomes = answer["outcomes"].as_array().expect("outcomes");
                outcomes.iter().any(|outcome| outcome["outcome"] == "rejected")
            };
            let harmless = (400..500).contains(&status) || (status == 200 && all_refused());
            assert!(harmless, "{target} answers {status} {answer} to {}", String::from_utf8_lossy(&body));
        }
    });
    answers.buffer_unordered(16).collect::<()>().await;
    let (status, _) = server.get("/api/v1/changes", &sam.access).await;
    assert_eq!(status, 200, "the server is as well as before");
    let text = String::from_utf8_lossy(&log.0.lock().expect("no panic elsewhere")).into_owned();
    assert!(!text.contains("panicked") && !text.contains(PASSWORD) && !text.contains(&sam.access));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_host_and_one_token() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let good = format!("Authorization: Bearer {}\r\n", sam.access);
    let status = async |version: &str, headers: &str| {
        let mut stream = tokio::net::TcpStream::connect(server.running.addr()).await.expect("a connection");
        let request = format!("GET /api/v1/changes HTTP/{version}\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer.split(' ').nth(1).expect("a status").parse::<u16>().expect("a number")
    };
    assert_eq!(status("1.1", &format!("Host: a.example:80\r\n{good}")).await, 200);
    assert_eq!(status("1.0", &good).await, 200);
    for host in ["", "Host: a\r\nHost: b\r\n", "Host:\r\n", "Host: a b\r\n", "Host: a/b\r\n", "Host: u@a\r\n"] {
        assert_eq!(status("1.1", &format!("{host}{good}")).await, 400, "{host:?}");
    }
    for both in [format!("{good}Authorization: Bearer x\r\n"), format!("Authorization: Bearer x\r\n{good}"), format!("{good}{good}")] {
        assert_eq!(status("1.1", &format!("Host: a\r\n{both}")).await, 401, "{both}");
    }
}
