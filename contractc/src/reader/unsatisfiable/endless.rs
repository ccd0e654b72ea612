//! Schemas whose values contain other values of the same schema without end, because the members or items on the way are required.

use std::collections::BTreeSet;

use crate::model::{Contract, Merged, SchemaId};
use crate::runtime::check::Types;

/// What a value needs, apart from its own keywords: it contains a value of one schema of each list, or is one.
type Needs = Vec<Vec<SchemaId>>;

/// The schemas that no finite value satisfies.
pub(super) struct Endless {
    /// All of them.
    pub(super) all: BTreeSet<SchemaId>,
    /// The first schema of each group of schemas that need each other.
    pub(super) first: Vec<SchemaId>,
}

impl Endless {
    pub(super) fn of(contract: &Contract) -> Endless {
        let mut open: Vec<(SchemaId, Needs)> = (0..contract.schemas.len())
            .map(SchemaId)
            .filter(|id| contract.resolved(*id) == *id)
            .map(|id| (id, needs(contract, id)))
            .filter(|(_, needs)| !needs.is_empty())
            .collect();
        let mut all: BTreeSet<SchemaId> = open.iter().map(|(id, _)| *id).collect();
        let is_met = |all: &BTreeSet<SchemaId>, needs: &Needs| needs.iter().all(|any| any.iter().any(|id| !all.contains(id)));
        // A schema is finite once all that it needs is known to be finite.
        loop {
            let count = open.len();
            open.retain(|(id, needs)| {
                let is_finite = is_met(&all, needs);
                if is_finite {
                    all.remove(id);
                }
                !is_finite
            });
            if open.len() == count {
                break;
            }
        }
        let mut edges = vec![Vec::new(); contract.schemas.len()];
        for (id, needs) in open {
            let unmet = needs.into_iter().filter(|any| any.iter().all(|id| all.contains(id)));
            edges[id.0] = unmet.flatten().map(|id| id.0).collect();
        }
        let groups = crate::shapes::groups(&edges).into_iter();
        let cycles = groups.filter(|group| group.len() > 1 || group.iter().any(|only| edges[*only].contains(only)));
        Endless { first: cycles.filter_map(|group| group.into_iter().min().map(SchemaId)).collect(), all }
    }
}

/// What the values of a schema need. What is not followed, such as `then`, might need more.
fn needs(contract: &Contract, id: SchemaId) -> Needs {
    let merged = Merged::new(contract, id);
    // A listed value is finite.
    if merged.values().is_some() || merged.accepts_null(contract) {
        return Vec::new();
    }
    let variants = merged.parts.iter().flat_map(|part| [&part.one_of, &part.any_of]).filter(|variants| !variants.is_empty());
    let mut needs: Needs = variants.cloned().collect();
    if merged.types == Some(Types::OBJECT) {
        let required = merged.required();
        let members = merged.members(contract).into_iter().filter(|(name, _)| required.contains(name));
        needs.extend(members.flat_map(|(_, schemas)| schemas).map(|schema| vec![schema]));
    }
    if merged.types == Some(Types::ARRAY) {
        let least = merged.parts.iter().filter_map(|part| part.array.limits.min_items).max().unwrap_or(0);
        let places = merged.places();
        let others = if least > places.len() as u64 { merged.items() } else { Vec::new() };
        let wanted = places.into_iter().take(usize::try_from(least).unwrap_or(usize::MAX)).flatten();
        needs.extend(wanted.chain(others).map(|schema| vec![schema]));
    }
    needs.iter_mut().flatten().for_each(|id| *id = contract.resolved(*id));
    needs
}
