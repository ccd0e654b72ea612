//! Random contracts with a collection of each kind.

#[path = "../../../contractc/tests/fuzzed/maker.rs"]
mod maker;

use contractc::Compilation;
use contractc::emit::Target;
use contractc::sample::Sampler;
use serde_json::{Value, json};
use stronglog_sync::contract::load;

use super::TestContract;

/// The members that every record has, and those that runs write.
const COMMON: [&str; 8] = ["id", "clientCreatedAt", "clientUpdatedAt", "isDeleted", "serverId", "serverUpdatedAt", "v", "mark"];

impl TestContract {
    /// The contract of a seed; `None` if the compiler rejects its document, or if no record of it can be found.
    pub fn random(seed: u64) -> Option<TestContract> {
        let compilation = Compilation::from_text("random.json", document(seed).to_string().as_bytes());
        let contract = compilation.contract.as_ref()?;
        let mut sampler = Sampler::new(contract, seed);
        let members = contract.collections.iter().map(|collection| {
            let Value::Object(mut record) = sampler.valid(collection.schema)? else { return None };
            COMMON.iter().for_each(|name| _ = record.remove(*name));
            let text = Value::Object(record).to_string();
            Some(text.strip_prefix('{')?.strip_suffix('}')?.to_owned())
        });
        let members: Vec<String> = members.collect::<Option<_>>()?;
        let files = compilation.generate(&[Target::Contract])?;
        let loaded = load(files[0].text.as_bytes()).expect("a contract");
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        Some(TestContract::of(loaded, &members))
    }
}

/// A document with random schemas, and a collection of each kind that uses some of them.
fn document(seed: u64) -> Value {
    let mut schemas = maker::Maker::document(seed)["components"]["schemas"].take();
    both_ways(&mut schemas);
    let names: Vec<String> = schemas.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let kinds = [
        ("PlainRecord", json!({"path": "plain"})),
        ("OnlyRecord", json!({"path": "only", "singleton": "only"})),
        ("ShippedRecord", json!({"path": "shipped", "naturalKey": "word"})),
    ];
    for (index, (kind, sync)) in kinds.into_iter().enumerate() {
        let member = |offset: usize| json!({"$ref": maker::pointer(&names[(index + offset) % names.len()])});
        schemas[kind] = json!({
            "x-sync": sync,
            "type": "object",
            "allOf": [{"$ref": "#/components/schemas/SyncFields"}],
            "required": ["word", "first"],
            "properties": {"word": {"type": "string", "maxLength": 9}, "first": member(0), "second": member(1)},
        });
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Made at random", "version": "1.0.0"},
        "x-sync": {"protocol": "1.1"},
        "x-namespace": "6f1d1f0e-5b1c-4a55-9a63-6a0b0f0c7a11",
        "components": {"schemas": schemas},
    })
}

/// Removes the keywords that make a member one-directional, which the compiler rejects for required members of records.
fn both_ways(schemas: &mut Value) {
    match schemas {
        Value::Object(members) => {
            members.retain(|name, value| !(matches!(name.as_str(), "readOnly" | "writeOnly") && *value == true));
            members.values_mut().for_each(both_ways);
        }
        Value::Array(items) => items.iter_mut().for_each(both_ways),
        _ => {}
    }
}
