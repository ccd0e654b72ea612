//! The browser package: the engine as WebAssembly, the TypeScript around it, and its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, root, run};

const TARGET: &str = "wasm32-unknown-unknown";
/// What Debian calls a Rust whose standard library can be built for WebAssembly.
const DEBIAN: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

/// What rustc lets LLVM use, and every browser has had since 2022.
const FEATURES: [&str; 6] = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/// Builds the package: `web/dist` is what `npm pack` takes.
pub fn build() -> Result {
    let module = compile()?;
    let folder = packages()?;
    let bound = folder.join("engine/pkg");
    run(Command::new(bindgen()?).args(["--target", "web", "--out-name", "engine", "--out-dir"]).arg(&bound).arg(module))?;
    let wasm = bound.join("engine_bg.wasm");
    // What LLVM has made small, binaryen makes smaller; at -O3 smaller than at -Oz, once it is compressed.
    let mut optimise = Command::new("node");
    optimise.args(["node_modules/binaryen/bin/wasm-opt", "-O3"]).args(FEATURES.map(|feature| format!("--enable-{feature}")));
    run(optimise.arg("-o").arg(&wasm).arg(&wasm).current_dir(&folder))?;
    run(Command::new("node").arg("build.mjs").current_dir(&folder))
}

/// The package's part of `cargo xtask test`: builds it, then tests the engine in Node and the whole in Chromium, against the server.
pub fn test() -> Result {
    let engine = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(root().join("web/engine")).env("CARGO_TARGET_DIR", root().join("target/web"));
        // Any flags hide the checkout's cfg, and with it the contract's compiler: it has been built and run by now.
        run(command.env("RUSTFLAGS", "-Cdebuginfo=0"))
    };
    engine(&["fmt", "--check"])?;
    engine(&["clippy", "--locked", "--all-targets", "--", "-D", "warnings"])?;
    // The TypeScript types of what crosses into WebAssembly are those of the Rust ones.
    engine(&["test", "--locked", "--lib", "--quiet"])?;
    build()?;
    let folder = packages()?;
    let node = |arguments: &[&str]| run(Command::new("node").args(arguments).current_dir(&folder));
    node(&["node_modules/typescript/bin/tsc", "-p", "tsconfig.tests.json"])?;
    node(&["node_modules/vitest/vitest.mjs", "run"])?;
    if !Path::new("/usr/bin/chromium").exists() {
        install(&["chromium"])?;
    }
    node(&["node_modules/vite/bin/vite.js", "build", "--config", "tests/browser/page/vite.config.js"])?;
    node(&["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.browser.config.js"])
}

/// The folder of the package, with the packages that it is built with installed.
fn packages() -> Result<PathBuf> {
    let folder = root().join("web").canonicalize()?;
    if !folder.join("node_modules/dexie").exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    Ok(folder)
}

/// Compiles the engine, by the first toolchain that can.
fn compile() -> Result<PathBuf> {
    let target = root().join("target/web");
    let mut command = match toolchain()? {
        Toolchain::Target => Command::new("cargo"),
        Toolchain::Debian => {
            let mut command = Command::new("/usr/bin/cargo");
            // rustup's own variables would lead Debian's cargo to rustup's compiler.
            command.env("RUSTC", "/usr/bin/rustc").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
            command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19");
            // Places in source files are of no use to somebody who has none, and inlining as for a server makes it a tenth larger, not faster.
            command.env("RUSTFLAGS", "-Zlocation-detail=none -Cllvm-args=-inline-threshold=50");
            command
        }
    };
    command.args(["build", "--release", "--locked", "--target", TARGET]);
    if let Toolchain::Debian = toolchain()? {
        command.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
    }
    run(command.current_dir(root().join("web/engine")).env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join(TARGET).join("release/stronglog_sync_web.wasm"))
}

enum Toolchain {
    /// Rust has the target's standard library.
    Target,
    /// Debian's Rust builds it from source.
    Debian,
}

/// Which toolchain can build for WebAssembly; says which it is, and brings one where it may.
fn toolchain() -> Result<Toolchain> {
    let has_target = || {
        let output = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
        output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists())
    };
    let has_debian = || Path::new("/usr/bin/wasm-ld-19").exists() && Path::new("/usr/lib/rustlib/src/rust").exists();
    if has_target() {
        return Ok(Toolchain::Target);
    }
    if has_debian() {
        return Ok(Toolchain::Debian);
    }
    eprintln!("there is no Rust that builds for {TARGET} yet");
    if run(Command::new("rustup").args(["target", "add", TARGET])).is_ok() && has_target() {
        return Ok(Toolchain::Target);
    }
    install(DEBIAN)?;
    if has_debian() {
        Ok(Toolchain::Debian)
    } else {
        Err(format!("cannot build for {TARGET}: install it with rustup, or Debian's {DEBIAN:?}").into())
    }
}

/// Installs Debian's packages.
pub fn install(packages: &[&str]) -> Result {
    let failed =
        |error: Box<dyn std::error::Error>| format!("cannot install {}: {error}; install them, then try again", packages.join(" "));
    run(Command::new("apt-get").arg("update")).map_err(failed)?;
    run(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(packages)).map_err(failed)?;
    Ok(())
}

/// wasm-bindgen's command line, of the version that the engine is built with.
fn bindgen() -> Result<PathBuf> {
    let lock = std::fs::read_to_string(root().join("web/engine/Cargo.lock"))?;
    let version = lock.split("name = \"wasm-bindgen\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.ok_or("web/engine/Cargo.lock does not name wasm-bindgen")?;
    let tools = root().join("target/web/tools");
    let program = tools.join("bin/wasm-bindgen");
    let installed = Command::new(&program).arg("--version").output();
    if !installed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(version)) {
        // Optimising it would take longer than it ever saves.
        let arguments = ["install", "--debug", "wasm-bindgen-cli", "--no-default-features", "--force", "--version", version, "--root"];
        run(Command::new("cargo").args(arguments).arg(&tools))?;
    }
    Ok(program)
}
