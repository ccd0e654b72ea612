//! Steps that passed before. A step of a test run is skipped if its inputs are the same bytes as when it last passed, so that a test run
//! after a small change is short. CI runs every step.
//!
//! Inputs are rather too broad than too narrow: the sources of every package that a step's programs are built from, the folders that it
//! reads, and the toolchain.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::{Result, root};

use crate::packages::{Package, git};
use crate::workspace::target;

/// The files of the checkout at the start of the test run, and the inputs that all steps share.
pub struct Checkout {
    packages: Vec<Package>,
    /// The path of each file, and a digest of its bytes.
    files: Vec<(String, u64)>,
    /// A digest of the toolchain and the lock files.
    common: u64,
    runs_all: bool,
}

impl Checkout {
    pub fn read() -> Result<Self> {
        let listed = git(&["ls-files", "--cached", "--others", "--exclude-standard"])?;
        let files = listed.lines().map(|file| Ok((file.to_owned(), digest(&root().join(file))?))).collect::<Result<Vec<_>>>()?;
        let mut hasher = DefaultHasher::new();
        for program in ["rustc", "node", "python3"] {
            Command::new(program).arg("--version").output().ok().map(|output| output.stdout).hash(&mut hasher);
        }
        let is_lock = |file: &str| file.ends_with("Cargo.lock") || file.ends_with("package-lock.json");
        files.iter().filter(|(file, _)| is_lock(file)).for_each(|file| file.hash(&mut hasher));
        let runs_all = std::env::var_os("CI").is_some();
        Ok(Checkout { packages: Package::of_workspace()?, files, common: hasher.finish(), runs_all })
    }

    /// The names of the workspace's packages.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|package| package.name.as_str())
    }

    /// The inputs of a step that runs programs of these packages and reads these folders of the checkout.
    pub fn inputs(&self, packages: &[&str], folders: &[&str]) -> Inputs {
        let built: BTreeSet<String> = Package::built_from(&self.packages, packages);
        let is_built = |file: &str| Package::with(&self.packages, file).is_some_and(|package| built.contains(&package.name));
        let is_read = |file: &str| folders.iter().any(|folder| Path::new(file).starts_with(folder));
        let mut hasher = DefaultHasher::new();
        self.common.hash(&mut hasher);
        self.files.iter().filter(|(file, _)| is_built(file) || is_read(file)).for_each(|file| file.hash(&mut hasher));
        Inputs { digest: hasher.finish(), runs_always: self.runs_all }
    }
}

/// The bytes that determine the outcome of a step.
#[derive(Clone, Copy)]
pub struct Inputs {
    digest: u64,
    runs_always: bool,
}

impl Inputs {
    /// Adds a folder outside the checkout, by the names and sizes of its files.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        self.digest.hash(&mut hasher);
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
            let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
            paths.sort();
            for path in paths {
                path.hash(&mut hasher);
                let metadata = path.metadata()?;
                metadata.len().hash(&mut hasher);
                folders.extend(metadata.is_dir().then_some(path));
            }
        }
        self.digest = hasher.finish();
        Ok(self)
    }

    /// Whether the step has passed with these inputs, and can be skipped.
    pub fn have_passed(self, step: &str) -> bool {
        !self.runs_always && std::fs::read_to_string(record(step)).is_ok_and(|digest| digest == self.text())
    }

    /// Records that the step passed with these inputs.
    pub fn pass(self, step: &str) -> Result {
        let record = record(step);
        let folder = record.parent().ok_or("the target folder has no name")?;
        std::fs::create_dir_all(folder)?;
        Ok(std::fs::write(&record, self.text()).map_err(|error| format!("cannot write {}: {error}", record.display()))?)
    }

    fn text(self) -> String {
        format!("{:016x}", self.digest)
    }
}

/// The file with the inputs with which a step last passed.
fn record(step: &str) -> PathBuf {
    let name: String = step.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    target().join("passed").join(name)
}

/// A digest of the bytes of a file. A file that git lists but that is missing has none.
fn digest(file: &Path) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    match std::fs::read(file) {
        Ok(bytes) => bytes.hash(&mut hasher),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("cannot read {}: {error}", file.display()).into()),
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(engine: u64, command: u64) -> Checkout {
        let package = |name: &str, folder: &str, dependencies: &[&str]| Package {
            name: name.to_owned(),
            folder: folder.into(),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        };
        let packages =
            vec![package("engine", "", &["compiler"]), package("compiler", "compiler", &[]), package("command", "cli", &["engine"])];
        let files = [("src/lib.rs", engine), ("compiler/src/lib.rs", 1), ("cli/src/main.rs", command), ("web/page.ts", 1)];
        let files = files.map(|(file, digest)| (file.to_owned(), digest)).to_vec();
        Checkout { packages, files, common: 0, runs_all: false }
    }

    #[test]
    fn a_change_reaches_what_is_built_from_it_and_nothing_else() {
        let inputs = |checkout: &Checkout, package: &str| checkout.inputs(&[package], &[]).digest;
        let (before, engine, command) = (checkout(1, 1), checkout(2, 1), checkout(1, 2));
        assert_ne!(inputs(&before, "engine"), inputs(&engine, "engine"));
        assert_ne!(inputs(&before, "command"), inputs(&engine, "command"));
        assert_eq!(inputs(&before, "compiler"), inputs(&engine, "compiler"));
        assert_eq!(inputs(&before, "engine"), inputs(&command, "engine"));
        assert_ne!(before.inputs(&["compiler"], &["web"]).digest, inputs(&before, "compiler"));
    }
}
