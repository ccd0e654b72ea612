//! Small contracts with changed schemas: if a contract still compiles, its validator agrees with the `jsonschema` crate.
//!
//! The validator used here is the compiler's interpreter; `tests/agreement.rs` and the compiler's cases compare the generated validators
//! with it.

use contractc::Compilation;
use contractc::interpret;
use contractc::sample::Sampler;
use jsonschema::Validator;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use stronglog_sync::api::runtime::report::escaped;

use super::{config, documents};

/// Keywords removed from the contracts, each with the reason why the oracle's result cannot be compared with ours.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "format",
        "each crate has grammars of its own, and many formats are annotations here: tests/agreement.rs compares those of the contract",
    ),
    ("discriminator", "selects a variant by its value; the oracle tries every variant"),
    ("x-any-collection", "an extension"),
    ("x-each", "an extension"),
    ("x-max-depth", "an extension"),
    ("x-ref", "an extension, and a statement about the document"),
    ("x-rules", "an extension"),
    ("x-sync", "an extension, and a statement about the document"),
];

/// Warnings about schemas that are read as they were meant. The oracle follows a cycle, and ignores or rejects keywords of other dialects.
const READ_OTHERWISE: &[&str] = &[
    "that reference is read without the union",
    "the reference adds nothing",
    "is read as",
    "it has a schema for each position",
    "it is null",
];

/// A change of a contract, and the schema it applies to.
#[derive(Clone, Debug)]
enum Change {
    Set { schema: Index, keyword: Index },
    Remove { schema: Index, keyword: Index },
    Copy { from: Index, to: Index, place: Index },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let index = any::<Index>;
    let change = prop_oneof![
        4 => (index(), index()).prop_map(|(schema, keyword)| Change::Set { schema, keyword }),
        1 => (index(), index()).prop_map(|(schema, keyword)| Change::Remove { schema, keyword }),
        2 => (index(), index(), index()).prop_map(|(from, to, place)| Change::Copy { from, to, place }),
    ];
    vec(change, 1..6)
}

/// Keywords with values that interact with those of the contracts: the same member names, and numbers near the same bounds.
fn keywords() -> Vec<(&'static str, Value)> {
    let text = r#"{
        "type": ["string", "integer", "number", "boolean", "null", "array", "object", ["integer", "null"], ["string", "object"]],
        "const": [1, 1.0, "a", null, {"a": 1}, [1, 2], true], "enum": [[1, "a", null], ["a", "b"], [[], {}], [0, false]],
        "minimum": [0, -1, 1.5], "maximum": [10, 2.5], "exclusiveMinimum": [0, 1], "exclusiveMaximum": [10], "multipleOf": [2, 0.1, 0.5],
        "minLength": [0, 1, 2], "maxLength": [1, 3, 0], "pattern": ["^a", "b$", "^[a-c]*$", "\\d", "^\\S(|.*\\S)$"],
        "minItems": [1, 2], "maxItems": [0, 2], "uniqueItems": [true], "items": [{"type": "integer"}, true, false, {"maxLength": 1}],
        "prefixItems": [[{"type": "string"}], [true, {"type": "integer"}]], "contains": [{"type": "integer"}, {"const": "a"}],
        "minContains": [0, 2], "maxContains": [1], "unevaluatedItems": [false, {"type": "string"}],
        "required": [["a"], ["a", "b"], ["name"]], "minProperties": [1, 2], "maxProperties": [0, 1, 3],
        "properties": [{"a": {"type": "integer"}}, {"name": {"type": "string"}, "b": true}, {"a": false}],
        "patternProperties": [{"^a": {"type": "integer"}}, {"b": false}], "additionalProperties": [false, true, {"type": "string"}],
        "propertyNames": [{"maxLength": 2}, {"pattern": "^a"}], "dependentRequired": [{"a": ["b"]}],
        "dependentSchemas": [{"a": {"required": ["b"]}}, {"name": {"maxProperties": 2}}],
        "unevaluatedProperties": [false, {"type": "integer"}],
        "allOf": [[{"minimum": 1}], [{"required": ["a"]}, {"properties": {"a": {"maximum": 5}}}]],
        "anyOf": [[{"type": "string"}, {"type": "object"}], [{"required": ["a"]}, {"required": ["b"]}], [false, {"type": "integer"}]],
        "oneOf": [[{"type": "integer"}, {"type": "number"}], [{"required": ["a"]}, {"required": ["b"]}], [{"type": "null"}, {"type": "object"}]],
        "not": [{"type": "null"}, {"required": ["a"]}, {"const": 1}],
        "if": [{"required": ["a"]}, {"type": "string"}], "then": [{"required": ["b"]}, {"maxLength": 2}], "else": [{"type": "object"}, false]
    }"#;
    let table: Map<String, Value> = serde_json::from_str(text).expect("the table is JSON");
    let mut listed = Vec::new();
    for (keyword, values) in table {
        let keyword: &'static str = keyword.leak();
        listed.extend(values.as_array().into_iter().flatten().map(|value| (keyword, value.clone())));
    }
    listed
}

/// Values of every type, each accepted by many schemas and rejected by many.
fn values() -> Vec<Value> {
    let text = r#"[null, true, false, 0, 1, -1, 1.0, 2.5, 10, 11, 0.3, 1e2, "", "a", "b", "ab", "abc", "7", "é", " a", [], [1], [1, 1.0], ["a"],
        ["a", 1], [1, 2, 3], [[], {}], {}, {"a": 1}, {"a": "x"}, {"b": 1}, {"a": 1, "b": 2}, {"name": "a"}, {"name": 1}, {"a": 1, "b": 2, "c": 3},
        {"a": {"a": 1}}, {"name": "a", "a": null}, {"ab": 1}]"#;
    serde_json::from_str(text).expect("the values are JSON")
}

impl Change {
    fn apply(&self, contract: &mut Value, keywords: &[(&str, Value)]) {
        let places = schemas(contract);
        if places.is_empty() {
            return;
        }
        match self {
            Change::Set { schema, keyword } => {
                let (keyword, value) = &keywords[keyword.index(keywords.len())];
                if let Some(Value::Object(schema)) = contract.pointer_mut(&places[schema.index(places.len())]) {
                    schema.insert((*keyword).to_owned(), value.clone());
                }
            }
            Change::Remove { schema, keyword } => {
                if let Some(Value::Object(schema)) = contract.pointer_mut(&places[schema.index(places.len())])
                    && !schema.is_empty()
                {
                    let name = schema.keys().nth(keyword.index(schema.len())).cloned().unwrap_or_default();
                    schema.remove(&name);
                }
            }
            Change::Copy { from, to, place } => {
                let part = contract.pointer(&places[from.index(places.len())]).cloned().unwrap_or_default();
                let wrapped = [
                    ("allOf", json!([part])),
                    ("anyOf", json!([part, { "type": "integer" }])),
                    ("oneOf", json!([{ "type": "string" }, part])),
                    ("not", part.clone()),
                    ("items", part.clone()),
                    ("properties", json!({ "a": part })),
                    ("additionalProperties", part.clone()),
                    ("if", part.clone()),
                    ("then", part),
                ];
                let (keyword, value) = &wrapped[place.index(wrapped.len())];
                if let Some(Value::Object(schema)) = contract.pointer_mut(&places[to.index(places.len())]) {
                    schema.insert((*keyword).to_owned(), value.clone());
                }
            }
        }
    }
}

/// Pointers to all schemas below `components/schemas`.
fn schemas(contract: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let named = contract["components"]["schemas"].as_object().into_iter().flatten();
    let mut open: Vec<(String, &Value)> = named.map(|(name, schema)| (format!("/components/schemas/{}", escaped(name)), schema)).collect();
    while let Some((pointer, value)) = open.pop() {
        let Value::Object(members) = value else { continue };
        for (keyword, inner) in members {
            let at = format!("{pointer}/{keyword}");
            match (keyword.as_str(), inner) {
                ("properties" | "patternProperties" | "dependentSchemas" | "$defs", Value::Object(inner)) => {
                    open.extend(inner.iter().map(|(name, schema)| (format!("{at}/{}", escaped(name)), schema)));
                }
                ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(inner)) => {
                    open.extend(inner.iter().enumerate().map(|(index, schema)| (format!("{at}/{index}"), schema)));
                }
                ("const" | "enum" | "default" | "example" | "examples" | "discriminator", _) => {}
                (_, inner @ Value::Object(_)) => open.push((at, inner)),
                _ => {}
            }
        }
        found.push(pointer);
    }
    found.sort();
    found
}

/// Removes from every schema the keywords that the oracle handles differently by design, and divisors that it rounds.
fn left_out(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(left_out),
        Value::Object(members) => {
            let is_left_out = |name: &str| LEFT_OUT.iter().any(|(keyword, _)| *keyword == name);
            members.retain(|name, value| !(is_left_out(name) || name == "multipleOf" && is_rounded(value)));
            members.values_mut().for_each(left_out);
        }
        _ => {}
    }
}

/// Whether the oracle, which divides doubles, may not see all digits of the number.
fn is_rounded(number: &Value) -> bool {
    number.as_f64().is_some_and(|number| number.abs() >= 9_007_199_254_740_992.0)
}

/// The OpenAPI 3.1 contracts of the compiler's cases that consist of one file, reduced to their schemas.
fn contracts() -> Vec<Value> {
    let read = |text: String| {
        let compilation = Compilation::from_text("case.yaml", text.as_bytes());
        let mut tree = compilation.sources.root(0)?.to_json();
        let is_ours = tree["openapi"].as_str()?.starts_with("3.1") && !text.contains(".yaml#") && !text.contains("x-sync");
        left_out(&mut tree["components"]);
        let schemas = tree["components"]["schemas"].take();
        (is_ours && !schemas.to_string().contains("#/paths"))
            .then(|| json!({ "openapi": "3.1.0", "info": { "title": "Changed", "version": "1" }, "components": { "schemas": schemas } }))
    };
    documents().into_iter().filter_map(read).collect()
}

/// The oracle's validator of a named schema, or `None` if it rejects the schema itself.
fn oracle(contract: &Value, name: &str) -> Option<Validator> {
    let pointer = format!("#/components/schemas/{}", escaped(name).replace('%', "%25").replace(' ', "%20"));
    let schema = json!({ "$ref": pointer, "components": contract["components"] });
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(false).build(&schema).ok()
}

#[test]
fn changed_contracts_accept_the_same_values_as_the_oracle() {
    let (contracts, keywords, values) = (contracts(), keywords(), values());
    assert!(contracts.len() > 10, "only {} contracts", contracts.len());
    // Counts the compared results and the accepted values, to check that the comparison is meaningful.
    let (checked, accepted) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    proptest!(config(), |(contract in any::<Index>(), changes in changes(), seed in any::<u64>())| {
        let mut contract = contracts[contract.index(contracts.len())].clone();
        changes.iter().for_each(|change| change.apply(&mut contract, &keywords));
        let compilation = Compilation::from_text("changed.json", contract.to_string().as_bytes());
        let Some(model) = &compilation.contract else { return Ok(()) };
        let is_read_otherwise = |message: &String| READ_OTHERWISE.iter().any(|part| message.contains(part));
        if compilation.diagnostics.sorted().iter().any(|diagnostic| is_read_otherwise(&diagnostic.message)) {
            return Ok(());
        }
        for (name, schema) in &model.names {
            let Some(oracle) = oracle(&contract, name) else { continue };
            let mut sampler = Sampler::new(model, seed);
            let valid = sampler.valid(*schema);
            let broken = valid.iter().flat_map(|valid| sampler.mutations(*schema, valid)).map(|mutation| mutation.value);
            let made: Vec<Value> = broken.take(12).collect();
            for value in values.iter().chain(&valid).chain(&made) {
                let ours = interpret::validate(model, *schema, value.to_string().as_bytes());
                let theirs = oracle.is_valid(value);
                checked.set(checked.get() + 1);
                accepted.set(accepted.get() + usize::from(theirs));
                prop_assert_eq!(ours.is_ok(), theirs, "`{}` of {} on {}: {:?}", name, contract, value, ours);
            }
        }
    });
    let (checked, accepted) = (checked.get(), accepted.get());
    println!("{checked} results compared, of which {accepted} accept");
    assert!(accepted > checked / 20 && accepted < checked * 19 / 20, "{accepted} of {checked} values were accepted");
}
