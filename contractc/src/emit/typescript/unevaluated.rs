//! `unevaluatedProperties` and `unevaluatedItems`: expressions that say whether a part of a value is spoken of.

use super::code::{Code, quoted};
use super::schemas::{Emitter, pattern};
use crate::emit::evaluated::{Part, both, either};
use crate::emit::rust::mentions;
use crate::model::{Schema, SchemaId};

impl Emitter<'_> {
    pub(super) fn unevaluated(&self, id: SchemaId, checks: &mut Vec<Code>) {
        let schema = self.schema(id);
        let parts = [
            (Part::Member, schema.object.unevaluated_properties, "rt.unevaluatedProperties", "name"),
            (Part::Item, schema.array.unevaluated_items, "rt.unevaluatedItems", "index"),
        ];
        for (part, rest, function, key) in parts {
            let Some(rest) = rest.filter(|rest| !self.is_anything(*rest)) else { continue };
            let evaluated = Code::Text(self.evaluated(id, part, 0));
            let rest = if self.is_never(rest) { Code::text("rt.closed") } else { self.judge(rest) };
            let arrow = Code::Arrow(parameters(&evaluated.flat(), [key, "item", "value"]), Box::new(evaluated));
            checks.push(Code::call(function, vec![arrow, rest]));
        }
    }

    /// An expression: whether the member `name` or the item at `index` of `value` is spoken of by the schema.
    fn evaluated(&self, id: SchemaId, part: Part, depth: usize) -> String {
        const DEPTH_MAX: usize = 12;
        let schema = self.schema(id);
        let mut terms = self.evaluated_here(schema, part, depth);
        if depth < DEPTH_MAX && !terms.iter().any(|term| term == "true") {
            let deeper = |id: &SchemaId| self.evaluated(*id, part, depth + 1);
            terms.extend(schema.reference.iter().chain(&schema.all_of).map(deeper));
            for variant in schema.any_of.iter().chain(&schema.one_of) {
                terms.push(both(&self.accepts(*variant, "value"), deeper(variant)));
            }
            if let Some(condition) = schema.condition {
                let then = either([Some(condition.condition), condition.then].iter().flatten().map(deeper).collect());
                let otherwise = condition.otherwise.as_ref().map_or("false".to_owned(), deeper);
                if then != "false" || otherwise != "false" {
                    terms.push(format!("{} ? {then} : {otherwise}", self.accepts(condition.condition, "value")));
                }
            }
            for (name, dependent) in schema.object.dependent_schemas.iter().filter(|_| part == Part::Member) {
                terms.push(both(&format!("rt.has(value, {})", quoted(name)), deeper(dependent)));
            }
        }
        either(terms)
    }

    fn evaluated_here(&self, schema: &Schema, part: Part, depth: usize) -> Vec<String> {
        let mut terms = Vec::new();
        match part {
            Part::Member => {
                let rules = &schema.object;
                if rules.additional_properties.is_some() || (depth > 0 && rules.unevaluated_properties.is_some()) {
                    terms.push("true".to_owned());
                }
                if !rules.properties.is_empty() {
                    let listed: Vec<String> = rules.properties.iter().map(|(name, _)| quoted(name)).collect();
                    terms.push(format!("[{}].includes(name)", listed.join(", ")));
                }
                terms.extend(rules.pattern_properties.iter().map(|(source, _)| format!("{}.test(name)", pattern(source).flat())));
            }
            Part::Item => {
                let rules = &schema.array;
                if rules.items.is_some() || (depth > 0 && rules.unevaluated_items.is_some()) {
                    terms.push("true".to_owned());
                }
                if !rules.prefix_items.is_empty() {
                    terms.push(format!("index < {}", rules.prefix_items.len()));
                }
                terms.extend(rules.contains.map(|contains| self.accepts(contains.schema, "item")));
            }
        }
        terms
    }

    fn accepts(&self, id: SchemaId, value: &str) -> String {
        if self.is_anything(id) { "true".to_owned() } else { format!("rt.accepts({}, {value})", self.judge(id).flat()) }
    }
}

/// The parameters up to the last one that an expression uses.
fn parameters(expression: &str, names: [&str; 3]) -> String {
    let used = names.map(|name| mentions(expression, name));
    let count = used.iter().rposition(|used| *used).map_or(0, |last| last + 1);
    let named: Vec<String> =
        names.iter().zip(used).take(count).map(|(name, used)| if used { (*name).to_owned() } else { format!("_{name}") }).collect();
    format!("({})", named.join(", "))
}
