//! Who listens for whose newest revision: one watched number for each user with an open stream.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// How many streams one user may hold open.
const STREAMS_MAX: usize = 64;

/// The notifications of all users.
#[derive(Default)]
pub struct Notifications {
    bells: Mutex<HashMap<Uuid, watch::Sender<u64>>>,
}

impl Notifications {
    /// Listens for a user's revisions: nothing comes back where too many do. The number says nothing until the bell rings.
    pub fn listen(&self, user: Uuid) -> Option<watch::Receiver<u64>> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|_, bell| bell.receiver_count() > 0);
        let bell = bells.entry(user).or_insert_with(|| watch::Sender::new(0));
        (bell.receiver_count() < STREAMS_MAX).then(|| bell.subscribe())
    }

    /// Tells a user's listeners of a revision.
    pub fn ring(&self, user: Uuid, rev: u64) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(&user) {
            // Commits may ring out of order: the newest stays.
            bell.send_if_modified(|known| {
                if rev > *known {
                    *known = rev;
                    true
                } else {
                    false
                }
            });
        }
    }

    /// Ends the streams of a user who is no more.
    pub fn remove(&self, user: Uuid) {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).values().map(watch::Sender::receiver_count).sum()
    }
}
