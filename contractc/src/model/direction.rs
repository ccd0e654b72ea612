//! Directions (request or response), and the roles of subschemas.

use super::{ArrayRules, Condition, Contains, Contract, ObjectRules, Schema, SchemaId};

/// Which way a value is sent. Exhaustive, because HTTP has no third way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the server.
    Request,
    /// From the server.
    Response,
}

/// Marks a schema as the view of another schema for one direction: members of the other direction are not required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// The schema from which the view was made.
    pub of: SchemaId,
    /// The direction.
    pub direction: Direction,
}

/// How a subschema relates to the value of its parent schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Role {
    /// Must hold for the same value: `$ref`, `allOf`, `then`, `else`, `dependentSchemas`.
    Part,
    /// A variant, or a schema for the content of the value.
    Content,
    /// Tests the value without rejecting it directly: `not`, `if`, `contains`, `propertyNames`.
    Condition,
}

impl Contract {
    /// The only direction in which a member is sent: `readOnly` members in responses, `writeOnly` members in requests.
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
    /// Calls a function with every direct subschema and its role.
    pub fn each_inner(&mut self, mut visit: impl FnMut(Role, &mut SchemaId)) {
        // Every field is named, so that a new keyword with a subschema cannot be forgotten.
        let Self {
            span: _,
            pointer: _,
            annotations: _,
            never: _,
            accepts_null: _,
            types: _,
            constant: _,
            enumeration: _,
            number: _,
            text: _,
            array,
            object,
            reference,
            all_of,
            any_of,
            one_of,
            not,
            condition,
            tag: _,
            discriminator: _,
            rules: _,
            max_depth: _,
            refers_to: _,
            any_collection: _,
            rust_type: _,
            view: _,
            complete: _,
        } = self;
        reference.iter_mut().chain(all_of).for_each(|id| visit(Role::Part, id));
        any_of.iter_mut().chain(one_of).for_each(|id| visit(Role::Content, id));
        not.iter_mut().for_each(|id| visit(Role::Condition, id));
        if let Some(Condition { condition, then, otherwise }) = condition {
            visit(Role::Condition, condition);
            then.iter_mut().chain(otherwise).for_each(|id| visit(Role::Part, id));
        }
        array.each_inner(&mut visit);
        object.each_inner(&mut visit);
    }
}

impl ArrayRules {
    fn each_inner(&mut self, visit: &mut impl FnMut(Role, &mut SchemaId)) {
        let Self { prefix_items, items, limits: _, contains, unevaluated_items, each: _ } = self;
        prefix_items.iter_mut().chain(items).chain(unevaluated_items).for_each(|id| visit(Role::Content, id));
        contains.iter_mut().for_each(|Contains { schema, min: _, max: _ }| visit(Role::Condition, schema));
    }
}

impl ObjectRules {
    fn each_inner(&mut self, visit: &mut impl FnMut(Role, &mut SchemaId)) {
        let Self {
            properties,
            pattern_properties,
            additional_properties,
            property_names,
            required: _,
            limits: _,
            dependent_required: _,
            dependent_schemas,
            unevaluated_properties,
        } = self;
        property_names.iter_mut().for_each(|id| visit(Role::Condition, id));
        dependent_schemas.iter_mut().for_each(|(_, id)| visit(Role::Part, id));
        let named = properties.iter_mut().chain(pattern_properties).map(|(_, id)| id);
        named.chain(additional_properties).chain(unevaluated_properties).for_each(|id| visit(Role::Content, id));
    }
}
