//! The routes: the contract's operations, and what an operator needs beside them.

mod accounts;
pub mod body;
mod docs;
mod edge;
mod export;
mod records;
mod stream;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderMap, Method, Uri};
use stronglog_sync::api::operations::{ExportAccount, GetSyncConfig, Login, RefreshTokens, Register};
use stronglog_sync::api::runtime::http::Operation;
use stronglog_sync::api::server::router_where;

use crate::app::App;
use crate::feed::BATCH_BYTES_MAX;
use crate::problem::Failure;
use crate::site;

/// The operations that need no token.
const OPEN: [&str; 4] = [Register::ID, Login::ID, RefreshTokens::ID, GetSyncConfig::ID];

/// All routes over a server's state.
pub fn router(app: &Arc<App>) -> Router {
    let api = Arc::new(accounts::Accounts(Arc::clone(app)));
    let with_body = |bytes_max| middleware::from_fn_with_state(body::Limit { app: Arc::clone(app), bytes_max }, body::whole);
    let open = router_where(Arc::clone(&api), |id| OPEN.contains(&id)).layer(with_body(body::FORM_BYTES_MAX));
    let own = router_where(api, |id| !OPEN.contains(&id) && !records::serves(id) && id != ExportAccount::ID)
        .merge(export::routes(app))
        .layer(with_body(body::FORM_BYTES_MAX))
        .merge(records::routes(app).layer(with_body(BATCH_BYTES_MAX)))
        .layer(middleware::from_fn_with_state(Arc::clone(app), edge::caller));
    let operator = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(app))
        .route("/docs", get(|| async { Html(docs::reference()) }))
        .route("/docs/data-models", get(|| async { Html(docs::models()) }));
    let all = open.merge(own).layer(middleware::from_fn(edge::contract_version)).merge(operator);
    let all = match app.config.site {
        Some(site) => {
            all.fallback(move |method: Method, uri: Uri, headers: HeaderMap| async move { site::respond(site, &method, &uri, &headers) })
        }
        None => all.fallback(|| async { Failure::no_path() }),
    };
    let all = all.method_not_allowed_fallback(|| async { Failure::no_method() });
    edge::around(all, app)
}

/// Whether the server can read and write its data.
async fn health(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    app.store.read(|connection| Ok::<_, Failure>(crate::store::sqlite::epoch(connection)?)).await?;
    app.store.write(|_| Ok::<_, Failure>(())).await?;
    Ok("ok\n")
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(http::header::CONTENT_TYPE, media_type)], app.metrics.text(app.notifications.open(), app.connections.open()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_what_the_contract_leaves_open() {
        let open = [Register::SECURITY, Login::SECURITY, RefreshTokens::SECURITY, GetSyncConfig::SECURITY];
        assert!(open.iter().all(|security| security.is_empty()));
    }
}
