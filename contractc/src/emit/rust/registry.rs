//! `registry.rs`: the collections as data, for an engine that has no code for a particular one.

use std::fmt::Write;

use super::names::{Names, Unique, value_name};
use super::{docs, scope};
use crate::emit::Plan;
use crate::model::{Collection, Method, Route, SchemaId};
use crate::shapes::Shape;

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let mut code = String::new();
    if let Some(namespace) = &plan.contract.namespace {
        let _ = writeln!(code, "/// The UUID from which deterministic ids are made.\npub const NAMESPACE: &str = {namespace:?};\n");
    }
    let _ = writeln!(code, "/// The version of the contract.\npub const VERSION: &str = {:?};\n", plan.contract.version);
    code.push_str("/// All collections: parents before children, otherwise by path.\npub const COLLECTIONS: &[&Collection] = &[\n");
    let mut unique = Unique::reserving(["collections", "namespace", "version"]);
    let constants: Vec<String> =
        plan.contract.collections.iter().map(|collection| unique.take(value_name(&collection.path), "_").to_ascii_uppercase()).collect();
    constants.iter().for_each(|name| _ = writeln!(code, "&{name},"));
    code.push_str(
        "];\n\n/// The collection of this path.\npub fn collection(path: &str) -> Option<&'static Collection> {\n\
         COLLECTIONS.iter().copied().find(|collection| collection.path == path)\n}\n\n",
    );
    handles(plan, names, &mut code);
    for (collection, name) in plan.contract.collections.iter().zip(&constants) {
        constant(plan, names, collection, name, &mut code);
    }
    scope::head("The synced collections of the contract: parents before children.", scope::REGISTRY) + &code
}

fn constant(plan: &Plan<'_>, names: &Names, collection: &Collection, name: &str, code: &mut String) {
    let Some(declaration) = plan.shapes.of(plan.contract, collection.schema) else { return };
    code.push_str(&docs(&summary(plan, collection), ""));
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
    let _ = writeln!(code, "],\nsince: {},", collection.since);
    for (name, route) in [("feed", &collection.feed), ("batch", &collection.batch), ("record", &collection.record)] {
        let _ = writeln!(code, "{name}: {},", route.as_ref().map_or_else(|| "None".to_owned(), route_literal));
    }
    code.push_str("};\n\n");
    if let Some(ty) = synced_type(plan, names, collection) {
        let _ = writeln!(code, "impl Synced for types::{ty} {{\nconst COLLECTION: &'static Collection = &{name};\n}}\n");
    }
}

/// The trait with one method per collection.
fn handles(plan: &Plan<'_>, names: &Names, code: &mut String) {
    code.push_str(
        "/// A typed handle for each collection. What keeps records says in [`collection`](Collections::collection) what a handle is;\n\
         /// whoever uses it calls the collections by their names.\npub trait Collections {\n\
         /// What the records of one collection are reached through.\ntype Handle<'a, T: Synced>\nwhere\nSelf: 'a;\n\n\
         /// The handle of the collection whose records are of the type `T`.\nfn collection<T: Synced>(&self) -> Self::Handle<'_, T>;\n\n",
    );
    let mut unique = Unique::reserving(["collection"]);
    for collection in &plan.contract.collections {
        let Some(ty) = synced_type(plan, names, collection) else { continue };
        let method = unique.take(value_name(&collection.path), "_");
        let _ = writeln!(
            code,
            "{}fn {method}(&self) -> Self::Handle<'_, types::{ty}> {{\nself.collection()\n}}\n",
            docs(&summary(plan, collection), "")
        );
    }
    code.push_str("}\n\n");
}

/// The type of the records of a collection, if they have a record or tagged union type.
fn synced_type<'n>(plan: &Plan<'_>, names: &'n Names, collection: &Collection) -> Option<&'n str> {
    let declaration = plan.shapes.of(plan.contract, collection.schema)?;
    let holds = matches!(plan.shapes.get(declaration).shape, Shape::Record { .. } | Shape::Tagged { .. });
    holds.then(|| names.type_name(declaration))
}

fn summary(plan: &Plan<'_>, collection: &Collection) -> String {
    plan.contract
        .schema(collection.schema)
        .annotations
        .description
        .clone()
        .unwrap_or_else(|| format!("The collection `{}`.", collection.path))
}

fn route_literal(route: &Route) -> String {
    let operation = |(method, id): &(Method, String)| format!("(Method::{}, {id:?})", method.name().to_ascii_uppercase());
    let operations: Vec<String> = route.operations.iter().map(operation).collect();
    format!("Some(Route {{ path: {:?}, operations: &[{}] }})", route.path, operations.join(", "))
}

/// Members that refer to records of other collections, with their paths: names, `*` for items and entries, `{key}` for the keys of a map.
pub fn references(plan: &Plan<'_>, schema: SchemaId) -> Vec<(Vec<String>, String)> {
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
    let parts = contract.all_of_closure(schema);
    for part in &parts {
        let part = contract.schema(*part);
        part.object.properties.iter().for_each(|(name, inner)| descend(name, *inner));
        part.object.additional_properties.iter().for_each(|inner| descend("*", *inner));
        part.object.property_names.iter().for_each(|inner| descend("{key}", *inner));
        part.array.items.iter().for_each(|inner| descend("*", *inner));
    }
    for part in &parts {
        let part = contract.schema(*part);
        part.one_of.iter().chain(&part.any_of).for_each(|variant| collect(plan, *variant, path, trail, found));
    }
    trail.pop();
}
