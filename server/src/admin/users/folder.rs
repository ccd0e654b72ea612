//! Accounts in the SQLite database of a folder. The server may be running.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{Erased, Limits, SignedIn, User, oldest};
use crate::admin::Error;
use crate::store::StoreError;
use crate::store::sqlite::{self, accounts, erased, files, outside, previous};

pub fn list(data: &Path) -> Result<Vec<User>, Error> {
    let connection = outside::open(data)?;
    let read = || {
        let mut statement = connection.prepare(&format!("{USER} WHERE NOT erasing GROUP BY users.user_id ORDER BY email"))?;
        let users = statement.query_map([oldest()], user)?;
        users.collect::<Result<_, _>>()
    };
    Ok(read().map_err(StoreError::from)?)
}

pub fn show(data: &Path, who: &str) -> Result<User, Error> {
    find_any(&outside::open(data)?, who)
}

pub fn limit(data: &Path, who: &str, limits: Limits) -> Result<User, Error> {
    change(data, who, |connection, user| Ok(accounts::set_limits(connection, user.id, limits.records_max, limits.bytes_max)?))
}

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

pub fn disable(data: &Path, who: &str) -> Result<User, Error> {
    change(data, who, |connection, user| {
        accounts::set_disabled(connection, user.id, true)?;
        Ok(accounts::revoke_all(connection, user.id, None)?)
    })
}

pub fn enable(data: &Path, who: &str) -> Result<User, Error> {
    change(data, who, |connection, user| Ok(accounts::set_disabled(connection, user.id, false)?))
}

pub fn set_password(data: &Path, who: &str, hash: &str) -> Result<User, Error> {
    change(data, who, |connection, user| {
        accounts::set_password(connection, user.id, hash)?;
        Ok(accounts::revoke_all(connection, user.id, None)?)
    })
}

pub fn delete(data: &Path, who: &str) -> Result<(User, Erased), Error> {
    let user = find_any(&outside::open(data)?, who)?;
    // What can fail because of the files comes before anything that cannot be undone.
    erased::prepare(data)?;
    files::hand_over(data)?;
    previous::erase(data, user.id)?;
    outside::write(data, |connection| accounts::begin_erasing(connection, user.id))?;
    let rest = || {
        erased::note(data, user.id)?;
        outside::write_in_steps(data, |connection| accounts::erase_some(connection, user.id, sqlite::ERASED_AT_ONCE))?;
        outside::empty_log(data)
    };
    match rest() {
        Ok(log_is_empty) => Ok((user, Erased { log_is_empty })),
        Err(cause) => Err(Error::HalfErased { id: user.id, cause }),
    }
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
    record_count, record_bytes, rev, records_max, bytes_max, erasing FROM users
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
        is_erasing: row.get(11)?,
    })
}

/// An account that can be used.
fn find(connection: &Connection, who: &str) -> Result<User, Error> {
    find_any(connection, who)
        .and_then(|user| if user.is_erasing { Err(Error::NoAccount { who: who.to_owned(), erasing: vec![user.id] }) } else { Ok(user) })
}

/// An account that can be used, or whose erasure is not complete.
fn find_any(connection: &Connection, who: &str) -> Result<User, Error> {
    // An email address contains an @, and an id does not. An account that is being erased has no email address.
    let id = Uuid::parse_str(who).ok();
    let sql = format!("{USER} WHERE (email = ?2 AND NOT erasing) OR users.user_id = ?3 GROUP BY users.user_id");
    let found = connection.query_row(&sql, params![oldest(), who.to_lowercase(), id], user).optional();
    match found.map_err(StoreError::from)? {
        Some(user) => Ok(user),
        None => Err(Error::NoAccount { who: who.to_owned(), erasing: accounts::erasing(connection)? }),
    }
}
