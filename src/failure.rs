//! Why the last sync failed, as a device stores it.

use serde::Serialize;

use crate::api::runtime::json::Json;
use crate::stored::{Readable, member};

/// Why the last sync failed. A device keeps it until a sync succeeds, so that a program that does not sync can say why edits wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SyncFailure {
    /// When it failed, in milliseconds since the Unix epoch.
    pub at: i64,
    /// What the failure means for the user.
    pub cause: FailureCause,
    /// The error.
    pub message: String,
}

/// What a failure of a sync means for the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum FailureCause {
    /// The server cannot be reached or is too busy.
    Offline,
    /// The account has no room for more records.
    Full,
    /// The user must sign in again.
    NeedsAuth,
    /// The app is too old for the server.
    UpgradeRequired,
    /// Something else, which the message names.
    #[default]
    Other,
}

impl Readable for SyncFailure {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut failure = SyncFailure::default();
        member(json, "at", &mut failure.at)?;
        member(json, "cause", &mut failure.cause)?;
        member(json, "message", &mut failure.message)?;
        Some(failure)
    }
}

impl Readable for FailureCause {
    fn read(json: Json<'_>) -> Option<Self> {
        Some(match json.as_str()? {
            "offline" => FailureCause::Offline,
            "full" => FailureCause::Full,
            "needsAuth" => FailureCause::NeedsAuth,
            "upgradeRequired" => FailureCause::UpgradeRequired,
            _ => FailureCause::Other,
        })
    }
}
