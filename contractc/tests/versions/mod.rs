//! Two versions of a contract, and the output of `contractc diff`, one change per line.

use contractc::Compilation;
use contractc::diff::{self, Change};

/// A contract whose one operation takes and gives the schema `Thing`.
pub fn both_ways(thing: &str) -> String {
    contract(&format!("{{}}, /things: {{ post: {{ {}, {} }} }}", body("Thing"), answer("200", "Thing")), &format!("Thing: {thing}"))
}

pub fn body(schema: &str) -> String {
    format!("requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/{schema}' }} }} }} }}")
}

pub fn answer(status: &str, schema: &str) -> String {
    format!(
        "responses: {{ '{status}': {{ description: '', content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/{schema}' }} }} }} }} }}"
    )
}

pub fn contract(paths: &str, schemas: &str) -> String {
    let paths = paths.trim_start_matches("{}, ");
    format!("openapi: 3.1.0\ninfo: {{ title: Test, version: 1.0.0 }}\npaths: {{ {paths} }}\ncomponents: {{ schemas: {{ {schemas} }} }}\n")
}

pub fn changes(old: &str, new: &str) -> Vec<Change> {
    let compile = |text: &str| {
        let compilation = Compilation::from_text("test.yaml", text.as_bytes());
        let findings = compilation.render();
        compilation.contract.unwrap_or_else(|| panic!("{findings}"))
    };
    diff::compare(&compile(old), &compile(new))
}

pub fn lines(old: &str, new: &str) -> Vec<String> {
    changes(old, new).iter().map(|change| format!("{}: {}", change.class(), change.message)).collect()
}
