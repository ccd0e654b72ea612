//! The schemas of unions, and of other keywords that apply schemas to a whole value.

use serde_json::Value as JsonValue;

use super::{Emitter, Expected};
use crate::emit::typescript::code::{Code, literal, quoted};
use crate::model::{Schema, SchemaId};
use crate::shapes::{Shape, Type};

impl Emitter<'_> {
    pub(super) fn applicators(&self, schema: &Schema, checks: &mut Vec<Code>) {
        checks.extend(schema.not.map(|not| Code::call("rt.not", vec![self.validator(not)])));
        if !schema.any_of.is_empty() {
            checks.push(Code::call("rt.matchesAny", vec![self.variants(schema, &schema.any_of, &Type::Any)]));
        }
        if let Some(tag) = &schema.tag {
            let tagged = Code::call("rt.tagged", vec![Code::Text(quoted(&tag.member)), self.tagged_variants(schema, &Type::Any)]);
            checks.push(Code::call("rt.allOf", vec![tagged]));
        } else if !schema.one_of.is_empty() {
            checks.push(Code::call("rt.matchesOne", vec![self.variants(schema, &schema.one_of, &Type::Any)]));
        }
        if let Some(condition) = schema.condition {
            let branch = |id: Option<SchemaId>| id.filter(|id| !self.is_anything(*id)).map(|id| self.validator(id));
            let (then, otherwise) = (branch(condition.then), branch(condition.otherwise));
            if then.is_some() || otherwise.is_some() {
                let mut arguments = vec![self.validator(condition.condition), then.unwrap_or_else(|| Code::text("undefined"))];
                arguments.extend(otherwise);
                checks.push(Code::call("rt.condition", arguments));
            }
        }
    }

    pub(super) fn is_union_alone(&self, schema: &Schema) -> bool {
        let unions = usize::from(!schema.any_of.is_empty()) + usize::from(!schema.one_of.is_empty());
        unions == 1 && schema.not.is_none() && schema.condition.is_none()
    }

    pub(super) fn union(&self, schema: &Schema, expected: &Expected) -> Code {
        if let Some(tag) = &schema.tag {
            return Code::call(
                expected.generic("tagged"),
                vec![Code::Text(quoted(&tag.member)), self.tagged_variants(schema, &expected.ty)],
            );
        }
        let (function, variants) = if schema.one_of.is_empty() { ("anyOf", &schema.any_of) } else { ("oneOf", &schema.one_of) };
        Code::call(expected.generic(function), vec![self.variants(schema, variants, &expected.ty)])
    }

    fn variants(&self, schema: &Schema, variants: &[SchemaId], union: &Type) -> Code {
        Code::List(variants.iter().map(|id| self.variant(schema, *id, union)).collect())
    }

    /// A variant of a schema whose values have the type `union`.
    fn variant(&self, schema: &Schema, id: SchemaId, union: &Type) -> Code {
        self.check(id, &Expected::untyped(self.variant_type(schema, id, union)))
    }

    fn variant_type<'t>(&'t self, schema: &Schema, id: SchemaId, union: &'t Type) -> &'t Type {
        let declared = match union {
            Type::Optional(inner) => return self.variant_type(schema, id, inner),
            Type::Declared(declared) | Type::Recursive(declared) => self.plan.shapes.get(*declared),
            // All variants have this type.
            _ => return union,
        };
        let (Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged { variants, .. }) = &declared.shape else {
            return union;
        };
        // The type of an object with a union beside its members is a union of complete objects.
        let complete = schema.complete.iter().flat_map(|complete| &complete.variants).find(|complete| complete.variant == id);
        let whole = complete.map_or(id, |complete| complete.whole);
        variants.iter().find(|variant| variant.schema == whole).map_or(&Type::Any, |variant| &variant.ty)
    }

    fn tagged_variants(&self, schema: &Schema, union: &Type) -> Code {
        let values = schema.tag.iter().flat_map(|tag| &tag.values);
        let variants =
            schema.one_of.iter().zip(values).map(|(id, values)| Code::List(vec![tags(values), self.variant(schema, *id, union)]));
        Code::List(variants.collect())
    }
}

/// The values of a tag that select a variant.
pub(super) fn tags(values: &[JsonValue]) -> Code {
    match values {
        [only] => literal(only),
        several => Code::List(several.iter().map(literal).collect()),
    }
}
