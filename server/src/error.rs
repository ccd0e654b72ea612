//! The errors of a server that cannot start, or that stopped unexpectedly.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::clock::Jumped;
use crate::store::StoreError;

/// The errors of a server that cannot start, or that stopped unexpectedly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The signing secret is weak.
    #[error("the signing secret is weak: {0}; create one with `openssl rand -base64 48` and set STRONGLOG_SIGNING_SECRET")]
    WeakSecret(&'static str),
    /// No signing secret is configured.
    #[error("no signing secret: set STRONGLOG_SIGNING_SECRET to the output of `openssl rand -base64 48`, or try the server out with --dev")]
    NoSecret,
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The error of the operating system.
        cause: std::io::Error,
    },
    /// A setting needs another one, or excludes it.
    #[error("cannot use the settings: {0}")]
    Settings(&'static str),
    /// The file with the contract cannot be used.
    #[error("cannot use the contract {}: {cause}", path.display())]
    Contract {
        /// The file.
        path: PathBuf,
        /// The problem with it.
        cause: String,
    },
    /// The file with the signing secret cannot be used.
    #[error("cannot use the file with the signing secret {}: {cause}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// The problem with it.
        cause: std::io::Error,
    },
    /// The certificate or its key cannot be read, or they do not match.
    #[error("cannot use the certificate: {0}")]
    Certificate(std::io::Error),
    /// The threads that hash passwords cannot be started.
    #[error("cannot start the threads that hash passwords: {0}")]
    Passwords(std::io::Error),
    /// The process may have too few files open.
    #[error("the process may open {may} files and needs at least {min}; raise the limit with `ulimit -n 4096`, or LimitNOFILE in the unit")]
    Descriptors {
        /// How many it may have open.
        may: usize,
        /// How many it needs.
        min: usize,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clock is far from the time when the server last ran, so no deadline can be evaluated.
    #[error(transparent)]
    Clock(#[from] Jumped),
    /// The accept loop ended unexpectedly.
    #[error("the server stopped unexpectedly: {0}; see the log above")]
    Broken(std::io::Error),
}
