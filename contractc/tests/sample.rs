//! The command `contractc sample`: `contractc validate` accepts or rejects its output as stated.

use std::process::{Command, Output};

use contractc::{Compilation, interpret};
use serde_json::Value;

const SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openapi.yaml");

fn sample(arguments: &[&str]) -> Output {
    let command = Command::new(env!("CARGO_BIN_EXE_contractc")).args(["sample", "--spec", SPEC]).args(arguments).output();
    command.expect("the command starts")
}

fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = sample(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
fn samples_are_valid_and_mutations_break_what_they_say() {
    let compilation = Compilation::from_file(std::path::Path::new(SPEC)).expect("the contract can be read");
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let schema = contract.named("WorkoutLog").expect("a schema of that name");
    let validate = |value: &Value| interpret::validate(contract, schema, value.to_string().as_bytes());

    let valid = lines(&["--schema", "WorkoutLog", "--count", "20"]);
    assert_eq!(valid.len(), 20);
    valid.iter().for_each(|value| assert!(validate(value).is_ok(), "{value}"));

    let invalid = lines(&["--schema", "WorkoutLog", "--count", "50", "--invalid"]);
    assert_eq!(invalid.len(), 50);
    for line in invalid {
        let report = validate(&line["value"]).expect_err("a mutation breaks a rule");
        let named = |violation: &contractc::runtime::report::Violation| {
            line["pointer"] == violation.pointer && line["keyword"] == violation.keyword
        };
        assert!(report.violations.iter().any(named), "{line}: {report}");
    }
}

#[test]
fn a_seed_is_a_sample() {
    let with = |seed: &str| lines(&["--schema", "FeedPage", "--count", "3", "--seed", seed]);
    assert_eq!(with("7"), with("7"));
    assert_ne!(with("7"), with("8"));
}

#[test]
fn an_unknown_schema_is_wrong_usage() {
    assert_eq!(sample(&["--schema", "Nothing"]).status.code(), Some(2));
}
