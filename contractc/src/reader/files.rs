//! Loads the files that references name.

use std::path::Path;

use super::identifiers::{Identifiers, percent_decoded};
use crate::diagnostic::Diagnostics;
use crate::source::{Sources, Span};

/// A reference to a file that could not be read.
pub(super) struct Unread {
    pub(super) span: Span,
    message: String,
    hint: Option<&'static str>,
}

impl Unread {
    pub(super) fn report(self, diagnostics: &mut Diagnostics) {
        let diagnostic = diagnostics.error(self.span, self.message);
        if let Some(hint) = self.hint {
            diagnostic.hint(hint);
        }
    }
}

/// Loads every file that a reference names, recursively. Then rewrites references by `$id` and `$anchor` to files and pointers, unless the
/// dialect lacks these keywords, and reports those that lead nowhere.
pub(super) fn load_references(root: usize, has_identifiers: bool, sources: &mut Sources, diagnostics: &mut Diagnostics) {
    let mut identifiers = Identifiers::default();
    let mut unread = Vec::new();
    let mut next = root;
    // Files are numbered in the order in which they are found, so the walk ends after the last number.
    while let Some(node) = sources.root(next) {
        let first = identifiers.references.len();
        identifiers.survey(next, node, sources);
        for reference in &identifiers.references[first..] {
            let name = reference.text.split('#').next().unwrap_or_default();
            if !name.is_empty() {
                unread.extend(load(next, name, reference.span, sources, diagnostics).err());
            }
        }
        next += 1;
        while sources.file(next).is_some() && sources.root(next).is_none() {
            next += 1;
        }
    }
    let resolved = if has_identifiers { identifiers.resolve(sources, diagnostics) } else { Vec::new() };
    unread.into_iter().filter(|unread| !resolved.contains(&unread.span)).for_each(|unread| unread.report(diagnostics));
}

fn load(from: usize, name: &str, span: Span, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<(), Unread> {
    if name.contains("://") {
        let message = format!("cannot follow `{name}`: references to the network are not supported");
        let hint = "save a copy next to this document and refer to the copy, or give the copy this `$id`";
        return Err(Unread { span, message, hint: Some(hint) });
    }
    let decoded = percent_decoded(name);
    if Path::new(&decoded).has_root() {
        let message = format!("cannot follow `{name}`: it is an absolute path");
        return Err(Unread { span, message, hint: Some("write a path relative to the folder of this document") });
    }
    let path = sources.resolve(from, &decoded);
    let failed = |error| Unread { span, message: format!("cannot read `{}`: {error}", path.display()), hint: hint(name) };
    sources.load(&path, diagnostics).map(|_| ()).map_err(failed)
}

/// The hint for a path that is not valid in a URI.
fn hint(name: &str) -> Option<&'static str> {
    if name.contains('\\') {
        Some("a reference is a URI: write `/` between folders")
    } else if Path::new(name).extension().is_none() && !name.contains('/') {
        Some("refer to a schema of this document by JSON pointer: `#/components/schemas/Name`")
    } else {
        None
    }
}
