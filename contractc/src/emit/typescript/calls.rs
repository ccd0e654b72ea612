//! The operations with their TypeScript names.

use std::fmt::Write;

use super::names::{Names, camel};
use crate::emit::Plan;
use crate::emit::rust::names::{Unique, type_name};
use crate::model::{Content, Contract, Media, Operation, Parameter, SchemaId};

/// An operation with its TypeScript names.
pub struct Call<'p> {
    pub operation: &'p Operation,
    /// `pushChanges`
    pub name: String,
    /// `PushChangesCall`
    pub call_name: String,
    /// `PushChangesBody`, for a body that consists of parts.
    pub body_name: Option<String>,
    /// `PushChangesResult`
    pub result_name: String,
    pub parameters: Vec<(&'p Parameter, String)>,
    /// The representation of the request body, whether the body is required, and its field.
    pub body: Option<(&'p Media, bool, String)>,
}

impl Call<'_> {
    /// The schemas of all typed values in requests and responses.
    pub fn schemas(&self, contract: &Contract) -> Vec<SchemaId> {
        let body = self.body.iter().flat_map(|(media, ..)| media.typed_schemas(contract)).map(|(schema, _)| schema);
        let answers = self.operation.responses.iter().filter_map(|response| response.media.first());
        let answers = answers.filter(|media| media.is_read(contract)).filter_map(|media| media.schema);
        self.parameters.iter().map(|(parameter, _)| parameter.schema).chain(body).chain(answers).collect()
    }

    /// Whether the operation can be called without arguments.
    pub fn is_plain(&self) -> bool {
        let has_needed = self.parameters.iter().any(|(parameter, _)| parameter.required);
        !has_needed && !self.body.as_ref().is_some_and(|(_, required, _)| *required)
    }
}

/// A variable of `operations.ts`, and `then`: `await` and `import()` would treat a client or a module with that member as a promise.
const NOT_OPERATIONS: [&str; 2] = ["multipart", "then"];

/// The operations, with names that are unique.
pub fn calls<'p>(plan: &'p Plan<'p>, names: &Names) -> Vec<Call<'p>> {
    let (mut types, mut values) = (names.free(), Unique::reserving(NOT_OPERATIONS));
    let mut calls = Vec::new();
    for operation in plan.operations() {
        let base = type_name(std::slice::from_ref(&operation.id));
        let mut fields = Unique::default();
        let parameters = operation.parameters.iter().map(|parameter| (parameter, fields.take(camel(&parameter.name), "_"))).collect();
        let body = operation.body.as_ref().and_then(|body| Some((body.media.first()?, body.required)));
        calls.push(Call {
            operation,
            name: values.take(name_of(&operation.id, names), "_"),
            body_name: body
                .filter(|(media, _)| media.content(plan.contract) == Content::Multipart)
                .map(|_| types.take(format!("{base}Body"), "")),
            call_name: types.take(format!("{base}Call"), ""),
            result_name: types.take(format!("{base}Result"), ""),
            parameters,
            body: body.map(|(media, required)| (media, required, fields.take("body".to_owned(), "_"))),
        });
    }
    calls
}

/// The name of an operation. In a script without upper and lower case, it may collide with a type.
fn name_of(id: &str, names: &Names) -> String {
    let name = camel(id);
    let is_free = |name: &String| !names.is_exported(name);
    std::iter::successors(Some(name.clone()), |name| Some(format!("{name}_"))).find(is_free).unwrap_or(name)
}

/// The documentation of an operation.
pub fn operation_docs(operation: &Operation) -> String {
    let http = format!("`{} {}`", operation.method.name().to_ascii_uppercase(), operation.path);
    let summary = operation.summary.as_ref().map(|summary| format!("{}: {http}.", summary.trim_end_matches('.')));
    let mut text = summary.unwrap_or(http);
    if let Some(description) = &operation.description {
        let _ = write!(text, "\n\n{}", description.trim_end());
    }
    if operation.deprecated {
        text.push_str("\n\n@deprecated");
    }
    text
}

/// A line about an operation, with a link to its documentation in `operations.ts`.
pub fn operation_line(call: &Call<'_>) -> String {
    let Operation { method, path, summary, deprecated, .. } = call.operation;
    let http = || format!("`{} {path}`", method.name().to_ascii_uppercase());
    let summary = summary.as_ref().map_or_else(http, |summary| summary.trim_end_matches('.').to_owned());
    let deprecated = if *deprecated { "\n\n@deprecated" } else { "" };
    format!("{summary}: {{@link operations.{}}}.{deprecated}", call.name)
}
