//! The operator's view: health, metrics, reference pages, HTTPS, and a second process that is rejected.

mod support;

use stronglog_server::check::Grade;
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
        "stronglog_http_requests_total{method=\"POST\",route=\"/api/v1/changes/batch\",status=\"200\"} 2",
        "stronglog_pushed_changes_total{outcome=\"accepted\"} 1",
        "stronglog_pushed_changes_total{outcome=\"duplicate\"} 1",
        "stronglog_pulled_changes_total 1",
        "stronglog_streams 0",
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
    let plain = support::http_client().no_gzip().no_zstd().build().expect("a client");
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

async fn metrics(client: &reqwest::Client, url: &str) -> String {
    let response = client.get(format!("{url}/metrics")).send().await.expect("an answer over HTTPS");
    response.text().await.expect("a whole answer")
}

fn expiry(metrics: &str) -> Option<&str> {
    metrics.lines().find_map(|line| line.strip_prefix("stronglog_certificate_expiry_timestamp_seconds "))
}

/// Writes a key that only the user of the server reads.
fn write_key(path: &std::path::Path, key: &rcgen::KeyPair) {
    std::fs::write(path, key.serialize_pem()).expect("written");
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_with_a_private_certificate() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
    let [cert, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    write_key(&key, &made.signing_key);
    let config = Config { tls_cert: Some(cert.clone()), tls_key: Some(key), ..Config::local(folder.path()) };
    let running = start(config.clone()).await.expect("the server starts");
    assert!(running.url().starts_with("https://"), "{}", running.url());
    let authority = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = support::http_client().tls_certs_only([authority]).build().expect("a client");
    let response = client.get(format!("{}/healthz", running.url())).send().await.expect("an answer over HTTPS");
    assert_eq!(response.status(), 200);
    let plain = client.get(format!("http://{}/healthz", running.addr())).send().await;
    assert!(plain.is_err(), "and no other way: {plain:?}");
    let key_pair = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("parameters");
    parameters.not_after = rcgen::date_time_ymd(2031, 5, 6);
    let renewed = parameters.self_signed(&key_pair).expect("a certificate");
    std::fs::write(&cert, renewed.pem()).expect("written");
    let before = metrics(&client, &running.url()).await;
    assert!(before.contains("stronglog_config_last_reload_successful 1\n"), "{before}");
    let error = running.reload(config.clone()).expect_err("the key is that of the old one, which stays").to_string();
    assert!(error.contains("does not match the certificate"), "{error}");
    let after = metrics(&client, &running.url()).await;
    assert!(after.contains("stronglog_config_last_reload_successful 0\n"), "{after}");
    assert_eq!(expiry(&after), expiry(&before), "of the certificate in use, not of the one in the file");
    let again = client.get(format!("{}/livez", running.url())).send().await.expect("an answer over HTTPS");
    assert_eq!(again.status(), 200);
    write_key(&folder.path().join("key.pem"), &key_pair);
    running.reload(config).expect("the renewed certificate");
    let authority = reqwest::Certificate::from_pem(renewed.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().expect("a client");
    let response = client.get(format!("{}/livez", running.url())).send().await.expect("an answer with the renewed certificate");
    assert_eq!(response.status(), 200);
    let renewed = metrics(&client, &running.url()).await;
    assert!(renewed.contains("stronglog_config_last_reload_successful 1\n"), "{renewed}");
    assert_eq!(expiry(&renewed), Some("1935792000"));
    running.stop().await.expect("an orderly end");
    let broken = Config { tls_cert: Some(cert.clone()), tls_key: Some(cert), ..Config::local(folder.path()) };
    assert!(matches!(start(broken).await, Err(ServeError::Certificate(_))), "a certificate is no key");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_certificate_of_the_chain_and_both_its_dates_count() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [cert, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
    let key_pair = rcgen::KeyPair::generate().expect("a key");
    write_key(&key, &key_pair);
    let made = |from: i32, to: i32| {
        let mut parameters = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("parameters");
        (parameters.not_before, parameters.not_after) = (rcgen::date_time_ymd(from, 5, 6), rcgen::date_time_ymd(to, 5, 6));
        parameters.self_signed(&key_pair).expect("a certificate").pem()
    };
    let config = Config { tls_cert: Some(cert.clone()), tls_key: Some(key), ..Config::local(folder.path()) };
    let (good, expired, early) = (made(2020, 2090), made(2000, 2001), made(2089, 2090));
    for (chain, grade, words) in [
        (good.clone(), Grade::Good, "expires in"),
        (format!("{good}{expired}"), Grade::Bad, "certificate 2 of"),
        (early.clone(), Grade::Bad, "is not valid before"),
        (format!("{good}{early}"), Grade::Bad, "certificate 2 of"),
    ] {
        std::fs::write(&cert, chain).expect("written");
        let found = stronglog_server::check::certificate(&config);
        assert!(found.grade == grade && found.detail.contains(words), "{found:?}");
    }
    std::fs::write(&cert, format!("{good}{expired}")).expect("written");
    let running = start(config).await.expect("the server starts");
    let client = support::http_client().tls_danger_accept_invalid_certs(true).build().expect("a client");
    assert_eq!(expiry(&metrics(&client, &running.url()).await), Some("989107200"), "of the certificate that expires first");
    running.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_few_names_and_a_port_of_their_own() {
    let server = Server::start_with(|config| config.metrics_bind = Some("127.0.0.1:0".parse().expect("an address"))).await;
    for method in ["PROPFND", "ABCDEFG", "XYZ"] {
        let request = server.http.request(method.parse().expect("a method"), server.url("/"));
        request.send().await.expect("an answer");
    }
    assert_eq!(text(&server, "/metrics").await.0, 404, "not where everybody is");
    let address = server.running.metrics_addr().expect("an address");
    let response = server.http.get(format!("http://{address}/metrics")).send().await.expect("an answer");
    let numbers = response.text().await.expect("a whole answer");
    assert!(numbers.contains(r#"stronglog_http_requests_total{method="other",route="other",status="404"} 3"#), "{numbers}");
    assert!(!numbers.contains("XYZ"), "{numbers}");
    let api = server.http.get(format!("http://{address}/api/v1/sync/config")).send().await.expect("an answer");
    assert_eq!(api.status(), 404, "and nothing else is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_for_this_machine_and_not_for_those_whom_a_proxy_speaks_for() {
    let server = Server::start().await;
    assert_eq!(text(&server, "/metrics").await.0, 200);
    let forwarded = server.http.get(server.url("/metrics")).header("x-forwarded-for", "127.0.0.1").send().await.expect("an answer");
    assert_eq!(forwarded.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_write_is_alive_and_not_ready() {
    let server = Server::start().await;
    assert_eq!(text(&server, "/readyz").await, (200, "ok\n".to_owned()));
    let other = rusqlite::Connection::open(server.folder.path().join("stronglog.db")).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(text(&server, "/readyz").await.0, 503);
    assert_eq!(text(&server, "/livez").await.0, 200);
    other.execute_batch("COMMIT").expect("others may write again");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_reads_the_data() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().expect("a temporary folder");
    let folder = parent.path().join("data");
    let running = start(Config::local(&folder)).await.expect("the server starts");
    stronglog_server::admin::back_up(&folder, &folder.join("monday.backup")).expect("a backup");
    let mode = |path: &std::path::Path| path.metadata().expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    running.stop().await.expect("an orderly end");
    std::fs::set_permissions(folder.join("stronglog.db"), std::fs::Permissions::from_mode(0o644)).expect("as older versions made it");
    start(Config::local(&folder)).await.expect("the server starts again").stop().await.expect("an orderly end");
    assert_eq!(mode(&folder.join("stronglog.db")), 0o600);
}
