//! How a command ends: the exit codes that scripts rely on, and the one error type of the command.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit codes, as `stronglog help` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// It worked, but something is left for a person to look at: edits that wait, records that the server refused.
    Attention = 3,
    SignIn = 4,
    Unreachable = 5,
    /// Ended by Ctrl-C: 128 and the signal's number.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command has failed.
#[derive(Debug)]
pub enum Failure {
    /// The engine's client has failed.
    Client(stronglog_sync::Error),
    /// Something else has; what was being done, what was seen, what to do next.
    Other(Exit, String),
    /// Whoever read the output has stopped reading, which is no failure.
    ClosedPipe,
}

/// What a command gives back.
pub type Outcome<T = Exit> = Result<T, Failure>;

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure::Other(Exit::Failed, message.into())
    }

    /// The arguments make no sense together.
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
            _ => Failure::new(format!("cannot write the output: {error}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Client(error) => error.fmt(f),
            Failure::Other(_, message) => f.write_str(message),
            Failure::ClosedPipe => f.write_str("the output was closed"),
        }
    }
}
