//! `schemas.ts`: a Zod schema for each declared type, in an order in which each uses only those before it; `z.lazy` closes cycles.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::code::{Code, docs, key, literal, quoted};
use super::names::{Names, literal_type};
use crate::emit::Plan;
use crate::model::{Schema, SchemaId, Sign};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use crate::runtime::pattern::is_unicode_pattern;
use crate::shapes::{DeclarationId, Field, FieldKind, Shape, Type};

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let emitter = Emitter { plan, names, state: RefCell::default(), text: RefCell::default() };
    for (_, id) in names.sorted() {
        emitter.declare(id);
    }
    for (schema, name) in names.roots() {
        let wanted = Wanted::of(names, plan.shapes.root_type(schema).unwrap_or(&Type::Any));
        let code = emitter.body(schema, &wanted);
        emitter.define(name, &wanted.text, "", code);
    }
    let body = emitter.text.into_inner();
    let types = if body.contains("types.") { "import type * as types from \"./types.js\";\n" } else { "" };
    let runtime = if body.is_empty() { "" } else { "import * as z from \"zod\";\nimport * as rt from \"./runtime/index.js\";\n" };
    format!(
        "// The schemas of the contract: each judges as JSON Schema does, and `rt.violations` names what is wrong.\n\n{runtime}{types}{body}"
    )
}

/// The type that an expression is to be a schema of.
#[derive(Clone)]
struct Wanted {
    /// As it is written.
    text: String,
    ty: Type,
}

impl Wanted {
    fn of(names: &Names, ty: &Type) -> Wanted {
        Wanted { text: names.ty(ty, "types."), ty: ty.clone() }
    }

    fn anything() -> Wanted {
        Wanted { text: "unknown".to_owned(), ty: Type::Any }
    }

    /// A type that is written in no other way.
    fn literal(text: String) -> Wanted {
        Wanted { text, ty: Type::Any }
    }

    fn is_anything(&self) -> bool {
        self.text == "unknown"
    }

    /// The expression `code`, whose own type is `ty`, as one of the wanted type.
    fn from(&self, code: Code, ty: &str) -> Code {
        if self.is_anything() || self.text == ty { code } else { Code::call(format!("rt.as<{}>", self.text), vec![code]) }
    }

    /// A function of the runtime that makes a schema of any type.
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
    plan: &'p Plan<'p>,
    names: &'p Names,
    state: RefCell<BTreeMap<DeclarationId, Progress>>,
    text: RefCell<String>,
}

impl<'p> Emitter<'p> {
    pub(super) fn schema(&self, id: SchemaId) -> &'p Schema {
        self.plan.contract.schema(id)
    }

    fn declare(&self, id: DeclarationId) {
        if self.state.borrow().contains_key(&id) {
            return;
        }
        self.state.borrow_mut().insert(id, Progress::Open);
        let declaration = self.plan.shapes.get(id);
        let name = self.names.type_name(id);
        let wanted = match &declaration.shape {
            Shape::Wrapper(ty) => Wanted::of(self.names, ty),
            _ => Wanted::of(self.names, &Type::Declared(id)),
        };
        let code = self.body(declaration.schema, &wanted);
        self.state.borrow_mut().insert(id, Progress::Done);
        self.define(self.names.schema(id), &format!("types.{name}"), &format!("The schema of {{@link types.{name}}}."), code);
    }

    fn define(&self, name: &str, ty: &str, about: &str, code: Code) {
        let head = format!("export const {name}: z.ZodType<{ty}> = rt.define");
        let arrow = Code::Arrow("()".to_owned(), Box::new(code));
        let call = Code::call(head, vec![arrow]).laid_out(0, 0, 1);
        let _ = write!(self.text.borrow_mut(), "\n{}{call};\n", docs(about, 0));
    }

    /// A schema where it is used: by its name if it has one.
    fn check(&self, id: SchemaId, wanted: &Wanted) -> Code {
        let Some(declaration) = self.plan.shapes.of(self.plan.contract, id) else {
            return self.body(self.plan.contract.resolved(id), wanted);
        };
        self.declare(declaration);
        let name = self.names.schema(declaration);
        let code = match self.state.borrow().get(&declaration) {
            Some(Progress::Done) => Code::text(name),
            _ => Code::call("z.lazy", vec![Code::Arrow("()".to_owned(), Box::new(Code::text(name)))]),
        };
        wanted.from(code, &format!("types.{}", self.names.type_name(declaration)))
    }

    /// A schema of which only the verdict counts.
    pub(super) fn judge(&self, id: SchemaId) -> Code {
        self.check(id, &Wanted::anything())
    }

    pub(super) fn is_anything(&self, id: SchemaId) -> bool {
        self.schema(self.plan.contract.resolved(id)).is_anything()
    }

    pub(super) fn is_never(&self, id: SchemaId) -> bool {
        self.schema(self.plan.contract.resolved(id)).never
    }

    fn body(&self, id: SchemaId, wanted: &Wanted) -> Code {
        let schema = self.schema(id);
        let inner = match &wanted.ty {
            Type::Optional(inner) if schema.accepts_null => Wanted::of(self.names, inner),
            _ => wanted.clone(),
        };
        let mut code = self.keywords(id, &inner);
        if let Some(max) = schema.max_depth {
            code = Code::call("rt.nested", vec![Code::text(max.to_string()), code]);
        }
        if schema.accepts_null && !schema.is_anything() {
            let nullable = code.then("nullable", Vec::new());
            return if inner.text == wanted.text { wanted.from(nullable, "") } else { nullable };
        }
        code
    }

    fn keywords(&self, id: SchemaId, wanted: &Wanted) -> Code {
        let schema = self.schema(id);
        if schema.never {
            return Code::call(wanted.generic("never"), Vec::new());
        }
        let (merged, called) = self.conjuncts(id);
        let types = merged.iter().find_map(|part| self.schema(*part).types);
        if let Some(code) = self.values_alone(schema, types, &called, wanted) {
            return code;
        }
        let mut checks = Vec::new();
        let called: Vec<Code> = called.iter().filter(|part| !self.is_anything(**part)).map(|part| self.judge(*part)).collect();
        if !called.is_empty() {
            checks.push(Code::call("rt.allOf", called));
        }
        self.values(schema, &mut checks);
        let applied = checks.len();
        self.applicators(schema, &mut checks);
        if types.is_none() && applied == 0 && checks.len() == 1 && !schema.has_facets() && self.is_union_alone(schema) {
            return self.union(schema, wanted);
        }
        self.unevaluated(id, &mut checks);
        self.typed(schema, &merged, types, checks, wanted)
    }

    /// The parts of a schema whose members are those of one object, and those that are judged apart.
    fn conjuncts(&self, id: SchemaId) -> (Vec<SchemaId>, Vec<SchemaId>) {
        let (mut merged, mut called) = (vec![id], Vec::new());
        let is_declared = self.plan.shapes.of(self.plan.contract, id).is_some();
        let mut next = 0;
        while let Some(part) = merged.get(next).copied() {
            next += 1;
            for inner in self.schema(part).reference.iter().chain(&self.schema(part).all_of) {
                let resolved = self.plan.contract.resolved(*inner);
                let has_name = self.plan.shapes.of(self.plan.contract, resolved).is_some();
                if self.is_plain_object(resolved) && (is_declared || !has_name) {
                    if !merged.contains(&resolved) {
                        merged.push(resolved);
                    }
                } else if !called.contains(inner) {
                    called.push(*inner);
                }
            }
        }
        // What one part names is additional to another part that does not.
        let own = &self.schema(id).object;
        let named = |name: &str| own.properties.iter().any(|(known, _)| known == name);
        let foreign = merged.iter().skip(1).any(|part| self.schema(*part).object.properties.iter().any(|(name, _)| !named(name)));
        if foreign && (own.additional_properties.is_some_and(|rest| !self.is_anything(rest))) {
            called.extend(merged.drain(1..));
        }
        (merged, called)
    }

    /// Whether a schema says no more than which members an object has.
    fn is_plain_object(&self, id: SchemaId) -> bool {
        let schema = self.schema(id);
        let members_alone = Schema {
            span: schema.span,
            pointer: String::new(),
            types: None,
            object: Default::default(),
            reference: None,
            all_of: Vec::new(),
            annotations: Default::default(),
            ..schema.clone()
        };
        let is_object = schema.types == Some(Types::OBJECT) && schema.object.is_plain();
        is_object && members_alone.is_anything() && !schema.accepts_null && !schema.array.each
    }

    /// `const` or `enum` over strings, or a `const`, with nothing but its type beside it.
    fn values_alone(&self, schema: &Schema, types: Option<Types>, called: &[SchemaId], wanted: &Wanted) -> Option<Code> {
        let only = Schema { types: None, constant: None, enumeration: None, accepts_null: false, max_depth: None, ..schema.clone() };
        if !called.is_empty() || !only.is_anything() {
            return None;
        }
        match (types, &schema.constant, &schema.enumeration) {
            (Some(Types::STRING), None, Some(values)) if !values.is_empty() && values.iter().all(|value| value.is_string()) => {
                let texts = distinct(values);
                let ty = texts.iter().map(|text| literal_type(text)).collect::<Vec<_>>().join(" | ");
                let code = Code::call("rt.choice", vec![Code::List(texts.into_iter().map(literal).collect())]);
                // A declared set is the same union under a name.
                Some(if matches!(wanted.ty, Type::Declared(_)) && self.is_texts(&wanted.ty) { code } else { wanted.from(code, &ty) })
            }
            (Some(types), Some(constant), None)
                if (types == Types::STRING && constant.is_string()) || (types == Types::BOOLEAN && constant.is_boolean()) =>
            {
                let code = Code::call("rt.constant", vec![literal(constant)]);
                let fits = wanted.text == "boolean" && constant.is_boolean() || self.is_texts(&wanted.ty);
                Some(if fits { code } else { wanted.from(code, &literal_type(constant)) })
            }
            (None, Some(constant), None) if constant.is_string() || constant.is_boolean() => {
                let code = Code::call("z.literal", vec![literal(constant)]);
                Some(wanted.from(code, &literal_type(constant)))
            }
            _ => None,
        }
    }

    /// Whether a type is a declared set of strings.
    fn is_texts(&self, ty: &Type) -> bool {
        matches!(ty, Type::Declared(id) | Type::Recursive(id) if matches!(self.plan.shapes.get(*id).shape, Shape::Texts(_)))
    }

    /// `type`, and the keywords that speak of one type, with all other checks behind them.
    fn typed(&self, schema: &Schema, merged: &[SchemaId], types: Option<Types>, mut checks: Vec<Code>, wanted: &Wanted) -> Code {
        let named = types.unwrap_or(Types(0));
        let nullable = named.contains(Types::NULL) && named != Types::NULL;
        let single = Types(named.0 & !Types::NULL.0);
        // Null beside one other type is no more than a schema that may be null, where nothing else looks at the value.
        if nullable && checks.is_empty() {
            let inner = match &wanted.ty {
                Type::Optional(inner) => Wanted::of(self.names, inner),
                _ => Wanted::anything(),
            };
            if let Some(code) = self.native(schema, merged, single, &inner) {
                let ty = if inner.is_anything() { "" } else { wanted.text.as_str() };
                return wanted.from(code.then("nullable", Vec::new()), ty);
            }
        }
        let continues = !matches!(named, Types::STRING | Types::ARRAY);
        if !nullable
            && (checks.is_empty() || continues)
            && let Some(code) = self.native(schema, merged, named, wanted)
        {
            return code.checked(checks);
        }
        let mut blocks = Vec::new();
        let mut block = |type_name: &str, any: bool, code: &dyn Fn() -> Code| {
            if any {
                blocks.push(Code::call("rt.where", vec![Code::Text(quoted(type_name)), code()]));
            }
        };
        let anything = Wanted::anything();
        block("number", schema.number.any(), &|| self.number(schema, Code::call("z.number", vec![])));
        block("string", schema.text.any(), &|| self.text(schema));
        block("array", self.has_array_rules(schema), &|| self.array(schema, &anything));
        block("object", self.has_object_rules(schema, merged), &|| self.object(schema, merged, &anything));
        blocks.append(&mut checks);
        let listed = type_names(named).into_iter().map(|name| Code::Text(quoted(name))).collect();
        Code::call(wanted.generic("json"), listed).checked(blocks)
    }

    /// The schema of a single type, with its own keywords.
    fn native(&self, schema: &Schema, merged: &[SchemaId], types: Types, wanted: &Wanted) -> Option<Code> {
        Some(match types {
            Types::NULL => wanted.from(Code::call("z.null", vec![]), "null"),
            Types::BOOLEAN => wanted.from(Code::call("z.boolean", vec![]), "boolean"),
            Types::INTEGER => wanted.from(self.number(schema, Code::call("rt.integer", vec![])), "number"),
            Types::NUMBER => wanted.from(self.number(schema, Code::call("z.number", vec![])), "number"),
            Types::STRING => wanted.from(self.text(schema), "string"),
            Types::ARRAY => self.array(schema, wanted),
            Types::OBJECT => self.object(schema, merged, wanted),
            _ => return None,
        })
    }

    fn number(&self, schema: &Schema, base: Code) -> Code {
        let rules = &schema.number;
        let bounds = [("min", rules.minimum), ("max", rules.maximum), ("gt", rules.exclusive_minimum), ("lt", rules.exclusive_maximum)];
        let bounded = bounds.into_iter().filter_map(|(method, bound)| Some((method, bound?)));
        let code = bounded.fold(base, |code, (method, bound)| code.then(method, vec![number(bound)]));
        let step = rules.multiple_of.map(|step| Code::call("rt.multipleOf", vec![number(step)]));
        code.checked(step.into_iter().collect())
    }

    fn text(&self, schema: &Schema) -> Code {
        let rules = &schema.text;
        let mut code = Code::call("rt.string", vec![]);
        if let Some(min) = rules.min_length.filter(|min| *min > 0) {
            code = code.then("min", vec![Code::text(min.to_string())]);
        }
        if let Some(max) = rules.max_length {
            code = code.then("max", vec![Code::text(max.to_string())]);
        }
        if let Some(source) = &rules.pattern {
            code = code.then("regex", vec![pattern(source)]);
        }
        let format = rules.format.map(|format| Code::call("rt.format", vec![Code::Text(quoted(format.name()))]));
        code.checked(format.into_iter().collect())
    }

    fn has_array_rules(&self, schema: &Schema) -> bool {
        let rules = &schema.array;
        let bounds = rules.min_items.is_some() || rules.max_items.is_some() || rules.unique_items || rules.contains.is_some();
        bounds || !rules.prefix_items.is_empty() || rules.items.is_some()
    }

    fn array(&self, schema: &Schema, wanted: &Wanted) -> Code {
        let rules = &schema.array;
        let inner = match &wanted.ty {
            Type::List(inner) | Type::Each(inner) => Wanted::of(self.names, inner),
            _ => Wanted::anything(),
        };
        let item = |id: Option<SchemaId>| match id {
            Some(id) => self.check(id, &inner),
            None => Code::call(inner.generic("json"), vec![]),
        };
        let mut code = if !rules.prefix_items.is_empty() {
            let prefix = Code::List(rules.prefix_items.iter().map(|id| self.judge(*id)).collect());
            Code::call("rt.prefixed", [Some(prefix), rules.items.map(|id| self.judge(id))].into_iter().flatten().collect())
        } else {
            Code::call(if rules.each { "rt.each" } else { "rt.array" }, vec![item(rules.items)])
        };
        if let Some(min) = rules.min_items.filter(|min| *min > 0) {
            code = code.then("min", vec![Code::text(min.to_string())]);
        }
        if let Some(max) = rules.max_items {
            code = code.then("max", vec![Code::text(max.to_string())]);
        }
        let mut checks = Vec::new();
        if rules.unique_items {
            checks.push(Code::call("rt.uniqueItems", vec![]));
        }
        if let Some(contains) = rules.contains {
            let mut arguments = vec![self.judge(contains.schema)];
            if contains.min != 1 || contains.max.is_some() {
                arguments.push(Code::text(contains.min.to_string()));
            }
            arguments.extend(contains.max.map(|max| Code::text(max.to_string())));
            checks.push(Code::call("rt.contains", arguments));
        }
        let is_list = matches!(wanted.ty, Type::List(_) | Type::Each(_));
        let has_type = is_list && (rules.prefix_items.is_empty() || wanted.text == "unknown[]");
        wanted.from(code.checked(checks), if has_type { &wanted.text } else { "" })
    }

    fn has_object_rules(&self, schema: &Schema, merged: &[SchemaId]) -> bool {
        let parts = merged.iter().map(|part| self.schema(*part));
        schema.object.any() && schema.object.unevaluated_properties.is_none()
            || schema.object.unevaluated_properties.is_some() && self.has_other_members(schema)
            || !schema.rules.is_empty()
            || parts.skip(1).any(|part| part.object.any())
    }

    /// Whether more than `unevaluatedProperties` is said of members.
    fn has_other_members(&self, schema: &Schema) -> bool {
        let mut object = schema.object.clone();
        object.unevaluated_properties = None;
        object.any()
    }

    fn object(&self, schema: &Schema, merged: &[SchemaId], wanted: &Wanted) -> Code {
        let rules = &schema.object;
        let rest = rules.additional_properties.filter(|rest| !self.is_anything(*rest));
        let members = self.members(merged);
        let checks = self.object_checks(schema, merged);
        if members.is_empty() && rules.pattern_properties.is_empty() && !rest.is_some_and(|rest| self.is_never(rest)) {
            let inner = match &wanted.ty {
                Type::Map(inner) => Wanted::of(self.names, inner),
                _ => Wanted::anything(),
            };
            let value = rest.map_or_else(|| Code::call(inner.generic("json"), vec![]), |rest| self.check(rest, &inner));
            let code = Code::call("rt.record", vec![value]).checked(checks);
            return wanted.from(code, if matches!(wanted.ty, Type::Map(_)) { &wanted.text } else { "" });
        }
        let fields = self.fields_of(&wanted.ty, &members);
        let shape = members.iter().map(|(name, ids)| self.member(merged, name, ids, fields)).collect();
        let mut arguments = vec![Code::Object(shape)];
        if !rules.pattern_properties.is_empty() || rest.is_some() {
            arguments.push(match rest {
                None => Code::text("undefined"),
                Some(rest) if self.is_never(rest) => Code::text("rt.closed"),
                Some(rest) => self.judge(rest),
            });
        }
        if !rules.pattern_properties.is_empty() {
            let listed = rules.pattern_properties.iter().map(|(source, id)| Code::List(vec![pattern(source), self.judge(*id)]));
            arguments.push(Code::List(listed.collect()));
        }
        if fields.is_some() {
            return Code::call(wanted.generic("object"), arguments).checked(checks);
        }
        wanted.from(Code::call("rt.members", arguments).checked(checks), "")
    }

    /// The fields of a declared record, if they are just the members at hand.
    fn fields_of(&self, ty: &Type, members: &[(&'p str, Vec<SchemaId>)]) -> Option<&'p [Field]> {
        let (Type::Declared(id) | Type::Recursive(id)) = ty else { return None };
        let Shape::Record { fields, .. } = &self.plan.shapes.get(*id).shape else { return None };
        let all_named = fields.iter().all(|field| members.iter().any(|(name, _)| *name == field.name));
        (all_named && fields.len() == members.len()).then_some(fields.as_slice())
    }

    /// All members with their schemas, in the order of the type's fields.
    fn members(&self, merged: &[SchemaId]) -> Vec<(&'p str, Vec<SchemaId>)> {
        let mut members: Vec<(&'p str, Vec<SchemaId>)> = Vec::new();
        for part in merged.iter().skip(1).chain(merged.first()) {
            for (name, id) in &self.schema(*part).object.properties {
                match members.iter_mut().find(|(known, _)| known == name) {
                    Some((_, ids)) => ids.push(*id),
                    None => members.push((name, vec![*id])),
                }
            }
        }
        let required = self.required(merged);
        members.sort_by_key(|(name, _)| !required.contains(name));
        members
    }

    fn required(&self, merged: &[SchemaId]) -> Vec<&'p str> {
        let mut required: Vec<&str> = Vec::new();
        for name in merged.iter().flat_map(|part| &self.schema(*part).object.required) {
            if !required.contains(&name.as_str()) {
                required.push(name);
            }
        }
        required
    }

    fn member(&self, merged: &[SchemaId], name: &str, ids: &[SchemaId], fields: Option<&[Field]>) -> (String, Code) {
        let wanted = match fields.and_then(|fields| fields.iter().find(|field| field.name == name)).map(|field| &field.kind) {
            Some(FieldKind::Constant(value)) => Wanted::literal(literal_type(value)),
            Some(FieldKind::Value(ty)) => Wanted::of(self.names, ty),
            None => Wanted::anything(),
        };
        let code = match ids {
            [only] => self.check(*only, &wanted),
            several => {
                let parts = several.iter().map(|id| self.judge(*id)).collect();
                Code::call(wanted.generic("json"), vec![]).checked(vec![Code::call("rt.allOf", parts)])
            }
        };
        let code = if self.required(merged).contains(&name) { code } else { code.then("exactOptional", vec![]) };
        (key(name), code)
    }

    fn object_checks(&self, schema: &Schema, merged: &[SchemaId]) -> Vec<Code> {
        let rules = &schema.object;
        let mut checks = Vec::new();
        let members = self.members(merged);
        let unlisted: Vec<&str> =
            self.required(merged).into_iter().filter(|name| !members.iter().any(|(known, _)| known == name)).collect();
        if !unlisted.is_empty() {
            checks.push(Code::call("rt.required", vec![texts(&unlisted)]));
        }
        if let Some(min) = rules.min_properties.filter(|min| *min > 0) {
            checks.push(Code::call("rt.minProperties", vec![Code::text(min.to_string())]));
        }
        if let Some(max) = rules.max_properties {
            checks.push(Code::call("rt.maxProperties", vec![Code::text(max.to_string())]));
        }
        if let Some(names) = rules.property_names.filter(|names| !self.is_anything(*names)) {
            checks.push(Code::call("rt.propertyNames", vec![self.judge(names)]));
        }
        for (name, needs) in &rules.dependent_required {
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            checks.push(Code::call("rt.dependentRequired", vec![Code::Text(quoted(name)), texts(&needs)]));
        }
        for (name, dependent) in rules.dependent_schemas.iter().filter(|(_, id)| !self.is_anything(*id)) {
            checks.push(Code::call("rt.dependentSchema", vec![Code::Text(quoted(name)), self.judge(*dependent)]));
        }
        for rule in &schema.rules {
            let mut words = vec![rule.left.as_str(), rule.comparison.symbol(), rule.right.as_str()];
            if let Some((sign, offset)) = &rule.offset {
                words.extend([if *sign == Sign::Plus { "+" } else { "-" }, offset.as_str()]);
            }
            checks.push(Code::call("rt.rule", words.into_iter().map(|word| Code::Text(quoted(word))).collect()));
        }
        checks
    }

    /// `const` and `enum`
    fn values(&self, schema: &Schema, checks: &mut Vec<Code>) {
        checks.extend(schema.constant.as_ref().map(|value| Code::call("rt.equals", vec![literal(value)])));
        if let Some(values) = &schema.enumeration {
            checks.push(Code::call("rt.oneOfValues", vec![Code::List(values.iter().map(literal).collect())]));
        }
    }

    fn applicators(&self, schema: &Schema, checks: &mut Vec<Code>) {
        checks.extend(schema.not.map(|not| Code::call("rt.not", vec![self.judge(not)])));
        if !schema.any_of.is_empty() {
            checks.push(Code::call("rt.matchesAny", vec![self.variants(&schema.any_of)]));
        }
        if let Some(tag) = &schema.tag {
            let tagged = Code::call("rt.tagged", vec![Code::Text(quoted(&tag.member)), self.tagged_variants(schema)]);
            checks.push(Code::call("rt.allOf", vec![tagged]));
        } else if !schema.one_of.is_empty() {
            checks.push(Code::call("rt.matchesOne", vec![self.variants(&schema.one_of)]));
        }
        if let Some(condition) = schema.condition {
            let branch = |id: Option<SchemaId>| id.filter(|id| !self.is_anything(*id)).map(|id| self.judge(id));
            let (then, otherwise) = (branch(condition.then), branch(condition.otherwise));
            if then.is_some() || otherwise.is_some() {
                let mut arguments = vec![self.judge(condition.condition), then.unwrap_or_else(|| Code::text("undefined"))];
                arguments.extend(otherwise);
                checks.push(Code::call("rt.condition", arguments));
            }
        }
    }

    fn is_union_alone(&self, schema: &Schema) -> bool {
        let unions = usize::from(!schema.any_of.is_empty()) + usize::from(!schema.one_of.is_empty());
        unions == 1 && schema.not.is_none() && schema.condition.is_none()
    }

    fn union(&self, schema: &Schema, wanted: &Wanted) -> Code {
        if let Some(tag) = &schema.tag {
            return Code::call(wanted.generic("tagged"), vec![Code::Text(quoted(&tag.member)), self.tagged_variants(schema)]);
        }
        let (function, variants) = if schema.one_of.is_empty() { ("anyOf", &schema.any_of) } else { ("oneOf", &schema.one_of) };
        Code::call(wanted.generic(function), vec![self.variants(variants)])
    }

    fn variants(&self, variants: &[SchemaId]) -> Code {
        Code::List(variants.iter().map(|id| self.judge(*id)).collect())
    }

    fn tagged_variants(&self, schema: &Schema) -> Code {
        let values = schema.tag.iter().flat_map(|tag| &tag.values);
        let variants = schema.one_of.iter().zip(values).map(|(id, values)| {
            let tags = match values.as_slice() {
                [only] => literal(only),
                several => Code::List(several.iter().map(literal).collect()),
            };
            Code::List(vec![tags, self.judge(*id)])
        });
        Code::List(variants.collect())
    }
}

/// The values without repetitions.
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

/// A pattern as a literal where it is valid with the flag `u`.
pub(super) fn pattern(source: &str) -> Code {
    let is_unicode = is_unicode_pattern(source) == Ok(true);
    let plain = !source.is_empty() && !source.contains(['\n', '\r', '\u{2028}', '\u{2029}', '/']);
    match (is_unicode, plain) {
        (true, true) => Code::Text(format!("/{source}/u")),
        (true, false) => Code::Text(format!("new RegExp({}, \"u\")", quoted(source))),
        (false, _) => Code::Text(format!("new RegExp({})", quoted(source))),
    }
}

fn number(number: Number) -> Code {
    Code::Text(match number {
        Number::Signed(value) => value.to_string(),
        Number::Unsigned(value) => value.to_string(),
        Number::Float(value) => format!("{value:?}"),
    })
}

fn type_names(types: Types) -> Vec<&'static str> {
    let all = [
        (Types::NULL, "null"),
        (Types::BOOLEAN, "boolean"),
        (Types::INTEGER, "integer"),
        (Types::NUMBER, "number"),
        (Types::STRING, "string"),
        (Types::ARRAY, "array"),
        (Types::OBJECT, "object"),
    ];
    all.iter().filter(|(candidate, _)| types.contains(*candidate)).map(|(_, name)| *name).collect()
}
