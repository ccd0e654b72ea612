//! Checks the values that a schema states in `default`, `const` and `enum` against its other keywords.

use super::{Located, Reader};
use crate::interpret;
use crate::model::SchemaId;
use crate::source::Node;

/// A value that a keyword of a schema states.
pub(super) struct Stated<'a> {
    schema: SchemaId,
    keyword: &'static str,
    node: &'a Node,
}

impl<'a> Reader<'a> {
    /// Records the values that a keyword states. They are checked once all schemas are known.
    pub(super) fn note_stated(&mut self, schema: SchemaId, keyword: &str, value: &Located<'a>) {
        let mut note = |keyword, node| self.stated.push(Stated { schema, keyword, node });
        match keyword {
            "default" => note("default", value.node),
            "const" => note("const", value.node),
            "enum" => value.node.as_list().unwrap_or_default().iter().for_each(|item| note("enum", item)),
            _ => {}
        }
    }

    /// Warns of each stated value that its schema rejects.
    pub(super) fn check_stated(&mut self) {
        for Stated { schema, keyword, node } in std::mem::take(&mut self.stated) {
            // Every value of an enum is in the enum, and searching for each of them would take long.
            let listed = if keyword == "enum" { self.contract.schemas[schema.0].enumeration.take() } else { None };
            let result = interpret::validate(&self.contract, schema, node.to_json().to_string().as_bytes());
            if listed.is_some() {
                self.contract.schemas[schema.0].enumeration = listed;
            }
            let Err(report) = result else { continue };
            let Some(first) = report.violations.first() else { continue };
            let place = if first.pointer.is_empty() { String::new() } else { format!(" at `{}`", first.pointer) };
            let message = format!("this value of `{keyword}` is not valid{place}: it {}", first.message);
            self.diagnostics.warning(node.span, message);
        }
    }
}
