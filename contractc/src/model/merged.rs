//! A schema merged with its allOf closure: the types, values and members of all parts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value as JsonValue;

use super::{Contract, Schema, SchemaId, type_of};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

/// How many variants are asked whether they accept null.
const EFFORT_MAX: usize = 256;

#[derive(Default)]
pub(crate) struct Merged<'c> {
    pub(crate) parts: Vec<&'c Schema>,
    /// The types that all parts accept, without null if other types are accepted too; `None` if no part constrains the type.
    pub(crate) types: Option<Types>,
    /// Whether null is accepted besides other values.
    pub(crate) nullable: bool,
}

impl<'c> Merged<'c> {
    pub(crate) fn new(contract: &'c Contract, id: SchemaId) -> Self {
        let parts: Vec<&Schema> = contract.all_of_closure(id).into_iter().map(|part| contract.schema(part)).collect();
        let types = parts.iter().filter_map(|part| part.types).reduce(intersect);
        let offers_null = |part: &&Schema| {
            lists_null(part) == Some(true) || {
                let variants = part.one_of.iter().chain(&part.any_of);
                let (nulls, others): (Vec<SchemaId>, Vec<SchemaId>) = variants.partition(|variant| is_null(contract, **variant));
                !nulls.is_empty() && !others.is_empty()
            }
        };
        let is_offered = parts.iter().any(|part| part.accepts_null)
            || types.map_or_else(|| parts.iter().any(offers_null), |types| types != Types::NULL && types.contains(Types::NULL));
        let nullable = is_offered && accept_null(contract, &parts, &mut { EFFORT_MAX });
        let types = types.map(|types| if types == Types::NULL { types } else { Types(types.0 & !Types::NULL.0) });
        Merged { parts, types, nullable }
    }

    /// Whether null is accepted, as far as types, values and variants say.
    pub(crate) fn accepts_null(&self, contract: &Contract) -> bool {
        accept_null(contract, &self.parts, &mut { EFFORT_MAX })
    }

    /// The values that `const` and `enum` of all parts list, each once; `None` if no part lists values. A value of a type that a part rejects
    /// is not among them.
    pub(crate) fn values(&self) -> Option<Vec<&'c JsonValue>> {
        let mut lists = self
            .parts
            .iter()
            .flat_map(|part| part.constant.as_ref().map(std::slice::from_ref).into_iter().chain(part.enumeration.as_deref()));
        let first = lists.next()?;
        let others: Vec<HashSet<String>> = lists.map(|list| list.iter().map(key).collect()).collect();
        let (mut seen, may_be_null) = (HashSet::new(), self.nullable || self.types.is_none_or(|types| types.contains(Types::NULL)));
        let accepts = |of: Types| self.types.is_none_or(|types| types.intersects(of));
        let is_accepted = |value: &&JsonValue| match value {
            JsonValue::Null => may_be_null,
            JsonValue::Number(number) if Number::from(number).is_integer() => accepts(Types::INTEGER.or(Types::NUMBER)),
            value => accepts(type_of(value)),
        };
        let mut is_new = |value: &&JsonValue| {
            let key = key(value);
            others.iter().all(|other| other.contains(&key)) && seen.insert(key)
        };
        Some(first.iter().filter(is_accepted).filter(|value| is_new(value)).collect())
    }

    /// The members that the parts declare, each with all schemas that describe it: first those of the parts that schemas of a family share,
    /// followed by those of the schema itself.
    pub(crate) fn members(&self, contract: &Contract) -> Vec<(&'c str, Vec<SchemaId>)> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut members: Vec<(&'c str, Vec<SchemaId>)> = Vec::new();
        let parts = || self.parts.iter().skip(1).chain(self.parts.first());
        for (name, schema) in parts().flat_map(|part| &part.object.properties) {
            let place = *places.entry(name).or_insert_with(|| {
                members.push((name, Vec::new()));
                members.len() - 1
            });
            members[place].1.push(*schema);
        }
        for part in parts().filter(|part| part.object.pattern_properties.is_empty()) {
            let Some(others) = part.object.additional_properties.filter(|id| says_something(contract, *id)) else { continue };
            let own: BTreeSet<&str> = part.object.properties.iter().map(|(name, _)| name.as_str()).collect();
            members.iter_mut().filter(|(name, _)| !own.contains(name)).for_each(|(_, schemas)| schemas.push(others));
        }
        members
    }

    /// All schemas that describe the members that no part declares. Those of names that match a pattern are not known.
    pub(crate) fn others(&self) -> Vec<SchemaId> {
        let has_patterns = self.parts.iter().any(|part| !part.object.pattern_properties.is_empty());
        let stated = self.parts.iter().filter_map(|part| part.object.additional_properties);
        if has_patterns { Vec::new() } else { stated.collect() }
    }

    /// All schemas that describe the item at each place for which a part has a schema, and which there can be.
    pub(crate) fn places(&self) -> Vec<Vec<SchemaId>> {
        let arrays = || self.parts.iter().map(|part| &part.array);
        let described = arrays().map(|array| array.prefix_items.len()).max().unwrap_or(0);
        let most = arrays().filter_map(|array| array.limits.max_items).min().and_then(|most| usize::try_from(most).ok());
        let at = |index: usize| arrays().filter_map(|array| array.prefix_items.get(index).or(array.items.as_ref())).copied().collect();
        (0..most.map_or(described, |most| described.min(most))).map(at).collect()
    }

    /// All schemas that describe the items that no part describes by their place.
    pub(crate) fn items(&self) -> Vec<SchemaId> {
        let items: Vec<SchemaId> = self.parts.iter().filter_map(|part| part.array.items).collect();
        // Without keywords that evaluate further items, all of them are unevaluated.
        let evaluates = |part: &&Schema| {
            let has_branches = !part.one_of.is_empty() || !part.any_of.is_empty() || part.condition.is_some();
            has_branches || part.array.contains.is_some() || !part.object.dependent_schemas.is_empty()
        };
        let are_unevaluated = items.is_empty() && !self.parts.iter().any(evaluates);
        if are_unevaluated { self.parts.iter().filter_map(|part| part.array.unevaluated_items).collect() } else { items }
    }

    /// Whether neither types nor values nor variants say which JSON types the values have.
    pub(crate) fn says_no_type(&self) -> bool {
        let is_silent = |part: &&Schema| !part.never && part.one_of.is_empty() && part.any_of.is_empty();
        self.types.is_none() && self.values().is_none() && self.parts.iter().all(is_silent)
    }

    /// Whether the values are objects with declared members.
    pub(crate) fn is_record(&self) -> bool {
        let has_members = self.parts.iter().any(|part| !part.object.properties.is_empty());
        let has_values = self.parts.iter().any(|part| part.constant.is_some() || part.enumeration.is_some() || part.never);
        self.types == Some(Types::OBJECT) && has_members && !has_values
    }

    /// Whether undeclared members are rejected.
    pub(crate) fn is_closed(&self, contract: &Contract) -> bool {
        let rejects_others =
            |part: &&Schema| is_never(contract, part.object.additional_properties) && part.object.pattern_properties.is_empty();
        let leaves_none = self.parts.iter().any(|part| is_never(contract, part.object.unevaluated_properties));
        self.parts.iter().any(rejects_others) || (leaves_none && !self.states_others(contract))
    }

    /// Whether keywords other than `properties` name members or describe undeclared members.
    pub(crate) fn states_others(&self, contract: &Contract) -> bool {
        let known: BTreeSet<&str> = self.parts.iter().flat_map(|part| &part.object.properties).map(|(name, _)| name.as_str()).collect();
        let is_other = |name: &String| !known.contains(name.as_str());
        let requires = |part: &Schema| part.object.required.iter().any(is_other);
        let names = |id: &SchemaId| {
            let parts = contract.all_of_closure(*id);
            contract.member_names(*id).iter().any(is_other) || parts.iter().any(|part| requires(contract.schema(*part)))
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
                    || dependent_required.any(is_other)
                    || !part.object.pattern_properties.is_empty()
                    || dependent.chain(branches).chain(&part.one_of).chain(&part.any_of).any(names)
            })
    }

    /// The only accepted value, if it is a single string, boolean or integer.
    pub(crate) fn single_value(&self) -> Option<JsonValue> {
        let values = self.values().filter(|_| !self.nullable)?;
        let [only] = values.as_slice() else { return None };
        (only.is_string() || only.is_boolean() || only.is_i64()).then(|| (*only).clone())
    }

    /// The required members.
    pub(crate) fn required(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|part| &part.object.required).map(String::as_str).collect()
    }

    /// Whether a member is declared by name.
    pub(crate) fn describes(&self, name: &str) -> bool {
        self.parts.iter().flat_map(|part| &part.object.properties).any(|(known, _)| known == name)
    }
}

impl Contract {
    /// The JSON types of the values that a schema may accept, as far as types, values and variants say. `known` has those that were found
    /// before: schemas share their variants.
    pub(crate) fn accepted_types(&self, id: SchemaId, known: &mut BTreeMap<SchemaId, Types>) -> Types {
        if let Some(types) = known.get(&id) {
            return *types;
        }
        let mut types = Types::ALL;
        for part in self.all_of_closure(id) {
            let part = self.schema(part);
            let listed = part.enumeration.iter().flatten().chain(&part.constant).map(type_of).reduce(Types::or);
            let null = if part.accepts_null { Types::NULL } else { Types(0) };
            let mut of_union = |variants: &[SchemaId]| self.types_of_variants(variants, known);
            for of_part in [part.types, listed, of_union(&part.one_of), of_union(&part.any_of)].into_iter().flatten() {
                types = intersect(types, of_part.or(null));
            }
        }
        known.insert(id, types);
        types
    }

    /// The JSON types of the values that one of the variants may accept; `None` if there are none.
    pub(crate) fn types_of_variants(&self, variants: &[SchemaId], known: &mut BTreeMap<SchemaId, Types>) -> Option<Types> {
        variants.iter().map(|variant| self.accepted_types(*variant, known)).reduce(Types::or)
    }
}

fn is_never(contract: &Contract, id: Option<SchemaId>) -> bool {
    id.is_some_and(|id| contract.schema(contract.resolved(id)).never)
}

/// Whether null is the only accepted value.
pub(crate) fn is_null(contract: &Contract, id: SchemaId) -> bool {
    let schema = contract.schema(contract.resolved(id));
    let only = |values: &Vec<JsonValue>| matches!(values.as_slice(), [JsonValue::Null]);
    schema.types == Some(Types::NULL) || schema.constant == Some(JsonValue::Null) || schema.enumeration.as_ref().is_some_and(only)
}

/// Whether a schema says something about the values that it accepts, and accepts some.
fn says_something(contract: &Contract, id: SchemaId) -> bool {
    let schema = contract.schema(contract.resolved(id));
    !schema.never && !schema.is_anything()
}

/// Whether a part lists null among its values; `None` if it lists no values.
fn lists_null(part: &Schema) -> Option<bool> {
    let listed = part.constant.iter().chain(part.enumeration.iter().flatten());
    (part.constant.is_some() || part.enumeration.is_some()).then(|| listed.into_iter().any(JsonValue::is_null))
}

/// Whether a schema with these parts accepts null, as far as types, values and variants say. Once `effort` variants were asked, the others
/// count as accepting null.
fn accept_null(contract: &Contract, parts: &[&Schema], effort: &mut usize) -> bool {
    let mut permits = |part: &&Schema| {
        let by_type = part.types.is_none_or(|types| types.contains(Types::NULL));
        part.accepts_null
            || (!part.never
                && by_type
                && lists_null(part) != Some(false)
                && variants_accept_null(contract, &part.one_of, effort)
                && variants_accept_null(contract, &part.any_of, effort))
    };
    parts.first().is_some_and(|root| root.accepts_null) || parts.iter().all(&mut permits)
}

fn variants_accept_null(contract: &Contract, variants: &[SchemaId], effort: &mut usize) -> bool {
    let mut accepts_null = |variant: &SchemaId| {
        let Some(left) = effort.checked_sub(1) else { return true };
        *effort = left;
        let parts: Vec<&Schema> = contract.all_of_closure(*variant).into_iter().map(|part| contract.schema(part)).collect();
        accept_null(contract, &parts, effort)
    };
    variants.is_empty() || variants.iter().any(&mut accepts_null)
}

/// A text that is the same for two values exactly if they are equal.
fn key(value: &JsonValue) -> String {
    match value {
        JsonValue::Number(number) => match Number::from(number) {
            Number::Float(float) if float.fract() == 0.0 && float.abs() < 1e38 => (float as i128).to_string(),
            _ => number.to_string(),
        },
        JsonValue::Array(items) => format!("[{}]", items.iter().map(key).collect::<Vec<_>>().join(",")),
        JsonValue::Object(members) => {
            let members: BTreeMap<&String, String> = members.iter().map(|(name, value)| (name, key(value))).collect();
            format!("{members:?}")
        }
        scalar => scalar.to_string(),
    }
}

pub(crate) fn intersect(left: Types, right: Types) -> Types {
    let both = Types(left.0 & right.0);
    // Every integer is a number.
    let numeric = Types::INTEGER.or(Types::NUMBER);
    let is_integer = left.intersects(numeric) && right.intersects(numeric) && !both.contains(Types::NUMBER);
    if is_integer { both.or(Types::INTEGER) } else { both }
}
