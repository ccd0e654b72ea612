//! Unions whose variants extend them. Java tools describe a class with its subclasses in this way: the base lists the subclasses in
//! `oneOf`, and each subclass has the base in `allOf`. A variant inherits only the base's keywords next to the union.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Contract, Operation, Role, SchemaId};

impl Reader<'_> {
    /// Lets each variant that refers to its own union refer to the base of the union instead.
    pub(super) fn bases_of_variants(&mut self) {
        let mut bases: BTreeMap<SchemaId, SchemaId> = BTreeMap::new();
        for union in (0..self.contract.schemas.len()).map(SchemaId) {
            for part in extending(&self.contract, union) {
                let base = *bases.entry(union).or_insert_with(|| self.base_of(union));
                let schema = &mut self.contract.schemas[part.0];
                let links = schema.reference.iter_mut().chain(&mut schema.all_of);
                links.filter(|link| **link == union).for_each(|link| *link = base);
            }
        }
    }

    /// Warns of a base whose `discriminator` has no variants, if values have the type of the base: the schemas that extend it are not
    /// applied to them.
    pub(super) fn bases_without_variants(&mut self) {
        let contract = &self.contract;
        let bases: Vec<SchemaId> = (0..contract.schemas.len()).map(SchemaId).filter(|id| contract.schema(*id).is_open_base()).collect();
        if bases.is_empty() {
            return;
        }
        let mut used: BTreeSet<SchemaId> =
            contract.operations.iter().flat_map(Operation::schemas).map(|id| contract.resolved(id)).collect();
        for schema in &contract.schemas {
            schema.clone().each_inner(|role, inner| _ = (role == Role::Content).then(|| used.insert(contract.resolved(*inner))));
        }
        let spans = bases.iter().filter(|base| used.contains(base)).filter_map(|base| contract.schema(*base).discriminator.as_ref());
        for span in spans.map(|discriminator| discriminator.span).collect::<Vec<_>>() {
            let message =
                "the `discriminator` has no effect: without `oneOf` or `anyOf` next to it, any object with these members is accepted";
            let hint = "declare a new schema with this `discriminator` and a `oneOf` of the schemas that extend this one, and refer to it";
            self.diagnostics.warning(span, message).hint(hint);
        }
    }

    /// The schema with the keywords of a union apart from its variants.
    fn base_of(&mut self, union: SchemaId) -> SchemaId {
        let mut base = self.contract.schema(union).clone();
        let message = format!("a variant of `{}` refers back to it; that reference is read without the union", base.pointer);
        self.diagnostics.warning(base.span, message).hint("move these members into a separate schema, and refer to it from both");
        (base.one_of, base.any_of, base.discriminator) = (Vec::new(), Vec::new(), None);
        self.contract.schemas.push(base);
        SchemaId(self.contract.schemas.len() - 1)
    }
}

/// The parts of the variants of a union that refer to the union itself.
fn extending(contract: &Contract, union: SchemaId) -> Vec<SchemaId> {
    let schema = contract.schema(union);
    // A union that is its own variant has no base.
    let is_other = |variant: &SchemaId| *variant != union && contract.schema(*variant).reference != Some(union);
    let mut open: Vec<SchemaId> = schema.one_of.iter().chain(&schema.any_of).copied().filter(is_other).collect();
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    while let Some(part) = open.pop() {
        if seen.insert(part) {
            let links: Vec<SchemaId> = contract.schema(part).reference.iter().chain(&contract.schema(part).all_of).copied().collect();
            if links.contains(&union) {
                found.push(part);
            }
            open.extend(links.into_iter().filter(|link| *link != union));
        }
    }
    found
}
