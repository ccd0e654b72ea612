//! `COVERAGE.md`: how every keyword is handled, for each target.

use serde::Serialize;

use super::{OutputFile, Plan, template};
use crate::model::KeywordRole;
use crate::reader::{KeywordHandling, keyword_handling};
use crate::runtime::format::Format;

/// `COVERAGE.md`
pub fn emit(plan: &Plan<'_>) -> Vec<OutputFile> {
    let counts = &plan.contract.keywords;
    let handled = keyword_handling();
    let rows = handled.iter().map(|(keyword, handling)| {
        let uses = counts.get(*keyword).map_or(0, |used| used.count);
        let (types, validators, interpreter) = columns(keyword, *handling);
        let typescript = if RUST_ALONE.contains(keyword) { "" } else { types };
        Row { keyword: (*keyword).to_owned(), uses, types, typescript, validators, interpreter }
    });
    let listed = |keyword: &&String| handled.iter().any(|(known, _)| known == keyword);
    let others = counts.iter().filter(|(keyword, used)| used.role == KeywordRole::Annotation && !listed(keyword));
    let mut formats: Vec<&str> = plan.contract.schemas.iter().filter_map(|schema| schema.annotations.format.as_deref()).collect();
    formats.sort_unstable();
    formats.dedup();
    let view = View {
        origin: plan.origin(),
        rows: rows.collect(),
        others: others.map(|(keyword, used)| format!("`{keyword}` ({})", used.count)).collect::<Vec<_>>().join(", "),
        asserted: Format::ALL.map(|format| format!("`{}`", format.name())).join(", "),
        annotated: formats.iter().map(|format| format!("`{format}`")).collect::<Vec<_>>().join(", "),
    };
    vec![OutputFile { path: "COVERAGE.md".to_owned(), text: template::fill(include_str!("../../templates/COVERAGE.md.hbs"), &view) }]
}

#[derive(Serialize)]
struct View {
    origin: String,
    rows: Vec<Row>,
    /// Keywords of the document that the compiler does not know.
    others: String,
    asserted: String,
    annotated: String,
}

#[derive(Serialize)]
struct Row {
    keyword: String,
    uses: usize,
    types: &'static str,
    typescript: &'static str,
    validators: &'static str,
    interpreter: &'static str,
}

/// Keywords that select a Rust type. JavaScript has a single number type, and no types by path.
const RUST_ALONE: &[&str] = &["maximum", "minimum", "x-rust-type"];

/// Keywords that determine the type of a value.
const SHAPING: &[&str] = &[
    "$dynamicRef",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "items",
    "maximum",
    "minimum",
    "nullable",
    "oneOf",
    "properties",
    "required",
    "type",
    "unevaluatedProperties",
    "x-any-collection",
    "x-each",
];

fn columns(keyword: &str, handling: KeywordHandling) -> (&'static str, &'static str, &'static str) {
    match handling {
        KeywordHandling::Annotation if ["description", "title", "deprecated"].contains(&keyword) => {
            ("documentation", "annotation", "annotation")
        }
        KeywordHandling::Annotation => ("annotation", "annotation", "annotation"),
        KeywordHandling::Direction => ("by direction", "by direction", "by direction"),
        KeywordHandling::Registry => ("collection registry", "annotation", "annotation"),
        KeywordHandling::Type => ("by type", "annotation", "annotation"),
        KeywordHandling::ReferenceTarget => ("by place", "by place", "by place"),
        KeywordHandling::Enforced if SHAPING.contains(&keyword) => ("by type", "by validator", "by interpreter"),
        KeywordHandling::Enforced => ("", "by validator", "by interpreter"),
    }
}
