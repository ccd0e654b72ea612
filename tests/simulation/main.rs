//! The simulation: real engines, the real decision logic of client and server, and in-memory stores, in one deterministic run with all the
//! faults that the protocol must handle. A failing seed prints how to replay it. Then each rule is switched off in turn, to check that the
//! run detects its absence (`tests/MUTATIONS.md`).

mod chance;
mod device;
mod directed;
mod mutations;
mod run;
mod server;

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of seeds in an ordinary test run. `cargo xtask simulate --seeds N` runs more.
const SEEDS: u64 = 300;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Plays a seed, and converts a panic to an error.
fn outcome(seed: u64) -> Result<(), String> {
    std::panic::catch_unwind(|| run::play(seed)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("a panic: {}", said.unwrap_or_default()))
    })
}

#[test]
fn every_run_comes_to_rest_in_one_state_whatever_goes_wrong() {
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    let seeds = number("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(first);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failures: Vec<(u64, String)> = std::thread::scope(|scope| {
        let work = || {
            let mut failures = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + seeds || failures.len() > 4 {
                    return failures;
                }
                failures.extend(outcome(seed).err().map(|error| (seed, error)));
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    failures.sort();
    let told: Vec<String> = failures
        .iter()
        .map(|(seed, error)| {
            format!("seed {seed}: {error}\n  again: SIMULATION_FIRST={seed} SIMULATION_SEEDS=1 cargo test --test simulation every_run")
        })
        .collect();
    assert!(told.is_empty(), "{} of {seeds} runs went wrong\n{}", told.len(), told.join("\n"));
    println!("{seeds} runs from seed {first} came to rest as they should");
}
