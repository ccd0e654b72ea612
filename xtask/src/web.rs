//! The packages for npm: the browser package, which is the engine as WebAssembly and the TypeScript around it, and the compiler as
//! WebAssembly, with their tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{lint, target};
use xtask::{Result, cargo_command, root, run};

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's packages of a Rust toolchain that can build the standard library for WebAssembly.
const DEBIAN: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
const DEBIAN_LINKER: &str = "wasm-ld-19";

/// Flags that reduce the size of the WebAssembly. A panic ends in a trap either way, so its message and location would never be shown.
/// Inlining as for a server would add a tenth to the size without making it faster.
const FLAGS: [&str; 4] = ["-Zlocation-detail=none", "-Zunstable-options", "-Cpanic=immediate-abort", "-Cllvm-args=-inline-threshold=40"];

/// The WebAssembly features that LLVM may use. Every browser has supported them since 2022.
const FEATURES: [&str; 6] = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/// Builds the package: `web/dist` is what `npm pack` takes.
pub fn build() -> Result {
    let module = compile("web/engine", "stronglog_sync_web")?;
    let folder = packages()?;
    let bound = folder.join("engine/pkg");
    bind(&module, &bound, "engine")?;
    let wasm = bound.join("engine_bg.wasm");
    // binaryen reduces the size further. After compression, the result of -O3 is smaller than that of -Oz, the second -O3 takes 450 bytes
    // off, and analyzing the loops and branches again before both takes off another 1,200. Large functions with a single caller compress better
    // if they stay functions (5,000 bytes). Nothing reads the sections about the toolchain.
    let mut optimise = Command::new("node");
    optimise
        .args(["node_modules/binaryen/bin/wasm-opt", "--flatten", "--rereloop", "-O3", "-O3", "-ocimfs", "100"])
        .args(["--strip-producers", "--strip-target-features"])
        .args(FEATURES.map(|feature| format!("--enable-{feature}")));
    run(optimise.arg("-o").arg(&wasm).arg(&wasm).current_dir(&folder))?;
    run(Command::new("node").arg("build.mjs").current_dir(&folder))
}

/// Builds the compiler as WebAssembly: `contractc/npm/dist` is what `npm pack` takes.
pub fn build_compiler() -> Result {
    let module = compile("contractc/npm", "contractc_npm")?;
    bind(&module, &root().join("contractc/npm/dist"), "contractc")
}

/// Tests the engine, and the packages in Node. The packages and the command `contractc` must be built first.
pub fn test_in_node() -> Result {
    run(&mut engine_command(&["fmt", "--all", "--check"]))?;
    // Checks that the TypeScript types passed to WebAssembly match the Rust types, and the lints of all targets.
    run(&mut engine_command(&["test", "--locked", "--lib", "--quiet"]))?;
    node(&["node_modules/typescript/bin/tsc", "-p", "tsconfig.tests.json"])?;
    node(&["node_modules/vitest/vitest.mjs", "run"])?;
    run(Command::new("cargo").args(["fmt", "--check"]).current_dir(root().join("contractc/npm")))?;
    let native = target().join("debug/contractc");
    run(Command::new("node").args(["--test", "contractc/npm/tests/command.test.js"]).env("CONTRACTC", native).current_dir(root()))
}

/// Installs Chromium if it is missing.
pub fn install_chromium() -> Result {
    if Path::new("/usr/bin/chromium").exists() { Ok(()) } else { install(&["chromium"]) }
}

/// Tests the package in Chromium against the server. Both must be built first. The tests of its speed are apart.
pub fn test_in_chromium() -> Result {
    for pages in ["page", "todo"] {
        node(&["node_modules/vite/bin/vite.js", "build", "--config", &format!("tests/browser/{pages}/vite.config.js")])?;
    }
    node(&["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.browser.config.js", "--exclude", SPEED])
}

/// Tests the speed of the package in Chromium. `test_in_chromium` builds its pages.
pub fn test_speed() -> Result {
    run(&mut speed()?)
}

/// Tests the speed of the package in Chromium, with the bounds that depend on the processor. The package and the server must be built, and
/// Chromium installed.
pub fn bench() -> Result {
    run(speed()?.env("BENCH", "1"))
}

const SPEED: &str = "tests/browser/speed.test.ts";

fn speed() -> Result<Command> {
    let mut command = Command::new("node");
    command.args(["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.browser.config.js", SPEED]).current_dir(packages()?);
    Ok(command)
}

/// Runs a program of the package's folder with Node.
fn node(arguments: &[&str]) -> Result {
    run(Command::new("node").args(arguments).current_dir(packages()?))
}

/// The package's folder, with its dependencies installed.
fn packages() -> Result<PathBuf> {
    xtask::packages("web", "dexie")
}

/// Compiles a library in a folder. Every toolchain gets the same settings and builds the standard library with them, once for both libraries,
/// so that the size of the result does not depend on what is installed.
fn compile(folder: &str, library: &str) -> Result<PathBuf> {
    let target = root().join("target/web");
    let mut command = toolchain()?.cargo();
    command.args(["build", "--release", "--locked", "--target", TARGET]);
    command.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
    // `-Z` options require a nightly compiler, or this variable.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS.join(" "));
    run(command.current_dir(root().join(folder)).env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join(TARGET).join("release").join(library).with_extension("wasm"))
}

/// The Rust toolchain that compiles to WebAssembly.
enum Toolchain {
    /// The `cargo` on the path, usually rustup's, with the component `rust-src`.
    Default,
    /// Debian's packages for WebAssembly.
    Debian,
}

impl Toolchain {
    fn cargo(&self) -> Command {
        match self {
            Toolchain::Default => cargo_command(),
            Toolchain::Debian => {
                let mut command = Command::new("/usr/bin/cargo");
                // rustup's variables would make Debian's cargo use rustup's compiler.
                command.env("RUSTC", "/usr/bin/rustc").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
                command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
                command
            }
        }
    }
}

/// Finds a toolchain that can build the standard library, or installs what is missing.
fn toolchain() -> Result<Toolchain> {
    if has_library_source("rustc") {
        return Ok(Toolchain::Default);
    }
    eprintln!("the source of Rust's standard library is not installed: adding it");
    let added = run(Command::new("rustup").args(["component", "add", "rust-src"]));
    if has_library_source("rustc") {
        return Ok(Toolchain::Default);
    }
    let has_debian = || Path::new("/usr/bin").join(DEBIAN_LINKER).exists() && has_library_source("/usr/bin/rustc");
    if !has_debian() {
        install(DEBIAN)?;
    }
    if has_debian() {
        return Ok(Toolchain::Debian);
    }
    let reason = added.err().map_or_else(String::new, |error| format!(" ({error})"));
    Err(format!("cannot build for {TARGET}: run `rustup component add rust-src`{reason}, or install Debian's {}", DEBIAN.join(", ")).into())
}

/// Whether the source of this compiler's standard library is installed.
fn has_library_source(rustc: &str) -> bool {
    let mut command = Command::new(rustc);
    if rustc.starts_with('/') {
        command.env_remove("RUSTUP_TOOLCHAIN");
    }
    command.args(["--print", "sysroot"]).output().is_ok_and(|output| {
        let rustlib = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("lib/rustlib");
        rustlib.join("src/rust/library/std/Cargo.toml").exists()
    })
}

/// Installs Debian's packages.
pub fn install(packages: &[&str]) -> Result {
    let failed =
        |error: Box<dyn std::error::Error>| format!("cannot install {}: {error}; install them, then try again", packages.join(" "));
    run(Command::new("apt-get").arg("update")).map_err(failed)?;
    run(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(packages)).map_err(failed)?;
    Ok(())
}

/// Generates the JavaScript module of the WebAssembly module with wasm-bindgen, in the version that both are built with.
fn bind(module: &Path, to: &Path, name: &str) -> Result {
    let mut command = engine_command(&["run", "--quiet", "--locked", "--package", "stronglog-sync-web-bindgen", "--"]);
    run(command.arg(module).arg(to).arg(name))
}

/// A cargo command in the engine's workspace, for programs that run on this machine.
fn engine_command(arguments: &[&str]) -> Command {
    let mut command = cargo_command();
    command.args(arguments).current_dir(root().join("web/engine")).env("CARGO_TARGET_DIR", root().join("target/web"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    lint(&mut command);
    command
}
