//! All keywords of schema objects, and how each is handled.

use super::values::is_type;
use crate::model::{self, Keyword, Meaning};
use crate::source::Node;

/// How the reader handles a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::reader) enum KeywordDialect {
    /// Defined in both dialects.
    Both,
    /// A JSON Schema keyword that OpenAPI 3.0 does not define.
    V31,
    /// An OpenAPI 3.0 keyword that OpenAPI 3.1 replaced.
    V30,
    /// A vendor extension of this compiler.
    Extension,
    /// An annotation for people or other tools.
    Annotation,
    /// An annotation of a member that decides in which direction the member is required.
    Direction,
}

/// All keywords except those of [`model::KEYWORDS`](crate::model::KEYWORDS), which both dialects define.
const KEYWORDS: &[(&str, KeywordDialect)] = &[
    ("$anchor", KeywordDialect::Annotation),
    ("$comment", KeywordDialect::Annotation),
    ("$defs", KeywordDialect::V31),
    ("$dynamicAnchor", KeywordDialect::Annotation),
    ("$dynamicRef", KeywordDialect::V31),
    ("$id", KeywordDialect::Annotation),
    ("$ref", KeywordDialect::Both),
    ("$schema", KeywordDialect::Annotation),
    ("$vocabulary", KeywordDialect::Annotation),
    ("additionalProperties", KeywordDialect::Both),
    ("allOf", KeywordDialect::Both),
    ("anyOf", KeywordDialect::Both),
    ("const", KeywordDialect::V31),
    ("contains", KeywordDialect::V31),
    ("contentEncoding", KeywordDialect::Annotation),
    ("contentMediaType", KeywordDialect::Annotation),
    ("contentSchema", KeywordDialect::Annotation),
    ("default", KeywordDialect::Annotation),
    ("dependentRequired", KeywordDialect::V31),
    ("dependentSchemas", KeywordDialect::V31),
    ("deprecated", KeywordDialect::Annotation),
    ("description", KeywordDialect::Annotation),
    ("discriminator", KeywordDialect::Both),
    ("else", KeywordDialect::V31),
    ("enum", KeywordDialect::Both),
    ("example", KeywordDialect::Annotation),
    ("examples", KeywordDialect::Annotation),
    ("externalDocs", KeywordDialect::Annotation),
    ("if", KeywordDialect::V31),
    ("items", KeywordDialect::Both),
    ("maxContains", KeywordDialect::V31),
    ("minContains", KeywordDialect::V31),
    ("not", KeywordDialect::Both),
    ("nullable", KeywordDialect::V30),
    ("oneOf", KeywordDialect::Both),
    ("patternProperties", KeywordDialect::V31),
    ("prefixItems", KeywordDialect::V31),
    ("properties", KeywordDialect::Both),
    ("propertyNames", KeywordDialect::V31),
    ("readOnly", KeywordDialect::Direction),
    ("required", KeywordDialect::Both),
    ("then", KeywordDialect::V31),
    ("title", KeywordDialect::Annotation),
    ("type", KeywordDialect::Both),
    ("unevaluatedItems", KeywordDialect::V31),
    ("unevaluatedProperties", KeywordDialect::V31),
    ("writeOnly", KeywordDialect::Direction),
    ("x-any-collection", KeywordDialect::Extension),
    ("x-each", KeywordDialect::Extension),
    ("x-max-depth", KeywordDialect::Extension),
    ("x-ref", KeywordDialect::Extension),
    ("x-rules", KeywordDialect::Extension),
    ("x-rust-type", KeywordDialect::Extension),
    ("x-since", KeywordDialect::Annotation),
    ("x-sync", KeywordDialect::Extension),
    ("xml", KeywordDialect::Annotation),
];

/// How the compiler handles a keyword, for `COVERAGE.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordHandling {
    /// Validators check it.
    Enforced,
    /// Documentation for people.
    Annotation,
    /// Decides whether requests or responses require the member.
    Direction,
    /// Data for the sync engine.
    Registry,
    /// Names a type.
    Type,
    /// A target for references (`$id`, `$anchor`, `$defs`).
    ReferenceTarget,
}

/// Every keyword that the compiler knows, and how it is handled.
pub fn keyword_handling() -> Vec<(&'static str, KeywordHandling)> {
    let handling = |keyword: &str, known: KeywordDialect| match known {
        _ if ["x-sync", "x-ref"].contains(&keyword) => KeywordHandling::Registry,
        _ if keyword == "x-rust-type" => KeywordHandling::Type,
        _ if ["$anchor", "$defs", "$dynamicAnchor", "$id"].contains(&keyword) => KeywordHandling::ReferenceTarget,
        KeywordDialect::Annotation => KeywordHandling::Annotation,
        KeywordDialect::Direction => KeywordHandling::Direction,
        KeywordDialect::Both | KeywordDialect::V30 | KeywordDialect::V31 | KeywordDialect::Extension => KeywordHandling::Enforced,
    };
    let mut handled: Vec<_> = all().map(|(keyword, known)| (keyword, handling(keyword, known))).collect();
    handled.sort_unstable_by_key(|(keyword, _)| *keyword);
    handled
}

fn all() -> impl Iterator<Item = (&'static str, KeywordDialect)> {
    KEYWORDS.iter().copied().chain(model::KEYWORDS.iter().map(|keyword| (keyword.name, KeywordDialect::Both)))
}

/// How the reader handles a keyword; `None` if it is unknown.
pub(in crate::reader) fn known_keyword(keyword: &str) -> Option<KeywordDialect> {
    let listed = KEYWORDS.binary_search_by_key(&keyword, |(name, _)| name).ok().map(|index| KEYWORDS[index].1);
    listed.or_else(|| Keyword::named(keyword).map(|_| KeywordDialect::Both))
}

/// What replaces a keyword that earlier drafts of JSON Schema enforce.
pub(super) fn replacement(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "$recursiveRef" | "$recursiveAnchor" => "`$ref` to the schema",
        "additionalItems" => "`items`, next to `prefixItems` for the first items",
        "dependencies" => "`dependentRequired` or `dependentSchemas`",
        "disallow" => "`not`",
        "divisibleBy" => "`multipleOf`",
        "extends" => "`allOf`",
        _ => return None,
    })
}

/// The keyword that this one spells in another case, such as `min_items`, if it is an annotation or one of [`model::KEYWORDS`]: the others are
/// looked up by their spelling, as exclusive bounds are.
pub(super) fn respelled(keyword: &str) -> Option<&'static str> {
    let letters = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let is_exclusive =
        |known: &&Keyword| matches!(known.meaning, Meaning::Least { is_excluded: true } | Meaning::Most { is_excluded: true });
    let notes = KEYWORDS.iter().filter(|(_, known)| matches!(known, KeywordDialect::Annotation | KeywordDialect::Direction));
    let notes = notes.map(|(name, _)| *name).filter(|name| !name.starts_with(['$', 'x']));
    let known = model::KEYWORDS.iter().filter(|known| !is_exclusive(known)).map(|known| known.name).chain(notes);
    known.into_iter().find(|name| *name != keyword && letters(name) == letters(keyword))
}

/// The known keyword that this one spells in another case, as `Type` and `all_of` do.
pub(super) fn same_letters(keyword: &str) -> Option<&'static str> {
    let letters = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let is_extension = keyword.starts_with("x-");
    all().map(|(name, _)| name).find(|name| !is_extension && *name != keyword && letters(name) == letters(keyword))
}

/// The known keyword of which this short one has a letter too few, two letters swapped or a letter changed after the first, if its value is of the
/// kind that the keyword has. A schema may have any other keyword, so a short word is not enough.
pub(super) fn close_short_keyword(keyword: &str, schema: &Node, value: &Node) -> Option<&'static str> {
    // The first two have a value of a kind that few other words have. The others have a schema, like the members of an object.
    let is_meant = |name: &str| match name {
        "type" => value.as_list().is_some() || value.as_str().is_some_and(is_type),
        "enum" => value.as_list().is_some(),
        "$ref" => value.as_str().is_some_and(|text| text.contains(['#', '/', '.'])),
        "items" => value.as_map().is_some() && schema.get("type").and_then(Node::as_str) == Some("array"),
        _ => false,
    };
    let is_close = |name: &str| {
        let swapped_or_changed = keyword.len() == name.len() && keyword.get(..1) == name.get(..1);
        (swapped_or_changed || keyword.len() + 1 == name.len()) && strsim::damerau_levenshtein(name, keyword) == 1
    };
    let known = ["$ref", "enum", "items", "type"].into_iter();
    known.filter(|name| schema.get(name).is_none()).find(|name| is_close(name) && is_meant(name))
}

/// The known keyword that this one is probably a misspelling of, and whether it is certain that the keyword which is meant is only for people.
pub(super) fn close_keyword(keyword: &str) -> Option<(&'static str, bool)> {
    let limit = match keyword.len() {
        0..5 => return None,
        5..8 => 1,
        _ => 2,
    };
    let names = all().map(|(name, _)| name).filter(|name| name.starts_with("x-") == keyword.starts_with("x-"));
    let distances = names.map(|name| (strsim::damerau_levenshtein(name, keyword), name));
    let close: Vec<_> = distances.filter(|(distance, _)| *distance <= limit).collect();
    let (_, nearest) = close.iter().min()?;
    Some((nearest, close.iter().all(|(_, name)| is_for_people(name))))
}

/// Whether a keyword changes neither which values are valid nor their types. The keywords that begin with `$` decide what references mean, and
/// those about content which parts are files.
fn is_for_people(keyword: &str) -> bool {
    known_keyword(keyword) == Some(KeywordDialect::Annotation) && !keyword.starts_with('$') && !keyword.starts_with("content")
}

#[cfg(test)]
mod tests {
    use super::KEYWORDS;

    #[test]
    fn keywords_can_be_searched() {
        assert!(KEYWORDS.is_sorted_by_key(|(name, _)| name));
    }
}
