//! The operations of a contract: requests, responses and authentication.

use serde_json::Value as JsonValue;

use super::{Contract, PartKind, SchemaId, path};
use crate::runtime::check::Types;
pub use crate::runtime::http::{Encoding, Place, Style, is_json};
use crate::runtime::http::{covers, essence};
use crate::source::Span;

/// One method of one path.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// The position in the document.
    pub span: Span,
    /// `operationId`, or method and path if it is missing.
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// The path template, with its parameters in braces.
    pub path: String,
    /// The first tag.
    pub tag: Option<String>,
    /// `summary`
    pub summary: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `deprecated`
    pub deprecated: bool,
    /// Ordered by place, required parameters first.
    pub parameters: Vec<Parameter>,
    /// `requestBody`
    pub body: Option<Body>,
    /// Ordered by status: exact statuses, then ranges, then the default.
    pub responses: Vec<Response>,
    /// Sets of security schemes. A request must satisfy all schemes of one set. An empty set makes credentials optional. Without sets, the
    /// operation needs none.
    pub security: Vec<Vec<Requirement>>,
    /// The schemas that the path item binds (`x-bind`) in place of others.
    pub bound: Vec<String>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Parameter {
    /// The position in the document.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// Whether it is required.
    pub required: bool,
    /// `deprecated`
    pub deprecated: bool,
    /// `description`
    pub description: Option<String>,
    /// The schema of its values.
    pub schema: SchemaId,
    /// Where the request carries it, and how its value is written as text.
    pub encoding: Encoding,
    /// `example` and `examples`
    pub examples: Vec<JsonValue>,
}

/// The body of a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Body {
    /// Whether it is required.
    pub required: bool,
    /// `description`
    pub description: Option<String>,
    /// Its representations, JSON first.
    pub media: Vec<Media>,
}

/// One representation of a body, by media type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Media {
    /// The position in the document.
    pub span: Span,
    /// The media type, such as `application/json`.
    pub media_type: String,
    /// The schema of the body.
    pub schema: Option<SchemaId>,
    /// The members of a form whose encoding is not the default.
    pub encodings: Vec<(String, Encoding)>,
    /// The media types of the members of a form or a multipart body (`contentType`), by name.
    pub part_types: Vec<(String, Vec<String>)>,
    /// `example` and `examples`
    pub examples: Vec<JsonValue>,
}

/// One of the responses of an operation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The statuses that it applies to.
    pub status: Status,
    /// `description`
    pub description: String,
    /// Ordered by name.
    pub headers: Vec<Header>,
    /// Its representations, JSON first.
    pub media: Vec<Media>,
}

/// The statuses that a response applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// A single status.
    Code(u16),
    /// A class of statuses, such as `4XX`.
    Range(u16),
    /// Every status that no other response covers.
    Default,
}

/// A header of a response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Header {
    /// Its name.
    pub name: String,
    /// `description`
    pub description: Option<String>,
    /// Whether it is required.
    pub required: bool,
    /// `explode`
    pub explode: bool,
    /// The schema of its value.
    pub schema: Option<SchemaId>,
    /// `content` as JSON, for a header without `schema`. Generated code does not read it.
    pub content: Option<String>,
}

impl Operation {
    /// The path template that requests have. A URL is sent without its fragment.
    pub fn template(&self) -> &str {
        path::template(&self.path)
    }

    /// The operation whose response is a stream of events, if a successful response is either that or a value at once. The operation itself
    /// reads the value.
    pub(crate) fn streamed(&self) -> Option<Operation> {
        let is_stream = |media: &Media| media.essence() == EVENTS;
        let is_either = |response: &Response| {
            response.status.is_success() && response.media.first().is_some_and(Media::is_json) && response.media.iter().any(is_stream)
        };
        if !self.responses.iter().any(is_either) {
            return None;
        }
        let mut streamed = Operation { id: self.id_of_stream(), ..self.clone() };
        for response in streamed.responses.iter_mut().filter(|response| is_either(response)) {
            response.media.retain(is_stream);
        }
        Some(streamed)
    }

    /// The id with the word `stream`, in the spelling of the id.
    fn id_of_stream(&self) -> String {
        match ['_', '-', ' '].into_iter().find(|separator| self.id.contains(*separator)) {
            Some(separator) => format!("{}{separator}stream", self.id),
            None => format!("{}Stream", self.id),
        }
    }

    /// What a server sees of an operation.
    pub fn route(&self) -> (Method, String) {
        (self.method, path::route(self.template()))
    }

    /// The media types of the responses that generated code reads, as the header `Accept` lists them. JSON is listed before a range from
    /// which only JSON is read, because servers choose the most specific one.
    pub fn accept(&self, contract: &Contract) -> String {
        let mut listed: Vec<&str> = Vec::new();
        for media in self.responses.iter().filter_map(|response| response.media.first()) {
            let is_json = media.content(contract) == Content::Json;
            for media_type in is_json.then(|| media.written_type()).into_iter().chain([media.media_type.as_str()]) {
                if !listed.contains(&media_type) {
                    listed.push(media_type);
                }
            }
        }
        listed.join(", ")
    }
}

impl Response {
    /// The media types of a response whose body may have another one than the one that is read, which is the first: there are several, or a
    /// range. Empty for other responses, and for those that stay bytes, whatever their media type is.
    pub fn several_types(&self, contract: &Contract) -> Vec<&str> {
        let Some(first) = self.media.first() else { return Vec::new() };
        let is_read = first.is_read(contract) && (self.media.len() > 1 || first.is_range());
        self.media.iter().filter(|_| is_read).map(|media| media.media_type.as_str()).collect()
    }
}

impl Parameter {
    /// Where the request carries it.
    pub fn place(&self) -> Place {
        self.encoding.place
    }

    /// Whether a request cannot carry both. Names are case-sensitive, except those of headers.
    pub fn is_same(&self, other: &Parameter) -> bool {
        let is_named = match self.place() {
            Place::Header => self.name.eq_ignore_ascii_case(&other.name),
            _ => self.name == other.name,
        };
        is_named && self.place() == other.place()
    }
}

/// A security scheme that an operation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// The name of the scheme.
    pub scheme: String,
    /// The scopes of OAuth 2.0 or OpenID Connect that the token must have.
    pub scopes: Vec<String>,
}

/// A way to authenticate.
#[derive(Debug)]
#[non_exhaustive]
pub struct SecurityScheme {
    /// The position in the document.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// `description`
    pub description: Option<String>,
    /// The kind of authentication.
    pub kind: SecurityKind,
}

/// The kind of authentication that a security scheme describes.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityKind {
    /// A bearer token.
    Bearer,
    /// A user name and a password.
    Basic,
    /// An API key.
    ApiKey {
        /// Where the request carries the key.
        place: Place,
        /// The name of the parameter, header or cookie.
        name: String,
    },
    /// An OAuth 2.0 or OpenID Connect flow that results in a bearer token.
    Token,
    /// Anything else.
    Other,
}

impl SecurityKind {
    /// Where a request carries the credential, and the name there.
    pub fn place(&self) -> Option<(Place, String)> {
        match self {
            SecurityKind::ApiKey { place: Place::Header, name } => Some((Place::Header, name.to_ascii_lowercase())),
            SecurityKind::ApiKey { place, name } => Some((*place, name.clone())),
            SecurityKind::Bearer | SecurityKind::Basic | SecurityKind::Token => Some((Place::Header, "authorization".to_owned())),
            SecurityKind::Other => None,
        }
    }

    /// Whether the credential is a bearer token.
    pub fn is_token(&self) -> bool {
        matches!(self, SecurityKind::Bearer | SecurityKind::Token)
    }
}

impl Method {
    /// All methods, in the order in which a path item lists them.
    pub const ALL: [Method; 8] =
        [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Head, Method::Options, Method::Trace];

    /// The name in lower case, as a document writes it.
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
    /// The status as a document writes it.
    pub fn text(self) -> String {
        match self {
            Status::Code(code) => code.to_string(),
            Status::Range(hundreds) => format!("{hundreds}XX"),
            Status::Default => "default".to_owned(),
        }
    }

    /// Whether it indicates success.
    pub fn is_success(self) -> bool {
        matches!(self, Status::Code(200..=299) | Status::Range(2))
    }
}

/// The media type of server-sent events.
pub(crate) const EVENTS: &str = "text/event-stream";

/// How generated code treats a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A value as JSON.
    Json,
    /// A string.
    Text,
    /// A string as text, or any value as JSON: the sender chooses one of a range of media types.
    JsonOrText,
    /// An object as `application/x-www-form-urlencoded`.
    Form,
    /// An object as `multipart/form-data`, with files.
    Multipart,
    /// Events, which come one by one.
    Events,
    /// Anything else.
    Bytes,
}

impl Media {
    /// Whether the body is JSON: `application/json` or any `+json`.
    pub fn is_json(&self) -> bool {
        is_json(&self.media_type)
    }

    /// Whether the media type is JSON itself, without a suffix.
    pub fn is_plain_json(&self) -> bool {
        self.media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
    }

    /// Whether both are one media type, apart from the `charset`.
    pub fn is_same_type(&self, other: &Media) -> bool {
        let parts = |media: &Media| -> Vec<String> {
            let parts = media.media_type.split(';').map(|part| part.trim().to_ascii_lowercase());
            parts.filter(|part| !part.starts_with("charset=")).collect()
        };
        parts(self) == parts(other)
    }

    /// Whether the body is typed and validated.
    pub fn is_typed(&self, contract: &Contract) -> bool {
        matches!(self.content(contract), Content::Json | Content::Text | Content::JsonOrText | Content::Form)
    }

    /// Whether a response with this body is read as values of its type: the body, or each event. A form is only sent; a received form stays bytes.
    pub fn is_read(&self, contract: &Contract) -> bool {
        matches!(self.content(contract), Content::Json | Content::Text | Content::JsonOrText | Content::Events)
    }

    /// Whether the data of events is text rather than JSON.
    pub fn has_text_events(&self, contract: &Contract) -> bool {
        self.schema.is_none_or(|schema| contract.types_as_text(schema).contains(Types::STRING))
    }

    /// The schemas of the typed values that generated code reads and writes, with the name of the member in a multipart body.
    pub fn typed_schemas(&self, contract: &Contract) -> Vec<(SchemaId, Option<String>)> {
        if self.content(contract) == Content::Multipart {
            let parts = contract.body_parts(self).map(|body| body.parts).unwrap_or_default();
            let values = parts.into_iter().filter(|part| part.kind == PartKind::Value);
            return values.map(|part| (part.schema, Some(part.name))).collect();
        }
        self.schema.filter(|_| self.is_typed(contract)).map(|schema| (schema, None)).into_iter().collect()
    }

    /// Whether the contract leaves the media type of the body to the sender: a range, or parts whose boundary it cannot name.
    pub fn is_open(&self) -> bool {
        self.media_type.contains('*') || self.media_type.to_ascii_lowercase().starts_with("multipart/")
    }

    /// The media type without its parameters, in lower case.
    pub(crate) fn essence(&self) -> String {
        essence(&self.media_type)
    }

    /// Whether the media type is a range, such as `*/*`.
    pub fn is_range(&self) -> bool {
        self.essence().contains('*')
    }

    /// The media type that JSON or text is written as. A range is not the media type of a body.
    pub fn written_type(&self) -> &str {
        if self.is_range() { "application/json" } else { &self.media_type }
    }

    /// How generated code treats the body.
    pub fn content(&self, contract: &Contract) -> Content {
        let essence = self.essence();
        let may_be = |wanted: Types| self.schema.map(|schema| contract.types_as_text(schema).contains(wanted));
        match essence.as_str() {
            _ if self.is_json() => Content::Json,
            range if range.contains('*') => self.content_of_range(range, contract),
            EVENTS => Content::Events,
            "multipart/form-data" if contract.body_parts(self).is_some() => Content::Multipart,
            "application/x-www-form-urlencoded" if may_be(Types::OBJECT) == Some(true) => Content::Form,
            essence if essence.starts_with("text/") && may_be(Types::STRING) != Some(false) => Content::Text,
            _ => Content::Bytes,
        }
    }

    /// How generated code treats the body of a range, such as `*/*`. Generators of documents write one for values of which they know only the
    /// type. A file, and a schema that says nothing about the value, stay bytes.
    fn content_of_range(&self, range: &str, contract: &Contract) -> Content {
        let says_nothing = |schema: SchemaId| contract.schema(contract.resolved(schema)).is_anything();
        let described = self.schema.filter(|schema| !says_nothing(*schema));
        if described.is_some_and(|schema| contract.is_file(schema, &[])) {
            return Content::Bytes;
        }
        let may_be_text = described.map(|schema| contract.types_as_text(schema).contains(Types::STRING));
        match may_be_text {
            // Whatever text is, it is a string.
            None if range.starts_with("text/") => Content::JsonOrText,
            Some(true) if covers(range, "text/plain") => Content::JsonOrText,
            Some(_) if covers(range, "application/json") => Content::Json,
            _ => Content::Bytes,
        }
    }
}
