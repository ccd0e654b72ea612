//! Exit codes, and the error type of the commands.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit codes, as documented by `stronglog help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// Success, but something needs attention: unsent or rejected edits, or a decision that only the user can make.
    Attention = 3,
    SignIn = 4,
    Unreachable = 5,
    /// Stopped because the terminal was closed.
    HungUp = 129,
    /// Stopped by Ctrl-C: 128 plus the signal's number.
    Interrupted = 130,
    /// Stopped by Ctrl-\.
    Quit = 131,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The error of a command.
#[derive(Debug)]
pub enum Failure {
    /// The sync client failed.
    Client(stronglog_sync::Error),
    /// Any other failure: what was being done, what was seen, and what to do next.
    Other(Exit, String),
    /// The reader of the output has closed the pipe, which is not a failure.
    ClosedPipe,
    /// The user has pressed Ctrl-C.
    Interrupted,
}

/// The result of a command.
pub type Outcome<T = Exit> = Result<T, Failure>;

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure::Other(Exit::Failed, message.into())
    }

    /// The command line is invalid.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure::Other(Exit::Usage, message.into())
    }

    pub fn exit(&self) -> Exit {
        match self {
            Failure::Client(error) if error.is_auth() => Exit::SignIn,
            Failure::Client(error) if error.is_offline() => Exit::Unreachable,
            Failure::Client(_) => Exit::Failed,
            Failure::Other(exit, _) => *exit,
            Failure::ClosedPipe => Exit::Done,
            Failure::Interrupted => Exit::Interrupted,
        }
    }
}

impl From<stronglog_sync::Error> for Failure {
    fn from(error: stronglog_sync::Error) -> Self {
        Failure::Client(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::new(format!("cannot write the output: {error}; check where it is redirected to")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Client(error) => error.fmt(f),
            Failure::Other(_, message) => f.write_str(message),
            Failure::ClosedPipe => f.write_str("the output was closed"),
            Failure::Interrupted => f.write_str("stopped by Ctrl-C"),
        }
    }
}
