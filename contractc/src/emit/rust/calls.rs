//! The operations with their Rust names: the input of each, and the variants of its response.

use std::fmt::Write;

use super::multipart::Body;
use super::names::{Names, Unique, type_name, value_name, variant_name};
use super::parameters::{body_names, form_path};
use super::scope;
use super::uses::{check_path, rust_type};
use crate::emit::Plan;
use crate::model::{Content as MediaContent, Media, Operation, Parameter, Response, Status};

/// An operation with its Rust names.
pub struct Call<'p> {
    pub operation: &'p Operation,
    /// `PushChanges`
    pub type_name: String,
    /// `PushChangesResponse`
    pub response_name: String,
    /// `push_changes`
    pub method_name: String,
    pub parameters: Vec<(&'p Parameter, String)>,
    /// The media type and content of the body, whether the body is required, and its field.
    pub body: Option<(String, Content, bool, String)>,
    pub variants: Vec<Variant<'p>>,
    /// Whether the response is a stream, which servers write incrementally and clients must read themselves.
    pub streams: bool,
}

/// A response with its Rust names.
pub struct Variant<'p> {
    pub response: &'p Response,
    pub name: String,
    /// The declared media types, if a body of another one than the first does not belong to the response.
    pub several_types: Vec<&'p str>,
    /// The media type and the content.
    pub content: Option<(String, Content)>,
}

/// The content of a body.
pub enum Content {
    Json {
        media_type: String,
        ty: String,
        check: String,
    },
    Text {
        ty: String,
        check: String,
    },
    JsonOrText {
        ty: String,
        check: String,
    },
    /// A form, with the path of its constant.
    Form {
        ty: String,
        form: String,
    },
    /// A multipart body, with the structure of its parts.
    Multipart(Body),
    /// Bytes with a media type that the contract leaves open.
    File,
    Bytes,
}

/// The operations, with names that are unique.
pub fn calls<'p>(plan: &'p Plan<'p>, names: &Names) -> Vec<Call<'p>> {
    let (mut types, mut methods) = (Unique::reserving(scope::names(scope::OPERATIONS)), Unique::reserving(scope::CLIENT_METHODS));
    names.sorted().iter().for_each(|(name, _)| _ = types.take((*name).to_owned(), ""));
    let (mut calls, bodies) = (Vec::new(), body_names(plan));
    for operation in plan.operations() {
        let words = [operation.id.clone()];
        let type_name = types.take(type_name(&words), "Call");
        let response_name = types.take(format!("{type_name}Response"), "");
        let method_name = methods.take(value_name(&operation.id), "_");
        let mut fields = Unique::default();
        let parameters = operation.parameters.iter().map(|parameter| (parameter, fields.take(value_name(&parameter.name), "_"))).collect();
        let body = operation.body.as_ref().and_then(|body| Some((body.required, body.media.first()?))).map(|(required, media)| {
            let content = match media.content(plan.contract) {
                MediaContent::Multipart => Content::Multipart(Body::new(
                    plan,
                    operation,
                    media,
                    types.take(format!("{type_name}Body"), ""),
                    &bodies[operation.id.as_str()],
                )),
                MediaContent::Bytes if media.is_open() => Content::File,
                _ => content(plan, names, media, Some(&bodies[operation.id.as_str()])),
            };
            (media.media_type.clone(), content, required, fields.take("body".to_owned(), "_"))
        });
        let mut unique = Unique::default();
        unique.take("Undeclared".to_owned(), "");
        let variants: Vec<_> = operation.responses.iter().map(|response| variant(plan, names, response, &mut unique)).collect();
        let is_stream = |response: &Response| {
            response.status.is_success() && response.media.first().is_some_and(|media| media.content(plan.contract) == MediaContent::Events)
        };
        let streams = operation.responses.iter().any(is_stream);
        calls.push(Call { operation, type_name, response_name, method_name, parameters, body, variants, streams });
    }
    calls
}

fn variant<'p>(plan: &Plan<'_>, names: &Names, response: &'p Response, unique: &mut Unique) -> Variant<'p> {
    let name = match response.status {
        Status::Code(code) => http::StatusCode::from_u16(code)
            .ok()
            .and_then(|status| status.canonical_reason())
            .map_or_else(|| format!("Status{code}"), variant_name),
        Status::Range(hundreds) => format!("Status{hundreds}xx"),
        Status::Default => "Default".to_owned(),
    };
    let content = response.media.first().map(|media| (media.media_type.clone(), content(plan, names, media, None)));
    Variant { response, name: unique.take(name, ""), several_types: response.several_types(plan.contract), content }
}

fn content(plan: &Plan<'_>, names: &Names, media: &Media, request: Option<&String>) -> Content {
    let ty = |default: &str| media.schema.map_or(default.to_owned(), |schema| rust_type(plan, names, schema));
    let check = || media.schema.map_or("&ANYTHING".to_owned(), |schema| check_path(plan, names, schema));
    match media.content(plan.contract) {
        MediaContent::Json => Content::Json { media_type: media.written_type().to_owned(), ty: ty("Value"), check: check() },
        MediaContent::Text => Content::Text { ty: ty("String"), check: check() },
        MediaContent::JsonOrText => Content::JsonOrText { ty: ty("String"), check: check() },
        // A response cannot be a form.
        MediaContent::Form => request.map_or(Content::Bytes, |body| Content::Form { ty: ty("Value"), form: form_path(body) }),
        _ => Content::Bytes,
    }
}

/// The documentation of an operation.
pub fn operation_docs(operation: &Operation) -> String {
    let http = format!("`{} {}`", operation.method.name().to_ascii_uppercase(), operation.path);
    let summary = operation.summary.as_ref().map(|summary| format!("{}: {http}.", summary.trim_end_matches('.')));
    let mut text = summary.unwrap_or(http);
    if let Some(description) = &operation.description {
        let _ = write!(text, "\n\n{description}");
    }
    if operation.deprecated {
        text.push_str("\n\nDeprecated.");
    }
    text.trim().to_owned()
}

impl Call<'_> {
    /// A line about the operation, with a link to its documentation in `operations.rs`.
    pub fn line(&self) -> String {
        let Operation { method, path, summary, deprecated, .. } = self.operation;
        let http = || format!("`{} {path}`", method.name().to_ascii_uppercase());
        let summary = summary.as_ref().map_or_else(http, |summary| summary.trim_end_matches('.').to_owned());
        let deprecated = if *deprecated { " Deprecated." } else { "" };
        super::docs(&format!("{summary}: [`operations::{}`].{deprecated}", self.type_name))
    }
}

impl Content {
    /// The type of the value.
    pub fn ty(&self) -> &str {
        match self {
            Content::Json { ty, .. } | Content::Text { ty, .. } | Content::JsonOrText { ty, .. } | Content::Form { ty, .. } => ty,
            Content::Multipart(body) => body.name(),
            Content::File => "rt::http::File",
            Content::Bytes => "Vec<u8>",
        }
    }
}
