//! The packages of the workspace, their files, and their dependencies.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use xtask::{Result, root};

/// A package of the workspace.
pub struct Package {
    pub name: String,
    /// Its folder relative to the repository's root. Empty for the root package.
    pub folder: PathBuf,
    /// The names of the packages of the workspace that it depends on, also for building and testing.
    pub dependencies: Vec<String>,
}

impl Package {
    pub fn of_workspace() -> Result<Vec<Package>> {
        let output = Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root()).output()?;
        let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cannot read cargo's metadata: {error}"))?;
        let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let top = text(&metadata["workspace_root"]);
        let package = |package: &Value| Package {
            name: text(&package["name"]),
            folder: Path::new(&text(&package["manifest_path"]))
                .parent()
                .and_then(|folder| folder.strip_prefix(&top).ok())
                .map(Path::to_owned)
                .unwrap_or_default(),
            dependencies: listed(&package["dependencies"])
                .iter()
                .filter(|dependency| dependency["path"].is_string())
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        };
        Ok(listed(&metadata["packages"]).iter().map(package).collect())
    }

    /// The package that a file belongs to. A file in no other package belongs to the root package. The browser's files belong to none,
    /// because Node tests them.
    pub fn with<'a>(packages: &'a [Package], file: &str) -> Option<&'a Package> {
        let inside = packages.iter().filter(|package| Path::new(file).starts_with(&package.folder) && !file.starts_with("web/"));
        inside.max_by_key(|package| package.folder.components().count())
    }

    /// The names of these packages and of all packages that they are built from.
    pub fn built_from(packages: &[Package], names: &[&str]) -> BTreeSet<String> {
        let start = names.iter().map(|name| (*name).to_owned()).collect();
        closed(start, |known| {
            let known = packages.iter().filter(|package| known.contains(&package.name));
            known.flat_map(|package| package.dependencies.iter().cloned()).collect()
        })
    }
}

/// The packages with files that differ from the newest commit that was published, and the packages that depend on them.
pub fn affected() -> Result<BTreeSet<String>> {
    let base = published()?;
    let changed = [git(&["diff", "--name-only", &base])?, git(&["ls-files", "--others", "--exclude-standard"])?].concat();
    let packages = Package::of_workspace()?;
    let start = changed.lines().filter_map(|file| Package::with(&packages, file)).map(|package| package.name.clone()).collect();
    Ok(closed(start, |known| {
        let depends = |package: &&Package| package.dependencies.iter().any(|name| known.contains(name));
        packages.iter().filter(depends).map(|package| package.name.clone()).collect()
    }))
}

/// Adds the names that `next` returns for the names so far, until there are no new ones.
fn closed(mut names: BTreeSet<String>, next: impl Fn(&BTreeSet<String>) -> BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let more = next(&names);
        if more.is_subset(&names) {
            return names;
        }
        names.extend(more);
    }
}

/// The commit at which the current branch left the remote's branch or the local `main`; without either, the current commit.
fn published() -> Result<String> {
    for branch in ["@{upstream}", "origin/HEAD", "main"] {
        if let Ok(commit) = git(&["merge-base", "HEAD", branch]) {
            return Ok(commit.trim().to_owned());
        }
    }
    Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
}

/// The output of git in the repository's root.
pub fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root()).output().map_err(|error| format!("cannot start git: {error}"))?;
    if !output.status.success() {
        return Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
