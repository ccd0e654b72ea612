//! From constraints to shapes: which structures, sets, unions and plain values a typed language needs to hold what a contract accepts.
//!
//! Shapes know no target either. They only ever hold *more* than the schema accepts: where no shape fits, a value stays any JSON.

mod finder;
mod merged;
mod recursion;
mod unions;

use std::collections::BTreeMap;

use serde_json::Value as JsonValue;

use crate::model::{Contract, IntegerWidth, SchemaId};
use crate::runtime::check::Types;
use finder::Finder;

/// All types that a target declares.
#[derive(Debug, Default)]
pub struct Shapes {
    /// All types that need a name.
    pub declarations: Vec<Declaration>,
    by_schema: BTreeMap<SchemaId, DeclarationId>,
    /// The schemas that operations mention: their type, and words for them.
    roots: BTreeMap<SchemaId, (Type, Vec<String>)>,
}

/// Index into [`Shapes::declarations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclarationId(pub usize);

/// A type with a name.
#[derive(Debug)]
pub struct Declaration {
    /// The name in the contract, or the words that lead to it from a name in the contract.
    pub words: Vec<String>,
    /// The schema that it holds.
    pub schema: SchemaId,
    /// What its values look like.
    pub shape: Shape,
}

/// What the values of a declared type look like.
#[derive(Debug)]
pub enum Shape {
    /// An object with known members; `rest` is what other members may be, nothing where there are none.
    Record {
        /// The named members.
        fields: Vec<Field>,
        /// The type of all others.
        rest: Option<Type>,
    },
    /// A closed set of strings.
    Texts(Vec<String>),
    /// A union whose variants differ in the value of a member.
    Tagged {
        /// The member that tells them apart.
        member: String,
        /// The shapes.
        variants: Vec<Variant>,
    },
    /// A union whose variants differ in their JSON type.
    ByType(Vec<Variant>),
    /// A union whose variants are told apart by their validators.
    Untagged {
        /// The shapes, in the document's order.
        variants: Vec<Variant>,
        /// The order in which a value is held against them: the first that accepts it is taken.
        attempts: Vec<Attempt>,
    },
    /// Another type under a name of its own.
    Wrapper(Type),
}

/// A member of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: String,
    /// The schema that it holds.
    pub schema: SchemaId,
    /// Whether it must be there.
    pub required: bool,
    /// What it holds.
    pub kind: FieldKind,
}

/// What a member holds.
#[derive(Debug)]
pub enum FieldKind {
    /// A value that need not be stored, since the contract fixes it.
    Constant(JsonValue),
    /// A value of this type.
    Value(Type),
}

/// One of the shapes of a union.
#[derive(Debug)]
pub struct Variant {
    /// From which its name is made.
    pub words: Vec<String>,
    /// The schema that it holds.
    pub schema: SchemaId,
    /// The type of its values.
    pub ty: Type,
    /// The values of the tag that mean this variant.
    pub tags: Vec<JsonValue>,
    /// The JSON types that this variant covers.
    pub types: Types,
}

/// One step of telling the variants of a union apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The index of the variant.
    pub variant: usize,
    /// A member that this variant requires and all others refuse: a valid value that has it belongs to this variant.
    pub member: Option<String>,
}

/// What holds a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `null`
    Null,
    /// A boolean.
    Bool,
    /// An integer of a fixed width.
    Integer(IntegerWidth),
    /// A double.
    Float,
    /// A string.
    Text,
    /// An array of one type.
    List(Box<Type>),
    /// A list under `x-each`.
    Each(Box<Type>),
    /// An object of values of one type.
    Map(Box<Type>),
    /// May be null.
    Optional(Box<Type>),
    /// A declared type.
    Declared(DeclarationId),
    /// A declared type that contains the one at hand: it must not be held in place.
    Recursive(DeclarationId),
}

/// The parts of a schema: see [`Shapes::merged_parts`].
#[derive(Debug)]
pub struct MergedParts {
    /// Parts whose members are judged together; the schema itself is the first.
    pub merged: Vec<SchemaId>,
    /// Parts that are judged on their own.
    pub separate: Vec<SchemaId>,
}

impl Shapes {
    /// Finds the shapes of all named schemas and of everything that operations mention.
    pub fn new(contract: &Contract) -> Self {
        let mut shapes = Finder::find(contract);
        shapes.mark_recursion();
        shapes
    }

    /// The declaration of this id.
    pub fn get(&self, id: DeclarationId) -> &Declaration {
        &self.declarations[id.0]
    }

    /// The declaration of a schema, if it has one.
    pub fn of(&self, contract: &Contract, schema: SchemaId) -> Option<DeclarationId> {
        self.by_schema.get(&contract.resolved(schema)).copied()
    }

    /// Divides what must hold of a value into the parts whose members can be judged in one walk over an object, the schema itself first,
    /// and the parts that are judged on their own.
    pub fn merged_parts(&self, contract: &Contract, id: SchemaId) -> MergedParts {
        let mut parts = MergedParts { merged: vec![id], separate: Vec::new() };
        let is_declared = self.of(contract, id).is_some();
        let mut next = 0;
        while let Some(part) = parts.merged.get(next).copied() {
            next += 1;
            let schema = contract.schema(part);
            for inner in schema.reference.iter().chain(&schema.all_of) {
                let resolved = contract.resolved(*inner);
                // Only a declaration ends a circle: code that is put into other code must call what is declared.
                let is_open = is_declared || self.of(contract, resolved).is_none();
                if contract.schema(resolved).is_plain_object() && is_open {
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

    /// The type of a schema that an operation mentions.
    pub fn root_type(&self, schema: SchemaId) -> Option<&Type> {
        self.roots.get(&schema).map(|(ty, _)| ty)
    }

    /// All schemas that operations mention, with words for them.
    pub fn roots(&self) -> impl Iterator<Item = (SchemaId, &[String])> {
        self.roots.iter().map(|(schema, (_, words))| (*schema, words.as_slice()))
    }
}
