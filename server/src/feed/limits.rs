//! The limits that the contract names, all in one place.

/// The most changes on a page.
pub const PAGE_CHANGES_MAX: usize = 1_000;
/// How many changes a page has where the request does not say.
pub const PAGE_CHANGES_DEFAULT: usize = 500;
/// About how many bytes a page takes at most. A page with a single change may take more.
pub const PAGE_BYTES_MAX: usize = 1 << 20;
/// The most changes in a push.
pub const BATCH_CHANGES_MAX: usize = 500;
/// The most bytes in a request's body, after decompression.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// How far ahead of the server's clock a stamp may be, in milliseconds.
pub const CLOCK_SKEW_MAX_MS: i64 = stronglog_sync::clock::SKEW_MAX_MS;
