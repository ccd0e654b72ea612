//! Describes collections, so that an engine needs no code for a particular one.

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
    /// The key of the collection's only record, for a collection of one.
    pub singleton: Option<&'static str>,
    /// The member that the ids of records shipped with the app are derived from.
    pub natural_key: Option<&'static str>,
    /// Collections whose records are pushed first.
    pub parents: &'static [&'static str],
    /// The indexes by which devices look up records.
    pub indexes: &'static [Index],
    /// Members that refer to records of other collections.
    pub references: &'static [Reference],
    /// The version of the local database that introduced it.
    pub since: u32,
    /// The route for pulling changes, if the contract declares it.
    pub feed: Option<Route>,
    /// The route for pushing several changes at once, if the contract declares it.
    pub batch: Option<Route>,
    /// The route for reading, writing and deleting one record, if the contract declares it.
    pub record: Option<Route>,
}

impl Collection {
    /// The paths that serve the collection.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        [&self.feed, &self.batch, &self.record].into_iter().flatten()
    }

    /// Whether the operation with this id belongs to the collection.
    pub fn has_operation(&self, id: &str) -> bool {
        self.routes().any(|route| route.operations.iter().any(|(_, known)| *known == id))
    }
}

/// A path that serves a collection.
#[derive(Debug)]
pub struct Route {
    /// The path template, with its parameters in braces.
    pub path: &'static str,
    /// The methods of the path, each with the id of its operation.
    pub operations: &'static [(Method, &'static str)],
}

/// An index over members of a collection's records.
#[derive(Debug)]
pub struct Index {
    /// The members, in the order of the index.
    pub members: &'static [&'static str],
    /// Whether the index has one entry for each item of its single member, an array.
    pub multi: bool,
}

/// A member that holds the id of another record.
#[derive(Debug)]
pub struct Reference {
    /// The path from the record to the id, as member names. `*` stands for every item of an array or entry of a map, and `{key}` for every
    /// key of a map.
    pub path: &'static [&'static str],
    /// The collection of the record that the id refers to.
    pub collection: &'static str,
}

/// A type whose values are live records of a collection.
pub trait Synced: Schema {
    /// The collection of the records.
    const COLLECTION: &'static Collection;
}

/// The id of a record that every device creates independently but that must be a single record: the UUIDv5 of `collection/key` in the
/// contract's namespace.
///
/// Returns `None` if the namespace is not a UUID.
pub fn deterministic_id(namespace: &str, collection: &str, key: &str) -> Option<String> {
    let namespace = uuid::Uuid::parse_str(namespace).ok()?;
    Some(uuid::Uuid::new_v5(&namespace, format!("{collection}/{key}").as_bytes()).to_string())
}
