//! Accounts and sessions in the database.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::accounts::{Account, Created, Device, DeviceActivity, SESSIONS_MAX, Session};

/// Stores an account, unless the email address already has one.
///
/// # Errors
/// Returns an error if the store fails.
pub fn create(connection: &Connection, account: &Account) -> Result<Created, StoreError> {
    let sql = "INSERT INTO users (user_id, email, password_hash, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (email) DO NOTHING";
    let Account { user, email, password_hash, created_at, .. } = account;
    let rows = connection.prepare_cached(sql)?.execute(params![user, email, password_hash, created_at])?;
    Ok(if rows == 1 { Created::New } else { Created::EmailTaken })
}

/// Looks up an account by its email address.
///
/// # Errors
/// Returns an error if the store fails.
pub fn by_email(connection: &Connection, email: &str) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT user_id, email, password_hash, created_at, disabled, recovery_hash FROM users WHERE email = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([email], account).optional()?)
}

/// Looks up an account by its id.
///
/// # Errors
/// Returns an error if the store fails.
pub fn by_user(connection: &Connection, user: Uuid) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT user_id, email, password_hash, created_at, disabled, recovery_hash FROM users WHERE user_id = ?1 AND NOT erasing";
    Ok(connection.prepare_cached(sql)?.query_row([user], account).optional()?)
}

/// Erases an account and all its data, in one step.
///
/// # Errors
/// Returns an error if the store fails.
pub fn erase(connection: &Connection, user: Uuid) -> Result<(), StoreError> {
    connection.execute("DELETE FROM users WHERE user_id = ?1", [user])?;
    Ok(())
}

/// Begins to erase an account: from now on nobody can sign in, read or write, and its email address is free. Returns whether the account
/// existed.
///
/// # Errors
/// Returns an error if the store fails.
pub fn begin_erasing(connection: &Connection, user: Uuid) -> Result<bool, StoreError> {
    connection.execute("DELETE FROM sessions WHERE user_id = ?1", [user])?;
    // No email address has this form.
    let sql = "UPDATE users SET erasing = 1, email = hex(user_id), password_hash = '' WHERE user_id = ?1";
    Ok(connection.execute(sql, [user])? > 0)
}

/// Erases some of an account's records and of the boundaries of its history, or the account itself once none is left. Returns whether the
/// account is gone.
///
/// # Errors
/// Returns an error if the store fails.
pub fn erase_some(connection: &Connection, user: Uuid, rows_max: usize) -> Result<bool, StoreError> {
    // In the order in which they were written, so that records that share a page are erased together.
    let sql = "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE user_id = ?1 ORDER BY rev LIMIT ?2)";
    let records = connection.prepare_cached(sql)?.execute(params![user, rows_max])?;
    let sql = "DELETE FROM boundaries WHERE user_id = ?1 AND rev IN (SELECT rev FROM boundaries WHERE user_id = ?1 ORDER BY rev LIMIT ?2)";
    let rows = records + connection.prepare_cached(sql)?.execute(params![user, rows_max - records])?;
    if rows == rows_max {
        return Ok(false);
    }
    erase(connection, user)?;
    Ok(true)
}

/// The accounts that are being erased.
///
/// # Errors
/// Returns an error if the store fails.
pub fn erasing(connection: &Connection) -> Result<Vec<Uuid>, StoreError> {
    let mut statement = connection.prepare("SELECT user_id FROM users WHERE erasing")?;
    let users = statement.query_map([], |row| row.get(0))?;
    Ok(users.collect::<Result<_, _>>()?)
}

/// Replaces the password of an account, and voids its recovery code, which somebody who knew the password may have created.
///
/// # Errors
/// Returns an error if the store fails.
pub fn set_password(connection: &Connection, user: Uuid, password_hash: &str) -> Result<(), StoreError> {
    connection.execute("UPDATE users SET password_hash = ?2, recovery_hash = NULL WHERE user_id = ?1", params![user, password_hash])?;
    Ok(())
}

/// Disables an account or enables it again. Its sessions stay as they are.
///
/// # Errors
/// Returns an error if the store fails.
pub fn set_disabled(connection: &Connection, user: Uuid, is_disabled: bool) -> Result<(), StoreError> {
    connection.execute("UPDATE users SET disabled = ?2 WHERE user_id = ?1", params![user, is_disabled])?;
    Ok(())
}

/// Sets the limits of one account. `None` means the server's limits for all accounts.
///
/// # Errors
/// Returns an error if the store fails.
pub fn set_limits(connection: &Connection, user: Uuid, records_max: Option<u64>, bytes_max: Option<u64>) -> Result<(), StoreError> {
    let sql = "UPDATE users SET records_max = ?2, bytes_max = ?3 WHERE user_id = ?1";
    connection.execute(sql, params![user, records_max, bytes_max])?;
    Ok(())
}

/// Replaces the hash of an account's recovery code.
///
/// # Errors
/// Returns an error if the store fails.
pub fn set_recovery(connection: &Connection, user: Uuid, recovery_hash: Option<&str>) -> Result<(), StoreError> {
    connection.execute("UPDATE users SET recovery_hash = ?2 WHERE user_id = ?1", params![user, recovery_hash])?;
    Ok(())
}

/// Whether a session is live: it has not ended or been forgotten, and its account is not disabled or erased (R26).
///
/// # Errors
/// Returns an error if the store fails.
pub fn is_live(connection: &Connection, user: Uuid, session: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sessions JOIN users USING (user_id)
        WHERE user_id = ?1 AND session_id = ?2 AND NOT revoked AND NOT disabled";
    Ok(connection.prepare_cached(sql)?.exists([user, session])?)
}

/// Stores a new session.
///
/// # Errors
/// Returns an error if the store fails.
pub fn begin_session(connection: &Connection, session: &Session) -> Result<(), StoreError> {
    // Ended sessions make room first, and then the least recently used ones.
    let sql = "DELETE FROM sessions WHERE user_id = ?1 AND session_id IN (
            SELECT session_id FROM sessions WHERE user_id = ?1 ORDER BY revoked, rotated_at DESC, session_id LIMIT -1 OFFSET ?2
        )";
    connection.prepare_cached(sql)?.execute(params![session.user, SESSIONS_MAX - 1])?;
    let sql = "INSERT INTO sessions (user_id, session_id, device_name, platform, salt, generation, rotated_at, created_at, seen_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
    let Session { user, id, device_name, platform, salt, generation, rotated_at, created_at, .. } = session;
    connection.prepare_cached(sql)?.execute(params![user, id, device_name, platform, salt, generation, rotated_at, created_at])?;
    Ok(())
}

/// Looks up a session of an account.
///
/// # Errors
/// Returns an error if the store fails.
pub fn session(connection: &Connection, user: Uuid, id: Uuid) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT user_id, session_id, device_name, platform, salt, generation, rotated_at, created_at
        FROM sessions WHERE user_id = ?1 AND session_id = ?2";
    let read = |row: &Row<'_>| {
        Ok(Session {
            user: row.get(0)?,
            id: row.get(1)?,
            device_name: row.get(2)?,
            platform: row.get(3)?,
            salt: row.get(4)?,
            generation: row.get(5)?,
            rotated_at: row.get(6)?,
            created_at: row.get(7)?,
        })
    };
    Ok(connection.prepare_cached(sql)?.query_row(params![user, id], read).optional()?)
}

/// Sets the number of a session's refresh token, which invalidates the previous token.
///
/// # Errors
/// Returns an error if the store fails.
pub fn rotate(connection: &Connection, session: &Session, next: u32, now_ms: i64) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET generation = ?3, rotated_at = ?4 WHERE user_id = ?1 AND session_id = ?2";
    connection.prepare_cached(sql)?.execute(params![session.user, session.id, next, now_ms])?;
    Ok(())
}

/// Revokes one session. Returns whether it was live.
///
/// # Errors
/// Returns an error if the store fails.
pub fn revoke(connection: &Connection, user: Uuid, session: Uuid) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET revoked = 1 WHERE user_id = ?1 AND session_id = ?2 AND NOT revoked";
    Ok(connection.execute(sql, params![user, session])? == 1)
}

/// Revokes all sessions of an account except one.
///
/// # Errors
/// Returns an error if the store fails.
pub fn revoke_all(connection: &Connection, user: Uuid, kept: Option<Uuid>) -> Result<(), StoreError> {
    connection.execute("UPDATE sessions SET revoked = 1 WHERE user_id = ?1 AND session_id IS NOT ?2", params![user, kept])?;
    Ok(())
}

/// The signed-in devices of an account.
///
/// # Errors
/// Returns an error if the store fails.
pub fn devices(connection: &Connection, user: Uuid) -> Result<Vec<Device>, StoreError> {
    let sql = "SELECT session_id, device_name, platform, created_at, seen_at, synced_at, synced_rev
        FROM sessions WHERE user_id = ?1 AND NOT revoked";
    let mut statement = connection.prepare_cached(sql)?;
    let read = statement.query_map([user], |row| {
        let synced = row.get::<_, Option<i64>>(5)?.zip(row.get::<_, Option<u64>>(6)?);
        Ok(Device {
            session: row.get(0)?,
            name: row.get(1)?,
            platform: row.get(2)?,
            signed_in_at: row.get(3)?,
            activity: DeviceActivity { seen_at: row.get(4)?, synced },
        })
    })?;
    Ok(read.collect::<Result<_, _>>()?)
}

/// Renames a signed-in device. Returns whether there is one with this session.
///
/// # Errors
/// Returns an error if the store fails.
pub fn rename_device(connection: &Connection, user: Uuid, session: Uuid, name: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE sessions SET device_name = ?3 WHERE user_id = ?1 AND session_id = ?2 AND NOT revoked";
    Ok(connection.execute(sql, params![user, session, name])? == 1)
}

/// Stores the last activity of a device.
///
/// # Errors
/// Returns an error if the store fails.
pub fn record_activity(connection: &Connection, user: Uuid, session: Uuid, activity: DeviceActivity) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET seen_at = max(seen_at, ?3), synced_at = coalesce(?4, synced_at), synced_rev = coalesce(?5, synced_rev)
        WHERE user_id = ?1 AND session_id = ?2";
    let (synced_at, synced_rev) = activity.synced.unzip();
    connection.prepare_cached(sql)?.execute(params![user, session, activity.seen_at, synced_at, synced_rev])?;
    Ok(())
}

/// Deletes the sessions whose tokens have all expired.
///
/// # Errors
/// Returns an error if the store fails.
pub fn forget_sessions(connection: &Connection, rotated_before_ms: i64) -> Result<usize, StoreError> {
    Ok(connection.execute("DELETE FROM sessions WHERE rotated_at < ?1", [rotated_before_ms])?)
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        user: row.get(0)?,
        email: row.get(1)?,
        password_hash: row.get(2)?,
        created_at: row.get(3)?,
        is_disabled: row.get(4)?,
        recovery_hash: row.get(5)?,
    })
}
