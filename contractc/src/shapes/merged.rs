//! A schema merged with its allOf closure: the types, values and members of all parts.

use std::collections::BTreeSet;

use serde_json::Value as JsonValue;

use crate::model::{Contract, Schema, SchemaId};
use crate::runtime::check::Types;

pub(super) struct Merged<'c> {
    pub(super) parts: Vec<&'c Schema>,
    /// The types that all parts accept, without null if other types are accepted too; `None` if no part constrains the type.
    pub(super) types: Option<Types>,
    /// Whether null is accepted besides other values.
    pub(super) nullable: bool,
}

impl<'c> Merged<'c> {
    pub(super) fn new(contract: &'c Contract, id: SchemaId) -> Self {
        let parts: Vec<&Schema> = contract.all_of_closure(id).into_iter().map(|part| contract.schema(part)).collect();
        let types = parts.iter().filter_map(|part| part.types).reduce(intersect);
        let lists_null = |part: &&Schema| part.enumeration.as_ref().is_some_and(|values| values.contains(&JsonValue::Null));
        let offers_null = |part: &&Schema| {
            let variants = part.one_of.iter().chain(&part.any_of);
            let (nulls, others): (Vec<SchemaId>, Vec<SchemaId>) = variants.partition(|variant| is_null(contract, **variant));
            !nulls.is_empty() && !others.is_empty()
        };
        let nullable = match types {
            _ if parts.iter().any(|part| part.accepts_null) => true,
            Some(types) => types != Types::NULL && types.contains(Types::NULL),
            None => parts.iter().any(|part| lists_null(part) || offers_null(part)),
        };
        let types = types.map(|types| if types == Types::NULL { types } else { Types(types.0 & !Types::NULL.0) });
        Merged { parts, types, nullable }
    }

    /// Whether the values are objects with declared members.
    pub(super) fn is_record(&self) -> bool {
        let has_members = self.parts.iter().any(|part| !part.object.properties.is_empty());
        let has_values = self.parts.iter().any(|part| part.constant.is_some() || part.enumeration.is_some() || part.never);
        self.types == Some(Types::OBJECT) && has_members && !has_values
    }

    /// Whether undeclared members are rejected.
    pub(super) fn is_closed(&self, contract: &Contract) -> bool {
        let rejects_others =
            |part: &&Schema| is_never(contract, part.object.additional_properties) && part.object.pattern_properties.is_empty();
        let leaves_none = self.parts.iter().any(|part| is_never(contract, part.object.unevaluated_properties));
        self.parts.iter().any(rejects_others) || (leaves_none && !self.states_others(contract))
    }

    /// Whether keywords other than `properties` name members or describe undeclared members.
    pub(super) fn states_others(&self, contract: &Contract) -> bool {
        let requires = |part: &Schema| part.object.required.iter().any(|name| !self.describes(name));
        let names = |id: &SchemaId| {
            let parts = contract.all_of_closure(*id);
            contract.member_names(*id).iter().any(|name| !self.describes(name)) || parts.iter().any(|part| requires(contract.schema(*part)))
        };
        let states = |rest: Option<SchemaId>| rest.is_some() && !is_never(contract, rest);
        self.parts.first().is_some_and(|schema| schema.is_open_base())
            || self.parts.iter().any(|part| {
                let dependent = part.object.dependent_schemas.iter().map(|(_, id)| id);
                let branches = part
                    .condition
                    .iter()
                    .flat_map(|condition| [&condition.condition].into_iter().chain(&condition.then).chain(&condition.otherwise));
                let mut dependent_required = part.object.dependent_required.iter().flat_map(|(name, names)| names.iter().chain([name]));
                states(part.object.additional_properties)
                    || states(part.object.unevaluated_properties)
                    || requires(part)
                    || dependent_required.any(|name| !self.describes(name))
                    || !part.object.pattern_properties.is_empty()
                    || dependent.chain(branches).chain(&part.one_of).chain(&part.any_of).any(names)
            })
    }

    /// The only accepted value, if it is a single string, boolean or integer.
    pub(super) fn single_value(&self) -> Option<JsonValue> {
        if self.nullable {
            return None;
        }
        let single = |part: &&Schema| match (&part.constant, part.enumeration.as_deref()) {
            (Some(constant), _) => Some(constant.clone()),
            (None, Some([only])) => Some(only.clone()),
            _ => None,
        };
        self.parts.iter().find_map(single).filter(|value| value.is_string() || value.is_boolean() || value.is_i64())
    }

    /// The required members.
    pub(super) fn required(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|part| &part.object.required).map(String::as_str).collect()
    }

    /// Whether a member is declared by name.
    pub(super) fn describes(&self, name: &str) -> bool {
        self.parts.iter().flat_map(|part| &part.object.properties).any(|(known, _)| known == name)
    }
}

fn is_never(contract: &Contract, id: Option<SchemaId>) -> bool {
    id.is_some_and(|id| contract.schema(contract.resolved(id)).never)
}

/// Whether null is the only accepted value.
pub(super) fn is_null(contract: &Contract, id: SchemaId) -> bool {
    let schema = contract.schema(contract.resolved(id));
    let only = |values: &Vec<JsonValue>| matches!(values.as_slice(), [JsonValue::Null]);
    schema.types == Some(Types::NULL) || schema.constant == Some(JsonValue::Null) || schema.enumeration.as_ref().is_some_and(only)
}

fn intersect(left: Types, right: Types) -> Types {
    let both = Types(left.0 & right.0);
    // Every integer is a number.
    let numeric = Types::INTEGER.or(Types::NUMBER);
    let is_integer = left.intersects(numeric) && right.intersects(numeric) && !both.contains(Types::NUMBER);
    if is_integer { both.or(Types::INTEGER) } else { both }
}
