//! How long a peer may keep the server waiting.

use std::time::Duration;

/// The slowest that a peer may be for long, in bytes a second.
const RATE_MIN: u32 = 4_096;

/// The times after which a connection is closed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Deadlines {
    /// From the connection to the end of the first request's head, the TLS handshake included.
    pub first_request: Duration,
    /// From the end of a response to the end of the next request's head.
    pub idle: Duration,
    /// For how long a body may stand still; one that moves needs 4 KiB a second.
    pub stall: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines { first_request: Duration::from_secs(15), idle: Duration::from_secs(75), stall: Duration::from_secs(20) }
    }
}

/// What is left of the time that a peer may keep the server waiting. Waiting spends it, bytes earn it back.
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

    /// The peer has moved this many bytes, after keeping the server waiting for so long.
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
