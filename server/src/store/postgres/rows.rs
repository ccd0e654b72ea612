//! Reads accounts, sessions and devices from the rows of a response.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::convert::number;
use crate::store::StoreError;
use crate::store::accounts::{Account, Denied, Device, DeviceActivity, Session, SessionKey};

pub fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        user: row.try_get(0)?,
        email: row.try_get(1)?,
        password_hash: row.try_get(2)?,
        recovery_hash: row.try_get(3)?,
        created_at: row.try_get(4)?,
        is_disabled: row.try_get(5)?,
    })
}

pub fn session(key: SessionKey, row: &Row) -> Result<Session, StoreError> {
    let (salt, generation): (&[u8], i64) = (row.try_get(2)?, row.try_get(3)?);
    Ok(Session {
        user: key.user,
        id: key.session,
        device_name: row.try_get(0)?,
        platform: row.try_get(1)?,
        salt: salt.try_into().map_err(StoreError::new)?,
        generation: generation.try_into().map_err(StoreError::new)?,
        rotated_at: row.try_get(4)?,
        created_at: row.try_get(5)?,
    })
}

pub fn device(row: &Row) -> Result<Device, StoreError> {
    let synced = row.try_get::<_, Option<i64>>(5)?.zip(row.try_get(6)?);
    let synced = synced.map(|(at, rev)| Ok::<_, StoreError>((at, number(rev)?))).transpose()?;
    Ok(Device {
        session: row.try_get(0)?,
        name: row.try_get(1)?,
        platform: row.try_get(2)?,
        signed_in_at: row.try_get(3)?,
        activity: DeviceActivity { seen_at: row.try_get(4)?, synced },
    })
}

/// Reads the response to a statement: whether the caller's session was live, and whether anything was changed.
pub fn answered(rows: &[Row]) -> Result<bool, Denied> {
    let row = rows.first().ok_or_else(nothing)?;
    let read = || Ok::<(bool, bool), tokio_postgres::Error>((row.try_get(0)?, row.try_get(1)?));
    match read().map_err(StoreError::from)? {
        (false, _) => Err(Denied::SessionEnded),
        (true, is_changed) => Ok(is_changed),
    }
}

pub fn is_true(rows: &[Row]) -> Result<bool, StoreError> {
    one(rows)
}

/// The only value of the only row.
pub fn one<T: for<'r> FromSql<'r>>(rows: &[Row]) -> Result<T, StoreError> {
    Ok(rows.first().ok_or_else(nothing)?.try_get(0)?)
}

pub fn nothing() -> StoreError {
    StoreError::new("the database returned no row; this is a bug, please report it")
}
