//! The engine of `stronglog-sync` for a browser's worker. This crate decides nothing: it carries the engine's events, commands and plans
//! between WebAssembly and TypeScript, as text. `web/src/border.ts` has their TypeScript types, generated from the Rust ones.
//!
//! - [`SyncEngine`]: events in, commands out, and for each durable step the plan that turns loaded rows into writes.
//! - [`edits`]: the app's pending writes become stamped and numbered edits.
//! - [`account`]: signing up, in and out, by the contract's generated operations.
//! - [`rows`]: rows, writes and counts.

pub mod account;
#[cfg(test)]
mod border;
pub mod edits;
mod engine;
mod messages;
mod random;
pub mod rows;

pub use engine::SyncEngine;

use stronglog_sync::api::registry;
use stronglog_sync::wire;
use wasm_bindgen::prelude::wasm_bindgen;

/// The version of the contract that the engine was built from.
#[wasm_bindgen(js_name = contractVersion)]
pub fn contract_version() -> String {
    registry::VERSION.to_owned()
}

/// Judges a page of the feed by the generated validators: how many of its changes they refuse.
///
/// # Errors
/// The page as a whole breaks the contract.
#[wasm_bindgen(js_name = judgePage)]
pub fn judge_page(body: &[u8]) -> Result<u32, String> {
    let page = wire::read_page(body).map_err(|report| report.to_string())?;
    let refused = page.changes.iter().filter(|change| change.is_err()).count();
    Ok(u32::try_from(refused).unwrap_or(u32::MAX))
}
