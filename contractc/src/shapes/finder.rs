//! Finds the shape of each schema: what must be declared under a name, and what holds its values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as JsonValue;

use super::{Declaration, DeclarationId, Field, FieldKind, Shape, Shapes, Type, Variant};
use crate::model::{Contract, Operation, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

pub(super) struct Finder<'c> {
    contract: &'c Contract,
    shapes: Shapes,
    /// Words for schemas that must be declared.
    names: BTreeMap<SchemaId, Vec<String>>,
    /// Declared, but their shape is still to be found.
    open: Vec<DeclarationId>,
    /// Inline schemas whose shape is being found.
    visiting: Vec<SchemaId>,
}

/// A schema together with everything that must hold besides.
struct Merged<'c> {
    parts: Vec<&'c Schema>,
    types: Option<Types>,
    nullable: bool,
}

impl<'c> Finder<'c> {
    /// The shapes of all named schemas and of everything that operations mention.
    pub(super) fn find(contract: &'c Contract) -> Shapes {
        let mut finder = Finder { contract, shapes: Shapes::default(), names: BTreeMap::new(), open: Vec::new(), visiting: Vec::new() };
        // A schema's own name comes first, then the name that the place of an unnamed one ends in, then any other that leads to it.
        let rank = |(name, id): &&(String, SchemaId)| {
            let target = contract.resolved(*id);
            let place = pointer_words(&contract.schema(target).pointer);
            (target != *id, !place.last().is_some_and(|word| word.eq_ignore_ascii_case(name)))
        };
        let mut named: Vec<&(String, SchemaId)> = contract.names.iter().collect();
        named.sort_by_key(rank);
        for (name, id) in named {
            finder.names.entry(contract.resolved(*id)).or_insert_with(|| vec![name.clone()]);
        }
        for schema in &contract.schemas {
            // What is referred to is shared, and may be recursive: it gets a type of its own.
            if let Some(target) = schema.reference {
                let target = contract.resolved(target);
                finder.names.entry(target).or_insert_with(|| pointer_words(&contract.schema(target).pointer));
            }
        }
        for (_, id) in &contract.names {
            finder.type_of(*id, &[]);
        }
        for operation in &contract.operations {
            finder.operation(operation);
        }
        finder.drain();
        finder.shapes
    }

    fn operation(&mut self, operation: &Operation) {
        let id = operation.id.as_str();
        for parameter in &operation.parameters {
            self.root(parameter.schema, &[id, &parameter.name]);
        }
        for media in operation.body.iter().flat_map(|body| &body.media).filter(|media| media.is_json()) {
            media.schema.inspect(|schema| self.root(*schema, &[id, "body"]));
        }
        for response in &operation.responses {
            let status = response.status.text();
            for header in &response.headers {
                header.schema.inspect(|schema| self.root(*schema, &[&header.name, "header"]));
            }
            for media in response.media.iter().filter(|media| media.is_json()) {
                media.schema.inspect(|schema| self.root(*schema, &[id, "body", &status]));
            }
        }
    }

    fn root(&mut self, schema: SchemaId, words: &[&str]) {
        let ty = self.type_of(schema, words);
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        // A schema that stands behind nothing but a reference is judged as what it refers to.
        let resolved = self.contract.resolved(schema);
        self.shapes.roots.entry(resolved).or_insert_with(|| (ty.clone(), words.clone()));
        self.shapes.roots.entry(schema).or_insert((ty, words));
    }

    fn drain(&mut self) {
        while let Some(id) = self.open.pop() {
            let (schema, words) = (self.shapes.get(id).schema, self.shapes.get(id).words.clone());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let shape = self.shape(schema, &words);
            self.shapes.declarations[id.0].shape = shape;
        }
    }

    fn declare(&mut self, schema: SchemaId, words: Vec<String>) -> Type {
        let next = DeclarationId(self.shapes.declarations.len());
        let id = *self.shapes.by_schema.entry(schema).or_insert(next);
        if id == next {
            self.shapes.declarations.push(Declaration { words, schema, shape: Shape::Wrapper(Type::Any) });
            self.open.push(id);
        }
        Type::Declared(id)
    }

    /// The type of a schema where it is used; `words` lead to it.
    fn type_of(&mut self, id: SchemaId, words: &[&str]) -> Type {
        let id = self.contract.resolved(id);
        if let Some(name) = self.names.get(&id) {
            return self.declare(id, name.clone());
        }
        if let Some(target) = self.contract.schema(id).nullable_alias() {
            return optional(self.type_of(target, words));
        }
        if self.visiting.contains(&id) {
            // It contains itself without a name in between: a declaration ends the circle.
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            self.names.insert(id, words.clone());
            return self.declare(id, words);
        }
        self.visiting.push(id);
        let shape = self.shape(id, words);
        self.visiting.pop();
        match shape {
            Shape::Wrapper(ty) => ty,
            _ => {
                let merged = self.merged(id);
                let declared = self.declare(id, words.iter().map(|word| (*word).to_owned()).collect());
                if merged.nullable { Type::Optional(Box::new(declared)) } else { declared }
            }
        }
    }

    fn merged(&self, id: SchemaId) -> Merged<'c> {
        let parts: Vec<&Schema> = self.contract.all_of_closure(id).into_iter().map(|part| self.contract.schema(part)).collect();
        let types = parts.iter().filter_map(|part| part.types).reduce(intersect);
        let listed_null = parts.iter().any(|part| part.enumeration.as_ref().is_some_and(|values| values.contains(&JsonValue::Null)));
        let typed_null = types.is_some_and(|types| types != Types::NULL && types.contains(Types::NULL));
        let untyped_null = types.is_none() && listed_null;
        let nullable = parts.iter().any(|part| part.accepts_null) || typed_null || untyped_null;
        let types = types.map(|types| if types == Types::NULL { types } else { Types(types.0 & !Types::NULL.0) });
        Merged { parts, types, nullable }
    }

    /// The shape of a schema; a wrapper where nothing has to be declared.
    fn shape(&mut self, id: SchemaId, words: &[&str]) -> Shape {
        let merged = self.merged(id);
        let plain = match self.plain_shape(id, &merged, words) {
            Shape::Wrapper(ty) if merged.nullable => return Shape::Wrapper(optional(ty)),
            shape => shape,
        };
        // A named structure that may be null is declared under a wrapper of its name; an inline one is made optional by its user.
        if merged.nullable && self.names.contains_key(&id) {
            let inner = DeclarationId(self.shapes.declarations.len());
            let words = words.iter().chain(&["value"]).map(|word| (*word).to_owned()).collect();
            self.shapes.declarations.push(Declaration { words, schema: id, shape: plain });
            return Shape::Wrapper(optional(Type::Declared(inner)));
        }
        plain
    }

    fn plain_shape(&mut self, id: SchemaId, merged: &Merged<'c>, words: &[&str]) -> Shape {
        if merged.parts.iter().any(|part| part.never) {
            return Shape::Wrapper(Type::Any);
        }
        if let Some(shape) = values_shape(merged) {
            return shape;
        }
        let has_members = merged.parts.iter().any(|part| !part.object.properties.is_empty());
        if merged.types == Some(Types::OBJECT) && has_members {
            return self.record(merged, words);
        }
        if let Some(shape) = self.union(merged, words) {
            return shape;
        }
        // Arms that contradict each other leave no type.
        let Some(types) = merged.types.filter(|types| types.0 != 0) else { return Shape::Wrapper(Type::Any) };
        Shape::Wrapper(match types {
            // Nothing is accepted: there is nothing to hold.
            Types(0) => Type::Any,
            Types::NULL => Type::Null,
            Types::BOOLEAN => Type::Bool,
            Types::INTEGER => integer(merged),
            Types::STRING => Type::Text,
            Types::ARRAY => self.list(merged, words),
            Types::OBJECT => self.free_map(merged, words),
            types if types.contains(Types::NUMBER) && types.0 & !Types::INTEGER.0 == Types::NUMBER.0 => Type::Float,
            _ => return several_types(types, id),
        })
    }

    fn record(&mut self, merged: &Merged<'c>, words: &[&str]) -> Shape {
        let required: BTreeSet<&String> = merged.parts.iter().flat_map(|part| &part.object.required).collect();
        let mut fields: Vec<Field> = Vec::new();
        // The parts that are referred to come first in a reader's mind: the fields that all have, then those of this one.
        let parts = merged.parts.iter().skip(1).chain(merged.parts.first());
        for (name, schema) in parts.flat_map(|part| &part.object.properties) {
            let required = required.contains(name);
            let kind = match self.constant(*schema) {
                Some(constant) if required => FieldKind::Constant(constant),
                _ => FieldKind::Value(self.type_of(*schema, &[words, &[name.as_str()]].concat())),
            };
            match fields.iter_mut().find(|field| field.name == *name) {
                // Of several descriptions of one member the most telling one counts.
                Some(known) if matches!((&known.kind, &kind), (FieldKind::Value(Type::Any), _) | (_, FieldKind::Constant(_))) => {
                    known.kind = kind
                }
                Some(_) => {}
                None => fields.push(Field { name: name.clone(), schema: *schema, required, kind }),
            }
        }
        fields.sort_by_key(|field| !field.required);
        Shape::Record { fields, rest: self.rest(merged, words) }
    }

    /// The value that a member must have, if it is a single text, boolean or integer.
    fn constant(&self, id: SchemaId) -> Option<JsonValue> {
        let merged = self.merged(self.contract.resolved(id));
        if merged.nullable {
            return None;
        }
        let single = |part: &&Schema| {
            part.constant.clone().or_else(|| part.enumeration.as_ref().filter(|values| values.len() == 1).map(|values| values[0].clone()))
        };
        merged.parts.iter().find_map(single).filter(|value| value.is_string() || value.is_boolean() || value.is_i64())
    }

    /// What members beyond the named ones may be; nothing if there are none.
    fn rest(&mut self, merged: &Merged<'c>, words: &[&str]) -> Option<Type> {
        let is_never = |id: &Option<SchemaId>| id.is_some_and(|id| self.contract.schema(self.contract.resolved(id)).never);
        let closed = merged.parts.iter().any(|part| {
            (is_never(&part.object.additional_properties) && part.object.pattern_properties.is_empty())
                || is_never(&part.object.unevaluated_properties)
        });
        if closed {
            return None;
        }
        let patterns = merged.parts.iter().any(|part| !part.object.pattern_properties.is_empty());
        let additional: Vec<SchemaId> = merged.parts.iter().filter_map(|part| part.object.additional_properties).collect();
        match additional.as_slice() {
            // What one part calls additional, another may name.
            [one] if !patterns && merged.parts.len() == 1 => Some(self.type_of(*one, &[words, &["other"]].concat())),
            _ => Some(Type::Any),
        }
    }

    fn free_map(&mut self, merged: &Merged<'c>, words: &[&str]) -> Type {
        let inner = self.rest(merged, words).unwrap_or(Type::Any);
        Type::Map(Box::new(inner))
    }

    fn list(&mut self, merged: &Merged<'c>, words: &[&str]) -> Type {
        let each = merged.parts.iter().any(|part| part.array.each);
        let prefixed = merged.parts.iter().any(|part| !part.array.prefix_items.is_empty());
        let items = merged.parts.iter().find_map(|part| part.array.items).filter(|_| !prefixed);
        match items {
            None => Type::List(Box::new(Type::Any)),
            Some(items) => {
                let words = [words, &["item"]].concat();
                match self.type_of(items, &words) {
                    inner if !each => Type::List(Box::new(inner)),
                    inner @ Type::Declared(_) => Type::Each(Box::new(inner)),
                    // Each item has its own door, and only declared types have one.
                    _ => {
                        let words = words.iter().map(|word| (*word).to_owned()).collect();
                        Type::Each(Box::new(self.declare(self.contract.resolved(items), words)))
                    }
                }
            }
        }
    }

    fn union(&mut self, merged: &Merged<'c>, words: &[&str]) -> Option<Shape> {
        let unions: Vec<&&Schema> = merged.parts.iter().filter(|part| !part.one_of.is_empty() || !part.any_of.is_empty()).collect();
        let [union] = unions.as_slice() else { return None };
        if !union.one_of.is_empty() && !union.any_of.is_empty() {
            return None;
        }
        let all = if union.one_of.is_empty() { &union.any_of } else { &union.one_of };
        let is_null = |variant: &SchemaId| self.contract.schema(self.contract.resolved(*variant)).types == Some(Types::NULL);
        let (nulls, variants): (Vec<SchemaId>, Vec<SchemaId>) = all.iter().partition(|variant| is_null(variant));
        if !nulls.is_empty() {
            return Some(Shape::Wrapper(match variants.as_slice() {
                [only] => optional(self.type_of(*only, words)),
                _ => Type::Any,
            }));
        }
        if let [only] = variants.as_slice() {
            return Some(Shape::Wrapper(self.type_of(*only, words)));
        }
        let mut shaped = Vec::with_capacity(variants.len());
        for (index, variant) in variants.iter().enumerate() {
            let types = self.merged(self.contract.resolved(*variant)).types.unwrap_or(Types(0));
            let name = self.variant_name(*variant, index, words, union.tag.as_ref().map(|tag| &tag.values[index]));
            let ty = self.type_of(*variant, &[words, &[name.as_str()]].concat());
            let tags = union.tag.as_ref().map(|tag| tag.values[index].clone()).unwrap_or_default();
            shaped.push(Variant { words: vec![name], schema: *variant, ty, tags, types });
        }
        if let Some(tag) = &union.tag {
            return Some(Shape::Tagged { member: tag.member.clone(), variants: shaped });
        }
        let mut seen = Types(0);
        let by_type = shaped.iter().all(|variant| {
            let kinds = kinds(variant.types);
            let fresh = kinds.0 != 0 && !seen.intersects(kinds);
            seen = seen.or(kinds);
            fresh
        });
        if by_type {
            return Some(Shape::ByType(shaped));
        }
        if shaped.iter().all(|variant| variant.ty == shaped[0].ty) {
            // Nothing is gained by telling apart what is held alike.
            return Some(Shape::Wrapper(shaped.swap_remove(0).ty));
        }
        for variant in &mut shaped {
            // Which variant a value is can only be told by its validator, and only declared types have one.
            if !matches!(variant.ty, Type::Declared(_)) {
                let path = words.iter().copied().chain([variant.words[0].as_str()]).map(str::to_owned).collect();
                variant.ty = self.declare(self.contract.resolved(variant.schema), path);
            }
        }
        Some(Shape::Untagged(shaped))
    }

    /// A name for a variant: of its schema, of its tag, of its JSON type, or a number.
    fn variant_name(&self, variant: SchemaId, index: usize, words: &[&str], tags: Option<&Vec<JsonValue>>) -> String {
        let resolved = self.contract.resolved(variant);
        let schema = self.contract.schema(resolved);
        let tag = tags.and_then(|values| values.first()).and_then(JsonValue::as_str);
        let by_type = || Some(type_word(self.merged(resolved).types?));
        match (self.names.get(&resolved), tag) {
            (_, Some(tag)) => tag.to_owned(),
            (Some(name), None) => {
                // `WorkoutLogRecord::WorkoutLog` says more than repeating the union's name.
                let joined = name.join(" ");
                words
                    .last()
                    .and_then(|union| joined.strip_prefix(union))
                    .filter(|rest| rest.starts_with(char::is_uppercase))
                    .unwrap_or(&joined)
                    .to_owned()
            }
            (None, None) => schema.annotations.title.clone().or_else(by_type).unwrap_or_else(|| format!("variant {}", index + 1)),
        }
    }
}

fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) | Type::Any | Type::Null => ty,
        other => Type::Optional(Box::new(other)),
    }
}

fn intersect(left: Types, right: Types) -> Types {
    let mut both = left.0 & right.0;
    // Every integer is a number.
    let integer = |types: Types| types.contains(Types::INTEGER) || types.contains(Types::NUMBER);
    if integer(left) && integer(right) && both & Types::NUMBER.0 == 0 {
        both |= Types::INTEGER.0;
    }
    Types(both)
}

/// Integers and numbers are one JSON type.
fn kinds(types: Types) -> Types {
    if types.contains(Types::INTEGER) { types.or(Types::NUMBER) } else { types }
}

fn integer(merged: &Merged<'_>) -> Type {
    let above = |bound: Number| bound.compare(Number::Signed(i64::MAX)) == std::cmp::Ordering::Greater;
    let large = merged.parts.iter().any(|part| part.number.maximum.is_some_and(above));
    let negative = |bound: Number| bound.compare(Number::Signed(0)) == std::cmp::Ordering::Less;
    let signed = merged.parts.iter().all(|part| part.number.minimum.is_none_or(negative));
    if large && !signed { Type::Unsigned } else { Type::Signed }
}

/// The shape of `const` and `enum`.
fn values_shape(merged: &Merged<'_>) -> Option<Shape> {
    let listed =
        merged.parts.iter().find_map(|part| part.enumeration.clone().or_else(|| part.constant.clone().map(|value| vec![value])))?;
    let values: Vec<JsonValue> = listed.into_iter().filter(|value| !value.is_null()).collect();
    let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    let fits = merged.types.is_none_or(|types| types.contains(Types::STRING));
    match texts {
        Some(mut texts) if !texts.is_empty() && fits => {
            let mut seen = BTreeSet::new();
            texts.retain(|text| seen.insert(text.clone()));
            Some(Shape::Texts(texts))
        }
        _ if values.iter().all(JsonValue::is_boolean) && !values.is_empty() => Some(Shape::Wrapper(Type::Bool)),
        _ if values.iter().all(JsonValue::is_i64) && !values.is_empty() => Some(Shape::Wrapper(Type::Signed)),
        _ if values.iter().all(JsonValue::is_number) && !values.is_empty() => Some(Shape::Wrapper(Type::Float)),
        _ => Some(Shape::Wrapper(Type::Any)),
    }
}

/// A union of plain JSON types, as `type: [string, integer]` has it.
fn several_types(types: Types, schema: SchemaId) -> Shape {
    let choices = [
        (Types::BOOLEAN, Type::Bool),
        (Types::INTEGER, Type::Signed),
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

/// Words for a schema that has no name, from where it stands: in another file, its name is one.
fn pointer_words(pointer: &str) -> Vec<String> {
    let (file, pointer) = pointer.split_once('#').unwrap_or(("", pointer));
    let stem = file.rsplit('/').next().and_then(|name| name.split('.').next()).filter(|stem| !stem.is_empty());
    let skipped = ["components", "schemas", "properties", "paths", "content", "schema", "application/json", "$defs", "responses", "#"];
    let tokens = pointer.split('/').map(|token| token.replace("~1", "/").replace("~0", "~"));
    let words: Vec<String> = tokens.filter(|token| !token.is_empty() && !skipped.contains(&token.as_str())).collect();
    if words.is_empty() { stem.iter().map(|stem| (*stem).to_owned()).collect() } else { words }
}
