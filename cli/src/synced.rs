//! The result of a sync.

use std::time::Duration;

use stronglog_sync::Status;
use stronglog_sync::transport::Traffic;

/// The result of a sync.
#[derive(Clone, Debug)]
pub struct Synced {
    pub status: Status,
    pub traffic: Traffic,
    pub took: Duration,
}

impl Synced {
    /// The number of records transferred in both directions.
    pub fn moved(&self) -> u64 {
        self.traffic.pushed + self.traffic.pulled
    }

    /// Records per second.
    pub fn speed(&self) -> u64 {
        per_second(self.moved(), self.took)
    }
}

/// How many per second. A float is precise enough for a rate.
pub fn per_second(count: u64, took: Duration) -> u64 {
    (count as f64 / took.as_secs_f64().max(0.001)) as u64
}
