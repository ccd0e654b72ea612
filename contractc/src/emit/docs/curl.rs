//! A `curl` command for an operation, with example values for everything that it requires.

use std::fmt;

use serde_json::Value as JsonValue;

use super::samples;
use super::words::Words;
use crate::model::{Body, Content, Media, Method, Operation, Parameter, PartKind, Place, Requirement, SecurityKind};
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
    query: Vec<Word>,
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
                    self.options.push(format!("--header {}", Word::text("Authorization: Bearer ").variable("TOKEN")))
                }
                Some(SecurityKind::Basic) => {
                    let user = Word::text("").variable("USERNAME").and(":").variable("PASSWORD");
                    self.options.push(format!("--user {user}"));
                }
                Some(SecurityKind::ApiKey { place: Place::Query, name }) => {
                    self.query.push(Word::text(format!("{name}=")).variable(KEY));
                }
                Some(SecurityKind::ApiKey { place: Place::Cookie, name }) => {
                    self.options.push(format!("--cookie {}", Word::text(format!("{name}=")).variable(KEY)));
                }
                Some(SecurityKind::ApiKey { name, .. }) => {
                    self.options.push(format!("--header {}", Word::text(format!("{name}: ")).variable(KEY)));
                }
                Some(SecurityKind::Other) | None => {}
            }
        }
    }

    fn parameters(&mut self) {
        for parameter in self.operation.parameters.iter().filter(|parameter| parameter.required) {
            let Some(value) = self.value(parameter) else { continue };
            let (name, encoding, value) = (&parameter.name, &parameter.encoding, Json::from(&value));
            match parameter.place() {
                Place::Path => {}
                Place::Query => self.query.extend(encoding.parts(name, value).unwrap_or_default().into_iter().map(Word::text)),
                Place::Header => {
                    let text = encoding.whole(name, value).ok().flatten().unwrap_or_default();
                    self.options.push(format!("--header {}", Word::text(format!("{name}: {text}"))));
                }
                Place::Cookie => {
                    let pairs = encoding.parts(name, value).unwrap_or_default();
                    self.options.push(format!("--cookie {}", Word::text(pairs.join("; "))));
                }
            }
        }
    }

    fn url(&self) -> Word {
        let mut url = Word::text(base_url(self.words));
        let mut rest = self.operation.template();
        while let Some((literal, name, behind)) = next_parameter(rest) {
            url = url.and(literal);
            let parameter = self.operation.parameters.iter().find(|known| known.place() == Place::Path && known.name == name);
            let value = parameter.and_then(|parameter| {
                let value = self.path_value(parameter)?;
                parameter.encoding.whole(&parameter.name, Json::from(&value)).ok().flatten()
            });
            url = match value.filter(|value| !value.is_empty()) {
                Some(value) => url.and(&value),
                None => url.variable(&shell_name(name)),
            };
            rest = behind;
        }
        url = url.and(rest);
        for (index, part) in self.query.iter().enumerate() {
            url = url.and(if index == 0 { "?" } else { "&" }).join(part);
        }
        url
    }

    /// The value of a path parameter. The requests of a collection refer to the record of its example.
    fn path_value(&self, parameter: &Parameter) -> Option<JsonValue> {
        let segments: Vec<&str> = self.operation.path.split('/').collect();
        let contract = self.words.contract;
        let collection = contract.collections.iter().find(|collection| segments.contains(&collection.path.as_str()));
        let example = collection.and_then(|collection| contract.schema(collection.schema).annotations.examples.first());
        let member = example.and_then(|example| example.get(&parameter.name)).cloned();
        member.or_else(|| self.value(parameter))
    }

    /// The first example of a parameter, or a generated value.
    fn value(&self, parameter: &Parameter) -> Option<JsonValue> {
        parameter.examples.first().cloned().or_else(|| samples::sample(self.words.contract, parameter.schema))
    }

    fn body(&mut self, body: &Body) {
        let Some(media) = body.media.first() else { return };
        let value = body_example(self.words, media);
        match media.media_type.split(';').next().unwrap_or_default().trim() {
            "application/x-www-form-urlencoded" => self.form(value.as_ref(), |_| Some("--data-urlencode")),
            "multipart/form-data" => {
                let parts = self.words.contract.body_parts(media).map(|body| body.parts).unwrap_or_default();
                let is_file = |name: &str| parts.iter().any(|part| part.name == name && part.kind != PartKind::Value);
                parts.iter().filter(|part| part.kind != PartKind::Value && part.required).for_each(|part| {
                    self.options.push(format!("--form {}", Word::text(format!("{}=@file", part.name))));
                });
                // `--form` reads a file if the text begins with `@`, and options after a semicolon.
                self.form(value.as_ref(), |name| (!is_file(name)).then_some("--form-string"));
            }
            _ => {
                let content = media.content(self.words.contract);
                let is_json = matches!(content, Content::Json | Content::JsonOrText);
                let media_type = if is_json { media.written_type() } else { &media.media_type };
                self.options.push(format!("--header {}", Word::text(format!("Content-Type: {media_type}"))));
                // `--data` reads a file if the text begins with `@`, as JSON never does.
                self.options.push(match value {
                    Some(value) if is_json => {
                        format!("--data {}", Word::text(samples::json(self.words.contract, media.schema, &value)))
                    }
                    Some(JsonValue::String(text)) if media.media_type.starts_with("text/") => format!("--data-raw {}", Word::text(text)),
                    _ if is_json => "--data @body.json".to_owned(),
                    _ => "--data-binary @body".to_owned(),
                });
            }
        }
    }

    /// Adds the members of a form, each with its option.
    fn form(&mut self, value: Option<&JsonValue>, option: impl Fn(&str) -> Option<&'static str>) {
        for (name, value) in value.and_then(JsonValue::as_object).into_iter().flatten() {
            if let Some(option) = option(name) {
                self.options.push(format!("{option} {}", Word::text(format!("{name}={}", flat(value)))));
            }
        }
    }
}

/// The next parameter of a path template, with the text before and behind it.
fn next_parameter(path: &str) -> Option<(&str, &str, &str)> {
    let (literal, rest) = path.split_once('{')?;
    let (name, behind) = rest.split_once('}')?;
    Some((literal, name, behind))
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

/// The variable for an API key.
const KEY: &str = "API_KEY";

/// One word of a shell: text that stays as it is, whatever characters it has, and variables.
struct Word(Vec<Piece>);

#[derive(Clone)]
enum Piece {
    Text(String),
    Variable(String),
}

impl Word {
    fn text(text: impl Into<String>) -> Self {
        Word(vec![Piece::Text(text.into())])
    }

    fn and(mut self, text: &str) -> Self {
        self.0.push(Piece::Text(text.to_owned()));
        self
    }

    fn variable(mut self, name: &str) -> Self {
        self.0.push(Piece::Variable(name.to_owned()));
        self
    }

    fn join(mut self, other: &Word) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The shell expands variables only inside double quotes.
        let has_variables = self.0.iter().any(|piece| matches!(piece, Piece::Variable(_)));
        f.write_str(if has_variables { "\"" } else { "'" })?;
        for (index, piece) in self.0.iter().enumerate() {
            let goes_on = |text: &String| text.starts_with(|character: char| character.is_ascii_alphanumeric() || character == '_');
            match piece {
                Piece::Variable(name) => match self.0.get(index + 1) {
                    Some(Piece::Text(text)) if goes_on(text) => write!(f, "${{{name}}}")?,
                    _ => write!(f, "${name}")?,
                },
                Piece::Text(text) if has_variables => {
                    for character in text.chars() {
                        let is_special = matches!(character, '"' | '$' | '`' | '\\');
                        write!(f, "{}{character}", if is_special { "\\" } else { "" })?;
                    }
                }
                Piece::Text(text) => f.write_str(&text.replace('\'', "'\\''"))?,
            }
        }
        f.write_str(if has_variables { "\"" } else { "'" })
    }
}

fn shell_name(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_take_values_as_they_are() {
        assert_eq!(Word::text("Sam's $(rm)").to_string(), "'Sam'\\''s $(rm)'");
        let url = Word::text("https://example.com/$(rm)`\"\\").variable("ID").and("s/$count");
        assert_eq!(url.to_string(), r#""https://example.com/\$(rm)\`\"\\${ID}s/\$count""#);
        assert_eq!(shell_name("user-id"), "USER_ID");
    }
}
