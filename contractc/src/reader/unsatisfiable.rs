//! Decides whether no value satisfies a schema, and warns of it. A schema counts only if this is certain: what is not followed here, such as
//! patterns and `then`, might be satisfied.

mod endless;

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use super::schemas::contradictions::{Gap, gap};
use crate::interpret;
use crate::model::{Contract, Kind, Merged, Schema, SchemaId, intersect};
use crate::runtime::check::Types;
use endless::Endless;

/// How deep required members are followed.
const DEPTH_MAX: usize = 64;

/// How many listed values are validated. Of more, only types and other lists are compared.
const VALUES_MAX: usize = 64;

/// Why no value satisfies a schema.
enum Reason {
    /// It is the schema `false`, which its author intended.
    Never,
    Types,
    Values,
    Variants,
    /// No variant has a value, as other messages say.
    EmptyVariants,
    /// `not` excludes every value.
    Not,
    Bounds(Gap),
    /// A list needs more items than it can have.
    Items {
        least: u64,
        most: usize,
    },
    /// A keyword of a part that has no other members does not allow a required one.
    Undeclared(&'static str, String),
    /// No value of a required member satisfies all of its schemas.
    Member(String),
}

impl Reader<'_> {
    /// Warns of the schemas of the document, which are the first `count`, that no value satisfies. One that only contains such a schema is not
    /// listed.
    pub(super) fn unsatisfiable(&mut self, count: usize) {
        let endless = Endless::of(&self.contract);
        let known = endless.all.iter().map(|id| (*id, true)).collect();
        let mut search = Search { contract: &self.contract, known };
        let mut found = BTreeMap::new();
        let is_own = |id: &SchemaId| id.0 < count && self.contract.schema(*id).view.is_none();
        for id in endless.first.into_iter().filter(is_own) {
            let message = "each value would contain another value of this schema, without end".to_owned();
            let hint = "make a member on the way optional, let it be null, or let a list be empty";
            found.insert(self.contract.schema(id).span, (message, hint));
        }
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
        let excludes_all = merged.parts.iter().any(|part| part.not.is_some_and(|not| self.is_anything(not)));
        if excludes_all && !merged.parts.iter().any(|part| part.accepts_null) {
            return Some(Reason::Not);
        }
        if merged.accepts_null(self.contract) {
            return None;
        }
        if merged.parts.iter().any(|part| part.never) {
            return Some(Reason::Never);
        }
        if merged.types == Some(Types(0)) {
            return Some(Reason::Types);
        }
        if let Some(values) = merged.values() {
            let is_valid = |value: &&serde_json::Value| interpret::validate(self.contract, id, value.to_string().as_bytes()).is_ok();
            let is_satisfied = values.len() > VALUES_MAX || values.iter().any(is_valid);
            return (!is_satisfied).then_some(Reason::Values);
        }
        if merged.parts.iter().any(|part| self.has_no_variant(part, merged.types)) {
            return Some(Reason::Variants);
        }
        let unions = merged.parts.iter().flat_map(|part| [&part.one_of, &part.any_of]).filter(|variants| !variants.is_empty());
        for variants in unions {
            if variants.iter().all(|variant| self.is_empty(*variant, depth + 1)) {
                return Some(Reason::EmptyVariants);
            }
        }
        let kind = kind(merged.types?)?;
        if let Some(gap) = gap(&merged.parts, kind) {
            return Some(Reason::Bounds(gap));
        }
        match kind {
            Kind::Array => self.items(&merged, depth),
            Kind::Object => self.members(id, &merged, depth),
            Kind::Number | Kind::Text => None,
        }
    }

    /// Whether a list needs more items than it can have.
    fn items(&mut self, merged: &Merged<'c>, depth: usize) -> Option<Reason> {
        let least = merged.parts.iter().filter_map(|part| part.array.limits.min_items).max()?;
        let places = merged.places();
        // The place of the first item that no value can have.
        let impossible = places.iter().position(|schemas| self.is_impossible(schemas, depth));
        let most = impossible.or_else(|| self.is_impossible(&merged.items(), depth).then_some(places.len()))?;
        (least > most as u64).then_some(Reason::Items { least, most })
    }

    /// Whether an object needs a member that it cannot have.
    fn members(&mut self, id: SchemaId, merged: &Merged<'c>, depth: usize) -> Option<Reason> {
        let members: BTreeMap<&str, Vec<SchemaId>> = merged.members(self.contract).into_iter().collect();
        let parts = self.contract.all_of_closure(id);
        let closed: Vec<(&'static str, BTreeSet<String>)> = parts.into_iter().flat_map(|part| self.only_members(part)).collect();
        merged.required().into_iter().find_map(|name| {
            if let Some((keyword, _)) = closed.iter().find(|(_, known)| !known.contains(name)) {
                return Some(Reason::Undeclared(keyword, name.to_owned()));
            }
            self.is_impossible(members.get(name)?, depth).then(|| Reason::Member(name.to_owned()))
        })
    }

    /// Whether no value satisfies all of the schemas.
    fn is_impossible(&mut self, schemas: &[SchemaId], depth: usize) -> bool {
        schemas.iter().copied().chain(self.contract.conjunction(schemas)).any(|schema| self.is_empty(schema, depth + 1))
    }

    fn is_anything(&self, id: SchemaId) -> bool {
        let schema = self.contract.schema(self.contract.resolved(id));
        !schema.never && schema.is_anything()
    }

    /// Whether a schema is `false`, or `not: {}` alone, which says the same in OpenAPI 3.0.
    fn is_false(&self, id: SchemaId) -> bool {
        let schema = self.contract.schema(self.contract.resolved(id));
        let is_not_alone = || Schema { not: None, ..schema.clone() }.is_anything();
        schema.never || (schema.not.is_some_and(|not| self.is_anything(not)) && is_not_alone())
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

    /// The members that a part allows if it allows no others, for each keyword that says so.
    fn only_members(&self, id: SchemaId) -> Vec<(&'static str, BTreeSet<String>)> {
        let part = self.contract.schema(id);
        let is_never = |rest: Option<SchemaId>| rest.is_some_and(|rest| self.contract.schema(self.contract.resolved(rest)).never);
        let mut found = Vec::new();
        if is_never(part.object.additional_properties) && part.object.pattern_properties.is_empty() {
            found.push(("additionalProperties", part.object.properties.iter().map(|(name, _)| name.clone()).collect()));
        }
        if is_never(part.object.unevaluated_properties) && self.names_all_members(id) {
            found.push(("unevaluatedProperties", self.contract.member_names(id).into_iter().collect()));
        }
        found
    }

    /// Whether only `properties` allow members next to `unevaluatedProperties`, in the schema, its parts and its variants.
    fn names_all_members(&self, id: SchemaId) -> bool {
        let (mut open, mut seen) = (vec![id], BTreeSet::new());
        while let Some(next) = open.pop() {
            for part in self.contract.all_of_closure(next) {
                let schema = self.contract.schema(part);
                let rules = &schema.object;
                let allows_more = !rules.pattern_properties.is_empty()
                    || rules.additional_properties.is_some()
                    || !rules.dependent_schemas.is_empty()
                    || schema.condition.is_some()
                    || (part != id && rules.unevaluated_properties.is_some());
                if allows_more {
                    return false;
                }
                open.extend(schema.one_of.iter().chain(&schema.any_of).filter(|variant| seen.insert(**variant)));
            }
        }
        true
    }

    /// Whether another message says that no value satisfies one of the schemas.
    fn is_said(&mut self, schemas: &[SchemaId]) -> bool {
        schemas.iter().any(|schema| !self.is_false(*schema) && self.is_empty(*schema, 0))
    }

    /// The message about a schema and its hint; `None` if its author intended it, or if a message about another schema says it.
    fn message(&mut self, id: SchemaId, reason: &Reason) -> Option<(String, &'static str)> {
        let merged = Merged::new(self.contract, id);
        let is_alone = merged.parts.len() == 1;
        match reason {
            Reason::Never | Reason::EmptyVariants => None,
            // The bounds of one schema are compared where it states them, and no type is stated only by an empty list.
            Reason::Types | Reason::Bounds(_) if is_alone => None,
            Reason::Values if is_alone && merged.values().is_some_and(|values| values.is_empty()) && is_empty_list(merged.parts[0]) => None,
            Reason::Types => Some(("its parts accept no type in common".to_owned(), "remove the part that does not belong here")),
            Reason::Values if is_alone => {
                Some(("its other keywords accept none of the values that it lists".to_owned(), "correct the values, or the other keywords"))
            }
            Reason::Values => Some(("its parts accept no listed value in common".to_owned(), "list a value in all of them")),
            Reason::Variants => {
                Some(("no variant has a type that the other keywords accept".to_owned(), "correct `type`, or the variants"))
            }
            Reason::Not if self.is_false(id) && !self.contract.names.iter().any(|(_, named)| *named == id) => None,
            Reason::Not => Some(("`not` excludes every value".to_owned(), "remove `not`, or say in it which values to exclude")),
            Reason::Bounds(gap) => Some((format!("its parts state {gap}"), "correct one of the bounds")),
            Reason::Items { least, most } => {
                let schemas = merged.places().into_iter().nth(*most).unwrap_or_else(|| merged.items());
                (!self.is_said(&schemas)).then(|| {
                    (format!("`minItems` is {least}, and there can be at most {most}"), "correct `minItems`, or describe more items")
                })
            }
            Reason::Undeclared(keyword, name) => Some((
                format!("`{name}` is required, and `{keyword}: false` does not allow it"),
                if *keyword == "additionalProperties" {
                    "declare it beside `additionalProperties`, which knows only those members; `unevaluatedProperties` knows those of all parts"
                } else {
                    "declare it in `properties`, or remove it from `required`"
                },
            )),
            Reason::Member(name) => {
                let members = merged.members(self.contract);
                let schemas = members.into_iter().find(|(known, _)| known == name).map(|(_, schemas)| schemas)?;
                (!self.is_said(&schemas)).then(|| {
                    (format!("`{name}` is required, and no value of it satisfies all of its schemas"), "make it optional, or correct them")
                })
            }
        }
    }
}

/// The kind of values of a single type with bounds.
fn kind(types: Types) -> Option<Kind> {
    match types {
        Types::STRING => Some(Kind::Text),
        Types::ARRAY => Some(Kind::Array),
        Types::OBJECT => Some(Kind::Object),
        types if types.0 & !(Types::INTEGER.0 | Types::NUMBER.0) == 0 => Some(Kind::Number),
        _ => None,
    }
}

/// Whether an `enum` lists no value.
fn is_empty_list(schema: &Schema) -> bool {
    schema.enumeration.as_ref().is_some_and(Vec::is_empty)
}
