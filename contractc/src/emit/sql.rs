//! The SQLite target: views for reading a device's records with plain SQL. The store itself creates the indexes of `x-sync`.

use serde::Serialize;

use super::{OutputFile, Plan, template};
use crate::model::{Collection, Contract};

/// Emits `sql/views.sql`; nothing for a contract without collections.
pub fn emit(plan: &Plan<'_>) -> Vec<OutputFile> {
    if plan.contract.collections.is_empty() {
        return Vec::new();
    }
    let collections: Vec<_> = plan.contract.collections.iter().map(|collection| View::new(plan.contract, collection)).collect();
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

impl View {
    fn new(contract: &Contract, collection: &Collection) -> Self {
        let name = collection.path.replace('-', "_");
        let columns: Vec<String> =
            contract.member_names(collection.schema).iter().map(|member| format!("  {} AS {}", extract(member), quoted(member))).collect();
        let multi = collection.indexes.iter().filter(|index| index.multi).flat_map(|index| &index.members);
        let lists = multi.map(|member| List { name: format!("{name}_{member}"), member: member.clone() });
        let description = contract.schema(collection.schema).annotations.description.clone().unwrap_or_default();
        View {
            path: collection.path.clone(),
            summary: description.lines().next().unwrap_or_default().to_owned(),
            columns: columns.join(",\n"),
            lists: lists.collect(),
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
