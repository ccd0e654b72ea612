//! Renders diagnostics for a person: the message, `file:line:column`, the line or an excerpt of it, and the hint. The text stays short
//! enough to read, regardless of the number of diagnostics and the length of lines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic as Report, Label, Severity as Level};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::source::{File, Sources};

/// The default maximum number of diagnostics to show.
pub const DIAGNOSTICS_MAX: usize = 100;
/// How many diagnostics with the same message are shown. The others are counted.
const EQUAL_DIAGNOSTICS_MAX: usize = 3;
/// A longer line is cut to an excerpt of this many characters.
const WINDOW_WIDTH: usize = 160;
/// How many characters of the excerpt precede the position.
const WINDOW_BEFORE: usize = 60;

/// At most `max` diagnostics as text, and the number of the others. If not all can be shown, errors take precedence over warnings.
pub fn diagnostics(diagnostics: &Diagnostics, sources: &Sources, max: usize) -> String {
    let sorted = diagnostics.sorted();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown: Vec<(usize, &Diagnostic)> = Vec::new();
    for diagnostic in &sorted {
        let count = counts.entry(&diagnostic.message).or_default();
        *count += 1;
        if *count <= EQUAL_DIAGNOSTICS_MAX {
            shown.push((*count, diagnostic));
        }
    }
    let distinct = shown.len();
    if distinct > max {
        let (errors, warnings): (Vec<_>, Vec<_>) = shown.into_iter().partition(|(_, found)| found.severity == Severity::Error);
        shown = errors.into_iter().chain(warnings).take(max).collect();
        shown.sort_by_key(|(_, diagnostic)| (diagnostic.span, diagnostic.severity));
    }
    let mut text = String::new();
    for (number, diagnostic) in &shown {
        let equal = counts.get(diagnostic.message.as_str()).copied().unwrap_or(0).saturating_sub(EQUAL_DIAGNOSTICS_MAX);
        let more = if *number == EQUAL_DIAGNOSTICS_MAX { equal } else { 0 };
        text.push_str(&render(diagnostic, sources, more));
    }
    if distinct > shown.len() {
        let _ = writeln!(text, "… and {} more diagnostics (`--max-findings` shows more)", distinct - shown.len());
    }
    text
}

/// Renders one diagnostic. `more` is the number of others with the same message.
fn render(diagnostic: &Diagnostic, sources: &Sources, more: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    };
    let file = sources.file(diagnostic.span.file);
    let held = file.filter(|file| file.is_held());
    let mut notes: Vec<String> =
        held.and_then(|file| file.pointer(&diagnostic.span)).map(|pointer| format!("at {pointer}")).into_iter().collect();
    notes.extend(diagnostic.hint.iter().map(|hint| format!("hint: {hint}")));
    if more > 0 {
        notes.push(format!("… and {more} more like this"));
    }
    let mut report = Report::new(level).with_message(&diagnostic.message).with_notes(notes);
    let excerpt = file.filter(|file| !file.is_held()).map(|file| Excerpt::new(file, diagnostic.span.range()));
    if let Some(excerpt) = &excerpt {
        report = report.with_labels(vec![Label::primary((), excerpt.range.clone())]);
    }
    term::emit_into_string(&term::Config::default(), &excerpt.unwrap_or_default(), &report)
        .unwrap_or_else(|error| format!("error: {} (cannot show its location: {error})\n", diagnostic.message))
}

/// The line of a diagnostic, or an excerpt of it, with its line and column numbers in the file.
#[derive(Default)]
struct Excerpt {
    name: String,
    text: String,
    /// The range of the diagnostic in `text`.
    range: Range<usize>,
    line: usize,
    column: usize,
}

impl Excerpt {
    fn new(file: &File, place: Range<usize>) -> Excerpt {
        let line = file.line(place.start);
        let range = file.line_range(line);
        let whole = file.text.get(range.clone()).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let start = place.start.saturating_sub(range.start).min(whole.len());
        let end = place.end.saturating_sub(range.start).clamp(start, whole.len());
        let (before, rest) = whole.split_at_checked(start).unwrap_or((whole, ""));
        let column = before.chars().count() + 1;
        let mut excerpt = Excerpt { name: file.name.clone(), text: whole.to_owned(), range: start..end, line: line + 1, column };
        if whole.chars().nth(WINDOW_WIDTH).is_some() {
            let kept = before.char_indices().rev().nth(WINDOW_BEFORE - 1).map_or(0, |(index, _)| index);
            let behind = rest.char_indices().nth(WINDOW_WIDTH - WINDOW_BEFORE).map_or(rest.len(), |(index, _)| index);
            let (cut_before, cut_behind) = (if kept > 0 { "…" } else { "" }, if behind < rest.len() { "…" } else { "" });
            excerpt.text = format!("{cut_before}{}{}{cut_behind}", &before[kept..], &rest[..behind]);
            let shift = cut_before.len() + start - kept;
            excerpt.range = shift..shift + (end - start).min(behind);
        }
        excerpt
    }
}

impl<'a> Files<'a> for Excerpt {
    type FileId = ();
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, (): ()) -> Result<&'a str, Error> {
        Ok(&self.name)
    }

    fn source(&'a self, (): ()) -> Result<&'a str, Error> {
        Ok(&self.text)
    }

    fn line_index(&'a self, (): (), _: usize) -> Result<usize, Error> {
        Ok(0)
    }

    fn line_number(&'a self, (): (), _: usize) -> Result<usize, Error> {
        Ok(self.line)
    }

    fn column_number(&'a self, (): (), _: usize, _: usize) -> Result<usize, Error> {
        Ok(self.column)
    }

    fn line_range(&'a self, (): (), _: usize) -> Result<Range<usize>, Error> {
        Ok(0..self.text.len())
    }
}
