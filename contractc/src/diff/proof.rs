//! Proves that every value accepted by one set of schemas is accepted by another, or names the keyword that may reject one.
//!
//! A proof is a list of duties: each requirement of the wider set, keyword by keyword, must follow from the narrower one. What cannot be
//! proven counts as a fault, so no change is missed; an error here causes a false alarm. Assumptions about recursive schemas are sound,
//! since each cycle leads to a smaller value.

use std::collections::HashSet;
use std::rc::Rc;

use super::bounds;
use super::forms::{AnnotationMode, Forms, Side, plain_text};
use super::parts::{Key, Model, Parts};
use crate::model::{Contract, KEYWORDS, Kind, SchemaId};
use crate::runtime::check::Types;

/// A reason for which a value may be rejected. The same reason in both directions is one change that breaks both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Types,
    Values,
    /// The index in [`KEYWORDS`].
    Keyword(usize),
    Depth,
    /// A schema that only one side has.
    Schema(&'static str),
    /// The member may be absent.
    Required(String),
    /// The member is forbidden.
    Member(String),
    /// Undeclared members are forbidden.
    Closed,
    Pattern(String),
    Rule(String),
    /// A variant of one side that the other side does not accept.
    Variant(Side, String),
    Union,
    Exclusive,
    Selected,
    /// A keyword that is only compared as a whole.
    Whole(&'static str),
}

/// Which values the narrower side may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// Only values whose members are declared.
    Declared,
    /// Any value, because schemas outside the comparison may declare more members.
    All,
}

type Pair = (Key, Key, Sent);

/// A part of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    Fails(Fault),
    /// The first set must accept no value that the second one rejects.
    Inner(Key, Key, Sent),
}

pub struct Prover<'c> {
    pub old: Model<'c>,
    pub new: Model<'c>,
    forms: Forms,
    /// The results so far, under the assumptions of the current proof.
    assumed: Vec<Pair>,
    known: HashSet<Pair>,
    refuted: HashSet<Pair>,
    pub sent: Sent,
    /// The number of pairs that the current proof may still visit.
    effort: usize,
}

const EFFORT_MAX: usize = 1_000;
const DEPTH_MAX: usize = 40;

impl<'c> Prover<'c> {
    pub fn new(old: &'c Contract, new: &'c Contract) -> Self {
        Prover {
            old: Model::new(old, Side::Old),
            new: Model::new(new, Side::New),
            forms: Forms::new(old, new, AnnotationMode::Ignored),
            assumed: Vec::new(),
            known: HashSet::new(),
            refuted: HashSet::new(),
            sent: Sent::Declared,
            effort: 0,
        }
    }

    pub fn model(&self, side: Side) -> &Model<'c> {
        if side == Side::Old { &self.old } else { &self.new }
    }

    pub fn parts(&self, key: &Key) -> Rc<Parts<'c>> {
        self.model(key.side).parts(key)
    }

    pub fn form(&self, side: Side, id: SchemaId) -> u32 {
        self.forms.of(self.model(side).contract, side, id)
    }

    /// Whether two schemas are the same, apart from keywords that do not constrain values.
    pub fn is_same(&self, side: Side, id: SchemaId, other_side: Side, other: SchemaId) -> bool {
        self.form(side, id) == self.form(other_side, other)
    }

    /// Starts a new proof.
    pub fn restart(&mut self, sent: Sent) {
        self.sent = sent;
        self.effort = EFFORT_MAX;
        self.assumed.clear();
    }

    /// Proves that `sub` accepts no value that `sup` rejects.
    pub fn proves(&mut self, sub: &Key, sup: &Key, sent: Sent) -> bool {
        self.restart(sent);
        self.holds(sub, sup, 0)
    }

    /// Proves that no value is accepted by both sets.
    pub fn proves_disjoint(&mut self, left: &Key, right: &Key) -> bool {
        self.restart(Sent::All);
        self.are_disjoint(left, right, 0)
    }

    /// Proves it for all values, whether they are sent or not.
    pub(super) fn holds_for_all(&mut self, sub: &Key, sup: &Key, depth: usize) -> bool {
        let sent = std::mem::replace(&mut self.sent, Sent::All);
        let holds = self.holds(sub, sup, depth);
        self.sent = sent;
        holds
    }

    pub(super) fn holds(&mut self, sub: &Key, sup: &Key, depth: usize) -> bool {
        let pair = (sub.clone(), sup.clone(), self.sent);
        if self.known.contains(&pair) {
            return true;
        }
        if self.refuted.contains(&pair) || depth > DEPTH_MAX || self.effort == 0 {
            return false;
        }
        self.effort -= 1;
        let assumed = self.assumed.len();
        self.known.insert(pair.clone());
        self.assumed.push(pair.clone());
        if self.follows(sub, sup, depth) {
            return true;
        }
        // Results that were derived from this pair are no longer proven.
        for rejected in self.assumed.drain(assumed..) {
            self.known.remove(&rejected);
        }
        if self.effort > 0 && depth == 0 {
            self.refuted.insert(pair);
        }
        false
    }

    fn follows(&mut self, sub: &Key, sup: &Key, depth: usize) -> bool {
        let (narrow, wide) = (self.parts(sub), self.parts(sup));
        if narrow.types() == Types(0) || self.covers(&narrow, &wide) {
            return true;
        }
        if narrow.accepts_null && !wide.accepts_null {
            return false;
        }
        if let Some(values) = self.model(sub.side).values(&narrow) {
            return values.iter().all(|value| wide.accepts(value));
        }
        let matched = self.matching(&narrow, &wide);
        let duties = self.duties(&narrow, &wide, &matched, depth);
        let all = duties.iter().all(|duty| match duty {
            Duty::Fails(_) => false,
            Duty::Inner(sub, sup, Sent::All) => self.holds_for_all(sub, sup, depth + 1),
            Duty::Inner(sub, sup, Sent::Declared) => self.holds(sub, sup, depth + 1),
        });
        all || self.every_variant_holds(&narrow, sup, depth) || (!wide.unions.is_empty() && self.every_type_holds(&narrow, sup, depth))
    }

    /// Whether each variant of a union of the narrower set is accepted.
    fn every_variant_holds(&mut self, narrow: &Parts<'c>, sup: &Key, depth: usize) -> bool {
        let Some(union) = narrow.unions.first() else { return false };
        let keys: Vec<Key> =
            union.variants.iter().map(|variant| self.model(narrow.key.side).with_variant(narrow, union, *variant)).collect();
        keys.iter().all(|key| self.holds(key, sup, depth + 1))
    }

    /// Whether the values of each type are accepted.
    fn every_type_holds(&mut self, narrow: &Parts<'c>, sup: &Key, depth: usize) -> bool {
        let types: Vec<Types> = (0..7).map(|bit| Types(1 << bit)).filter(|types| narrow.types().contains(*types)).collect();
        types.len() > 1 && types.into_iter().all(|types| self.holds(&narrow.key.of_type(types), sup, depth + 1))
    }

    /// Whether each part of the wider set is also one of the narrower set.
    fn covers(&self, narrow: &Parts<'c>, wide: &Parts<'c>) -> bool {
        let is_known = |(id, _): &(SchemaId, _)| self.is_known(narrow, wide, *id);
        (narrow.accepts_null <= wide.accepts_null) && wide.key.is_whole() && wide.parts.iter().all(is_known)
    }

    /// Whether a part of the set has this form. A union with a chosen variant is not a part.
    fn has_form(&self, parts: &Parts<'c>, form: u32) -> bool {
        parts.parts.iter().any(|(id, _)| self.form(parts.key.side, *id) == form)
    }

    /// Whether a part of the wider set is also one of the narrower set.
    pub(super) fn is_known(&self, narrow: &Parts<'c>, wide: &Parts<'c>, part: SchemaId) -> bool {
        self.has_form(narrow, self.form(wide.key.side, part))
    }

    /// The requirements of the wider set that the narrower one is not known to satisfy. Null is handled separately.
    pub(super) fn duties(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, matched: &[(usize, usize)], depth: usize) -> Vec<Duty> {
        let mut out = Vec::new();
        if narrow.types().0 & !wide.types_beside_unions().0 != 0 {
            out.push(Duty::Fails(Fault::Types));
        }
        self.values(narrow, wide, &mut out);
        for (index, keyword) in KEYWORDS.iter().enumerate() {
            let is_met = |argument| bounds::implies(narrow, keyword, argument);
            if narrow.may_be(types_of(keyword.kind())) && !wide.arguments(keyword).into_iter().all(is_met) {
                out.push(Duty::Fails(Fault::Keyword(index)));
            }
        }
        if wide.max_depth().is_some_and(|max| narrow.max_depth().is_none_or(|known| known > max)) {
            out.push(Duty::Fails(Fault::Depth));
        }
        if narrow.may_be(Types::ARRAY) {
            self.arrays(narrow, wide, &mut out, depth);
        }
        if narrow.may_be(Types::OBJECT) {
            self.objects(narrow, wide, &mut out, depth);
        }
        self.applicators(narrow, wide, &mut out, depth);
        self.unions(narrow, wide, matched, &mut out, depth);
        let mut distinct = Vec::with_capacity(out.len());
        out.into_iter().for_each(|duty| {
            if !distinct.contains(&duty) {
                distinct.push(duty)
            }
        });
        distinct
    }

    /// Compares lists of values. Short ones have been compared value by value.
    fn values(&self, narrow: &Parts<'c>, wide: &Parts<'c>, out: &mut Vec<Duty>) {
        let texts = |list: Vec<&serde_json::Value>| list.into_iter().map(plain_text).collect::<HashSet<_>>();
        let known: Vec<HashSet<String>> = narrow.listed().into_iter().map(texts).collect();
        let is_met = |wanted: HashSet<String>| known.iter().any(|known| known.is_subset(&wanted));
        if !wide.listed().into_iter().map(texts).all(is_met) {
            out.push(Duty::Fails(Fault::Values));
        }
    }

    /// `not`, and `if` with `then` and `else`.
    fn applicators(&mut self, narrow: &Parts<'c>, wide: &Parts<'c>, out: &mut Vec<Duty>, depth: usize) {
        for (id, part) in wide.parts.iter().filter(|(_, part)| part.not.is_some() || part.condition.is_some()) {
            if self.is_known(narrow, wide, *id) {
                continue;
            }
            if let Some(not) = part.not {
                let rejected = self.model(wide.key.side).key(&[not]);
                let known: Vec<SchemaId> = narrow.parts.iter().filter_map(|(_, part)| part.not).collect();
                let is_met = known.iter().any(|known| {
                    let known = self.model(narrow.key.side).key(&[*known]);
                    self.holds_for_all(&rejected, &known, depth + 1)
                });
                if !is_met && !self.are_disjoint(&narrow.key, &rejected, depth + 1) {
                    out.push(Duty::Fails(Fault::Whole("not")));
                }
            }
            if let Some(condition) = part.condition {
                let branches = [condition.then, condition.otherwise];
                let keys: Vec<Key> = branches.iter().flatten().map(|branch| self.model(wide.key.side).key(&[*branch])).collect();
                if !self.has_condition(narrow, wide, condition) && !keys.iter().all(|key| self.holds(&narrow.key, key, depth + 1)) {
                    out.push(Duty::Fails(Fault::Whole("if")));
                }
            }
        }
    }

    /// Whether a part of the narrower set has the same condition with the same branches.
    fn has_condition(&self, narrow: &Parts<'c>, wide: &Parts<'c>, wanted: crate::model::Condition) -> bool {
        let same = |left: SchemaId, right: SchemaId| self.is_same(narrow.key.side, left, wide.key.side, right);
        let branch = |left: Option<SchemaId>, right: Option<SchemaId>| match (left, right) {
            (_, None) => true,
            (Some(left), Some(right)) => same(left, right),
            (None, Some(_)) => false,
        };
        let known = narrow.parts.iter().filter_map(|(_, part)| part.condition);
        known.into_iter().any(|known| {
            same(known.condition, wanted.condition) && branch(known.then, wanted.then) && branch(known.otherwise, wanted.otherwise)
        })
    }

    /// Whether no value is accepted by both sets; `false` also if that is not known.
    pub(super) fn are_disjoint(&mut self, left: &Key, right: &Key, depth: usize) -> bool {
        if self.effort == 0 || depth > DEPTH_MAX {
            return false;
        }
        self.effort -= 1;
        let (one, other) = (self.parts(left), self.parts(right));
        let shared = super::parts::both(one.types(), other.types());
        if shared == Types(0) {
            return true;
        }
        for (first, second) in [(&one, &other), (&other, &one)] {
            if let Some(values) = self.model(first.key.side).values(first) {
                return values.iter().all(|value| !second.accepts(value));
            }
        }
        let numbers = Types::INTEGER.or(Types::NUMBER);
        if numbers.contains(shared) && bounds::are_apart(&one, &other) {
            return true;
        }
        if shared == Types::OBJECT && self.have_no_object(&one, &other, depth) {
            return true;
        }
        [(&one, right), (&other, left)].into_iter().any(|(parts, against)| {
            parts.unions.iter().any(|union| {
                let keys: Vec<Key> = union.variants.iter().map(|id| self.model(parts.key.side).key(&[*id])).collect();
                keys.iter().all(|key| self.are_disjoint(key, against, depth + 1))
            })
        })
    }

    /// Whether a member that either side requires has no value that both accept.
    fn have_no_object(&mut self, one: &Parts<'c>, other: &Parts<'c>, depth: usize) -> bool {
        let needed: Vec<&str> = one.required().into_iter().chain(other.required()).collect();
        needed.into_iter().any(|name| {
            let [left, right] = [one, other].map(|parts| self.model(parts.key.side).key(&parts.member(name).schemas));
            self.are_disjoint(&left, &right, depth + 1)
        })
    }
}

fn types_of(kind: Kind) -> Types {
    match kind {
        Kind::Number => Types::INTEGER.or(Types::NUMBER),
        Kind::Text => Types::STRING,
        Kind::Array => Types::ARRAY,
        Kind::Object => Types::OBJECT,
    }
}
