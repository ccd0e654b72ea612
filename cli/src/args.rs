//! The command line: all commands with their options and help texts.

mod account;
mod server;

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, Command as ClapCommand, CommandFactory, Parser, Subcommand, ValueEnum};
use stronglog_server::config::Secret;

pub use account::{Account, Devices, DevicesAction, Logout, SignIn};
pub use server::{AccountArgument, Admin, Backup, Doctor, Serve, ServerFolder, UserAction};

use crate::help::{
    AFTER_HELP, CONFLICTS_HELP, DEVICES_HELP, EXPORT_HELP, IMPORT_HELP, LIST_HELP, LOGIN_HELP, PUT_HELP, RECOVER_HELP, SERVE_HELP,
    SYNC_HELP,
};
use crate::logs::{App, DateOrder, Decimal, Unit};
use crate::terminal::Format;

/// The command line. An environment variable that is empty counts as not set: Docker Compose passes unset variables as empty strings.
pub fn command_line() -> ClapCommand {
    let mut command = options();
    // Gives each command the global options. The options of a built command can no longer be changed by name.
    command.build();
    ["quickstart", "serve", "admin", "completions", "schema"].into_iter().fold(command, |command, name| {
        // These commands are not a device, so their help leaves its options out.
        command.mut_subcommand(name, without_device_options)
    })
}

/// The commands and their options, before they are built.
pub fn options() -> ClapCommand {
    without_empty_variables(Arguments::command())
}

fn without_device_options(command: ClapCommand) -> ClapCommand {
    let command = command.mut_args(|arg| if arg.get_help_heading() == Some("Device") { arg.hide(true) } else { arg });
    command.mut_subcommands(without_device_options)
}

fn without_empty_variables(command: ClapCommand) -> ClapCommand {
    let is_empty = |arg: &clap::Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg });
    command.mut_subcommands(without_empty_variables)
}

/// StrongLog Sync: an offline-first training log that agrees across devices.
#[derive(Debug, Parser)]
#[command(name = "stronglog", version, after_help = AFTER_HELP, max_term_width = 110, propagate_version = false)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The profile directory; by default STRONGLOG_DATA, or else the platform's folder for application data. Each one is a separate device.
    // The environment is not read here: clap would pass it on to the commands whose --data is a server's folder.
    #[arg(long, global = true, value_name = "DIR", help_heading = "Device")]
    pub data: Option<PathBuf>,
    /// The sync server; by default the one of the last sign-in.
    #[arg(long, global = true, value_name = "URL", env = "STRONGLOG_SERVER", help_heading = "Device")]
    pub server: Option<String>,
    /// The PEM file of a private certificate authority that signed the server's certificate.
    #[arg(long, global = true, value_name = "FILE", env = "STRONGLOG_CA", help_heading = "Device")]
    pub ca: Option<PathBuf>,
    /// Write JSON, as described by `stronglog schema`.
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
}

impl Global {
    /// The form in which the command writes its results.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a guided tour: a server, two devices, a year of training, a conflict and its resolution.
    Quickstart(Quickstart),
    /// Create an account and sign this device in.
    Register(SignIn),
    /// Sign this device in to an account.
    #[command(after_help = LOGIN_HELP)]
    Login(SignIn),
    /// Sign this device out. Records and unsent edits stay.
    Logout(Logout),
    /// Set a new password with the recovery code, sign out every other device, and sign this one in.
    #[command(after_help = RECOVER_HELP)]
    Recover(SignIn),
    /// Show the devices that are signed in to the account, rename them, and sign out those that were lost.
    #[command(args_conflicts_with_subcommands = true, after_help = DEVICES_HELP)]
    Devices(Devices),
    /// Send and receive changes.
    #[command(after_help = SYNC_HELP)]
    Sync(Sync),
    /// Show the state of this device, and when the account's devices last synced.
    Status(Status),
    /// List the records of a collection.
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Show a record.
    Get(Get),
    /// Write whole records, or set members of a stored one.
    #[command(after_help = PUT_HELP)]
    Put(Put),
    /// Delete records: here at once, elsewhere after the next sync.
    Delete(Delete),
    /// Show versions that were replaced in a conflict or deleted, and restore them.
    #[command(args_conflicts_with_subcommands = true, after_help = CONFLICTS_HELP)]
    Conflicts(Conflicts),
    /// Show edits that the server rejected, and retry or discard them.
    #[command(args_conflicts_with_subcommands = true)]
    Blocked(Blocked),
    /// Show changes that this version of the program cannot read. They are kept unchanged and read again after an update.
    Quarantine,
    /// Compare the records of this device with the server's, and show what differs.
    Verify(Verify),
    /// Write all records as lines of JSON, from one snapshot.
    #[command(after_help = EXPORT_HELP)]
    Export(Export),
    /// Read what `export`, the server's export, or another training app has written. Records keep the time of their last edit, and replace
    /// only older versions.
    #[command(after_help = IMPORT_HELP)]
    Import(Import),
    /// Manage the account on the server.
    #[command(subcommand)]
    Account(Account),
    /// Run the server.
    #[command(after_help = SERVE_HELP)]
    Serve(Box<Serve>),
    /// Manage a server's accounts and data.
    #[command(subcommand)]
    Admin(Admin),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  stronglog completions bash > ~/.local/share/bash-completion/completions/stronglog")]
    Completions {
        /// The shell that reads the script.
        shell: clap_complete::Shell,
    },
    /// Print the JSON Schema of a command's --json output, or of all of them.
    Schema {
        /// The command, such as `status`.
        command: Option<String>,
    },
}

#[derive(Args, Debug)]
pub struct Quickstart {
    /// The directory for the server and the devices; by default a new temporary directory.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The approximate number of records in the year of training.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    pub records: u64,
    /// The seed of the generated training: the same seed gives the same year.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Keep the server running afterwards, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Also serve the demo app, as a third device in your browser, until Ctrl-C.
    #[arg(long)]
    pub web: bool,
    /// Run two servers over a Postgres database until Ctrl-C, one for each device. Without a URL, a Postgres server is started for it.
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true)]
    pub postgres: Option<Option<Secret>>,
}

impl Quickstart {
    /// Whether the server keeps running after the tour.
    pub fn stays(&self) -> bool {
        self.keep || self.web || self.postgres.is_some()
    }
}

#[derive(Args, Debug)]
pub struct Sync {
    /// Keep syncing until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// What to do with records on this device that no longer exist on the server, when sync asks for a decision.
    #[arg(long, value_name = "ANSWER")]
    pub confirm: Option<Confirm>,
}

/// What to do with records that the server no longer has.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Confirm {
    /// Delete them here too.
    Delete,
    /// Push them to the server again.
    PushAgain,
}

#[derive(Args, Debug)]
pub struct Status {
    /// Exit with code 3 if edits are unsent or something needs attention. Does not ask the server about the other devices.
    #[arg(long)]
    pub check: bool,
}

#[derive(Args, Debug)]
pub struct Verify {
    /// Take the server's version of each record that differs, keep this device's in the conflict history, and send what the server has lost.
    #[arg(long)]
    pub repair: bool,
}

#[derive(Args, Debug)]
pub struct List {
    /// A collection, such as workout-logs.
    pub collection: String,
    /// The index to list by: its members, joined with +; by default records are listed by id.
    #[arg(long, value_name = "MEMBERS")]
    pub by: Option<String>,
    /// The value of the index's first member; repeat the flag for the next member.
    #[arg(long, value_name = "VALUE", requires = "by", allow_negative_numbers = true)]
    pub equal: Vec<String>,
    /// The lowest value of the index's next member.
    #[arg(long, value_name = "VALUE", requires = "by", allow_negative_numbers = true)]
    pub from: Option<String>,
    /// The highest value of that member, exclusive.
    #[arg(long, value_name = "VALUE", requires = "by", allow_negative_numbers = true)]
    pub until: Option<String>,
    /// List in descending order.
    #[arg(long)]
    pub descending: bool,
    /// The maximum number of records.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// The number of records to skip first.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
}

#[derive(Args, Debug)]
pub struct Get {
    /// A collection, such as workout-logs.
    pub collection: String,
    /// The id of a record.
    pub id: String,
}

#[derive(Args, Debug)]
pub struct Put {
    /// A collection, such as user-bodyweight-logs.
    pub collection: String,
    /// A file with one record, or one per line; - is standard input.
    #[arg(value_name = "FILE", default_value = "-", conflicts_with_all = ["id", "set"])]
    pub file: PathBuf,
    /// The id of the record whose members to set.
    #[arg(long, value_name = "ID", requires = "set")]
    pub id: Option<String>,
    /// A member and its new value; an empty value removes the member.
    #[arg(long, value_name = "MEMBER=VALUE", requires = "id", value_parser = parse_setting)]
    pub set: Vec<(String, String)>,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("expected MEMBER=VALUE")?;
    if name.chars().any(char::is_control) {
        return Err(format!("the member's name {name:?} has a tab or another control character"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Args, Debug)]
pub struct Delete {
    /// A collection, such as workout-logs.
    pub collection: String,
    /// The ids of the records.
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

#[derive(Args, Debug)]
pub struct Conflicts {
    /// The maximum number of versions, newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(subcommand)]
    pub action: Option<ConflictsAction>,
}

#[derive(Debug, Subcommand)]
pub enum ConflictsAction {
    /// Restore a past version, as a new edit.
    Restore {
        /// The number that `stronglog conflicts` shows.
        number: i64,
    },
}

#[derive(Args, Debug)]
pub struct Blocked {
    #[command(subcommand)]
    pub action: Option<BlockedAction>,
}

#[derive(Debug, Subcommand)]
pub enum BlockedAction {
    /// Send rejected edits again with the next sync.
    Retry(Which),
    /// Discard rejected edits: the server's versions come back, and the edits stay in the conflict history.
    Discard(Which),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Records, as COLLECTION/ID.
    #[arg(value_name = "COLLECTION/ID")]
    pub records: Vec<String>,
    /// All rejected edits.
    #[arg(long)]
    pub all: bool,
}

#[derive(Args, Debug)]
pub struct Export {
    /// The file to write; - is standard output. An existing file is replaced once the new one is complete.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Include the changes that this version cannot read.
    #[arg(long)]
    pub quarantined: bool,
    /// Include the conflict history.
    #[arg(long)]
    pub history: bool,
}

#[derive(Args, Debug)]
pub struct Import {
    /// The file to read; - is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The app that exported the file, a CSV file; by default a file of `stronglog export` is read.
    #[arg(long, value_name = "APP")]
    pub from: Option<App>,
    /// The unit of weights for which a file of another app names none; asked for by default.
    #[arg(long, value_name = "UNIT", requires = "from")]
    pub unit: Option<Unit>,
    /// How a file of another app writes numbers; needed if the file has only ambiguous numbers such as 1,082.
    #[arg(long, value_name = "SEPARATOR", requires = "from")]
    pub decimal: Option<Decimal>,
    /// How a file of another app writes dates; needed if the file has only ambiguous dates such as 04/05/2026.
    #[arg(long, value_name = "ORDER", requires = "from")]
    pub dates: Option<DateOrder>,
    /// The time zone of a file of another app, such as Europe/Berlin; by default that of this machine. With --on-conflict replace, workouts
    /// that are here move to it.
    #[arg(long, value_name = "NAME", requires = "from")]
    pub zone: Option<String>,
    /// Which version wins if this device has another version of a record.
    #[arg(long, value_name = "RULE", default_value = "newer")]
    pub on_conflict: OnConflict,
    /// Import the valid lines even if others are invalid. By default, one invalid line stops the import.
    #[arg(long)]
    pub partial: bool,
    /// Print what would be imported, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Which version an import keeps.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnConflict {
    /// The one that was edited later; a deletion counts as an edit.
    Newer,
    /// The one on this device.
    Keep,
    /// The one in the file, as an edit made now.
    Replace,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command_line().debug_assert();
    }

    #[test]
    fn only_the_help_of_a_device_has_the_options_of_a_device() {
        let has_profile = |path: &[&str]| {
            let mut command = super::command_line();
            let found = path.iter().fold(&mut command, |command, name| command.find_subcommand_mut(name).expect("a command"));
            found.render_long_help().to_string().contains("profile directory")
        };
        assert!(has_profile(&["sync"]) && has_profile(&["account", "show"]));
        for path in [&["serve"][..], &["admin", "backup"], &["admin", "user", "list"], &["quickstart"], &["schema"]] {
            assert!(!has_profile(path), "{path:?}");
        }
    }
}
