//! What every generated type can do, and the macros by which generated code names its members.
//!
//! A generated file declares its types plainly and then says, in one macro call a type, which member is called what in JSON. The
//! macros give reading, showing and serde; the checks are functions of `validators.rs`.

mod values;

use std::collections::BTreeMap;
use std::ops::Bound;

use super::json::{Json, MemberView, Object, Value};
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

/// Maps the fields of a structure to the members of a JSON object. Generated code implements this; the macro `record!` does the rest.
pub trait Fields: Sized {
    /// The names of the members that the contract declares.
    const NAMES: &'static [&'static str];

    /// Returns the member at `index` of [`NAMES`](Fields::NAMES), or one of the other members if `index` lies beyond them. `last` is the
    /// name of the member returned before.
    fn show<'a>(&'a self, index: usize, last: Option<&'a str>) -> MemberView<'a>;

    /// Builds the structure from the members of an object.
    fn build(members: &mut ObjectReader<'_, '_>) -> Option<Self>;
}

impl<'a> MemberView<'a> {
    /// A member that is always present.
    pub fn required(name: &'static str, value: &'a impl ToJson) -> Self {
        MemberView::Present(name, value.as_json())
    }

    /// A member that may be absent.
    pub fn optional(name: &'static str, value: &'a Option<impl ToJson>) -> Self {
        value.as_ref().map_or(MemberView::Absent, |value| MemberView::Present(name, value.as_json()))
    }

    /// The next of the members that the contract does not declare; `named` are the declared ones.
    pub fn other(members: &'a BTreeMap<String, impl ToJson>, last: Option<&'a str>, named: &[&str]) -> Self {
        next_entry(members, last.filter(|last| !named.contains(last)))
    }
}

/// The entry that follows the one named `last`.
fn next_entry<'a, T: ToJson>(map: &'a BTreeMap<String, T>, last: Option<&str>) -> MemberView<'a> {
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    let entry = map.range::<str, _>((from, Bound::Unbounded)).next();
    entry.map_or(MemberView::End, |(name, value)| MemberView::Present(name, value.as_json()))
}

/// How many members of an object are located in one pass; members beyond these are searched for by name.
const PLACES: usize = 32;

/// Reads the members of an object into the fields of a structure.
pub struct ObjectReader<'r, 'a> {
    object: Object<'a>,
    names: &'static [&'static str],
    /// For parsed text: where the first members are.
    places: [Place; PLACES],
    /// How many members have a name that is not in `names`.
    others: usize,
    at: At<'r>,
    out: &'r mut Checker,
}

impl<'r, 'a> ObjectReader<'r, 'a> {
    /// A reader of the members in `names`; [`others`](ObjectReader::others) returns the rest.
    pub fn new(object: Object<'a>, names: &'static [&'static str], at: At<'r>, out: &'r mut Checker) -> Self {
        let mut places = [Place::NONE; PLACES];
        let others = match object {
            Object::Tape(container) => container.place(names, &mut places),
            other => other.into_iter().filter(|(name, _)| !names.contains(name)).count(),
        };
        ObjectReader { object, names, places, others, at, out }
    }

    /// Reads a required member; `index` is its position among the names.
    #[inline]
    pub fn required<T: ReadJson>(&mut self, index: usize, name: &'static str) -> Option<T> {
        let value = self.find(index, name)?;
        T::read(value, self.at.member(name), self.out)
    }

    /// Reads an optional member; `index` is its position among the names.
    #[inline]
    pub fn optional<T: ReadJson>(&mut self, index: usize, name: &'static str) -> Option<Option<T>> {
        match self.find(index, name) {
            Some(value) => T::read(value, self.at.member(name), self.out).map(Some),
            None => Some(None),
        }
    }

    /// Reads the members that the contract does not declare.
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
    fn find(&self, index: usize, name: &str) -> Option<Json<'a>> {
        debug_assert_eq!(self.names.get(index), Some(&name), "the index of a member is that of its name");
        match (self.object, self.places.get(index)) {
            (Object::Tape(container), Some(place)) => container.at(*place),
            (other, _) => other.get(name),
        }
    }
}

// Items are not hygienic in these macros: they name everything by its full path, so that the types of a contract may have any name, and
// the file that uses them imports the runtime as `rt`.

/// Implements [`Schema`] and serde for a type whose validator is `$check`. Deserializing always validates.
#[allow(unused_macros)]
macro_rules! schema {
    ($type:ident, $name:literal, $check:path) => {
        impl rt::schema::Schema for $type {
            const NAME: &'static str = $name;

            fn check(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) {
                $check(value, at, out);
            }
        }

        impl ::serde::Serialize for $type {
            fn serialize<Out: ::serde::Serializer>(&self, serializer: Out) -> ::core::result::Result<Out::Ok, Out::Error> {
                ::serde::Serialize::serialize(&rt::schema::ToJson::as_json(self), serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<In: ::serde::Deserializer<'de>>(deserializer: In) -> ::core::result::Result<Self, In::Error> {
                let value = <rt::json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                <Self as rt::schema::Schema>::from_value(&value).map_err(::serde::de::Error::custom)
            }
        }
    };
}

/// Implements everything for a structure that implements [`Fields`].
#[allow(unused_macros)]
macro_rules! record {
    ($type:ident, $name:literal, $check:path) => {
        impl rt::json::Members for $type {
            fn member<'a>(&'a self, index: usize, last: ::core::option::Option<&'a str>) -> rt::json::MemberView<'a> {
                rt::schema::Fields::show(self, index, last)
            }
        }

        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::json::Json::Object(rt::json::Object::Typed(self))
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                match value {
                    rt::json::Json::Object(object) => {
                        let names = <Self as rt::schema::Fields>::NAMES;
                        rt::schema::Fields::build(&mut rt::schema::ObjectReader::new(object, names, at, out))
                    }
                    _ => rt::schema::mismatch(value, "an object", at, out),
                }
            }
        }

        rt::schema::schema!($type, $name, $check);
    };
}

/// Implements everything for a structure with one unnamed field.
#[allow(unused_macros)]
macro_rules! newtype {
    ($type:ident, $name:literal, $check:path, $inner:ty) => {
        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::schema::ToJson::as_json(&self.0)
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                <$inner as rt::schema::ReadJson>::read(value, at, out).map(Self)
            }
        }

        impl ::core::convert::From<$inner> for $type {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl ::core::ops::Deref for $type {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        rt::schema::schema!($type, $name, $check);
    };
}

/// Implements everything for an enum of strings that has `ALL` and `as_str`.
#[allow(unused_macros)]
macro_rules! texts {
    ($type:ident, $name:literal, $check:path) => {
        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::json::Json::String(self.as_str())
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                let text = value.as_str();
                let found = Self::ALL.iter().copied().find(|known| text == ::core::option::Option::Some(known.as_str()));
                found.or_else(|| rt::schema::mismatch(value, "one of a set of strings", at, out))
            }
        }

        impl ::core::fmt::Display for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        rt::schema::schema!($type, $name, $check);
    };
}

#[allow(unused_imports)]
pub(crate) use {newtype, record, schema, texts};
