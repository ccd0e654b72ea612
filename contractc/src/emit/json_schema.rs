//! Prints a schema of the model as JSON Schema 2020-12. References lead to the generated types of the schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Plan;
use crate::model::{Annotations, ArrayRules, Kind, ObjectRules, RustType, Schema, SchemaId, UnionTag};
use crate::runtime::check::Types;
use crate::runtime::report::escaped;
use crate::shapes::DeclarationId;

/// A schema as JSON, without its references.
pub struct JsonSchema {
    /// The schema.
    pub value: Value,
    /// The JSON pointer of each schema that refers to a type, and the type.
    pub references: Vec<(String, DeclarationId)>,
}

/// Prints schemas.
pub struct JsonSchemas<'p> {
    plan: &'p Plan<'p>,
    /// The schemas that have names. The variants of `x-any-collection` have names without a reference in the document.
    named: BTreeSet<SchemaId>,
}

impl<'p> JsonSchemas<'p> {
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let is_declared = |id: &SchemaId| plan.shapes.of(plan.contract, *id).is_some();
        JsonSchemas { plan, named: plan.contract.names.iter().map(|(_, id)| *id).filter(is_declared).collect() }
    }

    /// Prints the schema of a declared type.
    pub fn print(&self, id: SchemaId) -> JsonSchema {
        let mut printer = Printer { plan: self.plan, named: &self.named, references: Vec::new(), depth: 0 };
        let value = printer.schema(id, "");
        JsonSchema { value, references: printer.references }
    }
}

struct Printer<'p> {
    plan: &'p Plan<'p>,
    named: &'p BTreeSet<SchemaId>,
    references: Vec<(String, DeclarationId)>,
    /// The nesting depth of the schemas being printed.
    depth: usize,
}

/// The keywords of a schema, and its location in the printed schema.
struct Keywords<'p> {
    pointer: &'p str,
    members: Map<String, Value>,
}

impl Keywords<'_> {
    fn set(&mut self, keyword: &str, value: Option<impl Into<Value>>) {
        self.members.extend(value.map(|value| (keyword.to_owned(), value.into())));
    }

    fn flag(&mut self, keyword: &str, is_set: bool) {
        self.set(keyword, is_set.then_some(true));
    }

    fn list<T: Into<Value> + Clone>(&mut self, keyword: &str, values: &[T]) {
        self.set(keyword, (!values.is_empty()).then(|| values.to_vec()));
    }
}

impl Printer<'_> {
    fn schema(&mut self, id: SchemaId, pointer: &str) -> Value {
        if self.depth > 0 && self.named.contains(&id) {
            let mut out = Keywords { pointer, members: Map::new() };
            self.reference(id, &mut out);
            return Value::Object(out.members);
        }
        self.depth += 1;
        let schema = self.plan.contract.schema(id);
        let is_wrapped = schema.accepts_null && rejects_null(schema);
        let printed = if is_wrapped {
            json!({ "anyOf": [self.keywords(schema, &format!("{pointer}/anyOf/0")), { "type": "null" }] })
        } else {
            self.keywords(schema, pointer)
        };
        self.depth -= 1;
        printed
    }

    fn keywords(&mut self, schema: &Schema, pointer: &str) -> Value {
        #[rustfmt::skip]
        let Schema {
            never, accepts_null, types, constant, enumeration, number: _, text: _, array, object, reference, all_of, any_of, one_of, not, condition,
            tag, rules, max_depth, refers_to, rust_type, annotations, span: _, pointer: _, view: _, discriminator: _, any_collection: _,
            complete: _,
        } = schema;
        if *never {
            return json!(false);
        }
        let mut out = Keywords { pointer, members: Map::new() };
        self.annotations(annotations, &mut out);
        out.set("type", types.map(|types| type_names(types, *accepts_null)));
        out.set("const", constant.clone());
        out.set("enum", enumeration.clone());
        for assertion in Kind::ALL.iter().flat_map(|kind| schema.assertions(*kind)) {
            out.set(assertion.keyword.name, Some(assertion.argument.to_value()));
        }
        self.arrays(array, &mut out);
        self.objects(object, &mut out);
        self.schemas("allOf", all_of, &mut out);
        self.schemas("anyOf", any_of, &mut out);
        self.schemas("oneOf", one_of, &mut out);
        tag.iter().filter(|tag| tag.by_discriminator).for_each(|tag| discriminate(tag, &mut out));
        self.inner("not", *not, &mut out);
        self.inner("if", condition.map(|condition| condition.condition), &mut out);
        self.inner("then", condition.and_then(|condition| condition.then), &mut out);
        self.inner("else", condition.and_then(|condition| condition.otherwise), &mut out);
        out.list("x-rules", &rules.iter().map(|rule| rule.text.as_str()).collect::<Vec<_>>());
        out.set("x-max-depth", *max_depth);
        out.set("x-ref", refers_to.clone());
        out.set("x-rust-type", rust_type.as_ref().map(rust_type_members));
        reference.inspect(|target| self.reference(*target, &mut out));
        if out.members.is_empty() && !self.refers(pointer) { json!(true) } else { Value::Object(out.members) }
    }

    /// Whether there is a reference at this pointer.
    fn refers(&self, pointer: &str) -> bool {
        self.references.last().is_some_and(|(known, _)| known == pointer)
    }

    fn reference(&mut self, target: SchemaId, out: &mut Keywords<'_>) {
        match self.plan.shapes.of(self.plan.contract, target) {
            Some(declaration) => self.references.push((out.pointer.to_owned(), declaration)),
            None => {
                let index = out.members.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
                let part = self.schema(target, &format!("{}/allOf/{index}", out.pointer));
                push_part(&mut out.members, part);
            }
        }
    }

    fn annotations(&mut self, notes: &Annotations, out: &mut Keywords<'_>) {
        let Annotations {
            title,
            description,
            examples,
            default,
            deprecated,
            read_only,
            write_only,
            format,
            since,
            content_media_type,
            content_encoding,
        } = notes;
        out.set("title", title.clone());
        out.set("description", description.clone());
        out.list("examples", examples);
        out.set("default", default.clone());
        out.flag("deprecated", *deprecated);
        out.flag("readOnly", *read_only);
        out.flag("writeOnly", *write_only);
        out.set("format", format.clone());
        out.set("contentMediaType", content_media_type.clone());
        out.set("contentEncoding", content_encoding.clone());
        out.set("x-since", since.clone());
    }

    fn arrays(&mut self, rules: &ArrayRules, out: &mut Keywords<'_>) {
        let ArrayRules { prefix_items, items, limits: _, contains, unevaluated_items, each } = rules;
        self.schemas("prefixItems", prefix_items, out);
        self.inner("items", *items, out);
        self.inner("contains", contains.map(|contains| contains.schema), out);
        out.set("minContains", contains.map(|contains| contains.min).filter(|min| *min != 1));
        out.set("maxContains", contains.and_then(|contains| contains.max));
        self.inner("unevaluatedItems", *unevaluated_items, out);
        out.flag("x-each", *each);
    }

    fn objects(&mut self, rules: &ObjectRules, out: &mut Keywords<'_>) {
        #[rustfmt::skip]
        let ObjectRules {
            properties, pattern_properties, additional_properties, property_names, required, limits: _, dependent_required, dependent_schemas, unevaluated_properties,
        } = rules;
        self.named("properties", properties, out);
        self.named("patternProperties", pattern_properties, out);
        self.inner("additionalProperties", *additional_properties, out);
        self.inner("propertyNames", *property_names, out);
        out.list("required", required);
        let needs: Map<String, Value> = dependent_required.iter().map(|(name, needs)| (name.clone(), json!(needs))).collect();
        out.set("dependentRequired", (!needs.is_empty()).then_some(needs));
        self.named("dependentSchemas", dependent_schemas, out);
        self.inner("unevaluatedProperties", *unevaluated_properties, out);
    }

    /// A keyword that contains one schema.
    fn inner(&mut self, keyword: &str, id: Option<SchemaId>, out: &mut Keywords<'_>) {
        let pointer = format!("{}/{keyword}", out.pointer);
        out.set(keyword, id.map(|id| self.schema(id, &pointer)));
    }

    /// A keyword that contains a list of schemas.
    fn schemas(&mut self, keyword: &str, ids: &[SchemaId], out: &mut Keywords<'_>) {
        let pointer = format!("{}/{keyword}", out.pointer);
        let printed: Vec<Value> = ids.iter().enumerate().map(|(index, id)| self.schema(*id, &format!("{pointer}/{index}"))).collect();
        out.list(keyword, &printed);
    }

    /// A keyword that contains schemas by name.
    fn named(&mut self, keyword: &str, ids: &[(String, SchemaId)], out: &mut Keywords<'_>) {
        let pointer = format!("{}/{keyword}", out.pointer);
        let printed: Map<String, Value> =
            ids.iter().map(|(name, id)| (name.clone(), self.schema(*id, &format!("{pointer}/{}", escaped(name))))).collect();
        out.set(keyword, (!printed.is_empty()).then_some(printed));
    }
}

/// Requires the values of the discriminator's member that select each variant, because JSON Schema has no keyword for it.
fn discriminate(tag: &UnionTag, out: &mut Keywords<'_>) {
    let UnionTag { member, values, by_discriminator: _ } = tag;
    let variants = out.members.get_mut("oneOf").and_then(Value::as_array_mut);
    for (variant, values) in variants.into_iter().flatten().filter_map(Value::as_object_mut).zip(values) {
        push_part(variant, json!({ "properties": { member: { "enum": values } }, "required": [member] }));
    }
}

fn rust_type_members(rust_type: &RustType) -> Value {
    let RustType { krate, version, features, path } = rust_type;
    let mut members = json!({ "crate": krate, "version": version, "path": path.join("::") });
    if !features.is_empty() {
        members["features"] = json!(features);
    }
    members
}

/// Adds a part to `allOf`.
fn push_part(members: &mut Map<String, Value>, part: Value) {
    if let Value::Array(parts) = members.entry("allOf").or_insert_with(|| json!([])) {
        parts.push(part);
    }
}

/// Whether a keyword other than `type` could reject null.
fn rejects_null(schema: &Schema) -> bool {
    let values = schema.never || schema.constant.is_some() || schema.enumeration.is_some();
    let parts = schema.reference.is_some() || !schema.all_of.is_empty() || schema.not.is_some() || schema.condition.is_some();
    values || parts || !schema.any_of.is_empty() || !schema.one_of.is_empty()
}

/// The value of `type`: a name, or a list of names with null last.
fn type_names(types: Types, accepts_null: bool) -> Value {
    let types = if accepts_null { types.or(Types::NULL) } else { types };
    let (null, others) = (Types(types.0 & Types::NULL.0), Types(types.0 & !Types::NULL.0));
    let names: Vec<&str> = others.names().chain(null.names()).collect();
    match names.as_slice() {
        [only] => json!(only),
        names => json!(names),
    }
}
