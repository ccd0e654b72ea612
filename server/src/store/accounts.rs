//! Accounts, sessions and devices as every database stores them.

use stronglog_sync::digest::Digest;
use uuid::Uuid;

use super::{StoreError, Usage};

/// An account with its sign-in credentials.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account's id.
    pub user: Uuid,
    /// In lower case.
    pub email: String,
    /// In the PHC string format.
    pub password_hash: String,
    /// The hash of the recovery code. Without one, no code is accepted.
    pub recovery_hash: Option<String>,
    /// In milliseconds since the Unix epoch, like all times here.
    pub created_at: i64,
    /// Whether the operator has disabled the account.
    pub is_disabled: bool,
}

/// A session: one sign-in of a device, and the refresh tokens issued for it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account's id.
    pub user: Uuid,
    /// The session's id.
    pub id: Uuid,
    /// The device's name, if the user has given it one.
    pub device_name: Option<String>,
    /// The platform of the device, as the device reports it.
    pub platform: Option<String>,
    /// Used with the server's secret to derive the session's tokens.
    pub salt: [u8; 16],
    /// The number of the current refresh token.
    pub generation: u32,
    /// When that token was first issued.
    pub rotated_at: i64,
    /// When the device signed in.
    pub created_at: i64,
}

/// The maximum number of sessions of an account. A sign-in beyond it ends the least recently used session.
pub const SESSIONS_MAX: i64 = 100;

/// The session of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// The account's id.
    pub user: Uuid,
    /// The session's id.
    pub session: Uuid,
}

/// A signed-in device: a live session and its activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The id of the device's session.
    pub session: Uuid,
    /// The device's name, if the user has given it one.
    pub name: Option<String>,
    /// The platform of the device, as the device reports it.
    pub platform: Option<String>,
    /// When the session began.
    pub signed_in_at: i64,
    /// The device's last activity.
    pub activity: DeviceActivity,
}

/// The last activity of a device in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceActivity {
    /// When the server last responded to it.
    pub seen_at: i64,
    /// When it last had everything that the server had, and the user's revision at that time.
    pub synced: Option<(i64, u64)>,
}

/// Whether an account was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The account was created.
    New,
    /// Another account has the email address.
    EmailTaken,
}

/// Whether a session was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// The session was begun.
    Begun,
    /// The account is gone, or its password has changed in the meantime.
    WrongPassword,
    /// The operator has disabled the account.
    Disabled,
}

/// The fate of a session whose refresh token was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// This becomes the number of the valid token, which invalidates the previous token.
    Rotate(u32),
    /// Nothing changes.
    Keep,
    /// The session ends, because the token may have been stolen.
    Revoke,
}

/// A notification to the other servers of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The newest revision of a user.
    Revision(Uuid, u64),
    /// A session of a user has ended.
    Ended(Uuid),
}

/// Changes by other processes that the open streams of this one must report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissedNotifications {
    /// The newest revisions of users.
    pub revisions: Vec<(Uuid, u64)>,
    /// The sessions that have ended.
    pub ended: Vec<SessionKey>,
}

/// The identity of a live record's version in a digest.
#[derive(Clone, Debug)]
pub struct Live {
    /// The version's revision.
    pub rev: u64,
    /// The record's collection.
    pub collection: String,
    /// The record's id.
    pub id: Uuid,
    /// The size of its JSON in bytes.
    pub bytes: u64,
}

/// What the server keeps about all records of an account, in place of computing it.
pub struct Totals {
    /// The newest revision.
    pub rev: u64,
    /// The digest of the live records. `None` if it is missing.
    pub digest: Option<Digest>,
    /// The usage as it was counted.
    pub usage: Usage,
    /// The number of tombstones that there are.
    pub tombstones: u64,
}

/// The numbers of accounts and sessions, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// The number of accounts.
    pub accounts: u64,
    /// The sessions that have been used recently.
    pub sessions: u64,
    /// When the newest backup was made.
    pub backed_up_at: Option<i64>,
}

/// The reason why a call was denied or failed.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The session has ended, whatever the lifetime of its access token (R26).
    #[error("the session has ended")]
    SessionEnded,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
