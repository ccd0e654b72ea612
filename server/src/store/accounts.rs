//! Accounts, sessions and devices as every database stores them.

use uuid::Uuid;

use super::StoreError;

/// An account with its sign-in credentials.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: Uuid,
    /// In lower case.
    pub email: String,
    /// In the PHC string format.
    pub password_hash: String,
    /// The hash of the recovery code. Without one, no code is right.
    pub recovery_hash: Option<String>,
    /// In milliseconds since the Unix epoch, like all times here.
    pub created_at: i64,
    /// Whether the operator has disabled the account.
    pub is_disabled: bool,
}

/// A session: one sign-in of a device, and the refresh tokens issued for it.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: Uuid,
    pub id: Uuid,
    pub device_name: Option<String>,
    /// The platform of the device, as the device reports it.
    pub platform: Option<String>,
    /// Used with the server's secret to derive the session's tokens.
    pub salt: [u8; 16],
    /// The number of the current refresh token.
    pub generation: u32,
    /// When that token was first issued.
    pub rotated_at: i64,
    pub created_at: i64,
}

/// The maximum number of sessions of an account. A sign-in beyond it ends the least recently used session.
pub const SESSIONS_MAX: i64 = 100;

/// The session of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    pub user: Uuid,
    pub session: Uuid,
}

/// A signed-in device: a live session and its activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub session: Uuid,
    pub name: Option<String>,
    pub platform: Option<String>,
    pub signed_in_at: i64,
    pub activity: DeviceActivity,
}

/// The last activity of a device in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceActivity {
    /// When its last request was answered.
    pub seen_at: i64,
    /// When it last had everything that the server had, and the user's revision at that time.
    pub synced: Option<(i64, u64)>,
}

/// Whether an account was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    New,
    EmailTaken,
}

/// Whether a session was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedIn {
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

/// What identifies the version of a live record in a digest.
#[derive(Clone, Debug)]
pub struct Live {
    pub rev: u64,
    pub collection: String,
    pub id: Uuid,
}

/// How much a server holds, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    pub accounts: u64,
    /// The sessions that have been used recently.
    pub sessions: u64,
    /// When the newest backup was made.
    pub backed_up_at: Option<i64>,
}

/// Why a call was denied or failed.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The session has ended, whatever the lifetime of its access token (R26).
    #[error("the session has ended")]
    SessionEnded,
    #[error(transparent)]
    Store(#[from] StoreError),
}
