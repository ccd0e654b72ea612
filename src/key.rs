//! The key of a record: its collection and its id.

use std::fmt;

use uuid::Uuid;

use crate::api::collection::Collection;

/// The key of a record.
#[derive(Clone, Copy)]
pub struct Key {
    /// The collection.
    pub collection: &'static Collection,
    /// The record's id.
    pub id: Uuid,
}

impl Key {
    fn order(&self) -> (&'static str, Uuid) {
        (self.collection.path, self.id)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection.path, self.id)
    }
}
