//! The export: every record of the account as a line of JSON, read page by page, so that no snapshot stays open while the client reads.

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
use stronglog_sync::wire::{self, Change, Feed};
use uuid::Uuid;

use crate::app::App;
use crate::auth::tokens::Caller;
use crate::problem::Failure;
use crate::shares::Held;
use crate::store::wanted::Wanted;

/// The number of bytes that are read and sent at a time. A page has at least one record.
const PAGE_BYTES: usize = 256 * 1024;
/// More records than usually take as many bytes.
const PAGE_ROWS: usize = 2_000;

pub fn routes(app: &Arc<App>) -> Router {
    Router::new().route(ExportAccount::PATH, get(export)).with_state(Arc::clone(app))
}

/// Streams the records in order of revision.
///
/// Each page comes from its own snapshot and starts after the last revision of the previous page. The export ends when a page reaches the
/// newest revision of its snapshot. So every record is included: a record that changes meanwhile moves to a newer revision, which is still
/// ahead, and appears there (again).
async fn export(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts) -> Result<Response, Failure> {
    let incoming = Incoming::new(ExportAccount::PATH, &parts.uri, &parts.headers, &[]).ok_or_else(Failure::no_path)?;
    ExportAccount::receive(&incoming)?;
    let place = app.exports.take(caller.user, 1).map_err(|_| Failure::rate_limited(30))?;
    // If the session has ended, the response is 401 and not a stream. If it ends later, the stream breaks off.
    let first = page(&app, caller, 0).await?;
    let export = Export { app, caller, next: Some(first), _place: place };
    let pages = stream::try_unfold(export, |mut export| async move {
        let Some(Page { text, last, has_more }) = export.next.take() else { return Ok(None) };
        if has_more {
            export.next = Some(page(&export.app, export.caller, last).await.map_err(|_| Broken)?);
        }
        Ok::<_, Broken>(Some((text, export)))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)).into_response())
}

struct Export {
    app: Arc<App>,
    caller: Caller,
    /// The page to send next. One page is read ahead, so that a failure is noticed before the last page makes the export look complete.
    next: Option<Page>,
    /// This export's share of the account's limit.
    _place: Held<Uuid>,
}

struct Page {
    text: Bytes,
    /// The revision of the last record that was read.
    last: u64,
    has_more: bool,
}

async fn page(app: &App, caller: Caller, after: u64) -> Result<Page, Failure> {
    let feed = Feed::All(app.config().contract.contract);
    app.read(caller, Wanted::all_after(after, PAGE_ROWS, PAGE_BYTES), move |records| {
        let (mut text, mut last, mut has_more) = (String::new(), after, false);
        records.changes(feed, after, &mut |change| {
            if text.len() >= PAGE_BYTES {
                has_more = true;
                return ControlFlow::Break(());
            }
            last = change.rev;
            wire::write_change(&mut text, &Change { lost: None, ..change }, feed);
            text.push('\n');
            ControlFlow::Continue(())
        })?;
        Ok(Page { text: Bytes::from(text), last, has_more })
    })
    .await
}

#[derive(Debug, thiserror::Error)]
#[error("the export was interrupted")]
struct Broken;
