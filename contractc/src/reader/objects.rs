//! The keys of OpenAPI's objects, and the kinds of their values. Unknown keys and values of another kind are reported, because their
//! content would be lost.

use super::Reader;
use super::loose_keywords::{listed, loose_keywords};
use crate::source::{Entry, Map, Node, Value};

/// A kind of object, with the keys that it may have in any version of OpenAPI.
pub(super) struct Object {
    name: &'static str,
    keys: &'static [&'static str],
}

impl Object {
    /// The name with its article.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The keywords of a schema that a parameter or header has next to its own keys.
    pub(super) fn loose_keywords<'n>(&self, node: &'n Node) -> Vec<&'n Entry> {
        let has_schema = self.keys.contains(&"schema") && self.keys.contains(&"style");
        if has_schema { loose_keywords(node, self.keys) } else { Vec::new() }
    }
}

/// Keys that OpenAPI 3.2 adds to objects and that the reader does not use.
const ADDED: [&str; 7] = ["additionalOperations", "defaultMapping", "itemEncoding", "itemSchema", "mediaTypes", "prefixEncoding", "query"];

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

/// A header's key already states its name and location. Repeating them does no harm.
pub(super) const HEADER: Object = Object { name: "a header", keys: PARAMETER.keys };

pub(super) const REQUEST_BODY: Object = Object { name: "a request body", keys: &["content", "description", "required"] };

pub(super) const RESPONSE: Object = Object { name: "a response", keys: &["content", "description", "headers", "links", "summary"] };

pub(super) const MEDIA_TYPE: Object = Object { name: "a media type", keys: &["encoding", "example", "examples", "schema"] };

pub(super) const ENCODING: Object = Object { name: "an encoding", keys: &["allowReserved", "contentType", "explode", "headers", "style"] };

pub(super) const DISCRIMINATOR: Object = Object { name: "a discriminator", keys: &["mapping", "propertyName"] };

pub(super) const EXAMPLE: Object =
    Object { name: "an example", keys: &["dataValue", "description", "externalValue", "serializedValue", "summary", "value"] };

pub(super) const SECURITY_SCHEME: Object = Object {
    name: "a security scheme",
    keys: &["bearerFormat", "deprecated", "description", "flows", "in", "name", "oauth2MetadataUrl", "openIdConnectUrl", "scheme", "type"],
};

/// The hint for a value that a comma cut off.
pub(super) const CUT_TEXT: &str = "quote a text that contains a comma: within braces, a comma ends the value";

/// The whole document.
pub(super) const DOCUMENT: Object = Object {
    name: "the document",
    keys: &[
        "$self",
        "components",
        "externalDocs",
        "info",
        "jsonSchemaDialect",
        "openapi",
        "paths",
        "security",
        "servers",
        "tags",
        "webhooks",
    ],
};

pub(super) const INFO: Object =
    Object { name: "`info`", keys: &["contact", "description", "license", "summary", "termsOfService", "title", "version"] };

pub(super) const COMPONENTS: Object = Object {
    name: "`components`",
    keys: &[
        "$ref",
        "callbacks",
        "examples",
        "headers",
        "links",
        "parameters",
        "pathItems",
        "requestBodies",
        "responses",
        "schemas",
        "securitySchemes",
    ],
};

/// The kind of value that a key has.
#[derive(Clone, Copy)]
enum Holds {
    /// Any value, or one that is checked where it is read.
    Anything,
    /// A list.
    List,
    /// A list of mappings.
    Mappings,
    /// A list of mappings from the names of security schemes to lists.
    Security,
    /// A mapping.
    Mapping,
    /// A mapping from names to mappings.
    Named,
}

impl Object {
    fn holds(&self, key: &str) -> Holds {
        match key {
            _ if key.starts_with("x-") => Holds::Anything,
            _ if !self.keys.contains(&key) => Holds::Anything,
            "tags" => Holds::List,
            "parameters" | "servers" => Holds::Mappings,
            "security" => Holds::Security,
            "callbacks" | "content" | "encoding" | "headers" | "paths" | "responses" | "webhooks" => Holds::Named,
            "components" | "delete" | "flows" | "get" | "head" | "info" | "mapping" | "options" | "patch" | "post" | "put"
            | "requestBody" | "trace" => Holds::Mapping,
            _ => Holds::Anything,
        }
    }
}

impl Reader<'_> {
    /// Rejects values of another kind than the object's keys have.
    pub(super) fn kinds_of_values(&mut self, node: &Node, object: &Object) {
        for Entry { key, node: value, .. } in node.as_map().into_iter().flat_map(Map::iter) {
            self.kind_of_value(key, value, object.holds(key));
        }
    }

    /// Rejects sections of `components` that are not mappings by name.
    pub(super) fn kinds_of_sections(&mut self, components: &Node) {
        self.report_unknown(components, &COMPONENTS);
        let sections = components.as_map().into_iter().flat_map(Map::iter).filter(|entry| !entry.key.starts_with("x-"));
        for Entry { key, node: section, .. } in sections {
            // A schema may be `true` or `false`.
            self.kind_of_value(key, section, if key == "schemas" { Holds::Mapping } else { Holds::Named });
        }
    }

    fn kind_of_value(&mut self, key: &str, value: &Node, holds: Holds) {
        match holds {
            Holds::Anything => {}
            Holds::List => self.expect_list(key, value),
            Holds::Mappings => {
                self.expect_list(key, value);
                value.as_list().into_iter().flatten().for_each(|item| self.expect_mapping(key, item));
            }
            Holds::Security => {
                self.expect_list(key, value);
                for item in value.as_list().into_iter().flatten() {
                    self.expect_mapping(key, item);
                    item.as_map().into_iter().flat_map(Map::iter).for_each(|scopes| self.expect_list(&scopes.key, &scopes.node));
                }
            }
            Holds::Mapping => self.expect_mapping(key, value),
            Holds::Named => {
                self.expect_mapping(key, value);
                // A reference stands in the place of the whole mapping.
                let named = value.as_map().filter(|_| value.get("$ref").is_none()).into_iter().flat_map(Map::iter);
                // A key of `paths` that is not a path is ignored.
                let is_read = |name: &str| if key == "paths" { name.starts_with('/') } else { !name.starts_with("x-") };
                named.filter(|entry| is_read(&entry.key)).for_each(|entry| self.expect_mapping(&entry.key, &entry.node));
            }
        }
    }

    fn expect_list(&mut self, key: &str, value: &Node) {
        if !matches!(value.value, Value::List(_) | Value::Null) {
            self.wrong_kind(key, value, "a list");
        }
    }

    /// An empty list is a mapping too: PHP writes an empty array in this way.
    fn expect_mapping(&mut self, key: &str, value: &Node) {
        if !matches!(&value.value, Value::Map(_) | Value::Null) && !value.as_list().is_some_and(<[Node]>::is_empty) {
            self.wrong_kind(key, value, "a mapping");
        }
    }

    /// Rejects a value, or ignores it if generated code does not depend on it.
    fn wrong_kind(&mut self, key: &str, value: &Node, expected: &str) {
        let found = value.kind();
        if key == "servers" {
            self.diagnostics.warning(value.span, format!("ignored `{key}`: expected {expected}, found {found}"));
        } else {
            self.diagnostics.error(value.span, format!("invalid `{key}`: expected {expected}, found {found}"));
        }
    }

    /// Whether a key has no value, not even a written `null`.
    pub(super) fn is_left_out(&self, node: &Node) -> bool {
        let written = self.sources.file(node.span.file).and_then(|file| file.text.get(node.span.range()));
        matches!(node.value, Value::Null) && !written.is_some_and(|text| text == "~" || text.eq_ignore_ascii_case("null"))
    }

    /// Warns of the keys that an object of this kind does not have, and rejects values of another kind.
    pub(super) fn unknown_keys(&mut self, node: &Node, object: &Object) {
        self.kinds_of_values(node, object);
        self.report_unknown(node, object);
    }

    fn report_unknown(&mut self, node: &Node, object: &Object) {
        let is_reference = node.get("$ref").is_some() && !object.keys.contains(&"$ref");
        let object = if is_reference { &REFERENCE } else { object };
        let loose = object.loose_keywords(node);
        // Without a schema, the message about that names them.
        let has_schema = node.get("schema").is_some() || node.get("content").is_some();
        if let Some(first) = loose.first().filter(|_| has_schema) {
            let message = format!("ignored {}: keywords of a schema belong to it, and not to {}", listed(&loose), object.name);
            self.diagnostics.warning(first.key_span, message).hint("write them in its `schema`");
        }
        for entry in node.as_map().into_iter().flat_map(Map::iter) {
            let key = entry.key.as_str();
            if key.starts_with("x-") || object.keys.contains(&key) || loose.iter().any(|known| known.key == key) {
                continue;
            }
            if self.is_left_out(&entry.node) {
                let message = format!("ignored unknown key `{key}` without a value");
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
