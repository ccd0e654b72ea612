//! Reads `x-rust-type`, which names an existing Rust type. It is the extension of typify, without type parameters.

use super::Reader;
use crate::model::RustType;
use crate::source::Node;

/// The members of the extension.
const MEMBERS: [&str; 5] = ["crate", "version", "features", "path", "parameters"];

impl Reader<'_> {
    pub(super) fn rust_type(&mut self, node: &Node) -> Option<RustType> {
        for entry in node.as_map().into_iter().flat_map(|map| map.iter()).filter(|entry| !MEMBERS.contains(&entry.key.as_str())) {
            let message = format!("unknown member `{}` of `x-rust-type`; available: {}", entry.key, MEMBERS.join(", "));
            self.diagnostics.error(entry.key_span, message);
        }
        if let Some(parameters) = node.get("parameters") {
            let message = "`x-rust-type` has `parameters`, which are not supported";
            self.diagnostics.error(parameters.span, message).hint("declare a type alias with the parameters, and name it in `path`");
            return None;
        }
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        let (Some(krate), Some(version), Some(path)) = (text("crate"), text("version"), text("path")) else {
            let message = "`x-rust-type` needs `crate`, `version` and `path`, each a string";
            self.diagnostics
                .error(node.span, message)
                .hint("for example: { crate: uuid, version: '1', path: 'uuid::Uuid', features: [serde] }");
            return None;
        };
        let features: Vec<&str> =
            node.get("features").and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_str).collect();
        let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
        let is_path = segments.len() > 1 && segments.iter().all(|segment| is_identifier(segment));
        if !is_path || segments[0] != krate.replace('-', "_") {
            let message = format!("the path `{path}` of `x-rust-type` is not the path of a type in the crate `{krate}`");
            self.diagnostics
                .error(node.get("path").map_or(node.span, |place| place.span), message)
                .hint("start it with the crate: `uuid::Uuid`");
            return None;
        }
        // They are written to a manifest.
        let is_plain =
            |text: &str| !text.is_empty() && text.chars().all(|character| character.is_ascii_graphic() && !"\"\\".contains(character));
        if !is_plain(&version.replace(' ', "")) || !features.iter().all(|feature| is_plain(feature)) {
            let message = format!("the version `{version}` or a feature of `x-rust-type` cannot be written in a manifest");
            self.diagnostics.error(node.span, message).hint("write a version as Cargo.toml does: `1.2`");
            return None;
        }
        let features = features.into_iter().map(str::to_owned).collect();
        Some(RustType { krate: krate.to_owned(), version: version.to_owned(), features, path: segments })
    }

    /// Reports schemas that the named type cannot represent. They are checked once all schemas are known.
    pub(in crate::reader) fn check_rust_types(&mut self) {
        let named: Vec<usize> =
            (0..self.contract.schemas.len()).filter(|index| self.contract.schemas[*index].rust_type.is_some()).collect();
        for index in named {
            let id = crate::model::SchemaId(index);
            let span = self.contract.schema(id).span;
            if self.contract.collections.iter().any(|collection| self.contract.resolved(collection.schema) == id) {
                self.diagnostics
                    .error(span, "unsupported `x-rust-type`: sync reads the members of a collection's schema")
                    .hint("put it on the schema of a member");
            } else if crate::interpret::validate(&self.contract, id, b"null").is_ok() {
                self.diagnostics
                    .error(span, "unsupported `x-rust-type`: the schema accepts null")
                    .hint("put it on a separate schema without null, and combine that schema with null where it is used");
            }
        }
    }
}

fn is_identifier(segment: &str) -> bool {
    let is_word = segment.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    is_word && segment.starts_with(|first: char| first.is_ascii_alphabetic())
}
