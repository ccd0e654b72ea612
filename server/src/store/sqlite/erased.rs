//! The journal of erased accounts, a file next to the database. It prevents a later restore from bringing them back.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::Path;

use uuid::Uuid;

use stronglog_sync::advice::with_advice;

use super::files::private;
use crate::store::StoreError;

/// The file's name in the data folder. The file contains only account ids, one per line.
const ERASED: &str = "stronglog.erased";

/// Records that an account is being erased, after the database has recorded it and before its data goes. If the journal came first, the
/// next start could erase an account although its owner got the response that the erasure had failed.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn note(folder: &Path, user: Uuid) -> Result<(), StoreError> {
    if listed(folder)?.contains(&user) {
        return Ok(());
    }
    let written = private().create(true).append(true).open(folder.join(ERASED)).and_then(|mut file| {
        // The previous line may be incomplete.
        write!(file, "\n{user}\n")?;
        file.sync_all()
    });
    written.map_err(|error| StoreError::new(format!("cannot write {}: {}", folder.join(ERASED).display(), with_advice(&error))))
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
