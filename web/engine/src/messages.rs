//! Events, commands and tasks that are passed between WebAssembly and TypeScript as JSON. Request and response bodies are passed
//! separately.

use serde::{Deserialize, Serialize};
use stronglog_sync::Answer;
use stronglog_sync::Status;
use stronglog_sync::api::runtime::http::{Method, Operation};
use stronglog_sync::engine::{self, Event};
use stronglog_sync::task::Task;
use uuid::Uuid;

use crate::contract::contract;
use crate::rows::read_key;

/// Events outside of the store.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Happened {
    Tick,
    Online(bool),
    /// The newest revision.
    Notified(u64),
    Probe,
    SyncNow,
    Pause,
    Resume,
    /// The account.
    SignedIn(Uuid),
    SignedOut,
    StoreFailed(String),
}

impl From<Happened> for Event {
    fn from(happened: Happened) -> Event {
        match happened {
            Happened::Tick => Event::Tick,
            Happened::Online(online) => Event::Online(online),
            Happened::Notified(rev) => Event::Notified { rev },
            Happened::Probe => Event::Probe,
            Happened::SyncNow => Event::SyncNow,
            Happened::Pause => Event::Pause,
            Happened::Resume => Event::Resume,
            Happened::SignedIn(account) => Event::SignedIn { account },
            Happened::SignedOut => Event::SignedOut,
            Happened::StoreFailed(message) => Event::StoreFailed { message },
        }
    }
}

/// A durable step that the app requests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum UserRequest {
    Retry(String),
    Discard(String),
    Delete,
    PushAgain,
    Claim(Uuid),
    Enable(bool),
    /// Applies a quarantined change, if it can be read now.
    Reread(String),
    /// Records that every quarantined change was tried with this contract.
    Current,
}

impl UserRequest {
    /// The task, or `None` if there is nothing to do.
    pub(crate) fn task(self) -> Result<Option<Task>, String> {
        Ok(Some(match self {
            UserRequest::Retry(key) => Task::Retry(vec![read_key(&key)?]),
            UserRequest::Discard(key) => Task::Discard(vec![read_key(&key)?]),
            UserRequest::Delete => Task::AnswerResync(Answer::Delete),
            UserRequest::PushAgain => Task::AnswerResync(Answer::PushAgain),
            UserRequest::Claim(account) => Task::Claim { account },
            UserRequest::Enable(enabled) => Task::Enable(enabled),
            UserRequest::Reread(raw) => return Ok(Task::reread(&raw, contract())),
            UserRequest::Current => Task::Current(contract()),
        }))
    }
}

/// The engine's output after an event.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Turn {
    pub(crate) commands: Vec<Command>,
    #[cfg_attr(test, ts(type = "EngineStatus"))]
    pub(crate) status: Status,
    /// Whether there is nothing to do until something happens.
    pub(crate) waiting: bool,
    /// Whether to listen for change notifications.
    pub(crate) listens: bool,
}

/// A command of the engine.
#[derive(Serialize)]
#[serde(tag = "command", rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Command {
    /// Read up to `limit` pending rows, and call `loaded`.
    Load {
        #[cfg_attr(test, ts(type = "\"all\" | \"known\" | \"deletions\""))]
        edits: stronglog_sync::store::Edits,
        limit: usize,
    },
    /// Run the step of this number, and call `stored`.
    Persist { step: u32 },
    /// Send a request, and call `answered` or `unanswered`.
    Send {
        request: u64,
        account: Uuid,
        #[serde(flatten)]
        call: Call,
    },
    /// Refresh the token, and call `refreshed` or `unanswered`.
    Refresh { request: u64 },
    /// Send the event `tick` at this time.
    WakeAt { at: Option<i64> },
    /// Abandon the request.
    Cancel { request: u64 },
}

/// The head of a request. Its body, if any, is passed separately, because it is large.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Call {
    /// The operation of the contract.
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: String,
}

impl Call {
    /// Builds the request of an engine message.
    pub(crate) fn of(call: &engine::Call, base_url: &str) -> Call {
        Call::new(call.operation, &call.method, format!("{base_url}{}", call.target))
    }

    /// Builds the request of an operation without parameters.
    pub(crate) fn to<O: Operation>(base_url: &str) -> Call {
        Call::new(O::ID, &O::METHOD, format!("{base_url}{}", O::PATH))
    }

    fn new(operation: &'static str, method: &Method, url: String) -> Call {
        // The called operations use no other method.
        let method = if *method == Method::GET { "GET" } else { "POST" };
        Call { operation, method, url }
    }
}
