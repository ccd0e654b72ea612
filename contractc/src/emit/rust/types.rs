//! `types.rs`: a type declaration for each shape, with the names of its members.

use std::fmt::Write;

use serde_json::Value as JsonValue;

use super::names::{Names, Unique, value_name, variant_name};
use super::{Source, docs, scope};
use crate::emit::Plan;
use crate::model::SchemaId;
use crate::runtime::check::Types;
use crate::shapes::{Attempt, Declaration, DeclarationId, Field, FieldKind, Shape, Type, Variant};

pub fn emit(plan: &Plan<'_>, names: &Names) -> Source {
    let emitter = Emitter { plan, names };
    let item = |(_, id)| {
        let mut code = String::new();
        emitter.declaration(id, &mut code);
        code
    };
    let items = names.sorted().into_iter().map(item).collect();
    Source { head: scope::head("The types of the contract.", scope::TYPES), items }
}

struct Emitter<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
}

impl Emitter<'_> {
    fn declaration(&self, id: DeclarationId, code: &mut String) {
        let declaration = self.plan.shapes.get(id);
        code.push_str(&self.type_docs(declaration));
        match &declaration.shape {
            Shape::Record { fields, rest } => self.record(id, fields, rest.as_ref(), code),
            Shape::Texts(texts) => self.texts(id, texts, code),
            Shape::Tagged { member, variants } => self.tagged(id, member, variants, code),
            Shape::ByType(variants) => self.by_type(id, variants, code),
            Shape::Untagged { variants, attempts } => self.untagged(id, variants, attempts, code),
            Shape::Wrapper(ty) => self.wrapper(id, ty, code),
        }
    }

    fn type_docs(&self, declaration: &Declaration) -> String {
        let mut text = self.plan.about(declaration);
        if self.plan.contract.schema(declaration.schema).annotations.deprecated {
            text.push_str("\n\nDeprecated.");
        }
        docs(&text, "")
    }

    /// The end of each declaration: the macro call that connects the type to its validator.
    fn entry_points(&self, id: DeclarationId, macro_name: &str, extra: &str, code: &mut String) {
        let (name, schema) = (self.names.type_name(id), self.schema_name(id));
        let _ = writeln!(code, "{macro_name}!({name}, {schema:?}, validators::{}{extra});\n", self.names.function(id));
    }

    /// The schema's name in the contract, or the words derived for it.
    fn schema_name(&self, id: DeclarationId) -> String {
        self.plan.shapes.get(id).words.join(".")
    }

    fn record(&self, id: DeclarationId, fields: &[Field], rest: Option<&Type>, code: &mut String) {
        let name = self.names.type_name(id);
        let mut unique = Unique::default();
        let idents: Vec<String> = fields.iter().map(|field| unique.take(value_name(&field.name), "_")).collect();
        let rest_ident = rest.map(|ty| unique.take(if *ty == Type::Any { "unknown" } else { "additional" }.to_owned(), "_"));
        let _ = writeln!(code, "#[derive(Clone, Debug, PartialEq)]\npub struct {name} {{");
        for (field, ident) in fields.iter().zip(&idents) {
            if let FieldKind::Value(ty) = &field.kind {
                let ty = self.ty(ty);
                let ty = if field.required { ty } else { format!("Option<{ty}>") };
                let _ = writeln!(code, "{}pub {ident}: {ty},", self.field_docs(field));
            }
        }
        if let (Some(ty), Some(ident)) = (rest, &rest_ident) {
            let text = if *ty == Type::Any { "Members that the contract does not name, kept as they came." } else { "All other members." };
            let _ = writeln!(code, "/// {text}\npub {ident}: BTreeMap<String, {}>,", self.ty(ty));
        }
        code.push_str("}\n\n");
        self.record_members(name, fields, &idents, rest_ident.as_deref(), code);
        self.entry_points(id, "record", "", code);
    }

    fn record_members(&self, name: &str, fields: &[Field], idents: &[String], rest: Option<&str>, code: &mut String) {
        let listed: Vec<String> = fields.iter().map(|field| format!("{:?}", field.name)).collect();
        let (mut views, mut read) = (String::new(), String::new());
        for (index, (field, ident)) in fields.iter().zip(idents).enumerate() {
            let member = &field.name;
            match &field.kind {
                FieldKind::Constant(value) => {
                    let _ = writeln!(views, "{index} => MemberView::Present({member:?}, {}),", literal(value));
                }
                FieldKind::Value(_) => {
                    let presence = if field.required { "required" } else { "optional" };
                    let _ = writeln!(views, "{index} => MemberView::{presence}({member:?}, &self.{ident}),");
                    let _ = writeln!(read, "{ident}: members.{presence}({index}, {member:?})?,");
                }
            }
        }
        match rest {
            Some(rest) => {
                let _ = writeln!(views, "_ => MemberView::other(&self.{rest}, last, Self::NAMES),");
                let _ = writeln!(read, "{rest}: members.others()?,");
            }
            None => views.push_str("_ => MemberView::End,\n"),
        }
        let _ = writeln!(
            code,
            "impl Fields for {name} {{\n\
             const NAMES: &'static [&'static str] = &[{}];\n\n\
             fn show<'a>(&'a self, index: usize, last: Option<&'a str>) -> MemberView<'a> {{\nmatch index {{\n{views}}}\n}}\n\n\
             fn build(members: &mut ObjectReader<'_, '_>) -> Option<Self> {{\nSome(Self {{\n{read}}})\n}}\n}}\n",
            listed.join(", ")
        );
    }

    fn field_docs(&self, field: &Field) -> String {
        docs(&self.prose(field.schema).unwrap_or_else(|| format!("`{}`", field.name)), "")
    }

    /// The description of a schema, or of the schema that it refers to.
    fn prose(&self, schema: SchemaId) -> Option<String> {
        let own = &self.plan.contract.schema(schema).annotations;
        let target = &self.plan.contract.schema(self.plan.contract.resolved(schema)).annotations;
        let said = [&own.description, &own.title, &target.description, &target.title];
        said.into_iter().flatten().find(|text| !text.trim().is_empty()).cloned()
    }

    /// The first sentence of a variant's description, or the tag values that select the variant.
    fn variant_docs(&self, variant: &Variant) -> String {
        let tags: Vec<String> =
            variant.tags.iter().map(|tag| format!("`{}`", tag.as_str().map_or(tag.to_string(), str::to_owned))).collect();
        let text = match self.prose(variant.schema) {
            Some(text) if tags.is_empty() => text.split_inclusive(". ").next().unwrap_or_default().trim().to_owned(),
            _ if tags.is_empty() => format!("`{}`", variant.words.join(" ")),
            _ => tags.join(" or "),
        };
        docs(&text, "")
    }

    fn texts(&self, id: DeclarationId, texts: &[String], code: &mut String) {
        let name = self.names.type_name(id);
        let mut unique = Unique::default();
        let variants: Vec<String> = texts.iter().map(|text| unique.take(variant_name(text), "")).collect();
        let _ = writeln!(code, "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum {name} {{");
        for (variant, text) in variants.iter().zip(texts) {
            let shown = if text.is_empty() { "The empty string.".to_owned() } else { format!("`{text}`") };
            let _ = writeln!(code, "{}{variant},", docs(&shown, ""));
        }
        let listed: Vec<String> = variants.iter().map(|variant| format!("{name}::{variant}")).collect();
        let _ = writeln!(
            code,
            "}}\n\nimpl {name} {{\n/// All values, in the contract's order.\npub const ALL: &'static [{name}] = &[{}];\n\n\
             /// The value as the contract writes it.\npub fn as_str(self) -> &'static str {{\nmatch self {{",
            listed.join(", ")
        );
        for (path, text) in listed.iter().zip(texts) {
            let _ = writeln!(code, "{path} => {text:?},");
        }
        code.push_str("}\n}\n}\n\n");
        self.entry_points(id, "texts", "", code);
    }

    fn variant_idents(variants: &[Variant]) -> Vec<String> {
        let mut unique = Unique::default();
        variants.iter().map(|variant| unique.take(variant_name(&variant.words.join(" ")), "")).collect()
    }

    /// The enum, and the code that views it as JSON.
    fn union(&self, id: DeclarationId, variants: &[Variant], idents: &[String], code: &mut String) {
        let name = self.names.type_name(id);
        let _ = writeln!(code, "#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{");
        for (variant, ident) in variants.iter().zip(idents) {
            let _ = writeln!(code, "{}{ident}({}),", self.variant_docs(variant), self.ty(&variant.ty));
        }
        let _ = writeln!(code, "}}\n\nimpl ToJson for {name} {{\nfn as_json(&self) -> Json<'_> {{\nmatch self {{");
        for ident in idents {
            let _ = writeln!(code, "{name}::{ident}(value) => value.as_json(),");
        }
        code.push_str("}\n}\n}\n\n");
    }

    fn tagged(&self, id: DeclarationId, member: &str, variants: &[Variant], code: &mut String) {
        let name = self.names.type_name(id);
        let idents = Self::variant_idents(variants);
        self.union(id, variants, &idents, code);
        let _ = writeln!(
            code,
            "impl ReadJson for {name} {{\nfn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {{\nmatch value.get({member:?}) {{"
        );
        for (variant, ident) in variants.iter().zip(&idents) {
            let tags: Vec<String> = variant.tags.iter().map(literal).collect();
            let _ = writeln!(code, "Some({}) => ReadJson::read(value, at, out).map({name}::{ident}),", tags.join(" | "));
        }
        code.push_str("_ => mismatch(value, \"one of several shapes\", at, out),\n}\n}\n}\n\n");
        self.entry_points(id, "schema", "", code);
    }

    fn by_type(&self, id: DeclarationId, variants: &[Variant], code: &mut String) {
        let name = self.names.type_name(id);
        let idents = Self::variant_idents(variants);
        self.union(id, variants, &idents, code);
        let _ = writeln!(
            code,
            "impl ReadJson for {name} {{\nfn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {{\nmatch value {{"
        );
        let mut covered = 0;
        for (variant, ident) in variants.iter().zip(&idents) {
            let patterns = json_patterns(variant.types);
            covered += patterns.len();
            let _ = writeln!(code, "{} => ReadJson::read(value, at, out).map({name}::{ident}),", patterns.join(" | "));
        }
        if covered < 6 {
            code.push_str("_ => mismatch(value, \"one of several types\", at, out),\n");
        }
        code.push_str("}\n}\n}\n\n");
        self.entry_points(id, "schema", "", code);
    }

    fn untagged(&self, id: DeclarationId, variants: &[Variant], attempts: &[Attempt], code: &mut String) {
        let name = self.names.type_name(id);
        let idents = Self::variant_idents(variants);
        self.union(id, variants, &idents, code);
        let _ = writeln!(code, "impl ReadJson for {name} {{\nfn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {{");
        for Attempt { variant, member } in attempts {
            let ident = &idents[*variant];
            let test = match (member, self.plan.shapes.of(self.plan.contract, variants[*variant].schema)) {
                (Some(member), _) => format!("value.get({member:?}).is_some()"),
                (None, Some(id)) => format!("out.accepts(|out| validators::{}(value, at, out))", self.names.function(id)),
                (None, None) => "out.accepts(|out| _ = (value, at, out))".to_owned(),
            };
            let _ = writeln!(code, "if {test} {{\nreturn ReadJson::read(value, at, out).map({name}::{ident});\n}}");
        }
        code.push_str("mismatch(value, \"one of several shapes\", at, out)\n}\n}\n\n");
        self.entry_points(id, "schema", "", code);
    }

    fn wrapper(&self, id: DeclarationId, ty: &Type, code: &mut String) {
        let (name, inner) = (self.names.type_name(id), self.ty(ty));
        let extra_derive = match ty {
            Type::Text => ", Eq, PartialOrd, Ord, Hash",
            Type::Integer(_) | Type::Bool | Type::Null => ", Copy, Eq, PartialOrd, Ord, Hash",
            Type::Float => ", Copy, PartialOrd",
            _ => "",
        };
        let _ = writeln!(code, "#[derive(Clone, Debug, PartialEq{extra_derive})]\npub struct {name}(pub {inner});\n");
        self.entry_points(id, "newtype", &format!(", {inner}"), code);
    }

    fn ty(&self, ty: &Type) -> String {
        rust_type(self.names, "", ty)
    }
}

/// A type as Rust text. `module` is prepended to the names of declared types.
pub fn rust_type(names: &Names, module: &str, ty: &Type) -> String {
    let inner = |ty: &Type| rust_type(names, module, ty);
    match ty {
        Type::Any => "Value".to_owned(),
        Type::Null => "()".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Integer(width) => width.name().to_owned(),
        Type::Float => "f64".to_owned(),
        Type::Text => "String".to_owned(),
        Type::List(item) => format!("Vec<{}>", inner(item)),
        Type::Each(item) => format!("Vec<Each<{}>>", inner(item)),
        Type::Map(value) => format!("BTreeMap<String, {}>", inner(value)),
        Type::Optional(value) => format!("Option<{}>", inner(value)),
        Type::Declared(id) => format!("{module}{}", names.type_name(*id)),
        Type::Recursive(id) => format!("Box<{module}{}>", names.type_name(*id)),
    }
}

/// A constant as an expression that is also a valid pattern.
pub fn literal(value: &JsonValue) -> String {
    match value {
        JsonValue::Bool(value) => format!("Json::Bool({value})"),
        JsonValue::String(text) => format!("Json::String({text:?})"),
        JsonValue::Number(number) => format!("Json::Number(({number}i64).into())"),
        _ => "Json::Null".to_owned(),
    }
}

fn json_patterns(types: Types) -> Vec<&'static str> {
    let number = types.contains(Types::NUMBER) || types.contains(Types::INTEGER);
    let choices = [
        (types.contains(Types::NULL), "Json::Null"),
        (types.contains(Types::BOOLEAN), "Json::Bool(_)"),
        (number, "Json::Number(_)"),
        (types.contains(Types::STRING), "Json::String(_)"),
        (types.contains(Types::ARRAY), "Json::Array(_)"),
        (types.contains(Types::OBJECT), "Json::Object(_)"),
    ];
    choices.iter().filter(|(covered, _)| *covered).map(|(_, pattern)| *pattern).collect()
}
