//! What can be typed: every command with its options, and the help that teaches them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::help::{AFTER_HELP, CONFLICTS_HELP, LIST_HELP, LOGIN_HELP, PUT_HELP, SERVE_HELP, SYNC_HELP, TRANSFER_HELP};

/// StrongLog Sync: an offline-first training log that agrees across devices.
#[derive(Debug, Parser)]
#[command(name = "stronglog", version, after_help = AFTER_HELP, max_term_width = 110, propagate_version = false)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command understands.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The device's folder. Without it, the platform's folder for a program's data.
    #[arg(long, global = true, value_name = "DIR", env = "STRONGLOG_DATA", help_heading = "Device")]
    pub data: Option<PathBuf>,
    /// The sync server. A device remembers it from its sign-in.
    #[arg(long, global = true, value_name = "URL", env = "STRONGLOG_SERVER", help_heading = "Device")]
    pub server: Option<String>,
    /// A PEM file of the private authority that has signed the server's certificate.
    #[arg(long, global = true, value_name = "FILE", env = "STRONGLOG_CA", help_heading = "Device")]
    pub ca: Option<PathBuf>,
    /// Write JSON, for scripts: `stronglog schema` says what is in it.
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it all work: a server, two devices, a year of training, a conflict, and how it ends.
    Quickstart(Quickstart),
    /// Create an account, and make this device its first.
    Register(SignIn),
    /// Sign this device in to an account.
    #[command(after_help = LOGIN_HELP)]
    Login(SignIn),
    /// Sign this device out. Its records and unsent edits stay.
    Logout(Logout),
    /// Send and fetch what has changed.
    #[command(after_help = SYNC_HELP)]
    Sync(Sync),
    /// Say how this device stands, without the network.
    Status(Status),
    /// List the records of a collection.
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Show a record.
    Get(Get),
    /// Write a record: a whole one, or some members of one that is there.
    #[command(after_help = PUT_HELP)]
    Put(Put),
    /// Delete records, here at once and everywhere else after the next sync.
    Delete(Delete),
    /// Show versions that lost a conflict or were deleted, and bring them back.
    #[command(args_conflicts_with_subcommands = true, after_help = CONFLICTS_HELP)]
    Conflicts(Conflicts),
    /// Show edits that the server has refused for good, and send them again or give them up.
    #[command(args_conflicts_with_subcommands = true)]
    Blocked(Blocked),
    /// Show changes that this version of the program cannot read. They are kept word for word, and tried again after an update.
    Quarantine,
    /// Write all records as lines of JSON.
    #[command(after_help = TRANSFER_HELP)]
    Export(Export),
    /// Read what `export` has written. Each line becomes an edit of its own.
    #[command(after_help = TRANSFER_HELP)]
    Import(Import),
    /// The account on the server.
    #[command(subcommand)]
    Account(Account),
    /// Run the server.
    #[command(after_help = SERVE_HELP)]
    Serve(Box<Serve>),
    /// Look after a server's data.
    #[command(subcommand)]
    Admin(Admin),
    /// Write a script that completes this command in a shell.
    #[command(after_help = "Example:\n  stronglog completions bash > ~/.local/share/bash-completion/completions/stronglog")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the JSON Schema of what a command writes with --json; of all commands, without a name.
    Schema {
        /// The command, such as `status`.
        command: Option<String>,
    },
}

#[derive(Args, Debug)]
pub struct Quickstart {
    /// Where the server and the devices are made. Without it, a new folder among the platform's temporary ones.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// About how many records the year of training has.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    pub records: u64,
    /// What the training is made from: the same seed makes the same year.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Keep the server running at the end, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Serve the demo app too, a third device in your browser, until Ctrl-C.
    #[arg(long)]
    pub web: bool,
}

impl Quickstart {
    /// Whether the server goes on after the story's end.
    pub fn stays(&self) -> bool {
        self.keep || self.web
    }
}

#[derive(Args, Debug)]
pub struct SignIn {
    /// The account's address. Asked for if it is not given.
    #[arg(long, value_name = "ADDRESS", env = "STRONGLOG_EMAIL")]
    pub email: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// What the account's list of devices calls this one.
    #[arg(long, value_name = "NAME")]
    pub device_name: Option<String>,
}

#[derive(Args, Debug)]
pub struct Logout {
    /// Sign out every device of the account.
    #[arg(long)]
    pub all_devices: bool,
}

#[derive(Args, Debug)]
pub struct Sync {
    /// Go on until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// What to do where the server no longer has many records that are here: the answer to the state `needsConfirmation`.
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
    /// End with exit code 3 if something waits or needs attention.
    #[arg(long)]
    pub check: bool,
}

#[derive(Args, Debug)]
pub struct List {
    /// A collection, such as workout-logs.
    pub collection: String,
    /// The index to go by: its members, with + between them. Without it, the records come in the order of their ids.
    #[arg(long, value_name = "MEMBERS")]
    pub by: Option<String>,
    /// What the index's first member must be; once more for the second one.
    #[arg(long, value_name = "VALUE", requires = "by")]
    pub equal: Vec<String>,
    /// The lowest value of the member behind those.
    #[arg(long, value_name = "VALUE", requires = "by")]
    pub from: Option<String>,
    /// The first value that is too high.
    #[arg(long, value_name = "VALUE", requires = "by")]
    pub until: Option<String>,
    /// Begin at the end.
    #[arg(long)]
    pub descending: bool,
    /// How many at most.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// How many to leave out first.
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
    /// A file with a record, or with a record on each line; - is standard input.
    #[arg(value_name = "FILE", default_value = "-", conflicts_with_all = ["id", "set"])]
    pub file: PathBuf,
    /// The record whose members to set.
    #[arg(long, value_name = "ID", requires = "set")]
    pub id: Option<String>,
    /// A member and its new value. Nothing behind the = removes it.
    #[arg(long, value_name = "MEMBER=VALUE", requires = "id", value_parser = parse_setting)]
    pub set: Vec<(String, String)>,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    parts.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "no MEMBER=VALUE".to_owned())
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
    /// How many at most, the newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(subcommand)]
    pub action: Option<ConflictsAction>,
}

#[derive(Debug, Subcommand)]
pub enum ConflictsAction {
    /// Make a past version the current one again, as a new edit.
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
    /// Send refused edits again with the next sync.
    Retry(Which),
    /// Give refused edits up: the server's versions come back, and the edits stay among the conflicts.
    Discard(Which),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Records, as COLLECTION/ID.
    #[arg(value_name = "COLLECTION/ID")]
    pub records: Vec<String>,
    /// All that are refused.
    #[arg(long)]
    pub all: bool,
}

#[derive(Args, Debug)]
pub struct Export {
    /// The file to write; - is standard output.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
}

#[derive(Args, Debug)]
pub struct Import {
    /// The file to read; - is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Show what the server knows of the account.
    Show,
    /// Set a new password, and sign every other device out.
    #[command(
        after_help = "The passwords are asked for, read as two lines with --password-stdin, or taken from STRONGLOG_PASSWORD and STRONGLOG_NEW_PASSWORD."
    )]
    Password {
        /// Read the current and the new password from standard input, a line each.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Erase the account and everything the server has of it. The records on this device stay.
    Erase {
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Do not ask whether it is meant.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args, Debug)]
pub struct Serve {
    #[command(flatten)]
    pub config: stronglog_server::config::Config,
    /// Serve the demo app too, at /.
    #[arg(long, env = "STRONGLOG_DEMO")]
    pub demo: bool,
    /// Write the log as lines of JSON.
    #[arg(long, env = "STRONGLOG_LOG_JSON")]
    pub log_json: bool,
    /// What to log: error, warn, info, debug or trace.
    #[arg(long, env = "STRONGLOG_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: tracing::level_filters::LevelFilter,
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Write a consistent copy of the database to a new file. The server may be running.
    Backup {
        #[command(flatten)]
        folder: ServerFolder,
        /// The file to write.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a backup in the database's place. Stop the server first. Devices then push what the backup does not have.
    Restore {
        #[command(flatten)]
        folder: ServerFolder,
        /// The backup.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Forget old deletions now. The server does so once a day by itself.
    Purge {
        #[command(flatten)]
        folder: ServerFolder,
        /// How many days deletions are remembered.
        #[arg(long, value_name = "DAYS", default_value_t = stronglog_server::config::TOMBSTONE_DAYS)]
        tombstone_days: u32,
        /// How many days a backup may be restored for.
        #[arg(long, value_name = "DAYS", default_value_t = stronglog_server::config::BACKUP_DAYS)]
        backup_days: u32,
    },
}

/// Where a server keeps its data.
#[derive(Args, Debug)]
pub struct ServerFolder {
    /// Folder of the server's database.
    #[arg(long, env = "STRONGLOG_DATA", default_value = "stronglog-data", value_name = "FOLDER")]
    pub data: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        super::Arguments::command().debug_assert();
    }
}
