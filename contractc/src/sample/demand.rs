//! Collects what one value must satisfy: all parts of a schema, with one variant chosen from each union.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Sampler;
use super::needs::{ENDLESS, kinds};
use crate::model::{ArrayRules, ObjectRules, Schema, SchemaId, intersect};
use crate::regex;
use crate::runtime::check::Types;

/// The nesting depth of the value that is being generated.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    /// How many arrays and objects enclose the value.
    pub(super) level: usize,
    /// How many schemas with `x-max-depth` enclose the value, and how many the innermost allows.
    recursion: usize,
    recursion_max: usize,
}

/// The maximum nesting of an instance. Parsers stop at 128 levels.
const LEVEL_MAX: usize = 100;

impl Depth {
    pub(super) const ROOT: Depth = Depth { level: 0, recursion: 0, recursion_max: usize::MAX };

    /// The depth inside one more array or object; `None` if that is too deep.
    pub(super) fn inner(self) -> Option<Depth> {
        (self.level < LEVEL_MAX).then_some(Depth { level: self.level + 1, ..self })
    }

    /// The depth inside one more schema with `x-max-depth`; `None` if that is too deep.
    fn nested(self, max: u64) -> Option<Depth> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        (self.recursion < max).then_some(Depth { recursion: self.recursion + 1, recursion_max: max, ..self })
    }
}

/// Everything that one value must satisfy.
pub(super) struct Demand<'c> {
    pub(super) parts: Vec<&'c Schema>,
    /// The discriminating members, with the values that select the chosen variant.
    pub(super) tags: Vec<(&'c str, &'c [Value])>,
    /// Members that the chosen dependent schemas require or rule out.
    pub(super) present: Vec<&'c str>,
    pub(super) absent: Vec<&'c str>,
    /// The schemas that must reject the value: the other variants of untagged `oneOf`s, and `not`.
    pub(super) rivals: Vec<SchemaId>,
    pub(super) depth: Depth,
}

impl<'c> Demand<'c> {
    /// The types that all parts accept; `None` if every type is accepted.
    pub(super) fn types(&self) -> Option<Types> {
        self.parts.iter().filter_map(|part| part.types).reduce(intersect)
    }

    /// The types that the parts' keywords apply to, for a value whose type is not constrained.
    pub(super) fn kinds(&self) -> Types {
        self.parts.iter().fold(Types(0), |all, part| all.or(kinds(part)))
    }

    /// Whether a generated value must be validated before it becomes part of a larger one.
    pub(super) fn is_hard(&self) -> bool {
        self.parts.iter().any(|part| {
            let ArrayRules { prefix_items: _, items: _, limits: _, contains, unevaluated_items, each: _ } = &part.array;
            let ObjectRules {
                properties: _,
                pattern_properties: _,
                additional_properties: _,
                property_names: _,
                required: _,
                limits: _,
                dependent_required: _,
                dependent_schemas,
                unevaluated_properties,
            } = &part.object;
            let logic = part.not.is_some() || part.condition.is_some() || !part.any_of.is_empty() || !part.one_of.is_empty();
            let array = contains.is_some() || unevaluated_items.is_some();
            let object = unevaluated_properties.is_some() || !dependent_schemas.is_empty();
            logic || array || object || !part.rules.is_empty()
        })
    }

    /// All schemas that the member `name` must satisfy.
    pub(super) fn member_schemas(&self, name: &str) -> Vec<SchemaId> {
        let mut found = Vec::new();
        let mut named = false;
        for part in &self.parts {
            let before = found.len();
            let rules = &part.object;
            found.extend(rules.properties.iter().filter(|(known, _)| known == name).map(|(_, id)| *id));
            found.extend(rules.pattern_properties.iter().filter(|(source, _)| regex::matches(source, name)).map(|(_, id)| *id));
            if found.len() == before {
                found.extend(rules.additional_properties);
            }
            named |= found.len() > before;
        }
        if !named {
            found.extend(self.parts.iter().filter_map(|part| part.object.unevaluated_properties));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// All schemas that the item at `index` must satisfy.
    pub(super) fn item_schemas(&self, index: usize) -> Vec<SchemaId> {
        let own = |part: &&Schema| part.array.prefix_items.get(index).copied().or(part.array.items);
        let found: Vec<SchemaId> = self.parts.iter().filter_map(own).collect();
        if found.is_empty() { self.parts.iter().filter_map(|part| part.array.unevaluated_items).collect() } else { found }
    }
}

impl<'c> Sampler<'c> {
    /// Collects the constraints, choosing variants and branches at random. Returns `None` if the choice cannot be satisfied.
    pub(super) fn demand(&mut self, ids: &[SchemaId], depth: Depth) -> Option<Demand<'c>> {
        let mut demand = Demand { parts: Vec::new(), tags: Vec::new(), present: Vec::new(), absent: Vec::new(), rivals: Vec::new(), depth };
        let mut open = ids.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let schema = self.contract.schema(id);
            if schema.never {
                return None;
            }
            if let Some(max) = schema.max_depth {
                demand.depth = demand.depth.nested(max)?;
            }
            demand.parts.push(schema);
            open.extend(schema.reference.iter().chain(&schema.all_of));
            if !schema.any_of.is_empty() {
                open.push(schema.any_of[self.variant(&schema.any_of, &demand)?]);
            }
            if !schema.one_of.is_empty() {
                let index = self.variant(&schema.one_of, &demand)?;
                open.push(schema.one_of[index]);
                let values = schema.tag.as_ref().and_then(|tag| Some((tag.member.as_str(), tag.values.get(index)?.as_slice())));
                demand.tags.extend(values);
                if schema.tag.is_none() {
                    demand.rivals.extend(schema.one_of.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, id)| *id));
                }
            }
            demand.rivals.extend(schema.not);
            self.choose_branches(schema, &mut demand, &mut open);
        }
        Some(demand)
    }

    /// Chooses the outcome of `if`, and which members with dependent schemas are present.
    fn choose_branches(&mut self, schema: &'c Schema, demand: &mut Demand<'c>, open: &mut Vec<SchemaId>) {
        if let Some(condition) = schema.condition {
            if self.random.one_in(2) {
                open.push(condition.condition);
                open.extend(condition.then);
            } else {
                // Generation does not force the condition to fail: validation discards the values for which it holds.
                open.extend(condition.otherwise);
            }
        }
        for (name, dependent) in &schema.object.dependent_schemas {
            if schema.object.required.contains(name) || self.random.one_in(2) {
                demand.present.push(name);
                open.push(*dependent);
            } else {
                demand.absent.push(name);
            }
        }
    }

    /// The index of a variant that can still be satisfied at this depth.
    fn variant(&mut self, variants: &[SchemaId], demand: &Demand<'c>) -> Option<usize> {
        let depth = demand.depth;
        let fits = |index: &usize| self.fits(variants[*index], depth);
        let possible: Vec<usize> = (0..variants.len()).filter(fits).collect();
        let levels = |index: &usize| self.needs[variants[*index].0].levels;
        if self.is_tight(depth) {
            let least = possible.iter().map(levels).min()?;
            let smallest: Vec<usize> = possible.iter().filter(|index| levels(index) == least).copied().collect();
            return self.random.pick(&smallest).copied();
        }
        let recursive: Vec<usize> = possible.iter().filter(|index| self.needs[variants[**index].0].recurses).copied().collect();
        let choice = if self.mood.deep && !recursive.is_empty() { &recursive } else { &possible };
        self.random.pick(choice).copied()
    }

    /// Whether the schema has a finite instance at this depth.
    pub(super) fn fits(&self, id: SchemaId, depth: Depth) -> bool {
        let needs = self.needs[id.0];
        needs.levels != ENDLESS && depth.recursion.saturating_add(needs.recursion) <= depth.recursion_max
    }

    /// Whether values must now be as small as possible.
    pub(super) fn is_tight(&self, depth: Depth) -> bool {
        let spent = super::EFFORT_MAX.saturating_sub(self.effort) > self.mood.size_soft;
        if self.mood.deep { depth.level + 4 > LEVEL_MAX } else { spent || depth.level >= self.mood.level_soft }
    }
}
