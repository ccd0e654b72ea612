//! The model: what a contract says, with JSON Schema 2020-12 meaning and no word about any target.
//!
//! The reader normalises every dialect into it, the interpreter executes it, and each emitter prints it. All lists are in a canonical
//! order, so that nothing generated depends on how the document happens to be laid out.

use serde_json::Value as JsonValue;

use crate::runtime::check::Types;
use crate::runtime::format::Format;
use crate::runtime::number::Number;
use crate::source::Span;

/// Everything one document says.
#[derive(Debug, Default)]
pub struct Contract {
    pub title: String,
    pub version: String,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub servers: Vec<Server>,
    /// In the document's order, with tags that only operations name at the end.
    pub tags: Vec<Tag>,
    pub schemas: Vec<Schema>,
    /// The named schemas, by name; instantiated ones (`x-bind`, `x-any-collection`) included.
    pub names: Vec<(String, SchemaId)>,
    /// By tag, then path, then method.
    pub operations: Vec<Operation>,
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
    Enforced,
    Annotation,
}

/// How often a keyword was met, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct KeywordUse {
    pub count: usize,
    pub role: KeywordRole,
}

/// A place that serves the contract.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    pub description: Option<String>,
}

/// A group of operations.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    pub description: Option<String>,
}

/// Index into [`Contract::schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub usize);

/// One schema object. Every field is a keyword, or a few that belong together.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub span: Span,
    /// Where it stands in its document, as a JSON pointer with `#`.
    pub pointer: String,
    pub annotations: Annotations,
    /// The schema `false`.
    pub never: bool,
    /// Null is accepted whatever the other keywords say (`nullable` of OpenAPI 3.0).
    pub accepts_null: bool,
    pub types: Option<Types>,
    pub constant: Option<JsonValue>,
    pub enumeration: Option<Vec<JsonValue>>,
    pub number: NumberRules,
    pub text: TextRules,
    pub array: ArrayRules,
    pub object: ObjectRules,
    pub reference: Option<SchemaId>,
    pub all_of: Vec<SchemaId>,
    pub any_of: Vec<SchemaId>,
    pub one_of: Vec<SchemaId>,
    pub not: Option<SchemaId>,
    pub condition: Option<Condition>,
    /// The member that tells the variants of `oneOf` apart, where there is one.
    pub tag: Option<UnionTag>,
    /// `x-rules`
    pub rules: Vec<Rule>,
    /// `x-max-depth`
    pub max_depth: Option<u64>,
    /// `x-ref`: the collection that an id points to.
    pub refers_to: Option<String>,
}

/// What a schema says to people.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    pub title: Option<String>,
    pub description: Option<String>,
    pub examples: Vec<JsonValue>,
    pub default: Option<JsonValue>,
    pub deprecated: bool,
    pub read_only: bool,
    pub write_only: bool,
    /// A format that is not asserted.
    pub format: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct NumberRules {
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
    pub exclusive_minimum: Option<Number>,
    pub exclusive_maximum: Option<Number>,
    pub multiple_of: Option<Number>,
}

#[derive(Clone, Debug, Default)]
pub struct TextRules {
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub pattern: Option<String>,
    pub format: Option<Format>,
}

#[derive(Clone, Debug, Default)]
pub struct ArrayRules {
    pub prefix_items: Vec<SchemaId>,
    /// For the items behind the prefix.
    pub items: Option<SchemaId>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub unique_items: bool,
    pub contains: Option<Contains>,
    pub unevaluated_items: Option<SchemaId>,
    /// `x-each`
    pub each: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Contains {
    pub schema: SchemaId,
    pub min: u64,
    pub max: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct ObjectRules {
    /// Required members first, in the order of `required`; then the others by name.
    pub properties: Vec<(String, SchemaId)>,
    pub pattern_properties: Vec<(String, SchemaId)>,
    pub additional_properties: Option<SchemaId>,
    pub property_names: Option<SchemaId>,
    pub required: Vec<String>,
    pub min_properties: Option<u64>,
    pub max_properties: Option<u64>,
    pub dependent_required: Vec<(String, Vec<String>)>,
    pub dependent_schemas: Vec<(String, SchemaId)>,
    pub unevaluated_properties: Option<SchemaId>,
}

/// `if`, `then`, `else`
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub condition: SchemaId,
    pub then: Option<SchemaId>,
    pub otherwise: Option<SchemaId>,
}

/// A member whose value is a different constant in every variant of a `oneOf`.
#[derive(Clone, Debug)]
pub struct UnionTag {
    pub member: String,
    /// One for each variant, in the order of `one_of`: strings or booleans.
    pub values: Vec<Vec<JsonValue>>,
}

/// A comparison between members: `left op right [± offset]`.
#[derive(Clone, Debug)]
pub struct Rule {
    pub span: Span,
    /// As written, with single spaces.
    pub text: String,
    pub left: String,
    pub comparison: Comparison,
    pub right: String,
    pub offset: Option<(Sign, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Plus,
    Minus,
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
    pub schema: SchemaId,
    /// The key of its only record.
    pub singleton: Option<String>,
    /// The member that makes the ids of shipped records.
    pub natural_key: Option<String>,
    /// Collections whose records are pushed first.
    pub parents: Vec<String>,
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
    pub path: String,
    /// The methods of the path, each with the id of its operation.
    pub operations: Vec<(Method, String)>,
}

/// An index over members of a collection's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub members: Vec<String>,
    /// One entry for each item of the (single) array member.
    pub multi: bool,
}

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    pub span: Span,
    pub id: String,
    pub method: Method,
    pub path: String,
    pub tag: Option<String>,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub deprecated: bool,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status: exact ones, then ranges, then the default.
    pub responses: Vec<Response>,
    /// Names of the schemes of which one must be satisfied; empty where none is needed.
    pub security: Vec<String>,
    /// The schemas that its path item binds (`x-bind`) in place of others.
    pub bound: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
    Trace,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub place: Place,
    pub required: bool,
    pub deprecated: bool,
    pub description: Option<String>,
    pub schema: SchemaId,
    pub style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

/// How a parameter's value becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One value, or values with commas.
    Simple,
    /// `name=a&name=b`
    Exploded,
    /// `name=a,b`, or with a space or a bar in the comma's place.
    Joined(char),
    /// `name[key]=value`
    DeepObject,
    /// `.a.b`
    Label,
    /// `;name=a`
    Matrix,
    /// JSON text.
    Json,
}

#[derive(Clone, Debug)]
pub struct Body {
    pub required: bool,
    pub description: Option<String>,
    pub media: Vec<Media>,
}

/// One representation of a body.
#[derive(Clone, Debug)]
pub struct Media {
    pub media_type: String,
    pub schema: Option<SchemaId>,
    pub examples: Vec<JsonValue>,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: Status,
    pub description: String,
    pub headers: Vec<Header>,
    pub media: Vec<Media>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Code(u16),
    /// `4XX`
    Range(u16),
    Default,
}

#[derive(Clone, Debug)]
pub struct Header {
    pub name: String,
    pub description: Option<String>,
    pub required: bool,
    pub schema: Option<SchemaId>,
}

#[derive(Debug)]
pub struct SecurityScheme {
    pub name: String,
    pub description: Option<String>,
    pub kind: SecurityKind,
}

#[derive(Debug, PartialEq, Eq)]
pub enum SecurityKind {
    Bearer,
    Basic,
    ApiKey {
        place: Place,
        name: String,
    },
    /// Flows that end in a bearer token.
    Token,
    Other,
}

impl Contract {
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

    /// The schema and everything that must hold besides: its reference and the arms of its `allOf`, all the way down.
    pub fn conjuncts(&self, id: SchemaId) -> Vec<SchemaId> {
        let mut found = Vec::new();
        self.collect_conjuncts(id, &mut found);
        found
    }

    /// The schemas of a member in all variants of a record.
    pub fn member_schemas(&self, id: SchemaId, member: &str) -> Vec<SchemaId> {
        let mut open = self.conjuncts(id);
        let mut found = Vec::new();
        let mut next = 0;
        while let Some(part) = open.get(next).copied() {
            let schema = self.schema(part);
            found.extend(schema.object.properties.iter().filter(|(name, _)| name == member).map(|(_, id)| *id));
            for variant in schema.one_of.iter().chain(&schema.any_of) {
                let parts = self.conjuncts(*variant);
                open.extend(parts.into_iter().filter(|part| !open.contains(part)).collect::<Vec<_>>());
            }
            next += 1;
        }
        found
    }

    /// The names of all members that the variants of a record may have: what all have first, then by variant.
    pub fn member_names(&self, id: SchemaId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut open = self.conjuncts(id);
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
                let parts = self.conjuncts(*variant);
                open.extend(parts.into_iter().rev().filter(|part| !open.contains(part)).collect::<Vec<_>>());
            }
            next += 1;
        }
        names
    }

    fn collect_conjuncts(&self, id: SchemaId, found: &mut Vec<SchemaId>) {
        if found.contains(&id) {
            return;
        }
        found.push(id);
        let schema = self.schema(id);
        if schema.accepts_null && found.len() > 1 {
            return;
        }
        for next in schema.reference.iter().chain(&schema.all_of) {
            self.collect_conjuncts(*next, found);
        }
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
        let adds_nothing = !self.never && self.is_unconstrained_but_for_parts();
        adds_nothing.then_some(target)
    }

    /// Whether every value is accepted.
    pub fn is_anything(&self) -> bool {
        self.reference.is_none() && self.all_of.is_empty() && !self.never && self.is_unconstrained_but_for_parts()
    }

    fn is_unconstrained_but_for_parts(&self) -> bool {
        let types = self.types.is_none() && self.constant.is_none() && self.enumeration.is_none();
        let applicators = self.any_of.is_empty() && self.one_of.is_empty();
        let others = self.not.is_none() && self.condition.is_none() && self.rules.is_empty() && self.max_depth.is_none();
        types && applicators && others && !self.has_facets()
    }

    /// Whether any keyword speaks of the content of numbers, strings, arrays or objects.
    pub fn has_facets(&self) -> bool {
        self.number.any() || self.text.any() || self.array.any() || self.object.any()
    }
}

impl NumberRules {
    pub fn any(&self) -> bool {
        let Self { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of } = self;
        [minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of].iter().any(|rule| rule.is_some())
    }
}

impl TextRules {
    pub fn any(&self) -> bool {
        let Self { min_length, max_length, pattern, format } = self;
        min_length.is_some() || max_length.is_some() || pattern.is_some() || format.is_some()
    }
}

impl ArrayRules {
    pub fn any(&self) -> bool {
        let Self { prefix_items, items, min_items, max_items, unique_items, contains, unevaluated_items, each: _ } = self;
        let bounds = min_items.is_some() || max_items.is_some() || *unique_items;
        bounds || !prefix_items.is_empty() || items.is_some() || contains.is_some() || unevaluated_items.is_some()
    }
}

impl ObjectRules {
    pub fn any(&self) -> bool {
        !self.is_plain() || !self.properties.is_empty() || !self.required.is_empty()
    }

    /// Whether only `properties` and `required` are used: such objects can be checked in one walk with others.
    pub fn is_plain(&self) -> bool {
        let Self {
            properties: _,
            pattern_properties,
            additional_properties,
            property_names,
            required: _,
            min_properties,
            max_properties,
            dependent_required,
            dependent_schemas,
            unevaluated_properties,
        } = self;
        let members = pattern_properties.is_empty() && additional_properties.is_none() && property_names.is_none();
        let dependent = dependent_required.is_empty() && dependent_schemas.is_empty() && unevaluated_properties.is_none();
        members && dependent && min_properties.is_none() && max_properties.is_none()
    }
}

impl Comparison {
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::LessOrEqual,
        Comparison::GreaterOrEqual,
        Comparison::Less,
        Comparison::Greater,
    ];

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

    /// The orderings that satisfy it.
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

impl Method {
    pub const ALL: [Method; 8] =
        [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Head, Method::Options, Method::Trace];

    /// In lower case, as a document writes it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
            Method::Head => "head",
            Method::Options => "options",
            Method::Trace => "trace",
        }
    }
}

impl Status {
    pub fn text(self) -> String {
        match self {
            Status::Code(code) => code.to_string(),
            Status::Range(hundreds) => format!("{hundreds}XX"),
            Status::Default => "default".to_owned(),
        }
    }

    pub fn is_success(self) -> bool {
        matches!(self, Status::Code(200..=299) | Status::Range(2))
    }
}

impl Media {
    /// Whether the body is JSON: `application/json` or any `+json`.
    pub fn is_json(&self) -> bool {
        is_json(&self.media_type)
    }
}

/// Whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json") || essence == "text/json"
}
