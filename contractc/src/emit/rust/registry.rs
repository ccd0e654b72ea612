//! `registry.rs`: the collections as data, for an engine that names none of them.

use std::fmt::Write;

use super::docs;
use super::names::{Names, Unique, value_name};
use crate::emit::Plan;
use crate::model::{Collection, SchemaId};
use crate::shapes::Shape;

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let mut code = String::from(
        "//! The synced collections of the contract: parents before children.\n\n\
         use super::collection::{Collection, Index, Reference, Synced};\nuse super::types;\nuse super::validators;\n\n",
    );
    if let Some(namespace) = &plan.contract.namespace {
        let _ = writeln!(code, "/// The UUID from which deterministic ids are made.\npub const NAMESPACE: &str = {namespace:?};\n");
    }
    code.push_str("/// All collections: parents before children, otherwise by path.\npub const COLLECTIONS: &[&Collection] = &[\n");
    let mut unique = Unique::default();
    let constants: Vec<String> =
        plan.contract.collections.iter().map(|collection| unique.take(value_name(&collection.path), "_").to_ascii_uppercase()).collect();
    constants.iter().for_each(|name| _ = writeln!(code, "&{name},"));
    code.push_str("];\n\n");
    for (collection, name) in plan.contract.collections.iter().zip(&constants) {
        constant(plan, names, collection, name, &mut code);
    }
    code
}

fn constant(plan: &Plan<'_>, names: &Names, collection: &Collection, name: &str, code: &mut String) {
    let Some(declaration) = plan.shapes.of(plan.contract, collection.schema) else { return };
    let summary = plan.contract.schema(collection.schema).annotations.description.clone();
    code.push_str(&docs(&summary.unwrap_or_else(|| collection.path.clone()), ""));
    let _ = writeln!(
        code,
        "pub static {name}: Collection = Collection {{\npath: {:?},\nschema: {:?},\ncheck: validators::{},\nsingleton: {:?},\nnatural_key: {:?},\nparents: &{:?},",
        collection.path,
        collection.schema_name,
        names.function(declaration),
        collection.singleton,
        collection.natural_key,
        collection.parents
    );
    code.push_str("indexes: &[\n");
    for index in &collection.indexes {
        let _ = writeln!(code, "Index {{ members: &{:?}, multi: {} }},", index.members, index.multi);
    }
    code.push_str("],\nreferences: &[\n");
    for (path, target) in references(plan, collection.schema) {
        let _ = writeln!(code, "Reference {{ path: &{path:?}, collection: {target:?} }},");
    }
    let _ = writeln!(code, "],\nsince: {},\n}};\n", collection.since);
    let ty = names.type_name(declaration);
    if matches!(plan.shapes.get(declaration).shape, Shape::Record { .. } | Shape::Tagged { .. }) {
        let _ = writeln!(code, "impl Synced for types::{ty} {{\nconst COLLECTION: &'static Collection = &{name};\n}}\n");
    }
}

/// Members that point to records of other collections, with the way to them: names, and `*` for the items of an array.
fn references(plan: &Plan<'_>, schema: SchemaId) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut trail = Vec::new();
    collect(plan, schema, &mut Vec::new(), &mut trail, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(plan: &Plan<'_>, schema: SchemaId, path: &mut Vec<String>, trail: &mut Vec<SchemaId>, found: &mut Vec<(Vec<String>, String)>) {
    let contract = plan.contract;
    if let Some(target) = &contract.schema(schema).refers_to {
        found.push((path.clone(), target.clone()));
        return;
    }
    if trail.contains(&schema) {
        return;
    }
    trail.push(schema);
    let mut descend = |name: &str, inner: SchemaId| {
        path.push(name.to_owned());
        collect(plan, inner, path, trail, found);
        path.pop();
    };
    let parts = contract.conjuncts(schema);
    for part in &parts {
        let part = contract.schema(*part);
        part.object.properties.iter().for_each(|(name, inner)| descend(name, *inner));
        part.object.additional_properties.iter().for_each(|inner| descend("*", *inner));
        part.array.items.iter().for_each(|inner| descend("*", *inner));
    }
    for part in &parts {
        let part = contract.schema(*part);
        part.one_of.iter().chain(&part.any_of).for_each(|variant| collect(plan, *variant, path, trail, found));
    }
    trail.pop();
}
