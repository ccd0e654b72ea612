//! The narrowest of several schemas that describe the same member.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{Contract, SchemaId};
use crate::runtime::check::Types;
use crate::shapes::{FieldKind, Type};

/// How much a schema says about a member. The value has the types of all schemas that describe it, and the greatest says the most.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Narrowness {
    is_constant: bool,
    /// The number of JSON types that the schema accepts besides null.
    types: Reverse<u32>,
    /// How much the type says, followed by how much the type of its items or members says.
    content: Vec<u8>,
    rejects_null: bool,
}

impl Narrowness {
    pub(super) fn of(contract: &Contract, schema: SchemaId, kind: &FieldKind, known: &mut BTreeMap<SchemaId, Types>) -> Self {
        let types = contract.accepted_types(schema, known);
        let mut content = Vec::new();
        let (is_constant, rejects_null) = match kind {
            FieldKind::Constant(_) => (true, true),
            FieldKind::Value(ty) => {
                levels(ty, &mut content);
                (false, !matches!(ty, Type::Optional(_)))
            }
        };
        Narrowness { is_constant, types: Reverse((types.0 & !Types::NULL.0).count_ones()), content, rejects_null }
    }
}

/// Appends how much each level of a type says.
fn levels(ty: &Type, found: &mut Vec<u8>) {
    match ty {
        Type::Optional(inner) => levels(inner, found),
        Type::List(inner) | Type::Map(inner) => {
            found.push(if **inner == Type::Any { 1 } else { 2 });
            levels(inner, found);
        }
        Type::Each(inner) => {
            found.push(3);
            levels(inner, found);
        }
        Type::Tuple { items, .. } => {
            found.push(3);
            items.iter().for_each(|item| levels(item, found));
        }
        Type::Any => found.push(0),
        Type::Float | Type::Text => found.push(1),
        Type::Integer(_) => found.push(2),
        // The integers of the other schemas may be as long.
        Type::LongInteger(_) => found.push(3),
        Type::Declared(_) | Type::Recursive(_) => found.push(4),
        Type::Bool | Type::Null | Type::Listed(..) => found.push(5),
    }
}
