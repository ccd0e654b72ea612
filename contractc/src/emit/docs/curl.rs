//! A `curl` command for an operation, with example values for everything that it requires.

use serde_json::Value as JsonValue;

use super::samples;
use super::words::Words;
use crate::model::{Body, Media, Method, Operation, Parameter, Place, Requirement, SecurityKind};
use crate::runtime::json::Json;

/// The command. `$TOKEN` and similar variables stand for secrets.
pub fn command(words: &Words<'_>, operation: &Operation) -> String {
    let mut command = Command { words, operation, query: Vec::new(), options: Vec::new() };
    match operation.method {
        Method::Get => {}
        Method::Head => command.options.push("--head".to_owned()),
        method => command.options.push(format!("--request {}", method.name().to_ascii_uppercase())),
    }
    command.authenticate();
    command.parameters();
    if let Some(body) = &operation.body {
        command.body(body);
    }
    let streams = operation.responses.iter().flat_map(|response| &response.media).any(|media| media.media_type == "text/event-stream");
    if streams {
        command.options.push("--no-buffer".to_owned());
    }
    let lines: Vec<String> = std::iter::once(format!("curl {}", command.url())).chain(command.options).collect();
    lines.join(" \\\n  ")
}

struct Command<'w, 'c> {
    words: &'w Words<'c>,
    operation: &'w Operation,
    /// Parameters whose values are already encoded.
    query: Vec<String>,
    options: Vec<String>,
}

impl Command<'_, '_> {
    /// Adds credentials for the first set of schemes that a command can satisfy.
    fn authenticate(&mut self) {
        let schemes = &self.words.contract.security_schemes;
        let kind = |name: &String| schemes.iter().find(|scheme| scheme.name == *name).map(|scheme| &scheme.kind);
        let is_possible = |set: &&Vec<Requirement>| {
            !set.is_empty() && set.iter().all(|needed| !matches!(kind(&needed.scheme), Some(SecurityKind::Other) | None))
        };
        for Requirement { scheme: name, .. } in self.operation.security.iter().find(is_possible).into_iter().flatten() {
            match kind(name) {
                Some(SecurityKind::Bearer | SecurityKind::Token) => {
                    self.options.push("--header \"Authorization: Bearer $TOKEN\"".to_owned())
                }
                Some(SecurityKind::Basic) => self.options.push("--user \"$USERNAME:$PASSWORD\"".to_owned()),
                Some(SecurityKind::ApiKey { place: Place::Query, name }) => self.query.push(format!("{name}=$API_KEY")),
                Some(SecurityKind::ApiKey { place: Place::Cookie, name }) => self.options.push(format!("--cookie \"{name}=$API_KEY\"")),
                Some(SecurityKind::ApiKey { name, .. }) => self.options.push(format!("--header \"{name}: $API_KEY\"")),
                Some(SecurityKind::Other) | None => {}
            }
        }
    }

    fn parameters(&mut self) {
        for parameter in self.operation.parameters.iter().filter(|parameter| parameter.required) {
            let Some(value) = samples::sample(self.words.contract, parameter.schema) else { continue };
            let (name, encoding, value) = (&parameter.name, &parameter.encoding, Json::from(&value));
            match parameter.place() {
                Place::Path => {}
                Place::Query => self.query.extend(encoding.parts(name, value).unwrap_or_default()),
                Place::Header => {
                    let text = encoding.whole(name, value).ok().flatten().unwrap_or_default();
                    self.options.push(format!("--header {}", quoted(&format!("{name}: {text}"))));
                }
                Place::Cookie => {
                    let pairs = encoding.parts(name, value).unwrap_or_default();
                    self.options.push(format!("--cookie {}", quoted(&pairs.join("; "))));
                }
            }
        }
    }

    fn url(&self) -> String {
        let mut path = self.operation.path.clone();
        for parameter in self.operation.parameters.iter().filter(|parameter| parameter.place() == Place::Path) {
            let value = self.path_value(parameter);
            let value = value.and_then(|value| parameter.encoding.whole(&parameter.name, Json::from(&value)).ok().flatten());
            let value = value.filter(|value| !value.is_empty()).unwrap_or_else(|| format!("${}", shell_name(&parameter.name)));
            path = path.replace(&format!("{{{}}}", parameter.name), &value);
        }
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query.join("&")) };
        let url = format!("{}{path}{query}", base_url(self.words));
        // The shell expands variables only inside double quotes.
        if url.contains('$') { format!("\"{url}\"") } else { quoted(&url) }
    }

    /// The value of a path parameter. The requests of a collection refer to the record of its example.
    fn path_value(&self, parameter: &Parameter) -> Option<JsonValue> {
        let segments: Vec<&str> = self.operation.path.split('/').collect();
        let contract = self.words.contract;
        let collection = contract.collections.iter().find(|collection| segments.contains(&collection.path.as_str()));
        let example = collection.and_then(|collection| contract.schema(collection.schema).annotations.examples.first());
        let member = example.and_then(|example| example.get(&parameter.name)).cloned();
        member.or_else(|| samples::sample(contract, parameter.schema))
    }

    fn body(&mut self, body: &Body) {
        let Some(media) = body.media.first() else { return };
        let value = body_example(self.words, media);
        match media.media_type.split(';').next().unwrap_or_default().trim() {
            "application/x-www-form-urlencoded" => self.form(value.as_ref(), "--data-urlencode"),
            "multipart/form-data" => self.form(value.as_ref(), "--form"),
            _ => {
                self.options.push(format!("--header {}", quoted(&format!("Content-Type: {}", media.media_type))));
                self.options.push(match value {
                    Some(value) if media.is_json() => {
                        format!("--data {}", quoted(&samples::json(self.words.contract, media.schema, &value)))
                    }
                    Some(JsonValue::String(text)) if media.media_type.starts_with("text/") => format!("--data {}", quoted(&text)),
                    _ if media.is_json() => "--data @body.json".to_owned(),
                    _ => "--data-binary @body".to_owned(),
                });
            }
        }
    }

    fn form(&mut self, value: Option<&JsonValue>, option: &str) {
        for (name, value) in value.and_then(JsonValue::as_object).into_iter().flatten() {
            self.options.push(format!("{option} {}", quoted(&format!("{name}={}", flat(value)))));
        }
    }
}

/// The body to show: the first example of the contract. For an instance by `x-bind`, a generated value with the bound schema is better than
/// an example that all instances share.
pub fn body_example(words: &Words<'_>, media: &Media) -> Option<JsonValue> {
    let made = || media.schema.and_then(|schema| samples::sample(words.contract, schema));
    let is_instance = media.schema.and_then(|schema| words.name(schema)).is_some_and(|name| name.bound.is_some());
    let made_first = if is_instance { made() } else { None };
    made_first.or_else(|| media.examples.first().cloned()).or_else(made)
}

fn base_url(words: &Words<'_>) -> String {
    let url = words.contract.servers.first().map(|server| server.url.trim_end_matches('/')).unwrap_or_default();
    if url.contains("://") { url.to_owned() } else { format!("https://api.example.com{url}") }
}

/// A value as text for a field of a form.
fn flat(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) => text.clone(),
        JsonValue::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Quotes the text as one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn shell_name(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_take_values_as_they_are() {
        assert_eq!(quoted("Sam's"), "'Sam'\\''s'");
        assert_eq!(shell_name("user-id"), "USER_ID");
    }
}
