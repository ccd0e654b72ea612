//! The headers of responses: one table of schemas and texts, which the generated code of both languages reads.

use contractc::Compilation;
use serde_json::{Map, Value, json};

use crate::HeaderRow;

/// The headers that the document declares, with their rows.
fn table() -> Vec<Value> {
    serde_json::from_str(include_str!("headers.json")).expect("the table is JSON")
}

fn name(header: &Value) -> &str {
    header["name"].as_str().expect("a header has a name")
}

/// The document.
pub fn compile() -> Compilation {
    let declared = table().into_iter().map(|header| {
        let explode = header.get("explode").cloned().unwrap_or(Value::Bool(false));
        (name(&header).to_owned(), json!({ "schema": header["schema"], "explode": explode }))
    });
    let headers: Map<String, Value> = declared.collect();
    let response = json!({ "description": "Done.", "headers": headers });
    let paths = json!({ "/": { "get": { "operationId": "read", "responses": { "204": response } } } });
    let document = json!({ "openapi": "3.1.0", "info": { "title": "Headers", "version": "1" }, "paths": paths });
    Compilation::from_text("headers.json", document.to_string().as_bytes())
}

/// The rows of all headers.
pub fn rows() -> Vec<HeaderRow> {
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().expect("texts").to_owned()).collect()
    };
    let row = |header: &Value, row: &Value| HeaderRow {
        name: name(header).to_owned(),
        lines: texts(&row["lines"]),
        expected: row.get("read").map(Value::to_string).ok_or_else(|| texts(&row["refused"])),
    };
    table()
        .iter()
        .flat_map(|header| header["rows"].as_array().into_iter().flatten().map(|found| row(header, found)).collect::<Vec<_>>())
        .collect()
}
