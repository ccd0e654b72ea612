//! Unions: how their variants are discriminated, and how they are named.

use serde_json::Value as JsonValue;

use super::{Finder, owned};
use crate::model::{CompleteUnion, CompleteVariant, Merged, Schema, SchemaId, UnionTag, intersect, is_null};
use crate::runtime::check::Types;
use crate::shapes::{Attempt, Shape, Type, Variant};

/// `oneOf` or `anyOf` of a part.
struct Union<'c> {
    all: &'c [SchemaId],
    tag: Option<&'c UnionTag>,
    /// Whether it is `anyOf`.
    may_overlap: bool,
    /// The JSON types that everything beside the union accepts, as far as it is known.
    beside: Option<Types>,
}

/// The unions of all parts.
fn unions<'c>(merged: &Merged<'c>) -> Vec<Union<'c>> {
    let of_part = |part: &'c Schema| {
        let one_of = Union { all: &part.one_of, tag: part.tag.as_ref(), may_overlap: false, beside: merged.types };
        [one_of, Union { all: &part.any_of, tag: None, may_overlap: true, beside: merged.types }]
    };
    merged.parts.iter().flat_map(|part| of_part(part)).filter(|union| !union.all.is_empty()).collect()
}

impl<'c> Finder<'c> {
    /// The shape of `oneOf` or `anyOf`. Of several unions, the one that leaves the fewest variants is the type: the values of all of them are
    /// among its values. The caller handles null.
    pub(super) fn union(&mut self, merged: &Merged<'c>, words: &[&str]) -> Option<Shape> {
        let mut unions = unions(merged);
        let is_one_of_several = unions.len() > 1;
        if is_one_of_several {
            for index in 0..unions.len() {
                unions[index].beside = self.types_beside(merged, &unions, index);
            }
            unions.retain(|union| !union.all.iter().any(|variant| self.is_silent(*variant)));
        }
        let union = unions.into_iter().min_by_key(|union| self.possible(union).len())?;
        let variants = self.possible(&union);
        // A variant of bounds or patterns alone has the types of the parts beside the union.
        if merged.types.is_some() && variants.iter().any(|variant| self.is_silent(*variant)) {
            return None;
        }
        if let [only] = variants.as_slice() {
            let own = self.types_of_variant(*only);
            let left = own.zip(merged.types).map_or(own, |(own, types)| Some(intersect(own, types)));
            return (own == left).then(|| Shape::Wrapper(self.type_of(*only, words)));
        }
        if is_one_of_several && variants.is_empty() {
            return Some(Shape::Wrapper(if merged.nullable { Type::Null } else { Type::Any }));
        }
        let tag = union.tag.filter(|_| variants.len() == union.all.len());
        let variants: Vec<CompleteVariant> = variants.into_iter().map(|variant| CompleteVariant { variant, whole: variant }).collect();
        Some(self.variants(&variants, tag, union.may_overlap, words))
    }

    /// The JSON types that everything beside one of several unions accepts, without null.
    fn types_beside(&mut self, merged: &Merged<'c>, unions: &[Union<'c>], index: usize) -> Option<Types> {
        let others = unions.iter().enumerate().filter(|(other, _)| *other != index);
        let of_others = others.filter_map(|(_, other)| self.contract.types_of_variants(other.all, &mut self.accepted));
        let types = merged.types.into_iter().chain(of_others).reduce(intersect)?;
        Some(Types(types.0 & !Types::NULL.0))
    }

    /// The variants other than null that the parts beside the union may accept.
    fn possible(&self, union: &Union<'c>) -> Vec<SchemaId> {
        let is_possible = |variant: &SchemaId| {
            let left = self.types_of_variant(*variant).zip(union.beside).map(|(own, types)| intersect(own, types));
            !is_null(self.contract, *variant) && left != Some(Types(0))
        };
        union.all.iter().copied().filter(is_possible).collect()
    }

    fn types_of_variant(&self, variant: SchemaId) -> Option<Types> {
        Merged::new(self.contract, self.contract.resolved(variant)).types
    }

    fn is_silent(&self, variant: SchemaId) -> bool {
        Merged::new(self.contract, self.contract.resolved(variant)).says_no_type()
    }

    /// The shape of a record whose members depend on a union.
    pub(super) fn complete_union(&mut self, complete: &CompleteUnion, words: &[&str]) -> Shape {
        self.variants(&complete.variants, complete.tag.as_ref(), complete.may_overlap, words)
    }

    fn variants(&mut self, variants: &[CompleteVariant], tag: Option<&UnionTag>, may_overlap: bool, words: &[&str]) -> Shape {
        let mut shaped = Vec::with_capacity(variants.len());
        for (index, CompleteVariant { variant, whole }) in variants.iter().enumerate() {
            let tags = tag.map(|tag| tag.values[index].clone()).unwrap_or_default();
            let name = self.variant_name(*variant, index, words, &tags);
            let types = Merged::new(self.contract, self.contract.resolved(*whole)).types.unwrap_or(Types(0));
            let ty = self.type_of(*whole, &[words, &[name.as_str()]].concat());
            shaped.push(Variant { words: vec![name], schema: *whole, ty, tags, types });
        }
        match tag {
            _ if shaped.len() == 1 => Shape::Wrapper(shaped.swap_remove(0).ty),
            Some(tag) => Shape::Tagged { member: tag.member.clone(), variants: shaped },
            None if shaped.is_empty() => Shape::Wrapper(Type::Null),
            None if self.differ_in_type(&mut shaped) => Shape::ByType(shaped),
            // All variants have the same type, so there is nothing to discriminate.
            None if shaped.iter().all(|variant| variant.ty == shaped[0].ty) => Shape::Wrapper(shaped.swap_remove(0).ty),
            None => self.untagged(shaped, words, may_overlap),
        }
    }

    /// Whether the JSON type of a value determines its variant. Null then belongs to the first variant that accepts it.
    fn differ_in_type(&self, variants: &mut [Variant]) -> bool {
        let mut seen = Types(0);
        for variant in variants.iter() {
            let kinds = kinds(variant.types);
            if kinds.0 == 0 || seen.intersects(kinds) {
                return false;
            }
            seen = seen.or(kinds);
        }
        let accepts_null = |variant: &&mut Variant| Merged::new(self.contract, self.contract.resolved(variant.schema)).nullable;
        if let Some(variant) = variants.iter_mut().find(accepts_null) {
            variant.types = variant.types.or(Types::NULL);
        }
        true
    }

    /// A union discriminated by the validators of its variants, which requires declared types.
    fn untagged(&mut self, mut variants: Vec<Variant>, words: &[&str], may_overlap: bool) -> Shape {
        for variant in &mut variants {
            if !matches!(variant.ty, Type::Declared(_)) {
                let path = owned(&[words, &[variant.words[0].as_str()]].concat());
                variant.ty = self.declare_all(self.shapes.representative(self.contract, variant.schema), path);
            }
        }
        let attempts = self.attempts(&variants, may_overlap);
        Shape::Untagged { variants, attempts }
    }

    /// The order in which the variants are tried. If several variants may accept a value, those that require more members come first: a
    /// value that has them all belongs there.
    fn attempts(&self, variants: &[Variant], may_overlap: bool) -> Vec<Attempt> {
        let merged: Vec<Merged<'_>> =
            variants.iter().map(|variant| Merged::new(self.contract, self.contract.resolved(variant.schema))).collect();
        let rejects =
            |other: &Merged<'_>, name: &str| other.types == Some(Types::OBJECT) && other.is_closed(self.contract) && !other.describes(name);
        let decides = |index: usize, name: &str| {
            let mut others = merged.iter().enumerate().filter(|(other, _)| *other != index);
            merged[index].is_record() && merged[index].describes(name) && others.all(|(_, other)| rejects(other, name))
        };
        let member = |index: usize| merged[index].required().into_iter().find(|name| decides(index, name)).map(str::to_owned);
        let mut order: Vec<usize> = (0..variants.len()).collect();
        if may_overlap {
            order.sort_by_key(|index| std::cmp::Reverse(merged[*index].required().len()));
        }
        order.into_iter().map(|variant| Attempt { variant, member: member(variant) }).collect()
    }

    /// A name for a variant: from its schema, its tag, its JSON type, or its index.
    fn variant_name(&self, variant: SchemaId, index: usize, words: &[&str], tags: &[JsonValue]) -> String {
        let resolved = self.contract.resolved(variant);
        let schema = self.contract.schema(resolved);
        let by_type = || Some(type_word(Merged::new(self.contract, resolved).types?));
        match (self.names.get(&resolved), tags.first().and_then(JsonValue::as_str)) {
            (_, Some(tag)) => tag.to_owned(),
            (Some(name), None) => {
                // `WorkoutLogRecord::WorkoutLog` is clearer than repeating the name of the union.
                let joined = name.join(" ");
                let short = words.last().and_then(|union| joined.strip_prefix(union));
                short.filter(|rest| rest.starts_with(char::is_uppercase)).unwrap_or(&joined).to_owned()
            }
            (None, None) => schema.annotations.title.clone().or_else(by_type).unwrap_or_else(|| format!("variant {}", index + 1)),
        }
    }
}

/// A union of plain JSON types, as in `type: [string, integer]`, where `integer` is the type of an integer.
pub(super) fn several_types(types: Types, schema: SchemaId, integer: Type) -> Shape {
    let choices = [
        (Types::BOOLEAN, Type::Bool),
        (Types::INTEGER, integer),
        (Types::NUMBER, Type::Float),
        (Types::STRING, Type::Text),
        (Types::ARRAY, Type::List(Box::new(Type::Any))),
        (Types::OBJECT, Type::Map(Box::new(Type::Any))),
    ];
    let covered = |candidate: Types| types.contains(candidate) && !(candidate == Types::INTEGER && types.contains(Types::NUMBER));
    let variants = choices.into_iter().filter(|(candidate, _)| covered(*candidate));
    let variants =
        variants.map(|(candidate, ty)| Variant { words: vec![type_word(candidate)], schema, ty, tags: Vec::new(), types: candidate });
    Shape::ByType(variants.collect())
}

/// Merges integers into numbers: they are one JSON type.
fn kinds(types: Types) -> Types {
    if types.contains(Types::INTEGER) { types.or(Types::NUMBER) } else { types }
}

fn type_word(types: Types) -> String {
    let words = [
        (Types::BOOLEAN, "flag"),
        (Types::INTEGER, "integer"),
        (Types::NUMBER, "number"),
        (Types::STRING, "text"),
        (Types::ARRAY, "list"),
        (Types::OBJECT, "object"),
    ];
    words.iter().find(|(candidate, _)| types.contains(*candidate)).map_or("value", |(_, word)| word).to_owned()
}
