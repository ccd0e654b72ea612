//! `serve`: runs the server until a signal stops it.

use std::io::IsTerminal;
use std::path::Path;

use stronglog_server::check;
use stronglog_server::config::Config;
use tracing_subscriber::fmt;

use crate::args::{Command, Serve};
use crate::commands::findings;
use crate::demo;
use crate::exit::{Exit, Failure, Outcome};
use crate::log::Log;
use crate::settings;
use crate::terminal::Format;

pub async fn run(serve: Serve, format: Format) -> Outcome {
    let file = serve.file.clone();
    let serve = settled(file.as_deref(), serve)?;
    if serve.check {
        return findings::report(&check::settings(&serve.config).await, format);
    }
    let log = Log::to(std::io::stderr())
        .map_err(|error| Failure::new(format!("cannot start the thread of the log: {error}; raise the limit of threads or memory")))?;
    set_up(&serve, log.clone())
        .map_err(|error| Failure::new(format!("cannot set up the log: {error}; this is a bug, please report it")))?;
    let served = until_ended(serve).await;
    log.finish();
    served
}

/// Configures the log according to the flags.
fn set_up(serve: &Serve, log: Log) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let lines = fmt().log_internal_errors(false).with_max_level(serve.log).with_ansi(std::io::stderr().is_terminal());
    let lines = lines.with_writer(move || log.clone());
    if serve.log_json { lines.json().try_init() } else { lines.try_init() }
}

async fn until_ended(serve: Serve) -> Outcome {
    let file = serve.file.clone();
    // Registered before the server reports its address, so that no signal is missed.
    let ended = ended().map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    let site = if serve.demo { Some(demo::site()?) } else { None };
    let config = Config { site, ..serve.config.clone() };
    let read_again = || {
        let again = settled(file.as_deref(), serve.clone()).map_err(|error| error.to_string())?;
        let differ =
            [("--log", again.log != serve.log), ("--log-json", again.log_json != serve.log_json), ("--demo", again.demo != serve.demo)];
        for (flag, _) in differ.into_iter().filter(|(_, differs)| *differs) {
            tracing::warn!("the new value of {flag} takes effect when the server is restarted");
        }
        Ok(Config { site, ..again.config })
    };
    let served = stronglog_server::serve::serve(config, read_again, ended).await;
    served.map_err(|error| Failure::new(format!("cannot start the server: {error}")))?;
    Ok(Exit::Done)
}

/// The settings from the flags, the environment and, if there is one, the current file.
fn settled(file: Option<&Path>, given: Serve) -> Outcome<Serve> {
    let Some(file) = file else { return Ok(given) };
    match settings::with_file(std::env::args_os(), &["serve"], file)?.command {
        Command::Serve(serve) => Ok(*serve),
        _ => Ok(given),
    }
}

/// Completes on SIGINT or SIGTERM.
#[cfg(unix)]
fn ended() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Completes on Ctrl-C.
#[cfg(not(unix))]
fn ended() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move { _ = interrupted.recv().await })
}
