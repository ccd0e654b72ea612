//! The types of arrays, and notes of what types do not say.

use super::{Finder, owned};
use crate::model::{Merged, Schema, SchemaId};
use crate::shapes::Type;
use crate::shapes::losses::Loss;

/// How many required items a type lists one by one.
const REQUIRED_MAX: u64 = 16;

impl<'c> Finder<'c> {
    /// Notes that the type of a schema without `type` is any JSON, if the schema describes members, items or variants.
    pub(super) fn note_untyped(&mut self, id: SchemaId, merged: &Merged<'c>) {
        let describes =
            |part: &&Schema| !part.object.properties.is_empty() || part.array.items.is_some() || !part.array.prefix_items.is_empty();
        let says_type = |id: &SchemaId| !Merged::new(self.contract, self.contract.resolved(*id)).says_no_type();
        let has_unions = merged.parts.iter().flat_map(|part| part.one_of.iter().chain(&part.any_of)).any(says_type);
        if merged.parts.iter().any(describes) {
            self.losses.insert(id, Loss::Type);
        } else if has_unions {
            self.losses.insert(id, Loss::Unions);
        }
    }

    /// The type of an array.
    pub(super) fn list(&mut self, id: SchemaId, merged: &Merged<'c>, words: &[&str]) -> Type {
        let each = merged.parts.iter().any(|part| part.array.each);
        let is_tuple = merged.parts.iter().any(|part| !part.array.prefix_items.is_empty());
        if is_tuple && !each {
            let tuple = self.tuple(merged, words);
            self.note_items(id, &tuple);
            return tuple;
        }
        if is_tuple {
            self.losses.insert(id, Loss::Each);
        }
        let is_empty = merged.items().into_iter().any(|items| self.contract.schema(self.contract.resolved(items)).never);
        if is_empty && !is_tuple && !each {
            return Type::Tuple { items: Vec::new(), required: 0, rest: None };
        }
        let items = self.contract.conjunction(&merged.items()).filter(|_| !is_tuple);
        let Some(items) = items else { return Type::List(Box::new(Type::Any)) };
        let words = [words, &["item"]].concat();
        match self.type_of(items, &words) {
            inner if !each => Type::List(Box::new(inner)),
            inner @ Type::Declared(_) => Type::Each(Box::new(inner)),
            // Each item is read separately, which only declared types support.
            _ => Type::Each(Box::new(self.declare_all(self.shapes.representative(self.contract, items), owned(&words)))),
        }
    }

    /// Notes that the items of a tuple have no common type, although a schema describes some of them.
    fn note_items(&mut self, id: SchemaId, tuple: &Type) {
        if let Type::Tuple { items, rest, .. } = tuple
            && *tuple.item() == Type::Any
            && items.iter().chain(rest.as_deref()).any(|item| *item != Type::Any)
        {
            let is_open = rest.as_deref() == Some(&Type::Any);
            self.losses.insert(id, Loss::Items { is_open });
        }
    }

    /// An array with schemas for its first items. Values with fewer items are valid unless `minItems` excludes them.
    fn tuple(&mut self, merged: &Merged<'c>, words: &[&str]) -> Type {
        let places = merged.places();
        let limits = || merged.parts.iter().map(|part| part.array.limits);
        let least = limits().filter_map(|limits| limits.min_items).max().unwrap_or(0);
        let is_full = limits().filter_map(|limits| limits.max_items).any(|most| most <= places.len() as u64);
        let is_closed = is_full || merged.items().into_iter().any(|items| self.contract.schema(self.contract.resolved(items)).never);
        let mut item =
            |number: usize, schemas: &[SchemaId]| self.type_of_all(schemas, &[words, &[format!("item {number}").as_str()]].concat());
        let mut items: Vec<Type> = places.iter().enumerate().map(|(index, schemas)| item(index + 1, schemas)).collect();
        let rest = (!is_closed).then(|| Box::new(item(items.len() + 1, &merged.items())));
        // Required items beyond the places have the type of the others.
        if let Some(rest) = &rest
            && least <= REQUIRED_MAX
        {
            items.resize(items.len().max(least as usize), (**rest).clone());
        }
        Type::Tuple { required: items.len().min(usize::try_from(least).unwrap_or(usize::MAX)), items, rest }
    }
}
