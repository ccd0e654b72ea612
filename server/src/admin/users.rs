//! The operator's view of accounts, and changes to them. The servers may be running.

#[cfg(feature = "postgres")]
mod database;
mod folder;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stronglog_sync::api::NewPassword;
use stronglog_sync::api::runtime::schema::Schema;
use uuid::Uuid;

use super::place::{Place, Where};
use super::{Error, on_place};
use crate::auth::passwords::hash_now;
use crate::auth::tokens::REFRESH_MS;
use crate::clock::now_ms;

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
    /// Whether an erasure has begun that is not complete. Only the id of such an account is known.
    pub is_erasing: bool,
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
    /// The account's own limits. Without them, the server's limits apply.
    pub limits: Limits,
}

/// The limits of one account that differ from the server's limits for all accounts. 0 means no limit. Build them with
/// `..Limits::default()`: a later version may add members.
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
    /// Whether the write-ahead log was also emptied. A reader of the running server can prevent it. A Postgres database manages its own
    /// log.
    pub log_is_empty: bool,
}

/// All accounts, in order of their email addresses.
///
/// # Errors
/// Returns an error if the place has no database of this version, or the database cannot be read.
pub async fn list(place: &Place) -> Result<Vec<User>, Error> {
    on_place!(place, data => folder::list(data), store => database::list(store).await)
}

/// One account, named by its email address or its id. An account that is being erased is found by its id.
///
/// # Errors
/// Returns an error if there is no such account, or the database cannot be read.
pub async fn show(place: &Place, who: &str) -> Result<User, Error> {
    on_place!(place, data => folder::show(data, who), store => database::show(store, who).await)
}

/// Sets limits for one account, or removes them so that the server's apply. Returns the account as it was before.
///
/// # Errors
/// Returns an error if there is no such account, or the database cannot be written.
pub async fn limit(place: &Place, who: &str, limits: Limits) -> Result<User, Error> {
    on_place!(place, data => folder::limit(data, who, limits), store => database::limit(store, who, limits).await)
}

/// The devices that are signed in to an account, most recently seen first.
///
/// # Errors
/// Returns an error if there is no such account, or the database cannot be read.
pub async fn sessions(place: &Place, who: &str) -> Result<Vec<SignedIn>, Error> {
    on_place!(place, data => folder::sessions(data, who), store => database::sessions(store, who).await)
}

/// Disables an account, and ends its sessions. Its records stay.
///
/// # Errors
/// Returns an error if there is no such account, or the database cannot be written.
pub async fn disable(place: &Place, who: &str) -> Result<User, Error> {
    on_place!(place, data => folder::disable(data, who), store => database::disable(store, who).await)
}

/// Lets the devices of a disabled account sign in again.
///
/// # Errors
/// Returns an error if there is no such account, or the database cannot be written.
pub async fn enable(place: &Place, who: &str) -> Result<User, Error> {
    on_place!(place, data => folder::enable(data, who), store => database::enable(store, who).await)
}

/// Sets the password of an account, and ends its sessions.
///
/// # Errors
/// Returns an error if there is no such account, the contract does not allow the password, or the database cannot be written.
pub async fn reset_password(place: &Place, who: &str, password: &str) -> Result<User, Error> {
    let password = NewPassword(password.to_owned());
    password.validate().map_err(|report| Error::Password(report.to_string()))?;
    let hash = hash_now(&password).ok_or_else(|| Error::Password("hashing failed; this is a bug, please report it".to_owned()))?;
    on_place!(place, data => folder::set_password(data, who, &hash), store => database::set_password(store, who, &hash).await)
}

/// A random password that the contract allows.
pub fn random_password() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>())
}

/// Erases an account with all its data, or completes an erasure that has begun. In a folder, later restores of backups do not bring the
/// account back.
///
/// # Errors
/// Returns an error if there is no such account, or the database cannot be written. [`Error::HalfErased`] says that the erasure has begun.
pub async fn delete(place: &Place, who: &str) -> Result<(User, Erased), Error> {
    on_place!(place, data => folder::delete(data, who), store => database::delete(store, who).await)
}

/// Sessions that were used before this time have expired.
fn oldest() -> i64 {
    now_ms().saturating_sub(REFRESH_MS)
}
