//! The structures of multipart bodies in `operations.rs`. They hold both files and values.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::names::{Names, Unique, value_name};
use super::parameters::parts_name;
use super::print::{docs, ident};
use super::uses::rust_type;
use crate::emit::Plan;
use crate::model::{BodyPart, Media, Operation, PartKind};

/// The structure of a multipart body.
pub struct Body {
    name: String,
    /// The id of the operation.
    operation: String,
    /// The name of the constant with its parts.
    parts: String,
    fields: Vec<(String, BodyPart)>,
    is_closed: bool,
}

impl Body {
    /// The structure of the body of an operation.
    pub fn new(plan: &Plan<'_>, operation: &Operation, media: &Media, name: String, body: &str) -> Self {
        let mut unique = Unique::default();
        let listed = plan.contract.body_parts(media);
        let is_closed = listed.as_ref().is_some_and(|body| body.is_closed);
        let parts = listed.map(|body| body.parts).unwrap_or_default();
        let fields = parts.into_iter().map(|part| (unique.take(value_name(&part.name), "_"), part)).collect();
        Body { name, operation: operation.id.clone(), parts: parts_name(body), fields, is_closed }
    }

    /// The name of the structure.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The structure, and how its parts are written and read.
    pub fn emit(&self, plan: &Plan<'_>, names: &Names) -> String {
        let (name, parts) = (ident(&self.name), ident(&self.parts));
        let about = docs(&format!("The body of `{}`.", self.operation));
        let fields = self.fields.iter().map(|(field, part)| declaration(plan, names, field, part));
        let (mut writes, mut reads) = (Vec::new(), Vec::new());
        for (index, (field, part)) in self.fields.iter().enumerate() {
            let (field, index) = (ident(field), Literal::usize_unsuffixed(index));
            let constant = quote!(&parameters::#parts[#index]);
            let method = ident(match (part.kind, part.required) {
                (PartKind::Value, true) => "required",
                (PartKind::Value, false) => "value",
                (PartKind::File, true) => "required_file",
                (PartKind::File, false) => "file",
                (PartKind::Files, true) => "required_files",
                (PartKind::Files, false) => "files",
            });
            writes.push(quote!(to.#method(#constant, &self.#field);));
            reads.push(quote!(#field: from.#method(#constant)?,));
        }
        let only = self.is_closed.then(|| quote!(from.only(&parameters::#parts)?;));
        let http = quote!(rt::http);
        let code = quote! {
            #about
            #[derive(Clone, Debug, PartialEq)]
            pub struct #name { #(#fields)* }

            impl #http::Multipart for #name {
                fn write(&self, to: &mut #http::Parts<'_>) { #(#writes)* }

                fn read(from: &#http::IncomingParts<'_>) -> Result<Self, rt::report::Report> {
                    #only
                    Ok(Self { #(#reads)* })
                }
            }
        };
        code.to_string()
    }
}

fn declaration(plan: &Plan<'_>, names: &Names, field: &str, part: &BodyPart) -> TokenStream {
    let described = plan.contract.schema(part.schema).annotations.description.clone();
    let (about, field) = (docs(&described.unwrap_or_else(|| format!("`{}`", part.name))), ident(field));
    let file = quote!(rt::http::File);
    let ty = match part.kind {
        PartKind::Value => rust_type(plan, names, part.schema).parse().unwrap_or_default(),
        PartKind::File => file,
        PartKind::Files => quote!(Vec<#file>),
    };
    let ty = if part.required { ty } else { quote!(Option<#ty>) };
    quote!(#about pub #field: #ty,)
}
