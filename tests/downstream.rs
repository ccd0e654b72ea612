//! The view of a user's build: a crate that depends on ours builds no compiler, stale code does not compile, and the packages are complete.

#[path = "support/copy.rs"]
mod copy;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use copy::copy;

/// Creates a crate in a folder of its own, outside the checkout's configuration, that depends on the package at `path`.
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
    // All downstream crates use the build folder of this test and the versions of its lock file, so most dependencies are built once.
    command
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_BUILD_BUILD_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join(".."))
        .env("RUSTDOCFLAGS", "-D warnings");
    // Variables set by the outer cargo must not reach the inner one, because a user's build does not have them.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "CI", "CONTRACT_CHECKOUT"] {
        command.env_remove(name);
    }
    // Cargo describes the package of this test to it. A build script that reads this would run again, and so would what depends on it.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "OUT_DIR") {
            command.env_remove(name);
        }
    }
    command.output().expect("cargo starts")
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("downstream")
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
    for absent in ["contractc", "handlebars", "prettyplease", "saphyr", "tokio", "reqwest", "rusqlite", "axum"] {
        assert!(!tree.contains(absent), "{absent} is in the tree:\n{tree}");
    }
    std::fs::remove_dir_all(&folder).expect("the folder can be deleted");
}

/// The packages that are published.
const PACKAGES: [&str; 4] = ["contractc", "stronglog-sync", "stronglog-server", "stronglog-cli"];

/// The published packages compile by themselves, as a user's cargo unpacks them, their programs work, and their documentation has no warning.
#[test]
fn packages_are_whole() {
    let (root, folder) = (Path::new(env!("CARGO_MANIFEST_DIR")), temporary("packages"));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let packed = folder.join("packed").display().to_string();
    let pack = [
        "package",
        "--quiet",
        "--workspace",
        "--exclude",
        "xtask",
        "--exclude",
        "xtask-contract",
        "--no-verify",
        "--allow-dirty",
        "--target-dir",
        &packed,
    ];
    let output = Command::new(env!("CARGO")).args(pack).current_dir(root).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut members, mut patches) = (Vec::new(), String::new());
    for name in PACKAGES {
        let unpacked = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
        let archive = folder.join(format!("packed/package/{unpacked}.crate"));
        let tar = Command::new("tar").arg("-xzf").arg(&archive).current_dir(&folder).status().expect("tar starts");
        assert!(tar.success(), "{} cannot be unpacked", archive.display());
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(folder.join(&unpacked).join(licence).exists(), "{name} lacks {licence}");
        }
        patches.push_str(&format!("{name} = {{ path = {unpacked:?} }}\n"));
        members.push(unpacked);
    }
    let manifest = format!("[workspace]\nmembers = {members:?}\nresolver = \"3\"\n\n[patch.crates-io]\n{patches}\n{}", profiles(root));
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest can be written");
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file can be copied");
    let succeeds = |arguments: &[&str]| {
        let output = cargo(&folder, arguments);
        assert!(output.status.success(), "{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    };
    succeeds(&["build", "--quiet", "--workspace", "--bins"]);
    succeeds(&["doc", "--quiet", "--workspace", "--no-deps"]);
    // One at a time, because building several packages at once gives each the features that the others need of their dependencies.
    PACKAGES.iter().for_each(|name| succeeds(&["check", "--quiet", "--package", name]));
    installed_programs_work(&target().join("debug"), &folder);
    std::fs::remove_dir_all(&folder).expect("the folder can be deleted");
}

/// The settings with which the dependencies of this test were built. Those of the packages themselves only make their tests fast.
fn profiles(root: &Path) -> String {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest can be read");
    let (_, profiles) = manifest.split_once("[profile.dev]").expect("the profiles are at the end");
    let lines = profiles.lines().filter(|line| !line.starts_with("stronglog-sync."));
    lines.fold(String::from("[profile.dev]"), |text, line| text + "\n" + line)
}

/// The programs of the unpacked packages work in a folder of their own.
fn installed_programs_work(programs: &Path, folder: &Path) {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(programs.join(program)).args(arguments).current_dir(folder).output().expect("the program starts");
        let (printed, errors) =
            (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{program} {}:\n{printed}{errors}", arguments.join(" "));
        printed
    };
    let tour = run("stronglog", &["quickstart", "--records", "100", "--dir", "tour"]);
    assert!(tour.contains("all three have the same"), "{tour}");
    run("contractc", &["init", "--from", env!("CARGO_MANIFEST_DIR"), "journal"]);
    let options = ["--only", "rust,contract", "--records", "--runtime", "stronglog_sync::api"];
    run("contractc", &[["generate", "--spec", "journal/spec/openapi.yaml", "--out", "again"].as_slice(), &options].concat());
    for file in ["contract.json", "rust/types.rs"] {
        let read = |generated: &str| std::fs::read(folder.join(generated).join(file)).expect("the file was generated");
        assert_eq!(read("again"), read("journal/generated"), "{file}");
    }
}

#[test]
fn every_crate_says_the_rust_that_it_needs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README.md");
    assert!(readme.contains(concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"))), "README.md names another Rust");
    for member in ["cli", "contractc", "server", "xtask", "xtask/contract"] {
        let manifest = std::fs::read_to_string(root.join(member).join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("rust-version.workspace = true"), "{member}/Cargo.toml names another Rust");
    }
    let engine = std::fs::read_to_string(root.join("web/engine/Cargo.toml")).expect("a manifest");
    assert!(engine.contains(concat!("rust-version = \"", env!("CARGO_PKG_RUST_VERSION"), "\"")), "web/engine names another Rust");
}

#[test]
fn stale_code_does_not_compile_silently() {
    let folder = temporary("stale");
    let package = folder.join("package");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The package as another build sees it: without the workspace, tests, benchmarks and compiler.
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest can be read");
    let (head, rest) = manifest.split_once("[dev-dependencies]").expect("the part that a user's build leaves out");
    let (_, tail) = rest.split_once("[lints]").expect("the part behind it");
    let alone = format!("{head}[lints]{tail}");
    copy(&root.join("src"), &package.join("src"));
    copy(&root.join("spec"), &package.join("spec"));
    copy(&root.join("generated"), &package.join("generated"));
    copy(&root.join("docs"), &package.join("docs"));
    std::fs::copy(root.join("build.rs"), package.join("build.rs")).expect("the build script can be copied");
    std::fs::write(package.join("Cargo.toml"), alone).expect("a manifest can be written");
    let user = folder.join("user");
    downstream(&user, &package);

    // Without features, which leaves the types alone.
    let fresh = cargo(&user, &["check", "--quiet"]);
    assert!(fresh.status.success(), "{}", String::from_utf8_lossy(&fresh.stderr));

    let spec = package.join("spec/openapi.yaml");
    let text = std::fs::read_to_string(&spec).expect("the contract can be read");
    std::fs::write(&spec, text.replacen("\n  version: ", "\n  version: 9", 1)).expect("the contract can be written");
    let stale = cargo(&user, &["check", "--quiet"]);
    let message = String::from_utf8_lossy(&stale.stderr);
    assert!(!stale.status.success(), "a stale package compiles");
    assert!(message.contains("spec/openapi.yaml differs from generated/MANIFEST; run `cargo xtask generate`"), "{message}");
    std::fs::remove_dir_all(&folder).expect("the folder can be deleted");
}
