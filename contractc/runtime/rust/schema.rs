//! What every generated type can do, and the macros by which generated code names its members.
//!
//! A generated file declares its types plainly and then says, in one macro call a type, which member is called what in JSON. The
//! macros give reading, showing and serde; the checks are functions of `validators.rs`.

mod values;

use std::collections::BTreeMap;
use std::ops::Bound;

use super::json::{Json, Object, Shown, Value};
use super::report::{At, Checker, Report};
use super::tape::{Place, Tape};

/// Can be shown as JSON without being copied.
pub trait ToJson {
    /// The value as JSON.
    fn as_json(&self) -> Json<'_>;
}

/// Can be built from JSON that its validator has accepted.
pub trait ReadJson: Sized {
    /// Builds the value. A refusal is recorded in `out`; after a passed check that can only be an integer beyond 64 bits.
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self>;
}

/// A type of the contract: the one door in, and the way out.
pub trait Schema: ToJson + ReadJson {
    /// The schema's name in the contract.
    const NAME: &'static str;

    /// Checks any JSON against the schema.
    fn check(value: Json<'_>, at: At<'_>, out: &mut Checker);

    /// Parses and validates JSON text.
    ///
    /// # Errors
    /// All violations, each with its JSON pointer and keyword; `syntax` if the text is not JSON.
    fn from_json(bytes: &[u8]) -> Result<Self, Report> {
        Self::from_view(parse(bytes)?.root())
    }

    /// Validates a JSON value and builds the type.
    ///
    /// # Errors
    /// All violations.
    fn from_value(value: &Value) -> Result<Self, Report> {
        Self::from_view(value.into())
    }

    /// Validates JSON in any form and builds the type.
    ///
    /// # Errors
    /// All violations.
    #[inline]
    fn from_view(value: Json<'_>) -> Result<Self, Report> {
        let mut out = Checker::apart();
        Self::check(value, At::ROOT, &mut out);
        if out.passed()
            && let Some(built) = Self::read(value, At::ROOT, &mut out)
        {
            return Ok(built);
        }
        out.finish()?;
        Err(Report::new("type", "does not fit the generated type"))
    }

    /// Checks a value that was built in code. Allocates nothing if the value is valid.
    ///
    /// # Errors
    /// All violations.
    fn validate(&self) -> Result<(), Report> {
        validate_view(self.as_json(), Self::check)
    }

    /// The value as JSON text.
    fn to_json(&self) -> String {
        self.as_json().to_text()
    }
}

/// Parses JSON text.
///
/// # Errors
/// One `syntax` violation that names the byte.
pub fn parse(bytes: &[u8]) -> Result<Tape<'_>, Report> {
    Tape::parse(bytes).map_err(|error| Report::new("syntax", format!("is not JSON: {error}")))
}

/// Checks a value with a validator of the contract.
///
/// # Errors
/// All violations.
pub fn validate_view(value: Json<'_>, check: fn(Json<'_>, At<'_>, &mut Checker)) -> Result<(), Report> {
    let mut out = Checker::new();
    check(value, At::ROOT, &mut out);
    out.finish()
}

/// An item of an `x-each` array: valid on its own, or kept with the reasons why not.
pub type Each<T> = Result<T, Invalid>;

/// An item that its schema refuses: what is wrong, and the item itself, word for word.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// Pointers are relative to the item.
    pub report: Report,
    /// The item's JSON text as it came.
    pub raw: String,
    value: Value,
}

impl<T: Schema> ReadJson for Each<T> {
    fn read(value: Json<'_>, _: At<'_>, _: &mut Checker) -> Option<Self> {
        Some(match T::from_view(value) {
            Ok(item) => Ok(item),
            Err(report) => Err(Invalid { report, raw: value.to_text(), value: value.to_value() }),
        })
    }
}

impl<T: ToJson> ToJson for Each<T> {
    fn as_json(&self) -> Json<'_> {
        match self {
            Ok(item) => item.as_json(),
            Err(invalid) => (&invalid.value).into(),
        }
    }
}

/// Records that the typed form has no room for a value.
#[cold]
pub fn mismatch<T>(value: Json<'_>, wanted: &'static str, at: At<'_>, out: &mut Checker) -> Option<T> {
    out.violation(at, "type", || format!("is {}, which does not fit the generated type ({wanted})", value.type_name()));
    None
}

/// A structure: says which field is which member. Implemented by generated code; the macro `record!` does the rest.
pub trait Fields: Sized {
    /// All members that the contract names.
    const NAMES: &'static [&'static str];

    /// Shows the member at `index`, in the contract's order; behind the named ones come the others.
    fn show<'a>(&'a self, index: usize, last: Option<&'a str>) -> Shown<'a>;

    /// Builds the structure, taking its members in the order of their names.
    fn build(members: &mut Reading<'_, '_>) -> Option<Self>;
}

impl<'a> Shown<'a> {
    /// A member that is always there.
    pub fn required(name: &'static str, value: &'a impl ToJson) -> Self {
        Shown::Present(name, value.as_json())
    }

    /// A member that may be absent.
    pub fn optional(name: &'static str, value: &'a Option<impl ToJson>) -> Self {
        value.as_ref().map_or(Shown::Absent, |value| Shown::Present(name, value.as_json()))
    }

    /// One of the members that the contract does not name; `named` are those that it does.
    pub fn other(members: &'a BTreeMap<String, impl ToJson>, last: Option<&'a str>, named: &[&str]) -> Self {
        next_entry(members, last.filter(|last| !named.contains(last)))
    }
}

/// The entry behind the one called `last`.
fn next_entry<'a, T: ToJson>(map: &'a BTreeMap<String, T>, last: Option<&str>) -> Shown<'a> {
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    let entry = map.range::<str, _>((from, Bound::Unbounded)).next();
    entry.map_or(Shown::End, |(name, value)| Shown::Present(name, value.as_json()))
}

/// For how many members of a structure there is a place: the few behind them are looked for by name.
const PLACES: usize = 32;

/// Gives the members of a structure that is being read, in the order of their names.
pub struct Reading<'r, 'a> {
    object: Object<'a>,
    names: &'static [&'static str],
    /// How many names have been asked for.
    asked: usize,
    /// Of parsed text: where the first members are.
    places: [Place; PLACES],
    /// How many members none of the names means.
    others: usize,
    at: At<'r>,
    out: &'r mut Checker,
}

impl<'r, 'a> Reading<'r, 'a> {
    /// A reader of the members called `names`; whatever else is there, [`others`](Reading::others) gives.
    pub fn new(object: Object<'a>, names: &'static [&'static str], at: At<'r>, out: &'r mut Checker) -> Self {
        let mut places = [Place::NONE; PLACES];
        let others = match object {
            Object::Tape(container) => container.place(names, &mut places),
            other => other.into_iter().filter(|(name, _)| !names.contains(name)).count(),
        };
        Reading { object, names, asked: 0, places, others, at, out }
    }

    /// A member that must be there.
    #[inline]
    pub fn required<T: ReadJson>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        T::read(value, self.at.member(name), self.out)
    }

    /// A member that may be absent.
    #[inline]
    pub fn optional<T: ReadJson>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.take(name) {
            Some(value) => T::read(value, self.at.member(name), self.out).map(Some),
            None => Some(None),
        }
    }

    /// A member whose value the contract fixes.
    pub fn constant(&mut self, name: &'static str) {
        self.take(name);
    }

    /// The members that the contract does not name.
    pub fn others<T: ReadJson>(&mut self) -> Option<BTreeMap<String, T>> {
        let mut others = BTreeMap::new();
        if self.others > 0 {
            for (name, value) in self.object.into_iter().filter(|(name, _)| !self.names.contains(name)) {
                others.insert(name.to_owned(), T::read(value, self.at.member(name), self.out)?);
            }
        }
        Some(others)
    }

    #[inline]
    fn take(&mut self, name: &str) -> Option<Json<'a>> {
        let index = self.asked;
        self.asked += 1;
        debug_assert_eq!(self.names.get(index), Some(&name), "members are asked for in the order of their names");
        match (self.object, self.places.get(index)) {
            (Object::Tape(container), Some(place)) => container.at(*place),
            (other, _) => other.get(name),
        }
    }
}

// The macros name the runtime `rt`: the file that uses them has it under that name, and its own types can be called anything.

/// Implements everything for a type whose validator is `$check`. Deserializing validates: there is no way around the door.
#[allow(unused_macros)]
macro_rules! schema {
    ($type:ident, $name:literal, $check:path) => {
        impl rt::schema::Schema for $type {
            const NAME: &'static str = $name;

            fn check(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) {
                $check(value, at, out);
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&rt::schema::ToJson::as_json(self), serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <rt::json::Value as serde::Deserialize>::deserialize(deserializer)?;
                <$type as rt::schema::Schema>::from_value(&value).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A structure, by its [`Fields`].
#[allow(unused_macros)]
macro_rules! record {
    ($type:ident, $name:literal, $check:path) => {
        impl rt::json::Members for $type {
            fn member<'a>(&'a self, index: usize, last: Option<&'a str>) -> rt::json::Shown<'a> {
                rt::schema::Fields::show(self, index, last)
            }
        }

        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::json::Json::Object(rt::json::Object::Typed(self))
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> Option<Self> {
                match value {
                    rt::json::Json::Object(object) => {
                        let names = <Self as rt::schema::Fields>::NAMES;
                        rt::schema::Fields::build(&mut rt::schema::Reading::new(object, names, at, out))
                    }
                    _ => rt::schema::mismatch(value, "an object", at, out),
                }
            }
        }

        schema!($type, $name, $check);
    };
}

/// A named value: a type of its own around a plain one.
#[allow(unused_macros)]
macro_rules! newtype {
    ($type:ident, $name:literal, $check:path, $inner:ty) => {
        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::schema::ToJson::as_json(&self.0)
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> Option<Self> {
                <$inner as rt::schema::ReadJson>::read(value, at, out).map($type)
            }
        }

        impl From<$inner> for $type {
            fn from(value: $inner) -> Self {
                $type(value)
            }
        }

        impl std::ops::Deref for $type {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        schema!($type, $name, $check);
    };
}

/// A closed set of strings, by its `ALL` and `as_str`.
#[allow(unused_macros)]
macro_rules! texts {
    ($type:ident, $name:literal, $check:path) => {
        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::json::Json::String(self.as_str())
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> Option<Self> {
                let text = value.as_str();
                let found = $type::ALL.iter().copied().find(|known| Some(known.as_str()) == text);
                found.or_else(|| rt::schema::mismatch(value, "one of a set of strings", at, out))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        schema!($type, $name, $check);
    };
}

#[allow(unused_imports)]
pub(crate) use {newtype, record, schema, texts};
