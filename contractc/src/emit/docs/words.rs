//! Describes schemas in words: the name or kind of a value, and every constraint on it.

use std::collections::BTreeMap;

use serde_json::Value as JsonValue;

use super::markdown::{code, link, plain};
use crate::model::{Argument, Assertion, Contract, Kind, Meaning, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

/// The maximum number of enum values in a table cell. The section of the schema lists all of them.
const LISTED_VALUES_MAX: usize = 16;

/// The contract, with the names of its schemas.
pub struct Words<'c> {
    pub contract: &'c Contract,
    names: BTreeMap<SchemaId, Name<'c>>,
}

/// How much of a schema a description states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Every constraint.
    Full,
    /// For tables: without the constraints that the section of a named schema describes.
    Brief,
}

/// The name of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'c> {
    /// The schema whose section contains the description.
    pub section: &'c str,
    /// The bound schema, for an instance by `x-bind` or `x-any-collection`.
    pub bound: Option<&'c str>,
}

impl<'c> Words<'c> {
    pub fn new(contract: &'c Contract) -> Self {
        let mut names: BTreeMap<SchemaId, Name<'c>> = contract
            .names
            .iter()
            .filter(|(_, id)| !is_view(contract, *id))
            .map(|(name, id)| (*id, instance(contract, name, *id)))
            .collect();
        // A direction-specific view is described in the section of its schema. The tables state the direction of each member.
        let views = contract.names.iter().filter_map(|(_, id)| contract.schema(*id).view.map(|view| (*id, view.of)));
        let named: Vec<_> = views.filter_map(|(id, of)| names.get(&of).map(|name| (id, *name))).collect();
        names.extend(named);
        Words { contract, names }
    }

    /// The name of this schema itself, without following references.
    pub fn own_name(&self, id: SchemaId) -> Option<Name<'c>> {
        self.names.get(&id).copied()
    }

    /// The name under which a schema is described, directly or through references.
    pub fn name(&self, id: SchemaId) -> Option<Name<'c>> {
        let mut at = id;
        // A chain longer than the number of schemas is a cycle.
        for _ in 0..=self.contract.schemas.len() {
            if let Some(name) = self.names.get(&at) {
                return Some(*name);
            }
            at = self.referent(at)?;
        }
        None
    }

    /// The schema that this one refers to by `$ref`, or by an `allOf` with one branch, if this schema adds no structure.
    fn referent(&self, id: SchemaId) -> Option<SchemaId> {
        let schema = self.contract.schema(id);
        let structured = schema.object.any() || schema.array.any() || !schema.one_of.is_empty() || !schema.any_of.is_empty();
        match (schema.reference, schema.all_of.as_slice()) {
            _ if structured => None,
            (Some(target), []) => Some(target),
            (None, [only]) => Some(*only),
            _ => None,
        }
    }

    /// The allOf closure of a schema.
    pub fn parts(&self, id: SchemaId) -> Vec<&'c Schema> {
        self.contract.all_of_closure(id).into_iter().map(|part| self.contract.schema(part)).collect()
    }

    /// The description of a schema, or of the schema that it refers to.
    pub fn description(&self, id: SchemaId) -> Option<&'c str> {
        let target = self.name(id).and_then(|name| self.contract.named(name.section));
        let schemas =
            [Some(id), Some(self.contract.resolved(id)), target].into_iter().flatten().map(|id| &self.contract.schema(id).annotations);
        schemas.filter_map(|notes| notes.description.as_deref().or(notes.title.as_deref())).find(|text| !text.trim().is_empty())
    }

    /// The kind of a value, with links to the sections of named schemas.
    pub fn kind(&self, id: SchemaId) -> String {
        self.kind_within(id, 0)
    }

    fn kind_within(&self, id: SchemaId, depth: usize) -> String {
        if let Some(name) = self.names.get(&id) {
            return name_link(*name);
        }
        // Only a cycle of references by pointer, without a named schema, is this deep.
        if depth > 16 {
            return "value".to_owned();
        }
        let text = match self.referent(id) {
            Some(target) => self.kind_within(target, depth + 1),
            None => self.inline_kind(id, depth),
        };
        if self.contract.schema(id).accepts_null && !text.ends_with("null") { format!("{text} or null") } else { text }
    }

    pub fn inline_kind(&self, id: SchemaId, depth: usize) -> String {
        let schema = self.contract.schema(id);
        let null = if schema.types.is_some_and(|types| types != Types::NULL && types.contains(Types::NULL)) { " or null" } else { "" };
        let types = schema.types.map(|types| if types == Types::NULL { types } else { Types(types.0 & !Types::NULL.0) });
        let variants = if schema.one_of.is_empty() { &schema.any_of } else { &schema.one_of };
        let text = if schema.never {
            "nothing".to_owned()
        } else if !variants.is_empty() && schema.object.properties.is_empty() {
            self.alternatives(variants, " or ", depth)
        } else if schema.all_of.len() > 1 && schema.object.properties.is_empty() {
            self.alternatives(&schema.all_of, " and ", depth)
        } else if types == Some(Types::ARRAY) || (types.is_none() && schema.array.items.is_some()) {
            let items = schema.array.items.filter(|_| schema.array.prefix_items.is_empty());
            items.map_or_else(|| "array".to_owned(), |items| format!("array of {}", self.kind_within(items, depth + 1)))
        } else if types == Some(Types::OBJECT) && schema.object.properties.is_empty() {
            self.map_kind(schema, depth)
        } else {
            types.map_or_else(|| untyped_kind(schema), |types| types.to_string())
        };
        format!("{text}{null}")
    }

    fn alternatives(&self, variants: &[SchemaId], joint: &str, depth: usize) -> String {
        let mut kinds: Vec<String> = Vec::new();
        for variant in variants {
            let kind = self.kind_within(*variant, depth + 1);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        // Null comes last, where it reads best.
        kinds.sort_by_key(|kind| kind == "null");
        kinds.join(joint)
    }

    fn map_kind(&self, schema: &Schema, depth: usize) -> String {
        let values = schema.object.additional_properties.filter(|id| !self.is_trivial(*id));
        values.map_or_else(|| "object".to_owned(), |values| format!("map of {}", self.kind_within(values, depth + 1)))
    }

    /// Whether the schema is `true` or `false`.
    fn is_trivial(&self, id: SchemaId) -> bool {
        let schema = self.contract.schema(self.contract.resolved(id));
        schema.never || schema.is_anything()
    }

    /// Whether undeclared members are rejected.
    pub fn is_closed(&self, id: SchemaId) -> bool {
        let is_never = |id: Option<SchemaId>| id.is_some_and(|id| self.contract.schema(self.contract.resolved(id)).never);
        self.parts(id).iter().any(|part| is_never(part.object.additional_properties) || is_never(part.object.unevaluated_properties))
    }

    /// Every constraint in words.
    pub fn rules(&self, id: SchemaId, detail: Detail) -> Vec<String> {
        let is_named = self.name(id).is_some();
        let mut words = Vec::new();
        if detail == Detail::Brief && is_named {
            words.extend(self.scalar_word(id));
        }
        for part in self.parts(id) {
            words.extend(value_words(part, detail));
            words.extend(assertion_words(part, Kind::Number));
            words.extend(text_words(part, detail == Detail::Brief && is_named));
            words.extend(self.array_words(part, detail));
            words.extend(assertion_words(part, Kind::Object));
            words.extend(self.sync_words(part));
        }
        words.extend(annotation_words(self.contract.schema(id)));
        let mut seen = std::collections::BTreeSet::new();
        words.retain(|word| seen.insert(word.clone()));
        words
    }

    /// The JSON type of a named schema, if it is a scalar.
    fn scalar_word(&self, id: SchemaId) -> Option<String> {
        let types = self.parts(id).iter().find_map(|part| part.types)?;
        let scalar = Types::STRING.or(Types::INTEGER).or(Types::NUMBER).or(Types::BOOLEAN);
        scalar.intersects(types).then(|| types.to_string())
    }

    fn array_words(&self, schema: &Schema, detail: Detail) -> Vec<String> {
        let array = &schema.array;
        let mut words = assertion_words(schema, Kind::Array);
        if array.each {
            words.push("each validated alone".to_owned());
        }
        if !array.prefix_items.is_empty() {
            let kinds: Vec<String> = array.prefix_items.iter().map(|item| self.kind(*item)).collect();
            words.push(format!("in this order: {}", kinds.join(", ")));
        }
        if let Some(contains) = array.contains {
            let count = size_words(Some(contains.min), contains.max, "item").unwrap_or_else(|| "any number of items".to_owned());
            words.push(format!("{count} of the kind {}", self.kind(contains.schema)));
        }
        // Items without a name are described nowhere else.
        let inline = array.items.filter(|items| (detail == Detail::Brief || self.name(*items).is_none()) && self.is_scalar(*items));
        let inner = inline.map(|items| self.rules(items, Detail::Brief)).unwrap_or_default();
        if !inner.is_empty() {
            words.push(format!("each: {}", inner.join(", ")));
        }
        words
    }

    fn is_scalar(&self, id: SchemaId) -> bool {
        let structured = |part: &&Schema| part.object.any() || part.array.any() || !part.one_of.is_empty() || !part.any_of.is_empty();
        !self.parts(id).iter().any(structured)
    }

    fn sync_words(&self, schema: &Schema) -> Option<String> {
        let path = schema.refers_to.as_deref()?;
        let collection = self.contract.collections.iter().find(|collection| collection.path == path)?;
        Some(format!("the id of a record in {}", link(&code(path), &schema_key(&collection.schema_name))))
    }
}

/// Whether a schema is a direction-specific view of another one.
pub fn is_view(contract: &Contract, id: SchemaId) -> bool {
    contract.schema(id).view.is_some()
}

/// The key of the section for a named schema.
pub fn schema_key(name: &str) -> String {
    format!("schema:{name}")
}

/// A link to the section of a schema, and to the schema that is bound in it.
pub fn name_link(name: Name<'_>) -> String {
    let section = link(&plain(name.section), &schema_key(name.section));
    match name.bound {
        Some(bound) => format!("{section} of {}", link(&plain(bound), &schema_key(bound))),
        None => section,
    }
}

/// Splits the name of a schema. An instance is located where the document names a generic schema, and its name is the name of the bound
/// schema followed by the name of the generic one.
fn instance<'c>(contract: &Contract, name: &'c str, id: SchemaId) -> Name<'c> {
    let pointer = &contract.schema(id).pointer;
    let generic = pointer.rsplit('/').next().filter(|generic| name.len() > generic.len() && contract.named(generic).is_some());
    match generic.and_then(|generic| name.strip_suffix(generic)) {
        Some(bound) => Name { section: &name[bound.len()..], bound: Some(bound) },
        None => Name { section: name, bound: None },
    }
}

fn untyped_kind(schema: &Schema) -> String {
    let values = schema.enumeration.as_deref().unwrap_or_default().iter().chain(&schema.constant);
    let all_texts = values.clone().all(JsonValue::is_string) && values.clone().next().is_some();
    let kind = match () {
        () if all_texts || schema.text.any() => "string",
        () if schema.object.any() => "object",
        () if schema.number.any() => "number",
        () => "any JSON",
    };
    kind.to_owned()
}

/// A value as a code span: strings are unquoted unless they could be mistaken for another type.
pub fn value_code(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) if !text.trim().is_empty() && serde_json::from_str::<JsonValue>(text).is_err() => code(text),
        other => code(&other.to_string()),
    }
}

fn value_words(schema: &Schema, detail: Detail) -> Option<String> {
    if let Some(constant) = &schema.constant {
        return Some(format!("always {}", value_code(constant)));
    }
    let values = schema.enumeration.as_ref()?;
    let shown = if detail == Detail::Brief { LISTED_VALUES_MAX } else { values.len() };
    let mut listed: Vec<String> = values.iter().take(shown).map(value_code).collect();
    if values.len() > shown {
        listed.push(format!("… ({} in all)", values.len()));
    }
    match listed.as_slice() {
        [only] => Some(format!("always {only}")),
        _ => Some(format!("one of {}", listed.join(", "))),
    }
}

fn text_words(schema: &Schema, without_pattern: bool) -> Vec<String> {
    let is_pattern = |assertion: &Assertion<'_>| matches!(assertion.argument, Argument::Pattern(_));
    let (patterns, others): (Vec<_>, Vec<_>) = schema.assertions(Kind::Text).partition(is_pattern);
    let mut words = bound_words(&others, Kind::Text);
    words.extend(others.into_iter().filter_map(other_words));
    words.extend(schema.annotations.format.as_ref().map(|format| format!("format {}", code(format))));
    words.extend(patterns.into_iter().filter(|_| !without_pattern).filter_map(other_words));
    words
}

/// The keywords that check values of one type against an argument, bounds first.
fn assertion_words(schema: &Schema, kind: Kind) -> Vec<String> {
    let assertions: Vec<Assertion<'_>> = schema.assertions(kind).collect();
    let mut words = bound_words(&assertions, kind);
    words.extend(assertions.into_iter().filter_map(other_words));
    words
}

fn bound_words(assertions: &[Assertion<'_>], kind: Kind) -> Vec<String> {
    let bound = |meaning: Meaning| assertions.iter().find(|assertion| assertion.keyword.meaning == meaning)?.argument.number();
    let [low, above] = [false, true].map(|is_excluded| bound(Meaning::Least { is_excluded }));
    let [high, below] = [false, true].map(|is_excluded| bound(Meaning::Most { is_excluded }));
    if kind != Kind::Number {
        let [low, high] = [low, high].map(|bound| bound.and_then(Number::to_u64));
        return size_words(low, high, kind.unit()).into_iter().collect();
    }
    let text = |number: Number| number.to_value().to_string();
    let words = |symbol: &str, number: Option<Number>| number.map(|number| format!("{symbol} {}", text(number)));
    let all = match (low, high) {
        (Some(low), Some(high)) => [Some(format!("{} … {}", text(low), text(high))), words(">", above), None, words("<", below)],
        (low, high) => [words("≥", low), words(">", above), words("≤", high), words("<", below)],
    };
    all.into_iter().flatten().collect()
}

/// The words for a keyword that is not a bound.
fn other_words(assertion: Assertion<'_>) -> Option<String> {
    let words = match assertion.keyword.meaning {
        Meaning::Least { .. } | Meaning::Most { .. } => return None,
        Meaning::Multiple => "a multiple of",
        Meaning::Other(words) => words,
    };
    Some(match assertion.argument {
        Argument::Number(number) => format!("{words} {}", number.to_value()),
        Argument::Count(count) => format!("{words} {count}"),
        Argument::Format(format) => format!("{words} {}", code(format.name())),
        Argument::Pattern(source) => format!("{words} {}", code(source)),
        Argument::Set => words.to_owned(),
    })
}

fn size_words(min: Option<u64>, max: Option<u64>, unit: &str) -> Option<String> {
    let plural = |count: u64| if count == 1 { unit.to_owned() } else { format!("{unit}s") };
    match (min.filter(|min| *min > 0), max) {
        (Some(min), Some(max)) if min == max => Some(format!("exactly {min} {}", plural(min))),
        (Some(min), Some(max)) => Some(format!("{min} … {max} {}", plural(max))),
        (Some(min), None) => Some(format!("≥ {min} {}", plural(min))),
        (None, Some(max)) => Some(format!("≤ {max} {}", plural(max))),
        (None, None) => None,
    }
}

fn annotation_words(schema: &Schema) -> Vec<String> {
    let notes = &schema.annotations;
    let flags = [(notes.read_only, "read-only"), (notes.write_only, "write-only"), (notes.deprecated, "deprecated")];
    let mut words: Vec<String> = flags.iter().filter(|(set, _)| *set).map(|(_, word)| (*word).to_owned()).collect();
    words.extend(notes.default.as_ref().map(|default| format!("default {}", value_code(default))));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Compilation;

    /// The rules for the schema `S`, given as YAML in braces.
    fn rules(schema: &str) -> String {
        let text = format!("openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\ncomponents: {{schemas: {{S: {schema}}}}}");
        let compilation = Compilation::from_text("t.yaml", text.as_bytes());
        let contract = compilation.contract.as_ref().expect("a valid document");
        let words = Words::new(contract);
        words.rules(contract.named("S").expect("S"), Detail::Full).join(", ")
    }

    #[test]
    fn bounds_in_words() {
        assert_eq!(rules("{type: integer, minimum: 0, maximum: 10000}"), "0 … 10000");
        assert_eq!(rules("{type: number, exclusiveMinimum: 0, maximum: 1000}"), "> 0, ≤ 1000");
        assert_eq!(rules("{type: string, minLength: 1, maxLength: 200}"), "1 … 200 characters");
        assert_eq!(rules("{type: string, minLength: 1}"), "≥ 1 character");
        assert_eq!(rules("{type: string, pattern: '^a|b$', format: uuid}"), "format `uuid`, pattern `^a|b$`");
        assert_eq!(
            rules("{type: array, maxItems: 32, uniqueItems: true, items: {type: string, maxLength: 5}}"),
            "≤ 32 items, each only once, each: ≤ 5 characters"
        );
        assert_eq!(rules("{enum: [kg, '1', '']}"), "one of `kg`, `\"1\"`, `\"\"`");
        assert_eq!(rules("{const: true, default: true, readOnly: true}"), "always `true`, read-only, default `true`");
    }
}
