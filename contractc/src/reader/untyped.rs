//! Finds objects and arrays without `type`. JSON Schema then accepts any other value too, so their generated type is any JSON.

use std::collections::BTreeSet;

use super::Reader;
use crate::model::{Role, SchemaId};

/// A schema on the way from a named schema or an operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    id: SchemaId,
    /// Whether it applies to its value alone, and is not a part of another schema.
    is_whole: bool,
    /// Whether a schema of which it is a part or a variant states the type.
    is_typed: bool,
}

impl Reader<'_> {
    /// Warns of `properties` and `items` whose values may be of any type.
    pub(super) fn warn_of_untyped(&mut self) {
        let used = self.contract.operations.iter().flat_map(|operation| operation.schemas());
        let roots = self.contract.names.iter().map(|(_, id)| *id).chain(used);
        let mut open: Vec<Step> = roots.map(|id| Step { id, is_whole: true, is_typed: false }).collect();
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        while let Some(step) = open.pop() {
            if !seen.insert(step) {
                continue;
            }
            let own = self.contract.schema(step.id);
            let parts = self.contract.all_of_closure(step.id);
            let says_type = parts.iter().any(|part| {
                let part = self.contract.schema(*part);
                part.types.is_some() || part.constant.is_some() || part.enumeration.is_some()
            });
            let is_typed = step.is_typed || (step.is_whole && says_type);
            if step.is_whole && !is_typed {
                found.extend(parts.iter().filter_map(|part| self.untyped(*part)));
            }
            let variants: BTreeSet<SchemaId> = own.one_of.iter().chain(&own.any_of).copied().collect();
            own.clone().each_inner(|role, inner| match role {
                Role::Condition => {}
                Role::Content if !variants.contains(inner) => open.push(Step { id: *inner, is_whole: true, is_typed: false }),
                // A variant that states its own type does not depend on the schema around it.
                Role::Content => open.push(Step { id: *inner, is_whole: !is_typed, is_typed }),
                Role::Part => open.push(Step { id: *inner, is_whole: false, is_typed }),
            });
        }
        for (span, keyword, types) in found {
            let message = format!("`{keyword}` without `type: {types}`: other values are accepted too, so the generated type is any JSON");
            self.diagnostics.warning(span, message).hint(format!("add `type: {types}`"));
        }
    }

    /// The place of an object or array without `type`, with the keyword that describes it.
    fn untyped(&self, id: SchemaId) -> Option<(crate::source::Span, &'static str, &'static str)> {
        let schema = self.contract.schema(id);
        if !schema.object.properties.is_empty() {
            Some((schema.span, "properties", "object"))
        } else {
            schema.array.items.is_some().then_some((schema.span, "items", "array"))
        }
    }
}
