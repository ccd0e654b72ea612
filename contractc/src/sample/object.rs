//! Generates objects: which members are present, their values, and the rules between them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Sampler;
use super::demand::{Demand, Depth};
use crate::model::{Comparison, Rule, SchemaId, Sign};
use crate::runtime::number::Number;

/// Names that often break programs: members of prototypes, characters that JSON pointers escape, the empty name, and astral characters.
const ODD_NAMES: [&str; 12] =
    ["__proto__", "a/b~c", "", "constructor", "toString", "hasOwnProperty", "\u{1f511}", "x y", "0", "é", "\"quoted\"", "$ref"];
/// How often a name is drawn for one member.
const NAME_TRIES_MAX: usize = 12;
/// How often all rules are applied. A rule that sets a member may break an earlier rule.
const RULE_ROUNDS_MAX: usize = 4;

/// Which optional members are present.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    None,
    Some,
    All,
}

impl<'c> Sampler<'c> {
    pub(super) fn object(&mut self, demand: &Demand<'c>) -> Option<Value> {
        let inner = demand.depth.inner()?;
        let needed = needed_names(demand);
        let (least, most) = member_bounds(demand);
        let mut members = Map::new();
        for name in &needed {
            let value = self.member(demand, name, inner)?;
            members.insert(name.clone(), value);
        }
        let fill = self.fill(inner);
        let mut optional = self.optional_names(demand, &members, inner);
        self.random.shuffle(&mut optional);
        for name in optional {
            let wanted = members.len() < least || self.is_wanted(demand, &name, fill);
            let group = with_dependents(demand, &name);
            if wanted && group.iter().filter(|name| !members.contains_key(*name)).count() + members.len() <= most {
                self.add_group(demand, &group, inner, &mut members);
            }
        }
        self.add_unnamed(demand, inner, least, most, &mut members);
        self.keep_rules(demand, &mut members);
        self.shake_off_rivals(demand, &mut members);
        (members.len() >= least).then_some(Value::Object(members))
    }

    fn fill(&mut self, inner: Depth) -> Fill {
        match self.random.below(4) {
            _ if self.mood.deep || self.is_tight(inner) => Fill::None,
            0 => Fill::None,
            1 => Fill::All,
            _ => Fill::Some,
        }
    }

    fn is_wanted(&mut self, demand: &Demand<'c>, name: &str, fill: Fill) -> bool {
        // A deep sample needs the members that lead further down.
        let leads_down = || demand.member_schemas(name).iter().any(|id| self.needs[id.0].recurses);
        match fill {
            Fill::All => true,
            Fill::None => self.mood.deep && leads_down(),
            Fill::Some => self.random.one_in(2),
        }
    }

    /// The members that the parts declare but do not require, if they can be present.
    fn optional_names(&self, demand: &Demand<'c>, members: &Map<String, Value>, inner: Depth) -> Vec<String> {
        let named = demand.parts.iter().flat_map(|part| &part.object.properties).map(|(name, _)| name);
        let unique: BTreeSet<&String> = named.collect();
        let can_be = |name: &&&String| {
            !members.contains_key(**name)
                && !demand.absent.contains(&name.as_str())
                && demand.member_schemas(name).iter().all(|id| self.fits(*id, inner))
                && self.name_fits(demand, name)
        };
        unique.iter().filter(can_be).map(|name| (*name).clone()).collect()
    }

    fn name_fits(&self, demand: &Demand<'c>, name: &str) -> bool {
        let mut rules = demand.parts.iter().filter_map(|part| part.object.property_names);
        rules.all(|rule| self.accepts(rule, &Value::String(name.to_owned())))
    }

    fn member(&mut self, demand: &Demand<'c>, name: &str, inner: Depth) -> Option<Value> {
        let schemas = demand.member_schemas(name);
        match demand.tags.iter().find(|(member, _)| *member == name) {
            Some((_, values)) => {
                let fitting: Vec<&Value> = values.iter().filter(|value| self.all_accept(&schemas, value)).collect();
                self.random.pick(&fitting).map(|value| (*value).clone())
            }
            None => self.value(&schemas, inner),
        }
    }

    /// Adds a member and the members that it requires: all of them or none.
    fn add_group(&mut self, demand: &Demand<'c>, group: &[String], inner: Depth, members: &mut Map<String, Value>) {
        let mut added = Vec::new();
        for name in group.iter().filter(|name| !members.contains_key(*name)) {
            let Some(value) = self.member(demand, name, inner) else { return };
            added.push((name.clone(), value));
        }
        members.extend(added);
    }

    /// Adds undeclared members: the entries of maps, and additional members of open objects.
    fn add_unnamed(&mut self, demand: &Demand<'c>, inner: Depth, least: usize, most: usize, members: &mut Map<String, Value>) {
        let is_map = demand.parts.iter().any(|part| {
            let rules = &part.object;
            rules.additional_properties.is_some() || rules.property_names.is_some() || !rules.pattern_properties.is_empty()
        });
        let missing = least.saturating_sub(members.len());
        let extra = match self.random.below(4) {
            _ if self.is_tight(inner) => 0,
            0 if is_map && most <= 20 => most.saturating_sub(members.len()),
            _ if is_map => self.random.below(4),
            0 => 1 + self.random.below(2),
            _ => 0,
        };
        for _ in 0..missing.max(extra) {
            let Some(name) = self.new_name(demand, members, inner).filter(|_| members.len() < most) else { return };
            if let Some(value) = self.member(demand, &name, inner) {
                members.insert(name, value);
            }
        }
    }

    fn new_name(&mut self, demand: &Demand<'c>, members: &Map<String, Value>, inner: Depth) -> Option<String> {
        let rules: Vec<_> = demand.parts.iter().filter_map(|part| part.object.property_names).collect();
        let patterns: Vec<&String> =
            demand.parts.iter().flat_map(|part| &part.object.pattern_properties).map(|(source, _)| source).collect();
        for _ in 0..NAME_TRIES_MAX {
            let source = self.random.pick(&patterns).copied();
            let name = match source {
                Some(source) if rules.is_empty() && !self.random.one_in(4) => self.matching(source),
                _ if !rules.is_empty() => self.value(&rules, inner)?.as_str().map(str::to_owned),
                _ => Some(self.odd_name()),
            };
            let can_be = |name: &String| {
                let schemas = demand.member_schemas(name);
                let named = demand.parts.iter().any(|part| part.object.properties.iter().any(|(known, _)| known == name));
                !named && !members.contains_key(name) && schemas.iter().all(|id| self.fits(*id, inner)) && self.name_fits(demand, name)
            };
            if let Some(name) = name.filter(can_be) {
                return Some(name);
            }
        }
        None
    }

    /// A name for an undeclared member: an unusual one, or a plain word.
    pub(super) fn odd_name(&mut self) -> String {
        let plain = format!("extra{}", self.random.below(1000));
        let odd = self.random.below(2 * ODD_NAMES.len());
        ODD_NAMES.get(odd).map_or(plain, |name| (*name).to_owned())
    }

    /// Changes members until no rival schema accepts the value. Open variants of a union accept each other's values unless a member
    /// prevents it.
    fn shake_off_rivals(&mut self, demand: &Demand<'c>, members: &mut Map<String, Value>) {
        for rival in demand.rivals.clone() {
            if !self.accepts(rival, &Value::Object(members.clone())) {
                continue;
            }
            let parts = self.contract.all_of_closure(rival);
            let named: Vec<(&String, SchemaId)> =
                parts.iter().flat_map(|part| &self.contract.schema(*part).object.properties).map(|(name, id)| (name, *id)).collect();
            let rejected = named.into_iter().find_map(|(name, id)| {
                let schemas = demand.member_schemas(name);
                let unknown_values = [json!(null), json!(""), json!(0), json!(true), json!([]), json!({})];
                let fits = |value: &Value| !self.accepts(id, value) && self.all_accept(&schemas, value);
                Some((name.clone(), unknown_values.into_iter().find(fits)?))
            });
            members.extend(rejected);
        }
    }

    /// Sets members so that the rules between them hold.
    fn keep_rules(&mut self, demand: &Demand<'c>, members: &mut Map<String, Value>) {
        let rules: Vec<&Rule> = demand.parts.iter().flat_map(|part| &part.rules).collect();
        for round in 0..RULE_ROUNDS_MAX {
            for rule in &rules {
                if !rule_holds(rule, members) || (round == 0 && self.random.one_in(4)) {
                    self.keep_rule(demand, rule, members);
                }
            }
        }
        // A member that cannot be repaired is removed, if it is optional.
        let needed = needed_names(demand);
        for rule in rules {
            let offset = rule.offset.as_ref().map(|(_, name)| name);
            let operands = [Some(&rule.left), Some(&rule.right), offset];
            if let Some(name) = operands.into_iter().flatten().find(|name| !needed.contains(*name)).filter(|_| !rule_holds(rule, members)) {
                members.remove(name);
            }
        }
    }

    fn keep_rule(&mut self, demand: &Demand<'c>, rule: &Rule, members: &mut Map<String, Value>) {
        let (Some(left), Some(bound)) = (number_of(members, &rule.left), rule_bound(rule, members)) else { return };
        let swaps = rule.offset.is_none() && !matches!(rule.comparison, Comparison::Equal | Comparison::NotEqual) && left != bound;
        if swaps && !rule_holds(rule, members) {
            let (schemas, others) = (demand.member_schemas(&rule.left), demand.member_schemas(&rule.right));
            if self.all_accept(&schemas, &bound.to_value()) && self.all_accept(&others, &left.to_value()) {
                members.insert(rule.left.clone(), bound.to_value());
                members.insert(rule.right.clone(), left.to_value());
                return;
            }
        }
        let one = Number::Signed(1);
        let target = match rule.comparison {
            Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual => bound,
            Comparison::Less => bound.minus(one),
            Comparison::Greater | Comparison::NotEqual => bound.plus(one),
        };
        if self.all_accept(&demand.member_schemas(&rule.left), &target.to_value()) {
            members.insert(rule.left.clone(), target.to_value());
        }
    }
}

/// The members that must be present: required members, tags, and all members that these require.
fn needed_names(demand: &Demand<'_>) -> BTreeSet<String> {
    let required = demand.parts.iter().flat_map(|part| &part.object.required).map(String::as_str);
    let chosen = demand.tags.iter().map(|(name, _)| *name).chain(demand.present.iter().copied());
    let names: BTreeSet<&str> = required.chain(chosen).collect();
    names.iter().flat_map(|name| with_dependents(demand, name)).collect()
}

/// A member, and all members that it requires.
fn with_dependents(demand: &Demand<'_>, name: &str) -> Vec<String> {
    let mut group = vec![name.to_owned()];
    let mut next = 0;
    while let Some(name) = group.get(next).cloned() {
        let rules = demand.parts.iter().flat_map(|part| &part.object.dependent_required);
        for need in rules.filter(|(member, _)| *member == name).flat_map(|(_, needs)| needs) {
            if !group.contains(need) {
                group.push(need.clone());
            }
        }
        next += 1;
    }
    group
}

/// The minimum and maximum number of members.
fn member_bounds(demand: &Demand<'_>) -> (usize, usize) {
    let least = demand.parts.iter().filter_map(|part| part.object.limits.min_properties).max().unwrap_or(0);
    let most = demand.parts.iter().filter_map(|part| part.object.limits.max_properties).min().unwrap_or(u64::MAX);
    (usize::try_from(least).unwrap_or(usize::MAX), usize::try_from(most).unwrap_or(usize::MAX))
}

pub(super) fn number_of(members: &Map<String, Value>, name: &str) -> Option<Number> {
    match members.get(name)? {
        Value::Number(number) => Some(Number::from(number)),
        _ => None,
    }
}

/// The value of the right side of a rule.
pub(super) fn rule_bound(rule: &Rule, members: &Map<String, Value>) -> Option<Number> {
    let right = number_of(members, &rule.right)?;
    match &rule.offset {
        None => Some(right),
        Some((Sign::Plus, name)) => Some(right.plus(number_of(members, name)?)),
        Some((Sign::Minus, name)) => Some(right.minus(number_of(members, name)?)),
    }
}

/// Whether a rule holds or does not apply.
pub(super) fn rule_holds(rule: &Rule, members: &Map<String, Value>) -> bool {
    match (number_of(members, &rule.left), rule_bound(rule, members)) {
        (Some(left), Some(bound)) => rule.comparison.accepted().contains(&left.compare(bound)),
        _ => true,
    }
}
