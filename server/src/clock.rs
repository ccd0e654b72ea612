//! The system's clock, and whether it can be trusted.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How far the clock may be from its expected time. Beyond this, the server deletes nothing and signs nobody out because of a deadline.
const JUMP_MAX_MS: u64 = 30 * 86_400_000;

/// The time, in milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The clock is far from the time when the server last ran. All deadlines would have passed, of tombstones as well as sessions. An operator
/// must confirm that the clock is right.
#[derive(Debug, thiserror::Error)]
#[error("the clock says {now}, and the server last ran at {before}; if the clock is right, give --accept-clock once, otherwise set it")]
pub struct Jumped {
    now: String,
    before: String,
}

/// Compares the clock with the time when the server last ran, which is 0 if it never did.
///
/// # Errors
/// Returns an error if they are far apart.
pub fn check(before_ms: i64, now_ms: i64) -> Result<(), Jumped> {
    if before_ms > 0 && now_ms.abs_diff(before_ms) > JUMP_MAX_MS {
        return Err(Jumped { now: readable(now_ms), before: readable(before_ms) });
    }
    Ok(())
}

/// A time for people, in UTC.
fn readable(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| format!("{ms} ms since 1970"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// Whether the system's clock can be trusted since the server started.
pub struct Clock {
    started: Instant,
    started_ms: i64,
}

impl Clock {
    pub fn start(now_ms: i64) -> Self {
        Clock { started: Instant::now(), started_ms: now_ms }
    }

    /// Whether the clock was set to another time while the server ran.
    pub fn has_jumped(&self, now_ms: i64) -> bool {
        let ran = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        now_ms.abs_diff(self.started_ms.saturating_add(ran)) > JUMP_MAX_MS
    }
}
