//! The ledger of backups: the time of each backup that may still be restored, and the revisions that it contains (R10).
//!
//! An account has a row for the first backup after each change. The row also applies to the following backups, up to the account's next
//! row, so that unchanged accounts take no space.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::version_of;
use crate::store::StoreError;

/// The first database version with a table of backup times. Older databases, which can also be backed up, have a row per account and
/// backup.
const TIMES_SINCE: usize = 12;

/// Records a backup that is about to be made.
///
/// # Errors
/// Returns an error if the store fails.
pub fn note(connection: &Connection, taken_at: i64) -> Result<(), StoreError> {
    if version_of(connection)? < TIMES_SINCE {
        connection.execute("INSERT OR REPLACE INTO backups SELECT user_id, ?1, rev FROM users", [taken_at])?;
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    transaction.execute("INSERT OR IGNORE INTO backup_times (taken_at) VALUES (?1)", [taken_at])?;
    transaction.execute(
        "INSERT OR REPLACE INTO backups (user_id, taken_at, rev) SELECT user_id, ?1, rev FROM users WHERE rev IS NOT (
            SELECT rev FROM backups WHERE backups.user_id = users.user_id AND taken_at <= ?1 ORDER BY taken_at DESC LIMIT 1
        )",
        [taken_at],
    )?;
    Ok(transaction.commit()?)
}

/// Removes a backup that was not made after all.
///
/// # Errors
/// Returns an error if the store fails.
pub fn take_back(connection: &Connection, taken_at: i64) -> Result<(), StoreError> {
    connection.execute("DELETE FROM backups WHERE taken_at = ?1", [taken_at])?;
    if version_of(connection)? >= TIMES_SINCE {
        connection.execute("DELETE FROM backup_times WHERE taken_at = ?1", [taken_at])?;
    }
    Ok(())
}

/// The time and the revision of the oldest backup of a user since a time.
///
/// # Errors
/// Returns an error if the store fails.
pub fn oldest(connection: &Connection, user: Uuid, since_ms: i64) -> Result<Option<(i64, u64)>, StoreError> {
    let sql = "SELECT min(taken_at) FROM backup_times WHERE taken_at >= ?1";
    let oldest: Option<i64> = connection.prepare_cached(sql)?.query_row([since_ms], |row| row.get(0))?;
    let Some(oldest) = oldest else { return Ok(None) };
    // The row that applies to that backup, or the user's first row, if the user is newer than the backup.
    let sql = "SELECT max(taken_at, ?2), rev FROM backups WHERE user_id = ?1
        ORDER BY taken_at > ?2, iif(taken_at > ?2, taken_at, -taken_at) LIMIT 1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(connection.prepare_cached(sql)?.query_row(params![user, oldest], read).optional()?)
}

/// Removes the times of backups that will not be restored: those before `since_ms`, and those made while the clock was ahead, which would
/// keep every tombstone until that time.
///
/// # Errors
/// Returns an error if the store fails.
pub fn forget(connection: &Connection, since_ms: i64, now_ms: i64) -> Result<(), StoreError> {
    for (sql, time) in [("taken_at < ?1", since_ms), ("taken_at > ?1", now_ms)] {
        connection.prepare_cached(&format!("DELETE FROM backup_times WHERE {sql}"))?.execute([time])?;
    }
    Ok(())
}

/// Removes the rows of a user that apply to no backup since a time. Returns their number.
///
/// # Errors
/// Returns an error if the store fails.
pub fn forget_user(connection: &Connection, user: Uuid, since_ms: i64, now_ms: i64) -> Result<usize, StoreError> {
    let ahead = "DELETE FROM backups WHERE user_id = ?1 AND taken_at > ?2";
    let replaced = "DELETE FROM backups WHERE user_id = ?1 AND taken_at < (
            SELECT max(taken_at) FROM backups WHERE user_id = ?1
                AND taken_at <= coalesce((SELECT min(taken_at) FROM backup_times WHERE taken_at >= ?2), ?2)
        )";
    let ahead = connection.prepare_cached(ahead)?.execute(params![user, now_ms])?;
    Ok(ahead + connection.prepare_cached(replaced)?.execute(params![user, since_ms])?)
}

#[cfg(test)]
mod tests {
    use super::super::MIGRATIONS;
    use super::*;

    const SAM: Uuid = Uuid::from_u128(1);

    /// A database of a version with one account.
    fn database(version: usize) -> Connection {
        let connection = Connection::open_in_memory().expect("a database");
        migrate(&connection, 0, version);
        connection.execute("INSERT INTO users (user_id, email, password_hash, created_at) VALUES (?1, 'sam', '', 0)", [SAM]).expect("made");
        connection
    }

    fn migrate(connection: &Connection, from: usize, to: usize) {
        MIGRATIONS[from..to].iter().for_each(|sql| connection.execute_batch(sql).expect("migrated"));
        connection.pragma_update(None, "user_version", to).expect("noted");
    }

    fn set_rev(connection: &Connection, rev: u64) {
        connection.execute("UPDATE users SET rev = ?1", [rev]).expect("set");
    }

    /// The oldest of all backups since a time.
    fn known(backups: &[(i64, u64)], since: i64) -> Option<(i64, u64)> {
        backups.iter().copied().filter(|(taken_at, _)| *taken_at >= since).min()
    }

    fn rows(connection: &Connection) -> usize {
        connection.query_row("SELECT count(*) FROM backups", [], |row| row.get(0)).expect("a number")
    }

    #[test]
    fn rows_that_say_nothing_new_are_removed_from_an_older_database() {
        let connection = database(TIMES_SINCE - 1);
        let backups = [(1, 0), (2, 0), (3, 4), (4, 4), (5, 4), (6, 9)];
        for (taken_at, rev) in backups {
            set_rev(&connection, rev);
            note(&connection, taken_at).expect("noted");
        }
        assert_eq!(rows(&connection), 6);
        migrate(&connection, TIMES_SINCE - 1, TIMES_SINCE);
        assert_eq!(rows(&connection), 3);
        for since in 0..8 {
            assert_eq!(oldest(&connection, SAM, since).expect("read"), known(&backups, since), "since {since}");
        }
    }

    #[test]
    fn a_row_counts_for_all_backups_until_the_next_row() {
        let (connection, mut backups, mut rev, mut since) = (database(MIGRATIONS.len()), Vec::new(), 0, 0);
        for now in 1..200 {
            // Some backups fail, some accounts change, and some days are forgotten.
            if now % 3 == 0 {
                rev += 2;
                set_rev(&connection, rev);
            }
            note(&connection, now).expect("noted");
            if now % 7 == 0 {
                take_back(&connection, now).expect("taken back");
            } else {
                backups.push((now, rev));
            }
            if now % 11 == 0 {
                since = now - 9;
                forget(&connection, since, now).expect("forgotten");
                forget_user(&connection, SAM, since, now).expect("forgotten");
                assert!(rows(&connection) <= 10, "{}", rows(&connection));
            }
            for since in since..now + 2 {
                assert_eq!(oldest(&connection, SAM, since).expect("read"), known(&backups, since), "at {now}, since {since}");
            }
        }
    }
}
