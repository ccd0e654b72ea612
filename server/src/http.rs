//! The routes: the operations of the contract, and the health, metrics and reference pages.

mod address;
pub mod body;
mod docs;
mod edge;
mod export;
pub mod handlers;
mod records;
pub mod request_id;
mod sessions;
mod stream;
pub mod unsent;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderMap, Method, Uri};
use stronglog_sync::api::operations::ExportAccount;
use stronglog_sync::api::runtime::axum::Route;
use stronglog_sync::api::runtime::http::Operation;
use stronglog_sync::api::server::router_where;
use tokio::time::timeout;

use crate::app::App;
use crate::auth::tokens::REFRESH_MS;
use crate::clock::now_ms;
use crate::feed::BATCH_BYTES_MAX;
use crate::http::handlers::Handlers;
use crate::metrics::Levels;
use crate::problem::Failure;
use crate::site;
use crate::store::accounts::Population;

/// The time after which a pending read or write counts as failed.
const CHECK_TIME_MAX: Duration = Duration::from_secs(5);

/// Returns all routes over a server's state.
pub fn router(app: &Arc<App>) -> Router {
    let contract = app.config().contract;
    let api = Arc::new(Handlers(Arc::clone(app)));
    let with_body = |bytes_max| middleware::from_fn_with_state(body::Limit { app: Arc::clone(app), bytes_max }, body::whole);
    let generated =
        |serves: &dyn Fn(&Route<Handlers>) -> bool| router_where(Arc::clone(&api), serves).layer(middleware::from_fn(edge::rejections));
    let is_public = |route: &Route<Handlers>| route.security().is_empty();
    let is_own = |route: &Route<Handlers>| !is_public(route) && !records::serves(contract, route.id()) && route.id() != ExportAccount::ID;
    let public = generated(&is_public).layer(with_body(body::FORM_BYTES_MAX));
    let own = generated(&is_own)
        .merge(export::routes(app))
        .layer(with_body(body::FORM_BYTES_MAX))
        .merge(records::routes(app).layer(with_body(BATCH_BYTES_MAX)))
        .layer(middleware::from_fn_with_state(Arc::clone(app), edge::caller));
    let docs = if app.config().is_of_stronglog() { docs::routes() } else { Router::new() };
    let operator = probes(app).route("/metrics", get(local_metrics)).with_state(Arc::clone(app)).merge(docs);
    let all = public.merge(own).layer(middleware::from_fn(edge::contract_version)).merge(operator);
    let all = match app.config().site {
        Some(site) => {
            all.fallback(move |method: Method, uri: Uri, headers: HeaderMap| async move { site::respond(site, &method, &uri, &headers) })
        }
        None => all.fallback(|| async { Failure::no_path() }),
    };
    let all = all.method_not_allowed_fallback(|| async { Failure::no_method() });
    edge::around(all, app)
}

/// Returns the routes of the port that only the operator can reach.
pub fn operator_router(app: &Arc<App>) -> Router {
    probes(app).route("/metrics", get(metrics)).with_state(Arc::clone(app)).fallback(|| async { Failure::no_path() })
}

fn probes(_: &Arc<App>) -> Router<Arc<App>> {
    Router::new().route("/livez", get(|| async { "ok\n" })).route("/readyz", get(ready)).route("/healthz", get(ready))
}

/// Checks whether the server can read and write its data. The check runs at most once a second, however many requests ask for it.
async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    let is_well = app.checked.get(async {
        let checked = timeout(CHECK_TIME_MAX, app.store.check()).await;
        let is_well = matches!(checked, Ok(Ok(())));
        if !is_well {
            tracing::error!(?checked, "the database cannot be read or written");
        }
        is_well
    });
    if is_well.await { Ok("ok\n") } else { Err(Failure::unavailable("the server cannot read or write its data")) }
}

/// Reads the values of all gauges. If the data cannot be read in time, its gauges stay as they were.
async fn levels(app: &App) -> Levels {
    let since = now_ms().saturating_sub(REFRESH_MS);
    let counted = timeout(CHECK_TIME_MAX, app.store.population(since)).await;
    let (population, backed_up_at) = match counted {
        Ok(Ok(Population { accounts, sessions, backed_up_at })) => (Some((accounts, sessions)), Some(backed_up_at.unwrap_or(0))),
        other => {
            tracing::warn!(?other, "cannot count accounts and sessions");
            (None, None)
        }
    };
    let (database_bytes, log_bytes) = app.store.sizes();
    let (queue, queue_limit) = app.store.queue();
    Levels {
        streams: app.notifications.open(),
        connections: app.connections.open(),
        connections_limit: app.connections.limit(),
        queue,
        queue_limit,
        database_bytes,
        log_bytes,
        population,
        backed_up_at,
        certificate: app.certificate.as_ref().and_then(|certificate| certificate.borrow().validity),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = app.metrics.text(&levels(&app).await);
    ([(http::header::CONTENT_TYPE, media_type)], text).into_response()
}

/// Serves metrics to programs on this machine, if metrics have no separate port. Rejects requests that a local proxy forwards.
async fn local_metrics(State(app): State<Arc<App>>, ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap) -> Response {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name));
    if app.config().metrics_bind.is_some() || forwarded || !peer.ip().to_canonical().is_loopback() {
        return Failure::no_path().into_response();
    }
    metrics(State(app)).await
}
