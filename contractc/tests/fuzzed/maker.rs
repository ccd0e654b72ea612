//! Generates random OpenAPI documents: names of every kind, reference graphs, unions, views, parameters in every style, bodies, responses
//! and security. The same seed gives the same document.

pub mod words;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// Names that break careless generated code: every name in scope, and as often one of a few, which then differ in case alone.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let words: Vec<&str> = words::words().into_iter().map(|word| &*word.leak()).collect();
    let common = COMMON.into_iter().cycle().take(words.len());
    words.iter().copied().chain(common).collect()
});

/// Names that generated code declares itself, and Unicode.
#[rustfmt::skip]
const COMMON: [&str; 84] = [
    "type", "Self", "self", "super", "crate", "async", "await", "gen", "try", "union", "dyn", "move", "String", "Option", "Some", "None", "Ok",
    "Err", "Vec", "Box", "Clone", "Default", "Result", "From", "Into", "Iterator", "drop", "default", "Client", "Api", "Value", "Json", "Each",
    "Report", "Operation", "Outcome", "Response", "Request", "Reply", "Header", "Part", "Parts", "File", "Shape", "Style", "Checker", "At", "Types",
    "BTreeMap", "constructor", "toString", "prototype", "class", "function", "new", "delete", "enum", "arguments", "eval", "undefined", "NaN",
    "Record", "Blob", "Promise", "Array", "Object", "Map", "Date", "Error", "z", "rt", "schemas", "types", "validators", "operations",
    "parameters", "security", "headers", "multipart", "body", "status", "naïve", "名前", "Ω",
];

/// Names of members and values, which may be any text.
const TEXTS: [&str; 24] = [
    "__proto__",
    "a b",
    "a-b",
    "a_b",
    "aB",
    "AB",
    "",
    "1",
    "1a",
    "$ref",
    "@type",
    ".",
    "..",
    "/",
    "~1",
    "%41",
    "\"",
    "'",
    "\\",
    "a\nb",
    "{}",
    "a.b",
    "a[b]",
    "\u{1F600}",
];

/// Generates one document.
pub struct Maker {
    random: u64,
    names: Vec<String>,
    /// The number of the schema being generated.
    current: usize,
}

impl Maker {
    /// The document of a seed.
    pub fn document(seed: u64) -> Value {
        let random = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut maker = Maker { random, names: Vec::new(), current: 0 };
        (0..8).for_each(|_| _ = maker.below(2));
        maker.make()
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn make(&mut self) -> Value {
        let count = 2 + self.below(6);
        while self.names.len() < count {
            let name = self.one_of(&NAMES).to_owned();
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        let mut schemas = Map::new();
        for index in 0..count {
            self.current = index;
            let schema = if self.chance(60) { self.object(0) } else { self.schema(0, true) };
            schemas.insert(self.names[index].clone(), schema);
        }
        if self.chance(50) {
            self.union(&mut schemas);
        }
        self.names = schemas.keys().cloned().collect();
        let mut paths = Map::new();
        for index in 0..1 + self.below(4) {
            let (path, item) = self.path(index);
            paths.insert(path, item);
        }
        let schemes = json!({
            "Bearer": { "type": "http", "scheme": "bearer" }, "basic": { "type": "http", "scheme": "basic" },
            "type": { "type": "apiKey", "in": "query", "name": "key" }, "名": { "type": "apiKey", "in": "header", "name": "X-Key" },
            "oauth": { "type": "oauth2", "flows": {} },
        });
        json!({
            "openapi": "3.1.0", "info": { "title": "Fuzzed", "version": "1" }, "paths": paths,
            "components": { "schemas": schemas, "securitySchemes": schemes },
        })
    }

    /// A union of new schemas, distinguished by a discriminator or a constant.
    fn union(&mut self, schemas: &mut Map<String, Value>) {
        let member = self.name();
        let by_constant = self.chance(50);
        let mut mapping = Map::new();
        let mut variants = Vec::new();
        for index in 0..2 + self.below(3) {
            let name = format!("{}{index}", self.one_of(&["Variant", "Client", "V_", "v-"]));
            let target = pointer(&name);
            let tag = format!("{}{index}", self.one_of(&TEXTS));
            let mut properties = Map::new();
            properties.insert(self.name(), self.schema(2, false));
            properties.insert(member.clone(), if by_constant { json!({ "const": tag }) } else { json!({ "type": "string" }) });
            schemas.insert(name, json!({ "type": "object", "required": [member], "properties": properties }));
            variants.push(json!({ "$ref": target }));
            mapping.insert(tag, json!(target));
        }
        let keyword = self.one_of(&["oneOf", "anyOf"]);
        let mut union = json!({ keyword: variants });
        if !by_constant || self.chance(50) {
            union["discriminator"] = json!({ "propertyName": member, "mapping": mapping });
        }
        schemas.insert("Union".to_owned(), union);
    }

    fn name(&mut self) -> String {
        if self.chance(70) { self.one_of(&NAMES) } else { self.one_of(&TEXTS) }.to_owned()
    }

    /// A reference. With `in_place`, only to a later schema, so that every cycle contains a member or an item.
    fn reference(&mut self, in_place: bool) -> Value {
        let first = if in_place { self.current + 1 } else { 0 };
        if first >= self.names.len() {
            return json!({ "type": "boolean" });
        }
        let target = first + self.below(self.names.len() - first);
        json!({ "$ref": pointer(&self.names[target]) })
    }

    /// A schema. `in_place` says whether it applies to the same value as the named schema around it.
    fn schema(&mut self, depth: usize, in_place: bool) -> Value {
        match self.below(if depth > 3 { 7 } else { 19 }) {
            0 => self.text(),
            1 | 2 => self.number(),
            3 => json!({ "type": "boolean" }),
            4 => json!({ "enum": self.values() }),
            5 | 6 => self.reference(in_place),
            7 | 8 => self.object(depth),
            9 | 10 => self.array(depth),
            11 => json!({ "type": "object", "additionalProperties": self.schema(depth + 1, false) }),
            12 => json!({ "type": ["string", "null"], "maxLength": 5 }),
            13 => json!({ "oneOf": [{ "type": "null" }, self.schema(depth + 1, in_place)] }),
            14 => json!({ "anyOf": [self.schema(depth + 1, in_place), self.schema(depth + 1, in_place)] }),
            15 => json!({ "oneOf": [self.schema(depth + 1, in_place), self.schema(depth + 1, in_place)] }),
            16 => json!({ "allOf": [self.schema(depth + 1, in_place), self.object(depth + 1)] }),
            17 => self.condition(depth, in_place),
            _ => json!({}),
        }
    }

    fn condition(&mut self, depth: usize, in_place: bool) -> Value {
        match self.below(4) {
            0 => json!({ "not": self.schema(depth + 1, in_place) }),
            1 => {
                json!({ "if": self.schema(depth + 1, in_place), "then": self.schema(depth + 1, in_place), "else": self.schema(depth + 1, in_place) })
            }
            2 => json!({ "type": "array", "contains": self.schema(depth + 1, false), "maxContains": 2 }),
            _ => json!({ "type": "object", "propertyNames": { "maxLength": 9 }, "unevaluatedProperties": self.schema(depth + 1, false) }),
        }
    }

    fn text(&mut self) -> Value {
        match self.below(4) {
            0 => json!({ "type": "string", "minLength": 1, "maxLength": 9 }),
            1 => json!({ "type": "string", "pattern": "^[a-z]+$" }),
            2 => json!({ "type": "string", "format": self.one_of(&["uuid", "date", "ipv4", "binary", "byte", "password"]) }),
            _ => json!({ "type": "string" }),
        }
    }

    fn number(&mut self) -> Value {
        let (kind, format) = (self.one_of(&["integer", "number"]), self.one_of(&["int32", "int64", "uint8", "float"]));
        match self.below(4) {
            0 => json!({ "type": kind, "minimum": -3, "exclusiveMaximum": 1000 }),
            1 => json!({ "type": "integer", "format": format }),
            2 => json!({ "type": kind, "multipleOf": 3 }),
            _ => json!({ "type": kind, "minimum": 0, "maximum": 9 }),
        }
    }

    fn values(&mut self) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::new();
        for _ in 0..1 + self.below(4) {
            let value =
                if self.chance(80) { json!(self.name()) } else { [json!(1), Value::Null, json!(true), json!(2.5)][self.below(4)].clone() };
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    fn array(&mut self, depth: usize) -> Value {
        let mut array = json!({ "type": "array", "maxItems": 4 });
        if self.chance(85) {
            array["items"] = self.schema(depth + 1, false);
        }
        if self.chance(15) {
            array["prefixItems"] = json!([self.schema(depth + 1, false)]);
        }
        if self.chance(15) {
            array["uniqueItems"] = json!(true);
        }
        array
    }

    fn object(&mut self, depth: usize) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for _ in 0..self.below(5) {
            let (name, mut schema) = (self.name(), self.schema(depth + 1, false));
            if self.chance(15) {
                schema[self.one_of(&["readOnly", "writeOnly"])] = json!(true);
            }
            // A required member that leads back to its object would leave no valid value.
            if self.chance(30) && !schema.to_string().contains("$ref") {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        required.sort();
        required.dedup();
        let mut object = json!({ "type": "object", "properties": properties, "required": required });
        match self.below(8) {
            0 => object["additionalProperties"] = json!(false),
            1 => object["additionalProperties"] = self.schema(depth + 1, false),
            2 => object["dependentRequired"] = json!({ self.name(): [self.name()] }),
            3 => object["minProperties"] = json!(1),
            _ => {}
        }
        object
    }

    fn path(&mut self, index: usize) -> (String, Value) {
        let placed = self.chance(50).then(|| self.one_of(&["id", "type", "self", "naïve", "a-b"]));
        let behind = self.one_of(&["", ":run", ".json", "/x"]);
        let path = placed.map_or(format!("/p{index}"), |name| format!("/p{index}/{{{name}}}{behind}"));
        let mut item = Map::new();
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.is_empty() || self.chance(20) {
                let operation = self.operation(method, placed);
                item.insert(method.to_owned(), operation);
            }
        }
        (path, Value::Object(item))
    }

    fn operation(&mut self, method: &str, placed: Option<&str>) -> Value {
        let mut parameters: Vec<Value> = placed.map(|name| self.parameter(name, "path")).into_iter().collect();
        for _ in 0..self.below(4) {
            let place = self.one_of(&["query", "query", "header", "cookie"]);
            let name = self.one_of(&NAMES);
            let name = if place == "header" && !name.is_ascii() { "X-A" } else { name };
            if !parameters.iter().any(|known| known["name"] == name && known["in"] == place) {
                parameters.push(self.parameter(name, place));
            }
        }
        let mut operation = json!({ "parameters": parameters, "responses": self.responses() });
        if self.chance(80) {
            operation["operationId"] = json!(self.name());
        }
        if method != "get" && self.chance(70) {
            operation["requestBody"] = json!({ "required": self.chance(50), "content": self.content(true) });
        }
        if self.chance(50) {
            let sets = (0..1 + self.below(2)).map(|_| json!({ self.one_of(&["Bearer", "basic", "type", "名", "oauth"]): [] }));
            operation["security"] = json!(sets.collect::<Vec<_>>());
        }
        operation
    }

    fn parameter(&mut self, name: &str, place: &str) -> Value {
        let styles: &[&str] = match place {
            "path" => &["simple", "label", "matrix"],
            "query" => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
            "header" => &["simple"],
            _ => &["form"],
        };
        let schema = match self.below(5) {
            0 => self.reference(false),
            1 => json!({ "type": "array", "items": { "type": self.one_of(&["string", "integer"]) } }),
            2 => json!({ "type": "object", "properties": { "a": { "type": "integer" }, self.name(): { "type": "string" } } }),
            3 => self.number(),
            _ => json!({ "type": "string" }),
        };
        let mut parameter = json!({ "name": name, "in": place, "required": place == "path" || self.chance(30), "schema": schema });
        if self.chance(50) {
            parameter["style"] = json!(self.one_of(styles));
            parameter["explode"] = json!(self.chance(50));
        }
        parameter
    }

    fn content(&mut self, is_request: bool) -> Value {
        let kind = self.one_of(&[
            "application/json",
            "application/json",
            "application/vnd.x+json; charset=utf-8",
            "text/plain",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/xml",
            "image/*",
            "text/event-stream",
        ]);
        let kind = if is_request && kind == "text/event-stream" { "text/csv" } else { kind };
        let schema = match kind {
            "text/plain" | "text/csv" => self.text(),
            "application/octet-stream" | "image/*" => json!({ "type": "string", "format": "binary" }),
            "multipart/form-data" | "application/x-www-form-urlencoded" => self.form(),
            _ if self.chance(60) => self.reference(false),
            _ => self.schema(1, false),
        };
        json!({ kind: { "schema": schema } })
    }

    fn form(&mut self) -> Value {
        let file = json!({ "type": "string", "format": "binary" });
        let (one, two) = (self.name(), self.name());
        json!({ "type": "object", "required": [one], "properties": {
            one: self.schema(3, false), two: { "type": "array", "items": file }, "file": file, "object": self.object(3),
        } })
    }

    fn responses(&mut self) -> Value {
        let mut responses = Map::new();
        for status in ["200", "202", "204", "404", "4XX", "default"] {
            if self.chance(35) {
                let mut response = json!({ "description": "Said." });
                if status != "204" && self.chance(80) {
                    response["content"] = self.content(false);
                }
                if self.chance(20) {
                    let schema = self.number();
                    response["headers"] = json!({ "X-Type": { "schema": schema } });
                }
                responses.insert(status.to_owned(), response);
            }
        }
        Value::Object(responses)
    }
}

/// The reference to a named schema, as a URI.
pub fn pointer(name: &str) -> String {
    let encoded = |byte: u8| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("#/components/schemas/{}", name.bytes().map(encoded).collect::<String>())
}
