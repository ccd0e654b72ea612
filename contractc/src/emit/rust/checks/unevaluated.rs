//! `unevaluatedProperties` and `unevaluatedItems`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::steps::{Steps, walk_items, walk_members};
use super::{Emitter, text};
use crate::emit::evaluated::{Evaluated, Part};
use crate::model::SchemaId;

impl Emitter<'_> {
    pub(super) fn unevaluated(&self, id: SchemaId) -> Steps {
        let schema = self.schema(id);
        let mut code = Steps::default();
        if let Some(rest) = schema.object.unevaluated_properties {
            let walk = walk_members(&quote!(part), &self.unless_evaluated(id, Part::Member, rest, "unevaluatedProperties"));
            code.push_block(quote!(if let Json::Object(object) = value { #walk }));
        }
        if let Some(rest) = schema.array.unevaluated_items {
            let walk = walk_items(&quote!(array), &quote!(part), &self.unless_evaluated(id, Part::Item, rest, "unevaluatedItems"));
            code.push_block(quote!(if let Json::Array(array) = value { #walk }));
        }
        code
    }

    /// Checks `part` against `rest` unless the schema evaluates it.
    fn unless_evaluated(&self, id: SchemaId, part: Part, rest: SchemaId, keyword: &str) -> TokenStream {
        let check = if self.schema(self.plan.contract.resolved(rest)).never {
            quote!(out.never(#keyword, at);)
        } else {
            let check = self.check(rest);
            quote!(let value = part; #check)
        };
        let evaluated = self.condition(&Evaluated::by(self.plan.contract, id, part));
        quote!(if !(#evaluated) { #check })
    }

    /// The condition as an expression over `value` and the member `name`, or over `value` and the item `part` at `index`.
    fn condition(&self, evaluated: &Evaluated<'_>) -> TokenStream {
        match evaluated {
            Evaluated::Any(terms) if terms.is_empty() => quote!(false),
            Evaluated::Any(terms) => {
                let terms = terms.iter().map(|term| self.condition(term));
                quote!(#((#terms))||*)
            }
            Evaluated::Always => quote!(true),
            Evaluated::Named(names) => {
                let names = names.iter().map(|name| text(name));
                quote!(matches!(name, #(#names)|*))
            }
            Evaluated::Matching(source) => {
                let pattern = self.pattern(source);
                quote!(#pattern.matches(name))
            }
            Evaluated::Before(index) => {
                let index = Literal::usize_unsuffixed(*index);
                quote!(index < #index)
            }
            Evaluated::Contained(schema) => {
                let accepts = self.accepts(*schema);
                quote!({ let value = part; #accepts })
            }
            Evaluated::Accepted(schema, inner) => match self.accepts_unless_anything(*schema) {
                Some(accepts) => self.both(accepts, inner),
                None => self.condition(inner),
            },
            Evaluated::Beside(name, inner) => {
                let name = text(name);
                self.both(quote!(value.get(#name).is_some()), inner)
            }
            Evaluated::If(schema, then, otherwise) => {
                let (accepts, then, otherwise) = (self.accepts(*schema), self.condition(then), self.condition(otherwise));
                quote!(if #accepts { #then } else { #otherwise })
            }
        }
    }

    fn both(&self, left: TokenStream, right: &Evaluated<'_>) -> TokenStream {
        match right {
            Evaluated::Always => left,
            right => {
                let right = self.condition(right);
                quote!(#left && (#right))
            }
        }
    }

    /// An expression for whether the schema accepts `value`; `None` if it accepts everything.
    fn accepts_unless_anything(&self, id: SchemaId) -> Option<TokenStream> {
        (!self.check(id).is_empty()).then(|| self.accepts(id))
    }
}
