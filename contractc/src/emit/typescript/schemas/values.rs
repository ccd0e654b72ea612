//! The schemas of stated values: `const` and `enum`.

use std::collections::HashSet;

use super::{Emitter, Expected};
use crate::emit::typescript::code::{Code, literal};
use crate::emit::typescript::names::literal_type;
use crate::model::{Schema, SchemaId};
use crate::runtime::check::Types;
use crate::shapes::{Shape, Type};

impl Emitter<'_> {
    /// `const` or `enum` over strings, or any `const`, if the schema has no other keyword than `type`.
    pub(super) fn values_alone(&self, schema: &Schema, types: Option<Types>, called: &[SchemaId], expected: &Expected) -> Option<Code> {
        let only = Schema { types: None, constant: None, enumeration: None, accepts_null: false, max_depth: None, ..schema.clone() };
        if !called.is_empty() || !only.is_anything() {
            return None;
        }
        match (types, &schema.constant, &schema.enumeration) {
            (Some(Types::STRING), None, Some(values)) if !values.is_empty() && values.iter().all(|value| value.is_string()) => {
                let texts = distinct(values);
                let ty = texts.iter().map(|text| literal_type(text)).collect::<Vec<_>>().join(" | ");
                let code = Code::call("rt.choice", vec![Code::List(texts.into_iter().map(literal).collect())]);
                // A declared enum is the same union under a name.
                Some(if matches!(expected.ty, Type::Declared(_)) && self.is_texts(&expected.ty) { code } else { expected.from(code, &ty) })
            }
            (Some(types), Some(constant), None)
                if (types == Types::STRING && constant.is_string()) || (types == Types::BOOLEAN && constant.is_boolean()) =>
            {
                let code = Code::call("rt.constant", vec![literal(constant)]);
                let fits = expected.text == "boolean" && constant.is_boolean() || self.is_texts(&expected.ty);
                Some(if fits { code } else { expected.from(code, &literal_type(constant)) })
            }
            (None, Some(constant), None) if constant.is_string() || constant.is_boolean() => {
                let code = Code::call("z.literal", vec![literal(constant)]);
                Some(expected.from(code, &literal_type(constant)))
            }
            _ => None,
        }
    }

    /// Whether a type is a declared enum of strings.
    fn is_texts(&self, ty: &Type) -> bool {
        matches!(ty, Type::Declared(id) | Type::Recursive(id) if matches!(self.plan.shapes.get(*id).shape, Shape::Texts(_)))
    }

    /// `const` and `enum`
    pub(super) fn values(&self, schema: &Schema, checks: &mut Vec<Code>) {
        checks.extend(schema.constant.as_ref().map(|value| Code::call("rt.equals", vec![literal(value)])));
        if let Some(values) = &schema.enumeration {
            checks.push(Code::call("rt.oneOfValues", vec![Code::List(values.iter().map(literal).collect())]));
        }
    }
}

/// The values without duplicates.
fn distinct(values: &[serde_json::Value]) -> Vec<&serde_json::Value> {
    let mut seen = HashSet::new();
    values.iter().filter(|value| seen.insert(*value)).collect()
}
