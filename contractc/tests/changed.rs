//! Random changes to contracts: if a value is valid before and invalid afterwards, `contractc diff` must report that requests break, and
//! the other way round for responses. The values are samples of both contracts and mutations of them, and the interpreter validates them.
//! `CHANGED_CONTRACTS` sets how many pairs are compared, and `CHANGED_FROM` the first seed.

#[path = "changed/maker.rs"]
mod maker;

use contractc::diff::{self, Change};
use contractc::model::{Contract, SchemaId};
use contractc::sample::Sampler;
use contractc::{Compilation, interpret};
use maker::Maker;
use serde_json::{Map, Value, json};

/// The root schema of each contract.
const ROOT: &str = "Thing";
/// The schema that members may refer to.
const OTHER: &str = "Other";
/// The name of a schema whose values are sent only with declared members.
const SEALED: &str = "Sealed";

/// A contract, with the same contract for values that have no undeclared member.
struct Side {
    contract: Contract,
    sealed: Contract,
}

#[test]
fn no_breaking_change_is_missed() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (from, count) = (setting("CHANGED_FROM").unwrap_or(0), setting("CHANGED_CONTRACTS").unwrap_or(300));
    let (mut compared, mut breaking, mut alarms, mut missed) = (0, 0, 0, Vec::new());
    for seed in from..from + count {
        let mut maker = Maker::new(seed);
        let before = [maker.schema(2), maker.schema(1)];
        let after = maker.changed(&before);
        let (Some(old), Some(new)) = (compiled(&before), compiled(&after)) else { continue };
        let changes = diff::compare(&old.contract, &new.contract);
        compared += 1;
        let values = values(seed, &mut maker, &old, &new);
        let lost = values.iter().find(|value| is_lost(value, &old, &new));
        let gained = values.iter().find(|value| is_lost(value, &new, &old));
        for (direction, value) in [("requests", lost), ("responses", gained)] {
            let breaks = |change: &Change| if direction == "requests" { change.breaks_requests } else { change.breaks_responses };
            let is_said = changes.iter().any(breaks);
            breaking += usize::from(value.is_some());
            alarms += usize::from(is_said && value.is_none());
            if let Some(value) = value.filter(|_| !is_said) {
                let lines: Vec<String> = changes.iter().map(|change| format!("{}: {}", change.class(), change.message)).collect();
                let [was, is] = [&before, &after].map(|schemas| json!(schemas).to_string());
                missed.push(format!("seed {seed}, {direction}: {was}\n  → {is}\n  {value}\n  {lines:?}"));
            }
            if std::env::var("CHANGED_ALARMS").is_ok() && is_said && value.is_none() {
                let lines: Vec<String> = changes
                    .iter()
                    .filter(|change| breaks(change))
                    .map(|change| format!("{}: {}", change.pointer, change.message))
                    .collect();
                println!("alarm {seed}, {direction}: {}\n  → {}\n  {lines:?}", json!(before), json!(after));
            }
        }
    }
    println!("{compared} of {count} pairs compared, {breaking} breaking directions, {alarms} unproven alarms");
    assert!(missed.is_empty(), "{} breaking changes missed:\n{}", missed.len(), missed.join("\n"));
    assert!(compared * 10 > count * 9, "only {compared} of {count} pairs were not rejected");
}

/// Whether a value that the first side may send is invalid for the second one. A side sends no undeclared members, except where its
/// contract describes them.
fn is_lost(value: &Value, sender: &Side, receiver: &Side) -> bool {
    let is_valid = |contract: &Contract| interpret::validate(contract, root(contract), value.to_string().as_bytes()).is_ok();
    is_valid(&sender.contract) && !is_valid(&receiver.contract) && is_valid(&sender.sealed)
}

fn values(seed: u64, maker: &mut Maker, old: &Side, new: &Side) -> Vec<Value> {
    let mut values: Vec<Value> = (0..60).map(|_| maker.value(3)).collect();
    for side in [old, new] {
        let mut sampler = Sampler::new(&side.contract, seed);
        for _ in 0..2 {
            let Some(valid) = sampler.valid(root(&side.contract)) else { break };
            values.extend(sampler.mutations(root(&side.contract), &valid).into_iter().take(20).map(|mutation| mutation.value));
            values.extend((0..10).map(|_| maker.mutated(&valid)));
            values.push(valid);
        }
    }
    values
}

fn root(contract: &Contract) -> SchemaId {
    contract.named(ROOT).expect("the document has the schema")
}

fn compiled(schemas: &[Value; 2]) -> Option<Side> {
    let [thing, other] = schemas;
    let contract = compile(&json!({ ROOT: thing, OTHER: other }))?;
    let sealed = json!({ ROOT: sealed(thing), OTHER: other, SEALED: sealed(other) });
    Some(Side { contract, sealed: compile(&sealed)? })
}

fn compile(schemas: &Value) -> Option<Contract> {
    let content = json!({ "application/json": { "schema": { "$ref": pointer(ROOT) } } });
    let answer = json!({ "200": { "description": "Said.", "content": content } });
    let document = json!({
        "openapi": "3.1.0", "info": { "title": "Changed", "version": "1" },
        "paths": { "/things": { "post": { "requestBody": { "required": true, "content": content }, "responses": answer } } },
        "components": { "schemas": schemas },
    });
    Compilation::from_text("changed.json", document.to_string().as_bytes()).contract
}

fn pointer(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

/// The schema for values without members that it does not declare.
fn sealed(schema: &Value) -> Value {
    if schema.get("$ref").is_some() {
        return json!({ "$ref": pointer(SEALED) });
    }
    json!({ "allOf": [with_sealed_members(schema)], "unevaluatedProperties": false })
}

/// The same schema without undeclared members. A required member counts as declared.
fn with_sealed_members(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let inner = |keyword: &str, value: &Value| match (keyword, value) {
        ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => list.iter().map(with_sealed_members).collect(),
        ("prefixItems", Value::Array(list)) => list.iter().map(sealed).collect(),
        ("properties" | "patternProperties", Value::Object(members)) => {
            members.iter().map(|(name, member)| (name.clone(), sealed(member))).collect()
        }
        ("dependentSchemas", Value::Object(members)) => {
            members.iter().map(|(name, member)| (name.clone(), with_sealed_members(member))).collect()
        }
        ("if" | "then" | "else", value) => with_sealed_members(value),
        ("additionalProperties" | "unevaluatedProperties" | "items" | "unevaluatedItems", value) if *value != json!(false) => sealed(value),
        (_, value) => value.clone(),
    };
    let mut keywords: Map<String, Value> = keywords.iter().map(|(keyword, value)| (keyword.clone(), inner(keyword, value))).collect();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let members = keywords.entry("properties").or_insert_with(|| json!({}));
        if members.get(name).is_none() {
            members[name] = json!(true);
        }
    }
    Value::Object(keywords)
}
