//! Accounts as the operator sees and changes them. All functions work on the data folder; the server may be running.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension, Row, params};
use stronglog_sync::api::NewPassword;
use stronglog_sync::api::runtime::schema::Schema;
use uuid::Uuid;

use super::Error;
use crate::app::now_ms;
use crate::auth::passwords::hash_now;
use crate::auth::tokens::REFRESH_MS;
use crate::store::StoreError;
use crate::store::sqlite::{self, accounts, erased, outside};

/// An account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct User {
    /// The account's id.
    pub id: Uuid,
    /// In lower case.
    pub email: String,
    /// In milliseconds since the Unix epoch, like all times here.
    pub created_at: i64,
    /// Whether the operator has disabled the account.
    pub is_disabled: bool,
    /// The number of devices that are signed in.
    pub sessions: u64,
    /// When a device last exchanged its refresh token, which signed-in devices do at least every 15 minutes while they sync.
    pub seen_at: Option<i64>,
    /// The number of live records.
    pub records: u64,
    /// Their size in bytes of JSON.
    pub bytes: u64,
    /// The account's newest revision.
    pub rev: u64,
    /// The limits of this account alone. Without them, those of the server hold.
    pub limits: Limits,
}

/// How much one account may hold, where it differs from what the server allows all accounts. 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The number of live records.
    pub records_max: Option<u64>,
    /// Their size in bytes of JSON.
    pub bytes_max: Option<u64>,
}

/// A sign-in of a device.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session's id.
    pub id: Uuid,
    /// The name that the device gave itself.
    pub device_name: Option<String>,
    /// When the device signed in.
    pub created_at: i64,
    /// When the device last exchanged its refresh token.
    pub seen_at: i64,
}

/// The result of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// Whether the write-ahead log could be emptied too. A reader of the running server can prevent it.
    pub log_is_empty: bool,
}

/// All accounts, in order of their email addresses.
///
/// # Errors
/// The folder contains no database of this version, or it cannot be read.
pub fn list(data: &Path) -> Result<Vec<User>, Error> {
    let connection = outside::open(data)?;
    let read = || {
        let mut statement = connection.prepare(&format!("{USER} WHERE NOT erasing GROUP BY users.user_id ORDER BY email"))?;
        let users = statement.query_map([oldest()], user)?;
        users.collect::<Result<_, _>>()
    };
    Ok(read().map_err(StoreError::from)?)
}

/// One account, named by its email address or its id.
///
/// # Errors
/// There is no such account, or the database cannot be read.
pub fn show(data: &Path, who: &str) -> Result<User, Error> {
    find(&outside::open(data)?, who)
}

/// Gives an account limits of its own, or the server's again. Returns the account as it was before.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn limit(data: &Path, who: &str, limits: Limits) -> Result<User, Error> {
    change(data, who, |connection, user| Ok(accounts::set_limits(connection, user.id, limits.records_max, limits.bytes_max)?))
}

/// The devices that are signed in to an account, the one seen last first.
///
/// # Errors
/// There is no such account, or the database cannot be read.
pub fn sessions(data: &Path, who: &str) -> Result<Vec<SignedIn>, Error> {
    let connection = outside::open(data)?;
    let user = find(&connection, who)?;
    let read = || {
        let sql = "SELECT session_id, device_name, created_at, rotated_at FROM sessions
            WHERE user_id = ?1 AND NOT revoked AND rotated_at >= ?2 ORDER BY rotated_at DESC, session_id";
        let mut statement = connection.prepare(sql)?;
        let read =
            |row: &Row<'_>| Ok(SignedIn { id: row.get(0)?, device_name: row.get(1)?, created_at: row.get(2)?, seen_at: row.get(3)? });
        statement.query_map(params![user.id, oldest()], read)?.collect::<Result<_, _>>()
    };
    Ok(read().map_err(StoreError::from)?)
}

/// Refuses an account from now on, and ends its sessions. Its records stay.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn disable(data: &Path, who: &str) -> Result<User, Error> {
    change(data, who, |connection, user| {
        accounts::set_disabled(connection, user.id, true)?;
        Ok(accounts::revoke_all(connection, user.id, None)?)
    })
}

/// Lets the devices of a disabled account sign in again.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn enable(data: &Path, who: &str) -> Result<User, Error> {
    change(data, who, |connection, user| Ok(accounts::set_disabled(connection, user.id, false)?))
}

/// Sets the password of an account, and ends its sessions.
///
/// # Errors
/// There is no such account, the contract does not allow the password, or the database cannot be written.
pub fn reset_password(data: &Path, who: &str, password: &str) -> Result<User, Error> {
    let password = NewPassword(password.to_owned());
    password.validate().map_err(|report| Error::Password(report.to_string()))?;
    let hash = hash_now(&password).ok_or_else(|| Error::Password("it cannot be hashed".to_owned()))?;
    change(data, who, |connection, user| {
        accounts::set_password(connection, user.id, &hash)?;
        Ok(accounts::revoke_all(connection, user.id, None)?)
    })
}

/// A random password that the contract allows.
pub fn random_password() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>())
}

/// Erases an account with all its data, also from backups that are restored later.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn delete(data: &Path, who: &str) -> Result<(User, Erased), Error> {
    let user = change(data, who, |connection, user| Ok(accounts::begin_erasing(connection, user.id).map(drop)?))?;
    erased::note(data, user.id)?;
    // In steps, so that a running server writes meanwhile.
    while !outside::write(data, |connection| accounts::erase_some(connection, user.id, sqlite::ERASED_AT_ONCE))? {}
    Ok((user, Erased { log_is_empty: outside::empty_log(data)? }))
}

/// Changes an account in one transaction, and returns the account as it was before.
fn change(data: &Path, who: &str, work: impl FnOnce(&Connection, &User) -> Result<(), Error>) -> Result<User, Error> {
    outside::write(data, |connection| {
        let user = find(connection, who)?;
        work(connection, &user)?;
        Ok(user)
    })
}

/// An account, and its sessions since the time that is the first parameter.
const USER: &str = "SELECT users.user_id, email, users.created_at, disabled, count(session_id), max(rotated_at),
    record_count, record_bytes, rev, records_max, bytes_max FROM users
    LEFT JOIN sessions ON sessions.user_id = users.user_id AND NOT revoked AND rotated_at >= ?1";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        email: row.get(1)?,
        created_at: row.get(2)?,
        is_disabled: row.get(3)?,
        sessions: row.get(4)?,
        seen_at: row.get(5)?,
        records: row.get(6)?,
        bytes: row.get(7)?,
        rev: row.get(8)?,
        limits: Limits { records_max: row.get(9)?, bytes_max: row.get(10)? },
    })
}

fn find(connection: &Connection, who: &str) -> Result<User, Error> {
    // An email address contains an @, and an id does not.
    let id = Uuid::parse_str(who).ok();
    let sql = format!("{USER} WHERE NOT erasing AND (email = ?2 OR users.user_id = ?3) GROUP BY users.user_id");
    let found = connection.query_row(&sql, params![oldest(), who.to_lowercase(), id], user).optional();
    found.map_err(StoreError::from)?.ok_or_else(|| Error::NoAccount(who.to_owned()))
}

/// Sessions that were used before this time have expired.
fn oldest() -> i64 {
    now_ms().saturating_sub(REFRESH_MS)
}
