//! Backups in a folder, named by the time, of which the newest are kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::StoreError;
use crate::store::sqlite::backup::{self, PARTIAL};
use crate::store::sqlite::files::make_folder;

/// The beginning and end of the names. The time in between sorts by age.
const PREFIX: &str = "stronglog-";
const SUFFIX: &str = ".backup";
/// How long a backup that is being written may stay as it is.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

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
/// The new backup is never removed, even if the clock was set back, and neither are files that this did not name.
///
/// # Errors
/// The backup cannot be written, in which case none is removed, or an old one cannot be removed.
pub fn rotate(data: &Path, folder: &Path, time: &str, now_ms: i64, keep: usize) -> Result<Rotated, StoreError> {
    make_folder(folder)?;
    let file = folder.join(format!("{PREFIX}{time}{SUFFIX}"));
    backup::back_up(data, &file, now_ms)?;
    let failed = |path: &Path, error: std::io::Error| StoreError::new(format!("cannot remove old backups in {}: {error}", path.display()));
    let (mut others, mut partial) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name.strip_suffix(PARTIAL) {
            Some(name) if is_named_by_time(name, time) && is_abandoned(&path) => partial.push(path),
            None if is_named_by_time(name, time) && path != file => others.push(path),
            _ => {}
        }
    }
    partial.iter().try_for_each(|path| backup::remove(path))?;
    others.sort();
    let old = (others.len() + 1).saturating_sub(keep.max(1));
    others.truncate(old);
    others.iter().try_for_each(|path| fs::remove_file(path).map_err(|error| failed(path, error)))?;
    Ok(Rotated { file, removed: others })
}

/// Whether a file has a name that this module gives: its time is written like `time`.
fn is_named_by_time(name: &str, time: &str) -> bool {
    let written = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "0");
    name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX)).is_some_and(|found| written(found) == written(time))
}

/// Whether the backup that wrote a file was interrupted. One that goes on changes the file all the time.
fn is_abandoned(partial: &Path) -> bool {
    let changed = partial.metadata().and_then(|known| known.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|ago| ago > ABANDONED_AFTER))
}
