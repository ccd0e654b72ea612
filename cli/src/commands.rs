//! The commands, each in a file of its own; this one only tells them apart.

mod account;
mod admin;
mod blocked;
mod conflicts;
mod meta;
mod quarantine;
mod records;
mod serve;
mod status;
mod sync;
mod table;
mod transfer;

pub use self::sync::hints;
use crate::args::{Arguments, Command};
use crate::exit::{Exit, Failure, Outcome};
use crate::home::Home;
use crate::quickstart;

/// Runs the command, until it is done or Ctrl-C is pressed.
pub async fn run(arguments: Arguments) -> Outcome {
    let interrupted = match &arguments.command {
        // These end by themselves, in good order.
        Command::Sync(sync) if sync.watch => None,
        Command::Quickstart(quickstart) if quickstart.stays() => None,
        Command::Serve(_) => None,
        _ => Some(tokio::signal::ctrl_c()),
    };
    match interrupted {
        None => carry_out(arguments).await,
        Some(interrupted) => tokio::select! {
            outcome = carry_out(arguments) => outcome,
            // A process that cannot hear of Ctrl-C is ended by it as usual.
            Ok(()) = interrupted => Ok(Exit::Interrupted),
        },
    }
}

async fn carry_out(arguments: Arguments) -> Outcome {
    let Arguments { global, command } = arguments;
    let json = global.json;
    match command {
        Command::Quickstart(quickstart) => quickstart::run(&quickstart, json).await,
        Command::Serve(serve) => serve::run(*serve).await,
        Command::Admin(action) => admin::run(&action, json),
        Command::Completions { shell } => meta::completions(shell),
        Command::Schema { command } => meta::schema(command.as_deref()),
        command => on_device(command, &Home::of(&global)?, json).await,
    }
}

/// The commands that need a device's folder.
async fn on_device(command: Command, home: &Home, json: bool) -> Outcome {
    match command {
        Command::Register(sign_in) => account::register(home, &sign_in, json).await,
        Command::Login(sign_in) => account::login(home, &sign_in, json).await,
        Command::Logout(logout) => account::logout(home, &logout, json).await,
        Command::Sync(sync) => sync::run(home, &sync, json).await,
        Command::Status(status) => status::run(home, &status, json).await,
        Command::List(list) => records::list(home, &list, json).await,
        Command::Get(get) => records::get(home, &get, json).await,
        Command::Put(put) => records::put(home, &put, json).await,
        Command::Delete(delete) => records::delete(home, &delete, json).await,
        Command::Conflicts(conflicts) => conflicts::run(home, &conflicts, json).await,
        Command::Blocked(blocked) => blocked::run(home, &blocked, json).await,
        Command::Quarantine => quarantine::run(home, json).await,
        Command::Export(export) => transfer::export(home, &export, json).await,
        Command::Import(import) => transfer::import(home, &import, json).await,
        Command::Account(action) => account::run(home, &action, json).await,
        Command::Quickstart(_) | Command::Serve(_) | Command::Admin(_) | Command::Completions { .. } | Command::Schema { .. } => {
            Err(Failure::new("this command has no device; this is a mistake of the program"))
        }
    }
}
