//! Generated TypeScript: compiled in bulk, and run to validate values.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use contractc::emit::OutputFile;
use serde_json::{Value, json};

use xtask::{Result, typescript};

/// Generated TypeScript of many contracts over one copy of the runtime. It is placed where Node finds the packages.
pub struct Modules {
    folder: PathBuf,
    count: usize,
}

impl Modules {
    /// Creates an empty set in a folder with that name.
    pub fn new(name: &str) -> Result<Self> {
        let folder = typescript()?.join("build/corpus").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        Ok(Modules { folder, count: 0 })
    }

    /// Adds the TypeScript files of a contract. Returns the module that exports its schemas once it is compiled.
    pub fn add(&mut self, files: &[OutputFile]) -> Result<PathBuf> {
        for file in files {
            let Some(path) = file.path.strip_prefix("typescript/") else { continue };
            match path.strip_prefix("runtime/") {
                Some(_) if self.count > 0 => {}
                Some(_) => write(&self.folder.join("source").join(path), &file.text)?,
                None => {
                    let text = file.text.replace("\"./runtime/index.js\"", "\"../runtime/index.js\"");
                    write(&self.folder.join(format!("source/g{}", self.count)).join(path), &text)?;
                }
            }
        }
        self.count += 1;
        Ok(self.folder.join(format!("built/g{}/index.js", self.count - 1)))
    }

    /// Compiles all modules with `tsc --strict`, and returns the numbers of those that have errors.
    pub fn compile(&self) -> Result<BTreeSet<usize>> {
        self.run_compiler(json!({
            "rootDir": "source", "outDir": "built", "noEmitOnError": false, "declaration": false, "isolatedDeclarations": false, "paths": {}
        }))
    }

    /// Compiles with declarations, and without writing anything.
    pub fn check_types(&self) -> Result<BTreeSet<usize>> {
        self.run_compiler(json!({ "rootDir": "source", "noEmit": true, "paths": {} }))
    }

    fn run_compiler(&self, options: Value) -> Result<BTreeSet<usize>> {
        let config = json!({
            "extends": "../../../tsconfig.json",
            "compilerOptions": options,
            "include": ["source"],
        });
        write(&self.folder.join("tsconfig.json"), &config.to_string())?;
        write(&self.folder.join("package.json"), "{ \"type\": \"module\" }")?;
        let compiler = typescript()?.join("node_modules/typescript/bin/tsc");
        let output = Command::new("node").arg(compiler).args(["-p", "tsconfig.json"]).current_dir(&self.folder).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let errors: Vec<&str> = text.lines().filter(|line| line.contains("error TS")).collect();
        errors.iter().take(40).for_each(|line| eprintln!("{line}"));
        let number = |line: &&str| line.strip_prefix("source/g").and_then(|rest| rest.split('/').next()?.parse().ok());
        let broken: BTreeSet<usize> = errors.iter().filter_map(number).collect();
        if !output.status.success() && broken.is_empty() {
            return Err(format!("tsc failed: {text}{}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(broken)
    }
}

/// A JSON text to validate against a schema of a compiled module.
pub struct Question {
    pub module: PathBuf,
    pub schema: String,
    pub text: String,
}

/// Pointer and keyword of each violation.
pub type Answer = BTreeSet<(String, String)>;
/// One answer for each question, in the same order.
pub type Answers = Vec<Answer>;

/// Validates with generated Zod schemas.
pub fn validate(name: &str, questions: &[&Question]) -> Result<Answers> {
    let lines: String = questions
        .iter()
        .map(|question| format!("{}\n", json!({ "module": question.module, "schema": question.schema, "text": question.text })))
        .collect();
    let list = typescript()?.join("build/corpus").join(name).join("questions.jsonl");
    write(&list, &lines)?;
    let output = Command::new("node").args(["--stack-size=4000", "validate.mjs"]).arg(list).current_dir(typescript()?).output()?;
    if !output.status.success() {
        return Err(format!("validate.mjs failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let answers: Vec<_> = String::from_utf8(output.stdout)?.lines().map(answer).collect::<Result<_>>()?;
    if answers.len() == questions.len() { Ok(answers) } else { Err("validate.mjs has not checked everything".into()) }
}

fn answer(line: &str) -> Result<BTreeSet<(String, String)>> {
    let result: Value = serde_json::from_str(line)?;
    let pairs = result["zod"].as_array().ok_or("a result has no list of violations")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(pairs.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect())
}

fn write(path: &Path, text: &str) -> Result {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(path, text)?)
}
