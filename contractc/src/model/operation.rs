//! The operations of a contract: what a request may hold, what may be answered, and how callers prove who they are.

use serde_json::Value as JsonValue;

use super::SchemaId;
pub use crate::runtime::http::{Style, is_json};
use crate::source::Span;

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Where it stands.
    pub span: Span,
    /// `operationId`, or method and path in its place.
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    /// The first of its tags.
    pub tag: Option<String>,
    /// `summary`
    pub summary: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `deprecated`
    pub deprecated: bool,
    /// By place, required ones first.
    pub parameters: Vec<Parameter>,
    /// `requestBody`
    pub body: Option<Body>,
    /// By status: exact ones, then ranges, then the default.
    pub responses: Vec<Response>,
    /// Names of the schemes of which one must be satisfied; empty where none is needed.
    pub security: Vec<String>,
    /// The schemas that its path item binds (`x-bind`) in place of others.
    pub bound: Vec<String>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `TRACE`
    Trace,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it must be there.
    pub required: bool,
    /// `deprecated`
    pub deprecated: bool,
    /// `description`
    pub description: Option<String>,
    /// What its values are.
    pub schema: SchemaId,
    /// How its value becomes text.
    pub style: Style,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
    /// In a cookie.
    Cookie,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub struct Body {
    /// Whether it must be there.
    pub required: bool,
    /// `description`
    pub description: Option<String>,
    /// Its representations, JSON first.
    pub media: Vec<Media>,
}

/// One representation of a body.
#[derive(Clone, Debug)]
pub struct Media {
    /// Such as `application/json`.
    pub media_type: String,
    /// What its values are.
    pub schema: Option<SchemaId>,
    /// `example` and `examples`
    pub examples: Vec<JsonValue>,
}

/// One of the answers to an operation.
#[derive(Clone, Debug)]
pub struct Response {
    /// For which status it is.
    pub status: Status,
    /// `description`
    pub description: String,
    /// By name.
    pub headers: Vec<Header>,
    /// Its representations, JSON first.
    pub media: Vec<Media>,
}

/// For which statuses a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// One status.
    Code(u16),
    /// `4XX`
    Range(u16),
    /// All that nothing else names.
    Default,
}

/// A header of a response.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// `description`
    pub description: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// What its values are.
    pub schema: Option<SchemaId>,
}

/// A way to prove who one is.
#[derive(Debug)]
pub struct SecurityScheme {
    /// Its name.
    pub name: String,
    /// `description`
    pub description: Option<String>,
    /// How it works.
    pub kind: SecurityKind,
}

/// How a security scheme works.
#[derive(Debug, PartialEq, Eq)]
pub enum SecurityKind {
    /// A bearer token.
    Bearer,
    /// Name and password.
    Basic,
    /// A key of its own.
    ApiKey {
        /// Where the key stands.
        place: Place,
        /// What it is called there.
        name: String,
    },
    /// Flows that end in a bearer token.
    Token,
    /// Anything else.
    Other,
}

impl Method {
    /// All methods, in the order in which a path lists them.
    pub const ALL: [Method; 8] =
        [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Head, Method::Options, Method::Trace];

    /// In lower case, as a document writes it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
            Method::Head => "head",
            Method::Options => "options",
            Method::Trace => "trace",
        }
    }
}

impl Status {
    /// As a document writes it.
    pub fn text(self) -> String {
        match self {
            Status::Code(code) => code.to_string(),
            Status::Range(hundreds) => format!("{hundreds}XX"),
            Status::Default => "default".to_owned(),
        }
    }

    /// Whether it says that all went well.
    pub fn is_success(self) -> bool {
        matches!(self, Status::Code(200..=299) | Status::Range(2))
    }
}

impl Media {
    /// Whether the body is JSON: `application/json` or any `+json`.
    pub fn is_json(&self) -> bool {
        is_json(&self.media_type)
    }
}
