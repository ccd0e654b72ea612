//! The enums of responses in `operations.rs`, and its module `responses`, which has the responses that several operations share.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::calls::{Call, Content, Variant};
use super::headers::{Headers, docs_of};
use super::names::{Unique, constant_name};
use super::{docs, scope};
use crate::emit::brief;
use crate::model::Status;

/// The code of the responses.
pub struct Responses {
    /// The responses of each operation. Operations with the same responses share one enum. It is named after the first operation, and the
    /// others have an alias.
    pub items: Vec<String>,
    /// The module; empty if operations share no response.
    pub module: String,
}

pub fn emit(calls: &[Call<'_>], headers: &Headers<'_>) -> Responses {
    let answers: Vec<Vec<Answer>> = calls.iter().map(|call| Answer::all(call, headers)).collect();
    let mut first: BTreeMap<&[Answer], &Call<'_>> = BTreeMap::new();
    calls.iter().zip(&answers).for_each(|(call, answers)| _ = first.entry(answers).or_insert(call));
    let shared = shared(first.keys().copied());
    let item = |(call, answers): (&Call<'_>, &Vec<Answer>)| {
        let (name, about, first) = (&call.response_name, format!("/// What [`{}`] may answer", call.type_name), first[answers.as_slice()]);
        if first.response_name != *name {
            return format!("{about}, like [`{}`].\npub type {name} = {};\n\n", first.type_name, first.response_name);
        }
        let lines = |is_exact: bool| {
            let those = answers.iter().filter(|answer| matches!(answer.status, Status::Code(_)) == is_exact);
            those.map(|answer| answer.line(shared.get(answer).map(String::as_str))).collect::<String>()
        };
        let (exact, others) = (lines(true), lines(false));
        let others = if others.is_empty() { others } else { format!("others {{\n{others}}}\n") };
        format!("outcome! {{\n{about}.\npub enum {name} {{\n{exact}}}\n{others}}}\n\n")
    };
    Responses { items: calls.iter().zip(&answers).map(item).collect(), module: module(&shared) }
}

/// The constants of failures with content that occur more than once. Successful responses are never shared.
fn shared<'a>(all: impl Iterator<Item = &'a [Answer]>) -> BTreeMap<&'a Answer, String> {
    let mut counts: BTreeMap<&Answer, usize> = BTreeMap::new();
    let failures = all.flatten().filter(|answer| answer.content.is_some() && !answer.status.is_success());
    failures.for_each(|answer| *counts.entry(answer).or_default() += 1);
    let mut unique = Unique::reserving(scope::names(scope::RESPONSES));
    let often = counts.into_iter().filter(|(_, count)| *count > 1);
    often.map(|(answer, _)| (answer, unique.take(constant_name(&answer.variant), "_"))).collect()
}

fn module(shared: &BTreeMap<&Answer, String>) -> String {
    if shared.is_empty() {
        return String::new();
    }
    let constant = |(answer, name): (&&Answer, &String)| {
        let (kind, code) = answer.content.as_ref().map(|content| (content.kind, content.code.as_str())).unwrap_or_default();
        format!(
            "{}pub const {name}: {kind} = {code};\n",
            docs(&format!("{}{}", answer.described, docs_of(&answer.headers, "super::super")))
        )
    };
    let body: String = shared.iter().map(constant).collect();
    scope::module("What several operations answer alike.", "responses", scope::RESPONSES, &body)
}

/// A possible response of an operation. Ordered by status.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Answer {
    status: Status,
    variant: String,
    described: String,
    /// With their constants.
    headers: Vec<(String, String)>,
    guard: Option<String>,
    content: Option<Declared>,
}

/// The content of a response: its type, the type of its kind, and the code of the kind.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Declared {
    ty: String,
    kind: &'static str,
    code: String,
}

impl Answer {
    fn all(call: &Call<'_>, headers: &Headers<'_>) -> Vec<Self> {
        let answer = |variant: &Variant<'_>| {
            let response = variant.response;
            let described = if response.description.is_empty() { "No description." } else { &response.description };
            Answer {
                status: response.status,
                variant: variant.name.clone(),
                described: format!("{}: {described}", response.status.text()),
                headers: headers.own(response),
                guard: variant.guard(),
                content: variant.content.as_ref().map(|(media_type, content)| Declared::new(media_type, content)),
            }
        };
        call.variants.iter().map(answer).collect()
    }

    /// The line that declares the response, with the constant that it shares with others.
    fn line(&self, shared: Option<&str>) -> String {
        let mut line = match shared {
            Some(_) => docs(brief(&self.described)),
            None => docs(&format!("{}{}", self.described, docs_of(&self.headers, "super"))),
        };
        let _ = match self.status {
            Status::Code(code) => write!(line, "{code}"),
            Status::Range(hundreds) => write!(line, "{hundreds}00..={hundreds}99"),
            Status::Default => write!(line, "_"),
        };
        if let Some(guard) = &self.guard {
            let _ = write!(line, " if {guard}");
        }
        let _ = write!(line, " => {}", self.variant);
        if let Some(Declared { ty, code, .. }) = &self.content {
            let _ = match shared {
                Some(shared) => write!(line, "(body: {ty}) as responses::{shared}"),
                None => write!(line, "(body: {ty}) = {code}"),
            };
        }
        line + ",\n"
    }
}

impl Declared {
    fn new(media_type: &str, content: &Content) -> Self {
        let (kind, code) = match content {
            Content::Json { media_type, check, .. } => ("JsonBody", format!("json({media_type:?}, {check})")),
            Content::JsonOrText { check, .. } => ("JsonOrTextBody", format!("json_or_text({media_type:?}, {check})")),
            Content::Text { check, .. } => ("TextBody", format!("text({media_type:?}, {check})")),
            // A range is not a media type: the server sets one as a header.
            _ if media_type.contains('*') => ("BytesBody", "bytes(\"application/octet-stream\")".to_owned()),
            _ => ("BytesBody", format!("bytes({media_type:?})")),
        };
        Declared { ty: content.ty().to_owned(), kind, code }
    }
}

impl Variant<'_> {
    /// The condition for a response with this status to belong to this variant: that its body has the media type that is read, of those that
    /// the contract declares.
    fn guard(&self) -> Option<String> {
        let content = self.content.as_ref().map(|(_, content)| content)?;
        let what = match content {
            _ if self.several_types.is_empty() => "",
            Content::Json { .. } => "json",
            Content::JsonOrText { .. } => "json_or_text",
            Content::Text { .. } => "text",
            _ => "",
        };
        let covers_empty = matches!(self.response.status, Status::Range(2 | 3) | Status::Default);
        match (what, covers_empty) {
            ("", false) => None,
            ("", true) => Some("has_body".to_owned()),
            (_, false) => Some(format!("has_{what}{:?}", self.several_types)),
            (_, true) => Some(format!("has_{what}_body{:?}", self.several_types)),
        }
    }
}
