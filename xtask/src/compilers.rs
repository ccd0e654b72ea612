//! `cargo xtask bench FOLDER`: everything for the largest documents of the corpus, against the compilers that people use, in one run; and
//! generated Zod schemas against hand-written ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, cargo, node, root, run};

/// Documents, with the lines that are put right first: what they are refused for.
const DOCUMENTS: &[(&str, &[(&str, &str)])] = &[
    ("stripe.yaml", &[]),
    ("openai.yaml", &[("min_items:", "minItems:"), ("max_items:", "maxItems:"), ("exclusiveMinimum: true", "x-exclusive: true")]),
    ("digitalocean.json", &[]),
];

/// Others, with what they make. `IN` and `OUT` stand for the document and the place for the output.
const OTHERS: &[(&str, &[&str])] = &[
    ("openapi-typescript (types alone)", &["node_modules/openapi-typescript/bin/cli.js", "IN", "-o", "OUT/types.ts"]),
    (
        "hey-api (types and Zod)",
        &["node_modules/@hey-api/openapi-ts/bin/run.js", "-i", "IN", "-o", "OUT", "-p", "@hey-api/typescript", "zod"],
    ),
    ("openapi-zod-client (Zod and client)", &["node_modules/openapi-zod-client/bin.js", "IN", "-o", "OUT/client.ts"]),
];

/// Prints the tables of BENCHMARKS.md.
pub fn run_all(folder: &Path) -> Result {
    cargo(&["build", "--quiet", "--release", "--package", "contractc"])?;
    let work = root().join("target/compilers");
    println!("| document | compiler | seconds | MiB |\n|---|---|---|---|");
    for (name, corrections) in DOCUMENTS {
        let document = corrected(&folder.join("documents").join(name), corrections, &work)?;
        let ours = root().join("target/release/contractc").canonicalize()?;
        let arguments = ["generate", "--spec", "IN", "--out", "OUT", "--only", "rust,typescript"];
        report(name, "contractc (Rust, TypeScript, Zod, clients, routes)", Command::new(ours), &arguments, &document, &work)?;
        for (other, arguments) in OTHERS {
            let mut command = Command::new("node");
            command.current_dir(others()?);
            report(name, other, command, arguments, &document, &work)?;
        }
    }
    run(Command::new("node").args(["zod.bench.mjs"]).current_dir(node::folder()?))
}

/// The folder of the others, with their packages installed.
fn others() -> Result<PathBuf> {
    let folder = root().join("benches/compilers").canonicalize()?;
    if !folder.join("node_modules").exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    Ok(folder)
}

fn corrected(document: &Path, corrections: &[(&str, &str)], work: &Path) -> Result<PathBuf> {
    let mut text = std::fs::read_to_string(document).map_err(|error| format!("cannot read {}: {error}", document.display()))?;
    for (wrong, right) in corrections {
        text = text.replace(wrong, right);
    }
    let path = work.join("documents").join(document.file_name().unwrap_or_default());
    std::fs::create_dir_all(work.join("documents"))?;
    std::fs::write(&path, text)?;
    Ok(path.canonicalize()?)
}

/// The best of three runs, by GNU time, which also knows the peak of memory.
fn report(name: &str, label: &str, command: Command, arguments: &[&str], document: &Path, work: &Path) -> Result {
    let mut best: Option<(f64, f64)> = None;
    for _ in 0..3 {
        let out = work.join("out");
        if out.exists() {
            std::fs::remove_dir_all(&out)?;
        }
        std::fs::create_dir_all(&out)?;
        let out = out.canonicalize()?;
        let filled = arguments
            .iter()
            .map(|argument| argument.replace("IN", &document.display().to_string()).replace("OUT", &out.display().to_string()));
        let mut timed = Command::new("/usr/bin/time");
        timed.args(["-f", "%e %M"]).arg(command.get_program()).args(filled);
        if let Some(folder) = command.get_current_dir() {
            timed.current_dir(folder);
        }
        let output = timed.output().map_err(|error| format!("cannot start GNU time, which measures: {error}"))?;
        if !output.status.success() {
            println!("| {name} | {label} | fails | |");
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.trim().lines().last().unwrap_or_default();
        let figures = last.split_once(' ').and_then(|(seconds, kib)| Some((seconds.parse().ok()?, kib.parse::<f64>().ok()? / 1024.0)));
        let (seconds, mib): (f64, f64) = figures.ok_or_else(|| format!("GNU time wrote {last:?}"))?;
        if best.is_none_or(|(known, _)| seconds < known) {
            best = Some((seconds, mib));
        }
    }
    if let Some((seconds, mib)) = best {
        println!("| {name} | {label} | {seconds:.2} | {mib:.0} |");
    }
    Ok(())
}
