//! Runs third-party examples, defaults and enum values through both languages: values that are strictly valid must be accepted, and values
//! that are invalid by any reading must be rejected.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::Compilation;
use contractc::emit::{OutputFile, Target};
use serde_json::{Map, Value, json};

use crate::node::{self, Modules, Question};
use xtask::{Result, root, side_by_side};

/// A value of a document, with its expected result.
struct Example {
    document: String,
    /// The name under which its schema was added to the document.
    schema: String,
    at: String,
    text: String,
    /// Whether the value must be accepted; all others must be rejected.
    valid: bool,
}

const FORMATS: &str = "\
Formats are asserted here, while the letter of OpenAPI leaves them open: these values are not of the format that their schema names, such as\n\
a relative address under `format: uri`. Both languages reject them, at the same places.";

/// Checks all values of `folder/cases`. The report contains a line of counts, followed by a line for each wrong result.
pub fn check(folder: &Path) -> Result<String> {
    let mut modules = Modules::new("cases")?;
    let mut examples: Vec<Example> = Vec::new();
    let mut questions: Vec<Question> = Vec::new();
    let (mut files, mut table, mut mods) = (Vec::new(), String::new(), String::new());
    for cases in listed(&folder.join("cases"))? {
        let name = cases.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Some(document) =
            ["yaml", "json"].iter().map(|kind| folder.join("documents").join(&name).with_extension(kind)).find(|path| path.exists())
        else {
            continue;
        };
        let Some((compilation, found)) = with_cases(&document, &name, &std::fs::read_to_string(&cases)?)? else { continue };
        let Some(generated) = compilation.generate(&[Target::Rust, Target::TypeScript]) else { continue };
        let module = modules.add(&generated)?;
        let index = table.lines().count();
        let _ = writeln!(mods, "pub mod g{index};");
        let _ = writeln!(table, "({name:?}, g{index}::validate),");
        files.extend(crate::crates::module_without_types(&format!("src/g{index}"), generated, index == 0));
        for example in found {
            questions.push(Question { module: module.clone(), schema: example.schema.clone(), text: example.text.clone() });
            examples.push(example);
        }
    }
    let (in_rust, in_typescript) = side_by_side(
        || validate_in_rust(files, &mods, &table, &examples),
        || {
            modules.compile()?;
            node::validate("cases", &questions.iter().collect::<Vec<_>>())
        },
    );
    let (in_rust, in_typescript) = (in_rust?, in_typescript?);
    let results = examples.iter().zip(in_rust.iter().zip(&in_typescript));
    let mut exceptions: Vec<Exception> =
        results.filter_map(|(example, (rust, typescript))| Exception::of(example, rust, typescript)).collect();
    exceptions.sort_by_key(|exception| exception.reason.is_some());
    let valid = examples.iter().filter(|example| example.valid).count();
    let mut report = format!(
        "{valid} values to accept, {} to reject, in {} documents, each checked by Rust and by TypeScript; {} exceptions.\n",
        examples.len() - valid,
        table.lines().count(),
        exceptions.len()
    );
    for group in exceptions.chunk_by(|one, other| one.reason == other.reason) {
        let reason = group.first().and_then(|exception| exception.reason).unwrap_or("Without a reason: a fault of the compiler.");
        let _ = write!(report, "\n{reason}\n\n");
        group.iter().for_each(|exception| _ = writeln!(report, "- {}", exception.line));
    }
    Ok(report)
}

/// A value whose result differs from the expected one in either language.
struct Exception {
    /// The reason why the result is right nevertheless, if there is one.
    reason: Option<&'static str>,
    line: String,
}

impl Exception {
    fn of(example: &Example, rust: &node::Answer, typescript: &node::Answer) -> Option<Self> {
        let is_right = |violations: &node::Answer| violations.is_empty() == example.valid;
        if rust == typescript && is_right(rust) {
            return None;
        }
        let is_format = !rust.is_empty() && rust == typescript && rust.iter().all(|(_, keyword)| keyword == "format");
        let place = format!("`{}` `{}`", example.document, example.at);
        let line = if rust == typescript {
            let listed: Vec<String> = rust.iter().map(|(pointer, keyword)| format!("{pointer:?} {keyword}")).collect();
            format!("{place}: {}", if listed.is_empty() { "accepted".to_owned() } else { listed.join(", ") })
        } else {
            format!("{place}: Rust {rust:?}, TypeScript {typescript:?}")
        };
        Some(Exception { reason: is_format.then_some(FORMATS), line })
    }
}

/// Adds a named schema to the document for each schema that has values. Returns the result with the values, or `None` if it does not
/// compile.
fn with_cases(document: &Path, name: &str, cases: &str) -> Result<Option<(Compilation, Vec<Example>)>> {
    let plain = Compilation::from_file(document)?;
    let Some(root) = plain.sources.root(0).filter(|_| plain.contract.is_some()) else { return Ok(None) };
    let mut tree = root.to_json();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut examples = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line)?;
        // Values without a schema have no expected result. Values that can be read in several ways may have either result.
        let Some(strict) = case["strict"].as_bool() else { continue };
        if !strict && case["lenient"] != json!(false) {
            continue;
        }
        let pointer = case["schema"].as_str().unwrap_or_default().to_owned();
        let next = format!("Case{}", names.len());
        let schema = names.entry(pointer).or_insert(next).clone();
        let at = case["at"].as_str().unwrap_or_default().to_owned();
        examples.push(Example { document: name.to_owned(), schema, at, text: case["value"].to_string(), valid: strict });
    }
    let components =
        tree.as_object_mut().ok_or("a document is an object")?.entry("components").or_insert_with(|| Value::Object(Map::new()));
    let schemas =
        components.as_object_mut().ok_or("components is an object")?.entry("schemas").or_insert_with(|| Value::Object(Map::new()));
    for (pointer, name) in &names {
        schemas[name] = json!({ "$ref": pointer });
    }
    let added: BTreeSet<String> = names.into_values().collect();
    let text = serde_json::to_vec(&tree)?;
    let mut compilation = Compilation::from_text(&document.with_extension("json").to_string_lossy(), &text);
    // Only the added schemas are needed, with what they reach. Another step checks that the rest compiles.
    compilation.contract.iter_mut().for_each(|contract| {
        contract.operations.clear();
        contract.names.retain(|(name, _)| added.contains(name));
    });
    Ok(compilation.contract.is_some().then_some((compilation, examples)))
}

/// The results of generated Rust: one crate for all documents, which reads its questions from standard input.
fn validate_in_rust(mut files: Vec<OutputFile>, mods: &str, table: &str, examples: &[Example]) -> Result<node::Answers> {
    let crate_folder = root().join("target/corpus/cases");
    files.push(OutputFile::new("Cargo.toml", crate::crates::manifest("cases")));
    files.push(OutputFile::new("src/main.rs", MAIN.replace("MODULES", mods).replace("TABLE", table)));
    crate::crates::write(&crate_folder, &files)?;
    crate::crates::lock(&crate_folder)?;
    let program = crate::crates::build("cases", &crate_folder)?;
    let list = crate_folder.join("questions.jsonl");
    let line = |example: &Example| format!("{}\n", json!([example.document, example.schema, example.text]));
    std::fs::write(&list, examples.iter().map(line).collect::<String>())?;
    let output = Command::new(program).arg(&list).output()?;
    let answers: Vec<_> = String::from_utf8(output.stdout)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect::<Result<_>>()?;
    if answers.len() == examples.len() { Ok(answers) } else { Err("the Rust side has not checked everything".into()) }
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

const MAIN: &str = r#"#![allow(dead_code, mixed_script_confusables, uncommon_codepoints)]
pub mod runtime;
MODULES
type Validate = fn(&str, &[u8]) -> Result<(), runtime::report::Report>;
const DOCUMENTS: &[(&str, Validate)] = &[
TABLE];

fn main() {
    let list = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    for line in list.lines() {
        let [document, schema, text]: [String; 3] = serde_json::from_str(line).unwrap();
        let (_, validate) = DOCUMENTS.iter().find(|(name, _)| *name == document).unwrap();
        let report = validate(&schema, text.as_bytes()).err();
        let violations = report.map(|report| report.violations).unwrap_or_default();
        let pairs: std::collections::BTreeSet<_> = violations.iter().map(|found| (found.pointer.clone(), found.keyword)).collect();
        println!("{}", serde_json::to_string(&pairs).unwrap());
    }
}
"#;
