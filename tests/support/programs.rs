//! Checks that each test file of a package runs.

use std::path::Path;

/// Fails if a test file is neither in the program `it`, whose source is `here`, nor in the manifest of its package.
pub fn check(package: &str, here: &str, manifest: &str) {
    for entry in std::fs::read_dir(Path::new(package).join("tests")).expect("the folder of tests") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let runs = here.contains(&format!("\"../{name}\"")) || manifest.contains(&format!("\"tests/{name}\""));
        assert!(!name.ends_with(".rs") || runs, "tests/{name} is in no test program: add it to tests/it/main.rs");
    }
}
