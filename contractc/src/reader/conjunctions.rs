//! Members and items that several parts of `allOf` describe. Their values satisfy all of the schemas, so the type is that of one schema with all
//! of them as its parts. Only types use these schemas. Validators follow the keywords as written.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Contract, Merged, Schema, SchemaId};

mod comparison;

use comparison::{Comparison, Known};

/// The maximum number of schemas with several parts in a document. Beyond it, the type of a member is the narrowest of its schemas' types.
const CONJUNCTIONS_MAX: usize = 4_096;

/// What the search has found so far.
#[derive(Default)]
struct Found {
    /// Copies of schemas without the null that `nullable` adds.
    without_null: BTreeMap<SchemaId, SchemaId>,
    comparisons: Known,
}

impl Reader<'_> {
    /// Finds the members and items that several schemas describe, and the schemas with several types. `budget` is the number of complete objects that may still be created.
    pub(super) fn conjunctions(&mut self, budget: &mut usize) {
        let references = self.contract.schemas.iter().filter_map(|schema| schema.reference);
        let named = self.contract.names.iter().map(|(_, id)| *id).chain(references).map(|id| self.contract.resolved(id)).collect();
        let (mut found, mut next) = (Found::default(), 0);
        while next < self.contract.schemas.len() {
            self.separate_types(SchemaId(next));
            for schemas in several(&self.contract, SchemaId(next)) {
                if self.contract.conjunctions.contains_key(&schemas) || self.contract.conjunctions.len() >= CONJUNCTIONS_MAX {
                    continue;
                }
                let count = self.contract.schemas.len();
                let whole = self.conjunction(&schemas, &named, &mut found);
                self.contract.conjunctions.insert(schemas, whole);
                if whole.0 >= count {
                    self.complete_union(whole, budget);
                }
            }
            next += 1;
        }
    }

    /// A schema of the values that all of the schemas accept.
    fn conjunction(&mut self, schemas: &[SchemaId], named: &BTreeSet<SchemaId>, found: &mut Found) -> SchemaId {
        let is_nullable = |id: &SchemaId| self.contract.schema(*id).accepts_null;
        let accepts_null =
            schemas.iter().any(is_nullable) && schemas.iter().all(|id| Merged::new(&self.contract, *id).accepts_null(&self.contract));
        let contents: Vec<SchemaId> = schemas.iter().map(|id| self.without_null(*id, &mut found.without_null)).collect();
        let all_of = decisive(&self.contract, &self.contract.distinct(&contents), named, &mut found.comparisons);
        match all_of.as_slice() {
            [only] if !accepts_null => return *only,
            [only] => {
                let same = schemas.iter().zip(&contents).find(|(id, content)| *content == only && self.contract.schema(**id).accepts_null);
                if let Some((id, _)) = same {
                    return *id;
                }
            }
            _ => {}
        }
        let Schema { span, pointer, .. } = self.contract.schema(all_of[0]).clone();
        self.contract.schemas.push(Schema { span, pointer, accepts_null, all_of, ..Schema::default() });
        SchemaId(self.contract.schemas.len() - 1)
    }

    /// The schema without the null that `nullable` adds.
    fn without_null(&mut self, id: SchemaId, known: &mut BTreeMap<SchemaId, SchemaId>) -> SchemaId {
        let schema = self.contract.schema(id);
        if let Some(target) = schema.nullable_alias() {
            return self.contract.resolved(target);
        }
        if !schema.accepts_null {
            return id;
        }
        let content = Schema { accepts_null: false, ..schema.clone() };
        *known.entry(id).or_insert_with(|| {
            self.contract.schemas.push(content);
            SchemaId(self.contract.schemas.len() - 1)
        })
    }
}

/// The lists of several schemas that describe one member, all undeclared members, or the items of a value.
fn several(contract: &Contract, id: SchemaId) -> Vec<Vec<SchemaId>> {
    let merged = Merged::new(contract, id);
    if merged.parts.len() < 2 {
        return Vec::new();
    }
    let members = merged.members(contract).into_iter().map(|(_, schemas)| schemas);
    let all = members.chain(merged.places()).chain([merged.others(), merged.items()]).map(|schemas| contract.distinct(&schemas));
    all.filter(|schemas| schemas.len() > 1).collect()
}

/// The schemas without those about which the others say everything, as far as types are concerned. Of schemas that say the same, one with a
/// name is preferred.
fn decisive(contract: &Contract, schemas: &[SchemaId], named: &BTreeSet<SchemaId>, known: &mut Known) -> Vec<SchemaId> {
    let mut says_no_more = |weak: &SchemaId, strong: &SchemaId| Comparison::new(contract, known).says_no_more(*weak, *strong);
    let (first, others): (Vec<SchemaId>, Vec<SchemaId>) = schemas.iter().partition(|id| named.contains(id));
    let mut kept: Vec<SchemaId> = Vec::new();
    for id in first.into_iter().chain(others) {
        if !kept.iter().any(|known| says_no_more(&id, known)) {
            kept.retain(|known| !says_no_more(known, &id));
            kept.push(id);
        }
    }
    schemas.iter().copied().filter(|id| kept.contains(id)).collect()
}
