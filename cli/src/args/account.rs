//! The commands about the account and its devices.

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub struct SignIn {
    /// The account's email address; asked for by default.
    #[arg(long, value_name = "ADDRESS", env = "STRONGLOG_EMAIL")]
    pub email: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// The name of this device in the account's list of devices; by default the host name.
    #[arg(long, value_name = "NAME")]
    pub device_name: Option<String>,
    /// Take over the records of this profile if they belong to another account, for example one that was erased.
    #[arg(long)]
    pub adopt: bool,
}

#[derive(Args, Debug)]
pub struct Logout {
    /// Sign out every device of the account.
    #[arg(long)]
    pub all_devices: bool,
}

#[derive(Args, Debug)]
pub struct Devices {
    #[command(subcommand)]
    pub action: Option<DevicesAction>,
}

#[derive(Debug, Subcommand)]
pub enum DevicesAction {
    /// Give a device another name.
    Rename {
        /// The device: its name, its id, or the beginning of its id.
        device: String,
        /// Its new name.
        name: String,
    },
    /// Sign a device out: the server rejects its next request. The records on it stay there.
    Revoke {
        /// The device: its name, its id, or the beginning of its id.
        device: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Show the account.
    Show,
    /// Change the password, and sign out every other device.
    #[command(
        after_help = "The passwords are asked for, read as two lines with --password-stdin, or taken from STRONGLOG_PASSWORD and STRONGLOG_NEW_PASSWORD."
    )]
    Password {
        /// Read the current and the new password from standard input, one per line.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Create a recovery code, which sets a new password if you forget yours. It replaces the previous one.
    RecoveryCode {
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Erase the account and all its records on the server. The records on this device stay.
    Erase {
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}
