//! Compares schemas: for each change, whether the new schema accepts more or fewer values, and where.

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use super::forms::{AnnotationMode, Forms, Side};
use super::parts::{Key, Parts};
use super::proof::{Duty, Fault, Prover, Sent};
use crate::model::{Contract, Schema, SchemaId};
use crate::source::Span;

/// Which way a value is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direction {
    pub request: bool,
    pub response: bool,
}

/// What a change does to the set of accepted values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Narrows,
    Widens,
    /// Both of the above, or undecidable.
    Changes,
    Nothing,
}

pub struct Comparison<'c> {
    pub old: &'c Contract,
    pub new: &'c Contract,
    pub changes: Vec<Change>,
    pub prover: Prover<'c>,
    /// Also distinguishes annotations that a diff reports.
    annotated: Forms,
    /// The compared sets, with the directions for which they have been compared.
    compared: BTreeMap<(Key, Key, Sent), Direction>,
    /// The pairs in `compared` that are still to be processed. An explicit worklist, since chains of schemas may have any length.
    open: Vec<(Key, Key, Sent, Direction)>,
    /// The single schemas that have been compared.
    seen: BTreeSet<(SchemaId, SchemaId)>,
}

/// The location of two schemas under comparison.
#[derive(Clone, Copy)]
pub struct Place<'c> {
    pub pointer: &'c str,
    pub span: Span,
    pub direction: Direction,
}

/// The changes at one place: whether each narrows and whether it widens.
type Faults = BTreeMap<Fault, (bool, bool)>;

impl Direction {
    pub const REQUEST: Direction = Direction { request: true, response: false };
    pub const RESPONSE: Direction = Direction { request: false, response: true };
    pub const BOTH: Direction = Direction { request: true, response: true };

    fn or(self, other: Direction) -> Direction {
        Direction { request: self.request || other.request, response: self.response || other.response }
    }

    fn and(self, other: Direction) -> Direction {
        Direction { request: self.request && other.request, response: self.response && other.response }
    }
}

impl<'c> Comparison<'c> {
    pub fn new(old: &'c Contract, new: &'c Contract) -> Self {
        Comparison {
            old,
            new,
            changes: Vec::new(),
            prover: Prover::new(old, new),
            annotated: Forms::new(old, new, AnnotationMode::Compared),
            compared: BTreeMap::new(),
            open: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// The changes, without duplicates. A change that is breaking in one direction and safe in the other is breaking.
    pub fn finish(self) -> Vec<Change> {
        let mut kept: Vec<Change> = Vec::new();
        let mut known: BTreeMap<(bool, String, String), usize> = BTreeMap::new();
        for change in self.changes {
            let index = *known.entry((change.is_gone, change.pointer.clone(), change.message.clone())).or_insert(kept.len());
            match kept.get_mut(index) {
                Some(known) => {
                    known.breaks_requests |= change.breaks_requests;
                    known.breaks_responses |= change.breaks_responses;
                }
                None => kept.push(change),
            }
        }
        kept
    }

    pub fn note(&mut self, at: Place<'_>, effect: Effect, message: impl Into<String>) {
        let (narrows, widens) = (matches!(effect, Effect::Narrows | Effect::Changes), matches!(effect, Effect::Widens | Effect::Changes));
        self.changes.push(Change {
            breaks_requests: narrows && at.direction.request,
            breaks_responses: widens && at.direction.response,
            pointer: at.pointer.to_owned(),
            span: at.span,
            is_gone: false,
            message: message.into(),
        });
    }

    /// Queues the named schemas that no operation uses.
    pub fn named_schemas(&mut self) {
        // Views for one direction are compared through the operations that use them.
        let is_written = |contract: &Contract, id: SchemaId| contract.schema(id).view.is_none();
        let (before, after) = (self.old, self.new);
        for (name, old) in before.names.iter().filter(|(_, id)| is_written(before, *id)) {
            match after.named(name) {
                Some(new) => {
                    let (old, new) = (before.resolved(*old), after.resolved(new));
                    if !self.seen.contains(&(old, new)) {
                        self.schemas(old, new, Direction::BOTH);
                        self.drain();
                    }
                }
                None => self.gone(before.schema(*old), false, format!("the schema `{name}` is gone")),
            }
        }
        let new = after.names.iter().filter(|(_, id)| is_written(after, *id));
        for (name, new) in new.filter(|(name, _)| before.named(name).is_none()) {
            let schema = after.schema(*new);
            let at = Place { pointer: &schema.pointer, span: schema.span, direction: Direction::BOTH };
            self.note(at, Effect::Nothing, format!("the schema `{name}` is new"));
        }
    }

    pub fn collections(&mut self) {
        for collection in &self.old.collections {
            let known = self.new.collections.iter().find(|other| other.path == collection.path);
            let schema = self.old.schema(collection.schema);
            let Some(known) = known else {
                self.gone(schema, true, format!("the collection `{}` is gone", collection.path));
                continue;
            };
            let at = Place { pointer: &self.new.schema(known.schema).pointer, span: known.span, direction: Direction::BOTH };
            if (&known.singleton, &known.natural_key) != (&collection.singleton, &collection.natural_key) {
                let message = format!(
                    "the ids of shipped records of `{}` changed: they are derived from another `singleton` or `naturalKey`",
                    known.path
                );
                self.note(at, Effect::Changes, message);
            }
            let changed = [
                ("parents", known.parents != collection.parents),
                ("indexes", known.indexes != collection.indexes),
                ("since", known.since != collection.since),
            ];
            for (key, _) in changed.into_iter().filter(|(_, is_changed)| *is_changed) {
                self.note(at, Effect::Nothing, format!("`{key}` of the collection `{}` changed", known.path));
            }
        }
        for collection in &self.new.collections {
            if !self.old.collections.iter().any(|known| known.path == collection.path) {
                let pointer = &self.new.schema(collection.schema).pointer;
                let at = Place { pointer, span: collection.span, direction: Direction::BOTH };
                self.note(at, Effect::Nothing, format!("the collection `{}` is new", collection.path));
            }
        }
        if self.old.namespace != self.new.namespace && !self.old.collections.is_empty() {
            let at = Place { pointer: "#/x-namespace", span: Span::default(), direction: Direction::BOTH };
            self.note(at, Effect::Changes, "`x-namespace` changed");
        }
    }

    fn gone(&mut self, schema: &Schema, is_breaking: bool, message: String) {
        self.changes.push(Change {
            breaks_requests: is_breaking,
            breaks_responses: is_breaking,
            pointer: schema.pointer.clone(),
            span: schema.span,
            is_gone: true,
            message,
        });
    }

    /// Queues two schemas for comparison.
    pub fn schemas(&mut self, old: SchemaId, new: SchemaId, direction: Direction) {
        self.sets(self.prover.old.key(&[old]), self.prover.new.key(&[new]), Sent::Declared, direction);
    }

    /// Queues two schemas for comparison; a missing schema accepts every value.
    pub fn optional_schemas(&mut self, old: Option<SchemaId>, new: Option<SchemaId>, direction: Direction) {
        let key = |side: Side, id: Option<SchemaId>| self.prover.model(side).key(id.as_slice());
        if old.is_some() || new.is_some() {
            self.sets(key(Side::Old, old), key(Side::New, new), Sent::Declared, direction);
        }
    }

    /// Queues two sets of schemas for comparison, once per direction.
    fn sets(&mut self, old: Key, new: Key, sent: Sent, direction: Direction) {
        let pair = (old, new, sent);
        let known = self.compared.get(&pair).copied();
        let wanted = known.unwrap_or_default().or(direction);
        if known != Some(wanted) {
            self.compared.insert(pair.clone(), wanted);
            self.open.push((pair.0, pair.1, pair.2, wanted));
        }
    }

    /// Compares all queued schemas, and all that they lead to.
    pub fn drain(&mut self) {
        while let Some((old, new, sent, direction)) = self.open.pop() {
            if let (Some(old), Some(new)) = (old.single(), new.single()) {
                self.seen.insert((old, new));
                if self.annotated.of(self.old, Side::Old, old) == self.annotated.of(self.new, Side::New, new) {
                    continue;
                }
            }
            self.pair(&old, &new, sent, direction);
        }
    }

    fn pair(&mut self, old: &Key, new: &Key, sent: Sent, direction: Direction) {
        let (before, after) = (self.prover.parts(old), self.prover.parts(new));
        let (keeps, adds_none) = (self.prover.proves(old, new, sent), self.prover.proves(new, old, sent));
        let mut faults = Faults::new();
        let matched = self.prover.matching(&before, &after);
        let alone = (before.unions.len() > matched.len(), after.unions.len() > matched.len());
        let is_changed = !(keeps && adds_none);
        if is_changed && self.values(&before, &after, (keeps, adds_none), direction) {
            return self.say_notes(|fault| fault.is_some(), &before, &after, direction);
        }
        if is_changed && (alone.0 || alone.1) && self.one_union(&before, &after, &matched, direction, &mut faults) {
            faults.retain(|_, effect| !((effect.0 && keeps) || (effect.1 && adds_none)));
            return self.say(&faults, &before, &after, direction);
        }
        let swapped: Vec<(usize, usize)> = matched.iter().map(|(left, right)| (*right, *left)).collect();
        self.prover.restart(sent);
        let narrowing = self.prover.duties(&before, &after, &matched, 1);
        let widening = self.prover.duties(&after, &before, &swapped, 1);
        for (duties, is_proven, is_narrowing) in [(narrowing, keeps, true), (widening, adds_none, false)] {
            let way = if is_narrowing { Direction::REQUEST } else { Direction::RESPONSE };
            for duty in duties {
                match duty {
                    Duty::Fails(fault) if !is_proven => {
                        let effect = faults.entry(fault).or_default();
                        *effect = (effect.0 || is_narrowing, effect.1 || !is_narrowing);
                    }
                    Duty::Fails(_) => {}
                    Duty::Inner(sub, sup, sent) => {
                        let (old, new) = if is_narrowing { (sub, sup) } else { (sup, sub) };
                        let wanted = if is_proven { Direction::default() } else { direction.and(way) };
                        self.sets(old, new, sent, wanted);
                    }
                }
            }
        }
        self.say(&faults, &before, &after, direction);
        self.say_notes(|fault| fault.is_some_and(|fault| faults.contains_key(fault)), &before, &after, direction);
    }

    /// Reports changed values if at least one of the schemas lists its values. Returns whether the comparison is finished.
    fn values(&mut self, before: &Parts<'c>, after: &Parts<'c>, (keeps, adds_none): (bool, bool), direction: Direction) -> bool {
        let (old, new) = (self.prover.old.listed_values(before), self.prover.new.listed_values(after));
        let list = |values: &[serde_json::Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let at = self.place(before, after, direction);
        let lost: Vec<_> = old.iter().flatten().filter(|value| !after.accepts(value)).cloned().collect();
        let gained: Vec<_> = new.iter().flatten().filter(|value| !before.accepts(value)).cloned().collect();
        let mut found = Vec::new();
        match (&old, &new) {
            (Some(_), Some(_)) => {
                found.extend((!lost.is_empty()).then(|| (Effect::Narrows, format!("no longer accepts {}", list(&lost)))));
                found.extend((!gained.is_empty()).then(|| (Effect::Widens, format!("newly accepts {}", list(&gained)))));
            }
            (Some(old), None) => {
                found.extend((!lost.is_empty()).then(|| (Effect::Narrows, format!("no longer accepts {}", list(&lost)))));
                found.extend((!adds_none).then(|| (Effect::Widens, format!("now accepts more than {}", list(old)))));
            }
            (None, Some(new)) => {
                found.extend((!keeps).then(|| (Effect::Narrows, format!("now accepts only {}", list(new)))));
                found.extend((!gained.is_empty()).then(|| (Effect::Widens, format!("newly accepts {}", list(&gained)))));
            }
            (None, None) => return false,
        }
        for (effect, message) in found {
            self.note_at(&at, effect, message);
        }
        true
    }

    /// Compares a union with another schema, which counts as a union of one variant. Returns whether a variant is its counterpart.
    fn one_union(
        &mut self,
        before: &Parts<'c>,
        after: &Parts<'c>,
        matched: &[(usize, usize)],
        direction: Direction,
        faults: &mut Faults,
    ) -> bool {
        let is_new = after.unions.len() > matched.len();
        let (with, without) = if is_new { (after, before) } else { (before, after) };
        let is_alone = |index: &usize| !matched.iter().any(|(old, new)| *index == if is_new { *new } else { *old });
        let Some(union) = (0..with.unions.len()).find(is_alone).and_then(|index| with.unions.get(index)) else { return false };
        let model = self.prover.model(with.key.side);
        let keys: Vec<Key> = union.variants.iter().map(|variant| model.with_variant(with, union, *variant)).collect();
        let sent = self.prover.sent;
        let Some(counterpart) = self.prover.counterpart(without, union, &keys, is_new) else { return false };
        for (index, key) in keys.iter().enumerate().filter(|(index, _)| *index != counterpart) {
            if !self.prover.proves(key, &without.key, sent) {
                let name = self.prover.model(with.key.side).name_of(union.variants[index]);
                faults.insert(Fault::Variant(with.key.side, name), (!is_new, is_new));
            }
            if union.is_exclusive() && !self.prover.proves_disjoint(&without.key, key) {
                faults.insert(Fault::Exclusive, (is_new, !is_new));
            }
        }
        if before.accepts_null != after.accepts_null {
            faults.insert(Fault::Types, (before.accepts_null, after.accepts_null));
        }
        if union.is_selected() {
            faults.insert(Fault::Selected, (is_new, !is_new));
        }
        let key = keys[counterpart].clone();
        let (old, new) = if is_new { (without.key.clone(), key) } else { (key, without.key.clone()) };
        self.sets(old, new, sent, direction);
        true
    }

    /// The location of two sets: the first schema in the new document, or in the old document if the new one has none.
    fn place(&self, before: &Parts<'c>, after: &Parts<'c>, direction: Direction) -> Located<'c> {
        let (contract, root, is_gone) = match (after.key.roots.first(), before.key.roots.first()) {
            (Some(root), _) => (self.new, root, false),
            (None, Some(root)) => (self.old, root, true),
            (None, None) => return Located { pointer: "#", span: Span::default(), is_gone: false, direction },
        };
        let schema = contract.schema(*root);
        Located { pointer: &schema.pointer, span: schema.span, is_gone, direction }
    }

    fn note_at(&mut self, at: &Located<'_>, effect: Effect, message: String) {
        let Located { pointer, span, is_gone, direction } = *at;
        self.note(Place { pointer, span, direction }, effect, message);
        if let Some(change) = self.changes.last_mut() {
            change.is_gone = is_gone;
        }
    }

    /// Reports the faults at one location.
    fn say(&mut self, faults: &Faults, before: &Parts<'c>, after: &Parts<'c>, direction: Direction) {
        let at = self.place(before, after, direction);
        for (fault, effect) in faults {
            let message = super::words::message(fault, *effect, before, after);
            self.note_at(&at, sets(effect.0, effect.1), message);
        }
    }

    /// Reports changes that do not affect the accepted values, unless they have been reported already.
    fn say_notes(&mut self, is_said: impl Fn(Option<&Fault>) -> bool, before: &Parts<'c>, after: &Parts<'c>, direction: Direction) {
        let at = self.place(before, after, direction);
        for (message, fault) in super::words::notes(&self.prover, before, after) {
            if !is_said(fault.as_ref()) {
                self.note_at(&at, Effect::Nothing, message);
            }
        }
    }
}

/// The location of a change, in one of the documents.
struct Located<'c> {
    pointer: &'c str,
    span: Span,
    is_gone: bool,
    direction: Direction,
}

/// The effect of a change to a set that has lost or gained members.
fn sets(lost: bool, gained: bool) -> Effect {
    match (lost, gained) {
        (true, true) => Effect::Changes,
        (true, false) => Effect::Narrows,
        (false, true) => Effect::Widens,
        (false, false) => Effect::Nothing,
    }
}
