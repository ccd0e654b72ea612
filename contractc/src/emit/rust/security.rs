//! The module `security` of `operations.rs`: the security schemes as constants.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::names::{Unique, constant_name};
use super::scope;
use crate::emit::Plan;
use crate::model::{Operation, Requirement, SecurityKind};

/// The constants of all security schemes.
pub struct Schemes {
    /// The names of the constants, by the names of the schemes.
    constants: BTreeMap<String, String>,
    code: String,
}

impl Schemes {
    pub fn new(plan: &Plan<'_>) -> Self {
        let mut schemes = Schemes { constants: BTreeMap::new(), code: String::new() };
        let mut unique = Unique::reserving(scope::names(scope::SECURITY));
        for scheme in &plan.contract.security_schemes {
            let constant = unique.take(constant_name(&scheme.name), "_");
            let kind = match &scheme.kind {
                SecurityKind::Bearer | SecurityKind::Token => "SchemeKind::Bearer".to_owned(),
                SecurityKind::Basic => "SchemeKind::Basic".to_owned(),
                SecurityKind::ApiKey { place, name } => format!("SchemeKind::ApiKey(Place::{place:?}, {name:?})"),
                SecurityKind::Other => "SchemeKind::Other".to_owned(),
            };
            let text = scheme.description.clone().unwrap_or_else(|| format!("The security scheme `{}`.", scheme.name));
            let docs = super::docs(&text);
            let _ = writeln!(schemes.code, "{docs}pub const {constant}: Scheme = Scheme::new({:?}, {kind});", scheme.name);
            schemes.constants.insert(scheme.name.clone(), constant);
        }
        schemes
    }

    /// The sets of schemes of an operation, which needs one of them.
    pub fn of(&self, operation: &Operation) -> String {
        let scheme = |needed: &Requirement| format!("security::{}", self.constants[&needed.scheme]);
        let set = |needed: &Vec<Requirement>| format!("[{}]", needed.iter().map(scheme).collect::<Vec<_>>().join(", "));
        format!("[{}]", operation.security.iter().map(set).collect::<Vec<_>>().join(", "))
    }

    /// The module; empty if there are no schemes.
    pub fn emit(&self) -> String {
        if self.constants.is_empty() {
            return String::new();
        }
        scope::module("The security schemes.", "security", scope::SECURITY, &self.code)
    }
}
