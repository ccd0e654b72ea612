//! What schemas accept, as tables. [`Checker::check`] follows them on any view of JSON, and the [`reader`](super::reader) on text.
//!
//! A schema with keywords that no table holds is a function: [`Rule::Code`].

use super::check::Types;
use super::format::Format;
use super::json::{Array, Json, Object};
use super::number::Number;
use super::pattern::Pattern;
use super::report::{At, Checker};
use super::tape::{Container, same_text};

/// What a schema accepts.
pub enum Rule {
    /// Everything.
    Any,
    /// Every value of these types.
    Types(Types),
    /// A string.
    Text(&'static [TextRule]),
    /// An integer.
    Integer(&'static [Bound]),
    /// A number.
    Number(&'static [Bound]),
    /// One of these strings. The types are those of the keyword `type`.
    Texts(Types, &'static [&'static str]),
    /// This string. The types are those of the keyword `type`.
    ConstantText(Types, &'static str),
    /// The value with this JSON text. The types are those of the keyword `type`.
    Constant(Types, &'static str),
    /// An array.
    List(&'static List),
    /// An object.
    Record(&'static Record),
    /// One of several variants.
    Tagged(&'static Tagged),
    /// `null`, or what the rule accepts. The keyword `type` lists both types.
    OrNull(&'static Rule),
    /// `null`, or what the rule accepts: `nullable`.
    Nullable(&'static Rule),
    /// What a function accepts.
    Code(fn(Json<'_>, At<'_>, &mut Checker)),
    /// The rule of a contract that is loaded at run time.
    Loaded(&'static dyn LoadedRule),
}

/// Validates values by a contract that is loaded at run time.
pub trait LoadedRule: Sync {
    /// Records the violations of a value in `out`.
    fn check(&self, value: Json<'_>, at: At<'_>, out: &mut Checker);
}

/// A keyword for strings.
pub enum TextRule {
    /// `minLength`
    Min(u64),
    /// `maxLength`
    Max(u64),
    /// `format`
    Format(Format),
    /// `pattern`
    Pattern(&'static Pattern),
}

/// A keyword for numbers.
pub enum Bound {
    /// `minimum`
    Min(Number),
    /// `maximum`
    Max(Number),
    /// `exclusiveMinimum`
    Above(Number),
    /// `exclusiveMaximum`
    Below(Number),
    /// `multipleOf`
    Multiple(Number),
}

/// The keywords of an array.
pub struct List {
    /// `items`
    pub items: &'static Rule,
    /// `minItems`
    pub min: u64,
    /// `maxItems`
    pub max: u64,
    /// `uniqueItems`
    pub unique: bool,
    /// `x-each`
    pub each: bool,
}

/// The keywords of an object.
pub struct Record {
    /// The declared members. Those of the generated structure come first, in the order in which it is written.
    pub members: &'static [(&'static str, &'static Rule)],
    /// How many of the members are required: the first ones.
    pub required: usize,
    /// The rule of undeclared members; `None` if they are not allowed.
    pub others: Option<&'static Rule>,
    /// The keywords that look at several members at once.
    pub more: Option<fn(Object<'_>, At<'_>, &mut Checker)>,
}

/// The order of members in the objects read so far: the objects of a text usually have their members in the same order.
pub(super) struct Order([u8; Order::PLACES]);

impl Order {
    /// Members may share an entry, because a wrong guess costs only time.
    const PLACES: usize = 256;

    pub(super) fn new() -> Self {
        Order([0; Order::PLACES])
    }

    /// The index of the member that is likely to follow. `before` is one more than the index of the member before it, or 0 at the start.
    #[inline]
    pub(super) fn expected(&self, record: &'static Record, before: usize) -> usize {
        usize::from(self.0[Order::place(record, before)]).checked_sub(1).unwrap_or(before)
    }

    /// Remembers which member followed.
    #[inline]
    pub(super) fn learn(&mut self, record: &'static Record, before: usize, index: usize) {
        // A member beyond the 255th is not remembered.
        self.0[Order::place(record, before)] = u8::try_from(index + 1).unwrap_or(0);
    }

    #[inline]
    fn place(record: &'static Record, before: usize) -> usize {
        ((std::ptr::from_ref(record) as usize >> 3) + before) % Order::PLACES
    }
}

/// `oneOf` with a discriminating member.
pub struct Tagged {
    /// The member.
    pub member: &'static str,
    /// The variants, with the values of the member that select them.
    pub variants: &'static [(&'static [Tag], &'static Rule)],
}

/// A value of the discriminating member.
pub enum Tag {
    /// `true` or `false`
    Bool(bool),
    /// A string.
    Text(&'static str),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").finish_non_exhaustive()
    }
}

impl Record {
    /// The index of the member `name`. Members are usually in the order of the record, so the search begins at `expected`.
    #[inline]
    pub(super) fn find(&self, name: &str, expected: usize) -> Option<usize> {
        let is_called = |(known, _): &(&str, _)| same_text(known, name);
        match self.members.get(expected) {
            Some(member) if is_called(member) => Some(expected),
            _ => self.members.iter().position(is_called),
        }
    }
}

impl Tagged {
    /// The rule of the variant that this value of the member selects.
    pub(super) fn variant(&self, tag: Json<'_>) -> Option<&'static Rule> {
        let selects = |known: &Tag| match (known, tag) {
            (Tag::Bool(known), Json::Bool(tag)) => *known == tag,
            (Tag::Text(known), Json::String(tag)) => same_text(known, tag),
            _ => false,
        };
        self.variants.iter().find(|(tags, _)| tags.iter().any(selects)).map(|(_, rule)| *rule)
    }
}

impl Checker {
    /// Checks a value against a rule.
    #[inline]
    pub fn check(&mut self, value: Json<'_>, rule: &'static Rule, at: At<'_>) {
        match value {
            Json::Object(Object::Tape(parsed)) | Json::Array(Array::Tape(parsed)) if !self.collecting => {
                self.check_parsed(parsed, rule, at)
            }
            _ => self.check_or(value, rule, Types(0), at),
        }
    }

    /// Checks parsed text. Most text is valid, so violations are collected in a second pass.
    fn check_parsed(&mut self, parsed: Container<'_>, rule: &'static Rule, at: At<'_>) {
        if self.accepts(|out| out.failed = !parsed.accepts(rule, out)) {
            return;
        }
        if self.probing {
            self.failed = true;
            return;
        }
        self.collecting = true;
        self.check_or(parsed.into(), rule, Types(0), at);
        self.collecting = false;
    }

    /// Checks a value against a rule, or lets it pass if it is of one of the types in `also`.
    pub(super) fn check_or(&mut self, value: Json<'_>, rule: &'static Rule, also: Types, at: At<'_>) {
        match rule {
            Rule::Any => {}
            Rule::Types(types) => self.types(value, *types, at),
            Rule::Text(rules) => match value {
                Json::String(text) => self.text(text, rules, at),
                other => self.types(other, Types::STRING.or(also), at),
            },
            Rule::Integer(bounds) => self.number_in(value, Types::INTEGER.or(also), bounds, at),
            Rule::Number(bounds) => self.number_in(value, Types::NUMBER.or(also), bounds, at),
            Rule::Texts(types, texts) => {
                self.types(value, *types, at);
                self.one_of_texts(value, texts, at);
            }
            Rule::ConstantText(types, text) => {
                self.types(value, *types, at);
                self.constant_text(value, text, at);
            }
            Rule::Constant(types, text) => {
                self.types(value, *types, at);
                self.constant(value, text, at);
            }
            Rule::List(list) => match value {
                Json::Array(array) => self.list(array, list, at),
                other => self.types(other, Types::ARRAY.or(also), at),
            },
            Rule::Record(record) => match value {
                Json::Object(object) => self.record(object, record, at),
                other => self.types(other, Types::OBJECT.or(also), at),
            },
            Rule::Tagged(tagged) => match value.get(tagged.member).and_then(|tag| tagged.variant(tag)) {
                Some(rule) => self.check(value, rule, at),
                None => self.no_variant(value, tagged.member, at),
            },
            Rule::OrNull(rule) => self.check_or(value, rule, Types::NULL, at),
            Rule::Nullable(rule) if !matches!(value, Json::Null) => self.check(value, rule, at),
            Rule::Nullable(_) => {}
            Rule::Code(check) => self.once(std::ptr::from_ref(rule).addr(), value, |value, out| check(value, at, out)),
            Rule::Loaded(rule) => rule.check(value, at, self),
        }
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str, rules: &[TextRule], at: At<'_>) {
        for rule in rules {
            match rule {
                TextRule::Min(min) => self.min_length(text, *min, at),
                TextRule::Max(max) => self.max_length(text, *max, at),
                TextRule::Format(format) => self.format(text, *format, at),
                TextRule::Pattern(pattern) => self.pattern(text, pattern, at),
            }
        }
    }

    #[inline]
    pub(super) fn number_in(&mut self, value: Json<'_>, types: Types, bounds: &[Bound], at: At<'_>) {
        self.types(value, types, at);
        let Json::Number(number) = value else { return };
        for bound in bounds {
            match bound {
                Bound::Min(min) => self.minimum(number, *min, at),
                Bound::Max(max) => self.maximum(number, *max, at),
                Bound::Above(min) => self.exclusive_minimum(number, *min, at),
                Bound::Below(max) => self.exclusive_maximum(number, *max, at),
                Bound::Multiple(step) => self.multiple_of(number, *step, at),
            }
        }
    }

    fn list(&mut self, array: Array<'_>, list: &List, at: At<'_>) {
        self.min_items(array, list.min, at);
        self.max_items(array, list.max, at);
        if list.unique {
            self.unique_items(array, at);
        }
        for (index, value) in if list.each { self.each(array) } else { array } {
            self.check(value, list.items, at.item(index));
        }
    }

    fn record(&mut self, object: Object<'_>, record: &Record, at: At<'_>) {
        let (mut required, mut expected) = (0, 0);
        let mut members = object.into_iter();
        loop {
            // Members are usually in the order of the record. Then one comparison replaces a search.
            let next = record.members.get(expected).and_then(|(name, _)| members.next_called(name));
            let (index, name, value) = match next {
                Some(value) => (Some(expected), record.members[expected].0, value),
                None => match members.next() {
                    Some((name, value)) => (record.find(name, expected + 1), name, value),
                    None => break,
                },
            };
            let at = at.member(name);
            match (index, record.others) {
                (Some(index), _) => {
                    expected = index + 1;
                    required += usize::from(index < record.required);
                    self.check(value, record.members[index].1, at);
                }
                (None, Some(rule)) => self.check(value, rule, at),
                (None, None) => self.unknown_member(at),
            }
        }
        // Names are unique, so the count shows whether all are present.
        if required < record.required {
            self.missing(object, record.members[..record.required].iter().map(|(name, _)| *name), at);
        }
        if let Some(more) = record.more {
            self.more(object, record, more, at);
        }
    }

    /// The keywords that look at several members at once.
    #[inline]
    pub(super) fn more(&mut self, object: Object<'_>, record: &Record, more: fn(Object<'_>, At<'_>, &mut Checker), at: At<'_>) {
        self.once(std::ptr::from_ref(record).addr(), Json::Object(object), |value, out| {
            if let Json::Object(object) = value {
                more(object, at, out);
            }
        });
    }
}
