//! The build step: the code in `generated/` is that of the contract in `spec/`, or the build fails.
//!
//! In a checkout the compiler runs and writes what differs. Everywhere else (in a crate that depends on this one, in CI, or where RUSTFLAGS
//! or `--target` hide the checkout's cfg) the hashes in `generated/MANIFEST` are compared, with nothing but `std`.

#[cfg(contract_checkout)]
#[path = "xtask/src/generate.rs"]
mod generate;

use std::path::Path;

fn main() {
    // Not all of docs/: what people write there changes no code.
    for path in ["build.rs", "spec", "generated", "docs/api-reference.md", "docs/data-models.md"] {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-env-changed=CI");
    // Asked for at run time: a shared target folder may hold the build script of another checkout.
    let Some(root) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        println!("cargo::error=cargo has not said where this package is");
        return;
    };
    let root = Path::new(&root);
    #[cfg(contract_checkout)]
    if std::env::var_os("CI").is_none()
        && let Err(error) = generate::run(root, generate::Mode::Write)
    {
        println!("cargo::error=cannot generate code from spec/openapi.yaml");
        error.to_string().lines().for_each(|line| println!("cargo::error={line}"));
        return;
    }
    for path in stale(root) {
        println!("cargo::error={path} is not what generated/MANIFEST says: run `cargo xtask generate` in a checkout of this repository");
    }
}

/// The files whose hash is not the one in the manifest.
fn stale(root: &Path) -> Vec<String> {
    let Ok(manifest) = std::fs::read_to_string(root.join("generated/MANIFEST")) else {
        return vec!["generated/MANIFEST".to_owned()];
    };
    let entries = manifest.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("  "));
    let differs = |(hash, path): &(&str, &str)| std::fs::read(root.join(path)).map_or(true, |bytes| fnv1a(&bytes) != *hash);
    entries.filter(differs).map(|(_, path)| path.to_owned()).collect()
}

/// The same as `contractc::output::fingerprint`, which this script has no access to outside a checkout.
fn fnv1a(bytes: &[u8]) -> String {
    let kept = bytes.iter().filter(|byte| **byte != b'\r');
    let hash = kept.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
