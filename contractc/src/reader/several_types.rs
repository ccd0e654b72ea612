//! Schemas that accept values of several JSON types and say something about the content of one of them, as a list of types beside `items`, or
//! an `enum` of strings and numbers. Each gets a schema for every one of its types. Only types use these schemas. Validators follow the
//! keywords as written.

use serde_json::Value as JsonValue;

use super::Reader;
use crate::model::{
    Annotations, ArrayRules, CompleteUnion, CompleteVariant, Contract, Merged, NumberRules, ObjectRules, Schema, SchemaId, TextRules,
};
use crate::runtime::check::Types;

/// A type of a schema, with the values of this type that the schema lists.
type Case = (Types, Option<Vec<JsonValue>>);

impl Reader<'_> {
    /// Creates a schema for each type of a schema that is written as one of several types.
    pub(super) fn separate_types(&mut self, id: SchemaId) {
        let schema = self.contract.schema(id).clone();
        let is_own = schema.alias().is_none() && schema.nullable_alias().is_none() && schema.rust_type.is_none();
        if schema.complete.is_some() || !is_own {
            return;
        }
        let Some(cases) = cases(&self.contract, id) else { return };
        let variants = cases.into_iter().map(|case| {
            self.contract.schemas.push(only(&schema, case));
            let whole = SchemaId(self.contract.schemas.len() - 1);
            CompleteVariant { variant: whole, whole }
        });
        let variants = variants.collect();
        self.contract.schemas[id.0].complete = Some(CompleteUnion { tag: None, may_overlap: false, variants });
    }
}

/// The types of a schema; `None` if there is only one, or if the schema says nothing about the content of any.
fn cases(contract: &Contract, id: SchemaId) -> Option<Vec<Case>> {
    let merged = Merged::new(contract, id);
    if merged.parts.iter().any(|part| part.never) {
        return None;
    }
    let cases = match merged.values() {
        Some(values) => listed(&values, merged.types)?,
        None => described(&merged)?.into_iter().map(|types| (types, None)).collect(),
    };
    (cases.len() > 1).then_some(cases)
}

/// The types of listed values other than null, in the order of the values. Lists and objects have no type that holds only them.
fn listed(values: &[&JsonValue], types: Option<Types>) -> Option<Vec<Case>> {
    let number = if types.is_some_and(|types| !types.contains(Types::NUMBER)) { Types::INTEGER } else { Types::NUMBER };
    let mut cases: Vec<(Types, Vec<JsonValue>)> = Vec::new();
    for value in values.iter().filter(|value| !value.is_null()) {
        let types = match value {
            JsonValue::Bool(_) => Types::BOOLEAN,
            JsonValue::Number(_) => number,
            JsonValue::String(_) => Types::STRING,
            _ => return None,
        };
        match cases.iter_mut().find(|(known, _)| *known == types) {
            Some((_, known)) => known.push((*value).clone()),
            None => cases.push((types, vec![(*value).clone()])),
        }
    }
    Some(cases.into_iter().map(|(types, values)| (types, Some(values))).collect())
}

/// The types of which one is a list with items, or an object with members.
fn described(merged: &Merged<'_>) -> Option<Vec<Types>> {
    let types = merged.types?;
    let has = |wanted: Types, says: fn(&Schema) -> bool| types.contains(wanted) && merged.parts.iter().any(|part| says(part));
    let has_items = has(Types::ARRAY, |part| part.array.items.is_some() || !part.array.prefix_items.is_empty());
    let has_members = has(Types::OBJECT, |part| !part.object.properties.is_empty() || part.object.additional_properties.is_some());
    let has_union = merged.parts.iter().any(|part| !part.one_of.is_empty() || !part.any_of.is_empty());
    if has_union || !(has_items || has_members) {
        return None;
    }
    let all = [Types::BOOLEAN, Types::INTEGER, Types::NUMBER, Types::STRING, Types::ARRAY, Types::OBJECT];
    let is_apart = |one: &Types| types.contains(*one) && !(*one == Types::INTEGER && types.contains(Types::NUMBER));
    Some(all.into_iter().filter(is_apart).collect())
}

/// A copy of the schema for values of one type.
fn only(schema: &Schema, (types, values): Case) -> Schema {
    fn if_any<T: Clone + Default>(types: Types, of: Types, rules: &T) -> T {
        if types.intersects(of) { rules.clone() } else { T::default() }
    }
    Schema {
        annotations: Annotations { title: None, description: None, ..schema.annotations.clone() },
        accepts_null: false,
        types: Some(types),
        constant: None,
        enumeration: values,
        number: if_any::<NumberRules>(types, Types::INTEGER.or(Types::NUMBER), &schema.number),
        text: if_any::<TextRules>(types, Types::STRING, &schema.text),
        array: if_any::<ArrayRules>(types, Types::ARRAY, &schema.array),
        object: if_any::<ObjectRules>(types, Types::OBJECT, &schema.object),
        rules: if_any(types, Types::OBJECT, &schema.rules),
        max_depth: None,
        view: None,
        ..schema.clone()
    }
}
