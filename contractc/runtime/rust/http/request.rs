//! Requests of an operation: the client builds them part by part, and the server reads them part by part and rejects invalid ones.

use super::super::check::Types;
use super::super::json::{Json, Value};
use super::super::report::{At, Checker, Report};
use super::super::schema::{ReadJson, ToJson};
use super::kind::Alternatives;
use super::parameter::{Parameter, Place, Style, invalid_header};
use super::template::{matches, path_values, text_behind};
use super::text::{Pair, cookies, is_utf8, pairs};
use super::{HeaderMap, Operation, Request, Response, StatusCode, essence, media_type, read_checked};

/// A kind of body, whose values have the type `T`.
pub trait Body<T> {
    /// Sets the body of a request.
    fn write(&self, value: &T, to: &mut Writer);

    /// Reads the body of a request.
    ///
    /// # Errors
    /// Returns an error if the body has another media type, or violates the contract.
    fn read(&self, incoming: &Incoming<'_>) -> Result<T, Rejection>;
}

/// Builds a request part by part, and collects all violations of the contract.
pub struct Writer {
    template: &'static str,
    path: String,
    query: Vec<String>,
    headers: HeaderMap,
    cookies: Vec<String>,
    body: Vec<u8>,
    pub(super) checker: Checker,
}

impl Writer {
    /// Starts a request of the operation `O`.
    pub(super) fn new<O: Operation>() -> Self {
        let mut headers = HeaderMap::new();
        if !O::ACCEPT.is_empty() {
            headers.insert(http::header::ACCEPT, http::HeaderValue::from_static(O::ACCEPT));
        }
        let (query, cookies, body) = (Vec::new(), Vec::new(), Vec::new());
        Writer { template: O::PATH, path: O::PATH.to_owned(), query, headers, cookies, body, checker: Checker::new() }
    }

    /// Adds a parameter that the call may leave out.
    pub fn optional(&mut self, value: &Option<impl ToJson>, parameter: &Parameter) {
        if let Some(value) = value {
            self.parameter(parameter, value.as_json());
        }
    }

    /// Adds a parameter.
    pub fn required(&mut self, value: &impl ToJson, parameter: &Parameter) {
        if !self.parameter(parameter, value.as_json()) {
            let at = At::ROOT.member(parameter.encoding.place.name());
            self.checker.violation(at.member(parameter.name), "required", || NOT_SENT.to_owned());
        }
    }

    /// Adds a parameter. Returns whether its value is defined: null and empty lists are not.
    fn parameter(&mut self, parameter: &Parameter, value: Json<'_>) -> bool {
        let Parameter { name, encoding, shape, check } = *parameter;
        let at = At::ROOT.member(encoding.place.name());
        let at = at.member(name);
        self.checker.check(value, check, at);
        // The engine in the browser has no such parameters.
        if !cfg!(target_arch = "wasm32")
            && let Some(member) = shape.repeated(value)
        {
            self.checker.violation(at, "syntax", || format!("has the member {member:?}, which is also a separate parameter"));
        }
        let written = match encoding.place {
            Place::Path => encoding.whole(name, value).and_then(|text| self.path_value(parameter, text)),
            Place::Header => encoding.whole(name, value).and_then(|text| self.header_value(name, text)),
            Place::Query | Place::Cookie => encoding.parts(name, value).map(|parts| {
                let is_defined = !parts.is_empty();
                if encoding.place == Place::Query { &mut self.query } else { &mut self.cookies }.extend(parts);
                is_defined
            }),
        };
        written.unwrap_or_else(|message| {
            self.checker.violation(at, "syntax", || message);
            true
        })
    }

    fn path_value(&mut self, parameter: &Parameter, text: Option<String>) -> Result<bool, String> {
        let text = text.filter(|text| !text.is_empty());
        let is_defined = text.is_some();
        let text = apart(self.template, parameter, text.unwrap_or_default())?;
        self.path = self.path.replace(&format!("{{{}}}", parameter.name), &text);
        Ok(is_defined)
    }

    fn header_value(&mut self, name: &str, text: Option<String>) -> Result<bool, String> {
        let Some(text) = text else { return Ok(false) };
        if let Some(reason) = invalid_header(&text) {
            return Err(reason.to_owned());
        }
        let header = http::HeaderName::try_from(name).ok().zip(http::HeaderValue::try_from(text).ok());
        let (name, value) = header.ok_or("is not a valid header name")?;
        self.headers.insert(name, value);
        Ok(true)
    }

    /// Rejects values that turn a segment into `.` or `..`: every URL parser removes such a segment, even percent-encoded, so that the
    /// request would go to another path.
    fn check_segments(&mut self) {
        for (template, segment) in self.template.split('/').zip(self.path.split('/')) {
            let name = template.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
            if let (Some(name), "." | "..") = (name, segment) {
                let at = At::ROOT.member("path");
                let message = || format!("would produce the path segment {segment:?}, which URL parsers remove");
                self.checker.violation(at.member(name), "syntax", message);
            }
        }
    }

    /// Sets the body.
    pub fn body<T>(&mut self, value: &T, kind: impl Body<T>) {
        kind.write(value, self);
    }

    /// Sets a body that the call may leave out.
    pub fn optional_body<T>(&mut self, value: &Option<T>, kind: impl Body<T>) {
        if let Some(value) = value {
            kind.write(value, self);
        }
    }

    /// Sets a body whose media type may be invalid.
    pub(super) fn content(&mut self, media_type: &str, body: Vec<u8>) {
        match http::HeaderValue::try_from(media_type) {
            Ok(value) => _ = self.headers.insert(http::header::CONTENT_TYPE, value),
            Err(_) => self.checker.violation(At::ROOT, "contentType", || format!("has the invalid media type {media_type:?}")),
        }
        self.body = body;
    }

    /// Sets a body of a media type of the contract.
    pub(super) fn bytes(&mut self, media_type: &'static str, body: &[u8]) {
        self.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
        self.body = body.to_vec();
    }

    /// Builds the request, with a URL below `base_url`.
    pub(super) fn finish(mut self, method: http::Method, base_url: &str) -> Result<Request, Report> {
        self.check_segments();
        if !self.cookies.is_empty() {
            match http::HeaderValue::try_from(self.cookies.join("; ")) {
                Ok(value) => _ = self.headers.insert(http::header::COOKIE, value),
                Err(_) => self.checker.violation(At::ROOT.member("cookie"), "syntax", || "is not a header value".to_owned()),
            }
        }
        self.checker.finish()?;
        if base_url.contains(['?', '#']) {
            return Err(Report::new("syntax", format!("has a base URL with `?` or `#`, which must not be in it: {base_url}")));
        }
        let separator = match (self.query.is_empty(), self.path.contains('?')) {
            (true, _) => "",
            (false, false) => "?",
            (false, true) => "&",
        };
        let url = format!("{}{}{separator}{}", base_url.trim_end_matches('/'), self.path, self.query.join("&"));
        let mut request = http::Request::new(self.body);
        *request.method_mut() = method;
        *request.uri_mut() = url.parse().map_err(|error| Report::new("syntax", format!("has an invalid URL, {url}: {error}")))?;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// Separates the value of a path parameter from the next one in its segment, as in `{name}.{ext}`: a reader ends the value where the text
/// between them begins.
fn apart(template: &str, parameter: &Parameter, text: String) -> Result<String, String> {
    // The engine in the browser has no such paths, and every byte of it counts.
    if cfg!(target_arch = "wasm32") {
        return Ok(text);
    }
    let Some(first) = text_behind(template, parameter.name).and_then(|between| between.chars().next()) else { return Ok(text) };
    if !text.contains(first) {
        return Ok(text);
    }
    // Elsewhere the character may belong to the style, and must stay as it is.
    let is_unreserved = matches!(first, '-' | '.' | '_' | '~');
    if parameter.encoding.style != Style::Simple || !is_unreserved {
        return Err(format!("contains '{first}', which separates it from the next parameter in this path"));
    }
    Ok(text.replace(first, &format!("%{:X}", u32::from(first))))
}

/// An incoming request, split into its parts.
pub struct Incoming<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    path: Vec<(&'static str, &'a str)>,
    query: Vec<Pair<'a>>,
    cookies: Vec<Pair<'a>>,
}

impl<'a> Incoming<'a> {
    /// Splits a request for the path `template`. Returns `None` if the path does not match.
    pub fn new(template: &'static str, uri: &'a http::Uri, headers: &'a HeaderMap, body: &'a [u8]) -> Option<Self> {
        let path = path_values(template, uri.path()).filter(|_| matches(template, uri))?;
        let query = pairs(uri.query().unwrap_or_default(), '&');
        Some(Incoming { headers, body, path, query, cookies: cookies(headers) })
    }

    /// Reads a parameter. Returns `None` if the request does not have it.
    ///
    /// # Errors
    /// Returns the violations in its value.
    pub fn optional<T: ReadJson>(&self, parameter: &Parameter) -> Result<Option<T>, Rejection> {
        let Some(value) = self.value(parameter)? else { return Ok(None) };
        let mut alternatives = Alternatives::default();
        alternatives.add(String::new(), &value, &parameter.shape, &parameter.encoding);
        let value = alternatives.settle(value, parameter.check);
        let at = At::ROOT.member(parameter.encoding.place.name());
        let read = read_checked(Json::from(&value), at.member(parameter.name), parameter.check);
        read.map(Some).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }

    /// Reads a parameter that every request must have.
    ///
    /// # Errors
    /// Returns the violations in its value, or that it is missing.
    pub fn required<T: ReadJson>(&self, parameter: &Parameter) -> Result<T, Rejection> {
        let missing = || {
            let at = At::ROOT.member(parameter.encoding.place.name());
            Rejection::invalid(at, "required", format!("is missing the parameter {:?}", parameter.name))
        };
        self.optional(parameter)?.ok_or_else(missing)
    }

    fn value(&self, parameter: &Parameter) -> Result<Option<Value>, Rejection> {
        let Parameter { name, encoding, shape, .. } = parameter;
        if !self.is_utf8(parameter) {
            let at = At::ROOT.member(encoding.place.name());
            return Err(Rejection::invalid(at.member(name), "syntax", NOT_UTF8));
        }
        Ok(match encoding.place {
            Place::Path => {
                let text = self.path.iter().find(|(known, _)| known == name).map(|(_, text)| *text);
                text.and_then(|text| encoding.read_path(name, shape, text))
            }
            Place::Query => encoding.read_pairs(name, shape, &self.query),
            Place::Cookie => encoding.read_pairs(name, shape, &self.cookies),
            Place::Header => {
                let lines: Result<Vec<&str>, _> = self.headers.get_all(*name).iter().map(http::HeaderValue::to_str).collect();
                let lines = lines.map_err(|_| {
                    let at = At::ROOT.member("header");
                    Rejection::invalid(at.member(name), "syntax", NOT_ASCII)
                })?;
                (!lines.is_empty()).then(|| encoding.read(shape, &lines.join(", ")))
            }
        })
    }

    /// Whether the text of a parameter, or of its members, is UTF-8.
    fn is_utf8(&self, parameter: &Parameter) -> bool {
        let is_exploded = parameter.encoding.explode && parameter.shape.has(Types::OBJECT);
        let belongs = |name: &str| {
            let is_own = name.strip_prefix(parameter.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
            is_own || (is_exploded && parameter.shape.is_member(name))
        };
        let pairs = |pairs: &[Pair<'_>]| pairs.iter().filter(|(name, _)| belongs(name)).all(|(_, text)| is_utf8(text));
        match parameter.encoding.place {
            Place::Path => self.path.iter().filter(|(name, _)| *name == parameter.name).all(|(_, text)| is_utf8(text)),
            Place::Query => pairs(&self.query),
            Place::Cookie => pairs(&self.cookies),
            Place::Header => true,
        }
    }

    /// Reads the body.
    ///
    /// # Errors
    /// Returns an error if the body has another media type, or violates the contract.
    pub fn body<T>(&self, kind: impl Body<T>) -> Result<T, Rejection> {
        kind.read(self)
    }

    /// Reads a body that the request may leave out.
    ///
    /// # Errors
    /// Returns an error if there is a body, and it has another media type, or violates the contract.
    pub fn optional_body<T>(&self, kind: impl Body<T>) -> Result<Option<T>, Rejection> {
        if self.body.is_empty() { Ok(None) } else { kind.read(self).map(Some) }
    }

    pub(super) fn media_type(&self) -> &str {
        media_type(self.headers)
    }

    pub(super) fn expect(&self, accepted: &str) -> Result<(), Rejection> {
        let found = self.media_type();
        if essence(found) == essence(accepted) { Ok(()) } else { Err(unsupported(found, accepted)) }
    }
}

pub(super) const NOT_SENT: &str = "is required, and null or an empty list cannot be sent";
/// Programs decode such bytes differently.
pub(super) const NOT_ASCII: &str = "contains non-ASCII characters";

pub(super) const NOT_UTF8: &str = "has percent-encoded bytes that are not UTF-8";

pub(super) fn unsupported(found: &str, accepted: &str) -> Rejection {
    let report = Report::new("contentType", format!("is {found:?}; expected {accepted}"));
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, report)
}

/// Why a request was rejected before the operation was called.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The status of the response.
    pub status: StatusCode,
    /// The violations in the request.
    pub report: Report,
}

impl Rejection {
    /// A rejection with this status.
    pub fn new(status: StatusCode, report: Report) -> Self {
        Rejection { status, report }
    }

    pub(super) fn invalid(at: At<'_>, keyword: &'static str, message: impl Into<String>) -> Self {
        let mut report = Report::new(keyword, message);
        report.violations[0].pointer = at.pointer();
        Rejection::new(StatusCode::BAD_REQUEST, report)
    }

    /// The response, as `application/problem+json` (RFC 9457). It carries the rejection among its extensions, for a layer that adds to it.
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
        response.extensions_mut().insert(self.clone());
        response
    }
}
