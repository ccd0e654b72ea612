//! The traits of generated types. The macros of `declare.rs` implement them; what they accept is in the tables of `validators.rs`.

mod deep;
mod foreign;
mod objects;
mod values;

use super::json::{Json, Value};
use super::reader::{self, Reader};
use super::report::{At, Checker, Report};
use super::rule::Rule;
use super::tape::Tape;
pub use deep::Deep;
pub use foreign::Foreign;
pub use objects::{Fields, ObjectReader, in_order, read_listed, read_object, read_record, slot, variant};

/// Whether text is read in one pass where possible. A second reader in addition to the tape would be too large for a browser's worker.
const IN_ONE_PASS: bool = cfg!(not(target_family = "wasm"));

/// A type that can be viewed as JSON without copying.
pub trait ToJson {
    /// The value as JSON.
    fn as_json(&self) -> Json<'_>;
}

/// A type that can be built from JSON that its validator has accepted.
pub trait ReadJson: Sized {
    /// Builds the value. An error is recorded in `out`. After a successful check, the only possible error is an integer beyond 64 bits.
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self>;

    /// Checks the value at the current position of a text against `rule` and builds it. `None` if the rule rejects it, or if the whole text
    /// has to be parsed into a tape.
    #[inline]
    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        reader.value(rule, Self::read)
    }
}

/// A type of the contract, with the functions that convert it from and to JSON.
pub trait Schema: ToJson + ReadJson {
    /// The schema's name in the contract.
    const NAME: &'static str;
    /// What the schema accepts.
    const RULE: &'static Rule;

    /// Checks any JSON against the schema.
    fn check(value: Json<'_>, at: At<'_>, out: &mut Checker) {
        out.check(value, Self::RULE, at);
    }

    /// Parses and validates JSON text.
    ///
    /// # Errors
    /// Returns all violations, each with its JSON pointer and keyword; `syntax` if the text is not JSON.
    fn from_json(bytes: &[u8]) -> Result<Self, Report> {
        if IN_ONE_PASS && let Some(value) = reader::whole(bytes, Checker::apart(), |reader| Self::read_text(reader, Self::RULE)) {
            return Ok(value);
        }
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
        Err(Report::new("type", "cannot be held by the generated type"))
    }

    /// Validates a value that was built in code. Allocates nothing if the value is valid.
    ///
    /// # Errors
    /// Returns all violations.
    fn validate(&self) -> Result<(), Report> {
        validate_view(self.as_json(), Self::RULE)
    }

    /// The value as JSON text.
    fn to_json(&self) -> String {
        self.as_json().to_text()
    }
}

/// Serializes a value of the contract.
///
/// # Errors
/// Returns the serializer's.
pub fn serialize<Out: serde::Serializer>(value: &impl ToJson, serializer: Out) -> Result<Out::Ok, Out::Error> {
    serde::Serialize::serialize(&value.as_json(), serializer)
}

/// Deserializes any value, and validates it.
///
/// # Errors
/// Returns the deserializer's, or all violations in one.
pub fn deserialize<'de, T: Schema, In: serde::Deserializer<'de>>(deserializer: In) -> Result<T, In::Error> {
    let value: Value = serde::Deserialize::deserialize(deserializer)?;
    T::from_value(&value).map_err(serde::de::Error::custom)
}

/// Parses JSON text.
///
/// # Errors
/// Returns one `syntax` violation with the byte offset.
pub fn parse(bytes: &[u8]) -> Result<Tape<'_>, Report> {
    Tape::parse(bytes).map_err(|error| Report::new("syntax", format!("is not JSON: {error}")))
}

/// Parses JSON text and validates it against a rule of the contract.
///
/// # Errors
/// Returns all violations; `syntax` if the text is not JSON.
pub fn validate_text(bytes: &[u8], rule: &'static Rule) -> Result<(), Report> {
    if IN_ONE_PASS && reader::accepts(bytes, rule) {
        return Ok(());
    }
    validate_view(parse(bytes)?.root(), rule)
}

/// A check for a value: a rule of the contract, or a function that records violations, such as those of `validators.rs`.
pub trait Validator {
    /// Records the violations of a value in `out`.
    fn check(self, value: Json<'_>, at: At<'_>, out: &mut Checker);
}

impl Validator for &'static Rule {
    fn check(self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        out.check(value, self, at);
    }
}

impl<F: FnOnce(Json<'_>, At<'_>, &mut Checker)> Validator for F {
    fn check(self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        self(value, at, out);
    }
}

/// Validates a value with a rule of the contract or with a function.
///
/// # Errors
/// Returns all violations.
pub fn validate_view(value: Json<'_>, validator: impl Validator) -> Result<(), Report> {
    let mut out = Checker::new();
    validator.check(value, At::ROOT, &mut out);
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

    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        let start = reader.start();
        if let Some(item) = T::read_text(reader, rule) {
            return Some(Ok(item));
        }
        reader.return_to(start);
        reader.value(&Rule::Any, Self::read)
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
    out.violation(at, "type", || format!("is {}, which the generated type ({wanted}) cannot hold", value.type_name()));
    None
}
