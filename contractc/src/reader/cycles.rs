//! Detects cycles of schemas that apply to the same value, which validation could never finish, and chains that are too long.

use super::Reader;
use crate::model::{Schema, SchemaId};

/// How many schemas may apply to the same value through references and composition. Together with the bound on the depth of values, this
/// bounds the recursion depth of every walk over a value and its schemas.
pub(super) const IN_PLACE_DEPTH_MAX: usize = 64;

#[derive(Clone, Copy)]
enum Visit {
    New,
    /// The group of the schema is not complete. The number is the schema's place among those of incomplete groups.
    Open(usize),
    Done,
}

impl Reader<'_> {
    /// Reports each group of schemas that lead to each other, and each chain at the schema that makes it too long. Returns whether there are
    /// none.
    pub(super) fn reject_cycles(&mut self) -> bool {
        let mut is_sound = true;
        // The length of the longest chain that starts at each schema.
        let mut lengths = vec![0; self.contract.schemas.len()];
        for group in groups(&self.contract.schemas, in_place) {
            let [first, ..] = group[..] else { continue };
            let schema = &self.contract.schemas[first];
            if is_cycle(&self.contract.schemas, &group, in_place) {
                is_sound = false;
                let members = members(&self.contract.schemas, &group);
                let message = format!("{} without a member or an item in between", subject(&self.contract.schemas, &members));
                let first = members.first().copied().unwrap_or(first);
                self.diagnostics
                    .error(self.contract.schemas[first].span, message)
                    .hint("no value can be validated against such a schema; remove one of the references");
                continue;
            }
            lengths[first] = 1 + in_place(schema).map(|next| lengths[next.0]).max().unwrap_or(0);
            is_sound &= lengths[first] <= IN_PLACE_DEPTH_MAX;
            if lengths[first] == IN_PLACE_DEPTH_MAX + 1 {
                let message =
                    format!("`{}` applies more than {IN_PLACE_DEPTH_MAX} schemas to one value, one through the other", schema.pointer);
                self.diagnostics.error(schema.span, message).hint("refer to the schemas at the end of the chain directly");
            }
        }
        is_sound
    }
}

/// How many schemas of a cycle a message names.
const NAMED_MAX: usize = 4;

/// The schemas of a cycle in the order of the document, without those that are parts of others.
pub(super) fn members(schemas: &[Schema], group: &[usize]) -> Vec<usize> {
    let pointer = |at: usize| schemas[at].pointer.as_str();
    let is_part = |at: usize| group.iter().any(|other| pointer(at).strip_prefix(pointer(*other)).is_some_and(|rest| rest.starts_with('/')));
    let mut members: Vec<usize> = group.iter().copied().filter(|at| !is_part(*at)).collect();
    members.sort_by_key(|at| schemas[*at].span);
    members
}

/// The beginning of a message about the schemas of a cycle.
pub(super) fn subject(schemas: &[Schema], members: &[usize]) -> String {
    let mut texts: Vec<String> = members.iter().take(NAMED_MAX).map(|at| format!("`{}`", schemas[*at].pointer)).collect();
    let left = members.len() - texts.len();
    let last = if left > 0 { format!("{left} more") } else { texts.pop().unwrap_or_default() };
    if texts.is_empty() { format!("{last} refers to itself") } else { format!("{} and {last} refer to each other", texts.join(", ")) }
}

/// Whether a group is a cycle: several schemas, or one that leads to itself.
pub(super) fn is_cycle<'s, L: Iterator<Item = SchemaId>>(schemas: &'s [Schema], group: &[usize], links: impl Fn(&'s Schema) -> L) -> bool {
    group.len() > 1 || group.iter().any(|only| links(&schemas[*only]).any(|link| link.0 == *only))
}

/// The groups of schemas that lead to each other through the links, each after the groups that it leads to (Gabow's algorithm).
pub(super) fn groups<'s, L: Iterator<Item = SchemaId>>(schemas: &'s [Schema], links: impl Fn(&'s Schema) -> L) -> Vec<Vec<usize>> {
    let mut visits = vec![Visit::New; schemas.len()];
    // The schemas of incomplete groups, and the places in this list where a group may begin.
    let (mut open, mut begins): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut groups = Vec::new();
    for start in 0..schemas.len() {
        let mut stack = vec![(start, false)];
        while let Some((at, is_left)) = stack.pop() {
            match visits[at] {
                Visit::Open(place) if is_left => {
                    if begins.last() == Some(&place) {
                        begins.pop();
                        let group = open.split_off(place);
                        group.iter().for_each(|member| visits[*member] = Visit::Done);
                        groups.push(group);
                    }
                }
                Visit::Open(place) => {
                    while begins.last().is_some_and(|begin| *begin > place) {
                        begins.pop();
                    }
                }
                Visit::Done => {}
                Visit::New => {
                    visits[at] = Visit::Open(open.len());
                    begins.push(open.len());
                    open.push(at);
                    stack.push((at, true));
                    stack.extend(links(&schemas[at]).map(|next| (next.0, false)));
                }
            }
        }
    }
    groups
}

/// The schemas that apply to the same value as this one.
fn in_place(schema: &Schema) -> impl Iterator<Item = SchemaId> {
    let condition =
        schema.condition.iter().flat_map(|condition| [Some(condition.condition), condition.then, condition.otherwise]).flatten();
    let arms = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).chain(&schema.reference).chain(&schema.not).copied();
    arms.chain(condition).chain(schema.object.dependent_schemas.iter().map(|(_, id)| *id))
}
