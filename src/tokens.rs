//! The tokens of a signed-in device, and where an app keeps them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The tokens of a signed-in device. `Debug` does not show them; serialization does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tokens {
    /// The account that the tokens belong to.
    pub account: Uuid,
    /// The access token, which authenticates each request and expires after minutes.
    pub access_token: String,
    /// The refresh token, which can be exchanged for new tokens once. Using it twice signs the device out.
    pub refresh_token: String,
}

impl Tokens {
    /// The tokens of an account, for a [`TokenStore`] that keeps them in a form of its own.
    pub fn new(account: Uuid, access_token: impl Into<String>, refresh_token: impl Into<String>) -> Self {
        Tokens { account, access_token: access_token.into(), refresh_token: refresh_token.into() }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens {{ account: {}, … }}", self.account)
    }
}

/// Where an app keeps its tokens, for example a file that only the user can read, or a keychain.
pub trait TokenStore: Send + Sync + 'static {
    /// Loads the saved tokens, if there are any.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be read.
    fn load(&self) -> Result<Option<Tokens>, TokenError>;

    /// Replaces the saved tokens, or deletes them.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be written or deleted.
    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenError>;

    /// Checks that tokens can be saved, before the saved refresh token is spent: if the new one could not be saved, the session would be lost.
    /// By default, it is not checked.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be written.
    fn check_writable(&self) -> Result<(), TokenError> {
        Ok(())
    }
}

/// The error for a [`TokenStore`] that cannot be read or written.
#[derive(Clone, Debug)]
pub struct TokenError {
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TokenError {
    /// Creates an error. The message says what was being done, what was seen and what to do next.
    pub fn new(message: impl Into<String>) -> Self {
        TokenError { message: message.into(), source: None }
    }

    /// Adds the error that caused this one, for example an error of the keychain.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

/// Errors are equal if their messages are equal.
impl PartialEq for TokenError {
    fn eq(&self, other: &Self) -> bool {
        self.message == other.message
    }
}

impl Eq for TokenError {}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// A [`TokenStore`] in memory. The tokens are lost when the process ends.
#[derive(Debug, Default)]
pub struct MemoryTokens(Mutex<Option<Tokens>>);

impl TokenStore for MemoryTokens {
    fn load(&self) -> Result<Option<Tokens>, TokenError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tokens.cloned();
        Ok(())
    }
}
