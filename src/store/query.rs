//! Which records of a collection a device lists: by an index of the contract, and within bounds.

use serde_json::{Value, json};

use super::StoreError;
use crate::api::collection::{Collection, Index};
use crate::api::runtime::report::escaped;
use crate::api::runtime::schema::validate_text;

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

impl Query {
    /// Checks that each value is of a type that the contract declares for its member. A value of another type would select nothing.
    ///
    /// # Errors
    /// Returns an error if the contract does not declare the index, or a value is of another type.
    pub(crate) fn check(&self, collection: &Collection) -> Result<(), StoreError> {
        let Some(index) = index_of(collection, self)? else { return Ok(()) };
        let equal = index.members.iter().zip(&self.equal);
        let next = index.members.iter().skip(self.equal.len()).take(1);
        let bounds = next.flat_map(|member| self.from.iter().chain(&self.until).map(move |value| (member, value)));
        for (member, value) in equal.chain(bounds) {
            if let Some(why) = wrong_type(collection, member, index.multi, value) {
                let by = self.index.join("+");
                return Err(StoreError::new(format!("cannot list {} by {by}: the value of `{member}` {why}", collection.path)));
            }
        }
        Ok(())
    }
}

/// Why a member, or an item of it, cannot have the type of a value, if it cannot.
fn wrong_type(collection: &Collection, member: &str, is_item: bool, value: &Value) -> Option<String> {
    let (value, item) = if is_item { (json!([value]), "/0") } else { (value.clone(), "") };
    let record = json!({ member: value }).to_string();
    let pointer = format!("/{}{item}", escaped(member));
    // The record lacks all other members, which is no matter here.
    let report = validate_text(record.as_bytes(), collection.check).err()?;
    let found = report.violations.into_iter().find(|violation| violation.keyword == "type" && violation.pointer == pointer);
    found.map(|violation| violation.message)
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
