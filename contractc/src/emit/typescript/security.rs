//! The security schemes in `operations.ts`.

use std::collections::BTreeMap;

use super::code::{Code, quoted};
use super::parameters::variable;
use crate::emit::Plan;
use crate::emit::rust::names::Unique;
use crate::model::{Operation, Requirement, SecurityKind, SecurityScheme};

/// The security schemes that operations name.
pub struct Schemes<'p> {
    named: Vec<&'p SecurityScheme>,
    /// Their variables.
    variables: BTreeMap<&'p str, String>,
}

impl<'p> Schemes<'p> {
    /// Collects the schemes. A document may declare others, and an unused constant would not compile.
    pub fn new(plan: &'p Plan<'_>, free: &mut Unique) -> Self {
        let operations = &plan.contract.operations;
        let is_named = |scheme: &&SecurityScheme| {
            operations.iter().any(|operation| operation.security.iter().flatten().any(|needed| needed.scheme == scheme.name))
        };
        let named: Vec<_> = plan.contract.security_schemes.iter().filter(is_named).collect();
        let variables = named.iter().map(|scheme| (scheme.name.as_str(), variable(free, &scheme.name, "Scheme"))).collect();
        Schemes { named, variables }
    }

    /// Whether no operation names any.
    pub fn are_none(&self) -> bool {
        self.named.is_empty()
    }

    /// The sets of schemes that an operation needs.
    pub fn code(&self, operation: &Operation) -> Code {
        let scheme = |Requirement { scheme, .. }: &Requirement| Code::Text(self.variables[scheme.as_str()].clone());
        let set = |needed: &Vec<Requirement>| Code::List(needed.iter().map(scheme).collect());
        Code::List(operation.security.iter().map(set).collect())
    }

    /// The variables of all schemes.
    pub fn emit(&self) -> String {
        let variable = |scheme: &&SecurityScheme| {
            let (name, value) = (&self.variables[scheme.name.as_str()], declared(scheme).flat());
            format!("\nconst {name}: Scheme = {value};\n")
        };
        self.named.iter().map(variable).collect()
    }
}

/// How a scheme is declared.
fn declared(scheme: &SecurityScheme) -> Code {
    let text = |text: &str| Code::Text(quoted(text));
    let kind = match &scheme.kind {
        SecurityKind::Bearer | SecurityKind::Token => "bearer",
        SecurityKind::Basic => "basic",
        SecurityKind::ApiKey { .. } => "apiKey",
        SecurityKind::Other => "other",
    };
    let mut members = vec![("name".to_owned(), text(&scheme.name)), ("type".to_owned(), text(kind))];
    if let SecurityKind::ApiKey { place, name } = &scheme.kind {
        members.extend([("place".to_owned(), text(place.name())), ("key".to_owned(), text(name))]);
    }
    Code::Object(members)
}
