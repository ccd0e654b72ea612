//! Documents made at random: every one is generated for every target or refused with a place, and the samples of its schemas are judged by
//! the interpreter as by the crate `jsonschema`. `cargo xtask fuzz-documents` also compiles what is generated. `FUZZ_DOCUMENTS` sets how many
//! documents are made.

#[path = "fuzzed/maker.rs"]
mod maker;

use contractc::Compilation;
use contractc::emit::Target;
use contractc::interpret;
use contractc::model::{Contract, SchemaId};
use contractc::sample::Sampler;
use maker::Maker;
use serde_json::{Value, json};

#[test]
fn documents_made_at_random_are_generated_and_judged_right() {
    let count = std::env::var("FUZZ_DOCUMENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(60);
    let (mut generated, mut judged, mut wrong) = (0, 0, Vec::new());
    for seed in 0..count {
        let document = Maker::document(seed);
        let compilation = Compilation::from_text("fuzzed.json", document.to_string().as_bytes());
        let Some(contract) = &compilation.contract else {
            assert!(compilation.diagnostics.has_errors(), "seed {seed}: neither a contract nor an error");
            continue;
        };
        compilation.generate(Target::ALL, false).expect("a contract is generated");
        generated += 1;
        for (name, id) in contract.names.iter().filter(|(_, id)| contract.schema(*id).view.is_none()) {
            judged += judge(seed, contract, name, *id, &document, &mut wrong);
        }
    }
    println!("{generated} of {count} documents generated, {judged} values judged");
    assert!(wrong.is_empty(), "{} wrong verdicts:\n{}", wrong.len(), wrong.join("\n"));
    assert!(generated * 10 > count * 9, "only {generated} of {count} documents were not refused");
}

/// Judges samples of a schema by the interpreter and by `jsonschema`, and returns how many.
fn judge(seed: u64, contract: &Contract, name: &str, id: SchemaId, document: &Value, wrong: &mut Vec<String>) -> usize {
    let root = json!({ "$ref": maker::pointer(name), "components": document["components"] });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true).build(&root);
    let oracle = options.unwrap_or_else(|error| panic!("seed {seed}: the oracle cannot compile {name}: {error}"));
    let mut sampler = Sampler::new(contract, seed);
    let Some(valid) = sampler.valid(id) else { return 0 };
    let others = sampler.mutations(id, &valid).into_iter().take(30).map(|mutation| mutation.value);
    let values: Vec<Value> = std::iter::once(valid).chain(others).collect();
    for value in &values {
        let ours = interpret::validate(contract, id, value.to_string().as_bytes());
        let theirs = oracle.is_valid(value);
        // A width adds bounds, and a discriminator decides between variants: JSON Schema knows neither.
        if ours.is_ok() != theirs && !is_ours(&document["components"]) {
            wrong.push(format!("seed {seed}, {name}: {value} is valid for jsonschema: {theirs}; {ours:?}"));
        }
    }
    values.len()
}

/// Whether a schema uses what JSON Schema does not assert.
fn is_ours(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int"));
            format || members.contains_key("discriminator") || members.values().any(is_ours)
        }
        Value::Array(items) => items.iter().any(is_ours),
        _ => false,
    }
}
