//! Generates one value of any kind.

use serde_json::{Map, Value, json};

use super::Sampler;
use super::demand::{Demand, Depth};
use super::needs::ENDLESS;
use crate::model::{Schema, SchemaId};
use crate::runtime::check::{Types, equal};
use crate::runtime::json::Json;

/// How often one value is tried. Small, because retries nest.
const TRIES_MAX: usize = 8;
/// How often an item is drawn again because it is a duplicate.
const FRESH_TRIES_MAX: usize = 20;

impl<'c> Sampler<'c> {
    /// A value that satisfies all of the schemas.
    pub(super) fn sample(&mut self, ids: &[SchemaId]) -> Option<Value> {
        self.value(ids, Depth::ROOT)
    }

    pub(super) fn value(&mut self, ids: &[SchemaId], depth: Depth) -> Option<Value> {
        if ids.iter().any(|id| self.needs[id.0].levels == ENDLESS) {
            return None;
        }
        if self.random.one_in(8) && self.all_accept(ids, &Value::Null) {
            return Some(Value::Null);
        }
        for _ in 0..TRIES_MAX {
            self.effort = self.effort.checked_sub(1)?;
            let Some(demand) = self.demand(ids, depth) else { continue };
            let made = self.listed(ids, &demand).unwrap_or_else(|| self.of_kind(&demand));
            if let Some(value) = made.filter(|value| !demand.is_hard() || self.all_accept(ids, value)) {
                return Some(value);
            }
        }
        self.example(ids)
    }

    pub(super) fn all_accept(&self, ids: &[SchemaId], value: &Value) -> bool {
        ids.iter().all(|id| self.accepts(*id, value))
    }

    /// One of the values of `enum` or `const`. The outer `None` means that neither is present, the inner one that no listed value fits.
    fn listed(&mut self, ids: &[SchemaId], demand: &Demand<'c>) -> Option<Option<Value>> {
        let lists = demand.parts.iter().filter_map(|part| match &part.constant {
            Some(constant) => Some(std::slice::from_ref(constant)),
            None => part.enumeration.as_deref(),
        });
        let shortest = lists.min_by_key(|list| list.len())?;
        let fitting: Vec<&Value> = shortest.iter().filter(|value| self.all_accept(ids, value)).collect();
        Some(self.random.pick(&fitting).map(|value| (*value).clone()))
    }

    fn of_kind(&mut self, demand: &Demand<'c>) -> Option<Value> {
        let accepted = demand.types();
        let spoken_of = demand.kinds();
        let wanted = match accepted {
            Some(types) => types,
            // A schema that only constrains strings accepts all numbers. Tests must see that case, but rarely.
            None if spoken_of == Types(0) || self.random.one_in(12) => return self.anything(demand.depth),
            None => spoken_of,
        };
        let all = [Types::NULL, Types::BOOLEAN, Types::INTEGER, Types::NUMBER, Types::STRING, Types::ARRAY, Types::OBJECT];
        let choices: Vec<Types> = all.into_iter().filter(|kind| wanted.contains(*kind)).collect();
        match *self.random.pick(&choices)? {
            Types::NULL => Some(Value::Null),
            Types::BOOLEAN => Some(Value::Bool(self.random.one_in(2))),
            Types::INTEGER => self.number(&demand.parts, true),
            Types::NUMBER => self.number(&demand.parts, false),
            Types::STRING => self.text(&demand.parts).map(Value::String),
            Types::ARRAY => self.array(demand),
            _ => self.object(demand),
        }
    }

    /// Any JSON value.
    fn anything(&mut self, depth: Depth) -> Option<Value> {
        let scalars = [
            Value::Null,
            json!(true),
            json!(0),
            json!(-1.5),
            json!(1e300),
            json!(9_007_199_254_740_991_i64),
            json!(""),
            json!("\u{1f3cb}"),
            json!("null"),
        ];
        let inner = depth.inner().filter(|inner| !self.is_tight(*inner));
        match (self.random.below(6), inner) {
            (0, Some(inner)) => Some(Value::Array((0..self.random.below(3)).filter_map(|_| self.anything(inner)).collect())),
            (1, Some(inner)) => {
                let names: Vec<String> = (0..self.random.below(3)).map(|_| self.odd_name()).collect();
                Some(Value::Object(names.into_iter().filter_map(|name| Some((name, self.anything(inner)?))).collect::<Map<_, _>>()))
            }
            _ => self.random.pick(&scalars).cloned(),
        }
    }

    fn array(&mut self, demand: &Demand<'c>) -> Option<Value> {
        let inner = demand.depth.inner()?;
        let length = self.length(demand)?;
        let unique = demand.parts.iter().any(|part| part.array.limits.unique_items);
        let contained: Vec<SchemaId> =
            demand.parts.iter().filter_map(|part| part.array.contains).flat_map(|rule| vec![rule.schema; rule.min as usize]).collect();
        let least = least_items(demand);
        let mut items: Vec<Value> = Vec::new();
        for index in 0..length {
            let mut ids = demand.item_schemas(index);
            // The items for `contains` come last, after the items that `prefixItems` positions.
            ids.extend(contained.get(length - 1 - index));
            match self.fresh(&ids, inner, if unique { &items } else { &[] }) {
                Some(item) => items.push(item),
                None if index >= least => break,
                None => return None,
            }
        }
        Some(Value::Array(items))
    }

    /// A value that is not in `taken`.
    fn fresh(&mut self, ids: &[SchemaId], depth: Depth, taken: &[Value]) -> Option<Value> {
        for _ in 0..FRESH_TRIES_MAX {
            let value = self.value(ids, depth)?;
            if !taken.iter().any(|other| equal(Json::from(other), Json::from(&value))) {
                return Some(value);
            }
        }
        None
    }

    /// How many items to generate: often one of the bounds, otherwise a few.
    fn length(&mut self, demand: &Demand<'c>) -> Option<usize> {
        let contained: u64 = demand.parts.iter().filter_map(|part| part.array.contains).map(|rule| rule.min).sum();
        let least = least_items(demand).max(usize::try_from(contained).ok()?);
        let most = demand.parts.iter().filter_map(|part| part.array.limits.max_items).min();
        let most = most.and_then(|most| usize::try_from(most).ok());
        let inner = demand.depth.inner()?;
        let possible = (0..=least).all(|index| demand.item_schemas(index).iter().all(|id| self.fits(*id, inner)));
        if !possible || self.is_tight(inner) && !self.mood.deep {
            return Some(least);
        }
        if self.mood.deep {
            return Some(least.max(1).min(most.unwrap_or(1)).max(least));
        }
        let some = least + self.random.below(4);
        let full = most.filter(|most| *most <= 40).unwrap_or(some);
        let wanted = [least, least + 1, some, some, full][self.random.below(5)];
        Some(wanted.min(most.unwrap_or(wanted)).max(least))
    }

    /// An example from the document, for a value that could not be generated.
    fn example(&mut self, ids: &[SchemaId]) -> Option<Value> {
        let parts: Vec<&Schema> = ids.iter().flat_map(|id| self.contract.all_of_closure(*id)).map(|id| self.contract.schema(id)).collect();
        let given = parts.iter().flat_map(|part| part.annotations.examples.iter().chain(&part.annotations.default));
        let fitting: Vec<&Value> = given.filter(|value| self.all_accept(ids, value)).collect();
        self.random.pick(&fitting).map(|value| (*value).clone())
    }
}

fn least_items(demand: &Demand<'_>) -> usize {
    let least = demand.parts.iter().filter_map(|part| part.array.limits.min_items).max().unwrap_or(0);
    usize::try_from(least).unwrap_or(usize::MAX)
}
