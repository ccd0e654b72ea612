//! The engine of `stronglog-sync` for a browser's worker. This crate contains no sync logic: it passes the engine's events, commands and
//! plans between WebAssembly and TypeScript as text. `web/src/border.ts` contains their TypeScript types, generated from the Rust types.
//!
//! - [`SyncEngine`]: takes events and returns commands, and for each durable step returns the plan that turns loaded rows into writes.
//! - [`edits`]: turns the app's pending writes into stamped and numbered edits.
//! - [`account`]: registering, signing in and signing out, with the contract's generated operations.
//! - [`rows`]: rows, writes and counts.
//! - [`use_contract`]: the engine syncs StrongLog's contract, or one that it is given as data.

pub mod account;
#[cfg(test)]
mod border;
mod contract;
pub mod edits;
mod engine;
mod host_object;
mod messages;
mod random;
pub mod rows;

pub use contract::use_contract;
pub use engine::SyncEngine;

use contract::contract;
use stronglog_sync::wire;
use wasm_bindgen::prelude::wasm_bindgen;

/// The version of the contract that the engine syncs.
#[wasm_bindgen(js_name = contractVersion)]
pub fn contract_version() -> String {
    contract().version.to_owned()
}

/// Validates a page of the feed, and returns the number of invalid changes.
///
/// # Errors
/// Returns an error if the page as a whole violates the contract.
#[wasm_bindgen(js_name = validatePage)]
pub fn validate_page(body: &[u8]) -> Result<u32, String> {
    let page = wire::read_page(body, contract()).map_err(|report| report.to_string())?;
    let refused = page.changes.iter().filter(|change| change.is_err()).count();
    Ok(u32::try_from(refused).unwrap_or(u32::MAX))
}
