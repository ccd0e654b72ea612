//! Warns of schemas whose parts no value satisfies together. A schema counts only if this is certain: what is not followed here, such as
//! patterns, bounds and `not`, might be satisfied.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Contract, Merged, Schema, SchemaId, intersect};
use crate::runtime::check::Types;

/// How deep required members are followed.
const DEPTH_MAX: usize = 64;

/// Why no value satisfies a schema.
enum Reason {
    /// It is the schema `false`, which its author intended.
    Never,
    Types,
    Values,
    Variants,
    /// A part that has no other members does not declare a required one.
    Undeclared(String),
    /// No value of a required member satisfies all of its schemas.
    Member(String),
}

impl Reader<'_> {
    /// Warns of the schemas of the document, which are the first `count`, that no value satisfies. One that only contains such a schema is not
    /// listed.
    pub(super) fn unsatisfiable(&mut self, count: usize) {
        let mut search = Search { contract: &self.contract, known: BTreeMap::new() };
        let mut found = BTreeMap::new();
        for (index, schema) in self.contract.schemas.iter().enumerate().take(count) {
            let id = SchemaId(index);
            let mut parts = schema.reference.iter().chain(&schema.all_of);
            if schema.alias().is_some() || schema.view.is_some() || parts.any(|part| search.is_empty(*part, 0)) {
                continue;
            }
            if let Some(message) = search.reason(id, 0).and_then(|reason| search.message(id, &reason)) {
                found.entry(schema.span).or_insert(message);
            }
        }
        for (span, (message, hint)) in found {
            self.diagnostics.warning(span, format!("no value satisfies this schema: {message}")).hint(hint);
        }
    }
}

struct Search<'c> {
    contract: &'c Contract,
    /// Whether no value satisfies a schema. A schema within itself counts as satisfiable.
    known: BTreeMap<SchemaId, bool>,
}

impl<'c> Search<'c> {
    fn is_empty(&mut self, id: SchemaId, depth: usize) -> bool {
        let id = self.contract.resolved(id);
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        if depth > DEPTH_MAX {
            return false;
        }
        self.known.insert(id, false);
        let is_empty = self.reason(id, depth).is_some();
        self.known.insert(id, is_empty);
        is_empty
    }

    fn reason(&mut self, id: SchemaId, depth: usize) -> Option<Reason> {
        let merged = Merged::new(self.contract, id);
        if merged.accepts_null(self.contract) {
            return None;
        }
        if merged.parts.iter().any(|part| part.never) {
            return Some(Reason::Never);
        }
        if merged.types == Some(Types(0)) {
            return Some(Reason::Types);
        }
        if merged.values().is_some_and(|values| values.is_empty()) {
            return Some(Reason::Values);
        }
        if merged.parts.iter().any(|part| self.has_no_variant(part, merged.types)) {
            return Some(Reason::Variants);
        }
        if merged.types != Some(Types::OBJECT) {
            return None;
        }
        let members: BTreeMap<&str, Vec<SchemaId>> = merged.members(self.contract).into_iter().collect();
        let closed: Vec<BTreeSet<&str>> = merged.parts.iter().filter_map(|part| self.only_members(part)).collect();
        merged.required().into_iter().find_map(|name| {
            if closed.iter().any(|known| !known.contains(name)) {
                return Some(Reason::Undeclared(name.to_owned()));
            }
            let schemas = members.get(name)?;
            let all = schemas.iter().copied().chain(self.contract.conjunction(schemas)).collect::<Vec<_>>();
            all.into_iter().any(|schema| self.is_empty(schema, depth + 1)).then(|| Reason::Member(name.to_owned()))
        })
    }

    /// Whether no variant of a union has a type of the values.
    fn has_no_variant(&self, part: &Schema, types: Option<Types>) -> bool {
        let Some(types) = types else { return false };
        let is_foreign = |variant: &SchemaId| {
            let own = Merged::new(self.contract, self.contract.resolved(*variant)).types;
            own.is_some_and(|own| intersect(own, types) == Types(0))
        };
        [&part.one_of, &part.any_of].into_iter().any(|variants| !variants.is_empty() && variants.iter().all(is_foreign))
    }

    /// The members that a part allows, if it allows no others.
    fn only_members(&self, part: &'c Schema) -> Option<BTreeSet<&'c str>> {
        let others = self.contract.schema(self.contract.resolved(part.object.additional_properties?));
        let is_closed = others.never && part.object.pattern_properties.is_empty();
        is_closed.then(|| part.object.properties.iter().map(|(name, _)| name.as_str()).collect())
    }

    /// The message about a schema and its hint; `None` if its author intended it, or if a message about another schema says it.
    fn message(&mut self, id: SchemaId, reason: &Reason) -> Option<(String, &'static str)> {
        let merged = Merged::new(self.contract, id);
        let is_alone = merged.parts.len() == 1;
        match reason {
            Reason::Never => None,
            // The values and the types of one schema are compared where it states them.
            Reason::Types | Reason::Values if is_alone => None,
            Reason::Types => Some(("its parts accept no type in common".to_owned(), "remove the part that does not belong here")),
            Reason::Values => Some(("its parts accept no listed value in common".to_owned(), "list a value in all of them")),
            Reason::Variants => {
                Some(("no variant has a type that the other keywords accept".to_owned(), "correct `type`, or the variants"))
            }
            Reason::Undeclared(name) => Some((
                format!("`{name}` is required, and `additionalProperties: false` does not allow it"),
                "declare it beside `additionalProperties`, which knows only those members; `unevaluatedProperties` knows those of all parts",
            )),
            Reason::Member(name) => {
                let members = merged.members(self.contract);
                let schemas = members.into_iter().find(|(known, _)| known == name).map(|(_, schemas)| schemas)?;
                let is_never = |id: &SchemaId| self.contract.schema(self.contract.resolved(*id)).never;
                let others: Vec<SchemaId> = schemas.iter().copied().filter(|id| !is_never(id)).collect();
                let is_said = others.into_iter().any(|schema| self.is_empty(schema, 0));
                (!is_said).then(|| {
                    (format!("`{name}` is required, and no value of it satisfies all of its schemas"), "make it optional, or correct them")
                })
            }
        }
    }
}
