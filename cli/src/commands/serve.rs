//! `serve`: runs the server until a signal stops it.

use std::io::IsTerminal;

use stronglog_server::config::Config;
use tracing_subscriber::fmt;

use crate::args::Serve;
use crate::demo;
use crate::exit::{Exit, Failure, Outcome};

pub async fn run(serve: Serve) -> Outcome {
    let log = fmt().with_max_level(serve.log).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let set = if serve.log_json { log.json().try_init() } else { log.try_init() };
    set.map_err(|error| Failure::new(format!("cannot set up the log: {error}")))?;
    // Registered before the server reports its address, so that no signal is missed.
    let ended = ended().map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    let site = if serve.demo { Some(demo::site()?) } else { None };
    let served = stronglog_server::serve::serve(Config { site, ..serve.config }, ended).await;
    served.map_err(|error| Failure::new(format!("cannot serve: {error}")))?;
    Ok(Exit::Done)
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
