//! The responses in `operations.ts`. A response that several operations declare appears once.

use std::collections::BTreeMap;

use super::calls::Call;
use super::code::{Code, docs, quoted};
use super::names::{Names, schema};
use super::parameters::variable;
use crate::emit::rust::names::Unique;
use crate::emit::{Plan, brief};
use crate::model::{Content, Response, Status};

/// The responses that several operations declare.
pub struct Answers<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    /// Their variables and descriptions, by their code.
    shared: BTreeMap<(Status, String), (String, &'p str)>,
}

impl<'p> Answers<'p> {
    pub fn new(plan: &'p Plan<'p>, names: &'p Names, free: &mut Unique, calls: &[Call<'p>]) -> Self {
        let mut found: BTreeMap<_, (&str, usize)> = BTreeMap::new();
        let all = calls.iter().flat_map(|call| &call.operation.responses);
        for response in all.filter(|response| !response.status.is_success()) {
            let code = declared(plan, names, response).flat();
            found.entry((response.status, code)).or_insert((&response.description, 0)).1 += 1;
        }
        let often = found.into_iter().filter(|(_, (_, count))| *count > 1);
        let shared = often.map(|(answer, (description, _))| {
            let name = variable(free, &reason(answer.0), "Response");
            (answer, (name, description))
        });
        Answers { plan, names, shared: shared.collect() }
    }

    /// Whether there are any.
    pub fn are_shared(&self) -> bool {
        !self.shared.is_empty()
    }

    /// The declaration of a response, or the variable that has it.
    pub fn code(&self, response: &Response) -> Code {
        let code = declared(self.plan, self.names, response);
        match self.shared.get(&(response.status, code.flat())) {
            Some((name, _)) => Code::Text(name.clone()),
            None => code,
        }
    }

    /// The variables of all shared responses.
    pub fn emit(&self) -> String {
        let variable = |((status, code), (name, description)): (&(Status, String), &(String, &str))| {
            let described = if description.is_empty() { "No description." } else { description };
            format!("\n{}const {name}: Declared = {code};\n", docs(brief(&format!("{}: {described}", status.text())), 0))
        };
        self.shared.iter().map(variable).collect()
    }
}

/// The name of a status.
fn reason(status: Status) -> String {
    match status {
        Status::Code(code) => http::StatusCode::from_u16(code)
            .ok()
            .and_then(|status| status.canonical_reason())
            .map_or_else(|| format!("status {code}"), str::to_owned),
        Status::Range(hundreds) => format!("status {hundreds}xx"),
        Status::Default => "default".to_owned(),
    }
}

/// How a response is declared.
fn declared(plan: &Plan<'_>, names: &Names, response: &Response) -> Code {
    let mut parts = vec![
        ("status".to_owned(), Code::Text(status(response.status))),
        ("content".to_owned(), Code::Text(quoted(content(plan, response)))),
    ];
    let several = response.several_types(plan.contract);
    if !several.is_empty() {
        parts.push(("mediaTypes".to_owned(), Code::List(several.into_iter().map(|media_type| Code::Text(quoted(media_type))).collect())));
    }
    let typed = response.media.first().filter(|media| media.is_read(plan.contract));
    parts.extend(typed.and_then(|media| media.schema).and_then(|id| schema(plan, names, id)));
    Code::Object(parts)
}

/// How the body of a response is read.
pub fn content(plan: &Plan<'_>, response: &Response) -> &'static str {
    let Some(media) = response.media.first() else { return "none" };
    match media.content(plan.contract) {
        Content::Json => "json",
        Content::Text => "text",
        Content::JsonOrText => "jsonOrText",
        Content::Events if media.has_text_events(plan.contract) => "textEvents",
        Content::Events => "events",
        Content::Form | Content::Multipart | Content::Bytes => "bytes",
    }
}

/// A status as code.
pub fn status(status: Status) -> String {
    match status {
        Status::Code(code) => code.to_string(),
        other => quoted(&other.text()),
    }
}
