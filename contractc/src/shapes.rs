//! Maps constraints to shapes: the structures, enums, unions and plain types that a typed language needs to hold the accepted values.
//!
//! Shapes are independent of any target. A shape holds at least the values that its schema accepts: if no shape fits, the type is any JSON.

mod equal;
mod finder;
mod losses;
mod recursion;
mod stated;

use std::collections::BTreeMap;

use serde_json::Value as JsonValue;

use crate::model::{Contract, IntegerWidth, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use finder::Finder;
use losses::Loss;
pub(crate) use losses::warn;
pub(crate) use recursion::groups;

/// All types that a target declares.
#[derive(Debug, Default)]
pub struct Shapes {
    /// All types that need a name.
    pub declarations: Vec<Declaration>,
    by_schema: BTreeMap<SchemaId, DeclarationId>,
    /// Which schemas are equal and share a type and a check.
    equals: equal::Equals,
    /// The schemas that operations use, with their types and the words for their names.
    roots: BTreeMap<SchemaId, (Type, Vec<String>)>,
    /// The schemas that say more than their types.
    losses: BTreeMap<SchemaId, Loss>,
}

/// Index into [`Shapes::declarations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclarationId(pub usize);

/// A type with a name.
#[derive(Debug)]
#[non_exhaustive]
pub struct Declaration {
    /// The name in the contract, or the words derived from one.
    pub words: Vec<String>,
    /// The schema whose values it holds.
    pub schema: SchemaId,
    /// The shape of its values.
    pub shape: Shape,
}

/// The shape of the values of a declared type.
#[derive(Debug)]
#[non_exhaustive]
pub enum Shape {
    /// An object with known members. `rest` is the type of undeclared members; `None` if there are none.
    Record {
        /// The declared members.
        fields: Vec<Field>,
        /// The type of all undeclared members.
        rest: Option<Type>,
        /// Whether the contract states that there are undeclared members, rather than leaving it open.
        states_others: bool,
    },
    /// A closed set of strings.
    Texts(Vec<String>),
    /// A union whose variants differ in the value of a discriminating member.
    Tagged {
        /// The discriminating member.
        member: String,
        /// The variants.
        variants: Vec<Variant>,
    },
    /// A union whose variants differ in their JSON type.
    ByType(Vec<Variant>),
    /// A union whose variants are discriminated by their validators.
    Untagged {
        /// The variants, in the order of the document.
        variants: Vec<Variant>,
        /// The order in which the variants are tried: the first one that accepts the value is taken.
        attempts: Vec<Attempt>,
    },
    /// Another type, under its own name.
    Wrapper(Type),
}

/// A member of a record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Field {
    /// Its name in JSON.
    pub name: String,
    /// The schema of its values, or the first one of several.
    pub schema: SchemaId,
    /// The schema of the values that all its schemas accept, if it determines the type.
    pub whole: Option<SchemaId>,
    /// Whether it is required.
    pub required: bool,
    /// The content of the member.
    pub kind: FieldKind,
}

/// The content of a member.
#[derive(Debug)]
#[non_exhaustive]
pub enum FieldKind {
    /// A value that the contract fixes, so that it need not be stored.
    Constant(JsonValue),
    /// A value of this type.
    Value(Type),
}

/// One variant of a union.
#[derive(Debug)]
#[non_exhaustive]
pub struct Variant {
    /// The words from which its name is built.
    pub words: Vec<String>,
    /// The schema of its values.
    pub schema: SchemaId,
    /// The type of its values.
    pub ty: Type,
    /// The tag values that select this variant.
    pub tags: Vec<JsonValue>,
    /// The JSON types that this variant covers.
    pub types: Types,
}

/// One step in discriminating the variants of a union.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The index of the variant.
    pub variant: usize,
    /// A member that this variant requires and all others reject: a valid value with this member belongs to this variant.
    pub member: Option<String>,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `null`
    Null,
    /// A boolean.
    Bool,
    /// An integer of a fixed width.
    Integer(IntegerWidth),
    /// An integer of a fixed width that may lie beyond 2^53, where a double does not hold every integer.
    LongInteger(IntegerWidth),
    /// A double.
    Float,
    /// One of these numbers or booleans, all of this type.
    Listed(Vec<JsonValue>, Box<Type>),
    /// A string.
    Text,
    /// An array of one type.
    List(Box<Type>),
    /// An array with a type for each of its first items.
    Tuple {
        /// The types of the first items.
        items: Vec<Type>,
        /// How many of them there are at least.
        required: usize,
        /// The type of the items after them; `None` if there are none.
        rest: Option<Box<Type>>,
    },
    /// An `x-each` array.
    Each(Box<Type>),
    /// An object whose values all have one type.
    Map(Box<Type>),
    /// A type that may be null.
    Optional(Box<Type>),
    /// A declared type.
    Declared(DeclarationId),
    /// A declared type that contains the type using it, and therefore needs indirection.
    Recursive(DeclarationId),
}

/// Whether a double holds the number exactly, and no other integer of 64 bits rounds to it.
pub fn is_exact_double(number: Number) -> bool {
    match number {
        Number::Signed(value) => value.unsigned_abs() < 1 << f64::MANTISSA_DIGITS,
        Number::Unsigned(_) => false,
        Number::Float(value) => value.fract() != 0.0 || value.abs() < 9_007_199_254_740_992.0 || value.abs() > 18_446_744_073_709_551_616.0,
    }
}

impl Type {
    /// The type that all items of an array have; any JSON if their types differ.
    pub fn item(&self) -> &Type {
        static ANY: Type = Type::Any;
        match self {
            Type::List(item) | Type::Each(item) => item,
            Type::Tuple { items, rest, .. } => {
                let mut all = items.iter().chain(rest.as_deref());
                let first = all.next().unwrap_or(&ANY);
                if all.all(|item| item == first) { first } else { &ANY }
            }
            _ => &ANY,
        }
    }
}

/// The parts of a schema. See [`Shapes::merged_parts`].
#[derive(Debug)]
pub struct MergedParts {
    /// The parts whose members are validated together, starting with the schema itself.
    pub merged: Vec<SchemaId>,
    /// The parts that are validated separately.
    pub separate: Vec<SchemaId>,
}

impl Shapes {
    /// Finds the shapes of all named schemas and of everything that operations use.
    pub fn new(contract: &Contract) -> Self {
        let mut shapes = Finder::find(contract);
        shapes.mark_recursion();
        shapes
    }

    /// The declaration with this id.
    pub fn get(&self, id: DeclarationId) -> &Declaration {
        &self.declarations[id.0]
    }

    /// The declaration of a schema, if it has one.
    pub fn of(&self, contract: &Contract, schema: SchemaId) -> Option<DeclarationId> {
        self.by_schema.get(&self.representative(contract, schema)).copied()
    }

    /// The schema whose type and check the schema shares: itself, the target of its reference, or the first of several equal ones.
    pub fn representative(&self, contract: &Contract, schema: SchemaId) -> SchemaId {
        self.equals.of(contract, schema)
    }

    /// Splits the allOf closure into the parts whose members can be validated in one pass over an object, starting with the schema itself,
    /// and the parts that are validated separately.
    pub fn merged_parts(&self, contract: &Contract, id: SchemaId) -> MergedParts {
        let mut parts = MergedParts { merged: vec![id], separate: Vec::new() };
        let is_declared = self.of(contract, id).is_some();
        // One pass handles one type. An object that may also be of another type is not merged with its parts.
        let is_object = contract.schema(id).types.is_none_or(|types| types == Types::OBJECT);
        let mut next = 0;
        while let Some(part) = parts.merged.get(next).copied() {
            next += 1;
            let schema = contract.schema(part);
            for inner in schema.reference.iter().chain(&schema.all_of) {
                let resolved = contract.resolved(*inner);
                // Only a declaration ends a cycle: inlined code must call the function of a declared schema.
                let is_open = is_declared || self.of(contract, resolved).is_none();
                if contract.schema(resolved).is_plain_object() && is_object && is_open {
                    if !parts.merged.contains(&resolved) {
                        parts.merged.push(resolved);
                    }
                } else if !parts.separate.contains(inner) {
                    parts.separate.push(*inner);
                }
            }
        }
        parts
    }

    /// The type of a schema that an operation uses.
    pub fn root_type(&self, schema: SchemaId) -> Option<&Type> {
        self.roots.get(&schema).map(|(ty, _)| ty)
    }

    /// All schemas that operations use, with the words for their names.
    pub fn roots(&self) -> impl Iterator<Item = (SchemaId, &[String])> {
        self.roots.iter().map(|(schema, (_, words))| (*schema, words.as_slice()))
    }
}
