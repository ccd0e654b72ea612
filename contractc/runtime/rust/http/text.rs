//! Reading parameters: text is split as its style says, then each item is decoded and converted to the type that its schema accepts.

use std::collections::BTreeMap;

use super::super::check::Types;
use super::super::json::Value;
use super::super::schema::parse;
use super::HeaderMap;
use super::parameter::{Encoding, Place, Shape, Style};

/// A `name=value` of a query, cookie or form. The name is decoded, the value is as received.
pub(super) type Pair<'a> = (String, &'a str);

/// How many levels of objects a name such as `a[b][c]` can have.
const LEVELS_MAX: usize = 100;

/// Splits a query, a cookie header or a form body.
pub(super) fn pairs(text: &str, separator: char) -> Vec<Pair<'_>> {
    let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
    let parts = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    parts.map(|(name, value)| (decoded(name, separator == '&'), value)).collect()
}

/// The cookies of a request. They may be spread over several headers. Other programs on the same host set cookies too, so one that is not
/// UTF-8 is skipped.
pub(super) fn cookies(headers: &HeaderMap) -> Vec<Pair<'_>> {
    let lines = headers.get_all(http::header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    lines.filter_map(|cookie| std::str::from_utf8(cookie).ok()).flat_map(|cookie| pairs(cookie, ';')).collect()
}

impl Encoding {
    /// Reads a parameter of a query, a cookie or a form. `None` if it is absent.
    pub(super) fn read_pairs(&self, name: &str, shape: &Shape, pairs: &[Pair<'_>]) -> Option<Value> {
        let named = |pair: &&Pair<'_>| pair.0 == name;
        if self.style == Style::DeepObject && shape.has(Types::OBJECT) {
            let members = self.deep(name, shape, &pairs.iter().collect::<Vec<_>>(), LEVELS_MAX);
            if members.is_some() || shape.types == Types::OBJECT {
                return members;
            }
        }
        if self.explode && self.style != Style::DeepObject && self.style != Style::Json && shape.has(Types::OBJECT) {
            let found: Vec<_> =
                pairs.iter().filter(|(name, _)| shape.is_member(name)).map(|(name, value)| (name.clone(), *value)).collect();
            return (!found.is_empty()).then(|| self.object(shape, found));
        }
        let mut found = pairs.iter().filter(named).map(|(_, value)| *value);
        if self.explode && shape.has(Types::ARRAY) && self.style != Style::Json {
            let items: Vec<&str> = found.collect();
            return match items.as_slice() {
                [] => None,
                [only] if shape.has(SCALAR) => Some(self.scalar(only, shape)),
                _ => Some(self.list(shape, items)),
            };
        }
        let first = self.read(shape, found.next()?);
        if self.place == Place::Cookie {
            // Cookies of several paths and domains may have one name. Clients send the most specific one first.
            return Some(first);
        }
        // A repeated value is a list, which the check then rejects.
        let others: Vec<Value> = found.map(|text| self.read(shape, text)).collect();
        Some(if others.is_empty() { first } else { std::iter::once(first).chain(others).collect() })
    }

    /// Reads the text of a path parameter. `None` if it does not begin as its style requires.
    pub(super) fn read_path(&self, name: &str, shape: &Shape, text: &str) -> Option<Value> {
        match self.style {
            Style::Label => {
                let text = text.strip_prefix('.')?;
                if !self.explode {
                    Some(self.read(shape, text))
                } else if shape.has(Types::ARRAY) {
                    Some(self.list(shape, text.split('.').collect()))
                } else if shape.has(Types::OBJECT) {
                    Some(self.object(shape, pairs(text, '.')))
                } else {
                    Some(self.scalar(text, shape))
                }
            }
            Style::Matrix => {
                let found = pairs(text.strip_prefix(';')?, ';');
                // An exploded object has the names of its members.
                if !(self.explode && shape.has(Types::OBJECT)) && found.iter().any(|(known, _)| known != name) {
                    return None;
                }
                self.read_pairs(name, shape, &found)
            }
            _ => Some(self.read(shape, text)),
        }
    }

    /// Reads one text.
    pub(super) fn read(&self, shape: &Shape, text: &str) -> Value {
        if self.style == Style::Json {
            let text = self.decoded(text);
            return serde_json::from_str(&text).unwrap_or(Value::String(text));
        }
        if shape.has(Types::ARRAY) {
            let items = self.split(text, Some(shape));
            let is_scalar = items.len() == 1 && shape.has(SCALAR);
            return if is_scalar { self.scalar(text, shape) } else { self.list(shape, items) };
        }
        if shape.has(Types::OBJECT) {
            let parts = self.split(text, None);
            let pairs: Vec<_> = if self.explode {
                let pairs = parts.iter().filter_map(|part| part.split_once('='));
                pairs.map(|(name, value)| (self.decoded(name), value)).collect()
            } else {
                parts.chunks_exact(2).map(|pair| (self.decoded(pair[0]), pair[1])).collect()
            };
            return self.object(shape, pairs);
        }
        self.scalar(text, shape)
    }

    /// Splits a text at the delimiters of the style.
    fn split<'t>(&self, text: &'t str, list: Option<&Shape>) -> Vec<&'t str> {
        let is_text = list.is_none_or(|list| {
            let items = list.places.iter().chain(list.items);
            list.items.is_none() || items.into_iter().any(|item| item.types == Types(0) || item.has(Types::STRING))
        });
        let parts: Vec<&str> = match self.style {
            Style::SpaceDelimited => text.split("%20").flat_map(|part| part.split(['+', ' '])).collect(),
            Style::PipeDelimited => text.split("%7C").flat_map(|part| part.split("%7c")).flat_map(|part| part.split('|')).collect(),
            // Only a string may contain the delimiter in encoded form. Some clients encode all of them.
            _ if !is_text && self.place != Place::Header => {
                text.split("%2C").flat_map(|part| part.split("%2c")).flat_map(|part| part.split(',')).collect()
            }
            _ => text.split(',').collect(),
        };
        // An empty text has one item if an item may be an empty string, because an empty list is not written at all.
        if text.is_empty() && !is_text { Vec::new() } else { parts }
    }

    fn list(&self, shape: &Shape, items: Vec<&str>) -> Value {
        items.into_iter().enumerate().map(|(index, item)| self.scalar(item, shape.item(index))).collect()
    }

    fn object(&self, shape: &Shape, pairs: Vec<Pair<'_>>) -> Value {
        let mut members = serde_json::Map::new();
        for (name, text) in pairs {
            let shape = shape.member(&name);
            match members.get_mut(&name) {
                Some(Value::Array(items)) => items.push(self.scalar(text, shape.item(items.len()))),
                Some(known) => *known = Value::Array(vec![known.take(), self.scalar(text, shape)]),
                None => {
                    let is_list = shape.has(Types::ARRAY) && !text.starts_with('[') && !text.starts_with("%5B");
                    let value = if is_list { self.list(shape, vec![text]) } else { self.scalar(text, shape) };
                    members.insert(name, value);
                }
            }
        }
        Value::Object(members)
    }

    /// The members `name[key]`, and those below them, to a limited depth. There may be very many, so each pair is visited once per level.
    fn deep(&self, name: &str, shape: &Shape, pairs: &[&Pair<'_>], levels: usize) -> Option<Value> {
        let mut by_key: BTreeMap<&str, Vec<&Pair<'_>>> = BTreeMap::new();
        for pair in pairs {
            let inner = pair.0.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')).and_then(|rest| rest.split_once(']'));
            inner.into_iter().for_each(|(key, _)| by_key.entry(key).or_default().push(pair));
        }
        let mut members = serde_json::Map::new();
        for (key, pairs) in by_key {
            let full = format!("{name}[{key}]");
            let shape = shape.member(key);
            let below = levels.checked_sub(1).and_then(|levels| self.deep(&full, shape, &pairs, levels));
            let value = below.or_else(|| {
                let mut texts = pairs.iter().filter(|(pair, _)| *pair == full).map(|(_, text)| *text);
                if shape.has(Types::ARRAY) { Some(self.list(shape, texts.collect())) } else { Some(self.scalar(texts.next()?, shape)) }
            });
            members.extend(value.map(|value| (key.to_owned(), value)));
        }
        (!members.is_empty()).then_some(Value::Object(members))
    }

    /// A value that is not split further. A nested list or object is JSON text.
    fn scalar(&self, text: &str, shape: &Shape) -> Value {
        typed(self.decoded(text), shape)
    }

    fn decoded(&self, text: &str) -> String {
        match self.place {
            Place::Header => text.trim().to_owned(),
            place => decoded(text, place == Place::Query),
        }
    }
}

/// The value that a text represents. If it has none of the shape's types, it stays text, which the check then rejects.
pub(super) fn typed(text: String, shape: &Shape) -> Value {
    let found = if shape.has(Types::STRING) { None } else { parsed(&text, shape) };
    found.unwrap_or(Value::String(text))
}

/// The value that a text represents, if it is not a string.
pub(super) fn parsed(text: &str, shape: &Shape) -> Option<Value> {
    let value = parse(text.as_bytes()).ok()?.root().to_value();
    let is_nested = matches!(value, Value::Array(_) | Value::Object(_));
    match value {
        Value::Number(_) if shape.has(Types::STRING) && !shape.has(Types::INTEGER.or(Types::NUMBER)) => None,
        Value::Bool(_) if shape.has(Types::STRING) && !shape.has(Types::BOOLEAN) => None,
        Value::Null | Value::String(_) => None,
        value => (!is_nested || shape.has(Types::ARRAY.or(Types::OBJECT))).then_some(value),
    }
}

/// The types of values that are neither lists nor objects.
const SCALAR: Types = Types::BOOLEAN.or(Types::INTEGER).or(Types::NUMBER).or(Types::STRING);

/// Whether a percent-encoded text is UTF-8.
pub(super) fn is_utf8(text: &str) -> bool {
    String::from_utf8(decoded_bytes(text, false)).is_ok()
}

pub(super) fn decoded(text: &str, plus_is_space: bool) -> String {
    String::from_utf8_lossy(&decoded_bytes(text, plus_is_space)).into_owned()
}

fn decoded_bytes(text: &str, plus_is_space: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.first_chunk::<2>().filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
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
    bytes
}
