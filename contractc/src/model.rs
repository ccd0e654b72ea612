//! The model: what a contract says, with JSON Schema 2020-12 meaning and no word about any target.
//!
//! The reader normalises every dialect into it, the interpreter executes it, and each emitter prints it. All lists are in a canonical
//! order, so that nothing generated depends on how the document happens to be laid out.

mod direction;
mod operation;
mod rules;

use std::collections::BTreeSet;

use serde_json::Value as JsonValue;

pub use direction::{Direction, Role, View};
pub use operation::{
    Body, Header, Media, Method, Operation, Parameter, Place, Response, SecurityKind, SecurityScheme, Status, Style, is_json,
};

pub use rules::{
    ArrayRules, Comparison, Condition, Contains, Discriminator, IntegerWidth, NumberRules, ObjectRules, Rule, Sign, TextRules, UnionTag,
};

use crate::runtime::check::Types;
use crate::source::Span;

/// Everything one document says.
#[derive(Debug, Default)]
pub struct Contract {
    /// `title`
    pub title: String,
    /// `version`
    pub version: String,
    /// `summary`
    pub summary: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// In the document's order.
    pub servers: Vec<Server>,
    /// In the document's order, with tags that only operations name at the end.
    pub tags: Vec<Tag>,
    /// All schemas, named or not, in the order of reading.
    pub schemas: Vec<Schema>,
    /// The named schemas, by name; instantiated ones (`x-bind`, `x-any-collection`) and views of one direction included.
    pub names: Vec<(String, SchemaId)>,
    /// By tag, then path, then method.
    pub operations: Vec<Operation>,
    /// By name.
    pub security_schemes: Vec<SecurityScheme>,
    /// Parents before children, otherwise by path.
    pub collections: Vec<Collection>,
    /// `x-namespace`: the UUID from which deterministic ids are made.
    pub namespace: Option<String>,
    /// How often each schema keyword occurs, for `COVERAGE.md`.
    pub keywords: std::collections::BTreeMap<String, KeywordUse>,
}

/// What became of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordRole {
    /// Validators check it.
    Enforced,
    /// It speaks to people.
    Annotation,
}

/// How often a keyword was met, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct KeywordUse {
    /// How often it occurs.
    pub count: usize,
    /// What became of it.
    pub role: KeywordRole,
}

/// A place that serves the contract.
#[derive(Debug)]
pub struct Server {
    /// Its address.
    pub url: String,
    /// `description`
    pub description: Option<String>,
}

/// A group of operations.
#[derive(Debug)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// `description`
    pub description: Option<String>,
}

/// Index into [`Contract::schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub usize);

/// One schema object. Every field is a keyword, or a few that belong together.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Where it stands.
    pub span: Span,
    /// Where it stands in its document, as a JSON pointer with `#`.
    pub pointer: String,
    /// What it says to people.
    pub annotations: Annotations,
    /// The schema `false`.
    pub never: bool,
    /// Null is accepted whatever the other keywords say (`nullable` of OpenAPI 3.0).
    pub accepts_null: bool,
    /// `type`
    pub types: Option<Types>,
    /// `const`
    pub constant: Option<JsonValue>,
    /// `enum`
    pub enumeration: Option<Vec<JsonValue>>,
    /// Keywords on numbers.
    pub number: NumberRules,
    /// Keywords on strings.
    pub text: TextRules,
    /// Keywords on arrays.
    pub array: ArrayRules,
    /// Keywords on objects.
    pub object: ObjectRules,
    /// `$ref`
    pub reference: Option<SchemaId>,
    /// `allOf`
    pub all_of: Vec<SchemaId>,
    /// `anyOf`
    pub any_of: Vec<SchemaId>,
    /// `oneOf`
    pub one_of: Vec<SchemaId>,
    /// `not`
    pub not: Option<SchemaId>,
    /// `if`, with `then` and `else`.
    pub condition: Option<Condition>,
    /// The member that tells the variants of `oneOf` apart, where there is one.
    pub tag: Option<UnionTag>,
    /// `discriminator`, where it speaks of the variants.
    pub discriminator: Option<Discriminator>,
    /// `x-rules`
    pub rules: Vec<Rule>,
    /// `x-max-depth`
    pub max_depth: Option<u64>,
    /// `x-ref`: the collection that an id points to.
    pub refers_to: Option<String>,
    /// For a schema that the document does not have as it stands: what it was made from.
    pub view: Option<View>,
}

/// What a schema says to people.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    /// `title`
    pub title: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `example` and `examples`
    pub examples: Vec<JsonValue>,
    /// `default`
    pub default: Option<JsonValue>,
    /// `deprecated`
    pub deprecated: bool,
    /// `readOnly`
    pub read_only: bool,
    /// `writeOnly`
    pub write_only: bool,
    /// A format that is not asserted.
    pub format: Option<String>,
}

/// A synced collection, from `x-sync`.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Of its `x-sync`.
    pub span: Span,
    /// The path segment, and the collection's name everywhere.
    pub path: String,
    /// The name of its schema.
    pub schema_name: String,
    /// The schema of its live records.
    pub schema: SchemaId,
    /// The key of its only record.
    pub singleton: Option<String>,
    /// The member that makes the ids of shipped records.
    pub natural_key: Option<String>,
    /// Collections whose records are pushed first.
    pub parents: Vec<String>,
    /// What devices look its records up by.
    pub indexes: Vec<Index>,
    /// The version of the local database that brought it.
    pub since: u64,
    /// Where changes are pulled.
    pub feed: Option<Route>,
    /// Where many changes are pushed at once.
    pub batch: Option<Route>,
    /// Where one record is read, written and deleted.
    pub record: Option<Route>,
}

/// A path on which a collection is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// With its parameters in braces.
    pub path: String,
    /// The methods of the path, each with the id of its operation.
    pub operations: Vec<(Method, String)>,
}

/// An index over members of a collection's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The members, in the order of the index.
    pub members: Vec<String>,
    /// One entry for each item of the (single) array member.
    pub multi: bool,
}

impl Contract {
    /// The schema of this id.
    pub fn schema(&self, id: SchemaId) -> &Schema {
        &self.schemas[id.0]
    }

    /// The named schema `name`.
    pub fn named(&self, name: &str) -> Option<SchemaId> {
        let index = self.names.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(self.names[index].1)
    }

    /// The schema that a name or a JSON pointer (with its `#`) means.
    pub fn find(&self, name: &str) -> Option<SchemaId> {
        let by_pointer = || self.schemas.iter().position(|schema| name.starts_with('#') && schema.pointer == name).map(SchemaId);
        self.named(name).or_else(by_pointer)
    }

    /// The number of a schema among those with `x-max-depth`.
    pub fn recursion_number(&self, id: SchemaId) -> usize {
        self.schemas[..id.0].iter().filter(|schema| schema.max_depth.is_some()).count()
    }

    /// Follows schemas that do nothing but refer to another one.
    pub fn resolved(&self, id: SchemaId) -> SchemaId {
        let mut at = id;
        // A chain longer than the number of schemas is a circle.
        for _ in 0..self.schemas.len() {
            match self.schema(at).alias() {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// The schema, its reference and the arms of its `allOf`, all the way down: everything that must hold of a value, each once, in the
    /// order in which a reader meets them. Behind a part that accepts null by itself nothing must hold.
    pub fn all_of_closure(&self, id: SchemaId) -> Vec<SchemaId> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            found.push(next);
            let schema = self.schema(next);
            if !schema.accepts_null || found.len() == 1 {
                open.extend(schema.all_of.iter().rev().chain(&schema.reference));
            }
        }
        found
    }

    /// The JSON types that the text of a parameter or header may stand for: strings, where the schema does not say.
    pub fn text_types(&self, id: SchemaId) -> Types {
        let parts = self.all_of_closure(self.resolved(id));
        parts.iter().find_map(|part| self.schema(*part).types).unwrap_or(Types::STRING)
    }

    /// The schemas of a member in all variants of a record.
    pub fn member_schemas(&self, id: SchemaId, member: &str) -> Vec<SchemaId> {
        let mut open = self.all_of_closure(id);
        let mut found = Vec::new();
        let mut next = 0;
        while let Some(part) = open.get(next).copied() {
            let schema = self.schema(part);
            found.extend(schema.object.properties.iter().filter(|(name, _)| name == member).map(|(_, id)| *id));
            for variant in schema.one_of.iter().chain(&schema.any_of) {
                let parts = self.all_of_closure(*variant);
                open.extend(parts.into_iter().filter(|part| !open.contains(part)).collect::<Vec<_>>());
            }
            next += 1;
        }
        found
    }

    /// The names of all members that the variants of a record may have: what all have first, then by variant.
    pub fn member_names(&self, id: SchemaId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut open = self.all_of_closure(id);
        // What is referred to is more general than what refers to it.
        open.reverse();
        let mut next = 0;
        while let Some(part) = open.get(next).copied() {
            let schema = self.schema(part);
            for (name, _) in &schema.object.properties {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            for variant in schema.one_of.iter().chain(&schema.any_of) {
                let parts = self.all_of_closure(*variant);
                open.extend(parts.into_iter().rev().filter(|part| !open.contains(part)).collect::<Vec<_>>());
            }
            next += 1;
        }
        names
    }
}

impl Schema {
    /// The schema to which this one adds nothing: by a lone `$ref`, or an `allOf` of one, as OpenAPI 3.0 needs for a description.
    pub fn alias(&self) -> Option<SchemaId> {
        self.only_part().filter(|_| !self.accepts_null)
    }

    /// The schema to which this one adds nothing but null.
    pub fn nullable_alias(&self) -> Option<SchemaId> {
        self.only_part().filter(|_| self.accepts_null)
    }

    fn only_part(&self) -> Option<SchemaId> {
        let target = match (self.reference, self.all_of.as_slice()) {
            (Some(target), []) => target,
            (None, [only]) => *only,
            _ => return None,
        };
        let adds_nothing = self.types.is_none() && !self.object.any() && !self.has_other_constraints();
        adds_nothing.then_some(target)
    }

    /// Whether every value is accepted.
    pub fn is_anything(&self) -> bool {
        let has_parts = self.reference.is_some() || !self.all_of.is_empty();
        !has_parts && self.types.is_none() && !self.object.any() && !self.has_other_constraints()
    }

    /// Whether the schema says no more than which members an object has, besides its reference and `allOf`.
    pub fn is_plain_object(&self) -> bool {
        let is_object = self.types == Some(Types::OBJECT) && self.object.is_plain();
        is_object && !self.accepts_null && !self.array.each && !self.has_other_constraints()
    }

    /// Whether any keyword speaks of the content of numbers, strings, arrays or objects.
    pub fn has_facets(&self) -> bool {
        self.number.any() || self.text.any() || self.array.any() || self.object.any()
    }

    /// Whether anything but parts, types, members and null limits the accepted values.
    fn has_other_constraints(&self) -> bool {
        #[rustfmt::skip]
        let Self {
            never, constant, enumeration, number, text, array, any_of, one_of, not, condition, rules, max_depth,
            accepts_null: _, types: _, object: _, reference: _, all_of: _,
            span: _, pointer: _, annotations: _, refers_to: _, view: _, tag: _, discriminator: _,
        } = self;
        let values = *never || constant.is_some() || enumeration.is_some();
        let facets = number.any() || text.any() || array.any();
        let applicators = !any_of.is_empty() || !one_of.is_empty() || not.is_some() || condition.is_some();
        values || facets || applicators || !rules.is_empty() || max_depth.is_some()
    }
}
