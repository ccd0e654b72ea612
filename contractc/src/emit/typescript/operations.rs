//! `operations.ts`: each operation as a typed value.

use std::fmt::Write;

use super::calls::{Call, operation_docs};
use super::code::{Code, docs, quoted};
use super::headers::Headers;
use super::multipart;
use super::names::{Names, by_name, imports, member, root_type, schema};
use super::parameters::{Parameters, encoding_members};
use super::security::{named_schemes, schemes, security};
use crate::emit::Plan;
use crate::model::{Content, Media, Response, Status};

/// Emits the file.
pub fn emit(plan: &Plan<'_>, names: &Names, headers: &Headers<'_>, calls: &[Call<'_>]) -> String {
    let parameters = Parameters::new(plan, names, calls.iter().flat_map(|call| &call.parameters));
    let mut body = schemes(plan) + &parameters.emit();
    for call in calls {
        let _ = write!(body, "\n{}", interface(plan, names, call));
        let _ = write!(body, "\n{}{}", docs(&result_docs(call, headers), 0), result(plan, names, call));
        let head = format!("export const {}: Operation<{}, {}> = ", call.name, call.call_name, call.result_name);
        let value = value(plan, names, &parameters, call).laid_out(0, head.chars().count(), 1);
        let _ = write!(body, "\n{}{head}{value};\n", docs(&operation_docs(call.operation), 0));
    }
    let mut head = String::from("// The operations of the contract: what each takes, and what each may answer.\n\n");
    let has_parts = calls.iter().any(|call| call.body_name.is_some());
    let mut runtime = vec!["Operation"];
    runtime.extend(calls.iter().any(|call| !call.parameters.is_empty()).then_some("Parameter"));
    runtime.extend(calls.iter().any(|call| !call.operation.responses.is_empty()).then_some("Replies"));
    runtime.extend(named_schemes(plan).next().map(|_| "Scheme"));
    let mut open =
        calls.iter().flat_map(|call| &call.operation.responses).filter(|response| is_open(response)).map(|response| response.status);
    runtime.extend(open.clone().any(|status| status == Status::Default).then_some("Status"));
    runtime.extend(open.clone().any(|status| matches!(status, Status::Range(_))).then_some("StatusOf"));
    let is_undeclared = open.any(|status| status == Status::Default) || calls.iter().any(|call| call.operation.responses.is_empty());
    runtime.extend(is_undeclared.then_some("Undeclared"));
    let _ = if has_parts {
        writeln!(head, "import {{ multipart, type {} }} from \"./runtime/index.js\";", runtime.join(", type "))
    } else {
        writeln!(head, "import type {{ {} }} from \"./runtime/index.js\";", runtime.join(", "))
    };
    head.push_str(&imports(plan, names, &calls.iter().flat_map(|call| call.schemas(plan.contract)).collect::<Vec<_>>()));
    head + &body
}

fn interface(plan: &Plan<'_>, names: &Names, call: &Call<'_>) -> String {
    let mut fields = String::new();
    for (parameter, field) in &call.parameters {
        let ty = root_type(plan, names, parameter.schema);
        let text = parameter.description.clone().unwrap_or_else(|| format!("`{}`", parameter.name));
        let _ = writeln!(fields, "{}  {}", docs(&text, 2), member(field, parameter.required, &ty));
    }
    if let Some((media, required, field)) = &call.body {
        let ty = match &call.body_name {
            Some(name) => name.clone(),
            None if media.is_typed(plan.contract) => media_type(plan, names, media),
            None => "BodyInit".to_owned(),
        };
        let described = call.operation.body.as_ref().and_then(|body| body.description.clone());
        let text = described.unwrap_or_else(|| format!("The body, `{}`.", media.media_type));
        let _ = writeln!(fields, "{}  {}", docs(&text, 2), member(field, *required, &ty));
    }
    let fields = if fields.is_empty() { "{}".to_owned() } else { format!("{{\n{fields}}}") };
    let body = multipart::interface(plan, names, call).map(|code| format!("\n{code}")).unwrap_or_default();
    format!("/** What {{@link {}}} takes. */\nexport interface {} {fields}\n{body}", call.name, call.call_name)
}

/// Documents the responses, with the headers that each one declares.
fn result_docs(call: &Call<'_>, headers: &Headers<'_>) -> String {
    let mut text = format!("What {{@link {}}} may answer.", call.name);
    // Statuses with the same headers share a line.
    let mut listed: Vec<(Vec<String>, String)> = Vec::new();
    for response in &call.operation.responses {
        let names = headers.of(response);
        if !names.is_empty() {
            let names = names.iter().map(|name| format!("`headers.{name}`")).collect::<Vec<_>>().join(", ");
            match listed.iter_mut().find(|(_, known)| *known == names) {
                Some((statuses, _)) => statuses.push(response.status.text()),
                None => listed.push((vec![response.status.text()], names)),
            }
        }
    }
    listed.iter().for_each(|(statuses, names)| _ = write!(text, "\n\nHeaders of {}: {names}.", statuses.join(", ")));
    text
}

fn result(plan: &Plan<'_>, names: &Names, call: &Call<'_>) -> String {
    let responses = &call.operation.responses;
    if responses.is_empty() {
        return format!("export type {} = Undeclared;\n", call.result_name);
    }
    let contents = responses.iter().map(|response| {
        let content = match content(plan, response) {
            "none" => "undefined".to_owned(),
            "json" | "text" => response.media.first().map_or("unknown".to_owned(), |media| media_type(plan, names, media)),
            "stream" => "ReadableStream<Uint8Array> | null".to_owned(),
            _ => "Uint8Array".to_owned(),
        };
        format!("{}: {content}", status(response.status))
    });
    let contents: Vec<String> = contents.collect();
    // A body of another media type than that of the declared response makes the response an undeclared one.
    let open = responses.iter().filter(|response| is_open(response)).map(|response| match response.status {
        Status::Default => "Status".to_owned(),
        Status::Range(hundreds) => format!("StatusOf<\"{hundreds}XX\">"),
        Status::Code(code) => code.to_string(),
    });
    let open: Vec<String> = open.collect();
    let open = if open.is_empty() { String::new() } else { format!(", {}", open.join(" | ")) };
    let undeclared =
        if responses.iter().any(|response| response.status == Status::Default && is_open(response)) { " | Undeclared" } else { "" };
    let flat = format!("export type {} = Replies<{{ {} }}{open}>{undeclared};\n", call.result_name, contents.join("; "));
    if flat.chars().count() <= 120 {
        return flat;
    }
    format!("export type {} = Replies<{{\n  {};\n}}{open}>{undeclared};\n", call.result_name, contents.join(";\n  "))
}

/// Whether a body of another media type does not belong to the response.
fn is_open(response: &Response) -> bool {
    response.media.len() > 1
}

fn value(plan: &Plan<'_>, names: &Names, parameters: &Parameters, call: &Call<'_>) -> Code {
    let operation = call.operation;
    let text = |text: &str| Code::Text(quoted(text));
    let mut members = vec![
        ("id".to_owned(), text(&operation.id)),
        ("method".to_owned(), text(&operation.method.name().to_ascii_uppercase())),
        ("path".to_owned(), text(&operation.path)),
        ("security".to_owned(), security(operation)),
    ];
    let listed = call.parameters.iter().map(|(parameter, field)| Code::Text(parameters.path(plan, names, parameter, field)));
    members.push(("parameters".to_owned(), Code::List(listed.collect())));
    let accept = operation.accept();
    if !accept.is_empty() {
        members.push(("accept".to_owned(), text(&accept)));
    }
    if let Some((media, required, field)) = &call.body {
        let mut parts = vec![
            ("field".to_owned(), text(field)),
            ("mediaType".to_owned(), text(&media.media_type)),
            ("required".to_owned(), Code::text(required.to_string())),
        ];
        let content = match media.content(plan.contract) {
            Content::Json => text("json"),
            Content::Text => text("text"),
            Content::Form => text("form"),
            Content::Multipart => multipart::writer(plan, names, media),
            Content::Events | Content::Bytes => text("raw"),
        };
        parts.push(("content".to_owned(), content));
        if !media.encodings.is_empty() {
            let listed = media.encodings.iter().map(|(name, encoding)| (name.as_str(), Code::Object(encoding_members(encoding))));
            parts.push(("encodings".to_owned(), by_name(listed.collect())));
        }
        parts.extend(media.schema.filter(|_| media.is_typed(plan.contract)).and_then(|id| schema(plan, names, id)));
        members.push(("body".to_owned(), Code::Object(parts)));
    }
    let responses = operation.responses.iter().map(|response| {
        let mut parts =
            vec![("status".to_owned(), Code::Text(status(response.status))), ("content".to_owned(), text(content(plan, response)))];
        if response.media.len() > 1 {
            parts.push(("isOneOfSeveral".to_owned(), Code::text("true")));
        }
        let typed = response.media.first().filter(|media| media.is_read(plan.contract));
        parts.extend(typed.and_then(|media| media.schema).and_then(|id| schema(plan, names, id)));
        Code::Object(parts)
    });
    members.push(("responses".to_owned(), Code::List(responses.collect())));
    Code::Object(members)
}

fn media_type(plan: &Plan<'_>, names: &Names, media: &Media) -> String {
    let default = if media.content(plan.contract) == Content::Text { "string" } else { "unknown" };
    media.schema.map_or(default.to_owned(), |schema| root_type(plan, names, schema))
}

/// How the body of a response is read.
fn content(plan: &Plan<'_>, response: &Response) -> &'static str {
    match response.media.first().map(|media| media.content(plan.contract)) {
        None => "none",
        Some(Content::Json) => "json",
        Some(Content::Text) => "text",
        Some(Content::Events) => "stream",
        Some(Content::Form | Content::Multipart | Content::Bytes) => "bytes",
    }
}

fn status(status: Status) -> String {
    match status {
        Status::Code(code) => code.to_string(),
        other => quoted(&other.text()),
    }
}
