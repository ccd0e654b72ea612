//! The contract that a worker syncs: StrongLog's, which is compiled into the engine, or another one, which is loaded as data.

use std::sync::OnceLock;

use stronglog_sync::api::CONTRACT;
use stronglog_sync::api::collection::Contract;
use stronglog_sync::contract::load_for_client;
use wasm_bindgen::prelude::wasm_bindgen;

/// The contract that the worker was given. A worker syncs one database, and therefore gets at most one contract.
static GIVEN: OnceLock<&'static Contract> = OnceLock::new();

/// The contract of the database.
pub(crate) fn contract() -> &'static Contract {
    GIVEN.get().copied().unwrap_or(&CONTRACT)
}

/// Sets the contract from a `contract.json`. Only the first call has an effect, so that data is never read with two different contracts.
///
/// # Errors
/// Returns an error if the text is not a compiled contract, or one of another version of the compiler.
#[wasm_bindgen(js_name = useContract)]
pub fn use_contract(json: &str) -> Result<(), String> {
    if GIVEN.get().is_none() {
        let loaded = load_for_client(json.as_bytes()).map_err(|error| format!("cannot use the contract: {error}"))?;
        GIVEN.get_or_init(|| loaded);
    }
    Ok(())
}
