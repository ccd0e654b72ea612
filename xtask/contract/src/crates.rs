//! Crates of generated code: written to the target folder, over one copy of the runtime, and checked in bulk.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::Compilation;
use contractc::diagnostic::Severity;
use contractc::emit::OutputFile;

use xtask::{Result, cargo_command, root, run};

/// The message of the first error of a document.
pub fn first_error(compilation: &Compilation) -> String {
    let sorted = compilation.diagnostics.sorted();
    let first = sorted.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    first.map(|diagnostic| diagnostic.message.clone()).unwrap_or_default()
}

/// Checks generated code as modules of a few crates, one crate per processor, and returns the numbers of those that do not compile.
pub fn check(name: &str, all: &[&[OutputFile]]) -> Result<BTreeSet<usize>> {
    let folder = root().join("target/corpus").join(name);
    let parts = std::thread::available_parallelism()?.get();
    let mut members = Vec::new();
    for part in 0..parts {
        let member = format!("{name}-{part}");
        let mut modules = String::from("#![allow(dead_code, unused, mixed_script_confusables, uncommon_codepoints)]\npub mod runtime;\n");
        let mut files = Vec::new();
        for (index, generated) in all.iter().enumerate().skip(part).step_by(parts) {
            let _ = writeln!(modules, "pub mod g{index};");
            let rust = generated.iter().filter(|file| file.path.starts_with("rust/")).cloned().collect();
            files.extend(module(&format!("src/g{index}"), rust, index == part));
        }
        files.push(OutputFile::new("Cargo.toml", PACKAGE.replace("NAME", &member)));
        files.push(OutputFile::new("src/lib.rs", modules));
        write(&folder.join(&member), &files)?;
        members.push(member);
    }
    lock(&folder)?;
    std::fs::write(folder.join("Cargo.toml"), format!("{WORKSPACE}members = {members:?}\nresolver = \"3\"\n"))?;
    let check = ["check", "--quiet", "--keep-going", "--workspace", "--all-features", "--message-format=short"];
    let output = cargo(&folder, &check).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let errors = text.lines().filter(|line| line.contains(": error"));
    let mut broken = BTreeSet::new();
    for line in errors {
        let module = line.split_once("/src/g").map(|(_, rest)| rest);
        let index = module.and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        eprintln!("{line}");
        broken.extend(index);
    }
    if !output.status.success() && broken.is_empty() {
        return Err(format!("cargo check of {name} failed: {text}").into());
    }
    Ok(broken)
}

/// Builds the program of a crate that [`manifest`] describes, and returns its path.
pub fn build(name: &str, folder: &Path) -> Result<PathBuf> {
    run(&mut cargo(folder, &["build", "--quiet"]))?;
    Ok(target().join("debug").join(name))
}

/// A cargo command in the folder of a generated crate. All of them share one target folder and have the same flags, so their dependencies are
/// built once.
fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = cargo_command();
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target()).env_remove("RUSTFLAGS");
    command
}

/// The target folder of all generated crates. `contractc/tests/cases.rs` uses it too.
fn target() -> PathBuf {
    root().join("target/corpus/build")
}

/// Turns generated files into a module that shares its runtime with the other modules of its crate. One module brings the runtime.
pub fn module(folder: &str, generated: Vec<OutputFile>, brings_runtime: bool) -> Vec<OutputFile> {
    let mut files = vec![OutputFile::new(format!("{folder}/runtime.rs"), "pub use crate::runtime::*;\n")];
    for file in generated {
        let path = file.path.trim_start_matches("rust/");
        match path.starts_with("runtime/") {
            true if brings_runtime => files.push(OutputFile::new(format!("src/{path}"), file.text)),
            true => {}
            false => files.push(OutputFile::new(format!("{folder}/{path}"), file.text)),
        }
    }
    files
}

/// Like the function above, for a program that only validates: without the types, which are most of the code and are checked with the
/// documents.
pub fn module_without_types(folder: &str, generated: Vec<OutputFile>, brings_runtime: bool) -> Vec<OutputFile> {
    let mut files = module(folder, generated, brings_runtime);
    files.iter_mut().filter(|file| file.path == format!("{folder}/types.rs")).for_each(|file| file.text.clear());
    files
}

pub fn write(folder: &Path, files: &[OutputFile]) -> Result {
    let source = folder.join("src");
    if source.exists() {
        std::fs::remove_dir_all(&source)?;
    }
    for file in files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, &file.text)?;
    }
    Ok(())
}

/// Copies the lock file of the workspace to a crate, so that the dependencies of all generated crates are built once.
pub fn lock(folder: &Path) -> Result {
    Ok(std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).map(|_| ())?)
}

/// The manifest of a crate outside the workspace.
pub fn manifest(name: &str) -> String {
    PACKAGE.replace("NAME", name) + WORKSPACE
}

const PACKAGE: &str = r#"[package]
name = "NAME"
version = "0.0.0"
edition = "2024"

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
"#;

/// Everything is compiled once, so there is nothing to gain from incremental compilation.
const WORKSPACE: &str = "
[profile.dev]
debug = false
incremental = false

[workspace]
";
