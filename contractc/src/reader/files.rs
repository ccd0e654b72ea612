//! Loads the files that references name.

use crate::diagnostic::Diagnostics;
use crate::source::{Node, Sources, Span, Value};

/// Loads every file that a reference names, recursively.
pub(super) fn load_references(root: usize, sources: &mut Sources, diagnostics: &mut Diagnostics) {
    let mut next = root;
    // Files are numbered in the order in which they are found, so the walk ends after the last number.
    while let Some(node) = sources.root(next) {
        let mut found = Vec::new();
        external_references(node, Keys::Words, &mut found);
        for (reference, span) in found {
            let path = sources.resolve(next, &percent_decoded(&reference));
            if reference.contains("://") {
                diagnostics
                    .error(span, format!("cannot follow `{reference}`: references to the network are not supported"))
                    .hint("save a copy next to this document and refer to the copy");
            } else if let Err(error) = sources.load(&path, diagnostics) {
                diagnostics.error(span, format!("cannot read `{}`: {error}", path.display()));
            }
        }
        next += 1;
        while sources.file(next).is_some() && sources.root(next).is_none() {
            next += 1;
        }
    }
}

/// What the keys of a mapping are.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    /// Words of OpenAPI or JSON Schema.
    Words,
    /// Names that the author of the document chose.
    Names,
}

/// The keywords whose value is a mapping by name.
const NAMED: [&str; 21] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "encoding",
    "headers",
    "links",
    "mapping",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
    "webhooks",
    "examples",
];

/// The keywords whose value is data: a `$ref` in it is a member like any other.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "value"];

fn external_references(node: &Node, keys: Keys, found: &mut Vec<(String, Span)>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|item| external_references(item, Keys::Words, found)),
        Value::Map(map) => {
            for entry in map.iter() {
                let (key, is_word) = (entry.key.as_str(), keys == Keys::Words);
                let file = entry.node.as_str().and_then(|text| text.split('#').next()).filter(|file| !file.is_empty());
                match file {
                    Some(file) if key == "$ref" => found.push((file.to_owned(), entry.node.span)),
                    // The examples of a schema are a list of values; those of OpenAPI are named and can be references.
                    _ if is_word && (DATA.contains(&key) || key == "examples" && entry.node.as_list().is_some()) => {}
                    _ if is_word && NAMED.contains(&key) => external_references(&entry.node, Keys::Names, found),
                    _ => external_references(&entry.node, Keys::Words, found),
                }
            }
        }
        _ => {}
    }
}

/// The text of a URI without its escapes.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match code {
            Some(code) if first == b'%' => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
