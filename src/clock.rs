//! The time and random numbers for plans, and the clock for last-write-wins stamps. Stamps never decrease, even if the wall clock does
//! (R9).

use serde::Serialize;
use uuid::Uuid;

use crate::api::runtime::json::Json;
use crate::rules::{self, Rule};
pub use crate::skew::SKEW_MAX_MS;
use crate::skew::is_near;
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
    /// An offset far from the known one. It is adopted if responses still agree after [`CONFIRM_MS`].
    doubted_ms: Option<i64>,
    /// When a response first showed that offset, by this device's clock.
    doubted_since_ms: i64,
    /// Whether a response has confirmed the offset.
    known: bool,
    /// The last stamp made.
    last: i64,
    /// A time of the server that has passed: that of the last response that confirmed the offset, or of a later stamp while the device's
    /// clock is ahead. 0 if the server's time was never known.
    passed_ms: i64,
}

impl Readable for Clock {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut clock = Clock::default();
        member(json, "offset_ms", &mut clock.offset_ms)?;
        member(json, "doubted_ms", &mut clock.doubted_ms)?;
        member(json, "doubted_since_ms", &mut clock.doubted_since_ms)?;
        member(json, "known", &mut clock.known)?;
        member(json, "last", &mut clock.last)?;
        member(json, "passed_ms", &mut clock.passed_ms)?;
        Some(clock)
    }
}

/// Differences below this are attributed to the network rather than the clock.
const OFFSET_MIN_MS: u64 = 2_000;
/// How long the server's responses must agree before the device accepts a time far from the known one. A paused server sets its clock within this time.
const CONFIRM_MS: i64 = 600_000;
/// How far behind a clock is whose device has certainly received a response since. A device is rarely offline for as long.
const AWAY_MAX_MS: i64 = 30 * 86_400_000;
/// The largest stamp that every contract accepts: the end of the year 9999.
const STAMP_MAX_MS: i64 = 253_402_300_799_999;

impl Clock {
    /// Returns a stamp for an edit of a version with the stamp `before`: the current time, raised above `before` and every earlier stamp.
    pub fn stamp(&mut self, wall_ms: i64, before: Option<i64>) -> i64 {
        // Stamp 0 is that of shipped records.
        let floor = before.unwrap_or(0).saturating_add(1);
        let time = self.check(wall_ms);
        if !rules::on(Rule::Ratchet) {
            return time;
        }
        // A clock that is behind may have been set right, and the time with the offset is one of the future then.
        if self.known && self.offset_ms < 0 {
            self.passed_ms = self.passed_ms.max(time);
        }
        self.last = time.max(self.last.saturating_add(1)).max(floor).min(STAMP_MAX_MS);
        self.last
    }

    /// Returns the server's time, as known to this device, and ends the offset if the device's clock was set in the meantime.
    ///
    /// It was set back if, with the offset, it shows a time long before one that has passed. Presumably it is right now, unless it shows such
    /// a time even without the offset. Time then continues from the one that has passed, until the clock is set again or a response reports
    /// the time. A clock that was more than [`AWAY_MAX_MS`] behind, as after a start without a battery, was set right once it shows a time
    /// that has not passed.
    pub(crate) fn check(&mut self, wall_ms: i64) -> i64 {
        let time = wall_ms.saturating_add(self.offset_ms);
        let is_set_back = time < self.passed_ms && !is_near(time, self.passed_ms);
        let is_set_right = (self.is_assumed() || self.offset_ms > AWAY_MAX_MS) && wall_ms >= self.passed_ms;
        if (is_set_back || is_set_right) && rules::on(Rule::OffsetEndsWithClock) {
            self.offset_ms = self.passed_ms.saturating_sub(wall_ms).max(0);
            (self.doubted_ms, self.known) = (None, false);
        }
        wall_ms.saturating_add(self.offset_ms)
    }

    /// Whether the offset is not from a response, but from a time that has passed.
    fn is_assumed(&self) -> bool {
        !self.known && self.offset_ms > 0
    }

    /// Learns the server's time from a response. The server's clock may be wrong for a while, but the stamps of edits stay. The device
    /// therefore accepts a time far from the known one only if its own clock agrees, or if the time is ahead and responses agree for
    /// [`CONFIRM_MS`]. It need not accept a time far behind: the server rejects stamps that are ahead of it, and
    /// [`rejected`](Self::rejected) follows. A device that does not know the server's time accepts the second response that agrees; if it is
    /// the first time that it ever knows, [`settle`](Self::settle) accepts it.
    pub fn learn(&mut self, wall_ms: i64, server_ms: i64) -> Learned {
        self.check(wall_ms);
        let (offset, was_undecided) = (offset(wall_ms, server_ms), self.is_undecided());
        let is_expected = offset > self.offset_ms || !self.known;
        let is_confirmed = is_expected && self.is_confirmed(wall_ms, offset);
        if is_confirmed && !self.known && self.passed_ms == 0 && rules::on(Rule::FirstTimeDatesEdits) {
            return Learned::First;
        }
        if self.agrees(offset) || is_confirmed || !rules::on(Rule::ConfirmTime) {
            *self = Clock { last: self.last, ..Clock::of(wall_ms, offset) };
        } else {
            self.doubt(wall_ms, offset);
        }
        if !was_undecided && self.is_undecided() { Learned::Undecided } else { Learned::Nothing }
    }

    /// Accepts the time of the responses that have reported the server's time to a device for the first time. Returns by how much its stamps and
    /// times so far were behind.
    pub fn settle(&mut self, wall_ms: i64) -> i64 {
        let Some(offset) = self.doubted_ms.filter(|_| !self.known) else { return 0 };
        *self = Clock::of(wall_ms, offset);
        offset
    }

    fn of(wall_ms: i64, offset_ms: i64) -> Self {
        Clock { offset_ms, known: true, passed_ms: wall_ms.saturating_add(offset_ms), ..Clock::default() }
    }

    /// Learns the server's time from its rejection of a stamp as too far ahead. Returns whether the time is certain, so that edits get new
    /// stamps. If it is far from the known time, they wait, as in [`learn`](Self::learn). Otherwise, a server whose clock is briefly wrong
    /// would permanently backdate them.
    pub fn rejected(&mut self, wall_ms: i64, server_ms: i64) -> bool {
        let offset = offset(wall_ms, server_ms);
        let is_certain = self.agrees(offset) || self.is_confirmed(wall_ms, offset) || !rules::on(Rule::ConfirmRejection);
        if is_certain {
            *self = Clock::of(wall_ms, offset);
        } else {
            self.doubt(wall_ms, offset);
        }
        is_certain
    }

    /// Whether an offset agrees with the known one, or with this device's own clock.
    fn agrees(&self, offset: i64) -> bool {
        is_near(offset, self.offset_ms) || is_near(offset, 0)
    }

    /// Whether earlier responses have shown an offset: for some time, or at all if none is known.
    fn is_confirmed(&self, wall_ms: i64, offset: i64) -> bool {
        let has_lasted = !self.known || wall_ms.saturating_sub(self.doubted_since_ms) >= CONFIRM_MS;
        has_lasted && self.doubted_ms.is_some_and(|doubted| is_near(offset, doubted))
    }

    fn doubt(&mut self, wall_ms: i64, offset: i64) {
        if !self.doubted_ms.is_some_and(|doubted| is_near(offset, doubted)) {
            (self.doubted_ms, self.doubted_since_ms) = (Some(offset), wall_ms);
        }
    }

    /// Whether one more response would determine the server's time, because no offset is known.
    fn is_undecided(&self) -> bool {
        self.doubted_ms.is_some() && !self.known
    }

    /// How far the server's clock is ahead of this device's, in milliseconds, and whether stamps allow for it. `None` if they differ by less
    /// than [`SKEW_MAX_MS`].
    pub fn difference(&self) -> Option<(i64, bool)> {
        let offset = self.doubted_ms.unwrap_or(self.offset_ms);
        (!is_near(offset, 0)).then_some((offset, self.doubted_ms.is_none()))
    }

    /// Whether a response has confirmed the server's time.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// The server's time, as known to this device.
    pub fn server_ms(mut self, wall_ms: i64) -> i64 {
        self.check(wall_ms)
    }

    /// The one of two clocks of a device that has the later stamp.
    pub fn further(self, other: Clock) -> Clock {
        if self.last < other.last { other } else { self }
    }
}

/// What a response has reported about the server's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Learned {
    /// Nothing that changes what to do.
    #[default]
    Nothing,
    /// A time far from the device's, which one more response confirms.
    Undecided,
    /// The same time again, for the first time: the device's clock is wrong, and so are the stamps and times of its edits so far.
    First,
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
    fn a_rejected_stamp_sets_the_clock_to_the_server_time() {
        let mut clock = Clock::default();
        clock.stamp(5_000_000, Some(9_000_000));
        assert!(clock.rejected(5_000_000, 5_000_900));
        assert_eq!(clock.offset_ms, 0, "a difference as small as the network's delay is none");
        assert_eq!(clock.stamp(5_000_100, None), 5_000_100, "and stamps begin again");
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
            let later = NOW + CONFIRM_MS + 3_000;
            assert_eq!(clock.server_ms(later), later + 100_000, "an answer that was right ends the doubt");
        }
    }

    #[test]
    fn a_new_device_that_is_behind_accepts_the_second_response() {
        let mut clock = Clock::default();
        clock.learn(NOW - DAY, NOW);
        assert_eq!(clock.stamp(NOW - DAY, None), NOW - DAY, "one answer may be wrong");
        assert_eq!(clock.learn(NOW - DAY + 200, NOW + 200), Learned::First);
        assert_eq!(clock.settle(NOW - DAY + 250), DAY);
        assert_eq!(clock.stamp(NOW - DAY + 300, None), NOW + 300);
    }

    /// A device that knows by how much its clock is ahead, or behind if negative.
    fn device(ahead: i64) -> Clock {
        let mut clock = Clock::default();
        clock.learn(NOW + ahead, NOW);
        clock.learn(NOW + ahead, NOW);
        clock.settle(NOW + ahead);
        assert_eq!(clock.server_ms(NOW + ahead), NOW);
        clock
    }

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_clock_that_is_set_right_between_responses_is_trusted() {
        for ahead in [-DAY, HOUR, DAY, 3_650 * DAY] {
            let mut clock = device(ahead);
            assert_eq!(clock.stamp(NOW + ahead + HOUR, None), NOW + HOUR);
            let later = NOW + HOUR + if ahead == HOUR { HOUR / 2 } else { 2 * HOUR };
            if ahead > 0 {
                assert_eq!(clock.server_ms(later), later, "{ahead}");
                assert_eq!((clock.stamp(later, None), clock.difference()), (later, None), "{ahead}");
            } else {
                assert_eq!(clock.stamp(later, None), later - ahead, "nothing shows it, and the server rejects the stamp");
                assert!(clock.rejected(later + 50, later));
            }
            assert_eq!(clock.learn(later + 100, later + 100), Learned::Nothing);
            assert_eq!(clock.stamp(later + 200, None), later + 200, "{ahead}");
        }
    }

    #[test]
    fn a_clock_that_shows_a_time_that_has_passed_goes_on_from_that_time() {
        for ahead in [0, -DAY, DAY] {
            let mut clock = device(ahead);
            let stamp = clock.stamp(NOW + ahead + HOUR, None);
            let known = if ahead > 0 { stamp } else { NOW };
            assert_eq!(clock.server_ms(0), known, "a clock without a battery begins in 1970");
            let stamp = clock.stamp(0, None);
            assert_eq!(clock.stamp(HOUR, None), (known + HOUR).max(stamp + 1), "{ahead}");
            assert!(clock.difference().is_some_and(|(_, is_corrected)| is_corrected));
            assert_eq!(clock.stamp(NOW + 2 * DAY, None), NOW + 2 * DAY, "and is trusted once it is set right");
            assert_eq!(clock.learn(NOW + 3 * DAY, NOW + 3 * DAY), Learned::Nothing);
            assert_eq!((clock.offset_ms, clock.known), (0, true));
        }
        let mut clock = device(-NOW);
        assert_eq!(clock.stamp(HOUR, None), NOW + HOUR);
        assert_eq!(clock.stamp(NOW + 2 * HOUR, None), NOW + 2 * HOUR, "also if a response has reported the time in between");
    }

    #[test]
    fn a_clock_that_is_set_again_while_it_is_wrong_is_learned_again() {
        let mut clock = device(2 * DAY);
        let (first, second) = (NOW + DAY + HOUR, NOW + 2 * HOUR);
        assert_eq!(clock.stamp(first, None), first, "half the way back");
        assert_eq!((clock.server_ms(second), clock.stamp(second, None)), (second, first + 1), "and the rest");
        let mut clock = device(2 * DAY);
        clock.stamp(first, None);
        assert!(!clock.rejected(first + 100, NOW + HOUR + 100));
        assert_eq!(clock.learn(first + 200, NOW + HOUR + 200), Learned::Nothing);
        assert!(clock.rejected(first + 300, NOW + HOUR + 300));
        assert_eq!(clock.stamp(first + 400, None), NOW + HOUR + 400);
        let mut clock = device(-DAY);
        assert_eq!(clock.stamp(NOW - 3 * DAY, None), NOW);
        assert_eq!(clock.stamp(NOW - 5 * DAY, None), NOW + 1);
    }

    #[test]
    fn no_stamp_is_below_an_earlier_one_whatever_the_clock_shows() {
        let mut clock = device(0);
        assert_eq!(clock.stamp(NOW + 6 * HOUR, None), NOW + 6 * HOUR);
        assert_eq!(clock.stamp(NOW + 4 * HOUR, None), NOW + 6 * HOUR + 1, "the clock was two hours back for a while");
        assert_eq!(clock.stamp(NOW + 7 * HOUR, None), NOW + 7 * HOUR);
        assert_eq!(Clock::default().stamp(-HOUR, None), 1, "nor does a clock from before 1970 make the stamp of a shipped record");
        assert_eq!(device(DAY).stamp(NOW + DAY, Some(NOW + HOUR)), NOW + HOUR + 1);
    }

    #[test]
    fn a_clock_that_is_right_and_wrong_by_turns_makes_the_offset_no_larger() {
        let mut clock = device(-DAY);
        for passed in 1..4 {
            clock.stamp(NOW + passed * HOUR, None);
            clock.stamp(NOW - DAY + passed * HOUR, None);
            assert_eq!(clock.difference(), Some((DAY, true)));
        }
    }

    #[test]
    fn the_state_of_an_earlier_version_has_no_time_that_has_passed() {
        let tape = crate::api::runtime::schema::parse(br#"{"offset_ms":-86400000,"known":true,"last":5}"#).expect("JSON");
        let mut clock = Clock::read(tape.root()).expect("a clock");
        assert_eq!(clock.stamp(NOW, None), NOW - DAY);
        clock.learn(NOW + 100, NOW - DAY + 100);
        assert_eq!(clock.stamp(NOW - DAY + 200, None), NOW - DAY + 200);
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
            assert_eq!(clock.offset_ms, 0, "once its clock is set, the first response reports the time");
        }
    }

    #[test]
    fn a_device_that_is_ahead_follows_the_server_when_that_rejects_a_stamp() {
        for ahead in [DAY, 3_650 * DAY] {
            let mut clock = Clock::default();
            clock.learn(NOW + ahead, NOW);
            assert_eq!(clock.stamp(NOW + ahead, None), NOW + ahead);
            assert!(clock.rejected(NOW + ahead, NOW), "the second answer of a new device");
            clock.learn(NOW + ahead + 1_000, NOW + 1_000);
            assert_eq!(clock.stamp(NOW + ahead + 2_000, None), NOW + 2_000);
        }
    }

    #[test]
    fn a_server_that_is_wrong_for_a_while_dates_no_edit_back() {
        for known in [0, 100_000, -3 * DAY] {
            let mut clock = Clock::default();
            clock.learn(NOW, NOW + known);
            clock.learn(NOW, NOW + known);
            clock.settle(NOW);
            for passed in [1_000, 2_000, 60_000, CONFIRM_MS] {
                assert!(!clock.rejected(NOW + passed, NOW + passed - 200 * DAY));
                clock.learn(NOW + passed, NOW + passed - 200 * DAY);
                assert_eq!(clock.difference(), Some((-200 * DAY, false)));
            }
            assert_eq!(clock.stamp(NOW + CONFIRM_MS, None), NOW + CONFIRM_MS + known);
            assert!(clock.rejected(NOW + CONFIRM_MS + 1_000, NOW + CONFIRM_MS + 1_000 - 200 * DAY), "unless it stays so");
            clock.learn(NOW + 2 * CONFIRM_MS, NOW + 2 * CONFIRM_MS);
            assert_eq!((clock.offset_ms, clock.difference()), (0, None), "the first answer that agrees with this clock ends that");
        }
    }

    #[test]
    fn the_status_has_the_difference_of_the_clocks_and_whether_stamps_allow_for_it() {
        let mut clock = Clock::default();
        clock.learn(NOW, NOW + SKEW_MAX_MS);
        assert_eq!(clock.difference(), None);
        let mut clock = Clock::default();
        clock.learn(NOW - DAY, NOW);
        assert_eq!((clock.difference(), clock.is_undecided()), (Some((DAY, false)), true));
        clock.learn(NOW - DAY + 100, NOW + 100);
        clock.settle(NOW - DAY + 100);
        assert_eq!((clock.difference(), clock.is_undecided()), (Some((DAY, true)), false));
    }

    #[test]
    fn no_time_of_a_server_makes_a_stamp_that_the_contract_rejects() {
        for (server, expected) in [(i64::MAX, STAMP_MAX_MS), (i64::MIN, 1)] {
            let mut clock = Clock::default();
            clock.learn(NOW, server);
            assert!(clock.rejected(NOW, server));
            assert_eq!(clock.stamp(NOW, None), expected);
            assert!(clock.stamp(NOW + DAY, None) <= STAMP_MAX_MS);
        }
    }
}
