//! HTTP without a network: requests and responses as values, and the small trait that sends them.
//!
//! An operation of the contract is a structure of parameters and body. It can be written as a request and read back from one; its response
//! is an enum with a variant for each declared status, written and read the same way. Client and server are both made of these four.

use std::future::Future;
use std::marker::PhantomData;

pub use http::{HeaderMap, Method, StatusCode};

use super::check::Types;
use super::json::{Json, Value};
use super::report::{At, Checker, Report};
use super::schema::{ReadJson, ToJson, parse};

/// A request with its whole body.
pub type Request = http::Request<Vec<u8>>;
/// A response with its whole body.
pub type Response = http::Response<Vec<u8>>;

/// A validator, as generated code has them.
pub type Check = fn(Json<'_>, At<'_>, &mut Checker);

/// One operation of the contract, with its parameters and body.
pub trait Operation: Sized {
    /// The operation's id in the contract.
    const ID: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path with its parameters in braces.
    const PATH: &'static str;
    /// The security schemes of which one must be satisfied; empty where none is needed.
    const SECURITY: &'static [&'static str];
    /// What it may answer.
    type Response: Outcome;

    /// Writes the request, below `base_url`.
    ///
    /// # Errors
    /// What in the parameters or the body the contract refuses.
    fn request(&self, base_url: &str) -> Result<Request, Report>;

    /// Reads a request that has come in.
    ///
    /// # Errors
    /// Why it is none: the answer to give.
    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection>;
}

/// The responses of an operation: a closed enum.
pub trait Outcome: Sized {
    /// Reads a response.
    ///
    /// # Errors
    /// A body that the contract refuses for this status.
    fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Self, Report>;

    /// Writes the response, but for headers of its own.
    fn write(&self) -> Written;

    /// A response with a status that the contract does not declare.
    fn undeclared(status: StatusCode, body: Vec<u8>) -> Self;
}

/// A response's status, media type and body.
pub type Written = (StatusCode, Option<&'static str>, Vec<u8>);

/// Writes a response with a JSON body.
pub fn json(status: impl ToStatus, media_type: &'static str, body: &impl ToJson) -> Written {
    (status.to_status(), Some(media_type), body.as_json().to_text().into_bytes())
}

/// Writes a response with a body of any other kind.
pub fn bytes(status: impl ToStatus, media_type: &'static str, body: &[u8]) -> Written {
    (status.to_status(), Some(media_type), body.to_vec())
}

/// Writes a response without a body.
pub fn empty(status: impl ToStatus) -> Written {
    (status.to_status(), None, Vec::new())
}

/// A status, or its number.
pub trait ToStatus {
    /// The status.
    fn to_status(self) -> StatusCode;
}

impl ToStatus for &StatusCode {
    fn to_status(self) -> StatusCode {
        *self
    }
}

impl ToStatus for u16 {
    /// The compiler of the contract has seen to it that a declared status is one.
    fn to_status(self) -> StatusCode {
        StatusCode::from_u16(self).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A response of the contract, with its headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<T> {
    /// All headers, declared or not.
    pub headers: HeaderMap,
    /// The response itself.
    pub body: T,
}

impl<T> From<T> for Reply<T> {
    fn from(body: T) -> Self {
        Reply { headers: HeaderMap::new(), body }
    }
}

impl<T: Outcome> Reply<T> {
    /// Reads a response.
    ///
    /// # Errors
    /// A body that the contract refuses for its status, such as the page of a captive portal.
    pub fn read(response: Response) -> Result<Self, InvalidResponse> {
        let (parts, body) = response.into_parts();
        match T::read(parts.status, &parts.headers, &body) {
            Ok(outcome) => Ok(Reply { headers: parts.headers, body: outcome }),
            Err(report) => Err(InvalidResponse { status: parts.status, report, body }),
        }
    }

    /// Writes the response.
    pub fn write(self) -> Response {
        let (status, media_type, body) = self.body.write();
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
    /// Reads a header that the contract declares; nothing if the response does not carry it.
    ///
    /// # Errors
    /// What the contract refuses in its value.
    pub fn header<V: ReadJson>(&self, header: &Header<V>) -> Result<Option<V>, Report> {
        let Some(value) = self.headers.get(header.name) else { return Ok(None) };
        let text = value.to_str().map_err(|_| Report::new("syntax", format!("has the header {}, which is no text", header.name)))?;
        let value = from_text(header.name, text, Style::Simple, header.types);
        read_checked(Json::from(&value), At::ROOT.member("header").member(header.name), header.check).map(Some)
    }

    /// The reply with a header that the contract declares.
    ///
    /// # Errors
    /// What the contract refuses in the value.
    pub fn with_header<V: ToJson>(mut self, header: &Header<V>, value: &V) -> Result<Self, Report> {
        let mut out = Checker::new();
        let at = At::ROOT.member("header");
        let (at, value) = (at.member(header.name), value.as_json());
        (header.check)(value, at, &mut out);
        let text = joined(header.name, Style::Simple, value);
        match http::HeaderName::try_from(header.name).ok().zip(http::HeaderValue::try_from(text).ok()) {
            Some((name, value)) => _ = self.headers.insert(name, value),
            None => out.violation(at, "syntax", || "is no value of a header".to_owned()),
        }
        out.finish()?;
        Ok(self)
    }
}

/// A header of responses: its name, and what its value is.
pub struct Header<T> {
    /// As the contract writes it; the case of letters does not matter.
    pub name: &'static str,
    types: Types,
    check: Check,
    value: PhantomData<fn() -> T>,
}

impl<T> Header<T> {
    /// A header whose value is of one of these types and passes the check.
    pub const fn new(name: &'static str, types: Types, check: Check) -> Self {
        Header { name, types, check, value: PhantomData }
    }
}

/// A response that the contract refuses.
#[derive(Debug)]
pub struct InvalidResponse {
    /// The status that came.
    pub status: StatusCode,
    /// What is wrong with the body.
    pub report: Report,
    /// The body that came.
    pub body: Vec<u8>,
}

impl std::fmt::Display for InvalidResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the response with status {} is not what the contract says: {}", self.status.as_u16(), self.report)
    }
}

impl std::error::Error for InvalidResponse {}

/// `Send`, except in a browser, where there is one thread.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}
/// `Send`, except in a browser, where there is one thread.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// Sends a request and waits for the response.
pub trait Transport {
    /// Why no response came.
    type Error;

    /// # Errors
    /// There was no response. A response of any status is none of the transport's errors.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, Self::Error>> + MaybeSend;
}

/// What an application adds to every call.
pub trait Hooks: Sync {
    /// Sees each request before it is sent, to add credentials or a trace; `security` is the operation's [`Operation::SECURITY`].
    fn before(&self, operation: &'static str, security: &'static [&'static str], request: &mut Request) {
        let _ = (operation, security, request);
    }

    /// Sees each response. `true` asks for the request to be sent once more, after a token was refreshed perhaps.
    fn retry(&self, operation: &'static str, response: &Response) -> impl Future<Output = bool> + MaybeSend {
        let _ = (operation, response);
        async { false }
    }
}

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// Adds a bearer token to operations that need one.
#[derive(Clone)]
pub struct Bearer(pub String);

impl std::fmt::Debug for Bearer {
    /// The token is nobody's to read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl Hooks for Bearer {
    fn before(&self, _: &'static str, security: &'static [&'static str], request: &mut Request) {
        if security.is_empty() {
            return;
        }
        // A token that is no header value cannot be a token: the server's 401 says so.
        if let Ok(mut value) = http::HeaderValue::from_str(&format!("Bearer {}", self.0)) {
            value.set_sensitive(true);
            request.headers_mut().insert(http::header::AUTHORIZATION, value);
        }
    }
}

/// Why a call came to nothing.
#[derive(Debug)]
pub enum CallError<E> {
    /// The call itself breaks the contract; nothing was sent.
    Request(Report),
    /// No response.
    Transport(E),
    /// A response that breaks the contract.
    Response(InvalidResponse),
}

impl<E: std::fmt::Display> std::fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CallError::Request(report) => write!(f, "the request was not sent, since the contract refuses it: {report}"),
            CallError::Transport(error) => write!(f, "no response came: {error}"),
            CallError::Response(invalid) => invalid.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {}

/// Sends an operation and reads what comes back.
///
/// # Errors
/// See [`CallError`]. A declared error status is no error here but a variant of the response.
pub async fn call<O: Operation, T: Transport, H: Hooks>(
    operation: &O,
    base_url: &str,
    transport: &T,
    hooks: &H,
) -> Result<Reply<O::Response>, CallError<T::Error>> {
    let plain = operation.request(base_url).map_err(CallError::Request)?;
    let mut request = plain.clone();
    hooks.before(O::ID, O::SECURITY, &mut request);
    let mut response = transport.send(request).await.map_err(CallError::Transport)?;
    if hooks.retry(O::ID, &response).await {
        let mut again = plain;
        hooks.before(O::ID, O::SECURITY, &mut again);
        response = transport.send(again).await.map_err(CallError::Transport)?;
    }
    Reply::read(response).map_err(CallError::Response)
}

/// How a parameter's value becomes text: the `style` and `explode` of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One value, or values with commas.
    Simple,
    /// `name=a&name=b`
    Exploded,
    /// `name=a,b`, or another character in the comma's place.
    Joined(char),
    /// `name[key]=value`
    DeepObject,
    /// `.a.b`
    Label,
    /// `;name=a`
    Matrix,
    /// JSON text.
    Json,
}

/// Builds a request part by part, and collects what the contract refuses on the way.
pub struct Writer {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    cookies: Vec<String>,
    body: Vec<u8>,
    checker: Checker,
}

impl Writer {
    /// A request of the operation, without parameters so far.
    pub fn new<O: Operation>() -> Self {
        let path = O::PATH.to_owned();
        let (query, headers, cookies) = (String::new(), HeaderMap::new(), Vec::new());
        Writer { method: O::METHOD, path, query, headers, cookies, body: Vec::new(), checker: Checker::new() }
    }

    fn check(&mut self, place: &str, name: &str, value: Json<'_>, check: Check) {
        check(value, At::ROOT.member(place).member(name), &mut self.checker);
    }

    /// A parameter in the path.
    pub fn path(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("path", name, value, check);
        let text = encoded(&joined(name, style, value), b"");
        self.path = self.path.replace(&format!("{{{name}}}"), &text);
    }

    /// A parameter in the query.
    pub fn query(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("query", name, value, check);
        for (name, text) in pairs(name, style, value) {
            self.query.push(if self.query.is_empty() { '?' } else { '&' });
            self.query.push_str(&encoded(&name, b"[]"));
            self.query.push('=');
            self.query.push_str(&encoded(&text, b",:"));
        }
    }

    /// A parameter in a header.
    pub fn header(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("header", name, value, check);
        let header = http::HeaderName::try_from(name).ok().zip(http::HeaderValue::try_from(joined(name, style, value)).ok());
        match header {
            Some((name, value)) => _ = self.headers.insert(name, value),
            None => self.checker.violation(At::ROOT.member("header").member(name), "syntax", || "is no value of a header".to_owned()),
        }
    }

    /// A parameter in a cookie.
    pub fn cookie(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("cookie", name, value, check);
        self.cookies.extend(pairs(name, style, value).into_iter().map(|(name, text)| format!("{name}={}", encoded(&text, b""))));
    }

    /// A JSON body.
    pub fn json(&mut self, media_type: &'static str, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        check(value, At::ROOT, &mut self.checker);
        self.bytes(media_type, value.to_text().as_bytes());
    }

    /// A body of any other kind.
    pub fn bytes(&mut self, media_type: &'static str, body: &[u8]) {
        self.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
        self.body = body.to_vec();
    }

    /// The request, below `base_url`.
    ///
    /// # Errors
    /// Everything that the contract refuses in it.
    pub fn finish(mut self, base_url: &str) -> Result<Request, Report> {
        if !self.cookies.is_empty() {
            match http::HeaderValue::try_from(self.cookies.join("; ")) {
                Ok(value) => _ = self.headers.insert(http::header::COOKIE, value),
                Err(_) => self.checker.violation(At::ROOT.member("cookie"), "syntax", || "is no value of a header".to_owned()),
            }
        }
        self.checker.finish()?;
        let url = format!("{}{}{}", base_url.trim_end_matches('/'), self.path, self.query);
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = url.parse().map_err(|error| Report::new("syntax", format!("has no valid address, {url}: {error}")))?;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// A request that has come in, cut into its parts.
pub struct Incoming<'a> {
    headers: &'a HeaderMap,
    body: &'a [u8],
    path: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
}

impl<'a> Incoming<'a> {
    /// Cuts a request for the path `template`.
    pub fn new(template: &'static str, uri: &http::Uri, headers: &'a HeaderMap, body: &'a [u8]) -> Option<Self> {
        let path = path_values(template, uri.path())?;
        let query = form_pairs(uri.query().unwrap_or_default(), '&');
        let cookies = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = cookies.flat_map(|text| form_pairs(text, ';')).collect();
        Some(Incoming { headers, body, path, query, cookies })
    }

    /// A parameter in the path.
    pub fn path<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<T, Rejection> {
        let text = self.path.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone());
        let value = text.map(|text| from_text(name, &text, style, types));
        required(read_parameter("path", name, value, check)?, "path", name)
    }

    /// A parameter in the query.
    pub fn query<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<Option<T>, Rejection> {
        read_parameter("query", name, from_pairs(&self.query, name, style, types), check)
    }

    /// A parameter in a cookie.
    pub fn cookie<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<Option<T>, Rejection> {
        read_parameter("cookie", name, from_pairs(&self.cookies, name, style, types), check)
    }

    /// A parameter in a header.
    pub fn header<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<Option<T>, Rejection> {
        let text = self.headers.get(name).and_then(|value| value.to_str().ok());
        read_parameter("header", name, text.map(|text| from_text(name, text, style, types)), check)
    }

    /// Refuses query parameters that the contract does not name.
    pub fn known_query(&self, names: &[&str]) -> Result<(), Rejection> {
        let known =
            |name: &str| names.iter().any(|known| *known == name || (name.starts_with(known) && name[known.len()..].starts_with('[')));
        match self.query.iter().find(|(name, _)| !known(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let at = At::ROOT.member("query");
                Err(Rejection::invalid(at.member(name), "additionalProperties", "is a parameter that the contract does not know"))
            }
        }
    }

    /// A JSON body, which must be there.
    pub fn json<T: ReadJson>(&self, check: Check) -> Result<T, Rejection> {
        let media_type = self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_json(media_type) {
            return Err(Rejection::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Report::new("contentType", format!("is {media_type:?}; JSON is accepted")),
            ));
        }
        read_json(self.body, check).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }

    /// A JSON body, unless there is none.
    pub fn optional_json<T: ReadJson>(&self, check: Check) -> Result<Option<T>, Rejection> {
        if self.body.is_empty() { Ok(None) } else { self.json(check).map(Some) }
    }

    /// The body as it is.
    pub fn bytes(&self) -> Vec<u8> {
        self.body.to_vec()
    }
}

/// A parameter that must be there.
pub fn required<T>(value: Option<T>, place: &str, name: &str) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::invalid(At::ROOT.member(place), "required", format!("lacks the parameter {name:?}")))
}

/// Why a request is refused before anything looks at what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The status of the answer.
    pub status: StatusCode,
    /// What is wrong with the request.
    pub report: Report,
}

impl Rejection {
    /// A refusal with this status.
    pub fn new(status: StatusCode, report: Report) -> Self {
        Rejection { status, report }
    }

    fn invalid(at: At<'_>, keyword: &'static str, message: impl Into<String>) -> Self {
        let mut report = Report::new(keyword, message);
        report.violations[0].pointer = at.pointer();
        Rejection::new(StatusCode::BAD_REQUEST, report)
    }

    /// The answer, as `application/problem+json` (RFC 9457).
    pub fn problem(&self) -> Response {
        let code = match self.status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
            StatusCode::NOT_FOUND => "not_found",
            _ => "malformed_request",
        };
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Refused"),
            "status": self.status.as_u16(),
            "code": code,
            "retryable": false,
            "errors": self.report.in_brief(),
        });
        let mut response = http::Response::new(body.to_string().into_bytes());
        *response.status_mut() = self.status;
        response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// Parses, validates and builds a value.
///
/// # Errors
/// All violations.
pub fn read_json<T: ReadJson>(body: &[u8], check: Check) -> Result<T, Report> {
    let tape = parse(body)?;
    read_checked(tape.root(), At::ROOT, check)
}

fn read_checked<T: ReadJson>(value: Json<'_>, at: At<'_>, check: Check) -> Result<T, Report> {
    let mut out = Checker::apart();
    check(value, at, &mut out);
    let built = if out.passed() { T::read(value, at, &mut out) } else { None };
    out.finish()?;
    built.ok_or_else(|| Report::new("type", "cannot be held by the type that the contract gives it"))
}

/// Whether a response's body is JSON, as its headers have it.
pub fn has_json(headers: &HeaderMap) -> bool {
    headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json)
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// The validator of a schema that accepts everything.
pub fn check_nothing(_: Json<'_>, _: At<'_>, _: &mut Checker) {}

fn read_parameter<T: ReadJson>(place: &str, name: &str, value: Option<Value>, check: Check) -> Result<Option<T>, Rejection> {
    let Some(value) = value else { return Ok(None) };
    let read = read_checked(Json::from(&value), At::ROOT.member(place).member(name), check);
    read.map(Some).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
}

/// A plain value as text.
fn text(value: Json<'_>) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.to_owned(),
        other => other.to_text(),
    }
}

/// A parameter's value as one text.
fn joined(name: &str, style: Style, value: Json<'_>) -> String {
    let separator = match style {
        Style::Json => return value.to_text(),
        Style::Label => '.',
        Style::Joined(separator) => separator,
        _ => ',',
    };
    let body = match value {
        Json::Array(array) => array.into_iter().map(|(_, item)| text(item)).collect::<Vec<_>>().join(&separator.to_string()),
        Json::Object(object) => {
            let parts: Vec<String> = object.into_iter().flat_map(|(name, value)| [name.to_owned(), text(value)]).collect();
            parts.join(&separator.to_string())
        }
        plain => text(plain),
    };
    match style {
        Style::Label => format!(".{body}"),
        Style::Matrix => format!(";{name}={body}"),
        _ => body,
    }
}

/// A parameter's value as names and texts.
fn pairs(name: &str, style: Style, value: Json<'_>) -> Vec<(String, String)> {
    match (style, value) {
        (Style::Exploded, Json::Array(array)) => array.into_iter().map(|(_, item)| (name.to_owned(), text(item))).collect(),
        (Style::Exploded, Json::Object(object)) => object.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect(),
        (Style::DeepObject, Json::Object(object)) => {
            object.into_iter().map(|(key, value)| (format!("{name}[{key}]"), text(value))).collect()
        }
        _ => vec![(name.to_owned(), joined(name, style, value))],
    }
}

/// Reads a parameter's text as what its schema accepts.
fn from_text(name: &str, text: &str, style: Style, types: Types) -> Value {
    let separator = match style {
        Style::Json => return serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        Style::Label => '.',
        Style::Joined(separator) => separator,
        _ => ',',
    };
    let body = match style {
        Style::Label => text.strip_prefix('.').unwrap_or(text),
        Style::Matrix => text.strip_prefix(&format!(";{name}=")).unwrap_or(text),
        _ => text,
    };
    if types.contains(Types::ARRAY) {
        let items = body.split(separator).filter(|_| !body.is_empty());
        return items.map(|item| plain(item, ANY)).collect();
    }
    if types.contains(Types::OBJECT) {
        let parts: Vec<&str> = body.split(separator).collect();
        return Value::Object(parts.chunks_exact(2).map(|pair| (pair[0].to_owned(), plain(pair[1], ANY))).collect());
    }
    plain(body, types)
}

/// Items of arrays say nothing of their type here: what looks like a number is one.
const ANY: Types = Types(0);

/// A text as the JSON value that a schema of these types means by it.
fn plain(text: &str, types: Types) -> Value {
    let is_text = types.contains(Types::STRING);
    match text {
        "true" | "false" if !is_text => Value::Bool(text == "true"),
        _ if is_text => Value::String(text.to_owned()),
        _ => match serde_json::from_str::<Value>(text) {
            Ok(number @ Value::Number(_)) => number,
            _ => Value::String(text.to_owned()),
        },
    }
}

fn from_pairs(pairs: &[(String, String)], name: &str, style: Style, types: Types) -> Option<Value> {
    if style == Style::DeepObject {
        let key = |pair: &str| pair.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
        let members: serde_json::Map<_, _> = pairs.iter().filter_map(|(pair, text)| Some((key(pair)?, plain(text, ANY)))).collect();
        return (!members.is_empty()).then_some(Value::Object(members));
    }
    let mut found = pairs.iter().filter(|(known, _)| known == name).map(|(_, text)| text);
    if style == Style::Exploded && types.contains(Types::ARRAY) {
        let items: Vec<Value> = found.map(|text| plain(text, ANY)).collect();
        return (!items.is_empty()).then_some(Value::Array(items));
    }
    found.next().map(|text| from_text(name, text, style, types))
}

/// The values of the parameters in a path.
fn path_values(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let (mut values, mut template, mut path) = (Vec::new(), template, path);
    while let Some((literal, rest)) = template.split_once('{') {
        path = path.strip_prefix(literal)?;
        let (name, behind) = rest.split_once('}')?;
        let stop = behind.chars().next();
        let end = path.find(|character| Some(character) == stop || character == '/').unwrap_or(path.len());
        values.push((name, decoded(&path[..end], false)));
        path = &path[end..];
        template = behind;
    }
    (path == template).then_some(values)
}

fn form_pairs(text: &str, separator: char) -> Vec<(String, String)> {
    let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs.map(|(name, value)| (decoded(name, true), decoded(value, true))).collect()
}

/// Percent-encodes everything but unreserved characters and `keep`.
fn encoded(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn decoded(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code =
            tail.first_chunk::<2>().and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        rest = tail;
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            (b'+', _) if plus_is_space => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
