//! The guarantees for scripts: JSON that matches the printed schemas, a closed pipe that is not a failure, completions, and help.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;
use support::{Desk, EMAIL, PASSWORD, Ran, Setup};

/// The schemas that the command prints.
struct Schemas(Value);

impl Schemas {
    fn of(desk: &Desk) -> Self {
        Schemas(desk.run("phone", &["schema"]).ok().json())
    }

    /// Validates each line of a run's output against the schema of its command.
    #[track_caller]
    fn hold(&self, command: &str, ran: &Ran) {
        let schema = self.0.get(command).unwrap_or_else(|| panic!("there is no schema of {command}"));
        let validator = jsonschema::validator_for(schema).expect("a schema");
        let lines = ran.lines();
        assert!(!lines.is_empty(), "{command} has written nothing");
        for line in lines {
            let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{command}: {errors:?} in {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_json_output_keeps_to_its_schema() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let schemas = Schemas::of(desk);
    let hold = |command: &str, rest: &[&str]| {
        let words: Vec<&str> = command.split(' ').chain(rest.iter().copied()).chain(["--json"]).collect();
        schemas.hold(command, &desk.run("phone", &words).ok());
    };
    let id = desk.measure("phone", 80.0);
    let server = setup.server.url();
    hold("register", &["--server", &server, "--email", EMAIL]);
    hold("login", &["--email", EMAIL]);
    hold("sync", &[]);
    hold("status", &[]);
    hold("account show", &[]);
    hold("get", &["user-bodyweight-logs", &id]);
    hold("list", &["user-bodyweight-logs"]);
    hold("put", &["user-bodyweight-logs", "--id", &id, "--set", "weightKg=82"]);
    hold("delete", &["user-bodyweight-logs", &id]);
    hold("conflicts", &[]);
    hold("conflicts restore", &["1"]);
    hold("blocked retry", &["--all"]);
    hold("blocked discard", &["--all"]);
    hold("export", &["all.jsonl"]);
    hold("import", &["all.jsonl"]);
    hold("admin backup", &["--data", "server", "copy.db"]);
    hold("admin backup --keep", &["3", "--data", "server", "copies"]);
    hold("admin stats", &["--data", "server"]);
    hold("admin purge", &["--data", "server"]);
    hold("admin user list", &["--data", "server"]);
    hold("admin user show", &["--data", "server", EMAIL]);
    hold("admin user sessions", &["--data", "server", EMAIL]);
    hold("quickstart", &["--dir", "tour", "--records", "200"]);
    let passwords = format!("{PASSWORD}\n{PASSWORD} 2\n");
    schemas.hold("account password", &desk.feed("phone", &["account", "password", "--password-stdin", "--json"], &passwords).ok());
    hold("logout", &[]);
    let failed = desk.run("phone", &["sync", "--json"]).ended(4);
    schemas.hold("error", &Ran { code: None, stdout: failed.stderr, stderr: String::new() });
}

#[test]
fn a_schema_that_is_not_there_is_a_usage_error() {
    let desk = Desk::new();
    desk.run("phone", &["schema", "nothing"]).failed(2, &["unknown command \"nothing\"", "status"]);
    let status = desk.run("phone", &["schema", "status"]).ok().json();
    assert_eq!(status["properties"]["pending"]["type"], "integer");
}

#[test]
fn an_invalid_command_line_is_reported_as_json_too() {
    let desk = Desk::new();
    let schemas = Schemas::of(&desk);
    let cases = [
        (&["list", "workout-logs", "--limit", "x"][..], "invalid value 'x' for '--limit <N>'"),
        (&["frob"], "unrecognized subcommand 'frob'"),
        (&["get", "workout-logs"], "<ID>"),
        (&["put", "workout-logs", "--id"], "a value is required for '--id <ID>'"),
        (&[], "a subcommand"),
    ];
    for (arguments, words) in cases {
        let failed = desk.run("phone", &[&["--json"], arguments].concat()).failed(2, &[words, "see --help"]);
        let report = Ran { code: None, stdout: failed.stderr, stderr: String::new() };
        assert_eq!(report.json()["exit"], 2, "{report:?}");
        schemas.hold("error", &report);
    }
    desk.run("phone", &["get", "workout-logs", "--", "--json"]).failed(1, &["error: cannot find"]);
    desk.run("phone", &["--json", "--version"]).ok().says(&["stronglog 0."]);
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let desk = Desk::new();
    let record = serde_json::json!({ "date": 0, "weightKg": 80, "mood": "x".repeat(2_000) }).to_string() + "\n";
    desk.feed("phone", &["put", "user-bodyweight-logs"], &record.repeat(200)).ok();
    for arguments in [&["list", "user-bodyweight-logs", "--json"][..], &["list", "user-bodyweight-logs"], &["export"]] {
        let mut command = desk.command(arguments);
        command.env("STRONGLOG_DATA", desk.path("phone")).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let mut first = String::new();
        BufReader::with_capacity(64, child.stdout.take().expect("its output")).read_line(&mut first).expect("a line");
        assert!(!first.is_empty());
        // The pipe is closed here, with most of the output unread.
        let mut said = String::new();
        child.stderr.take().expect("its remarks").read_to_string(&mut said).expect("text");
        let status = child.wait().expect("the command ends");
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn shells_get_completions_and_people_get_help() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        desk.run("phone", &["completions", shell]).ok().says(&["stronglog", "quickstart"]);
    }
    desk.run("phone", &["--help"]).ok().says(&["Exit codes:", "quickstart", "130  stopped by Ctrl-C"]);
    for command in ["list", "put", "sync", "login", "export", "serve", "conflicts"] {
        desk.run("phone", &[command, "--help"]).ok().says(&["stronglog"]);
    }
    desk.run("phone", &["--version"]).ok().says(&["stronglog 0."]);
}
