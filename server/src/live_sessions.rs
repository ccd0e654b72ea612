//! The sessions under which a task waits, for notifications or for the rest of a body. The task is notified when the session ends, because
//! nothing else looks up the session in the meantime.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::store::accounts::SessionKey;

/// Sessions with waiting requests.
#[derive(Clone, Default)]
pub struct LiveSessions(Arc<Mutex<BTreeMap<SessionKey, Watched>>>);

struct Watched {
    /// Dropped when the session ends.
    alive: watch::Sender<()>,
    /// Whether the session has been looked up since a task began to wait. From then on, its end is noticed.
    is_known: bool,
}

/// A task that waits under a session.
pub struct Watch {
    sessions: LiveSessions,
    key: SessionKey,
    alive: watch::Receiver<()>,
}

impl LiveSessions {
    /// Begins to wait under a session.
    pub fn watch(&self, key: SessionKey) -> Watch {
        let mut all = self.all();
        let watched = all.entry(key).or_insert_with(|| Watched { alive: watch::Sender::new(()), is_known: false });
        Watch { sessions: self.clone(), key, alive: watched.alive.subscribe() }
    }

    /// The sessions under which a task waits, of one user or of all users.
    pub fn keys(&self, user: Option<Uuid>) -> Vec<SessionKey> {
        let first = |user| SessionKey { user, session: Uuid::nil() };
        let all = self.all();
        match user {
            Some(user) => all.range(first(user)..=SessionKey { user, session: Uuid::max() }).map(|(key, _)| *key).collect(),
            None => all.keys().copied().collect(),
        }
    }

    /// Notifies the tasks that wait under a session that it has ended.
    pub fn end(&self, key: SessionKey) {
        self.all().remove(&key);
    }

    /// Whether the caller must look up the session for the tasks that wait.
    pub fn must_look_up(&self, key: SessionKey) -> bool {
        self.all().get_mut(&key).is_some_and(|watched| !std::mem::replace(&mut watched.is_known, true))
    }

    /// The session could not be looked up.
    pub fn is_unknown(&self, key: SessionKey) {
        if let Some(watched) = self.all().get_mut(&key) {
            watched.is_known = false;
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<SessionKey, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// Waits for the end of the session.
    pub async fn ended(&mut self) {
        // Nothing is ever sent through the channel.
        while self.alive.changed().await.is_ok() {}
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut all = self.sessions.all();
        // The listed channel is open. This receiver is still counted.
        let is_listed = self.alive.has_changed().is_ok();
        if is_listed && all.get(&self.key).is_some_and(|watched| watched.alive.receiver_count() <= 1) {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn key(user: u128, session: u128) -> SessionKey {
        SessionKey { user: Uuid::from_u128(user), session: Uuid::from_u128(session) }
    }

    #[test]
    fn all_who_wait_under_a_session_learn_that_it_has_ended() {
        let sessions = LiveSessions::default();
        let (mut one, mut two, mut other) = (sessions.watch(key(1, 1)), sessions.watch(key(1, 1)), sessions.watch(key(1, 2)));
        let _other = sessions.watch(key(2, 1));
        assert_eq!(sessions.keys(Some(Uuid::from_u128(1))), [key(1, 1), key(1, 2)]);
        assert!(sessions.must_look_up(key(1, 1)) && !sessions.must_look_up(key(1, 1)), "one does for all");
        sessions.is_unknown(key(1, 1));
        assert!(sessions.must_look_up(key(1, 1)));
        sessions.end(key(1, 1));
        assert!(one.ended().now_or_never().is_some() && two.ended().now_or_never().is_some());
        assert!(other.ended().now_or_never().is_none());
        let mut again = sessions.watch(key(1, 1));
        drop((one, two));
        assert!(again.ended().now_or_never().is_none(), "who waited before does not end the wait of others");
        drop((other, again));
        assert_eq!(sessions.keys(None), [key(2, 1)], "sessions under which nobody waits are forgotten");
    }
}
