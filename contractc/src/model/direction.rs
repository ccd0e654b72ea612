//! Which way a value goes, and the schemas inside a schema by what they have to do with it.

use super::{Condition, Contract, Schema, SchemaId};

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the server.
    Request,
    /// From the server.
    Response,
}

/// A schema as one direction needs it: the members that go only the other way need not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The schema that it was made from.
    pub of: SchemaId,
    /// The direction.
    pub direction: Direction,
}

/// What a schema inside another one has to do with the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It must hold of the same value: `$ref`, `allOf`, `then`, `else`, `dependentSchemas`.
    Part,
    /// It is a choice, or speaks of what is inside the value.
    Content,
    /// It asks something of the value, and refuses nothing by itself: `not`, `if`, `contains`, `propertyNames`.
    Question,
}

impl Contract {
    /// The only way that a member of this schema goes: `readOnly` members go in responses, `writeOnly` ones in requests.
    pub fn only_direction(&self, member: SchemaId) -> Option<Direction> {
        let parts = self.all_of_closure(member);
        let said = |flag: fn(&Schema) -> bool| parts.iter().any(|part| flag(self.schema(*part)));
        match (said(|schema| schema.annotations.read_only), said(|schema| schema.annotations.write_only)) {
            (true, false) => Some(Direction::Response),
            (false, true) => Some(Direction::Request),
            _ => None,
        }
    }
}

impl Schema {
    /// Calls a function with every schema inside this one.
    pub fn each_inner(&mut self, mut visit: impl FnMut(Role, &mut SchemaId)) {
        let Self { array, object, reference, all_of, any_of, one_of, not, condition, .. } = self;
        reference.iter_mut().chain(all_of).for_each(|id| visit(Role::Part, id));
        any_of.iter_mut().chain(one_of).for_each(|id| visit(Role::Content, id));
        not.iter_mut().for_each(|id| visit(Role::Question, id));
        if let Some(Condition { condition, then, otherwise }) = condition {
            visit(Role::Question, condition);
            then.iter_mut().chain(otherwise).for_each(|id| visit(Role::Part, id));
        }
        let items = array.prefix_items.iter_mut().chain(&mut array.items).chain(&mut array.unevaluated_items);
        items.for_each(|id| visit(Role::Content, id));
        array.contains.iter_mut().for_each(|contains| visit(Role::Question, &mut contains.schema));
        object.property_names.iter_mut().for_each(|id| visit(Role::Question, id));
        object.dependent_schemas.iter_mut().for_each(|(_, id)| visit(Role::Part, id));
        let named = object.properties.iter_mut().chain(&mut object.pattern_properties).map(|(_, id)| id);
        named.chain(&mut object.additional_properties).chain(&mut object.unevaluated_properties).for_each(|id| visit(Role::Content, id));
    }
}
