//! `type`, and the keywords for values of one type.

use super::{Emitter, Expected};
use crate::emit::typescript::code::{Code, quoted};
use crate::model::{IntegerWidth, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::shapes::{Shape, Type, is_exact_double};

impl Emitter<'_> {
    /// `type` and the keywords for a single type, followed by all other checks.
    pub(super) fn typed(
        &self,
        schema: &Schema,
        merged: &[SchemaId],
        types: Option<Types>,
        mut checks: Vec<Code>,
        expected: &Expected,
    ) -> Code {
        // Only the parts say that the value is a double: the schema rounds it.
        let types = types.or((expected.ty == Type::Float).then_some(Types::NUMBER));
        let named = types.unwrap_or(Types(0));
        let nullable = named.contains(Types::NULL) && named != Types::NULL;
        let single = Types(named.0 & !Types::NULL.0);
        // With only one other type, and no further checks, null just makes the schema nullable.
        if nullable && checks.is_empty() {
            let inner = match &expected.ty {
                Type::Optional(inner) => expected.part(self.names, inner),
                other => Expected::untyped(other),
            };
            if let Some(code) = self.native(schema, merged, single, &inner) {
                let ty = if inner.is_anything() { "" } else { expected.text.as_str() };
                return expected.from(code.then("nullable", Vec::new()), ty);
            }
        }
        let continues = !matches!(named, Types::STRING | Types::ARRAY);
        if !nullable
            && (checks.is_empty() || continues)
            && let Some(code) = self.native(schema, merged, named, expected)
        {
            return code.checked(checks);
        }
        let mut blocks = Vec::new();
        let mut block = |type_name: &str, any: bool, code: &dyn Fn() -> Code| {
            if any {
                blocks.push(Code::call("rt.where", vec![Code::Text(quoted(type_name)), code()]));
            }
        };
        let content = Expected::untyped(if let Type::Optional(inner) = &expected.ty { inner } else { &expected.ty });
        block("number", schema.number.any(), &|| self.number(schema, Code::call("rt.number", vec![])));
        block("string", schema.text.any(), &|| self.text(schema));
        block("array", self.has_array_rules(schema), &|| self.array(schema, &content));
        block("object", self.has_object_rules(schema, merged), &|| self.object(schema, merged, &content));
        blocks.append(&mut checks);
        let long = (named.contains(Types::INTEGER) && self.long_integers(&expected.ty).is_some()).then_some("bigint");
        let listed = named.names().chain(long).map(|name| Code::Text(quoted(name))).collect();
        Code::call(expected.generic("json"), listed).checked(blocks)
    }

    /// The schema of a single type, with the keywords for it.
    fn native(&self, schema: &Schema, merged: &[SchemaId], types: Types, expected: &Expected) -> Option<Code> {
        Some(match types {
            Types::NULL => expected.from(Code::call("z.null", vec![]), "null"),
            Types::BOOLEAN => expected.from(Code::call("z.boolean", vec![]), "boolean"),
            Types::INTEGER => {
                let integer = match self.long_integers(&expected.ty) {
                    Some(sign) => Code::call("rt.longInteger", sign.map(|sign| Code::Text(quoted(sign))).into_iter().collect()),
                    None => Code::call("rt.integer", vec![]),
                };
                expected.from(self.number(schema, integer), "number")
            }
            // Another schema of the same member states that it may be a long integer.
            Types::NUMBER if self.is_long(&expected.ty) => {
                expected.from(self.number(schema, Code::call("rt.longNumber", vec![])), "number")
            }
            Types::NUMBER => expected.from(self.number(schema, Code::call("rt.number", vec![])), "number"),
            Types::STRING => expected.from(self.text(schema), "string"),
            Types::ARRAY => self.array(schema, expected),
            Types::OBJECT => self.object(schema, merged, expected),
            _ => return None,
        })
    }

    /// Whether a type holds integers beyond 2^53.
    pub(super) fn is_long(&self, ty: &Type) -> bool {
        match ty {
            Type::LongInteger(_) => true,
            Type::Optional(inner) => self.is_long(inner),
            _ => false,
        }
    }

    /// Whether a type includes integers beyond 2^53, and the sign that limits them.
    fn long_integers(&self, ty: &Type) -> Option<Option<&'static str>> {
        match ty {
            Type::Any => Some(None),
            Type::Listed(values, _) => {
                let is_long = |value: &serde_json::Value| value.as_number().is_some_and(|number| !is_exact_double(number.into()));
                values.iter().any(is_long).then_some(None)
            }
            Type::LongInteger(IntegerWidth::U64) => Some(Some("unsigned")),
            Type::LongInteger(_) => Some(Some("signed")),
            Type::Optional(inner) => self.long_integers(inner),
            Type::Declared(id) | Type::Recursive(id) => match &self.plan.shapes.get(*id).shape {
                Shape::ByType(variants) => {
                    let mut long = variants.iter().filter(|variant| matches!(variant.ty, Type::LongInteger(_)));
                    long.find_map(|variant| self.long_integers(&variant.ty))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
