//! The previous databases that restores have kept in a data folder. Erasing an account also erases it from them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use stronglog_sync::advice::with_advice;

use super::{BUSY_TIMEOUT, DATABASE};
use crate::store::StoreError;

/// The files that SQLite keeps next to a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The name under which a database is kept.
pub fn name(now_ms: i64) -> String {
    format!("{DATABASE}.before-{now_ms}")
}

/// The kept databases, the oldest first.
///
/// # Errors
/// Returns an error if the folder cannot be read.
pub fn listed(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error: std::io::Error| StoreError::new(format!("cannot read the folder {}: {}", folder.display(), with_advice(&error)));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.starts_with(&format!("{DATABASE}.before-")) && !BESIDE.iter().any(|suffix| name.ends_with(suffix)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Erases an account from the kept databases.
///
/// # Errors
/// Returns an error if one of them cannot be written.
pub fn erase(folder: &Path, user: Uuid) -> Result<(), StoreError> {
    listed(folder)?.iter().try_for_each(|path| {
        erase_from(path, user).map_err(|error| {
            let path = path.display();
            StoreError::new(format!(
                "cannot erase the account from {path}, which a restore has kept: {error}; remove that file, then try again"
            ))
        })
    })
}

/// Erases an account from a database of any version: every row with its id.
fn erase_from(path: &Path, user: Uuid) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON")?;
    let sql = "SELECT DISTINCT tables.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table' AND columns.name = 'user_id'";
    let tables = connection.prepare(sql)?.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let transaction = connection.unchecked_transaction()?;
    for table in tables {
        transaction.execute(&format!("DELETE FROM \"{table}\" WHERE user_id = ?1"), [user])?;
    }
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
