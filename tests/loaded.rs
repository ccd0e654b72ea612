//! A contract loaded as data validates like the code that is generated from it, and like the interpreter of the compiler.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use contractc::emit::{Plan, Target, data};
use contractc::sample::Sampler;
use contractc::{Compilation, interpret};
use stronglog_sync::api::collection::{Contract, ServerContract};
use stronglog_sync::api::runtime::schema::validate_text;
use stronglog_sync::api::{self, Report};
use stronglog_sync::contract::load;

use crate::todo::generated as todo;

const SEED: u64 = 35;
/// The number of mutations of a valid value that are validated.
const MUTATIONS: usize = 40;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compile(path: &Path) -> Compilation {
    Compilation::from_file(path).expect("the document can be read")
}

/// The contract of a document as data, with the rules of all its schemas.
fn loaded(compilation: &Compilation) -> &'static ServerContract {
    let contract = compilation.contract.as_ref().unwrap_or_else(|| panic!("{}", compilation.render()));
    let text = data::with_all_schemas(&Plan::new(contract, &compilation.name));
    load(text.as_bytes()).expect("a contract")
}

/// Valid and invalid texts of a schema.
fn texts(compilation: &Compilation, schema: &str, seed: u64) -> Vec<String> {
    let contract = compilation.contract.as_ref().expect("a contract");
    let id = contract.named(schema).expect("a schema");
    let mut sampler = Sampler::new(contract, seed);
    let Some(valid) = sampler.valid(id) else { return Vec::new() };
    let mutations = sampler.mutations(id, &valid);
    let every = mutations.len() / MUTATIONS + 1;
    let mutated = mutations.into_iter().step_by(every).map(|mutation| mutation.value.to_string());
    mutated.chain([valid.to_string(), "null".to_owned(), "[]".to_owned(), "{}".to_owned(), "{".to_owned()]).collect()
}

/// A report in an order that does not depend on how a schema was read: pointers, keywords and messages.
fn sorted(result: Result<(), Report>) -> BTreeSet<(String, &'static str, String)> {
    let violations = result.err().map(|report| report.violations).unwrap_or_default();
    violations.into_iter().map(|violation| (violation.pointer, violation.keyword, violation.message)).collect()
}

/// Compares reports, word for word, over the records of a contract and the messages that hold them.
fn validates_like(document: &str, contract: &Contract, generated: fn(&str, &[u8]) -> Result<(), Report>) {
    let compilation = compile(&root().join(document));
    let server = loaded(&compilation);
    let mut checked = 0;
    let records = contract.collections.iter().map(|collection| collection.schema);
    for (index, schema) in records.chain(["FeedChange", "FeedPushChange"]).enumerate() {
        let rule = server.check_any(schema).expect("every schema has a rule");
        for text in texts(&compilation, schema, SEED + index as u64) {
            let (of_code, of_data) = (generated(schema, text.as_bytes()), validate_text(text.as_bytes(), rule));
            assert_eq!(sorted(of_code), sorted(of_data), "{schema} {text}");
            checked += 1;
        }
    }
    assert!(checked > 200, "only {checked} texts were validated");
}

#[test]
fn data_validates_the_records_of_stronglog_like_generated_code() {
    validates_like("spec/openapi.yaml", &api::CONTRACT, api::validate);
}

#[test]
fn data_validates_the_records_of_a_second_contract_like_generated_code() {
    validates_like("examples/todo/spec/openapi.yaml", &todo::CONTRACT, todo::validate);
}

#[test]
fn data_describes_the_collections_like_generated_code() {
    for (document, expected) in [("spec", &api::SERVER_CONTRACT), ("examples/todo/spec", &todo::SERVER_CONTRACT)] {
        let files = compile(&root().join(document).join("openapi.yaml")).generate(&[Target::Contract]).expect("a contract");
        let server = load(files[0].text.as_bytes()).expect("a contract");
        let of = |server: &'static ServerContract| {
            let contract = server.contract;
            let collections = contract.collections.iter().map(|known| {
                let identity = (known.path, known.schema, known.singleton, known.natural_key, known.since, known.place());
                format!("{identity:?} {:?} {:?} {:?}", known.parents, known.indexes, known.references)
            });
            let routes = server.routes.iter().map(|known| format!("{:?} {:?}", known.collection, known.all().collect::<Vec<_>>()));
            let any = server.any_collection.iter().chain(contract.any_collection).map(|known| known.schema.to_owned());
            let head = format!("{} {:?} {:?}", contract.version, contract.namespace, server.grown_in);
            collections.chain(routes).chain(any).chain([head]).collect::<Vec<_>>()
        };
        assert_eq!(of(server), of(expected));
        assert!(server.contract.collections.iter().all(|known| std::ptr::eq(known.contract(), server.contract)));
    }
}

/// The documents use every keyword, and combinations of keywords.
#[test]
fn data_validates_the_cases_of_the_compiler_like_its_interpreter() {
    let mut checked = 0;
    for entry in std::fs::read_dir(root().join("contractc/tests/cases")).expect("cases") {
        let document: PathBuf = entry.expect("a case").path().join("openapi.yaml");
        let compilation = compile(&document);
        let contract = compilation.contract.as_ref().expect("cases have no errors");
        let server = loaded(&compilation);
        for (name, id) in &contract.names {
            let rule = server.check_any(name).expect("every schema has a rule");
            for text in texts(&compilation, name, SEED) {
                let interpreted = interpret::validate(contract, *id, text.as_bytes()).err();
                let expected = interpreted.map(|report| report.violations).unwrap_or_default();
                let expected: BTreeSet<_> = expected.into_iter().map(|violation| (violation.pointer, violation.keyword)).collect();
                let seen: BTreeSet<_> =
                    sorted(validate_text(text.as_bytes(), rule)).into_iter().map(|(pointer, keyword, _)| (pointer, keyword)).collect();
                assert_eq!(expected, seen, "{} {name} {text}", document.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 1_000, "only {checked} texts were validated");
}

#[test]
fn what_is_not_a_compiled_contract_is_rejected_with_the_way_to_make_one() {
    let said = |text: &str| load(text.as_bytes()).expect_err("no contract").to_string();
    for (text, why) in [
        ("openapi: 3.1.0", "it is not JSON"),
        (r#"{"openapi": "3.1.0"}"#, "it is not a compiled contract"),
        (r#"{"format": 2}"#, "it has the format 2"),
    ] {
        let said = said(text);
        assert!(said.starts_with(why) && said.contains("contractc generate --only contract"), "{said}");
    }
    assert_eq!(said(r#"{"format": 1}"#), "it is damaged: rules is missing or wrong");
    assert_eq!(said(r#"{"format": 1, "rules": [[["soon", 1]]]}"#), "it is damaged: the keyword \"soon\" is missing or wrong");
    assert_eq!(said(r#"{"format": 1, "rules": [[["schema", 1]]]}"#), "it is damaged: the keyword \"schema\" is missing or wrong");
}

/// Nothing that is missing from the file makes the reader panic.
#[test]
fn a_damaged_contract_is_rejected() {
    let files = compile(&root().join("examples/todo/spec/openapi.yaml")).generate(&[Target::Contract]).expect("a contract");
    let lines: Vec<&str> = files[0].text.lines().collect();
    let without = |gone: usize| lines.iter().enumerate().filter(|(index, _)| *index != gone).map(|(_, line)| *line).collect::<String>();
    let refused = (0..lines.len()).filter(|gone| load(without(*gone).as_bytes()).is_err()).count();
    assert!(refused > 10, "only {refused} of {} damaged files are refused", lines.len());
}
