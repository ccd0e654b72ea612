//! Counts commits, for the metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use crate::metrics::BUCKETS;

/// The commits of a database since the server started.
#[derive(Clone)]
pub struct Commits {
    /// How long each transaction, or each group of them, took until it was durable, in seconds.
    pub duration: Histogram,
    pub failed: Counter,
    /// How often the thread that writes has panicked and started over.
    pub panics: Counter,
}

impl Default for Commits {
    fn default() -> Self {
        Commits { duration: Histogram::new(BUCKETS), failed: Counter::default(), panics: Counter::default() }
    }
}
