//! `stores.ts`: the collections as data, and the Dexie store definitions of a local database.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::code::{Code, key, quoted, type_key};
use super::names::Names;
use crate::emit::Plan;
use crate::emit::rust::references;
use crate::model::{Collection, Index, Method, Route};

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let contract = plan.contract;
    let mut code = String::from(
        "// The synced collections of the contract as data, and the stores that hold their records on a device.\n\n\
         import type { Table } from \"dexie\";\n\
         import type { Collection, StoreVersions } from \"./runtime/index.js\";\n\
         import * as schemas from \"./schemas.js\";\n\
         import type * as types from \"./types.js\";\n\n",
    );
    if let Some(namespace) = &contract.namespace {
        let _ = writeln!(code, "/** The UUID in which deterministic ids are made. */\nexport const namespace = {};\n", quoted(namespace));
    }
    let listed = contract.collections.iter().filter_map(|collection| self::collection(plan, names, collection)).collect();
    let _ = writeln!(
        code,
        "/** All collections: parents before children, otherwise by path. */\nexport const collections: readonly Collection[] = {};\n",
        Code::List(listed).laid_out(0, 54, 1)
    );
    code.push_str("/** The live records of each collection. */\nexport interface Records {\n");
    for collection in &contract.collections {
        let Some(id) = plan.shapes.of(contract, collection.schema) else { continue };
        let _ = writeln!(code, "  {}: types.{};", type_key(&collection.path), names.type_name(id));
    }
    code.push_str(
        "}\n\n/** The stores as typed tables: `const tables = database as Dexie & Tables`. */\n\
         export type Tables = { readonly [Path in keyof Records]: Table<Records[Path], string> };\n\n",
    );
    let _ = writeln!(
        code,
        "/** The stores that each version of the local database brought: give them to `defineStores`. */\n\
         export const stores: StoreVersions = {};",
        versions(&contract.collections).laid_out(0, 36, 1)
    );
    code
}

fn collection(plan: &Plan<'_>, names: &Names, collection: &Collection) -> Option<Code> {
    let text = |text: &str| Code::Text(quoted(text));
    let schema = names.schema(plan.shapes.of(plan.contract, collection.schema)?);
    let mut members = vec![
        ("path".to_owned(), text(&collection.path)),
        ("schemaName".to_owned(), text(&collection.schema_name)),
        ("schema".to_owned(), Code::Text(format!("schemas.{schema}"))),
    ];
    members.extend(collection.singleton.as_ref().map(|name| ("singleton".to_owned(), text(name))));
    members.extend(collection.natural_key.as_ref().map(|name| ("naturalKey".to_owned(), text(name))));
    let list = |items: &[String]| Code::List(items.iter().map(|item| text(item)).collect());
    members.push(("parents".to_owned(), list(&collection.parents)));
    let indexes = collection.indexes.iter().map(|index| {
        Code::Object(vec![("members".to_owned(), list(&index.members)), ("multi".to_owned(), Code::text(index.multi.to_string()))])
    });
    members.push(("indexes".to_owned(), Code::List(indexes.collect())));
    let references = references(plan, collection.schema)
        .into_iter()
        .map(|(path, target)| Code::Object(vec![("path".to_owned(), list(&path)), ("collection".to_owned(), text(&target))]));
    members.push(("references".to_owned(), Code::List(references.collect())));
    members.push(("since".to_owned(), Code::text(collection.since.to_string())));
    for (name, route) in [("feed", &collection.feed), ("batch", &collection.batch), ("record", &collection.record)] {
        members.extend(route.as_ref().map(|route| (name.to_owned(), self::route(route))));
    }
    Some(Code::Object(members))
}

fn route(route: &Route) -> Code {
    let operation = |(method, id): &(Method, String)| (method.name().to_ascii_uppercase(), Code::Text(quoted(id)));
    Code::Object(vec![
        ("path".to_owned(), Code::Text(quoted(&route.path))),
        ("operations".to_owned(), Code::Object(route.operations.iter().map(operation).collect())),
    ])
}

fn versions(collections: &[Collection]) -> Code {
    let mut versions: BTreeMap<u64, Vec<(String, Code)>> = BTreeMap::new();
    for collection in collections {
        let columns: Vec<String> = std::iter::once("id".to_owned()).chain(collection.indexes.iter().map(index)).collect();
        versions.entry(collection.since).or_default().push((key(&collection.path), Code::Text(quoted(&columns.join(", ")))));
    }
    Code::Object(versions.into_iter().map(|(version, stores)| (version.to_string(), Code::Object(stores))).collect())
}

/// An index in Dexie's syntax.
fn index(index: &Index) -> String {
    match index.members.as_slice() {
        [only] if index.multi => format!("*{only}"),
        [only] => only.clone(),
        several => format!("[{}]", several.join("+")),
    }
}
