//! The kind of the keys of a mapping: words of OpenAPI and JSON Schema, names that the author chose, or data.

use crate::source::{Node, Value};

/// The kind of the keys of a mapping.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Keys {
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

/// The keywords whose value is data. A `$ref` in it is an ordinary member.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "value"];

impl Keys {
    /// The kind of the keys in the value of a key; `None` if the value is data.
    pub(super) fn within(self, key: &str, value: &Node) -> Option<Keys> {
        match self {
            // The examples of a schema are a list of values; those of OpenAPI are named and can be references.
            Keys::Words if DATA.contains(&key) || key == "examples" && matches!(value.value, Value::List(_)) => None,
            Keys::Words if NAMED.contains(&key) => Some(Keys::Names),
            _ => Some(Keys::Words),
        }
    }
}
