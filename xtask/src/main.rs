//! `cargo xtask …`: the maintenance commands of this repository.

mod demo;
mod packages;
mod passed;
mod test;
mod web;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use xtask::{Result, cargo, cargo_command, root, run};

const HELP: &str = "\
cargo xtask check           format, lints, and the unit tests of the packages that differ from the branch `main`
cargo xtask test [CORPUS]   everything that CI runs, except what passed before with the same inputs; with the corpus checks if its folder is
                            given. CI=true runs everything again
cargo xtask corpus FOLDER   compile other people's contracts and check their test cases
cargo xtask corpus FOLDER TIER
                            check one tier of the JSON-Schema-Test-Suite, or the documents' own `examples`
cargo xtask simulate [--seeds N] [--first N]
                            more simulated runs than the tests, and which run fails without each rule
cargo xtask interop         test with programs written by others: FastAPI, clients of other compilers, schemathesis, RxDB, nginx and HAProxy
cargo xtask bench           the benchmarks of BENCHMARKS.md
cargo xtask bench FOLDER    the compilers of BENCHMARKS.md on the largest documents of the corpus, and Zod schemas, side by side
cargo xtask soak MINUTES    2,000 devices and bad clients, a backup, a restart and a restore: nothing is lost, and memory stays flat
cargo xtask fuzz [CASES]    mutated documents and mutated JSON, 20,000 of each by default
cargo xtask fuzz-documents [COUNT]
                            random documents: compile both languages, and validate samples; 500 by default
cargo xtask web             build the browser package into web/dist, the demo app that the next build of the command embeds, and the compiler for npm
cargo xtask generate        write generated/ and docs/";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["check"] => test::check(),
        ["test"] => test::all(None),
        ["test", folder] => test::all(Some(Path::new(folder))),
        ["interop"] => test::interop(test::FUZZING_SECONDS),
        ["bench"] => bench(),
        ["simulate", options @ ..] => test::simulate(options),
        ["soak", minutes] => soak(minutes),
        ["fuzz"] => fuzz("20000"),
        ["fuzz", cases] => fuzz(cases),
        ["web"] => test::browser_package(),
        ["generate"] | ["corpus", _] | ["corpus", _, _] | ["fuzz-documents"] | ["fuzz-documents", _] | ["bench", _] => contract(&words),
        _ => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the release build of the server under a load of every kind.
fn soak(minutes: &str) -> Result {
    cargo(&["build", "--release", "--package", "stronglog-cli"])?;
    let program = workspace::target().join("release/stronglog");
    let program = program.to_str().ok_or("the path of the target folder is not UTF-8")?;
    cargo(&["run", "--release", "--package", "stronglog-server", "--example", "soak", "--", program, minutes])
}

/// Runs the benchmarks, with newly generated comparison types.
fn bench() -> Result {
    cargo(&["run", "--quiet", "--release", "--package", "xtask-contract", "--features", "bench", "--", "plain"])?;
    cargo(&["bench", "--bench", "page"])?;
    contract(&["bench"])?;
    cargo(&["bench", "--bench", "sync"])?;
    cargo(&["bench", "--package", "stronglog-server", "--bench", "push"])?;
    test::browser_package()?;
    workspace::workspace(&["build", "--bin", "stronglog"])?;
    web::bench()
}

/// Runs the tests of `tests/fuzz.rs` with many more cases. Failed cases are saved, and run first in later runs.
fn fuzz(cases: &str) -> Result {
    run(cargo_command().args(["test", "--release", "--test", "fuzz"]).env("PROPTEST_CASES", cases).current_dir(root()))
}

/// Builds and runs the program for the commands that need the contract's compiler.
fn contract(arguments: &[&str]) -> Result {
    run(cargo_command().args(["run", "--quiet", "--package", "xtask-contract", "--"]).args(arguments))
}
