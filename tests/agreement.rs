//! Three judges, one verdict: generated Rust, the interpreter behind `contractc validate`, and the `jsonschema` crate, over seeded
//! instances of every schema of the contract. Differences that stand are listed, with their reason, in `tests/agreement/differences.md`.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use contractc::Compilation;
use contractc::interpret;
use contractc::sample::{Sampler, broken_texts};
use serde_json::Value;
use stronglog_sync::api;
use support::oracle::Oracle;

const INSTANCES_MIN: usize = 20_000;
const SEED: u64 = 77;

/// What kind of text an instance is: the rows of the table of differences speak of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Valid,
    Mutation,
    Spelling,
    Broken,
    DuplicateMember,
}

#[test]
fn the_three_judges_agree() {
    let compilation = compile();
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let oracle = Oracle::new(contract);
    let mut judged: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut differences: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for (index, name) in api::SCHEMAS.iter().enumerate() {
        let schema = contract.named(name).expect("generated names are the contract's");
        let by_oracle = oracle.validator(name);
        for (kind, text) in instances(contract, schema, SEED + index as u64) {
            *judged.entry(kind).or_default() += 1;
            let generated = api::validate(name, text.as_bytes());
            let interpreted = interpret::validate(contract, schema, text.as_bytes());
            assert_eq!(violations(&generated), reports(&interpreted), "generated and interpreted reports on {name}: {text}");
            let theirs = serde_json::from_str::<Value>(&text).is_ok_and(|value| by_oracle.is_valid(&value));
            if kind == Kind::Valid {
                assert!(generated.is_ok(), "{name} refuses a valid instance: {generated:?}\n{text}");
            }
            if generated.is_ok() != theirs {
                differences.entry(kind).or_default().push(format!("{name}: ours {}, theirs {theirs}: {text}", generated.is_ok()));
            }
        }
    }
    let total: usize = judged.values().sum();
    println!("{total} instances of {} schemas: {judged:?}", api::SCHEMAS.len());
    assert!(total >= INSTANCES_MIN, "only {total} instances");
    let accepted = accepted_differences();
    for (kind, found) in &differences {
        assert!(accepted.contains(&format!("{kind:?}")), "{} unlisted differences, such as {}", found.len(), found[0]);
    }
    for kind in accepted {
        assert!(
            differences.keys().any(|found| format!("{found:?}") == kind),
            "the listed difference {kind} no longer exists: delete its row"
        );
    }
}

fn compile() -> Compilation {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    Compilation::from_file(&path).expect("the contract can be read")
}

/// Valid instances, one-violation mutations, other spellings of both, and texts that are no JSON.
fn instances(contract: &contractc::model::Contract, schema: contractc::model::SchemaId, seed: u64) -> Vec<(Kind, String)> {
    let mut sampler = Sampler::new(contract, seed);
    let mut texts = Vec::new();
    for _ in 0..2 {
        let Some(valid) = sampler.valid(schema) else { continue };
        texts.push((Kind::Valid, valid.to_string()));
        let spelled = sampler.text_variants(&valid);
        texts.extend(spelled.into_iter().map(|text| (Kind::Spelling, text)));
        for mutation in sampler.mutations(schema, &valid) {
            texts.push((Kind::Mutation, mutation.value.to_string()));
            texts.extend(sampler.text_variants(&mutation.value).into_iter().nth(1).map(|text| (Kind::Spelling, text)));
        }
        texts.extend(broken_texts(&valid.to_string()).into_iter().map(|text| (Kind::Broken, text)));
        texts.extend(duplicated(&valid.to_string()).map(|text| (Kind::DuplicateMember, text)));
    }
    texts
}

/// The same object with its first member twice.
fn duplicated(text: &str) -> Option<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    let (name, value) = members.iter().next()?;
    Some(format!("{{{}:{value},{}", Value::String(name.clone()), text.strip_prefix('{')?))
}

fn violations(result: &Result<(), api::Report>) -> BTreeSet<(String, String)> {
    let list = result.as_ref().err().map(|report| report.violations.as_slice()).unwrap_or_default();
    list.iter().map(|violation| (violation.pointer.clone(), violation.keyword.to_owned())).collect()
}

fn reports(result: &Result<(), contractc::runtime::report::Report>) -> BTreeSet<(String, String)> {
    let list = result.as_ref().err().map(|report| report.violations.as_slice()).unwrap_or_default();
    list.iter().map(|violation| (violation.pointer.clone(), violation.keyword.to_owned())).collect()
}

/// The first column of the table.
fn accepted_differences() -> BTreeSet<String> {
    let table = include_str!("agreement/differences.md");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|row| row.split('|').nth(1)).map(|cell| cell.trim().to_owned()).collect()
}
