//! `cargo xtask …`: every chore of this repository is one command.

mod compilers;
mod corpus;
mod demo;
mod examples;
mod generate;
mod node;
#[cfg(feature = "bench")]
mod plain;
mod web;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test [CORPUS]   everything that CI runs; the corpus checks too, if its folder is given
cargo xtask corpus FOLDER   compile other people's contracts, and judge their test cases
cargo xtask simulate [--seeds N] [--first N]
                            more worlds of the simulation than the tests run, and what each rule is for
cargo xtask interop         the server against tools written by others: schemathesis (Python) and RxDB (Node)
cargo xtask bench           the benchmarks of BENCHMARKS.md
cargo xtask bench FOLDER    the compilers of BENCHMARKS.md on the largest documents of the corpus, and Zod schemas, side by side
cargo xtask fuzz [CASES]    mutated documents and mutated JSON, 20,000 of each if not said otherwise
cargo xtask web             build the browser package into web/dist, and the demo app, which the next build of the command takes in
cargo xtask generate        write generated/ and docs/ anew";

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => test(None),
        ["test", folder] => test(Some(Path::new(folder))),
        ["interop"] => interop(FUZZING_SECONDS),
        ["bench"] => bench(),
        ["simulate", options @ ..] => simulate(options),
        ["bench", folder] => compilers::run_all(Path::new(folder)),
        ["fuzz"] => fuzz("20000"),
        ["fuzz", cases] => fuzz(cases),
        #[cfg(feature = "bench")]
        ["plain"] => plain::write(&root()),
        ["web"] => web::build().and_then(|()| demo::build()),
        ["generate"] => generate::run(&root(), generate::Mode::Write).map(|changes| changes.iter().for_each(|change| println!("{change}"))),
        ["corpus", folder] => corpus::run(Path::new(folder)),
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

/// Everything that CI runs, cheapest first.
fn test(corpus: Option<&Path>) -> Result {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"])?;
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    if nextest {
        cargo(&["nextest", "run", "--workspace", "--features", FEATURES])?;
    } else {
        cargo(&["test", "--workspace", "--features", FEATURES, "--lib", "--bins", "--tests"])?;
    }
    cargo(&["test", "--workspace", "--features", FEATURES, "--doc"])?;
    cargo(&["check", "--package", "stronglog-sync", "--no-default-features"])?;
    worlds(0, WORLDS)?;
    node::test()?;
    interop(FUZZING_SECONDS_IN_TEST)?;
    // The program that the browser's tests sync with.
    cargo(&["build", "--package", "stronglog-cli"])?;
    web::test()?;
    demo::test()?;
    match corpus {
        Some(folder) => corpus::run(folder),
        None => {
            println!("left out: other people's contracts and the JSON-Schema-Test-Suite, since no corpus folder was given");
            Ok(())
        }
    }
}

/// What the tests are built with: everything but the simulation's switches, which have a build of their own.
const FEATURES: &str = "stronglog-sync/axum";
/// How many worlds of the simulation belong to every test run.
const WORLDS: u64 = 20_000;
/// How long schemathesis makes up sequences of calls, after its examples of each operation.
const FUZZING_SECONDS: &str = "300";
/// The same, in every test run.
const FUZZING_SECONDS_IN_TEST: &str = "60";

/// The simulation: as many worlds as are asked for, and then each rule switched off.
fn simulate(options: &[&str]) -> Result {
    let (mut seeds, mut first) = (100_000, 0);
    for pair in options.chunks(2) {
        match pair {
            ["--seeds", number] => seeds = number.parse().map_err(|error| format!("--seeds {number}: {error}"))?,
            ["--first", number] => first = number.parse().map_err(|error| format!("--first {number}: {error}"))?,
            other => return Err(format!("unknown option {}; there are --seeds N and --first N", other.join(" ")).into()),
        }
    }
    worlds(first, seeds)
}

fn worlds(first: u64, seeds: u64) -> Result {
    let mut command = Command::new("cargo");
    // It runs for minutes: what it runs is optimised, what it only links is that of the other tests.
    for package in ["stronglog-sync", "stronglog-server"] {
        command.arg("--config").arg(format!("profile.dev.package.{package}.opt-level=2"));
    }
    command.args(["test", "--workspace", "--features", FEATURES, "--features", "stronglog-sync/simulation", "--test", "simulation"]);
    command.args(["--", "--nocapture", "--test-threads=1"]).current_dir(root());
    run(command.env("SIMULATION_FIRST", first.to_string()).env("SIMULATION_SEEDS", seeds.to_string()))
}

/// The server against tools that nobody here wrote. Both are installed where they are missing.
fn interop(fuzzing_seconds: &str) -> Result {
    const EXAMPLES: &str = "5";
    run(Command::new("sh").arg("server/tests/interop/rxdb/run.sh").current_dir(root()))?;
    run(Command::new("sh").args(["server/tests/interop/schemathesis/run.sh", EXAMPLES, fuzzing_seconds]).current_dir(root()))
}

/// The benchmarks, over types that are made afresh.
fn bench() -> Result {
    cargo(&["run", "--quiet", "--release", "--package", "xtask", "--features", "bench", "--", "plain"])?;
    cargo(&["bench", "--bench", "page"])?;
    compilers::own_contract()?;
    cargo(&["bench", "--bench", "sync"])
}

/// The tests of `tests/fuzz.rs` with many more cases. A case that fails is kept, and run first from then on.
fn fuzz(cases: &str) -> Result {
    run(Command::new("cargo").args(["test", "--release", "--test", "fuzz"]).env("PROPTEST_CASES", cases).current_dir(root()))
}

fn cargo(arguments: &[&str]) -> Result {
    run(Command::new("cargo").args(arguments).current_dir(root()))
}

/// The repository's top folder.
fn root() -> PathBuf {
    // Cargo says at run time which checkout it is.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// 64-bit FNV-1a, carriage returns left out: build.rs computes the same.
fn fnv1a(bytes: &[u8]) -> String {
    let kept = bytes.iter().filter(|byte| **byte != b'\r');
    let hash = kept.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Runs a command to its end; a failure is an error that names it.
fn run(command: &mut Command) -> Result {
    eprintln!("$ {command:?}");
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
