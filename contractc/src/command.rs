//! The command line: parses arguments, compiles and prints the results, using the `System` that its caller passes. The program `contractc`
//! runs it natively, and the npm package `contractc` as WebAssembly. Exit codes: 0 success, 1 diagnostics or changes, 2 usage error.

mod init;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::Compilation;
use crate::diff;
use crate::disk::Disk;
use crate::emit::{GenerateOptions, OutputFile, Target};
use crate::interpret::{self, ValidationResult};
use crate::output::{self, Mode};
use crate::render;
use crate::sample::{Mutation, Sampler};

/// The parts of the operating system that the command uses.
pub struct System<'a> {
    /// The files.
    pub disk: &'static dyn Disk,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Standard output, for results.
    pub output: &'a mut dyn Write,
    /// Standard error, for diagnostics and notes.
    pub errors: &'a mut dyn Write,
    /// Random bits.
    pub random: [u64; 2],
}

/// Compile an OpenAPI document into Rust and TypeScript code, SQL views and references.
#[derive(Parser)]
#[command(name = "contractc", version, term_width = 0, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print at most N diagnostics about a document.
    #[arg(long, global = true, value_name = "N", default_value_t = render::DIAGNOSTICS_MAX)]
    max_findings: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Create a project: a contract with two collections, and a program in Rust or an app in TypeScript that syncs them.
    Init(init::Init),
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

impl Output {
    fn options(&self) -> GenerateOptions {
        let options = GenerateOptions::default();
        let options = if self.standalone { options.standalone() } else { options };
        self.runtime.iter().fold(options, |options, path| options.runtime(path))
    }
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

/// Checks that the argument is a Rust path.
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

/// The reason why a run failed.
enum Failure {
    /// There are diagnostics or changes, which have been printed.
    Reported,
    /// The message for standard error.
    Usage(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Usage(error.to_string())
    }
}

/// Runs the command, and returns its exit code. The first argument is the name of the program.
///
/// # Errors
/// Returns an error if the arguments are wrong, or ask for help. The caller prints the text and exits with the error's code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, system: System<'_>) -> Result<u8, clap::Error> {
    let Cli { command, max_findings } = Cli::try_parse_from(arguments)?;
    let mut run = Run { system, max_findings };
    let done = match command {
        Command::Init(arguments) => run.init(&arguments),
        Command::Generate(arguments) => run.generate(&arguments, Mode::Write),
        Command::Check(arguments) => run.generate(&arguments, Mode::Check),
        Command::Validate(arguments) => run.validate(&arguments),
        Command::Sample(arguments) => run.sample(&arguments),
        Command::Diff(arguments) => run.diff(&arguments),
    };
    Ok(match done {
        Ok(()) => 0,
        Err(Failure::Reported) => 1,
        Err(Failure::Usage(message)) => {
            // The exit code reports the failure even if standard error is closed.
            writeln!(run.system.errors, "error: {message}").ok();
            2
        }
    })
}

/// A run of the command.
struct Run<'a> {
    system: System<'a>,
    max_findings: usize,
}

impl Run<'_> {
    fn compile(&mut self, spec: &Path) -> Result<Compilation, Failure> {
        let compilation = Compilation::from_file_on(self.system.disk, spec)
            .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", spec.display())))?;
        write!(self.system.errors, "{}", compilation.render_up_to(self.max_findings))?;
        if compilation.contract.is_none() {
            writeln!(self.system.errors, "{} has errors; fix them and try again", spec.display())?;
            return Err(Failure::Reported);
        }
        Ok(compilation)
    }

    fn init(&mut self, arguments: &init::Init) -> Result<(), Failure> {
        let made = init::init(self.system.disk, self.system.random, arguments).map_err(Failure::Usage)?;
        let (folder, count) = (arguments.folder.display(), made.files.len());
        writeln!(self.system.errors, "created {count} files in {folder}; its README.md explains them. Next:\n\n  cd {folder}")?;
        made.next.iter().try_for_each(|command| writeln!(self.system.errors, "  {command}"))?;
        Ok(())
    }

    fn generate(&mut self, arguments: &Output, mode: Mode) -> Result<(), Failure> {
        let mut compilation = self.compile(&arguments.spec)?;
        if !(arguments.operations.is_empty() && arguments.tags.is_empty()) {
            let contract = compilation.contract.as_mut().ok_or(Failure::Reported)?;
            let kept = contract.keep_operations(&arguments.operations, &arguments.tags);
            kept.map_err(|error| Failure::Usage(format!("cannot choose from {}: {error}", arguments.spec.display())))?;
        }
        if arguments.records {
            compilation.contract.as_mut().ok_or(Failure::Reported)?.keep_records();
        }
        compilation.sources.free_trees();
        let targets = if arguments.only.is_empty() { Target::ALL } else { &arguments.only };
        let files = compilation.generate_with(targets, &arguments.options()).ok_or(Failure::Reported)?;
        self.reject_own_sources(&arguments.out, &files, &compilation)?;
        let changes = output::apply_on(self.system.disk, &arguments.out, &files, mode)?;
        // The process ends soon, and the system takes back all memory at once.
        std::mem::forget(compilation);
        match mode {
            Mode::Write => writeln!(self.system.errors, "{} files, {} changed", files.len(), changes.len())?,
            Mode::Check if changes.is_empty() => {}
            Mode::Check => {
                self.print_lines(changes.iter().map(ToString::to_string))?;
                writeln!(self.system.errors, "run `contractc generate` with the same arguments")?;
                return Err(Failure::Reported);
            }
        }
        Ok(())
    }

    /// Rejects an output path that would overwrite a document that this run has read.
    fn reject_own_sources(&self, folder: &Path, files: &[OutputFile], compilation: &Compilation) -> Result<(), Failure> {
        let sources: Vec<&Path> = compilation.sources.paths().collect();
        let is_source = |path: &PathBuf| self.system.disk.canonicalize(path).is_ok_and(|path| sources.contains(&path.as_path()));
        match files.iter().map(|file| folder.join(&file.path)).find(is_source) {
            Some(path) => {
                let path = path.display();
                Err(Failure::Usage(format!(
                    "cannot write {path}: it is a source of this run; choose another folder with --out, or rename it"
                )))
            }
            None => Ok(()),
        }
    }

    fn validate(&mut self, arguments: &Validate) -> Result<(), Failure> {
        if arguments.output_schema {
            let schema = schemars::schema_for!(ValidationResult);
            let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::Usage(error.to_string()))?;
            return self.print_lines([text].into_iter());
        }
        let (Some(spec), Some(name)) = (&arguments.spec, &arguments.schema) else {
            return Err(Failure::Usage("give --spec and --schema".to_owned()));
        };
        let compilation = self.compile(spec)?;
        let contract = compilation.contract.as_ref().ok_or(Failure::Reported)?;
        let schema = contract
            .find(name)
            .ok_or_else(|| Failure::Usage(format!("{} has no schema `{name}`; see `components/schemas`", spec.display())))?;
        let mut all_valid = true;
        let System { disk, input, output, .. } = &mut self.system;
        let done = each_line(*disk, arguments.input.as_deref(), &mut **input, &mut |line: &[u8]| -> std::io::Result<()> {
            let result = ValidationResult::from(interpret::validate(contract, schema, line));
            all_valid &= result.valid;
            serde_json::to_writer(&mut *output, &result)?;
            writeln!(output)
        });
        match done {
            // The reader closed the pipe because it needs no more output.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) if all_valid => Ok(()),
            Ok(()) => Err(Failure::Reported),
        }
    }

    fn sample(&mut self, arguments: &Sample) -> Result<(), Failure> {
        let compilation = self.compile(&arguments.spec)?;
        let contract = compilation.contract.as_ref().ok_or(Failure::Reported)?;
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
        self.print_lines(lines.into_iter().take(arguments.count))
    }

    fn diff(&mut self, arguments: &Diff) -> Result<(), Failure> {
        let (old, new) = (self.compile(&arguments.old)?, self.compile(&arguments.new)?);
        let (before, after) = (old.contract.as_ref().ok_or(Failure::Reported)?, new.contract.as_ref().ok_or(Failure::Reported)?);
        let changes = diff::compare(before, after);
        self.print_lines(changes.iter().map(|change| change.line(&old.sources, &new.sources)))?;
        let breaking = changes.iter().filter(|change| change.is_breaking()).count();
        writeln!(self.system.errors, "{} changes, {breaking} breaking", changes.len())?;
        if breaking > 0 { Err(Failure::Reported) } else { Ok(()) }
    }

    fn print_lines(&mut self, mut lines: impl Iterator<Item = String>) -> Result<(), Failure> {
        match lines.try_for_each(|line| writeln!(self.system.output, "{line}")) {
            // The reader closed the pipe because it needs no more output.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }
}

/// Calls `handle` for every non-blank line of a file, or of standard input.
fn each_line(
    disk: &dyn Disk,
    file: Option<&Path>,
    input: &mut dyn BufRead,
    handle: &mut impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut opened;
    let reader: &mut dyn BufRead = match file.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let named = |error: std::io::Error| std::io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()));
            opened = disk.open(path).map_err(named)?;
            &mut *opened
        }
        None => input,
    };
    for line in reader.split(b'\n') {
        let line = line?;
        if !line.trim_ascii().is_empty() {
            handle(&line)?;
        }
    }
    Ok(())
}
