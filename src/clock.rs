//! The time and random numbers for plans, and the clock for last-write-wins stamps. Stamps never decrease, even if the wall clock does
//! (R9).

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
    /// Creates a new time-ordered id, a UUIDv7.
    pub fn new_id(&mut self) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&(self.random)().to_le_bytes());
        bytes[8..].copy_from_slice(&(self.random)().to_le_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(self.now_ms.max(0).unsigned_abs(), &bytes).into_uuid()
    }
}

/// The clock for a device's stamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// How far the server's clock is ahead of this device's, in milliseconds.
    offset_ms: i64,
    /// An offset far ahead of the known one. It is adopted if responses still agree after [`CONFIRM_MS`].
    doubted_ms: Option<i64>,
    /// When a response first showed that offset, by this device's clock.
    doubted_since_ms: i64,
    /// Whether an answer has confirmed the offset.
    known: bool,
    /// The last stamp made.
    last: i64,
}

impl Readable for Clock {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut clock = Clock::default();
        member(json, "offset_ms", &mut clock.offset_ms)?;
        member(json, "doubted_ms", &mut clock.doubted_ms)?;
        member(json, "doubted_since_ms", &mut clock.doubted_since_ms)?;
        member(json, "known", &mut clock.known)?;
        member(json, "last", &mut clock.last)?;
        Some(clock)
    }
}

/// How far a stamp may be ahead of the server's clock, in milliseconds.
pub const SKEW_MAX_MS: i64 = 300_000;
/// Differences below this are attributed to the network rather than the clock.
const OFFSET_MIN_MS: u64 = 2_000;
/// How long the server's responses must agree before the device accepts a time far ahead. A paused server sets its clock within this time.
const CONFIRM_MS: i64 = 600_000;
/// The largest stamp that every contract accepts: the end of the year 9999.
const STAMP_MAX_MS: i64 = 253_402_300_799_999;

impl Clock {
    /// Returns a stamp for an edit of a version with the stamp `before`: the current time, raised above `before` and every earlier stamp.
    pub fn stamp(&mut self, wall_ms: i64, before: Option<i64>) -> i64 {
        let floor = before.map_or(0, |stamp| stamp.saturating_add(1));
        if !rules::on(Rule::Ratchet) {
            return wall_ms.saturating_add(self.offset_ms);
        }
        let above = self.last.saturating_add(1).max(floor);
        self.last = wall_ms.saturating_add(self.offset_ms).max(above).min(STAMP_MAX_MS);
        self.last
    }

    /// Learns the server's time from a response. The server's clock may be wrong for a while, but the stamps of edits stay. The device
    /// therefore accepts a time far from the known one only if its own clock agrees, or if the time is ahead and responses agree for
    /// [`CONFIRM_MS`]. A new device accepts the second response that agrees. It need not accept a time far behind: the server rejects stamps
    /// that are ahead of it, and [`reset`](Self::reset) follows.
    pub fn learn(&mut self, wall_ms: i64, server_ms: i64) {
        let offset = offset(wall_ms, server_ms);
        let is_near = |known: i64| offset.abs_diff(known) <= SKEW_MAX_MS.unsigned_abs();
        let is_doubted = self.doubted_ms.is_some_and(is_near);
        let is_confirmed = is_doubted && (!self.known || wall_ms.saturating_sub(self.doubted_since_ms) >= CONFIRM_MS);
        if is_near(self.offset_ms) || is_near(0) || is_confirmed || !rules::on(Rule::ConfirmTime) {
            (self.offset_ms, self.doubted_ms, self.known) = (offset, None, true);
        } else if !is_doubted {
            (self.doubted_ms, self.doubted_since_ms) = (Some(offset).filter(|_| offset > self.offset_ms), wall_ms);
        }
    }

    /// The server's time, as known to this device.
    pub fn server_ms(&self, wall_ms: i64) -> i64 {
        wall_ms.saturating_add(self.offset_ms)
    }

    /// Of two clocks of one device, the one with the later stamp.
    pub fn further(self, other: Clock) -> Clock {
        if self.last < other.last { other } else { self }
    }

    /// Sets the clock to the server's time, after the server has rejected a stamp as too far ahead. If the server was wrong, the next
    /// response that agrees with the previous offset restores it.
    pub fn reset(&mut self, wall_ms: i64, server_ms: i64) {
        let doubted_ms = Some(self.offset_ms);
        *self = Clock { offset_ms: offset(wall_ms, server_ms), doubted_ms, ..Clock::default() };
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

    const NOW: i64 = 1_800_000_000_000;
    const DAY: i64 = 86_400_000;

    #[test]
    fn a_server_that_is_wrong_for_a_while_changes_no_stamp() {
        for wrong in [0, NOW - 200 * DAY, NOW + 3_650 * DAY, i64::MAX] {
            let mut clock = Clock::default();
            clock.learn(NOW, NOW + 100_000);
            for passed in [1_000, 2_000, 60_000, CONFIRM_MS] {
                clock.learn(NOW + passed, wrong.saturating_add(passed));
                assert_eq!(clock.stamp(NOW + passed, None), NOW + 100_000 + passed, "{wrong}");
            }
            clock.learn(NOW + CONFIRM_MS + 500, NOW + CONFIRM_MS + 100_500);
            clock.learn(NOW + CONFIRM_MS + 2_000, wrong.saturating_add(CONFIRM_MS + 2_000));
            assert_eq!(clock.server_ms(NOW), NOW + 100_000, "an answer that was right ends the doubt");
        }
    }

    #[test]
    fn a_new_device_that_is_behind_believes_the_second_answer() {
        let mut clock = Clock::default();
        clock.learn(NOW - DAY, NOW);
        assert_eq!(clock.stamp(NOW - DAY, None), NOW - DAY, "one answer may be wrong");
        clock.learn(NOW - DAY + 200, NOW + 200);
        assert_eq!(clock.stamp(NOW - DAY + 300, None), NOW + 300);
    }

    #[test]
    fn a_device_that_is_behind_follows_a_server_whose_answers_agree() {
        for behind in [DAY, NOW] {
            let mut clock = Clock::default();
            clock.learn(NOW - behind, NOW - behind);
            clock.learn(NOW - behind, NOW);
            clock.learn(NOW - behind + CONFIRM_MS / 2, NOW + CONFIRM_MS / 2);
            assert_eq!(clock.offset_ms, 0, "not yet");
            clock.learn(NOW - behind + CONFIRM_MS, NOW + CONFIRM_MS + 300);
            assert_eq!(clock.stamp(NOW - behind + 2 * CONFIRM_MS, None), NOW + 2 * CONFIRM_MS + 300);
            clock.learn(NOW + 3 * CONFIRM_MS, NOW + 3 * CONFIRM_MS);
            assert_eq!(clock.offset_ms, 0, "once its clock is set, the first answer tells");
        }
    }

    #[test]
    fn a_device_that_is_ahead_follows_the_server_when_that_rejects_a_stamp() {
        let mut clock = Clock::default();
        clock.learn(NOW + DAY, NOW);
        assert_eq!(clock.stamp(NOW + DAY, None), NOW + DAY);
        clock.reset(NOW + DAY, NOW);
        clock.learn(NOW + DAY + 1_000, NOW + 1_000);
        assert_eq!(clock.stamp(NOW + DAY + 2_000, None), NOW + 2_000);
        clock.reset(NOW + DAY + 3_000, NOW - 200 * DAY);
        assert_eq!(clock.stamp(NOW + DAY + 3_000, None), NOW - 200 * DAY, "a server that is wrong itself takes no other stamp");
        clock.learn(NOW + DAY + 4_000, NOW + 4_000);
        assert_eq!(clock.stamp(NOW + DAY + 5_000, None), NOW + 5_000, "and its first right answer ends that");
    }

    #[test]
    fn no_time_of_a_server_makes_a_stamp_that_the_contract_rejects() {
        let mut clock = Clock::default();
        clock.reset(NOW, i64::MAX);
        assert_eq!((clock.stamp(NOW, None), clock.stamp(NOW + DAY, None)), (STAMP_MAX_MS, STAMP_MAX_MS));
        clock.reset(NOW, i64::MIN);
        assert!(clock.stamp(NOW, None) > 0);
    }
}
