//! StrongLog's cloud sync, from one contract: every device holds the whole training log, works without a network, and agrees with the
//! others when there is one.
//!
//! The crate is two things. It is **the contract as code**: `spec/openapi.yaml` says what a record is and what client and server say to each
//! other, and the compiler in `contractc/` makes [`api`] of it whenever it changes. And it is **the sync engine and the client** on top of it,
//! written by hand and without a word about any one collection. It is not a database, not a server, and not the user's only copy: records
//! live in SQLite on the device, the server is the crate `stronglog-server`, and whoever never signs in loses nothing but the sync.
//!
//! ```
//! use stronglog_sync::api::registry::Collections;
//! use stronglog_sync::api::{BodyweightKg, Id, Timestamp, UserBodyweightLog};
//! use stronglog_sync::{Client, Query};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), stronglog_sync::Error> {
//! // Without a server and a file: records of this process. `database(path)` keeps them, `server(url)` syncs them.
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
//! // Validated, stamped and durable when it returns; the push follows in the background.
//! let stored = logs.put(&log)?;
//! assert_eq!(logs.get(&log.id)?, Some(stored));
//! assert_eq!(logs.list(&Query::default())?.len(), 1);
//!
//! // Gone here at once, everywhere else after the next sync, and still in the history.
//! logs.delete(&log.id)?;
//! assert_eq!(logs.get(&log.id)?, None);
//! assert_eq!(client.conflicts(10)?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to read
//!
//! An app needs [`Client`], [`Query`], [`Status`] and [`Error`], and the records of [`api`]. The rest are the engine's parts, public because
//! the server shares them and because a store, a driver or a simulation of one's own needs them. In reading order:
//!
//! 1. [`merge`]: who wins, in one pure function that both ends call. [`clock`] makes the stamps, [`cursor`] says where in a feed a device is.
//! 2. [`record`] and [`wire`]: records and messages as text that is validated once and never rebuilt.
//! 3. [`store`]: what a device keeps, and the trait with one method that writes. [`store::memory`] and, for apps, SQLite.
//! 4. [`outbox`] and [`pull`]: plans, from rows loaded to rows written. [`task`]: each durable step as a value.
//! 5. [`engine`]: the state machine, without clock, socket, disk or chance. [`schedule`], [`retry`] and [`status`] are parts of it.
//! 6. `driver` (private): the one loop that carries out what the engine says, over `transport`. [`client`] and [`account`] are its face.
//! 7. [`rules`]: the protocol's rules by name, each on, but for a simulation that shows what it is for.
//!
//! # Features
//!
//! `client` (default): the client, with its driver, SQLite store (`sqlite`) and HTTPS (`reqwest`). `axum`: the server's routes. Without
//! features nothing here opens a socket or a file, and neither tokio, reqwest nor rusqlite is built. `simulation` lets a rule be switched
//! off; it is for the tests of this repository alone.

#![deny(missing_docs)]
#![deny(clippy::disallowed_methods)]

#[rustfmt::skip]
#[path = "../generated/rust/mod.rs"]
pub mod api;

// In reading order, as above.

pub mod clock;
pub mod cursor;
pub mod merge;

pub mod record;
pub mod wire;

pub mod store;

pub mod outbox;
pub mod pull;
pub mod task;

/// The contract for readers, as Markdown: what a server shows at `/docs`.
pub mod docs {
    /// Every operation and schema.
    pub const API_REFERENCE: &str = include_str!("../docs/api-reference.md");
    /// Every collection and its indexes.
    pub const DATA_MODELS: &str = include_str!("../docs/data-models.md");
}

pub mod engine;
pub mod retry;
pub mod schedule;
pub mod status;

#[cfg(feature = "client")]
pub mod account;
#[cfg(feature = "client")]
#[allow(clippy::disallowed_methods, reason = "it is the edge: it starts the engine's driver with the clock and the files of the machine")]
pub mod client;
#[cfg(feature = "client")]
#[allow(clippy::disallowed_methods, reason = "the one loop that has a clock and makes ids")]
mod driver;
#[cfg(feature = "client")]
pub mod error;
#[cfg(feature = "client")]
pub mod transport;

pub mod rules;

#[cfg(feature = "client")]
pub use client::Client;
#[cfg(feature = "client")]
pub use error::Error;
pub use status::{Status, SyncState};
pub use store::Query;

/// The examples of the README compile.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The examples of the guide compile.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../docs/rust.md")]
pub struct Guide;
