//! The keywords of JSON Schema 2020-12, one function each. The tables of [`rule`](super::rule) and generated functions name them.

mod objects;

use std::cmp::Ordering;

use super::format::Format;
use super::json::{Array, Json, Object};
use super::number::Number;
use super::pattern::Pattern;
use super::report::{At, Checker};
pub use objects::number_member;

/// A set of JSON types, for `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Types(pub u8);

impl Types {
    /// All types.
    pub const ALL: Types = Types(127);
    /// `null`
    pub const NULL: Types = Types(1);
    /// `boolean`
    pub const BOOLEAN: Types = Types(2);
    /// `integer`
    pub const INTEGER: Types = Types(4);
    /// `number`
    pub const NUMBER: Types = Types(8);
    /// `string`
    pub const STRING: Types = Types(16);
    /// `array`
    pub const ARRAY: Types = Types(32);
    /// `object`
    pub const OBJECT: Types = Types(64);

    /// The union of both sets.
    pub const fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// Whether the set contains all of `other`.
    pub fn contains(self, other: Types) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set contains any of `other`.
    pub fn intersects(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of the types in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let names = ["null", "boolean", "integer", "number", "string", "array", "object"];
        names.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name)
    }

    pub(super) fn accepts(self, value: Json<'_>) -> bool {
        let matching = match value {
            Json::Null => Types::NULL,
            Json::Bool(_) => Types::BOOLEAN,
            Json::Number(number) if number.is_integer() => Types::NUMBER.or(Types::INTEGER),
            Json::Number(_) => Types::NUMBER,
            Json::String(_) => Types::STRING,
            Json::Array(_) => Types::ARRAY,
            Json::Object(_) => Types::OBJECT,
        };
        self.intersects(matching)
    }
}

impl std::fmt::Display for Types {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" or "))
    }
}

/// Keywords for one type: checks the type and returns the content.
impl Checker {
    /// `type`, if several types are accepted or the content is not checked further.
    pub fn types(&mut self, value: Json<'_>, types: Types, at: At<'_>) {
        if !types.accepts(value) {
            self.wrong_type(value, types, at);
        }
    }

    #[cold]
    fn wrong_type(&mut self, value: Json<'_>, types: Types, at: At<'_>) {
        self.violation(at, "type", || format!("is {}; expected {types}", show(value)));
    }

    /// `type: boolean`
    #[inline]
    pub fn boolean(&mut self, value: Json<'_>, at: At<'_>) {
        if !matches!(value, Json::Bool(_)) {
            self.wrong_type(value, Types::BOOLEAN, at);
        }
    }

    /// `type: string`. Returns the text if it is a string.
    #[inline]
    pub fn string<'a>(&mut self, value: Json<'a>, at: At<'_>) -> Option<&'a str> {
        if let Json::String(text) = value {
            return Some(text);
        }
        self.wrong_type(value, Types::STRING, at);
        None
    }

    /// `type: integer`. A number with a fraction violates the type, but is still checked against the bounds.
    #[inline]
    pub fn integer(&mut self, value: Json<'_>, at: At<'_>) -> Option<Number> {
        let Json::Number(number) = value else {
            self.wrong_type(value, Types::INTEGER, at);
            return None;
        };
        if !number.is_integer() {
            self.wrong_type(value, Types::INTEGER, at);
        }
        Some(number)
    }

    /// `type: number`. Returns the number if it is one.
    #[inline]
    pub fn number(&mut self, value: Json<'_>, at: At<'_>) -> Option<Number> {
        if let Json::Number(number) = value {
            return Some(number);
        }
        self.wrong_type(value, Types::NUMBER, at);
        None
    }

    /// `type: array`. Returns the array if it is one.
    #[inline]
    pub fn array<'a>(&mut self, value: Json<'a>, at: At<'_>) -> Option<Array<'a>> {
        if let Json::Array(array) = value {
            return Some(array);
        }
        self.wrong_type(value, Types::ARRAY, at);
        None
    }

    /// `type: object`. Returns the object if it is one.
    #[inline]
    pub fn object<'a>(&mut self, value: Json<'a>, at: At<'_>) -> Option<Object<'a>> {
        if let Json::Object(object) = value {
            return Some(object);
        }
        self.wrong_type(value, Types::OBJECT, at);
        None
    }
}

/// Keywords for every type.
impl Checker {
    /// `enum` with only strings.
    pub fn one_of_texts(&mut self, value: Json<'_>, accepted: &[&str], at: At<'_>) {
        if !matches!(value, Json::String(text) if accepted.contains(&text)) {
            self.violation(at, "enum", || format!("is {}; expected one of {}", show(value), list(accepted)));
        }
    }

    /// `const` with a string.
    pub fn constant_text(&mut self, value: Json<'_>, accepted: &str, at: At<'_>) {
        if !matches!(value, Json::String(text) if text == accepted) {
            self.violation(at, "const", || format!("is {}; expected {}", show(value), quote(accepted)));
        }
    }

    /// `enum` with any values, written as JSON.
    pub fn enumeration(&mut self, value: Json<'_>, accepted: &[&str], at: At<'_>) {
        if !accepted.iter().any(|text| is_literal(value, text)) {
            self.violation(at, "enum", || format!("is {}; expected one of {}", show(value), accepted.join(", ")));
        }
    }

    /// `const` with any value, written as JSON.
    pub fn constant(&mut self, value: Json<'_>, accepted: &str, at: At<'_>) {
        if !is_literal(value, accepted) {
            self.violation(at, "const", || format!("is {}; expected {accepted}", show(value)));
        }
    }

    /// The schema `false`. `keyword` is the keyword that contains it.
    pub fn never(&mut self, keyword: &'static str, at: At<'_>) {
        self.violation(at, keyword, || "is not allowed".to_owned());
    }

    /// `not`
    pub fn not(&mut self, matched: bool, at: At<'_>) {
        if matched {
            self.violation(at, "not", || "matches a schema under `not`".to_owned());
        }
    }

    /// `anyOf`
    pub fn any_of(&mut self, matched: bool, at: At<'_>) {
        if !matched {
            self.violation(at, "anyOf", || "matches none of the variants".to_owned());
        }
    }

    /// `oneOf`
    pub fn one_of(&mut self, matches: usize, at: At<'_>) {
        if matches != 1 {
            self.violation(at, "oneOf", || match matches {
                0 => "matches none of the variants".to_owned(),
                _ => format!("matches {matches} variants; expected exactly one"),
            });
        }
    }

    /// `oneOf` with a discriminating member whose value selects no variant.
    pub fn no_variant(&mut self, value: Json<'_>, tag: &str, at: At<'_>) {
        self.violation(at, "oneOf", || match value.get(tag) {
            Some(tag_value) => format!("has {} {}, which selects no variant", quote(tag), show(tag_value)),
            None => format!("is missing the member {} that selects the variant", quote(tag)),
        });
    }

    /// One comparison of `x-rules`. Not applied unless both sides are present.
    pub fn rule(&mut self, left: Option<Number>, accepted: &[Ordering], right: Option<Number>, rule: &str, at: At<'_>) {
        let (Some(left), Some(right)) = (left, right) else { return };
        if !accepted.contains(&left.compare(right)) {
            self.violation(at, "x-rules", || format!("violates the rule {rule}: {left} and {right}"));
        }
    }
}

/// Keywords for strings.
impl Checker {
    /// `minLength`, in Unicode code points.
    #[inline]
    pub fn min_length(&mut self, text: &str, min: u64, at: At<'_>) {
        // A code point takes one to four bytes, so most texts need no counting.
        if ((text.len() as u64) < min.saturating_mul(4)) && length(text) < min {
            self.violation(at, "minLength", || format!("is {} characters long; expected at least {min}", length(text)));
        }
    }

    /// `maxLength`, in Unicode code points.
    #[inline]
    pub fn max_length(&mut self, text: &str, max: u64, at: At<'_>) {
        if text.len() as u64 > max && length(text) > max {
            self.violation(at, "maxLength", || format!("is {} characters long; expected at most {max}", length(text)));
        }
    }

    /// `pattern`
    #[inline]
    pub fn pattern(&mut self, text: &str, pattern: &Pattern, at: At<'_>) {
        if !pattern.matches(text) {
            self.mismatch(text, pattern.source(), at);
        }
    }

    #[cold]
    pub(crate) fn mismatch(&mut self, text: &str, source: &str, at: At<'_>) {
        self.violation(at, "pattern", || format!("is {}, which does not match {source}", quote(text)));
    }

    /// `format`
    #[inline]
    pub fn format(&mut self, text: &str, format: Format, at: At<'_>) {
        if !format.matches(text) {
            self.violation(at, "format", || format!("is {}, which is not a valid {}", quote(text), format.name()));
        }
    }
}

/// Keywords for numbers.
impl Checker {
    /// `minimum`
    #[inline]
    pub fn minimum(&mut self, number: Number, min: impl Into<Number>, at: At<'_>) {
        let min = min.into();
        if number.compare(min) == Ordering::Less {
            self.violation(at, "minimum", || format!("is {number}; expected at least {min}"));
        }
    }

    /// `maximum`
    #[inline]
    pub fn maximum(&mut self, number: Number, max: impl Into<Number>, at: At<'_>) {
        let max = max.into();
        if number.compare(max) == Ordering::Greater {
            self.violation(at, "maximum", || format!("is {number}; expected at most {max}"));
        }
    }

    /// `exclusiveMinimum`
    #[inline]
    pub fn exclusive_minimum(&mut self, number: Number, min: impl Into<Number>, at: At<'_>) {
        let min = min.into();
        if number.compare(min) != Ordering::Greater {
            self.violation(at, "exclusiveMinimum", || format!("is {number}; expected more than {min}"));
        }
    }

    /// `exclusiveMaximum`
    #[inline]
    pub fn exclusive_maximum(&mut self, number: Number, max: impl Into<Number>, at: At<'_>) {
        let max = max.into();
        if number.compare(max) != Ordering::Less {
            self.violation(at, "exclusiveMaximum", || format!("is {number}; expected less than {max}"));
        }
    }

    /// `multipleOf`
    pub fn multiple_of(&mut self, number: Number, step: impl Into<Number>, at: At<'_>) {
        let step = step.into();
        if !number.is_multiple_of(step) {
            self.violation(at, "multipleOf", || format!("is {number}, which is not a multiple of {step}"));
        }
    }
}

/// Keywords for arrays.
impl Checker {
    /// `minItems`
    pub fn min_items(&mut self, array: Array<'_>, min: u64, at: At<'_>) {
        if (array.len() as u64) < min {
            self.violation(at, "minItems", || format!("has {} items; expected at least {min}", array.len()));
        }
    }

    /// `maxItems`
    pub fn max_items(&mut self, array: Array<'_>, max: u64, at: At<'_>) {
        if array.len() as u64 > max {
            self.violation(at, "maxItems", || format!("has {} items; expected at most {max}", array.len()));
        }
    }

    /// `uniqueItems`: deep equality, with 1 and 1.0 equal.
    pub fn unique_items(&mut self, array: Array<'_>, at: At<'_>) {
        if has_duplicates(array) {
            self.violation(at, "uniqueItems", || "has two equal items".to_owned());
        }
    }

    /// `contains`, `minContains` and `maxContains`.
    pub fn contains(&mut self, count: u64, min: u64, max: u64, at: At<'_>) {
        if count < min {
            let keyword = if min == 1 { "contains" } else { "minContains" };
            self.violation(at, keyword, || format!("has {count} matching items; expected at least {min}"));
        }
        if count > max {
            self.violation(at, "maxContains", || format!("has {count} matching items; expected at most {max}"));
        }
    }

    /// The items of an `x-each` array; empty if they are to be validated one by one later.
    pub fn each<'a>(&self, array: Array<'a>) -> Array<'a> {
        if self.apart { Array::empty() } else { array }
    }
}

/// The length for `minLength` and `maxLength`.
fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

/// Deep equality as JSON Schema defines it: numbers are compared by value, and the order of members is ignored.
pub fn equal(left: Json<'_>, right: Json<'_>) -> bool {
    match (left, right) {
        (Json::Null, Json::Null) => true,
        (Json::Bool(left), Json::Bool(right)) => left == right,
        (Json::Number(left), Json::Number(right)) => left == right,
        (Json::String(left), Json::String(right)) => left == right,
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.into_iter().zip(right).all(|((_, left), (_, right))| equal(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len() && left.into_iter().all(|(name, left)| right.get(name).is_some_and(|right| equal(left, right)))
        }
        _ => false,
    }
}

/// Whether `value` equals the JSON value in `text`. Scalars, the usual case, are compared without parsing.
fn is_literal(value: Json<'_>, text: &str) -> bool {
    match (value, text) {
        (Json::Null, _) => text == "null",
        (Json::Bool(value), _) => text == if value { "true" } else { "false" },
        _ => super::tape::Tape::parse(text.as_bytes()).is_ok_and(|tape| equal(value, tape.root())),
    }
}

fn has_duplicates(array: Array<'_>) -> bool {
    const FEW: usize = 32;
    if array.len() <= FEW {
        return array.into_iter().any(|(index, item)| array.into_iter().take(index).any(|(_, earlier)| equal(earlier, item)));
    }
    // Sorting canonical texts avoids a quadratic comparison of long arrays.
    let mut texts: Vec<String> = array.into_iter().map(|(_, item)| canonical(item)).collect();
    texts.sort_unstable();
    texts.windows(2).any(|pair| pair[0] == pair[1])
}

/// A text that is the same for two values exactly if they are equal.
fn canonical(value: Json<'_>) -> String {
    match value {
        Json::Number(number) => match (number.to_i64(), number.to_u64()) {
            (Some(value), _) => value.to_string(),
            (_, Some(value)) => value.to_string(),
            _ => format!("{:e}", number.to_f64()),
        },
        Json::Array(array) => {
            let texts: Vec<String> = array.into_iter().map(|(_, item)| canonical(item)).collect();
            format!("[{}]", texts.join(","))
        }
        Json::Object(object) => {
            let mut texts: Vec<String> = object.into_iter().map(|(name, item)| format!("{name:?}:{}", canonical(item))).collect();
            texts.sort_unstable();
            format!("{{{}}}", texts.join(","))
        }
        Json::String(text) => format!("{text:?}"),
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
    }
}

/// A value as shown in messages: short values in full, others by their type.
fn show(value: Json<'_>) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => format!("the number {number}"),
        Json::String(text) => format!("the string {}", quote(text)),
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

/// Quotes a text, truncated to fit a message.
fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}
