//! The state of a connection: waiting for a request, handling requests, or waiting for the peer to read a response.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::timeouts::{Deadlines, Patience};

/// The size of the pieces in which a response is passed to the connection. Passed bytes wait in buffers that are not counted here.
const PIECE_BYTES: usize = 16 * 1_024;

/// The state of one connection.
pub struct Activity {
    deadlines: Deadlines,
    state: Mutex<State>,
}

struct State {
    /// The number of requests that have been read and whose responses are not complete.
    answering: usize,
    /// The number of these whose bodies the peer has not sent completely.
    awaited: usize,
    /// When the last of them ended, or when the connection began.
    idle_since: Instant,
    /// Whether the connection has carried any request.
    served: bool,
    /// For each response with a piece in flight, the time by which the peer must have read it.
    sending: HashMap<u64, Instant>,
    next: u64,
}

/// What to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Keep it open.
    Busy,
    /// Close it: it has been idle for too long.
    Idle,
    /// Close it: the peer does not read its responses.
    Stalled,
}

impl Activity {
    pub fn new(deadlines: Deadlines) -> Arc<Self> {
        let state = State { answering: 0, awaited: 0, idle_since: Instant::now(), served: false, sending: HashMap::new(), next: 0 };
        Arc::new(Activity { deadlines, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the start of a request. It counts as in progress until the result is dropped.
    pub fn begin(self: &Arc<Self>) -> Answering {
        let mut state = self.state();
        state.answering += 1;
        state.served = true;
        state.next += 1;
        Answering { activity: Arc::clone(self), number: state.next }
    }

    pub fn connection_state(&self, now: Instant) -> ConnectionState {
        let state = self.state();
        if state.sending.values().any(|until| *until <= now) {
            return ConnectionState::Stalled;
        }
        let silent_max = if state.served { self.deadlines.idle } else { self.deadlines.first_request };
        if state.answering == 0 && state.idle_since + silent_max <= now { ConnectionState::Idle } else { ConnectionState::Busy }
    }

    /// The sort key for displacement: connections that never carried a request come first, then those that have been idle longest. `None`
    /// while a request is in progress.
    pub fn idle(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        (state.answering == 0).then_some((state.served, state.idle_since))
    }

    /// The sort key for displacement if no connection is idle: when the peer began to keep the server waiting for the bodies of all its
    /// requests. `None` if the server is handling a request.
    pub fn unfinished(&self) -> Option<Instant> {
        let state = self.state();
        (state.answering == state.awaited).then_some(state.idle_since)
    }

    /// The sort key for displacement if every connection has a response in progress: the earliest time by which the peer must read one of
    /// them. `None` if the server is handling a request.
    pub fn untaken(&self) -> Option<Instant> {
        let state = self.state();
        state.sending.values().min().copied().filter(|_| state.answering <= state.awaited + state.sending.len())
    }
}

/// A request in progress.
pub struct Answering {
    activity: Arc<Activity>,
    number: u64,
}

impl Answering {
    /// Wraps the request's body, to track whether the peer still has to send some of it.
    pub fn await_body(&self, body: impl HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        self.activity.state().awaited += 1;
        Body::new(Awaited { body: Body::new(body), activity: Some(Arc::clone(&self.activity)) })
    }

    /// Wraps the response's body, to track its sending.
    pub fn watch(self, body: Body) -> Watched {
        // The peer keeps the server waiting from now on. If nothing can be sent, the connection does not even poll for the first piece.
        let (patience, now) = (Patience::new(self.activity.deadlines.stall), Instant::now());
        self.sending(Some(now + patience.left()));
        Watched { body, rest: Bytes::new(), patience, handed_over: Some((now, 0)), answering: self }
    }

    /// Records the time by which the peer must read the current piece, or that no piece is in flight.
    fn sending(&self, until: Option<Instant>) {
        let mut state = self.activity.state();
        match until {
            Some(until) => state.sending.insert(self.number, until),
            None => state.sending.remove(&self.number),
        };
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.sending.remove(&self.number);
        state.answering -= 1;
        if state.answering == 0 {
            state.idle_since = Instant::now();
        }
    }
}

/// The body of a request, of which the peer still has to send some.
struct Awaited {
    body: Body,
    /// Taken when the body is complete.
    activity: Option<Arc<Activity>>,
}

impl Awaited {
    fn complete(&mut self) {
        if let Some(activity) = self.activity.take() {
            activity.state().awaited -= 1;
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.complete();
    }
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.as_ref().is_none_or(Result::is_err) || self.body.is_end_stream() {
            self.complete();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A tracked response body. As long as the connection does not poll for the next piece, the peer has not read the previous one.
pub struct Watched {
    body: Body,
    /// The rest of the current frame.
    rest: Bytes,
    patience: Patience,
    /// When the last piece was passed on, and its length.
    handed_over: Option<(Instant, usize)>,
    answering: Answering,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some((since, bytes)) = self.handed_over.take() {
            self.patience.moved(bytes, since.elapsed());
            self.answering.sending(None);
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        let now = Instant::now();
        self.handed_over = Some((now, length));
        self.answering.sending(Some(now + self.patience.left()));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn deadlines() -> Deadlines {
        Deadlines { first_request: 10 * SECOND, idle: 60 * SECOND, stall: 20 * SECOND, ..Deadlines::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_sooner_before_the_first_request_than_after_it() {
        let activity = Activity::new(deadlines());
        tokio::time::advance(9 * SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Busy);
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Idle);
        let request = activity.begin();
        tokio::time::advance(1_000 * SECOND).await;
        assert_eq!(
            (activity.connection_state(Instant::now()), activity.idle()),
            (ConnectionState::Busy, None),
            "the server takes its time"
        );
        drop(request);
        tokio::time::advance(59 * SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Busy);
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_is_not_taken_is_noticed() {
        let activity = Activity::new(deadlines());
        let mut body = activity.begin().watch(Body::from(vec![b'x'; PIECE_BYTES + 1]));
        assert_eq!(body.size_hint().exact(), Some(PIECE_BYTES as u64 + 1));
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Busy, "nothing has been sent yet");
        let first = body.frame().await.expect("a piece").expect("bytes").into_data().expect("data");
        assert_eq!((first.len(), body.size_hint().exact(), body.is_end_stream()), (PIECE_BYTES, Some(1), false));
        tokio::time::advance(19 * SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Busy);
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Stalled);
        body.frame().await.expect("a piece").expect("bytes");
        assert_eq!(
            (activity.connection_state(Instant::now()), body.is_end_stream()),
            (ConnectionState::Busy, true),
            "it was taken after all"
        );
        drop(body);
        assert!(activity.idle().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_of_which_the_peer_takes_not_even_the_first_byte_is_noticed() {
        let activity = Activity::new(deadlines());
        let body = activity.begin().watch(Body::from("x"));
        tokio::time::advance(20 * SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Stalled);
        drop(body);
        let mut quiet = activity.begin().watch(Body::from_stream(futures_util::stream::pending::<Result<Bytes, axum::Error>>()));
        assert!(futures_util::FutureExt::now_or_never(quiet.frame()).is_none());
        tokio::time::advance(1_000 * SECOND).await;
        assert_eq!(activity.connection_state(Instant::now()), ConnectionState::Busy, "the server has nothing to send");
    }

    #[tokio::test]
    async fn answers_that_are_not_taken_keep_no_other_connection_away() {
        let activity = Activity::new(deadlines());
        let request = activity.begin();
        assert_eq!(activity.untaken(), None, "there is something to answer");
        let mut body = request.watch(Body::from("x"));
        assert!(activity.untaken().is_some());
        body.frame().await.expect("a piece").expect("bytes");
        let _second = activity.begin();
        assert_eq!(activity.untaken(), None, "there is something to answer again");
    }

    #[tokio::test]
    async fn a_request_whose_body_is_not_sent_gives_nothing_to_answer() {
        let activity = Activity::new(deadlines());
        let request = activity.begin();
        assert_eq!(activity.unfinished(), None, "there is something to answer");
        let mut body = request.await_body(Body::from("x"));
        assert!(activity.unfinished().is_some());
        body.frame().await.expect("a piece").expect("bytes");
        assert_eq!(activity.unfinished(), None, "it is complete");
        let _empty = request.await_body(Body::empty());
        assert_eq!(activity.unfinished(), None, "nothing is awaited");
    }
}
