//! The status of sync, derived from the stored data each time it is read (R19).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::collection::Contract;
use crate::digest::DifferenceState;
use crate::task::Snapshot;

/// The status of sync.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// What sync is doing or waiting for.
    pub state: SyncState,
    /// Edits that the server has not acknowledged yet. While there are any, sync is not complete.
    pub pending: u64,
    /// When the oldest pending edit was made, in milliseconds since the Unix epoch.
    pub pending_since: Option<i64>,
    /// Edits that the server has rejected permanently.
    pub blocked: u64,
    /// Changes that this version of the app cannot read.
    pub quarantined: u64,
    /// When the device last pulled everything from the server, in milliseconds since the Unix epoch.
    pub last_successful_server_sync_timestamp: Option<i64>,
    /// When a push last succeeded, in milliseconds since the Unix epoch.
    pub last_successful_client_push_timestamp: Option<i64>,
    /// The same two times for each collection.
    pub collections: BTreeMap<String, CollectionStatus>,
    /// How many milliseconds remain until sync tries again on its own.
    pub next_attempt_in_ms: Option<i64>,
    /// Records that a full resync would delete if the user agrees. Greater than 0 exactly while the user's decision is awaited, even if
    /// sync is off.
    pub to_be_deleted: u64,
    /// Since when records of this device have differed from the server's, although everything was fetched again. In milliseconds since the
    /// Unix epoch.
    pub differs_since: Option<i64>,
    /// When this device last found that it differed from the server and fetched everything again, in milliseconds since the Unix epoch.
    pub last_difference_at: Option<i64>,
    /// The last error. Cleared by the next success.
    pub last_error: Option<String>,
    /// How far the server's clock is ahead of this device's, in milliseconds, or behind it if negative. Set if they differ by more than five
    /// minutes.
    pub server_clock_ahead_ms: Option<i64>,
    /// Whether the stamps of this device's edits are the server's time, although the clocks differ. Until that is so, its edits may lose
    /// against earlier ones of other devices, or wait.
    pub corrects_clock: bool,
}

/// When a collection was last synced.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CollectionStatus {
    /// When the device last pulled everything from the server, in milliseconds since the Unix epoch.
    pub last_successful_server_sync_timestamp: Option<i64>,
    /// When a push of its records last succeeded, in milliseconds since the Unix epoch.
    pub last_successful_client_push_timestamp: Option<i64>,
}

/// What sync is doing or waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SyncState {
    /// Sync is switched off, or nobody is signed in: nothing is sent.
    Off,
    /// The app has paused sync.
    Paused,
    /// The server cannot be reached or is too busy. Sync tries again.
    Offline,
    /// The user must sign in again.
    NeedsAuth,
    /// A resync would delete many records, and sync waits for the user's decision.
    NeedsConfirmation,
    /// The app is too old for the server.
    UpgradeRequired,
    /// Sync is sending, receiving or storing something.
    Syncing,
    /// There is nothing to do until this or another device writes. [`Status::is_synced`] says whether everything is in sync.
    Idle,
}

impl SyncState {
    /// Whether the device listens for change notifications.
    pub fn listens(self) -> bool {
        match self {
            SyncState::Off | SyncState::Paused | SyncState::NeedsAuth | SyncState::UpgradeRequired => false,
            SyncState::Offline | SyncState::NeedsConfirmation | SyncState::Syncing | SyncState::Idle => true,
        }
    }
}

impl Status {
    /// Whether the server has every edit of this device, and there is no rejected edit, unreadable change, difference or error.
    pub fn is_synced(&self) -> bool {
        let is_complete = self.pending == 0 && self.blocked == 0 && self.quarantined == 0;
        self.state == SyncState::Idle && is_complete && self.differs_since.is_none() && self.last_error.is_none()
    }

    /// Edits that the server does not have, rejected ones included.
    pub fn unsent(&self) -> u64 {
        self.pending + self.blocked
    }

    /// The part of the status that derives from the stored data.
    pub(crate) fn of(contract: &Contract, snapshot: &Snapshot, state: SyncState) -> Self {
        let Snapshot { meta, counts } = snapshot;
        let collection = |path: &str| CollectionStatus {
            last_successful_server_sync_timestamp: meta.last_pull_at,
            last_successful_client_push_timestamp: meta.last_push_at.get(path).copied(),
        };
        let clock = meta.clock.difference();
        Status {
            state,
            pending: counts.pending,
            pending_since: counts.pending_since,
            blocked: counts.blocked,
            quarantined: counts.quarantined,
            last_successful_server_sync_timestamp: meta.last_pull_at,
            last_successful_client_push_timestamp: meta.last_push_at.values().max().copied(),
            collections: contract.collections.iter().map(|known| (known.path.to_owned(), collection(known.path))).collect(),
            next_attempt_in_ms: None,
            to_be_deleted: 0,
            differs_since: meta.difference.filter(|known| known.state == DifferenceState::Persistent).map(|known| known.found_at),
            last_difference_at: meta.difference.map(|known| known.found_at),
            last_error: None,
            server_clock_ahead_ms: clock.map(|(ahead_ms, _)| ahead_ms),
            corrects_clock: clock.is_some_and(|(_, is_corrected)| is_corrected),
        }
    }
}
