//! What surrounds every request: its log line and numbers, headers, origins, compression, the contract's version, and the caller.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, header};
use stronglog_sync::api::operations::GetSyncConfig;
use stronglog_sync::api::registry;
use stronglog_sync::api::runtime::http::Operation;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::problem::Failure;

/// The oldest contract that this server speaks with.
pub const OLDEST_VERSION: &str = "1.0.0";

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-contract-version");

/// Below this, compressing costs more than it saves.
const COMPRESSED_BYTES_MIN: u16 = 1_024;

/// Puts the layers around all routes, innermost first.
pub fn around(routes: Router, app: &Arc<App>) -> Router {
    let worthwhile = SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::SSE);
    routes
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worthwhile))
        .layer(origins(&app.config.allow_origin))
        .layer(middleware::from_fn(headers))
        .layer(middleware::from_fn_with_state(Arc::clone(app), observed))
}

fn origins(allowed: &[String]) -> CorsLayer {
    let origins = allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_ENCODING, VERSION_HEADER])
        .expose_headers([header::RETRY_AFTER, VERSION_HEADER])
        .max_age(Duration::from_secs(7_200))
}

/// Adds what every response carries.
async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(VERSION_HEADER, HeaderValue::from_static(registry::VERSION));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // One person's data is in no cache on the way.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Logs and counts a request: never a header, a query or a body, since secrets are in them.
async fn observed(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let (took, status) = (since.elapsed(), response.status().as_u16());
    // Methods are free text: the usual ones alone get a number of their own.
    let label = if method.as_str().len() <= 7 { method.as_str() } else { "other" };
    app.metrics.request(label, &route, status, took);
    tracing::info!(method = label, route, status, took_us = took.as_micros() as u64, "request");
    response
}

/// Sends away clients whose contract is too old. The limits of the server are for everybody to see.
pub async fn contract_version(request: Request, next: Next) -> Response {
    let version = request.headers().get(VERSION_HEADER).and_then(|value| value.to_str().ok()).and_then(numbers);
    let too_old = version.is_some_and(|version| numbers(OLDEST_VERSION).is_some_and(|oldest| version < oldest));
    if too_old && request.uri().path() != GetSyncConfig::PATH {
        return Failure::upgrade_required(OLDEST_VERSION).into_response();
    }
    next.run(request).await
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
    parts.ok()?.try_into().ok()
}

/// Finds out whose request this is. Handlers find the caller in the request's extensions.
pub async fn caller(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match app.tokens.caller(request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

/// The network address that a request comes from.
pub fn address(parts: &Parts, behind_proxy: bool) -> IpAddr {
    let told = || {
        // The last one is what our own proxy has seen; those before it are anybody's claim.
        let text = parts.headers.get("x-forwarded-for")?.to_str().ok()?;
        text.rsplit(',').next()?.trim().parse().ok()
    };
    let seen = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let address = if behind_proxy { told().or_else(seen) } else { seen() };
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
