//! `types.rs`: a type declaration for each shape, with the names of its members.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value as JsonValue;

use super::depth::is_cut;
use super::names::{Alias, Names, Unique, value_name, variant_name};
use super::print::{docs, ident, print, text};
use super::{Source, scope};
use crate::emit::{Plan, in_parallel};
use crate::model::{IntegerWidth, RustType, SchemaId};
use crate::runtime::check::Types;
use crate::shapes::{Attempt, Declaration, DeclarationId, Field, FieldKind, Shape, Type, Variant};

pub fn emit(plan: &Plan<'_>, names: &Names) -> Source {
    let emitter = Emitter { plan, names };
    let mut items = in_parallel(&names.sorted(), |(_, id)| print(emitter.declaration(*id)));
    items.extend(names.aliases().iter().map(|alias| print(emitter.alias(alias))));
    Source::Printed { head: scope::head("The types of the contract.", scope::TYPES), items }
}

struct Emitter<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
}

impl Emitter<'_> {
    fn declaration(&self, id: DeclarationId) -> TokenStream {
        let declaration = self.plan.shapes.get(id);
        if let Some(foreign) = &self.plan.contract.schema(declaration.schema).rust_type {
            return self.foreign(id, foreign);
        }
        match &declaration.shape {
            Shape::Record { fields, rest, .. } => self.record(id, fields, rest.as_ref()),
            Shape::Texts(texts) => self.texts(id, texts),
            Shape::Tagged { member, variants } => {
                let patterns = variants.iter().map(|variant| alternatives(variant.tags.iter().map(literal)));
                self.union(id, variants, patterns.collect(), &quote!(tagged), &on(member))
            }
            Shape::ByType(variants) => {
                let patterns = variants.iter().map(|variant| alternatives(json_patterns(variant.types)));
                self.union(id, variants, patterns.collect(), &quote!(by_type), &TokenStream::new())
            }
            Shape::Untagged { variants, attempts } => self.untagged(id, variants, attempts),
            Shape::Wrapper(ty) => self.wrapper(id, ty),
        }
    }

    fn alias(&self, alias: &Alias) -> TokenStream {
        let docs = docs(&self.plan.alias_about(alias.schema, &alias.name));
        let (name, target) = (ident(&alias.name), ident(self.names.type_name(alias.target)));
        quote!(#docs pub type #name = #target;)
    }

    /// The documentation, and the name in the form of the macro calls: `Name as "name in the contract" by its rule`.
    fn type_docs(&self, declaration: &Declaration) -> TokenStream {
        let mut text = self.plan.about(declaration);
        if self.plan.contract.schema(declaration.schema).annotations.deprecated {
            text.push_str("\n\nDeprecated.");
        }
        docs(&text)
    }

    /// The schema's name in the contract, or a derived name.
    fn schema_name(&self, id: DeclarationId) -> Literal {
        text(&self.plan.shapes.get(id).words.join("."))
    }

    /// The path of the rule of a type.
    fn rule(&self, id: DeclarationId) -> TokenStream {
        let rule = ident(self.names.rule(id));
        quote!(validators::#rule)
    }

    fn record(&self, id: DeclarationId, fields: &[Field], rest: Option<&Type>) -> TokenStream {
        let mut unique = Unique::default();
        let idents: Vec<String> = fields.iter().map(|field| unique.take(value_name(&field.name), "_")).collect();
        let (mut constants, mut members) = (Vec::new(), Vec::new());
        for (index, (field, name)) in fields.iter().zip(&idents).enumerate() {
            let (index, member, name) = (Literal::usize_unsuffixed(index), text(&field.name), ident(name));
            match &field.kind {
                FieldKind::Constant(value) => {
                    let value = literal(value);
                    constants.push(quote!(const #index #member = #value,));
                }
                FieldKind::Value(ty) => {
                    let (docs, ty) = (self.field_docs(field), self.ty(id, ty));
                    members.push(match field.required {
                        true => quote!(#docs #index required #member => #name: #ty,),
                        false => quote!(#docs #index optional #member => #name: Option<#ty>,),
                    });
                }
            }
        }
        let rest = rest.map(|ty| {
            let name = ident(&unique.take(if *ty == Type::Any { "unknown" } else { "additional" }.to_owned(), "_"));
            let ty = self.ty(id, ty);
            quote!(..#name: BTreeMap<String, #ty>,)
        });
        let (docs, name) = (self.type_docs(self.plan.shapes.get(id)), ident(self.names.type_name(id)));
        let (schema, rule) = (self.schema_name(id), self.rule(id));
        quote!(record! { #docs pub struct #name as #schema by #rule { #(#constants)* #(#members)* #rest } })
    }

    fn field_docs(&self, field: &Field) -> TokenStream {
        docs(self.plan.member_about(field.schema).unwrap_or(&format!("`{}`", field.name)))
    }

    /// The description of a schema, or of the schema that it refers to.
    fn prose(&self, schema: SchemaId) -> Option<String> {
        let own = &self.plan.contract.schema(schema).annotations;
        let target = &self.plan.contract.schema(self.plan.contract.resolved(schema)).annotations;
        let said = [&own.description, &own.title, &target.description, &target.title];
        said.into_iter().flatten().find(|text| !text.trim().is_empty()).cloned()
    }

    /// The first sentence of a variant's description, or the tag values that select the variant.
    fn variant_docs(&self, variant: &Variant) -> TokenStream {
        let tags: Vec<String> =
            variant.tags.iter().map(|tag| format!("`{}`", tag.as_str().map_or(tag.to_string(), str::to_owned))).collect();
        docs(&match self.prose(variant.schema) {
            Some(text) if tags.is_empty() => text.split_inclusive(". ").next().unwrap_or_default().trim().to_owned(),
            _ if tags.is_empty() => format!("`{}`", variant.words.join(" ")),
            _ => tags.join(" or "),
        })
    }

    fn texts(&self, id: DeclarationId, texts: &[String]) -> TokenStream {
        let mut unique = Unique::default();
        let variants: Vec<_> = texts.iter().map(|text| ident(&unique.take(variant_name(text), ""))).collect();
        let texts = texts.iter().map(|value| text(value));
        let (docs, name) = (self.type_docs(self.plan.shapes.get(id)), ident(self.names.type_name(id)));
        let (schema, rule) = (self.schema_name(id), self.rule(id));
        quote!(texts! { #docs pub enum #name as #schema by #rule { #(#variants = #texts,)* } })
    }

    fn variant_idents(variants: &[Variant]) -> Vec<proc_macro2::Ident> {
        let mut unique = Unique::default();
        variants.iter().map(|variant| ident(&unique.take(variant_name(&variant.words.join(" ")), ""))).collect()
    }

    /// A union whose variants are distinguished by patterns.
    fn union(
        &self,
        id: DeclarationId,
        variants: &[Variant],
        patterns: Vec<TokenStream>,
        macro_name: &TokenStream,
        on: &TokenStream,
    ) -> TokenStream {
        let idents = Self::variant_idents(variants);
        let about = variants.iter().map(|variant| self.variant_docs(variant));
        let types = variants.iter().map(|variant| self.ty(id, &variant.ty));
        let (docs, name) = (self.type_docs(self.plan.shapes.get(id)), ident(self.names.type_name(id)));
        let (schema, rule) = (self.schema_name(id), self.rule(id));
        quote!(#macro_name! { #docs pub enum #name as #schema #on by #rule { #(#about #idents(#types) = #patterns,)* } })
    }

    fn untagged(&self, id: DeclarationId, variants: &[Variant], attempts: &[Attempt]) -> TokenStream {
        let idents = Self::variant_idents(variants);
        let about = variants.iter().map(|variant| self.variant_docs(variant));
        let types = variants.iter().map(|variant| self.ty(id, &variant.ty));
        let last = attempts.len().saturating_sub(1);
        let attempts = attempts.iter().enumerate().map(|(index, Attempt { variant, member })| {
            let name = &idents[*variant];
            // A later variant may hold a number that this one cannot, as in `integer or number`.
            let test = match self.width(&variants[*variant].ty) {
                Some(IntegerWidth::I64) if index < last => quote!(fits_i64),
                Some(IntegerWidth::U64) if index < last => quote!(fits_u64),
                _ => quote!(accepts),
            };
            match (member, self.plan.shapes.of(self.plan.contract, variants[*variant].schema)) {
                (Some(member), _) => {
                    let member = text(member);
                    quote!(#name has #member)
                }
                (None, Some(id)) => {
                    let rule = self.rule(id);
                    quote!(#name #test &#rule)
                }
                (None, None) => quote!(#name #test &rt::rule::Rule::Any),
            }
        });
        let (docs, name) = (self.type_docs(self.plan.shapes.get(id)), ident(self.names.type_name(id)));
        let (schema, rule) = (self.schema_name(id), self.rule(id));
        quote!(untagged! { #docs pub enum #name as #schema by #rule { #(#about #idents(#types),)* } try { #(#attempts,)* } })
    }

    /// The width of a type that is an integer, possibly under other names.
    fn width(&self, ty: &Type) -> Option<IntegerWidth> {
        match ty {
            Type::Integer(width) | Type::LongInteger(width) => Some(*width),
            Type::Declared(id) => match &self.plan.shapes.get(*id).shape {
                Shape::Wrapper(ty) => self.width(ty),
                _ => None,
            },
            _ => None,
        }
    }

    fn wrapper(&self, id: DeclarationId, ty: &Type) -> TokenStream {
        let of_listed = if let Type::Listed(_, inner) = ty { inner } else { ty };
        let derives = match of_listed {
            Type::Text => quote!(: Eq PartialOrd Ord Hash),
            Type::Integer(_) | Type::LongInteger(_) | Type::Bool | Type::Null => quote!(: Copy Eq PartialOrd Ord Hash),
            Type::Float => quote!(: Copy PartialOrd),
            _ => TokenStream::new(),
        };
        let (docs, name) = (self.type_docs(self.plan.shapes.get(id)), ident(self.names.type_name(id)));
        let (schema, rule, inner) = (self.schema_name(id), self.rule(id), self.ty(id, ty));
        quote!(newtype! { #docs pub struct #name(#inner) as #schema by #rule #derives })
    }

    /// A type around an existing type. It keeps the JSON next to the value.
    fn foreign(&self, id: DeclarationId, foreign: &RustType) -> TokenStream {
        let path = foreign.path.iter().map(|segment| ident(segment));
        let (docs, name) = (self.type_docs(self.plan.shapes.get(id)), ident(self.names.type_name(id)));
        let (schema, rule) = (self.schema_name(id), self.rule(id));
        quote!(newtype! { #docs pub struct #name(rt::schema::Foreign<#(::#path)*>) as #schema by #rule })
    }

    /// A type that the declaration uses.
    fn ty(&self, user: DeclarationId, ty: &Type) -> TokenStream {
        spelled(self.names, Some(user), ty)
    }
}

/// A type that an operation uses.
pub fn rust_type(names: &Names, ty: &Type) -> TokenStream {
    spelled(names, None, ty)
}

/// A type. `user` is the declaration that uses it; for an operation there is none.
fn spelled(names: &Names, user: Option<DeclarationId>, ty: &Type) -> TokenStream {
    let inner = |inner: &Type| match spelled(names, user, inner) {
        code if is_cut(ty) => quote!(rt::schema::Deep<#code>),
        code => code,
    };
    let declared = |id: &DeclarationId| {
        let name = ident(names.type_name(*id));
        if user.is_some() { quote!(#name) } else { quote!(types::#name) }
    };
    match ty {
        Type::Any => quote!(Value),
        Type::Null => quote!(()),
        Type::Bool => quote!(bool),
        Type::Integer(width) | Type::LongInteger(width) => integer(*width),
        Type::Float => quote!(f64),
        Type::Listed(_, ty) => inner(ty),
        Type::Text => quote!(String),
        Type::List(_) | Type::Tuple { .. } => {
            let item = inner(ty.item());
            quote!(Vec<#item>)
        }
        Type::Each(item) => {
            let item = inner(item);
            quote!(Vec<Each<#item>>)
        }
        Type::Map(value) => {
            let value = inner(value);
            quote!(BTreeMap<String, #value>)
        }
        Type::Optional(value) => {
            let value = inner(value);
            quote!(Option<#value>)
        }
        Type::Declared(id) | Type::Recursive(id) if user.is_some_and(|user| names.needs_deep(user, *id)) => {
            let name = declared(id);
            quote!(rt::schema::Deep<#name>)
        }
        Type::Declared(id) => declared(id),
        Type::Recursive(id) => {
            let name = declared(id);
            quote!(Box<#name>)
        }
    }
}

fn integer(width: IntegerWidth) -> TokenStream {
    let name = ident(width.name());
    quote!(#name)
}

/// A constant as an expression that is also a valid pattern, if it is not a number.
pub fn literal(value: &JsonValue) -> TokenStream {
    match value {
        JsonValue::Bool(value) => quote!(Json::Bool(#value)),
        JsonValue::String(value) => {
            let value = text(value);
            quote!(Json::String(#value))
        }
        JsonValue::Number(number) => {
            let number = Literal::i64_suffixed(number.as_i64().unwrap_or_default());
            quote!(Json::Number((#number).into()))
        }
        _ => quote!(Json::Null),
    }
}

/// The member that discriminates a union.
fn on(member: &str) -> TokenStream {
    let member = text(member);
    quote!(on #member)
}

fn alternatives(patterns: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let patterns = patterns.into_iter();
    quote!(#(#patterns)|*)
}

fn json_patterns(types: Types) -> Vec<TokenStream> {
    let number = types.contains(Types::NUMBER) || types.contains(Types::INTEGER);
    let choices = [
        (types.contains(Types::NULL), quote!(Json::Null)),
        (types.contains(Types::BOOLEAN), quote!(Json::Bool(_))),
        (number, quote!(Json::Number(_))),
        (types.contains(Types::STRING), quote!(Json::String(_))),
        (types.contains(Types::ARRAY), quote!(Json::Array(_))),
        (types.contains(Types::OBJECT), quote!(Json::Object(_))),
    ];
    choices.into_iter().filter(|(covered, _)| *covered).map(|(_, pattern)| pattern).collect()
}
