//! The purpose of each rule: the run without it, and the first seed that detects its absence. The table is kept in `tests/MUTATIONS.md`.

use std::fmt::Write as _;

use stronglog_sync::rules::{Rule, without};

use crate::contracts::TestContract;
use crate::directed::DIRECTED;
use crate::outcome;

/// The number of seeds within which a missing rule must be detected.
const SEEDS: u64 = 3_000;

fn first_seed_that_notices(rule: Rule) -> Option<(u64, String)> {
    (0..SEEDS).find_map(|seed| without(Some(rule), || outcome(TestContract::stronglog(), seed)).err().map(|error| (seed, error)))
}

/// Returns the last invariant that an error names in brackets.
fn invariant(error: &str) -> &str {
    let named = error.split('(').skip(1).filter_map(|part| part.split(')').next());
    let is_one =
        |name: &&str| name.len() < 10 && name.starts_with(['I', 'L']) && name[1..].starts_with(|digit: char| digit.is_ascii_digit());
    named.filter(is_one).last().unwrap_or("a panic")
}

#[test]
fn every_rule_is_missed_when_it_is_gone() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut table = String::from(
        "# Mutations\n\nEvery rule of the protocol that is a switch in `src/rules.rs`, switched off alone: the first seed of the simulation in which\n\
         that breaks an invariant, or, where other rules cover for it in every run, the directed scenario that notices. `cargo test --features simulation --test simulation every_rule` checks it.\n\n\
         | rule switched off | noticed by | broken |\n|---|---|---|\n",
    );
    let mut unnoticed = Vec::new();
    for rule in Rule::ALL.iter().copied() {
        if let Some((_, name, scenario)) = DIRECTED.iter().find(|(directed, ..)| *directed == rule) {
            assert_eq!(scenario(), Ok(()), "{name}, with all rules");
            match without(Some(rule), scenario) {
                Err(error) => _ = writeln!(table, "| {rule:?} | `directed.rs`, {name} | {error} |"),
                Ok(()) => unnoticed.push(rule),
            }
            continue;
        }
        match first_seed_that_notices(rule) {
            Some((seed, error)) => _ = writeln!(table, "| {rule:?} | seed {seed} | {} |", invariant(&error)),
            None => unnoticed.push(rule),
        }
    }
    _ = std::panic::take_hook();
    assert!(unnoticed.is_empty(), "nobody misses {unnoticed:?} in {SEEDS} seeds");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/MUTATIONS.md");
    if std::env::var_os("UPDATE_MUTATIONS").is_some() {
        std::fs::write(path, &table).expect("written");
    }
    println!("{table}");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let rules = |text: &str| text.lines().filter_map(|line| line.split('|').nth(1).map(str::trim)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rules(&kept), rules(&table), "tests/MUTATIONS.md is of other rules: run this test with UPDATE_MUTATIONS=1");
}
