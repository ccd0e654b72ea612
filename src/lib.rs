//! StrongLog's cloud sync: one contract, every side generated.
//!
//! This crate is the contract as Rust code. `spec/openapi.yaml` says what a record is and what client and server say to each other; the
//! compiler in `contractc/` makes [`api`] of it whenever it changes. It is not the sync engine: that stands on top.
//!
//! ```
//! use stronglog_sync::api::{Schema, UserBodyweightLog};
//!
//! // One door in: parsed, validated and typed at once.
//! let text = br#"{
//!     "id": "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f", "isDeleted": false,
//!     "clientCreatedAt": 1700000000000, "clientUpdatedAt": 1700000000000,
//!     "date": 1700000000000, "weightKg": 81.5, "mood": "fine"
//! }"#;
//! let log = UserBodyweightLog::from_json(text)?;
//! assert_eq!(*log.weight_kg, 81.5);
//!
//! // Members that this version does not know survive.
//! assert_eq!(log.unknown["mood"], "fine");
//!
//! // A report names every violation by JSON pointer and keyword.
//! let report = UserBodyweightLog::from_json(br#"{"weightKg": 0}"#).unwrap_err();
//! let found: Vec<_> = report.violations.iter().map(|violation| (violation.pointer.as_str(), violation.keyword)).collect();
//! assert_eq!(found, [("/weightKg", "exclusiveMinimum"), ("", "required")]);
//! # Ok::<(), stronglog_sync::api::Report>(())
//! ```
//!
//! Inside [`api`]: [`api::types`] and [`api::validators`] for each schema, [`api::operations`] for each call, [`api::client`], the server
//! side behind the feature `axum`, [`api::registry`] of the collections, and the fixed [`api::runtime`] under all of them.
//!
//! Features: `reqwest` (default) is the client's transport, `axum` the server side. Without both, nothing here opens a socket.

#![deny(clippy::disallowed_methods)]

#[deny(missing_docs)]
#[rustfmt::skip]
#[path = "../generated/rust/mod.rs"]
pub mod api;

#[cfg(feature = "client")]
pub mod account;
#[cfg(feature = "client")]
#[allow(clippy::disallowed_methods, reason = "it is the edge: it starts the engine's driver with the clock and the files of the machine")]
pub mod client;
pub mod clock;
pub mod cursor;
#[cfg(feature = "client")]
#[allow(clippy::disallowed_methods, reason = "the one loop that has a clock and makes ids")]
mod driver;
pub mod engine;
#[cfg(feature = "client")]
pub mod error;
pub mod merge;
pub mod outbox;
pub mod pull;
pub mod record;
pub mod retry;
pub mod rules;
pub mod schedule;
pub mod status;
pub mod store;
pub mod task;
#[cfg(feature = "client")]
pub mod transport;
pub mod wire;

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
