//! The status of sync, derived from the data each time it is read (R19).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::registry;
use crate::task::Snapshot;

/// The state of sync.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// What sync is doing, or waiting for.
    pub state: SyncState,
    /// Edits that the server has yet to acknowledge. While there are any, nothing is called synced.
    pub pending: u64,
    /// When the oldest of them was made, in milliseconds since the Unix epoch.
    pub pending_since: Option<i64>,
    /// Edits that the server has refused for good.
    pub blocked: u64,
    /// Changes that this version of the app cannot read.
    pub quarantined: u64,
    /// When everything on the server was last pulled, in milliseconds since the Unix epoch.
    pub last_successful_server_sync_timestamp: Option<i64>,
    /// When a push last succeeded, in milliseconds since the Unix epoch.
    pub last_successful_client_push_timestamp: Option<i64>,
    /// The same two for each collection.
    pub collections: BTreeMap<String, CollectionStatus>,
    /// In how many milliseconds sync tries again by itself.
    pub next_attempt_in_ms: Option<i64>,
    /// Records that a full resync would delete, if the user agrees: more than none while the user's answer is awaited, whether or not
    /// sync is on.
    pub to_be_deleted: u64,
    /// What went wrong last, until something goes right.
    pub last_error: Option<String>,
}

/// When a collection was last in step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CollectionStatus {
    /// When everything on the server was last pulled, in milliseconds since the Unix epoch.
    pub last_successful_server_sync_timestamp: Option<i64>,
    /// When a push of its records last succeeded, in milliseconds since the Unix epoch.
    pub last_successful_client_push_timestamp: Option<i64>,
}

/// What sync is doing, or waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum SyncState {
    /// Sync is switched off, or nobody is signed in: nothing is sent.
    Off,
    /// The app has paused sync.
    Paused,
    /// The server cannot be reached, or answers that it is too busy; sync tries again.
    Offline,
    /// The user must sign in again.
    NeedsAuth,
    /// A resync would delete many records, and waits for the user's answer.
    NeedsConfirmation,
    /// The app is too old for the server.
    UpgradeRequired,
    /// Something is being sent, received or stored.
    Syncing,
    /// Nothing to do until somebody writes, here or elsewhere. Ask [`Status::is_synced`] whether all is well.
    Idle,
}

impl Status {
    /// Whether the server has everything that was written here, and nothing waits to be dealt with.
    pub fn is_synced(&self) -> bool {
        self.state == SyncState::Idle && self.pending == 0 && self.blocked == 0 && self.quarantined == 0 && self.last_error.is_none()
    }

    /// The part of the status that comes from the data.
    pub(crate) fn of(snapshot: &Snapshot, state: SyncState) -> Self {
        let Snapshot { meta, counts } = snapshot;
        let collection = |path: &str| CollectionStatus {
            last_successful_server_sync_timestamp: meta.last_pull_at,
            last_successful_client_push_timestamp: meta.last_push_at.get(path).copied(),
        };
        Status {
            state,
            pending: counts.pending,
            pending_since: counts.pending_since,
            blocked: counts.blocked,
            quarantined: counts.quarantined,
            last_successful_server_sync_timestamp: meta.last_pull_at,
            last_successful_client_push_timestamp: meta.last_push_at.values().max().copied(),
            collections: registry::COLLECTIONS.iter().map(|known| (known.path.to_owned(), collection(known.path))).collect(),
            next_attempt_in_ms: None,
            to_be_deleted: 0,
            last_error: None,
        }
    }
}
