//! The build step: fails unless the code in `generated/` matches the contract in `spec/` and the protocol in `contractc/`.
//!
//! The hashes in `generated/MANIFEST` show whether it does. If not, a checkout generates the code again. Everywhere else (in a crate that
//! depends on this one, or in CI) the build fails.

use std::path::Path;
use std::process::Command;

/// The folder with the compiler's files in the manifest, which only a checkout has.
const COMPILER: &str = "contractc/";

fn main() {
    // Not all of docs/, because its hand-written pages do not affect the code.
    for path in ["build.rs", "spec", "generated", "docs/api-reference.md", "docs/data-models.md"] {
        println!("cargo::rerun-if-changed={path}");
    }
    // A packaged crate has no compiler, and a missing path would make the build step run every time.
    if Path::new(COMPILER).exists() {
        println!("cargo::rerun-if-changed={COMPILER}protocol");
    }
    println!("cargo::rerun-if-env-changed=CI");
    println!("cargo::rerun-if-env-changed=CONTRACT_CHECKOUT");
    // Read at run time, because a shared target folder may contain the build script of another checkout.
    let Some(root) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        println!("cargo::error=cannot tell where this package is, because CARGO_MANIFEST_DIR is not set");
        return;
    };
    let root = Path::new(&root);
    let mut different = stale(root);
    if !different.is_empty() && std::env::var_os("CONTRACT_CHECKOUT").is_some() && std::env::var_os("CI").is_none() {
        if let Err(error) = generate(root) {
            println!("cargo::error=cannot generate code from spec/openapi.yaml");
            error.lines().for_each(|line| println!("cargo::error={line}"));
            return;
        }
        different = stale(root);
    }
    for path in different {
        println!("cargo::error={path} differs from generated/MANIFEST; run `cargo xtask generate` in a checkout of this repository");
    }
}

/// Runs the program of `cargo xtask generate`. If the compiler were a build dependency, everybody would build it, even without changing a
/// contract. The program has its own target folder, because the one of this build is locked until the build ends.
fn generate(root: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").ok_or("CARGO is not set")?;
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--package", "xtask-contract", "--target-dir", "target/generate", "--", "generate"]);
    let output = command.current_dir(root).env_remove("RUSTC_WORKSPACE_WRAPPER").output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The files whose hash is not the one in the manifest.
fn stale(root: &Path) -> Vec<String> {
    let Ok(manifest) = std::fs::read_to_string(root.join("generated/MANIFEST")) else {
        return vec!["generated/MANIFEST".to_owned()];
    };
    let entries = manifest.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("  "));
    let is_here = |path: &str| !path.starts_with(COMPILER) || root.join(COMPILER).exists();
    let differs = |(hash, path): &(&str, &str)| std::fs::read(root.join(path)).map_or(true, |bytes| fnv1a(&bytes) != *hash);
    entries.filter(|(_, path)| is_here(path)).filter(differs).map(|(_, path)| path.to_owned()).collect()
}

/// A copy of `contractc::output::fingerprint`, which this script cannot use.
fn fnv1a(bytes: &[u8]) -> String {
    let kept = bytes.iter().filter(|byte| **byte != b'\r');
    let hash = kept.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
