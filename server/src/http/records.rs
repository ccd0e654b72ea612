//! The global feed and all collections: one set of handlers, driven by the contract, that treat records as text.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use http::request::Parts;
use http::{HeaderValue, Method, header};
use stronglog_sync::api::collection::{Collection, Route, Routes as Paths, ServerContract};
use stronglog_sync::api::operations::{GetChanges, PushChanges, parameters};
use stronglog_sync::api::runtime::http::{Incoming, Operation, has_json};
use stronglog_sync::api::{ContractVersion, Id, Report, Revision, Seq, Timestamp};
use stronglog_sync::cursor::Cursor;
use stronglog_sync::merge::Op;
use stronglog_sync::wire::{self, Feed, Outcome};
use uuid::Uuid;

use crate::app::App;
use crate::auth::tokens::Caller;
use crate::clock::now_ms;
use crate::feed::{self, Deletion};
use crate::http::body;
use crate::http::edge::{self, ClientContract};
use crate::problem::Failure;
use crate::store::prefetch::Prefetch;

/// Larger bodies are parsed on a blocking thread.
const LARGE_BODY_BYTES: usize = 32 * 1024;

/// Returns whether the operation with this id is served here.
pub fn serves(contract: &ServerContract, id: &str) -> bool {
    [GetChanges::ID, PushChanges::ID].contains(&id) || contract.routes.iter().any(|routes| routes.has_operation(id))
}

/// Returns the routes of the global feed and of all collections.
pub fn routes(app: &Arc<App>) -> Router {
    let contract = app.config().contract;
    let mut routes = Router::new()
        .route(GetChanges::PATH, pulling(GetChanges::PATH, Feed::All(contract.contract)))
        .route(PushChanges::PATH, pushing(PushChanges::PATH, Feed::All(contract.contract)));
    for Paths { collection, feed, batch, record } in contract.routes {
        if let Some(Route { path, .. }) = feed {
            routes = routes.route(path, pulling(path, Feed::One(collection)));
        }
        if let Some(Route { path, .. }) = batch {
            routes = routes.route(path, pushing(path, Feed::One(collection)));
        }
        if let Some(Route { path, operations }) = record {
            for (method, _) in *operations {
                routes = routes.route(path, single(method, path, collection));
            }
        }
    }
    routes.with_state(Arc::clone(app))
}

type Routes = MethodRouter<Arc<App>>;

fn pulling(path: &'static str, feed: Feed) -> Routes {
    get(move |State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts| async move {
        pull(&app, caller, &Request::new(&app, path, &parts, &Bytes::new())?, feed).await
    })
}

fn pushing(path: &'static str, feed: Feed) -> Routes {
    post(move |State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts, body: Bytes| async move {
        let request = Request::new(&app, path, &parts, &body)?;
        json_body(&parts)?;
        push(&app, caller, request.contract, body.clone(), feed).await
    })
}

fn single(method: &Method, path: &'static str, collection: &'static Collection) -> Routes {
    match *method {
        Method::PUT => {
            put(move |State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts, body: Bytes| async move {
                let request = Request::new(&app, path, &parts, &body)?;
                json_body(&parts)?;
                put_record(&app, caller, collection, request.id()?, &body).await
            })
        }
        Method::DELETE => delete(move |State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts| async move {
            let deletion = Request::new(&app, path, &parts, &Bytes::new())?.deletion()?;
            delete_record(&app, caller, collection, deletion).await
        }),
        _ => get(move |State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, parts: Parts| async move {
            let body = Bytes::new();
            let request = Request::new(&app, path, &parts, &body)?;
            read_record(&app, caller, collection, request.id()?).await
        }),
    }
}

async fn pull(app: &App, caller: Caller, request: &Request<'_>, feed: Feed) -> Result<Response, Failure> {
    // All feeds have the same parameters as the global feed.
    let GetChanges { since, limit, .. } = GetChanges::receive(&request.incoming)?;
    let limit = limit.and_then(|limit| limit.try_into().ok());
    let since = since.map(|since| since.0);
    let cursor = since.as_ref().and_then(|cursor| cursor.parse::<Cursor>().ok());
    let is_from_beginning = since.is_none() || cursor.is_some_and(|cursor| cursor.rev == 0);
    let prefetch = feed::prefetch_for_pull(since.as_deref(), limit, feed);
    let page = app.read(caller, prefetch, move |records| feed::pull(records, since.as_deref(), limit, feed, now_ms()));
    let mut page = page.await.map_err(|failure| in_contract_of(request.contract, failure))?;
    if request.contract == ClientContract::Earlier {
        page.changes.iter_mut().flatten().for_each(|change| change.lost = None);
        page.digest = None;
    }
    app.metrics.pulled(page.changes.len());
    if matches!(feed, Feed::All(_)) && is_from_beginning {
        app.check_digest(caller.user);
    }
    if matches!(feed, Feed::All(_)) && !page.has_more {
        app.devices.synced(caller, now_ms(), page.user_rev);
    }
    Ok(json(wire::write_page(&page, feed)))
}

async fn push(app: &App, caller: Caller, client: ClientContract, body: Bytes, feed: Feed) -> Result<Response, Failure> {
    let contract = app.config().contract;
    let push = if body.len() > LARGE_BODY_BYTES {
        // On half of the processors, so that small requests and the writer thread keep their share of the time.
        let _permit = app.parsing.take(caller.user).await.ok_or_else(body::in_progress)?;
        let read = tokio::task::spawn_blocking(move || wire::read_push(&body, contract, feed));
        read.await.map_err(|_| Failure::unavailable("the push could not be read"))?
    } else {
        wire::read_push(&body, contract, feed)
    };
    let push = push.map_err(|report| Failure::malformed(&report))?;
    let known = push.cursor.as_ref().and_then(|cursor| cursor.parse::<Cursor>().ok()).map(|cursor| cursor.rev);
    let result =
        app.write(caller, feed::prefetch_for_push(&push, feed), move |records, clock| feed::push(records, &push, feed, clock)).await;
    let mut result = result.map_err(|failure| in_contract_of(client, failure))?;
    if client == ClientContract::Earlier {
        (result.proof, result.replaced) = (None, Vec::new());
    }
    app.metrics.outcomes(&result.outcomes);
    // The device had seen everything before its push, and does not pull what it has pushed (R7).
    if matches!(feed, Feed::All(_)) && known == Some(result.prev_user_rev) {
        app.devices.synced(caller, now_ms(), result.user_rev);
    }
    if result.user_rev > result.prev_user_rev {
        app.announce(caller.user, result.user_rev);
    }
    Ok(json(wire::write_push_result(&result)))
}

async fn read_record(app: &App, caller: Caller, collection: &'static Collection, id: Uuid) -> Result<Response, Failure> {
    let change = app.read(caller, Prefetch::record(id), move |records| feed::read(records, collection, id)).await?;
    let mut text = String::new();
    wire::write_change(&mut text, &change, Feed::One(collection));
    Ok(json(text))
}

async fn put_record(app: &App, caller: Caller, collection: &'static Collection, id: Uuid, body: &[u8]) -> Result<Response, Failure> {
    let edit = wire::read_single_edit(body, collection).map_err(|report| Failure::malformed(&report))?;
    let edit = edit.map_err(|unreadable| Failure::invalid_record(&unreadable.report))?;
    if edit.record.id != id {
        let mut report = Report::new("const", "differs from the id in the path");
        report.violations.iter_mut().for_each(|violation| violation.pointer = "/record/id".to_owned());
        return Err(Failure::invalid_record(&report));
    }
    let outcome = app.write(caller, feed::prefetch_for_edit(id), move |records, clock| feed::put(records, edit.clone(), clock)).await?;
    Ok(answer(app, caller, outcome))
}

async fn delete_record(app: &App, caller: Caller, collection: &'static Collection, deletion: Deletion) -> Result<Response, Failure> {
    let prefetch = feed::prefetch_for_edit(deletion.id);
    let outcome = app.write(caller, prefetch, move |records, clock| feed::delete(records, collection, deletion, clock)).await?;
    Ok(answer(app, caller, outcome))
}

fn answer(app: &App, caller: Caller, outcome: Outcome) -> Response {
    if let Outcome::Accepted(receipt) = &outcome {
        app.announce(caller.user, receipt.rev);
    }
    let mut text = String::new();
    wire::write_outcome(&mut text, &outcome);
    app.metrics.outcomes(&[outcome]);
    json(text)
}

fn json(text: String) -> Response {
    let mut response = Body::from(text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn json_body(parts: &Parts) -> Result<(), Failure> {
    if has_json(&parts.headers) { Ok(()) } else { Err(Failure::unsupported("the body must be application/json")) }
}

/// The failure of a request, without members that the client's contract does not have.
fn in_contract_of(client: ClientContract, failure: Failure) -> Failure {
    match client {
        ClientContract::Earlier => failure.in_first_contract(),
        ClientContract::Current => failure,
    }
}

/// A request's parameters, validated by the generated code.
struct Request<'a> {
    incoming: Incoming<'a>,
    contract: ClientContract,
}

impl<'a> Request<'a> {
    fn new(app: &App, path: &'static str, parts: &'a Parts, body: &'a Bytes) -> Result<Self, Failure> {
        let incoming = Incoming::new(path, &parts.uri, &parts.headers, body).ok_or_else(Failure::no_path)?;
        let version = incoming.optional::<ContractVersion>(&parameters::X_CONTRACT_VERSION)?;
        let contract = edge::client_contract(app, version.as_ref());
        Ok(Request { incoming, contract })
    }

    fn id(&self) -> Result<Uuid, Failure> {
        uuid(self.incoming.required::<Id>(&parameters::ID)?)
    }

    fn deletion(&self) -> Result<Deletion, Failure> {
        let id = |parameter| self.incoming.optional::<Id>(parameter)?.map(uuid).transpose();
        let seq = self.incoming.optional::<Seq>(&parameters::SEQ)?.map(|seq| seq.0.unsigned_abs());
        let stamp = self.incoming.optional::<Timestamp>(&parameters::CLIENT_UPDATED_AT)?.map(|stamp| stamp.0);
        let base_rev = self.incoming.optional::<Revision>(&parameters::BASE_REV)?.map(|rev| rev.0.unsigned_abs());
        let by = match (id(&parameters::OP_ID)?, id(&parameters::DEVICE_ID)?, seq, stamp) {
            (Some(id), Some(device), Some(seq), Some(stamp)) => Some((Op { id, device, seq }, stamp)),
            (None, None, None, None) => None,
            _ => {
                let report = Report::new("dependentRequired", "gives some of opId, deviceId, seq and clientUpdatedAt: give all or none");
                return Err(Failure::malformed(&report));
            }
        };
        Ok(Deletion { id: self.id()?, by, base_rev })
    }
}

fn uuid(id: Id) -> Result<Uuid, Failure> {
    Uuid::parse_str(&id.0).map_err(|_| Failure::malformed(&Report::new("pattern", "is not an id")))
}
