//! Requests of an operation: the client builds them part by part, and the server reads them part by part and rejects invalid ones.

use super::super::check::Types;
use super::super::json::{Json, Value};
use super::super::report::{At, Checker, Report};
use super::super::schema::{ReadJson, ToJson};
use super::parameter::{Style, encoded, form_pairs, from_pairs, from_text, joined, pairs, path_values};
use super::{Check, HeaderMap, Method, Operation, Request, Response, StatusCode, is_json, read_checked, read_json};

/// Builds a request part by part, and collects all violations of the contract.
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
    /// Starts a request of the operation `O`.
    pub fn new<O: Operation>() -> Self {
        let path = O::PATH.to_owned();
        let (query, headers, cookies) = (String::new(), HeaderMap::new(), Vec::new());
        Writer { method: O::METHOD, path, query, headers, cookies, body: Vec::new(), checker: Checker::new() }
    }

    fn check(&mut self, place: &str, name: &str, value: Json<'_>, check: Check) {
        check(value, At::ROOT.member(place).member(name), &mut self.checker);
    }

    /// Adds a path parameter.
    pub fn path(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("path", name, value, check);
        let text = encoded(&joined(name, style, value), b"");
        self.path = self.path.replace(&format!("{{{name}}}"), &text);
    }

    /// Adds a query parameter.
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

    /// Adds a header parameter.
    pub fn header(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("header", name, value, check);
        let header = http::HeaderName::try_from(name).ok().zip(http::HeaderValue::try_from(joined(name, style, value)).ok());
        match header {
            Some((name, value)) => _ = self.headers.insert(name, value),
            None => self.checker.violation(At::ROOT.member("header").member(name), "syntax", || "is no value of a header".to_owned()),
        }
    }

    /// Adds a cookie parameter.
    pub fn cookie(&mut self, name: &str, style: Style, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        self.check("cookie", name, value, check);
        self.cookies.extend(pairs(name, style, value).into_iter().map(|(name, text)| format!("{name}={}", encoded(&text, b""))));
    }

    /// Sets a JSON body.
    pub fn json(&mut self, media_type: &'static str, value: &impl ToJson, check: Check) {
        let value = value.as_json();
        check(value, At::ROOT, &mut self.checker);
        self.bytes(media_type, value.to_text().as_bytes());
    }

    /// Sets a body that is not JSON.
    pub fn bytes(&mut self, media_type: &'static str, body: &[u8]) {
        self.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
        self.body = body.to_vec();
    }

    /// Builds the request, with a URL below `base_url`.
    ///
    /// # Errors
    /// Returns all violations of the contract.
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

/// An incoming request, split into its parts.
pub struct Incoming<'a> {
    headers: &'a HeaderMap,
    body: &'a [u8],
    path: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
}

impl<'a> Incoming<'a> {
    /// Splits a request for the path `template`. Returns `None` if the path does not match.
    pub fn new(template: &'static str, uri: &http::Uri, headers: &'a HeaderMap, body: &'a [u8]) -> Option<Self> {
        let path = path_values(template, uri.path())?;
        let query = form_pairs(uri.query().unwrap_or_default(), '&');
        let cookies = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = cookies.flat_map(|text| form_pairs(text, ';')).collect();
        Some(Incoming { headers, body, path, query, cookies })
    }

    /// Reads a path parameter.
    pub fn path<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<T, Rejection> {
        let text = self.path.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone());
        let value = text.map(|text| from_text(name, &text, style, types));
        required(read_parameter("path", name, value, check)?, "path", name)
    }

    /// Reads a query parameter.
    pub fn query<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<Option<T>, Rejection> {
        read_parameter("query", name, from_pairs(&self.query, name, style, types), check)
    }

    /// Reads a cookie parameter.
    pub fn cookie<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<Option<T>, Rejection> {
        read_parameter("cookie", name, from_pairs(&self.cookies, name, style, types), check)
    }

    /// Reads a header parameter.
    pub fn header<T: ReadJson>(&self, name: &str, style: Style, types: Types, check: Check) -> Result<Option<T>, Rejection> {
        let text = self.headers.get(name).and_then(|value| value.to_str().ok());
        read_parameter("header", name, text.map(|text| from_text(name, text, style, types)), check)
    }

    /// Rejects query parameters that the contract does not declare.
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

    /// Reads a required JSON body.
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

    /// Reads an optional JSON body.
    pub fn optional_json<T: ReadJson>(&self, check: Check) -> Result<Option<T>, Rejection> {
        if self.body.is_empty() { Ok(None) } else { self.json(check).map(Some) }
    }

    /// The body as raw bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.body.to_vec()
    }
}

/// Rejects a request whose required parameter is missing.
pub fn required<T>(value: Option<T>, place: &str, name: &str) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::invalid(At::ROOT.member(place), "required", format!("lacks the parameter {name:?}")))
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

    fn invalid(at: At<'_>, keyword: &'static str, message: impl Into<String>) -> Self {
        let mut report = Report::new(keyword, message);
        report.violations[0].pointer = at.pointer();
        Rejection::new(StatusCode::BAD_REQUEST, report)
    }

    /// The response, as `application/problem+json` (RFC 9457).
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

fn read_parameter<T: ReadJson>(place: &str, name: &str, value: Option<Value>, check: Check) -> Result<Option<T>, Rejection> {
    let Some(value) = value else { return Ok(None) };
    let read = read_checked(Json::from(&value), At::ROOT.member(place).member(name), check);
    read.map(Some).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
}
