//! Compares two versions of a contract: finds which changes are breaking, for requests or for responses, and where they are.
//!
//! Clients keep old contracts for months. A change breaks *requests* if the new contract rejects values that old clients may send. It
//! breaks *responses* if the server may send values that old clients reject. A schema is compared for the directions in which operations
//! use it; a schema that no operation uses is compared for both.
//!
//! ```
//! use contractc::{Compilation, diff};
//!
//! let contract = |max: u32| {
//!     let schema = format!("components: {{schemas: {{Name: {{type: string, maxLength: {max}}}}}}}");
//!     Compilation::from_text("demo.yaml", format!("openapi: 3.1.0\ninfo: {{title: Demo, version: '1'}}\n{schema}").as_bytes())
//! };
//! let (old, new) = (contract(9), contract(5));
//! let changes = diff::compare(old.contract.as_ref().unwrap(), new.contract.as_ref().unwrap());
//! assert_eq!(changes[0].message, "`maxLength` changed from 9 to 5");
//! assert!(changes[0].breaks_requests && !changes[0].breaks_responses);
//! ```

mod bounds;
mod evaluated;
mod forms;
mod media;
mod members;
mod operations;
mod parts;
mod proof;
mod schemas;
mod security;
mod unions;
mod words;

use crate::model::Contract;
use crate::source::{Sources, Span};

/// A difference between two versions of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The new contract rejects values that old clients may send.
    pub breaks_requests: bool,
    /// The new contract lets the server send values that old clients reject.
    pub breaks_responses: bool,
    /// The changed element, as a JSON pointer with `#`.
    pub pointer: String,
    /// The location of the change.
    pub span: Span,
    /// Whether `span` points into the old document, because the new one has no such element.
    pub is_gone: bool,
    /// The old and the new state.
    pub message: String,
}

impl Change {
    /// Whether the change breaks old clients.
    pub fn is_breaking(&self) -> bool {
        self.breaks_requests || self.breaks_responses
    }

    /// A label such as `breaking for requests`.
    pub fn class(&self) -> &'static str {
        match (self.breaks_requests, self.breaks_responses) {
            (true, true) => "breaking",
            (true, false) => "breaking for requests",
            (false, true) => "breaking for responses",
            (false, false) => "safe",
        }
    }

    /// One line of output for a person, with file, line and column.
    pub fn line(&self, old: &Sources, new: &Sources) -> String {
        let sources = if self.is_gone { old } else { new };
        format!("{}: {} {}: {}", self.class(), place(sources, self.span), self.pointer, self.message)
    }
}

/// A location such as `openapi.yaml:12:5`.
fn place(sources: &Sources, span: Span) -> String {
    let Some(file) = sources.file(span.file) else { return String::new() };
    let start = span.range().start;
    let line = file.lines.partition_point(|from| *from <= start).max(1);
    let from = file.lines.get(line - 1).copied().unwrap_or_default();
    let column = file.text.get(from..start).map_or(0, |text| text.chars().count()) + 1;
    format!("{}:{line}:{column}", file.name)
}

/// All changes from `old` to `new`: breaking changes first, then by location.
pub fn compare(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut comparison = schemas::Comparison::new(old, new);
    comparison.security_schemes();
    comparison.operations();
    comparison.drain();
    comparison.named_schemas();
    comparison.collections();
    comparison.texts();
    let mut changes = comparison.finish();
    changes.sort_by_key(|change| (!change.is_breaking(), change.span.file, change.span.range().start, change.message.clone()));
    changes
}
