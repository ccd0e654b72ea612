//! Finds the shape of each schema in three phases: first the schemas that always have names, then the types of all uses, which declare the
//! types that need a name, and finally the shape of each declaration, which may declare more types.

mod arrays;
mod narrowness;
mod unions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value as JsonValue;

use self::narrowness::Narrowness;
use super::equal::Equals;
use super::losses::Loss;
use super::stated::Stated;
use super::{Declaration, DeclarationId, Field, FieldKind, Shape, Shapes, Type, is_exact_double};
use crate::model::{Contract, IntegerWidth, Merged, NumberRules, Operation, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

/// The maximum depth of inline schemas without a name. Deeper ones are declared.
const INLINE_DEPTH_MAX: usize = 32;

pub(super) struct Finder<'c> {
    pub(super) contract: &'c Contract,
    /// The words for schemas that are always declared: named and referenced ones.
    pub(super) names: BTreeMap<SchemaId, Vec<String>>,
    /// The words for the unnamed schemas of members, from the named schema that states the member. Others may share the schema.
    member_names: BTreeMap<SchemaId, Vec<String>>,
    pub(super) shapes: Shapes,
    /// The declarations that hold a schema's values without null.
    contents: BTreeMap<SchemaId, DeclarationId>,
    /// The declarations whose shape has not been found yet.
    open: VecDeque<(DeclarationId, Holds)>,
    /// The JSON types that schemas accept, as far as they were asked for.
    accepted: BTreeMap<SchemaId, Types>,
    /// The schemas whose types are used. Equal schemas share a type, but only the place of a used one is of interest.
    used: BTreeSet<SchemaId>,
    /// What the types of schemas do not say.
    losses: BTreeMap<SchemaId, Loss>,
    /// The unnamed schemas whose type is being found, from the outermost to the innermost.
    visiting: Vec<SchemaId>,
}

/// Which values of its schema a declaration holds.
#[derive(Clone, Copy)]
enum Holds {
    /// All of them.
    All,
    /// All except null: the user of the declaration adds null.
    Content,
}

impl<'c> Finder<'c> {
    /// Finds the shapes of all named schemas and of everything that operations use.
    pub(super) fn find(contract: &'c Contract) -> Shapes {
        let names = names(contract);
        let equals = Equals::new(contract, &names.keys().copied().collect());
        let mut finder = Finder {
            contract,
            member_names: member_names(contract, &names, &equals),
            names,
            shapes: Shapes { equals, ..Shapes::default() },
            contents: BTreeMap::new(),
            open: VecDeque::new(),
            accepted: BTreeMap::new(),
            used: BTreeSet::new(),
            losses: BTreeMap::new(),
            visiting: Vec::new(),
        };
        // A schema without a name is named after a named schema that contains it, rather than after a view or an operation.
        for wants_view in [false, true] {
            for (_, id) in contract.names.iter().filter(|(_, id)| contract.schema(*id).view.is_some() == wants_view) {
                finder.type_of(*id, &[]);
            }
            finder.close();
        }
        for operation in &contract.operations {
            finder.operation(operation);
        }
        finder.close();
        // A schema that only `not`, `if`, `contains` or `propertyNames` use has no type, unless it contains itself: then code calls its function.
        let undeclared = |id: &SchemaId| !finder.shapes.by_schema.contains_key(&finder.shapes.representative(contract, *id));
        let circular: Vec<SchemaId> = finder.names.keys().copied().filter(undeclared).filter(|id| contains_itself(contract, *id)).collect();
        let used = std::mem::take(&mut finder.used);
        for id in circular {
            finder.type_of(id, &[]);
        }
        finder.close();
        finder.shapes.losses = used.into_iter().filter_map(|id| Some((id, finder.loss(id)?))).collect();
        finder.shapes
    }

    /// What the type of a used schema does not say.
    fn loss(&self, used: SchemaId) -> Option<Loss> {
        self.losses.get(&self.shapes.representative(self.contract, used)).copied()
    }

    /// Finds the shapes of all declarations that do not have one yet.
    fn close(&mut self) {
        while let Some((id, holds)) = self.open.pop_front() {
            let shape = self.declared_shape(id, holds);
            self.shapes.declarations[id.0].shape = shape;
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let id = operation.id.as_str();
        for parameter in &operation.parameters {
            self.root(parameter.schema, &[id, &parameter.name]);
        }
        for media in operation.body.iter().flat_map(|body| &body.media) {
            for (schema, member) in media.typed_schemas(self.contract) {
                let words: Vec<&str> = [id, "body"].into_iter().chain(member.as_deref()).collect();
                self.root(schema, &words);
            }
        }
        for response in &operation.responses {
            let status = response.status.text();
            for header in &response.headers {
                header.schema.inspect(|schema| self.root(*schema, &[&header.name, "header"]));
            }
            for media in response.media.iter().filter(|media| media.is_typed(self.contract) || media.is_read(self.contract)) {
                media.schema.inspect(|schema| self.root(*schema, &[id, "body", &status]));
            }
        }
    }

    fn root(&mut self, schema: SchemaId, words: &[&str]) {
        let ty = self.type_of(schema, words);
        let words = owned(words);
        let shared = self.shapes.representative(self.contract, schema);
        self.shapes.roots.entry(shared).or_insert_with(|| (ty.clone(), words.clone()));
        self.shapes.roots.entry(schema).or_insert((ty, words));
    }

    /// The type of a schema where it is used. `words` are the words for its name.
    pub(super) fn type_of(&mut self, id: SchemaId, words: &[&str]) -> Type {
        self.used.insert(self.contract.resolved(id));
        let id = self.shapes.representative(self.contract, id);
        if let Some(name) = self.names.get(&id) {
            return self.declare_all(id, name.clone());
        }
        let name = self.member_names.get(&id).cloned();
        let words: Vec<&str> = name.as_ref().map_or(words.to_vec(), |name| name.iter().map(String::as_str).collect());
        let words = words.as_slice();
        if let Some(target) = self.contract.schema(id).nullable_alias() {
            return optional(self.type_of(target, words));
        }
        let merged = Merged::new(self.contract, id);
        let is_declared = self.contents.contains_key(&id);
        let ends_here = self.visiting.contains(&id) || self.visiting.len() >= INLINE_DEPTH_MAX;
        let content = if is_declared || ends_here || merged.is_record() {
            self.declare_content(id, owned(words))
        } else {
            self.visiting.push(id);
            let shape = self.shape(id, &merged, words);
            self.visiting.pop();
            match shape {
                Shape::Wrapper(ty) => ty,
                shape => self.declare_shape(id, owned(words), shape),
            }
        };
        if merged.nullable { optional(content) } else { content }
    }

    /// Declares a type for all values of a schema, null included.
    pub(super) fn declare_all(&mut self, id: SchemaId, words: Vec<String>) -> Type {
        if !Merged::new(self.contract, id).nullable {
            return self.declare_content(id, words);
        }
        let known = self.shapes.by_schema.get(&id).filter(|known| self.contents.get(&id) != Some(known));
        Type::Declared(known.copied().unwrap_or_else(|| {
            let declared = self.shapes.declare(id, words);
            self.shapes.by_schema.insert(id, declared);
            self.open.push_back((declared, Holds::All));
            declared
        }))
    }

    /// Declares a type for the values of a schema without null. Its shape is found later.
    fn declare_content(&mut self, id: SchemaId, words: Vec<String>) -> Type {
        let known = self.contents.get(&id).copied();
        Type::Declared(known.unwrap_or_else(|| {
            let declared = self.content(id, words);
            self.open.push_back((declared, Holds::Content));
            declared
        }))
    }

    /// Declares a type whose shape is already known.
    fn declare_shape(&mut self, id: SchemaId, words: Vec<String>, shape: Shape) -> Type {
        let known = self.contents.get(&id).copied();
        Type::Declared(known.unwrap_or_else(|| {
            let declared = self.content(id, words);
            self.shapes.declarations[declared.0].shape = shape;
            declared
        }))
    }

    fn content(&mut self, id: SchemaId, words: Vec<String>) -> DeclarationId {
        let declared = self.shapes.declare(id, words);
        self.contents.insert(id, declared);
        self.shapes.by_schema.entry(id).or_insert(declared);
        declared
    }

    fn declared_shape(&mut self, declaration: DeclarationId, holds: Holds) -> Shape {
        let Declaration { schema, words, .. } = self.shapes.get(declaration);
        let (id, words) = (*schema, words.clone());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match holds {
            Holds::Content => self.shape(id, &Merged::new(self.contract, id), &words),
            Holds::All => Shape::Wrapper(optional(self.nullable_content(id, &words))),
        }
    }

    /// The content of a declaration that may be null. A structure is declared separately, with `value` appended to its words.
    fn nullable_content(&mut self, id: SchemaId, words: &[&str]) -> Type {
        if let Some(target) = self.contract.schema(id).nullable_alias() {
            return self.type_of(target, words);
        }
        if let Some(known) = self.contents.get(&id) {
            return Type::Declared(*known);
        }
        match self.shape(id, &Merged::new(self.contract, id), words) {
            Shape::Wrapper(ty) => ty,
            shape => self.declare_shape(id, owned(&[words, &["value"]].concat()), shape),
        }
    }

    /// The shape of a schema's values without null; a wrapper if nothing has to be declared.
    fn shape(&mut self, id: SchemaId, merged: &Merged<'c>, words: &[&str]) -> Shape {
        if merged.parts.iter().any(|part| part.never) {
            return Shape::Wrapper(Type::Any);
        }
        if let Some(complete) = &self.contract.schema(id).complete {
            return self.complete_union(complete, words);
        }
        if let Some(shape) = merged.values_shape() {
            return shape;
        }
        if merged.is_record() {
            return self.record(merged, words);
        }
        if let Some(shape) = self.union(merged, words) {
            return shape;
        }
        let Some(types) = merged.types else {
            self.note_untyped(id, merged);
            return Shape::Wrapper(Type::Any);
        };
        if types.0 == 0 {
            // The parts contradict each other, so that no value is valid and no type is needed.
            return Shape::Wrapper(Type::Any);
        }
        Shape::Wrapper(match types {
            Types::NULL => Type::Null,
            Types::BOOLEAN => Type::Bool,
            Types::INTEGER => integer(self.contract, merged),
            Types::STRING => Type::Text,
            Types::ARRAY => self.list(id, merged, words),
            Types::OBJECT => Type::Map(Box::new(self.rest(merged, words).unwrap_or(Type::Any))),
            types if types.contains(Types::NUMBER) && types.0 & !Types::INTEGER.0 == Types::NUMBER.0 => Type::Float,
            _ => return unions::several_types(types, id, integer(self.contract, merged)),
        })
    }

    fn record(&mut self, merged: &Merged<'c>, words: &[&str]) -> Shape {
        let required = merged.required();
        let mut fields = Vec::new();
        for (name, schemas) in merged.members(self.contract) {
            let is_required = required.contains(name);
            let (whole, kind) = self.member(&schemas, is_required, &[words, &[name]].concat());
            fields.push(Field { name: name.to_owned(), schema: schemas[0], whole, required: is_required, kind });
        }
        fields.sort_by_key(|field| !field.required);
        Shape::Record { fields, rest: self.rest(merged, words), states_others: merged.states_others(self.contract) }
    }

    /// The content of a member with all of these schemas, and the schema of the values that all of them accept.
    fn member(&mut self, schemas: &[SchemaId], is_required: bool, words: &[&str]) -> (Option<SchemaId>, FieldKind) {
        let whole = self.contract.conjunction(schemas);
        // Only the schemas in the type that is chosen are used.
        let others = std::mem::take(&mut self.used);
        let known = whole.map(|whole| self.kind(whole, is_required, words));
        let content = match known {
            Some(known) if schemas.len() == 1 || !is_any(&known) => (whole, known),
            // The values of all schemas have no type that says more. The narrowest type of one of them holds them, too.
            _ => (None, self.narrowest(schemas, is_required, words)),
        };
        // The set of the others may be much larger.
        let own = std::mem::replace(&mut self.used, others);
        self.used.extend(own);
        content
    }

    fn narrowest(&mut self, schemas: &[SchemaId], is_required: bool, words: &[&str]) -> FieldKind {
        let mut kinds = Vec::with_capacity(schemas.len());
        for schema in schemas.iter().rev() {
            self.used.clear();
            let kind = self.kind(*schema, is_required, words);
            kinds.push((*schema, kind, std::mem::take(&mut self.used)));
        }
        // Of equally narrow types, that of the first schema.
        let narrowness = |(schema, kind, _): &(SchemaId, FieldKind, _)| Narrowness::of(self.contract, *schema, kind, &mut self.accepted);
        let Some((_, kind, used)) = kinds.into_iter().max_by_key(narrowness) else { return FieldKind::Value(Type::Any) };
        self.used = used;
        kind
    }

    fn kind(&mut self, schema: SchemaId, is_required: bool, words: &[&str]) -> FieldKind {
        match Merged::new(self.contract, self.contract.resolved(schema)).single_value() {
            Some(constant) if is_required => FieldKind::Constant(constant),
            _ => FieldKind::Value(self.type_of(schema, words)),
        }
    }

    /// The type of values with all of these schemas. Without a schema, they are any values.
    fn type_of_all(&mut self, schemas: &[SchemaId], words: &[&str]) -> Type {
        match self.contract.conjunction(schemas).or(schemas.first().copied()) {
            Some(whole) => self.type_of(whole, words),
            None => Type::Any,
        }
    }

    /// The type of undeclared members; `None` if there are none.
    fn rest(&mut self, merged: &Merged<'c>, words: &[&str]) -> Option<Type> {
        let is_open = !merged.is_closed(self.contract);
        is_open.then(|| self.type_of_all(&merged.others(), &[words, &["other"]].concat()))
    }
}

/// Whether a kind says at most that a value is a list or a map.
fn is_any(kind: &FieldKind) -> bool {
    let is_any = |ty: &Type| *ty == Type::Any || matches!(ty, Type::List(inner) | Type::Map(inner) if **inner == Type::Any);
    match kind {
        FieldKind::Value(Type::Optional(ty)) => is_any(ty),
        FieldKind::Value(ty) => is_any(ty),
        FieldKind::Constant(_) => false,
    }
}

/// The words for the schemas that are always declared.
fn names(contract: &Contract) -> BTreeMap<SchemaId, Vec<String>> {
    let mut names = BTreeMap::new();
    // A schema's own name is preferred, then the name at the end of an unnamed schema's pointer, then any other name that leads to it.
    let rank = |(name, id): &&(String, SchemaId)| {
        let target = contract.resolved(*id);
        let place = contract.place_words(target);
        (target != *id, !place.last().is_some_and(|word| word.eq_ignore_ascii_case(name)))
    };
    let mut named: Vec<&(String, SchemaId)> = contract.names.iter().collect();
    named.sort_by_key(rank);
    for (name, id) in named {
        names.entry(contract.resolved(*id)).or_insert_with(|| vec![name.clone()]);
    }
    // A type that replaces a generated one needs a name under which it is declared.
    let foreign = (0..contract.schemas.len()).map(SchemaId).filter(|id| contract.schema(*id).rust_type.is_some());
    for id in foreign {
        names.entry(id).or_insert_with(|| contract.place_words(id));
    }
    // Referenced schemas are shared, and may be recursive.
    for target in contract.schemas.iter().filter_map(|schema| schema.reference) {
        let target = contract.resolved(target);
        names.entry(target).or_insert_with(|| contract.place_words(target));
    }
    names
}

/// The words for the unnamed schemas of the members of named schemas. Of equal schemas, the first one in the document decides.
fn member_names(contract: &Contract, names: &BTreeMap<SchemaId, Vec<String>>, equals: &Equals) -> BTreeMap<SchemaId, Vec<String>> {
    let (mut found, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let mut open: Vec<(SchemaId, Vec<String>)> = names.iter().rev().map(|(id, words)| (*id, words.clone())).collect();
    while let Some((id, words)) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let schema = contract.schema(id);
        open.extend(schema.all_of.iter().filter(|part| !names.contains_key(&contract.resolved(**part))).map(|part| (*part, words.clone())));
        let members = schema.object.properties.iter().map(|(name, id)| (name.as_str(), *id));
        let all =
            members.chain(schema.object.additional_properties.map(|id| ("other", id))).chain(schema.array.items.map(|id| ("item", id)));
        for (word, inner) in all.filter(|(_, inner)| !names.contains_key(&contract.resolved(*inner))) {
            let words: Vec<String> = words.iter().cloned().chain([word.to_owned()]).collect();
            found.entry(equals.of(contract, inner)).or_insert_with(|| words.clone());
            open.push((inner, words));
        }
    }
    found
}

/// Whether a schema contains itself, through any keywords.
fn contains_itself(contract: &Contract, id: SchemaId) -> bool {
    let (mut open, mut seen) = (vec![id], BTreeSet::new());
    while let Some(next) = open.pop() {
        let mut inner = Vec::new();
        contract.schema(next).clone().each_inner(|_, id| inner.push(contract.resolved(*id)));
        if inner.contains(&id) {
            return true;
        }
        open.extend(inner.into_iter().filter(|id| seen.insert(*id)));
    }
    false
}

fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) | Type::Any | Type::Null => ty,
        other => Type::Optional(Box::new(other)),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The type of an integer. It is long if the contract names 64 bits, or a value or bound that a double cannot hold, and the bounds allow
/// such values.
fn integer(contract: &Contract, merged: &Merged<'_>) -> Type {
    let width = width(merged);
    let variants = variants(contract, merged);
    let rules = || merged.parts.iter().map(|part| &part.number);
    let named = || merged.parts.iter().chain(&variants).map(|part| &part.number);
    let bounds = |rules: &NumberRules| [rules.minimum, rules.exclusive_minimum, rules.maximum, rules.exclusive_maximum];
    let lows = || rules().flat_map(|rules| [rules.minimum, rules.exclusive_minimum]).flatten();
    let highs = || rules().flat_map(|rules| [rules.maximum, rules.exclusive_maximum]).flatten();
    let is_small = |bound: Number| bound.to_f64().abs() < (1_u64 << f64::MANTISSA_DIGITS) as f64;
    let names_long = named().any(|rules| matches!(rules.width, Some(IntegerWidth::I64 | IntegerWidth::U64)))
        || named().flat_map(bounds).flatten().any(|number| !is_exact_double(number))
        || variants.iter().any(|part| names_long_format(part))
        || variants.iter().flat_map(|part| part.constant.iter().chain(part.enumeration.iter().flatten())).any(is_long)
        || stated(merged).any(|stated| stated.is_long);
    let is_bounded = lows().any(is_small) && highs().any(is_small);
    if names_long && !is_bounded { Type::LongInteger(width) } else { Type::Integer(width) }
}

/// Whether a variant without a type of its own has the format of integers of 64 bits.
fn names_long_format(part: &Schema) -> bool {
    let width = part.annotations.format.as_deref().and_then(IntegerWidth::from_format);
    part.types.is_none() && matches!(width, Some(IntegerWidth::I64 | IntegerWidth::U64))
}

/// Whether a value is an integer that no double holds.
fn is_long(value: &JsonValue) -> bool {
    matches!(value, JsonValue::Number(number) if !is_exact_double(Number::from(number)))
}

/// The parts of all variants of a schema, and of their variants.
fn variants<'c>(contract: &'c Contract, merged: &Merged<'c>) -> Vec<&'c Schema> {
    let of = |part: &&'c Schema| part.one_of.iter().chain(&part.any_of).copied().collect::<Vec<_>>();
    let (mut open, mut seen) = (merged.parts.iter().flat_map(of).collect::<Vec<_>>(), BTreeSet::new());
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        for part in contract.all_of_closure(id).into_iter().filter(|part| seen.insert(*part)) {
            found.push(contract.schema(part));
            open.extend(of(&contract.schema(part)));
        }
    }
    found
}

/// What the parts state as defaults and examples.
fn stated<'m>(merged: &'m Merged<'_>) -> impl Iterator<Item = Stated> + 'm {
    merged.parts.iter().map(|part| Stated::of(&part.annotations))
}

/// The type of listed values, each once. If both booleans are listed, the type is a plain boolean.
fn one_of(mut values: Vec<JsonValue>, ty: Type) -> Type {
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.to_string()));
    if ty == Type::Bool && values.len() > 1 { ty } else { Type::Listed(values, Box::new(ty)) }
}

/// The width that a format names. Otherwise 64 bits, unsigned only if no signed type holds all accepted values.
fn width(merged: &Merged<'_>) -> IntegerWidth {
    if let Some(width) = merged.parts.iter().find_map(|part| part.number.width) {
        return width;
    }
    let above = |bound: Number| bound.compare(Number::Signed(i64::MAX)) == std::cmp::Ordering::Greater;
    let large = merged.parts.iter().filter_map(|part| part.number.maximum).any(above) || stated(merged).any(|stated| stated.is_unsigned);
    let negative = |bound: Number| bound.compare(Number::Signed(0)) == std::cmp::Ordering::Less;
    let signed = merged.parts.iter().all(|part| part.number.minimum.is_none_or(negative));
    if large && !signed { IntegerWidth::U64 } else { IntegerWidth::I64 }
}

impl Shapes {
    fn declare(&mut self, schema: SchemaId, words: Vec<String>) -> DeclarationId {
        self.declarations.push(Declaration { words, schema, shape: Shape::Wrapper(Type::Any) });
        DeclarationId(self.declarations.len() - 1)
    }
}

impl Merged<'_> {
    /// The shape of `const` and `enum`.
    fn values_shape(&self) -> Option<Shape> {
        let listed = self.values()?;
        let is_never = listed.is_empty();
        let values: Vec<JsonValue> = listed.into_iter().filter(|value| !value.is_null()).cloned().collect();
        let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        Some(match texts {
            Some(texts) if !texts.is_empty() => Shape::Texts(texts),
            _ if is_never => Shape::Wrapper(Type::Any),
            _ if values.is_empty() => Shape::Wrapper(Type::Null),
            _ if values.iter().all(JsonValue::is_boolean) => Shape::Wrapper(one_of(values, Type::Bool)),
            _ => Shape::Wrapper(self.listed_numbers(values)),
        })
    }

    /// The type of listed values that are numbers. A double holds those that are not integers, unless it would round another one.
    fn listed_numbers(&self, values: Vec<JsonValue>) -> Type {
        let numbers: Option<Vec<Number>> = values.iter().map(|value| value.as_number().map(Number::from)).collect();
        let Some(numbers) = numbers else { return Type::Any };
        let are_exact = numbers.iter().all(|number| is_exact_double(*number));
        // `2.0` is an integer too, but where doubles are listed it is one of them.
        let is_whole = |value: &JsonValue| !value.is_f64() || !are_exact || self.types == Some(Types::INTEGER);
        let fit = |fits: fn(Number) -> bool| values.iter().all(is_whole) && numbers.iter().all(|number| fits(*number));
        let width = if fit(|number| number.to_i64().is_some()) {
            IntegerWidth::I64
        } else if fit(|number| number.to_u64().is_some()) {
            IntegerWidth::U64
        } else {
            return if are_exact { one_of(values, Type::Float) } else { Type::Any };
        };
        if are_exact { one_of(values, Type::Integer(width)) } else { Type::LongInteger(width) }
    }
}
