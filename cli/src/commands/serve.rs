//! `serve`: the server, until it is told to end.

use std::io::IsTerminal;

use tokio::signal;
use tracing_subscriber::fmt;

use crate::args::Serve;
use crate::exit::{Exit, Failure, Outcome};

pub async fn run(serve: Serve) -> Outcome {
    let log = fmt().with_max_level(serve.log).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let set = if serve.log_json { log.json().try_init() } else { log.try_init() };
    set.map_err(|error| Failure::new(format!("cannot set up the log: {error}")))?;
    let served = stronglog_server::serve::serve(serve.config, ended()).await;
    served.map_err(|error| Failure::new(format!("cannot serve: {error}")))?;
    Ok(Exit::Done)
}

/// Returns once Ctrl-C is pressed, or the system asks the process to end.
async fn ended() {
    let interrupted = async {
        // Where the process cannot hear of it, the system ends it as usual.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    interrupted.await;
}
