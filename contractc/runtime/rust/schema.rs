//! The traits of generated types. The macros of `declare.rs` implement them; the checks are functions of `validators.rs`.

mod foreign;
mod values;

use std::collections::BTreeMap;
use std::ops::Bound;

use super::json::{Json, MemberView, Object, Value};
use super::report::{At, Checker, Report};
use super::tape::{Place, Tape};
pub use foreign::Foreign;

/// A type that can be viewed as JSON without copying.
pub trait ToJson {
    /// The value as JSON.
    fn as_json(&self) -> Json<'_>;
}

/// A type that can be built from JSON that its validator has accepted.
pub trait ReadJson: Sized {
    /// Builds the value. An error is recorded in `out`. After a successful check, the only possible error is an integer beyond 64 bits.
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self>;
}

/// A type of the contract, with the functions that convert it from and to JSON.
pub trait Schema: ToJson + ReadJson {
    /// The schema's name in the contract.
    const NAME: &'static str;

    /// Checks any JSON against the schema.
    fn check(value: Json<'_>, at: At<'_>, out: &mut Checker);

    /// Parses and validates JSON text.
    ///
    /// # Errors
    /// Returns all violations, each with its JSON pointer and keyword; `syntax` if the text is not JSON.
    fn from_json(bytes: &[u8]) -> Result<Self, Report> {
        Self::from_view(parse(bytes)?.root())
    }

    /// Validates a JSON value and builds the type.
    ///
    /// # Errors
    /// Returns all violations.
    fn from_value(value: &Value) -> Result<Self, Report> {
        Self::from_view(value.into())
    }

    /// Validates JSON from any source and builds the type.
    ///
    /// # Errors
    /// Returns all violations.
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

    /// Validates a value that was built in code. Allocates nothing if the value is valid.
    ///
    /// # Errors
    /// Returns all violations.
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
/// Returns one `syntax` violation with the byte offset.
pub fn parse(bytes: &[u8]) -> Result<Tape<'_>, Report> {
    Tape::parse(bytes).map_err(|error| Report::new("syntax", format!("is not JSON: {error}")))
}

/// Validates a value with a validator of the contract.
///
/// # Errors
/// Returns all violations.
pub fn validate_view(value: Json<'_>, check: fn(Json<'_>, At<'_>, &mut Checker)) -> Result<(), Report> {
    let mut out = Checker::new();
    check(value, At::ROOT, &mut out);
    out.finish()
}

/// An item of an `x-each` array: the valid value, or the rejected item with its violations.
pub type Each<T> = Result<T, Invalid>;

/// An item that its schema rejects: the violations, and the original JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// The violations. Their pointers are relative to the item.
    pub report: Report,
    /// The original JSON text of the item.
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

/// Records that the Rust type cannot represent a value.
#[cold]
pub fn mismatch<T>(value: Json<'_>, wanted: &'static str, at: At<'_>, out: &mut Checker) -> Option<T> {
    out.violation(at, "type", || format!("is {}, which does not fit the generated type ({wanted})", value.type_name()));
    None
}

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
fn next_entry<'a, T: ToJson>(map: &'a BTreeMap<String, T>, last: Option<&str>) -> MemberView<'a> {
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    let entry = map.range::<str, _>((from, Bound::Unbounded)).next();
    entry.map_or(MemberView::End, |(name, value)| MemberView::Present(name, value.as_json()))
}

/// How many members of an object are located in one pass. Further members are searched for by name.
const PLACES: usize = 32;

/// Reads the members of an object into the fields of a structure.
pub struct ObjectReader<'r, 'a> {
    object: Object<'a>,
    names: &'static [&'static str],
    /// For parsed text: the places of the first members.
    places: [Place; PLACES],
    /// The number of members whose name is not in `names`.
    others: usize,
    at: At<'r>,
    out: &'r mut Checker,
}

impl<'r, 'a> ObjectReader<'r, 'a> {
    /// A reader for the members in `names`. [`others`](ObjectReader::others) returns the remaining members.
    pub fn new(object: Object<'a>, names: &'static [&'static str], at: At<'r>, out: &'r mut Checker) -> Self {
        let mut places = [Place::NONE; PLACES];
        let others = match object {
            Object::Tape(container) => container.place(names, &mut places),
            other => other.into_iter().filter(|(name, _)| !names.contains(name)).count(),
        };
        ObjectReader { object, names, places, others, at, out }
    }

    /// Reads a required member. `index` is its position in the names.
    #[inline]
    pub fn required<T: ReadJson>(&mut self, index: usize, name: &'static str) -> Option<T> {
        let value = self.find(index, name)?;
        T::read(value, self.at.member(name), self.out)
    }

    /// Reads an optional member. `index` is its position in the names.
    #[inline]
    pub fn optional<T: ReadJson>(&mut self, index: usize, name: &'static str) -> Option<Option<T>> {
        match self.find(index, name) {
            Some(value) => T::read(value, self.at.member(name), self.out).map(Some),
            None => Some(None),
        }
    }

    /// Reads the undeclared members.
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
            (Object::Tape(container), Some(place)) => container.at(*place).map(Json::from),
            (other, _) => other.get(name),
        }
    }
}
