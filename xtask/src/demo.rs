//! The demo app: built with the browser package, embedded into the command by the command's next build, and tested in Chromium.

use std::process::Command;

use xtask::{Result, run};

/// Builds the app into `web/demo/dist`. The browser package must be built first.
pub fn build() -> Result {
    node(&["node_modules/typescript/bin/tsc"])?;
    node(&["node_modules/vite/bin/vite.js", "build"])
}

/// The app's part of `cargo xtask test`. The package, the app and the command that embeds it must be built, and Chromium must be installed.
pub fn test() -> Result {
    node(&["node_modules/vitest/vitest.mjs", "run"])?;
    node(&["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.browser.config.ts"])
}

fn node(arguments: &[&str]) -> Result {
    run(Command::new("node").args(arguments).current_dir(xtask::packages("web/demo", "stronglog-sync")?))
}
