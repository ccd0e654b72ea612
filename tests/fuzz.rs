//! Fuzz tests: mutated documents through the compiler, mutated JSON through the generated parsers, and values through mutated schemas.
//! Nothing may panic, hang or overflow the stack, and a value must be accepted exactly if the `jsonschema` crate accepts it.
//! `cargo xtask fuzz` runs more cases; `PROPTEST_CASES` sets their number.

#[path = "fuzz/contracts.rs"]
mod contracts;
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use contractc::Compilation;
use contractc::emit::Target;
use contractc::sample::Sampler;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;
use serde_json::Value;
use stronglog_sync::api;
use stronglog_sync::api::Schema;
use stronglog_sync::api::runtime::reader::accepts;
use stronglog_sync::api::runtime::schema::{parse, validate_text, validate_view};
use support::oracle::Oracle;

/// Longer than any of the small documents takes, even on a busy machine.
const HANG: Duration = Duration::from_secs(20);

/// A change of a text. Positions are fractions of its length, so that shrinking can find a shorter text with the same failure.
#[derive(Clone, Debug)]
enum Edit {
    Delete { at: Index, length: usize },
    Insert { at: Index, token: Index },
    Copy { from: Index, length: usize, to: Index },
    Replace { at: Index, byte: u8 },
}

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "1.5",
    "1e2",
    "-0",
    "18446744073709551616",
    "\\ud800",
    "\u{1F600}",
    "__proto__",
    "$ref",
    "\"#/components/schemas/",
    "type: ",
    "allOf: ",
    "oneOf: ",
    "not: ",
    "nullable: true",
    "x-rules: ['a < b']",
    "x-max-depth: 2",
    "\n",
    "  ",
    "- ",
    "~1",
    "%",
    "&a *a",
    "!!binary",
    "|",
    "enum: []",
    "pattern: '('",
    "[[[[[[[[[[[[[[[[",
];

impl Edit {
    fn apply(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self {
            Edit::Delete { at, length } => {
                let at = at.index(text.len());
                text.drain(at..(at + length).min(text.len()));
            }
            Edit::Insert { at, token } => {
                let at = at.index(text.len());
                text.splice(at..at, TOKENS[token.index(TOKENS.len())].bytes());
            }
            Edit::Copy { from, length, to } => {
                let (from, to) = (from.index(text.len()), to.index(text.len()));
                let part = text[from..(from + length).min(text.len())].to_vec();
                text.splice(to..to, part);
            }
            Edit::Replace { at, byte } => {
                let at = at.index(text.len());
                text[at] = *byte;
            }
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let index = any::<Index>;
    let edit = prop_oneof![
        (index(), 1..40usize).prop_map(|(at, length)| Edit::Delete { at, length }),
        (index(), index()).prop_map(|(at, token)| Edit::Insert { at, token }),
        (index(), 1..80usize, index()).prop_map(|(from, length, to)| Edit::Copy { from, length, to }),
        (index(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace { at, byte }),
    ];
    vec(edit, 1..5)
}

fn edited(text: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    edits.iter().for_each(|edit| edit.apply(&mut bytes));
    bytes
}

/// Failed cases are saved, and run first in later runs.
fn config() -> ProptestConfig {
    let kept = FileFailurePersistence::Direct(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz.regressions"));
    ProptestConfig { failure_persistence: Some(Box::new(kept)), ..ProptestConfig::default() }
}

/// The small documents of the compiler's own tests.
fn documents() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contractc/tests/cases");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the cases can be listed").map(|entry| entry.expect("a case").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path.join("openapi.yaml")).ok();
    paths.iter().filter_map(read).collect()
}

#[test]
fn the_compiler_survives_any_document() {
    let documents = documents();
    assert!(documents.len() > 20);
    proptest!(config(), |(document in any::<Index>(), edits in edits())| {
        let text = edited(&documents[document.index(documents.len())], &edits);
        let start = Instant::now();
        let compilation = Compilation::from_text("fuzzed.yaml", &text);
        let files = compilation.generate(Target::ALL);
        prop_assert!(start.elapsed() < HANG, "hangs on:\n{}", String::from_utf8_lossy(&text));
        prop_assert_eq!(files.is_some(), !compilation.diagnostics.has_errors());
        // The generated code must at least parse as Rust; the emitter reports code that does not as `compile_error!`.
        let broken = files.iter().flatten().find(|file| file.text.contains("compile_error!"));
        prop_assert!(broken.is_none(), "{:?} of:\n{}", broken, String::from_utf8_lossy(&text));
    });
}

#[test]
fn parsers_accept_what_the_oracle_accepts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    let compilation = Compilation::from_file(&path).expect("the contract can be read");
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let oracle = Oracle::new(contract);
    // Uses a few instances of many schemas, because generating instances and compiling the oracle's schemas takes most of the time.
    let checked: Vec<_> = api::SCHEMAS
        .iter()
        .step_by(7)
        .filter_map(|name| {
            let mut sampler = Sampler::new(contract, 5);
            let schema = contract.named(name)?;
            let texts: Vec<String> = (0..3).filter_map(|_| sampler.valid(schema)).map(|value| value.to_string()).collect();
            (!texts.is_empty()).then(|| (*name, texts, oracle.validator(name)))
        })
        .collect();
    assert!(has_duplicate(&api::validate(checked[0].0, br#"{"id":1,"id":1}"#)), "a duplicate is recognized by its message");
    proptest!(config(), |(schema in any::<Index>(), instance in any::<Index>(), edits in edits())| {
        let (name, texts, by_oracle) = &checked[schema.index(checked.len())];
        let text = edited(&texts[instance.index(texts.len())], &edits);
        let ours = api::validate(name, &text);
        let theirs = serde_json::from_slice::<Value>(&text).is_ok_and(|value| by_oracle.is_valid(&value));
        // The only accepted difference: see tests/agreement/differences.md.
        prop_assert!(ours.is_ok() == theirs || has_duplicate(&ours), "{}: {:?}, theirs {}: {}", name, ours, theirs, String::from_utf8_lossy(&text));
    });
}

/// Whether the text was rejected because an object has two members of one name, which serde_json accepts.
fn has_duplicate(result: &Result<(), api::Report>) -> bool {
    result.as_ref().err().is_some_and(|report| report.violations[0].message.contains("duplicate member name"))
}

/// Compares both ways of reading a text as one type.
type Comparison = fn(&[u8]);

/// Reads a text in one pass and by way of the tape. Both give the same value or the same report.
fn compare<T: Schema + PartialEq + std::fmt::Debug>(text: &[u8]) {
    let by_tape = parse(text).and_then(|tape| T::from_view(tape.root()));
    assert_eq!(T::from_json(text), by_tape, "{}: {}", T::NAME, String::from_utf8_lossy(text));
    let validated = parse(text).and_then(|tape| validate_view(tape.root(), T::RULE));
    assert_eq!(validate_text(text, T::RULE), validated, "{}: {}", T::NAME, String::from_utf8_lossy(text));
}

#[test]
fn one_pass_and_the_tape_agree() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    let compilation = Compilation::from_file(&path).expect("the contract can be read");
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let compare: [(&str, Comparison); 6] = [
        ("FeedPage", compare::<api::FeedPage>),
        ("FeedPushRequest", compare::<api::FeedPushRequest>),
        ("WorkoutLog", compare::<api::WorkoutLog>),
        ("LoggedSetRecord", compare::<api::LoggedSetRecord>),
        ("ProgramDefinition", compare::<api::ProgramDefinition>),
        ("ActiveProgramInstance", compare::<api::ActiveProgramInstance>),
    ];
    let mut checked: Vec<(Comparison, Vec<String>)> = Vec::new();
    for (name, compare) in compare {
        let schema = contract.named(name).expect("a schema of the contract");
        let mut sampler = Sampler::new(contract, 9);
        let mut texts = Vec::new();
        for valid in (0..4).filter_map(|_| sampler.valid(schema)).collect::<Vec<_>>() {
            let rule = api::rule(name).expect("a rule");
            assert!(accepts(valid.to_string().as_bytes(), rule), "one pass suffices for {valid}");
            texts.extend(sampler.text_variants(&valid));
            texts.extend(sampler.mutations(schema, &valid).into_iter().take(200).map(|mutation| mutation.value.to_string()));
        }
        texts.iter().for_each(|text| compare(text.as_bytes()));
        checked.push((compare, texts));
    }
    proptest!(config(), |(schema in any::<Index>(), instance in any::<Index>(), edits in edits())| {
        let (compare, texts) = &checked[schema.index(checked.len())];
        compare(&edited(&texts[instance.index(texts.len())], &edits));
    });
}
