//! One timer for everything that the engine waits for: the debounce of writes, the next poll, and the wait after a failure (R14).

/// After this much time without writes, the next write is pushed at once.
const QUIET_MS: i64 = 2_000;
/// Later writes are pushed when no other write follows within this time.
const DEBOUNCE_MS: i64 = 1_000;
/// The maximum time for which later writes may delay a push.
const DEBOUNCE_MAX_MS: i64 = 10_000;

/// The times that the engine waits for, in milliseconds of a monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedule {
    /// When to push the debounced writes.
    writes: Option<Writes>,
    /// The time of the last write, pushed or not.
    last_write: Option<i64>,
    poll_at: Option<i64>,
    /// Nothing is sent before this time.
    hold_until: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Writes {
    due: i64,
    latest: i64,
}

impl Schedule {
    /// Registers a write of the app.
    pub fn written(&mut self, now: i64) {
        let quiet = self.last_write.is_none_or(|last| now - last >= QUIET_MS);
        self.last_write = Some(now);
        self.writes = Some(match self.writes {
            Some(Writes { latest, .. }) => Writes { due: (now + DEBOUNCE_MS).min(latest), latest },
            None if quiet => Writes { due: now, latest: now },
            None => Writes { due: now + DEBOUNCE_MS, latest: now + DEBOUNCE_MAX_MS },
        });
    }

    /// Whether writes are being debounced.
    pub fn has_writes(&self) -> bool {
        self.writes.is_some()
    }

    /// Whether debounced writes are due. If so, they are removed.
    pub fn take_writes(&mut self, now: i64) -> bool {
        self.writes.take_if(|writes| writes.due <= now).is_some()
    }

    /// Removes the debounced writes, because they are being pushed.
    pub fn forget_writes(&mut self) {
        self.writes = None;
    }

    /// Sets the time of the next poll.
    pub fn poll_at(&mut self, at: i64) {
        self.poll_at = Some(at);
    }

    /// Whether the poll is due. If so, it is removed.
    pub fn take_poll(&mut self, now: i64) -> bool {
        self.poll_at.take_if(|at| *at <= now).is_some()
    }

    /// Sets the time until which nothing is sent, after a failure.
    pub fn hold_until(&mut self, at: i64) {
        self.hold_until = Some(at);
    }

    /// Ends the wait, because the user or the app wants to retry now.
    pub fn clear_hold(&mut self) {
        self.hold_until = None;
    }

    /// Removes a wait that is over. A timer in the past would fire repeatedly.
    pub fn release_hold(&mut self, now: i64) {
        self.hold_until.take_if(|at| *at <= now);
    }

    /// Whether a wait is in effect.
    pub fn is_held(&self, now: i64) -> bool {
        self.hold_until.is_some_and(|at| now < at)
    }

    /// When the timer must fire. `wanted` says whether there is work to do as soon as the wait ends.
    pub fn wake_at(&self, wanted: bool) -> Option<i64> {
        let hold = self.hold_until.filter(|_| wanted);
        let writes = self.writes.map(|writes| self.hold_until.map_or(writes.due, |hold| hold.max(writes.due)));
        let poll = self.poll_at.map(|poll| self.hold_until.map_or(poll, |hold| hold.max(poll)));
        [hold, writes, poll].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_write_goes_at_once_and_a_storm_at_most_every_ten_seconds() {
        let mut schedule = Schedule::default();
        schedule.written(5_000);
        assert!(schedule.take_writes(5_000));
        let mut pushes = Vec::new();
        for now in (5_100..40_000).step_by(100) {
            schedule.written(now);
            if schedule.take_writes(now) {
                pushes.push(now);
            }
        }
        assert_eq!(pushes, [15_100, 25_200, 35_300], "each ten seconds after the first write that waited");
        schedule.forget_writes();
        schedule.written(39_950);
        assert_eq!(schedule.wake_at(false), Some(40_950));
        schedule.written(40_500);
        assert_eq!(schedule.wake_at(false), Some(41_500), "a write within the debounce puts it off");
        schedule.forget_writes();
        schedule.written(43_000);
        assert!(schedule.take_writes(43_000), "after a quiet, at once");
    }

    #[test]
    fn a_wait_after_a_failure_holds_everything() {
        let mut schedule = Schedule::default();
        schedule.poll_at(100);
        schedule.hold_until(500);
        assert!(schedule.is_held(499) && !schedule.is_held(500));
        assert_eq!(schedule.wake_at(true), Some(500));
        schedule.clear_hold();
        assert_eq!(schedule.wake_at(true), Some(100));
    }
}
