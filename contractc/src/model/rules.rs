//! The constraints of a schema that contain other schemas or names of members.

use serde_json::Value as JsonValue;

use super::{ArrayLimits, ObjectLimits, SchemaId};
use crate::runtime::number::Number;
use crate::source::Span;

/// The width of an integer, as a format such as `int32` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntegerWidth {
    /// `int8`
    I8,
    /// `int16`
    I16,
    /// `int32`
    I32,
    /// `int64`
    I64,
    /// `uint8`
    U8,
    /// `uint16`
    U16,
    /// `uint32`
    U32,
    /// `uint64`
    U64,
}

impl IntegerWidth {
    const ALL: [(IntegerWidth, &'static str, Number, Number); 8] = [
        (IntegerWidth::I8, "i8", Number::Signed(i8::MIN as i64), Number::Signed(i8::MAX as i64)),
        (IntegerWidth::I16, "i16", Number::Signed(i16::MIN as i64), Number::Signed(i16::MAX as i64)),
        (IntegerWidth::I32, "i32", Number::Signed(i32::MIN as i64), Number::Signed(i32::MAX as i64)),
        (IntegerWidth::I64, "i64", Number::Signed(i64::MIN), Number::Signed(i64::MAX)),
        (IntegerWidth::U8, "u8", Number::Signed(0), Number::Signed(u8::MAX as i64)),
        (IntegerWidth::U16, "u16", Number::Signed(0), Number::Signed(u16::MAX as i64)),
        (IntegerWidth::U32, "u32", Number::Signed(0), Number::Signed(u32::MAX as i64)),
        (IntegerWidth::U64, "u64", Number::Signed(0), Number::Unsigned(u64::MAX)),
    ];

    /// The width that a format names.
    pub fn from_format(format: &str) -> Option<IntegerWidth> {
        let (sign, bits) = format.split_once("int").filter(|(sign, _)| ["", "u"].contains(sign))?;
        let name = format!("{}{bits}", if sign.is_empty() { "i" } else { "u" });
        Self::ALL.iter().find(|(_, known, ..)| *known == name).map(|(width, ..)| *width)
    }

    /// The name of the Rust type, such as `i32`.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The minimum and maximum value.
    pub fn range(self) -> (Number, Number) {
        let (.., min, max) = Self::ALL[self as usize];
        (min, max)
    }
}

/// Keywords on arrays.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ArrayRules {
    /// `prefixItems`
    pub prefix_items: Vec<SchemaId>,
    /// The schema of the items after the prefix.
    pub items: Option<SchemaId>,
    /// The keywords that contain no schema.
    pub limits: ArrayLimits,
    /// `contains`
    pub contains: Option<Contains>,
    /// `unevaluatedItems`
    pub unevaluated_items: Option<SchemaId>,
    /// `x-each`
    pub each: bool,
}

/// `contains`, with the bounds on the number of matches.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contains {
    /// `contains`
    pub schema: SchemaId,
    /// `minContains`
    pub min: u64,
    /// `maxContains`
    pub max: Option<u64>,
}

/// Keywords on objects.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ObjectRules {
    /// Required members first, in the order of `required`, then the others by name.
    pub properties: Vec<(String, SchemaId)>,
    /// `patternProperties`
    pub pattern_properties: Vec<(String, SchemaId)>,
    /// `additionalProperties`
    pub additional_properties: Option<SchemaId>,
    /// `propertyNames`
    pub property_names: Option<SchemaId>,
    /// `required`
    pub required: Vec<String>,
    /// The keywords that contain neither schemas nor names.
    pub limits: ObjectLimits,
    /// `dependentRequired`
    pub dependent_required: Vec<(String, Vec<String>)>,
    /// `dependentSchemas`
    pub dependent_schemas: Vec<(String, SchemaId)>,
    /// `unevaluatedProperties`
    pub unevaluated_properties: Option<SchemaId>,
}

/// `if`, `then`, `else`
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Condition {
    /// `if`
    pub condition: SchemaId,
    /// `then`
    pub then: Option<SchemaId>,
    /// `else`
    pub otherwise: Option<SchemaId>,
}

/// A discriminating member: its value selects the variant of a `oneOf`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnionTag {
    /// The name of the member.
    pub member: String,
    /// The values that select each variant, in the order of `one_of`: strings or booleans.
    pub values: Vec<Vec<JsonValue>>,
    /// Whether only the `discriminator` states these values. Otherwise each variant itself requires its values.
    pub by_discriminator: bool,
}

/// A record with a union beside its members, as a union of complete objects, or a schema of several types, as a union of a schema for each.
/// Validators do not use it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CompleteUnion {
    /// The member whose value selects the object, if there is one.
    pub tag: Option<UnionTag>,
    /// Whether a value may match several variants, as with `anyOf`.
    pub may_overlap: bool,
    /// One for each variant that an object can be.
    pub variants: Vec<CompleteVariant>,
}

/// A variant, and its object with the members beside the union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompleteVariant {
    /// The variant that the document lists.
    pub variant: SchemaId,
    /// The object with all members.
    pub whole: SchemaId,
}

/// The `discriminator` of a union whose variants are references, or of a base that lists no variants.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Discriminator {
    /// The position in the document.
    pub span: Span,
    /// `propertyName`
    pub member: String,
    /// The values that select each variant: the keys of `mapping`, and the schema's own name.
    pub values: Vec<Vec<String>>,
}

/// A comparison between members: `left op right [± offset]`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// The position in the document.
    pub span: Span,
    /// The rule as written, with single spaces.
    pub text: String,
    /// The member on the left.
    pub left: String,
    /// The comparison operator.
    pub comparison: Comparison,
    /// The member on the right.
    pub right: String,
    /// The member that is added to the right side or subtracted from it.
    pub offset: Option<(Sign, String)>,
}

/// An existing Rust type for the values of a schema, instead of a generated one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RustType {
    /// The name of its crate on crates.io, or `std`.
    pub krate: String,
    /// The accepted versions of the crate.
    pub version: String,
    /// The features of the crate that the type needs.
    pub features: Vec<String>,
    /// The segments of its path, from the crate on.
    pub path: Vec<String>,
}

/// The operator of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Whether an offset is added or subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

impl ArrayRules {
    /// Whether any of the keywords is present.
    pub fn any(&self) -> bool {
        let Self { prefix_items, items, limits, contains, unevaluated_items, each: _ } = self;
        *limits != ArrayLimits::default()
            || !prefix_items.is_empty()
            || items.is_some()
            || contains.is_some()
            || unevaluated_items.is_some()
    }
}

impl ObjectRules {
    /// Whether any of the keywords is present.
    pub fn any(&self) -> bool {
        !self.is_plain() || !self.properties.is_empty() || !self.required.is_empty()
    }

    /// Whether only `properties` and `required` are present. Such objects can be checked together with others in one pass.
    pub fn is_plain(&self) -> bool {
        let Self {
            properties: _,
            pattern_properties,
            additional_properties,
            property_names,
            required: _,
            limits,
            dependent_required,
            dependent_schemas,
            unevaluated_properties,
        } = self;
        let members = pattern_properties.is_empty() && additional_properties.is_none() && property_names.is_none();
        let dependent = dependent_required.is_empty() && dependent_schemas.is_empty() && unevaluated_properties.is_none();
        members && dependent && *limits == ObjectLimits::default()
    }
}

impl Comparison {
    /// All comparisons. If one symbol is a prefix of another, the longer one comes first.
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::LessOrEqual,
        Comparison::GreaterOrEqual,
        Comparison::Less,
        Comparison::Greater,
    ];

    /// The symbol in a rule.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// The orderings that satisfy the comparison.
    pub fn accepted(self) -> &'static [std::cmp::Ordering] {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Comparison::Equal => &[Equal],
            Comparison::NotEqual => &[Less, Greater],
            Comparison::Less => &[Less],
            Comparison::LessOrEqual => &[Less, Equal],
            Comparison::Greater => &[Greater],
            Comparison::GreaterOrEqual => &[Greater, Equal],
        }
    }
}
