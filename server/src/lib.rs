//! The server of StrongLog Sync.
pub mod feed;
pub mod store;
