//! A crate that links ours builds no compiler, and stale code does not compile for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A crate in a folder of its own, outside of the checkout's configuration, that depends on the package at `path`.
fn downstream(folder: &Path, path: &Path) {
    std::fs::create_dir_all(folder.join("src")).expect("a folder can be made");
    let manifest = format!(
        "[package]\nname = \"downstream\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nstronglog-sync = {{ path = {:?}, default-features = false }}\n\n[workspace]\n",
        path.display().to_string()
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest can be written");
    std::fs::write(folder.join("src/lib.rs"), "pub use stronglog_sync::api::WorkoutLog;\n").expect("a source can be written");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"), folder.join("Cargo.lock"))
        .expect("the lock file can be copied");
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).args(arguments);
    // What the outer cargo sets must not reach the inner one: a user's build has none of it.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CI"] {
        command.env_remove(name);
    }
    command.output().expect("cargo starts")
}

fn temporary(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("stronglog-sync-{name}-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an old folder can be deleted");
    }
    folder
}

#[test]
fn a_crate_that_links_ours_builds_no_compiler() {
    let folder = temporary("downstream");
    downstream(&folder, Path::new(env!("CARGO_MANIFEST_DIR")));
    let output = cargo(&folder, &["tree", "--edges", "normal,build"]);
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(tree.contains("stronglog-sync"), "{tree}");
    for absent in ["contractc", "handlebars", "syn v2.0.0-", "prettyplease", "saphyr", "tokio", "reqwest", "rusqlite", "axum"] {
        assert!(!tree.contains(absent), "{absent} is in the tree:\n{tree}");
    }
    std::fs::remove_dir_all(&folder).expect("the folder can be deleted");
}

#[test]
fn stale_code_does_not_compile_silently() {
    let folder = temporary("stale");
    let package = folder.join("package");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The package as another build sees it: no workspace around it, no tests, no benchmarks, no compiler.
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest can be read");
    let (head, rest) = manifest.split_once("# Only a checkout builds the compiler").expect("the part that a user's build leaves out");
    let (_, tail) = rest.split_once("[lints]").expect("the part behind it");
    let alone = format!("{head}[lints]{tail}").replace("members = [\"contractc\", \"xtask\"]", "members = []");
    copy(&root.join("src"), &package.join("src"));
    copy(&root.join("spec"), &package.join("spec"));
    copy(&root.join("generated"), &package.join("generated"));
    copy(&root.join("docs"), &package.join("docs"));
    std::fs::copy(root.join("build.rs"), package.join("build.rs")).expect("the build script can be copied");
    std::fs::write(package.join("Cargo.toml"), alone).expect("a manifest can be written");
    let user = folder.join("user");
    downstream(&user, &package);

    let fresh = cargo(&user, &["check", "--quiet"]);
    assert!(fresh.status.success(), "{}", String::from_utf8_lossy(&fresh.stderr));

    let spec = package.join("spec/openapi.yaml");
    let text = std::fs::read_to_string(&spec).expect("the contract can be read");
    std::fs::write(&spec, text.replace("version: 1.0.0", "version: 1.0.1")).expect("the contract can be written");
    let stale = cargo(&user, &["check", "--quiet"]);
    let message = String::from_utf8_lossy(&stale.stderr);
    assert!(!stale.status.success(), "a stale package compiles");
    assert!(message.contains("spec/openapi.yaml is not what generated/MANIFEST says: run `cargo xtask generate`"), "{message}");
    std::fs::remove_dir_all(&folder).expect("the folder can be deleted");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder can be listed") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
