//! What the engine is told, and what it says: the whole of its surface to clocks, disks and networks.

use uuid::Uuid;

use crate::api::operations::{GetChanges, PushChanges};
use crate::api::runtime::http::{Method, Operation};
use crate::engine::answer::Answered;
use crate::store::Row;
use crate::task::{Done, Snapshot, Task};
use crate::wire::{self, Edit};

/// Something that has happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The app has written; the store is now like this.
    Written(Snapshot),
    /// Something else was changed: refused edits, the account, whether sync is on. The store is now like this.
    Changed(Snapshot),
    /// The timer has run out.
    Tick,
    /// The platform believes that there is a network, or none. A hint: only a request proves it.
    Online(bool),
    /// The server says that there is something up to this revision.
    Notified {
        /// The newest revision of the account: nothing is pulled if it was seen already.
        rev: u64,
    },
    /// The user wants to sync now.
    SyncNow,
    /// The app wants nothing sent for now. Requests under way are let go of.
    Pause,
    /// The app wants to sync again.
    Resume,
    /// Somebody has signed in, with a token for this account.
    SignedIn {
        /// The token's account. Nothing is sent while it is not the owner of the records (R15).
        account: Uuid,
    },
    /// The tokens are gone. Records and outbox stay.
    SignedOut,
    /// The rows that [`Command::Load`] asked for.
    Loaded(Vec<Row>),
    /// A task is stored.
    Persisted(Done),
    /// The store could not do what it was asked to.
    StoreFailed {
        /// What was being done, what was seen, and what to do next.
        message: String,
    },
    /// A request was answered.
    Answered {
        /// The number that [`Command::Send`] gave it.
        request: u64,
        /// What came, which may be anything: a captive portal answers too.
        answer: Answered,
    },
    /// A request was not answered.
    Unanswered {
        /// The number that [`Command::Send`] gave it.
        request: u64,
        /// What the network said.
        message: String,
    },
    /// The token was refreshed, or is none any more.
    Refreshed {
        /// Whether there is a token to go on with; if not, the user must sign in.
        valid: bool,
    },
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Read up to `limit` waiting rows, and say [`Event::Loaded`].
    Load {
        /// The most rows.
        limit: usize,
    },
    /// Take a durable step, and say [`Event::Persisted`].
    Persist(Task),
    /// Send a request, and say [`Event::Answered`] or [`Event::Unanswered`]. A token for another account than `account` must not be used.
    Send {
        /// The request's number, under which its answer comes back.
        request: u64,
        /// Whose records these are.
        account: Uuid,
        /// What to send.
        message: Message,
    },
    /// Refresh the token, once for all who wait, and say [`Event::Refreshed`].
    Refresh,
    /// Say [`Event::Tick`] at this time, and at no other.
    WakeAt(Option<i64>),
    /// Forget the request; its answer is of no use.
    Cancel {
        /// The number that [`Command::Send`] gave it.
        request: u64,
    },
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Message {
    /// Asks for a page of the global feed.
    Pull {
        /// Where this device is in the feed; none asks from the start, tombstones included.
        since: Option<String>,
        /// The most changes.
        limit: u64,
    },
    /// Sends edits, parents first.
    Push {
        /// The edits, each judged alone.
        edits: Vec<Edit>,
        /// Where this device is in the feed: a device that has missed purged tombstones may not push either (R10).
        cursor: Option<String>,
    },
}

/// A message as a request of the contract: everything but the server's address and the credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The operation's id in the contract.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// JSON, where the operation has a body.
    pub body: Option<Vec<u8>>,
}

impl Message {
    /// Writes the request. A cursor is of letters, digits and full stops: it needs no escapes.
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
