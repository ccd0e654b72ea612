//! The commands about a server: `serve`, and `admin` for its operator.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stronglog_server::config::{QUOTA_MAX, Secret};

use crate::help::{BACKUP_HELP, COPY_HELP, DOCTOR_HELP, RESET_PASSWORD_HELP};

#[derive(Args, Clone, Debug)]
pub struct Serve {
    #[command(flatten)]
    pub config: stronglog_server::config::Config,
    /// TOML file with the settings: a key for each flag, such as `bind = "0.0.0.0:443"`. Flags and environment variables take precedence.
    #[arg(long = "config", env = "STRONGLOG_CONFIG", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Check the settings and everything that they refer to, and exit.
    #[arg(long)]
    pub check: bool,
    /// Also serve the demo app, at /.
    #[arg(long, env = "STRONGLOG_DEMO", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,
    /// Write the log as lines of JSON.
    #[arg(long, env = "STRONGLOG_LOG_JSON", value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub log_json: bool,
    /// What to log: error, warn, info, debug or trace.
    #[arg(long, env = "STRONGLOG_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: tracing::level_filters::LevelFilter,
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// List, show, disable and erase accounts, and reset passwords.
    #[command(subcommand)]
    User(UserAction),
    /// Write a consistent copy of the database to a new file, or periodically to a folder. The server may be running.
    #[command(after_help = BACKUP_HELP)]
    Backup(Backup),
    /// Check integrity, permissions, disk space, clock, secret, certificate and backups.
    #[command(after_help = DOCTOR_HELP)]
    Doctor(Box<Doctor>),
    /// Show the number and size of a server's records and accounts.
    Stats {
        #[command(flatten)]
        folder: ServerFolder,
    },
    /// Restore a backup. Stop the server first. Devices then send again what the backup does not have.
    Restore {
        #[command(flatten)]
        folder: ServerFolder,
        /// The backup.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Copy all data to another database, SQLite or Postgres. Stop the servers first. Devices do not notice the move.
    #[command(after_help = COPY_HELP)]
    Copy {
        /// Where the data is: sqlite:FOLDER or postgres://user:password@host/name.
        #[arg(long, env = "STRONGLOG_COPY_FROM", hide_env_values = true, value_name = "PLACE")]
        from: Secret,
        /// Where to copy it: a folder without a database, or an empty Postgres database.
        #[arg(long, env = "STRONGLOG_COPY_TO", hide_env_values = true, value_name = "PLACE")]
        to: Secret,
        /// CA certificate of the Postgres database (PEM), if the system does not trust it.
        #[arg(long, env = "STRONGLOG_STORE_CA", value_name = "FILE")]
        store_ca: Option<PathBuf>,
    },
    /// Purge old deletions now. The server does so once a day.
    Purge {
        #[command(flatten)]
        folder: ServerFolder,
        /// The number of days for which deletions are kept.
        #[arg(long, value_name = "DAYS", default_value_t = stronglog_server::config::TOMBSTONE_DAYS)]
        tombstone_days: u32,
        /// The number of days for which a backup may be restored; at least as many days of deletions are kept.
        #[arg(long, value_name = "DAYS", default_value_t = stronglog_server::config::BACKUP_DAYS)]
        backup_days: u32,
        /// Purge even if the clock is far from when the server last ran.
        #[arg(long)]
        accept_clock: bool,
    },
}

#[derive(Args, Debug)]
pub struct Backup {
    #[command(flatten)]
    pub folder: ServerFolder,
    /// The file to write; with --keep or --every a folder, in which the name of a backup is its time.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Keep this many backups in the folder, and remove the oldest ones.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// Write a backup at this interval, such as 6h or 30m, until Ctrl-C. Without --keep, 14 are kept.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub every: Option<std::time::Duration>,
    /// TOML file with the settings of the server, which say where its data is. Flags and environment variables take precedence.
    #[arg(long, env = "STRONGLOG_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let expected = || "expected a duration such as 6h, 30m or 90s".to_owned();
    let duration: jiff::SignedDuration = text.parse().map_err(|_| expected())?;
    std::time::Duration::try_from(duration).ok().filter(|duration| !duration.is_zero()).ok_or_else(expected)
}

#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    pub serve: Serve,
    /// The maximum age of the newest backup, in hours.
    #[arg(long, value_name = "HOURS", default_value_t = 48)]
    pub backup_hours: u32,
}

/// The operator's commands for accounts. The server may be running.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// List all accounts.
    List {
        #[command(flatten)]
        folder: ServerFolder,
    },
    /// Show an account and the size of its data.
    Show(AccountArgument),
    /// List the devices that are signed in to an account.
    Sessions(AccountArgument),
    /// Disable an account and sign out all its devices. Its records stay.
    Disable(AccountArgument),
    /// Let the devices of a disabled account sign in again.
    Enable(AccountArgument),
    /// Set limits for one account. Without a flag, the limits of the server apply again.
    Limit {
        #[command(flatten)]
        account: AccountArgument,
        /// The maximum number of live records; 0 means no limit.
        #[arg(long, value_parser = clap::value_parser!(u64).range(..=QUOTA_MAX), value_name = "NUMBER")]
        max_records: Option<u64>,
        /// The maximum size of the records, in bytes of JSON; 0 means no limit.
        #[arg(long, value_parser = clap::value_parser!(u64).range(..=QUOTA_MAX), value_name = "BYTES")]
        max_bytes: Option<u64>,
    },
    /// Set a new password and sign out all devices.
    #[command(after_help = RESET_PASSWORD_HELP)]
    ResetPassword {
        #[command(flatten)]
        account: AccountArgument,
        /// Read the new password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Generate a random password and print it.
        #[arg(long, conflicts_with = "password_stdin")]
        generate: bool,
    },
    /// Erase an account and all its records permanently.
    Delete {
        #[command(flatten)]
        account: AccountArgument,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

/// An account in a server's data.
#[derive(Args, Debug)]
pub struct AccountArgument {
    #[command(flatten)]
    pub folder: ServerFolder,
    /// The account's email address or id.
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
}

/// A server's data.
#[derive(Args, Debug)]
pub struct ServerFolder {
    /// Folder of the server's database.
    #[arg(long, env = "STRONGLOG_SERVER_DATA", default_value = "stronglog-data", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Address of the servers' Postgres database, in place of a folder: postgres://user:password@host/name.
    #[arg(long, env = "STRONGLOG_STORE", hide_env_values = true, value_name = "URL")]
    pub store: Option<Secret>,
    /// CA certificate of the database (PEM), if the system does not trust it.
    #[arg(long, env = "STRONGLOG_STORE_CA", value_name = "FILE")]
    pub store_ca: Option<PathBuf>,
}
