//! Checks a query before a store runs it.

use serde_json::{Value, json};

use crate::api::collection::Collection;
use crate::api::runtime::report::escaped;
use crate::api::runtime::schema::validate_text;
use crate::store::{Query, StoreError, index_of};

/// Checks that each value has a type that the contract declares for its member. A value of another type would select nothing.
///
/// # Errors
/// Returns an error if the contract does not declare the index, or a value is of another type.
pub(super) fn check(query: &Query, collection: &Collection) -> Result<(), StoreError> {
    let Some(index) = index_of(collection, query)? else { return Ok(()) };
    let equal = index.members.iter().zip(&query.equal);
    let next = index.members.iter().skip(query.equal.len()).take(1);
    let bounds = next.flat_map(|member| query.from.iter().chain(&query.until).map(move |value| (member, value)));
    for (member, value) in equal.chain(bounds) {
        if let Some(why) = wrong_type(collection, member, index.multi, value) {
            let by = query.index.join("+");
            return Err(StoreError::new(format!("cannot list {} by {by}: the value of `{member}` {why}", collection.path)));
        }
    }
    Ok(())
}

/// The reason why a member, or an item of it, cannot have the type of a value. `None` if it can.
fn wrong_type(collection: &Collection, member: &str, is_item: bool, value: &Value) -> Option<String> {
    let (value, item) = if is_item { (json!([value]), "/0") } else { (value.clone(), "") };
    let record = json!({ member: value }).to_string();
    let pointer = format!("/{}{item}", escaped(member));
    // The record lacks all other members. Their violations are ignored here.
    let report = validate_text(record.as_bytes(), collection.check).err()?;
    let found = report.violations.into_iter().find(|violation| violation.keyword == "type" && violation.pointer == pointer);
    found.map(|violation| violation.message)
}
