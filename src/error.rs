//! The error of the client: an opaque type with predicates.

use std::fmt;

use uuid::Uuid;

use crate::api::{Problem, Report};
use crate::engine::TransportError;
use crate::outbox::EditError;
use crate::store::StoreError;
use crate::tokens::TokenError;

/// The error of a failed call. The `is_…` methods classify it, and `Display` describes it to a person.
pub struct Error(Box<Kind>);

pub(crate) enum Kind {
    /// A local write was rejected. `what` names the record.
    Edit {
        what: String,
        error: EditError,
    },
    Store(StoreError),
    /// The server could not be reached.
    Offline {
        doing: &'static str,
        message: String,
        fate: Fate,
    },
    /// The server rejected the request.
    Refused {
        doing: &'static str,
        problem: Box<Problem>,
    },
    /// The response does not follow the contract.
    Foreign {
        doing: &'static str,
        message: String,
    },
    /// The user must sign in.
    SignIn {
        doing: &'static str,
    },
    /// The database belongs to another account.
    OtherAccount {
        doing: &'static str,
        owner: Uuid,
    },
    /// The tokens cannot be read or written.
    Tokens(TokenError),
    /// An argument is invalid.
    Argument(String),
    /// The background task of the client has stopped.
    Stopped,
}

/// What may have happened to a request without a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// There was no connection: nothing was sent.
    NotSent,
    /// The connection broke while the request or its response was in transit.
    Cut,
    /// No response arrived in time.
    Silent,
}

impl From<Error> for TransportError {
    fn from(error: Error) -> Self {
        TransportError { is_cut: error.is_cut(), message: error.to_string() }
    }
}

impl Error {
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Kind::Argument(message.into()).into()
    }

    /// Whether the connection broke while the request or its response was in transit.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(&*self.0, Kind::Offline { fate: Fate::Cut, .. })
    }

    /// Says what to do if the request was carried out and only its response was lost.
    pub(crate) fn unless_done(mut self, advice: &str) -> Self {
        if let Kind::Offline { message, fate: Fate::Cut | Fate::Silent, .. } = &mut *self.0 {
            message.push_str(&format!("; {advice}"));
        }
        self
    }

    /// Names the rejected record by its position among the records of the call.
    pub(crate) fn at(mut self, place: Option<(usize, usize)>) -> Self {
        if let (Some((number, count)), Kind::Edit { what, .. }) = (place, &mut *self.0) {
            what.push_str(&format!(" (number {number} of {count})"));
        }
        self
    }

    /// Whether the server could not be reached: there was no response, something else responded, such as a captive portal, or the server is
    /// not available at the moment, or not to this client because it has sent too many requests. Sync retries on its own.
    pub fn is_offline(&self) -> bool {
        match &*self.0 {
            Kind::Offline { .. } | Kind::Foreign { .. } => true,
            Kind::Refused { problem, .. } => matches!(problem.status, 429 | 502..=504),
            _ => false,
        }
    }

    /// Whether the user must sign in, or the credentials are wrong.
    pub fn is_auth(&self) -> bool {
        match &*self.0 {
            Kind::SignIn { .. } => true,
            Kind::Refused { problem, .. } => matches!(problem.status, 401 | 403),
            _ => false,
        }
    }

    /// Whether the database belongs to another account. Each account needs its own database.
    pub fn is_other_account(&self) -> bool {
        matches!(&*self.0, Kind::OtherAccount { .. })
    }

    /// Whether the record violates the contract. [`report`](Self::report) lists the violations.
    pub fn is_invalid(&self) -> bool {
        matches!(&*self.0, Kind::Edit { error: EditError::Invalid(_) | EditError::TooLarge { .. } | EditError::NotSingleton { .. }, .. })
    }

    /// Whether the record does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(&*self.0, Kind::Edit { error: EditError::Missing, .. })
    }

    /// Whether a newer app has written a version of the record that this app cannot read and therefore must not overwrite.
    pub fn is_quarantined(&self) -> bool {
        matches!(&*self.0, Kind::Edit { error: EditError::Quarantined, .. })
    }

    /// Whether the local database or the token store could not be read or written. Nothing was changed.
    pub fn is_storage(&self) -> bool {
        matches!(&*self.0, Kind::Store(_) | Kind::Tokens(_))
    }

    /// The violations of an invalid record.
    pub fn report(&self) -> Option<&Report> {
        match &*self.0 {
            Kind::Edit { error: EditError::Invalid(report), .. } => Some(report),
            _ => None,
        }
    }

    /// The problem document in the server's response.
    pub fn problem(&self) -> Option<&Problem> {
        match &*self.0 {
            Kind::Refused { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Error(Box::new(kind))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Kind::Store(error).into()
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        Kind::Tokens(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Edit { what, error } => write!(f, "cannot write {what}: {error}"),
            Kind::Store(error) => error.fmt(f),
            Kind::Offline { doing, message, .. } => write!(f, "cannot {doing}: {message}; check the address and the network"),
            Kind::Refused { doing, problem } => {
                let detail = problem.detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
                let (status, title, code) = (problem.status, &problem.title, &problem.code);
                let advice = match status {
                    500.. => "try again later, or report it to the server's operator",
                    429 => "try again later",
                    _ => "correct what it names, and try again",
                };
                write!(f, "cannot {doing}: the server responded with {status} {title} ({code}{detail}); {advice}")
            }
            Kind::Foreign { doing, message } => write!(f, "cannot {doing}: {message}; check that the address belongs to a sync server"),
            Kind::SignIn { doing } => write!(f, "cannot {doing}: nobody is signed in; sign in first"),
            Kind::OtherAccount { doing, owner } => write!(
                f,
                "cannot {doing}: the records in this database belong to the account that signed in first (id {owner}); sign in to that \
                 account, or open another database"
            ),
            Kind::Tokens(error) => error.fmt(f),
            Kind::Argument(message) => f.write_str(message),
            Kind::Stopped => f.write_str("the client has stopped; open it again"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Store(error) => Some(error),
            Kind::Tokens(error) => Some(error),
            Kind::Edit { error: EditError::Invalid(report), .. } => Some(report),
            _ => None,
        }
    }
}
