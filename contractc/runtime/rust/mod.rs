//! The fixed half of the generated code: everything that does not depend on the contract.
//!
//! Generated modules only name schemas, members and operations; what those names *do* is here, compiled and tested once in
//! the compiler's own crate and copied word for word into every output. In reading order:
//!
//! - [`json`]: one borrowed view over JSON, whatever holds it
//! - [`tape`]: bytes to that view, strictly
//! - [`number`], [`pattern`], [`mod@format`]: the leaves that need thought
//! - [`check`]: the keywords of JSON Schema; [`report`]: what they found
//! - [`schema`]: the traits of a generated type, and the one entry point
//! - [`http`]: requests, responses and the transport trait of the generated client
//! - `reqwest`, `axum`: the two optional edges, behind features of the same names

pub mod check;
pub mod format;
pub mod http;
pub mod json;
pub mod number;
pub mod pattern;
pub mod report;
pub mod schema;
pub mod tape;

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "reqwest")]
pub mod reqwest;
