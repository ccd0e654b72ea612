//! The server of StrongLog Sync: accounts, and for each of them one feed of records that its devices agree on.
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
//! It is not a framework: [`feed`] decides, [`store`] keeps, and the rest is the way to them. In reading order:

pub mod feed;

pub mod store;

mod app;
mod auth;
mod http;
mod metrics;
mod net;
mod notifications;
mod problem;
mod shares;

pub mod admin;
pub mod config;
pub mod serve;
pub mod site;
