//! The types of value that the text of a parameter, a header or a form field can represent, by its schema.

use std::collections::BTreeSet;

use serde_json::Value as JsonValue;

use super::{ArrayRules, Contract, Kind, ObjectRules, Schema, SchemaId};
use crate::runtime::check::Types;

/// The shape of a value that is written as text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextShape {
    /// The JSON types that the schema accepts: string if it names none.
    pub types: Types,
    /// The shapes of the first items, which the schema describes one by one.
    pub places: Vec<TextShape>,
    /// The shape of the other items, if the schema describes them.
    pub items: Option<Box<TextShape>>,
    /// The members that the schema describes.
    pub members: Vec<(String, TextShape)>,
    /// The shape of further members, if the schema describes them.
    pub others: Option<Box<TextShape>>,
}

/// The number of described levels of lists and objects. Deeper levels are JSON text in every style but one, and servers rarely nest that
/// one further.
const LEVELS: usize = 3;

impl Contract {
    /// The shape of a value that is written as text.
    pub fn text_shape(&self, id: SchemaId) -> TextShape {
        self.shape_of(&[id], LEVELS)
    }

    /// The JSON types of a value that is written as text: string if the schema names none.
    pub fn types_as_text(&self, id: SchemaId) -> Types {
        self.text_types(id, &mut BTreeSet::new())
    }

    /// Whether a text may be both a number and a string: the schema accepts numbers, and strings without a limit.
    pub fn is_ambiguous_text(&self, id: SchemaId) -> bool {
        if !self.types_as_text(id).intersects(Types::NUMBER.or(Types::INTEGER)) {
            return false;
        }
        let parts = self.parts_and_variants(self.resolved(id)).into_iter().map(|id| self.schema(id));
        parts.into_iter().any(|part| {
            let is_limited = part.enumeration.is_some() || part.constant.is_some() || part.assertions(Kind::Text).next().is_some();
            part.types.is_some_and(|types| types.contains(Types::STRING)) && !is_limited
        })
    }

    fn shape_of(&self, ids: &[SchemaId], levels: usize) -> TextShape {
        let types = ids.iter().fold(Types(0), |types, id| types.or(self.types_as_text(*id)));
        let mut shape = TextShape { types, places: Vec::new(), items: None, members: Vec::new(), others: None };
        if levels == 0 {
            return shape;
        }
        let parts: Vec<&Schema> = ids.iter().flat_map(|id| self.parts_and_variants(*id)).map(|id| self.schema(id)).collect();
        let described = |found: Vec<SchemaId>| (!found.is_empty()).then(|| Box::new(self.shape_of(&found, levels - 1)));
        if types.contains(Types::ARRAY) {
            let places = parts.iter().map(|part| part.array.prefix_items.len()).max().unwrap_or_default();
            let at = |place: usize| parts.iter().filter_map(move |part| part.array.prefix_items.get(place).copied().or(part.array.items));
            shape.places = (0..places).map(|place| self.shape_of(&at(place).collect::<Vec<_>>(), levels - 1)).collect();
            shape.items = described(parts.iter().filter_map(|part| part.array.items).filter(|id| !self.schema(*id).never).collect());
        }
        if types.contains(Types::OBJECT) {
            for (name, id) in parts.iter().flat_map(|part| &part.object.properties) {
                if !shape.members.iter().any(|(known, _)| known == name) {
                    let same = parts.iter().flat_map(|part| &part.object.properties).filter(|(other, _)| other == name);
                    let ids: Vec<SchemaId> = same.map(|(_, id)| *id).chain([*id]).collect();
                    shape.members.push((name.clone(), self.shape_of(&ids, levels - 1)));
                }
            }
            shape.members.sort_by(|left, right| left.0.cmp(&right.0));
            shape.others = self.others(&parts, levels);
        }
        shape
    }

    /// The shape of members that are not listed. An object that lists none has members of any name.
    fn others(&self, parts: &[&Schema], levels: usize) -> Option<Box<TextShape>> {
        let closed = |id: &SchemaId| self.schema(*id).never;
        let additional: Vec<SchemaId> = parts.iter().filter_map(|part| part.object.additional_properties).collect();
        let by_pattern: Vec<SchemaId> = parts.iter().flat_map(|part| &part.object.pattern_properties).map(|(_, id)| *id).collect();
        let described: Vec<SchemaId> = additional.iter().chain(&by_pattern).copied().filter(|id| !closed(id)).collect();
        let is_open = additional.is_empty() && (!by_pattern.is_empty() || parts.iter().all(|part| part.object.properties.is_empty()));
        if described.is_empty() && !is_open {
            return None;
        }
        let mut shape = self.shape_of(&described, levels - 1);
        if is_open {
            shape.types = shape.types.or(Types::STRING);
        }
        Some(Box::new(shape))
    }

    /// The schema, everything that must hold beside it, and the variants of its unions.
    fn parts_and_variants(&self, id: SchemaId) -> Vec<SchemaId> {
        let mut open = self.all_of_closure(id);
        let mut next = 0;
        while let Some(part) = open.get(next).copied() {
            let schema = self.schema(part);
            for variant in schema.one_of.iter().chain(&schema.any_of) {
                let parts = self.all_of_closure(*variant);
                open.extend(parts.into_iter().filter(|part| !open.contains(part)).collect::<Vec<_>>());
            }
            next += 1;
        }
        open
    }

    /// The JSON types that the text may represent. If the schema names none, those that its keywords apply to, otherwise string.
    fn text_types(&self, id: SchemaId, seen: &mut BTreeSet<SchemaId>) -> Types {
        if !seen.insert(id) {
            return Types(0);
        }
        let parts: Vec<&Schema> = self.all_of_closure(self.resolved(id)).into_iter().map(|part| self.schema(part)).collect();
        if let Some(types) = parts.iter().find_map(|part| part.types) {
            return types;
        }
        let union = |types: Types, value: &JsonValue| types.or(type_of(value));
        if let Some(values) = parts.iter().find_map(|part| part.enumeration.as_deref().or(part.constant.as_ref().map(std::slice::from_ref)))
        {
            return values.iter().fold(Types(0), union);
        }
        let variants = parts.iter().flat_map(|part| part.one_of.iter().chain(&part.any_of));
        let types = variants.fold(Types(0), |types, variant| types.or(self.text_types(*variant, seen)));
        let types = parts.iter().fold(types, |types, part| types.or(types_of_keywords(part)));
        if types == Types(0) { Types::STRING } else { types }
    }
}

/// The types that the keywords of a schema apply to.
fn types_of_keywords(schema: &Schema) -> Types {
    let has = |kind| schema.assertions(kind).next().is_some();
    // `has` covers the limits.
    let ArrayRules { prefix_items, items, limits: _, contains, unevaluated_items, each } = &schema.array;
    let is_array = *each || !prefix_items.is_empty() || items.or(*unevaluated_items).is_some() || contains.is_some() || has(Kind::Array);
    let ObjectRules {
        properties,
        pattern_properties,
        additional_properties,
        property_names,
        required,
        limits: _,
        dependent_required,
        dependent_schemas,
        unevaluated_properties,
    } = &schema.object;
    let has_schema = additional_properties.or(*property_names).or(*unevaluated_properties).is_some();
    let has_names = !(properties.is_empty() && required.is_empty() && dependent_required.is_empty());
    let is_object = has_schema || has_names || !(pattern_properties.is_empty() && dependent_schemas.is_empty()) || has(Kind::Object);
    let found =
        [(has(Kind::Number), Types::NUMBER), (has(Kind::Text), Types::STRING), (is_array, Types::ARRAY), (is_object, Types::OBJECT)];
    found.into_iter().filter(|(is_found, _)| *is_found).fold(Types(0), |types, (_, found)| types.or(found))
}

/// The JSON type of a value.
pub(crate) fn type_of(value: &JsonValue) -> Types {
    match value {
        JsonValue::Null => Types::NULL,
        JsonValue::Bool(_) => Types::BOOLEAN,
        JsonValue::Number(_) => Types::NUMBER,
        JsonValue::String(_) => Types::STRING,
        JsonValue::Array(_) => Types::ARRAY,
        JsonValue::Object(_) => Types::OBJECT,
    }
}
