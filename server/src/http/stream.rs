//! Change notifications: a stream of the user's newest revision. It ends when the token expires, the session ends or the server stops, and
//! may end when there are too many streams.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::app::App;
use crate::auth::tokens::Caller;
use crate::clock::now_ms;
use crate::live_sessions::Watch;
use crate::notifications::Subscription;
use crate::problem::Failure;
use crate::shares::Exhausted;
use crate::store::prefetch::Prefetch;

/// How long a device waits before it tries again to open a stream.
const RETRY_SECS: u64 = 30;
/// How often a comment is sent, so that proxies keep the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Opens the stream of one device.
pub async fn open(app: &Arc<App>, caller: Caller) -> Result<Response, Failure> {
    // Before reading, so that neither a revision nor the end of the session is missed in between.
    let session = app.sessions.watch(caller.key());
    let Subscription { revisions, room } = app.notifications.subscribe(caller.key()).map_err(|exhausted| match exhausted {
        Exhausted::Share => Failure::rate_limited(RETRY_SECS),
        Exhausted::Total => Failure::unavailable("too many change streams are open; poll, or try again later").after(RETRY_SECS),
    })?;
    let announced_before = *revisions.borrow();
    let rev = app.read(caller, Prefetch::default(), |records| Ok(records.head()?.rev)).await?;
    app.notifications.correct(caller.user, announced_before, rev);
    let left = caller.expires_at_secs.saturating_mul(1_000).saturating_sub(now_ms());
    let end = Instant::now() + Duration::from_millis(u64::try_from(left).unwrap_or(0));
    let subscriber = Subscriber { revisions, room, session, stopping: app.stopping.clone(), end, known: None };
    let events = stream::unfold(subscriber, |mut subscriber| async move {
        let rev = subscriber.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("revision").data(rev.to_string())), subscriber))
    });
    Ok(Sse::new(events.fuse()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive")).into_response())
}

struct Subscriber {
    revisions: watch::Receiver<u64>,
    /// Closed when the stream must make room.
    room: oneshot::Receiver<()>,
    session: Watch,
    stopping: watch::Receiver<bool>,
    end: Instant,
    /// The revision of the last event that was sent.
    known: Option<u64>,
}

impl Subscriber {
    /// The next revision to send, or `None` at the end of the stream.
    async fn next(&mut self) -> Option<u64> {
        loop {
            let rev = *self.revisions.borrow_and_update();
            if self.known.replace(rev) != Some(rev) {
                return self.known;
            }
            tokio::select! {
                changed = self.revisions.changed() => changed.ok()?,
                _ = &mut self.room => return None,
                () = self.session.ended() => return None,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                () = sleep_until(self.end) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::live_sessions::LiveSessions;
    use crate::store::accounts::SessionKey;

    #[tokio::test]
    async fn it_tells_what_is_new_and_ends_with_the_token() {
        let (sender, revisions) = watch::channel(7);
        let (_running, stopping) = watch::channel(false);
        let end = Instant::now() + Duration::from_secs(3_600);
        let (sessions, key) = (LiveSessions::default(), SessionKey { user: Uuid::from_u128(1), session: Uuid::from_u128(2) });
        let (wanted, room) = oneshot::channel();
        let mut subscriber = Subscriber { revisions, room, session: sessions.watch(key), stopping, end, known: None };
        assert_eq!(subscriber.next().await, Some(7), "at once");
        sender.send_replace(8);
        sender.send_replace(9);
        assert_eq!(subscriber.next().await, Some(9), "only the last one is sent");
        sender.send_replace(6);
        assert_eq!(subscriber.next().await, Some(6), "the store has gone back");
        subscriber.end = Instant::now();
        assert_eq!(subscriber.next().await, None, "the token has run out");
        subscriber.end = end;
        sessions.end(key);
        assert_eq!(subscriber.next().await, None, "the session has ended");
        subscriber.session = sessions.watch(key);
        drop(wanted);
        assert_eq!(subscriber.next().await, None, "others need the room");
        let (_wanted, room) = oneshot::channel();
        subscriber.room = room;
        drop(sender);
        assert_eq!(subscriber.next().await, None, "the account is gone");
    }
}
