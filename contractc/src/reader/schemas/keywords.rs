//! All keywords of schema objects, and how each is handled.

use crate::model::{self, Keyword};

/// How the reader handles a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
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
    /// The compiler cannot enforce it.
    Unsupported,
}

/// All keywords except those of [`model::KEYWORDS`](crate::model::KEYWORDS), which both dialects define.
const KEYWORDS: &[(&str, Known)] = &[
    ("$anchor", Known::Annotation),
    ("$comment", Known::Annotation),
    ("$defs", Known::V31),
    ("$dynamicAnchor", Known::Annotation),
    ("$dynamicRef", Known::Unsupported),
    ("$id", Known::Annotation),
    ("$ref", Known::Both),
    ("$schema", Known::Annotation),
    ("$vocabulary", Known::Annotation),
    ("additionalProperties", Known::Both),
    ("allOf", Known::Both),
    ("anyOf", Known::Both),
    ("const", Known::V31),
    ("contains", Known::V31),
    ("contentEncoding", Known::Annotation),
    ("contentMediaType", Known::Annotation),
    ("contentSchema", Known::Annotation),
    ("default", Known::Annotation),
    ("dependentRequired", Known::V31),
    ("dependentSchemas", Known::V31),
    ("deprecated", Known::Annotation),
    ("description", Known::Annotation),
    ("discriminator", Known::Both),
    ("else", Known::V31),
    ("enum", Known::Both),
    ("example", Known::Annotation),
    ("examples", Known::Annotation),
    ("externalDocs", Known::Annotation),
    ("if", Known::V31),
    ("items", Known::Both),
    ("maxContains", Known::V31),
    ("minContains", Known::V31),
    ("not", Known::Both),
    ("nullable", Known::V30),
    ("oneOf", Known::Both),
    ("patternProperties", Known::V31),
    ("prefixItems", Known::V31),
    ("properties", Known::Both),
    ("propertyNames", Known::V31),
    ("readOnly", Known::Direction),
    ("required", Known::Both),
    ("then", Known::V31),
    ("title", Known::Annotation),
    ("type", Known::Both),
    ("unevaluatedItems", Known::V31),
    ("unevaluatedProperties", Known::V31),
    ("writeOnly", Known::Direction),
    ("x-any-collection", Known::Extension),
    ("x-each", Known::Extension),
    ("x-max-depth", Known::Extension),
    ("x-ref", Known::Extension),
    ("x-rules", Known::Extension),
    ("x-rust-type", Known::Extension),
    ("x-since", Known::Annotation),
    ("x-sync", Known::Extension),
    ("xml", Known::Annotation),
];

/// How the compiler handles a keyword, for `COVERAGE.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordFate {
    /// Validators check it.
    Enforced,
    /// Documentation for people.
    Annotation,
    /// Decides whether requests or responses require the member.
    Direction,
    /// A document that uses it does not compile.
    Rejected,
    /// Data for the sync engine.
    Registry,
    /// Names a type.
    Type,
    /// Gives references something to point to.
    Place,
}

/// Every keyword that the compiler knows, and how it is handled.
pub fn keyword_fates() -> Vec<(&'static str, KeywordFate)> {
    let fate = |keyword: &str, known: Known| match known {
        _ if ["x-sync", "x-ref"].contains(&keyword) => KeywordFate::Registry,
        _ if keyword == "x-rust-type" => KeywordFate::Type,
        _ if ["$anchor", "$defs", "$dynamicAnchor", "$id"].contains(&keyword) => KeywordFate::Place,
        Known::Annotation => KeywordFate::Annotation,
        Known::Direction => KeywordFate::Direction,
        Known::Unsupported => KeywordFate::Rejected,
        Known::Both | Known::V30 | Known::V31 | Known::Extension => KeywordFate::Enforced,
    };
    let mut fates: Vec<_> = all().map(|(keyword, known)| (keyword, fate(keyword, known))).collect();
    fates.sort_unstable_by_key(|(keyword, _)| *keyword);
    fates
}

fn all() -> impl Iterator<Item = (&'static str, Known)> {
    KEYWORDS.iter().copied().chain(model::KEYWORDS.iter().map(|keyword| (keyword.name, Known::Both)))
}

/// How the reader handles a keyword; `None` if it is unknown.
pub(super) fn known_keyword(keyword: &str) -> Option<Known> {
    let listed = KEYWORDS.binary_search_by_key(&keyword, |(name, _)| name).ok().map(|index| KEYWORDS[index].1);
    listed.or_else(|| Keyword::named(keyword).map(|_| Known::Both))
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

/// The known keyword that this one is probably a misspelling of.
pub(super) fn close_keyword(keyword: &str) -> Option<&'static str> {
    let limit = match keyword.len() {
        0..5 => return None,
        5..8 => 1,
        _ => 2,
    };
    let names = all().map(|(name, _)| name).filter(|name| name.starts_with("x-") == keyword.starts_with("x-"));
    let (distance, name) = names.map(|name| (strsim::damerau_levenshtein(name, keyword), name)).min()?;
    (distance <= limit).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::KEYWORDS;

    #[test]
    fn keywords_can_be_searched() {
        assert!(KEYWORDS.is_sorted_by_key(|(name, _)| name));
    }
}
