//! Retries: what a failure means for the next attempt, and how long to wait (R14).

/// The kinds of failed requests: a closed set, determined by status and code, never by message text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was no response, or it did not come from the server. The wait grows with each failure.
    Unreachable,
    /// The server asked the client to wait.
    Busy {
        /// The wait in milliseconds. It is used exactly if it is between a second and a day. Otherwise the wait grows as for
        /// [`Unreachable`](Self::Unreachable), or is a day.
        retry_after_ms: Option<u64>,
    },
    /// The token was rejected. It is refreshed once.
    Unauthorized,
    /// The account may not sync. Only the user can resolve this.
    Forbidden,
    /// The server no longer accepts the cursor. A full resync follows.
    Gone {
        /// The revision that the server was restored to. `None` if the cursor is merely too old.
        restored_rev: Option<u64>,
        /// The cursor from which the resync pulls (R22). `None` from a server of contract 1.0.0.
        since: Option<String>,
    },
    /// The server rejected the push as a whole, because of its size or its content.
    Refused {
        /// Whether the size was the reason. In both cases the push is halved, down to the one edit that is the cause.
        too_large: bool,
    },
    /// A program between here and the server accepts no request of this size, or the network is too slow for it. The push is halved. One
    /// edit is below every server's limit, so it waits until the condition ends.
    Narrow,
    /// The account is full. Until that changes, only deletions are sent.
    Full,
    /// This version of the app is too old.
    UpgradeRequired,
}

/// Waits that double from one second to five minutes. Each is shortened at random, so that devices do not retry at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

const FIRST_MS: u64 = 1_000;
/// The maximum backoff without a Retry-After header, in milliseconds.
pub const LONGEST_MS: u64 = 5 * 60 * 1_000;

impl Backoff {
    /// Registers a failure, and returns how long to wait, in milliseconds. `jitter` is a random number.
    pub fn next_ms(&mut self, jitter: u64) -> i64 {
        let longest = (FIRST_MS << self.failures.min(16)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        (1 + jitter % longest).cast_signed()
    }

    /// The number of failures since the last reset.
    pub fn failures(self) -> u32 {
        self.failures
    }

    /// Resets the waits, after a success or because the user wants to retry now.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_minutes_and_never_end() {
        let mut backoff = Backoff::default();
        let waits: Vec<i64> = (0..40).map(|_| backoff.next_ms(u64::MAX)).collect();
        assert!(waits.iter().all(|wait| (1..=300_000).contains(wait)));
        let mut backoff = Backoff::default();
        let longest: Vec<i64> =
            (0..12u32).map(|failures| Backoff { failures }.next_ms((FIRST_MS << failures.min(16)).min(LONGEST_MS) - 1)).collect();
        assert_eq!(longest[..4], [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(longest[11], 300_000);
        backoff.next_ms(0);
        backoff.reset();
        assert_eq!(backoff, Backoff::default());
    }
}
