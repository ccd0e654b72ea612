//! Schemas that lead back to themselves without a member or an item on the way: no value could ever be judged by them.

use super::Reader;
use crate::model::{Schema, SchemaId};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Fresh,
    Open,
    Done,
}

impl Reader<'_> {
    /// Refuses every such circle, at the schema where it was entered.
    pub(super) fn refuse_circles(&mut self) {
        let mut visits = vec![Visit::Fresh; self.contract.schemas.len()];
        for start in 0..visits.len() {
            let mut stack = vec![(start, false)];
            while let Some((at, is_left)) = stack.pop() {
                if is_left {
                    visits[at] = Visit::Done;
                    continue;
                }
                match visits[at] {
                    Visit::Done => continue,
                    Visit::Open => {
                        let schema = &self.contract.schemas[at];
                        let message = format!("`{}` leads back to itself with no member or item on the way", schema.pointer);
                        self.diagnostics.error(schema.span, message).hint("no value could be judged by it: let it refer to another schema");
                        continue;
                    }
                    Visit::Fresh => visits[at] = Visit::Open,
                }
                stack.push((at, true));
                stack.extend(in_place(&self.contract.schemas[at]).map(|next| (next.0, false)));
            }
        }
    }
}

/// The schemas that judge the same value as this one.
fn in_place(schema: &Schema) -> impl Iterator<Item = SchemaId> {
    let condition =
        schema.condition.iter().flat_map(|condition| [Some(condition.condition), condition.then, condition.otherwise]).flatten();
    let arms = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).chain(&schema.reference).chain(&schema.not).copied();
    arms.chain(condition).chain(schema.object.dependent_schemas.iter().map(|(_, id)| *id))
}
