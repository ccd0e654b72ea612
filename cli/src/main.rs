//! The `stronglog` command: a device that syncs, the server that it syncs with, and a tour of both.
//!
//! [`args`] says what can be typed, `commands/` does it, `quickstart/` is the tour. [`home`] is a device's folder, [`output`] is what
//! `--json` writes, [`exit`] says how a command ends.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod commands;
mod demo;
mod exit;
mod help;
mod home;
mod output;
mod progress;
mod quickstart;
mod terminal;
mod tokens;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::exit::{Exit, Failure};
use crate::terminal::{error_word, remark};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            remark!("{}: cannot start the runtime: {error}", error_word());
            return Exit::Failed.into();
        }
    };
    let json = arguments.global.json;
    let outcome = runtime.block_on(commands::run(arguments));
    // What still runs in the background, such as a question that nobody answered, is of no use any more.
    runtime.shutdown_background();
    match outcome {
        Ok(exit) => exit.into(),
        Err(Failure::ClosedPipe) => Exit::Done.into(),
        Err(failure) => {
            report(&failure, json);
            failure.exit().into()
        }
    }
}

/// Says on standard error what went wrong, as JSON where everything is.
fn report(failure: &Failure, json: bool) {
    match serde_json::to_string(&output::ErrorOutput::of(failure)) {
        Ok(text) if json => remark!("{text}"),
        _ => remark!("{}: {failure}", error_word()),
    }
}
