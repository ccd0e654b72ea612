//! `contract.json`: the collections of a contract and the rules for their records, as data. A program that reads it serves or syncs the
//! contract without code for it.

mod rules;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rust::references;
use super::{OutputFile, Plan};
use crate::model::{Collection, Direction, Route, SchemaId, version};
use rules::Rules;

/// The version of the format. A program rejects other versions.
const FORMAT: u32 = 1;
/// The number of levels that are printed with a line for each part: down to the collections and the rules.
const LEVELS: usize = 2;

/// Emits the file, if the contract has collections.
pub fn emit(plan: &Plan<'_>) -> Vec<OutputFile> {
    if plan.contract.collections.is_empty() {
        return Vec::new();
    }
    let text = document(plan, plan.contract.any_collection_schemas(Direction::Request));
    vec![OutputFile { path: "contract.json".to_owned(), text }]
}

/// The file with the rules of all named schemas, even those that no record uses, so that a test can compare validators.
pub fn with_all_schemas(plan: &Plan<'_>) -> String {
    document(plan, plan.contract.names.iter().map(|(name, id)| (name.as_str(), *id)).collect())
}

fn document(plan: &Plan<'_>, in_requests: BTreeSet<(&str, SchemaId)>) -> String {
    let contract = plan.contract;
    let mut rules = Rules::new(plan);
    let collections: Vec<Value> = contract.collections.iter().map(|known| collection(plan, known, &mut rules)).collect();
    let since = contract.schemas.iter().filter_map(|schema| schema.annotations.since.as_deref());
    let in_responses = contract.any_collection_schemas(Direction::Response);
    let document = json!({
        "format": FORMAT,
        "title": contract.title,
        "version": contract.version,
        "namespace": contract.namespace,
        "grownIn": since.max_by_key(|since| version(since)),
        "collections": collections,
        "anyInRequests": named(in_requests, &mut rules),
        "anyInResponses": named(in_responses, &mut rules),
        "rules": rules.all(),
    });
    let mut text = String::new();
    print(&document, LEVELS, &mut text);
    text.push('\n');
    text
}

fn collection(plan: &Plan<'_>, collection: &Collection, rules: &mut Rules<'_>) -> Value {
    let indexes = collection.indexes.iter().map(|index| json!({"members": index.members, "multi": index.multi}));
    let references = references(plan, collection.schema).into_iter().map(|(path, target)| json!({"path": path, "collection": target}));
    json!({
        "path": collection.path,
        "schema": collection.schema_name,
        "rule": rules.number(collection.schema),
        "singleton": collection.singleton,
        "naturalKey": collection.natural_key,
        "parents": collection.parents,
        "indexes": indexes.collect::<Vec<_>>(),
        "references": references.collect::<Vec<_>>(),
        "since": collection.since,
        "feed": route(collection.feed.as_ref()),
        "batch": route(collection.batch.as_ref()),
        "record": route(collection.record.as_ref()),
    })
}

fn route(route: Option<&Route>) -> Value {
    route.map_or(Value::Null, |route| {
        let operations = route.operations.iter().map(|(method, id)| json!([method.name(), id]));
        json!({"path": route.path, "operations": operations.collect::<Vec<_>>()})
    })
}

/// The names and rules of schemas.
fn named(schemas: BTreeSet<(&str, SchemaId)>, rules: &mut Rules<'_>) -> Vec<Value> {
    schemas.into_iter().map(|(name, id)| json!({"schema": name, "rule": rules.number(id)})).collect()
}

/// Prints `levels` levels with a line for each part, so that a change to a contract changes few lines.
fn print(value: &Value, levels: usize, out: &mut String) {
    let indent = "  ".repeat(LEVELS + 1 - levels);
    let mut parts = |brackets: [char; 2], parts: Vec<(String, &Value)>| {
        out.push(brackets[0]);
        for (index, (label, part)) in parts.into_iter().enumerate() {
            out.push_str(if index == 0 { "\n" } else { ",\n" });
            out.push_str(&indent);
            out.push_str(&label);
            print(part, levels - 1, out);
        }
        out.push('\n');
        out.push_str(&indent[2..]);
        out.push(brackets[1]);
    };
    match value {
        Value::Object(members) if levels > 0 && !members.is_empty() => {
            parts(['{', '}'], members.iter().map(|(name, member)| (format!("{}: ", Value::from(name.as_str())), member)).collect());
        }
        Value::Array(items) if levels > 0 && !items.is_empty() => {
            parts(['[', ']'], items.iter().map(|item| (String::new(), item)).collect());
        }
        other => out.push_str(&other.to_string()),
    }
}
