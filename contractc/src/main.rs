//! The `contractc` command: parses arguments, calls the library and prints the results. Exit codes: 0 success, 1 findings, 2 usage error.

mod init;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use contractc::Compilation;
use contractc::diff;
use contractc::emit::Target;
use contractc::interpret::{self, Verdict};
use contractc::output::{self, Mode};
use contractc::render;
use contractc::sample::{Mutation, Sampler};

/// Code generation allocates trees of many small nodes. This allocator makes a run about a quarter faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compile an OpenAPI document into Rust and TypeScript code, SQL views and references.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print at most N findings about a document.
    #[arg(long, global = true, value_name = "N", default_value_t = render::FINDINGS_MAX)]
    max_findings: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Create a project: a contract with two collections, and a program that syncs them between two devices and a server.
    Init(Init),
    /// Write the generated files; files that are up to date are not touched.
    Generate(Output),
    /// List generated files that are missing, stale or orphaned; exit with 1 if there are any.
    Check(Output),
    /// Validate JSON values against a schema: one value per line, one line of JSON as the result.
    Validate(Validate),
    /// Generate instances of a schema, one per line.
    Sample(Sample),
    /// List the changes between two versions of a document; exit with 1 if a change is breaking.
    Diff(Diff),
}

#[derive(Args)]
struct Init {
    /// Folder to create. Its name becomes the name of the package.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Folder of a checkout of StrongLog Sync, or address of its repository. By default, the checkout around the current folder.
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
}

#[derive(Args)]
struct Output {
    /// OpenAPI document: version 3.0 or 3.1, YAML or JSON.
    #[arg(long, value_name = "FILE")]
    spec: PathBuf,
    /// Folder for the generated files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Generate only these targets: rust, typescript, sql, docs, coverage, openapi, contract.
    #[arg(long, value_name = "TARGETS", value_delimiter = ',', value_parser = target)]
    only: Vec<Target>,
    /// Generate only the operations with these ids, and the schemas that they need.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    operations: Vec<String>,
    /// Generate only the operations with these tags, and the schemas that they need.
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    tags: Vec<String>,
    /// Generate the records only: their types, and the operations that move records of any collection.
    #[arg(long, conflicts_with_all = ["operations", "tags"])]
    records: bool,
    /// Generate the Rust code as a crate and the TypeScript code as a package, both named `contract`.
    #[arg(long)]
    standalone: bool,
    /// Path of a generated Rust module whose runtime the Rust code uses, such as `stronglog_sync::api`, instead of a copy.
    #[arg(long, value_name = "PATH", value_parser = module_path)]
    runtime: Option<String>,
}

#[derive(Args)]
struct Validate {
    /// OpenAPI document.
    #[arg(long, value_name = "FILE", required_unless_present = "output_schema")]
    spec: Option<PathBuf>,
    /// Name from components/schemas, or JSON pointer such as '#/components/schemas/Name'.
    #[arg(long, value_name = "NAME", required_unless_present = "output_schema")]
    schema: Option<String>,
    /// File with one JSON value per line; standard input if absent or `-`.
    #[arg(value_name = "INPUT")]
    input: Option<PathBuf>,
    /// Print the JSON Schema of the output lines instead.
    #[arg(long)]
    output_schema: bool,
}

#[derive(Args)]
struct Sample {
    /// OpenAPI document.
    #[arg(long, value_name = "FILE")]
    spec: PathBuf,
    /// Name from components/schemas, or JSON pointer such as '#/components/schemas/Name'.
    #[arg(long, value_name = "NAME")]
    schema: String,
    /// Number of instances.
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: usize,
    /// Generate invalid instances: each breaks one rule and names the pointer and keyword of the violation.
    #[arg(long)]
    invalid: bool,
    /// Seed of the random numbers: the same seed gives the same instances.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Args)]
struct Diff {
    /// Older version.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// Newer version.
    #[arg(value_name = "NEW")]
    new: PathBuf,
}

fn target(name: &str) -> Result<Target, String> {
    let known: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
    Target::from_name(name).ok_or_else(|| format!("available: {}", known.join(", ")))
}

/// Checks that the argument is a path of Rust.
fn module_path(text: &str) -> Result<String, String> {
    let is_name = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if text.split("::").all(is_name) {
        Ok(text.to_owned())
    } else {
        Err("expected the path of a module, such as `stronglog_sync::api`".to_owned())
    }
}

/// The error of a run whose findings have already been printed.
struct Findings;

/// Why a run failed, with the message for standard error.
enum Failure {
    Findings,
    Usage(String),
}

impl From<Findings> for Failure {
    fn from(_: Findings) -> Self {
        Failure::Findings
    }
}

fn main() -> ExitCode {
    let Cli { command, max_findings } = Cli::parse();
    let compile = |spec: &Path| compile(spec, max_findings);
    let result = match command {
        Command::Init(arguments) => init(&arguments),
        Command::Generate(arguments) => generate(compile, &arguments, Mode::Write),
        Command::Check(arguments) => generate(compile, &arguments, Mode::Check),
        Command::Validate(arguments) => validate(compile, &arguments),
        Command::Sample(arguments) => sample(compile, &arguments),
        Command::Diff(arguments) => compare(compile, &arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Findings) => ExitCode::from(1),
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn compile(spec: &Path, max_findings: usize) -> Result<Compilation, Failure> {
    let compilation = Compilation::from_file(spec).map_err(|error| Failure::Usage(format!("cannot read {}: {error}", spec.display())))?;
    eprint!("{}", compilation.findings_up_to(max_findings));
    if compilation.contract.is_none() {
        eprintln!("{} has errors; fix them and try again", spec.display());
        return Err(Failure::Findings);
    }
    Ok(compilation)
}

fn init(arguments: &Init) -> Result<(), Failure> {
    let files = init::init(&arguments.folder, arguments.from.as_deref()).map_err(Failure::Usage)?;
    let folder = arguments.folder.display();
    eprintln!("created {} files in {folder}; its README.md explains them. Next:\n\n  cd {folder}\n  cargo run", files.len());
    Ok(())
}

fn generate(compile: impl Fn(&Path) -> Result<Compilation, Failure>, arguments: &Output, mode: Mode) -> Result<(), Failure> {
    let mut compilation = compile(&arguments.spec)?;
    if !(arguments.operations.is_empty() && arguments.tags.is_empty()) {
        let contract = compilation.contract.as_mut().ok_or(Findings)?;
        let kept = contract.keep_operations(&arguments.operations, &arguments.tags);
        kept.map_err(|error| Failure::Usage(format!("cannot choose from {}: {error}", arguments.spec.display())))?;
    }
    if arguments.records {
        compilation.contract.as_mut().ok_or(Findings)?.keep_records();
    }
    compilation.sources.free_trees();
    let targets = if arguments.only.is_empty() { Target::ALL } else { &arguments.only };
    let files = compilation.generate_with(targets, arguments.standalone, arguments.runtime.as_deref()).ok_or(Findings)?;
    let changes = output::apply(&arguments.out, &files, mode).map_err(|error| Failure::Usage(error.to_string()))?;
    // The process ends soon, and the system takes back all memory at once.
    std::mem::forget(compilation);
    match mode {
        Mode::Write => eprintln!("{} files, {} changed", files.len(), changes.len()),
        Mode::Check if changes.is_empty() => {}
        Mode::Check => {
            changes.iter().for_each(|change| println!("{change}"));
            eprintln!("run `contractc generate` with the same arguments");
            return Err(Failure::Findings);
        }
    }
    Ok(())
}

fn validate(compile: impl Fn(&Path) -> Result<Compilation, Failure>, arguments: &Validate) -> Result<(), Failure> {
    if arguments.output_schema {
        let schema = schemars::schema_for!(Verdict);
        println!("{}", serde_json::to_string_pretty(&schema).map_err(|error| Failure::Usage(error.to_string()))?);
        return Ok(());
    }
    let (Some(spec), Some(name)) = (&arguments.spec, &arguments.schema) else {
        return Err(Failure::Usage("give --spec and --schema".to_owned()));
    };
    let compilation = compile(spec)?;
    let contract = compilation.contract.as_ref().ok_or(Findings)?;
    let schema = contract
        .find(name)
        .ok_or_else(|| Failure::Usage(format!("{} has no schema `{name}`; see `components/schemas`", spec.display())))?;
    let mut all_valid = true;
    let mut judge = |line: &[u8]| -> std::io::Result<()> {
        let verdict = Verdict::from(interpret::validate(contract, schema, line));
        all_valid &= verdict.valid;
        let mut stdout = std::io::stdout().lock();
        serde_json::to_writer(&mut stdout, &verdict)?;
        writeln!(stdout)
    };
    let done = each_line(arguments.input.as_deref(), &mut judge);
    match done {
        // The reader closed the pipe because it needs no more output.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::Usage(error.to_string())),
        Ok(()) if all_valid => Ok(()),
        Ok(()) => Err(Failure::Findings),
    }
}

fn sample(compile: impl Fn(&Path) -> Result<Compilation, Failure>, arguments: &Sample) -> Result<(), Failure> {
    let compilation = compile(&arguments.spec)?;
    let contract = compilation.contract.as_ref().ok_or(Findings)?;
    let no_schema = || Failure::Usage(format!("{} has no schema `{}`", arguments.spec.display(), arguments.schema));
    let schema = contract.find(&arguments.schema).ok_or_else(no_schema)?;
    let mut sampler = Sampler::new(contract, arguments.seed);
    let mut lines = Vec::new();
    while lines.len() < arguments.count {
        let Some(valid) = sampler.valid(schema) else {
            return Err(Failure::Usage(format!(
                "found no valid instance of `{}`; its keywords may contradict each other",
                arguments.schema
            )));
        };
        if !arguments.invalid {
            lines.push(valid.to_string());
            continue;
        }
        let mutations = sampler.mutations(schema, &valid);
        if mutations.is_empty() {
            return Err(Failure::Usage(format!("`{}` accepts every value: it has no invalid instance", arguments.schema)));
        }
        lines.extend(mutations.into_iter().map(|Mutation { value, pointer, keyword, .. }| {
            serde_json::json!({ "value": value, "pointer": pointer, "keyword": keyword }).to_string()
        }));
    }
    print_lines(lines.into_iter().take(arguments.count))
}

fn compare(compile: impl Fn(&Path) -> Result<Compilation, Failure>, arguments: &Diff) -> Result<(), Failure> {
    let (old, new) = (compile(&arguments.old)?, compile(&arguments.new)?);
    let (before, after) = (old.contract.as_ref().ok_or(Findings)?, new.contract.as_ref().ok_or(Findings)?);
    let changes = diff::compare(before, after);
    print_lines(changes.iter().map(|change| change.line(&old.sources, &new.sources)))?;
    let breaking = changes.iter().filter(|change| change.is_breaking()).count();
    eprintln!("{} changes, {breaking} breaking", changes.len());
    if breaking > 0 { Err(Failure::Findings) } else { Ok(()) }
}

fn print_lines(mut lines: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match lines.try_for_each(|line| writeln!(stdout, "{line}")) {
        // The reader closed the pipe because it needs no more output.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::Usage(error.to_string())),
    }
}

/// Calls `judge` for every non-blank line.
fn each_line(input: Option<&Path>, judge: &mut impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
    let reader: Box<dyn BufRead> = match input.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let open = std::fs::File::open(path);
            let file = open.map_err(|error| std::io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display())))?;
            Box::new(std::io::BufReader::new(file))
        }
        None => Box::new(std::io::stdin().lock()),
    };
    for line in reader.split(b'\n') {
        let line = line?;
        if !line.trim_ascii().is_empty() {
            judge(&line)?;
        }
    }
    Ok(())
}
