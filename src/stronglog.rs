//! Binds the engine, which takes any contract, to the code generated from StrongLog's contract.

/// The contract's documentation as Markdown. The server shows it at `/docs`.
pub mod docs {
    /// The API reference: every operation and schema.
    pub const API_REFERENCE: &str = include_str!("../docs/api-reference.md");
    /// The data models: every collection and its indexes.
    pub const DATA_MODELS: &str = include_str!("../docs/data-models.md");
}

#[cfg(feature = "client")]
impl crate::Client {
    /// Returns a builder for a client of StrongLog's records. For another contract, call [`ClientBuilder::contract`].
    ///
    /// [`ClientBuilder::contract`]: crate::client::ClientBuilder::contract
    pub fn builder() -> crate::client::ClientBuilder {
        crate::client::ClientBuilder::new(&crate::api::CONTRACT).views(include_str!("../generated/sql/views.sql"))
    }
}
