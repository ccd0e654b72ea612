//! The keys of OpenAPI's objects. An unknown key is reported, because its content would be lost.

use super::Reader;
use crate::source::{Map, Node, Value};

/// A kind of object, with the keys that it may have in any version of OpenAPI.
pub(super) struct Object {
    name: &'static str,
    keys: &'static [&'static str],
}

/// Keys that OpenAPI 3.2 adds to objects and that the reader does not use.
const ADDED: [&str; 5] = ["additionalOperations", "itemEncoding", "itemSchema", "prefixEncoding", "query"];

/// A reference in place of an object. All other keys are ignored.
const REFERENCE: Object = Object { name: "a reference", keys: &["$ref", "description", "summary"] };

pub(super) const PATH_ITEM: Object = Object {
    name: "a path item",
    keys: &["$ref", "delete", "description", "get", "head", "options", "parameters", "patch", "post", "put", "servers", "summary", "trace"],
};

pub(super) const OPERATION: Object = Object {
    name: "an operation",
    keys: &[
        "callbacks",
        "deprecated",
        "description",
        "externalDocs",
        "operationId",
        "parameters",
        "requestBody",
        "responses",
        "security",
        "servers",
        "summary",
        "tags",
    ],
};

pub(super) const PARAMETER: Object = Object {
    name: "a parameter",
    keys: &[
        "allowEmptyValue",
        "allowReserved",
        "content",
        "deprecated",
        "description",
        "example",
        "examples",
        "explode",
        "in",
        "name",
        "required",
        "schema",
        "style",
    ],
};

/// The place where a header is listed already gives its name and place. Repeating them does no harm.
pub(super) const HEADER: Object = Object { name: "a header", keys: PARAMETER.keys };

pub(super) const REQUEST_BODY: Object = Object { name: "a request body", keys: &["content", "description", "required"] };

pub(super) const RESPONSE: Object = Object { name: "a response", keys: &["content", "description", "headers", "links", "summary"] };

pub(super) const MEDIA_TYPE: Object = Object { name: "a media type", keys: &["encoding", "example", "examples", "schema"] };

pub(super) const ENCODING: Object = Object { name: "an encoding", keys: &["allowReserved", "contentType", "explode", "headers", "style"] };

pub(super) const EXAMPLE: Object =
    Object { name: "an example", keys: &["dataValue", "description", "externalValue", "serializedValue", "summary", "value"] };

pub(super) const SECURITY_SCHEME: Object = Object {
    name: "a security scheme",
    keys: &["bearerFormat", "deprecated", "description", "flows", "in", "name", "oauth2MetadataUrl", "openIdConnectUrl", "scheme", "type"],
};

/// The hint for a value that a comma cut off.
pub(super) const CUT_TEXT: &str = "quote a text that contains a comma: within braces, a comma ends the value";

impl Reader<'_> {
    /// Warns of the keys that an object of this kind does not have.
    pub(super) fn unknown_keys(&mut self, node: &Node, object: &Object) {
        let object = if node.get("$ref").is_some() { &REFERENCE } else { object };
        for entry in node.as_map().into_iter().flat_map(Map::iter) {
            let key = entry.key.as_str();
            if key.starts_with("x-") || object.keys.contains(&key) {
                continue;
            }
            if matches!(entry.node.value, Value::Null) {
                let message = format!("ignored key `{key}`: it is unknown and has no value");
                self.diagnostics.warning(entry.key_span, message).hint(CUT_TEXT);
                continue;
            }
            let distance = |known: &&str| strsim::damerau_levenshtein(&known.to_lowercase(), &key.to_lowercase());
            let meant =
                object.keys.iter().copied().min_by_key(distance).filter(|known| distance(known) <= if key.len() < 6 { 1 } else { 2 });
            if ADDED.contains(&key) {
                let message = format!("ignored key `{key}`: OpenAPI 3.2 adds it, and documents are read as OpenAPI 3.1");
                self.diagnostics.warning(entry.key_span, message);
                continue;
            }
            let message = format!("ignored key `{key}`: {} has no such key", object.name);
            let diagnostic = self.diagnostics.warning(entry.key_span, message);
            if let Some(meant) = meant {
                diagnostic.hint(format!("did you mean `{meant}`?"));
            }
        }
    }
}
