//! Limits of requests, which the native client and the browser package share. `web/src/border.ts` has them for TypeScript.

/// The maximum size of a response body, after decompression. The contract's largest response, a page, is a fraction of it.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest wait for the first change notification, which the server sends at once.
pub const FIRST_REVISION_MS_MAX: u64 = 15_000;
/// The longest silence of the change notifications after that. The server sends a comment every 20 seconds.
pub const SILENCE_MS_MAX: u64 = 50_000;
/// A program that sends more than this without a revision is not a sync server.
pub const BYTES_WITHOUT_REVISION_MAX: usize = 65_536;
/// The delay before change notifications are opened again.
pub const NOTIFICATIONS_RETRY_MS: u64 = 5_000;
