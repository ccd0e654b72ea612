//! A document with types that are nested deeply, and with values of them.

use contractc::Compilation;
use serde_json::{Map, Value, json};

use crate::Instance;

/// The schema of a type that contains the next one of a chain.
type Link = fn(next: Value) -> Value;

/// Each kind of chain: its name, how many types it has, and their schemas.
const CHAINS: [(&str, usize, Link); 9] = [
    ("Member", 120, |next| json!({ "type": "object", "required": ["of"], "properties": { "of": next } })),
    ("Optional", 120, |next| json!({ "type": "object", "properties": { "of": next } })),
    ("Nullable", 60, |next| json!({ "type": ["object", "null"], "properties": { "of": next } })),
    ("OrNull", 80, |next| json!({ "type": "object", "properties": { "of": { "oneOf": [next, { "type": "null" }] } } })),
    ("Other", 40, |next| json!({ "type": "object", "properties": { "id": { "type": "string" } }, "additionalProperties": next })),
    ("Each", 40, |next| json!({ "type": "object", "properties": { "of": { "type": "array", "x-each": true, "items": next } } })),
    ("List", 40, |next| json!({ "type": "object", "properties": { "of": { "type": "array", "items": next } } })),
    ("Map", 40, |next| json!({ "type": "object", "properties": { "of": { "type": "object", "additionalProperties": next } } })),
    ("Union", 40, |next| json!({ "oneOf": [{ "type": "integer" }, { "type": "object", "properties": { "of": next } }] })),
];

/// The number of types of a cycle.
const CYCLE: usize = 80;
/// The number of unions of a ring.
const RING: usize = 48;
/// The number of arrays without a name that contain each other.
const ARRAYS: usize = 50;

/// The document.
pub fn compile() -> Compilation {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let reference = |kind: &str, index: usize| json!({ "$ref": format!("#/components/schemas/{kind}{index}") });
    for (kind, count, within) in CHAINS {
        for index in 0..count {
            let next = if index + 1 < count { reference(kind, index + 1) } else { json!({ "type": "string" }) };
            schemas.insert(format!("{kind}{index}"), within(next));
        }
    }
    for index in 0..CYCLE {
        let next = reference("Cycle", (index + 1) % CYCLE);
        schemas.insert(format!("Cycle{index}"), json!({ "type": "object", "properties": { "of": next } }));
    }
    for index in 0..RING {
        let variant = |steps: usize| json!({ "type": "object", "required": ["of"], "properties": { "of": reference("Ring", (index + steps) % RING) } });
        schemas.insert(format!("Ring{index}"), json!({ "oneOf": [variant(1), variant(2)] }));
    }
    let arrays = (0..ARRAYS).fold(json!({ "type": "string" }), |inner, _| json!({ "type": "array", "items": inner }));
    schemas.insert("Array0".to_owned(), arrays);
    for kind in CHAINS.map(|(kind, ..)| kind).into_iter().chain(["Cycle", "Ring", "Array"]) {
        let content = json!({ "application/json": { "schema": reference(kind, 0) } });
        let operation = json!({
            "operationId": format!("send{kind}"),
            "requestBody": { "required": true, "content": content },
            "responses": { "200": { "description": "The same.", "content": content } }
        });
        paths.insert(format!("/{kind}"), json!({ "post": operation }));
    }
    let components = json!({ "schemas": schemas });
    let document = json!({ "openapi": "3.1.0", "info": { "title": "Depth", "version": "1" }, "paths": paths, "components": components });
    Compilation::from_text("depth.json", document.to_string().as_bytes())
}

/// Values of the types.
pub fn instances() -> Vec<Instance> {
    let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "{\"of\":".repeat(levels), "}".repeat(levels));
    let instance = |schema: &str, levels: usize, inner: &str, valid| Instance {
        schema: schema.to_owned(),
        json: nested(levels, inner),
        valid,
        unread: None,
    };
    vec![
        instance("Member0", 120, "\"text\"", true),
        instance("Member0", 120, "5", false),
        instance("Optional0", 120, "\"text\"", true),
        instance("Optional0", 120, "5", false),
        instance("Nullable0", 59, "null", true),
        instance("Nullable0", 59, "5", false),
        instance("OrNull0", 79, "{\"of\":null}", true),
        instance("OrNull0", 79, "5", false),
        instance("Other0", 40, "\"text\"", true),
        instance("Other0", 40, "5", false),
        Instance { schema: "Each0".to_owned(), json: format!("{}{}", "{\"of\":[".repeat(40), "]}".repeat(40)), valid: true, unread: None },
        instance("Union0", 40, "\"text\"", true),
        instance("Union0", 40, "true", false),
        instance("Cycle0", 100, "{}", true),
        instance("Cycle0", 100, "5", false),
    ]
}
