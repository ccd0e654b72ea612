//! Random documents: each is generated for every target or rejected with a location, and the interpreter and the crate `jsonschema` agree
//! on samples of its schemas. `cargo xtask fuzz-documents` also compiles the generated code. `FUZZ_DOCUMENTS` sets how many documents are
//! made.

#[path = "fuzzed/maker.rs"]
mod maker;

use contractc::Compilation;
use contractc::emit::Target;
use contractc::interpret;
use contractc::model::{Contract, SchemaId};
use contractc::sample::Sampler;
use contractc::source::Span;
use maker::Maker;
use serde_json::{Value, json};

/// Seeds whose documents have `multipleOf` and values that a double rounds: 1e300 is no multiple of 3, but the double nearest to it is one.
/// The compiler divides the written number, and `jsonschema` the double.
const ROUNDED: [u64; 13] = [2819, 3125, 6961, 7284, 9753, 13415, 14656, 15368, 15528, 16543, 16943, 18535, 19323];

#[test]
fn random_documents_are_generated_and_validated_correctly() {
    let count = std::env::var("FUZZ_DOCUMENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(60);
    let (mut generated, mut checked, mut wrong) = (0, 0, Vec::new());
    for seed in (0..count).chain(ROUNDED.into_iter().filter(|seed| *seed >= count)) {
        let document = Maker::document(seed);
        let compilation = Compilation::from_text("fuzzed.json", document.to_string().as_bytes());
        let Some(contract) = &compilation.contract else {
            assert!(compilation.diagnostics.has_errors(), "seed {seed}: neither a contract nor an error");
            continue;
        };
        compilation.generate(Target::ALL).expect("a contract is generated");
        generated += 1;
        for (name, id) in contract.names.iter().filter(|(_, id)| contract.schema(*id).view.is_none()) {
            checked += check(seed, contract, name, *id, &document, &mut wrong);
            let valid = Sampler::new(contract, seed).valid(*id).filter(|value| is_valid(contract, *id, value));
            if let Some(valid) = valid.filter(|_| is_called_empty(&compilation, contract.schema(*id).span)) {
                wrong.push(format!("seed {seed}, {name}: a warning says that no value satisfies it, but {valid} does"));
            }
        }
    }
    println!("{generated} of {count} documents generated, {checked} values checked");
    assert!(wrong.is_empty(), "{} wrong results:\n{}", wrong.len(), wrong.join("\n"));
    assert!(generated * 10 > count * 9, "only {generated} of {count} documents were not rejected");
}

#[test]
fn what_is_written_is_divided_and_not_the_nearest_double() {
    let document =
        json!({ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "components": { "schemas": { "A": { "multipleOf": 3 } } } });
    let compilation = Compilation::from_text("test.json", document.to_string().as_bytes());
    let contract = compilation.contract.as_ref().expect("the document has no errors");
    let id = contract.named("A").expect("the document has the schema");
    let is_valid = |text: &str| interpret::validate(contract, id, text.as_bytes()).is_ok();
    // The sum of the digits of a power of ten is 1. That of the digits of the double nearest to 1e300 is a multiple of 3.
    let digits: u32 = format!("{:.0}", 1e300).bytes().map(|digit| u32::from(digit - b'0')).sum();
    assert_eq!((digits % 3, is_valid("1e300"), is_valid("3e300"), is_valid("1e22")), (0, false, true, false));
}

fn is_valid(contract: &Contract, id: SchemaId, value: &Value) -> bool {
    interpret::validate(contract, id, value.to_string().as_bytes()).is_ok()
}

/// Whether a warning at this place says that no value satisfies the schema.
fn is_called_empty(compilation: &Compilation, place: Span) -> bool {
    let diagnostics = compilation.diagnostics.sorted();
    diagnostics.iter().any(|found| found.span == place && found.message.starts_with("no value satisfies this schema"))
}

/// Validates samples of a schema with the interpreter and with `jsonschema`, and returns their number.
fn check(seed: u64, contract: &Contract, name: &str, id: SchemaId, document: &Value, wrong: &mut Vec<String>) -> usize {
    let root = json!({ "$ref": maker::pointer(name), "components": document["components"] });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true).build(&root);
    let oracle = options.unwrap_or_else(|error| panic!("seed {seed}: the oracle cannot compile {name}: {error}"));
    let mut sampler = Sampler::new(contract, seed);
    let Some(valid) = sampler.valid(id) else { return 0 };
    let others = sampler.mutations(id, &valid).into_iter().take(30).map(|mutation| mutation.value);
    let values: Vec<Value> = std::iter::once(valid).chain(others).collect();
    for value in &values {
        let differs = |value: &Value| {
            let ours = interpret::validate(contract, id, value.to_string().as_bytes());
            let theirs = oracle.is_valid(value);
            (ours.is_ok() != theirs).then(|| format!("seed {seed}, {name}: {value} is valid for jsonschema: {theirs}; {ours:?}"))
        };
        // A width adds bounds, and a discriminator selects variants: JSON Schema has neither.
        let found = differs(value).filter(|_| !is_ours(&document["components"]));
        // A difference is due to rounding if there is none for a number that a double holds exactly and that is as divisible as the written
        // one.
        let exact = without_rounding(value);
        wrong.extend(found.filter(|_| exact == *value || differs(&exact).is_some()));
    }
    values.len()
}

/// The value with 1e22, the greatest power of ten that is a double, in place of greater ones: each power of ten is one more than a multiple of 3,
/// which is the only divisor in the documents.
fn without_rounding(value: &Value) -> Value {
    match value {
        Value::Number(number) if is_power_above(number) => json!(1e22),
        Value::Array(items) => items.iter().map(without_rounding).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), without_rounding(value))).collect(),
        other => other.clone(),
    }
}

fn is_power_above(number: &serde_json::Number) -> bool {
    let written = number.as_f64().map(|number| format!("{number:e}"));
    written.and_then(|written| written.strip_prefix("1e")?.parse().ok()).is_some_and(|exponent: u32| exponent > 22)
}

/// Whether a schema uses keywords that JSON Schema does not assert.
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
