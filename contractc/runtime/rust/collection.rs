//! Describes a contract and its collections as values, so that an engine needs no code for a particular one.

use std::fmt;
use std::sync::OnceLock;

use super::runtime::http::{Check, Method};
use super::runtime::schema::Schema;

/// A contract: everything that an engine, a store or a server needs to know about it.
pub struct Contract {
    /// `info.version` of the document.
    pub version: &'static str,
    /// `x-namespace`: the UUID from which deterministic ids are derived.
    pub namespace: Option<&'static str>,
    /// All collections: parents before children, otherwise by path.
    pub collections: &'static [&'static Collection],
    /// The schemas with `x-any-collection` in responses, whose values contain a record of any collection.
    pub any_collection: &'static [AnyCollection],
}

/// A contract, with the parts that only a server needs. Clients do not refer to it, so a program without a server does not contain it.
pub struct ServerContract {
    /// The contract.
    pub contract: &'static Contract,
    /// The newest `x-since`: clients of an earlier version do not know all members of responses. `None` if there is none.
    pub grown_in: Option<&'static str>,
    /// The paths of each collection, in the order of the collections.
    pub routes: &'static [Routes],
    /// The schemas with `x-any-collection` in requests.
    pub any_collection: &'static [AnyCollection],
}

/// A schema with `x-any-collection`.
pub struct AnyCollection {
    /// The name of the schema.
    pub schema: &'static str,
    /// The validator of the schema.
    pub check: Check,
}

impl Contract {
    /// The collection of this path.
    pub fn collection(&self, path: &str) -> Option<&'static Collection> {
        self.collections.iter().copied().find(|collection| collection.path == path)
    }

    /// Whether the collection belongs to this contract, and not to another one in the same program.
    pub fn has(&self, collection: &Collection) -> bool {
        self.collections.iter().any(|known| std::ptr::eq(*known, collection))
    }

    /// The validator of a schema with `x-any-collection` in responses.
    pub fn check_any(&self, schema: &str) -> Option<Check> {
        check_any(self.any_collection, schema)
    }
}

impl ServerContract {
    /// The validator of a schema with `x-any-collection` in requests.
    pub fn check_any(&self, schema: &str) -> Option<Check> {
        check_any(self.any_collection, schema)
    }
}

impl fmt::Debug for ServerContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.contract.fmt(f)
    }
}

fn check_any(known: &[AnyCollection], schema: &str) -> Option<Check> {
    known.iter().find(|known| known.schema == schema).map(|known| known.check)
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("version", &self.version).field("collections", &self.collections).finish_non_exhaustive()
    }
}

/// The owner of a collection: the contract itself, or a cell for a contract that is loaded at run time, whose collections are created
/// before it.
pub trait Owner: Sync {
    /// The contract.
    fn contract(&'static self) -> &'static Contract;
}

impl Owner for Contract {
    fn contract(&'static self) -> &'static Contract {
        self
    }
}

impl Owner for OnceLock<Contract> {
    fn contract(&'static self) -> &'static Contract {
        self.wait()
    }
}

/// A synced collection.
pub struct Collection {
    /// The contract that declares it.
    pub contract: &'static dyn Owner,
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
}

impl Collection {
    /// The contract that declares it.
    pub fn contract(&self) -> &'static Contract {
        self.contract.contract()
    }

    /// The position in the push order, which is the order of the contract.
    pub fn place(&self) -> usize {
        self.contract().collections.iter().position(|known| known.path == self.path).unwrap_or(usize::MAX)
    }

    /// The id of a record that every device creates for itself, so that all devices create the same record. `None` if the contract has no
    /// namespace.
    pub fn deterministic_id(&self, key: &str) -> Option<String> {
        deterministic_id(self.contract().namespace?, self.path, key)
    }
}

impl fmt::Debug for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collection").field(&self.path).finish()
    }
}

/// The paths that serve a collection.
pub struct Routes {
    /// The collection.
    pub collection: &'static Collection,
    /// The route for pulling changes, if the contract declares it.
    pub feed: Option<Route>,
    /// The route for pushing several changes at once, if the contract declares it.
    pub batch: Option<Route>,
    /// The route for reading, writing and deleting one record, if the contract declares it.
    pub record: Option<Route>,
}

impl Routes {
    /// The routes that the contract declares.
    pub fn all(&self) -> impl Iterator<Item = &Route> {
        [&self.feed, &self.batch, &self.record].into_iter().flatten()
    }

    /// Whether the operation with this id belongs to the collection.
    pub fn has_operation(&self, id: &str) -> bool {
        self.all().any(|route| route.operations.iter().any(|(_, known)| *known == id))
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

/// A container of records of any contract, with a handle for each collection. Implementations also have the methods of the trait
/// `Collections` of each contract, which are named after the collections.
pub trait Handles {
    /// The handle of one collection.
    type Handle<'a, T: Synced>
    where
        Self: 'a;

    /// The handle of the collection whose records are of the type `T`.
    fn collection<T: Synced>(&self) -> Self::Handle<'_, T>;
}

/// The id of a record that every device creates independently but that must be a single record: the UUIDv5 of `collection/key` in the
/// contract's namespace.
///
/// Returns `None` if the namespace is not a UUID.
pub fn deterministic_id(namespace: &str, collection: &str, key: &str) -> Option<String> {
    let namespace = uuid::Uuid::parse_str(namespace).ok()?;
    Some(uuid::Uuid::new_v5(&namespace, format!("{collection}/{key}").as_bytes()).to_string())
}
