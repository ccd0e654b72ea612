//! Subscriptions of an app: changed records, and the status of sync.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use crate::api::collection::Collection;
use crate::status::Status;
use crate::store::Key;

/// The changes of one collection's records, or of all records.
pub struct Changes {
    receiver: broadcast::Receiver<Arc<[Key]>>,
    collection: Option<&'static Collection>,
}

impl Changes {
    pub(super) fn new(receiver: broadcast::Receiver<Arc<[Key]>>, collection: Option<&'static Collection>) -> Self {
        Changes { receiver, collection }
    }

    /// Waits for the next change, and returns the keys of the changed records. The list is empty if the app has fallen behind and should
    /// read everything again. Returns `None` once the client is gone.
    pub async fn next(&mut self) -> Option<Vec<Key>> {
        loop {
            match self.receiver.recv().await {
                Ok(keys) => {
                    let wanted = |key: &&Key| self.collection.is_none_or(|collection| key.collection.path == collection.path);
                    let keys: Vec<Key> = keys.iter().filter(wanted).copied().collect();
                    if !keys.is_empty() {
                        return Some(keys);
                    }
                }
                Err(RecvError::Lagged(_)) => return Some(Vec::new()),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// The status of sync, each time it changes.
pub struct Statuses {
    receiver: watch::Receiver<Status>,
}

impl Statuses {
    pub(super) fn new(mut receiver: watch::Receiver<Status>) -> Self {
        receiver.mark_changed();
        Statuses { receiver }
    }

    /// Returns the current status on the first call, and then waits for the next one. If the status has changed several times between two
    /// calls, it returns only the last. Returns `None` once the client is gone.
    pub async fn next(&mut self) -> Option<Status> {
        self.receiver.changed().await.ok()?;
        Some(self.receiver.borrow_and_update().clone())
    }
}
