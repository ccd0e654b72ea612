//! Compares what two schemas say about the type of their values. If one says no more than the other, the type of the other holds the values
//! that both accept, and none says more about them.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Annotations, ArrayRules, Contract, Merged, NumberRules, ObjectRules, Schema, SchemaId, intersect};
use crate::runtime::check::Types;

/// The maximum number of pairs of schemas that one comparison visits.
const EFFORT_MAX: usize = 1_000;

/// A pair of schemas: one that may say no more, and the other one.
type Pair = (SchemaId, SchemaId);

/// What is known about pairs of schemas. Many members lead to the same pairs.
#[derive(Default)]
pub(super) struct Known(HashMap<Pair, bool>);

pub(super) struct Comparison<'c> {
    contract: &'c Contract,
    /// A pair that is being compared counts as saying no more, because a pair within itself adds nothing to the result.
    known: &'c mut Known,
    /// The pairs that are being compared, and those within them that say no more.
    assumed: Vec<Pair>,
    effort: usize,
}

impl<'c> Comparison<'c> {
    pub(super) fn new(contract: &'c Contract, known: &'c mut Known) -> Self {
        Comparison { contract, known, assumed: Vec::new(), effort: EFFORT_MAX }
    }

    /// Whether `weak` says nothing about the type of a value that `strong` does not say. What is not certain counts as more.
    pub(super) fn says_no_more(&mut self, weak: SchemaId, strong: SchemaId) -> bool {
        let pair = (self.contract.resolved(weak), self.contract.resolved(strong));
        if pair.0 == pair.1 {
            return true;
        }
        if let Some(holds) = self.known.0.get(&pair) {
            return *holds;
        }
        if self.effort == 0 {
            return false;
        }
        self.effort -= 1;
        let count = self.assumed.len();
        self.assumed.push(pair);
        self.known.0.insert(pair, true);
        let (weak, strong) = (Merged::new(self.contract, pair.0), Merged::new(self.contract, pair.1));
        let is_known = |part: &&Schema| strong.parts.iter().any(|known| std::ptr::eq(*known, *part));
        let adds_null_alone = weak.accepts_null(self.contract) || !strong.accepts_null(self.contract);
        let holds = adds_null_alone && weak.parts.iter().all(|part| is_known(part) || self.adds_nothing(part, &strong));
        if !holds {
            // What was found with the assumption that the pair holds is open again.
            self.assumed.drain(count..).for_each(|pair| _ = self.known.0.remove(&pair));
            self.known.0.insert(pair, false);
        }
        holds
    }

    fn adds_nothing(&mut self, part: &Schema, strong: &Merged<'c>) -> bool {
        // Every field is named, so that a new keyword cannot be forgotten.
        let Schema {
            never,
            types,
            constant: _,
            enumeration: _,
            array,
            object,
            any_of,
            one_of,
            condition,
            discriminator,
            any_collection,
            rust_type,
            // `adds_no_number` compares it.
            number: _,
            annotations: _,
            // The caller follows these.
            reference: _,
            all_of: _,
            accepts_null: _,
            // These say nothing about types.
            span: _,
            pointer: _,
            text: _,
            not: _,
            tag: _,
            rules: _,
            max_depth: _,
            refers_to: _,
            view: _,
            complete: _,
        } = part;
        let is_wider = |types: Types| strong.types.is_some_and(|known| intersect(known, types) == known);
        let is_plain = !never && condition.is_none() && discriminator.is_none() && any_collection.is_none() && rust_type.is_none();
        is_plain
            && types.is_none_or(is_wider)
            && adds_no_value(part, strong)
            && adds_no_number(part, strong)
            && self.adds_no_variant(any_of, strong, |known| &known.any_of)
            && self.adds_no_variant(one_of, strong, |known| &known.one_of)
            && self.adds_no_item(array, strong)
            && self.adds_no_member(object, strong)
    }

    /// Whether a schema says nothing about types.
    fn says_nothing(&mut self, id: SchemaId) -> bool {
        let (own, anything) = (Merged::new(self.contract, self.contract.resolved(id)), Merged::default());
        own.accepts_null(self.contract) && own.parts.iter().all(|part| self.adds_nothing(part, &anything))
    }

    fn adds_no_variant(&mut self, variants: &[SchemaId], strong: &Merged<'c>, of: fn(&Schema) -> &Vec<SchemaId>) -> bool {
        // A union with a variant that accepts anything says nothing.
        let is_anything = |id: &SchemaId| self.contract.schema(self.contract.resolved(*id)).is_anything();
        variants.is_empty() || variants.iter().any(is_anything) || strong.parts.iter().any(|known| self.say_no_more(variants, of(known)))
    }

    /// Whether each of the schemas says no more than the other one at its place.
    fn say_no_more(&mut self, weak: &[SchemaId], strong: &[SchemaId]) -> bool {
        weak.len() == strong.len() && weak.iter().zip(strong).all(|(weak, strong)| self.says_no_more(*weak, *strong))
    }

    fn adds_no_item(&mut self, array: &ArrayRules, strong: &Merged<'c>) -> bool {
        let ArrayRules { prefix_items, items, limits, contains: _, unevaluated_items: _, each } = array;
        let known = || strong.parts.iter().map(|part| &part.array);
        let is_tuple = known().any(|known| !known.prefix_items.is_empty());
        let least = known().filter_map(|known| known.limits.min_items).max();
        let most = known().filter_map(|known| known.limits.max_items).min();
        let is_shorter = limits.max_items.is_some_and(|own| most.is_none_or(|most| own < most));
        (!each || known().any(|known| known.each))
            && (!is_tuple || (limits.min_items <= least && !is_shorter))
            && prefix_items.iter().enumerate().all(|(index, item)| {
                let mut known = known().filter_map(|known| known.prefix_items.get(index).or(known.items.as_ref()));
                self.says_nothing(*item) || known.any(|known| self.says_no_more(*item, *known))
            })
            && items.is_none_or(|items| {
                self.says_nothing(items) || known().filter_map(|known| known.items).any(|known| self.says_no_more(items, known))
            })
    }

    fn adds_no_member(&mut self, object: &ObjectRules, strong: &Merged<'c>) -> bool {
        #[rustfmt::skip]
        let ObjectRules {
            properties, pattern_properties, additional_properties, property_names: _, required, limits: _, dependent_required,
            dependent_schemas, unevaluated_properties,
        } = object;
        let mut says_nothing = |id: &Option<SchemaId>| id.is_none_or(|id| self.says_nothing(id));
        let is_plain = pattern_properties.is_empty()
            && dependent_required.is_empty()
            && dependent_schemas.is_empty()
            && says_nothing(additional_properties)
            && says_nothing(unevaluated_properties);
        let known_required = strong.required();
        if !is_plain || !required.iter().all(|name| known_required.contains(name.as_str())) {
            return false;
        }
        let known = |wanted: &str| {
            let members = strong.parts.iter().flat_map(|part| &part.object.properties);
            members.filter(|(name, _)| name == wanted).map(|(_, id)| *id).collect::<Vec<_>>()
        };
        properties.iter().all(|(name, id)| known(name).into_iter().any(|known| self.says_no_more(*id, known)))
    }
}

fn adds_no_value(part: &Schema, strong: &Merged<'_>) -> bool {
    if part.constant.is_none() && part.enumeration.is_none() {
        return true;
    }
    let listed: Vec<&serde_json::Value> = part.constant.iter().chain(part.enumeration.iter().flatten()).collect();
    let is_same = strong.parts.iter().any(|known| known.constant == part.constant && known.enumeration == part.enumeration);
    let known: BTreeSet<String> = listed.into_iter().map(ToString::to_string).collect();
    is_same || strong.values().is_some_and(|values| values.iter().all(|value| value.is_null() || known.contains(&value.to_string())))
}

/// Whether a part says nothing about the width of an integer. Bounds, defaults and examples determine whether it is long.
fn adds_no_number(part: &Schema, strong: &Merged<'_>) -> bool {
    let stated = |annotations: &Annotations| (annotations.default.clone(), annotations.examples.clone());
    let is_known = |known: &&Schema| known.number == part.number && stated(&known.annotations) == stated(&part.annotations);
    let is_silent = part.number == NumberRules::default() && part.annotations.default.is_none() && part.annotations.examples.is_empty();
    is_silent || strong.types.is_none_or(|types| !types.contains(Types::INTEGER)) || strong.parts.iter().any(is_known)
}
