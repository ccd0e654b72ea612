//! `cargo xtask fuzz-documents`: random documents are compiled in both languages, and samples of their schemas are validated by the
//! interpreter, the generated Rust and the generated Zod schemas. `contractc/tests/fuzzed.rs` checks many more with the interpreter alone.

#[path = "../../../contractc/tests/fuzzed/maker.rs"]
mod maker;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::emit::{OutputFile, Target};
use contractc::sample::Sampler;
use contractc::{Compilation, interpret};
use serde_json::Value;

use crate::crates::{build, check, lock, manifest, module, write};
use crate::node::{self, Modules, Question};
use xtask::{Result, root};

/// How many documents become one crate and one program.
const BATCH: u64 = 50;

const NAME: &str = "fuzzed";

/// Generates and compiles this many documents.
pub fn documents(count: u64) -> Result {
    let (mut compiled, mut checked, mut faults) = (0, 0, 0);
    for first in (0..count).step_by(BATCH as usize) {
        let batch = Batch::make(first..count.min(first + BATCH))?;
        let broken = batch.compile()?;
        faults += broken;
        compiled += batch.generated.len();
        if broken == 0 {
            faults += batch.check()?;
            checked += batch.samples.len();
        }
        println!("{compiled} of {count} documents compiled in both languages, {checked} values checked alike, {faults} faults");
    }
    if faults == 0 { Ok(()) } else { Err(format!("{faults} faults").into()) }
}

/// A value of a schema, with the result of the interpreter.
struct Sample {
    /// The number of the document in its batch.
    document: usize,
    schema: String,
    text: String,
    valid: bool,
}

struct Batch {
    /// The seed and the files of each document.
    generated: Vec<(u64, Vec<OutputFile>)>,
    samples: Vec<Sample>,
    modules: Modules,
    exports: Vec<PathBuf>,
}

impl Batch {
    fn make(seeds: std::ops::Range<u64>) -> Result<Self> {
        let mut batch = Batch { generated: Vec::new(), samples: Vec::new(), modules: Modules::new(NAME)?, exports: Vec::new() };
        for seed in seeds {
            let document = maker::Maker::document(seed).to_string();
            let compilation = Compilation::from_text("fuzzed.json", document.as_bytes());
            let (Some(contract), Some(files)) = (&compilation.contract, compilation.generate(&[Target::Rust, Target::TypeScript])) else {
                continue;
            };
            let mut sampler = Sampler::new(contract, seed);
            for (name, id) in &contract.names {
                let Some(valid) = sampler.valid(*id) else { continue };
                let mutations = sampler.mutations(*id, &valid).into_iter().take(12).map(|mutation| mutation.value);
                let values: Vec<Value> = std::iter::once(valid).chain(mutations).collect();
                batch.samples.extend(values.iter().map(|value| {
                    let text = value.to_string();
                    let valid = interpret::validate(contract, *id, text.as_bytes()).is_ok();
                    Sample { document: batch.generated.len(), schema: name.clone(), text, valid }
                }));
            }
            batch.exports.push(batch.modules.add(&files)?);
            batch.generated.push((seed, files));
        }
        Ok(batch)
    }

    /// Compiles both languages, and returns how many documents do not compile.
    fn compile(&self) -> Result<usize> {
        let files: Vec<&[OutputFile]> = self.generated.iter().map(|(_, files)| files.as_slice()).collect();
        let rust = check(NAME, &files)?;
        let typescript = self.modules.compile()?;
        for index in rust.union(&typescript) {
            eprintln!("the document of seed {} does not compile", self.generated[*index].0);
        }
        Ok(rust.union(&typescript).count())
    }

    /// Checks all samples in both languages, and returns how many results differ from those of the interpreter.
    fn check(&self) -> Result<usize> {
        let rust = self.validate_in_rust()?;
        let questions: Vec<Question> = self.samples.iter().map(|sample| self.question(sample)).collect();
        let typescript = node::validate(NAME, &questions.iter().collect::<Vec<_>>())?;
        let mut faults = 0;
        for ((sample, rust), zod) in self.samples.iter().zip(rust).zip(typescript) {
            if (rust, zod.is_empty()) != (sample.valid, sample.valid) {
                faults += 1;
                let seed = self.generated[sample.document].0;
                let Sample { schema, text, valid, .. } = sample;
                eprintln!("seed {seed}, {schema}: {text} is valid: {valid} by the interpreter, {rust} in Rust; Zod finds {zod:?}");
            }
        }
        Ok(faults)
    }

    fn question(&self, sample: &Sample) -> Question {
        Question { module: self.exports[sample.document].clone(), schema: sample.schema.clone(), text: sample.text.clone() }
    }

    fn validate_in_rust(&self) -> Result<Vec<bool>> {
        let name = format!("{NAME}-validate");
        let folder = root().join("target/corpus").join(&name);
        let (mut modules, mut table) = (String::new(), String::new());
        let mut files = Vec::new();
        for (index, (_, generated)) in self.generated.iter().enumerate() {
            let _ = writeln!(modules, "pub mod g{index};");
            let _ = writeln!(table, "g{index}::validate,");
            let rust = generated.iter().filter(|file| file.path.starts_with("rust/")).cloned().collect();
            files.extend(module(&format!("src/g{index}"), rust, index == 0));
        }
        files.push(OutputFile::new("Cargo.toml", manifest(&name)));
        files.push(OutputFile::new("src/main.rs", MAIN.replace("MODULES", &modules).replace("TABLE", &table)));
        write(&folder, &files)?;
        lock(&folder)?;
        self.results(&folder, &build(&name, &folder)?)
    }

    fn results(&self, folder: &Path, program: &Path) -> Result<Vec<bool>> {
        let line = |sample: &Sample| format!("{}\n", serde_json::json!([sample.document, sample.schema, sample.text]));
        let list = folder.join("samples.jsonl");
        std::fs::write(&list, self.samples.iter().map(line).collect::<String>())?;
        let output = Command::new(program).arg(&list).output()?;
        let results: Vec<bool> = String::from_utf8(output.stdout)?.lines().map(|line| line == "true").collect();
        if results.len() == self.samples.len() { Ok(results) } else { Err("the generated Rust has not checked everything".into()) }
    }
}

const MAIN: &str = r#"#![allow(dead_code, unused, mixed_script_confusables, uncommon_codepoints)]
pub mod runtime;
MODULES
type Validate = fn(&str, &[u8]) -> Result<(), runtime::report::Report>;
const DOCUMENTS: &[Validate] = &[
TABLE];

fn main() {
    let path = std::env::args().nth(1).expect("the list of samples");
    for line in std::fs::read_to_string(path).expect("the list can be read").lines() {
        let (document, schema, text): (usize, String, String) = serde_json::from_str(line).expect("a sample");
        println!("{}", DOCUMENTS[document](&schema, text.as_bytes()).is_ok());
    }
}
"#;
