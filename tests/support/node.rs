//! Node for tests: installs packages if they are missing, and compiles and runs generated TypeScript.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Installs the packages of the Node side, and returns its folder.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/typescript");
    if !folder.join("node_modules/zod").exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder));
    }
    folder
}

/// Compiles `generated/typescript` and returns the module that exports its schemas.
pub fn compile() -> PathBuf {
    let folder = folder();
    run(Command::new("node").args(["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]).current_dir(&folder));
    folder.join("build/contract/index.js")
}

/// Runs a command to its end, and returns its output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}, which these tests need: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed:\n{stdout}{stderr}");
    stdout.into_owned()
}
