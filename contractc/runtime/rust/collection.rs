//! What an engine needs to know of a collection, without naming it.

use super::runtime::http::{Check, Method};
use super::runtime::schema::Schema;

/// A synced collection.
#[derive(Debug)]
pub struct Collection {
    /// The path segment, and the collection's name everywhere.
    pub path: &'static str,
    /// The schema of its live records.
    pub schema: &'static str,
    /// The validator of its live records.
    pub check: Check,
    /// The key of the one record it may have.
    pub singleton: Option<&'static str>,
    /// The member that makes the ids of the records that the app ships.
    pub natural_key: Option<&'static str>,
    /// Collections whose records are pushed first.
    pub parents: &'static [&'static str],
    /// What devices look its records up by.
    pub indexes: &'static [Index],
    /// Members that point to records of other collections.
    pub references: &'static [Reference],
    /// The version of the local database that brought it.
    pub since: u32,
    /// Where its changes are pulled, if the contract says so.
    pub feed: Option<Route>,
    /// Where many changes of it are pushed at once, if the contract says so.
    pub batch: Option<Route>,
    /// Where one record of it is read, written and deleted, if the contract says so.
    pub record: Option<Route>,
}

impl Collection {
    /// The paths on which the collection is served.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        [&self.feed, &self.batch, &self.record].into_iter().flatten()
    }

    /// Whether the operation of this id is one of the collection's own.
    pub fn has_operation(&self, id: &str) -> bool {
        self.routes().any(|route| route.operations.iter().any(|(_, known)| *known == id))
    }
}

/// A path on which a collection is served.
#[derive(Debug)]
pub struct Route {
    /// With its parameters in braces.
    pub path: &'static str,
    /// The methods of the path, each with the id of its operation.
    pub operations: &'static [(Method, &'static str)],
}

/// An index over members of a collection's records.
#[derive(Debug)]
pub struct Index {
    /// The members, in the order of the index.
    pub members: &'static [&'static str],
    /// One entry for each item of the (single) array member.
    pub multi: bool,
}

/// A member that holds the id of another record.
#[derive(Debug)]
pub struct Reference {
    /// Names of members from the record down; `*` stands for every item of an array or entry of a map, `{key}` for every key of a map,
    /// at whose end the id is.
    pub path: &'static [&'static str],
    /// The collection that the id is of.
    pub collection: &'static str,
}

/// A type whose values are live records of a collection.
pub trait Synced: Schema {
    /// The collection.
    const COLLECTION: &'static Collection;
}

/// The id of a record that every device makes for itself and that must still be one record: the UUIDv5 of `collection/key` in the
/// contract's namespace.
///
/// Nothing comes back if the namespace is no UUID.
pub fn deterministic_id(namespace: &str, collection: &str, key: &str) -> Option<String> {
    let namespace = uuid::Uuid::parse_str(namespace).ok()?;
    Some(uuid::Uuid::new_v5(&namespace, format!("{collection}/{key}").as_bytes()).to_string())
}
