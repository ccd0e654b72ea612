//! How far two clocks may differ before a time counts as wrong.

/// How far a stamp may be ahead of the server's clock, in milliseconds.
pub const SKEW_MAX_MS: i64 = 300_000;

/// Whether two times differ by no more than [`SKEW_MAX_MS`].
pub(crate) fn is_near(one_ms: i64, other_ms: i64) -> bool {
    one_ms.abs_diff(other_ms) <= SKEW_MAX_MS.unsigned_abs()
}
