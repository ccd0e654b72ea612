//! Tests of the sampler, on the project's own contract and on one small schema for each keyword that the contract does not use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::Compilation;

/// More seeds find nothing new and slow the tests down.
const SEEDS: u64 = 3;

fn project_contract() -> Contract {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/openapi.yaml");
    let compilation = Compilation::from_file(&path).expect("the contract can be read");
    compilation.contract.expect("the contract has no errors")
}

fn contract_of(schemas: &str) -> Contract {
    let text = format!("openapi: 3.1.0\ninfo: {{title: Test, version: '1'}}\ncomponents:\n  schemas:\n{schemas}");
    let compilation = Compilation::from_text("test.yaml", text.as_bytes());
    let findings = compilation.render();
    compilation.contract.unwrap_or_else(|| panic!("{findings}"))
}

fn is_valid(contract: &Contract, schema: SchemaId, text: &str) -> bool {
    interpret::validate(contract, schema, text.as_bytes()).is_ok()
}

#[test]
fn every_named_schema_of_the_project_has_valid_instances() {
    let contract = project_contract();
    for seed in 0..SEEDS {
        let mut sampler = Sampler::new(&contract, seed);
        for (name, schema) in &contract.names {
            let value = sampler.valid(*schema).unwrap_or_else(|| panic!("{name} has no instance with seed {seed}"));
            assert!(is_valid(&contract, *schema, &value.to_string()), "{name}, seed {seed}: {value}");
        }
    }
}

#[test]
fn mutations_reach_every_keyword_of_the_project() {
    let contract = project_contract();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for name in [
        "ActiveProgramInstance",
        "WorkoutLog",
        "ProgressionRule",
        "ExerciseDefinition",
        "UserGoal",
        "BodyweightKg",
        "Problem",
        "ProgramDefinition",
    ] {
        let Some(schema) = contract.named(name) else { continue };
        for seed in 0..6 {
            let mut sampler = Sampler::new(&contract, seed);
            let value = sampler.valid(schema).expect("an instance");
            for mutation in sampler.mutations(schema, &value) {
                let report =
                    interpret::validate(&contract, schema, mutation.value.to_string().as_bytes()).expect_err("a mutation is invalid");
                let named = report.violations.iter().any(|found| found.pointer == mutation.pointer && found.keyword == mutation.keyword);
                assert!(named, "{name}: {mutation:?}");
                seen.insert(mutation.keyword);
            }
        }
    }
    let expected = [
        "additionalProperties",
        "const",
        "enum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "oneOf",
        "pattern",
        "propertyNames",
        "required",
        "type",
        "uniqueItems",
        "x-rules",
    ];
    let missing: Vec<&str> = expected.into_iter().filter(|keyword| !seen.contains(*keyword)).collect();
    assert!(missing.is_empty(), "no mutation breaks {missing:?}");
}

/// One small schema for each keyword that the project's own contract does not use.
const OTHER_KEYWORDS: &str = "
    multipleOf: {type: number, multipleOf: 0.01, minimum: 1}
    exclusiveMaximum: {type: number, exclusiveMaximum: 3}
    not: {type: integer, not: {type: integer, minimum: 5}}
    anyOf: {anyOf: [{type: string}, {type: array, items: {type: string}}]}
    contains: {type: array, contains: {type: integer, minimum: 3}, items: {type: integer}}
    maxContains: {type: array, contains: {const: 1}, maxContains: 2}
    minProperties: {type: object, minProperties: 2, additionalProperties: {type: boolean}}
    dependentRequired: {type: object, required: [a], properties: {a: {type: string}, b: {type: string}}, dependentRequired: {a: [b]}}
    unevaluatedProperties: {type: object, allOf: [{properties: {a: {type: string}}}], unevaluatedProperties: false}
    format: {type: string, format: date-time}
    x-max-depth: {type: object, x-max-depth: 4, properties: {next: {$ref: '#/components/schemas/x-max-depth'}}}
";

#[test]
fn each_other_keyword_is_satisfied_and_broken() {
    let contract = contract_of(OTHER_KEYWORDS);
    for (name, schema) in &contract.names {
        let mut found = BTreeSet::new();
        for seed in 0..8 {
            let mut sampler = Sampler::new(&contract, seed);
            let value = sampler.valid(*schema).unwrap_or_else(|| panic!("{name} has an instance"));
            found.extend(sampler.mutations(*schema, &value).into_iter().map(|mutation| mutation.keyword));
        }
        assert!(found.contains(name), "{name} is not among {found:?}");
    }
}

#[test]
fn recursion_goes_down_to_the_limit_and_one_further() {
    let contract = project_contract();
    let condition = contract.named("Condition").expect("the recursive schema");
    let depth = |value: &Value| value.to_string().matches(['{']).count();
    let deepest = (0..30).filter_map(|seed| Sampler::new(&contract, seed).valid(condition)).map(|value| depth(&value)).max();
    assert!(deepest >= Some(32), "{deepest:?}");
    let mut sampler = Sampler::new(&contract, 1);
    let value = sampler.valid(condition).expect("an instance");
    let mutations = sampler.mutations(condition, &value);
    assert!(mutations.iter().any(|mutation| depth(&mutation.value) > 32), "none is too deep");
}

#[test]
fn the_same_seed_gives_the_same_samples() {
    let contract = project_contract();
    let schema = contract.named("FeedPage").expect("a schema of that name");
    let run = |seed| {
        let mut sampler = Sampler::new(&contract, seed);
        let value = sampler.valid(schema).expect("an instance");
        let mutations = sampler.mutations(schema, &value);
        let texts = sampler.text_variants(&value);
        (value, mutations, texts)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0);
}

#[test]
fn spellings_keep_the_result_and_broken_texts_are_rejected() {
    let contract = project_contract();
    for (name, schema) in &contract.names {
        let mut sampler = Sampler::new(&contract, 5);
        let value = sampler.valid(*schema).expect("an instance");
        for text in sampler.text_variants(&value) {
            assert!(is_valid(&contract, *schema, &text), "{name}: {text}");
        }
        for text in broken_texts(&value.to_string()) {
            let report = interpret::validate(&contract, *schema, text.as_bytes()).expect_err("broken text");
            assert_eq!(report.violations[0].keyword, "syntax", "{text}");
        }
    }
}

#[test]
fn strings_match_their_patterns() {
    let sources = BTreeMap::from([
        ("anchored", "^(0|[1-9][0-9]{0,6})\\.[0-9a-f]{8}$"),
        ("lookahead", "^(?=.*\\d)[a-z\\d]{4,8}$"),
        ("back", "^(['\"])\\w+\\1$"),
        ("property", "^\\p{Lu}\\p{Ll}*$"),
        ("negated", "^[^\\s/]{2,}$"),
        ("open", "a+b?"),
        ("astral", "^[\\u{1F600}-\\u{1F64F}]{2}$"),
    ]);
    let schemas: String =
        sources.iter().map(|(name, source)| format!("    {name}: {{type: string, pattern: {}}}\n", serde_json::json!(source))).collect();
    let contract = contract_of(&schemas);
    for (name, schema) in &contract.names {
        let texts: BTreeSet<String> =
            (0..10).filter_map(|seed| Sampler::new(&contract, seed).valid(*schema)).map(|value| value.to_string()).collect();
        assert!(texts.len() > 2, "{name}: {texts:?}");
    }
}

#[test]
fn an_integer_is_a_number() {
    let contract = contract_of("    Num: { allOf: [{ type: number }, { type: integer }] }\n");
    let num = contract.named("Num").expect("the schema");
    let value = Sampler::new(&contract, 1).valid(num).expect("an instance");
    assert!(is_valid(&contract, num, &value.to_string()), "{value}");
}
