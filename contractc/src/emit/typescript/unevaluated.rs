//! `unevaluatedProperties` and `unevaluatedItems`.

use super::code::{Code, quoted};
use super::schemas::{Emitter, pattern};
use crate::emit::evaluated::{Evaluated, Part};
use crate::model::SchemaId;

impl Emitter<'_> {
    pub(super) fn unevaluated(&self, id: SchemaId, checks: &mut Vec<Code>) {
        let schema = self.schema(id);
        let parts = [
            (Part::Member, schema.object.unevaluated_properties, "rt.unevaluatedProperties", "name"),
            (Part::Item, schema.array.unevaluated_items, "rt.unevaluatedItems", "index"),
        ];
        for (part, rest, function, key) in parts {
            let Some(rest) = rest.filter(|rest| !self.is_anything(*rest)) else { continue };
            let evaluated = Evaluated::by(self.plan.contract, id, part);
            let rest = if self.is_never(rest) { Code::text("rt.closed") } else { self.validator(rest) };
            let condition = Code::Text(self.condition(&evaluated));
            let arrow = Code::Arrow(format!("({})", self.parameters(&evaluated, key)), Box::new(condition));
            checks.push(Code::call(function, vec![arrow, rest]));
        }
    }

    /// The condition as an expression over `value` and the member `name`, or over `value` and the item `item` at `index`.
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
                let listed: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                format!("[{}].includes(name)", listed.join(", "))
            }
            Evaluated::Matching(source) => format!("{}.test(name)", pattern(source).flat()),
            Evaluated::Before(index) => format!("index < {index}"),
            Evaluated::Contained(schema) => self.accepts(*schema, "item"),
            Evaluated::Accepted(schema, inner) => both(self.accepts(*schema, "value"), inner),
            Evaluated::Beside(name, inner) => both(format!("rt.has(value, {})", quoted(name)), inner),
            Evaluated::If(schema, then, otherwise) => {
                format!("{} ? {} : {}", self.accepts(*schema, "value"), self.condition(then), self.condition(otherwise))
            }
        }
    }

    fn accepts(&self, id: SchemaId, value: &str) -> String {
        if self.is_anything(id) { "true".to_owned() } else { format!("rt.accepts({}, {value})", self.validator(id).flat()) }
    }

    /// The parameters of the condition, up to the last one that it uses. Earlier unused ones start with an underscore.
    fn parameters(&self, evaluated: &Evaluated<'_>, key: &str) -> String {
        let looks_at_key = |part: &Evaluated<'_>| matches!(part, Evaluated::Named(_) | Evaluated::Matching(_) | Evaluated::Before(_));
        let looks_at_item = |part: &Evaluated<'_>| matches!(part, Evaluated::Contained(id) if !self.is_anything(*id));
        let looks_at_value = |part: &Evaluated<'_>| match part {
            Evaluated::Beside(..) => true,
            Evaluated::Accepted(id, _) | Evaluated::If(id, ..) => !self.is_anything(*id),
            _ => false,
        };
        let used = [evaluated.has(&looks_at_key), evaluated.has(&looks_at_item), evaluated.has(&looks_at_value)];
        let count = used.iter().rposition(|used| *used).map_or(0, |last| last + 1);
        let names = [key, "item", "value"].into_iter().zip(used).take(count);
        names.map(|(name, used)| if used { name.to_owned() } else { format!("_{name}") }).collect::<Vec<_>>().join(", ")
    }
}
