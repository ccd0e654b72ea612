//! The clock and the random source, which the engine gets from its host.

use stronglog_sync::clock::ClockAndRng;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill(bytes: &mut [u8]);
}

/// A random number from the platform's cryptographic source.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The number of random numbers fetched at a time, because each call into JavaScript is costly.
const POOL: usize = 64;

/// Runs `job` with the time and a random source.
pub fn with_clock_and_rng<T>(wall_ms: f64, job: impl FnOnce(&mut ClockAndRng<'_>) -> T) -> T {
    let mut pool: Vec<u64> = Vec::new();
    let mut random = || {
        if pool.is_empty() {
            let mut bytes = [0; POOL * 8];
            fill(&mut bytes);
            pool.extend(bytes.chunks_exact(8).map(|chunk| chunk.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))));
        }
        pool.pop().unwrap_or_default()
    };
    job(&mut ClockAndRng { now_ms: whole(wall_ms), random: &mut random })
}

/// Converts a JavaScript number to an integer.
pub fn whole(number: f64) -> i64 {
    // The conversion saturates; NaN becomes 0.
    number as i64
}
