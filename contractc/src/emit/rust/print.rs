//! Rust code as tokens: the literals, identifiers and doc comments that generated code is made from, and the printer.
//!
//! Names and texts of a document enter generated code only through [`ident`], [`text`] and [`docs`], so that nothing in them can end a
//! literal, a comment or a name.

mod layout;
#[cfg(test)]
mod tests;
mod tokens;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::emit::{TURNS, wrap};

/// The code of items, formatted.
pub fn print(stream: TokenStream) -> String {
    layout::items(&tokens::tokens(stream))
}

/// An identifier. The name is valid: see [`names`](super::names).
pub fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A string literal.
pub fn text(text: &str) -> Literal {
    let literal = Literal::string(text);
    if !text.contains(TURNS) {
        return literal;
    }
    let escaped = |literal: String, turn: char| literal.replace(turn, &turn.escape_unicode().to_string());
    TURNS.into_iter().fold(literal.to_string(), escaped).parse().unwrap_or(literal)
}

/// A raw string literal, for text with many quotes.
pub fn raw_text(raw: &str) -> Literal {
    if raw.contains(TURNS) {
        return text(raw);
    }
    // A carriage return is not valid in a raw string, and JSON has none.
    let hashes = (1..).map(|count| "#".repeat(count)).find(|hashes| !raw.contains(&format!("\"{hashes}"))).unwrap_or_default();
    format!("r{hashes}\"{raw}\"{hashes}").parse().unwrap_or_else(|_| text(raw))
}

/// An array of string literals.
pub fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> TokenStream {
    let values = values.into_iter().map(|value| text(value.as_ref()));
    quote!([#(#values),*])
}

/// A description as a doc comment.
pub fn docs(description: &str) -> TokenStream {
    let mut lines = Vec::new();
    let mut fenced = false;
    for line in wrap(description.trim(), 100) {
        // A carriage return or null character in a comment is not valid Rust.
        let mut line = line.replace('\t', "    ").replace(char::is_control, " ");
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            fenced = !fenced;
            // Examples in a contract are not Rust and must not run as tests.
            line = if fenced { "```text".to_owned() } else { "```".to_owned() };
        } else if !fenced && line.len() - trimmed.len() >= 4 {
            // The same applies to text that Markdown parses as code because of its indentation.
            line = format!("  {trimmed}");
        }
        lines.push(if line.is_empty() { line } else { format!(" {line}") });
    }
    if fenced {
        lines.push(" ```".to_owned());
    }
    quote!(#(#[doc = #lines])*)
}
