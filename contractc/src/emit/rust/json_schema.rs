//! `json_schema.rs`: the contract's schema of each type, as its `schemars::JsonSchema`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::names::Names;
use super::print::{docs, ident, print, raw_text, text};
use super::{Source, scope};
use crate::emit::json_schema::{JsonSchema, JsonSchemas};
use crate::emit::{Plan, in_parallel};
use crate::shapes::DeclarationId;

pub fn emit(plan: &Plan<'_>, names: &Names) -> Source {
    // JSON strings contain no line breaks, so the lines of a schema can be indented.
    let indented = |code: String| code.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let printer = JsonSchemas::new(plan);
    let schema = |id: DeclarationId| printer.print(plan.shapes.get(id).schema);
    let schemas = in_parallel(&names.sorted(), |(name, id)| indented(print(implementation(names, name, schema(*id)))));
    let items = vec![format!("json_schemas! {{\n{}}}\n", schemas.concat()), print(by_name(plan, names))];
    Source::Printed { head: scope::head("The JSON Schemas of the types, for schemars.", scope::JSON_SCHEMA), items }
}

fn implementation(names: &Names, name: &str, schema: JsonSchema) -> TokenStream {
    let JsonSchema { value, references } = schema;
    let (name, schema) = (ident(name), raw_text(&value.to_string()));
    let references = references.iter().map(|(pointer, target)| {
        let (pointer, target): (Literal, _) = (text(pointer), ident(names.type_name(*target)));
        quote!(#pointer => #target,)
    });
    quote!(#name = #schema { #(#references)* })
}

/// The function that finds the JSON Schema of a type by the name of its schema.
fn by_name(plan: &Plan<'_>, names: &Names) -> TokenStream {
    let known = plan.contract.names.iter().filter_map(|(name, id)| Some((name, plan.shapes.of(plan.contract, *id)?)));
    let arms: Vec<_> = known
        .map(|(name, declaration)| {
            let (name, ty) = (text(name), ident(names.type_name(declaration)));
            quote!(#name => generator.into_root_schema_for::<types::#ty>(),)
        })
        .collect();
    // A `match` without such arms would be unreachable code.
    let found = if arms.is_empty() { quote!(None) } else { quote!(Some(match schema { #(#arms)* _ => return None, })) };
    let about = docs("The JSON Schema of the schema that the contract calls `schema`, with the definitions that it refers to.");
    quote! {
        #about
        pub fn of(schema: &str) -> Option<Schema> {
            let generator = SchemaGenerator::default();
            #found
        }
    }
}
