//! The message for each change of a schema.

use std::collections::BTreeSet;

use super::bounds;
use super::forms::Side;
use super::parts::Parts;
use super::proof::{Fault, Prover};
use crate::model::KEYWORDS;
use crate::runtime::check::Types;

/// The message for a fault. `effect` says whether the change narrows and whether it widens.
pub fn message(fault: &Fault, effect: (bool, bool), before: &Parts<'_>, after: &Parts<'_>) -> String {
    let is_new = effect.0;
    match fault {
        Fault::Types => {
            let (old, new) = (before.types(), after.types());
            format!("`type` changed from {} to {}", types_in_words(old), types_in_words(new))
        }
        Fault::Values => list_of_values(before, after),
        Fault::Keyword(index) => {
            let keyword = &KEYWORDS[*index];
            bounds::change(keyword, before, after).unwrap_or_else(|| unknown(keyword.name))
        }
        Fault::Depth => {
            let text = |depth: Option<u64>| depth.map_or("absent".to_owned(), |depth| depth.to_string());
            format!("`x-max-depth` changed from {} to {}", text(before.max_depth()), text(after.max_depth()))
        }
        Fault::Schema("prefixItems") if is_tuple(before) && is_tuple(after) => {
            format!("`prefixItems` is {}", if is_new { "longer" } else { "shorter" })
        }
        Fault::Schema(keyword) => format!("`{keyword}` is {}", new_or_gone(is_new)),
        Fault::Required(name) if is_new => format!("the member `{name}` is now required"),
        Fault::Required(name) => format!("the member `{name}` is no longer required"),
        Fault::Member(name) => match (before.declared().contains(name.as_str()), after.declared().contains(name.as_str())) {
            (false, true) => format!("the member `{name}` is new"),
            (true, false) => format!("the member `{name}` is gone"),
            _ if is_new => format!("the member `{name}` is now rejected"),
            _ => format!("the member `{name}` is no longer rejected"),
        },
        Fault::Closed if is_new => "unknown members are now rejected".to_owned(),
        Fault::Closed => "unknown members are now accepted".to_owned(),
        Fault::Pattern(source) => match (before.patterns().contains(source.as_str()), after.patterns().contains(source.as_str())) {
            (true, true) => unknown("patternProperties"),
            (_, is_new) => format!("the pattern `{source}` in `patternProperties` is {}", new_or_gone(is_new)),
        },
        Fault::Rule(text) => format!("the rule `{text}` is {}", new_or_gone(is_new)),
        Fault::Variant(side, name) => format!("the variant {name} is {}", new_or_gone(*side == Side::New)),
        Fault::Union if is_new => "is now a union".to_owned(),
        Fault::Union => "is no longer a union".to_owned(),
        Fault::Exclusive => {
            let is_exclusive = |parts: &Parts<'_>| parts.unions.iter().any(|union| union.is_exclusive());
            match (is_exclusive(before), is_exclusive(after)) {
                (false, true) => "a value must now match exactly one variant (`oneOf`)".to_owned(),
                (true, false) => "a value may now match several variants (`anyOf`)".to_owned(),
                _ => "the overlap of the variants of `oneOf` changed".to_owned(),
            }
        }
        Fault::Selected => selected(before, after),
        Fault::Whole(keyword) => match (!has(keyword, before), !has(keyword, after)) {
            (true, false) => format!("`{keyword}` is new"),
            (false, true) => format!("`{keyword}` is gone"),
            _ => unknown(keyword),
        },
    }
}

fn is_tuple(parts: &Parts<'_>) -> bool {
    parts.parts.iter().any(|(_, part)| !part.array.prefix_items.is_empty())
}

fn new_or_gone(is_new: bool) -> &'static str {
    if is_new { "new" } else { "gone" }
}

fn unknown(keyword: &str) -> String {
    format!("`{keyword}` changed in a way that `contractc diff` does not compare; check it by hand")
}

fn list_of_values(before: &Parts<'_>, after: &Parts<'_>) -> String {
    match (before.listed().is_empty(), after.listed().is_empty()) {
        (true, false) => "now accepts only the values in `enum`".to_owned(),
        (false, true) => "now accepts more than the values in `enum`".to_owned(),
        _ => "the values in `enum` changed".to_owned(),
    }
}

/// Whether a part of the set has a keyword that is compared as a whole.
fn has(keyword: &str, parts: &Parts<'_>) -> bool {
    parts.parts.iter().any(|(_, part)| match keyword {
        "not" => part.not.is_some(),
        "if" => part.condition.is_some(),
        "contains" => part.array.contains.is_some(),
        "unevaluatedItems" => part.array.unevaluated_items.is_some(),
        "unevaluatedProperties" => part.object.unevaluated_properties.is_some(),
        "propertyNames" => part.object.property_names.is_some(),
        "dependentRequired" => !part.object.dependent_required.is_empty(),
        _ => !part.object.dependent_schemas.is_empty(),
    })
}

/// The message for a change of the member that selects a variant.
fn selected(before: &Parts<'_>, after: &Parts<'_>) -> String {
    let member =
        |parts: &Parts<'_>| parts.unions.iter().find(|union| union.is_selected()).and_then(|union| union.tag.map(|tag| tag.member.clone()));
    match (member(before), member(after)) {
        (Some(old), Some(new)) if old != new => format!("the variant is now selected by the member `{new}` instead of `{old}`"),
        (None, Some(new)) => format!("the member `{new}` now selects the variant"),
        (Some(old), None) => format!("the member `{old}` no longer selects the variant"),
        _ => unknown("discriminator"),
    }
}

/// Changes that do not affect the set of valid values, each with the fault that is reported instead if it does.
pub fn notes<'c>(prover: &Prover<'c>, before: &Parts<'c>, after: &Parts<'c>) -> Vec<(String, Option<Fault>)> {
    let mut found = Vec::new();
    let names = |parts: &Parts<'c>| parts.declared().into_iter().chain(parts.names_of_variants()).collect::<BTreeSet<_>>();
    let (old, new) = (names(before), names(after));
    for (names, word) in [(old.difference(&new), "gone"), (new.difference(&old), "new")] {
        let lines = names.map(|name| (format!("the member `{name}` is {word}"), Some(Fault::Member((*name).to_owned()))));
        found.extend(lines);
    }
    for (left, right) in prover.matching(before, after) {
        let (Some(union), Some(other)) = (before.unions.get(left), after.unions.get(right)) else { continue };
        let pairs = prover.pairs(before, union, after, other);
        for (alone, side) in [(pairs.first_alone, Side::Old), (pairs.second_alone, Side::New)] {
            let line = |name: &str| format!("the variant {name} is {}", new_or_gone(side == Side::New));
            found.extend(alone.into_iter().map(|(_, name)| (line(&name), Some(Fault::Variant(side, name)))));
        }
    }
    let default = |parts: &Parts<'_>| parts.parts.iter().find_map(|(_, part)| part.annotations.default.as_ref()).map(ToString::to_string);
    let (old, new) = (default(before), default(after));
    if old != new {
        let shown = |text: Option<String>| text.unwrap_or_else(|| "absent".to_owned());
        found.push((format!("`default` was {} and is {}", shown(old), shown(new)), None));
    }
    let refers = |parts: &Parts<'_>| parts.parts.iter().filter_map(|(_, part)| part.refers_to.clone()).collect::<BTreeSet<_>>();
    if refers(before) != refers(after) {
        found.push(("`x-ref` changed".to_owned(), None));
    }
    let each = |parts: &Parts<'_>| parts.parts.iter().any(|(_, part)| part.array.each);
    if each(before) != each(after) {
        found.push((format!("`x-each` is {}", new_or_gone(each(after))), None));
    }
    found
}

fn types_in_words(types: Types) -> String {
    match types {
        Types::ALL => "anything".to_owned(),
        Types(0) => "nothing".to_owned(),
        types => types.to_string(),
    }
}
