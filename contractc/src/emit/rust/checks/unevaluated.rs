//! `unevaluatedProperties` and `unevaluatedItems`.

use std::fmt::Write;

use super::{Emitter, walk_items, walk_members};
use crate::emit::evaluated::{Evaluated, Part};
use crate::model::SchemaId;

impl Emitter<'_> {
    pub(super) fn unevaluated(&self, id: SchemaId) -> String {
        let schema = self.schema(id);
        let mut code = String::new();
        if let Some(rest) = schema.object.unevaluated_properties {
            let body = self.unless_evaluated(id, Part::Member, rest, "unevaluatedProperties");
            let _ = writeln!(code, "if let Json::Object(object) = value {{\n{}}}", walk_members("part", &body));
        }
        if let Some(rest) = schema.array.unevaluated_items {
            let body = self.unless_evaluated(id, Part::Item, rest, "unevaluatedItems");
            let _ = writeln!(code, "if let Json::Array(array) = value {{\n{}}}", walk_items("array", "part", &body));
        }
        code
    }

    /// Checks `part` against `rest` unless the schema evaluates it.
    fn unless_evaluated(&self, id: SchemaId, part: Part, rest: SchemaId, keyword: &str) -> String {
        let check = if self.schema(self.plan.contract.resolved(rest)).never {
            format!("out.never({keyword:?}, at);\n")
        } else {
            format!("let value = part;\n{}", self.check(rest))
        };
        let evaluated = self.condition(&Evaluated::by(self.plan.contract, id, part));
        format!("if !({evaluated}) {{\n{check}}}\n")
    }

    /// The condition as an expression over `value` and the member `name`, or over `value` and the item `part` at `index`.
    fn condition(&self, evaluated: &Evaluated<'_>) -> String {
        let both = |left: String, right: &Evaluated<'_>| match (left.as_str(), right) {
            (_, Evaluated::Always) => left,
            ("true", right) => self.condition(right),
            (left, right) => format!("({left} && ({}))", self.condition(right)),
        };
        match evaluated {
            Evaluated::Any(terms) if terms.is_empty() => "false".to_owned(),
            Evaluated::Any(terms) => terms.iter().map(|term| format!("({})", self.condition(term))).collect::<Vec<_>>().join(" || "),
            Evaluated::Always => "true".to_owned(),
            Evaluated::Named(names) => {
                let listed: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                format!("matches!(name, {})", listed.join(" | "))
            }
            Evaluated::Matching(source) => format!("{}.matches(name)", self.pattern(source)),
            Evaluated::Before(index) => format!("index < {index}"),
            Evaluated::Contained(schema) => format!("{{ let value = part; {} }}", self.accepts(*schema)),
            Evaluated::Accepted(schema, inner) => both(self.accepts(*schema), inner),
            Evaluated::Beside(name, inner) => both(format!("value.get({name:?}).is_some()"), inner),
            Evaluated::If(schema, then, otherwise) => {
                format!("if {} {{ {} }} else {{ {} }}", self.accepts(*schema), self.condition(then), self.condition(otherwise))
            }
        }
    }
}
