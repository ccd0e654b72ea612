//! The fixed part of the generated code: everything that does not depend on the contract.
//!
//! Generated modules only name schemas, members and operations. The behaviour is implemented here, where it is compiled and tested once as
//! part of the compiler's crate, and copied verbatim into every output. In reading order:
//!
//! - `scanner`, [`tape`]: parse bytes strictly into a flat array
//! - [`json`]: a borrowed view of JSON from any source
//! - [`number`], [`pattern`], [`mod@format`]: the parts with complex rules
//! - [`check`]: the keywords of JSON Schema; [`report`]: the violations that they find
//! - [`rule`]: what schemas accept, as tables of these keywords; [`reader`]: reads valid text by these tables in one pass
//! - [`schema`]: the traits of generated types, and their entry points; [`declare`]: the macros that declare the types
//! - [`http`]: requests, responses and the transport trait of the generated client; [`calls`]: the macros that declare the operations
//! - [`events`]: server-sent events in a stream that the transport has opened
//! - `reqwest`, `axum`, `json_schema`: optional integrations, behind the features `reqwest`, `axum` and `schemars`

pub mod calls;
pub mod check;
pub mod declare;
pub mod events;
pub mod format;
pub mod http;
pub mod json;
pub mod number;
pub mod pattern;
pub mod reader;
pub mod report;
pub mod rule;
mod scanner;
pub mod schema;
pub mod tape;

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "schemars")]
pub mod json_schema;
#[cfg(feature = "reqwest")]
pub mod reqwest;
