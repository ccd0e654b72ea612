//! Compares four validators over seeded instances of every schema of the contract: generated Rust, generated Zod in Node, the `jsonschema`
//! crate and ajv. The interpreter behind `contractc validate` is a fifth. For an invalid value, Rust, Zod and the interpreter must report
//! the same pointers and keywords. Accepted differences are listed with their reasons in `tests/agreement/differences.md`.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;

use contractc::Compilation;
use contractc::interpret;
use contractc::model::{Contract, SchemaId};
use contractc::sample::{Sampler, broken_texts};
use serde_json::{Value, json};
use stronglog_sync::api;
use support::node;
use support::oracle::Oracle;

const INSTANCES_MIN: usize = 50_000;
const SAMPLES: usize = 2;
const SEED: u64 = 77;

/// The kind of text an instance is, as named by the rows of the table of differences.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Valid,
    Mutation,
    Spelling,
    Broken,
    DuplicateMember,
}

struct Instance {
    kind: Kind,
    schema: &'static str,
    text: String,
}

/// Pointers and keywords; empty for a valid value.
type Violations = BTreeSet<(String, String)>;

/// The results for an instance in this process.
struct Here {
    generated: Violations,
    jsonschema: bool,
}

/// The results for an instance in Node.
struct Elsewhere {
    zod: Violations,
    ajv: bool,
    /// Whether ajv reports a violated format.
    format: bool,
}

#[test]
fn the_validators_agree() {
    let compilation = compile();
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let oracle = Oracle::new(contract);
    let instances = instances(contract);
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    instances.iter().for_each(|instance| *counts.entry(instance.kind).or_default() += 1);
    println!("{} instances of {} schemas: {counts:?}", instances.len(), api::SCHEMAS.len());
    assert!(instances.len() >= INSTANCES_MIN, "only {} instances", instances.len());

    let (here, elsewhere) = std::thread::scope(|scope| {
        let elsewhere = scope.spawn(|| validate_in_node(&instances, &oracle));
        let here = validate_here(&instances, &oracle, contract);
        (here, elsewhere.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut differences = Differences::default();
    for ((Instance { kind, schema, text }, here), node) in instances.iter().zip(&here).zip(&elsewhere) {
        let Here { generated, jsonschema } = here;
        let found = || format!("{schema}: Rust says {generated:?}; Zod {:?}; jsonschema {jsonschema}; ajv {}: {text}", node.zod, node.ajv);
        differences.note(*kind, "zod", generated == &node.zod, found);
        differences.note(*kind, "jsonschema", generated.is_empty() == *jsonschema, found);
        differences.note(*kind, if node.format { "ajv format" } else { "ajv" }, generated.is_empty() == node.ajv, found);
    }
    differences.compare(&accepted_differences());
}

/// Where a validator differs from generated Rust, by kind and validator.
#[derive(Default)]
struct Differences(BTreeMap<(String, &'static str), Vec<String>>);

impl Differences {
    fn note(&mut self, kind: Kind, validator: &'static str, is_same: bool, found: impl FnOnce() -> String) {
        if !is_same {
            self.0.entry((format!("{kind:?}"), validator)).or_default().push(found());
        }
    }

    /// Fails on differences that are not listed, and on listed differences that do not occur.
    fn compare(&self, accepted: &BTreeSet<(String, String)>) {
        let mut wrong = String::new();
        for ((kind, validator), found) in &self.0 {
            if !accepted.contains(&(kind.clone(), (*validator).to_owned())) {
                let _ = writeln!(wrong, "{} unlisted differences of {validator} on {kind}, such as {}", found.len(), found[0]);
            }
        }
        for (kind, validator) in accepted {
            if !self.0.keys().any(|(known, other)| known == kind && other == validator) {
                let _ = writeln!(wrong, "the listed difference of {validator} on {kind} no longer exists: delete its row");
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }
}

fn compile() -> Compilation {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    Compilation::from_file(&path).expect("the contract can be read")
}

fn instances(contract: &Contract) -> Vec<Instance> {
    let mut instances = Vec::new();
    for (index, name) in api::SCHEMAS.iter().enumerate() {
        let schema = contract.named(name).expect("generated names are the contract's");
        let texts = texts(contract, schema, SEED + index as u64);
        instances.extend(texts.into_iter().map(|(kind, text)| Instance { kind, schema: name, text }));
    }
    instances
}

/// Valid instances, mutations with one violation, other spellings of both, and texts that are not JSON.
fn texts(contract: &Contract, schema: SchemaId, seed: u64) -> Vec<(Kind, String)> {
    let mut sampler = Sampler::new(contract, seed);
    let mut texts = Vec::new();
    for _ in 0..SAMPLES {
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

/// The same object with its first member duplicated.
fn duplicated(text: &str) -> Option<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    let (name, value) = members.iter().next()?;
    Some(format!("{{{}:{value},{}", Value::String(name.clone()), text.strip_prefix('{')?))
}

/// The results of generated Rust and the `jsonschema` crate, in the order of the instances. The interpreter must agree with generated Rust.
fn validate_here(instances: &[Instance], oracle: &Oracle, contract: &Contract) -> Vec<Here> {
    let mut validators: BTreeMap<&str, jsonschema::Validator> = BTreeMap::new();
    let validator = |Instance { kind, schema: name, text }: &Instance| {
        let schema = contract.named(name).expect("generated names are the contract's");
        let generated = violations(&api::validate(name, text.as_bytes()));
        let interpreted = interpret::validate(contract, schema, text.as_bytes());
        assert_eq!(generated, reports(&interpreted), "generated and interpreted reports on {name}: {text}");
        assert!(*kind != Kind::Valid || generated.is_empty(), "{name} refuses a valid instance: {generated:?}\n{text}");
        let validator = validators.entry(name).or_insert_with(|| oracle.validator(name));
        let jsonschema = serde_json::from_str::<Value>(text).is_ok_and(|value| validator.is_valid(&value));
        Here { generated, jsonschema }
    };
    instances.iter().map(validator).collect()
}

/// The results of Zod and ajv, in the order of the instances.
fn validate_in_node(instances: &[Instance], oracle: &Oracle) -> Vec<Elsewhere> {
    let module = node::compile();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (list, schemas) = (folder.join("agreement.jsonl"), folder.join("agreement.json"));
    let mut lines = String::new();
    for instance in instances {
        let _ = writeln!(lines, "{}", json!({ "module": module, "schema": instance.schema, "text": instance.text }));
    }
    std::fs::write(&list, lines).expect("the instances can be written");
    std::fs::write(&schemas, serde_json::to_vec(oracle.schemas()).expect("schemas are JSON")).expect("the schemas can be written");
    let output = node::run(Command::new("node").arg("validate.mjs").args([&list, &schemas]).current_dir(node::folder()));
    let results: Vec<Elsewhere> = output.lines().map(elsewhere).collect();
    assert_eq!(results.len(), instances.len(), "Node validates every instance");
    results
}

fn elsewhere(line: &str) -> Elsewhere {
    let result: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("Node wrote {line}: {error}"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let zod = result["zod"].as_array().expect("a list").iter().map(|pair| (text(&pair[0]), text(&pair[1])));
    let flag = |name: &str| result[name].as_bool().expect("a boolean");
    Elsewhere { zod: zod.collect(), ajv: flag("ajv"), format: flag("format") }
}

fn violations(result: &Result<(), api::Report>) -> Violations {
    let list = result.as_ref().err().map(|report| report.violations.as_slice()).unwrap_or_default();
    list.iter().map(|violation| (violation.pointer.clone(), violation.keyword.to_owned())).collect()
}

fn reports(result: &Result<(), contractc::runtime::report::Report>) -> Violations {
    let list = result.as_ref().err().map(|report| report.violations.as_slice()).unwrap_or_default();
    list.iter().map(|violation| (violation.pointer.clone(), violation.keyword.to_owned())).collect()
}

/// The first two columns of the table.
fn accepted_differences() -> BTreeSet<(String, String)> {
    let table = include_str!("agreement/differences.md");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = rows.filter_map(|row| Some((row.split('|').nth(1)?, row.split('|').nth(2)?)));
    cells.map(|(kind, validator)| (kind.trim().to_owned(), validator.trim().to_owned())).collect()
}
