//! The axum edge: a request in, a typed operation; a typed response, an answer out.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::request::Parts;

use super::http::{Incoming, Operation, Outcome, Rejection, Reply, StatusCode};
use super::report::Report;

/// Reads an operation from a request.
///
/// # Errors
/// The answer to a request that breaks the contract: a problem with everything that is wrong.
pub fn receive<O: Operation>(parts: &Parts, body: &Bytes) -> Result<O, Box<Response>> {
    let incoming = Incoming::new(O::PATH, &parts.uri, &parts.headers, body);
    let operation = match incoming {
        Some(incoming) => O::receive(&incoming),
        None => Err(Rejection::new(StatusCode::NOT_FOUND, Report::new("path", "is no path of the contract"))),
    };
    operation.map_err(|rejection| Box::new(rejection.problem().map(Body::from)))
}

/// Turns a reply into an answer.
pub fn answer<T: Outcome>(reply: Reply<T>) -> Response {
    reply.write().map(Body::from)
}

/// The answer of an operation that a server does not offer: 501.
pub async fn not_implemented<T: Outcome>() -> Reply<T> {
    T::undeclared(StatusCode::NOT_IMPLEMENTED, Vec::new()).into()
}

/// The same, for an operation that answers with a stream.
pub async fn no_stream() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    response
}
