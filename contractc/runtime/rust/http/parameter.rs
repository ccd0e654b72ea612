//! Parameters as text: reads and writes the OpenAPI styles, including percent-encoding.

use super::super::check::Types;
use super::super::json::{Json, Value};

/// How the value of a parameter is serialized: `style` and `explode` of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A single value, or comma-separated values.
    Simple,
    /// `name=a&name=b`
    Exploded,
    /// `name=a,b`, or with another separator than the comma.
    Joined(char),
    /// `name[key]=value`
    DeepObject,
    /// `.a.b`
    Label,
    /// `;name=a`
    Matrix,
    /// JSON text.
    Json,
}

/// Serializes a parameter to pairs of name and text.
pub(super) fn pairs(name: &str, style: Style, value: Json<'_>) -> Vec<(String, String)> {
    match (style, value) {
        (Style::Exploded, Json::Array(array)) => array.into_iter().map(|(_, item)| (name.to_owned(), text(item))).collect(),
        (Style::Exploded, Json::Object(object)) => object.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect(),
        (Style::DeepObject, Json::Object(object)) => {
            object.into_iter().map(|(key, value)| (format!("{name}[{key}]"), text(value))).collect()
        }
        _ => vec![(name.to_owned(), joined(name, style, value))],
    }
}

/// Serializes a parameter to a single text.
pub(super) fn joined(name: &str, style: Style, value: Json<'_>) -> String {
    let separator = match style {
        Style::Json => return value.to_text(),
        Style::Label => '.',
        Style::Joined(separator) => separator,
        _ => ',',
    };
    let body = match value {
        Json::Array(array) => array.into_iter().map(|(_, item)| text(item)).collect::<Vec<_>>().join(&separator.to_string()),
        Json::Object(object) => {
            let parts: Vec<String> = object.into_iter().flat_map(|(name, value)| [name.to_owned(), text(value)]).collect();
            parts.join(&separator.to_string())
        }
        plain => text(plain),
    };
    match style {
        Style::Label => format!(".{body}"),
        Style::Matrix => format!(";{name}={body}"),
        _ => body,
    }
}

pub(super) fn from_pairs(pairs: &[(String, String)], name: &str, style: Style, types: Types) -> Option<Value> {
    if style == Style::DeepObject {
        let key = |pair: &str| pair.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
        let members: serde_json::Map<_, _> = pairs.iter().filter_map(|(pair, text)| Some((key(pair)?, plain(text, ANY)))).collect();
        return (!members.is_empty()).then_some(Value::Object(members));
    }
    let mut found = pairs.iter().filter(|(known, _)| known == name).map(|(_, text)| text);
    if style == Style::Exploded && types.contains(Types::ARRAY) {
        let items: Vec<Value> = found.map(|text| plain(text, ANY)).collect();
        return (!items.is_empty()).then_some(Value::Array(items));
    }
    found.next().map(|text| from_text(name, text, style, types))
}

/// Parses the text of a parameter as a value of the types that its schema accepts.
pub(super) fn from_text(name: &str, text: &str, style: Style, types: Types) -> Value {
    let separator = match style {
        Style::Json => return serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        Style::Label => '.',
        Style::Joined(separator) => separator,
        _ => ',',
    };
    let body = match style {
        Style::Label => text.strip_prefix('.').unwrap_or(text),
        Style::Matrix => text.strip_prefix(&format!(";{name}=")).unwrap_or(text),
        _ => text,
    };
    if types.contains(Types::ARRAY) {
        let items = body.split(separator).filter(|_| !body.is_empty());
        return items.map(|item| plain(item, ANY)).collect();
    }
    if types.contains(Types::OBJECT) {
        let parts: Vec<&str> = body.split(separator).collect();
        return Value::Object(parts.chunks_exact(2).map(|pair| (pair[0].to_owned(), plain(pair[1], ANY))).collect());
    }
    plain(body, types)
}

/// The decoded values of the path parameters; `None` if the path does not match the template.
pub(super) fn path_values(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut values = raw_values(template, path)?;
    values.reverse();
    Some(values.into_iter().map(|(name, text)| (name, decoded(text, false))).collect())
}

/// Whether a path matches a template.
pub fn matches_path(template: &'static str, path: &str) -> bool {
    raw_values(template, path).is_some()
}

/// The number of literal characters in a template. The more there are, the more specific the template is.
pub fn literal_length(template: &str) -> usize {
    let mut depth = 0;
    let is_literal = |character: &char| {
        depth += i32::from(*character == '{');
        let literal = depth == 0;
        depth -= i32::from(*character == '}');
        literal
    };
    template.chars().filter(is_literal).count()
}

/// The values of the path parameters, in reverse order. A value lies within one segment, is not empty, and is as short as the template
/// allows.
fn raw_values<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let Some((literal, rest)) = template.split_once('{') else { return (path == template).then(Vec::new) };
    let path = path.strip_prefix(literal)?;
    let (name, behind) = rest.split_once('}')?;
    let segment = path.find('/').unwrap_or(path.len());
    let ends = path[..segment].char_indices().map(|(at, character)| at + character.len_utf8());
    ends.into_iter().find_map(|end| {
        let mut values = raw_values(behind, &path[end..])?;
        values.push((name, &path[..end]));
        Some(values)
    })
}

pub(super) fn form_pairs(text: &str, separator: char) -> Vec<(String, String)> {
    let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs.map(|(name, value)| (decoded(name, true), decoded(value, true))).collect()
}

/// Percent-encodes everything except unreserved characters and `keep`.
pub(super) fn encoded(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A scalar value as text.
fn text(value: Json<'_>) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.to_owned(),
        other => other.to_text(),
    }
}

/// Parses a text as the JSON value that a schema with these types expects.
fn plain(text: &str, types: Types) -> Value {
    let is_text = types.contains(Types::STRING);
    match text {
        "true" | "false" if !is_text => Value::Bool(text == "true"),
        _ if is_text => Value::String(text.to_owned()),
        _ => match serde_json::from_str::<Value>(text) {
            Ok(number @ Value::Number(_)) => number,
            _ => Value::String(text.to_owned()),
        },
    }
}

/// The types of array items are not known here, so an item that looks like a number becomes one.
const ANY: Types = Types(0);

fn decoded(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code =
            tail.first_chunk::<2>().and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        rest = tail;
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            (b'+', _) if plus_is_space => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
