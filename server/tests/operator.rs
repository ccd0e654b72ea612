//! What an operator sees: health, numbers, references, HTTPS, and a second process that is kept out.

mod support;

use stronglog_server::config::Config;
use stronglog_server::serve::{ServeError, start};
use support::{Server, WEIGHTS, now, weight};

async fn text(server: &Server, path: &str) -> (u16, String) {
    let response = server.http.get(server.url(path)).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a whole answer"))
}

#[tokio::test(flavor = "multi_thread")]
async fn health_numbers_and_references_need_no_account() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let change = sam.change(WEIGHTS, &weight(now()), 1);
    server.push(&sam, std::slice::from_ref(&change)).await;
    server.push(&sam, &[change]).await;
    server.get("/api/v1/changes", &sam.access).await;
    assert_eq!(text(&server, "/healthz").await, (200, "ok\n".to_owned()));
    let (status, numbers) = text(&server, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "stronglog_requests_total{method=\"POST\",route=\"/api/v1/changes/batch\",status=\"200\"} 2",
        "stronglog_push_outcomes_total{outcome=\"accepted\"} 1",
        "stronglog_push_outcomes_total{outcome=\"duplicate\"} 1",
        "stronglog_pulled_changes_total 1",
        "stronglog_open_streams 0",
    ] {
        assert!(numbers.lines().any(|found| found == line), "{line} is not in {numbers}");
    }
    assert!(!numbers.contains("sam@"), "{numbers}");
    for path in ["/docs", "/docs/data-models"] {
        let (status, page) = text(&server, path).await;
        assert!(status == 200 && page.starts_with("<!doctype html>"), "{path}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_compressed_for_those_who_can_read_them() {
    let server = Server::start().await;
    let sam = server.register("sam@example.com").await;
    let changes: Vec<_> = (1..=50).map(|seq| sam.change(WEIGHTS, &weight(now()), seq)).collect();
    server.push(&sam, &changes).await;
    let plain = reqwest::Client::builder().no_gzip().no_zstd().build().expect("a client");
    let page = |encoding: &'static str, path: &str| {
        let request = plain.get(server.url(path)).bearer_auth(&sam.access).header("accept-encoding", encoding);
        async move { request.send().await.expect("an answer") }
    };
    let whole = page("identity", "/api/v1/changes").await.bytes().await.expect("a whole answer");
    for encoding in ["zstd", "gzip"] {
        let response = page(encoding, "/api/v1/changes").await;
        assert_eq!(response.headers()["content-encoding"], encoding);
        let bytes = response.bytes().await.expect("a whole answer");
        assert!(bytes.len() * 3 < whole.len(), "{} bytes of {}", bytes.len(), whole.len());
    }
    let small = page("zstd", "/api/v1/sync/config").await;
    assert!(!small.headers().contains_key("content-encoding"), "small ones are not worth it");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_with_a_certificate_of_one_s_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
    let [cert, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let config = Config { tls_cert: Some(cert.clone()), tls_key: Some(key), ..Config::local(folder.path()) };
    let running = start(config).await.expect("the server starts");
    assert!(running.url().starts_with("https://"), "{}", running.url());
    let authority = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().expect("a client");
    let response = client.get(format!("{}/healthz", running.url())).send().await.expect("an answer over HTTPS");
    assert_eq!(response.status(), 200);
    let plain = client.get(format!("http://{}/healthz", running.addr())).send().await;
    assert!(plain.is_err(), "and no other way: {plain:?}");
    running.stop().await.expect("an orderly end");
    let broken = Config { tls_cert: Some(cert.clone()), tls_key: Some(cert), ..Config::local(folder.path()) };
    assert!(matches!(start(broken).await, Err(ServeError::Certificate(_))), "a certificate is no key");
}
