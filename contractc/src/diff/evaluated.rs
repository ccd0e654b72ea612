//! Determines which members and items are evaluated by the schemas next to `unevaluatedProperties` and `unevaluatedItems`.

use std::collections::BTreeSet;

use crate::model::{Contract, Schema, SchemaId};
use crate::regex;
use crate::runtime::check::Types;

/// Schemas written by hand do not nest deeper at one place.
const DEPTH_MAX: usize = 12;

/// Whether the schemas next to the keyword evaluate a member or an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Evaluated {
    Yes,
    No,
    /// It depends on the value.
    Unclear,
}

/// The schemas that apply to the same value: those that always do, the schema itself first, and those that depend on the value, by keyword.
pub fn in_place<'s>(contract: &'s Contract, schema: &'s Schema) -> (Vec<&'s Schema>, [Vec<&'s Schema>; 6]) {
    let (mut always, mut groups): (Vec<&Schema>, [Vec<&Schema>; 6]) = (vec![schema], Default::default());
    let mut next = 0;
    let mut seen = BTreeSet::new();
    while let Some(part) = always.get(next).copied() {
        next += 1;
        let mut fixed: Vec<SchemaId> = part.reference.iter().chain(&part.all_of).copied().collect();
        for (group, list) in [&part.any_of, &part.one_of].into_iter().enumerate() {
            // Apart from null, which has neither members nor items, there may be only one variant.
            let others: Vec<SchemaId> = list.iter().copied().filter(|id| contract.schema(*id).types != Some(Types::NULL)).collect();
            match others.as_slice() {
                [only] if part.tag.is_none() => fixed.push(*only),
                others => groups[group].extend(others.iter().map(|id| contract.schema(*id))),
            }
        }
        if let Some(condition) = part.condition {
            groups[2].push(contract.schema(condition.condition));
            groups[3].extend(condition.then.map(|id| contract.schema(id)));
            groups[4].extend(condition.otherwise.map(|id| contract.schema(id)));
        }
        groups[5].extend(part.object.dependent_schemas.iter().map(|(_, id)| contract.schema(*id)));
        always.extend(fixed.into_iter().filter(|id| seen.insert(*id)).map(|id| contract.schema(id)));
    }
    (always, groups)
}

/// Whether a member is evaluated: one with this name, or one whose name no schema declares and no pattern matches.
pub fn evaluates(contract: &Contract, schema: &Schema, name: Option<&str>, depth: usize) -> Evaluated {
    let (always, groups) = in_place(contract, schema);
    for (index, part) in always.into_iter().enumerate() {
        let rules = &part.object;
        let is_named = |name: &str| {
            rules.properties.iter().any(|(known, _)| known == name)
                || rules.pattern_properties.iter().any(|(source, _)| regex::matches(source, name))
        };
        let takes_all = rules.additional_properties.is_some() || (index + depth > 0 && rules.unevaluated_properties.is_some());
        if takes_all || name.is_some_and(is_named) {
            return Evaluated::Yes;
        }
    }
    let is_patterned =
        |part: &Schema| name.is_none() && in_place(contract, part).0.iter().any(|part| !part.object.pattern_properties.is_empty());
    let may = |part: &Schema| depth >= DEPTH_MAX || is_patterned(part) || evaluates(contract, part, name, depth + 1) != Evaluated::No;
    if groups.iter().flatten().any(|part| may(part)) { Evaluated::Unclear } else { Evaluated::No }
}

/// Whether the item at an index is evaluated.
pub fn evaluates_item(contract: &Contract, schema: &Schema, index: usize, depth: usize) -> Evaluated {
    let (always, groups) = in_place(contract, schema);
    let takes = |(at, part): (usize, &&Schema)| {
        let rules = &part.array;
        rules.items.is_some() || index < rules.prefix_items.len() || (at + depth > 0 && rules.unevaluated_items.is_some())
    };
    if always.iter().enumerate().any(takes) {
        return Evaluated::Yes;
    }
    let may = |part: &Schema| depth >= DEPTH_MAX || evaluates_item(contract, part, index, depth + 1) != Evaluated::No;
    let depends = always.iter().any(|part| part.array.contains.is_some()) || groups.iter().flatten().any(|part| may(part));
    if depends { Evaluated::Unclear } else { Evaluated::No }
}

/// The patterns of members that always apply to the same value.
pub fn patterns_of<'s>(contract: &'s Contract, schema: &'s Schema) -> BTreeSet<&'s str> {
    let (always, _) = in_place(contract, schema);
    always.into_iter().flat_map(|part| &part.object.pattern_properties).map(|(source, _)| source.as_str()).collect()
}

/// The names of all members that schemas for the same value declare.
pub fn names_below<'s>(contract: &'s Contract, schema: &'s Schema, depth: usize) -> BTreeSet<&'s str> {
    let (always, groups) = in_place(contract, schema);
    let mut names: BTreeSet<&str> = always.into_iter().flat_map(|part| &part.object.properties).map(|(name, _)| name.as_str()).collect();
    if depth < DEPTH_MAX {
        names.extend(groups.into_iter().flatten().flat_map(|part| names_below(contract, part, depth + 1)));
    }
    names
}

/// The names of the members that are declared only by schemas that apply to some values.
pub fn names_of_variants<'s>(contract: &'s Contract, schema: &'s Schema) -> BTreeSet<&'s str> {
    let (_, groups) = in_place(contract, schema);
    groups.into_iter().flatten().flat_map(|part| names_below(contract, part, 1)).collect()
}

/// The members that a schema evaluates and another one does not, variant by variant; `None` if that is not known. `covered` contains those
/// that the other one evaluates in any case.
pub fn names_missing<'s>(
    known: (&'s Contract, &'s Schema),
    wide: (&'s Contract, &'s Schema),
    covered: &BTreeSet<&'s str>,
    depth: usize,
) -> Option<BTreeSet<&'s str>> {
    let (known_always, known_groups) = in_place(known.0, known.1);
    let (wide_always, wide_groups) = in_place(wide.0, wide.1);
    let takes_others = |(index, part): (usize, &&Schema)| {
        let rules = &part.object;
        let takes_rest = rules.additional_properties.is_some() || (index + depth > 0 && rules.unevaluated_properties.is_some());
        takes_rest || !rules.pattern_properties.is_empty()
    };
    if depth > DEPTH_MAX || [&known_always, &wide_always].iter().any(|parts| parts.iter().enumerate().any(takes_others)) {
        return None;
    }
    let names = |parts: Vec<&'s Schema>| parts.into_iter().flat_map(|part| &part.object.properties).map(|(name, _)| name.as_str());
    let covered: BTreeSet<&str> = covered.iter().copied().chain(names(wide_always)).collect();
    let mut missing: BTreeSet<&str> = names(known_always).filter(|name| !covered.contains(name)).collect();
    for (known_group, wide_group) in known_groups.iter().zip(&wide_groups) {
        for (index, inner) in known_group.iter().enumerate() {
            match wide_group.get(index) {
                Some(other) => missing.extend(names_missing((known.0, inner), (wide.0, other), &covered, depth + 1)?),
                None => missing.extend(names_below(known.0, inner, 0).difference(&covered)),
            }
        }
    }
    Some(missing)
}
