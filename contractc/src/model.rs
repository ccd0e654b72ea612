//! The model: the meaning of a contract in terms of JSON Schema 2020-12, independent of any target.
//!
//! The reader normalizes every dialect into the model, the interpreter executes it, and each emitter prints it. All lists are in canonical
//! order, so that generated code does not depend on the layout of the document.

mod assertions;
mod direction;
mod merged;
mod multipart;
mod operation;
mod path;
mod rules;
mod selection;
mod text;

use std::collections::BTreeSet;

use serde_json::Value as JsonValue;

pub(crate) use assertions::{Argument, Assertion, Check, KEYWORDS, Keyword, Kind, Meaning};
pub use assertions::{ArrayLimits, NumberRules, ObjectLimits, TextRules};
pub use direction::{Direction, Role, View};
pub(crate) use merged::{Merged, intersect, is_null};
pub use multipart::{BodyPart, BodyParts, PartKind};
pub(crate) use operation::EVENTS;
pub use operation::{
    Body, Content, Encoding, Header, Media, Method, Operation, Parameter, Place, Requirement, Response, SecurityKind, SecurityScheme,
    Status, Style, is_json,
};
pub(crate) use path::as_sent;
pub use path::placeholders;
pub use text::TextShape;
pub(crate) use text::type_of;

pub use rules::{
    ArrayRules, Comparison, CompleteUnion, CompleteVariant, Condition, Contains, Discriminator, IntegerWidth, ObjectRules, Rule, RustType,
    Sign, UnionTag,
};

pub use selection::NotFound;

use crate::runtime::check::Types;
use crate::source::Span;

/// The content of one document.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Contract {
    /// `title`
    pub title: String,
    /// `version`
    pub version: String,
    /// `summary`
    pub summary: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// In the order of the document.
    pub servers: Vec<Server>,
    /// In the order of the document, followed by tags that only operations use.
    pub tags: Vec<Tag>,
    /// All schemas, named or not, in the order of reading.
    pub schemas: Vec<Schema>,
    /// The named schemas, ordered by name. Includes instances (`x-bind`, `x-any-collection`) and direction-specific views.
    pub names: Vec<(String, SchemaId)>,
    /// Ordered by tag, then path, then method.
    pub operations: Vec<Operation>,
    /// Ordered by name.
    pub security_schemes: Vec<SecurityScheme>,
    /// Parents before children, otherwise ordered by path.
    pub collections: Vec<Collection>,
    /// `x-namespace`: the UUID that deterministic ids are derived from.
    pub namespace: Option<String>,
    /// The complete document, if the compiler has added the sync protocol.
    pub completed: Option<JsonValue>,
    /// The parts that the model does not represent and that are compared as text, by pointer: `servers`, `webhooks` and `callbacks`.
    pub texts: std::collections::BTreeMap<String, (Span, String)>,
    /// The schemas that several parts of a value have for one member or for its items, with the schema of the values that all of them accept.
    /// Only types use it.
    pub conjunctions: std::collections::BTreeMap<Vec<SchemaId>, SchemaId>,
    /// How often each schema keyword is used, for `COVERAGE.md`.
    pub keywords: std::collections::BTreeMap<String, KeywordUse>,
}

/// How a keyword is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeywordRole {
    /// Validators check it.
    Enforced,
    /// Documentation for people.
    Annotation,
}

/// How often a keyword is used, and how it is handled.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KeywordUse {
    /// How often the keyword is used.
    pub count: usize,
    /// How the keyword is handled.
    pub role: KeywordRole,
}

/// A server of the API.
#[derive(Debug)]
#[non_exhaustive]
pub struct Server {
    /// The URL of the server.
    pub url: String,
    /// `description`
    pub description: Option<String>,
}

/// A group of operations.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// `description`
    pub description: Option<String>,
}

/// Index into [`Contract::schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub usize);

/// One schema object. Each field represents a keyword or a group of related keywords.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Schema {
    /// The position in the document.
    pub span: Span,
    /// The location in its document, as a JSON pointer with `#`.
    pub pointer: String,
    /// Annotation keywords.
    pub annotations: Annotations,
    /// Whether this is the schema `false`.
    pub never: bool,
    /// Whether null is accepted regardless of the other keywords (`nullable` of OpenAPI 3.0).
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
    /// The discriminating member of `oneOf`, if there is one.
    pub tag: Option<UnionTag>,
    /// `discriminator`, if it describes the variants, or a base that others extend.
    pub discriminator: Option<Discriminator>,
    /// `x-rules`
    pub rules: Vec<Rule>,
    /// `x-max-depth`
    pub max_depth: Option<u64>,
    /// `x-ref`: the collection that an id points to.
    pub refers_to: Option<String>,
    /// `x-any-collection`: the schema is a union over all collections. This is its name in the document, which its views keep.
    pub any_collection: Option<String>,
    /// `x-rust-type`
    pub rust_type: Option<RustType>,
    /// For a schema that is not in the document itself: the schema that it was derived from.
    pub view: Option<View>,
    /// For types: the complete objects of the schema, if a union beside its members adds others, or its schemas for each of several types.
    pub complete: Option<CompleteUnion>,
}

/// Annotation keywords: they do not affect validation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
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
    /// `x-since`: the contract version from which on the server sends the member.
    pub since: Option<String>,
    /// A format that is not asserted.
    pub format: Option<String>,
    /// `contentMediaType`
    pub content_media_type: Option<String>,
    /// `contentEncoding`
    pub content_encoding: Option<String>,
}

/// Reads a version such as `1.1.0`.
pub fn version(text: &str) -> Option<[u64; 3]> {
    let parts: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
    parts.ok()?.try_into().ok()
}

/// A synced collection, from `x-sync`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Collection {
    /// The position of its `x-sync`.
    pub span: Span,
    /// The path segment, and the collection's name everywhere.
    pub path: String,
    /// The name of its schema.
    pub schema_name: String,
    /// The schema of its live records.
    pub schema: SchemaId,
    /// The key of the collection's only record, for a collection of one.
    pub singleton: Option<String>,
    /// The member that the ids of shipped records are derived from.
    pub natural_key: Option<String>,
    /// Collections whose records are pushed first.
    pub parents: Vec<String>,
    /// The indexes by which devices look up records.
    pub indexes: Vec<Index>,
    /// The version of the local database that introduced it.
    pub since: u64,
    /// The route for pulling changes.
    pub feed: Option<Route>,
    /// The route for pushing several changes at once.
    pub batch: Option<Route>,
    /// The route for reading, writing and deleting one record.
    pub record: Option<Route>,
}

/// A path that serves a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The path template, with its parameters in braces.
    pub path: String,
    /// The methods of the path, each with the id of its operation.
    pub operations: Vec<(Method, String)>,
}

/// An index over members of a collection's records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Index {
    /// The members, in the order of the index.
    pub members: Vec<String>,
    /// Whether the index has one entry for each item of its single member, an array.
    pub multi: bool,
}

impl Contract {
    /// The schema with this id.
    pub fn schema(&self, id: SchemaId) -> &Schema {
        &self.schemas[id.0]
    }

    /// The schema named `name`.
    pub fn named(&self, name: &str) -> Option<SchemaId> {
        let index = self.names.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(self.names[index].1)
    }

    /// Finds a schema by its name or by its JSON pointer with `#`.
    pub fn find(&self, name: &str) -> Option<SchemaId> {
        let by_pointer = || self.schemas.iter().position(|schema| name.starts_with('#') && schema.pointer == name).map(SchemaId);
        self.named(name).or_else(by_pointer)
    }

    /// The index of a schema among those with `x-max-depth`.
    pub fn recursion_number(&self, id: SchemaId) -> usize {
        self.schemas[..id.0].iter().filter(|schema| schema.max_depth.is_some()).count()
    }

    /// Follows schemas that only refer to another schema.
    pub fn resolved(&self, id: SchemaId) -> SchemaId {
        let mut at = id;
        // A chain longer than the number of schemas is a cycle.
        for _ in 0..self.schemas.len() {
            match self.schema(at).alias() {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// The schemas without those that only refer to another one, each once.
    pub(crate) fn distinct(&self, schemas: &[SchemaId]) -> Vec<SchemaId> {
        let mut seen = BTreeSet::new();
        schemas.iter().map(|id| self.resolved(*id)).filter(|id| seen.insert(*id)).collect()
    }

    /// The schema of the values that all these schemas accept; `None` if the document has too many such schemas.
    pub(crate) fn conjunction(&self, schemas: &[SchemaId]) -> Option<SchemaId> {
        match schemas {
            [only] => Some(*only),
            several => match self.distinct(several).as_slice() {
                [only] => Some(*only),
                distinct => self.conjunctions.get(distinct).copied(),
            },
        }
    }

    /// Words for an unnamed schema, from its location. A file name counts as a name.
    pub fn place_words(&self, id: SchemaId) -> Vec<String> {
        let pointer = &self.schema(id).pointer;
        let (file, pointer) = pointer.split_once('#').unwrap_or(("", pointer));
        let stem = file.rsplit('/').next().and_then(|name| name.split('.').next()).filter(|stem| !stem.is_empty());
        let skipped = ["components", "schemas", "properties", "paths", "content", "schema", "application/json", "$defs", "responses", "#"];
        let tokens = pointer.split('/').map(crate::source::unescaped);
        let words: Vec<String> = tokens.filter(|token| !token.is_empty() && !skipped.contains(&token.as_str())).collect();
        if words.is_empty() { stem.iter().map(|stem| (*stem).to_owned()).collect() } else { words }
    }

    /// The allOf closure: the schema, its reference and the branches of its `allOf`, transitively. Contains everything that must
    /// hold for a value, each schema once, in reading order. The closure does not continue past a part that accepts null by itself.
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

    /// The names of all members that the variants of a record may have: the common ones first, then by variant.
    pub fn member_names(&self, id: SchemaId) -> Vec<String> {
        let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open = self.all_of_closure(id);
        // A referenced schema is more general than the schema that refers to it.
        open.reverse();
        let mut next = 0;
        while let Some(part) = open.get(next).copied() {
            let schema = self.schema(part);
            for (name, _) in &schema.object.properties {
                if seen.insert(name) {
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
    /// Whether messages must not repeat its values: `writeOnly`, or the format `password`. Listed values are not secret.
    pub fn is_secret(&self) -> bool {
        let is_marked = self.annotations.write_only || self.annotations.format.as_deref() == Some("password");
        is_marked && self.enumeration.is_none() && self.constant.is_none()
    }

    /// Whether it has a `discriminator` without variants: other schemas extend it, but it does not list them.
    pub fn is_open_base(&self) -> bool {
        self.discriminator.is_some() && self.one_of.is_empty() && self.any_of.is_empty()
    }

    /// The schema that this one only repeats: through a `$ref` alone, or through an `allOf` with one branch, which OpenAPI 3.0 needs for a
    /// description.
    pub fn alias(&self) -> Option<SchemaId> {
        self.only_part().filter(|_| !self.accepts_null)
    }

    /// The schema that this one extends only with null.
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
        (adds_nothing && self.rust_type.is_none()).then_some(target)
    }

    /// Whether every value is accepted.
    pub fn is_anything(&self) -> bool {
        let has_parts = self.reference.is_some() || !self.all_of.is_empty();
        !has_parts && self.types.is_none() && !self.object.any() && !self.has_other_constraints()
    }

    /// Whether the schema only declares and requires members, apart from its reference and `allOf`.
    pub fn is_plain_object(&self) -> bool {
        let is_object = self.types == Some(Types::OBJECT) && self.object.is_plain();
        is_object && !self.accepts_null && !self.array.each && !self.has_other_constraints()
    }

    /// Whether any keyword constrains the content of numbers, strings, arrays or objects.
    pub fn has_facets(&self) -> bool {
        self.number.any() || self.text.any() || self.array.any() || self.object.any()
    }

    /// Whether anything except parts, types, members and null constrains the accepted values.
    fn has_other_constraints(&self) -> bool {
        #[rustfmt::skip]
        let Self {
            never, constant, enumeration, number, text, array, any_of, one_of, not, condition, rules, max_depth,
            accepts_null: _, types: _, object: _, reference: _, all_of: _,
            span: _, pointer: _, annotations: _, refers_to: _, rust_type: _, view: _, tag: _, discriminator: _, any_collection: _,
            complete: _,
        } = self;
        let values = *never || constant.is_some() || enumeration.is_some();
        let facets = number.any() || text.any() || array.any();
        let applicators = !any_of.is_empty() || !one_of.is_empty() || not.is_some() || condition.is_some();
        values || facets || applicators || !rules.is_empty() || max_depth.is_some()
    }
}
