//! Reproducible random numbers: a small generator (SplitMix64), and ids derived from it.

use stronglog_sync::api::types::Id;

/// A sequence of numbers determined by a seed.
#[derive(Debug)]
pub struct Random {
    state: u64,
    /// When the year ends, in milliseconds since the Unix epoch.
    pub end_ms: i64,
}

impl Random {
    pub fn new(seed: u64, end_ms: i64) -> Self {
        Random { state: seed, end_ms }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An integer from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1).unsigned_abs()).cast_signed()
    }

    /// A number from -1 to 1, most likely near 0.
    pub fn around(&mut self) -> f64 {
        let mut share = || (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        share() + share() - 1.0
    }

    /// Returns true with a probability of `percent`.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[(self.next() % from.len() as u64) as usize]
    }

    /// A UUIDv7 with a given time.
    pub fn id(&mut self, at_ms: i64) -> Id {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes()[..2]);
        Id(uuid::Builder::from_unix_timestamp_millis(at_ms.max(0).unsigned_abs(), &bytes).into_uuid().to_string())
    }
}
