//! Queries over a collection: by an index of the contract, and within bounds.

use serde_json::Value;

use super::StoreError;
use crate::api::collection::{Collection, Index};

/// Selects and orders the records of a collection. Build it with `..Query::default()`: a later version may add members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The members of an index that the contract declares. Empty selects all records, ordered by id.
    pub index: Vec<String>,
    /// The values that the first members of the index must be equal to.
    pub equal: Vec<Value>,
    /// The inclusive lower bound of the next member.
    pub from: Option<Value>,
    /// The exclusive upper bound of that member.
    pub until: Option<Value>,
    /// Whether the order is descending.
    pub descending: bool,
    /// The number of records to skip.
    pub offset: usize,
    /// The maximum number of records. `None` means no limit.
    pub limit: Option<usize>,
}

/// The index that a query uses.
///
/// # Errors
/// Returns an error if the contract does not declare the index.
pub fn index_of<'a>(collection: &'a Collection, query: &Query) -> Result<Option<&'a Index>, StoreError> {
    if query.index.is_empty() {
        return Ok(None);
    }
    let found = collection.indexes.iter().find(|index| index.members == query.index);
    found.map(Some).ok_or_else(|| {
        let known: Vec<String> = collection.indexes.iter().map(|index| index.members.join("+")).collect();
        let (path, asked) = (collection.path, query.index.join("+"));
        StoreError::new(format!("cannot list {path} by {asked}: unknown index; available: {}", known.join(", ")))
    })
}

/// SQLite's order of JSON scalars: numbers and booleans by value, then strings by their bytes.
pub(crate) fn order(left: &Value, right: &Value) -> std::cmp::Ordering {
    let number = |value: &Value| match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        other => other.as_f64(),
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => left.as_str().unwrap_or_default().cmp(right.as_str().unwrap_or_default()),
    }
}
