//! `cargo xtask corpus`: other people's contracts through the compiler, and their test cases through what it generates.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::Compilation;
use contractc::emit::{OutputFile, Target};
use serde_json::Value;

use crate::{Result, root, run as run_command};

/// Compiles every document, judges every case of the suite, and compares the outcome with what is kept.
pub fn run(folder: &Path) -> Result {
    let suite = Suite::read(&folder.join("suite"))?;
    let report = suite.judge()?;
    println!("{report}");
    Ok(())
}

/// One small document of the JSON-Schema-Test-Suite, with values to judge.
struct Group {
    name: String,
    document: PathBuf,
    cases: PathBuf,
    count: usize,
}

struct Suite {
    groups: Vec<Group>,
}

impl Suite {
    /// The groups of tier `core`, plain and typed.
    fn read(folder: &Path) -> Result<Self> {
        let manifest = std::fs::read_to_string(folder.join("manifest.jsonl")).map_err(|error| format!("cannot read the suite's manifest: {error}"))?;
        let tiers = std::env::var("TIERS").unwrap_or("core".into());
        let mut groups = Vec::new();
        for line in manifest.lines() {
            let entry: Value = serde_json::from_str(line)?;
            let text = |key: &str| entry[key].as_str().unwrap_or_default();
            if tiers.split(',').any(|tier| tier == text("tier")) && matches!(text("variant"), "plain" | "typed" | "defs") {
                let count = entry["valid"].as_u64().unwrap_or(0) + entry["invalid"].as_u64().unwrap_or(0);
                let name = text("doc").trim_end_matches(".openapi.json").to_owned();
                groups.push(Group { name, document: folder.join(text("doc")), cases: folder.join(text("cases")), count: count as usize });
            }
        }
        Ok(Suite { groups })
    }

    /// Generates, compiles and runs the Rust side of all groups as one crate.
    fn judge(&self) -> Result<String> {
        let crate_folder = root().join("target/corpus/suite");
        let mut modules = String::new();
        let mut table = String::new();
        let mut refused = BTreeMap::new();
        let mut files: Vec<OutputFile> = Vec::new();
        let mut decided = 0;
        for (index, group) in self.groups.iter().enumerate() {
            let compilation = Compilation::from_file(&group.document)?;
            let Some(generated) = compilation.generate(&[Target::Rust], false) else {
                refused.insert(group.name.clone(), compilation.findings().lines().next().unwrap_or_default().to_owned());
                continue;
            };
            decided += group.count;
            let _ = writeln!(modules, "pub mod g{index};");
            let _ = writeln!(table, "({:?}, {:?}, g{index}::validate),", group.name, group.cases.canonicalize()?);
            files.extend(module(&format!("src/g{index}"), generated));
        }
        files.push(OutputFile { path: "Cargo.toml".into(), text: MANIFEST.into() });
        files.push(OutputFile { path: "src/main.rs".into(), text: MAIN.replace("MODULES", &modules).replace("TABLE", &table) });
        write(&crate_folder, &files)?;
        run_command(Command::new("cargo").args(["build", "--quiet", "--target-dir"]).arg(root().join("target/corpus/build")).current_dir(&crate_folder))?;
        let output = Command::new(root().join("target/corpus/build/debug/suite")).output()?;
        let wrong = String::from_utf8_lossy(&output.stdout).into_owned();
        let total: usize = self.groups.iter().map(|group| group.count).sum();
        let mut report = format!("suite: {total} cases, {decided} decided, {} wrong verdicts\n{wrong}", wrong.lines().count());
        for (name, reason) in refused {
            let _ = writeln!(report, "refused: {name}: {reason}");
        }
        Ok(report)
    }
}

/// The files of one generated set as a module that shares its runtime with the others.
fn module(folder: &str, generated: Vec<OutputFile>) -> Vec<OutputFile> {
    let mut files = Vec::new();
    for file in generated {
        let path = file.path.trim_start_matches("rust/");
        if path.starts_with("runtime/") {
            if folder.ends_with("/g0") {
                files.push(OutputFile { path: format!("src/{path}"), text: file.text });
            }
        } else {
            let text = file.text.replace("pub mod runtime;", "pub use crate::runtime;");
            files.push(OutputFile { path: format!("{folder}/{path}"), text });
        }
    }
    files
}

fn write(folder: &Path, files: &[OutputFile]) -> Result {
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

const MANIFEST: &str = r#"[package]
name = "suite"
version = "0.0.0"
edition = "2024"

[dependencies]
http = "1"
regress = "0.11"
serde = { version = "1", features = ["derive"] }
serde_json = "1"

[features]
axum = []
reqwest = []

[profile.dev]
debug = false

[workspace]
"#;

const MAIN: &str = r#"#![allow(dead_code, mixed_script_confusables, uncommon_codepoints)]
pub mod runtime;
MODULES
type Judge = fn(&str, &[u8]) -> Result<(), runtime::report::Report>;
const GROUPS: &[(&str, &str, Judge)] = &[
TABLE];

fn main() {
    for (name, path, judge) in GROUPS {
        let cases: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in cases {
            let verdict = judge("Root", case["data"].to_string().as_bytes());
            if verdict.is_ok() != case["valid"].as_bool().unwrap() {
                println!("wrong: {name}: {}: {verdict:?}", case["description"]);
            }
        }
    }
}
"#;

#[allow(dead_code)]
fn survives(path: &Path) -> bool {
    catch_unwind(AssertUnwindSafe(|| Compilation::from_file(path).map(|compilation| compilation.generate(Target::ALL, true).is_some()))).is_ok()
}
