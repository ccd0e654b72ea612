//! `validators.rs`: one rule per declared type. If the schema has only the usual keywords, its rule is a table. Otherwise it is a function:
//! a straight-line sequence of calls to the keyword functions of the runtime.
//!
//! In all generated code, `value` is the current JSON value, `at` its location and `out` the checker, so that the code for one schema can
//! be inlined into the code for another. Code that would be repeated becomes a separate rule.

mod objects;
mod shared;
mod steps;
mod tables;
mod unevaluated;

use std::cell::RefCell;
use std::collections::BTreeMap;

use heck::ToSnakeCase;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};

use super::names::{Names, constant_name};
use super::print::{docs, ident, print, text, texts};
use super::{Source, scope};
use crate::emit::Plan;
use crate::model::{Argument, ArrayRules, Kind, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use crate::shapes::MergedParts;
use shared::{InPlace, Shared};
use steps::{Steps, walk_items};
use tables::Definition;

pub fn emit(plan: &Plan<'_>, names: &Names) -> Source {
    // The first run counts what is inlined where.
    let counting = Emitter::new(plan, names, Shared::counting());
    counting.rules();
    let emitter = Emitter::new(plan, names, counting.shared.into_inner().chosen(plan, names));
    let mut items = emitter.rules();
    items.extend(emitter.shared_rules());
    items.push(print(functions(names)));
    let mut head = scope::head("What the types of the contract accept, one rule for each.", scope::VALIDATORS);
    let patterns = emitter.patterns.into_inner().into_iter().map(|(source, name)| {
        let (source, name) = (text(&source), ident(&name));
        quote!(static #name: Pattern = Pattern::new(#source);)
    });
    head.push_str(&print(patterns.collect()));
    Source::Printed { head, items }
}

/// A function for each public rule.
fn functions(names: &Names) -> TokenStream {
    let types = names.sorted().into_iter().map(|(_, id)| names.rule(id));
    let all = types.chain(names.root_rules().map(|(_, rule)| rule)).map(|rule| {
        let (function, rule) = (ident(&format!("check_{}", rule.to_lowercase())), ident(rule));
        quote!(#function by #rule,)
    });
    quote!(checks! { #(#all)* })
}

/// An expression for a set of types.
pub fn types(types: Types) -> TokenStream {
    let all = [
        (Types::NULL, quote!(NULL)),
        (Types::BOOLEAN, quote!(BOOLEAN)),
        (Types::INTEGER, quote!(INTEGER)),
        (Types::NUMBER, quote!(NUMBER)),
        (Types::STRING, quote!(STRING)),
        (Types::ARRAY, quote!(ARRAY)),
        (Types::OBJECT, quote!(OBJECT)),
    ];
    let mut listed = all.into_iter().filter(|(candidate, _)| types.contains(*candidate)).map(|(_, name)| quote!(Types::#name));
    let first = listed.next().unwrap_or_else(|| quote!(Types(0)));
    listed.fold(first, |code, name| quote!(#code.or(#name)))
}

struct Emitter<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    /// The names of the patterns, by source.
    patterns: RefCell<BTreeMap<String, String>>,
    /// The current rule, from which the names of its patterns are derived.
    owner: RefCell<String>,
    shared: RefCell<Shared>,
}

impl<'p> Emitter<'p> {
    fn new(plan: &'p Plan<'p>, names: &'p Names, shared: Shared) -> Self {
        Emitter { plan, names, patterns: RefCell::default(), owner: RefCell::default(), shared: RefCell::new(shared) }
    }

    fn schema(&self, id: SchemaId) -> &'p Schema {
        self.plan.contract.schema(id)
    }

    /// The rules of the types, and of the schemas that only operations use.
    fn rules(&self) -> Vec<String> {
        let mut items = Vec::new();
        for (name, id) in self.names.sorted() {
            self.owner.replace(name.to_owned());
            let docs = docs(&format!("What [`types::{name}`] accepts."));
            items.push(print(self.item(&quote!(#docs pub), self.names.rule(id), self.plan.shapes.get(id).schema)));
        }
        let roots: BTreeMap<SchemaId, String> = self.plan.shapes.roots().map(|(schema, words)| (schema, words.join(" "))).collect();
        for (schema, rule) in self.names.root_rules() {
            self.owner.replace(rule.to_owned());
            let docs = docs(&format!("What `{}` accepts.", roots.get(&schema).map_or(rule, String::as_str)));
            items.push(print(self.item(&quote!(#docs pub), rule, schema)));
        }
        items
    }

    /// The rule of a schema.
    fn item(&self, head: &TokenStream, name: &str, schema: SchemaId) -> TokenStream {
        let (name, rule) = (ident(name), self.definition(schema).rule());
        quote!(#head static #name: Rule = #rule;)
    }

    /// A reference to the rule of a schema.
    fn rule(&self, id: SchemaId) -> TokenStream {
        let name = match self.plan.shapes.of(self.plan.contract, id) {
            Some(declaration) => ident(self.names.rule(declaration)),
            None => match self.in_place(id, |id| self.definition(id)) {
                InPlace::Named(name) => name,
                InPlace::Full(definition) => {
                    let rule = definition.rule();
                    return quote!(&#rule);
                }
            },
        };
        quote!(&#name)
    }

    /// Code that checks a value against a schema.
    fn check(&self, id: SchemaId) -> Steps {
        let name = match self.plan.shapes.of(self.plan.contract, id) {
            Some(declaration) => ident(self.names.rule(declaration)),
            None => match self.in_place(id, |id| self.code(id)) {
                InPlace::Named(name) => name,
                InPlace::Full(Definition::Code(steps)) => return steps,
                InPlace::Full(_) => return Steps::default(),
            },
        };
        Steps::call(quote!(out.check(value, &#name, at)))
    }

    /// An expression for whether the schema accepts `value`.
    fn accepts(&self, id: SchemaId) -> TokenStream {
        let check = self.check(id);
        match (check.is_empty(), check.only_call()) {
            (true, _) => quote!(true),
            (_, Some(call)) => quote!(out.accepts(|out| #call)),
            _ => quote!(out.accepts(|out| { #check })),
        }
    }

    fn body(&self, id: SchemaId) -> Steps {
        let schema = self.schema(id);
        let mut code = self.keywords(id);
        if let Some(max) = schema.max_depth {
            let number = Literal::usize_unsuffixed(self.plan.contract.recursion_number(id));
            let max = Literal::u64_unsuffixed(max);
            code = Steps::call(quote!(out.nested(#number, #max, at, |out| { #code })));
        }
        if schema.is_secret() && !code.is_empty() {
            code = Steps::call(quote!(out.secretly(|out| { #code })));
        }
        if schema.accepts_null && !code.is_empty() {
            code = Steps::block(quote!(if !matches!(value, Json::Null) { #code }));
        }
        code
    }

    fn keywords(&self, id: SchemaId) -> Steps {
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
            // `values` checks these.
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
            // `applicators` checks these.
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
        let MergedParts { merged, separate: called } = self.plan.shapes.merged_parts(self.plan.contract, id);
        let mut code = Steps::default();
        if *never {
            code.push_call(quote!(out.never("false", at)));
        }
        called.iter().for_each(|part| code.append(self.check(*part)));
        code.append(self.typed(schema, &merged));
        code.append(values(schema));
        code.append(self.applicators(schema));
        code.append(self.unevaluated(id));
        code
    }

    /// `type` and the keywords for a single type.
    fn typed(&self, schema: &Schema, merged: &[SchemaId]) -> Steps {
        let blocks = [
            (quote!(Json::Number(number)), quote!(number), self.assertions(schema, Kind::Number)),
            (quote!(Json::String(text)), quote!(string), self.assertions(schema, Kind::Text)),
            (quote!(Json::Array(array)), quote!(array), self.array_rules(schema)),
            (quote!(Json::Object(object)), quote!(object), self.object_rules(schema, merged)),
        ];
        let variables = [quote!(number), quote!(text), quote!(array), quote!(object)];
        let types = merged.iter().find_map(|part| self.schema(*part).types);
        let single = match types {
            Some(Types::INTEGER | Types::NUMBER) => Some(0),
            Some(Types::STRING) => Some(1),
            Some(Types::ARRAY) => Some(2),
            Some(Types::OBJECT) => Some(3),
            _ => None,
        };
        let mut code = Steps::default();
        if let Some(types) = types.filter(|_| single.is_none_or(|index| blocks[index].2.is_empty())) {
            let types = self::types(types);
            code.push_call(quote!(out.types(value, #types, at)));
        }
        for (index, (pattern, method, block)) in blocks.iter().enumerate().filter(|(_, (_, _, block))| !block.is_empty()) {
            if single == Some(index) {
                let method = if types == Some(Types::INTEGER) { &quote!(integer) } else { method };
                let variable = &variables[index];
                code.push_block(quote!(if let Some(#variable) = out.#method(value, at) { #block }));
            } else {
                code.push_block(quote!(if let #pattern = value { #block }));
            }
        }
        code
    }

    /// The keywords that check a value against one argument: one call of a runtime function for each.
    fn assertions(&self, schema: &Schema, kind: Kind) -> Steps {
        let variable = ident(match kind {
            Kind::Number => "number",
            Kind::Text => "text",
            Kind::Array => "array",
            Kind::Object => "object",
        });
        let mut code = Steps::default();
        for assertion in schema.assertions(kind).filter(|assertion| !assertion.is_trivial()) {
            let method = ident(&assertion.keyword.name.to_snake_case());
            let argument = match assertion.argument {
                Argument::Number(bound) => Some(number(bound)),
                Argument::Count(bound) => Some(Literal::u64_unsuffixed(bound).into_token_stream()),
                Argument::Format(format) => {
                    let format = ident(&format!("{format:?}"));
                    Some(quote!(Format::#format))
                }
                Argument::Pattern(source) => {
                    let pattern = self.pattern(source);
                    Some(quote!(&#pattern))
                }
                Argument::Set => None,
            };
            let argument = argument.iter();
            code.push_call(quote!(out.#method(#variable, #(#argument,)* at)));
        }
        code
    }

    /// The name of the static that holds a pattern.
    fn pattern(&self, source: &str) -> Ident {
        let mut patterns = self.patterns.borrow_mut();
        if let Some(name) = patterns.get(source) {
            return ident(name);
        }
        let mut unique = self.names.rules_taken().clone();
        if let Shared::Chosen(rules) = &*self.shared.borrow() {
            rules.values().for_each(|name| _ = unique.take(name.clone(), "_"));
        }
        patterns.values().for_each(|name| _ = unique.take(name.clone(), "_"));
        let name = unique.take(format!("{}_PATTERN", constant_name(&self.owner.borrow())), "_");
        patterns.insert(source.to_owned(), name.clone());
        ident(&name)
    }

    fn array_rules(&self, schema: &Schema) -> Steps {
        // `items` checks the items, and `unevaluated` the others.
        let ArrayRules { prefix_items: _, items: _, limits: _, contains, unevaluated_items: _, each: _ } = &schema.array;
        let mut code = self.assertions(schema, Kind::Array);
        code.append(self.items(schema));
        if let Some(contains) = contains {
            let accepts = self.accepts(contains.schema);
            let walk = walk_items(&quote!(array), &quote!(value), &quote!(matching += u64::from(#accepts);));
            let min = Literal::u64_unsuffixed(contains.min);
            let max = contains.max.map(Literal::u64_unsuffixed).map_or(quote!(u64::MAX), |max| quote!(#max));
            code.push_block(quote!(let mut matching = 0; #walk out.contains(matching, #min, #max, at);));
        }
        code
    }

    fn items(&self, schema: &Schema) -> Steps {
        let rules = &schema.array;
        let rest = rules.items.map(|items| self.check(items)).unwrap_or_default();
        if rules.prefix_items.is_empty() {
            let array = if rules.each { quote!(out.each(array)) } else { quote!(array) };
            return if rest.is_empty() { rest } else { Steps::block(walk_items(&array, &quote!(value), &quote!(#rest))) };
        }
        let arms = rules.prefix_items.iter().enumerate().map(|(index, item)| {
            let (index, arm) = (Literal::usize_unsuffixed(index), self.check(*item).arm());
            quote!(#index => #arm)
        });
        let rest = rest.arm();
        Steps::block(walk_items(&quote!(array), &quote!(value), &quote!(match index { #(#arms)* _ => #rest })))
    }

    fn applicators(&self, schema: &Schema) -> Steps {
        let mut code = Steps::default();
        if let Some(not) = schema.not {
            let accepts = self.accepts(not);
            code.push_block(quote!(let matched = #accepts; out.not(matched, at);));
        }
        if !schema.any_of.is_empty() {
            let accepted = schema.any_of.iter().map(|variant| self.accepts(*variant));
            code.push_block(quote!(let matched = #(#accepted)||*; out.any_of(matched, at);));
        }
        if let Some(tag) = &schema.tag {
            let arms = schema.one_of.iter().zip(&tag.values).map(|(variant, values)| {
                let (patterns, arm) = (values.iter().map(super::types::literal), self.check(*variant).arm());
                quote!(Some(#(#patterns)|*) => #arm)
            });
            let member = text(&tag.member);
            code.push_block(quote!(match value.get(#member) { #(#arms)* _ => out.no_variant(value, #member, at), }));
        } else if !schema.one_of.is_empty() {
            let accepted = schema.one_of.iter().map(|variant| self.accepts(*variant));
            code.push_block(quote! {
                let matches = [#(#accepted),*];
                out.one_of(matches.into_iter().filter(|matched| *matched).count(), at);
            });
        }
        if let Some(condition) = schema.condition {
            let then = condition.then.map(|id| self.check(id)).unwrap_or_default();
            let otherwise = condition.otherwise.map(|id| self.check(id)).unwrap_or_default();
            if !(then.is_empty() && otherwise.is_empty()) {
                let accepts = self.accepts(condition.condition);
                code.push_block(match (then.is_empty(), otherwise.is_empty()) {
                    (_, true) => quote!(if #accepts { #then }),
                    (true, false) => quote!(if !#accepts { #otherwise }),
                    (false, false) => quote!(if #accepts { #then } else { #otherwise }),
                });
            }
        }
        code
    }
}

/// `const` and `enum`
fn values(schema: &Schema) -> Steps {
    let mut code = Steps::default();
    match &schema.constant {
        Some(serde_json::Value::String(value)) => {
            let value = text(value);
            code.push_call(quote!(out.constant_text(value, #value, at)));
        }
        Some(constant) => {
            let value = text(&constant.to_string());
            code.push_call(quote!(out.constant(value, #value, at)));
        }
        None => {}
    }
    if let Some(values) = &schema.enumeration {
        let strings: Option<Vec<&str>> = values.iter().map(serde_json::Value::as_str).collect();
        match strings {
            Some(strings) => {
                let strings = texts(strings);
                code.push_call(quote!(out.one_of_texts(value, &#strings, at)));
            }
            None => {
                let values = texts(values.iter().map(ToString::to_string));
                code.push_call(quote!(out.enumeration(value, &#values, at)));
            }
        }
    }
    code
}

fn number(number: Number) -> TokenStream {
    match number {
        Number::Signed(value) => {
            let value = Literal::i64_unsuffixed(value);
            quote!(#value)
        }
        Number::Unsigned(value) => {
            let value = Literal::u64_unsuffixed(value);
            quote!(Number::Unsigned(#value))
        }
        Number::Float(value) => {
            let value = Literal::f64_unsuffixed(value);
            quote!(#value)
        }
    }
}
