//! Checks a query before a store runs it.

use serde_json::{Value, json};

use crate::api::collection::{Collection, Index};
use crate::api::runtime::report::{Violation, escaped};
use crate::api::runtime::rule::Rule;
use crate::api::runtime::schema::validate_text;
use crate::store::{Query, StoreError, index_of, order};

/// Checks that a query can select a record: that its values fit the members of the index, that a record can have each value, and that the
/// range is not the wrong way round. Bounds need only the type of their member, because a range may be wider than its values.
///
/// # Errors
/// Returns an error if the contract does not declare the index, or no record can be selected.
pub(super) fn check(query: &Query, collection: &Collection) -> Result<(), StoreError> {
    let Some(index) = index_of(collection, query)? else { return Ok(()) };
    let cannot = |why: String| StoreError::new(format!("cannot list {} by {}: {why}", collection.path, query.index.join("+")));
    let (given, members) = (query.equal.len(), index.members.len());
    if given > members {
        let noun = if members == 1 { "member" } else { "members" };
        return Err(cannot(format!(
            "{given} values are given, and the index has {members} {noun}; give at most one value for each member"
        )));
    }
    let bounds: Vec<&Value> = query.from.iter().chain(&query.until).collect();
    let next = index.members.get(given);
    if let (None, false, Some(last)) = (next, bounds.is_empty(), index.members.last()) {
        return Err(cannot(format!(
            "the range has no member: `{last}` is the last one, and no member is left; leave out the range or a value"
        )));
    }
    let equal = index.members.iter().zip(&query.equal).map(|(member, value)| (member, value, Use::Equal));
    let bounds = next.into_iter().flat_map(|member| bounds.iter().map(move |value| (member, *value, Use::Bound)));
    for (member, value, used) in equal.chain(bounds) {
        let Some(why) = violation(collection, index, member, value, used) else { continue };
        let allows = |other: &Value| violation(collection, index, member, other, used).is_none();
        let hint = hint(value, allows).map(|hint| format!("; {hint}")).unwrap_or_default();
        return Err(cannot(format!("the value of `{member}` {why}{hint}")));
    }
    match (&query.from, &query.until, next) {
        (Some(from), Some(until), Some(member)) if order(from, until).is_gt() => {
            Err(cannot(format!("no value of `{member}` lies from {from} until {until}; exchange the two bounds")))
        }
        _ => Ok(()),
    }
}

/// What a value is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Equal,
    Bound,
}

/// How to write a value that is allowed in another form.
fn hint(value: &Value, allows: impl Fn(&Value) -> bool) -> Option<String> {
    let lower = value.as_str().map(|text| Value::String(text.to_lowercase()));
    if lower.is_some_and(|lower| allows(&lower)) {
        return Some("write it in lower case".to_owned());
    }
    let text = Value::String(value.to_string());
    (!value.is_string() && !value.is_null() && allows(&text)).then(|| format!("to mean the text, write it as {text}"))
}

/// The reason why a member, or an item of it, cannot have a value. `None` if it can, in some variant of the record.
fn violation(collection: &Collection, index: &Index, member: &str, value: &Value, used: Use) -> Option<String> {
    let (item, in_record) = if index.multi { ("/0", json!([value])) } else { ("", value.clone()) };
    let record = json!({ member: in_record }).to_string();
    let pointer = format!("/{}{item}", escaped(member));
    let is_found = |found: &Violation| found.pointer == pointer && (used == Use::Equal || found.keyword == "type");
    let mut variants = Vec::new();
    collect(collection.check, &mut variants);
    let mut first = None;
    for variant in variants {
        // The record lacks all other members. Their violations are ignored here.
        let report = validate_text(record.as_bytes(), variant).err();
        match report.and_then(|report| report.violations.into_iter().find(is_found)) {
            Some(found) => first = first.or(Some(found.message)),
            None if value.is_null() => {
                first = first
                    .or_else(|| Some("is null, and the index has no record without it; list the records without the index".to_owned()));
            }
            None => return None,
        }
    }
    first
}

/// The rules of the variants of a record; the rule itself if it has none.
fn collect(rule: &'static Rule, into: &mut Vec<&'static Rule>) {
    match rule {
        Rule::Tagged(tagged) => tagged.variants.iter().for_each(|(_, variant)| collect(variant, into)),
        rule => into.push(rule),
    }
}
