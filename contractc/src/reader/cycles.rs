//! Detects cycles of schemas that apply to the same value, which validation could never finish, and chains that are too long.

use super::Reader;
use crate::model::{Schema, SchemaId};

/// How many schemas may apply to the same value through references and composition. Together with the bound on the depth of values, this
/// bounds the recursion depth of every walk over a value and its schemas.
const IN_PLACE_DEPTH_MAX: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    /// The chain is measured: the length of the longest chain that starts here.
    Done(usize),
}

impl Reader<'_> {
    /// Reports each cycle at the schema where the walk entered it, and each chain at the schema that makes it too long. Returns whether
    /// there are none.
    pub(super) fn reject_cycles(&mut self) -> bool {
        let mut is_sound = true;
        let mut visits = vec![Visit::New; self.contract.schemas.len()];
        for start in 0..visits.len() {
            let mut stack = vec![(start, false)];
            while let Some((at, is_left)) = stack.pop() {
                match visits[at] {
                    _ if is_left => {
                        let length = self.chain(at, &visits);
                        is_sound &= length <= IN_PLACE_DEPTH_MAX;
                        visits[at] = Visit::Done(length);
                    }
                    Visit::Done(_) => {}
                    Visit::Open => {
                        is_sound = false;
                        let schema = &self.contract.schemas[at];
                        let message = format!("`{}` refers to itself without a member or an item in between", schema.pointer);
                        self.diagnostics
                            .error(schema.span, message)
                            .hint("no value can be validated against such a schema; remove one of the references");
                    }
                    Visit::New => {
                        visits[at] = Visit::Open;
                        stack.push((at, true));
                        stack.extend(in_place(&self.contract.schemas[at]).map(|next| (next.0, false)));
                    }
                }
            }
        }
        is_sound
    }

    /// The length of the longest chain that starts at this schema. The schemas that it leads to are already done.
    fn chain(&mut self, at: usize, visits: &[Visit]) -> usize {
        let schema = &self.contract.schemas[at];
        let lengths = in_place(schema).map(|next| match visits[next.0] {
            Visit::Done(length) => length,
            Visit::New | Visit::Open => 0,
        });
        let length = 1 + lengths.max().unwrap_or(0);
        if length == IN_PLACE_DEPTH_MAX + 1 {
            let message =
                format!("`{}` applies more than {IN_PLACE_DEPTH_MAX} schemas to one value, one through the other", schema.pointer);
            self.diagnostics.error(schema.span, message).hint("refer to the schemas at the end of the chain directly");
        }
        length
    }
}

/// The schemas that apply to the same value as this one.
fn in_place(schema: &Schema) -> impl Iterator<Item = SchemaId> {
    let condition =
        schema.condition.iter().flat_map(|condition| [Some(condition.condition), condition.then, condition.otherwise]).flatten();
    let arms = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).chain(&schema.reference).chain(&schema.not).copied();
    arms.chain(condition).chain(schema.object.dependent_schemas.iter().map(|(_, id)| *id))
}
