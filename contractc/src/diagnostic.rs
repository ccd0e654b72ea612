//! Diagnostics about a document. They are collected, and [`crate::render`] prints them.

use std::collections::BTreeMap;

use crate::span::Span;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The document is compiled, with the interpretation that the message states.
    Warning,
    /// Nothing is generated.
    Error,
}

/// A diagnostic, with its position in the document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether it prevents generation.
    pub severity: Severity,
    /// The position.
    pub span: Span,
    /// What was found, and what is accepted.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// The diagnostics of one run, without duplicates.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// The index of each diagnostic in `list`.
    known: BTreeMap<(Span, String), usize>,
}

impl Diagnostics {
    /// Records an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, span, message.into())
    }

    /// Records a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, span, message.into())
    }

    fn add(&mut self, severity: Severity, span: Span, message: String) -> &mut Diagnostic {
        let next = self.list.len();
        let index = *self.known.entry((span, message.clone())).or_insert(next);
        if index == next {
            self.list.push(Diagnostic { severity, span, message, hint: None });
        }
        &mut self.list[index]
    }

    /// Adds the diagnostics of an attempt whose result is used.
    pub(crate) fn extend(&mut self, others: Diagnostics) {
        for Diagnostic { severity, span, message, hint } in others.list {
            self.add(severity, span, message).hint = hint;
        }
    }

    /// Whether there are errors, which prevent generation.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All diagnostics, ordered by position.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut list: Vec<_> = self.list.iter().collect();
        list.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.severity));
        list
    }
}

impl Diagnostic {
    /// Sets the hint, which says what to do next.
    pub fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }
}
