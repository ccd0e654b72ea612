//! Compares `oneOf` and `anyOf`: which unions of two sets correspond, and which of their variants.

use std::collections::BTreeSet;

use super::evaluated::{in_place, names_below};
use super::forms::{Side, plain_text};
use super::parts::{Key, Parts, Union};
use super::proof::{Duty, Fault, Prover, Sent};
use crate::model::SchemaId;

/// The variants of two unions that correspond, by index.
#[derive(Default)]
pub struct Pairs {
    pub pairs: Vec<(usize, usize)>,
    /// The variants of the first union that have no counterpart, with their names.
    pub first_alone: Vec<(usize, String)>,
    pub second_alone: Vec<(usize, String)>,
}

impl<'c> Prover<'c> {
    /// The unions of two sets that correspond: those that share the most variants, then in document order.
    pub fn matching(&self, first: &Parts<'c>, second: &Parts<'c>) -> Vec<(usize, usize)> {
        let mut scores = Vec::new();
        for (left, union) in first.unions.iter().enumerate() {
            for (right, other) in second.unions.iter().enumerate() {
                scores.push((self.shared(first, union, second, other), left, right));
            }
        }
        scores.sort_by_key(|(score, left, right)| (std::cmp::Reverse(*score), *left, *right));
        let mut matched: Vec<(usize, usize)> = Vec::new();
        for (_, left, right) in scores {
            if matched.iter().all(|(known, other)| *known != left && *other != right) {
                matched.push((left, right));
            }
        }
        matched
    }

    /// The number of variants of two unions that have the same form or name.
    fn shared(&self, first: &Parts<'c>, union: &Union<'c>, second: &Parts<'c>, other: &Union<'c>) -> usize {
        let of = |parts: &Parts<'c>, union: &Union<'c>| -> (BTreeSet<u32>, BTreeSet<String>) {
            let side = parts.key.side;
            let forms = union.variants.iter().map(|id| self.form(side, *id));
            (forms.collect(), union.variants.iter().map(|id| self.model(side).name_of(*id)).collect())
        };
        let ((forms, names), (other_forms, other_names)) = (of(first, union), of(second, other));
        2 * forms.intersection(&other_forms).count() + names.intersection(&other_names).count()
    }

    /// The variants of two unions that correspond: by the value that selects them, by form, by name, and then by similarity.
    pub fn pairs(&self, first: &Parts<'c>, union: &Union<'c>, second: &Parts<'c>, other: &Union<'c>) -> Pairs {
        if let Some(pairs) = self.pairs_by_value(union, other) {
            return pairs;
        }
        let mut left: Vec<usize> = (0..union.variants.len()).collect();
        let mut right: Vec<usize> = (0..other.variants.len()).collect();
        let mut pairs = Vec::new();
        let (one, two) = (self.model(first.key.side), self.model(second.key.side));
        let names = |parts: &Parts<'c>, union: &Union<'c>| -> Vec<String> {
            union.variants.iter().map(|id| self.model(parts.key.side).name_of(*id)).collect()
        };
        let (left_names, right_names) = (names(first, union), names(second, other));
        let same_form = |at: usize, to: usize| self.is_same(first.key.side, union.variants[at], second.key.side, other.variants[to]);
        let same_name = |at: usize, to: usize| left_names[at] == right_names[to];
        take_pairs(&mut left, &mut right, &mut pairs, |at, to| usize::from(same_form(at, to) && same_name(at, to)));
        take_pairs(&mut left, &mut right, &mut pairs, |at, to| usize::from(same_form(at, to)));
        take_pairs(&mut left, &mut right, &mut pairs, |at, to| usize::from(same_name(at, to)));
        let likeness = |at: usize, to: usize| {
            let (left, right) = (union.variants[at], other.variants[to]);
            // Two components of different names are two variants.
            if one.is_component(left) && two.is_component(right) { 0 } else { self.likeness(&one.alone(left), &two.alone(right)) }
        };
        take_pairs(&mut left, &mut right, &mut pairs, likeness);
        let named = |list: Vec<usize>, names: &[String]| list.into_iter().map(|index| (index, names[index].clone())).collect();
        Pairs { pairs, first_alone: named(left, &left_names), second_alone: named(right, &right_names) }
    }

    /// The variants of two unions that the same member selects.
    fn pairs_by_value(&self, union: &Union<'c>, other: &Union<'c>) -> Option<Pairs> {
        let (tag, other_tag) = (union.tag?, other.tag.filter(|tag| union.tag.is_some_and(|known| known.member == tag.member))?);
        let mut found = Pairs::default();
        let each_value = tag.by_discriminator && other_tag.by_discriminator;
        let index_of = |lists: &[Vec<serde_json::Value>], value: &serde_json::Value| lists.iter().position(|list| list.contains(value));
        for (values, others, is_first) in [(&tag.values, &other_tag.values, true), (&other_tag.values, &tag.values, false)] {
            for (index, own) in values.iter().enumerate() {
                let mut missing: Vec<(usize, String)> = Vec::new();
                for value in own {
                    match index_of(others, value) {
                        Some(at) if is_first && !found.pairs.contains(&(index, at)) => found.pairs.push((index, at)),
                        Some(_) => {}
                        None => missing.push((index, value.to_string())),
                    }
                }
                // A value that a variant no longer lists is reported as a change of the member.
                if each_value || missing.len() == own.len() {
                    if is_first { &mut found.first_alone } else { &mut found.second_alone }.extend(missing);
                }
            }
        }
        Some(found)
    }

    /// The variant of a union that corresponds to a single schema, given the key of each variant.
    pub fn counterpart(&mut self, without: &Parts<'c>, union: &Union<'c>, keys: &[Key], is_new: bool) -> Option<usize> {
        let sent = self.sent;
        let component = |side: Side, id: SchemaId| self.model(side).component(id);
        let side = if is_new { Side::New } else { Side::Old };
        let name = without.key.single().and_then(|id| component(without.key.side, id));
        let named = union.variants.iter().position(|id| name.is_some() && component(side, *id) == name);
        let narrower = keys.iter().position(|key| self.proves(&without.key, key, sent));
        let found = narrower.or(named).or_else(|| keys.iter().position(|key| self.proves(key, &without.key, sent)));
        let likeness = |key: &Key| self.likeness(without, &self.parts(key));
        let alike = || (0..keys.len()).rev().max_by_key(|index| likeness(&keys[*index])).filter(|index| likeness(&keys[*index]) > 0);
        found.or_else(alike)
    }

    /// A score for the similarity of two schemas.
    fn likeness(&self, one: &Parts<'c>, two: &Parts<'c>) -> usize {
        if !one.types().intersects(two.types()) {
            return 0;
        }
        let mut common = 1;
        for name in one.declared().intersection(&two.declared()) {
            let key = |parts: &Parts<'c>| self.key_of(parts, &parts.member(name).schemas);
            let is_same = match (key(one).single(), key(two).single()) {
                (Some(left), Some(right)) => self.is_same(one.key.side, left, two.key.side, right),
                _ => false,
            };
            common += if is_same { 3 } else { 1 };
        }
        common
    }

    /// The requirements from the unions of the wider set.
    pub(super) fn unions(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, matched: &[(usize, usize)], out: &mut Vec<Duty>, depth: usize) {
        for (index, union) in wide.unions.iter().enumerate() {
            if self.is_known(narrow, wide, union.part()) {
                continue;
            }
            match matched.iter().find(|(_, right)| *right == index).and_then(|(left, _)| narrow.unions.get(*left)) {
                Some(counterpart) => self.two_unions(narrow, counterpart, wide, union, out, depth),
                None => {
                    let (model, narrow_key) = (self.model(wide.key.side), narrow.key.clone());
                    let keys: Vec<_> = union.variants.iter().map(|id| model.key(&[*id])).collect();
                    let found = keys.iter().position(|key| self.holds(&narrow_key, key, depth + 1));
                    match found {
                        None => out.push(Duty::Fails(Fault::Union)),
                        Some(_) if union.is_selected() => out.push(Duty::Fails(Fault::Selected)),
                        Some(found) if union.is_exclusive() => {
                            let others = keys.iter().enumerate().filter(|(index, _)| *index != found);
                            let others: Vec<_> = others.map(|(_, key)| key).collect();
                            if !others.into_iter().all(|key| self.are_disjoint(&narrow_key, key, depth + 1)) {
                                out.push(Duty::Fails(Fault::Exclusive));
                            }
                        }
                        Some(_) => {}
                    }
                }
            }
        }
    }

    fn two_unions(
        &mut self,
        narrow: &Parts<'c>,
        union: &Union<'c>,
        wide: &Parts<'c>,
        other: &Union<'c>,
        out: &mut Vec<Duty>,
        depth: usize,
    ) {
        let pairs = self.pairs(narrow, union, wide, other);
        for (left, right) in &pairs.pairs {
            let (known, wanted) = (self.key_of(narrow, &[union.variants[*left]]), self.key_of(wide, &[other.variants[*right]]));
            let sent = self.common_members(narrow, union, &known, &wanted, out);
            out.push(Duty::Inner(known, wanted, sent));
        }
        for (index, name) in &pairs.first_alone {
            let known = self.model(narrow.key.side).with_variant(narrow, union, union.variants[*index]);
            let keys: Vec<_> = other.variants.iter().map(|id| self.key_of(wide, &[*id])).collect();
            if other.is_selected() || !keys.iter().any(|key| self.holds(&known, key, depth + 1)) {
                out.push(Duty::Fails(Fault::Variant(narrow.key.side, name.clone())));
            }
        }
        if other.is_selected() && !self.is_selected_alike(narrow, union, other, &pairs) {
            out.push(Duty::Fails(Fault::Selected));
        }
        if other.is_exclusive() && other.tag.is_none() && !self.is_exclusive_alike(narrow, union, wide, other, &pairs, depth) {
            out.push(Duty::Fails(Fault::Exclusive));
        }
    }

    /// Compares the members of a variant that the schemas next to the union describe as well: all of them apply to a sent value. Returns
    /// whether other schemas may describe more of them.
    fn common_members(&self, narrow: &Parts<'c>, union: &Union<'c>, variant: &Key, wanted: &Key, out: &mut Vec<Duty>) -> Sent {
        let (variant, wanted) = (self.parts(variant), self.parts(wanted));
        for name in wanted.mentioned() {
            let (mut known, inner) = (narrow.member(name).schemas, wanted.member(name).schemas);
            if !known.is_empty() && !inner.is_empty() {
                known.extend(variant.member(name).schemas);
                out.push(Duty::Inner(self.key_of(narrow, &known), self.key_of(&wanted, &inner), self.sent));
            }
        }
        let others = narrow.unions.iter().filter(|other| !std::ptr::eq(*other, union)).flat_map(|other| &other.variants);
        let (beside, within) = (names_of_conditions(narrow), wanted.names_of_variants());
        let in_others = others.flat_map(|id| names_below(narrow.contract(), narrow.contract().schema(*id), 0));
        let elsewhere: BTreeSet<&str> = beside.into_iter().chain(in_others).collect();
        let is_elsewhere = |name: &str| elsewhere.contains(name) || (within.contains(name) && narrow.mentioned().contains(name));
        let may_be_more = wanted.mentioned().into_iter().chain(within.iter().copied()).any(is_elsewhere);
        if may_be_more { Sent::All } else { self.sent }
    }

    /// Whether the values of the narrower union select the variants of the other one to which they belong.
    fn is_selected_alike(&self, narrow: &Parts<'c>, union: &Union<'c>, other: &Union<'c>, pairs: &Pairs) -> bool {
        let Some(tag) = other.tag else { return true };
        if union.is_selected() && union.tag.is_some_and(|known| known.member == tag.member) {
            return true;
        }
        let model = self.model(narrow.key.side);
        pairs.pairs.iter().all(|(left, right)| {
            let variant = model.alone(union.variants[*left]);
            let member = model.parts(&model.key(&variant.member(&tag.member).schemas));
            let selecting: BTreeSet<String> = tag.values[*right].iter().map(plain_text).collect();
            let is_required = variant.required().contains(tag.member.as_str());
            is_required && model.values(&member).is_some_and(|values| values.iter().all(|value| selecting.contains(&plain_text(value))))
        })
    }

    /// Whether a value of one variant of the narrower union matches only the counterpart of that variant.
    fn is_exclusive_alike(
        &mut self,
        narrow: &Parts<'c>,
        union: &Union<'c>,
        wide: &Parts<'c>,
        other: &Union<'c>,
        pairs: &Pairs,
        depth: usize,
    ) -> bool {
        let counterpart = |right: usize| pairs.pairs.iter().find(|(_, to)| *to == right).map(|(at, _)| *at);
        (0..other.variants.len()).all(|right| {
            let wanted = self.key_of(wide, &[other.variants[right]]);
            let own = counterpart(right);
            // In an exclusive union, no value of another variant matches this one if it accepts no more than its counterpart.
            let is_kept = union.is_exclusive()
                && own.is_some_and(|own| {
                    let known: SchemaId = union.variants[own];
                    self.holds_for_all(&wanted, &self.key_of(narrow, &[known]), depth + 1)
                });
            is_kept
                || (0..union.variants.len()).filter(|left| Some(*left) != own).all(|left| {
                    let known = self.key_of(narrow, &[union.variants[left]]);
                    self.are_disjoint(&known, &wanted, depth + 1)
                })
        })
    }
}

/// The members that conditions next to a union declare.
fn names_of_conditions<'c>(parts: &Parts<'c>) -> BTreeSet<&'c str> {
    let conditional = parts.parts.iter().flat_map(|(_, part)| in_place(parts.contract(), part).1.into_iter().skip(2).flatten());
    conditional.flat_map(|part| names_below(parts.contract(), part, 0)).collect()
}

/// Takes the pairs with the highest scores, as long as any is above 0. Among equals, the first ones.
fn take_pairs(left: &mut Vec<usize>, right: &mut Vec<usize>, pairs: &mut Vec<(usize, usize)>, score: impl Fn(usize, usize) -> usize) {
    let mut scores: Vec<(usize, usize, usize)> = Vec::new();
    for at in left.iter() {
        scores.extend(right.iter().map(|to| (score(*at, *to), *at, *to)).filter(|(score, ..)| *score > 0));
    }
    scores.sort_by_key(|(score, at, to)| (std::cmp::Reverse(*score), *at, *to));
    for (_, at, to) in scores {
        if left.contains(&at) && right.contains(&to) {
            pairs.push((at, to));
            left.retain(|known| *known != at);
            right.retain(|known| *known != to);
        }
    }
}
