//! The parts of the replaced database that a restore keeps: accounts, permission to sign in, sessions, and earlier restores.

use std::path::Path;

use rusqlite::Connection;

use super::DATABASE_VERSION;
use crate::store::StoreError;

/// The columns of an account that a restore must not undo. Databases of earlier versions have fewer of these columns.
const ACCOUNT: &[&str] = &["password_hash", "recovery_hash", "disabled", "records_max", "bytes_max"];
const NEW_ACCOUNT: &[&str] = &["user_id", "email", "created_at", "password_hash", "recovery_hash", "disabled", "records_max", "bytes_max"];
const SESSION: &[&str] = &[
    "user_id",
    "session_id",
    "device_name",
    "platform",
    "salt",
    "generation",
    "rotated_at",
    "created_at",
    "revoked",
    "seen_at",
    "synced_at",
    "synced_rev",
];

/// Copies the data of the current database that a restore must not undo. Returns the number of its accounts that the backup lacks.
///
/// # Errors
/// Returns an error if the current database cannot be read. Then nothing of it is kept.
pub fn keep(connection: &Connection, current: &Path) -> Result<u64, StoreError> {
    let path = current.to_str().ok_or_else(|| StoreError::new("the path of the database is not UTF-8"))?;
    connection.execute("ATTACH ?1 AS other", [path])?;
    let kept = connection.unchecked_transaction().and_then(|transaction| {
        let accounts = keep_sign_ins(&transaction)?;
        keep_epochs(&transaction)?;
        transaction.commit()?;
        Ok(accounts)
    });
    connection.execute_batch("DETACH other")?;
    Ok(kept?)
}

/// Copies the epochs, which may be newer than the backup's.
fn keep_epochs(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "INSERT OR IGNORE INTO epochs (name, parent) SELECT name, parent FROM other.epochs;
         INSERT OR IGNORE INTO restores (user_id, epoch, rev)
            SELECT user_id, epoch, rev FROM other.restores WHERE user_id IN (SELECT user_id FROM users);",
    )
}

/// Copies accounts, permission to sign in and sessions, unless the backup is newer. Changed passwords, disabled, limited or new accounts,
/// and devices signed out since the backup stay that way, and no other device is signed out. The devices of an account that the backup
/// lacks push its records again.
fn keep_sign_ins(connection: &Connection) -> rusqlite::Result<u64> {
    if !connection.query_row("SELECT other.server.seen_at >= main.server.seen_at FROM other.server, main.server", [], |row| row.get(0))? {
        return Ok(0);
    }
    let new = columns(connection, "users", NEW_ACCOUNT)?.join(", ");
    let changed: Vec<String> = columns(connection, "users", ACCOUNT)?.iter().map(|column| format!("{column} = newer.{column}")).collect();
    let session = columns(connection, "sessions", SESSION)?.join(", ");
    let stays = if columns(connection, "users", &["erasing"])?.is_empty() { "true" } else { "NOT erasing" };
    let accounts = connection.execute(
        &format!(
            "INSERT INTO main.users ({new})
                SELECT {new} FROM other.users WHERE {stays} AND user_id NOT IN (SELECT user_id FROM main.users) ON CONFLICT DO NOTHING"
        ),
        [],
    )?;
    connection.execute_batch(&format!(
        "CREATE TEMP TABLE kept AS SELECT user_id FROM other.users WHERE {stays} AND user_id IN (SELECT user_id FROM main.users);
         UPDATE main.users SET {} FROM other.users AS newer WHERE newer.user_id = users.user_id AND users.user_id IN (SELECT user_id FROM kept);
         DELETE FROM main.sessions WHERE user_id IN (SELECT user_id FROM kept);
         INSERT INTO main.sessions ({session}) SELECT {session} FROM other.sessions WHERE user_id IN (SELECT user_id FROM kept);
         DROP TABLE kept;",
        changed.join(", ")
    ))?;
    Ok(accounts as u64)
}

/// The columns that the other database has, if its version is older. A newer one has all of them, or cannot be read.
fn columns(connection: &Connection, table: &str, wanted: &[&'static str]) -> rusqlite::Result<Vec<&'static str>> {
    let version: usize = connection.query_row("PRAGMA other.user_version", [], |row| row.get(0))?;
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1, 'other')")?;
    let has: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(wanted.iter().copied().filter(|column| version >= DATABASE_VERSION || has.iter().any(|name| name == column)).collect())
}
