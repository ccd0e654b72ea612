//! Cloud sync for StrongLog: every device holds the whole training log, works without a network, and converges with the other devices when
//! it is online.
//!
//! The crate has two parts. The first is **the contract as code**: `spec/openapi.yaml` defines the records and the messages between client
//! and server, and the compiler in `contractc/` generates [`api`] from it. The second is **the sync engine and the client**, which are
//! written by hand and contain no code for any particular collection. The crate is not a database or a server: it stores records in SQLite
//! on the device, and the server is the crate `stronglog-server`. Without an account, everything works except sync.
//!
//! ```
//! use stronglog_sync::api::registry::Collections;
//! use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
//! use stronglog_sync::{Client, Query};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), stronglog_sync::Error> {
//! // Without a database and a server, records live in memory. `database(path)` stores them, `server(url)` syncs them.
//! let client = Client::builder().open().await?;
//! let logs = client.user_bodyweight_logs();
//!
//! let log = UserBodyweightLog {
//!     id: Id(client.new_id().to_string()),
//!     client_created_at: Timestamp(1_700_000_000_000),
//!     client_updated_at: Timestamp(1_700_000_000_000),
//!     date: Timestamp(1_700_000_000_000),
//!     weight_kg: BodyweightKg(81.5),
//!     server_id: None,
//!     server_updated_at: None,
//!     unknown: Default::default(),
//! };
//! // The record is validated, stamped and durable when `put` returns. It is pushed in the background.
//! let stored = logs.put(&log)?;
//! assert_eq!(logs.get(&log.id)?, Some(stored));
//! assert_eq!(logs.list(&Query::default())?.len(), 1);
//!
//! // The record is deleted here at once and everywhere else after the next sync. The conflict history keeps it.
//! logs.delete(&log.id)?;
//! assert_eq!(logs.get(&log.id)?, None);
//! assert_eq!(client.conflicts(10)?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! An app needs [`Client`], [`Query`], [`Status`] and [`Error`], and the records of [`api`]. The other modules are the parts of the engine.
//! In reading order:
//!
//! 1. `merge`: conflict resolution, as one pure function that client and server share. `clock`: stamps. `cursor`: a position in a feed.
//! 2. [`record`] and `wire`: records and messages as JSON text that is validated once and never rebuilt.
//! 3. [`store`]: a device's data, and the trait with a single method that writes. [`store::memory`] and SQLite implement it.
//! 4. `outbox` and `pull`: pure functions that turn loaded rows into writes. `task`: each durable step as a value.
//! 5. `engine`: the state machine, without clock, socket, disk or random numbers. `schedule`, `retry` and [`status`] are parts of it.
//! 6. `driver` (private): the loop that runs the engine's commands over `transport`. [`client`] and [`account`] are the public API on top.
//! 7. [`contract`]: contracts loaded at run time, for programs that are compiled without them.
//! 8. `stronglog` (private): binds the engine to StrongLog's contract. Everything else takes a [`Contract`](api::collection::Contract) as a
//!    value.
//! 9. `rules`: the rules of the protocol by name. The simulation can switch off each rule to show what it prevents.
//!
//! # Features
//!
//! `client` (default): the client, with its driver, the SQLite store (`sqlite`) and HTTPS (`reqwest`). `axum`: the server's routes.
//! `schemars`: the JSON Schemas of records and messages. Without features, the crate opens no socket or file and does not depend on tokio,
//! reqwest or rusqlite. `simulation` lets the tests of this repository switch off a rule.

#![deny(missing_docs)]
#![deny(clippy::disallowed_methods)]

#[rustfmt::skip]
#[allow(clippy::too_many_lines, reason = "generated")]
#[path = "../generated/rust/mod.rs"]
pub mod api;

// In the order of the crate documentation. The modules under `doc(hidden)` are public for the server, the browser's engine and the
// simulation only. They are not covered by semantic versioning.

#[doc(hidden)]
pub mod advice;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod cursor;
#[doc(hidden)]
pub mod digest;
mod key;
#[doc(hidden)]
pub mod merge;

pub mod contract;
pub mod record;
#[doc(hidden)]
pub mod wire;

pub mod store;
#[doc(hidden)]
pub mod stored;

#[doc(hidden)]
pub mod outbox;
#[doc(hidden)]
pub mod pull;
#[doc(hidden)]
pub mod task;

#[doc(hidden)]
pub mod engine;
mod failure;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod retry;
#[doc(hidden)]
pub mod schedule;
mod skew;
pub mod status;

#[cfg(feature = "client")]
pub mod account;
#[cfg(feature = "client")]
#[allow(clippy::disallowed_methods, reason = "the client starts the driver with the machine's clock and files")]
pub mod client;
#[cfg(feature = "client")]
#[allow(clippy::disallowed_methods, reason = "the driver reads the clock and makes ids")]
mod driver;
#[cfg(feature = "client")]
pub mod error;
#[cfg(feature = "client")]
mod tokens;
#[cfg(feature = "client")]
pub mod transport;

#[doc(hidden)]
pub mod rules;

mod stronglog;

#[cfg(feature = "client")]
pub use client::Client;
pub use engine::Settings;
#[cfg(feature = "client")]
pub use error::Error;
pub use failure::{FailureCause, SyncFailure};
pub use merge::Op;
pub use pull::Answer;
pub use status::{Status, SyncState};
pub use store::Query;
pub use stronglog::docs;

/// The examples of the README compile.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The examples of the guide compile.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../docs/rust.md")]
pub struct Guide;
