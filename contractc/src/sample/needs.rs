//! Computes the depth of the smallest instance of each schema, so that the generation of recursive schemas terminates.

use crate::model::{Contract, Schema, SchemaId};
use crate::runtime::check::Types;

/// The minimum cost of an instance of a schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// The nesting depth of arrays and objects; [`ENDLESS`] if the schema has no finite instance.
    pub(super) levels: usize,
    /// How many levels of `x-max-depth` the instance uses.
    pub(super) recursion: usize,
    /// Whether an instance can contain an instance of a schema with `x-max-depth`.
    pub(super) recurses: bool,
}

pub(super) const ENDLESS: usize = usize::MAX;

/// Computes the needs of all schemas.
pub(super) fn measure(contract: &Contract) -> Vec<Needs> {
    let levels = settle(contract, Price { level: 1, recursion: 0 });
    let recursion = settle(contract, Price { level: 0, recursion: 1 });
    let recurses = reaching_recursion(contract);
    let all = levels.into_iter().zip(recursion).zip(recurses);
    all.map(|((levels, recursion), recurses)| Needs { levels, recursion, recurses }).collect()
}

/// Which kind of cost is counted.
#[derive(Clone, Copy)]
struct Price {
    level: usize,
    recursion: usize,
}

/// Lowers the cost of every schema from endless to its real value, until a fixed point is reached.
fn settle(contract: &Contract, price: Price) -> Vec<usize> {
    let mut costs = vec![ENDLESS; contract.schemas.len()];
    loop {
        let mut changed = false;
        for (index, schema) in contract.schemas.iter().enumerate() {
            let cost = cost(schema, &costs, price);
            changed |= cost < costs[index];
            costs[index] = costs[index].min(cost);
        }
        if !changed {
            return costs;
        }
    }
}

fn cost(schema: &Schema, costs: &[usize], price: Price) -> usize {
    if schema.never {
        return ENDLESS;
    }
    if schema.accepts_null || schema.constant.is_some() || schema.enumeration.is_some() {
        return 0;
    }
    let of = |id: &SchemaId| costs[id.0];
    let together = schema.reference.iter().chain(&schema.all_of).map(of).max().unwrap_or(0);
    let any = |variants: &[SchemaId]| if variants.is_empty() { 0 } else { variants.iter().map(of).min().unwrap_or(0) };
    let own = own_cost(schema, costs, price);
    let most = together.max(any(&schema.any_of)).max(any(&schema.one_of)).max(own);
    most.saturating_add(if schema.max_depth.is_some() { price.recursion } else { 0 })
}

/// The cost of the members or items that are required.
fn own_cost(schema: &Schema, costs: &[usize], price: Price) -> usize {
    let kinds = kinds(schema);
    let rules = &schema.object;
    let required = rules.properties.iter().filter(|(name, _)| rules.required.contains(name));
    let object = required.map(|(_, id)| costs[id.0]).max().unwrap_or(0).saturating_add(price.level);
    let needed = usize::try_from(schema.array.limits.min_items.unwrap_or(0)).unwrap_or(usize::MAX);
    let behind = schema.array.items.filter(|_| needed > schema.array.prefix_items.len());
    let items = schema.array.prefix_items.iter().take(needed).chain(&behind);
    let array = items.map(|id| costs[id.0]).max().unwrap_or(0).saturating_add(price.level);
    match (kinds.contains(Types::OBJECT), kinds.contains(Types::ARRAY)) {
        (true, true) => object.min(array),
        (true, false) if kinds == Types::OBJECT => object,
        (false, true) if kinds == Types::ARRAY => array,
        _ => 0,
    }
}

/// The types that a schema's keywords apply to, whether or not it has `type`.
pub(super) fn kinds(schema: &Schema) -> Types {
    if let Some(types) = schema.types {
        return types;
    }
    let facets = [
        (schema.object.any() || !schema.rules.is_empty(), Types::OBJECT),
        (schema.array.any(), Types::ARRAY),
        (schema.text.any(), Types::STRING),
        (schema.number.any(), Types::NUMBER),
    ];
    facets.iter().filter(|(used, _)| *used).fold(Types(0), |kinds, (_, kind)| kinds.or(*kind))
}

/// For each schema, whether it can reach one with `x-max-depth`.
fn reaching_recursion(contract: &Contract) -> Vec<bool> {
    let mut reaching: Vec<bool> = contract.schemas.iter().map(|schema| schema.max_depth.is_some()).collect();
    while reaching.contains(&true) {
        let mut changed = false;
        for (index, schema) in contract.schemas.iter().enumerate() {
            if !reaching[index] && inner(schema).any(|id| reaching[id.0]) {
                reaching[index] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    reaching
}

/// The schemas that apply to the value itself, and those that apply to its content.
fn inner(schema: &Schema) -> impl Iterator<Item = SchemaId> {
    let combined = schema.reference.iter().chain(&schema.all_of).chain(&schema.any_of).chain(&schema.one_of);
    let items = schema.array.prefix_items.iter().chain(&schema.array.items);
    let named = schema.object.properties.iter().chain(&schema.object.pattern_properties).map(|(_, id)| id);
    combined.chain(items).chain(named).chain(&schema.object.additional_properties).copied()
}
