//! The security schemes in `operations.ts`.

use super::code::{Code, key, quoted};
use super::names::is_inherited;
use crate::emit::Plan;
use crate::model::{Operation, Requirement, SecurityKind, SecurityScheme};

/// The sets of schemes that an operation needs.
pub fn security(operation: &Operation) -> Code {
    let scheme = |Requirement { scheme: name, .. }: &Requirement| {
        Code::Text(if is_plain(name) { format!("securitySchemes.{name}") } else { format!("securitySchemes[{}]", quoted(name)) })
    };
    let set = |needed: &Vec<Requirement>| Code::List(needed.iter().map(scheme).collect());
    Code::List(operation.security.iter().map(set).collect())
}

fn is_plain(name: &str) -> bool {
    key(name) == name
}

/// The security schemes that an operation names. A document may declare others, and an unused constant would not compile.
pub fn named_schemes<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p SecurityScheme> {
    let operations = &plan.contract.operations;
    let is_named = |scheme: &&SecurityScheme| {
        operations.iter().any(|operation| operation.security.iter().flatten().any(|needed| needed.scheme == scheme.name))
    };
    plan.contract.security_schemes.iter().filter(is_named)
}

/// The object of the named security schemes; empty if there are none.
pub fn schemes(plan: &Plan<'_>) -> String {
    let text = |text: &str| Code::Text(quoted(text));
    let lines = named_schemes(plan).map(|scheme| {
        let mut members = vec![("name".to_owned(), text(&scheme.name))];
        let kind = match &scheme.kind {
            SecurityKind::Bearer | SecurityKind::Token => "bearer",
            SecurityKind::Basic => "basic",
            SecurityKind::ApiKey { .. } => "apiKey",
            SecurityKind::Other => "other",
        };
        members.push(("type".to_owned(), text(kind)));
        if let SecurityKind::ApiKey { place, name } = &scheme.kind {
            members.extend([("place".to_owned(), text(place.name())), ("key".to_owned(), text(name))]);
        }
        format!("  {}: {},\n", key(&scheme.name), Code::Object(members).flat())
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    let literal = if named_schemes(plan).any(|scheme| is_inherited(&scheme.name)) { " as const" } else { "" };
    format!("\nconst securitySchemes = {{\n{lines}}}{literal} satisfies Record<string, Scheme>;\n")
}
