//! The server of StrongLog Sync: accounts, and one feed of records per account, through which its devices sync.
//!
//! ```no_run
//! # async fn example() -> Result<(), stronglog_server::serve::ServeError> {
//! use stronglog_server::{config::Config, serve};
//!
//! let server = serve::start(Config::local("data")).await?;
//! println!("listening on {}", server.url());
//! server.stop().await
//! # }
//! ```
//!
//! `feed` makes the sync decisions, and `store` stores the data. The other modules connect them to the network.

#![deny(missing_docs)]

// Public for the tests of this repository only, and not covered by semantic versioning.
#[doc(hidden)]
pub mod feed;
#[doc(hidden)]
pub mod store;

mod app;
mod auth;
mod budgets;
mod clock;
mod devices;
mod digest_checks;
mod error;
mod fair_semaphore;
mod http;
mod key_files;
mod live_sessions;
mod metrics;
mod net;
mod notifications;
mod per_account;
mod problem;
mod recent;
mod shares;

pub mod check;
pub mod secrets;

pub mod admin;
pub mod config;
pub mod serve;
pub mod site;
