//! The members and items of a set of schemas: which schemas apply to each, wherever they are declared.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluated::{Evaluated, evaluates, evaluates_item, in_place, names_below, names_missing, names_of_variants, patterns_of};
use super::forms::Side;
use super::parts::{Key, Parts};
use super::proof::{Duty, Fault, Prover, Sent};
use crate::model::{Schema, SchemaId, version};
use crate::regex;

/// The schemas that apply to a member.
#[derive(Default)]
pub struct Member {
    /// All schemas that always apply; none if the member may be anything.
    pub schemas: Vec<SchemaId>,
    /// Whether further schemas may apply, depending on the variants that match.
    is_unclear: bool,
}

impl<'c> Parts<'c> {
    /// The schemas that apply to a member of this name.
    pub fn member(&self, name: &str) -> Member {
        let mut found = Member::default();
        for (_, part) in &self.parts {
            let rules = &part.object;
            let declared = rules.properties.iter().filter(|(known, _)| known == name);
            let matching = rules.pattern_properties.iter().filter(|(source, _)| regex::matches(source, name));
            let own: Vec<SchemaId> = declared.chain(matching).map(|(_, id)| *id).collect();
            if own.is_empty() {
                found.schemas.extend(rules.additional_properties);
            }
            found.schemas.extend(own);
            if let Some(rest) = rules.unevaluated_properties {
                match evaluates(self.contract(), part, Some(name), 0) {
                    Evaluated::Yes => {}
                    Evaluated::No => found.schemas.push(rest),
                    Evaluated::Unclear => found.is_unclear = true,
                }
            }
        }
        found
    }

    /// The schemas for members that no schema declares: each with the patterns that are exempt from it.
    fn rest(&self) -> (Vec<(SchemaId, BTreeSet<&'c str>)>, bool) {
        let (mut found, mut is_unclear) = (Vec::new(), false);
        for (_, part) in &self.parts {
            let exempt: BTreeSet<&str> = part.object.pattern_properties.iter().map(|(source, _)| source.as_str()).collect();
            found.extend(part.object.additional_properties.map(|rest| (rest, exempt.clone())));
            if let Some(rest) = part.object.unevaluated_properties {
                match evaluates(self.contract(), part, None, 0) {
                    Evaluated::Yes => {}
                    Evaluated::No => found.push((rest, patterns_of(self.contract(), part))),
                    Evaluated::Unclear => is_unclear = true,
                }
            }
        }
        (found, is_unclear)
    }

    /// The schemas that apply to each member whose name matches a pattern.
    fn matching(&self, source: &str) -> Vec<SchemaId> {
        let mut found = Vec::new();
        for (_, part) in &self.parts {
            let rules = &part.object;
            let same = rules.pattern_properties.iter().filter(|(known, _)| known == source);
            found.extend(same.map(|(_, id)| *id));
            if rules.pattern_properties.is_empty() {
                found.extend(rules.additional_properties);
            }
            if patterns_of(self.contract(), part).is_empty() {
                let is_rest = |_: &SchemaId| evaluates(self.contract(), part, None, 0) == Evaluated::No;
                found.extend(rules.unevaluated_properties.filter(is_rest));
            }
        }
        found
    }

    pub fn patterns(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|(_, part)| &part.object.pattern_properties).map(|(source, _)| source.as_str()).collect()
    }

    /// The members that a part declares.
    pub fn declared(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|(_, part)| &part.object.properties).map(|(name, _)| name.as_str()).collect()
    }

    /// The names that a part mentions, including those of its variants where they constrain members.
    pub fn mentioned(&self) -> BTreeSet<&'c str> {
        let mut names = self.declared();
        for (_, part) in self.parts.iter().filter(|(_, part)| part.object.unevaluated_properties.is_some()) {
            names.extend(names_below(self.contract(), part, 0));
        }
        names
    }

    /// The members that are declared only by schemas that apply to some values.
    pub fn names_of_variants(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|(_, part)| names_of_variants(self.contract(), part)).collect()
    }

    /// The schemas that apply to the item at an index.
    fn item(&self, index: usize) -> Member {
        let mut found = Member::default();
        for (_, part) in &self.parts {
            found.schemas.extend(part.array.prefix_items.get(index).or(part.array.items.as_ref()));
            if let Some(rest) = part.array.unevaluated_items {
                match evaluates_item(self.contract(), part, index, 0) {
                    Evaluated::Yes => {}
                    Evaluated::No => found.schemas.push(rest),
                    Evaluated::Unclear => found.is_unclear = true,
                }
            }
        }
        found
    }

    /// The number of items after which any further item is rejected.
    pub fn items_before_rejection(&self) -> Option<usize> {
        (0..=self.longest_prefix()).find(|index| self.rejects_all(&self.item(*index).schemas))
    }

    fn longest_prefix(&self) -> usize {
        let below = |part: &'c Schema| in_place(self.contract(), part).0;
        self.parts.iter().flat_map(|(_, part)| below(part)).map(|part| part.array.prefix_items.len()).max().unwrap_or_default()
    }

    fn rejects_all(&self, schemas: &[SchemaId]) -> bool {
        schemas.iter().any(|id| self.contract().schema(self.contract().resolved(*id)).never)
    }

    fn accepts_all(&self, schemas: &[SchemaId]) -> bool {
        schemas.iter().all(|id| self.contract().schema(self.contract().resolved(*id)).is_anything())
    }
}

impl<'c> Prover<'c> {
    pub(super) fn arrays(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, out: &mut Vec<Duty>, depth: usize) {
        let last = narrow.longest_prefix().max(wide.longest_prefix());
        let most = narrow.parts.iter().filter_map(|(_, part)| part.array.limits.max_items).min().unwrap_or(u64::MAX);
        for index in (0..=last).filter(|index| (*index as u64) < most) {
            let (known, wanted) = (narrow.item(index), wide.item(index));
            if wide.accepts_all(&wanted.schemas) {
            } else if known.schemas.is_empty() {
                let is_rest = wide.parts.iter().all(|(_, part)| part.array.prefix_items.is_empty());
                out.push(Duty::Fails(Fault::Schema(if is_rest { "items" } else { "prefixItems" })));
            } else {
                out.push(Duty::Inner(self.key_of(narrow, &known.schemas), self.key_of(wide, &wanted.schemas), self.sent));
            }
        }
        for (id, part) in &wide.parts {
            if self.is_known(narrow, wide, *id) {
                continue;
            }
            let is_unclear = |index| evaluates_item(wide.contract(), part, index, 0) == Evaluated::Unclear;
            if part.array.unevaluated_items.is_some() && (0..=last).any(is_unclear) {
                out.push(Duty::Fails(Fault::Whole("unevaluatedItems")));
            }
            if let Some(contains) = part.array.contains.filter(|contains| contains.min > 0 || contains.max.is_some()) {
                let known: Vec<_> = narrow.parts.iter().filter_map(|(_, part)| part.array.contains).collect();
                let wanted = self.key_of(wide, &[contains.schema]);
                let has_least = contains.min == 0
                    || known.iter().any(|known| {
                        known.min >= contains.min && self.holds_for_all(&self.key_of(narrow, &[known.schema]), &wanted, depth + 1)
                    });
                let has_most = contains.max.is_none_or(|max| {
                    known.iter().any(|known| {
                        known.max.is_some_and(|known| known <= max)
                            && self.holds_for_all(&wanted, &self.key_of(narrow, &[known.schema]), depth + 1)
                    })
                });
                if !has_least || !has_most {
                    out.push(Duty::Fails(Fault::Whole("contains")));
                }
            }
        }
    }

    pub(super) fn objects(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, out: &mut Vec<Duty>, depth: usize) {
        let required = narrow.required();
        for name in wide.required().difference(&required) {
            out.push(Duty::Fails(Fault::Required((*name).to_owned())));
        }
        let names: BTreeSet<&str> =
            [narrow.mentioned(), wide.mentioned(), required.clone(), wide.required()].into_iter().flatten().collect();
        for name in names {
            self.member(narrow, wide, name, out);
        }
        self.undeclared(narrow, wide, out);
        for (id, part) in &wide.parts {
            if !self.is_known(narrow, wide, *id) {
                self.dependent(narrow, wide, part, out, depth);
                self.unevaluated(narrow, wide, part, out);
            }
        }
    }

    fn member(&self, narrow: &Parts<'c>, wide: &Parts<'c>, name: &str, out: &mut Vec<Duty>) {
        let (known, wanted) = (narrow.member(name), wide.member(name));
        let is_withheld = self.sent == Sent::Declared && self.is_withheld(narrow, &known);
        if wide.accepts_all(&wanted.schemas) || narrow.rejects_all(&known.schemas) || is_withheld {
            return;
        }
        let is_forbidden = wide.rejects_all(&wanted.schemas);
        let mut compare = |schemas: &[SchemaId], sent: Sent| {
            out.push(match is_forbidden {
                true => Duty::Fails(Fault::Member(name.to_owned())),
                false => Duty::Inner(self.key_of(narrow, schemas), self.key_of(wide, &wanted.schemas), sent),
            });
        };
        // A variant may declare the member as well: a value satisfies both.
        let variants = narrow.unions.iter().flat_map(|union| &union.variants);
        let mut is_declared = false;
        for variant in variants {
            let more = self.model(narrow.key.side).alone(*variant).member(name).schemas;
            if !more.is_empty() {
                is_declared = true;
                compare(&known.schemas.iter().copied().chain(more).collect::<Vec<_>>(), self.sent);
            }
        }
        if !is_declared && narrow.names_of_variants().contains(name) {
            compare(&known.schemas, Sent::All);
        } else if self.sent == Sent::All || !known.schemas.is_empty() || narrow.required().contains(name) {
            // Otherwise nobody sends the member, since no contract declares it, although any value would be accepted.
            compare(&known.schemas, self.sent);
        }
    }

    /// Members that match a pattern, and all others.
    fn undeclared(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, out: &mut Vec<Duty>) {
        for source in wide.patterns() {
            let (known, wanted) = (narrow.matching(source), wide.matching(source));
            if wide.accepts_all(&wanted) || narrow.rejects_all(&known) {
            } else if known.is_empty() {
                out.push(Duty::Fails(Fault::Pattern(source.to_owned())));
            } else {
                out.push(Duty::Inner(self.key_of(narrow, &known), self.key_of(wide, &wanted), self.sent));
            }
        }
        let (rest, _) = narrow.rest();
        let known: Vec<SchemaId> = rest.iter().map(|(id, _)| *id).collect();
        let mut all: BTreeMap<BTreeSet<&str>, Vec<SchemaId>> = BTreeMap::new();
        wide.rest().0.into_iter().for_each(|(wanted, exempt)| all.entry(exempt).or_default().push(wanted));
        for (exempt, wanted) in all.into_iter().filter(|(_, wanted)| !wide.accepts_all(wanted)) {
            let is_closed = wide.rejects_all(&wanted);
            for source in narrow.patterns().difference(&exempt) {
                let known = narrow.matching(source);
                if narrow.rejects_all(&known) {
                } else if is_closed {
                    out.push(Duty::Fails(Fault::Pattern((*source).to_owned())));
                } else {
                    out.push(Duty::Inner(self.key_of(narrow, &known), self.key_of(wide, &wanted), self.sent));
                }
            }
            if narrow.rejects_all(&known) {
            } else if is_closed {
                out.push(Duty::Fails(Fault::Closed));
            } else if known.is_empty() {
                out.push(Duty::Fails(Fault::Schema("additionalProperties")));
            } else {
                out.push(Duty::Inner(self.key_of(narrow, &known), self.key_of(wide, &wanted), self.sent));
            }
        }
    }

    /// `propertyNames`, `dependentRequired`, `dependentSchemas` and `x-rules`.
    fn dependent(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, part: &Schema, out: &mut Vec<Duty>, depth: usize) {
        let rules = &part.object;
        if let Some(names) = rules.property_names {
            let wanted = self.key_of(wide, &[names]);
            let known: Vec<SchemaId> = narrow.parts.iter().filter_map(|(_, part)| part.object.property_names).collect();
            let is_met = known.iter().any(|known| self.holds(&self.key_of(narrow, &[*known]), &wanted, depth + 1));
            let (rest, _) = narrow.rest();
            let rest: Vec<SchemaId> = rest.into_iter().map(|(id, _)| id).collect();
            let lists_all = narrow.rejects_all(&rest) && narrow.patterns().is_empty();
            let accepted = self.parts(&wanted);
            let is_met = is_met || (lists_all && narrow.mentioned().into_iter().all(|name| accepted.accepts(&name.into())));
            if !is_met {
                out.push(Duty::Fails(Fault::Whole("propertyNames")));
            }
        }
        let required = narrow.required();
        let is_needed = |name: &String, need: &String| {
            let mut known = narrow.parts.iter().flat_map(|(_, part)| &part.object.dependent_required);
            known.any(|(known, needs)| known == name && needs.contains(need))
        };
        for (name, needs) in &rules.dependent_required {
            let is_absent = narrow.rejects_all(&narrow.member(name).schemas);
            if !is_absent && !needs.iter().all(|need| required.contains(need.as_str()) || is_needed(name, need)) {
                out.push(Duty::Fails(Fault::Whole("dependentRequired")));
            }
        }
        for (name, wanted) in &rules.dependent_schemas {
            let wanted = self.key_of(wide, &[*wanted]);
            let dependent = narrow.parts.iter().flat_map(|(_, part)| &part.object.dependent_schemas);
            let known: Vec<SchemaId> = dependent.filter(|(known, _)| known == name).map(|(_, id)| *id).collect();
            let is_met = known.iter().any(|known| self.holds_for_all(&self.key_of(narrow, &[*known]), &wanted, depth + 1));
            let is_absent = narrow.rejects_all(&narrow.member(name).schemas);
            if !is_absent && !is_met && !self.holds(&narrow.key, &wanted, depth + 1) {
                out.push(Duty::Fails(Fault::Whole("dependentSchemas")));
            }
        }
        for rule in &part.rules {
            if !narrow.parts.iter().any(|(_, part)| part.rules.iter().any(|known| known.text == rule.text)) {
                out.push(Duty::Fails(Fault::Rule(rule.text.clone())));
            }
        }
    }

    /// `unevaluatedProperties` where variants decide which members it applies to. It follows from the same keyword, if the schemas next to
    /// it name at least the same members.
    fn unevaluated(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, part: &'c Schema, out: &mut Vec<Duty>) {
        let Some(wanted) = part.object.unevaluated_properties else { return };
        let is_unclear = wide.rest().1 || wide.mentioned().into_iter().any(|name| wide.member(name).is_unclear);
        if !is_unclear || wide.accepts_all(&[wanted]) {
            return;
        }
        let mut missing = None;
        for (_, known) in narrow.parts.iter().filter(|(_, part)| part.object.unevaluated_properties.is_some()) {
            let rest = known.object.unevaluated_properties.map(|rest| self.form(narrow.key.side, rest));
            if rest == Some(self.form(wide.key.side, wanted)) {
                missing = names_missing((narrow.contract(), known), (wide.contract(), part), &BTreeSet::new(), 0).or(missing);
            }
        }
        match missing {
            None => out.push(Duty::Fails(Fault::Whole("unevaluatedProperties"))),
            Some(names) => out.extend(names.into_iter().map(|name| Duty::Fails(Fault::Member(name.to_owned())))),
        }
    }

    pub(super) fn key_of(&self, parts: &Parts<'c>, schemas: &[SchemaId]) -> Key {
        self.model(parts.key.side).key(schemas)
    }

    /// Whether the server sends a member of the new contract only to clients of a later version than the old contract.
    fn is_withheld(&self, parts: &Parts<'c>, member: &Member) -> bool {
        let is_later = |id: &SchemaId| {
            let since = parts.contract().schema(*id).annotations.since.as_deref().and_then(version);
            since.zip(version(&self.old.contract.version)).is_some_and(|(since, old)| since > old)
        };
        parts.key.side == Side::New && member.schemas.iter().any(is_later)
    }
}
