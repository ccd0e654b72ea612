//! Schemas as lists of keywords. Each keyword is an array: its name, and its arguments. A schema is named by its number.
//!
//! The order is the same as in the generated validators, so that both report the same violations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emit::Plan;
use crate::emit::evaluated::{Evaluated, Part};
use crate::model::{Argument, Assertion, Kind, Schema, SchemaId, Sign};
use crate::shapes::MergedParts;

/// The rules of all requested schemas, and of the schemas that they use.
pub(super) struct Rules<'p> {
    plan: &'p Plan<'p>,
    numbers: BTreeMap<SchemaId, usize>,
    order: Vec<SchemaId>,
}

impl<'p> Rules<'p> {
    pub(super) fn new(plan: &'p Plan<'p>) -> Self {
        Rules { plan, numbers: BTreeMap::new(), order: Vec::new() }
    }

    /// The number of a schema's rule.
    pub(super) fn number(&mut self, id: SchemaId) -> usize {
        let id = self.plan.contract.resolved(id);
        *self.numbers.entry(id).or_insert_with(|| {
            self.order.push(id);
            self.order.len() - 1
        })
    }

    /// All rules, in the order of their numbers. Each may request more.
    pub(super) fn all(mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(id) = self.order.get(all.len()).copied() {
            all.push(Value::Array(self.keywords(id)));
        }
        all
    }

    fn schema(&self, id: SchemaId) -> &'p Schema {
        self.plan.contract.schema(id)
    }

    fn keywords(&mut self, id: SchemaId) -> Vec<Value> {
        let schema = self.schema(id);
        let MergedParts { merged, separate } = self.plan.shapes.merged_parts(self.plan.contract, id);
        let mut list = Vec::new();
        if schema.accepts_null {
            list.push(json!(["nullable"]));
        }
        if let Some(max) = schema.max_depth {
            list.push(json!(["maxDepth", self.plan.contract.recursion_number(id), max]));
        }
        if schema.never {
            list.push(json!(["never"]));
        }
        list.extend(separate.iter().map(|part| json!(["schema", self.number(*part)])));
        if let Some(types) = merged.iter().find_map(|part| self.schema(*part).types) {
            list.push(json!(["type", types.names().collect::<Vec<_>>()]));
        }
        list.extend(schema.assertions(Kind::Number).map(assertion));
        list.extend(schema.assertions(Kind::Text).map(assertion));
        self.arrays(schema, &mut list);
        self.objects(schema, &merged, &mut list);
        list.extend(schema.constant.iter().map(|constant| json!(["const", constant])));
        list.extend(schema.enumeration.iter().map(|values| json!(["enum", values])));
        self.applicators(schema, &mut list);
        self.unevaluated(id, &mut list);
        list
    }

    fn arrays(&mut self, schema: &Schema, list: &mut Vec<Value>) {
        let rules = &schema.array;
        list.extend(schema.assertions(Kind::Array).map(assertion));
        if rules.items.is_some() || !rules.prefix_items.is_empty() {
            let prefix: Vec<usize> = rules.prefix_items.iter().map(|item| self.number(*item)).collect();
            let rest = rules.items.map(|items| self.number(items));
            list.push(json!(["items", prefix, rest, rules.each && prefix.is_empty()]));
        }
        if let Some(contains) = rules.contains {
            list.push(json!(["contains", self.number(contains.schema), contains.min, contains.max]));
        }
    }

    fn objects(&mut self, schema: &Schema, merged: &[SchemaId], list: &mut Vec<Value>) {
        let rules = &schema.object;
        let parts: Vec<&Schema> = merged.iter().map(|part| self.schema(*part)).collect();
        self.members(schema, &parts, list);
        list.extend(rules.property_names.map(|names| json!(["propertyNames", self.number(names)])));
        // Referenced schemas come first, in the order in which records are written.
        let mut required: Vec<&str> = Vec::new();
        for name in parts.iter().rev().flat_map(|part| &part.object.required) {
            if !required.contains(&name.as_str()) {
                required.push(name);
            }
        }
        if !required.is_empty() {
            list.push(json!(["required", required]));
        }
        list.extend(schema.assertions(Kind::Object).map(assertion));
        list.extend(rules.dependent_required.iter().map(|(name, needs)| json!(["dependentRequired", name, needs])));
        list.extend(rules.dependent_schemas.iter().map(|(name, id)| json!(["dependentSchema", name, self.number(*id)])));
        list.extend(schema.rules.iter().map(|rule| {
            let offset = rule.offset.as_ref().map(|(sign, member)| json!([if *sign == Sign::Plus { "+" } else { "-" }, member]));
            json!(["rule", rule.left, rule.comparison.symbol(), rule.right, offset, rule.text])
        }));
    }

    /// The members by name, each with whether the schema itself declares it; the members by pattern; and the schema of all others.
    fn members(&mut self, schema: &Schema, parts: &[&Schema], list: &mut Vec<Value>) {
        let rules = &schema.object;
        let mut named: Vec<Value> = Vec::new();
        for part in parts {
            let is_own = std::ptr::eq(*part, schema);
            named.extend(part.object.properties.iter().map(|(name, id)| json!([name, self.number(*id), is_own])));
        }
        let patterns: Vec<Value> = rules.pattern_properties.iter().map(|(source, id)| json!([source, self.number(*id)])).collect();
        let others = rules.additional_properties.map(|id| match self.schema(self.plan.contract.resolved(id)).never {
            true => Value::Bool(false),
            false => json!(self.number(id)),
        });
        if !named.is_empty() || !patterns.is_empty() || others.is_some() {
            list.push(json!(["members", named, patterns, others]));
        }
    }

    fn applicators(&mut self, schema: &Schema, list: &mut Vec<Value>) {
        list.extend(schema.not.map(|not| json!(["not", self.number(not)])));
        if !schema.any_of.is_empty() {
            list.push(json!(["anyOf", schema.any_of.iter().map(|variant| self.number(*variant)).collect::<Vec<_>>()]));
        }
        if let Some(tag) = &schema.tag {
            let variants = schema.one_of.iter().zip(&tag.values).map(|(variant, values)| json!([values, self.number(*variant)]));
            list.push(json!(["tagged", tag.member, variants.collect::<Vec<_>>()]));
        } else if !schema.one_of.is_empty() {
            list.push(json!(["oneOf", schema.one_of.iter().map(|variant| self.number(*variant)).collect::<Vec<_>>()]));
        }
        if let Some(condition) = schema.condition {
            let (then, otherwise) = (condition.then.map(|id| self.number(id)), condition.otherwise.map(|id| self.number(id)));
            list.push(json!(["if", self.number(condition.condition), then, otherwise]));
        }
    }

    fn unevaluated(&mut self, id: SchemaId, list: &mut Vec<Value>) {
        let (plan, schema) = (self.plan, self.schema(id));
        let parts = [
            ("unevaluatedProperties", Part::Member, schema.object.unevaluated_properties),
            ("unevaluatedItems", Part::Item, schema.array.unevaluated_items),
        ];
        for (keyword, part, rest) in parts {
            let Some(rest) = rest else { continue };
            let rest = (!self.schema(plan.contract.resolved(rest)).never).then(|| self.number(rest));
            list.push(json!([keyword, rest, self.condition(&Evaluated::by(plan.contract, id, part))]));
        }
    }

    fn condition(&mut self, evaluated: &Evaluated<'_>) -> Value {
        match evaluated {
            Evaluated::Any(terms) => json!(["any", terms.iter().map(|term| self.condition(term)).collect::<Vec<_>>()]),
            Evaluated::Always => json!(["always"]),
            Evaluated::Named(names) => json!(["named", names]),
            Evaluated::Matching(source) => json!(["matching", source]),
            Evaluated::Before(index) => json!(["before", index]),
            Evaluated::Contained(schema) => json!(["contained", self.number(*schema)]),
            Evaluated::Accepted(schema, inner) => json!(["accepted", self.number(*schema), self.condition(inner)]),
            Evaluated::Beside(name, inner) => json!(["beside", name, self.condition(inner)]),
            Evaluated::If(schema, then, otherwise) => {
                json!(["if", self.number(*schema), self.condition(then), self.condition(otherwise)])
            }
        }
    }
}

/// A keyword with its argument; only its name, if the keyword is a flag.
fn assertion(Assertion { keyword, argument }: Assertion<'_>) -> Value {
    match argument {
        Argument::Set => json!([keyword.name]),
        argument => json!([keyword.name, argument.to_value()]),
    }
}
