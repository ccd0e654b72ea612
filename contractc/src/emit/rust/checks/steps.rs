//! The statements of a validator.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// Statements in order.
#[derive(Clone, Default)]
pub(super) struct Steps(Vec<Step>);

#[derive(Clone)]
enum Step {
    /// An expression, without its semicolon.
    Call(TokenStream),
    /// Complete statements.
    Block(TokenStream),
}

impl Steps {
    pub(super) fn call(call: TokenStream) -> Self {
        Steps(vec![Step::Call(call)])
    }

    pub(super) fn block(block: TokenStream) -> Self {
        Steps(vec![Step::Block(block)])
    }

    pub(super) fn push_call(&mut self, call: TokenStream) {
        self.0.push(Step::Call(call));
    }

    pub(super) fn push_block(&mut self, block: TokenStream) {
        self.0.push(Step::Block(block));
    }

    pub(super) fn append(&mut self, more: Steps) {
        self.0.extend(more.0);
    }

    /// Adds steps for the same value, without calls that are already there.
    pub(super) fn append_others(&mut self, more: Steps) {
        for step in more.0 {
            let is_known = |known: &Step| match (known, &step) {
                (Step::Call(known), Step::Call(call)) => known.to_string() == call.to_string(),
                _ => false,
            };
            if !self.0.iter().any(is_known) {
                self.0.push(step);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The call, if there is nothing else.
    pub(super) fn only_call(&self) -> Option<&TokenStream> {
        match self.0.as_slice() {
            [Step::Call(call)] => Some(call),
            _ => None,
        }
    }

    /// The right side of a match arm, with braces unless it is a single call.
    pub(super) fn arm(&self) -> TokenStream {
        match self.only_call() {
            Some(call) => quote!(#call,),
            None => quote!({ #self }),
        }
    }
}

impl ToTokens for Steps {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for step in &self.0 {
            match step {
                Step::Call(call) => tokens.extend(quote!(#call;)),
                Step::Block(block) => tokens.extend(block.clone()),
            }
        }
    }
}

/// A loop over the items of an array. In the loop, `at` is the location of the current one.
pub(super) fn walk_items(array: &TokenStream, value: &TokenStream, body: &TokenStream) -> TokenStream {
    quote!(for (index, #value) in #array { let at = at.item(index); #body })
}

/// A loop over the members of an object.
pub(super) fn walk_members(value: &TokenStream, body: &TokenStream) -> TokenStream {
    quote!(for (name, #value) in object { let at = at.member(name); #body })
}
