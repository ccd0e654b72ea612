//! The schemas of numbers, strings and arrays.

use super::{Emitter, Wanted, pattern};
use crate::emit::typescript::code::{Code, number, quoted};
use crate::model::{Schema, SchemaId};
use crate::shapes::{Type, is_exact_double};

impl Emitter<'_> {
    pub(super) fn number(&self, schema: &Schema, base: Code) -> Code {
        let rules = &schema.number;
        // The methods take numbers; the checks also take bigints.
        let bounds = [
            ("min", "z.gte", rules.minimum),
            ("max", "z.lte", rules.maximum),
            ("gt", "z.gt", rules.exclusive_minimum),
            ("lt", "z.lt", rules.exclusive_maximum),
        ];
        let bounded = bounds.into_iter().filter_map(|(method, check, bound)| Some((method, check, bound?)));
        let code = bounded.fold(base, |code, (method, check, bound)| {
            let value = vec![Code::Text(number(bound))];
            if is_exact_double(bound) { code.then(method, value) } else { code.checked(vec![Code::call(check, value)]) }
        });
        let step = rules.multiple_of.map(|step| Code::call("rt.multipleOf", vec![Code::Text(number(step))]));
        code.checked(step.into_iter().collect())
    }

    pub(super) fn text(&self, schema: &Schema) -> Code {
        let rules = &schema.text;
        let mut code = Code::call("rt.string", vec![]);
        if let Some(min) = rules.min_length.filter(|min| *min > 0) {
            code = code.then("min", vec![Code::text(min.to_string())]);
        }
        if let Some(max) = rules.max_length {
            code = code.then("max", vec![Code::text(max.to_string())]);
        }
        if let Some(source) = &rules.pattern {
            code = code.then("regex", vec![pattern(source)]);
        }
        let format = rules.format.map(|format| Code::call("rt.format", vec![Code::Text(quoted(format.name()))]));
        code.checked(format.into_iter().collect())
    }

    pub(super) fn has_array_rules(&self, schema: &Schema) -> bool {
        let rules = &schema.array;
        let bounds = rules.min_items.is_some() || rules.max_items.is_some() || rules.unique_items || rules.contains.is_some();
        bounds || !rules.prefix_items.is_empty() || rules.items.is_some()
    }

    pub(super) fn array(&self, schema: &Schema, wanted: &Wanted) -> Code {
        let rules = &schema.array;
        let inner = match &wanted.ty {
            Type::List(inner) | Type::Each(inner) => Wanted::of(self.names, inner),
            _ => Wanted::anything(),
        };
        let item = |id: Option<SchemaId>| match id {
            Some(id) => self.check(id, &inner),
            None => Code::call(inner.generic("json"), vec![]),
        };
        let mut code = if !rules.prefix_items.is_empty() {
            let prefix = Code::List(rules.prefix_items.iter().map(|id| self.judge(*id)).collect());
            Code::call("rt.prefixed", [Some(prefix), rules.items.map(|id| self.judge(id))].into_iter().flatten().collect())
        } else {
            Code::call(if rules.each { "rt.each" } else { "rt.array" }, vec![item(rules.items)])
        };
        if let Some(min) = rules.min_items.filter(|min| *min > 0) {
            code = code.then("min", vec![Code::text(min.to_string())]);
        }
        if let Some(max) = rules.max_items {
            code = code.then("max", vec![Code::text(max.to_string())]);
        }
        let mut checks = Vec::new();
        if rules.unique_items {
            checks.push(Code::call("rt.uniqueItems", vec![]));
        }
        if let Some(contains) = rules.contains {
            let mut arguments = vec![self.judge(contains.schema)];
            if contains.min != 1 || contains.max.is_some() {
                arguments.push(Code::text(contains.min.to_string()));
            }
            arguments.extend(contains.max.map(|max| Code::text(max.to_string())));
            checks.push(Code::call("rt.contains", arguments));
        }
        let is_list = matches!(wanted.ty, Type::List(_) | Type::Each(_));
        let has_type = is_list && (rules.prefix_items.is_empty() || wanted.text == "unknown[]");
        wanted.from(code.checked(checks), if has_type { &wanted.text } else { "" })
    }
}
