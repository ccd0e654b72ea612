//! How numbers are read. The type of a value decides: an integer of 64 bits stays exact, any other number is a double.
//!
//! A schema with the structure of its type reads the numbers while it checks them. Checks of a whole value, as those of `allOf`, only validate it:
//! the schema of such a value has a reader for it.

use std::collections::BTreeSet;

use super::unions::tags;
use super::{Emitter, Progress};
use crate::emit::typescript::code::{Code, key, quoted};
use crate::model::IntegerWidth;
use crate::runtime::check::Types;
use crate::shapes::{DeclarationId, FieldKind, Shape, Shapes, Type, Variant};

/// The declared types with numbers in them.
pub(super) fn with_numbers(shapes: &Shapes) -> BTreeSet<DeclarationId> {
    let ids = (0..shapes.declarations.len()).map(DeclarationId);
    let uses: Vec<(DeclarationId, Vec<&Type>)> = ids.map(|id| (id, parts(&shapes.get(id).shape))).collect();
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for (id, parts) in &uses {
            if parts.iter().any(|ty| has_numbers(ty, &found)) {
                found.insert(*id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn parts(shape: &Shape) -> Vec<&Type> {
    match shape {
        Shape::Record { fields, rest, .. } => {
            let values = fields.iter().filter_map(|field| if let FieldKind::Value(ty) = &field.kind { Some(ty) } else { None });
            values.chain(rest).collect()
        }
        Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged { variants, .. } => {
            variants.iter().map(|variant| &variant.ty).collect()
        }
        Shape::Wrapper(ty) => vec![ty],
        Shape::Texts(_) => Vec::new(),
    }
}

fn has_numbers(ty: &Type, declared: &BTreeSet<DeclarationId>) -> bool {
    match ty {
        Type::Integer(_) | Type::LongInteger(_) | Type::Float => true,
        Type::List(inner) | Type::Each(inner) | Type::Map(inner) | Type::Optional(inner) => has_numbers(inner, declared),
        Type::Tuple { items, rest, .. } => items.iter().chain(rest.as_deref()).any(|item| has_numbers(item, declared)),
        Type::Declared(id) | Type::Recursive(id) => declared.contains(id),
        Type::Any | Type::Null | Type::Bool | Type::Listed(..) | Type::Text => false,
    }
}

/// The JSON type of a type whose values are all numbers.
pub(super) fn numeric(ty: &Type) -> Option<Types> {
    match ty {
        Type::Float => Some(Types::NUMBER),
        Type::Integer(_) | Type::LongInteger(_) => Some(Types::INTEGER),
        _ => None,
    }
}

/// The schema of a JSON type that holds the numbers of a type, if there is one.
pub(super) fn holder(types: Types, ty: &Type) -> Option<Code> {
    match (types, ty) {
        (Types::INTEGER, Type::Integer(_) | Type::Listed(..)) => Some(Code::call("rt.integer", vec![])),
        (Types::INTEGER, Type::LongInteger(IntegerWidth::U64)) => Some(Code::call("rt.longInteger", vec![Code::Text(quoted("unsigned"))])),
        (Types::INTEGER, Type::LongInteger(_)) => Some(Code::call("rt.longInteger", vec![Code::Text(quoted("signed"))])),
        (Types::INTEGER, Type::Any) => Some(Code::call("rt.longInteger", vec![])),
        (Types::NUMBER, Type::Float | Type::Listed(..)) => Some(Code::call("rt.number", vec![])),
        (Types::NUMBER, Type::Any) => Some(Code::call("rt.longNumber", vec![])),
        _ => None,
    }
}

impl Emitter<'_> {
    /// The schema that `code` makes, with a reader for its values, of which it checks the numbers but does not read them.
    pub(super) fn read(&self, code: Code, ty: &Type) -> Code {
        let reader = match ty {
            // The type whose own schema this is.
            Type::Declared(id) | Type::Recursive(id) if self.current.get() == Some(*id) => self.reader_of_shape(*id),
            ty => self.reader(ty),
        };
        reader.map_or(code.clone(), |reader| Code::call("rt.readBy", vec![code, reader]))
    }

    /// The schema that reads the values of a type; `None` if there are no numbers in them.
    fn reader(&self, ty: &Type) -> Option<Code> {
        match ty {
            Type::Integer(_) | Type::LongInteger(_) | Type::Float => holder(numeric(ty)?, ty),
            Type::Optional(inner) => Some(self.reader(inner)?.then("nullable", Vec::new())),
            Type::List(inner) | Type::Each(inner) => Some(Code::call("rt.array", vec![self.reader(inner)?])),
            Type::Map(inner) => Some(Code::call("rt.record", vec![self.reader(inner)?])),
            Type::Tuple { items, rest, .. } => {
                let readers: Vec<Option<Code>> = items.iter().map(|item| self.reader(item)).collect();
                let rest = rest.as_ref().and_then(|rest| self.reader(rest));
                let any = readers.iter().any(Option::is_some) || rest.is_some();
                let prefix = readers.into_iter().map(|reader| reader.unwrap_or_else(|| Code::call("rt.json", vec![])));
                let prefix = Code::List(prefix.collect());
                any.then(|| Code::call("rt.prefixed", [Some(prefix), rest].into_iter().flatten().collect()))
            }
            Type::Declared(id) | Type::Recursive(id) => self.with_numbers.contains(id).then(|| self.named(*id)),
            Type::Any | Type::Null | Type::Bool | Type::Listed(..) | Type::Text => None,
        }
    }

    fn reader_of_shape(&self, id: DeclarationId) -> Option<Code> {
        if !self.with_numbers.contains(&id) {
            return None;
        }
        match &self.plan.shapes.get(id).shape {
            Shape::Record { fields, .. } => {
                let members = fields.iter().filter_map(|field| {
                    let FieldKind::Value(ty) = &field.kind else { return None };
                    Some((key(&field.name), self.reader(ty)?.then("exactOptional", vec![])))
                });
                Some(Code::call("rt.members", vec![Code::Object(members.collect())]))
            }
            Shape::Untagged { variants, attempts } => Some(self.reader_of_union(attempts.iter().map(|attempt| &variants[attempt.variant]))),
            Shape::ByType(variants) => Some(self.reader_of_union(variants.iter())),
            // The tag selects the variant: another one may accept the value too, and has numbers of other types.
            Shape::Tagged { member, variants } => {
                let readers = variants.iter().map(|variant| Code::List(vec![tags(&variant.tags), self.reader_of_variant(variant)]));
                Some(Code::call("rt.tagged", vec![Code::Text(quoted(member)), Code::List(readers.collect())]))
            }
            Shape::Wrapper(ty) => self.reader(ty),
            Shape::Texts(_) => None,
        }
    }

    /// The variant that accepts a value reads it.
    fn reader_of_union<'v>(&self, variants: impl Iterator<Item = &'v Variant>) -> Code {
        Code::call("rt.anyOf", vec![Code::List(variants.map(|variant| self.reader_of_variant(variant)).collect())])
    }

    fn reader_of_variant(&self, variant: &Variant) -> Code {
        match (&variant.ty, self.reader(&variant.ty)) {
            (_, Some(reader)) => reader,
            (Type::Declared(id) | Type::Recursive(id), None) => self.named(*id),
            _ => Code::call("rt.json", variant.types.names().map(|name| Code::Text(quoted(name))).collect()),
        }
    }

    /// The schema of a declared type, by its name.
    pub(super) fn named(&self, id: DeclarationId) -> Code {
        self.used.borrow_mut().push(id);
        let name = self.names.schema(id);
        match self.state.borrow().get(&id) {
            Some(Progress::Done) => Code::text(name),
            _ => Code::call("z.lazy", vec![Code::Arrow("()".to_owned(), Box::new(Code::text(name)))]),
        }
    }
}
