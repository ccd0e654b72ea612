//! Failures of the database: their messages, and which are temporary.

use std::error::Error as _;
use std::time::Duration;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// The maximum number of retries, and the longest pause between them. All pauses together outlast a restart of the database.
const TRIES_MAX: u32 = 14;
const PAUSE_MAX: Duration = Duration::from_millis(640);

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Failed {
    text: String,
    /// Whether a retry may succeed.
    passes: bool,
    /// Whether the database has no connection left.
    is_full: bool,
}

/// Returns whether the database has no connection left for this server.
pub fn is_full(error: &StoreError) -> bool {
    error.0.downcast_ref::<Failed>().is_some_and(|failed| failed.is_full)
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let text = match error.as_db_error() {
            Some(found) => format!("the database reported: {} ({})", found.message(), found.code().code()),
            None => text_in_full(&error),
        };
        let passes = match error.code() {
            Some(code) => passes(code),
            // The connection broke, or could not be made.
            None => error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>()),
        };
        StoreError::new(Failed { text, passes, is_full: error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) })
    }
}

/// A failure and its causes.
fn text_in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat their cause.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

fn passes(code: &SqlState) -> bool {
    const PASSING: [SqlState; 7] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    // Class 08 are exceptions of the connection.
    PASSING.contains(code) || code.code().starts_with("08")
}

/// Counts how often something was tried.
#[derive(Default)]
pub struct Tries(u32);

impl Tries {
    /// Waits and returns true if a failure is temporary and has not occurred too often.
    pub async fn another(&mut self, error: &StoreError) -> bool {
        let passes = error.0.downcast_ref::<Failed>().is_some_and(|failed| failed.passes);
        if !passes || self.0 >= TRIES_MAX {
            return false;
        }
        let pause = (Duration::from_millis(5) * 2_u32.pow(self.0.min(7))).min(PAUSE_MAX);
        self.0 += 1;
        // With jitter, so that not all retry at the same time.
        tokio::time::sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        true
    }
}
