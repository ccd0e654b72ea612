//! The demo app: built on the browser package, taken into the command by the next build of it, and tested in Chromium.

use std::path::PathBuf;
use std::process::Command;

use crate::{Result, root, run};

/// Builds the app into `web/demo/dist`. The package must be built.
pub fn build() -> Result {
    node(&["node_modules/typescript/bin/tsc"])?;
    node(&["node_modules/vite/bin/vite.js", "build"])
}

/// The app's part of `cargo xtask test`. Package, app and the command that embeds it must be built, and Chromium installed.
pub fn test() -> Result {
    node(&["node_modules/vitest/vitest.mjs", "run"])?;
    node(&["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.browser.config.ts"])
}

fn node(arguments: &[&str]) -> Result {
    run(Command::new("node").args(arguments).current_dir(packages()?))
}

/// The app's folder, with its packages installed.
fn packages() -> Result<PathBuf> {
    let folder = root().join("web/demo").canonicalize()?;
    if !folder.join("node_modules/stronglog-sync").exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    Ok(folder)
}
