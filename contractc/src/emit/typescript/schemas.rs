//! `schemas.ts`: a Zod schema for each declared type. Each schema uses only earlier ones; `z.lazy` closes cycles.

mod objects;
mod plain;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::code::{Code, docs, literal, quoted};
use super::names::{Names, literal_type};
use crate::emit::Plan;
use crate::model::{IntegerWidth, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::pattern::is_unicode_pattern;
use crate::shapes::{DeclarationId, MergedParts, Shape, Type, is_exact_double};

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let emitter = Emitter { plan, names, state: RefCell::default(), used: RefCell::default(), text: RefCell::default() };
    for (_, id) in names.sorted() {
        emitter.declare(id);
    }
    for (alias, schema) in names.aliases() {
        let (name, target) = (&alias.name, names.schema(alias.target));
        let about = docs(&format!("The schema of {{@link types.{name}}}."), 0);
        let _ = write!(emitter.text.borrow_mut(), "\n{about}export const {schema}: z.ZodType<types.{name}> = {target};\n");
    }
    for (schema, name) in names.roots() {
        let expected = Expected::of(names, plan.shapes.root_type(schema).unwrap_or(&Type::Any));
        let code = emitter.body(schema, &expected);
        emitter.define(name, &expected.text, "", code);
    }
    let body = emitter.text.into_inner();
    let types = if super::has_types(plan) { "import type * as types from \"./types.js\";\n" } else { "" };
    let runtime = if body.is_empty() { "" } else { "import * as z from \"zod\";\nimport * as rt from \"./runtime/index.js\";\n" };
    format!(
        "// The schemas of the contract: each validates as JSON Schema does, and `rt.violations` lists the violations.\n\n{runtime}{types}{body}"
    )
}

/// The type that the schema produced by an expression must have.
#[derive(Clone)]
struct Expected {
    /// The type as TypeScript text.
    text: String,
    ty: Type,
}

impl Expected {
    fn of(names: &Names, ty: &Type) -> Expected {
        Expected { text: names.ty(ty, "types."), ty: ty.clone() }
    }

    fn anything() -> Expected {
        Expected::untyped(&Type::Any)
    }

    /// The type of the values, for a schema whose own TypeScript type does not matter.
    fn untyped(ty: &Type) -> Expected {
        Expected { text: "unknown".to_owned(), ty: ty.clone() }
    }

    /// The type of a part of the values.
    fn part(&self, names: &Names, ty: &Type) -> Expected {
        if self.is_anything() { Expected::untyped(ty) } else { Expected::of(names, ty) }
    }

    /// A type given by its text alone.
    fn literal(text: String) -> Expected {
        Expected { text, ty: Type::Any }
    }

    fn is_anything(&self) -> bool {
        self.text == "unknown"
    }

    /// The expression `code`, of type `ty`, converted to the expected type.
    fn from(&self, code: Code, ty: &str) -> Code {
        if self.is_anything() || self.text == ty { code } else { Code::call(format!("rt.as<{}>", self.text), vec![code]) }
    }

    /// A runtime function that creates a schema of any type.
    fn generic(&self, function: &str) -> String {
        if self.is_anything() { format!("rt.{function}") } else { format!("rt.{function}<{}>", self.text) }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Open,
    Done,
}

pub(super) struct Emitter<'p> {
    pub(super) plan: &'p Plan<'p>,
    names: &'p Names,
    state: RefCell<BTreeMap<DeclarationId, Progress>>,
    /// The declarations referenced by the code that was generated since the last check.
    used: RefCell<Vec<DeclarationId>>,
    text: RefCell<String>,
}

impl<'p> Emitter<'p> {
    pub(super) fn schema(&self, id: SchemaId) -> &'p Schema {
        self.plan.contract.schema(id)
    }

    /// Emits a declaration after all others that it uses. Chains of declarations may have any length.
    fn declare(&self, id: DeclarationId) {
        let mut stack = self.open(id).into_iter().collect::<Vec<_>>();
        while let Some((id, uses)) = stack.last_mut() {
            match uses.next() {
                Some(next) => stack.extend(self.open(next)),
                None => {
                    let (id, _) = (*id, stack.pop());
                    let name = self.names.type_name(id);
                    let code = self.declaration(id);
                    self.state.borrow_mut().insert(id, Progress::Done);
                    self.define(self.names.schema(id), &format!("types.{name}"), &format!("The schema of {{@link types.{name}}}."), code);
                }
            }
        }
    }

    /// Visits a declaration that has not been reached yet, and returns it with the declarations that it uses.
    fn open(&self, id: DeclarationId) -> Option<(DeclarationId, std::vec::IntoIter<DeclarationId>)> {
        if self.state.borrow().contains_key(&id) {
            return None;
        }
        self.state.borrow_mut().insert(id, Progress::Open);
        self.used.borrow_mut().clear();
        self.declaration(id);
        Some((id, self.used.take().into_iter()))
    }

    fn declaration(&self, id: DeclarationId) -> Code {
        let declaration = self.plan.shapes.get(id);
        let expected = match &declaration.shape {
            Shape::Wrapper(ty) => Expected::of(self.names, ty),
            _ => Expected::of(self.names, &Type::Declared(id)),
        };
        self.body(declaration.schema, &expected)
    }

    fn define(&self, name: &str, ty: &str, about: &str, code: Code) {
        let head = format!("export const {name}: z.ZodType<{ty}> = rt.define");
        let arrow = Code::Arrow("()".to_owned(), Box::new(code));
        let call = Code::call(head, vec![arrow]).laid_out(0, 0, 1);
        let _ = write!(self.text.borrow_mut(), "\n{}{call};\n", docs(about, 0));
    }

    /// The schema at a place of use: a reference by name if it has one.
    fn check(&self, id: SchemaId, expected: &Expected) -> Code {
        let Some(declaration) = self.plan.shapes.of(self.plan.contract, id) else {
            return self.body(self.plan.contract.resolved(id), expected);
        };
        self.used.borrow_mut().push(declaration);
        let name = self.names.schema(declaration);
        let code = match self.state.borrow().get(&declaration) {
            Some(Progress::Done) => Code::text(name),
            _ => Code::call("z.lazy", vec![Code::Arrow("()".to_owned(), Box::new(Code::text(name)))]),
        };
        expected.from(code, &format!("types.{}", self.names.type_name(declaration)))
    }

    /// A schema that is only used to accept or reject.
    pub(super) fn validator(&self, id: SchemaId) -> Code {
        self.check(id, &Expected::anything())
    }

    pub(super) fn is_anything(&self, id: SchemaId) -> bool {
        self.schema(self.plan.contract.resolved(id)).is_anything()
    }

    pub(super) fn is_never(&self, id: SchemaId) -> bool {
        self.schema(self.plan.contract.resolved(id)).never
    }

    fn body(&self, id: SchemaId, expected: &Expected) -> Code {
        let schema = self.schema(id);
        let inner = match &expected.ty {
            Type::Optional(inner) if schema.accepts_null => expected.part(self.names, inner),
            _ => expected.clone(),
        };
        let mut code = self.keywords(id, &inner);
        if schema.is_secret() && !schema.is_anything() {
            code = Code::call("rt.secret", vec![code]);
        }
        if let Some(max) = schema.max_depth {
            code = Code::call("rt.nested", vec![Code::text(max.to_string()), code]);
        }
        if schema.accepts_null && !schema.is_anything() {
            let nullable = code.then("nullable", Vec::new());
            return if inner.text == expected.text { expected.from(nullable, "") } else { nullable };
        }
        code
    }

    fn keywords(&self, id: SchemaId, expected: &Expected) -> Code {
        let schema = self.schema(id);
        // Every field is named, so that a new keyword cannot be forgotten.
        let Schema {
            // Types and documentation state these.
            span: _,
            pointer: _,
            annotations: _,
            never,
            // `body` handles it, `max_depth`, and secrets.
            accepts_null: _,
            // `typed` checks these, and `rules`.
            types: _,
            // `values` and `values_alone` check these.
            constant: _,
            enumeration: _,
            // `typed` checks these.
            number: _,
            text: _,
            array: _,
            object: _,
            // `merged_parts` has these.
            reference: _,
            all_of: _,
            // `applicators` and `union` check these.
            any_of: _,
            one_of: _,
            not: _,
            condition: _,
            tag: _,
            // The effect of a discriminator is in `tag`.
            discriminator: _,
            rules: _,
            max_depth: _,
            refers_to: _,
            any_collection: _,
            rust_type: _,
            view: _,
            complete: _,
        } = schema;
        if *never {
            return Code::call(expected.generic("never"), Vec::new());
        }
        let (merged, called) = self.merged_parts(id);
        let types = merged.iter().find_map(|part| self.schema(*part).types);
        if let Some(code) = self.values_alone(schema, types, &called, expected) {
            return code;
        }
        let mut checks = Vec::new();
        let whole = Expected::untyped(&expected.ty);
        let called: Vec<Code> = called.iter().filter(|part| !self.is_anything(**part)).map(|part| self.check(*part, &whole)).collect();
        if !called.is_empty() {
            checks.push(Code::call("rt.allOf", called));
        }
        self.values(schema, &mut checks);
        let applied = checks.len();
        self.applicators(schema, &expected.ty, &mut checks);
        if types.is_none() && applied == 0 && checks.len() == 1 && !schema.has_facets() && self.is_union_alone(schema) {
            return self.union(schema, expected);
        }
        self.unevaluated(id, &mut checks);
        self.typed(schema, &merged, types, checks, expected)
    }

    /// The parts of a schema whose members form one object, and the parts that are validated separately.
    fn merged_parts(&self, id: SchemaId) -> (Vec<SchemaId>, Vec<SchemaId>) {
        let MergedParts { mut merged, separate: mut called } = self.plan.shapes.merged_parts(self.plan.contract, id);
        // A member that one part declares may be additional to another part.
        let own = &self.schema(id).object;
        let named = |name: &str| own.properties.iter().any(|(known, _)| known == name);
        let foreign = merged.iter().skip(1).any(|part| self.schema(*part).object.properties.iter().any(|(name, _)| !named(name)));
        if foreign && (own.additional_properties.is_some_and(|rest| !self.is_anything(rest))) {
            called.extend(merged.drain(1..));
        }
        (merged, called)
    }

    /// `const` or `enum` over strings, or any `const`, if the schema has no other keyword than `type`.
    fn values_alone(&self, schema: &Schema, types: Option<Types>, called: &[SchemaId], expected: &Expected) -> Option<Code> {
        let only = Schema { types: None, constant: None, enumeration: None, accepts_null: false, max_depth: None, ..schema.clone() };
        if !called.is_empty() || !only.is_anything() {
            return None;
        }
        match (types, &schema.constant, &schema.enumeration) {
            (Some(Types::STRING), None, Some(values)) if !values.is_empty() && values.iter().all(|value| value.is_string()) => {
                let texts = distinct(values);
                let ty = texts.iter().map(|text| literal_type(text)).collect::<Vec<_>>().join(" | ");
                let code = Code::call("rt.choice", vec![Code::List(texts.into_iter().map(literal).collect())]);
                // A declared enum is the same union under a name.
                Some(if matches!(expected.ty, Type::Declared(_)) && self.is_texts(&expected.ty) { code } else { expected.from(code, &ty) })
            }
            (Some(types), Some(constant), None)
                if (types == Types::STRING && constant.is_string()) || (types == Types::BOOLEAN && constant.is_boolean()) =>
            {
                let code = Code::call("rt.constant", vec![literal(constant)]);
                let fits = expected.text == "boolean" && constant.is_boolean() || self.is_texts(&expected.ty);
                Some(if fits { code } else { expected.from(code, &literal_type(constant)) })
            }
            (None, Some(constant), None) if constant.is_string() || constant.is_boolean() => {
                let code = Code::call("z.literal", vec![literal(constant)]);
                Some(expected.from(code, &literal_type(constant)))
            }
            _ => None,
        }
    }

    /// Whether a type is a declared enum of strings.
    fn is_texts(&self, ty: &Type) -> bool {
        matches!(ty, Type::Declared(id) | Type::Recursive(id) if matches!(self.plan.shapes.get(*id).shape, Shape::Texts(_)))
    }

    /// `type` and the keywords for a single type, followed by all other checks.
    fn typed(&self, schema: &Schema, merged: &[SchemaId], types: Option<Types>, mut checks: Vec<Code>, expected: &Expected) -> Code {
        // Only the parts say that the value is a double: the schema rounds it.
        let types = types.or((expected.ty == Type::Float).then_some(Types::NUMBER));
        let named = types.unwrap_or(Types(0));
        let nullable = named.contains(Types::NULL) && named != Types::NULL;
        let single = Types(named.0 & !Types::NULL.0);
        // With only one other type, and no further checks, null just makes the schema nullable.
        if nullable && checks.is_empty() {
            let inner = match &expected.ty {
                Type::Optional(inner) => expected.part(self.names, inner),
                other => Expected::untyped(other),
            };
            if let Some(code) = self.native(schema, merged, single, &inner) {
                let ty = if inner.is_anything() { "" } else { expected.text.as_str() };
                return expected.from(code.then("nullable", Vec::new()), ty);
            }
        }
        let continues = !matches!(named, Types::STRING | Types::ARRAY);
        if !nullable
            && (checks.is_empty() || continues)
            && let Some(code) = self.native(schema, merged, named, expected)
        {
            return code.checked(checks);
        }
        let mut blocks = Vec::new();
        let mut block = |type_name: &str, any: bool, code: &dyn Fn() -> Code| {
            if any {
                blocks.push(Code::call("rt.where", vec![Code::Text(quoted(type_name)), code()]));
            }
        };
        let content = Expected::untyped(if let Type::Optional(inner) = &expected.ty { inner } else { &expected.ty });
        block("number", schema.number.any(), &|| self.number(schema, Code::call("rt.number", vec![])));
        block("string", schema.text.any(), &|| self.text(schema));
        block("array", self.has_array_rules(schema), &|| self.array(schema, &content));
        block("object", self.has_object_rules(schema, merged), &|| self.object(schema, merged, &content));
        blocks.append(&mut checks);
        let long = (named.contains(Types::INTEGER) && self.long_integers(&expected.ty).is_some()).then_some("bigint");
        let listed = named.names().chain(long).map(|name| Code::Text(quoted(name))).collect();
        Code::call(expected.generic("json"), listed).checked(blocks)
    }

    /// The schema of a single type, with the keywords for it.
    fn native(&self, schema: &Schema, merged: &[SchemaId], types: Types, expected: &Expected) -> Option<Code> {
        Some(match types {
            Types::NULL => expected.from(Code::call("z.null", vec![]), "null"),
            Types::BOOLEAN => expected.from(Code::call("z.boolean", vec![]), "boolean"),
            Types::INTEGER => {
                let integer = match self.long_integers(&expected.ty) {
                    Some(sign) => Code::call("rt.longInteger", sign.map(|sign| Code::Text(quoted(sign))).into_iter().collect()),
                    None => Code::call("rt.integer", vec![]),
                };
                expected.from(self.number(schema, integer), "number")
            }
            // Another schema of the same member states that it may be a long integer.
            Types::NUMBER if self.is_long(&expected.ty) => {
                expected.from(self.number(schema, Code::call("rt.longNumber", vec![])), "number")
            }
            Types::NUMBER => expected.from(self.number(schema, Code::call("rt.number", vec![])), "number"),
            Types::STRING => expected.from(self.text(schema), "string"),
            Types::ARRAY => self.array(schema, expected),
            Types::OBJECT => self.object(schema, merged, expected),
            _ => return None,
        })
    }

    /// Whether a type holds integers beyond 2^53.
    fn is_long(&self, ty: &Type) -> bool {
        match ty {
            Type::LongInteger(_) => true,
            Type::Optional(inner) => self.is_long(inner),
            _ => false,
        }
    }

    /// Whether a type includes integers beyond 2^53, and the sign that limits them.
    fn long_integers(&self, ty: &Type) -> Option<Option<&'static str>> {
        match ty {
            Type::Any => Some(None),
            Type::Listed(values, _) => {
                let is_long = |value: &serde_json::Value| value.as_number().is_some_and(|number| !is_exact_double(number.into()));
                values.iter().any(is_long).then_some(None)
            }
            Type::LongInteger(IntegerWidth::U64) => Some(Some("unsigned")),
            Type::LongInteger(_) => Some(Some("signed")),
            Type::Optional(inner) => self.long_integers(inner),
            Type::Declared(id) | Type::Recursive(id) => match &self.plan.shapes.get(*id).shape {
                Shape::ByType(variants) => {
                    let mut long = variants.iter().filter(|variant| matches!(variant.ty, Type::LongInteger(_)));
                    long.find_map(|variant| self.long_integers(&variant.ty))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// `const` and `enum`
    fn values(&self, schema: &Schema, checks: &mut Vec<Code>) {
        checks.extend(schema.constant.as_ref().map(|value| Code::call("rt.equals", vec![literal(value)])));
        if let Some(values) = &schema.enumeration {
            checks.push(Code::call("rt.oneOfValues", vec![Code::List(values.iter().map(literal).collect())]));
        }
    }

    fn applicators(&self, schema: &Schema, whole: &Type, checks: &mut Vec<Code>) {
        checks.extend(schema.not.map(|not| Code::call("rt.not", vec![self.validator(not)])));
        if !schema.any_of.is_empty() {
            checks.push(Code::call("rt.matchesAny", vec![self.variants(schema, &schema.any_of, whole)]));
        }
        if let Some(tag) = &schema.tag {
            let tagged = Code::call("rt.tagged", vec![Code::Text(quoted(&tag.member)), self.tagged_variants(schema, whole)]);
            checks.push(Code::call("rt.allOf", vec![tagged]));
        } else if !schema.one_of.is_empty() {
            checks.push(Code::call("rt.matchesOne", vec![self.variants(schema, &schema.one_of, whole)]));
        }
        if let Some(condition) = schema.condition {
            let branch = |id: Option<SchemaId>| id.filter(|id| !self.is_anything(*id)).map(|id| self.validator(id));
            let (then, otherwise) = (branch(condition.then), branch(condition.otherwise));
            if then.is_some() || otherwise.is_some() {
                let mut arguments = vec![self.validator(condition.condition), then.unwrap_or_else(|| Code::text("undefined"))];
                arguments.extend(otherwise);
                checks.push(Code::call("rt.condition", arguments));
            }
        }
    }

    fn is_union_alone(&self, schema: &Schema) -> bool {
        let unions = usize::from(!schema.any_of.is_empty()) + usize::from(!schema.one_of.is_empty());
        unions == 1 && schema.not.is_none() && schema.condition.is_none()
    }

    fn union(&self, schema: &Schema, expected: &Expected) -> Code {
        if let Some(tag) = &schema.tag {
            return Code::call(
                expected.generic("tagged"),
                vec![Code::Text(quoted(&tag.member)), self.tagged_variants(schema, &expected.ty)],
            );
        }
        let (function, variants) = if schema.one_of.is_empty() { ("anyOf", &schema.any_of) } else { ("oneOf", &schema.one_of) };
        Code::call(expected.generic(function), vec![self.variants(schema, variants, &expected.ty)])
    }

    fn variants(&self, schema: &Schema, variants: &[SchemaId], union: &Type) -> Code {
        Code::List(variants.iter().map(|id| self.variant(schema, *id, union)).collect())
    }

    /// A variant of a schema whose values have the type `union`.
    fn variant(&self, schema: &Schema, id: SchemaId, union: &Type) -> Code {
        self.check(id, &Expected::untyped(self.variant_type(schema, id, union)))
    }

    fn variant_type<'t>(&'t self, schema: &Schema, id: SchemaId, union: &'t Type) -> &'t Type {
        let declared = match union {
            Type::Optional(inner) => return self.variant_type(schema, id, inner),
            Type::Declared(declared) | Type::Recursive(declared) => self.plan.shapes.get(*declared),
            // All variants have this type.
            _ => return union,
        };
        let (Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged { variants, .. }) = &declared.shape else {
            return union;
        };
        // The type of an object with a union beside its members is a union of complete objects.
        let complete = schema.complete.iter().flat_map(|complete| &complete.variants).find(|complete| complete.variant == id);
        let whole = complete.map_or(id, |complete| complete.whole);
        variants.iter().find(|variant| variant.schema == whole).map_or(&Type::Any, |variant| &variant.ty)
    }

    fn tagged_variants(&self, schema: &Schema, union: &Type) -> Code {
        let values = schema.tag.iter().flat_map(|tag| &tag.values);
        let variants = schema.one_of.iter().zip(values).map(|(id, values)| {
            let tags = match values.as_slice() {
                [only] => literal(only),
                several => Code::List(several.iter().map(literal).collect()),
            };
            Code::List(vec![tags, self.variant(schema, *id, union)])
        });
        Code::List(variants.collect())
    }
}

/// The values without duplicates.
fn distinct(values: &[serde_json::Value]) -> Vec<&serde_json::Value> {
    let mut kept: Vec<&serde_json::Value> = Vec::new();
    values.iter().for_each(|value| {
        if !kept.contains(&value) {
            kept.push(value);
        }
    });
    kept
}

fn texts(texts: &[&str]) -> Code {
    Code::List(texts.iter().map(|text| Code::Text(quoted(text))).collect())
}

/// A pattern as a regex literal, if it is valid with the `u` flag.
pub(super) fn pattern(source: &str) -> Code {
    let is_unicode = is_unicode_pattern(source) == Ok(true);
    let plain = !source.is_empty() && !source.contains(['\n', '\r', '\u{2028}', '\u{2029}', '/']);
    match (is_unicode, plain) {
        (true, true) => Code::Text(format!("/{source}/u")),
        (true, false) => Code::Text(format!("new RegExp({}, \"u\")", quoted(source))),
        (false, _) => Code::Text(format!("new RegExp({})", quoted(source))),
    }
}
