//! The views for the template of `api-reference.md`.

use serde::Serialize;

use super::super::fields::{Note, Row, Structure};

#[derive(Serialize)]
pub struct ApiView {
    pub(super) origin: String,
    pub(super) heading: String,
    pub(super) version: String,
    pub(super) summary: String,
    pub(super) contents: Vec<String>,
    pub(super) servers: Vec<ServerView>,
    pub(super) overview: String,
    pub(super) schemes: Vec<SchemeView>,
    pub(super) groups: Vec<Group>,
    pub(super) errors: Vec<ErrorView>,
    pub(super) codes: Vec<CodesView>,
    pub(super) request_headers: Vec<HeaderView>,
    pub(super) response_headers: Vec<HeaderView>,
    pub(super) has_headers: bool,
    pub(super) headings: Headings,
    pub(super) models_link: String,
}

/// The headings of the fixed sections, with their keys.
#[derive(Serialize)]
pub(super) struct Headings {
    pub(super) servers: String,
    pub(super) overview: String,
    pub(super) authentication: String,
    pub(super) errors: String,
    pub(super) headers: String,
}

#[derive(Serialize)]
pub(super) struct ServerView {
    pub(super) url: String,
    pub(super) description: String,
}

#[derive(Serialize)]
pub(super) struct SchemeView {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) description: String,
}

/// The operations of one tag.
#[derive(Serialize)]
pub(super) struct Group {
    pub(super) heading: String,
    pub(super) description: String,
    pub(super) records: String,
    /// The list at the start of the section, if there are several operations.
    pub(super) index: Vec<IndexRow>,
    pub(super) operations: Vec<OperationView>,
}

#[derive(Serialize)]
pub(super) struct IndexRow {
    pub(super) request: String,
    pub(super) link: String,
}

#[derive(Serialize)]
pub(super) struct OperationView {
    pub(super) heading: String,
    pub(super) request: String,
    pub(super) facts: String,
    pub(super) description: String,
    pub(super) parameters: Vec<ParameterRow>,
    pub(super) notes: Vec<Note>,
    pub(super) body: Option<BodyView>,
    pub(super) curl: String,
    pub(super) responses: Vec<ResponseRow>,
    pub(super) has_headers: bool,
    pub(super) response_bodies: Vec<ResponseBody>,
    pub(super) errors: String,
    pub(super) examples: Vec<ExampleView>,
}

#[derive(Serialize)]
pub(super) struct ParameterRow {
    pub(super) place: &'static str,
    pub(super) row: Row,
}

#[derive(Serialize)]
pub(super) struct BodyView {
    pub(super) line: String,
    pub(super) description: String,
    pub(super) structure: Structure,
}

#[derive(Serialize)]
pub(super) struct ResponseRow {
    pub(super) status: String,
    pub(super) meaning: String,
    pub(super) body: String,
    pub(super) headers: String,
}

/// The members of a response body that is not described in a section.
#[derive(Serialize)]
pub(super) struct ResponseBody {
    pub(super) status: String,
    pub(super) structure: Structure,
}

#[derive(Serialize)]
pub(super) struct ExampleView {
    pub(super) status: String,
    pub(super) language: &'static str,
    pub(super) text: String,
    /// The place that shows the same example, if it is not shown here.
    pub(super) shown_at: String,
}

/// A response that several operations share.
#[derive(Serialize)]
pub(super) struct ErrorView {
    pub(super) heading: String,
    pub(super) description: String,
    pub(super) body: String,
    pub(super) headers: String,
    pub(super) operations: String,
    pub(super) example: String,
}

/// A closed list of error codes.
#[derive(Serialize)]
pub(super) struct CodesView {
    pub(super) heading: String,
    pub(super) link: String,
    pub(super) description: String,
    /// The codes that the description does not mention.
    pub(super) others: String,
}

#[derive(Serialize)]
pub(super) struct HeaderView {
    pub(super) row: Row,
    pub(super) used: String,
}
