//! The limits that the contract names.

/// The maximum number of changes on a page.
pub const PAGE_CHANGES_MAX: usize = 1_000;
/// The number of changes on a page if the request does not specify it.
pub const PAGE_CHANGES_DEFAULT: usize = 500;
/// The approximate maximum size of a page in bytes. A page with a single change may be larger.
pub const PAGE_BYTES_MAX: usize = 1 << 20;
/// The maximum number of changes in a push.
pub const BATCH_CHANGES_MAX: usize = 500;
/// The maximum size of a request's body in bytes, after decompression.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// How far ahead of the server's clock a stamp may be, in milliseconds.
pub const CLOCK_SKEW_MAX_MS: i64 = stronglog_sync::clock::SKEW_MAX_MS;
