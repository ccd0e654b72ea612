//! Generates random schemas and values with few names, and changes them. The same seed gives the same result.

use serde_json::{Map, Value, json};

const NAMES: [&str; 4] = ["a", "b", "c", "xa"];

/// Generates schemas and values.
pub struct Maker(u64);

impl Maker {
    pub fn new(seed: u64) -> Self {
        let mut maker = Maker((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = maker.below(2));
        maker
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of(&mut self, values: &Value) -> Value {
        let index = self.below(values.as_array().map_or(1, Vec::len));
        values[index].clone()
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    fn names(&mut self, percent: usize) -> Vec<&'static str> {
        NAMES.into_iter().filter(|_| self.chance(percent)).collect()
    }

    /// A schema of at most this depth.
    pub fn schema(&mut self, depth: usize) -> Value {
        if depth == 0 {
            return self.leaf();
        }
        let inner = depth - 1;
        match self.below(100) {
            0..25 => self.leaf(),
            25..53 => self.object(depth),
            53..63 => self.array(depth),
            63..74 => json!({ "allOf": [self.schema(inner), self.schema(inner)] }),
            74..82 => json!({ "oneOf": self.schemas(inner) }),
            82..90 => json!({ "anyOf": self.schemas(inner) }),
            90..93 => json!({ "not": self.schema(inner) }),
            93..95 => json!({ "if": self.schema(inner), "then": self.schema(inner), "else": self.schema(inner) }),
            95..97 => self.tagged(inner),
            _ => {
                let mut object = self.object(depth);
                object["allOf"] = json!([self.object(depth)]);
                object
            }
        }
    }

    fn schemas(&mut self, depth: usize) -> Vec<Value> {
        (0..1 + self.below(3)).map(|_| self.schema(depth)).collect()
    }

    /// A union whose variants are distinguished by a constant.
    fn tagged(&mut self, depth: usize) -> Value {
        let mut variant = |tag: &str| json!({ "type": "object", "required": ["a"], "properties": { "a": { "const": tag }, self.name(): self.schema(depth) } });
        json!({ "oneOf": [variant("x"), variant("y")] })
    }

    fn leaf(&mut self) -> Value {
        self.one_of(&json!([
            { "type": "string" }, { "type": "integer" }, { "type": "number" }, { "type": "boolean" }, { "type": ["string", "null"] },
            { "type": "string", "enum": ["x", "y"] }, { "type": "string", "enum": ["x"] }, { "enum": ["x", "y", "zz", 1] }, { "const": "x" },
            { "const": 1 }, { "type": "integer", "minimum": 1 }, { "type": "integer", "maximum": 3 }, { "type": "number", "exclusiveMinimum": 0 },
            { "type": "string", "minLength": 2 }, { "type": "string", "maxLength": 1 }, { "type": "integer", "multipleOf": 2 },
            { "type": "integer", "multipleOf": 4 }, { "type": "string", "pattern": "^x" }, { "type": "string", "format": "date" }, {},
            { "type": "null" }, true, false, { "minLength": 2 }, { "minimum": 1 }, { "type": ["integer", "string"], "minLength": 2 },
        ]))
    }

    fn member(&mut self, depth: usize) -> Value {
        if self.chance(6) { json!({ "$ref": "#/components/schemas/Other" }) } else { self.schema(depth - 1) }
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut object = if self.chance(80) { json!({ "type": "object" }) } else { json!({}) };
        if self.chance(85) {
            let members: Map<String, Value> = self.names(45).into_iter().map(|name| (name.to_owned(), self.member(depth))).collect();
            object["properties"] = json!(members);
        }
        if self.chance(40) {
            object["required"] = json!(self.names(35));
        }
        match self.below(100) {
            0..15 => object["additionalProperties"] = json!(false),
            15..25 => object["additionalProperties"] = self.member(depth),
            25..33 => object["unevaluatedProperties"] = json!(false),
            33..35 => object["unevaluatedProperties"] = self.member(depth),
            35..41 => object["patternProperties"] = json!({ "^x": self.member(depth) }),
            41..44 => object["patternProperties"] = json!({ "a$": self.member(depth) }),
            44..47 => object["propertyNames"] = json!({ "maxLength": 1 }),
            47..50 => object["minProperties"] = json!(1),
            50..53 => object["maxProperties"] = json!(1),
            53..57 => object["dependentRequired"] = json!({ self.name(): [self.name()] }),
            57..60 => object["dependentSchemas"] = json!({ self.name(): self.schema(depth - 1) }),
            _ => {}
        }
        object
    }

    fn array(&mut self, depth: usize) -> Value {
        let mut array = if self.chance(85) { json!({ "type": "array" }) } else { json!({}) };
        if self.chance(80) {
            array["items"] = self.member(depth);
        }
        match self.below(100) {
            0..10 => array["minItems"] = json!(1),
            10..20 => array["maxItems"] = json!(1),
            20..28 => array["uniqueItems"] = json!(true),
            28..40 => array["prefixItems"] = json!([self.schema(depth - 1)]),
            40..47 => array["contains"] = self.schema(depth - 1),
            47..50 => array["unevaluatedItems"] = json!(false),
            _ => {}
        }
        array
    }

    /// The schemas with one to three changes.
    pub fn changed(&mut self, schemas: &[Value; 2]) -> [Value; 2] {
        let mut changed = schemas.clone();
        for _ in 0..1 + self.below(3) {
            let index = usize::from(self.chance(15));
            let places = places(&changed[index]);
            let place = &places[self.below(places.len())];
            if let Some(schema) = changed[index].pointer_mut(place) {
                *schema = self.other(schema);
            }
        }
        changed
    }

    fn other(&mut self, schema: &Value) -> Value {
        let kind = self.below(100);
        let (Value::Object(keywords), 30..) = (schema, kind) else {
            let depth = self.below(2);
            return self.schema(depth);
        };
        let mut keywords = keywords.clone();
        match kind {
            30..50 => self.remove(&mut keywords),
            50..72 => {
                let more = match self.below(3) {
                    0 => self.object(1),
                    1 => self.array(1),
                    _ => self.leaf(),
                };
                for (keyword, value) in more.as_object().into_iter().flatten() {
                    keywords.entry(keyword).or_insert(value.clone());
                }
            }
            72..78 => return json!({ "allOf": [schema, self.schema(1)] }),
            78..84 => return json!({ "anyOf": [schema, self.schema(1)] }),
            84..89 => return json!({ "oneOf": [schema, self.schema(1)] }),
            _ => {
                let list = ["allOf", "anyOf", "oneOf"].into_iter().find(|keyword| keywords.contains_key(*keyword));
                match list.and_then(|keyword| keywords.get_mut(keyword)).and_then(Value::as_array_mut) {
                    Some(list) if self.chance(50) => list.push(self.schema(1)),
                    Some(list) => list.reverse(),
                    None => {
                        let (name, member) = (self.name(), self.schema(1));
                        let members = keywords.entry("properties").or_insert_with(|| json!({}));
                        members[name] = member;
                    }
                }
            }
        }
        Value::Object(keywords)
    }

    /// Removes a keyword, or a part of it.
    fn remove(&mut self, keywords: &mut Map<String, Value>) {
        let names: Vec<String> = keywords.keys().cloned().collect();
        let Some(name) = names.get(self.below(names.len().max(1))) else { return };
        match keywords.get_mut(name) {
            Some(Value::Array(list)) if list.len() > 1 => _ = list.remove(self.below(list.len())),
            Some(Value::Object(members)) if name == "properties" && !members.is_empty() => {
                let members_before: Vec<String> = members.keys().cloned().collect();
                members.remove(&members_before[self.below(members_before.len())]);
            }
            _ => _ = keywords.remove(name),
        }
    }

    /// A value of at most this depth.
    pub fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 50 } else { 100 }) {
            50..85 => {
                let members: Map<String, Value> = self.names(50).into_iter().map(|name| (name.to_owned(), self.value(depth - 1))).collect();
                Value::Object(members)
            }
            85.. => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => self.one_of(&json!([
                null, true, 0, 1, 2, 3, 4, -1, 1.5, 8, "", "x", "y", "zz", "xx", "q", "2020-01-01", [], {}, { "a": "x" }, { "a": 1 },
            ])),
        }
    }

    /// The value with another one somewhere in it.
    pub fn mutated(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(members) if self.chance(80) => {
                let mut members = members.clone();
                let known: Vec<String> = members.keys().cloned().collect();
                let name = known.get(self.below(known.len().max(1))).filter(|_| self.chance(70)).cloned();
                let name = name.unwrap_or_else(|| self.name().to_owned());
                if self.chance(20) {
                    members.remove(&name);
                } else {
                    let inner = match members.get(&name) {
                        Some(inner) => self.mutated(inner),
                        None => self.value(1),
                    };
                    members.insert(name, inner);
                }
                Value::Object(members)
            }
            Value::Array(items) if self.chance(80) && !items.is_empty() => {
                let mut items = items.clone();
                let index = self.below(items.len());
                items[index] = self.mutated(&items[index]);
                Value::Array(items)
            }
            _ => self.value(2),
        }
    }
}

/// The places of all schemas in a schema, as JSON pointers.
fn places(schema: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        let inner: Vec<(String, &Value)> = match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(members)) => {
                members.iter().map(|(name, member)| (format!("/{keyword}/{name}"), member)).collect()
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(list)) => {
                list.iter().enumerate().map(|(index, inner)| (format!("/{keyword}/{index}"), inner)).collect()
            }
            (
                "items" | "not" | "if" | "then" | "else" | "contains" | "additionalProperties" | "unevaluatedProperties",
                value @ (Value::Object(_) | Value::Bool(_)),
            ) => vec![(format!("/{keyword}"), value)],
            _ => Vec::new(),
        };
        found.extend(inner.into_iter().flat_map(|(place, inner)| places(inner).into_iter().map(move |below| format!("{place}{below}"))));
    }
    found
}
