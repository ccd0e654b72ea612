//! Unions next to members, such as a payment that has an id and is a card or a transfer. The schema gets a complete object for each
//! variant, with its own members and those of the variant. Only types use these objects. Validators follow the keywords as written.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Annotations, CompleteUnion, CompleteVariant, Contract, Schema, SchemaId, intersect};
use crate::runtime::check::Types;

/// The maximum number of combined unions of one value.
const UNIONS_MAX: usize = 3;

/// The maximum number of complete objects of one schema, in all its unions together.
const VARIANTS_MAX: usize = 256;

/// The maximum number of complete objects in a document. Beyond it, records have only the members that they declare themselves.
const ALL_VARIANTS_MAX: usize = 1_024;

/// The maximum number of references from a schema to its union.
const PATH_MAX: usize = 32;

/// A union among the parts of a record.
struct AdjacentUnion {
    /// The part that states it.
    part: SchemaId,
    /// Whether it is `oneOf`, and not `anyOf`.
    is_one_of: bool,
    /// The variants that accept objects.
    variants: Vec<SchemaId>,
}

impl Reader<'_> {
    /// Finds the records whose members depend on a union, and creates their complete objects. Returns how many more may be created.
    pub(super) fn complete_unions(&mut self) -> usize {
        let mut total_budget = ALL_VARIANTS_MAX;
        for index in 0..self.contract.schemas.len() {
            self.complete_union(SchemaId(index), &mut total_budget);
        }
        total_budget
    }

    /// Creates the complete objects of a schema, if it is such a record.
    pub(super) fn complete_union(&mut self, id: SchemaId, total_budget: &mut usize) {
        let most = (*total_budget).min(VARIANTS_MAX);
        let mut budget = most;
        self.complete(id, &[id], &mut budget);
        *total_budget -= most - budget;
    }

    /// `enclosing` has the schemas being completed. `budget` is the number of objects that may still be created.
    fn complete(&mut self, id: SchemaId, enclosing: &[SchemaId], budget: &mut usize) {
        let Some(found) =
            adjacent_union(&self.contract, id, enclosing).filter(|found| enclosing.len() <= UNIONS_MAX && found.variants.len() <= *budget)
        else {
            return;
        };
        let Some(base) = self.without(id, &found) else { return };
        *budget -= found.variants.len();
        let mut variants = Vec::with_capacity(found.variants.len());
        for variant in &found.variants {
            if self.has_all_of(*variant, &base) {
                variants.push(CompleteVariant { variant: *variant, whole: *variant });
                continue;
            }
            let mut whole = base.clone();
            let annotations = &self.contract.schema(self.contract.resolved(*variant)).annotations;
            (whole.annotations.title, whole.annotations.description) = (annotations.title.clone(), annotations.description.clone());
            let part = self.of_objects(*variant);
            whole.all_of.push(part);
            variants.push(CompleteVariant { variant: *variant, whole: self.push(whole) });
        }
        let union = self.contract.schema(found.part);
        let is_same = |values: usize| found.is_one_of && values == variants.len();
        let wholes: Vec<SchemaId> = variants.iter().map(|variant| variant.whole).collect();
        let tag = union.tag.clone().filter(|tag| is_same(tag.values.len())).or_else(|| self.constant_tag(&wholes));
        self.contract.schemas[id.0].complete = Some(CompleteUnion { tag, may_overlap: !found.is_one_of, variants });
        for whole in wholes.into_iter().filter(|whole| !found.variants.contains(whole)) {
            self.complete(whole, &[enclosing, &[found.part]].concat(), budget);
        }
    }

    /// Whether a variant is an object with all members of the schema next to the union, as a variant that extends it is.
    fn has_all_of(&self, variant: SchemaId, base: &Schema) -> bool {
        let parts = |ids: &[SchemaId]| -> Vec<&Schema> {
            let closures = ids.iter().flat_map(|id| self.contract.all_of_closure(*id));
            closures.map(|part| self.contract.schema(part)).collect()
        };
        let (own, mut wanted) = (parts(&[variant]), parts(&base.all_of));
        wanted.push(base);
        let declares = |name: &String| own.iter().flat_map(|part| &part.object.properties).any(|(known, _)| known == name);
        let requires = |name: &String| own.iter().any(|part| part.object.required.contains(name));
        let unions = || wanted.iter().flat_map(|part| part.one_of.iter().chain(&part.any_of));
        own.iter().any(|part| part.types == Some(Types::OBJECT))
            && unions().all(|other| self.contract.member_names(*other).iter().all(declares))
            && wanted.iter().flat_map(|part| &part.object.properties).all(|(name, _)| declares(name))
            && wanted.iter().flat_map(|part| &part.object.required).all(requires)
    }

    /// A schema without one of its unions, for objects only. The parts that lead to the union are replaced by copies without it.
    fn without(&mut self, id: SchemaId, union: &AdjacentUnion) -> Option<Schema> {
        let (mut base, mut links) = self.stripped(id, union);
        let (mut seen, mut next) = (BTreeSet::new(), 0);
        while let Some(link) = links.get(next).copied() {
            if !self.contract.all_of_closure(link).contains(&union.part) {
                next += 1;
                continue;
            }
            links.remove(next);
            if seen.len() >= PATH_MAX {
                return None;
            }
            if seen.insert(link) {
                let (part, inner_links) = self.stripped(link, union);
                let copy = (!part.is_anything()).then(|| self.push(part));
                links.splice(next..next, copy.into_iter().chain(inner_links));
                next += usize::from(copy.is_some());
            }
        }
        base.all_of = links;
        (base.types, base.accepts_null, base.max_depth) = (Some(Types::OBJECT), false, None);
        base.annotations = Annotations { examples: Vec::new(), default: None, ..base.annotations };
        let is_decided = self.contract.schema(union.part).tag.as_ref().is_some_and(|tag| tag.by_discriminator);
        if !union.is_one_of || is_decided {
            // A value may have members of several variants.
            base.object.unevaluated_properties = None;
        }
        Some(base)
    }

    /// The variant for objects only. A variant that only lists its members may omit `type`.
    fn of_objects(&mut self, variant: SchemaId) -> SchemaId {
        let schema = self.contract.schema(self.contract.resolved(variant));
        let copy = Schema { types: Some(Types::OBJECT), ..schema.clone() };
        if schema.types.is_none() && copy.is_plain_object() { self.push(copy) } else { variant }
    }

    /// A copy of a schema without its links to other parts, and without the union if this schema states it. Also returns the links.
    fn stripped(&self, id: SchemaId, union: &AdjacentUnion) -> (Schema, Vec<SchemaId>) {
        let mut copy = self.contract.schema(id).clone();
        if id == union.part {
            let variants = if union.is_one_of { &mut copy.one_of } else { &mut copy.any_of };
            variants.clear();
            (copy.tag, copy.discriminator) = (None, None);
        }
        let links = copy.reference.take().into_iter().chain(std::mem::take(&mut copy.all_of)).collect();
        (copy, links)
    }

    fn push(&mut self, schema: Schema) -> SchemaId {
        self.contract.schemas.push(schema);
        SchemaId(self.contract.schemas.len() - 1)
    }
}

/// The first union of a record with a variant that declares members that the record does not have.
fn adjacent_union(contract: &Contract, id: SchemaId, enclosing: &[SchemaId]) -> Option<AdjacentUnion> {
    let root = contract.schema(id);
    let has_links = root.reference.is_some() || !root.all_of.is_empty();
    if (!has_links && root.one_of.is_empty() && root.any_of.is_empty()) || root.rust_type.is_some() || root.any_collection.is_some() {
        return None;
    }
    let parts = contract.all_of_closure(id);
    let is_plain_record_part = |part: &Schema| {
        let has_values = part.constant.is_some() || part.enumeration.is_some() || part.never;
        let is_root = std::ptr::eq(part, root);
        !has_values && (is_root || (!part.accepts_null && part.object.unevaluated_properties.is_none()))
    };
    let schemas = || parts.iter().map(|part| contract.schema(*part));
    let types = schemas().filter_map(|part| part.types).fold(Types(u8::MAX), |all, types| Types(all.0 & types.0));
    let declared: BTreeSet<&str> = schemas().flat_map(|part| &part.object.properties).map(|(name, _)| name.as_str()).collect();
    let unions: Vec<(SchemaId, bool, &Vec<SchemaId>)> = parts
        .iter()
        .flat_map(|part| {
            let schema = contract.schema(*part);
            [(*part, true, &schema.one_of), (*part, false, &schema.any_of)]
        })
        .filter(|(_, _, listed)| !listed.is_empty())
        .collect();
    // Where no part states a type, the variants of a union may.
    let is_implied = types == Types(u8::MAX);
    let mut known = BTreeMap::new();
    let of_unions = unions.iter().filter(|_| is_implied).filter_map(|(_, _, listed)| contract.types_of_variants(listed, &mut known));
    let types = of_unions.fold(types, intersect);
    let is_object = Types(types.0 & !Types::NULL.0) == Types::OBJECT;
    if !is_object || !schemas().all(is_plain_record_part) {
        return None;
    }
    let adds_member = |listed: &[SchemaId]| {
        listed.iter().flat_map(|variant| contract.member_names(*variant)).any(|name| !declared.contains(name.as_str()))
    };
    let adding = unions.iter().filter(|(_, _, listed)| adds_member(listed)).count();
    let found = unions.into_iter().map(|(part, is_one_of, listed)| {
        let variants = listed.iter().copied().filter(|variant| may_be_object(contract, *variant)).collect();
        AdjacentUnion { part, is_one_of, variants }
    });
    let adds = |variant: &SchemaId| {
        // A union without members next to it, whose variants are complete objects, uses their types unchanged.
        let is_alone = declared.is_empty() && adding < 2 && (is_implied || contract.schema(contract.resolved(*variant)).types.is_some());
        !is_alone && contract.member_names(*variant).iter().any(|name| !declared.contains(name.as_str()))
    };
    found.collect::<Vec<_>>().into_iter().find(|found| found.variants.iter().any(adds)).filter(|found| {
        let is_recursive = |part: &SchemaId| enclosing.contains(part) || *part == found.part || contract.schema(*part).accepts_null;
        !found.variants.iter().any(|variant| contract.all_of_closure(*variant).iter().any(is_recursive))
    })
}

fn may_be_object(contract: &Contract, variant: SchemaId) -> bool {
    let parts = contract.all_of_closure(variant);
    parts.iter().filter_map(|part| contract.schema(*part).types).all(|types| types.contains(Types::OBJECT))
}
