//! Change notifications: for each user with an open stream, a watch channel with the newest revision.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::shares::Exhausted;
use crate::store::accounts::SessionKey;

/// The maximum number of open streams per user.
const STREAMS_MAX: usize = 64;
/// The maximum number of open streams per session. A device needs one, and a second one while it has not noticed that the first has broken.
const SESSION_STREAMS_MAX: usize = 8;

/// The notifications of all users.
pub struct Notifications {
    by_user: Mutex<HashMap<Uuid, Streams>>,
    /// The maximum number of open streams. Each holds a connection, and requests need connections too.
    all_max: usize,
}

/// The open streams of one user.
struct Streams {
    /// The newest revision.
    revision: watch::Sender<u64>,
    /// Oldest first.
    open: Vec<Stream>,
}

struct Stream {
    session: Uuid,
    /// Closed when the stream has ended. Dropping it ends the stream.
    room: oneshot::Sender<()>,
}

impl Streams {
    /// The number of streams of a session.
    fn of(&self, session: Uuid) -> usize {
        self.open.iter().filter(|stream| stream.session == session).count()
    }

    /// The number of streams of the session with the most.
    fn most(&self) -> usize {
        self.open.iter().map(|stream| self.of(stream.session)).max().unwrap_or(0)
    }

    /// Ends the oldest stream of the session with the most.
    fn make_room(&mut self) {
        let most = self.most();
        if let Some(place) = self.open.iter().position(|stream| self.of(stream.session) == most) {
            drop(self.open.remove(place));
        }
    }
}

/// The subscription of a stream.
pub struct Subscription {
    /// The user's revisions. The subscriber reads the first one from the store, and then calls [`Notifications::correct`].
    pub revisions: watch::Receiver<u64>,
    /// Closed when the stream must make room for another one.
    pub room: oneshot::Receiver<()>,
}

impl Notifications {
    /// Allows half of the connections to be streams.
    pub fn new(connections_max: usize) -> Self {
        Notifications { by_user: Mutex::default(), all_max: (connections_max / 2).max(1) }
    }

    /// Subscribes a session to its user's revisions. If there are too many streams, one of the user with the most makes room, and among these
    /// one of the session with the most. Its device connects again, and gets its turn then.
    ///
    /// # Errors
    /// Returns an error if the session has too many open streams, or if its user does or all users together do and nobody has more. A user
    /// without a stream has not used up any share.
    pub fn subscribe(&self, SessionKey { user, session }: SessionKey) -> Result<Subscription, Exhausted> {
        let mut by_user = self.by_user();
        by_user.retain(|_, streams| {
            streams.open.retain(|stream| !stream.room.is_closed());
            !streams.open.is_empty()
        });
        let (own, of_session) = by_user.get(&user).map_or((0, 0), |streams| (streams.open.len(), streams.of(session)));
        if of_session >= SESSION_STREAMS_MAX {
            return Err(Exhausted::Share);
        }
        if own >= STREAMS_MAX {
            let crowded = by_user.get_mut(&user).filter(|own| own.most() > of_session + 1);
            crowded.ok_or(Exhausted::Share)?.make_room();
        } else if by_user.values().map(|streams| streams.open.len()).sum::<usize>() >= self.all_max {
            let crowded = by_user.values_mut().max_by_key(|streams| streams.open.len()).filter(|most| most.open.len() > own + 1);
            crowded.ok_or(if own == 0 { Exhausted::Total } else { Exhausted::Share })?.make_room();
        }
        let streams = by_user.entry(user).or_insert_with(|| Streams { revision: watch::Sender::new(0), open: Vec::new() });
        let (sender, room) = oneshot::channel();
        streams.open.push(Stream { session, room: sender });
        Ok(Subscription { revisions: streams.revision.subscribe(), room })
    }

    /// Notifies a user's subscribers of a revision. Commits may be reported out of order; an older revision changes nothing.
    pub fn notify(&self, user: Uuid, rev: u64) {
        self.tell(user, |announced| rev.max(announced));
    }

    /// The revision that was last sent to the subscribers of each user.
    pub fn announced(&self) -> HashMap<Uuid, u64> {
        self.by_user().iter().map(|(user, streams)| (*user, *streams.revision.borrow())).collect()
    }

    /// Notifies a user's subscribers of the newest revision of the store, which was read after another one was sent to them. If it is
    /// lower, the store has gone back to an earlier state, in which higher revisions are new again. A revision that was sent in the
    /// meantime may be newer.
    pub fn correct(&self, user: Uuid, announced_before: u64, rev: u64) {
        self.tell(user, |announced| if announced == announced_before { rev } else { rev.max(announced) });
    }

    fn tell(&self, user: Uuid, next: impl FnOnce(u64) -> u64) {
        if let Some(streams) = self.by_user().get(&user) {
            streams.revision.send_if_modified(|announced| {
                let before = std::mem::replace(announced, next(*announced));
                before != *announced
            });
        }
    }

    /// Ends all streams.
    pub fn end_all(&self) {
        self.by_user().clear();
    }

    /// The number of open streams.
    pub fn open(&self) -> usize {
        self.by_user().values().map(|streams| streams.open.iter().filter(|stream| !stream.room.is_closed()).count()).sum()
    }

    fn by_user(&self) -> MutexGuard<'_, HashMap<Uuid, Streams>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    /// A session of a user.
    fn of(user: Uuid, session: u128) -> SessionKey {
        SessionKey { user, session: Uuid::from_u128(session) }
    }

    fn is_open(stream: &mut Subscription) -> bool {
        matches!(stream.room.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    #[test]
    fn no_session_takes_the_streams_of_its_account() {
        let notifications = Notifications::new(1_000);
        let mut sessions: Vec<Vec<Subscription>> = Vec::new();
        for session in 0..8 {
            sessions.push((0..SESSION_STREAMS_MAX).map(|_| notifications.subscribe(of(BUSY, session)).expect("room")).collect());
            assert_eq!(notifications.subscribe(of(BUSY, session)).err(), Some(Exhausted::Share), "the bound of a session");
        }
        let mut late: Vec<_> = (0..7).map(|_| notifications.subscribe(of(BUSY, 8)).expect("the others make room")).collect();
        assert_eq!(notifications.subscribe(of(BUSY, 8)).err(), Some(Exhausted::Share), "nobody has two more");
        assert!(late.iter_mut().all(is_open));
        let open: Vec<usize> =
            sessions.iter_mut().map(|own| own.iter_mut().filter_map(|stream| is_open(stream).then_some(())).count()).collect();
        assert_eq!((open.iter().sum::<usize>(), notifications.open()), (STREAMS_MAX - 7, STREAMS_MAX));
        assert!(open.iter().all(|open| *open >= 7) && !is_open(&mut sessions[0][0]), "each gave its oldest: {open:?}");
        notifications.subscribe(of(OTHER, 8)).expect("another account has streams of its own");
    }

    #[test]
    fn whoever_has_most_streams_makes_room_with_one_of_them() {
        let notifications = Notifications::new(6);
        let mut busy: Vec<Subscription> = (0..3).map(|_| notifications.subscribe(of(BUSY, 1)).expect("room")).collect();
        assert_eq!(notifications.subscribe(of(BUSY, 1)).err(), Some(Exhausted::Share), "nobody has more");
        let _other = notifications.subscribe(of(OTHER, 1)).expect("the first user makes room");
        busy.retain_mut(is_open);
        assert_eq!((busy.len(), notifications.open()), (2, 3), "the oldest stream has ended");
        assert_eq!(notifications.subscribe(of(OTHER, 1)).err(), Some(Exhausted::Share), "both would have the same number");
        let each: Vec<_> = (3..6).map(|user| notifications.subscribe(of(Uuid::from_u128(user), 1))).collect();
        assert_eq!(each[2].as_ref().err(), Some(&Exhausted::Total), "everybody has one, and a newcomer none");
    }

    #[test]
    fn a_store_that_has_gone_back_is_news_and_a_late_report_is_not() {
        let notifications = Notifications::new(6);
        let mut stream = notifications.subscribe(of(BUSY, 1)).expect("room");
        let mut announced = || stream.revisions.has_changed().expect("open").then(|| *stream.revisions.borrow_and_update());
        notifications.notify(BUSY, 15);
        assert_eq!(announced(), Some(15));
        notifications.notify(BUSY, 14);
        assert_eq!(announced(), None, "commits may be reported out of order");
        let before = notifications.announced()[&BUSY];
        notifications.notify(BUSY, 16);
        assert_eq!(announced(), Some(16));
        notifications.correct(BUSY, before, 15);
        assert_eq!(announced(), None, "the store was read before the last commit");
        notifications.correct(BUSY, notifications.announced()[&BUSY], 3);
        assert_eq!(announced(), Some(3), "the store has gone back");
        notifications.notify(BUSY, 4);
        assert_eq!(announced(), Some(4));
        notifications.correct(OTHER, 0, 7);
        assert_eq!(announced(), None, "nobody listens to the other");
    }
}
