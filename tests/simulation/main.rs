//! The simulation: real engines, the real decision logic of client and server, and in-memory stores, in one deterministic run with all the
//! faults that the protocol must handle. A failing seed prints how to replay it. Then each rule is switched off in turn, to check that the
//! run detects its absence (`tests/MUTATIONS.md`).

mod chance;
mod contracts;
mod device;
mod directed;
mod mutations;
mod run;
mod server;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};

use contracts::TestContract;

/// The number of seeds in an ordinary test run. `cargo xtask simulate --seeds N` runs more.
const SEEDS: u64 = 300;
/// The number of seeds over a second contract.
const SEEDS_ELSEWHERE: u64 = 300;
/// The number of random contracts. More of them are on record in `docs/decisions/0038-a-contract-is-data.md`.
const CONTRACTS_AT_RANDOM: u64 = 20;
/// The variable that sets another number of seeds and contracts.
const ELSEWHERE: &str = "SIMULATION_ELSEWHERE";

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Plays a seed, and converts a panic to an error.
fn outcome(tested: &'static TestContract, seed: u64) -> Result<(), String> {
    std::panic::catch_unwind(AssertUnwindSafe(|| run::play(tested, seed))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("a panic: {}", said.unwrap_or_default()))
    })
}

/// Plays seeds from `first` on in parallel, and returns the failures.
fn failures(first: u64, seeds: u64, play: impl Fn(u64) -> Result<(), String> + Sync) -> Vec<String> {
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
                failures.extend(play(seed).err().map(|error| (seed, error)));
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    failures.sort();
    failures.into_iter().map(|(seed, error)| format!("seed {seed}: {error}")).collect()
}

#[test]
fn every_run_comes_to_rest_in_one_state_whatever_goes_wrong() {
    rests("every_run", number("SIMULATION_SEEDS").unwrap_or(SEEDS), |seed| outcome(TestContract::stronglog(), seed));
}

#[test]
fn records_of_a_second_contract_come_to_rest_too() {
    rests("second_contract", number(ELSEWHERE).unwrap_or(SEEDS_ELSEWHERE), |seed| outcome(TestContract::todo(), seed));
}

#[test]
fn records_of_contracts_made_at_random_come_to_rest_too() {
    let played = AtomicU64::new(0);
    rests("made_at_random", number(ELSEWHERE).unwrap_or(CONTRACTS_AT_RANDOM), |seed| match TestContract::random(seed) {
        Some(tested) => {
            played.fetch_add(1, Ordering::Relaxed);
            outcome(Box::leak(Box::new(tested)), seed)
        }
        None => Ok(()),
    });
    let played = played.into_inner();
    println!("{played} contracts were played");
    assert!(played > 0, "no document was compiled");
}

/// Plays the seeds of a test, from `SIMULATION_FIRST` on.
fn rests(test: &str, seeds: u64, play: impl Fn(u64) -> Result<(), String> + Sync) {
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    let failures = failures(first, seeds, play);
    let again = format!("again: SIMULATION_FIRST=… SIMULATION_SEEDS=1 {ELSEWHERE}=1 cargo test --test simulation {test}");
    assert!(failures.is_empty(), "{} of {seeds} runs went wrong\n{}\n{again}", failures.len(), failures.join("\n"));
    println!("{seeds} runs from seed {first} came to rest as they should");
}
