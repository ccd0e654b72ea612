//! Example values: taken from the contract or generated from its schemas, and printed with members in the order of the contract.

use std::cell::Cell;

use serde_json::{Map, Value as JsonValue};

use crate::interpret;
use crate::model::{Contract, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::format::Format;
use crate::runtime::number::Number;

/// A value that needs more schemas than this is too large to be a useful example.
const SCHEMAS_MAX: u32 = 300;
const DEPTH_MAX: u32 = 12;

/// A list or object of scalar values is printed on one line if it fits this width.
const LINE_WIDTH_MAX: usize = 120;

/// A valid value of the schema: the first example of the contract, or one generated from the required members; `None` if none can be
/// generated.
pub fn sample(contract: &Contract, id: SchemaId) -> Option<JsonValue> {
    let value = Maker { contract, budget: Cell::new(SCHEMAS_MAX) }.value(id, 0)?;
    let text = serde_json::to_vec(&value).ok()?;
    interpret::validate(contract, id, &text).is_ok().then_some(value)
}

struct Maker<'c> {
    contract: &'c Contract,
    /// How many more schemas may be visited.
    budget: Cell<u32>,
}

impl Maker<'_> {
    fn value(&self, id: SchemaId, depth: u32) -> Option<JsonValue> {
        self.budget.set(self.budget.get().checked_sub(1)?);
        if depth > DEPTH_MAX {
            return None;
        }
        if let Some(example) = self.given(id) {
            return Some(example);
        }
        let parts: Vec<&Schema> = self.contract.all_of_closure(id).into_iter().map(|part| self.contract.schema(part)).collect();
        let constant = parts.iter().find_map(|part| part.constant.as_ref().or(part.enumeration.as_ref().and_then(|values| values.first())));
        if let Some(constant) = constant {
            return Some(constant.clone());
        }
        let union = parts.iter().find_map(|part| part.one_of.first().or(part.any_of.first()));
        let variant = match union {
            Some(variant) => Some(self.value(*variant, depth + 1)?),
            None => None,
        };
        match variant {
            Some(JsonValue::Object(members)) => self.object(id, &parts, members, depth),
            Some(other) => Some(other),
            None => self.plain(id, &parts, depth),
        }
    }

    /// The example or default that the contract gives for this schema itself.
    fn given(&self, id: SchemaId) -> Option<JsonValue> {
        let mut at = id;
        for _ in 0..=DEPTH_MAX {
            let schema = self.contract.schema(at);
            let notes = &schema.annotations;
            if let Some(value) = notes.examples.first().or(notes.default.as_ref()) {
                return Some(value.clone());
            }
            // The example of a referenced schema is valid if there are no further constraints.
            at = schema.alias()?;
        }
        None
    }

    fn plain(&self, id: SchemaId, parts: &[&Schema], depth: u32) -> Option<JsonValue> {
        let types = parts.iter().find_map(|part| part.types).unwrap_or_else(|| implied_types(parts));
        if types.contains(Types::OBJECT) {
            return self.object(id, parts, Map::new(), depth);
        }
        if types.contains(Types::ARRAY) {
            return self.array(parts, depth);
        }
        if types.contains(Types::STRING) {
            return Some(text(parts).into());
        }
        if types.contains(Types::INTEGER) || types.contains(Types::NUMBER) {
            return Some(number(parts, types));
        }
        Some(if types.contains(Types::BOOLEAN) { JsonValue::Bool(true) } else { JsonValue::Null })
    }

    fn object(&self, id: SchemaId, parts: &[&Schema], mut members: Map<String, JsonValue>, depth: u32) -> Option<JsonValue> {
        for name in parts.iter().flat_map(|part| &part.object.required) {
            if !members.contains_key(name) {
                let schema = self.contract.member_schemas(id, name).first().copied();
                let value = schema.map_or(Some(JsonValue::Null), |schema| self.value(schema, depth + 1))?;
                members.insert(name.clone(), value);
            }
        }
        Some(JsonValue::Object(members))
    }

    /// An array with one item, or with as many as are required.
    fn array(&self, parts: &[&Schema], depth: u32) -> Option<JsonValue> {
        let Some(items) = parts.iter().find_map(|part| part.array.items) else { return Some(JsonValue::Array(Vec::new())) };
        let count = parts.iter().filter_map(|part| part.array.limits.min_items).max().unwrap_or(0).max(1);
        let item = self.value(items, depth + 1)?;
        Some(JsonValue::Array(vec![item; usize::try_from(count.min(10)).unwrap_or(1)]))
    }
}

fn implied_types(parts: &[&Schema]) -> Types {
    let is = |any: fn(&Schema) -> bool| parts.iter().any(|part| any(part));
    match () {
        () if is(|part| part.object.any()) => Types::OBJECT,
        () if is(|part| part.array.any()) => Types::ARRAY,
        () if is(|part| part.number.any()) => Types::NUMBER,
        () => Types::STRING,
    }
}

fn text(parts: &[&Schema]) -> String {
    if let Some(format) = parts.iter().find_map(|part| part.text.format) {
        return formatted(format).to_owned();
    }
    let shortest = parts.iter().filter_map(|part| part.text.min_length).max().unwrap_or(0);
    let longest = parts.iter().filter_map(|part| part.text.max_length).min().unwrap_or(u64::MAX);
    let length = u64::try_from("text".len()).unwrap_or_default().max(shortest.min(1000)).min(longest);
    "text ".chars().cycle().take(usize::try_from(length).unwrap_or_default()).collect::<String>().replace(' ', "-")
}

fn formatted(format: Format) -> &'static str {
    match format {
        Format::Date => "2025-06-02",
        Format::DateTime => "2025-06-02T17:30:00Z",
        Format::Email => "sam@example.com",
        Format::Hostname => "www.example.com",
        Format::Ipv4 => "192.0.2.1",
        Format::Ipv6 => "2001:db8::1",
        Format::Time => "17:30:00Z",
        Format::Uri => "https://www.example.com/",
        Format::Uuid => "019731b1-69c0-7a10-8b20-c30d40e50f60",
    }
}

/// The lowest allowed number, or 1 if that is allowed.
fn number(parts: &[&Schema], types: Types) -> JsonValue {
    let step = parts.iter().find_map(|part| part.number.multiple_of);
    let low = parts.iter().find_map(|part| part.number.minimum);
    let above = parts.iter().find_map(|part| part.number.exclusive_minimum).map(|bound| bound.plus(step.unwrap_or(Number::Signed(1))));
    let high = parts.iter().find_map(|part| part.number.maximum);
    let number = low.or(above).or(step).or(high).unwrap_or(Number::Signed(1));
    match number.to_i64().filter(|_| types.contains(Types::INTEGER)) {
        Some(integer) => integer.into(),
        None => number.to_value(),
    }
}

/// JSON text for people, with members in the order of the schema.
pub fn json(contract: &Contract, schema: Option<SchemaId>, value: &JsonValue) -> String {
    let mut text = String::new();
    Writer { contract, text: &mut text }.value(schema, value, 0);
    text
}

struct Writer<'c, 't> {
    contract: &'c Contract,
    text: &'t mut String,
}

impl Writer<'_, '_> {
    fn value(&mut self, schema: Option<SchemaId>, value: &JsonValue, indent: usize) {
        let schemas = schema.map(|id| self.parts(id, value, 0)).unwrap_or_default();
        match value {
            JsonValue::Array(items) if !items.is_empty() => {
                let inner = schemas.iter().find_map(|id| self.contract.schema(*id).array.items);
                let entries: Vec<_> = items.iter().map(|item| (String::new(), inner, item)).collect();
                self.entries(&entries, ['[', ']'], indent);
            }
            JsonValue::Object(members) if !members.is_empty() => {
                let entries = self.ordered(&schemas, members);
                self.entries(&entries, ['{', '}'], indent);
            }
            plain => self.text.push_str(&plain.to_string()),
        }
    }

    fn entries(&mut self, entries: &[(String, Option<SchemaId>, &JsonValue)], [open, close]: [char; 2], indent: usize) {
        let is_plain = |value: &JsonValue| !value.is_array() && !value.is_object();
        let width: usize = entries.iter().map(|(name, _, value)| name.len() + value.to_string().len() + 4).sum();
        let one_line = entries.iter().all(|(_, _, value)| is_plain(value)) && indent + width <= LINE_WIDTH_MAX && indent > 0;
        self.text.push(open);
        for (index, (name, schema, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            match (one_line, index) {
                (false, _) => self.new_line(indent + 2),
                (true, 0) if open == '[' => {}
                (true, _) => self.text.push(' '),
            }
            if open == '{' {
                self.text.push_str(&format!("{}: ", JsonValue::from(name.as_str())));
            }
            self.value(*schema, value, indent + 2);
        }
        match one_line {
            false => self.new_line(indent),
            true if open == '{' => self.text.push(' '),
            true => {}
        }
        self.text.push(close);
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn ordered<'v>(&self, schemas: &[SchemaId], members: &'v Map<String, JsonValue>) -> Vec<(String, Option<SchemaId>, &'v JsonValue)> {
        let known: Vec<(&String, SchemaId)> =
            schemas.iter().flat_map(|id| &self.contract.schema(*id).object.properties).map(|(name, id)| (name, *id)).collect();
        let place = |name: &String| known.iter().position(|(known, _)| *known == name);
        let mut entries: Vec<_> = members.iter().map(|(name, value)| (place(name), name, value)).collect();
        entries.sort_by_key(|(place, name, _)| (place.unwrap_or(usize::MAX), (*name).clone()));
        entries.into_iter().map(|(place, name, value)| (name.clone(), place.map(|place| known[place].1), value)).collect()
    }

    /// The schemas that describe the value: the referenced schemas first, then the schema itself, then the variant that the tag selects.
    fn parts(&self, id: SchemaId, value: &JsonValue, depth: u32) -> Vec<SchemaId> {
        let mut parts = Vec::new();
        if depth <= DEPTH_MAX {
            let schema = self.contract.schema(id);
            for inherited in schema.reference.iter().chain(&schema.all_of) {
                parts.extend(self.parts(*inherited, value, depth + 1));
            }
            parts.push(id);
            if let Some(variant) = self.variant(schema, value) {
                parts.extend(self.parts(variant, value, depth + 1));
            }
        }
        parts
    }

    fn variant(&self, schema: &Schema, value: &JsonValue) -> Option<SchemaId> {
        let variants = if schema.one_of.is_empty() { &schema.any_of } else { &schema.one_of };
        let tagged = schema.tag.as_ref().and_then(|tag| {
            let found = value.get(&tag.member)?;
            tag.values.iter().position(|values| values.contains(found))
        });
        // Without a tag, the variant that declares most of the members.
        let known = |id: &SchemaId| {
            let parts = self.contract.all_of_closure(*id);
            let names = parts.iter().flat_map(|part| &self.contract.schema(*part).object.properties);
            names.filter(|(name, _)| value.get(name).is_some()).count()
        };
        tagged.map_or_else(|| variants.iter().rev().max_by_key(|id| known(id)).copied(), |index| variants.get(index).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Compilation;

    #[test]
    fn samples_are_valid_and_keep_the_contracts_order() {
        let text = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\ncomponents:\n  schemas:\n    Base: {type: object, required: [id], properties: {id: {type: string, format: uuid}}}\n    \
            S: {type: object, allOf: [{$ref: '#/components/schemas/Base'}], required: [size, kind, also], properties: {size: {type: integer, exclusiveMinimum: 3}, \
            kind: {enum: [b, a]}, also: {type: array, minItems: 2, items: {type: string, maxLength: 2}}, not: {type: string}}}\n    \
            Hard: {type: string, pattern: '^[xyz]{9}$'}\n";
        let compilation = Compilation::from_text("t.yaml", text.as_bytes());
        let contract = compilation.contract.as_ref().expect("a valid document");
        let id = contract.named("S").expect("S");
        let value = sample(contract, id).expect("a sample");
        let expected =
            "{\n  \"id\": \"019731b1-69c0-7a10-8b20-c30d40e50f60\",\n  \"size\": 4,\n  \"kind\": \"b\",\n  \"also\": [\"te\", \"te\"]\n}";
        assert_eq!(json(contract, Some(id), &value), expected);
        assert_eq!(sample(contract, contract.named("Hard").expect("Hard")), None);
    }
}
