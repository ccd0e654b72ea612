//! Emits files from the model: one emitter per target, each a function from the [`Plan`] to files.

pub mod coverage;
pub mod data;
pub mod docs;
mod evaluated;
mod json_schema;
pub mod rust;
pub mod sql;
pub mod template;
pub mod typescript;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Contract, Direction, Header, Operation, Response, SchemaId, Status};
use crate::shapes::{Declaration, Shapes};

/// A target of code generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Types, validators, operations, client, server routes and registry.
    Rust,
    /// Types, Zod schemas, a client and local stores.
    TypeScript,
    /// SQLite views.
    Sql,
    /// Markdown references for people.
    Docs,
    /// How every keyword is handled.
    Coverage,
    /// The whole document, for other tools, if the compiler has completed it.
    OpenApi,
    /// The collections and the rules for their records, as data.
    Contract,
}

impl Target {
    /// All targets.
    pub const ALL: &'static [Target] =
        &[Target::Rust, Target::TypeScript, Target::Sql, Target::Docs, Target::Coverage, Target::OpenApi, Target::Contract];

    /// The name for `--only`.
    pub fn name(self) -> &'static str {
        match self {
            Target::Rust => "rust",
            Target::TypeScript => "typescript",
            Target::Sql => "sql",
            Target::Docs => "docs",
            Target::Coverage => "coverage",
            Target::OpenApi => "openapi",
            Target::Contract => "contract",
        }
    }

    /// The target with this `--only` name.
    pub fn from_name(name: &str) -> Option<Target> {
        Target::ALL.iter().copied().find(|target| target.name() == name)
    }

    /// Emits the files of the target.
    pub fn emit(self, plan: &Plan<'_>) -> Vec<OutputFile> {
        match self {
            Target::Rust => rust::emit(plan),
            Target::TypeScript => typescript::emit(plan),
            Target::Sql => sql::emit(plan),
            Target::Docs => docs::emit(plan),
            Target::Coverage => coverage::emit(plan),
            Target::OpenApi => openapi(plan),
            Target::Contract => data::emit(plan),
        }
    }
}

/// The input of all emitters.
#[non_exhaustive]
pub struct Plan<'c> {
    /// The contract.
    pub contract: &'c Contract,
    /// The shapes of its types.
    pub shapes: Shapes,
    /// The file name of the document, for the first line of each file.
    pub source: String,
    /// The options of the run.
    pub options: GenerateOptions,
    /// The operations that read responses as streams where the contract has a choice.
    streamed: Vec<Operation>,
}

/// What the generated code is part of. By default, it is a module of an existing crate or package, and has its own copy of the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenerateOptions {
    /// Whether each side becomes a separate package.
    pub standalone: bool,
    /// The path of the module whose runtime the Rust code uses instead of a copy.
    pub runtime: Option<String>,
}

impl GenerateOptions {
    /// Makes the Rust code a crate and the TypeScript code a package.
    pub fn standalone(self) -> Self {
        GenerateOptions { standalone: true, ..self }
    }

    /// Uses the runtime of another generated module, such as `stronglog_sync::api`. The types of the runtime are then the same in both.
    pub fn runtime(self, path: &str) -> Self {
        GenerateOptions { runtime: Some(path.to_owned()), ..self }
    }
}

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputFile {
    /// The path below the output directory, with forward slashes.
    pub path: String,
    /// The complete content.
    pub text: String,
}

impl OutputFile {
    /// A file with this path below the output directory.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        OutputFile { path: path.into(), text: text.into() }
    }
}

impl<'c> Plan<'c> {
    /// Computes the shapes of a contract.
    pub fn new(contract: &'c Contract, source: &str) -> Self {
        let streamed = contract.operations.iter().filter_map(Operation::streamed).collect();
        Plan { contract, shapes: Shapes::new(contract), source: source.to_owned(), options: GenerateOptions::default(), streamed }
    }

    /// The operations of the contract, which get their names first, and those that read responses as streams.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.contract.operations.iter().chain(&self.streamed)
    }

    /// The response headers that have a schema, without duplicates, with their schemas.
    pub fn response_headers(&self) -> Vec<(&'c Header, SchemaId)> {
        let responses = self.contract.operations.iter().flat_map(|operation| &operation.responses);
        let mut seen = BTreeSet::new();
        let headers = responses.flat_map(|response| &response.headers);
        let typed = headers.filter_map(|header| Some((header, self.contract.resolved(header.schema?))));
        typed.filter(|(header, schema)| seen.insert((header.name.to_ascii_lowercase(), *schema))).collect()
    }

    /// The statuses for which every response carries a header, by the header's name in lower case and its schema. Excludes statuses that
    /// only one response has.
    pub fn header_statuses(&self) -> BTreeMap<(String, SchemaId), BTreeSet<Status>> {
        let (mut all, mut carried): (BTreeMap<Status, usize>, BTreeMap<_, BTreeMap<Status, usize>>) = Default::default();
        for response in self.contract.operations.iter().flat_map(|operation| &operation.responses) {
            *all.entry(response.status).or_default() += 1;
            let key = |header: &Header| Some((header.name.to_ascii_lowercase(), self.contract.resolved(header.schema?)));
            for header in response.headers.iter().filter_map(key).collect::<BTreeSet<_>>() {
                *carried.entry(header).or_default().entry(response.status).or_default() += 1;
            }
        }
        let always = |statuses: BTreeMap<Status, usize>| {
            statuses.into_iter().filter(|(status, count)| *count > 1 && all[status] == *count).map(|(status, _)| status).collect()
        };
        carried.into_iter().map(|(header, statuses)| (header, always(statuses))).collect()
    }

    /// The [`response_headers`](Self::response_headers) that every response carries, if there are several responses.
    pub fn headers_of_all(&self) -> BTreeSet<(String, SchemaId)> {
        let responses: Vec<_> = self.contract.operations.iter().flat_map(|operation| &operation.responses).collect();
        let key = |header: &Header| Some((header.name.to_ascii_lowercase(), self.contract.resolved(header.schema?)));
        let listed = |response: &Response| response.headers.iter().filter_map(key).collect::<BTreeSet<_>>();
        match responses.as_slice() {
            [first, others @ ..] if !others.is_empty() => others.iter().fold(listed(first), |found, response| &found & &listed(response)),
            _ => BTreeSet::new(),
        }
    }

    /// The first sentence of a type's documentation, which states what the type is.
    pub fn about(&self, declaration: &Declaration) -> String {
        let schema = self.contract.schema(declaration.schema);
        let said = schema.annotations.description.as_ref().or(schema.annotations.title.as_ref());
        let mut text = said.cloned().unwrap_or_else(|| match declaration.words.split_last() {
            Some((last, [])) => format!("`{last}`"),
            Some((last, path)) => format!("`{last}` of `{}`", path.join(".")),
            None => "A value of the contract.".to_owned(),
        });
        if let (Some(view), [_]) = (schema.view, declaration.words.as_slice()) {
            text.push_str(match view.direction {
                Direction::Request => "\n\nAs requests hold it: members that are read-only may be absent.",
                Direction::Response => "\n\nAs responses hold it: members that are write-only may be absent.",
            });
        }
        text
    }

    /// The documentation of a second name for a type.
    pub fn alias_about(&self, schema: SchemaId, name: &str) -> String {
        let annotations = &self.contract.schema(schema).annotations;
        annotations.description.as_ref().or(annotations.title.as_ref()).cloned().unwrap_or_else(|| format!("`{name}`"))
    }

    /// The documentation of a member: its own description, or the first sentence of the referenced schema's, whose type has all of it.
    pub fn member_about(&self, schema: SchemaId) -> Option<&'c str> {
        let said = |id: SchemaId| {
            let annotations = &self.contract.schema(id).annotations;
            [&annotations.description, &annotations.title].into_iter().flatten().map(String::as_str).find(|text| !text.trim().is_empty())
        };
        said(schema).or_else(|| said(self.contract.resolved(schema)).map(brief))
    }

    /// The origin of the file, for its first line.
    pub fn origin(&self) -> String {
        format!("@generated by contractc {} from {}", env!("CARGO_PKG_VERSION"), self.source)
    }
}

/// Emits `openapi.json`: the complete document for other tools.
fn openapi(plan: &Plan<'_>) -> Vec<OutputFile> {
    let completed = plan.contract.completed.iter();
    completed.map(|document| OutputFile { path: "openapi.json".to_owned(), text: format!("{document:#}\n") }).collect()
}

/// Applies a function to each item in parallel, and returns the results in the order of the items. Uses one thread per processor; each
/// thread takes the next remaining item.
pub fn in_parallel<I: Sync, O: Send>(items: &[I], make: impl Fn(&I) -> O + Sync) -> Vec<O> {
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            Some((index, items.get(index)?))
        });
        taken.map(|(index, item)| (index, make(item))).collect::<Vec<_>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads <= 1 {
        // WebAssembly has no threads.
        return items.iter().map(&make).collect();
    }
    let mut made = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
    });
    made.sort_unstable_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, made)| made).collect()
}

/// Characters that change the direction of the surrounding text, so that a reader sees different text from a compiler. Rust rejects them.
pub const TURNS: [char; 9] = ['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'];

/// Prose without control characters, which make a file binary for many programs, and without [`TURNS`].
pub fn readable(prose: &str) -> String {
    let is_odd = |character: char| character.is_control() && !['\n', '\r', '\t'].contains(&character);
    prose.replace(TURNS, "").replace(is_odd, " ")
}

/// Wraps prose to lines of at most `width` characters, preserving paragraphs, lists and code.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_code = false;
    for line in readable(text).lines() {
        let line = line.trim_end();
        in_code ^= line.trim_start().starts_with("```");
        let keep = in_code || line.trim_start().starts_with(['|', '`']) || line.chars().count() <= width;
        if keep {
            lines.push(line.to_owned());
            continue;
        }
        let indent: String = line.chars().take_while(|character| *character == ' ').collect();
        let hanging = if line.trim_start().starts_with(['-', '*']) { format!("{indent}  ") } else { indent.clone() };
        let mut current = indent;
        for word in line.split_whitespace() {
            if !current.trim().is_empty() && current.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::replace(&mut current, hanging.clone()));
            }
            if !current.trim().is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

/// Prose for one line: all of it if it is short, otherwise its first sentence.
pub fn brief(prose: &str) -> &str {
    let prose = prose.trim();
    if prose.chars().count() <= 100 && !prose.contains('\n') {
        return prose;
    }
    // An abbreviation such as `e.g.` is followed by a small letter.
    let ends = |at: &usize| prose[at + 2..].starts_with(|next: char| !next.is_lowercase());
    let paragraph = prose.find("\n\n").unwrap_or(prose.len());
    let sentence = prose.match_indices(". ").map(|(at, _)| at).find(ends).map_or(paragraph, |at| at + 1);
    &prose[..sentence.min(paragraph)]
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn long_prose_is_its_first_sentence() {
        let rest = " More of it stands in the long rest, which no line can hold, and which is not needed to know what it is.";
        assert_eq!(brief("It is short. Both sentences fit."), "It is short. Both sentences fit.");
        assert_eq!(brief(&format!("Any of it, e.g. one.{rest}")), "Any of it, e.g. one.");
        assert_eq!(brief("A paragraph\n\nAnother. And more."), "A paragraph");
    }
}
