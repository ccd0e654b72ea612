//! Findings about a document: collected, never printed or thrown, shown all at once with their place and the line itself.

use codespan_reporting::diagnostic::{Diagnostic as Shown, Label, Severity as Level};
use codespan_reporting::files::{Error as FileError, Files};
use codespan_reporting::term;

use crate::source::{Sources, Span};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The document is compiled, with what the message says.
    Warning,
    /// Nothing is generated.
    Error,
}

/// One finding, with its place in the document.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Whether it stops the run.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// What was found, and what is accepted.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// The findings of one run.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
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
        let known = self.list.iter().position(|seen| seen.span == span && seen.message == message);
        let index = known.unwrap_or(self.list.len());
        if known.is_none() {
            self.list.push(Diagnostic { severity, span, message, hint: None });
        }
        &mut self.list[index]
    }

    /// Whether nothing may be generated.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All findings, by place.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut list: Vec<_> = self.list.iter().collect();
        list.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.severity));
        list
    }

    /// All findings as text: message, `file:line:column`, the line, and the hint.
    pub fn render(&self, sources: &Sources) -> String {
        let mut text = String::new();
        for diagnostic in self.sorted() {
            text.push_str(&diagnostic.render(sources));
        }
        text
    }
}

impl Diagnostic {
    /// Adds what to do next.
    pub fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }

    fn render(&self, sources: &Sources) -> String {
        let level = match self.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        };
        let shown = Shown::new(level)
            .with_message(&self.message)
            .with_labels(vec![Label::primary(self.span.file, self.span.range())])
            .with_notes(self.hint.iter().map(|hint| format!("hint: {hint}")).collect());
        term::emit_into_string(&term::Config::default(), sources, &shown)
            .unwrap_or_else(|error| format!("error: {} (cannot show its place: {error})\n", self.message))
    }
}

impl<'a> Files<'a> for Sources {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, FileError> {
        self.file(id).map(|file| file.name.as_str()).ok_or(FileError::FileMissing)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, FileError> {
        self.file(id).map(|file| file.text.as_str()).ok_or(FileError::FileMissing)
    }

    fn line_index(&'a self, id: usize, byte: usize) -> Result<usize, FileError> {
        let file = self.file(id).ok_or(FileError::FileMissing)?;
        Ok(file.lines.partition_point(|start| *start <= byte).saturating_sub(1))
    }

    fn line_range(&'a self, id: usize, line: usize) -> Result<std::ops::Range<usize>, FileError> {
        let file = self.file(id).ok_or(FileError::FileMissing)?;
        let max = file.lines.len();
        let start = *file.lines.get(line).ok_or(FileError::LineTooLarge { given: line, max })?;
        Ok(start..file.lines.get(line + 1).copied().unwrap_or(file.text.len()))
    }
}
