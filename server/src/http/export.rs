//! The export: every record of the account as a line of JSON, streamed from one snapshot.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use http::header;
use http::request::Parts;
use stronglog_sync::api::operations::ExportAccount;
use stronglog_sync::api::runtime::http::{Incoming, Operation};
use stronglog_sync::wire::{self, Feed};
use tokio::sync::mpsc;

use crate::app::App;
use crate::auth::tokens::Caller;
use crate::feed;
use crate::problem::Failure;

/// How much is sent at a time, and how much of it may wait for the network.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES_MAX: usize = 4;

pub fn routes(app: &Arc<App>) -> Router {
    Router::new().route(ExportAccount::PATH, get(export)).with_state(Arc::clone(app))
}

async fn export(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts) -> Result<Response, Failure> {
    let incoming = Incoming::new(ExportAccount::PATH, &parts.uri, &parts.headers, &[]).ok_or_else(Failure::no_path)?;
    ExportAccount::receive(&incoming)?;
    // The account is there, or the answer is 401 and no stream.
    app.read(caller.user, |_| Ok(())).await?;
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Broken>>(PIECES_MAX);
    tokio::spawn(async move {
        let pieces = sender.clone();
        let written = app.read(caller.user, move |records| {
            let mut piece = String::new();
            let send = |piece: &mut String| match pieces.blocking_send(Ok(Bytes::from(std::mem::take(piece)))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
            feed::export(records, &mut |change| {
                wire::write_change(&mut piece, &change, Feed::All);
                piece.push('\n');
                if piece.len() < PIECE_BYTES { ControlFlow::Continue(()) } else { send(&mut piece) }
            })?;
            // Where nobody listens any more, the rest is nobody's loss.
            let _ = send(&mut piece);
            Ok(())
        });
        if written.await.is_err() {
            // The stream must not look complete.
            let _ = sender.send(Err(Broken)).await;
        }
    });
    let pieces = stream::poll_fn(move |context| receiver.poll_recv(context));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pieces)).into_response())
}

#[derive(Debug, thiserror::Error)]
#[error("the export broke off")]
struct Broken;
