//! All cases' generated Rust, over one copy of the runtime: a library that is checked with every lint, and a program that validates the
//! cases' instances.

pub mod depth;
pub mod headers;
pub mod identifiers;
pub mod typescript;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use contractc::emit::OutputFile;

use crate::{HeaderRow, Instance};

pub struct Case {
    pub name: String,
    pub files: Vec<OutputFile>,
    pub instances: Vec<Instance>,
    pub headers: Vec<HeaderRow>,
    /// Whether the files use the runtime of another case.
    pub shares_runtime: bool,
    /// Attributes of its module in the library. The document of names takes minutes to check, and with all features every name that it could
    /// clash with is in scope, so it is left out without them.
    pub attributes: &'static str,
}

/// The attribute of a module that is compiled only with all features.
pub const WITH_FEATURES: &str = "#[cfg(feature = \"axum\")]\n";

const MANIFEST: &str = r#"[package]
name = "cases"
version = "0.0.0"
edition = "2024"

# Not the package's library, because building the program would then generate code for every function of every case.
[[example]]
name = "library"
path = "src/library.rs"
crate-type = ["lib"]

[dependencies]
axum = { version = "0.8", default-features = false, optional = true }
http = "1"
regress = "0.11"
reqwest = { version = "0.13", default-features = false, optional = true }
schemars = { version = "1", default-features = false, optional = true }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
uuid = { version = "1", default-features = false, features = ["serde", "v5"] }

[features]
axum = ["dep:axum"]
reqwest = ["dep:reqwest"]
schemars = ["dep:schemars"]

[profile.dev]
debug = false

[workspace]
"#;

const LIBRARY: &str = "//! Every case, and one runtime.
#![deny(warnings, missing_docs)]
#![allow(mixed_script_confusables, uncommon_codepoints)]

pub mod runtime;
";

const MAIN: &str = r#"//! Prints the instances and headers with wrong results.
#![allow(warnings)]

pub mod runtime;
MODULES
type Validate = fn(&str, &[u8]) -> Result<(), runtime::report::Report>;

const INSTANCES: &[(&str, Validate, &str, &str, bool)] = &[
TABLE];

type Read = fn(&runtime::http::Reply<()>) -> Result<String, runtime::report::Report>;
type Expected = Result<&'static str, &'static [&'static str]>;

const HEADERS: &[(&str, Read, &[&str], Expected)] = &[
ROWS];

fn main() {
    for (case, validate, schema, json, valid) in INSTANCES {
        let result = validate(schema, json.as_bytes());
        if result.is_ok() != *valid {
            println!("{case}: {schema} {json}: {result:?}");
        }
    }
    for (name, read, lines, expected) in HEADERS {
        let mut reply = runtime::http::Reply::from(());
        for line in *lines {
            // Each character is a byte.
            let bytes: Vec<u8> = line.chars().map(|character| u8::try_from(character).expect("a byte")).collect();
            reply.headers.append(*name, http::HeaderValue::from_bytes(&bytes).expect("a header"));
        }
        let found = read(&reply);
        let is_right = match (&found, expected) {
            (Ok(found), Ok(expected)) => is_same(found, expected),
            (Err(report), Err(expected)) => {
                let violations = report.violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.keyword));
                violations.eq(expected.iter().copied())
            }
            _ => false,
        };
        if !is_right {
            println!("{name} {lines:?}: {found:?}");
        }
    }
}

fn read<T: runtime::schema::ReadJson + runtime::schema::ToJson>(
    reply: &runtime::http::Reply<()>,
    header: &runtime::http::Header<T>,
) -> Result<String, runtime::report::Report> {
    reply.header(header).map(|value| value.expect("the header is there").as_json().to_text())
}

fn is_same(left: &str, right: &str) -> bool {
    let parse = |text: &'static str| runtime::schema::parse(text.as_bytes()).expect("JSON");
    let (left, right) = (parse(left.to_owned().leak()), parse(right.to_owned().leak()));
    runtime::check::equal(left.root(), right.root())
}
"#;

/// Writes the crate, with the workspace's locked versions.
pub fn write(folder: &Path, cases: &[Case]) {
    let source = folder.join("src");
    if source.exists() {
        std::fs::remove_dir_all(&source).expect("the old source can be removed");
    }
    let (mut library, mut modules, mut table, mut rows) = (LIBRARY.to_owned(), String::new(), String::new(), String::new());
    for (index, case) in cases.iter().enumerate() {
        let module = case.name.replace('-', "_");
        let declaration = format!("pub mod {module};\n");
        library.push_str(case.attributes);
        library.push_str(&declaration);
        if !case.instances.is_empty() || !case.headers.is_empty() {
            modules.push_str(&declaration);
        }
        for HeaderRow { name, lines, expected } in &case.headers {
            let constant = name.replace('-', "_").to_uppercase();
            let expected = match expected {
                Ok(json) => format!("Ok({json:?})"),
                Err(violations) => format!("Err(&{violations:?})"),
            };
            let _ = writeln!(rows, "    ({name:?}, |reply| read(reply, &{module}::headers::{constant}), &{lines:?}, {expected}),");
        }
        for instance in &case.instances {
            let _ = writeln!(
                table,
                "    ({:?}, {module}::validate, {:?}, {:?}, {}),",
                case.name, instance.schema, instance.json, instance.valid
            );
        }
        for file in &case.files {
            let Some(path) = file.path.strip_prefix("rust/") else { continue };
            if case.shares_runtime {
                put(&source.join(&module).join(path), &file.text);
            } else if !path.starts_with("runtime/") {
                put(&source.join(&module).join(path), &file.text.replace("pub mod runtime;", "pub use crate::runtime;"));
            } else if index == 0 {
                put(&source.join(path), &file.text);
            }
        }
    }
    put(&source.join("library.rs"), &library);
    put(&source.join("main.rs"), &MAIN.replace("MODULES", &modules).replace("TABLE", &table).replace("ROWS", &rows));
    put(&folder.join("Cargo.toml"), MANIFEST);
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(lock, folder.join("Cargo.lock")).expect("the workspace has a lock file");
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("files stand in folders")).expect("the folder can be made");
    std::fs::write(path, text).expect("the file can be written");
}

/// Runs cargo in the crate, and returns what it prints.
pub fn cargo(folder: &Path, arguments: &[&str]) -> String {
    // Flags of the outer build would hide warnings or rebuild everything, and its lints do not apply to generated code.
    let mut command = Command::new(env!("CARGO"));
    // `cargo xtask corpus` builds the same dependencies, in the same folder.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../corpus/build");
    command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let output = command.output().expect("cargo can be run");
    assert!(output.status.success(), "cargo {} fails:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
