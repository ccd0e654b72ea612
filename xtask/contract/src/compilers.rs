//! Benchmarks of `contractc`: the time for StrongLog's contract, and for the largest documents of the corpus in comparison with widely used
//! compilers, all in one run; and generated Zod schemas compared with hand-written ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::diagnostic::Diagnostics;
use contractc::source::Sources;

use xtask::{Result, cargo, root, run, typescript};

/// The documents, with corrections of misspelt keywords and of keywords of another version, which compilers read differently.
const DOCUMENTS: &[(&str, &[(&str, &str)])] = &[
    ("stripe.yaml", &[]),
    ("openai.yaml", &[("min_items:", "minItems:"), ("max_items:", "maxItems:"), ("exclusiveMinimum: true", "x-exclusive: true")]),
    ("digitalocean.json", &[]),
];

/// The compilers in Node, with their output.
const OTHERS: &[(&str, &[&str])] = &[
    ("openapi-typescript (types alone)", &["node_modules/openapi-typescript/bin/cli.js", "IN", "-o", "OUT/types.ts"]),
    (
        "hey-api (types and Zod)",
        &["node_modules/@hey-api/openapi-ts/bin/run.js", "-i", "IN", "-o", "OUT", "-p", "@hey-api/typescript", "zod"],
    ),
    ("openapi-zod-client (Zod and client)", &["node_modules/openapi-zod-client/bin.js", "IN", "-o", "OUT/client.ts"]),
];

/// The timeout for a compiler, in seconds.
const SECONDS_MAX: u32 = 120;
/// Compilers that take longer than this are measured once, all others three times.
const SECONDS_ONCE: f64 = 10.0;

/// Measures the command on StrongLog's contract: every target, written to an empty folder.
pub fn own_contract() -> Result {
    let top = root().canonicalize()?;
    let work = top.join("target/compilers");
    std::fs::create_dir_all(&work)?;
    let program = Program { path: &ours(&top)?, folder: &top, arguments: &["generate", "--spec", "IN", "--out", "OUT"] };
    println!("| document | compiler | seconds | MiB |\n|---|---|---|---|");
    report("StrongLog's contract", "contractc, every target", &program, &top.join("spec/openapi.yaml"), &work)
}

fn ours(top: &Path) -> Result<PathBuf> {
    cargo(&["build", "--quiet", "--release", "--package", "contractc"])?;
    Ok(top.join("target/release/contractc"))
}

/// `cargo xtask bench FOLDER`: prints the tables of BENCHMARKS.md.
pub fn run_all(folder: &Path) -> Result {
    let top = root().canonicalize()?;
    let work = top.join("target/compilers");
    let (ours, progenitor, others) = (ours(&top)?, progenitor(&top)?, others(&top)?);
    println!("| document | compiler | seconds | MiB |\n|---|---|---|---|");
    for (name, corrections) in DOCUMENTS {
        let document = corrected(&folder.join("documents").join(name), corrections, &work)?;
        let everything = ["generate", "--spec", "IN", "--out", "OUT", "--only", "rust,typescript"];
        let label = "contractc (Rust, TypeScript, Zod, clients, routes)";
        report(name, label, &Program { path: &ours, folder: &top, arguments: &everything }, &document, &work)?;
        // progenitor reads JSON; the conversion from YAML is not measured.
        let (label, arguments) = ("progenitor (Rust types and client)", ["IN", "OUT/client.rs"]);
        report(name, label, &Program { path: &progenitor, folder: &top, arguments: &arguments }, &as_json(&document)?, &work)?;
        for (label, arguments) in OTHERS {
            report(name, label, &Program { path: Path::new("node"), folder: &others, arguments }, &document, &work)?;
        }
    }
    println!();
    run(Command::new("node").args(["zod.bench.mjs"]).current_dir(typescript()?))
}

/// Installs the packages of the compilers in Node, and returns their folder.
fn others(top: &Path) -> Result<PathBuf> {
    let folder = top.join("benches/compilers");
    let is_complete = OTHERS.iter().all(|(_, arguments)| folder.join(arguments[0]).exists());
    if !is_complete {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    Ok(folder)
}

/// Builds progenitor as a program with its own lock file.
fn progenitor(top: &Path) -> Result<PathBuf> {
    let target = top.join("target/compilers/progenitor");
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet", "--release", "--locked", "--target-dir"]).arg(&target);
    run(command.current_dir(top.join("benches/compilers/progenitor")))?;
    Ok(target.join("release/progenitor-peer"))
}

fn corrected(document: &Path, corrections: &[(&str, &str)], work: &Path) -> Result<PathBuf> {
    let mut text = std::fs::read_to_string(document).map_err(|error| format!("cannot read {}: {error}", document.display()))?;
    for (wrong, right) in corrections {
        text = text.replace(wrong, right);
    }
    let path = work.join("documents").join(document.file_name().unwrap_or_default());
    std::fs::create_dir_all(work.join("documents"))?;
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Writes a copy of the document as JSON.
fn as_json(document: &Path) -> Result<PathBuf> {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
    let file = sources.load(document, &mut diagnostics)?;
    let tree =
        sources.root(file).ok_or_else(|| contractc::render::diagnostics(&diagnostics, &sources, contractc::render::DIAGNOSTICS_MAX))?;
    let path = document.with_extension("as.json");
    std::fs::write(&path, tree.to_json().to_string())?;
    Ok(path)
}

/// A compiler. In its arguments, `IN` and `OUT` are replaced by the document and the output folder.
struct Program<'a> {
    path: &'a Path,
    folder: &'a Path,
    arguments: &'a [&'a str],
}

/// Prints the best of three runs.
fn report(name: &str, label: &str, program: &Program<'_>, document: &Path, work: &Path) -> Result {
    let mut best: Option<(f64, f64)> = None;
    for _ in 0..3 {
        match measure(program, document, work)? {
            Outcome::Made { seconds, mib } if best.is_none_or(|(known, _)| seconds < known) => best = Some((seconds, mib)),
            Outcome::Made { .. } => {}
            Outcome::Nothing(why) => {
                println!("| {name} | {label} | {why} | |");
                return Ok(());
            }
        }
        if best.is_some_and(|(seconds, _)| seconds > SECONDS_ONCE) {
            break;
        }
    }
    if let Some((seconds, mib)) = best {
        println!("| {name} | {label} | {seconds:.2} | {mib:.0} |");
    }
    Ok(())
}

enum Outcome {
    Made { seconds: f64, mib: f64 },
    Nothing(String),
}

/// Runs the program once under GNU time, which also reports the peak memory.
fn measure(program: &Program<'_>, document: &Path, work: &Path) -> Result<Outcome> {
    const TIMED_OUT: i32 = 124;
    let (out, figures) = (work.join("out"), work.join("figures"));
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    std::fs::create_dir_all(&out)?;
    let fill = |argument: &&str| argument.replace("IN", &document.to_string_lossy()).replace("OUT", &out.to_string_lossy());
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["--quiet", "-f", "%e %M", "-o"]).arg(&figures).args(["timeout", &SECONDS_MAX.to_string()]);
    timed.arg(program.path).args(program.arguments.iter().map(fill)).current_dir(program.folder);
    let output = timed.output().map_err(|error| format!("cannot start GNU time, which measures: {error}"))?;
    if output.status.code() == Some(TIMED_OUT) {
        return Ok(Outcome::Nothing(format!("nothing in {SECONDS_MAX} s")));
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let message =
            said.lines().find(|line| line.contains("rror") || line.contains("panicked")).or(said.lines().last()).unwrap_or_default().trim();
        let short: String = message.chars().take(100).collect();
        return Ok(Outcome::Nothing(format!("fails: {}", short.replace('|', "/"))));
    }
    let text = std::fs::read_to_string(&figures)?;
    let parsed = text.trim().split_once(' ').and_then(|(seconds, kib)| Some((seconds.parse().ok()?, kib.parse::<f64>().ok()? / 1024.0)));
    let (seconds, mib) = parsed.ok_or_else(|| format!("GNU time wrote {text:?}"))?;
    Ok(Outcome::Made { seconds, mib })
}
