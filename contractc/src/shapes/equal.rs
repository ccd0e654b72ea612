//! Finds schemas that are equal, so that each is declared and checked once.
//!
//! Only schemas without a name are shared: two names in a document stay two types. Schemas are equal if all their keywords are equal except
//! annotations. A title counts, because it names a type.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Annotations, Contract, Schema, SchemaId};
use crate::span::Span;

/// The representative of each schema: the first of those that are equal to it.
#[derive(Debug, Default)]
pub(super) struct Equals(Vec<SchemaId>);

impl Equals {
    /// Compares all schemas of a contract. Those in `own` represent themselves.
    pub(super) fn new(contract: &Contract, own: &BTreeSet<SchemaId>) -> Self {
        let mut search = Search { contract, own, found: vec![None; contract.schemas.len()], by_content: HashMap::new() };
        Equals((0..contract.schemas.len()).map(|index| search.representative(SchemaId(index))).collect())
    }

    /// The representative of a schema. References and other aliases are followed.
    pub(super) fn of(&self, contract: &Contract, id: SchemaId) -> SchemaId {
        let id = contract.resolved(id);
        self.0.get(id.0).copied().unwrap_or(id)
    }
}

struct Search<'c> {
    contract: &'c Contract,
    own: &'c BTreeSet<SchemaId>,
    found: Vec<Option<SchemaId>>,
    /// The representatives, by the content that their equals share.
    by_content: HashMap<String, SchemaId>,
}

impl Search<'_> {
    fn representative(&mut self, id: SchemaId) -> SchemaId {
        let id = self.contract.resolved(id);
        if let Some(known) = self.found[id.0] {
            return known;
        }
        // A schema that contains itself represents itself.
        self.found[id.0] = Some(id);
        let schema = self.contract.schema(id);
        if self.own.contains(&id) || schema.max_depth.is_some() {
            return id;
        }
        let content = self.content(schema);
        let representative = *self.by_content.entry(content).or_insert(id);
        self.found[id.0] = Some(representative);
        representative
    }

    /// A text that equal schemas, and only they, share.
    fn content(&mut self, schema: &Schema) -> String {
        let mut schema = schema.clone();
        schema.each_inner(|_, inner| *inner = self.representative(*inner));
        schema.annotations = Annotations { title: schema.annotations.title, ..Annotations::default() };
        schema.span = Span::default();
        schema.pointer.clear();
        schema.discriminator = None;
        schema.view = None;
        schema.rules.iter_mut().for_each(|rule| rule.span = Span::default());
        format!("{schema:?}")
    }
}
