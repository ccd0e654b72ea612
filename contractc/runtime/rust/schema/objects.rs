//! Reads and views structures: how fields and members correspond.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::super::json::{self, Json, MemberView, MembersIter, Object};
#[cfg(not(target_family = "wasm"))]
use super::super::reader::Members;
use super::super::reader::Reader;
use super::super::report::{At, Checker};
#[cfg(not(target_family = "wasm"))]
use super::super::rule::Record;
use super::super::rule::Rule;
use super::super::tape::same_text;
use super::{ReadJson, Schema, ToJson, mismatch};

/// Maps the fields of a structure to the members of a JSON object. The macro `record!` implements this trait.
pub trait Fields: Sized {
    /// The names of the members that the contract declares.
    const NAMES: &'static [&'static str];

    /// Returns the member at `index` of [`NAMES`](Fields::NAMES), or one of the undeclared members if `index` is beyond them. `last` is the
    /// name of the member returned before.
    fn show<'a>(&'a self, index: usize, last: Option<&'a str>) -> MemberView<'a>;

    /// Builds the structure from the members of an object.
    fn build(members: &mut ObjectReader<'_, '_>) -> Option<Self>;
}

/// The names of members, each at its index.
pub const fn in_order<const N: usize>(members: [(usize, &'static str); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut next = 0;
    while next < N {
        names[members[next].0] = members[next].1;
        next += 1;
    }
    names
}

impl<T: Fields> json::Members for T {
    fn member<'a>(&'a self, index: usize, last: Option<&'a str>) -> MemberView<'a> {
        self.show(index, last)
    }
}

impl<'a> MemberView<'a> {
    /// A required member.
    pub fn required(name: &'static str, value: &'a impl ToJson) -> Self {
        MemberView::Present(name, value.as_json())
    }

    /// An optional member.
    pub fn optional(name: &'static str, value: &'a Option<impl ToJson>) -> Self {
        value.as_ref().map_or(MemberView::Absent, |value| MemberView::Present(name, value.as_json()))
    }

    /// The next undeclared member. `named` contains the declared names.
    pub fn other(members: &'a BTreeMap<String, impl ToJson>, last: Option<&'a str>, named: &[&str]) -> Self {
        next_entry(members, last.filter(|last| !named.contains(last)))
    }
}

/// The entry that follows the one named `last`.
pub(super) fn next_entry<'a, T: ToJson>(map: &'a BTreeMap<String, T>, last: Option<&str>) -> MemberView<'a> {
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    let entry = map.range::<str, _>((from, Bound::Unbounded)).next();
    entry.map_or(MemberView::End, |(name, value)| MemberView::Present(name, value.as_json()))
}

/// Reads the members of an object into the fields of a structure, in the order in which they come.
pub struct ObjectReader<'r, 'a>(Source<'r, 'a>);

/// Where the members come from.
enum Source<'r, 'a> {
    /// An object that has been checked.
    View {
        object: Object<'a>,
        members: MembersIter<'a>,
        names: &'static [&'static str],
        /// The index of the name that is expected next.
        expected: usize,
        current: Option<(&'a str, Json<'a>)>,
        has_others: bool,
        at: At<'r>,
        out: &'r mut Checker,
    },
    /// An object in text, whose members are checked while they are read.
    #[cfg(not(target_family = "wasm"))]
    Text { reader: &'r mut Reader<'a>, members: Members, rule: &'static Rule },
}

impl<'r, 'a> ObjectReader<'r, 'a> {
    /// A reader for the members in `names`. [`others`](ObjectReader::others) returns the remaining members.
    pub fn new(object: Object<'a>, names: &'static [&'static str], at: At<'r>, out: &'r mut Checker) -> Self {
        let members = object.into_iter();
        ObjectReader(Source::View { object, members, names, expected: 0, current: None, has_others: false, at, out })
    }

    #[cfg(not(target_family = "wasm"))]
    fn of_text(reader: &'r mut Reader<'a>, record: &'static Record) -> Self {
        ObjectReader(Source::Text { reader, members: Members::new(record), rule: &Rule::Any })
    }

    /// Goes to the next declared member. Returns its index in the names, or `Some(None)` after the last member.
    #[inline]
    pub fn advance(&mut self) -> Option<Option<usize>> {
        match &mut self.0 {
            Source::View { members, names, expected, current, has_others, .. } => {
                for (name, value) in members {
                    let index = match names.get(*expected) {
                        Some(next) if same_text(next, name) => Some(*expected),
                        _ => names.iter().position(|known| same_text(known, name)),
                    };
                    let Some(index) = index else {
                        *has_others = true;
                        continue;
                    };
                    *expected = index + 1;
                    *current = Some((name, value));
                    return Some(Some(index));
                }
                Some(None)
            }
            #[cfg(not(target_family = "wasm"))]
            Source::Text { reader, members, rule } => {
                let index = members.next(reader)?;
                if let Some(index) = index {
                    *rule = members.record.members[index].1;
                }
                Some(index)
            }
        }
    }

    /// Reads the current member.
    #[inline]
    pub fn read<T: ReadJson>(&mut self, slot: &mut Option<T>) -> Option<()> {
        let value = match &mut self.0 {
            Source::View { current, at, out, .. } => {
                let (name, value) = (*current)?;
                T::read(value, at.member(name), out)?
            }
            #[cfg(not(target_family = "wasm"))]
            Source::Text { reader, rule, .. } => T::read_text(reader, rule)?,
        };
        *slot = Some(value);
        Some(())
    }

    /// Skips the current member, which has no field.
    pub fn pass(&mut self) -> Option<()> {
        match &mut self.0 {
            Source::View { .. } => Some(()),
            #[cfg(not(target_family = "wasm"))]
            Source::Text { reader, rule, .. } => reader.accept(rule),
        }
    }

    /// Reads the undeclared members.
    pub fn others<T: ReadJson>(&mut self) -> Option<BTreeMap<String, T>> {
        let mut others = BTreeMap::new();
        // Objects in text that have such members get a tape.
        if let Source::View { object, names, has_others: true, at, out, .. } = &mut self.0 {
            for (name, value) in object.into_iter().filter(|(name, _)| !names.contains(name)) {
                others.insert(name.to_owned(), T::read(value, at.member(name), out)?);
            }
        }
        Some(others)
    }
}

/// Builds a structure from an object that has been checked.
pub fn read_object<T: Fields>(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<T> {
    match value {
        Json::Object(object) => T::build(&mut ObjectReader::new(object, T::NAMES, at, out)),
        _ => mismatch(value, "an object", at, out),
    }
}

/// Reads a structure from text.
pub fn read_record<T: Fields + Schema>(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<T> {
    #[cfg(not(target_family = "wasm"))]
    if let Rule::Record(record) = rule
        && std::ptr::eq(rule, T::RULE)
    {
        let start = reader.start();
        if let Some(built) = T::build(&mut ObjectReader::of_text(reader, record)) {
            if let Some(more) = record.more {
                more(Object::Typed(&built), At::ROOT, &mut reader.out);
            }
            return reader.out.passed().then_some(built);
        }
        reader.instead(start)?;
    }
    reader.value(rule, T::read)
}

/// The value of the discriminating member of a union, with the rule of the variant that it selects. `Some(None)` if the value needs a tape.
pub fn variant<'s, T: Schema>(reader: &mut Reader<'s>, rule: &'static Rule) -> Option<Option<(Json<'s>, &'static Rule)>> {
    match rule {
        Rule::Tagged(tagged) if std::ptr::eq(rule, T::RULE) => reader.variant(tagged).map(Some),
        _ => Some(None),
    }
}

/// Reads one of the strings of an enum from text. `value` is the value at an index of the strings.
pub fn read_listed<T: Schema>(reader: &mut Reader<'_>, rule: &'static Rule, value: impl FnOnce(usize, &str) -> Option<T>) -> Option<T> {
    match rule {
        // The search for the value is the check.
        Rule::Texts(_, texts) if std::ptr::eq(rule, T::RULE) => {
            let text = reader.text(&[])?;
            let index = texts.iter().position(|known| same_text(known, text))?;
            value(index, text)
        }
        rule => reader.value(rule, T::read),
    }
}

/// What holds a member until the whole object has been read: a field of an optional member is optional anyway.
#[allow(non_camel_case_types)]
pub mod slot {
    /// The slot of a field that is always there.
    pub type required<T> = Option<T>;
    /// The slot of an `Option`.
    pub type optional<T> = T;
}
