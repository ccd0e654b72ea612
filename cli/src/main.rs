//! The `stronglog` command: a sync device, the server, and a guided tour of both.
//!
//! [`args`] defines the command line, `commands/` implements it, and `quickstart/` is the tour. [`profile`] is a device's directory,
//! [`summary`] describes the result of a sync, [`output`] defines the output of `--json`, and [`exit`] the exit codes.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod commands;
mod demo;
mod exit;
mod help;
mod input;
mod log;
mod logs;
mod output;
mod profile;
mod progress;
mod quickstart;
mod settings;
mod summary;
mod synced;
mod terminal;
mod tips;
mod tokens;

use std::process::ExitCode;
use std::time::Duration;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use crate::args::{Arguments, command_line};
use crate::commands::Ended;
use crate::exit::{Exit, Failure};
use crate::terminal::{Format, error_word, plain, remark, remark_json};

fn main() -> ExitCode {
    let (mut command, given) = (command_line(), std::env::args_os().collect::<Vec<_>>());
    let parsed = command.try_get_matches_from_mut(&given).and_then(|matches| Arguments::from_arg_matches(&matches));
    let parsed = parsed.map_err(|error| tips::corrected(error, &command, &given));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() && asks_for_json() => {
            let failure = Failure::usage(usage(&error));
            report(&failure, Format::Json);
            return failure.exit().into();
        }
        Err(error) => error.exit(),
    };
    // No other provider has been installed before, so this cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            remark!("{}: cannot start the runtime: {error}", error_word());
            return Exit::Failed.into();
        }
    };
    let format = arguments.global.format();
    let outcome = match runtime.block_on(commands::run(arguments)) {
        Ended::Completed(outcome) => outcome,
        Ended::Abandoned(exit) => {
            // The command panics without its runtime. The end of the process ends both.
            std::mem::forget(runtime);
            return exit.into();
        }
    };
    // Background tasks hold the database, which is closed with the last of them. They must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(2));
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure @ (Failure::ClosedPipe | Failure::Interrupted)) => failure.exit().into(),
        Err(failure) => {
            report(&failure, format);
            failure.exit().into()
        }
    }
}

/// Whether `--json` is among the arguments, which could not be parsed.
fn asks_for_json() -> bool {
    std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// The error in the command line, without the usage and the hints that follow it.
fn usage(error: &clap::Error) -> String {
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "the command is incomplete; see --help".to_owned(),
        _ => {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            let lines: Vec<&str> = first.strip_prefix("error: ").unwrap_or(first).lines().map(str::trim).collect();
            format!("{}; see --help", lines.join(" "))
        }
    }
}

/// Writes the error to standard error, as JSON with `--json`.
fn report(failure: &Failure, format: Format) {
    if format.is_json() {
        return remark_json(&output::ErrorOutput::of(failure));
    }
    // Parts of the text may come from a server, a proxy or a file.
    let lines: Vec<String> = failure.to_string().lines().map(plain).collect();
    remark!("{}: {}", error_word(), lines.join("\n"));
}
