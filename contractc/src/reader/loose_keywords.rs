//! Keywords of a schema that stand in a parameter or header itself, as in Swagger 2, and the hint that shows where they belong.

use super::schemas::keywords::known_keyword;
use crate::source::{Entry, Map, Node, Value};

/// The keyword of Swagger 2 for how a list is written.
const COLLECTION_FORMAT: &str = "collectionFormat";

/// The keywords of a schema among the entries of an object with these keys, in the order of the document.
pub(super) fn loose_keywords<'n>(node: &'n Node, keys: &[&str]) -> Vec<&'n Entry> {
    let entries = node.as_map().into_iter().flat_map(Map::iter);
    let mut found: Vec<&Entry> = entries.filter(|entry| is_loose(entry, keys)).collect();
    found.sort_by_key(|entry| entry.key_span);
    found
}

/// A keyword without a value may be text that a comma cut off.
fn is_loose(entry: &Entry, keys: &[&str]) -> bool {
    !keys.contains(&entry.key.as_str()) && is_keyword(&entry.key) && !matches!(entry.node.value, Value::Null)
}

fn is_keyword(key: &str) -> bool {
    key == COLLECTION_FORMAT || (known_keyword(key).is_some() && !key.starts_with("x-") && key != "$ref")
}

/// The keywords as text.
pub(super) fn listed(keywords: &[&Entry]) -> String {
    keywords.iter().map(|entry| format!("`{}`", entry.key)).collect::<Vec<_>>().join(", ")
}

/// The message about a parameter or header without a schema.
pub(super) fn without_schema(owner: &str, keywords: &[&Entry]) -> String {
    let ignored = if keywords.is_empty() { String::new() } else { format!("; ignored {}", listed(keywords)) };
    format!("{owner} has no `schema`: it is a string{ignored}")
}

/// How to write the keywords in the parameter's schema, and `collectionFormat` as a style.
pub(super) fn hint(keywords: &[&Entry]) -> String {
    let of_schema: Vec<String> = keywords
        .iter()
        .filter(|entry| entry.key != COLLECTION_FORMAT)
        .map(|entry| format!("{}: {}", entry.key, flow(&entry.node)))
        .collect();
    let schema = if of_schema.is_empty() { "type: string".to_owned() } else { of_schema.join(", ") };
    let format = keywords.iter().find(|entry| entry.key == COLLECTION_FORMAT).and_then(|entry| entry.node.as_str());
    let style = match format {
        Some("csv") => ", and `explode: false` beside it",
        Some("ssv") => ", and `style: spaceDelimited, explode: false` beside it",
        Some("pipes") => ", and `style: pipeDelimited, explode: false` beside it",
        Some("multi") => ", and `explode: true` beside it",
        _ => "",
    };
    format!("write `schema: {{ {schema} }}`{style}")
}

/// The entries of a mapping in the order of the document.
fn in_order(map: &Map) -> impl Iterator<Item = &Entry> {
    let mut entries: Vec<&Entry> = map.iter().collect();
    entries.sort_by_key(|entry| entry.key_span);
    entries.into_iter()
}

/// A value in YAML's flow style.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let members: Vec<String> = in_order(map).map(|entry| format!("{}: {}", plain(&entry.key), flow(&entry.node))).collect();
            if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
        }
        Value::String(text) => plain(text),
        _ => node.to_json().to_string(),
    }
}

/// A string without quotes if YAML reads it as the same string.
fn plain(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|next| next.is_ascii_alphanumeric() || next == '-' || next == '_');
    let is_other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if is_word && !is_other { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
