//! Compares our reader of operations with the independent `openapiv3` crate, on OpenAPI 3.0 documents.

use std::collections::BTreeSet;
use std::path::Path;

use contractc::Compilation;
use contractc::model::Place;

/// An operation in a form that both sides can produce.
type Shape = (String, String, BTreeSet<(String, String, bool)>, BTreeSet<String>);

const DOCUMENT: &str = r##"{
  "openapi": "3.0.3", "info": { "title": "Demo", "version": "1" },
  "paths": {
    "/pets/{id}": {
      "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
      "get": {
        "operationId": "getPet",
        "parameters": [
          { "name": "fields", "in": "query", "schema": { "type": "array", "items": { "type": "string" } } },
          { "$ref": "#/components/parameters/Trace" }
        ],
        "responses": { "200": { "description": "a pet" }, "4XX": { "description": "no" }, "default": { "description": "else" } }
      },
      "delete": { "operationId": "deletePet", "responses": { "204": { "description": "gone" } } }
    },
    "/pets": {
      "post": {
        "operationId": "addPet",
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } },
        "responses": { "201": { "description": "made" } }
      }
    }
  },
  "components": { "parameters": { "Trace": { "name": "X-Trace", "in": "header", "required": true, "schema": { "type": "string" } } } }
}"##;

#[test]
fn operations_are_those_that_openapiv3_reads() {
    let found = compare("demo.json", DOCUMENT);
    assert_eq!(found, 3);
}

/// Compares all operations of a document, and returns their number.
fn compare(name: &str, text: &str) -> usize {
    let compilation = Compilation::from_text(name, text.as_bytes());
    let contract = compilation.contract.as_ref().unwrap_or_else(|| panic!("{}", compilation.render()));
    let ours: BTreeSet<Shape> = contract
        .operations
        .iter()
        .map(|operation| {
            let parameters = operation.parameters.iter().map(|parameter| {
                let place = match parameter.place() {
                    Place::Path => "path",
                    Place::Query => "query",
                    Place::Header => "header",
                    Place::Cookie => "cookie",
                };
                (parameter.name.clone(), place.to_owned(), parameter.required)
            });
            let statuses = operation.responses.iter().map(|response| response.status.text()).collect();
            (operation.path.clone(), operation.method.name().to_owned(), parameters.collect(), statuses)
        })
        .collect();
    let document: openapiv3::OpenAPI = serde_json::from_str(text).expect("openapiv3 reads the document");
    let theirs: BTreeSet<Shape> =
        document.operations().map(|(path, method, operation)| shape(&document, path, method, operation)).collect();
    assert_eq!(ours, theirs, "{name}");
    ours.len()
}

fn shape(document: &openapiv3::OpenAPI, path: &str, method: &str, operation: &openapiv3::Operation) -> Shape {
    let shared = document.paths.paths[path].as_item().map(|item| item.parameters.as_slice()).unwrap_or_default();
    let mut parameters = BTreeSet::new();
    for parameter in operation.parameters.iter().chain(shared) {
        let resolved = match parameter {
            openapiv3::ReferenceOr::Item(item) => item,
            openapiv3::ReferenceOr::Reference { reference } => {
                let name = reference.trim_start_matches("#/components/parameters/");
                document
                    .components
                    .as_ref()
                    .and_then(|components| components.parameters[name].as_item())
                    .expect("the reference leads to a parameter")
            }
        };
        let data = resolved.parameter_data_ref();
        let place = match resolved {
            openapiv3::Parameter::Path { .. } => "path",
            openapiv3::Parameter::Query { .. } => "query",
            openapiv3::Parameter::Header { .. } => "header",
            openapiv3::Parameter::Cookie { .. } => "cookie",
        };
        parameters.insert((data.name.clone(), place.to_owned(), data.required));
    }
    let mut statuses: BTreeSet<String> = operation
        .responses
        .responses
        .keys()
        .map(|status| match status {
            openapiv3::StatusCode::Code(code) => code.to_string(),
            openapiv3::StatusCode::Range(range) => format!("{range}XX"),
        })
        .collect();
    if operation.responses.default.is_some() {
        statuses.insert("default".to_owned());
    }
    (path.to_owned(), method.to_owned(), parameters, statuses)
}

#[test]
fn sets_of_security_schemes_are_kept() {
    let document = r#"{ "openapi": "3.1.0", "info": { "title": "Demo", "version": "1" }, "security": [{ "c": [] }],
      "paths": { "/a": {
        "get": { "security": [{ "b": [], "a": [] }, { "c": [] }, {}], "responses": {} },
        "put": { "responses": {} }, "post": { "security": [], "responses": {} }, "delete": { "security": [{}], "responses": {} } } },
      "components": { "securitySchemes": {
        "a": { "type": "http", "scheme": "bearer" }, "b": { "type": "http", "scheme": "basic" },
        "c": { "type": "apiKey", "in": "header", "name": "X-Key" } } } }"#;
    let compilation = Compilation::from_text("demo.json", document.as_bytes());
    let contract = compilation.contract.as_ref().unwrap_or_else(|| panic!("{}", compilation.render()));
    let found: Vec<_> = contract
        .operations
        .iter()
        .map(|operation| {
            (
                operation.method.name(),
                operation.security.iter().map(|set| set.iter().map(|needed| needed.scheme.clone()).collect()).collect(),
            )
        })
        .collect();
    let names = |sets: &[&[&str]]| sets.iter().map(|set| set.iter().map(|name| (*name).to_owned()).collect()).collect::<Vec<Vec<String>>>();
    let expected = [("get", names(&[&["a", "b"], &["c"], &[]])), ("post", names(&[])), ("put", names(&[&["c"]])), ("delete", names(&[]))];
    assert_eq!(found, expected);
}

#[test]
fn a_null_removes_neither_security_nor_an_operation() {
    let document = r##"{ "openapi": "3.1.0", "info": { "title": "Demo", "version": "1" }, "security": [{ "c": [] }],
      "paths": {
        "/a": { "get": { "security": null, "responses": {} }, "put": { "security": [null], "responses": {} },
          "post": { "security": [null, { "c": [] }], "responses": {} }, "delete": { "security": [], "responses": {} } },
        "/b": { "$ref": "#/components/pathItems/B", "get": null } },
      "components": {
        "pathItems": { "B": { "get": { "responses": {} } } },
        "securitySchemes": { "c": { "type": "apiKey", "in": "header", "name": "X-Key" } } } }"##;
    let compilation = Compilation::from_text("demo.json", document.as_bytes());
    let contract = compilation.contract.as_ref().unwrap_or_else(|| panic!("{}", compilation.render()));
    let found: Vec<_> = contract.operations.iter().map(|operation| (operation.id.as_str(), operation.security.len())).collect();
    assert_eq!(found, [("get /a", 1), ("post /a", 1), ("put /a", 1), ("delete /a", 0), ("get /b", 1)]);
}

#[test]
fn the_cases_of_openapi_3_0_agree_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).expect("the cases can be listed") {
        let path = entry.expect("an entry").path().join("openapi.yaml");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        // openapiv3 reads JSON here, and one file at a time.
        if text.starts_with("openapi: 3.0") && !text.contains(".yaml#") {
            let (mut sources, mut diagnostics) = Default::default();
            let file = contractc::source::Sources::load(&mut sources, &path, &mut diagnostics).expect("the case can be read");
            let json = sources.root(file).expect("the case is YAML").to_json().to_string();
            if json.contains("\"paths\"") {
                compared += compare("openapi.json", &json);
            }
        }
    }
    println!("{compared} operations compared");
}
