//! Computes which members and items a schema evaluates, for `unevaluatedProperties` and `unevaluatedItems`: a condition that both target
//! languages print.

use crate::model::{Contract, Schema, SchemaId};

/// The part of a value that may be evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A member of an object.
    Member,
    /// An item of an array.
    Item,
}

/// The condition under which a member or item is evaluated.
pub enum Evaluated<'c> {
    /// At least one of these conditions holds; never true if there are none.
    Any(Vec<Evaluated<'c>>),
    /// Every member or item is evaluated.
    Always,
    /// The member has one of these names.
    Named(Vec<&'c str>),
    /// The name of the member matches the pattern.
    Matching(&'c str),
    /// The index of the item is less than this.
    Before(usize),
    /// The schema accepts the item.
    Contained(SchemaId),
    /// The schema accepts the whole value, and the condition holds.
    Accepted(SchemaId, Box<Evaluated<'c>>),
    /// The value has this member, and the condition holds.
    Beside(&'c str, Box<Evaluated<'c>>),
    /// If the schema accepts the whole value, the first condition applies, otherwise the second.
    If(SchemaId, Box<Evaluated<'c>>, Box<Evaluated<'c>>),
}

/// The depth to which references are followed. A schema that refers to itself evaluates nothing new.
const DEPTH_MAX: usize = 12;

impl<'c> Evaluated<'c> {
    /// The condition under which the schema evaluates a member or item.
    pub fn by(contract: &'c Contract, id: SchemaId, part: Part) -> Self {
        Self::at_depth(contract, id, part, 0)
    }

    fn at_depth(contract: &'c Contract, id: SchemaId, part: Part, depth: usize) -> Self {
        let schema = contract.schema(id);
        let mut terms = match part {
            Part::Member => Self::members(schema, depth),
            Part::Item => Self::items(schema, depth),
        };
        if depth < DEPTH_MAX && !terms.iter().any(|term| matches!(term, Evaluated::Always)) {
            let deeper = |id: &SchemaId| Self::at_depth(contract, *id, part, depth + 1);
            terms.extend(schema.reference.iter().chain(&schema.all_of).map(deeper));
            for variant in schema.any_of.iter().chain(&schema.one_of) {
                terms.push(Evaluated::Accepted(*variant, Box::new(deeper(variant))));
            }
            if let Some(condition) = schema.condition {
                let then = Self::any([Some(condition.condition), condition.then].iter().flatten().map(deeper).collect());
                let otherwise = Self::any(condition.otherwise.iter().map(deeper).collect());
                terms.push(Evaluated::If(condition.condition, Box::new(then), Box::new(otherwise)));
            }
            for (name, dependent) in schema.object.dependent_schemas.iter().filter(|_| part == Part::Member) {
                terms.push(Evaluated::Beside(name, Box::new(deeper(dependent))));
            }
        }
        Self::any(terms)
    }

    fn members(schema: &'c Schema, depth: usize) -> Vec<Self> {
        let rules = &schema.object;
        if rules.additional_properties.is_some() || (depth > 0 && rules.unevaluated_properties.is_some()) {
            return vec![Evaluated::Always];
        }
        let names: Vec<&str> = rules.properties.iter().map(|(name, _)| name.as_str()).collect();
        let named = (!names.is_empty()).then_some(Evaluated::Named(names));
        named.into_iter().chain(rules.pattern_properties.iter().map(|(source, _)| Evaluated::Matching(source))).collect()
    }

    fn items(schema: &'c Schema, depth: usize) -> Vec<Self> {
        let rules = &schema.array;
        if rules.items.is_some() || (depth > 0 && rules.unevaluated_items.is_some()) {
            return vec![Evaluated::Always];
        }
        let prefix = (!rules.prefix_items.is_empty()).then_some(Evaluated::Before(rules.prefix_items.len()));
        prefix.into_iter().chain(rules.contains.map(|contains| Evaluated::Contained(contains.schema))).collect()
    }

    /// True if any of the terms holds. Terms that never hold are removed.
    fn any(mut terms: Vec<Self>) -> Self {
        terms.retain(|term| !term.is_never());
        if terms.iter().any(|term| matches!(term, Evaluated::Always)) {
            return Evaluated::Always;
        }
        if terms.len() == 1
            && let Some(only) = terms.pop()
        {
            return only;
        }
        Evaluated::Any(terms)
    }

    /// Whether nothing is evaluated.
    pub fn is_never(&self) -> bool {
        match self {
            Evaluated::Any(terms) => terms.is_empty(),
            Evaluated::Accepted(_, inner) | Evaluated::Beside(_, inner) => inner.is_never(),
            Evaluated::If(_, then, otherwise) => then.is_never() && otherwise.is_never(),
            _ => false,
        }
    }

    /// Whether the condition or a nested one satisfies `wanted`.
    pub fn has(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self)
            || match self {
                Evaluated::Any(terms) => terms.iter().any(|term| term.has(wanted)),
                Evaluated::Accepted(_, inner) | Evaluated::Beside(_, inner) => inner.has(wanted),
                Evaluated::If(_, then, otherwise) => then.has(wanted) || otherwise.has(wanted),
                _ => false,
            }
    }
}
