//! The commands, one per file, and the dispatch to them.

mod account;
mod admin;
mod blocked;
mod conflicts;
mod devices;
mod export;
mod findings;
mod import;
mod meta;
mod quarantine;
mod records;
mod serve;
mod status;
mod sync;
mod table;
mod verify;

use crate::args::{Arguments, Command};
use crate::exit::{Exit, Failure, Outcome};
use crate::profile::Profile;
use crate::quickstart;
use crate::terminal;
use crate::terminal::Format;

/// Whether a command ended by itself or was interrupted by a signal.
pub enum Ended {
    /// The command has ended; only background tasks may still run.
    Completed(Outcome),
    /// A signal arrived. The command may still run on its thread.
    Abandoned(Exit),
}

/// Runs the command until it ends, Ctrl-C is pressed, or a signal that ends processes arrives.
pub async fn run(arguments: Arguments) -> Ended {
    match &arguments.command {
        // It handles Ctrl-C itself.
        Command::Sync(sync) if sync.watch => {
            let outcome = tokio::select! {
                biased;
                Ok(()) = terminated() => Ok(Exit::Terminated),
                outcome = carry_out(arguments) => outcome,
            };
            return Ended::Completed(outcome);
        }
        // These handle both signals themselves, or have servers to stop.
        Command::Quickstart(quickstart) if quickstart.stays() => return Ended::Completed(carry_out(arguments).await),
        Command::Serve(_) => return Ended::Completed(carry_out(arguments).await),
        _ => {}
    }
    tokio::select! {
        // Ctrl-C is listened for before the work begins. If that is not possible, it ends the process as usual.
        biased;
        Ok(()) = tokio::signal::ctrl_c() => discarded(Exit::Interrupted),
        Ok(()) = terminated() => discarded(Exit::Terminated),
        Ok(exit) = closed_or_quit() => discarded(exit),
        outcome = on_a_thread(arguments) => Ended::Completed(outcome),
    }
}

/// Removes what the command has not completed, and ends a prompt for input.
fn discarded(exit: Exit) -> Ended {
    terminal::echo::restore();
    export::discard_unfinished();
    stronglog_server::admin::discard_unfinished();
    Ended::Abandoned(exit)
}

/// Completes on SIGTERM. The first process of a container gets it without effect if it does not listen for it.
#[cfg(unix)]
async fn terminated() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

/// Completes if the terminal is closed, unless the command is to outlive that, or on Ctrl-\.
#[cfg(unix)]
async fn closed_or_quit() -> std::io::Result<Exit> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut quit = signal(SignalKind::quit())?;
    if ignores_hang_ups() {
        quit.recv().await;
        return Ok(Exit::Quit);
    }
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = quit.recv() => Ok(Exit::Quit),
        _ = hung_up.recv() => Ok(Exit::HungUp),
    }
}

/// Whether the command was started with `nohup`. Where that is unknown, the signal keeps its effect.
#[cfg(unix)]
fn ignores_hang_ups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_none_or(|set| set & 1 == 1)
}

#[cfg(not(unix))]
async fn closed_or_quit() -> std::io::Result<Exit> {
    std::future::pending().await
}

#[cfg(not(unix))]
async fn terminated() -> std::io::Result<()> {
    std::future::pending().await
}

/// Runs the command on a separate thread. Reading a file or standard input blocks the thread, which then cannot listen for Ctrl-C.
async fn on_a_thread(arguments: Arguments) -> Outcome {
    let (ended, outcome) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    // Nobody waits for the result after Ctrl-C.
    std::thread::spawn(move || _ = ended.send(runtime.block_on(carry_out(arguments))));
    outcome.await.unwrap_or_else(|_| Err(Failure::new("the command panicked; this is a bug, please report it with the output above")))
}

async fn carry_out(arguments: Arguments) -> Outcome {
    let Arguments { global, command } = arguments;
    let format = global.format();
    match command {
        Command::Quickstart(quickstart) => quickstart::run(&quickstart, format).await,
        Command::Serve(serve) => serve::run(*serve, format).await,
        Command::Admin(action) => admin::run(&action, format).await,
        Command::Completions { shell } => meta::completions(shell),
        Command::Schema { command } => meta::schema(command.as_deref()),
        command => on_device(command, &Profile::of(&global)?, format).await,
    }
}

/// Runs a command that needs a profile.
async fn on_device(command: Command, profile: &Profile, format: Format) -> Outcome {
    match command {
        Command::Register(sign_in) => account::register(profile, &sign_in, format).await,
        Command::Login(sign_in) => account::login(profile, &sign_in, format).await,
        Command::Logout(logout) => account::logout(profile, &logout, format).await,
        Command::Recover(sign_in) => account::recover(profile, &sign_in, format).await,
        Command::Devices(devices) => devices::run(profile, &devices, format).await,
        Command::Sync(sync) => sync::run(profile, &sync, format).await,
        Command::Status(status) => status::run(profile, &status, format).await,
        Command::List(list) => records::list(profile, &list, format).await,
        Command::Get(get) => records::get(profile, &get, format).await,
        Command::Put(put) => records::put(profile, &put, format).await,
        Command::Delete(delete) => records::delete(profile, &delete, format).await,
        Command::Conflicts(conflicts) => conflicts::run(profile, &conflicts, format).await,
        Command::Blocked(blocked) => blocked::run(profile, &blocked, format).await,
        Command::Quarantine => quarantine::run(profile, format).await,
        Command::Verify(verify) => verify::run(profile, &verify, format).await,
        Command::Export(export) => export::export(profile, &export, format).await,
        Command::Import(import) => import::import(profile, &import, format).await,
        Command::Account(action) => account::run(profile, &action, format).await,
        Command::Quickstart(_) | Command::Serve(_) | Command::Admin(_) | Command::Completions { .. } | Command::Schema { .. } => {
            Err(Failure::new("cannot run the command on a profile: this is a bug, please report it"))
        }
    }
}
