//! The export: every record of the account as a line of JSON, read page by page, so that no snapshot stays open while the client reads.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use http::header;
use http::request::Parts;
use stronglog_sync::api::operations::ExportAccount;
use stronglog_sync::api::runtime::http::{Incoming, Operation};
use stronglog_sync::wire::{self, Change, EXPORT_BEGIN, Feed};
use uuid::Uuid;

use crate::app::App;
use crate::auth::tokens::Caller;
use crate::feed::check_sound;
use crate::http::edge::{ClientContract, client_contract};
use crate::problem::Failure;
use crate::shares::Share;
use crate::store::prefetch::Prefetch;

/// The number of bytes that are read and sent at a time. A page has at least one record.
const PAGE_BYTES: usize = 256 * 1024;
/// The maximum number of records in a page. Usually the number of bytes is reached first.
const PAGE_ROWS: usize = 2_000;

pub fn routes(app: &Arc<App>) -> Router {
    Router::new().route(ExportAccount::PATH, get(export)).with_state(Arc::clone(app))
}

/// Streams the records in order of revision. The first line also says that the export has an end, and the last line has the number of lines,
/// so that a reader can distinguish a complete file from a truncated one. Clients that name an earlier contract get neither, because their
/// lines are closed objects.
///
/// Each page comes from its own snapshot and starts after the last revision of the previous page. The export ends when a page reaches the
/// newest revision of its snapshot. It therefore includes every record: a record that changes in the meantime moves to a newer revision,
/// which is still ahead, and appears there (again).
async fn export(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts) -> Result<Response, Failure> {
    let incoming = Incoming::new(ExportAccount::PATH, &parts.uri, &parts.headers, &[]).ok_or_else(Failure::no_path)?;
    let ExportAccount { x_contract_version } = ExportAccount::receive(&incoming)?;
    let permit = app.exports.take(caller.user, 1).map_err(|_| Failure::rate_limited(30))?;
    // If the session has ended, the response is 401 and not a stream. If it ends later, the stream is aborted.
    let first = page(&app, caller, 0).await?;
    // A client without a contract is a person with curl, whose file has to show what it lacks.
    let is_marked = x_contract_version.is_none() || client_contract(&app, x_contract_version.as_ref()) == ClientContract::Current;
    let export = Export { app, caller, next: Some(first), records: 0, is_marked, _permit: permit };
    let pages = stream::try_unfold(export, |mut export| async move {
        let Some(Page { mut text, first_line, records, last, has_more }) = export.next.take() else { return Ok(None) };
        if export.is_marked && export.records == 0 && records > 0 {
            text.insert_str(first_line, EXPORT_BEGIN);
        }
        export.records += records;
        if has_more {
            export.next = Some(page(&export.app, export.caller, last).await.map_err(|_| Broken)?);
        } else {
            text.push_str(&export.end());
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
    /// The number of lines so far.
    records: u64,
    /// Whether the first line says that the export has an end, and the last line has the number of lines.
    is_marked: bool,
    /// This export's share of the account's limit.
    _permit: Share<Uuid>,
}

impl Export {
    /// Completes the last line. If there is none, the number of lines gets a separate line.
    fn end(&self) -> String {
        let records = self.records;
        match (self.is_marked, records) {
            (true, 0) => "{\"end\":{\"records\":0}}\n".to_owned(),
            (true, _) => format!(",\"end\":{{\"records\":{records}}}}}\n"),
            (false, 0) => String::new(),
            (false, _) => "}\n".to_owned(),
        }
    }
}

struct Page {
    /// Lines. The last one still lacks its closing brace, because it may be the last one of the export.
    text: String,
    /// Where the first line lacks a closing brace.
    first_line: usize,
    /// The number of lines.
    records: u64,
    /// The revision of the last record that was read.
    last: u64,
    has_more: bool,
}

async fn page(app: &App, caller: Caller, after: u64) -> Result<Page, Failure> {
    let feed = Feed::All(app.config().contract.contract);
    app.read(caller, Prefetch::all_after(after, PAGE_ROWS, PAGE_BYTES), move |records| {
        let mut page = Page { text: String::new(), first_line: 0, records: 0, last: after, has_more: false };
        let mut damaged = None;
        records.changes(feed, after, &mut |change| {
            if let Err(error) = check_sound(&change) {
                damaged = Some(error);
                return ControlFlow::Break(());
            }
            if page.text.len() >= PAGE_BYTES {
                page.has_more = true;
                return ControlFlow::Break(());
            }
            if page.last > 0 {
                page.text.push_str("}\n");
            }
            page.last = change.rev;
            page.records += 1;
            wire::begin_change(&mut page.text, &Change { lost: None, ..change }, feed);
            if page.records == 1 {
                page.first_line = page.text.len();
            }
            ControlFlow::Continue(())
        })?;
        damaged.map_or(Ok(page), |error| Err(error.into()))
    })
    .await
}

#[derive(Debug, thiserror::Error)]
#[error("the export was interrupted")]
struct Broken;
