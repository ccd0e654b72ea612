//! Compares two versions of a contract: what a change breaks, for requests or for responses, and where it stands.
//!
//! Clients keep old contracts for months. A change breaks *requests* if the new contract refuses what old clients may send, and
//! *responses* if it lets the server answer what old clients refuse. Schemas are judged by the direction in which they are used, those
//! that no operation uses by both.
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
//! assert_eq!(changes[0].message, "`maxLength` was 9 and is 5");
//! assert!(changes[0].breaks_requests && !changes[0].breaks_responses);
//! ```

mod operations;
mod schemas;
mod view;

use crate::model::Contract;
use crate::source::{Sources, Span};

/// A difference between two versions of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The new contract refuses what old clients may send.
    pub breaks_requests: bool,
    /// The new contract lets the server answer what old clients refuse.
    pub breaks_responses: bool,
    /// What it is a change of, as a JSON pointer with `#`.
    pub pointer: String,
    /// Where it stands.
    pub span: Span,
    /// Whether the place is one of the old document, since the new one has nothing there.
    pub is_gone: bool,
    /// What was, and what is.
    pub message: String,
}

impl Change {
    /// Whether it breaks old clients.
    pub fn is_breaking(&self) -> bool {
        self.breaks_requests || self.breaks_responses
    }

    /// `breaking for requests`, and so on.
    pub fn class(&self) -> &'static str {
        match (self.breaks_requests, self.breaks_responses) {
            (true, true) => "breaking",
            (true, false) => "breaking for requests",
            (false, true) => "breaking for responses",
            (false, false) => "safe",
        }
    }

    /// A line for a person, with file, line and column.
    pub fn line(&self, old: &Sources, new: &Sources) -> String {
        let sources = if self.is_gone { old } else { new };
        format!("{}: {} {}: {}", self.class(), place(sources, self.span), self.pointer, self.message)
    }
}

/// `openapi.yaml:12:5`
fn place(sources: &Sources, span: Span) -> String {
    let Some(file) = sources.file(span.file) else { return String::new() };
    let start = span.range().start;
    let line = file.lines.partition_point(|from| *from <= start).max(1);
    let from = file.lines.get(line - 1).copied().unwrap_or_default();
    let column = file.text.get(from..start).map_or(0, |text| text.chars().count()) + 1;
    format!("{}:{line}:{column}", file.name)
}

/// All changes from `old` to `new`, breaking ones first, otherwise by place.
pub fn compare(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut comparison = schemas::Comparison::new(old, new);
    comparison.operations();
    comparison.drain();
    comparison.named_schemas();
    comparison.collections();
    let mut changes = comparison.finish();
    changes.sort_by_key(|change| (!change.is_breaking(), change.span.file, change.span.range().start, change.message.clone()));
    changes
}
