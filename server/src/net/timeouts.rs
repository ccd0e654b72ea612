//! How long a peer may keep the server waiting.

use std::time::Duration;

/// The minimum sustained transfer rate, in bytes per second.
const RATE_MIN: u32 = 4_096;

/// How long the server waits for a peer, or for its database.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Deadlines {
    /// From the start of the connection to the end of the first request's head, including the TLS handshake.
    pub first_request: Duration,
    /// From the end of a response to the end of the next request's head.
    pub idle: Duration,
    /// How long a body may make no progress. A body that makes progress must average 4 KiB per second.
    pub stall: Duration,
    /// How long a statement of a request may take on Postgres. Postgres itself ends a slow statement after 20 s.
    pub database: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            first_request: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(20),
            database: Duration::from_secs(25),
        }
    }
}

/// The remaining time that a peer may keep the server waiting. Waiting reduces it; transferred bytes increase it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    left: Duration,
    max: Duration,
}

impl Patience {
    pub fn new(max: Duration) -> Self {
        Patience { left: max, max }
    }

    pub fn left(&self) -> Duration {
        self.left
    }

    /// Records that the peer transferred this many bytes after keeping the server waiting for this long.
    pub fn moved(&mut self, bytes: usize, waited: Duration) {
        let earned = Duration::from_secs_f64(bytes as f64 / f64::from(RATE_MIN));
        self.left = self.left.saturating_sub(waited).saturating_add(earned).min(self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_peer_is_waited_for_and_one_that_drips_is_not() {
        let second = Duration::from_secs(1);
        let mut slow = Patience::new(20 * second);
        (0..1_000).for_each(|_| slow.moved(4_096, second));
        assert_eq!(slow.left(), 20 * second);
        let mut dripping = Patience::new(20 * second);
        (0..21).for_each(|_| dripping.moved(1, second));
        assert!(dripping.left() < second, "{dripping:?}");
        dripping.moved(1 << 30, second);
        assert_eq!(dripping.left(), 20 * second, "nobody saves up for a week");
    }
}
