//! Time and chance, which the engine does not have by itself.

use stronglog_sync::clock::ClockAndRng;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill(bytes: &mut [u8]);
}

/// A random number of the platform's good source.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// How many numbers are fetched at a time: each fetch crosses the border.
const POOL: usize = 64;

/// Runs `job` with the time and with random numbers.
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

/// A number of JavaScript's as a whole one.
pub fn whole(number: f64) -> i64 {
    // Saturates; what is not a number is 0.
    number as i64
}
