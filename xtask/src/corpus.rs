//! `cargo xtask corpus`: compiles third-party contracts, and runs third-party test cases through the generated code.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::Compilation;
use contractc::diagnostic::Severity;
use contractc::emit::{OutputFile, Target};

use crate::node::Modules;
use crate::suite::{self, Suite};
use crate::{Result, root};

/// Compiles every document, judges every case of the suite, and writes the results to `contractc/CORPUS.md`.
///
/// In CI, and wherever `CI` is set, the results must match the file.
pub fn run(folder: &Path) -> Result {
    let suite = Suite::read(&folder.join("suite"))?;
    let (mut verdicts, mut is_right) = (String::new(), true);
    for tier in suite::TIERS {
        let found = suite.judge(tier)?;
        is_right &= found.is_right;
        verdicts.push_str(&found.text);
    }
    let examples = crate::examples::judge(folder)?;
    let mut text = String::from(HEAD);
    let mut refused = String::new();
    for (group, name) in [("documents", "documents"), ("packs", "packs")] {
        let found = Outcomes::find(&folder.join(group))?;
        let (rust, typescript) = side_by_side(|| check(name, &found), || check_typescript(name, &found));
        let (rust, typescript) = (rust?, typescript?);
        let (all, generated, refused_count) = (found.all(), found.generated.len(), found.refused.len());
        let _ = writeln!(text, "| {group} | {all} | {generated} | {refused_count} | {rust} | {typescript} |");
        found.refused.iter().for_each(|(path, reason)| _ = writeln!(refused, "- `{group}/{path}`: {reason}"));
    }
    let _ = write!(
        text,
        "\n## JSON-Schema-Test-Suite\n\n{}{verdicts}\n## Examples, defaults and enum values of the documents\n\n{examples}\n## Refused documents\n\n{refused}",
        suite::HEAD
    );
    print!("{text}");
    keep(&root().join("contractc/CORPUS.md"), &text)?;
    if is_right { Ok(()) } else { Err(suite::WRONG.into()) }
}

/// Judges one tier of the suite, and prints what `contractc/CORPUS.md` would say of it.
pub fn run_tier(folder: &Path, tier: &str) -> Result {
    let found = Suite::read(&folder.join("suite"))?.judge(tier)?;
    print!("{}", found.text);
    if found.is_right { Ok(()) } else { Err(suite::WRONG.into()) }
}

const HEAD: &str = "\
# The compiler on other people's contracts

Kept by `cargo xtask corpus FOLDER`. A document is *generated*, or *refused* with the places and reasons in its diagnostics (the first is
shown below); nothing panics. *Rust compiles*: the generated code passes `cargo check` with all features. *TypeScript compiles*: it passes
`tsc --strict`, with `exactOptionalPropertyTypes` and more.

| folder | documents | generated | refused | Rust compiles | TypeScript compiles |
|---|---|---|---|---|---|
";

/// Runs both closures at the same time, because neither keeps all processors busy throughout. An error of the first crosses threads as
/// text.
pub fn side_by_side<A: Send, B>(first: impl FnOnce() -> Result<A> + Send, second: impl FnOnce() -> Result<B>) -> (Result<A>, Result<B>) {
    std::thread::scope(|scope| {
        let first = scope.spawn(|| first().map_err(|error| error.to_string()));
        let second = second();
        let first = first.join().unwrap_or_else(|_| Err("a thread of the corpus checks panicked".to_owned()));
        (first.map_err(Into::into), second)
    })
}

fn keep(path: &Path, text: &str) -> Result {
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept == text {
        return Ok(());
    }
    if std::env::var_os("CI").is_some() {
        return Err(format!("{} is not what was found: run `cargo xtask corpus` and commit it", path.display()).into());
    }
    Ok(std::fs::write(path, text)?)
}

/// The results for the documents below a folder.
struct Outcomes {
    generated: Vec<(String, Vec<OutputFile>)>,
    refused: Vec<(String, String)>,
}

impl Outcomes {
    fn find(folder: &Path) -> Result<Self> {
        let mut outcomes = Outcomes { generated: Vec::new(), refused: Vec::new() };
        for path in documents(folder)? {
            let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            let attempt = catch_unwind(AssertUnwindSafe(|| Compilation::from_file(&path)));
            let compilation = attempt.map_err(|_| format!("the compiler panicked on {}", path.display()))??;
            let emitted = catch_unwind(AssertUnwindSafe(|| compilation.generate(Target::ALL, false)));
            match emitted.map_err(|_| format!("an emitter panicked on {}", path.display()))? {
                Some(files) => outcomes.generated.push((name, files)),
                // Messages contain the paths of other files; the corpus folder is removed from them.
                None => outcomes.refused.push((name, first_error(&compilation).replace(&format!("{}/", folder.display()), ""))),
            }
        }
        Ok(outcomes)
    }

    fn all(&self) -> usize {
        self.generated.len() + self.refused.len()
    }
}

pub fn first_error(compilation: &Compilation) -> String {
    let sorted = compilation.diagnostics.sorted();
    let first = sorted.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    first.map(|diagnostic| diagnostic.message.clone()).unwrap_or_default()
}

/// All documents, in order. Files that other files refer to are not documents themselves.
fn documents(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Checks all generated code as modules of a few crates, one crate per processor, and names each module that does not compile.
fn check(name: &str, outcomes: &Outcomes) -> Result<usize> {
    let folder = root().join("target/corpus").join(name);
    let parts = std::thread::available_parallelism()?.get();
    let mut members = Vec::new();
    for part in 0..parts {
        let member = format!("{name}-{part}");
        let mut modules = String::from("#![allow(dead_code, unused, mixed_script_confusables, uncommon_codepoints)]\npub mod runtime;\n");
        let mut files = Vec::new();
        for (index, (_, generated)) in outcomes.generated.iter().enumerate().skip(part).step_by(parts) {
            let _ = writeln!(modules, "pub mod g{index};");
            let rust = generated.iter().filter(|file| file.path.starts_with("rust/")).cloned().collect();
            files.extend(module(&format!("src/g{index}"), rust, index == part));
        }
        files.push(OutputFile { path: "Cargo.toml".into(), text: PACKAGE.replace("NAME", &member) });
        files.push(OutputFile { path: "src/lib.rs".into(), text: modules });
        write(&folder.join(&member), &files)?;
        members.push(member);
    }
    lock(&folder)?;
    std::fs::write(folder.join("Cargo.toml"), format!("{WORKSPACE}members = {members:?}\nresolver = \"3\"\n"))?;
    let output = Command::new("cargo")
        .args(["check", "--quiet", "--keep-going", "--workspace", "--all-features", "--message-format=short", "--target-dir"])
        .arg(root().join("target/corpus/build"))
        .current_dir(&folder)
        .env_remove("RUSTFLAGS")
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let errors = text.lines().filter(|line| line.contains(": error"));
    let mut broken = BTreeSet::new();
    for line in errors {
        let module = line.split_once("/src/g").map(|(_, rest)| rest);
        let index = module.and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        let document = index.and_then(|index| outcomes.generated.get(index)).map_or("the crate", |(path, _)| path);
        eprintln!("{document}: {line}");
        broken.insert(document);
    }
    if !output.status.success() && broken.is_empty() {
        return Err(format!("cargo check of {name} failed: {text}").into());
    }
    Ok(outcomes.generated.len() - broken.len())
}

/// Compiles all generated TypeScript at once, and names each document whose code has errors.
fn check_typescript(name: &str, outcomes: &Outcomes) -> Result<usize> {
    let mut modules = Modules::new(name)?;
    for (_, generated) in &outcomes.generated {
        modules.add(generated)?;
    }
    let broken = modules.check_types()?;
    broken.iter().filter_map(|index| outcomes.generated.get(*index)).for_each(|(path, _)| eprintln!("{path}: TypeScript does not compile"));
    Ok(outcomes.generated.len() - broken.len())
}

/// Turns generated files into a module that shares its runtime with the other modules of its crate. One module contains the runtime.
pub fn module(folder: &str, generated: Vec<OutputFile>, brings_runtime: bool) -> Vec<OutputFile> {
    let mut files = Vec::new();
    for file in generated {
        let path = file.path.trim_start_matches("rust/");
        if path.starts_with("runtime/") {
            if brings_runtime {
                files.push(OutputFile { path: format!("src/{path}"), text: file.text });
            }
        } else {
            let text = file.text.replace("pub mod runtime;", "pub use crate::runtime;");
            files.push(OutputFile { path: format!("{folder}/{path}"), text });
        }
    }
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
