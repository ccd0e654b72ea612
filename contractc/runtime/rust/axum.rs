//! Serves operations with axum: a request becomes a typed operation, and the typed result becomes a response.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter};
use http::request::Parts;

use super::http::{HeaderMap, Incoming, Method, Operation, Outcome, Rejection, Reply, Security, StatusCode, literal_length, matches};
use super::report::Report;

/// A future response.
type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// An operation with the function that handles it.
pub struct Route<A> {
    id: &'static str,
    method: Method,
    path: &'static str,
    security: Security,
    handle: Arc<dyn Fn(Arc<A>, Parts, Bytes) -> Answer + Send + Sync>,
}

impl<A: Send + Sync + 'static> Route<A> {
    /// Creates a route that reads and validates each request before it calls `handle`.
    pub fn new<O, F>(handle: impl Fn(Arc<A>, Parts, O) -> F + Copy + Send + Sync + 'static) -> Self
    where
        O: Operation + Send + 'static,
        F: Future<Output: IntoResponse> + Send + 'static,
    {
        let answer = move |api, parts: Parts, body: Bytes| -> Answer {
            Box::pin(async move {
                match receive(&parts, &body) {
                    Ok(operation) => handle(api, parts, operation).await.into_response(),
                    Err(refusal) => *refusal,
                }
            })
        };
        Route { id: O::ID, method: O::METHOD, path: O::PATH, security: O::SECURITY, handle: Arc::new(answer) }
    }

    /// The id of the operation.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The credentials that the operation needs.
    pub fn security(&self) -> Security {
        self.security
    }

    /// Creates a router for these routes. If the templates of several routes match a path, the one with the longest literal text is used.
    pub fn router(api: Arc<A>, routes: impl IntoIterator<Item = Route<A>>) -> Router {
        let mut patterns: BTreeMap<String, Vec<Route<A>>> = BTreeMap::new();
        routes.into_iter().for_each(|route| patterns.entry(pattern(route.path)).or_default().push(route));
        let merge = |router: Router<Arc<A>>, (pattern, routes): (String, Vec<Route<A>>)| router.route(&pattern, by_method(routes));
        // The checks look for axum's older path syntax, which templates of a contract may legitimately contain.
        patterns.into_iter().fold(Router::new().without_v07_checks(), merge).with_state(api)
    }
}

/// Combines the routes that share a pattern.
fn by_method<A: Send + Sync + 'static>(routes: Vec<Route<A>>) -> MethodRouter<Arc<A>> {
    let mut methods: BTreeMap<String, Vec<Route<A>>> = BTreeMap::new();
    routes.into_iter().for_each(|route| methods.entry(route.method.to_string()).or_default().push(route));
    methods.into_values().fold(MethodRouter::new(), |router, mut routes| {
        routes.sort_by_key(|route| std::cmp::Reverse(literal_length(route.path)));
        let filter = routes.first().and_then(|route| MethodFilter::try_from(route.method.clone()).ok());
        let routes = Arc::new(routes);
        let answer = move |State(api): State<Arc<A>>, parts: Parts, body: Result<Bytes, BytesRejection>| {
            let route = routes.iter().find(|route| routes.len() == 1 || matches(route.path, &parts.uri));
            let answer = body.map(|body| route.map(|route| (route.handle)(api, parts, body)));
            async move {
                match answer {
                    Ok(Some(answer)) => answer.await,
                    Ok(None) => not_found().problem().map(Body::from),
                    Err(unread) => Rejection::new(unread.status(), Report::new("body", unread.body_text())).problem().map(Body::from),
                }
            }
        };
        match filter {
            Some(filter) => router.on(filter, answer),
            None => router.fallback(answer),
        }
    })
}

/// The router pattern of a path template. In a pattern, each segment is either entirely literal or entirely a parameter. A literal with
/// percent-encoded characters is a parameter too, because clients encode them in several ways.
fn pattern(template: &str) -> String {
    let path = template.split('?').next().unwrap_or(template);
    let segment = |(index, segment): (usize, &str)| if segment.contains(['{', '%']) { format!("{{p{index}}}") } else { segment.to_owned() };
    path.split('/').enumerate().map(segment).collect::<Vec<_>>().join("/")
}

/// Reads an operation from a request.
///
/// # Errors
/// Returns the response for a request that violates the contract: a problem document that lists the violations.
pub fn receive<O: Operation>(parts: &Parts, body: &Bytes) -> Result<O, Box<Response>> {
    let incoming = Incoming::new(O::PATH, &parts.uri, &parts.headers, body);
    let operation = match incoming {
        Some(_) if !body.is_empty() && is_compressed(&parts.headers) => Err(compressed()),
        Some(incoming) => O::receive(&incoming),
        None => Err(not_found()),
    };
    operation.map_err(|rejection| Box::new(rejection.problem().map(Body::from)))
}

/// Whether the body is encoded. A layer that decodes bodies removes the header.
fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get(http::header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn compressed() -> Rejection {
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Report::new("contentEncoding", "is compressed, which this server does not accept"))
}

fn not_found() -> Rejection {
    Rejection::new(StatusCode::NOT_FOUND, Report::new("path", "is not a path of the contract"))
}

impl<T: Outcome> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        self.write().map(Body::from)
    }
}

/// The response of an operation that the server does not implement: 501.
pub async fn not_implemented<T: Outcome>() -> Reply<T> {
    T::undeclared(StatusCode::NOT_IMPLEMENTED, Vec::new()).into()
}

/// The response of an operation with a streamed response that the server does not implement: 501.
pub async fn no_stream() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    response
}
