//! Devices use old contracts for months, so the current contract must not break what the newest released contract promises.

use std::path::{Path, PathBuf};

use contractc::{Compilation, diff};

/// The changes between two contracts: the breaking ones, or all.
fn changes(old: &Path, new: &Path, breaking_alone: bool) -> Vec<String> {
    let compile = |path: &Path| {
        let compilation = Compilation::from_file(path).expect("the contract can be read");
        assert!(compilation.contract.is_some(), "{}", compilation.render());
        compilation
    };
    let (old, new) = (compile(old), compile(new));
    let (before, after) = (old.contract.as_ref().expect("a contract"), new.contract.as_ref().expect("a contract"));
    let found = diff::compare(before, after);
    let wanted = found.iter().filter(|change| change.is_breaking() || !breaking_alone);
    wanted.map(|change| change.line(&old.sources, &new.sources)).collect()
}

#[test]
fn the_newest_released_contract_is_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let released = newest(&root.join("spec/released"));
    let breaking = changes(&released, &root.join("spec/openapi.yaml"), true);
    assert!(breaking.is_empty(), "{} is broken:\n{}", released.display(), breaking.join("\n"));
}

/// The file for other tools equals the contract with the protocol.
#[test]
fn the_whole_document_is_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(changes(&root.join("spec/openapi.yaml"), &root.join("generated/openapi.json"), false), [""; 0]);
}

/// The released contract with the highest version. The version is the file name.
fn newest(folder: &Path) -> PathBuf {
    let version = |path: &PathBuf| -> Option<Vec<u64>> {
        let name = path.file_stem()?.to_str()?;
        name.split('.').map(|part| part.parse().ok()).collect()
    };
    let entries = std::fs::read_dir(folder).expect("the folder can be listed");
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| version(path).is_some());
    paths.max_by_key(version).expect("a contract was released")
}
