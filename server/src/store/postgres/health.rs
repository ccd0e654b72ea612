//! Whether the database responds. While it does not, one request a second tries it. The others fail at once, so that they hold no memory or
//! connections.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often a shortage of connections is reported.
const TELL_EVERY: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Health {
    is_silent: AtomicBool,
    /// When the database last responded.
    answered: Mutex<Option<Instant>>,
    /// When the silent database was last tried.
    asked: Mutex<Option<Instant>>,
    /// When the database last had no connection left.
    was_full: Mutex<Option<Instant>>,
}

impl Health {
    /// Whether a request may try the database now; the caller has not been chosen yet.
    pub fn could_ask(&self) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_silent.load(Ordering::Relaxed) || asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY)
    }

    /// Whether the caller may try the database now.
    pub fn may_ask(&self) -> bool {
        if !self.is_silent.load(Ordering::Relaxed) {
            return true;
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY);
        if is_time {
            *asked = Some(Instant::now());
        }
        is_time
    }

    /// Records that the database has no connection left. Returns whether this was not reported in the last minute.
    pub fn is_new_shortage(&self) -> bool {
        let mut was_full = self.was_full.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = was_full.is_none_or(|at| at.elapsed() >= TELL_EVERY);
        if is_new {
            *was_full = Some(Instant::now());
        }
        is_new
    }

    /// Records that a statement was completed, or a connection opened.
    pub fn has_answered(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if self.is_silent.load(Ordering::Relaxed) && self.is_silent.swap(false, Ordering::Relaxed) {
            tracing::warn!("the database responds again");
        }
    }

    /// Records that a statement sent at this time was not completed in time. If others were completed since, the database is not silent:
    /// commits may be waiting for a standby or a disk while reads are not.
    pub fn is_unanswered(&self, sent: Instant) {
        if self.answered.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|answered| answered < sent) {
            self.is_silent();
        }
    }

    /// Records that a connection was not opened in time, or that no statement was completed.
    pub fn is_silent(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if !self.is_silent.swap(true, Ordering::Relaxed) {
            tracing::error!("the database does not respond; requests get 503 until it does");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_database_that_does_not_answer_is_asked_once_a_second() {
        let health = Health::default();
        assert!(health.may_ask() && health.may_ask());
        health.is_silent();
        assert!(!health.may_ask(), "it was asked just now");
        tokio::time::advance(ASK_EVERY).await;
        assert!(health.could_ask() && health.may_ask());
        assert!(!health.could_ask() && !health.may_ask(), "one asks for all");
        health.has_answered();
        assert!(health.may_ask() && health.may_ask());
        let sent = Instant::now();
        tokio::time::advance(ASK_EVERY).await;
        health.has_answered();
        health.is_unanswered(sent);
        assert!(health.may_ask() && health.may_ask(), "others are answered");
        health.is_unanswered(Instant::now() + ASK_EVERY);
        assert!(!health.may_ask());
    }
}
