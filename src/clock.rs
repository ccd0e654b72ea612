//! The time and random numbers that plans are given, and the clock for last-write-wins stamps, which never decrease even if the wall clock
//! does (R9).

use serde::Serialize;
use uuid::Uuid;

use crate::api::runtime::json::Json;
use crate::rules::{self, Rule};
use crate::stored::{Readable, member};

/// The time and a source of random numbers. Plans receive them as input, so that a simulation can reproduce a run.
pub struct ClockAndRng<'a> {
    /// The time of the device or server, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Returns 64 random bits, used for ids.
    pub random: &'a mut dyn FnMut() -> u64,
}

impl ClockAndRng<'_> {
    /// Makes a new time-ordered id, a UUIDv7.
    pub fn new_id(&mut self) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&(self.random)().to_le_bytes());
        bytes[8..].copy_from_slice(&(self.random)().to_le_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(self.now_ms.max(0).unsigned_abs(), &bytes).into_uuid()
    }
}

/// The clock that makes a device's stamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// How far the server's clock is ahead of this device's, in milliseconds.
    offset_ms: i64,
    /// An offset that is far from the known one and that one answer alone has shown.
    doubted_ms: Option<i64>,
    /// The last stamp made.
    last: i64,
}

impl Readable for Clock {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut clock = Clock::default();
        member(json, "offset_ms", &mut clock.offset_ms)?;
        member(json, "doubted_ms", &mut clock.doubted_ms)?;
        member(json, "last", &mut clock.last)?;
        Some(clock)
    }
}

/// How far a stamp may be ahead of the server's clock, in milliseconds.
pub const SKEW_MAX_MS: i64 = 300_000;
/// Differences below this are attributed to the network rather than the clock.
const OFFSET_MIN_MS: u64 = 2_000;

impl Clock {
    /// Makes a stamp for an edit of a version with the stamp `before`: the current time, raised above `before` and every stamp made so far.
    pub fn stamp(&mut self, wall_ms: i64, before: Option<i64>) -> i64 {
        let floor = before.map_or(0, |stamp| stamp.saturating_add(1));
        if !rules::on(Rule::Ratchet) {
            return wall_ms.saturating_add(self.offset_ms);
        }
        self.last = wall_ms.saturating_add(self.offset_ms).max(self.last.saturating_add(1)).max(floor);
        self.last
    }

    /// Learns the server's time from an answer. Far from the known time, it counts when a second answer agrees: the server's clock may be wrong for a
    /// moment, and the stamps of edits stay.
    pub fn learn(&mut self, wall_ms: i64, server_ms: i64) {
        let offset = offset(wall_ms, server_ms);
        let is_near = |known: i64| offset.abs_diff(known) <= SKEW_MAX_MS.unsigned_abs();
        if is_near(self.offset_ms) || self.doubted_ms.is_some_and(is_near) {
            (self.offset_ms, self.doubted_ms) = (offset, None);
        } else {
            self.doubted_ms = Some(offset);
        }
    }

    /// The server's time, as known to this device.
    pub fn server_ms(&self, wall_ms: i64) -> i64 {
        wall_ms.saturating_add(self.offset_ms)
    }

    /// The clock with the later stamp, of two clocks of one device.
    pub fn further(self, other: Clock) -> Clock {
        if self.last < other.last { other } else { self }
    }

    /// Sets the clock back to the server's time, after the server has rejected a stamp that was too far ahead.
    pub fn reset(&mut self, wall_ms: i64, server_ms: i64) {
        *self = Clock { offset_ms: offset(wall_ms, server_ms), ..Clock::default() };
    }
}

fn offset(wall_ms: i64, server_ms: i64) -> i64 {
    let offset = server_ms.saturating_sub(wall_ms);
    if offset.unsigned_abs() < OFFSET_MIN_MS { 0 } else { offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_never_go_back() {
        let mut clock = Clock::default();
        assert_eq!(clock.stamp(1_000, None), 1_000);
        assert_eq!(clock.stamp(400, None), 1_001, "though the wall clock did");
        assert_eq!(clock.stamp(2_000, Some(9_000)), 9_001, "and are above the edited version");
        assert_eq!(clock.stamp(2_000, None), 9_002);
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_server() {
        let mut clock = Clock::default();
        clock.stamp(5_000_000, None);
        clock.reset(5_000_000, 1_000_000);
        assert_eq!(clock.stamp(5_000_100, None), 1_000_100);
        clock.reset(5_000_000, 5_000_900);
        assert_eq!(clock.offset_ms, 0, "a difference as small as the network's delay is none");
    }

    #[test]
    fn one_answer_with_a_wrong_time_changes_no_stamp() {
        for wrong in [0, 5_000_000, i64::MAX] {
            let mut clock = Clock::default();
            clock.learn(1_000_000_000, 1_000_100_000);
            clock.learn(1_000_000_000, wrong);
            assert_eq!(clock.server_ms(1_000_000_000), 1_000_100_000);
            clock.learn(1_000_000_000, 1_000_100_000);
            clock.learn(1_000_000_000, wrong);
            assert_eq!(clock.server_ms(1_000_000_000), 1_000_100_000, "two wrong answers that do not follow each other");
        }
        let mut clock = Clock::default();
        clock.learn(5_000_000, 1_000_000);
        clock.learn(5_000_500, 1_000_400);
        assert_eq!(clock.server_ms(6_000_000), 1_999_900, "two answers agree that the device's clock is wrong");
    }
}
