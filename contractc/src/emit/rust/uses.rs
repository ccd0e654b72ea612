//! The Rust types and validators of the schemas that operations use.

use super::names::Names;
use crate::emit::Plan;
use crate::model::SchemaId;
use crate::shapes::Type;

/// The type of a schema that an operation uses.
pub fn rust_type(plan: &Plan<'_>, names: &Names, schema: SchemaId) -> String {
    super::types::rust_type(names, plan.shapes.root_type(schema).unwrap_or(&Type::Any)).to_string()
}

/// A reference to the rule of a schema that an operation uses.
pub fn check_path(plan: &Plan<'_>, names: &Names, schema: SchemaId) -> String {
    match (plan.shapes.of(plan.contract, schema), names.root_rule(plan, schema)) {
        (Some(declaration), _) => format!("&validators::{}", names.rule(declaration)),
        (None, Some(rule)) => format!("&validators::{rule}"),
        (None, None) => "&ANYTHING".to_owned(),
    }
}
