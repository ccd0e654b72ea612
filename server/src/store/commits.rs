//! Counts commits, for the metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use crate::metrics::BUCKETS;

/// The commits of a database since the server started.
#[derive(Clone)]
pub struct Commits {
    /// The time until each transaction, or group of transactions, was durable, in seconds.
    pub duration: Histogram,
    /// The number of failed commits.
    pub failed: Counter,
    /// How often the writer thread has panicked and restarted.
    pub panics: Counter,
}

impl Default for Commits {
    fn default() -> Self {
        Commits { duration: Histogram::new(BUCKETS), failed: Counter::default(), panics: Counter::default() }
    }
}
