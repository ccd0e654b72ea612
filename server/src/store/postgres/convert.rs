//! Converts numbers between Rust, where many are unsigned, and the database, where all are signed.

use crate::store::StoreError;

/// A number as the database stores it.
pub fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::new(format!("{number} is more than the database can store")))
}

/// A number as it was stored.
pub fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| {
        StoreError::new(format!("the database has {stored} in a column that must not be negative; the database may be damaged"))
    })
}
