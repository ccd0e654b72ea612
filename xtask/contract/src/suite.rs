//! Runs the groups of the JSON-Schema-Test-Suite through the generated code of both languages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::Compilation;
use contractc::emit::{OutputFile, Target};
use serde_json::Value;

use crate::crates::{build, first_error, lock, manifest, module as crate_module, write};
use crate::node::{self, Modules, Question};
use xtask::{Result, root, side_by_side};

/// The name of the crate and of the TypeScript program.
const NAME: &str = "suite";

/// All tiers of the suite.
pub const TIERS: [&str; 6] = ["core", "wide", "optional", "format-assertion", "format-annotation", "exotic"];

/// The error of a tier with unexpected results.
pub const WRONG: &str = "there are results or rejections that the list of differences does not have, or that it should no longer have";

/// The text before the tiers in `contractc/CORPUS.md`.
pub const HEAD: &str = "\
A case is *checked* if its document generates; the Rust and the TypeScript code both check it. A result is *wrong* if it differs from the
suite without a reason in `xtask/contract/src/suite.rs`; the groups with a reason follow.
";

const ANNOTATED: &str = "formats are asserted, where this tier wants annotations";
const UNASSERTED: &str = "this format is an annotation: see the policies in README.md";
const ELSEWHERE: &str = "a `$dynamicRef` with several meanings and references to the network are rejected";

/// The groups on which this compiler differs from the suite, with the reasons.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "3.0/format-assertion/format-hostname-00",
        "`hostname` has the grammar of 3.1, where consecutive hyphens are reserved, in both dialects",
    ),
    ("3.1/exotic/dynamicRef-03", ELSEWHERE),
    ("3.1/exotic/dynamicRef-05", ELSEWHERE),
    ("3.1/exotic/dynamicRef-12", ELSEWHERE),
    ("3.1/exotic/dynamicRef-13", ELSEWHERE),
    ("3.1/exotic/dynamicRef-15", ELSEWHERE),
    ("3.1/exotic/dynamicRef-16", ELSEWHERE),
    ("3.1/exotic/refRemote-05", ELSEWHERE),
    ("3.1/exotic/refRemote-07", ELSEWHERE),
    ("3.1/exotic/refRemote-08", ELSEWHERE),
    ("3.1/exotic/refRemote-10", ELSEWHERE),
    ("3.1/exotic/unevaluatedItems-18", ELSEWHERE),
    ("3.1/format-annotation/format-00", ANNOTATED),
    ("3.1/format-annotation/format-04", ANNOTATED),
    ("3.1/format-annotation/format-07", ANNOTATED),
    ("3.1/format-annotation/format-08", ANNOTATED),
    ("3.1/format-annotation/format-14", ANNOTATED),
    ("3.1/format-annotation/format-17", ANNOTATED),
    ("3.1/format-assertion/format-ecmascript-regex-00", UNASSERTED),
    ("3.1/format-assertion/format-ecmascript-regex-02", UNASSERTED),
    ("3.1/format-assertion/format-idn-hostname-01", UNASSERTED),
    ("3.1/format-assertion/format-iri-00", UNASSERTED),
    ("3.1/format-assertion/format-regex-00", UNASSERTED),
    ("3.1/format-assertion/format-relative-json-pointer-00", UNASSERTED),
    ("3.1/format-assertion/format-uri-reference-00", UNASSERTED),
    ("3.1/optional/dynamicRef-00", ELSEWHERE),
];

/// A test group of the JSON-Schema-Test-Suite: one schema, with values to validate.
struct Group {
    name: String,
    tier: String,
    document: PathBuf,
    cases: PathBuf,
    count: usize,
}

/// The groups of the suite.
pub struct Suite {
    groups: Vec<Group>,
}

impl Suite {
    /// Reads all groups, in all variants and both profiles.
    pub fn read(folder: &Path) -> Result<Self> {
        let manifest =
            std::fs::read_to_string(folder.join("manifest.jsonl")).map_err(|error| format!("cannot read the suite's manifest: {error}"))?;
        let mut groups = Vec::new();
        for line in manifest.lines() {
            let entry: Value = serde_json::from_str(line)?;
            let text = |key: &str| entry[key].as_str().unwrap_or_default();
            let count = entry["valid"].as_u64().unwrap_or(0) + entry["invalid"].as_u64().unwrap_or(0);
            let name = text("doc").trim_end_matches(".openapi.json").to_owned();
            let tier = text("tier").to_owned();
            groups.push(Group { name, tier, document: folder.join(text("doc")), cases: folder.join(text("cases")), count: count as usize });
        }
        Ok(Suite { groups })
    }

    /// Generates, compiles and runs all groups of these tiers: the Rust code as one crate, the TypeScript code as one program. Returns the
    /// outcome of each tier.
    pub fn check(&self, tiers: &[&str]) -> Result<Vec<Found>> {
        if let Some(tier) = tiers.iter().find(|tier| !TIERS.contains(tier)) {
            return Err(format!("there is no tier `{tier}`; available: {}", TIERS.join(", ")).into());
        }
        let crate_folder = root().join("target/corpus").join(NAME);
        let (mut source, mut table) = (String::new(), String::new());
        let mut rejected = BTreeMap::new();
        let mut files: Vec<OutputFile> = Vec::new();
        let mut modules = Modules::new(NAME)?;
        let (mut compiled, mut cases, mut called_empty) = (Vec::new(), Vec::new(), Vec::new());
        for group in self.groups.iter().filter(|group| tiers.contains(&group.tier.as_str())) {
            let compilation = Compilation::from_file(&group.document)?;
            let Some(generated) = compilation.generate(&[Target::Rust, Target::TypeScript]) else {
                rejected.insert(group.name.clone(), first_error(&compilation));
                continue;
            };
            let module = modules.add(&generated)?;
            let read = Case::read(group, &module)?;
            if read.iter().any(|case| case.valid) && is_called_empty(&compilation) {
                called_empty.push((group.name.clone(), "a warning says that no value satisfies the schema".to_owned()));
            }
            cases.extend(read);
            let index = compiled.len();
            let _ = writeln!(source, "pub mod g{index};");
            let _ = writeln!(table, "({:?}, {:?}, g{index}::validate),", group.name, group.cases.canonicalize()?);
            files.extend(crate_module(&format!("src/g{index}"), generated, index == 0));
            compiled.push(group);
        }
        files.push(OutputFile::new("Cargo.toml", manifest(NAME)));
        files.push(OutputFile::new("src/main.rs", MAIN.replace("MODULES", &source).replace("TABLE", &table)));
        write(&crate_folder, &files)?;
        lock(&crate_folder)?;
        let (in_rust, in_typescript) = side_by_side(|| run_suite(&crate_folder), || Case::check(&modules, &compiled, &cases));
        let wrong = [in_rust?, in_typescript?, called_empty].concat();
        Ok(tiers.iter().map(|tier| self.report(tier, &cases, &wrong, &rejected)).collect())
    }

    fn report(&self, tier: &str, cases: &[Case], wrong: &[(String, String)], rejected: &BTreeMap<String, String>) -> Found {
        let total = self.groups.iter().filter(|group| group.tier == tier).map(|group| group.count).sum();
        let checked = cases.iter().filter(|case| tier_of(&case.group) == tier).count();
        let wrong: Vec<_> = wrong.iter().filter(|(group, _)| tier_of(group) == tier).collect();
        let rejected: BTreeMap<_, _> = rejected.iter().filter(|(group, _)| tier_of(group) == tier).collect();
        report(tier, total, checked, &wrong, &rejected)
    }
}

/// Whether a warning says that no value satisfies the schema that the values are validated against.
fn is_called_empty(compilation: &Compilation) -> bool {
    let root = compilation.contract.iter().find_map(|contract| Some(contract.schema(contract.named("Root")?).span));
    compilation
        .diagnostics
        .sorted()
        .iter()
        .any(|diagnostic| Some(diagnostic.span) == root && diagnostic.message.starts_with("no value satisfies this schema"))
}

/// The tier in the name of a group, such as `3.1/core/anchor-00`.
fn tier_of(group: &str) -> &str {
    group.split('/').nth(1).unwrap_or_default()
}

/// The outcome of a tier.
pub struct Found {
    /// The section of `contractc/CORPUS.md`.
    pub text: String,
    /// Whether every result and every rejection that differs from the suite is in the list, and nothing else is.
    pub is_right: bool,
}

fn report(tier: &str, total: usize, checked: usize, wrong: &[&(String, String)], rejected: &BTreeMap<&String, &String>) -> Found {
    let expected: Vec<&(&str, &str)> = DIFFERENCES.iter().filter(|(group, _)| tier_of(group) == tier).collect();
    let reason = |name: &str| expected.iter().find(|(group, _)| *group == name).map(|(_, reason)| *reason);
    let unlisted: Vec<_> = wrong.iter().filter(|(group, _)| reason(group).is_none()).collect();
    let rejected_unlisted = rejected.keys().filter(|group| reason(group).is_none()).count();
    let mut listed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let differing = rejected.keys().copied().chain(wrong.iter().map(|(group, _)| group)).collect::<BTreeSet<_>>();
    differing
        .iter()
        .filter_map(|group| Some((reason(group)?, group.as_str())))
        .for_each(|(reason, group)| listed.entry(reason).or_default().push(group));
    let mut text = format!(
        "\n### Tier `{tier}`\n\n{total} cases, {checked} checked, {} wrong results, {rejected_unlisted} groups rejected without a reason.\n",
        unlisted.len()
    );
    unlisted.iter().for_each(|(group, line)| _ = writeln!(text, "- wrong: `{group}`: {line}"));
    let without = rejected.iter().filter(|(group, _)| reason(group).is_none());
    without.for_each(|(group, error)| _ = writeln!(text, "- rejected: `{group}`: {error}"));
    for (reason, groups) in &listed {
        let groups: Vec<String> = groups.iter().map(|group| format!("`{group}`")).collect();
        let _ = writeln!(text, "- {reason}: {}", groups.join(", "));
    }
    let gone: Vec<_> = expected.iter().filter(|(group, _)| !differing.iter().any(|known| known == group)).collect();
    gone.iter().for_each(|(group, _)| _ = writeln!(text, "- no longer differs, delete it from the list: `{group}`"));
    Found { text, is_right: unlisted.is_empty() && rejected_unlisted == 0 && gone.is_empty() }
}

/// Runs the Rust program of a suite, and returns the wrong results with their groups.
fn run_suite(crate_folder: &Path) -> Result<Vec<(String, String)>> {
    let output = Command::new(build(NAME, crate_folder)?).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| line.split_once('\t').map(|(group, rest)| (group.to_owned(), format!("Rust: {rest}")));
    let wrong = text.lines().map(|text| line(text).ok_or_else(|| format!("the program of the suite prints {text:?}").into()));
    wrong.collect()
}

/// A value of the suite, with its expected result.
struct Case {
    group: String,
    description: String,
    valid: bool,
    question: Question,
}

impl Case {
    fn read(group: &Group, module: &Path) -> Result<Vec<Case>> {
        let listed: Vec<Value> = serde_json::from_slice(&std::fs::read(&group.cases)?)?;
        let case = |case: &Value| Case {
            group: group.name.clone(),
            description: case["description"].as_str().unwrap_or_default().to_owned(),
            valid: case["valid"].as_bool().unwrap_or_default(),
            question: Question { module: module.to_owned(), schema: "Root".to_owned(), text: case["data"].to_string() },
        };
        Ok(listed.iter().map(case).collect())
    }

    /// Returns the wrong results of the TypeScript code with their groups.
    fn check(modules: &Modules, compiled: &[&Group], cases: &[Case]) -> Result<Vec<(String, String)>> {
        let broken = modules.compile()?;
        let named = broken.iter().filter_map(|index| compiled.get(*index));
        let mut wrong: Vec<(String, String)> = named.map(|group| (group.name.clone(), "TypeScript: does not compile".to_owned())).collect();
        let questions: Vec<&Question> = cases.iter().map(|case| &case.question).collect();
        for (case, answer) in cases.iter().zip(node::validate(NAME, &questions)?) {
            if answer.is_empty() != case.valid {
                wrong.push((case.group.clone(), format!("TypeScript: {}: {answer:?}", case.description)));
            }
        }
        Ok(wrong)
    }
}

const MAIN: &str = r#"#![allow(dead_code, mixed_script_confusables, uncommon_codepoints)]
pub mod runtime;
MODULES
type Validate = fn(&str, &[u8]) -> Result<(), runtime::report::Report>;
const GROUPS: &[(&str, &str, Validate)] = &[
TABLE];

fn main() {
    for (name, path, validate) in GROUPS {
        let cases: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in cases {
            let result = validate("Root", case["data"].to_string().as_bytes());
            if result.is_ok() != case["valid"].as_bool().unwrap() {
                println!("{name}\t{}: {result:?}", case["description"]);
            }
        }
    }
}
"#;
