//! A document that uses every name in scope: each identifier of the runtimes, of the preludes and of both languages is a schema, an
//! operation, a parameter in each place, a member, an enum value, a tag, a response header, a security scheme, and a part of a form.

use std::collections::BTreeSet;

use contractc::Compilation;
use serde_json::{Map, Value, json};

use crate::maker::words::words;

/// The document. Names of types and functions ignore case and underscores, so of several words that differ only in these, one names those.
pub fn compile() -> Compilation {
    let words = words();
    assert!(words.len() > 1_000, "only {} words were found", words.len());
    let text = json!({ "type": "string" });
    let (mut paths, mut schemas, mut schemes) = (Map::new(), Map::new(), Map::new());
    let mut seen = BTreeSet::new();
    let distinct: Vec<&String> = words.iter().filter(|word| seen.insert(word.replace('_', "").to_lowercase())).collect();
    for word in &distinct {
        let operation = json!({ "operationId": word, "responses": { "204": { "description": word } } });
        paths.insert(format!("/{word}"), json!({ "post": operation }));
        let quoted = format!("a \"{word}\" value");
        let properties = json!({ word.as_str(): text, quoted.clone(): property(word) });
        schemas.insert((*word).clone(), json!({ "type": "object", "required": [quoted], "properties": properties }));
        schemes.insert((*word).clone(), json!({ "type": "apiKey", "in": "header", "name": word }));
    }
    let security: Vec<Value> = distinct.iter().map(|word| json!({ word.as_str(): [] })).collect();
    let secured =
        json!({ "operationId": "secured", "tags": distinct, "security": security, "responses": { "204": { "description": "" } } });
    paths.insert("/secured".to_owned(), json!({ "get": secured }));
    for (index, some) in words.chunks(100).enumerate() {
        for (kind, media_type) in [("form", "application/x-www-form-urlencoded"), ("parts", "multipart/form-data")] {
            paths.insert(format!("/some/{kind}/{index}"), json!({ "post": operation(&format!("{kind} {index}"), some, media_type) }));
        }
        let tagged =
            |word: &String| json!({ "type": "object", "required": ["tag"], "properties": { "tag": { "const": word }, "of": text } });
        schemas.insert(format!("SomeTags{index}"), json!({ "oneOf": some.iter().map(tagged).collect::<Vec<_>>() }));
    }
    let mut members: Map<String, Value> = words.iter().map(|word| (word.clone(), text.clone())).collect();
    members.insert("$type".to_owned(), json!({ "const": "all" }));
    schemas.insert("AllMembers".to_owned(), json!({ "type": "object", "required": ["$type"], "properties": members }));
    schemas.insert("AllValues".to_owned(), json!({ "type": "string", "enum": words }));
    let components = json!({ "schemas": schemas, "securitySchemes": schemes });
    let document =
        json!({ "openapi": "3.1.0", "info": { "title": "Identifiers", "version": "1" }, "paths": paths, "components": components });
    Compilation::from_text("identifiers.json", document.to_string().as_bytes())
}

/// An operation with these words as parameters, members of its body, and headers of its response.
fn operation(id: &str, words: &[String], media_type: &str) -> Value {
    let text = json!({ "type": "string" });
    let by_word = |value: &Value| words.iter().map(|word| (word.clone(), value.clone())).collect::<Map<_, _>>();
    let parameter = |word| ["query", "header", "cookie"].map(|place| json!({ "name": word, "in": place, "schema": text }));
    let parameters: Vec<Value> = words.iter().flat_map(parameter).collect();
    let body = json!({ "type": "object", "properties": by_word(&text) });
    json!({
        "operationId": id,
        "parameters": parameters,
        "requestBody": { "content": { media_type: { "schema": body } } },
        "responses": { "204": { "description": "Done.", "headers": by_word(&json!({ "schema": text })) } }
    })
}

/// Types of each kind in turn.
fn property(word: &str) -> Value {
    match word.len() % 4 {
        0 => json!({ "type": "string", "maxLength": 8 }),
        1 => json!({ "type": "array", "items": { "type": "integer" } }),
        2 => json!({ "type": "object", "additionalProperties": { "type": "boolean" } }),
        _ => json!({ "type": ["number", "null"] }),
    }
}
