//! The view for `api-reference.md`: a section for each tag with its operations, followed by the errors and headers that they share.

mod shared;
mod status;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use super::curl;
use super::fields::yes_or_no;
use super::markdown::{CodeBlocks, cell, code, embed, first_paragraph, heading, key, link, plain};
use super::samples;
use super::words::{Words, schema_key};
use crate::emit::Plan;
use crate::model::{Body, Media, Operation, Parameter, Place, Requirement, Response, SecurityKind, Status};
use status::{error_key, is_failure, status_words};
use views::{
    ApiView, BodyView, CodesView, ErrorView, ExampleView, Group, HeaderView, Headings, IndexRow, OperationView, ParameterRow, ResponseBody,
    ResponseRow, SchemeView, ServerView,
};

pub fn view(plan: &Plan<'_>, words: &Words<'_>) -> ApiView {
    let contract = plan.contract;
    let writer = Writer::new(words);
    let groups = writer.groups();
    let (overview, overview_links) = overview(contract.description.as_deref().unwrap_or_default());
    let (request_headers, response_headers) = (writer.request_headers(), writer.response_headers());
    let mut view = ApiView {
        origin: plan.origin(),
        heading: format!("{}: API reference{}", plain(&contract.title), key("api")),
        version: plain(&contract.version),
        summary: contract.summary.clone().unwrap_or_default(),
        contents: Vec::new(),
        servers: contract
            .servers
            .iter()
            .map(|server| ServerView { url: code(&server.url), description: joined(server.description.as_deref()) })
            .collect(),
        overview,
        schemes: contract.security_schemes.iter().map(scheme_view).collect(),
        groups,
        errors: writer.errors(),
        codes: writer.codes(),
        has_headers: !request_headers.is_empty() || !response_headers.is_empty(),
        request_headers,
        response_headers,
        headings: Headings::new(),
        models_link: link("the data models", "models"),
    };
    view.contents = contents(&view, &writer, &overview_links);
    view
}

/// The key of the section for a tag.
pub fn tag_key(tag: &str) -> String {
    format!("tag:{tag}")
}

fn operation_key(operation: &Operation) -> String {
    format!("operation:{}", operation.id)
}

fn joined(text: Option<&str>) -> String {
    text.map(first_paragraph).unwrap_or_default()
}

/// The document's description with keys after its main headings, and links to those headings.
fn overview(text: &str) -> (String, Vec<String>) {
    const LEVEL: usize = 3;
    let (mut links, mut lines, mut blocks) = (Vec::new(), Vec::new(), CodeBlocks::default());
    for line in embed(text, LEVEL).lines() {
        let in_code = blocks.holds(line);
        match heading(line).filter(|(level, _)| !in_code && *level == LEVEL) {
            Some((_, words)) => {
                let target = format!("overview:{}", links.len());
                lines.push(format!("{line}{}", key(&target)));
                links.push(link(words, &target));
            }
            None => lines.push(line.to_owned()),
        }
    }
    (lines.join("\n"), links)
}

impl Headings {
    const SERVERS: (&str, &str) = ("Base URLs", "servers");
    const OVERVIEW: (&str, &str) = ("Overview", "overview");
    const AUTHENTICATION: (&str, &str) = ("Security", "security");
    const ERRORS: (&str, &str) = ("Errors", "errors");
    const HEADERS: (&str, &str) = ("Headers", "headers");

    fn new() -> Self {
        let heading = |(title, target): (&str, &str)| format!("{title}{}", key(target));
        Headings {
            servers: heading(Self::SERVERS),
            overview: heading(Self::OVERVIEW),
            authentication: heading(Self::AUTHENTICATION),
            errors: heading(Self::ERRORS),
            headers: heading(Self::HEADERS),
        }
    }
}

fn contents(view: &ApiView, writer: &Writer<'_, '_>, overview: &[String]) -> Vec<String> {
    let line = |(title, target): (&str, &str)| format!("- {}", link(title, target));
    let fixed = |present: bool, section: (&str, &str)| present.then(|| line(section));
    let mut lines: Vec<String> = Vec::new();
    lines.extend(fixed(!view.servers.is_empty(), Headings::SERVERS));
    lines.extend(fixed(!view.overview.is_empty(), Headings::OVERVIEW));
    lines.extend(overview.iter().map(|link| format!("  - {link}")));
    lines.extend(fixed(!view.schemes.is_empty(), Headings::AUTHENTICATION));
    lines.extend(writer.tags().iter().map(|(title, tag)| line((&plain(title), &tag_key(tag)))));
    lines.extend(fixed(!view.errors.is_empty(), Headings::ERRORS));
    lines.extend(fixed(view.has_headers, Headings::HEADERS));
    lines
}

fn scheme_view(scheme: &crate::model::SecurityScheme) -> SchemeView {
    let kind = match &scheme.kind {
        SecurityKind::Bearer => format!("a bearer token: {}", code("Authorization: Bearer $TOKEN")),
        SecurityKind::Token => format!("a token from a sign-in flow: {}", code("Authorization: Bearer $TOKEN")),
        SecurityKind::Basic => "user name and password by HTTP Basic".to_owned(),
        SecurityKind::ApiKey { place, name } => format!("a key in the {} {}", place_noun(*place), code(name)),
        SecurityKind::Other => "a scheme that the contract describes in words only".to_owned(),
    };
    let description = scheme.description.as_deref().map(|text| embed(text, 4)).unwrap_or_default();
    SchemeView { name: code(&scheme.name), kind, description }
}

fn place_word(place: Place) -> &'static str {
    match place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
        Place::Cookie => "cookie",
    }
}

fn place_noun(place: Place) -> &'static str {
    match place {
        Place::Query => "query parameter",
        other => place_word(other),
    }
}

/// The content of a response, as shown to readers. Operations with equal responses share one description.
type ResponseKey = (Status, String, String);

/// Writes the operations, given their common parts.
struct Writer<'w, 'c> {
    words: &'w Words<'c>,
    /// The most common error response of each status that operations share, with the number of occurrences.
    shared: BTreeMap<Status, (ResponseKey, usize)>,
    /// The headers of every response, which are described once.
    common_headers: BTreeSet<String>,
    /// The parameters of every request.
    common_parameters: BTreeSet<(Place, String)>,
    /// The operation that shows an example, by the text of the example.
    homes: BTreeMap<String, &'c Operation>,
}

impl<'w, 'c> Writer<'w, 'c> {
    fn new(words: &'w Words<'c>) -> Self {
        let mut writer = Writer {
            words,
            shared: BTreeMap::new(),
            common_headers: common(operations(words).flat_map(|operation| &operation.responses).map(header_names)),
            common_parameters: common(operations(words).map(header_parameters)),
            homes: BTreeMap::new(),
        };
        writer.find_shared();
        writer.find_homes();
        writer
    }

    fn find_shared(&mut self) {
        let mut counts: BTreeMap<ResponseKey, usize> = BTreeMap::new();
        for operation in operations(self.words) {
            for response in operation.responses.iter().filter(|response| is_failure(operation, response.status)) {
                *counts.entry(self.response_key(response)).or_default() += 1;
            }
        }
        for (key, count) in counts.into_iter().filter(|(_, count)| *count > 1) {
            let best = self.shared.entry(key.0).or_insert_with(|| (key.clone(), count));
            if count > best.1 {
                *best = (key, count);
            }
        }
    }

    /// Assigns each example to an operation of the collection that it belongs to, or otherwise to the first operation that has it.
    fn find_homes(&mut self) {
        let collections = &self.words.contract.collections;
        let mentions = |text: &str, operation: &Operation| {
            let collection = collections.iter().find(|collection| operation.path.split('/').any(|segment| segment == collection.path));
            collection.is_some_and(|collection| text.contains(&collection.path))
        };
        for operation in operations(self.words) {
            for (_, text) in self.examples_of(operation) {
                let is_better = self.homes.get(&text).is_none_or(|home| !mentions(&text, home) && mentions(&text, operation));
                if is_better {
                    self.homes.insert(text, operation);
                }
            }
        }
    }

    /// The tags that have operations, as pairs of title and name.
    fn tags(&self) -> Vec<(&'c str, &'c str)> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for operation in operations(self.words) {
            let tag = operation.tag.as_deref().map_or(("Operations", ""), |tag| (tag, tag));
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    fn groups(&self) -> Vec<Group> {
        self.tags().into_iter().map(|(title, tag)| self.group(title, tag)).collect()
    }

    fn group(&self, title: &str, tag: &str) -> Group {
        let operations: Vec<&Operation> =
            operations(self.words).filter(|operation| operation.tag.as_deref().unwrap_or_default() == tag).collect();
        let declared = self.words.contract.tags.iter().find(|known| known.name == tag);
        let index = operations.iter().map(|operation| IndexRow {
            request: cell(&code(&request(operation))),
            link: cell(&link(&title_of(operation), &operation_key(operation))),
        });
        Group {
            heading: format!("{}{}", plain(title), key(&tag_key(tag))),
            description: declared.and_then(|tag| tag.description.as_deref()).map(|text| embed(text, 3)).unwrap_or_default(),
            records: self.records(&operations),
            index: if operations.len() > 1 { index.collect() } else { Vec::new() },
            operations: operations.iter().map(|operation| self.operation(operation)).collect(),
        }
    }

    /// The collection that the operations access.
    fn records(&self, operations: &[&Operation]) -> String {
        let collection = self
            .words
            .contract
            .collections
            .iter()
            .find(|collection| operations.iter().all(|operation| operation.path.split('/').any(|segment| segment == collection.path)));
        collection.map(|collection| link(&plain(&collection.schema_name), &schema_key(&collection.schema_name))).unwrap_or_default()
    }

    fn operation(&self, operation: &Operation) -> OperationView {
        let parameters =
            operation.parameters.iter().filter(|parameter| !self.common_parameters.contains(&(parameter.place(), parameter.name.clone())));
        let parameters: Vec<&Parameter> = parameters.collect();
        let own: Vec<&Response> = operation.responses.iter().filter(|response| !self.is_shared(operation, response)).collect();
        let responses: Vec<ResponseRow> = own.iter().map(|response| self.response(response)).collect();
        OperationView {
            heading: format!("{}{}", title_of(operation), key(&operation_key(operation))),
            request: code(&request(operation)),
            facts: facts(operation),
            description: operation.description.as_deref().map(|text| embed(text, 4)).unwrap_or_default(),
            notes: parameters
                .iter()
                .filter_map(|parameter| self.words.note(&parameter.name, parameter.schema, parameter.description.as_deref()))
                .collect(),
            parameters: parameters.iter().map(|parameter| self.parameter(parameter)).collect(),
            body: operation.body.as_ref().map(|body| self.body(body)),
            curl: curl::command(self.words, operation),
            has_headers: responses.iter().any(|response| !response.headers.is_empty()),
            responses,
            response_bodies: own.iter().filter_map(|response| self.response_body(response)).collect(),
            errors: self.error_links(operation),
            examples: self.examples(operation),
        }
    }

    fn parameter(&self, parameter: &Parameter) -> ParameterRow {
        let mut row = self.words.row(&parameter.name, parameter.schema, yes_or_no(parameter.required), parameter.description.as_deref());
        if parameter.deprecated && !row.rules.contains("deprecated") {
            row.rules = if row.rules.is_empty() { "deprecated".to_owned() } else { format!("{}, deprecated", row.rules) };
        }
        ParameterRow { place: place_word(parameter.place()), row }
    }

    fn body(&self, body: &Body) -> BodyView {
        let presence = if body.required { "required" } else { "optional" };
        let structure =
            body.media.first().and_then(|media| media.schema).map(|schema| self.words.inline_structure(schema)).unwrap_or_default();
        BodyView {
            line: format!("{presence}, {}.", self.media_text(&body.media, true)),
            description: body.description.as_deref().map(|text| embed(text, 4)).unwrap_or_default(),
            structure,
        }
    }

    /// The content of a body in each of its representations. JSON is mentioned only if `all` is set.
    fn media_text(&self, media: &[Media], all: bool) -> String {
        let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
        for media in media {
            let kind = media.schema.map_or_else(|| "any content".to_owned(), |schema| self.words.kind(schema));
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, types)) => types.push(code(&media.media_type)),
                None => kinds.push((kind, vec![code(&media.media_type)])),
            }
        }
        let text = |(kind, types): (String, Vec<String>)| match types.as_slice() {
            [only] if only == "`application/json`" && !all => kind,
            _ => format!("{kind} as {}", types.join(", ")),
        };
        kinds.into_iter().map(text).collect::<Vec<_>>().join("; ")
    }

    fn response(&self, response: &Response) -> ResponseRow {
        ResponseRow {
            status: response.status.text(),
            meaning: cell(&first_paragraph(&response.description)),
            body: cell(&self.media_text(&response.media, false)),
            headers: cell(&self.headers(response)),
        }
    }

    fn headers(&self, response: &Response) -> String {
        let own = response.headers.iter().filter(|header| !self.common_headers.contains(&header.name));
        own.map(|header| code(&header.name)).collect::<Vec<_>>().join(", ")
    }

    fn response_body(&self, response: &Response) -> Option<ResponseBody> {
        let schema = response.media.iter().find(|media| media.is_json())?.schema?;
        let structure = self.words.inline_structure(schema);
        (!structure.rows.is_empty()).then(|| ResponseBody { status: response.status.text(), structure })
    }

    fn response_key(&self, response: &Response) -> ResponseKey {
        (response.status, response.description.clone(), self.media_text(&response.media, true))
    }

    fn is_shared(&self, operation: &Operation, response: &Response) -> bool {
        let shared = self.shared.get(&response.status);
        is_failure(operation, response.status) && shared.is_some_and(|(key, _)| *key == self.response_key(response))
    }

    fn error_links(&self, operation: &Operation) -> String {
        let shared = operation.responses.iter().filter(|response| self.is_shared(operation, response));
        shared.map(|response| link(&status_words(response.status), &error_key(response.status))).collect::<Vec<_>>().join(", ")
    }

    /// The first example of each success response, with its status.
    fn examples_of(&self, operation: &Operation) -> Vec<(&'static str, String)> {
        let successes = operation.responses.iter().filter(|response| response.status.is_success()).flat_map(|response| &response.media);
        let examples = successes.filter_map(|media| Some((media, media.examples.first()?)));
        examples.map(|(media, example)| example_text(self.words, media, example)).take(1).collect()
    }

    fn examples(&self, operation: &Operation) -> Vec<ExampleView> {
        let status = operation.responses.iter().find(|response| response.status.is_success()).map(|response| response.status.text());
        let view = |(language, text): (&'static str, String)| {
            let home = self.homes.get(&text).filter(|home| home.id != operation.id);
            let shown_at = home.map(|home| link(&title_of(home), &operation_key(home))).unwrap_or_default();
            ExampleView { status: status.clone().unwrap_or_default(), language, text, shown_at }
        };
        self.examples_of(operation).into_iter().map(view).collect()
    }
}

fn operations<'c>(words: &Words<'c>) -> std::slice::Iter<'c, Operation> {
    words.contract.operations.iter()
}

/// The intersection of the sets.
fn common<T: Ord>(sets: impl Iterator<Item = BTreeSet<T>>) -> BTreeSet<T> {
    sets.reduce(|mut left, right| {
        left.retain(|item| right.contains(item));
        left
    })
    .unwrap_or_default()
}

fn header_names(response: &Response) -> BTreeSet<String> {
    response.headers.iter().map(|header| header.name.clone()).collect()
}

fn header_parameters(operation: &Operation) -> BTreeSet<(Place, String)> {
    let headers = operation.parameters.iter().filter(|parameter| parameter.place() == Place::Header);
    headers.map(|parameter| (parameter.place(), parameter.name.clone())).collect()
}

fn share(count: usize, all: usize, unit: &str) -> String {
    if count == all { format!("every {unit}") } else { format!("{count} of {all} {unit}s") }
}

fn request(operation: &Operation) -> String {
    format!("{} {}", operation.method.name().to_ascii_uppercase(), operation.path)
}

fn title_of(operation: &Operation) -> String {
    let summary = operation.summary.as_deref().map(|text| text.trim().trim_end_matches('.')).filter(|text| !text.is_empty());
    plain(summary.unwrap_or(&operation.id))
}

/// Further facts about an operation, shown after its request line.
fn facts(operation: &Operation) -> String {
    let mut facts = vec![code(&operation.id)];
    facts.push(match operation.security.as_slice() {
        [] => "needs no authentication".to_owned(),
        sets => {
            let scheme = |needed: &Requirement| link(&code(&needed.scheme), Headings::AUTHENTICATION.1);
            let set = |needed: &Vec<Requirement>| match needed.as_slice() {
                [] => "nothing".to_owned(),
                needed => needed.iter().map(scheme).collect::<Vec<_>>().join(" and "),
            };
            format!("needs {}", sets.iter().map(set).collect::<Vec<_>>().join(" or "))
        }
    });
    if operation.deprecated {
        facts.push("**deprecated**".to_owned());
    }
    facts.join(" · ")
}

fn example_text(words: &Words<'_>, media: &Media, example: &serde_json::Value) -> (&'static str, String) {
    match example.as_str().filter(|_| !media.is_json()) {
        Some(text) => ("text", text.trim_end().to_owned()),
        None => ("json", samples::json(words.contract, media.schema, example)),
    }
}
