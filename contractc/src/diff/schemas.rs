//! Compares schemas: for each changed keyword, whether the new schema accepts more or fewer values.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::Change;
use super::view::{View, both};
use crate::model::{Argument, Contract, KEYWORDS, Meaning, Schema, SchemaId, version};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use crate::source::Span;

/// Which way a value is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Request,
    Response,
    Both,
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
    compared: BTreeSet<(SchemaId, SchemaId, Direction)>,
    /// The pairs in `compared` still to be processed. An explicit worklist, because chains of schemas may have any length.
    open: Vec<(SchemaId, SchemaId, Direction)>,
}

/// The location of two schemas under comparison.
#[derive(Clone, Copy)]
pub struct Place<'c> {
    pub pointer: &'c str,
    pub span: Span,
    pub direction: Direction,
}

impl<'c> Comparison<'c> {
    pub fn new(old: &'c Contract, new: &'c Contract) -> Self {
        Comparison { old, new, changes: Vec::new(), compared: BTreeSet::new(), open: Vec::new() }
    }

    /// The changes, without duplicates. A change that is breaking in one direction and safe in the other is breaking.
    pub fn finish(self) -> Vec<Change> {
        let mut kept: Vec<Change> = Vec::new();
        for change in self.changes {
            let same =
                |known: &&mut Change| known.span == change.span && known.message == change.message && known.is_gone == change.is_gone;
            match kept.iter_mut().find(same) {
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
            breaks_requests: narrows && at.direction != Direction::Response,
            breaks_responses: widens && at.direction != Direction::Request,
            pointer: at.pointer.to_owned(),
            span: at.span,
            is_gone: false,
            message: message.into(),
        });
    }

    /// Queues the named schemas that no operation has led to.
    pub fn named_schemas(&mut self) {
        // Views for one direction are compared through the operations that use them.
        let is_written = |contract: &Contract, id: SchemaId| contract.schema(id).view.is_none();
        for (name, old) in self.old.names.iter().filter(|(_, id)| is_written(self.old, *id)) {
            match self.new.named(name) {
                Some(new) => {
                    let (old, new) = (self.old.resolved(*old), self.new.resolved(new));
                    let is_used = self.compared.iter().any(|(seen, other, _)| (*seen, *other) == (old, new));
                    if !is_used {
                        self.schemas(old, new, Direction::Both);
                        self.drain();
                    }
                }
                None => self.gone(self.old.schema(*old), false, format!("the schema `{name}` is gone")),
            }
        }
        let new = self.new.names.iter().filter(|(_, id)| is_written(self.new, *id));
        for (name, new) in new.filter(|(name, _)| self.old.named(name).is_none()) {
            let schema = self.new.schema(*new);
            let at = Place { pointer: &schema.pointer, span: schema.span, direction: Direction::Both };
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
            if (&known.singleton, &known.natural_key) != (&collection.singleton, &collection.natural_key) {
                let at = Place { pointer: &self.new.schema(known.schema).pointer, span: known.span, direction: Direction::Both };
                self.note(
                    at,
                    Effect::Changes,
                    format!("the ids of shipped records of `{}` are derived from another member or key", known.path),
                );
            }
        }
        if self.old.namespace != self.new.namespace && !self.old.collections.is_empty() {
            let at = Place { pointer: "#/x-namespace", span: Span::default(), direction: Direction::Both };
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

    /// Queues two schemas for comparison, once per direction.
    pub fn schemas(&mut self, old: SchemaId, new: SchemaId, direction: Direction) {
        let pair = (self.old.resolved(old), self.new.resolved(new), direction);
        if self.compared.insert(pair) {
            self.open.push(pair);
        }
    }

    /// Compares all queued schemas, and all that they lead to.
    pub fn drain(&mut self) {
        while let Some((old, new, direction)) = self.open.pop() {
            self.pair(old, new, direction);
        }
    }

    fn pair(&mut self, old: SchemaId, new: SchemaId, direction: Direction) {
        let (before, after) = (View::new(self.old, old), View::new(self.new, new));
        let schema = self.new.schema(new);
        let at = Place { pointer: &schema.pointer, span: schema.span, direction };
        self.types(&before, &after, at);
        self.values(&before, &after, at);
        self.assertions(&before, &after, at);
        self.arrays(&before, &after, at);
        self.objects(&before, &after, at);
        self.variants(&before, &after, at);
        self.discriminators(&before, &after, at);
        self.defaults(&before, &after, at);
        if before.others() != after.others() {
            self.note(
                at,
                Effect::Changes,
                "keywords that are only compared as a whole changed (`not`, `if`, `contains`, `patternProperties` and the like)",
            );
        }
    }

    fn types(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        let all = Types(0x7f);
        // The variants of two unions are compared with each other.
        let counts_variants = before.is_union() != after.is_union();
        let whole = |view: &View<'_>| {
            let variants = view.variant_types().filter(|_| counts_variants);
            let types = if view.never() {
                Types(0)
            } else {
                view.types_of_values().or_else(|| view.types()).into_iter().chain(variants).reduce(both).unwrap_or(all)
            };
            let types = if types.contains(Types::NUMBER) { types.or(Types::INTEGER) } else { types };
            if view.accepts_null() { types.or(Types::NULL) } else { types }
        };
        let (old, new) = (whole(before), whole(after));
        if old != new {
            let effect = sets(old.0 & !new.0 != 0, new.0 & !old.0 != 0);
            let text = |types: Types| if types == all { "anything".to_owned() } else { types.to_string() };
            self.note(at, effect, format!("`type` changed from {} to {}", text(old), text(new)));
        }
    }

    fn values(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        let list = |values: &[serde_json::Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (before.values(), after.values()) {
            (Some(old), Some(new)) => {
                let lost: Vec<_> = old.iter().filter(|value| !new.contains(value)).cloned().collect();
                let gained: Vec<_> = new.iter().filter(|value| !old.contains(value)).cloned().collect();
                if !lost.is_empty() {
                    self.note(at, Effect::Narrows, format!("no longer accepts {}", list(&lost)));
                }
                if !gained.is_empty() {
                    self.note(at, Effect::Widens, format!("newly accepts {}", list(&gained)));
                }
            }
            (None, Some(new)) => self.note(at, Effect::Narrows, format!("now accepts only {}", list(&new))),
            (Some(old), None) => self.note(at, Effect::Widens, format!("now accepts more than {}", list(&old))),
            (None, None) => {}
        }
    }

    /// Compares the keywords that judge a value by one argument.
    fn assertions(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        for keyword in &KEYWORDS {
            let (old, new) = (before.arguments(keyword), after.arguments(keyword));
            match keyword.meaning {
                Meaning::Least { .. } => self.tightest(keyword.name, &old, &new, Ordering::Greater, at),
                Meaning::Most { .. } => self.tightest(keyword.name, &old, &new, Ordering::Less, at),
                Meaning::Multiple => self.multiple(keyword.name, &old, &new, at),
                Meaning::Other(_) => self.other(keyword.name, &old, &new, at),
            }
        }
        let tighter = |left: u64, right: u64| left < right;
        self.bound("x-max-depth", before.max_depth(), after.max_depth(), &tighter, at);
    }

    /// Compares bounds. If there are several, the tightest counts: the one that compares to all others like `tight`.
    fn tightest(&mut self, keyword: &str, old: &[Argument<'_>], new: &[Argument<'_>], tight: Ordering, at: Place<'_>) {
        let tighter = |left: Number, right: Number| left.compare(right) == tight;
        let tightest = |bounds: &[Argument<'_>]| {
            bounds.iter().filter_map(|bound| bound.number()).reduce(|left, right| if tighter(left, right) { left } else { right })
        };
        self.bound(keyword, tightest(old), tightest(new), &tighter, at);
    }

    fn multiple(&mut self, keyword: &str, old: &[Argument<'_>], new: &[Argument<'_>], at: Place<'_>) {
        let tighter = |left: Number, right: Number| left.is_multiple_of(right);
        let first = |steps: &[Argument<'_>]| steps.iter().find_map(|step| step.number());
        match (first(old), first(new)) {
            (Some(old), Some(new)) if old != new && !tighter(new, old) && !tighter(old, new) => {
                self.note(at, Effect::Changes, format!("`{keyword}` changed from {old} to {new}"));
            }
            (old, new) => self.bound(keyword, old, new, &tighter, at),
        }
    }

    /// Compares a keyword by its arguments alone: each added argument narrows the accepted values.
    fn other(&mut self, keyword: &str, old: &[Argument<'_>], new: &[Argument<'_>], at: Place<'_>) {
        let texts = |arguments: &[Argument<'_>]| -> BTreeSet<String> { arguments.iter().map(ToString::to_string).collect() };
        let (before, after) = (texts(old), texts(new));
        let effect = sets(after.difference(&before).next().is_some(), before.difference(&after).next().is_some());
        let is_flag = old.iter().chain(new).all(|argument| *argument == Argument::Set);
        if is_flag && effect != Effect::Nothing {
            self.note(at, effect, format!("`{keyword}` is {}", !new.is_empty()));
        } else if effect != Effect::Nothing {
            let list = |set: BTreeSet<String>| match set.is_empty() {
                true => "absent".to_owned(),
                false => set.into_iter().collect::<Vec<_>>().join(", "),
            };
            self.note(at, effect, format!("`{keyword}` changed from {} to {}", list(before), list(after)));
        }
    }

    fn bound<T: Copy + PartialEq + ToString>(
        &mut self,
        keyword: &str,
        old: Option<T>,
        new: Option<T>,
        tighter: &dyn Fn(T, T) -> bool,
        at: Place<'_>,
    ) {
        let text = |bound: Option<T>| bound.map_or("absent".to_owned(), |bound| bound.to_string());
        let effect = match (old, new) {
            (old, new) if old == new => return,
            (None, Some(_)) => Effect::Narrows,
            (Some(_), None) => Effect::Widens,
            (Some(old), Some(new)) if tighter(new, old) => Effect::Narrows,
            _ => Effect::Widens,
        };
        self.note(at, effect, format!("`{keyword}` changed from {} to {}", text(old), text(new)));
    }

    fn arrays(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        let (old, new) = (before.prefix_items(), after.prefix_items());
        if old.len() != new.len() {
            self.note(at, Effect::Changes, format!("`prefixItems` changed from {} schemas to {}", old.len(), new.len()));
        }
        old.iter().zip(new).for_each(|(old, new)| self.schemas(*old, *new, at.direction));
        self.part("items", before.items(), after.items(), at);
    }

    /// Compares an optional subschema.
    fn part(&mut self, keyword: &str, old: Option<SchemaId>, new: Option<SchemaId>, at: Place<'_>) {
        match (old, new) {
            (Some(old), Some(new)) => self.schemas(old, new, at.direction),
            (None, Some(_)) => self.note(at, Effect::Narrows, format!("`{keyword}` is new")),
            (Some(_), None) => self.note(at, Effect::Widens, format!("`{keyword}` is gone")),
            (None, None) => {}
        }
    }

    fn objects(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        let (old, new) = (before.properties(), after.properties());
        let find = |list: &[(&str, SchemaId)], name: &str| list.iter().find(|(known, _)| *known == name).map(|(_, id)| *id);
        for (name, id) in &old {
            match find(&new, name) {
                Some(other) => self.schemas(*id, other, at.direction),
                // An open object still accepts a member that it no longer declares.
                None => {
                    self.note(at, if after.is_closed() { Effect::Narrows } else { Effect::Nothing }, format!("the member `{name}` is gone"))
                }
            }
        }
        for (name, id) in new.iter().filter(|(name, _)| find(&old, name).is_none()) {
            // Old clients reject undeclared members only in closed objects, and the server does not send them what is newer than their contract.
            let effect = if before.is_closed() && !self.is_withheld(*id) { Effect::Widens } else { Effect::Nothing };
            self.note(at, effect, format!("the member `{name}` is new"));
        }
        let (needed, needs) = (before.required(), after.required());
        for name in needs.difference(&needed) {
            self.note(at, Effect::Narrows, format!("the member `{name}` is now required"));
        }
        for name in needed.difference(&needs) {
            self.note(at, Effect::Widens, format!("the member `{name}` is no longer required"));
        }
        match (before.is_closed(), after.is_closed()) {
            (false, true) => self.note(at, Effect::Narrows, "unknown members are now rejected"),
            (true, false) => self.note(at, Effect::Widens, "unknown members are now accepted"),
            (true, true) => {}
            (false, false) => self.part("additionalProperties", before.additional(), after.additional(), at),
        }
        let (old, new) = (before.rules(), after.rules());
        for rule in new.iter().filter(|rule| !old.iter().any(|known| known.text == rule.text)) {
            self.note(at, Effect::Narrows, format!("the rule `{}` is new", rule.text));
        }
        for rule in old.iter().filter(|rule| !new.iter().any(|known| known.text == rule.text)) {
            self.note(at, Effect::Widens, format!("the rule `{}` is gone", rule.text));
        }
    }

    /// Whether the server sends a member of the new contract only to clients of a later version than the old contract.
    fn is_withheld(&self, member: SchemaId) -> bool {
        let since = self.new.schema(member).annotations.since.as_deref().and_then(version);
        since.zip(version(&self.old.version)).is_some_and(|(since, old)| since > old)
    }

    /// Compares the members that alone decide between variants.
    fn discriminators(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        match (before.discriminator(), after.discriminator()) {
            (Some(old), Some(new)) if old != new => {
                self.note(at, Effect::Changes, format!("the variant is now selected by the member `{new}` instead of `{old}`"));
            }
            (None, Some(new)) if before.is_union() => {
                self.note(at, Effect::Narrows, format!("the member `{new}` now selects the variant"));
            }
            (Some(old), None) if after.is_union() => {
                self.note(at, Effect::Widens, format!("the member `{old}` no longer selects the variant"));
            }
            _ => {}
        }
    }

    /// Compares the values of absent members. They do not affect which values are accepted.
    fn defaults(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        let text = |view: &View<'_>| view.parts.iter().find_map(|part| part.annotations.default.as_ref()).map(ToString::to_string);
        let (old, new) = (text(before), text(after));
        if old != new {
            let shown = |text: Option<String>| text.unwrap_or_else(|| "absent".to_owned());
            self.note(at, Effect::Nothing, format!("`default` was {} and is {}", shown(old), shown(new)));
        }
    }

    fn variants(&mut self, before: &View<'_>, after: &View<'_>, at: Place<'_>) {
        let (old, mut new) = (before.variants(), after.variants());
        match (old.is_empty(), new.is_empty()) {
            (true, true) => return,
            (true, false) => return self.note(at, Effect::Narrows, "is now a union"),
            (false, true) => return self.note(at, Effect::Widens, "is no longer a union"),
            (false, false) => {}
        }
        match (before.is_exclusive(), after.is_exclusive()) {
            (false, true) => self.note(at, Effect::Narrows, "a value must be of exactly one variant now (`oneOf`)"),
            (true, false) => self.note(at, Effect::Widens, "a value may be of several variants now (`anyOf`)"),
            _ => {}
        }
        for (name, id) in old {
            match new.iter().position(|(known, _)| *known == name) {
                Some(index) => {
                    let (_, other) = new.remove(index);
                    self.schemas(id, other, at.direction);
                }
                None => self.note(at, Effect::Narrows, format!("the variant {name} is gone")),
            }
        }
        for (name, _) in new {
            self.note(at, Effect::Widens, format!("the variant {name} is new"));
        }
    }
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
