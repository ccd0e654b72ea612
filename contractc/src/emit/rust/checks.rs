//! `validators.rs`: one function per declared type, a straight-line sequence of calls to the keyword functions of the runtime.
//!
//! In all generated code, `value` is the current JSON value, `at` its location and `out` the checker, so that the code for one schema can
//! be inlined into the code for another.

mod objects;
mod unevaluated;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::names::{Names, Unique, constant_name};
use super::{Source, scope};
use crate::emit::Plan;
use crate::model::{Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use crate::shapes::MergedParts;

pub fn emit(plan: &Plan<'_>, names: &Names) -> Source {
    let emitter = Emitter { plan, names, patterns: RefCell::default(), owner: RefCell::default() };
    let mut items = Vec::new();
    for (name, id) in names.sorted() {
        emitter.owner.replace(name.to_owned());
        let docs = format!("/// Checks [`{name}`](super::types::{name}).\n");
        items.push(emitter.function(&docs, &names.function(id), plan.shapes.get(id).schema));
    }
    let roots: BTreeMap<SchemaId, String> = plan.shapes.roots().map(|(schema, words)| (schema, words.join(" "))).collect();
    for (schema, function) in names.root_functions() {
        emitter.owner.replace(function.trim_start_matches("check_").to_owned());
        let docs = super::docs(&format!("Checks `{}`.", roots.get(&schema).map_or(function, String::as_str)), "");
        items.push(emitter.function(&docs, function, schema));
    }
    let mut head = scope::head("The validators of the contract, one for each type.", scope::VALIDATORS);
    for (source, name) in emitter.patterns.borrow().iter() {
        let _ = writeln!(head, "static {name}: Pattern = Pattern::new({source:?});");
    }
    Source { head, items }
}

/// An expression for a set of types.
pub fn types(types: Types) -> String {
    let all = [
        (Types::NULL, "NULL"),
        (Types::BOOLEAN, "BOOLEAN"),
        (Types::INTEGER, "INTEGER"),
        (Types::NUMBER, "NUMBER"),
        (Types::STRING, "STRING"),
        (Types::ARRAY, "ARRAY"),
        (Types::OBJECT, "OBJECT"),
    ];
    let mut listed = all.iter().filter(|(candidate, _)| types.contains(*candidate)).map(|(_, name)| format!("Types::{name}"));
    let first = listed.next().unwrap_or_else(|| "Types(0)".to_owned());
    listed.fold(first, |code, name| format!("{code}.or({name})"))
}

struct Emitter<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    /// The names of the patterns, by source.
    patterns: RefCell<BTreeMap<String, String>>,
    /// The current function, from which the names of its patterns are derived.
    owner: RefCell<String>,
}

impl<'p> Emitter<'p> {
    fn schema(&self, id: SchemaId) -> &'p Schema {
        self.plan.contract.schema(id)
    }

    /// Code that checks a value against a schema: a call if the schema has a function, the inlined code otherwise.
    fn check(&self, id: SchemaId) -> String {
        match self.plan.shapes.of(self.plan.contract, id) {
            Some(declaration) => format!("{}(value, at, out);\n", self.names.function(declaration)),
            None => self.body(self.plan.contract.resolved(id)),
        }
    }

    /// An expression for whether the schema accepts `value`.
    fn accepts(&self, id: SchemaId) -> String {
        match self.check(id) {
            check if check.is_empty() => "true".to_owned(),
            check => format!("out.accepts(|out| {{ {check} }})"),
        }
    }

    /// A function that checks a value against a schema.
    fn function(&self, docs: &str, name: &str, schema: SchemaId) -> String {
        let body = self.body(schema);
        format!("{docs}pub fn {name}(value: Json<'_>, at: At<'_>, out: &mut Checker) {{\n{body}}}\n")
    }

    fn body(&self, id: SchemaId) -> String {
        let schema = self.schema(id);
        let mut code = self.keywords(id);
        if let Some(max) = schema.max_depth {
            let number = self.plan.contract.recursion_number(id);
            code = format!("out.nested({number}, {max}, at, |out| {{\n{code}}});\n");
        }
        if schema.accepts_null && !code.is_empty() {
            code = format!("if !matches!(value, Json::Null) {{\n{code}}}\n");
        }
        code
    }

    fn keywords(&self, id: SchemaId) -> String {
        let schema = self.schema(id);
        let MergedParts { merged, separate: called } = self.plan.shapes.merged_parts(self.plan.contract, id);
        let mut code = String::new();
        if schema.never {
            code.push_str("out.never(\"false\", at);\n");
        }
        called.iter().for_each(|part| code.push_str(&self.check(*part)));
        code.push_str(&self.typed(schema, &merged));
        code.push_str(&self.values(schema));
        code.push_str(&self.applicators(schema));
        code.push_str(&self.unevaluated(id));
        code
    }

    /// `type` and the keywords for a single type.
    fn typed(&self, schema: &Schema, merged: &[SchemaId]) -> String {
        let (numbers, texts) = (self.number_rules(schema), self.text_rules(schema));
        let (arrays, objects) = (self.array_rules(schema), self.object_rules(schema, merged));
        let types = merged.iter().find_map(|part| self.schema(*part).types);
        let blocks = [
            ("Json::Number(number)", "number", numbers),
            ("Json::String(text)", "string", texts),
            ("Json::Array(array)", "array", arrays),
            ("Json::Object(object)", "object", objects),
        ];
        let mut code = String::new();
        let single = match types {
            Some(Types::INTEGER | Types::NUMBER) => Some(0),
            Some(Types::STRING) => Some(1),
            Some(Types::ARRAY) => Some(2),
            Some(Types::OBJECT) => Some(3),
            _ => None,
        };
        if let Some(types) = types.filter(|_| single.is_none_or(|index| blocks[index].2.is_empty())) {
            let _ = writeln!(code, "out.types(value, {}, at);", self::types(types));
        }
        for (index, (pattern, method, block)) in blocks.iter().enumerate().filter(|(_, (_, _, block))| !block.is_empty()) {
            if single == Some(index) {
                let method = if types == Some(Types::INTEGER) { "integer" } else { method };
                let variable = pattern.split(['(', ')']).nth(1).unwrap_or_default();
                let _ = writeln!(code, "if let Some({variable}) = out.{method}(value, at) {{\n{block}}}");
            } else {
                let _ = writeln!(code, "if let {pattern} = value {{\n{block}}}");
            }
        }
        code
    }

    fn number_rules(&self, schema: &Schema) -> String {
        let rules = &schema.number;
        let calls = [
            ("minimum", rules.minimum),
            ("maximum", rules.maximum),
            ("exclusive_minimum", rules.exclusive_minimum),
            ("exclusive_maximum", rules.exclusive_maximum),
            ("multiple_of", rules.multiple_of),
        ];
        let mut code = String::new();
        for (method, bound) in calls {
            if let Some(bound) = bound {
                let _ = writeln!(code, "out.{method}(number, {}, at);", number(bound));
            }
        }
        code
    }

    fn text_rules(&self, schema: &Schema) -> String {
        let rules = &schema.text;
        let mut code = String::new();
        if let Some(min) = rules.min_length.filter(|min| *min > 0) {
            let _ = writeln!(code, "out.min_length(text, {min}, at);");
        }
        if let Some(max) = rules.max_length {
            let _ = writeln!(code, "out.max_length(text, {max}, at);");
        }
        if let Some(format) = rules.format {
            let _ = writeln!(code, "out.format(text, Format::{format:?}, at);");
        }
        if let Some(source) = &rules.pattern {
            let _ = writeln!(code, "out.pattern(text, &{}, at);", self.pattern(source));
        }
        code
    }

    /// The name of the static that holds a pattern.
    fn pattern(&self, source: &str) -> String {
        let mut patterns = self.patterns.borrow_mut();
        if let Some(name) = patterns.get(source) {
            return name.clone();
        }
        let mut unique = Unique::default();
        patterns.values().for_each(|name| _ = unique.take(name.clone(), "_"));
        let name = unique.take(format!("{}_PATTERN", constant_name(&self.owner.borrow())), "_");
        patterns.insert(source.to_owned(), name.clone());
        name
    }

    fn array_rules(&self, schema: &Schema) -> String {
        let rules = &schema.array;
        let mut code = String::new();
        if let Some(min) = rules.min_items.filter(|min| *min > 0) {
            let _ = writeln!(code, "out.min_items(array, {min}, at);");
        }
        if let Some(max) = rules.max_items {
            let _ = writeln!(code, "out.max_items(array, {max}, at);");
        }
        if rules.unique_items {
            code.push_str("out.unique_items(array, at);\n");
        }
        code.push_str(&self.items(schema));
        if let Some(contains) = rules.contains {
            let accepts = self.accepts(contains.schema);
            let max = contains.max.map_or("u64::MAX".to_owned(), |max| max.to_string());
            let _ = writeln!(
                code,
                "let mut matching = 0;\n{}out.contains(matching, {}, {max}, at);",
                walk_items("array", "value", &format!("matching += u64::from({accepts});\n")),
                contains.min
            );
        }
        code
    }

    fn items(&self, schema: &Schema) -> String {
        let rules = &schema.array;
        let rest = rules.items.map(|items| self.check(items)).unwrap_or_default();
        if rules.prefix_items.is_empty() {
            let array = if rules.each { "out.each(array)" } else { "array" };
            return if rest.is_empty() { rest } else { walk_items(array, "value", &rest) };
        }
        let mut arms = String::new();
        for (index, item) in rules.prefix_items.iter().enumerate() {
            let _ = writeln!(arms, "{index} => {}", arm(&self.check(*item)));
        }
        let _ = writeln!(arms, "_ => {}", arm(&rest));
        let code = format!("match index {{\n{arms}}}\n");
        walk_items("array", "value", &code)
    }

    /// `const` and `enum`
    fn values(&self, schema: &Schema) -> String {
        let mut code = String::new();
        match &schema.constant {
            Some(serde_json::Value::String(text)) => _ = writeln!(code, "out.constant_text(value, {text:?}, at);"),
            Some(constant) => _ = writeln!(code, "out.constant(value, {:?}, at);", constant.to_string()),
            None => {}
        }
        if let Some(values) = &schema.enumeration {
            let texts: Option<Vec<&str>> = values.iter().map(serde_json::Value::as_str).collect();
            match texts {
                Some(texts) => _ = writeln!(code, "out.one_of_texts(value, &{texts:?}, at);"),
                None => {
                    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
                    let _ = writeln!(code, "out.enumeration(value, &{texts:?}, at);");
                }
            }
        }
        code
    }

    fn applicators(&self, schema: &Schema) -> String {
        let mut code = String::new();
        if let Some(not) = schema.not {
            let _ = writeln!(code, "let matched = {};\nout.not(matched, at);", self.accepts(not));
        }
        if !schema.any_of.is_empty() {
            let accepted: Vec<String> = schema.any_of.iter().map(|variant| self.accepts(*variant)).collect();
            let _ = writeln!(code, "let matched = {};\nout.any_of(matched, at);", accepted.join(" || "));
        }
        if let Some(tag) = &schema.tag {
            let _ = writeln!(code, "match value.get({:?}) {{", tag.member);
            for (variant, values) in schema.one_of.iter().zip(&tag.values) {
                let patterns: Vec<String> = values.iter().map(super::types::literal).collect();
                let _ = writeln!(code, "Some({}) => {}", patterns.join(" | "), arm(&self.check(*variant)));
            }
            let _ = writeln!(code, "_ => out.no_variant(value, {:?}, at),\n}}", tag.member);
        } else if !schema.one_of.is_empty() {
            let accepted: Vec<String> = schema.one_of.iter().map(|variant| self.accepts(*variant)).collect();
            let _ = writeln!(
                code,
                "let matches = [{}];\nout.one_of(matches.into_iter().filter(|matched| *matched).count(), at);",
                accepted.join(", ")
            );
        }
        if let Some(condition) = schema.condition {
            let then = condition.then.map(|id| self.check(id)).unwrap_or_default();
            let otherwise = condition.otherwise.map(|id| self.check(id)).unwrap_or_default();
            if !(then.is_empty() && otherwise.is_empty()) {
                let accepts = self.accepts(condition.condition);
                let _ = match (then.is_empty(), otherwise.is_empty()) {
                    (_, true) => writeln!(code, "if {accepts} {{\n{then}}}"),
                    (true, false) => writeln!(code, "if !{accepts} {{\n{otherwise}}}"),
                    (false, false) => writeln!(code, "if {accepts} {{\n{then}}} else {{\n{otherwise}}}"),
                };
            }
        }
        code
    }
}

/// A loop over the items of an array or the members of an object. In the loop, `at` is the location of the current one.
fn walk(over: &str, names: &str, place: &str, body: &str) -> String {
    format!("for ({names}) in {over} {{\nlet at = {place};\n{body}}}\n")
}

/// A loop over the items of an array.
fn walk_items(array: &str, value: &str, body: &str) -> String {
    walk(array, &format!("index, {value}"), "at.item(index)", body)
}

/// A loop over the members of an object.
fn walk_members(value: &str, body: &str) -> String {
    walk("object", &format!("name, {value}"), "at.member(name)", body)
}

/// The right side of a match arm, with braces unless it is a single call.
fn arm(code: &str) -> String {
    let call = code.trim_end().strip_suffix(';').filter(|call| !call.contains([';', '{', '\n']));
    match call {
        Some(call) => format!("{call},"),
        None => format!("{{\n{code}}}"),
    }
}

fn number(number: Number) -> String {
    match number {
        Number::Signed(value) => value.to_string(),
        Number::Unsigned(value) => format!("Number::Unsigned({value})"),
        Number::Float(value) => format!("{value:?}"),
    }
}
