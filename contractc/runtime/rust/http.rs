//! HTTP independent of any network library: requests and responses as values, and a small trait that sends them.
//!
//! An operation of the contract is a structure of parameters and body, which can be written to a request and read from one. Its response is
//! an enum with a variant for each declared status, which is written and read in the same way. Clients and servers use the same functions.

mod body;
mod form;
mod kind;
mod multipart;
mod parameter;
mod request;
mod security;
mod template;
mod text;

use std::future::Future;
use std::marker::PhantomData;

pub use body::{
    BytesBody, Content, FileBody, JsonBody, JsonOrTextBody, MultipartBody, TextBody, Written, bytes, file, guard, json, json_or_text,
    respond, status, text,
};
pub use form::Form;
pub use http::{HeaderMap, Method, StatusCode};
pub use multipart::{File, IncomingParts, Multipart, Part, Parts};
pub use parameter::{Encoding, Parameter, Place, Shape, Style};
pub use request::{Body, Incoming, Rejection, Writer};
pub use security::{Credential, Credentials, Scheme, SchemeKind, Security, receive_credentials};
pub use template::{literal_length, matches};

use super::json::Json;
use super::report::{At, Checker, Report};
use super::rule::Rule;
use super::schema::{ReadJson, ToJson, parse};
use kind::Alternatives;
use parameter::invalid_header;

/// A request with its complete body.
pub type Request = http::Request<Vec<u8>>;
/// A response with its complete body.
pub type Response = http::Response<Vec<u8>>;

/// The rule that a value is validated by, a table of the generated validators.
pub type Check = &'static Rule;

/// One operation of the contract, with its parameters and body.
pub trait Operation: Sized {
    /// The operation's id in the contract.
    const ID: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path template, with its parameters in braces.
    const PATH: &'static str;
    /// The credentials that a request needs.
    const SECURITY: Security;
    /// The media types of its responses, as the header `Accept` lists them.
    const ACCEPT: &'static str;
    /// The responses of the operation.
    type Response: Outcome;

    /// Adds the parameters and the body to a request.
    fn write(&self, to: &mut Writer);

    /// Writes the request, with a URL below `base_url`.
    ///
    /// # Errors
    /// Returns the violations in the parameters and the body.
    fn request(&self, base_url: &str) -> Result<Request, Report> {
        let mut writer = Writer::new::<Self>();
        self.write(&mut writer);
        writer.finish(Self::METHOD, base_url)
    }

    /// Reads an incoming request.
    ///
    /// # Errors
    /// Returns the error response to send if the request violates the contract.
    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection>;
}

/// The responses of an operation: a closed enum.
pub trait Outcome: Sized {
    /// Reads a response.
    ///
    /// # Errors
    /// Returns the violations if the contract rejects the body for this status.
    fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Self, Report>;

    /// Writes the status, the media type and the body. Declared headers are added separately.
    fn write(&self) -> Written;

    /// Creates the variant for a status that the contract does not declare.
    fn undeclared(status: StatusCode, body: Vec<u8>) -> Self;
}

/// A response of the contract, with its headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<T> {
    /// All headers, declared or not.
    pub headers: HeaderMap,
    /// The typed response.
    pub body: T,
    /// The body as received, even if the contract declares none. Empty in a response that is sent.
    pub raw: Vec<u8>,
}

impl<T> From<T> for Reply<T> {
    fn from(body: T) -> Self {
        Reply { headers: HeaderMap::new(), body, raw: Vec::new() }
    }
}

impl<T: Outcome> Reply<T> {
    /// Reads a response.
    ///
    /// # Errors
    /// Returns an error if the contract rejects the body for its status, for example because it is the page of a captive portal.
    pub fn read(response: Response) -> Result<Self, Box<InvalidResponse>> {
        let (parts, body) = response.into_parts();
        match T::read(parts.status, &parts.headers, &body) {
            Ok(outcome) => Ok(Reply { headers: parts.headers, body: outcome, raw: body }),
            Err(report) => Err(Box::new(InvalidResponse { status: parts.status, headers: parts.headers, report, body })),
        }
    }

    /// Writes the response.
    pub fn write(self) -> Response {
        let (status, media_type, body) = self.body.write();
        let (media_type, body) = if has_body(status) { (media_type, body) } else { (None, Vec::new()) };
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers;
        if let Some(media_type) = media_type {
            response.headers_mut().entry(http::header::CONTENT_TYPE).or_insert(http::HeaderValue::from_static(media_type));
        }
        response
    }
}

impl<T> Reply<T> {
    /// Reads a header that the contract declares. Returns `None` if the response does not contain it.
    ///
    /// # Errors
    /// Returns the violations in its value.
    pub fn header<V: ReadJson>(&self, header: &Header<V>) -> Result<Option<V>, Report> {
        // Several lines are one list.
        let lines: Result<Vec<&str>, _> = self.headers.get_all(header.name).iter().map(http::HeaderValue::to_str).collect();
        let at = At::ROOT.member("header");
        let at = at.member(header.name);
        let lines = lines.map_err(|_| Rejection::invalid(at, "syntax", request::NOT_ASCII).report)?;
        if lines.is_empty() {
            return Ok(None);
        }
        let value = header.encoding.read(&header.shape, &lines.join(", "));
        let mut alternatives = Alternatives::default();
        alternatives.add(String::new(), &value, &header.shape, &header.encoding);
        let value = alternatives.settle(value, header.check);
        read_checked(Json::from(&value), at, header.check).map(Some)
    }

    /// Adds a header that the contract declares.
    ///
    /// # Errors
    /// Returns the violations in the value.
    pub fn with_header<V: ToJson>(mut self, header: &Header<V>, value: &V) -> Result<Self, Report> {
        let mut out = Checker::new();
        let at = At::ROOT.member("header");
        let (at, value) = (at.member(header.name), value.as_json());
        out.check(value, header.check, at);
        let written = header.encoding.whole(header.name, value).and_then(|text| {
            let text = text.unwrap_or_default();
            invalid_header(&text).map_or(Ok(text), |reason| Err(reason.to_owned()))
        });
        let no_header = || "is not a header".to_owned();
        let pair = written.and_then(|text| {
            http::HeaderName::try_from(header.name).ok().zip(http::HeaderValue::try_from(text).ok()).ok_or_else(no_header)
        });
        match pair {
            Ok((name, value)) => _ = self.headers.insert(name, value),
            Err(message) => out.violation(at, "syntax", || message),
        }
        out.finish()?;
        Ok(self)
    }
}

/// A declared response header, with the type of its value.
pub struct Header<T> {
    /// The name as the contract writes it. Case is not significant.
    pub name: &'static str,
    encoding: Encoding,
    shape: Shape,
    check: Check,
    value: PhantomData<fn() -> T>,
}

impl<T> Header<T> {
    /// A header whose value has this shape and passes the check.
    pub const fn new(name: &'static str, shape: Shape, check: Check) -> Self {
        Header { name, encoding: Encoding::of(Place::Header), shape, check, value: PhantomData }
    }

    /// The header with `explode`.
    pub const fn exploded(self) -> Self {
        Header { encoding: Encoding { explode: true, ..self.encoding }, ..self }
    }
}

/// A response that violates the contract.
#[derive(Debug)]
#[non_exhaustive]
pub struct InvalidResponse {
    /// The received status.
    pub status: StatusCode,
    /// The received headers.
    pub headers: HeaderMap,
    /// The violations in the body.
    pub report: Report,
    /// The received body.
    pub body: Vec<u8>,
}

impl std::fmt::Display for InvalidResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the response with status {} violates the contract: {}", self.status.as_u16(), self.report)
    }
}

impl std::error::Error for InvalidResponse {}

/// `Send`, except in browsers, which have a single thread.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}
/// `Send`, except in browsers, which have a single thread.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// Sends a request and waits for the response.
pub trait Transport {
    /// The error for a request that received no response.
    type Error;

    /// # Errors
    /// Returns an error if there was no response. A response with an error status is not an error of the transport.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, Self::Error>> + MaybeSend;
}

/// Sends a request and returns a response whose body is read piece by piece.
pub trait StreamTransport: Transport {
    /// A response with an unread body.
    type Stream;

    /// # Errors
    /// Returns an error if there was no response.
    fn open(&self, request: Request) -> impl Future<Output = Result<Self::Stream, Self::Error>> + MaybeSend;
}

/// Hooks that an application adds to every call.
pub trait Hooks: Sync {
    /// Called before each request is sent, for example to add credentials or a trace. `security` is [`Operation::SECURITY`].
    fn before(&self, operation: &'static str, security: Security, request: &mut Request) {
        let _ = (operation, security, request);
    }

    /// Called for each response. `true` sends the request once more, for example after a token was refreshed.
    fn retry(&self, operation: &'static str, response: &Response) -> impl Future<Output = bool> + MaybeSend {
        let _ = (operation, response);
        async { false }
    }
}

/// The reason why a request must not be sent. A hook puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct Refusal(pub Report);

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// Adds a bearer token to operations that accept one. See [`Credentials`] for other schemes.
#[derive(Clone)]
pub struct Bearer(pub String);

impl std::fmt::Debug for Bearer {
    /// Does not print the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl Hooks for Bearer {
    fn before(&self, _: &'static str, security: Security, request: &mut Request) {
        let scheme = security.iter().copied().flatten().find(|scheme| scheme.kind == SchemeKind::Bearer);
        if let Some(scheme) = scheme {
            security::send(scheme, &Credential::Secret(self.0.clone()), request);
        }
    }
}

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError<E> {
    /// The request violates the contract. Nothing was sent.
    Request(Report),
    /// There was no response.
    Transport(E),
    /// The response violates the contract.
    Response(Box<InvalidResponse>),
}

impl<E: std::fmt::Display> std::fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CallError::Request(report) => write!(f, "the request violates the contract and was not sent: {report}"),
            CallError::Transport(error) => write!(f, "no response: {error}"),
            CallError::Response(invalid) => invalid.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {}

/// Sends an operation and reads the response.
///
/// # Errors
/// See [`CallError`]. A declared error status is not an error here: it is a variant of the response.
pub async fn call<O: Operation, T: Transport, H: Hooks>(
    operation: &O,
    base_url: &str,
    transport: &T,
    hooks: &H,
) -> Result<Reply<O::Response>, CallError<T::Error>> {
    let plain = operation.request(base_url).map_err(CallError::Request)?;
    let request = prepared::<O, H>(plain.clone(), hooks).map_err(CallError::Request)?;
    let mut response = transport.send(request).await.map_err(CallError::Transport)?;
    if hooks.retry(O::ID, &response).await {
        let again = prepared::<O, H>(plain, hooks).map_err(CallError::Request)?;
        response = transport.send(again).await.map_err(CallError::Transport)?;
    }
    Reply::read(response).map_err(CallError::Response)
}

/// Sends an operation whose response is a stream. The caller checks the status and reads the body.
///
/// # Errors
/// See [`CallError`].
pub async fn open<O: Operation, T: StreamTransport, H: Hooks>(
    operation: &O,
    base_url: &str,
    transport: &T,
    hooks: &H,
) -> Result<T::Stream, CallError<T::Error>> {
    let request = operation.request(base_url).and_then(|plain| prepared::<O, H>(plain, hooks)).map_err(CallError::Request)?;
    transport.open(request).await.map_err(CallError::Transport)
}

/// A request with everything that the hooks add.
fn prepared<O: Operation, H: Hooks>(mut request: Request, hooks: &H) -> Result<Request, Report> {
    hooks.before(O::ID, O::SECURITY, &mut request);
    request.extensions_mut().remove::<Refusal>().map_or(Ok(request), |Refusal(report)| Err(report))
}

/// Parses, validates and builds a value.
///
/// # Errors
/// Returns all violations.
pub fn read_json<T: ReadJson>(body: &[u8], check: Check) -> Result<T, Report> {
    // A byte order mark is not part of the text (RFC 8259, section 8.1). Every browser skips it.
    let tape = parse(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))?;
    read_checked(tape.root(), At::ROOT, check)
}

fn as_text(body: &[u8]) -> Result<&str, Report> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    std::str::from_utf8(body).map_err(|error| Report::new("syntax", format!("is not UTF-8: {error}")))
}

/// Whether a response with this status may have a body (RFC 9110, sections 6.4.1 and 15.3.6).
pub fn has_body(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 100..=199 | 204 | 205 | 304)
}

/// Whether the body of a response is JSON, according to its headers.
pub fn has_json(headers: &HeaderMap) -> bool {
    is_json(media_type(headers))
}

/// The header `Content-Type`; empty if there is none.
fn media_type(headers: &HeaderMap) -> &str {
    headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The rule of a schema that accepts everything.
pub static ANYTHING: Rule = Rule::Any;

fn read_checked<T: ReadJson>(value: Json<'_>, at: At<'_>, check: Check) -> Result<T, Report> {
    let mut out = Checker::apart();
    out.check(value, check, at);
    let built = if out.passed() { T::read(value, at, &mut out) } else { None };
    out.finish()?;
    built.ok_or_else(|| Report::new("type", "cannot be held by the generated type"))
}

/// Whether a media type is JSON: `application/json`, `text/json` or any `+json`.
pub fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// A media type without its parameters, in lower case.
pub fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a media type is the known one, or one of its range, such as `image/*`.
pub fn covers(known: &str, found: &str) -> bool {
    let (known, found) = (essence(known), essence(found));
    known == "*/*" || known == found || known.strip_suffix('*').is_some_and(|prefix| found.starts_with(prefix))
}

/// Whether a media type belongs to the first of the declared ones: it covers the type, and none of the others is more exact.
fn is_first(declared: &[&str], found: &str) -> bool {
    let first = declared.first().and_then(|known| exactness(known, found));
    first.is_some_and(|first| declared.iter().filter_map(|known| exactness(known, found)).all(|other| other <= first))
}

/// How exactly a declared media type describes the found one; none if it does not. `application/*+json` describes `application/json` too.
fn exactness(known: &str, found: &str) -> Option<usize> {
    let (known, found) = (essence(known), essence(found));
    let Some((start, end)) = known.split_once('*') else { return (known == found).then_some(usize::MAX) };
    let is_base = || end.strip_prefix('+').is_some_and(|base| found.strip_prefix(start) == Some(base));
    (known == "*/*" || (found.starts_with(start) && found.ends_with(end)) || is_base()).then_some(known.len())
}
