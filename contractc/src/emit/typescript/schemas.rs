//! `schemas.ts`: a Zod schema for each declared type. Each schema uses only earlier ones; `z.lazy` closes cycles.

mod expected;
mod objects;
mod plain;
mod reading;
mod typed;
mod unions;
mod values;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::code::{Code, docs, quoted};
use super::names::Names;
use crate::emit::Plan;
use crate::model::{Schema, SchemaId};
use crate::runtime::pattern::is_unicode_pattern;
use crate::shapes::{DeclarationId, MergedParts, Shape, Type};
use expected::Expected;

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let emitter = Emitter {
        plan,
        names,
        with_numbers: reading::with_numbers(&plan.shapes),
        current: Cell::default(),
        state: RefCell::default(),
        used: RefCell::default(),
        text: RefCell::default(),
    };
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

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Open,
    Done,
}

pub(super) struct Emitter<'p> {
    pub(super) plan: &'p Plan<'p>,
    names: &'p Names,
    /// The declared types with numbers in them.
    with_numbers: BTreeSet<DeclarationId>,
    /// The declaration whose schema is being emitted.
    current: Cell<Option<DeclarationId>>,
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
        self.current.set(Some(id));
        let code = self.body(declaration.schema, &expected);
        self.current.set(None);
        code
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
        expected.from(self.named(declaration), &format!("types.{}", self.names.type_name(declaration)))
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
        let called: Vec<Code> = called.iter().filter(|part| !self.is_anything(**part)).map(|part| self.validator(*part)).collect();
        if !called.is_empty() {
            checks.push(Code::call("rt.allOf", called));
        }
        self.values(schema, &mut checks);
        // Decided first: code for the variants that is not used would double the effort at each level of nested unions.
        if types.is_none() && checks.is_empty() && !schema.has_facets() && self.is_union_alone(schema) {
            return self.union(schema, expected);
        }
        self.applicators(schema, &mut checks);
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
