//! The keywords that check a value against one argument: a bound, a text or a flag. Each is one line of [`KEYWORDS`], which the reader, the
//! interpreter, every emitter and the comparison of contracts follow.

use serde_json::Value as JsonValue;

use crate::regex;
use crate::runtime::format::Format;
use crate::runtime::json::{Array, Json, Object};
use crate::runtime::number::Number;
use crate::runtime::report::{At, Checker};

use super::{IntegerWidth, Schema};

/// Keywords on numbers.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NumberRules {
    /// `minimum`
    pub minimum: Option<Number>,
    /// `maximum`
    pub maximum: Option<Number>,
    /// `exclusiveMinimum`
    pub exclusive_minimum: Option<Number>,
    /// `exclusiveMaximum`
    pub exclusive_maximum: Option<Number>,
    /// `multipleOf`
    pub multiple_of: Option<Number>,
    /// The integer width that `format` names. Its range is already part of `minimum` and `maximum`.
    pub width: Option<IntegerWidth>,
}

/// Keywords on strings.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TextRules {
    /// `minLength`
    pub min_length: Option<u64>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `pattern`
    pub pattern: Option<String>,
    /// `format`
    pub format: Option<Format>,
}

/// Keywords on arrays that contain no schema.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ArrayLimits {
    /// `minItems`
    pub min_items: Option<u64>,
    /// `maxItems`
    pub max_items: Option<u64>,
    /// `uniqueItems`
    pub unique_items: bool,
}

/// Keywords on objects that contain neither schemas nor names.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ObjectLimits {
    /// `minProperties`
    pub min_properties: Option<u64>,
    /// `maxProperties`
    pub max_properties: Option<u64>,
}

impl NumberRules {
    /// Whether any of the keywords is present.
    pub fn any(&self) -> bool {
        let Self { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of, width: _ } = self;
        [minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of].iter().any(|rule| rule.is_some())
    }
}

impl TextRules {
    /// Whether any of the keywords is present.
    pub fn any(&self) -> bool {
        let Self { min_length, max_length, pattern, format } = self;
        min_length.is_some() || max_length.is_some() || pattern.is_some() || format.is_some()
    }
}

/// Accesses the argument of a keyword in a schema.
macro_rules! field {
    ($rules:ident $(. $member:ident)+) => {
        Field { get: |schema| schema.$rules$(.$member)+.argument(), set: |schema, argument| schema.$rules$(.$member)+.set(argument) }
    };
}

const LEAST: Meaning = Meaning::Least { is_excluded: false };
const ABOVE: Meaning = Meaning::Least { is_excluded: true };
const MOST: Meaning = Meaning::Most { is_excluded: false };
const BELOW: Meaning = Meaning::Most { is_excluded: true };

/// All keywords that check a value against one argument. Those of one type are in the order in which validators check them.
pub(crate) static KEYWORDS: [Keyword; 14] = [
    Keyword::new("minimum", field!(number.minimum), LEAST, Check::Number(Checker::minimum)),
    Keyword::new("maximum", field!(number.maximum), MOST, Check::Number(Checker::maximum)),
    Keyword::new("exclusiveMinimum", field!(number.exclusive_minimum), ABOVE, Check::Number(Checker::exclusive_minimum)),
    Keyword::new("exclusiveMaximum", field!(number.exclusive_maximum), BELOW, Check::Number(Checker::exclusive_maximum)),
    Keyword::new("multipleOf", field!(number.multiple_of), Meaning::Multiple, Check::Number(Checker::multiple_of)),
    Keyword::new("minLength", field!(text.min_length), LEAST, Check::Length(Checker::min_length)),
    Keyword::new("maxLength", field!(text.max_length), MOST, Check::Length(Checker::max_length)),
    Keyword::new("format", field!(text.format), Meaning::Other("format"), Check::Format(Checker::format)),
    Keyword::new("pattern", field!(text.pattern), Meaning::Other("pattern"), Check::Pattern(check_pattern)),
    Keyword::new("minItems", field!(array.limits.min_items), LEAST, Check::Items(Checker::min_items)),
    Keyword::new("maxItems", field!(array.limits.max_items), MOST, Check::Items(Checker::max_items)),
    Keyword::new("uniqueItems", field!(array.limits.unique_items), Meaning::Other("each only once"), Check::Array(Checker::unique_items)),
    Keyword::new("minProperties", field!(object.limits.min_properties), LEAST, Check::Members(Checker::min_properties)),
    Keyword::new("maxProperties", field!(object.limits.max_properties), MOST, Check::Members(Checker::max_properties)),
];

/// A keyword of a schema, with its argument.
#[derive(Clone, Copy)]
pub(crate) struct Assertion<'s> {
    pub(crate) keyword: &'static Keyword,
    pub(crate) argument: Argument<'s>,
}

/// A keyword that checks a value against one argument.
pub(crate) struct Keyword {
    pub(crate) name: &'static str,
    /// Its meaning for the documentation and the comparison of contracts.
    pub(crate) meaning: Meaning,
    /// The runtime's function for it. It determines the type of value that the keyword applies to, and the kind of its argument.
    pub(crate) check: Check,
    field: Field,
}

struct Field {
    get: for<'s> fn(&'s Schema) -> Option<Argument<'s>>,
    set: fn(&mut Schema, Argument<'_>),
}

/// The type of value that a keyword applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Array,
    Object,
}

/// The argument of a keyword.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Argument<'s> {
    Number(Number),
    Count(u64),
    Format(Format),
    Pattern(&'s str),
    /// The keyword is `true`. Without it, or with `false`, every value is accepted.
    Set,
}

/// The condition that a keyword states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// At least the argument; more than it, if it is excluded.
    Least { is_excluded: bool },
    /// At most the argument; less than it, if it is excluded.
    Most { is_excluded: bool },
    /// A multiple of the argument.
    Multiple,
    /// Anything else, in the words of the references. An argument follows the words.
    Other(&'static str),
}

/// A function of the runtime that checks a value against a keyword's argument.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    Number(fn(&mut Checker, Number, Number, At<'_>)),
    Length(fn(&mut Checker, &str, u64, At<'_>)),
    Format(fn(&mut Checker, &str, Format, At<'_>)),
    Pattern(fn(&mut Checker, &str, &str, At<'_>)),
    Items(fn(&mut Checker, Array<'_>, u64, At<'_>)),
    Array(fn(&mut Checker, Array<'_>, At<'_>)),
    Members(fn(&mut Checker, Object<'_>, u64, At<'_>)),
}

impl Keyword {
    const fn new(name: &'static str, field: Field, meaning: Meaning, check: Check) -> Self {
        Keyword { name, meaning, check, field }
    }

    pub(crate) fn named(name: &str) -> Option<&'static Keyword> {
        KEYWORDS.iter().find(|keyword| keyword.name == name)
    }

    /// The argument that the schema gives the keyword.
    pub(crate) fn argument<'s>(&self, schema: &'s Schema) -> Option<Argument<'s>> {
        (self.field.get)(schema)
    }

    pub(crate) fn set(&self, schema: &mut Schema, argument: Argument<'_>) {
        (self.field.set)(schema, argument);
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.check {
            Check::Number(_) => Kind::Number,
            Check::Length(_) | Check::Format(_) | Check::Pattern(_) => Kind::Text,
            Check::Items(_) | Check::Array(_) => Kind::Array,
            Check::Members(_) => Kind::Object,
        }
    }
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Number, Kind::Text, Kind::Array, Kind::Object];

    /// The name of the JSON type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Number => "number",
            Kind::Text => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        }
    }

    /// The unit of a count for this type.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Kind::Number => "",
            Kind::Text => "character",
            Kind::Array => "item",
            Kind::Object => "member",
        }
    }
}

impl Assertion<'_> {
    /// Whether every value satisfies it.
    pub(crate) fn is_trivial(&self) -> bool {
        self.argument == Argument::Count(0) && self.keyword.meaning == LEAST
    }

    /// Checks a value of the type that the keyword applies to. Values of other types satisfy it.
    pub(crate) fn check(&self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        match (self.keyword.check, value, self.argument) {
            (Check::Number(check), Json::Number(number), Argument::Number(bound)) => check(out, number, bound, at),
            (Check::Length(check), Json::String(text), Argument::Count(bound)) => check(out, text, bound, at),
            (Check::Format(check), Json::String(text), Argument::Format(format)) => check(out, text, format, at),
            (Check::Pattern(check), Json::String(text), Argument::Pattern(source)) => check(out, text, source, at),
            (Check::Items(check), Json::Array(array), Argument::Count(bound)) => check(out, array, bound, at),
            (Check::Array(check), Json::Array(array), Argument::Set) => check(out, array, at),
            (Check::Members(check), Json::Object(object), Argument::Count(bound)) => check(out, object, bound, at),
            _ => {}
        }
    }
}

impl Argument<'_> {
    /// The argument as a number, if it is a bound.
    pub(crate) fn number(self) -> Option<Number> {
        match self {
            Argument::Number(number) => Some(number),
            Argument::Count(count) => Some(i64::try_from(count).map_or(Number::Unsigned(count), Number::Signed)),
            Argument::Format(_) | Argument::Pattern(_) | Argument::Set => None,
        }
    }

    /// The argument as a document writes it.
    pub(crate) fn to_value(self) -> JsonValue {
        match self {
            Argument::Number(number) => number.to_value(),
            Argument::Count(count) => count.into(),
            Argument::Format(format) => format.name().into(),
            Argument::Pattern(source) => source.into(),
            Argument::Set => true.into(),
        }
    }
}

impl std::fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Argument::Number(number) => number.fmt(f),
            Argument::Count(count) => count.fmt(f),
            Argument::Format(format) => format.name().fmt(f),
            Argument::Pattern(source) => source.fmt(f),
            Argument::Set => true.fmt(f),
        }
    }
}

impl Schema {
    /// The keywords of this schema that check values of one type by an argument.
    pub(crate) fn assertions(&self, kind: Kind) -> impl Iterator<Item = Assertion<'_>> {
        let present = |keyword: &'static Keyword| Some(Assertion { keyword, argument: keyword.argument(self)? });
        KEYWORDS.iter().filter(move |keyword| keyword.kind() == kind).filter_map(present)
    }
}

/// A member of a schema that holds an argument.
trait Slot {
    fn argument(&self) -> Option<Argument<'_>>;

    /// Stores the argument, which has the kind that the keyword's check takes.
    fn set(&mut self, argument: Argument<'_>);
}

macro_rules! slot {
    ($held:ty, $variant:ident($value:ident) => $kept:expr, $shown:expr) => {
        impl Slot for Option<$held> {
            fn argument(&self) -> Option<Argument<'_>> {
                self.as_ref().map(|$value| Argument::$variant($shown))
            }

            fn set(&mut self, argument: Argument<'_>) {
                if let Argument::$variant($value) = argument {
                    *self = Some($kept);
                }
            }
        }
    };
}

slot!(Number, Number(number) => number, *number);
slot!(u64, Count(count) => count, *count);
slot!(Format, Format(format) => format, *format);
slot!(String, Pattern(source) => source.to_owned(), source);

impl Slot for bool {
    fn argument(&self) -> Option<Argument<'_>> {
        self.then_some(Argument::Set)
    }

    fn set(&mut self, argument: Argument<'_>) {
        *self = argument == Argument::Set;
    }
}

/// `pattern`, for patterns from a document.
fn check_pattern(out: &mut Checker, text: &str, source: &str, at: At<'_>) {
    if !regex::matches(source, text) {
        out.mismatch(text, source, at);
    }
}
