//! Rotating backups in a folder, named by their time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stronglog_sync::advice::with_advice;

use crate::store::StoreError;
use crate::store::sqlite::backup::{self, BackedUp, PARTIAL};
use crate::store::sqlite::files::remove;
use crate::store::sqlite::made::Made;

/// The prefix and suffix of the names. The time in between sorts by age.
const PREFIX: &str = "stronglog-";
const SUFFIX: &str = ".backup";

/// How long an unfinished backup may stay unchanged before it counts as abandoned.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// A backup that was written, and the older ones that were removed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotated {
    /// The new backup.
    pub file: PathBuf,
    /// The removed ones, the oldest first.
    pub removed: Vec<PathBuf>,
    /// The error that kept the database from recording the new backup.
    pub not_recorded: Option<String>,
}

/// Writes a backup to a folder, and then removes all but the newest `keep` backups. `time` becomes part of the name, and sorts by age. It
/// never removes the new backup, even if the clock was set back, or files that it did not name.
///
/// # Errors
/// Returns an error if the backup cannot be written, in which case none is removed, or an old one cannot be removed.
pub fn rotate(data: &Path, folder: &Path, time: &str, now_ms: i64, keep: usize) -> Result<Rotated, StoreError> {
    let made = Made::folder(folder)?;
    let file = folder.join(format!("{PREFIX}{time}{SUFFIX}"));
    let BackedUp { not_recorded } = backup::back_up(data, &file, now_ms)?;
    made.keep();
    let failed = |path: &Path, error: std::io::Error| {
        StoreError::new(format!("cannot remove old backups in {}: {}", path.display(), with_advice(&error)))
    };
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
    partial.iter().try_for_each(|path| remove(path))?;
    others.sort();
    let old = (others.len() + 1).saturating_sub(keep.max(1));
    others.truncate(old);
    others.iter().try_for_each(|path| fs::remove_file(path).map_err(|error| failed(path, error)))?;
    Ok(Rotated { file, removed: others, not_recorded })
}

/// Whether the backup that wrote a file was interrupted. The integrity of a large one is checked for long, without a change to the file.
fn is_abandoned(partial: &Path) -> bool {
    let changed = partial.metadata().and_then(|known| known.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|ago| ago > ABANDONED_AFTER)) && !backup::is_being_written(partial)
}

/// Whether this module named a file, that is, whether its time has the form of `time`.
fn is_named_by_time(name: &str, time: &str) -> bool {
    let written = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "0");
    name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX)).is_some_and(|found| written(found) == written(time))
}
