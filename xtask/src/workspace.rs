//! Cargo as all steps run it: for the whole workspace, with one set of features and with lints, so that each crate is built once.

use std::path::PathBuf;
use std::process::Command;

use xtask::{Result, cargo_command, root, run};

const FEATURES: &str = "stronglog-sync/axum,stronglog-sync/simulation";

/// The target folder of the workspace.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs cargo for the whole workspace, with the features that all steps share.
pub fn workspace(arguments: &[&str]) -> Result {
    run(&mut workspace_command(arguments))
}

/// The command that [`workspace`] runs.
pub fn workspace_command(arguments: &[&str]) -> Command {
    let (own, passed_on) = arguments.split_at(arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len()));
    let mut command = cargo_command();
    command.args(own).args(["--workspace", "--features", FEATURES]).args(passed_on).current_dir(root());
    lint(&mut command);
    command
}

/// Makes a cargo command build with clippy, which compiles and reports lints, so that nothing is checked separately before it is built. A
/// warning is an error.
pub fn lint(command: &mut Command) {
    // The settings of `cargo clippy -- -D warnings` for `cargo check`.
    command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings");
}
