//! The generated client and server, over the network and in memory: each reads what the other writes, and violations of the contract get
//! the responses that the contract defines.
#![cfg(all(feature = "axum", feature = "reqwest"))]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::request::Parts;
use serde_json::{Value, json};
use stronglog_sync::api::client::Client;
use stronglog_sync::api::headers::{RETRY_AFTER, X_CONTRACT_VERSION};
use stronglog_sync::api::operations::*;
use stronglog_sync::api::runtime::http::{
    Bearer, CallError, Hooks, Operation, Outcome, Rejection, Reply, Request, Response as Whole, Security, StatusCode, Transport,
};
use stronglog_sync::api::runtime::report::Violation;
use stronglog_sync::api::{self, Cursor, Revision, SERVER_CONTRACT, Schema};
use tower::ServiceExt;

/// A transport that calls the routes without a socket.
#[derive(Clone)]
struct InMemory(axum::Router);

impl Transport for InMemory {
    type Error = String;

    async fn send(&self, request: Request) -> Result<Whole, String> {
        let response = self.0.clone().oneshot(request.map(Body::from)).await.map_err(|error| error.to_string())?;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.map_err(|error| error.to_string())?;
        Ok(http::Response::from_parts(parts, bytes.to_vec()))
    }
}

/// A server with one page, which rejects its first caller because of an expired token.
#[derive(Default)]
struct Server {
    calls: AtomicUsize,
}

impl api::server::Api for Server {
    fn get_changes(&self, parts: Parts, call: GetChanges) -> impl Future<Output = Reply<GetChangesResponse>> + Send {
        let first = self.calls.fetch_add(1, Ordering::SeqCst) == 0;
        let authorized = parts.headers.get("authorization").is_some_and(|value| value == "Bearer fresh");
        async move {
            if first || !authorized {
                return GetChangesResponse::Unauthorized(problem(401, "token_expired")).into();
            }
            let cursor = call.since.map_or_else(|| "v1.all.e1.0".to_owned(), |since| since.0);
            let page =
                json!({ "changes": [], "nextCursor": cursor, "hasMore": false, "userRev": call.limit.unwrap_or(0), "serverTime": 1 });
            GetChangesResponse::Ok(api::FeedPage::from_value(&page).expect("a valid page")).into()
        }
    }

    async fn stream_changes(&self, _: Parts, _: StreamChanges) -> Response {
        Response::new(Body::from(Bytes::from_static(b": hello\n\n")))
    }
}

fn problem(status: u16, code: &str) -> api::Problem {
    let body = json!({ "type": "about:blank", "title": "Refused", "status": status, "code": code, "retryable": false });
    api::Problem::from_value(&body).expect("a valid problem")
}

/// Refreshes the token once.
struct Refreshing;

impl Hooks for Refreshing {
    fn before(&self, operation: &'static str, security: Security, request: &mut Request) {
        Bearer("fresh".to_owned()).before(operation, security, request);
    }

    async fn retry(&self, _: &'static str, response: &Whole) -> bool {
        response.status() == StatusCode::UNAUTHORIZED
    }
}

fn client() -> Client<InMemory> {
    Client::new("http://localhost", InMemory(api::server::router(Arc::new(Server::default()))))
}

fn changes(since: Option<&str>, limit: Option<i64>) -> GetChanges {
    GetChanges { since: since.map(|text| Cursor(text.to_owned())), limit, x_contract_version: None }
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once() {
    let reply = client().with_hooks(Refreshing).get_changes(&changes(Some("v1.all.e1.7"), Some(9))).await.expect("an answer");
    let GetChangesResponse::Ok(page) = reply.body else { panic!("{:?}", reply.body) };
    assert_eq!((page.next_cursor, page.user_rev), (Cursor("v1.all.e1.7".to_owned()), Revision(9)));
    let refused = client().get_changes(&changes(None, None)).await.expect("an answer");
    assert!(matches!(refused.body, GetChangesResponse::Unauthorized(_)));
}

#[tokio::test]
async fn a_call_that_breaks_the_contract_is_not_sent() {
    let error = client().get_changes(&changes(Some("no cursor"), Some(0))).await.expect_err("nothing may be sent");
    let CallError::Request(report) = error else { panic!("{error:?}") };
    let found: Vec<_> = report.violations.iter().map(|violation| (violation.pointer.as_str(), violation.keyword)).collect();
    assert_eq!(found, [("/query/since", "pattern"), ("/query/limit", "minimum")]);
}

#[tokio::test]
async fn what_breaks_the_contract_is_answered_with_a_problem_of_the_contract() {
    let transport = InMemory(api::server::router(Arc::new(Server::default())));
    let cases = [
        ("GET", "/api/v1/changes?limit=0", "", 400, "/query/limit"),
        ("GET", "/api/v1/changes?limit=many", "", 400, "/query/limit"),
        ("GET", "/api/v1/workout-logs/not-an-id", "", 400, "/path/id"),
        ("POST", "/api/v1/changes/batch", "{\"changes\": 7}", 400, "/changes"),
        ("POST", "/api/v1/changes/batch", "not json", 400, ""),
    ];
    for (method, path, body, status, pointer) in cases {
        let request =
            http::Request::builder().method(method).uri(path).header("content-type", "application/json").body(body.as_bytes().to_vec());
        let response = transport.send(request.expect("a request")).await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem =
            api::Problem::from_json(response.body()).unwrap_or_else(|report| panic!("{path}: the problem breaks the contract: {report}"));
        let value: Value = serde_json::from_str(&problem.to_json()).expect("JSON");
        assert_eq!(value["errors"][0]["pointer"], pointer, "{method} {path}: {value}");
    }
    let request =
        http::Request::builder().method("POST").uri("/api/v1/changes/batch").header("content-type", "text/plain").body(b"{}".to_vec());
    let response = transport.send(request.expect("a request")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn an_operation_that_is_not_offered_is_answered_501() {
    let reply = client().get_sync_config(&GetSyncConfig { x_contract_version: None }).await.expect("an answer");
    assert!(matches!(reply.body, GetSyncConfigResponse::Undeclared { status: StatusCode::NOT_IMPLEMENTED, .. }));
}

#[tokio::test]
async fn a_server_may_serve_some_operations_by_other_means() {
    let routes = SERVER_CONTRACT.routes.iter().find(|routes| routes.collection.path == "workout-logs").expect("a collection");
    let generated = api::server::router_where(Arc::new(Server::default()), |route| !routes.has_operation(route.id()));
    let own = routes.all().fold(generated, |router, route| router.route(route.path, axum::routing::any(|| async { "own" })));
    for (path, expected) in [("/api/v1/workout-logs/batch", 200), ("/api/v1/logged-sets?since=x", 400), ("/api/v1/sync/config", 501)] {
        let request = http::Request::get(path).body(Vec::new()).expect("a request");
        let response = InMemory(own.clone()).send(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), expected, "{path}");
    }
}

#[test]
fn the_page_of_a_captive_portal_is_no_response_of_the_contract() {
    let mut page = http::Response::new(b"<html>Please log in</html>".to_vec());
    page.headers_mut().insert("content-type", http::HeaderValue::from_static("text/html"));
    let invalid = Reply::<GetChangesResponse>::read(page).expect_err("HTML is no page of changes");
    assert_eq!((invalid.status, invalid.report.violations[0].keyword), (StatusCode::OK, "syntax"));
}

#[test]
fn headers_of_responses_are_typed_and_validated() {
    let reply = Reply::from(GetChangesResponse::ServiceUnavailable(problem(503, "unavailable")));
    let reply = reply.with_header(&RETRY_AFTER, &30).expect("a number of seconds");
    assert_eq!(reply.headers["retry-after"], "30");
    assert_eq!(reply.header(&RETRY_AFTER), Ok(Some(30)));
    assert_eq!(reply.header(&X_CONTRACT_VERSION), Ok(None));
    let refused = reply.with_header(&RETRY_AFTER, &100_000).expect_err("more than a day");
    assert_eq!((refused.violations[0].pointer.as_str(), refused.violations[0].keyword), ("/header/Retry-After", "maximum"));
    let mut sent = Reply::from(GetChangesResponse::undeclared(StatusCode::OK, Vec::new()));
    sent.headers.insert("x-contract-version", http::HeaderValue::from_static("newest"));
    let refused = sent.header(&X_CONTRACT_VERSION).expect_err("no version");
    assert_eq!(refused.violations[0].keyword, "pattern");
}

#[test]
fn responses_are_read_back_as_they_were_written() {
    let outcome = GetChangesResponse::Gone(problem(410, "cursor_expired"));
    let written = Reply::from(outcome.clone()).write();
    assert_eq!(Reply::<GetChangesResponse>::read(written).expect("our own response").body, outcome);
    let (status, media_type, _) = GetChangesResponse::undeclared(StatusCode::IM_A_TEAPOT, Vec::new()).write();
    assert_eq!((status, media_type), (StatusCode::IM_A_TEAPOT, None));
}

#[test]
fn a_rejection_lists_no_more_than_the_contract_allows() {
    let violation = Violation { pointer: "/long".repeat(1_000), keyword: "maxLength", message: "x".repeat(5_000) };
    let report = api::Report { violations: vec![violation; 1_000] };
    let answer = Rejection::new(StatusCode::BAD_REQUEST, report).problem();
    let problem = api::Problem::from_json(answer.body()).expect("a problem of the contract");
    assert_eq!(problem.errors.map(|errors| errors.len()), Some(100));
}

#[test]
fn secrets_do_not_show() {
    assert_eq!(format!("{:?}", Bearer("secret".to_owned())), "Bearer(…)");
    assert_eq!(GetChanges::SECURITY, [[security::BEARER]]);
    assert!(Login::SECURITY.is_empty());
}

#[tokio::test]
async fn reqwest_is_a_transport() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let routes = api::server::router(Arc::new(Server::default()));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::new(format!("http://{address}/"), reqwest::Client::new()).with_hooks(Refreshing);
    let reply = client.get_changes(&changes(None, Some(3))).await.expect("an answer over the wire");
    assert!(matches!(reply.body, GetChangesResponse::Ok(page) if *page.user_rev == 3));
    server.abort();
}
