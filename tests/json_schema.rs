//! The JSON Schemas that the generated types give to `schemars`: they equal the schemas of the document, and accept the same values as the
//! validators.

mod support;

use std::collections::BTreeSet;

use contractc::Compilation;
use contractc::model::Contract;
use contractc::sample::Sampler;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use stronglog_sync::api;
use support::oracle::{Oracle, compile};

fn contract() -> Contract {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    Compilation::from_file(&path).expect("the contract can be read").contract.expect("the contract compiles")
}

fn json_schema(name: &str) -> Value {
    api::json_schema::of(name).unwrap_or_else(|| panic!("{name} has no JSON Schema")).to_value()
}

/// A schema in one spelling: references by name alone, lists whose order says nothing in order, and no keyword that is not JSON Schema's.
fn normalised(schema: &Value, name: &str) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    if members.is_empty() {
        return json!(true);
    }
    let ignored = ["$schema", "$defs", "discriminator", "x-sync"];
    let kept = members.iter().filter(|(keyword, _)| !ignored.contains(&keyword.as_str()));
    let normal = kept.map(|(keyword, value)| {
        let value = match keyword.as_str() {
            "$ref" if value == "#" => json!(name),
            "$ref" => json!(value.as_str().and_then(|text| text.rsplit('/').next())),
            "description" => json!(value.as_str().map(str::trim_end)),
            "type" | "required" => sorted(value),
            "allOf" | "anyOf" | "oneOf" => sorted(&within(value, name)),
            // Values, which are not schemas.
            "const" | "enum" | "default" | "examples" => value.clone(),
            "properties" | "patternProperties" | "dependentSchemas" => each_value(value, name),
            _ => within(value, name),
        };
        (keyword.clone(), value)
    });
    Value::Object(normal.collect())
}

fn within(value: &Value, name: &str) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| within(item, name)).collect(),
        schema => normalised(schema, name),
    }
}

fn each_value(value: &Value, name: &str) -> Value {
    let members = value.as_object().into_iter().flatten();
    Value::Object(members.map(|(key, schema)| (key.clone(), normalised(schema, name))).collect::<Map<_, _>>())
}

fn sorted(value: &Value) -> Value {
    let Value::Array(items) = value else { return value.clone() };
    json!(items.iter().map(ToString::to_string).collect::<BTreeSet<_>>())
}

#[test]
fn the_json_schema_of_a_type_is_the_one_of_the_document() {
    let contract = contract();
    let oracle = Oracle::new(&contract);
    let mut compared = 0;
    for (name, written) in oracle.schemas() {
        let expected = normalised(written, name);
        let mut found = normalised(&json_schema(name), name);
        // `schemars` gives every schema a title.
        if let (Value::Object(expected), Value::Object(found)) = (&expected, &mut found) {
            found.retain(|keyword, _| keyword != "title" || expected.contains_key(keyword));
        }
        assert_eq!(found, expected, "{name}");
        compared += 1;
    }
    assert!(compared > 200, "only {compared} schemas were compared");
}

#[test]
fn json_schemas_accept_the_same_values_as_the_validators() {
    let contract = contract();
    let (mut accepted, mut rejected) = (0, 0);
    for (index, name) in api::SCHEMAS.iter().enumerate() {
        let validator = compile(&json_schema(name));
        let schema = contract.named(name).expect("generated names are the contract's");
        let mut sampler = Sampler::new(&contract, index as u64);
        let Some(valid) = sampler.valid(schema) else { continue };
        let mutations = sampler.mutations(schema, &valid).into_iter().map(|mutation| mutation.value);
        for value in mutations.chain([valid]) {
            let result = api::validate(name, value.to_string().as_bytes());
            assert_eq!(validator.is_valid(&value), result.is_ok(), "{name}: {result:?}: {value}");
            *(if result.is_ok() { &mut accepted } else { &mut rejected }) += 1;
        }
    }
    assert!(accepted >= api::SCHEMAS.len() / 2 && rejected > 5_000, "{accepted} accepted, {rejected} rejected");
}

#[test]
fn a_type_is_part_of_other_schemas() {
    /// Values that a program may send in addition to a record.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Shared {
        log: api::UserBodyweightLog,
    }
    let schema = schemars::schema_for!(Shared).to_value();
    assert_eq!(schema["properties"]["log"], json!({ "$ref": "#/$defs/UserBodyweightLog" }));
    assert_eq!(schema["$defs"]["BodyweightKg"]["exclusiveMinimum"], 0);
    let inlined = schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = inlined.into_generator().into_root_schema_for::<Shared>().to_value();
    assert_eq!(schema.get("$defs"), None);
    assert_eq!(schema["properties"]["log"]["properties"]["weightKg"]["exclusiveMinimum"], 0, "{schema}");
}
