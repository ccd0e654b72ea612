//! The crate's integration tests in one program, so that they are linked once. Tests that need a process of their own are separate
//! programs: see `[[test]]` in Cargo.toml.

// Each file includes the helpers that it uses.
#![allow(clippy::duplicate_mod)]

#[path = "../agreement.rs"]
mod agreement;
#[path = "../bulk.rs"]
mod bulk;
#[path = "../credentials.rs"]
mod credentials;
#[path = "../documents.rs"]
mod documents;
#[path = "../downstream.rs"]
mod downstream;
#[path = "../edits.rs"]
mod edits;
#[path = "../engine.rs"]
mod engine;
#[path = "../events.rs"]
mod events;
#[path = "../exchange.rs"]
mod exchange;
#[path = "../http.rs"]
mod http;
#[path = "../invariants.rs"]
mod invariants;
#[cfg(feature = "schemars")]
#[path = "../json_schema.rs"]
mod json_schema;
#[path = "../loaded.rs"]
mod loaded;
#[path = "../notes.rs"]
mod notes;
#[path = "../records.rs"]
mod records;
#[path = "../released.rs"]
mod released;
#[path = "../restored.rs"]
mod restored;
#[path = "../routes.rs"]
mod routes;
#[path = "../scenarios.rs"]
mod scenarios;
#[path = "../stores.rs"]
mod stores;
#[path = "../sync.rs"]
mod sync;
#[path = "../todo.rs"]
mod todo;
#[path = "../wire.rs"]
mod wire;

#[path = "../support/programs.rs"]
mod programs;

#[test]
fn every_test_file_belongs_to_a_program() {
    programs::check(env!("CARGO_MANIFEST_DIR"), include_str!("main.rs"), include_str!("../../Cargo.toml"));
}
