//! The narrowest of several schemas that describe the same member.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{Contract, SchemaId, type_of};
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
        let types = accepted(contract, schema, known);
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

/// The JSON types of the values that a schema may accept. `known` has those that were found before: schemas share their variants.
fn accepted(contract: &Contract, id: SchemaId, known: &mut BTreeMap<SchemaId, Types>) -> Types {
    if let Some(types) = known.get(&id) {
        return *types;
    }
    let mut types = Types::ALL;
    for part in contract.all_of_closure(id) {
        let part = contract.schema(part);
        let listed = part.enumeration.iter().flatten().chain(&part.constant).map(type_of).reduce(Types::or);
        let mut of_union = |variants: &[SchemaId]| variants.iter().map(|variant| accepted(contract, *variant, known)).reduce(Types::or);
        for of_part in [part.types, listed, of_union(&part.one_of), of_union(&part.any_of)].into_iter().flatten() {
            types = Types(types.0 & of_part.0);
        }
    }
    known.insert(id, types);
    types
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
