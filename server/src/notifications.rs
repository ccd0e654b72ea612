//! Change notifications: for each user with an open stream, a watch channel with the newest revision.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// The maximum number of open streams per user.
const STREAMS_MAX: usize = 64;

/// The notifications of all users.
#[derive(Default)]
pub struct Notifications {
    by_user: Mutex<HashMap<Uuid, watch::Sender<u64>>>,
}

impl Notifications {
    /// Subscribes to a user's revisions, or returns `None` if the user has too many open streams. The initial value of the channel has no
    /// meaning: the caller reads the revision from the store.
    pub fn subscribe(&self, user: Uuid) -> Option<watch::Receiver<u64>> {
        let mut by_user = self.by_user();
        by_user.retain(|_, revision| revision.receiver_count() > 0);
        let revision = by_user.entry(user).or_insert_with(|| watch::Sender::new(0));
        (revision.receiver_count() < STREAMS_MAX).then(|| revision.subscribe())
    }

    /// Notifies a user's subscribers of a revision. Commits may be reported out of order; an older revision changes nothing.
    pub fn notify(&self, user: Uuid, rev: u64) {
        if let Some(revision) = self.by_user().get(&user) {
            revision.send_if_modified(|known| {
                let is_newer = rev > *known;
                *known = rev.max(*known);
                is_newer
            });
        }
    }

    /// Ends the streams of a user whose account was erased.
    pub fn remove(&self, user: Uuid) {
        self.by_user().remove(&user);
    }

    /// The number of open streams.
    pub fn open(&self) -> usize {
        self.by_user().values().map(watch::Sender::receiver_count).sum()
    }

    fn by_user(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<u64>>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
