//! The schemas of numbers, strings and arrays.

use heck::ToLowerCamelCase;

use super::{Emitter, Expected, pattern};
use crate::emit::typescript::code::{Code, number, quoted};
use crate::model::{Argument, Assertion, Kind, Meaning, Schema, SchemaId};
use crate::runtime::number::Number;
use crate::shapes::{Type, is_exact_double};

impl Emitter<'_> {
    pub(super) fn number(&self, schema: &Schema, base: Code) -> Code {
        let (code, checks) = self.asserted(schema, Kind::Number, base);
        code.checked(checks)
    }

    pub(super) fn text(&self, schema: &Schema) -> Code {
        let (code, checks) = self.asserted(schema, Kind::Text, Code::call("rt.string", vec![]));
        code.checked(checks)
    }

    /// The code with Zod's methods for the keywords that have one, and the checks of the runtime for all others.
    fn asserted(&self, schema: &Schema, kind: Kind, code: Code) -> (Code, Vec<Code>) {
        let mut checks = Vec::new();
        let present = schema.assertions(kind).filter(|assertion| !assertion.is_trivial());
        let code = present.fold(code, |code, assertion| {
            let arguments = argument(assertion.argument);
            match (assertion.keyword.meaning, assertion.argument) {
                (Meaning::Least { is_excluded }, Argument::Number(bound)) => {
                    let (method, check) = if is_excluded { ("gt", "z.gt") } else { ("min", "z.gte") };
                    bounded(code, bound, method, check, arguments)
                }
                (Meaning::Most { is_excluded }, Argument::Number(bound)) => {
                    let (method, check) = if is_excluded { ("lt", "z.lt") } else { ("max", "z.lte") };
                    bounded(code, bound, method, check, arguments)
                }
                (Meaning::Least { .. }, _) => code.then("min", arguments),
                (Meaning::Most { .. }, _) => code.then("max", arguments),
                (_, Argument::Pattern(_)) => code.then("regex", arguments),
                _ => {
                    checks.push(check(assertion));
                    code
                }
            }
        });
        (code, checks)
    }

    /// A part that no keyword of this schema describes, though those of other schemas may.
    pub(super) fn any_json(&self, expected: &Expected) -> Code {
        self.read(Code::call(expected.generic("json"), vec![]), &expected.ty)
    }

    pub(super) fn has_array_rules(&self, schema: &Schema) -> bool {
        let rules = &schema.array;
        schema.assertions(Kind::Array).next().is_some()
            || rules.contains.is_some()
            || !rules.prefix_items.is_empty()
            || rules.items.is_some()
    }

    pub(super) fn array(&self, schema: &Schema, expected: &Expected) -> Code {
        let rules = &schema.array;
        let inner = match &expected.ty {
            Type::List(inner) | Type::Each(inner) => expected.part(self.names, inner),
            _ => Expected::anything(),
        };
        let item = |id: Option<SchemaId>| match id {
            Some(id) => self.check(id, &inner),
            None => self.any_json(&inner),
        };
        let code = if !rules.prefix_items.is_empty() {
            let (types, others): (&[Type], Option<&Type>) = match &expected.ty {
                Type::Tuple { items, rest, .. } => (items, rest.as_deref()),
                _ => (&[], None),
            };
            // The type of the whole is stated once.
            let part = |id: SchemaId, ty: Option<&Type>| self.check(id, &Expected::untyped(ty.unwrap_or(&Type::Any)));
            let prefix = Code::List(rules.prefix_items.iter().enumerate().map(|(index, id)| part(*id, types.get(index))).collect());
            Code::call("rt.prefixed", [Some(prefix), rules.items.map(|id| part(id, others))].into_iter().flatten().collect())
        } else {
            Code::call(if rules.each { "rt.each" } else { "rt.array" }, vec![item(rules.items)])
        };
        let (code, mut checks) = self.asserted(schema, Kind::Array, code);
        if let Some(contains) = rules.contains {
            let mut arguments = vec![self.validator(contains.schema)];
            if contains.min != 1 || contains.max.is_some() {
                arguments.push(Code::text(contains.min.to_string()));
            }
            arguments.extend(contains.max.map(|max| Code::text(max.to_string())));
            checks.push(Code::call("rt.contains", arguments));
        }
        let is_list = matches!(expected.ty, Type::List(_) | Type::Each(_));
        let has_type = is_list && (rules.prefix_items.is_empty() || expected.text == "unknown[]");
        expected.from(code.checked(checks), if has_type { &expected.text } else { "" })
    }
}

/// The runtime's check for a keyword, which has the same name.
pub(super) fn check(assertion: Assertion<'_>) -> Code {
    Code::call(format!("rt.{}", assertion.keyword.name.to_lower_camel_case()), argument(assertion.argument))
}

fn argument(argument: Argument<'_>) -> Vec<Code> {
    match argument {
        Argument::Number(bound) => vec![Code::Text(number(bound))],
        Argument::Count(bound) => vec![Code::text(bound.to_string())],
        Argument::Format(format) => vec![Code::Text(quoted(format.name()))],
        Argument::Pattern(source) => vec![pattern(source)],
        Argument::Set => vec![],
    }
}

/// A bound, with Zod's method for numbers; the method's check also takes bigints.
fn bounded(code: Code, bound: Number, method: &str, check: &str, arguments: Vec<Code>) -> Code {
    if is_exact_double(bound) { code.then(method, arguments) } else { code.checked(vec![Code::call(check, arguments)]) }
}
