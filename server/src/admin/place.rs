//! The location of the data for an operator's command.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Error;
#[cfg(feature = "postgres")]
use crate::store::postgres::{Address, Store};

/// How many connections a command opens.
#[cfg(feature = "postgres")]
const CONNECTIONS: usize = 2;

/// A server's data: a folder with a SQLite database, or a Postgres database.
#[derive(Clone)]
pub struct Place(pub(super) Where);

#[derive(Clone)]
pub(super) enum Where {
    Folder(PathBuf),
    #[cfg(feature = "postgres")]
    Database(Box<Address>),
}

impl Place {
    /// A folder with a SQLite database.
    pub fn folder(data: impl Into<PathBuf>) -> Self {
        Place(Where::Folder(data.into()))
    }

    /// The Postgres database at an address. `ca` is its CA certificate, if the system does not trust it.
    ///
    /// # Errors
    /// Returns an error if the address is invalid, or this program was built without Postgres.
    #[cfg(feature = "postgres")]
    pub fn database(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        Ok(Place(Where::Database(Box::new(Address::new(url, ca, CONNECTIONS)?.for_operator()))))
    }

    /// Fails because this program was built without Postgres.
    ///
    /// # Errors
    /// Always returns an error.
    #[cfg(not(feature = "postgres"))]
    pub fn database(_: &str, _: Option<&Path>) -> Result<Self, Error> {
        Err(crate::store::database::without_postgres().into())
    }

    /// Whether two places are the same folder.
    pub(super) fn is_same(&self, other: &Place) -> bool {
        match (&self.0, &other.0) {
            (Where::Folder(one), Where::Folder(other)) => {
                one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
            }
            #[cfg(feature = "postgres")]
            _ => false,
        }
    }

    /// Reads `sqlite:FOLDER`, or the address of a Postgres database.
    ///
    /// # Errors
    /// Returns an error if the text is neither, or this program was built without Postgres.
    pub fn read(text: &str, ca: Option<&Path>) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("sqlite", folder)) if !folder.is_empty() => Ok(Place::folder(folder)),
            Some(("postgres" | "postgresql", _)) => Place::database(text, ca),
            // The text may contain a password, so it is not repeated.
            _ => Err(Error::Place),
        }
    }
}

/// Formats the place without its password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Where::Folder(folder) => folder.display().fmt(f),
            #[cfg(feature = "postgres")]
            Where::Database(address) => address.fmt(f),
        }
    }
}

/// Runs `work` on an existing database of servers, and closes the connections, even if `work` fails.
#[cfg(feature = "postgres")]
pub(super) async fn on_database<T>(address: &Address, work: impl AsyncFnOnce(&Store) -> Result<T, Error>) -> Result<T, Error> {
    let store = Store::attach(address.clone()).await?;
    let done = work(&store).await;
    store.close().await;
    done
}
