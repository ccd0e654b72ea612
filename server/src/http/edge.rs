//! The layers around all routes: logging and metrics, response headers, CORS, compression, the contract version, authentication.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Method, StatusCode, Version, header};
use stronglog_sync::api::ContractVersion;
use stronglog_sync::api::operations::GetSyncConfig;
use stronglog_sync::api::runtime::http::{Operation, Rejection};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::clock::now_ms;
use crate::config::Origin;
use crate::http::address::address;
use crate::http::unsent::Room;
use crate::http::{body, request_id, unsent};
use crate::problem::Failure;

/// The oldest contract version that this server accepts.
pub const OLDEST_VERSION: &str = "1.0.0";

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-contract-version");

/// Names the account of the request, so that a device does not mistake another account's response for its own (R29).
const ACCOUNT_HEADER: HeaderName = HeaderName::from_static("x-account");

/// Adds the layers around all routes, innermost first.
pub fn around(routes: Router, app: &Arc<App>) -> Router {
    routes
        .layer(middleware::from_fn_with_state(Arc::clone(app), unsent::counted))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(unsent::is_compressed))
        .layer(origins(&app.config().allow_origin))
        .layer(middleware::from_fn_with_state((app.config().tls_cert.is_some(), app.config().contract.contract.version), headers))
        .layer(middleware::from_fn(one_host))
        .layer(middleware::from_fn(known_framing))
        .layer(middleware::from_fn_with_state(Arc::clone(app), observed))
        .layer(middleware::from_fn(body::rest))
}

/// Rejects a request without exactly one valid host, because a proxy in front of the server may have read a different one (RFC 9112,
/// section 3.2).
async fn one_host(request: Request, next: Next) -> Response {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let is_right = match (lines.next(), lines.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).is_ok_and(|host| !host.as_str().contains('@')),
        (None, _) => request.version() != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    if is_right { next.run(request).await } else { Failure::unreadable("the request needs one Host header with a host").into_response() }
}

/// Rejects a transfer coding other than `chunked`, which would be taken for content.
async fn known_framing(request: Request, next: Next) -> Response {
    let mut lines = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    let is_known = lines.next().is_none_or(|line| line.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")) && lines.next().is_none();
    if is_known {
        return next.run(request).await;
    }
    Failure::unknown_transfer_coding().into_response()
}

fn origins(allowed: &[Origin]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(allowed.iter().map(Origin::header)))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_ENCODING, VERSION_HEADER, request_id::HEADER])
        .expose_headers([header::RETRY_AFTER, VERSION_HEADER, ACCOUNT_HEADER, request_id::HEADER])
        .max_age(Duration::from_secs(7_200))
}

/// Adds the headers that every response carries.
async fn headers(State((secure, version)): State<(bool, &'static str)>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(VERSION_HEADER, HeaderValue::from_static(version));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // Shared caches must not store personal data.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Logs and counts a request, and gives it an id. Headers, queries and bodies are never logged, because they contain secrets; the client's
/// address is logged only if the operator wants it.
async fn observed(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let (parts, body) = request.into_parts();
    let config = app.config();
    let client = config.log_addresses.then(|| address(&parts, &config).to_string());
    let id = request_id::of(&parts.headers);
    let mut response = request_id::within(id.clone(), next.run(Request::from_parts(parts, body))).await;
    let (took, status) = (since.elapsed(), response.status().as_u16());
    let method = known(&method);
    app.metrics.request(method, &route, status, took);
    let request = id.to_str().unwrap_or_default();
    tracing::info!(method, route, status, took_us = took.as_micros() as u64, request, client, "request");
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// The name of a method for logs and metrics. Clients may send any method, so only the methods of the contract and of browsers are named.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Gives rejections of the generated routes the form of all other failures, with the id of the request.
pub async fn rejections(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Rejection>() {
        Some(rejection) => Failure::from(rejection).into_response(),
        None => response,
    }
}

/// Rejects clients whose contract is too old, except for the operation that returns the supported versions.
pub async fn contract_version(request: Request, next: Next) -> Response {
    let version = request.headers().get(VERSION_HEADER).and_then(|value| value.to_str().ok()).and_then(numbers);
    let too_old = version.is_some_and(|version| numbers(OLDEST_VERSION).is_some_and(|oldest| version < oldest));
    if too_old && request.uri().path() != GetSyncConfig::PATH {
        return Failure::upgrade_required(OLDEST_VERSION).into_response();
    }
    next.run(request).await
}

/// The contract of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientContract {
    /// Its objects reject members that were added later. Clients that do not name their contract may have it.
    Earlier,
    Current,
}

/// The contract of a client that names this version.
pub fn client_contract(app: &App, version: Option<&ContractVersion>) -> ClientContract {
    let grown_in = app.config().contract.grown_in.and_then(numbers);
    let is_earlier = grown_in.is_some() && version.is_none_or(|version| numbers(&version.0) < grown_in);
    if is_earlier { ClientContract::Earlier } else { ClientContract::Current }
}

/// The numbers of a contract version.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
    parts.ok()?.try_into().ok()
}

/// Authenticates a request. Handlers find the caller in the request's extensions.
///
/// A handler that succeeds has checked the session in its own transaction. For all other responses this layer checks it, so that a request
/// under an ended session always gets 401, whatever else is wrong with it (R26).
pub async fn caller(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let caller = match app.tokens.caller(request.headers()) {
        Ok(caller) => caller,
        Err(failure) => return failure.into_response(),
    };
    // Before anything is done whose response could not be sent.
    let (mut response, room) = match Room::take(&app, caller.key()) {
        Ok(room) => {
            request.extensions_mut().insert(caller);
            (next.run(request).await, Some(room))
        }
        Err(failure) => (failure.into_response(), None),
    };
    response.headers_mut().extend(HeaderValue::try_from(caller.user.to_string()).ok().map(|account| (ACCOUNT_HEADER, account)));
    if !response.status().is_success() {
        if response.status() == StatusCode::UNAUTHORIZED {
            return response;
        }
        match app.store.admit(caller.key()).await.map_err(Failure::from) {
            Err(failure) if failure.is_unauthorized() => return failure.into_response(),
            _ => {}
        }
    }
    app.devices.saw(caller, now_ms());
    // The response counts toward the session until the peer has read it.
    if let Some(room) = room {
        response.extensions_mut().insert(room);
    }
    response
}
