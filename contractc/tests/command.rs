//! The command `contractc` as a user runs it: choosing operations, wrong usage, and folders that cannot be written.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DOCUMENT: &str = "\
openapi: 3.1.0
info: { title: Shop, version: '1' }
paths:
  /pets:
    get: { operationId: listPets, tags: [pets], responses: { '200': { description: all, content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Pet' } } } } } } }
    post: { operationId: addPet, tags: [pets], requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/NewPet' } } } }, responses: { '204': { description: added } } }
  /orders:
    get: { operationId: listOrders, tags: [orders], parameters: [ { name: state, in: query, schema: { $ref: '#/components/schemas/State' } } ], responses: { '204': { description: none } } }
components:
  schemas:
    Pet: { type: object, required: [name], properties: { name: { type: string }, owner: { $ref: '#/components/schemas/Owner' } } }
    Owner: { type: object, properties: { name: { type: string } } }
    NewPet: { type: object, properties: { name: { type: string } } }
    State: { type: string, enum: [open, closed] }
    Unused: { type: object, properties: { name: { type: string } } }
";

/// A new folder of a test, with the document in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the old folder can be removed");
    }
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join("shop.yaml"), DOCUMENT).expect("the document can be written");
    folder
}

fn contractc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contractc")).args(arguments).current_dir(folder).output().expect("the command runs")
}

fn generate(folder: &Path, arguments: &[&str]) -> Output {
    contractc(folder, &[&["generate", "--spec", "shop.yaml", "--out", "out"], arguments].concat())
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

#[test]
fn chosen_operations_come_with_the_schemas_that_they_need() {
    let folder = folder("chosen");
    let output = generate(&folder, &["--operations", "listPets"]);
    assert!(output.status.success(), "{}", errors(&output));
    let types = read(folder.join("out/typescript/types.ts"));
    assert!(types.contains("interface Pet ") && types.contains("interface Owner "), "{types}");
    assert!(!types.contains("NewPet") && !types.contains("State") && !types.contains("Unused"), "{types}");
    let operations = read(folder.join("out/rust/operations.rs"));
    assert!(operations.contains("listPets") && !operations.contains("addPet") && !operations.contains("listOrders"), "{operations}");

    let output = contractc(&folder, &["check", "--spec", "shop.yaml", "--out", "out", "--operations", "listPets"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_tag_chooses_all_its_operations_and_adds_to_those_chosen_by_id() {
    let folder = folder("tags");
    let output = generate(&folder, &["--tags", "pets", "--operations", "listOrders"]);
    assert!(output.status.success(), "{}", errors(&output));
    let types = read(folder.join("out/typescript/types.ts"));
    assert!(["Pet", "Owner", "NewPet", "State"].iter().all(|name| types.contains(&format!("`{name}`"))), "{types}");
    assert!(!types.contains("Unused"), "{types}");
}

#[test]
fn an_unknown_operation_or_tag_is_named_with_the_likely_one() {
    let folder = folder("unknown");
    let output = generate(&folder, &["--operations", "listPet"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(errors(&output), "error: cannot choose from shop.yaml: there is no operation `listPet`; did you mean `listPets`?\n");
    let output = generate(&folder, &["--tags", "shipping"]);
    assert_eq!(
        (output.status.code(), errors(&output).as_str()),
        (Some(2), "error: cannot choose from shop.yaml: there is no tag `shipping`\n")
    );
    assert!(!folder.join("out").exists());
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = folder("files");
    let output = contractc(&folder, &["generate", "--spec", "missing.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).starts_with("error: cannot read missing.yaml: "), "{}", errors(&output));
    let output = contractc(&folder, &["generate", "--spec", ".", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    std::fs::write(folder.join("out"), "a file in the way").expect("the file can be written");
    let output = generate(&folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("cannot ") && errors(&output).contains("out"), "{}", errors(&output));
    assert_eq!(read(folder.join("out")), "a file in the way");
}

#[test]
fn an_interrupted_run_is_completed_by_the_next() {
    let folder = folder("interrupted");
    assert!(generate(&folder, &["--only", "typescript"]).status.success());
    let whole = read(folder.join("out/typescript/types.ts"));
    let half = &whole[..whole.len() / 2];
    std::fs::write(folder.join("out/typescript/types.ts.new"), half).expect("the file can be written");
    let check = ["check", "--spec", "shop.yaml", "--out", "out", "--only", "typescript"];
    let output = contractc(&folder, &check);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "orphaned: out/typescript/types.ts.new\n");
    assert!(generate(&folder, &["--only", "typescript"]).status.success());
    assert!(contractc(&folder, &check).status.success());
    assert!(!folder.join("out/typescript/types.ts.new").exists());
}

#[test]
fn compiled_files_below_a_package_are_left_alone() {
    let folder = folder("compiled");
    assert!(generate(&folder, &["--standalone"]).status.success());
    let compiled = folder.join("out/typescript/dist/index.js");
    std::fs::create_dir_all(folder.join("out/typescript/dist")).expect("the folder can be made");
    std::fs::write(&compiled, read(folder.join("out/typescript/index.ts"))).expect("the file can be written");
    let output = contractc(&folder, &["check", "--spec", "shop.yaml", "--out", "out", "--standalone"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(generate(&folder, &["--standalone"]).status.success());
    assert!(compiled.exists());
}

#[test]
fn wrong_usage_exits_with_two_and_names_what_is_accepted() {
    let folder = folder("usage");
    let output = generate(&folder, &["--only", "java"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("available: rust, typescript, sql, docs, coverage"), "{}", errors(&output));
    for arguments in [&["generate"][..], &["--max-findings", "x", "check"], &["translate"]] {
        let output = contractc(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains("Usage: "), "{}", errors(&output));
    }
    let output = contractc(&folder, &["validate", "--spec", "shop.yaml", "--schema", "Pat"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no schema `Pat`"), "{}", errors(&output));
}
