//! Locates StrongLog Sync, from which a new project gets its crates or packages.

use std::path::{Component, Path, PathBuf};

use crate::disk::Disk;

/// Whether a text names a repository and not a folder.
pub(super) fn is_address(from: &str) -> bool {
    from.contains("://") || from.starts_with("git@")
}

pub(super) fn is_checkout(disk: &dyn Disk, folder: &Path) -> bool {
    let has = |file: &str| disk.canonicalize(&folder.join(file)).is_ok();
    has("src/stronglog.rs") && has("server/Cargo.toml")
}

/// The absolute path of a folder that the user named.
///
/// # Errors
/// Returns a message for the user.
pub(super) fn canonical(disk: &dyn Disk, folder: &str) -> Result<PathBuf, String> {
    disk.canonicalize(Path::new(folder)).map_err(|error| format!("cannot use {folder}: {error}"))
}

/// The nearest enclosing folder that satisfies a condition.
///
/// # Errors
/// Returns a message for the user.
pub(super) fn around(disk: &dyn Disk, fits: impl Fn(&dyn Disk, &Path) -> bool) -> Result<Option<PathBuf>, String> {
    let here = disk.canonicalize(Path::new(".")).map_err(|error| format!("cannot find the current folder: {error}"))?;
    Ok(here.ancestors().find(|folder| fits(disk, folder)).map(Path::to_owned))
}

/// The path to `target`, from `folder` if the two are near. Both are absolute.
pub(super) fn relative(folder: &Path, target: &Path) -> String {
    let shared = folder.components().zip(target.components()).take_while(|(left, right)| left == right).count();
    let up = folder.components().count() - shared;
    let path: PathBuf = match shared {
        // Only the root of the file system.
        0 | 1 => target.to_owned(),
        _ => std::iter::repeat_n(Component::ParentDir, up).chain(target.components().skip(shared)).collect(),
    };
    path.to_string_lossy().replace('\\', "/").trim_end_matches('/').to_owned()
}
