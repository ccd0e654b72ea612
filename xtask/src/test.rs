//! `cargo xtask test`, which is everything that CI runs, and `cargo xtask check`, which is meant to be run after each change.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::packages::affected;
use crate::passed::{Checkout, Inputs};
use crate::workspace::{target, workspace, workspace_command};
use crate::{demo, web};
use xtask::{Result, cargo, root, run, typescript};

/// The number of simulated runs with fixed seeds in each test run.
const FIXED_RUNS: u64 = 2_000;
/// The number of simulated runs with new seeds in each test run.
const FRESH_RUNS: u64 = 4_000;
/// The files outside of a package's folder that its tests may read.
const OF_ALL_TESTS: &[&str] = &["docs", "examples", "generated", "packaging", "spec"];
/// How long schemathesis generates sequences of calls, after its examples of each operation.
pub const FUZZING_SECONDS: &str = "300";
/// The duration of schemathesis's sequences within a test run.
const FUZZING_SECONDS_IN_TEST: &str = "60";

/// Runs everything that CI runs, except steps that passed before with the same inputs.
pub fn all(corpus_folder: Option<&Path>) -> Result {
    let checkout = Checkout::read()?;
    let mut steps = Steps::new();
    steps.run("format", || cargo(&["fmt", "--all", "--check"]))?;
    // First the files that are embedded into the command, so that the command is built once and a package that is too large is reported
    // early.
    steps.run_at_once([
        Box::new(|steps| steps.run("browser package: build", browser_package)),
        Box::new(|steps| steps.run("lints and build", || workspace(&["build", "--all-targets"]))),
    ])?;
    steps.run("Postgres for the tests", || run(Command::new("sh").arg("server/tests/support/postgres.sh").current_dir(root())))?;
    let all: Vec<&str> = checkout.packages().collect();
    let (documented, engine) = (checkout.inputs(&all, &[]), checkout.inputs(&["stronglog-sync"], &[]));
    let generated = checkout.inputs(&["contractc"], &["generated", "examples", "tests/typescript"]);
    let (browser, command) = (checkout.inputs(&["stronglog-sync"], &["web"]), checkout.inputs(&["stronglog-cli"], &[]));
    let compiler = checkout.inputs(&["xtask-contract"], &[]);
    let pages = checkout.inputs(&["stronglog-cli"], &["web"]);
    web::install_chromium()?;
    // Several of the sequences use these.
    typescript()?;
    // Sequences that do not slow each other down enough to fail a test. Many tests wait for time to pass, so none keeps a processor busy.
    steps.run_at_once([
        Box::new(|steps| {
            changed_tests(steps, &checkout)?;
            steps.run_unless_passed("documentation examples", documented, || workspace(&["test", "--doc"]))
        }),
        Box::new(|steps| {
            steps.run_unless_passed("interop", command, || interop(FUZZING_SECONDS_IN_TEST))?;
            steps.run_unless_passed("browser package: tests in Chromium", pages, web::test_in_chromium)?;
            steps.run_unless_passed("demo app: tests", pages, demo::test)?;
            steps.run_unless_passed("generated TypeScript", generated, test_typescript)?;
            steps.run_unless_passed("browser package: tests in Node", browser, web::test_in_node)
        }),
        Box::new(|steps| {
            match corpus_folder {
                Some(folder) => steps.run_unless_passed("corpus", compiler.with_folder(folder)?, || corpus(folder))?,
                None => println!("skipped: the corpus checks, because no corpus folder was given"),
            }
            steps.run_unless_passed("simulated runs", engine, || simulated_runs("", 0, FIXED_RUNS))?;
            steps.run_unless_passed("simulated runs of fresh seeds", engine, || simulated_runs(EVERY_RUN, fresh_seed()?, FRESH_RUNS))
        }),
    ])?;
    // These measure times, so they run alone.
    steps.run_unless_passed("browser package: speed in Chromium", pages, web::test_speed)?;
    steps.print();
    Ok(())
}

/// Runs the tests of the packages whose inputs have changed since they passed.
fn changed_tests(steps: &mut Steps, checkout: &Checkout) -> Result {
    let step = |package: &str| format!("tests of {package}");
    let mut changed = Vec::new();
    for package in checkout.packages() {
        let inputs = checkout.inputs(&[package], OF_ALL_TESTS);
        if !inputs.have_passed(&step(package)) {
            changed.push((package, inputs));
        }
    }
    let packages: BTreeSet<String> = changed.iter().map(|(package, _)| (*package).to_owned()).collect();
    match packages.len() {
        0 => println!("skipped: tests, which passed with the same inputs"),
        count if count == checkout.packages().count() => steps.run("tests", || tests(Scope::All))?,
        _ => steps.run("tests", || tests(Scope::Packages(packages)))?,
    }
    changed.iter().try_for_each(|(package, inputs)| inputs.pass(&step(package)))
}

/// Runs the formatter, the lints, and the unit tests of the packages that a change affects.
pub fn check() -> Result {
    let mut steps = Steps::new();
    steps.run("format", || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("lints and build", || workspace(&["build", "--all-targets"]))?;
    steps.run("unit tests", || match affected()? {
        packages if packages.is_empty() => {
            println!("no package has changed");
            Ok(())
        }
        packages => tests(Scope::Units(packages)),
    })?;
    steps.print();
    Ok(())
}

/// Type-checks the generated TypeScript and its tests, then runs the tests.
fn test_typescript() -> Result {
    let folder = typescript()?;
    run(Command::new("node").args(["node_modules/typescript/bin/tsc", "-p", "tsconfig.tests.json"]).current_dir(&folder))?;
    run(Command::new("node").args(["node_modules/vitest/vitest.mjs", "run"]).current_dir(&folder))
}

/// Compiles other people's contracts with the program that the build has made.
fn corpus(folder: &Path) -> Result {
    run(Command::new(target().join("debug/xtask-contract")).arg("corpus").arg(folder))
}

/// Builds the packages for npm and the demo app.
pub fn browser_package() -> Result {
    web::build()?;
    demo::build()?;
    web::build_compiler()
}

enum Scope {
    All,
    /// The tests of these packages.
    Packages(BTreeSet<String>),
    /// The unit tests of these packages.
    Units(BTreeSet<String>),
}

/// Runs the tests with nextest if it is installed, because nextest runs the tests of all programs in parallel.
fn tests(scope: Scope) -> Result {
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    match (scope, nextest) {
        // The simulation is a separate step.
        (Scope::All, true) => workspace(&["nextest", "run", "-E", "not binary(simulation)", "--test-threads", &threads()?]),
        (Scope::Packages(packages), true) => {
            workspace(&["nextest", "run", "--no-tests", "pass", "-E", &format!("({}) - binary(simulation)", of(&packages))])
        }
        (Scope::All | Scope::Packages(_), false) => workspace(&["test", "--lib", "--bins", "--tests"]),
        (Scope::Units(packages), true) => workspace(&["nextest", "run", "--lib", "--bins", "--no-tests", "pass", "-E", &of(&packages)]),
        (Scope::Units(_), false) => workspace(&["test", "--lib", "--bins"]),
    }
}

/// How many tests run at the same time: one more than there are processors, because many wait.
fn threads() -> Result<String> {
    Ok((std::thread::available_parallelism()?.get() + 1).to_string())
}

/// The tests of these packages, as a nextest filter expression.
fn of(packages: &BTreeSet<String>) -> String {
    packages.iter().map(|name| format!("package(={name})")).collect::<Vec<_>>().join(" + ")
}

/// The first of the new seeds of a test run: from the clock, or from `SIMULATION_FRESH` to repeat a failed test run.
fn fresh_seed() -> Result<u64> {
    let seed = match std::env::var("SIMULATION_FRESH") {
        Ok(text) => text.parse().map_err(|error| format!("SIMULATION_FRESH={text}: {error}"))?,
        Err(_) => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() * FRESH_RUNS,
    };
    println!("fresh seeds of the simulation from {seed}; to run the same again: SIMULATION_FRESH={seed}");
    Ok(seed)
}

/// Runs more simulated runs than the tests do, and then switches off each rule in turn.
pub fn simulate(options: &[&str]) -> Result {
    let (mut seeds, mut first) = (100_000, 0);
    for pair in options.chunks(2) {
        match pair {
            ["--seeds", number] => seeds = number.parse().map_err(|error| format!("--seeds {number}: {error}"))?,
            ["--first", number] => first = number.parse().map_err(|error| format!("--first {number}: {error}"))?,
            other => return Err(format!("unknown option {}; available: --seeds N, --first N", other.join(" ")).into()),
        }
    }
    simulated_runs("", first, seeds)
}

/// The test that simulates the seeds. The other one switches off each rule in turn, independently of the seeds.
const EVERY_RUN: &str = "every_run";

/// Runs the tests of the simulation whose names contain `filter`.
fn simulated_runs(filter: &str, first: u64, seeds: u64) -> Result {
    let mut command = workspace_command(&["test", "--test", "simulation", "--", filter, "--nocapture", "--test-threads=1"]);
    run(command.env("SIMULATION_FIRST", first.to_string()).env("SIMULATION_SEEDS", seeds.to_string()))
}

/// Tests the server with third-party programs, and three servers over Postgres under many kinds of failure. The scripts install missing
/// programs.
pub fn interop(fuzzing_seconds: &str) -> Result {
    const EXAMPLES: &str = "5";
    const CHAOS_SECONDS: &str = "60";
    workspace(&["build", "--examples", "--bin", "stronglog"])?;
    let built = target().join("debug/examples");
    run(Command::new("sh").arg("contractc/tests/interop/run.sh").arg(target().join("debug/contractc")).current_dir(root()))?;
    run(Command::new("sh").arg("server/tests/interop/proxies/run.sh").arg(target().join("debug/stronglog")).current_dir(root()))?;
    run(Command::new("sh").arg("server/tests/support/postgres.sh").current_dir(root()))?;
    run(Command::new("python3")
        .arg("server/tests/interop/chaos/run.py")
        .arg(target().join("debug/stronglog"))
        .args(["--seconds", CHAOS_SECONDS])
        .current_dir(root()))?;
    run(Command::new("sh").arg("server/tests/interop/rxdb/run.sh").arg(&built).current_dir(root()))?;
    run(Command::new("sh")
        .arg("server/tests/interop/schemathesis/run.sh")
        .arg(&built)
        .args([EXAMPLES, fuzzing_seconds])
        .current_dir(root()))
}

/// Steps that run one after the other.
type Sequence<'a> = Box<dyn FnOnce(&mut Steps) -> Result + Send + 'a>;

/// The completed steps, and how long each took.
struct Steps {
    started: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    fn new() -> Self {
        Steps { started: Instant::now(), done: Vec::new() }
    }

    fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result) -> Result {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let outcome = work().map_err(|error| format!("{name}: {error}").into());
        self.done.push((name, start.elapsed()));
        outcome
    }

    /// Runs a step unless it passed before with the same inputs.
    fn run_unless_passed(&mut self, name: &'static str, inputs: Inputs, work: impl FnOnce() -> Result) -> Result {
        if inputs.have_passed(name) {
            println!("skipped: {name}, which passed with the same inputs");
            return Ok(());
        }
        self.run(name, work)?;
        inputs.pass(name)
    }

    /// Runs sequences of steps at the same time, because none keeps all processors busy throughout. Returns the first error.
    fn run_at_once<const N: usize>(&mut self, sequences: [Sequence<'_>; N]) -> Result {
        let outcomes = std::thread::scope(|scope| {
            let run = |sequence: Sequence<'_>| {
                let mut steps = Steps::new();
                // Errors of any type cannot leave a thread; their text can.
                let outcome = sequence(&mut steps).map_err(|error| error.to_string());
                (steps, outcome)
            };
            sequences.map(|sequence| scope.spawn(move || run(sequence))).map(|thread| thread.join().map_err(|_| "a step panicked"))
        });
        let mut first_error = Ok(());
        for outcome in outcomes {
            let (steps, outcome) = outcome?;
            self.done.extend(steps.done);
            first_error = first_error.and(outcome);
        }
        Ok(first_error?)
    }

    fn print(&self) {
        println!();
        self.done.iter().for_each(|(name, time)| println!("{:>6.1} s  {name}", time.as_secs_f64()));
        println!("{:>6.1} s  all of it", self.started.elapsed().as_secs_f64());
    }
}
