//! `cargo xtask corpus`: compiles third-party contracts, and runs third-party test cases through the generated code.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use contractc::Compilation;
use contractc::emit::{OutputFile, Target};

use crate::crates::{check, first_error};
use crate::node::Modules;
use crate::suite::{self, Suite};
use xtask::{Result, root, side_by_side};

/// Compiles every document, checks every case of the suite, and writes the results to `contractc/CORPUS.md`.
///
/// In CI, and wherever `CI` is set, the results must match the file.
pub fn run(folder: &Path) -> Result {
    let suite = Suite::read(&folder.join("suite"))?;
    let (mut results, mut is_right) = (String::new(), true);
    for found in suite.check(&suite::TIERS)? {
        is_right &= found.is_right;
        results.push_str(&found.text);
    }
    let examples = crate::examples::check(folder)?;
    let mut text = String::from(HEAD);
    let mut rejected = String::new();
    for (group, name) in [("documents", "documents"), ("packs", "packs")] {
        let found = Outcomes::find(&folder.join(group))?;
        let (rust, typescript) = side_by_side(|| check_rust(name, &found), || check_typescript(name, &found));
        let (rust, typescript) = (rust?, typescript?);
        let (all, generated, rejected_count) = (found.all(), found.generated.len(), found.rejected.len());
        let _ = writeln!(text, "| {group} | {all} | {generated} | {rejected_count} | {rust} | {typescript} |");
        found.rejected.iter().for_each(|(path, reason)| _ = writeln!(rejected, "- `{group}/{path}`: {reason}"));
    }
    let _ = write!(
        text,
        "\n## JSON-Schema-Test-Suite\n\n{}{results}\n## Examples, defaults and enum values of the documents\n\n{examples}\n## Rejected documents\n\n{rejected}",
        suite::HEAD
    );
    print!("{text}");
    keep(&root().join("contractc/CORPUS.md"), &text)?;
    if is_right { Ok(()) } else { Err(suite::WRONG.into()) }
}

/// Checks one tier of the suite, or the examples of the documents, and prints what `contractc/CORPUS.md` would say of it.
pub fn run_tier(folder: &Path, tier: &str) -> Result {
    if tier == "examples" {
        print!("{}", crate::examples::check(folder)?);
        return Ok(());
    }
    let found = Suite::read(&folder.join("suite"))?.check(&[tier])?;
    found.iter().for_each(|found| print!("{}", found.text));
    if found.iter().all(|found| found.is_right) { Ok(()) } else { Err(suite::WRONG.into()) }
}

const HEAD: &str = "\
# The compiler on other people's contracts

Kept by `cargo xtask corpus FOLDER`. A document is *generated*, or *rejected* with the places and reasons in its diagnostics (the first is
shown below); nothing panics. *Rust compiles*: the generated code passes `cargo check` with all features. *TypeScript compiles*: it passes
`tsc --strict`, with `exactOptionalPropertyTypes` and more.

| folder | documents | generated | rejected | Rust compiles | TypeScript compiles |
|---|---|---|---|---|---|
";

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
    rejected: Vec<(String, String)>,
}

impl Outcomes {
    /// Compiles the documents on all processors.
    fn find(folder: &Path) -> Result<Self> {
        let paths = documents(folder)?;
        let next = AtomicUsize::new(0);
        let work = || {
            let take = || paths.get(next.fetch_add(1, Ordering::Relaxed));
            std::iter::from_fn(take).map(|path| Ok((path, outcome(folder, path)?))).collect::<std::result::Result<Vec<_>, String>>()
        };
        let found = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..std::thread::available_parallelism()?.get()).map(|_| scope.spawn(work)).collect();
            let found =
                workers.into_iter().map(|worker| worker.join().map_err(|_| "a thread of the corpus checks panicked")?.map_err(Into::into));
            found.collect::<Result<Vec<_>>>()
        })?;
        let mut found: Vec<_> = found.into_iter().flatten().collect();
        found.sort_by_key(|(path, _)| *path);
        let mut outcomes = Outcomes { generated: Vec::new(), rejected: Vec::new() };
        for (path, outcome) in found {
            let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            match outcome {
                Ok(files) => outcomes.generated.push((name, files)),
                Err(reason) => outcomes.rejected.push((name, reason)),
            }
        }
        Ok(outcomes)
    }

    fn all(&self) -> usize {
        self.generated.len() + self.rejected.len()
    }
}

/// The files that a document is compiled to, or why it is rejected.
type Outcome = std::result::Result<Vec<OutputFile>, String>;

/// The outcome for a document. Fails if the compiler does.
fn outcome(folder: &Path, path: &Path) -> std::result::Result<Outcome, String> {
    let attempt = catch_unwind(AssertUnwindSafe(|| Compilation::from_file(path)));
    let attempt = attempt.map_err(|_| format!("the compiler panicked on {}", path.display()))?;
    let compilation = attempt.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let emitted = catch_unwind(AssertUnwindSafe(|| compilation.generate(Target::ALL)));
    let files = emitted.map_err(|_| format!("an emitter panicked on {}", path.display()))?;
    // Messages contain the paths of other files; the corpus folder is removed from them.
    Ok(files.ok_or_else(|| first_error(&compilation).replace(&format!("{}/", folder.display()), "")))
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

/// Checks all generated Rust, and names each document whose code does not compile.
fn check_rust(name: &str, outcomes: &Outcomes) -> Result<usize> {
    let generated: Vec<&[OutputFile]> = outcomes.generated.iter().map(|(_, files)| files.as_slice()).collect();
    let broken = check(name, &generated)?;
    broken.iter().filter_map(|index| outcomes.generated.get(*index)).for_each(|(path, _)| eprintln!("{path}: Rust does not compile"));
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
