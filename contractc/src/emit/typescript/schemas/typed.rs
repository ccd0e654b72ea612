//! `type`, and the keywords for values of one type.

use super::{Emitter, Expected, reading};
use crate::emit::typescript::code::{Code, quoted};
use crate::model::{Schema, SchemaId};
use crate::runtime::check::Types;
use crate::shapes::Type;

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
        let named = types.unwrap_or(Types(0));
        let nullable = named.contains(Types::NULL) && named != Types::NULL;
        let single = Types(named.0 & !Types::NULL.0);
        // With only one other type, and no further checks, null just makes the schema nullable.
        if nullable && checks.is_empty() {
            let inner = match &expected.ty {
                Type::Optional(inner) => expected.part(self.names, inner),
                other => Expected::untyped(other),
            };
            let is_read = single != Types::OBJECT || self.reads_members(&inner.ty, merged);
            if is_read && let Some(code) = self.native(schema, merged, single, &inner) {
                let ty = if inner.is_anything() { "" } else { expected.text.as_str() };
                return expected.from(code.then("nullable", Vec::new()), ty);
            }
        }
        let continues = !matches!(named, Types::STRING | Types::ARRAY);
        if !nullable
            && (checks.is_empty() || continues)
            && let Some(code) = self.native(schema, merged, named, expected)
        {
            let code = code.checked(checks);
            let is_read = named != Types::OBJECT || self.reads_members(&expected.ty, merged);
            return if is_read { code } else { self.read(code, &expected.ty) };
        }
        let mut blocks = Vec::new();
        let mut block = |type_name: &str, any: bool, code: &dyn Fn() -> Code| {
            if any {
                blocks.push(Code::call("rt.where", vec![Code::Text(quoted(type_name)), code()]));
            }
        };
        block("number", schema.number.any(), &|| self.number(schema, Code::call("rt.number", vec![])));
        block("string", schema.text.any(), &|| self.text(schema));
        block("array", self.has_array_rules(schema), &|| self.array(schema, &Expected::anything()));
        block("object", self.has_object_rules(schema, merged), &|| self.object(schema, merged, &Expected::anything()));
        blocks.append(&mut checks);
        let listed = named.names().map(|name| Code::Text(quoted(name))).collect();
        self.read(Code::call(expected.generic("json"), listed).checked(blocks), &expected.ty)
    }

    /// The schema of a single type, with the keywords for it.
    fn native(&self, schema: &Schema, merged: &[SchemaId], types: Types, expected: &Expected) -> Option<Code> {
        Some(match types {
            Types::NULL => expected.from(Code::call("z.null", vec![]), "null"),
            Types::BOOLEAN => expected.from(Code::call("z.boolean", vec![]), "boolean"),
            Types::INTEGER | Types::NUMBER => {
                let number = self.number(schema, reading::holder(types, &expected.ty)?);
                expected.from(number, "number")
            }
            Types::STRING => expected.from(self.text(schema), "string"),
            Types::ARRAY => self.array(schema, expected),
            Types::OBJECT => self.object(schema, merged, expected),
            _ => return None,
        })
    }
}
