//! Change notifications: a stream of the account's newest revision, and whether it reaches this client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::Signal;
use crate::engine::Event;
use crate::limits::{BYTES_WITHOUT_REVISION_MAX, FIRST_REVISION_MS_MAX, NOTIFICATIONS_RETRY_MS, SILENCE_MS_MAX};
use crate::status::Status;
use crate::transport::Link;

const RETRY: Duration = Duration::from_millis(NOTIFICATIONS_RETRY_MS);
const FIRST_TIMEOUT: Duration = Duration::from_millis(FIRST_REVISION_MS_MAX);
const SILENCE_TIMEOUT: Duration = Duration::from_millis(SILENCE_MS_MAX);

/// Whether the server's change notifications reach this client. Without them, sync works with its timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notifications {
    /// Unknown: the client does not listen, has just begun to, or cannot reach the server.
    Unknown,
    /// Edits of other devices arrive at once.
    Arrive,
    /// The server responds to requests, but its notifications do not arrive, for example because a proxy buffers them. Edits of other
    /// devices arrive with the next poll.
    Missing,
}

/// Listens for change notifications while sync is on, until the client is dropped.
///
/// They only reduce latency: without them, the engine pulls by its timer. A broken stream is the first sign that the server is unreachable.
/// The engine then tries a request, and another one when the stream is back.
pub(crate) async fn listen(
    link: Arc<Link>,
    sender: mpsc::WeakUnboundedSender<Signal>,
    mut status: watch::Receiver<Status>,
    notifications: watch::Sender<Notifications>,
) {
    let mut listener = Listener { sender, status: status.clone(), notifications, broken: None };
    loop {
        let listening = |status: &Status| status.state.listens();
        if status.wait_for(listening).await.is_err() {
            return;
        }
        let began = Instant::now();
        tokio::select! {
            heard = listener.hear(&link) => if heard.is_none() { return },
            stopped = status.wait_for(|status| !listening(status)) => {
                if stopped.is_err() {
                    return;
                }
                listener.notifications.send_replace(Notifications::Unknown);
            }
        }
        // The server ends a stream when its token expires: after it has worked for a while, the stream is reopened at once.
        if listener.broken.is_some() || began.elapsed() < RETRY {
            tokio::time::sleep(RETRY).await;
        }
    }
}

struct Listener {
    sender: mpsc::WeakUnboundedSender<Signal>,
    status: watch::Receiver<Status>,
    notifications: watch::Sender<Notifications>,
    /// Set while no stream works: the time of the last pull when a stream broke or could not be opened.
    broken: Option<Option<i64>>,
}

impl Listener {
    /// Reads one connection's change notifications until it ends. Returns `None` once the client is dropped.
    async fn hear(&mut self, link: &Link) -> Option<()> {
        let Ok(Some(tokens)) = link.tokens().await else { return Some(()) };
        let pulled = self.pulled();
        let response = tokio::time::timeout(FIRST_TIMEOUT, link.listen(&tokens)).await;
        let mut response = match response {
            Ok(Ok(response)) if response.status().is_success() => response,
            // After 401, the engine's request refreshes the token, or finds out that the session has ended.
            _ => return self.broke(pulled),
        };
        let (mut lines, mut is_heard, mut bytes_without_revision) = (Lines::default(), false, 0);
        loop {
            let silence_max = if is_heard { SILENCE_TIMEOUT } else { FIRST_TIMEOUT };
            let Ok(Ok(chunk)) = tokio::time::timeout(silence_max, response.chunk()).await else { return self.broke(pulled) };
            let Some(chunk) = chunk else { return if is_heard { Some(()) } else { self.broke(pulled) } };
            bytes_without_revision += chunk.len();
            if bytes_without_revision > BYTES_WITHOUT_REVISION_MAX {
                return self.broke(pulled);
            }
            for rev in lines.revisions(&chunk) {
                bytes_without_revision = 0;
                if !std::mem::replace(&mut is_heard, true) {
                    self.works()?;
                }
                self.tell(Event::Notified { rev })?;
            }
        }
    }

    /// Tells the engine when the stream works again.
    fn works(&mut self) -> Option<()> {
        self.notifications.send_replace(Notifications::Arrive);
        if self.broken.take().is_some() { self.tell(Event::Probe) } else { Some(()) }
    }

    /// Tells the engine once. If the server has responded to a pull since then, before a later attempt began at `pulled`, the server is
    /// reachable.
    fn broke(&mut self, pulled: Option<i64>) -> Option<()> {
        let Some(before) = self.broken else {
            self.broken = Some(self.pulled());
            return self.tell(Event::Probe);
        };
        if before != pulled {
            self.notifications.send_replace(Notifications::Missing);
        }
        Some(())
    }

    fn pulled(&self) -> Option<i64> {
        self.status.borrow().last_successful_server_sync_timestamp
    }

    fn tell(&self, event: Event) -> Option<()> {
        self.sender.upgrade()?.send(Signal::Event(Box::new(event))).ok()
    }
}

/// The maximum length of a line. The rest of a longer line is ignored.
const LINE_MAX: usize = 4_096;

/// Extracts the revisions from a stream of Server-Sent Events.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn revisions(&mut self, chunk: &[u8]) -> Vec<u64> {
        let mut found = Vec::new();
        for byte in chunk {
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.0);
                let data = line.strip_prefix("data:").map(str::trim);
                found.extend(data.and_then(|data| data.parse::<u64>().ok()));
                self.0.clear();
            } else if self.0.len() < LINE_MAX {
                self.0.push(*byte);
            }
        }
        found
    }
}
