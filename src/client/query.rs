//! Checks a query before a store runs it.

use serde_json::{Value, json};

use crate::api::collection::Collection;
use crate::api::runtime::report::{Violation, escaped};
use crate::api::runtime::schema::validate_text;
use crate::store::{Query, StoreError, index_of};

/// Checks that a record can have each value: that bounds have a type which the contract declares for their member, and other values also the
/// form. Any other value would select nothing.
///
/// # Errors
/// Returns an error if the contract does not declare the index, or no record can have a value.
pub(super) fn check(query: &Query, collection: &Collection) -> Result<(), StoreError> {
    let Some(index) = index_of(collection, query)? else { return Ok(()) };
    let equal = index.members.iter().zip(&query.equal).map(|(member, value)| (member, value, OF_VALUES));
    let next = index.members.iter().skip(query.equal.len()).take(1);
    let bounds = next.flat_map(|member| query.from.iter().chain(&query.until).map(move |value| (member, value, OF_BOUNDS)));
    for (member, value, keywords) in equal.chain(bounds) {
        let Some(why) = violation(collection, member, index.multi, value, keywords) else { continue };
        let by = query.index.join("+");
        let lower = value.as_str().map(|text| Value::String(text.to_lowercase()));
        let is_lower = lower.is_some_and(|lower| violation(collection, member, index.multi, &lower, keywords).is_none());
        let hint = if is_lower { "; write it in lower case" } else { "" };
        return Err(StoreError::new(format!("cannot list {} by {by}: the value of `{member}` {why}{hint}", collection.path)));
    }
    Ok(())
}

/// The keywords that a bound must satisfy.
const OF_BOUNDS: &[&str] = &["type"];
/// The keywords that the value of a record must satisfy to be found.
const OF_VALUES: &[&str] = &["type", "pattern", "format", "enum", "const"];

/// The reason why a member, or an item of it, cannot have a value because of one of the keywords. `None` if it can.
fn violation(collection: &Collection, member: &str, is_item: bool, value: &Value, keywords: &[&str]) -> Option<String> {
    let (value, item) = if is_item { (json!([value]), "/0") } else { (value.clone(), "") };
    let record = json!({ member: value }).to_string();
    let pointer = format!("/{}{item}", escaped(member));
    // The record lacks all other members. Their violations are ignored here.
    let report = validate_text(record.as_bytes(), collection.check).err()?;
    let is_found = |violation: &Violation| keywords.contains(&violation.keyword) && violation.pointer == pointer;
    report.violations.into_iter().find(is_found).map(|violation| violation.message)
}
