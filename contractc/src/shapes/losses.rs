//! Warns of schemas that say more about their values than the type does. The finder of shapes notes them, so that a warning is true of the
//! generated code.

use std::collections::BTreeSet;

use super::Shapes;
use crate::diagnostic::Diagnostics;
use crate::model::{Contract, Merged, SchemaId};
use crate::span::Span;

/// What the type of a schema does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The members or the items: without `type`, other values are accepted too.
    Type,
    /// The variants of several unions.
    Unions,
    /// The places of the items: `x-each` reads them one by one.
    Each,
    /// The types of the items in Rust, where they differ; `is_open` if any items may follow those with a place.
    Items {
        /// Whether the items after those with a place are any JSON.
        is_open: bool,
    },
}

/// Warns of the losses in the types of a contract.
pub(crate) fn warn(contract: &Contract, diagnostics: &mut Diagnostics) {
    let shapes = Shapes::new(contract);
    let untyped = shapes.losses.iter().filter(|(_, loss)| **loss == Loss::Type).map(|(id, _)| *id);
    for (span, keyword, types) in untyped_within(contract, &shapes, untyped.collect()) {
        let message = format!("`{keyword}` without `type: {types}`: other values are accepted too, so the generated type is any JSON");
        diagnostics.warning(span, message).hint(format!("add `type: {types}`"));
    }
    for (id, loss) in &shapes.losses {
        let (message, hint) = match loss {
            Loss::Type => continue,
            Loss::Unions => (
                "several unions apply to this value, and no type holds what all of them accept: the generated type is any JSON",
                "state the `type` of each variant, or write one union",
            ),
            Loss::Each => (
                "`x-each` and `prefixItems` apply to this array: the generated type is a list of any JSON",
                "remove `x-each`: it is for items that have one schema",
            ),
            Loss::Items { is_open: true } => (
                "any items may follow those of `prefixItems`: in Rust, the generated type is a list of any JSON",
                "add `items: false` if there are no others, or describe them in `items`",
            ),
            Loss::Items { is_open: false } => (
                "the items have different types: in Rust, the generated type is a list of any JSON",
                "use an object with named members, or describe all items in `items`, with `oneOf` for their types",
            ),
        };
        diagnostics.warning(contract.schema(*id).span, message).hint(hint);
    }
}

/// The places of `properties` and `items` without `type` in these schemas, and in the members and items that no type mentions for that reason.
fn untyped_within(contract: &Contract, shapes: &Shapes, found: Vec<SchemaId>) -> BTreeSet<(Span, &'static str, &'static str)> {
    let (mut open, mut seen, mut places) = (found, BTreeSet::new(), BTreeSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let merged = Merged::new(contract, id);
        if merged.says_no_type() {
            places.extend(merged.parts.iter().filter_map(|part| untyped(part)));
        }
        let members = merged.members(contract).into_iter().map(|(_, schemas)| schemas);
        let inner = members.chain(merged.places()).chain([merged.others(), merged.items()]);
        let whole = inner.filter_map(|schemas| contract.conjunction(&schemas)).map(|id| contract.resolved(id));
        open.extend(whole.filter(|id| shapes.of(contract, *id).is_none()));
    }
    places
}

/// The place of an object or array without `type`, with the keyword that describes it.
fn untyped(schema: &crate::model::Schema) -> Option<(Span, &'static str, &'static str)> {
    if !schema.object.properties.is_empty() {
        Some((schema.span, "properties", "object"))
    } else {
        let has_items = schema.array.items.is_some() || !schema.array.prefix_items.is_empty();
        has_items.then_some((schema.span, if schema.array.items.is_some() { "items" } else { "prefixItems" }, "array"))
    }
}
