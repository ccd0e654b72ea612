//! `unevaluatedProperties` and `unevaluatedItems`: which parts of a value a schema speaks of, as an expression.

use std::fmt::Write;

use super::{Emitter, here, mentions, walk};
use crate::emit::evaluated::{Part, both, either};
use crate::model::{Schema, SchemaId};

impl Emitter<'_> {
    pub(super) fn unevaluated(&self, id: SchemaId) -> String {
        let schema = self.schema(id);
        let mut code = String::new();
        if let Some(rest) = schema.object.unevaluated_properties {
            let evaluated = self.evaluated(id, Part::Member, 0);
            let check = self.rest(rest, "unevaluatedProperties");
            let _ = writeln!(
                code,
                "if let Json::Object(object) = value {{\n{}}}",
                walk("object", &["name", "part"], &format!("if !({evaluated}) {{\n{}}}\n", here("at.member(name)", &check)))
            );
        }
        if let Some(rest) = schema.array.unevaluated_items {
            let evaluated = self.evaluated(id, Part::Item, 0);
            let check = self.rest(rest, "unevaluatedItems");
            let _ = writeln!(
                code,
                "if let Json::Array(array) = value {{\n{}}}",
                walk("array", &["index", "part"], &format!("if !({evaluated}) {{\n{}}}\n", here("at.item(index)", &check)))
            );
        }
        code
    }

    fn rest(&self, rest: SchemaId, keyword: &str) -> String {
        if self.schema(self.plan.contract.resolved(rest)).never {
            return format!("out.never({keyword:?}, at);\n");
        }
        let check = self.check(rest);
        if mentions(&check, "value") { format!("let value = part;\n{check}") } else { check }
    }

    /// An expression: whether a part of `value`, the member `name` or the item `part` at `index`, is spoken of by the schema.
    fn evaluated(&self, id: SchemaId, part: Part, depth: usize) -> String {
        const DEPTH_MAX: usize = 12;
        let schema = self.schema(id);
        let mut terms = self.evaluated_here(schema, part, depth);
        if depth < DEPTH_MAX && !terms.iter().any(|term| term == "true") {
            let deeper = |id: &SchemaId| self.evaluated(*id, part, depth + 1);
            terms.extend(schema.reference.iter().chain(&schema.all_of).map(deeper));
            for variant in schema.any_of.iter().chain(&schema.one_of) {
                terms.push(both(&self.accepts(*variant), deeper(variant)));
            }
            if let Some(condition) = schema.condition {
                let then = either([Some(condition.condition), condition.then].iter().flatten().map(deeper).collect());
                let otherwise = condition.otherwise.as_ref().map_or("false".to_owned(), deeper);
                if then != "false" || otherwise != "false" {
                    terms.push(format!("if {} {{ {then} }} else {{ {otherwise} }}", self.accepts(condition.condition)));
                }
            }
            for (name, dependent) in schema.object.dependent_schemas.iter().filter(|_| part == Part::Member) {
                terms.push(both(&format!("value.get({name:?}).is_some()"), deeper(dependent)));
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
                    let listed: Vec<String> = rules.properties.iter().map(|(name, _)| format!("{name:?}")).collect();
                    terms.push(format!("matches!(name, {})", listed.join(" | ")));
                }
                terms.extend(rules.pattern_properties.iter().map(|(source, _)| format!("{}.matches(name)", self.pattern(source))));
            }
            Part::Item => {
                let rules = &schema.array;
                if rules.items.is_some() || (depth > 0 && rules.unevaluated_items.is_some()) {
                    terms.push("true".to_owned());
                }
                if !rules.prefix_items.is_empty() {
                    terms.push(format!("index < {}", rules.prefix_items.len()));
                }
                if let Some(contains) = rules.contains {
                    terms.push(format!("{{ let value = part; {} }}", self.accepts(contains.schema)));
                }
            }
        }
        terms
    }
}
