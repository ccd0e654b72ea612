//! References of a schema to itself that add nothing, in `allOf`, `anyOf` or `$ref`: a value satisfies `A: { allOf: [A, B] }` exactly if it
//! satisfies `B`. They are left out with a warning, so that the rest can be validated. A schema that has no rest stays a cycle.

use super::Reader;
use super::cycles::{IN_PLACE_DEPTH_MAX, groups, is_cycle, members, subject};
use crate::model::{Schema, SchemaId};

impl Reader<'_> {
    pub(super) fn drop_self_references(&mut self) {
        for union in 0..self.contract.schemas.len() {
            self.drop_own_variants(SchemaId(union));
        }
        for group in groups(&self.contract.schemas, parts) {
            if is_cycle(&self.contract.schemas, &group, parts) && group.len() <= IN_PLACE_DEPTH_MAX {
                self.drop_own_parts(&group);
            }
        }
    }

    /// Removes the variants of `anyOf` that are the union itself.
    fn drop_own_variants(&mut self, union: SchemaId) {
        let schema = self.contract.schema(union);
        let is_other: Vec<bool> = schema.any_of.iter().map(|variant| !self.is_alias(*variant, union)).collect();
        if !is_other.contains(&false) || !is_other.contains(&true) {
            return;
        }
        self.warn_of_self_reference(&[union.0]);
        let schema = &mut self.contract.schemas[union.0];
        let mut kept = is_other.iter();
        schema.any_of.retain(|_| kept.next().is_none_or(|kept| *kept));
        if let Some(discriminator) = schema.discriminator.as_mut().filter(|discriminator| discriminator.values.len() == is_other.len()) {
            let mut kept = is_other.iter();
            discriminator.values.retain(|_| kept.next().is_none_or(|kept| *kept));
        }
    }

    /// Whether a schema is another one, or only refers to it.
    fn is_alias(&self, id: SchemaId, target: SchemaId) -> bool {
        let mut aliases = std::iter::successors(Some(id), |at| self.contract.schema(*at).alias()).take(IN_PLACE_DEPTH_MAX);
        aliases.any(|alias| alias == target)
    }

    /// Lets each schema of a group, in which every schema includes all others, include their own keywords instead.
    fn drop_own_parts(&mut self, group: &[usize]) {
        let own = |at: &usize| without(&self.contract.schemas[*at], group);
        let owns: Vec<Schema> = group.iter().map(own).collect();
        let stated = owns.iter().filter(|own| !own.is_anything()).count();
        // These keywords would not mean the same in a copy.
        let is_plain =
            |own: &Schema| !own.accepts_null && own.object.unevaluated_properties.is_none() && own.array.unevaluated_items.is_none();
        if stated == 0 || stated > 1 && !owns.iter().all(is_plain) {
            return;
        }
        self.warn_of_self_reference(group);
        let first = self.contract.schemas.len();
        self.contract.schemas.extend(owns.iter().cloned());
        for (index, (member, own)) in group.iter().zip(&owns).enumerate() {
            let others = (0..owns.len()).filter(|other| *other != index && !owns[*other].is_anything());
            let mut whole = own.clone();
            whole.all_of.extend(others.map(|other| SchemaId(first + other)));
            self.contract.schemas[*member] = whole;
        }
    }

    fn warn_of_self_reference(&mut self, group: &[usize]) {
        let members = members(&self.contract.schemas, group);
        let subject = subject(&self.contract.schemas, &members);
        let (meaning, hint) = match members.as_slice() {
            [_] => ("the reference adds nothing", "remove the reference"),
            _ => ("each has the keywords of all", "state what they share in another schema, to which they refer"),
        };
        let span = members.first().map(|first| self.contract.schemas[*first].span).unwrap_or_default();
        self.diagnostics.warning(span, format!("{subject} without a member or an item in between: {meaning}")).hint(hint);
    }
}

/// The schemas that a schema includes.
fn parts(schema: &Schema) -> impl Iterator<Item = SchemaId> {
    schema.all_of.iter().chain(&schema.reference).copied()
}

/// The schema without its references to a group.
fn without(schema: &Schema, group: &[usize]) -> Schema {
    let is_other = |id: &SchemaId| !group.contains(&id.0);
    let all_of = schema.all_of.iter().copied().filter(is_other).collect();
    Schema { all_of, reference: schema.reference.filter(is_other), ..schema.clone() }
}
