//! Reads schema objects: every keyword is enforced, recorded as an annotation, or rejected at its position.

pub(super) mod contradictions;
pub(super) mod keywords;
mod rust_type;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::{Bindings, Dialect, Job, Key, Located, Reader};
use crate::model::{ArrayRules, Condition, Contains, IntegerWidth, Keyword, KeywordRole, ObjectRules, Schema, SchemaId, version};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use crate::source::{Map, Node, Span, Value};
use keywords::{KeywordDialect, close_keyword, close_short_keyword, known_keyword, replacement, respelled, same_letters};
pub use keywords::{KeywordHandling, keyword_handling};

impl<'a> Reader<'a> {
    pub(super) fn read_schema(&mut self, job: &Job<'a>) -> Schema {
        let mut schema = Schema { span: job.node.span, pointer: self.full_pointer(job.key.file, &job.key.pointer), ..Schema::default() };
        match &job.node.value {
            Value::Bool(accepts) => schema.never = !accepts,
            Value::Map(_) => self.read_map(job, &mut schema),
            Value::Null if is_named(&job.key.pointer) => {
                self.diagnostics
                    .warning(job.node.span, "a schema without a value: it accepts any value")
                    .hint("write `{}` if that is what you mean");
            }
            _ => {
                let message = format!("expected a schema, found {}", job.node.kind());
                let hint = match &job.node.value {
                    Value::Null => "write `{}` for a schema that accepts any value, `{ type: 'null' }` for one that accepts null",
                    _ => "write `{}` for a schema that accepts any value",
                };
                self.diagnostics.error(job.node.span, message).hint(hint);
            }
        }
        schema
    }

    fn read_map(&mut self, job: &Job<'a>, schema: &mut Schema) {
        let here = Located { file: job.key.file, pointer: job.key.pointer.clone(), node: job.node };
        if job.key.collection.is_none() && self.any_collection(&here, &job.key.bindings, schema) {
            return;
        }
        let lone_reference = self.dialect == Dialect::V30 && job.node.get("$ref").is_some();
        for (keyword, value) in here.entries() {
            let span =
                job.node.as_map().and_then(|map| map.iter().find(|entry| entry.key == keyword)).map_or(value.node.span, |e| e.key_span);
            self.note_stated(job.id, keyword, &value);
            let keyword = self.as_spelled(keyword, job.node, span);
            let listed = known_keyword(keyword).or_else(|| is_draft_keyword(keyword, job.node).then_some(KeywordDialect::Both));
            let meant = close_keyword(keyword).or_else(|| {
                let meant = same_letters(keyword).or_else(|| close_short_keyword(keyword, job.node, value.node));
                meant.map(|meant| (meant, false))
            });
            match self.known(keyword, (listed, meant), lone_reference, span) {
                None => {
                    if listed.is_none() && self.is_left_out(value.node) {
                        self.valueless(keyword, span);
                    }
                    self.count(keyword, KeywordRole::Annotation);
                }
                Some(KeywordDialect::Annotation) => {
                    self.count(keyword, KeywordRole::Annotation);
                    self.annotation(keyword, &value, schema);
                }
                Some(KeywordDialect::Direction) => {
                    self.count(keyword, KeywordRole::Enforced);
                    self.annotation(keyword, &value, schema);
                }
                Some(KeywordDialect::Both | KeywordDialect::V30 | KeywordDialect::V31) if self.is_null(keyword, value.node) => {
                    let state = if self.is_left_out(value.node) { "it has no value" } else { "it is null" };
                    self.diagnostics.warning(value.node.span, format!("ignored `{keyword}`: {state}")).hint("leave it out");
                }
                Some(_) => {
                    self.count(keyword, KeywordRole::Enforced);
                    self.keyword(keyword, &value, &job.key, schema);
                }
            }
        }
        self.dynamic_reference(&here, &job.key.bindings, schema);
        self.condition(&here, &job.key.bindings, schema);
        self.discriminator(&here, schema);
        self.finish_schema(job.node, schema);
    }

    /// The keyword that is meant by another spelling of it, such as `min_items`, unless the schema has that keyword too.
    fn as_spelled(&mut self, keyword: &'a str, schema: &Node, span: Span) -> &'a str {
        let meant = if known_keyword(keyword).is_none() { respelled(keyword) } else { None };
        let Some(meant) = meant.filter(|meant| schema.get(meant).is_none()) else { return keyword };
        self.diagnostics.warning(span, format!("`{keyword}` is read as `{meant}`")).hint(format!("write `{meant}`"));
        meant
    }

    /// Whether the value of a keyword is null, and means that the keyword is absent: a written `null`, as many programs write it, or no value
    /// where there would be schemas or names. A limit without a value is a mistake. Some keywords have null as a value, or are read elsewhere.
    fn is_null(&self, keyword: &str, value: &Node) -> bool {
        let is_read = ["$ref", "$dynamicRef", "const", "discriminator", "else", "enum", "if", "then"].contains(&keyword);
        let is_limit =
            (Keyword::named(keyword).is_some() && keyword != "format") || ["maxContains", "minContains", "nullable"].contains(&keyword);
        let is_absent = if keyword == "type" { self.is_left_out(value) } else { !is_limit || !self.is_left_out(value) };
        matches!(value.value, Value::Null) && !is_read && is_absent
    }

    /// Reads `$dynamicRef`, whose target has been found: see `identifiers.rs`. Next to `$ref`, it is another part of the schema.
    fn dynamic_reference(&mut self, here: &Located<'a>, bindings: &Bindings, schema: &mut Schema) {
        let Some(at) = here.get("$dynamicRef").filter(|_| self.dialect == Dialect::V31) else { return };
        let target = self.reference(&at, bindings);
        match schema.reference {
            None => schema.reference = target,
            Some(_) => schema.all_of.extend(target),
        }
    }

    /// Reads `if`. Without it, `then` and `else` have no effect.
    fn condition(&mut self, here: &Located<'a>, bindings: &Bindings, schema: &mut Schema) {
        let Some(condition) = here.get("if").filter(|_| self.dialect == Dialect::V31) else { return };
        let condition = self.child(&condition, bindings);
        let then = here.get("then").map(|at| self.child(&at, bindings));
        let otherwise = here.get("else").map(|at| self.child(&at, bindings));
        schema.condition = Some(Condition { condition, then, otherwise });
    }

    /// How this dialect treats a keyword; `None` if it is unknown or ignored. Reports ignored keywords and likely misspellings.
    fn known(
        &mut self,
        keyword: &str,
        (known, meant): (Option<KeywordDialect>, Option<(&str, bool)>),
        lone_reference: bool,
        span: Span,
    ) -> Option<KeywordDialect> {
        match known {
            Some(known)
                if lone_reference
                    && !matches!(known, KeywordDialect::Annotation | KeywordDialect::Direction | KeywordDialect::V30)
                    && keyword != "$ref" =>
            {
                self.diagnostics.warning(span, format!("ignored keyword `{keyword}`: OpenAPI 3.0 ignores keywords next to `$ref`"));
                None
            }
            Some(KeywordDialect::V31) if self.dialect == Dialect::V30 => {
                self.diagnostics
                    .warning(span, format!("ignored keyword `{keyword}`: OpenAPI 3.0 does not have it"))
                    .hint("declare `openapi: 3.1.0` to use it");
                None
            }
            Some(KeywordDialect::V30) if self.dialect == Dialect::V31 => {
                self.diagnostics
                    .warning(span, format!("ignored keyword `{keyword}`: OpenAPI 3.1 does not have it"))
                    .hint("write `type: [..., 'null']` instead");
                None
            }
            None => {
                if let Some(now) = replacement(keyword) {
                    let message = format!("ignored keyword `{keyword}`: JSON Schema 2020-12 does not have it");
                    self.diagnostics.warning(span, message).hint(format!("write {now}"));
                } else if let Some((meant, is_for_people)) = meant {
                    let diagnostic = if is_for_people {
                        self.diagnostics.warning(span, format!("ignored unknown keyword `{keyword}`"))
                    } else {
                        self.diagnostics.error(span, format!("unknown keyword `{keyword}`"))
                    };
                    diagnostic.hint(format!("did you mean `{meant}`?"));
                }
                None
            }
            known => known,
        }
    }

    /// Warns of an unknown keyword without a value. It usually follows a comma in an unquoted text in braces.
    fn valueless(&mut self, keyword: &str, span: Span) {
        if close_keyword(keyword).is_none() && !keyword.starts_with("x-") {
            self.diagnostics.warning(span, format!("ignored unknown keyword `{keyword}` without a value")).hint(super::objects::CUT_TEXT);
        }
    }

    fn annotation(&mut self, keyword: &str, value: &Located<'a>, schema: &mut Schema) {
        let notes = &mut schema.annotations;
        match keyword {
            "title" => notes.title = value.node.as_str().map(str::to_owned),
            "description" => notes.description = value.node.as_str().map(|text| text.trim_end().to_owned()),
            "default" => notes.default = Some(self.stated(value.node)),
            "example" => notes.examples.push(self.stated(value.node)),
            "examples" => {
                let values = value.node.as_list().unwrap_or_default().iter().map(|node| self.stated(node));
                notes.examples.extend(values);
            }
            "contentMediaType" => notes.content_media_type = value.node.as_str().map(str::to_owned),
            "contentEncoding" => notes.content_encoding = value.node.as_str().map(str::to_owned),
            // As in other keywords, a null says nothing.
            "deprecated" | "readOnly" | "writeOnly" if value.is_null() => {}
            "deprecated" => notes.deprecated = self.bool(value.node, keyword),
            "readOnly" => notes.read_only = self.bool(value.node, keyword),
            "writeOnly" => notes.write_only = self.bool(value.node, keyword),
            "x-since" => {
                notes.since = value.node.as_str().filter(|text| version(text).is_some()).map(str::to_owned);
                if notes.since.is_none() {
                    self.diagnostics
                        .error(value.node.span, "invalid `x-since`: expected a version of the contract")
                        .hint("write it as in `info.version`, in quotes: `x-since: '1.1.0'`");
                }
            }
            _ => {}
        }
    }

    fn keyword(&mut self, keyword: &str, value: &Located<'a>, key: &Key, schema: &mut Schema) {
        if let Some(assertion) = Keyword::named(keyword) {
            return self.assertion(assertion, value.node, schema);
        }
        let bindings = &key.bindings;
        match keyword {
            "$ref" => schema.reference = self.reference(value, bindings),
            "$defs" => {}
            "type" => schema.types = self.types(value.node),
            "const" => schema.constant = Some(self.stated(value.node)),
            "enum" => schema.enumeration = self.list(value).map(|items| items.iter().map(|item| self.stated(item.node)).collect()),
            "nullable" => schema.accepts_null = self.bool(value.node, keyword),
            "allOf" => schema.all_of = self.schemas(value, bindings),
            "anyOf" => schema.any_of = self.schemas(value, bindings),
            "oneOf" => schema.one_of = self.schemas(value, bindings),
            "not" => schema.not = Some(self.child(value, bindings)),
            // Read together, once all sibling keywords are known.
            "$dynamicRef" | "if" | "then" | "else" | "discriminator" => {}
            "x-each" => schema.array.each = self.bool(value.node, keyword),
            "x-max-depth" => schema.max_depth = self.size(value.node, keyword),
            "x-ref" => schema.refers_to = self.collection_name(value.node),
            "x-rules" => self.rules(value, schema),
            "x-rust-type" => schema.rust_type = self.rust_type(value.node),
            // Read before the schemas, together with all sibling keywords.
            "x-sync" | "x-any-collection" => {}
            "prefixItems" | "items" | "additionalItems" | "contains" | "minContains" | "maxContains" | "unevaluatedItems" => {
                self.array_keyword(keyword, value, bindings, &mut schema.array);
            }
            _ => self.object_keyword(keyword, value, key, &mut schema.object),
        }
    }

    fn array_keyword(&mut self, keyword: &str, value: &Located<'a>, bindings: &Bindings, array: &mut ArrayRules) {
        match keyword {
            "prefixItems" if !array.prefix_items.is_empty() => {
                let message = "`prefixItems` is next to a list of `items`, which would mean the same";
                self.diagnostics.error(value.node.span, message).hint("remove one of them");
            }
            "prefixItems" => array.prefix_items = self.schemas(value, bindings),
            "items" if value.node.as_list().is_some_and(<[Node]>::is_empty) => {
                let message = "`items` is an empty list, as before JSON Schema 2020-12: `additionalItems` describes all items";
                let hint = "write the schema of all items as `items`; `items: false` if there are none";
                self.diagnostics.warning(value.node.span, message).hint(hint);
            }
            "items" if value.node.as_list().is_some() => {
                let message = "`items` is a list, as before JSON Schema 2020-12: it has a schema for each position";
                let hint = match self.dialect {
                    Dialect::V30 => "OpenAPI 3.0 has one schema for all items; declare `openapi: 3.1.0` for `prefixItems`",
                    Dialect::V31 => "write `prefixItems`, and `items` in place of `additionalItems`",
                };
                self.diagnostics.warning(value.node.span, message).hint(hint);
                array.prefix_items = self.schemas(value, bindings);
            }
            "additionalItems" => array.items = Some(self.child(value, bindings)),
            "items" => array.items = Some(self.child(value, bindings)),
            "unevaluatedItems" => array.unevaluated_items = Some(self.child(value, bindings)),
            _ => {
                let bounds = array.contains.map_or((1, None), |contains| (contains.min, contains.max));
                let contains = array.contains.get_or_insert(Contains { schema: SchemaId(usize::MAX), min: bounds.0, max: bounds.1 });
                match keyword {
                    "minContains" => contains.min = self.size(value.node, keyword).unwrap_or(1),
                    "maxContains" => contains.max = self.size(value.node, keyword),
                    _ => {
                        let schema = self.child(value, bindings);
                        array.contains = array.contains.map(|contains| Contains { schema, ..contains });
                    }
                }
            }
        }
    }

    fn object_keyword(&mut self, keyword: &str, value: &Located<'a>, key: &Key, object: &mut ObjectRules) {
        let bindings = &key.bindings;
        match keyword {
            "properties" => object.properties = self.properties(value, key),
            "patternProperties" => {
                object.pattern_properties = self.schema_map(value, bindings);
                for entry in value.node.as_map().into_iter().flat_map(Map::iter) {
                    let place = Node { span: entry.key_span, value: Value::Null };
                    self.pattern(Some(&entry.key), &place);
                }
            }
            "additionalProperties" => object.additional_properties = Some(self.child(value, bindings)),
            "propertyNames" => object.property_names = Some(self.child(value, bindings)),
            "dependentSchemas" => object.dependent_schemas = self.schema_map(value, bindings),
            "dependentRequired" => {
                object.dependent_required =
                    value.entries().into_iter().map(|(name, names)| (name.to_owned(), self.names(&names))).collect();
            }
            "unevaluatedProperties" => object.unevaluated_properties = Some(self.child(value, bindings)),
            "required" if value.node.as_bool().is_some() => {
                let message = "ignored `required`: a boolean, as in Swagger 1";
                self.diagnostics
                    .warning(value.node.span, message)
                    .hint("list the names of the required members in the object that has them");
            }
            "required" => object.required = self.names(value),
            _ => {
                let message = format!("the compiler does not read the keyword `{keyword}`");
                self.diagnostics.error(value.node.span, message).hint("this is a bug in the compiler; please report it");
            }
        }
    }

    /// The checks and normalizations that need all keywords of the schema.
    fn finish_schema(&mut self, node: &Node, schema: &mut Schema) {
        if schema.array.contains.is_some_and(|contains| contains.schema == SchemaId(usize::MAX)) {
            // Without `contains`, `minContains` and `maxContains` have no effect.
            schema.array.contains = None;
        }
        let is_set = |flag: &str| node.get(flag).and_then(Node::as_bool) == Some(true);
        let number = &mut schema.number;
        if is_set("exclusiveMinimum") {
            number.exclusive_minimum = number.minimum.take();
        }
        if is_set("exclusiveMaximum") {
            number.exclusive_maximum = number.maximum.take();
        }
        if schema.array.each && !schema.array.prefix_items.is_empty() {
            let span = node.get("x-each").map_or(node.span, |each| each.span);
            let message = "ignored `x-each`: it is next to `prefixItems`, and the items are checked together";
            self.diagnostics.warning(span, message).hint("remove `x-each`: it is for items that have one schema");
            schema.array.each = false;
        }
        width_bounds(schema);
        self.contradictions(node, schema);
        let ObjectRules { properties, required, .. } = &mut schema.object;
        let ranks: BTreeMap<&String, usize> = required.iter().enumerate().map(|(rank, name)| (name, rank)).collect();
        properties.sort_by_key(|(name, _)| ranks.get(name).copied().unwrap_or(usize::MAX));
        if schema.accepts_null {
            self.nullable_policy(node, schema);
        }
    }

    /// Handles `nullable` next to a keyword that would still reject null: the author meant null to be accepted.
    fn nullable_policy(&mut self, node: &Node, schema: &Schema) {
        let lists_null = |values: &Vec<_>| values.contains(&serde_json::Value::Null);
        let neighbour = if schema.reference.is_some() {
            "`$ref`"
        } else if !schema.all_of.is_empty() {
            "`allOf`"
        } else if schema.enumeration.as_ref().is_some_and(|values| !lists_null(values)) {
            "an `enum` without null"
        } else {
            return;
        };
        let span = node.get("nullable").map_or(node.span, |nullable| nullable.span);
        self.diagnostics.warning(span, format!("`nullable` is next to {neighbour}: null is accepted"));
    }

    fn list(&mut self, value: &Located<'a>) -> Option<Vec<Located<'a>>> {
        if value.node.as_list().is_none() {
            let keyword = value.pointer.rsplit('/').next().unwrap_or_default();
            self.diagnostics.error(value.node.span, format!("invalid `{keyword}`: expected a list, found {}", value.node.kind()));
            return None;
        }
        Some(value.items())
    }

    fn names(&mut self, value: &Located<'a>) -> Vec<String> {
        let items = self.list(value).unwrap_or_default();
        let (mut names, mut seen) = (Vec::with_capacity(items.len()), BTreeSet::new());
        for item in items {
            match item.node.as_str() {
                Some(name) if !seen.insert(name) => {}
                Some(name) => names.push(name.to_owned()),
                None => {
                    _ = self
                        .diagnostics
                        .error(item.node.span, format!("invalid member name: expected a string, found {}", item.node.kind()))
                }
            }
        }
        names
    }

    /// Reads a subschema. The bindings are passed on only if the subschema reaches a bound schema.
    fn child(&mut self, at: &Located<'a>, bindings: &Bindings) -> SchemaId {
        let bindings = self.reached(at, bindings);
        self.schema(at, &bindings)
    }

    fn schemas(&mut self, value: &Located<'a>, bindings: &Bindings) -> Vec<SchemaId> {
        let items = self.list(value);
        if items.as_ref().is_some_and(Vec::is_empty) {
            let keyword = value.pointer.rsplit('/').next().unwrap_or_default();
            self.diagnostics.warning(value.node.span, format!("ignored empty `{keyword}`"));
        }
        items.unwrap_or_default().iter().map(|item| self.child(item, bindings)).collect()
    }

    fn schema_map(&mut self, value: &Located<'a>, bindings: &Bindings) -> Vec<(String, SchemaId)> {
        let Some(map) = self.map(value) else { return Vec::new() };
        map.entries().into_iter().map(|(name, at)| (name.to_owned(), self.child(&at, bindings))).collect()
    }

    /// A map of schemas, after following a reference in its place.
    fn map(&mut self, value: &Located<'a>) -> Option<Located<'a>> {
        let at = self.followed(value.clone())?;
        let is_schema = at.pointer.strip_prefix("/components/schemas/").is_some_and(|name| !name.contains('/'));
        if is_schema && value.node.get("$ref").is_some() {
            let keyword = value.pointer.rsplit('/').next().unwrap_or_default();
            let message = format!("invalid `{keyword}`: expected a mapping from names to schemas, found a reference to a schema");
            self.diagnostics.error(value.node.span, message).hint("use `allOf` to have all members of a schema");
            return None;
        }
        if at.node.as_map().is_none() {
            self.diagnostics.error(at.node.span, format!("expected a mapping from names to schemas, found {}", at.node.kind()));
            return None;
        }
        Some(at)
    }

    fn properties(&mut self, value: &Located<'a>, key: &Key) -> Vec<(String, SchemaId)> {
        let mut properties = self.schema_map(value, &key.bindings);
        if let Some((member, path)) = &key.collection {
            for (_, id) in properties.iter_mut().filter(|(name, _)| name == member) {
                let annotations = self.contract.schemas[id.0].annotations.clone();
                let constant = Schema {
                    span: value.node.span,
                    pointer: format!("#{}", value.pointer),
                    annotations,
                    types: Some(Types::STRING),
                    constant: Some(path.as_str().into()),
                    ..Schema::default()
                };
                *id = SchemaId(self.contract.schemas.len());
                self.contract.schemas.push(constant);
            }
        }
        properties
    }

    /// The schema that `$ref` points to, with the bindings applied.
    pub(super) fn reference(&mut self, value: &Located<'a>, bindings: &Bindings) -> Option<SchemaId> {
        let target = self.resolve(value.file, value.node)?;
        if target.file == self.root && target.pointer.is_empty() {
            self.diagnostics
                .error(value.node.span, "`#` is the whole document, which is not a schema")
                .hint("refer by JSON pointer: `#/components/schemas/Name`");
            return None;
        }
        if let Some(found) = other_object(&target.pointer) {
            let text = value.node.as_str().unwrap_or_default();
            self.diagnostics
                .error(value.node.span, format!("`{text}` is {found}; expected a schema"))
                .hint("refer to a schema: `#/components/schemas/Name`");
            return None;
        }
        let bound = target.pointer.strip_prefix("/components/schemas/").and_then(|name| {
            let (_, to) = bindings.iter().find(|(from, _)| from == name)?;
            Some(format!("/components/schemas/{to}"))
        });
        match bound.and_then(|pointer| self.root_schema(&pointer)) {
            Some(at) => Some(self.schema(&at, &Vec::new())),
            None => Some(self.child(&target, bindings)),
        }
    }
}

/// Whether a schema stands in a place where it has a name: a member, a definition, or the key `schema`.
fn is_named(pointer: &str) -> bool {
    const BY_NAME: [&str; 5] = ["$defs", "definitions", "patternProperties", "properties", "schemas"];
    let mut tokens = pointer.rsplit('/');
    tokens.next() == Some("schema") || tokens.next().is_some_and(|parent| BY_NAME.contains(&parent))
}

/// Whether a keyword of drafts before 2020-12 has a meaning: `additionalItems`, next to a list of `items`.
fn is_draft_keyword(keyword: &str, schema: &Node) -> bool {
    keyword == "additionalItems" && schema.get("items").is_some_and(|items| items.as_list().is_some())
}

/// The kind of object that a JSON pointer leads to, if it is in `components` but is not a schema.
fn other_object(pointer: &str) -> Option<&'static str> {
    let section = pointer.strip_prefix("/components")?;
    let (section, name) = section.strip_prefix('/').map_or(("", None), |rest| match rest.split_once('/') {
        Some((section, name)) => (section, Some(name)),
        None => (rest, None),
    });
    let Some(name) = name else { return Some("a mapping from names to objects") };
    match section {
        _ if name.contains('/') => None,
        "callbacks" => Some("a callback"),
        "examples" => Some("an example"),
        "headers" => Some("a header"),
        "links" => Some("a link"),
        "parameters" => Some("a parameter"),
        "pathItems" => Some("a path item"),
        "requestBodies" => Some("a request body"),
        "responses" => Some("a response"),
        "securitySchemes" => Some("a security scheme"),
        _ => None,
    }
}

/// Adds the bounds that the width of an integer implies. The widest integers keep their own bounds: no type could hold a value beyond them.
fn width_bounds(schema: &mut Schema) {
    let is_integer = schema.types.is_some_and(|types| types.contains(Types::INTEGER) && !types.contains(Types::NUMBER));
    let rules = &mut schema.number;
    rules.width = rules.width.filter(|_| is_integer);
    let Some(width) = rules.width else { return };
    let (least, most) = width.range();
    if width != IntegerWidth::I64 {
        let lower = |bound: &Number| bound.compare(least).is_gt();
        rules.minimum = rules.minimum.filter(lower).or(Some(least));
    }
    if !matches!(width, IntegerWidth::I64 | IntegerWidth::U64) {
        let upper = |bound: &Number| bound.compare(most).is_lt();
        rules.maximum = rules.maximum.filter(upper).or(Some(most));
    }
}
