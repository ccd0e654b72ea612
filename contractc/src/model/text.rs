//! The types of value that the text of a parameter, a header or a form field can represent, by its schema.

use std::collections::BTreeSet;

use serde_json::Value as JsonValue;

use super::{Contract, Schema, SchemaId};
use crate::runtime::check::Types;

/// The shape of a value that is written as text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextShape {
    /// The JSON types that the schema accepts: string if it names none.
    pub types: Types,
    /// The shape of the items, if the schema describes them.
    pub items: Option<Box<TextShape>>,
    /// The members that the schema describes.
    pub members: Vec<(String, TextShape)>,
    /// The shape of further members, if the schema describes them.
    pub others: Option<Box<TextShape>>,
}

/// How many levels of lists and objects are described. What is deeper is JSON text in every style but one, which servers rarely nest further.
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

    fn shape_of(&self, ids: &[SchemaId], levels: usize) -> TextShape {
        let types = ids.iter().fold(Types(0), |types, id| types.or(self.types_as_text(*id)));
        let mut shape = TextShape { types, items: None, members: Vec::new(), others: None };
        if levels == 0 {
            return shape;
        }
        let parts: Vec<&Schema> = ids.iter().flat_map(|id| self.parts_and_variants(*id)).map(|id| self.schema(id)).collect();
        let described = |found: Vec<SchemaId>| (!found.is_empty()).then(|| Box::new(self.shape_of(&found, levels - 1)));
        if types.contains(Types::ARRAY) {
            let items = parts.iter().flat_map(|part| part.array.prefix_items.iter().chain(&part.array.items));
            shape.items = described(items.copied().collect());
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
            let others = parts.iter().filter_map(|part| part.object.additional_properties).filter(|id| !self.schema(*id).never);
            shape.others = described(others.collect());
        }
        shape
    }

    /// The schema with everything that must hold beside it, and the variants of its unions.
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

    /// The JSON types that the text may represent: string if the schema does not say.
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
        if types == Types(0) { Types::STRING } else { types }
    }
}

fn type_of(value: &JsonValue) -> Types {
    match value {
        JsonValue::Null => Types::NULL,
        JsonValue::Bool(_) => Types::BOOLEAN,
        JsonValue::Number(_) => Types::NUMBER,
        JsonValue::String(_) => Types::STRING,
        JsonValue::Array(_) => Types::ARRAY,
        JsonValue::Object(_) => Types::OBJECT,
    }
}
