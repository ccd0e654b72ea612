//! Change notifications: for each user with an open stream, a watch channel with the newest revision, and one for each session.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::store::accounts::SessionKey;

/// The maximum number of open streams per user.
const STREAMS_MAX: usize = 64;

/// The notifications of all users.
pub struct Notifications {
    by_user: Mutex<HashMap<Uuid, Streams>>,
    /// The maximum number of open streams. Each holds a connection, and requests need connections too.
    all_max: usize,
}

/// The open streams of one user.
struct Streams {
    /// The newest revision. It has one receiver for each stream.
    revision: watch::Sender<u64>,
    /// One channel for each session with a stream. Dropping it ends the session's streams.
    sessions: HashMap<Uuid, watch::Sender<()>>,
}

/// What a stream listens to.
pub struct Subscription {
    /// The user's revisions. The initial value has no meaning: the subscriber reads the revision from the store.
    pub revisions: watch::Receiver<u64>,
    /// Closed when the session ends.
    pub session: watch::Receiver<()>,
}

impl Notifications {
    /// Allows half of the connections to be streams.
    pub fn new(connections_max: usize) -> Self {
        Notifications { by_user: Mutex::default(), all_max: (connections_max / 2).max(1) }
    }

    /// Subscribes to a user's revisions, or returns `None` if the user has too many open streams, or all users together have and none has
    /// more than this one.
    pub fn subscribe(&self, SessionKey { user, session }: SessionKey) -> Option<Subscription> {
        let mut by_user = self.by_user();
        by_user.retain(|_, streams| streams.revision.receiver_count() > 0);
        if by_user.values().map(|streams| streams.revision.receiver_count()).sum::<usize>() >= self.all_max {
            let own = by_user.get(&user).map_or(0, |streams| streams.revision.receiver_count());
            let (_, most) = by_user.iter_mut().max_by_key(|(_, streams)| streams.revision.receiver_count())?;
            // Its device connects again, and has its turn then.
            let ended = *most.sessions.keys().next().filter(|_| most.revision.receiver_count() > own + 1)?;
            most.sessions.remove(&ended);
        }
        let streams = by_user.entry(user).or_insert_with(|| Streams { revision: watch::Sender::new(0), sessions: HashMap::new() });
        if streams.revision.receiver_count() >= STREAMS_MAX {
            return None;
        }
        streams.sessions.retain(|_, session| session.receiver_count() > 0);
        let session = streams.sessions.entry(session).or_insert_with(|| watch::Sender::new(())).subscribe();
        Some(Subscription { revisions: streams.revision.subscribe(), session })
    }

    /// Notifies a user's subscribers of a revision. Commits may be reported out of order; an older revision changes nothing.
    pub fn notify(&self, user: Uuid, rev: u64) {
        if let Some(streams) = self.by_user().get(&user) {
            streams.revision.send_if_modified(|known| {
                let is_newer = rev > *known;
                *known = rev.max(*known);
                is_newer
            });
        }
    }

    /// The sessions with an open stream: those of one user, or of all.
    pub fn sessions(&self, user: Option<Uuid>) -> Vec<SessionKey> {
        let by_user = self.by_user();
        let streams = by_user.iter().filter(|(known, _)| user.is_none_or(|user| user == **known));
        streams.flat_map(|(user, streams)| streams.sessions.keys().map(|session| SessionKey { user: *user, session: *session })).collect()
    }

    /// Ends the streams of a session.
    pub fn end(&self, key: SessionKey) {
        if let Some(streams) = self.by_user().get_mut(&key.user) {
            streams.sessions.remove(&key.session);
        }
    }

    /// The number of open streams.
    pub fn open(&self) -> usize {
        self.by_user().values().map(|streams| streams.revision.receiver_count()).sum()
    }

    fn by_user(&self) -> MutexGuard<'_, HashMap<Uuid, Streams>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: u128, session: u128) -> SessionKey {
        SessionKey { user: Uuid::from_u128(user), session: Uuid::from_u128(session) }
    }

    #[test]
    fn whoever_has_most_streams_makes_room() {
        let notifications = Notifications::new(6);
        let mut busy: Vec<Subscription> = (0..3).map(|session| notifications.subscribe(key(1, session)).expect("room")).collect();
        assert!(notifications.subscribe(key(1, 3)).is_none(), "nobody has more");
        let _other = notifications.subscribe(key(2, 0)).expect("the first user makes room");
        let ended = busy.iter().filter(|stream| stream.session.has_changed().is_err()).count();
        assert_eq!(ended, 1);
        busy.retain(|stream| stream.session.has_changed().is_ok());
        assert_eq!(notifications.open(), 3);
        assert!(notifications.subscribe(key(2, 1)).is_none(), "both would have the same number");
    }
}
