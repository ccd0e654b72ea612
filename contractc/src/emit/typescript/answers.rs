//! The responses in `operations.ts`: those that several operations declare stand there once.

use std::collections::BTreeMap;

use super::calls::Call;
use super::code::{Code, docs, key, quoted};
use super::names::{Names, camel, schema};
use crate::emit::rust::names::Unique;
use crate::emit::{Plan, brief};
use crate::model::{Content, Response, Status};

/// The responses that several operations declare.
pub struct Answers<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    /// The variable that holds them. No operation has its name.
    variable: String,
    /// Their members and descriptions, by their code.
    shared: BTreeMap<(Status, String), (String, &'p str)>,
}

impl<'p> Answers<'p> {
    pub fn new(plan: &'p Plan<'p>, names: &'p Names, calls: &[Call<'p>]) -> Self {
        let variable = std::iter::successors(Some("responses".to_owned()), |name| Some(format!("{name}_")));
        let variable = variable.skip_while(|name| calls.iter().any(|call| call.name == *name)).take(1).collect();
        let mut found: BTreeMap<_, (&str, usize)> = BTreeMap::new();
        let all = calls.iter().flat_map(|call| &call.operation.responses);
        for response in all.filter(|response| !response.status.is_success()) {
            let code = declared(plan, names, response).flat();
            found.entry((response.status, code)).or_insert((&response.description, 0)).1 += 1;
        }
        let mut unique = Unique::default();
        let often = found.into_iter().filter(|(_, (_, count))| *count > 1);
        let shared = often.map(|(answer, (description, _))| {
            let name = key(&unique.take(member(answer.0), "_"));
            (answer, (name, description))
        });
        Answers { plan, names, variable, shared: shared.collect() }
    }

    /// Whether there are any.
    pub fn are_shared(&self) -> bool {
        !self.shared.is_empty()
    }

    /// The declaration of a response, or the member that has it.
    pub fn code(&self, response: &Response) -> Code {
        let code = declared(self.plan, self.names, response);
        match self.shared.get(&(response.status, code.flat())) {
            Some((name, _)) => Code::Text(format!("{}.{name}", self.variable)),
            None => code,
        }
    }

    /// The object of all of them; empty if there are none.
    pub fn emit(&self) -> String {
        if !self.are_shared() {
            return String::new();
        }
        let member = |((status, code), (name, description)): (&(Status, String), &(String, &str))| {
            let described = if description.is_empty() { "No description." } else { description };
            format!("{}  {name}: {code},\n", docs(brief(&format!("{}: {described}", status.text())), 2))
        };
        let members: String = self.shared.iter().map(member).collect();
        format!("\nconst {} = {{\n{members}}} satisfies Record<string, Declared>;\n", self.variable)
    }
}

/// The name of the member of a response with a status.
fn member(status: Status) -> String {
    match status {
        Status::Code(code) => http::StatusCode::from_u16(code)
            .ok()
            .and_then(|status| status.canonical_reason())
            .map_or_else(|| format!("status{code}"), camel),
        Status::Range(hundreds) => format!("status{hundreds}xx"),
        Status::Default => "default".to_owned(),
    }
}

/// How a response is declared.
fn declared(plan: &Plan<'_>, names: &Names, response: &Response) -> Code {
    let mut parts = vec![
        ("status".to_owned(), Code::Text(status(response.status))),
        ("content".to_owned(), Code::Text(quoted(content(plan, response)))),
    ];
    if response.media.len() > 1 {
        parts.push(("isOneOfSeveral".to_owned(), Code::text("true")));
    }
    let typed = response.media.first().filter(|media| media.is_read(plan.contract));
    parts.extend(typed.and_then(|media| media.schema).and_then(|id| schema(plan, names, id)));
    Code::Object(parts)
}

/// How the body of a response is read.
pub fn content(plan: &Plan<'_>, response: &Response) -> &'static str {
    match response.media.first().map(|media| media.content(plan.contract)) {
        None => "none",
        Some(Content::Json) => "json",
        Some(Content::Text) => "text",
        Some(Content::Events) => "stream",
        Some(Content::Form | Content::Multipart | Content::Bytes) => "bytes",
    }
}

/// A status as code.
pub fn status(status: Status) -> String {
    match status {
        Status::Code(code) => code.to_string(),
        other => quoted(&other.text()),
    }
}
