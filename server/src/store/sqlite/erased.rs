//! The journal of erased accounts, a file beside the database: a backup that is restored later must not bring them back.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::files::private;
use crate::store::StoreError;

/// The file's name in the data folder. The file contains only account ids, one per line.
const ERASED: &str = "stronglog.erased";

/// Records that an account is about to be erased.
///
/// # Errors
/// The file cannot be written.
pub fn note(folder: &Path, user: Uuid) -> Result<(), StoreError> {
    let written = private().create(true).append(true).open(folder.join(ERASED)).and_then(|mut file| {
        writeln!(file, "{user}")?;
        file.sync_all()
    });
    written.map_err(|error| StoreError::new(format!("cannot write {}: {error}", folder.join(ERASED).display())))
}

/// Erases the accounts listed in the file from the database. Returns the number of accounts that the database still had.
///
/// # Errors
/// The file cannot be read, or the store failed.
pub fn apply(folder: &Path, connection: &Connection) -> Result<usize, StoreError> {
    let text = match std::fs::read_to_string(folder.join(ERASED)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(StoreError::new(format!("cannot read {}: {error}", folder.join(ERASED).display()))),
    };
    // An incomplete last line comes from a crash before its account was erased.
    let users: BTreeSet<Uuid> = text.lines().filter_map(|line| Uuid::parse_str(line).ok()).collect();
    let mut erased = 0;
    for user in users {
        erased += connection.execute("DELETE FROM users WHERE user_id = ?1", [user])?;
    }
    Ok(erased)
}
