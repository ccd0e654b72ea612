//! Snapshots of the output for small documents, one folder per feature, and of the diagnostics for faulty ones. Over the same folders: the
//! generated code compiles without warnings, validation results are right, and nothing depends on the layout of a document.
//!
//! A case is `cases/<feature>/openapi.yaml`; lines in its `instances.jsonl` are values, each with whether it is valid, and some with the
//! integers that TypeScript does not read. A case with a file `runtime` uses the runtime of the module that it names, which is another
//! case's. A faulty document is `diagnostics/<name>/openapi.yaml` (or `.json`). `INSTA_UPDATE=always cargo test -p contractc --test cases` accepts new output; review it first.

mod generated;
#[path = "fuzzed/maker.rs"]
mod maker;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use contractc::Compilation;
use contractc::diagnostic::Diagnostics;
use contractc::emit::{GenerateOptions, OutputFile, Target};
use contractc::interpret;
use contractc::source::Sources;
use serde_json::Value;

/// The files that every case keeps, where it has them.
const KEPT: &[&str] = &[
    "rust/types.rs",
    "rust/validators.rs",
    "rust/operations.rs",
    "rust/registry.rs",
    "sql/views.sql",
    "typescript/types.ts",
    "typescript/schemas.ts",
    "typescript/operations.ts",
    "typescript/stores.ts",
];

/// Files that differ little between cases, kept in the cases that show most of them.
const KEPT_ONCE: &[(&str, &str)] = &[
    ("parameters", "rust/client.rs"),
    ("records", "docs/data-models.md"),
    ("responses", "docs/api-reference.md"),
    ("responses", "rust/client.rs"),
    ("responses", "rust/headers.rs"),
    ("responses", "rust/server.rs"),
    ("responses", "typescript/client.ts"),
    ("responses", "typescript/headers.ts"),
    ("directions", "docs/data-models.md"),
    ("security", "rust/client.rs"),
    ("sync", "COVERAGE.md"),
    ("sync", "rust/mod.rs"),
    ("sync", "typescript/index.ts"),
    ("sync-protocol", "rust/mod.rs"),
];

/// The case whose contract is completed by the protocol, and the files that it keeps of `KEPT`. The other files contain little apart from
/// the protocol.
const COMPLETED: (&str, &[&str]) = ("sync-protocol", &["rust/registry.rs", "sql/views.sql", "typescript/stores.ts"]);

/// How many random documents are compiled. `cargo xtask fuzz-documents` compiles more.
const RANDOM: u64 = 10;

#[test]
fn outputs_are_as_kept() {
    let failures = each_folder("cases", |folder| {
        let (compilation, case) = (compile(folder), name(folder));
        let findings = compilation.render();
        let files = compilation.generate_with(Target::ALL, &options_of(folder)).unwrap_or_else(|| panic!("rejected:\n{findings}"));
        let mut names = BTreeSet::new();
        if !findings.is_empty() {
            keep(folder, "warnings", &findings);
            names.insert("warnings.snap".to_owned());
        }
        let kept = if case == COMPLETED.0 { COMPLETED.1 } else { KEPT };
        for file in files {
            if kept.contains(&file.path.as_str()) || KEPT_ONCE.contains(&(case, file.path.as_str())) {
                let name = file.path.rsplit('/').next().unwrap_or_default();
                keep(folder, name, &file.text);
                names.insert(format!("{name}.snap"));
            }
        }
        let orphans = snapshots(folder).into_iter().filter(|name| !names.contains(name));
        assert_eq!(orphans.collect::<Vec<_>>(), [""; 0], "the case no longer emits these files; delete them");
    });
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn diagnostics_are_as_kept() {
    let failures = each_folder("diagnostics", |folder| {
        let compilation = compile(folder);
        let findings = compilation.render();
        assert!(!findings.is_empty(), "nothing was found");
        assert_eq!(
            compilation.contract.is_none(),
            compilation.diagnostics.has_errors(),
            "a contract comes out exactly if there are no errors"
        );
        keep(folder, "findings", &findings);
    });
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn generated_rust_compiles_without_warnings_and_validates_correctly() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases");
    generated::write(&folder, &generated_cases(Target::Rust));
    generated::cargo(&folder, &["check", "--quiet", "--example", "library", "--features", "axum,reqwest,schemars"]);
    generated::cargo(&folder, &["check", "--quiet", "--example", "library"]);
    let wrong = generated::cargo(&folder, &["run", "--quiet"]);
    assert_eq!(wrong, "", "results of generated validators");
}

#[test]
fn generated_typescript_compiles_strictly_and_validates_correctly() {
    let wrong = generated::typescript::validate(&generated_cases(Target::TypeScript));
    assert!(wrong.is_empty(), "wrong results of generated schemas:\n{}", wrong.join("\n"));
}

#[test]
fn the_interpreter_validates_correctly() {
    let mut checked = 0;
    let failures = each_folder("cases", |folder| {
        let compilation = compile(folder);
        let contract = compilation.contract.as_ref().expect("cases have no errors");
        for instance in instances(folder) {
            let schema = contract.named(&instance.schema).unwrap_or_else(|| panic!("there is no schema `{}`", instance.schema));
            let result = interpret::validate(contract, schema, instance.json.as_bytes());
            assert_eq!(result.is_ok(), instance.valid, "{} {}: {result:?}", instance.schema, instance.json);
            checked += 1;
        }
    });
    assert!(failures.is_empty(), "{failures}");
    assert!(checked > 200, "only {checked} instances were found");
}

#[test]
fn layout_does_not_matter() {
    let failures = each_folder("cases", |folder| {
        let path = folder.join("openapi.yaml");
        let text = std::fs::read_to_string(&path).expect("the document can be read");
        let expected = outputs(&path, &text);
        same(&expected, &outputs(&path, &text), "the second run");
        same(&expected, &outputs(&path, &text.replace('\n', "\r\n")), "the copy with CRLF");
        // The document as written, because the compiled one may be completed.
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let file = sources.load(&path, &mut diagnostics).expect("the document can be read");
        let tree = sources.root(file).expect("cases can be parsed").to_json();
        same(&expected, &outputs(&path, &reversed(&tree)), "the copy with its keys reversed");
    });
    assert!(failures.is_empty(), "{failures}");
}

fn generated_cases(target: Target) -> Vec<generated::Case> {
    let case = |folder: &PathBuf| {
        let options = options_of(folder);
        generated::Case {
            name: name(folder).to_owned(),
            files: compile(folder).generate_with(&[target], &options).expect("cases have no errors"),
            instances: instances(folder),
            headers: Vec::new(),
            shares_runtime: options.runtime.is_some(),
            attributes: "",
        }
    };
    let made = |name: &str, compilation: Compilation, instances| {
        let files = compilation.generate(&[target]).unwrap_or_else(|| panic!("rejected:\n{}", compilation.render()));
        generated::Case { name: name.to_owned(), files, instances, headers: Vec::new(), shares_runtime: false, attributes: "" }
    };
    let identifiers =
        generated::Case { attributes: generated::WITH_FEATURES, ..made("identifiers", generated::identifiers::compile(), Vec::new()) };
    let depth = made("depth", generated::depth::compile(), generated::depth::instances());
    let headers = generated::Case { headers: generated::headers::rows(), ..made("headers", generated::headers::compile(), Vec::new()) };
    let random = (0..RANDOM).map(|seed| {
        let document = maker::Maker::document(seed).to_string();
        (format!("random{seed}"), Compilation::from_text("random.json", document.as_bytes()))
    });
    let random = random.filter(|(_, compilation)| compilation.contract.is_some());
    let random = random.map(|(name, compilation)| made(&name, compilation, Vec::new()));
    folders("cases").iter().map(case).chain([identifiers, depth, headers]).chain(random).collect()
}

/// Runs a check on every folder and lists all failures, so that one run reports all of them.
fn each_folder(kind: &str, mut check: impl FnMut(&Path)) -> String {
    let folders = folders(kind);
    assert!(folders.len() >= 20, "only {} folders in `tests/{kind}`", folders.len());
    let mut failures = String::new();
    for folder in folders {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&folder))) {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
            let _ = writeln!(failures, "{}: {text}", folder.display());
        }
    }
    failures
}

/// The folders of a kind, relative to the package, where tests run: no path of this machine gets into a snapshot.
fn folders(kind: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new("tests").join(kind)).expect("the folder can be read");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the entry can be read").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn name(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).expect("folders have plain names")
}

fn compile(folder: &Path) -> Compilation {
    let yaml = folder.join("openapi.yaml");
    let path = if yaml.exists() { yaml } else { folder.join("openapi.json") };
    Compilation::from_file(&path).expect("the document can be read")
}

/// The options of the case, with the module whose runtime it uses.
fn options_of(folder: &Path) -> GenerateOptions {
    let text = std::fs::read_to_string(folder.join("runtime")).ok();
    text.iter().fold(GenerateOptions::default(), |options, path| options.runtime(path.trim()))
}

/// The names of the kept files of a case.
fn snapshots(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let names = entries.map(|entry| entry.expect("the entry can be read").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".snap")).collect()
}

fn keep(folder: &Path, name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

/// A value, and whether its schema accepts it.
struct Instance {
    schema: String,
    json: String,
    valid: bool,
    /// The pointers of the integers that the TypeScript type does not hold, if the line lists them. If it holds all, `POINTER bigint` for each
    /// that is read as a bigint.
    unread: Option<Vec<String>>,
}

/// The lines of a header, and what is read from them: JSON, or the pointers and keywords of violations.
struct HeaderRow {
    name: String,
    lines: Vec<String>,
    expected: Result<String, Vec<String>>,
}

/// The lines of `instances.jsonl`. A string is JSON text, for spellings that a parsed value would lose.
fn instances(folder: &Path) -> Vec<Instance> {
    let Ok(text) = std::fs::read_to_string(folder.join("instances.jsonl")) else { return Vec::new() };
    let parse = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", folder.display()));
        let json = match line["json"].take() {
            Value::String(text) => text,
            value => value.to_string(),
        };
        let schema = line["schema"].as_str().expect("`schema` is a name").to_owned();
        let valid = line["valid"].as_bool().expect("`valid` is a boolean");
        let unread = line.get("unread").map(|listed| serde_json::from_value(listed.clone()).expect("`unread` has pointers"));
        Instance { schema, json, valid, unread }
    };
    text.lines().map(parse).collect()
}

fn outputs(path: &Path, text: &str) -> Vec<OutputFile> {
    let compilation = Compilation::from_text(&path.to_string_lossy(), text.as_bytes());
    compilation.generate(Target::ALL).unwrap_or_else(|| panic!("rejected:\n{}", compilation.render()))
}

fn same(expected: &[OutputFile], seen: &[OutputFile], what: &str) {
    assert_eq!(expected.len(), seen.len(), "files of {what}");
    for (expected, seen) in expected.iter().zip(seen) {
        assert_eq!(expected.path, seen.path, "{what}");
        let differ = expected.text.lines().zip(seen.text.lines()).find(|(expected, seen)| expected != seen);
        assert!(expected.text == seen.text, "{what} differs in {}: {differ:?}", expected.path);
    }
}

/// JSON text with the members of every object in the reverse of their order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().rev().map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), reversed(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}
