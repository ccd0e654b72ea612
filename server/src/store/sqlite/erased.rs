//! The journal of erased accounts, a file next to the database. It prevents a later restore from bringing them back.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use uuid::Uuid;

use stronglog_sync::advice::with_advice;

use super::files::{give_to_owner, private};
use crate::store::StoreError;

/// The file's name in the data folder. The file contains only account ids, one per line.
pub const ERASED: &str = "stronglog.erased";

/// Records that an account is being erased, after the database has recorded it and before its data goes. If the journal came first, the
/// next start could erase an account although its owner got the response that the erasure had failed.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn note(folder: &Path, user: Uuid) -> Result<(), StoreError> {
    if listed(folder)?.contains(&user) {
        return Ok(());
    }
    let mut file = open(folder)?;
    // The previous line may be incomplete.
    write!(file, "\n{user}\n").and_then(|()| file.sync_all()).map_err(|error| failed(folder, &error))
}

/// Checks that the file can be written, and creates it if it is missing.
///
/// # Errors
/// Returns an error if it cannot be read or written.
pub fn prepare(folder: &Path) -> Result<(), StoreError> {
    listed(folder)?;
    open(folder).map(drop)
}

/// Opens the file. Even if root creates it, it belongs to the owner of the folder, as whom the server reads it.
fn open(folder: &Path) -> Result<File, StoreError> {
    let opened = private().create(true).append(true).open(folder.join(ERASED));
    opened.and_then(|file| give_to_owner(&file, folder).map(|()| file)).map_err(|error| failed(folder, &error))
}

fn failed(folder: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(format!("cannot write {}: {}", folder.join(ERASED).display(), with_advice(error)))
}

/// The accounts listed in the file.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub fn listed(folder: &Path) -> Result<BTreeSet<Uuid>, StoreError> {
    let text = match std::fs::read_to_string(folder.join(ERASED)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(StoreError::new(format!("cannot read {}: {}", folder.join(ERASED).display(), with_advice(&error)))),
    };
    // An incomplete last line comes from a crash while it was written, after which it is written again.
    Ok(text.lines().filter_map(|line| Uuid::parse_str(line).ok()).collect())
}
