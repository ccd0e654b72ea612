//! `operations.ts`: each operation as a typed value.

use std::fmt::Write;

use super::answers::{Answers, content, status};
use super::calls::{Call, operation_docs};
use super::code::{Code, docs, quoted};
use super::headers::Headers;
use super::multipart;
use super::names::{Names, by_name, imports, member, root_type, schema};
use super::parameters::{Parameters, encoding_members};
use super::security::Schemes;
use crate::emit::Plan;
use crate::emit::rust::names::Unique;
use crate::model::{Content, Media, Response, Status};

/// Emits the file.
pub fn emit(plan: &Plan<'_>, names: &Names, headers: &Headers<'_>, calls: &[Call<'_>]) -> String {
    let mut free = Unique::default();
    calls.iter().for_each(|call| _ = free.take(call.name.clone(), "_"));
    let schemes = Schemes::new(plan, &mut free);
    let parameters = Parameters::new(plan, names, &mut free, calls.iter().flat_map(|call| &call.parameters));
    let answers = Answers::new(plan, names, &mut free, calls);
    let mut body = schemes.emit() + &parameters.emit() + &answers.emit();
    for call in calls {
        let _ = write!(body, "\n{}", interface(plan, names, &parameters, call));
        let _ = write!(body, "\n{}{}", docs(&result_docs(call, headers), 0), result(plan, names, call));
        let head = format!("export const {}: Operation<{}, {}> = ", call.name, call.call_name, call.result_name);
        let value = value(plan, names, &schemes, &parameters, &answers, call).laid_out(0, head.chars().count(), 1);
        let _ = write!(body, "\n{}{head}{value};\n", docs(&operation_docs(call.operation), 0));
    }
    let mut head = String::from("// The operations of the contract: what each takes, and what each may answer.\n\n");
    let has_parts = calls.iter().any(|call| call.body_name.is_some());
    let mut runtime: Vec<_> = answers.are_shared().then_some("Declared").into_iter().collect();
    let mut first = calls.iter().flat_map(|call| &call.operation.responses).filter_map(|response| response.media.first());
    runtime.extend(first.any(|media| media.content(plan.contract) == Content::Events).then_some("EventStream"));
    runtime.push("Operation");
    runtime.extend(calls.iter().any(|call| !call.parameters.is_empty()).then_some("Parameter"));
    runtime.extend(calls.iter().any(|call| !call.operation.responses.is_empty()).then_some("Replies"));
    runtime.extend((!schemes.are_none()).then_some("Scheme"));
    let open = calls
        .iter()
        .flat_map(|call| &call.operation.responses)
        .filter(|response| !response.several_types(plan.contract).is_empty())
        .map(|response| response.status);
    runtime.extend(open.clone().any(|status| status == Status::Default).then_some("Status"));
    runtime.extend(open.clone().any(|status| matches!(status, Status::Range(_))).then_some("StatusOf"));
    let is_undeclared = calls.iter().any(|call| call.operation.responses.is_empty());
    runtime.extend(is_undeclared.then_some("Undeclared"));
    let _ = if has_parts {
        writeln!(head, "import {{ multipart, type {} }} from \"./runtime/index.js\";", runtime.join(", type "))
    } else {
        writeln!(head, "import type {{ {} }} from \"./runtime/index.js\";", runtime.join(", "))
    };
    head.push_str(&imports(plan, names, &calls.iter().flat_map(|call| call.schemas(plan.contract)).collect::<Vec<_>>()));
    head + &body
}

fn interface(plan: &Plan<'_>, names: &Names, parameters: &Parameters<'_>, call: &Call<'_>) -> String {
    let mut fields = String::new();
    for (parameter, field) in &call.parameters {
        let ty = root_type(plan, names, parameter.schema);
        let text = parameters.about(plan, names, parameter, field);
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

/// Documents the responses, with the headers that only they carry. `headers.ts` documents the headers of every response with a status.
fn result_docs(call: &Call<'_>, headers: &Headers<'_>) -> String {
    // Statuses with the same headers are named together.
    let mut listed: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for response in &call.operation.responses {
        let names = headers.own(response);
        match listed.iter_mut().find(|(known, _)| *known == names) {
            _ if names.is_empty() => {}
            Some((_, statuses)) => statuses.push(response.status.text()),
            None => listed.push((names, vec![response.status.text()])),
        }
    }
    let text = listed.iter().map(|(names, statuses)| format!("of {}: {}", statuses.join(", "), constants(names)));
    let text = text.collect::<Vec<_>>().join("; ");
    let text = if text.is_empty() { text } else { format!(" Headers {text}.") };
    format!("What {{@link {}}} may answer.{text}", call.name)
}

/// The constants of headers, as code in prose.
fn constants(names: &[&str]) -> String {
    names.iter().map(|name| format!("`headers.{name}`")).collect::<Vec<_>>().join(", ")
}

fn result(plan: &Plan<'_>, names: &Names, call: &Call<'_>) -> String {
    let responses = &call.operation.responses;
    if responses.is_empty() {
        return format!("export type {} = Undeclared;\n", call.result_name);
    }
    // Statuses with the same content are named together.
    let mut contents: Vec<(String, Vec<String>)> = Vec::new();
    for response in responses {
        let content = match content(plan, response) {
            "none" => "undefined".to_owned(),
            "bytes" => "Uint8Array".to_owned(),
            content => {
                let ty = response.media.first().map_or("unknown".to_owned(), |media| media_type(plan, names, media));
                if matches!(content, "events" | "textEvents") { format!("EventStream<{ty}>") } else { ty }
            }
        };
        match contents.iter_mut().find(|(known, _)| *known == content) {
            Some((_, statuses)) => statuses.push(status(response.status)),
            None => contents.push((content, vec![status(response.status)])),
        }
    }
    let (alone, together): (Vec<_>, Vec<_>) = contents.iter().partition(|(_, statuses)| statuses.len() == 1);
    let alone: Vec<String> = alone.iter().map(|(content, statuses)| format!("{}: {content}", statuses[0])).collect();
    let together = together.iter().map(|(content, statuses)| format!("Record<{}, {content}>", statuses.join(" | ")));
    let object = (!alone.is_empty()).then(|| format!("{{ {} }}", alone.join("; ")));
    let parts: Vec<String> = object.into_iter().chain(together).collect();
    // A response whose body has an undeclared media type is an undeclared response.
    let is_open = |response: &Response| !response.several_types(plan.contract).is_empty();
    let open = responses.iter().filter(|response| is_open(response)).map(|response| match response.status {
        Status::Default => "Status".to_owned(),
        Status::Range(hundreds) => format!("StatusOf<\"{hundreds}XX\">"),
        Status::Code(code) => code.to_string(),
    });
    let open: Vec<String> = open.collect();
    let open = if open.is_empty() { String::new() } else { format!(", {}", open.join(" | ")) };
    let head = format!("export type {} = Replies<", call.result_name);
    let fits = |code: &str| code.chars().count() <= 120;
    let flat = format!("{head}{}{open}>;\n", parts.join(" & "));
    let broken = format!("  {}{open}", parts.join(" & "));
    match (fits(flat.trim_end()), fits(&broken)) {
        (true, _) => flat,
        (false, true) => format!("{head}\n{broken}\n>;\n"),
        (false, false) => format!("{head}\n  {}{open}\n>;\n", parts.join(" &\n    ")),
    }
}

fn value(
    plan: &Plan<'_>,
    names: &Names,
    schemes: &Schemes<'_>,
    parameters: &Parameters<'_>,
    answers: &Answers<'_>,
    call: &Call<'_>,
) -> Code {
    let operation = call.operation;
    let text = |text: &str| Code::Text(quoted(text));
    let mut members = vec![
        ("id".to_owned(), text(&operation.id)),
        ("method".to_owned(), text(&operation.method.name().to_ascii_uppercase())),
        ("path".to_owned(), text(operation.template())),
        ("security".to_owned(), schemes.code(operation)),
    ];
    let listed = call.parameters.iter().map(|(parameter, field)| parameters.code(plan, names, parameter, field));
    members.push(("parameters".to_owned(), Code::List(listed.collect())));
    let accept = operation.accept(plan.contract);
    if !accept.is_empty() {
        members.push(("accept".to_owned(), text(&accept)));
    }
    if let Some((media, required, field)) = &call.body {
        let content = media.content(plan.contract);
        let media_type = if content == Content::Json { media.written_type() } else { &media.media_type };
        let mut parts = vec![
            ("field".to_owned(), text(field)),
            ("mediaType".to_owned(), text(media_type)),
            ("required".to_owned(), Code::text(required.to_string())),
        ];
        let content = match content {
            Content::Json => text("json"),
            Content::Text => text("text"),
            Content::JsonOrText => text("jsonOrText"),
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
    members.push(("responses".to_owned(), Code::List(operation.responses.iter().map(|response| answers.code(response)).collect())));
    Code::Object(members)
}

fn media_type(plan: &Plan<'_>, names: &Names, media: &Media) -> String {
    let is_text = matches!(media.content(plan.contract), Content::Text | Content::JsonOrText | Content::Events);
    let default = if is_text { "string" } else { "unknown" };
    media.schema.map_or(default.to_owned(), |schema| root_type(plan, names, schema))
}
