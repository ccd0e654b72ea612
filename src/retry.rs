//! When to try again, decided once: what an answer means for the next attempt, and how long to wait (R14).

/// What a failed request calls for: a closed set, decided by status and code and never by message text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or one that was not the server's: wait longer each time.
    Unreachable,
    /// The server is there and has asked for patience, in milliseconds where it said how long.
    Busy {
        /// Kept to exactly; without it the wait grows as for [`Unreachable`](Self::Unreachable).
        retry_after_ms: Option<u64>,
    },
    /// The token is not accepted: refresh it, once.
    Unauthorized,
    /// The account may not sync: only the user can help.
    Forbidden,
    /// The cursor means nothing to the server any more: pull everything again.
    Gone {
        /// Where a restored server went back to; none if the cursor is merely too old.
        restored_rev: Option<u64>,
    },
    /// Too much in one push, or something in it that the server will not read: send less.
    Refused {
        /// It was the size. Either way the push is halved, down to the one edit that is at fault.
        too_large: bool,
    },
    /// This version of the app is too old.
    UpgradeRequired,
}

/// Waits that double from one second to five minutes, each shortened by chance so that devices do not come back all at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

const FIRST_MS: u64 = 1_000;
const LONGEST_MS: u64 = 5 * 60 * 1_000;

impl Backoff {
    /// How long to wait after one more failure, in milliseconds. `jitter` is a random number.
    pub fn next_ms(&mut self, jitter: u64) -> i64 {
        let longest = (FIRST_MS << self.failures.min(16)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        (1 + jitter % longest).cast_signed()
    }

    /// Forgets the failures, after a success or because the user wants to try now.
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
