//! Backups in a folder, named by the time, of which the newest are kept.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::store::sqlite::backup;
use crate::store::sqlite::files::make_folder;

/// What the names begin and end with. The time in between sorts by age.
const PREFIX: &str = "stronglog-";
const SUFFIX: &str = ".backup";

/// A backup that was written, and the older ones that were removed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotated {
    /// The new backup.
    pub file: PathBuf,
    /// The removed ones, the oldest first.
    pub removed: Vec<PathBuf>,
}

/// Writes a backup into a folder, and then removes the oldest ones, so that `keep` are left. `time` becomes part of the name, and sorts by age.
///
/// # Errors
/// The backup cannot be written, in which case none is removed, or an old one cannot be removed.
pub fn rotate(data: &Path, folder: &Path, time: &str, now_ms: i64, keep: usize) -> Result<Rotated, StoreError> {
    make_folder(folder)?;
    let file = folder.join(format!("{PREFIX}{time}{SUFFIX}"));
    backup::back_up(data, &file, now_ms)?;
    let failed = |path: &Path, error: std::io::Error| StoreError::new(format!("cannot remove old backups in {}: {error}", path.display()));
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let name = entry.map_err(|error| failed(folder, error))?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            all.push(name);
        }
    }
    all.sort();
    let old = all.len().saturating_sub(keep.max(1));
    let removed: Vec<PathBuf> = all.into_iter().take(old).map(|name| folder.join(name)).collect();
    removed.iter().try_for_each(|path| fs::remove_file(path).map_err(|error| failed(path, error)))?;
    Ok(Rotated { file, removed })
}
