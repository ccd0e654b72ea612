//! The SQLite target: views for reading a device's records with plain SQL. The store itself creates the indexes of `x-sync`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{OutputFile, Plan, template};
use crate::model::{Collection, Contract};

/// Emits `sql/views.sql`; nothing for a contract without collections.
pub fn emit(plan: &Plan<'_>) -> Vec<OutputFile> {
    if plan.contract.collections.is_empty() {
        return Vec::new();
    }
    let mut names = Names::of_indexes(plan.contract);
    let collections: Vec<_> = plan.contract.collections.iter().map(|collection| View::new(plan.contract, collection, &mut names)).collect();
    let view = File { origin: plan.origin(), collections };
    vec![OutputFile { path: "sql/views.sql".to_owned(), text: template::fill(include_str!("../../templates/views.sql.hbs"), &view) }]
}

#[derive(Serialize)]
struct File {
    origin: String,
    collections: Vec<View>,
}

#[derive(Serialize)]
struct View {
    path: String,
    /// The name of the view: the path with underscores.
    name: String,
    summary: String,
    columns: String,
    /// Array members with one entry per item.
    lists: Vec<List>,
}

#[derive(Serialize)]
struct List {
    name: String,
    member: String,
}

/// The tables of the store, whose names the views must not use.
const TABLES: [&str; 4] = ["history", "meta", "quarantine", "records"];
/// The prefixes of the store's index names, and of the names that SQLite reserves.
const RESERVED: [&str; 3] = ["quarantine_", "records_", "sqlite_"];

/// The names of the views so far, in lower case, because names in SQLite are case-insensitive.
struct Names(BTreeSet<String>);

impl Names {
    /// The names of the store's indexes, which the views must not have.
    fn of_indexes(contract: &Contract) -> Self {
        let indexes = contract.collections.iter().flat_map(|collection| collection.indexes.iter().map(move |index| (collection, index)));
        let name = |collection: &Collection, members: &[String]| format!("{}_by_{}", collection.path.replace('-', "_"), members.join("_"));
        Names(indexes.map(|(collection, index)| name(collection, &index.members).to_ascii_lowercase()).collect())
    }

    /// The name, or a similar one that is not in use.
    fn take(&mut self, name: String) -> String {
        let is_reserved = |name: &String| TABLES.contains(&name.as_str()) || RESERVED.iter().any(|start| name.starts_with(start));
        let is_free = |name: &String| !is_reserved(name) && !self.0.contains(name);
        let numbered = (2..).map(|number| format!("view_{name}_{number}"));
        let lower = |name: &String| name.to_ascii_lowercase();
        let candidates = [name.clone(), format!("view_{name}")].into_iter().chain(numbered);
        let found = candidates.into_iter().find(|name| is_free(&lower(name))).unwrap_or_default();
        self.0.insert(lower(&found));
        found
    }
}

impl View {
    fn new(contract: &Contract, collection: &Collection, names: &mut Names) -> Self {
        let name = names.take(collection.path.replace('-', "_"));
        let columns: Vec<String> =
            contract.member_names(collection.schema).iter().map(|member| format!("  {} AS {}", extract(member), quoted(member))).collect();
        let multi = collection.indexes.iter().filter(|index| index.multi).flat_map(|index| &index.members);
        let lists: Vec<List> = multi.map(|member| List { name: names.take(format!("{name}_{member}")), member: member.clone() }).collect();
        let description = contract.schema(collection.schema).annotations.description.clone().unwrap_or_default();
        View {
            path: collection.path.clone(),
            summary: description.lines().next().unwrap_or_default().to_owned(),
            columns: columns.join(",\n"),
            lists,
            name,
        }
    }
}

/// A member as an SQL expression. Paths are quoted for both JSON and SQL, because names may contain any character.
fn extract(member: &str) -> String {
    let path = format!("$.\"{}\"", member.replace('"', "\\\""));
    format!("json_extract(record, '{}')", path.replace('\'', "''"))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
