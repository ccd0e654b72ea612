//! The events that the engine takes and the commands that it returns: its whole interface to clocks, disks and networks.

use uuid::Uuid;

use crate::api::operations::{GetChanges, PushChanges};
use crate::api::runtime::http::{Method, Operation};
use crate::engine::response::ServerResponse;
use crate::store::{Edits, Row};
use crate::task::{Done, Snapshot, Task};
use crate::wire::{self, Edit};

/// An input of the engine.
#[derive(Clone, Debug)]
pub enum Event {
    /// The app has written to the store.
    Written(Snapshot),
    /// Something else in the store has changed: rejected edits, the owner, or whether sync is on.
    Changed(Snapshot),
    /// The timer has expired.
    Tick,
    /// The platform reports whether there is a network connection. This is a hint; only a request proves it.
    Online(bool),
    /// The server has sent a change notification.
    Notified {
        /// The account's newest revision. If the device has already seen it, it pulls nothing.
        rev: u64,
    },
    /// The connection for change notifications has broken or works again. A request shows whether the server can be reached.
    Probe,
    /// The user requests a sync.
    SyncNow,
    /// The app pauses sync. Requests in flight are cancelled.
    Pause,
    /// The app resumes sync.
    Resume,
    /// A user has signed in.
    SignedIn {
        /// The account of the token. Nothing is sent if it does not own the records (R15).
        account: Uuid,
    },
    /// The user has signed out. Records and outbox stay.
    SignedOut,
    /// The rows requested with [`Command::Load`].
    Loaded(Vec<Row>),
    /// The task of [`Command::Persist`] is done.
    Persisted(Done),
    /// The store could not load rows or run a task.
    StoreFailed {
        /// What was being done, what was seen, and what to do next.
        message: String,
    },
    /// A response has arrived.
    Responded {
        /// The number that [`Command::Send`] gave it.
        request: u64,
        /// The response. It may be anything, because a captive portal also responds.
        response: ServerResponse,
    },
    /// A request or a refresh got no response, or none from the server.
    NoResponse {
        /// The number that [`Command::Send`] or [`Command::Refresh`] gave it.
        request: u64,
        /// What happened to it.
        error: TransportError,
    },
    /// The server has responded to the refresh requested with [`Command::Refresh`].
    Refreshed {
        /// The number that [`Command::Refresh`] gave it.
        request: u64,
        /// Whether there is a usable token. If not, the user must sign in.
        valid: bool,
    },
}

/// The reason why a request has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// The error of the network.
    pub message: String,
    /// Whether the connection broke while the request or its response was in transit, so that a smaller one may get through.
    pub is_cut: bool,
}

/// An output of the engine, to be carried out.
#[derive(Clone, Debug)]
pub enum Command {
    /// Load up to `limit` pending rows, and report them with [`Event::Loaded`].
    Load {
        /// Which edits.
        edits: Edits,
        /// The maximum number of rows.
        limit: usize,
    },
    /// Run a durable step, and report it with [`Event::Persisted`].
    Persist(Task),
    /// Send a request, and report the result with [`Event::Responded`] or [`Event::NoResponse`]. A token of another account than `account`
    /// must not be used.
    Send {
        /// The number of the request, which the reply repeats.
        request: u64,
        /// The account that owns the records.
        account: Uuid,
        /// The message to send.
        message: Message,
    },
    /// Refresh the token, and report the result with [`Event::Refreshed`] or [`Event::NoResponse`].
    Refresh {
        /// The number of the refresh, which the reply repeats.
        request: u64,
    },
    /// Set the timer for [`Event::Tick`], replacing its previous time. `None` clears it.
    WakeAt(Option<i64>),
    /// Cancel the request. Its response is ignored.
    Cancel {
        /// The number that [`Command::Send`] gave it.
        request: u64,
    },
}

/// A message to the server.
#[derive(Clone, Debug)]
pub enum Message {
    /// Requests a page of the global feed.
    Pull {
        /// The device's position in the feed. `None` requests the feed from the start, including tombstones.
        since: Option<String>,
        /// The maximum number of changes.
        limit: u64,
    },
    /// Sends edits, parents first.
    Push {
        /// The edits, each of which gets its own outcome.
        edits: Vec<Edit>,
        /// The device's position in the feed. A device that has missed purged tombstones may not push either (R10).
        cursor: Option<String>,
    },
}

/// A message as a request of the contract, without the server's address and the credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The operation's id in the contract.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The JSON body, if the operation has one.
    pub body: Option<Vec<u8>>,
}

impl Message {
    /// Writes the request. A cursor consists of characters that need no escaping in a URL.
    pub fn call(&self) -> Call {
        match self {
            Message::Pull { since, limit } => {
                let since = since.as_ref().map(|cursor| format!("since={cursor}&")).unwrap_or_default();
                let target = format!("{}?{since}limit={limit}", GetChanges::PATH);
                Call { operation: GetChanges::ID, method: GetChanges::METHOD, target, body: None }
            }
            Message::Push { edits, cursor } => {
                let body = wire::write_push(edits, cursor.as_deref()).into_bytes();
                let target = PushChanges::PATH.to_owned();
                Call { operation: PushChanges::ID, method: PushChanges::METHOD, target, body: Some(body) }
            }
        }
    }
}
