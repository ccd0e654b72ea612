//! Breaks valid values: finds every place where a rule applies, breaks the rule there, and keeps values that are rejected for that reason.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use super::{Mutation, Sampler};
use crate::interpret;
use crate::model::SchemaId;
use crate::regex;
use crate::runtime::report::escaped;

/// How many places of one value are considered.
const PLACES_MAX: usize = 3_000;
/// At how many places the mutator tries to break the rules of one schema.
const VISITS_MAX: usize = 6;
/// How many mutations are made from one value.
const MUTATIONS_MAX: usize = 1_000;

/// A schema that a value satisfies.
#[derive(Clone)]
pub(super) struct Applied {
    pub(super) id: SchemaId,
    /// The untagged union through which the schema applies: the report names only the union.
    mask: Option<Rc<(String, &'static str)>>,
}

/// A value inside the valid one, with all schemas that it satisfies.
pub(super) struct Place {
    pub(super) pointer: String,
    pub(super) value: Value,
    pub(super) applied: Vec<Applied>,
}

/// Ways to break one rule at one place. Only the best one is kept.
pub(super) struct RuleViolation {
    pub(super) keyword: &'static str,
    /// The JSON pointer of the violation, relative to the place.
    pub(super) suffix: String,
    /// Distinguishes violations of the same keyword of the same schema.
    pub(super) label: String,
    /// The values to try in the place.
    pub(super) values: Vec<Value>,
}

impl Sampler<'_> {
    pub(super) fn mutate(&mut self, schema: SchemaId, valid: &Value) -> Vec<Mutation> {
        self.effort = super::EFFORT_MAX;
        let mut found: Vec<Mutation> = Vec::new();
        let mut broken = BTreeSet::new();
        let mut visits: BTreeMap<SchemaId, usize> = BTreeMap::new();
        for place in self.places(schema, valid) {
            for applied in &place.applied {
                let visit = visits.entry(applied.id).or_default();
                *visit += 1;
                if *visit > VISITS_MAX {
                    continue;
                }
                for violation in self.rule_violations(&place, applied.id) {
                    let key = (applied.id, violation.keyword, violation.label.clone());
                    if found.len() == MUTATIONS_MAX || broken.contains(&key) {
                        continue;
                    }
                    if let Some(mutation) = self.best(schema, valid, &place, applied, violation) {
                        broken.insert(key);
                        if !found.contains(&mutation) {
                            found.push(mutation);
                        }
                    }
                }
            }
        }
        found
    }

    /// The mutation with the fewest additional violations.
    fn best(&self, schema: SchemaId, valid: &Value, place: &Place, applied: &Applied, violation: RuleViolation) -> Option<Mutation> {
        let (pointer, keyword) = match &applied.mask {
            Some(mask) => (mask.0.clone(), mask.1),
            None => (format!("{}{}", place.pointer, violation.suffix), violation.keyword),
        };
        let mut best: Option<(usize, Value)> = None;
        for replacement in violation.values {
            let mut value = valid.clone();
            *value.pointer_mut(&place.pointer)? = replacement;
            let violations = self.violations(schema, &value);
            let reported = violations.iter().any(|(at, word)| *at == pointer && *word == keyword);
            if reported && best.as_ref().is_none_or(|(fewest, _)| violations.len() < *fewest) {
                best = Some((violations.len(), value));
            }
        }
        best.map(|(_, value)| Mutation { value, pointer, keyword: keyword.to_owned() })
    }

    fn violations(&self, schema: SchemaId, value: &Value) -> Vec<(String, &'static str)> {
        let text = serde_json::to_vec(value).unwrap_or_default();
        let violations = interpret::validate(self.contract, schema, &text).err().map(|report| report.violations).unwrap_or_default();
        violations.into_iter().map(|violation| (violation.pointer, violation.keyword)).collect()
    }

    /// The value and everything inside it, outer values before inner ones.
    fn places(&self, schema: SchemaId, valid: &Value) -> Vec<Place> {
        let mut places = Vec::new();
        let mut open = vec![(String::new(), valid, vec![Applied { id: schema, mask: None }])];
        while let Some((pointer, value, ids)) = open.pop() {
            if places.len() == PLACES_MAX {
                break;
            }
            let applied = self.applied(ids, value, &pointer);
            match value {
                Value::Object(members) => {
                    let inner = members.iter().map(|(name, member)| {
                        let step = format!("{pointer}/{}", escaped(name));
                        (step, member, self.member_applied(&applied, name))
                    });
                    open.extend(inner);
                }
                Value::Array(items) => {
                    open.extend(
                        items
                            .iter()
                            .enumerate()
                            .map(|(index, item)| (format!("{pointer}/{index}"), item, self.item_applied(&applied, index))),
                    );
                }
                _ => {}
            }
            places.push(Place { pointer, value: value.clone(), applied });
        }
        places
    }

    /// The schemas, and all schemas that they apply to this value in turn.
    fn applied(&self, ids: Vec<Applied>, value: &Value, pointer: &str) -> Vec<Applied> {
        let mut applied: Vec<Applied> = Vec::new();
        let mut open = ids;
        while let Some(next) = open.pop() {
            if applied.iter().any(|known| known.id == next.id) {
                continue;
            }
            let schema = self.contract.schema(next.id);
            if schema.accepts_null && value.is_null() {
                applied.push(next);
                continue;
            }
            let same = |id: &SchemaId| Applied { id: *id, mask: next.mask.clone() };
            open.extend(schema.reference.iter().chain(&schema.all_of).map(same));
            let masked = |keyword: &'static str| next.mask.clone().or_else(|| Some(Rc::new((pointer.to_owned(), keyword))));
            let matching = schema.any_of.iter().filter(|id| self.accepts(**id, value));
            open.extend(matching.map(|id| Applied { id: *id, mask: masked("anyOf") }));
            if let Some(tag) = &schema.tag {
                let seen = value.get(&tag.member);
                let index = tag.values.iter().position(|values| seen.is_some_and(|seen| values.contains(seen)));
                open.extend(index.and_then(|index| schema.one_of.get(index)).map(same));
            } else {
                let matching = schema.one_of.iter().filter(|id| self.accepts(**id, value));
                open.extend(matching.map(|id| Applied { id: *id, mask: masked("oneOf") }));
            }
            if let Some(condition) = schema.condition {
                let branch = if self.accepts(condition.condition, value) { condition.then } else { condition.otherwise };
                open.extend(branch.as_ref().map(same));
            }
            let dependent = schema.object.dependent_schemas.iter().filter(|(name, _)| value.get(name).is_some());
            open.extend(dependent.map(|(_, id)| same(id)));
            applied.push(next);
        }
        applied
    }

    fn member_applied(&self, applied: &[Applied], name: &str) -> Vec<Applied> {
        let mut found = Vec::new();
        for part in applied {
            let rules = &self.contract.schema(part.id).object;
            let before = found.len();
            let same = |id: &SchemaId| Applied { id: *id, mask: part.mask.clone() };
            found.extend(rules.properties.iter().filter(|(known, _)| known == name).map(|(_, id)| same(id)));
            found.extend(rules.pattern_properties.iter().filter(|(source, _)| regex::matches(source, name)).map(|(_, id)| same(id)));
            if found.len() == before {
                found.extend(rules.additional_properties.iter().map(same));
            }
        }
        found
    }

    fn item_applied(&self, applied: &[Applied], index: usize) -> Vec<Applied> {
        let own = |part: &Applied| {
            let rules = &self.contract.schema(part.id).array;
            let id = rules.prefix_items.get(index).copied().or(rules.items)?;
            Some(Applied { id, mask: part.mask.clone() })
        };
        applied.iter().filter_map(own).collect()
    }

    /// The pointer to an instance of the schema inside another instance of it, if there is one.
    pub(super) fn inner_place(&self, id: SchemaId, value: &Value) -> Option<String> {
        let inner = self.places(id, value).into_iter().skip(1);
        inner.filter(|place| place.applied.iter().any(|applied| applied.id == id)).map(|place| place.pointer).min_by_key(String::len)
    }
}
