//! The last activity of the signed-in devices. It is kept in memory and stored once a minute, so that requests need not write it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::auth::tokens::Caller;
use crate::store::StoreError;
use crate::store::accounts::{Denied, Device, DeviceActivity, SessionKey};
use crate::store::database::Database;

/// Observations that are not stored yet, by session.
#[derive(Default)]
pub struct Devices {
    unsaved: Mutex<Unsaved>,
}

type Unsaved = HashMap<SessionKey, DeviceActivity>;

impl Devices {
    /// Records that the server responded to a request of a device.
    pub fn saw(&self, caller: Caller, now_ms: i64) {
        self.unsaved().entry(caller.key()).or_default().seen_at = now_ms;
    }

    /// Records that a device has everything up to the user's newest revision.
    pub fn synced(&self, caller: Caller, now_ms: i64, rev: u64) {
        self.unsaved().entry(caller.key()).or_default().synced = Some((now_ms, rev));
    }

    /// The signed-in devices of the caller's account, most recently seen first.
    ///
    /// # Errors
    /// Returns an error if the session has ended, or the store fails.
    pub async fn list(&self, database: &Database, caller: Caller) -> Result<Vec<Device>, Denied> {
        let mut devices = database.devices(caller.key()).await?;
        let unsaved = self.unsaved();
        for device in &mut devices {
            if let Some(new) = unsaved.get(&SessionKey { user: caller.user, session: device.session }) {
                device.activity =
                    DeviceActivity { seen_at: new.seen_at.max(device.activity.seen_at), synced: new.synced.or(device.activity.synced) };
            }
        }
        devices.sort_by_key(|device| std::cmp::Reverse(device.activity.seen_at));
        Ok(devices)
    }

    /// Stores new observations. If that fails, they stay for the next time.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn store(&self, database: &Database) -> Result<(), StoreError> {
        let unsaved: Vec<_> = self.unsaved().iter().map(|(key, activity)| (*key, *activity)).collect();
        if unsaved.is_empty() {
            return Ok(());
        }
        database.record_activity(unsaved.clone()).await?;
        let stored = unsaved;
        let mut unsaved = self.unsaved();
        for (key, activity) in stored {
            if unsaved.get(&key) == Some(&activity) {
                unsaved.remove(&key);
            }
        }
        Ok(())
    }

    fn unsaved(&self) -> MutexGuard<'_, Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
