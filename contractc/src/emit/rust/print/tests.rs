//! Tests of the layout: tokens and the text that is printed for them.

use proc_macro2::TokenStream;
use quote::quote;

use super::{docs, ident, print, text, texts};

/// The tokens without spaces, and without the trailing commas that the printer may add or drop.
fn content(tokens: &TokenStream) -> String {
    tokens.to_string().replace([' ', '\n', ','], "")
}

fn assert_same(tokens: TokenStream) -> String {
    let code = print(tokens.clone());
    let again: TokenStream = code.parse().unwrap_or_else(|error| panic!("{error}: {code}"));
    assert_eq!(content(&again), content(&tokens), "{code}");
    code
}

#[test]
fn texts_of_a_document_stay_inside_their_literals() {
    for hostile in ["\"", "\\", "*/", "\"#; fn x() {}", "\n", "\r", "\0", "'", "{}", "\u{2028}", "// x", "```\nlet x", "\t\tindented"] {
        let (docs, value) = (docs(hostile), text(hostile));
        let code = assert_same(quote!(#docs pub const X: &str = #value;));
        assert_eq!(code.lines().filter(|line| line.contains("pub const X")).count(), 1, "{code}");
        assert!(code.lines().all(|line| line.starts_with("///") || line.starts_with("pub const X: &str = ")), "{code}");
    }
}

#[test]
fn all_that_generated_code_uses_is_printed_as_it_is() {
    let name = ident("value");
    assert_same(quote! {
        #![allow(unused)]
        use super::runtime::{self as rt, json::{Json, Value}};
        pub trait Api: Send + Sync + 'static {
            type Handle<'a, T: Synced> where Self: 'a;
            fn call(&self, parts: Parts) -> impl Future<Output = Reply<operations::Response>> + Send { let _ = parts; not_found() }
        }
        impl<T: Transport, H: Hooks> Client<T, H> {
            pub async fn go<N: Hooks>(self, hooks: N) -> Result<Vec<Option<&'static str>>, CallError<T::Error>> {
                let matches = [out.accepts(|out| check(#name, at, out)), !seen, index < 3 && -1 <= *left || a | b == c];
                out.one_of(matches.into_iter().filter(|matched| *matched).count(), at);
                Ok(match status.as_u16() { 200 | 201 => Self::Ok(read(body)?), _ => Self::Default { status, body: read(body)? } })
            }
        }
        record! { pub struct X as "x" by validators::check_x { const 0 "a" = Json::Null, 1 required "b" => b: Option<Vec<u8>>, ..rest: BTreeMap<String, Value>, } }
    });
}

#[test]
fn long_code_has_an_argument_or_an_item_a_line() {
    let names = texts((0..40).map(|index| format!("member-{index}")));
    let code = assert_same(quote! {
        pub fn check(value: Json<'_>, at: At<'_>, out: &mut Checker) { if let Some(object) = out.object(value, at) { out.required(object, &#names, at); } }
    });
    assert!(code.lines().all(|line| line.len() <= 120), "{code}");
    assert!(code.starts_with("pub fn check(value: Json<'_>, at: At<'_>, out: &mut Checker) {\n    if let Some(object) = out.object(value, at) {\n        out.required(\n"), "{code}");
}

#[test]
fn a_long_expression_in_parentheses_does_not_become_a_tuple() {
    let (long, longer) = (ident(&"a".repeat(80)), ident(&"b".repeat(80)));
    assert!(!assert_same(quote!(let matched = !(#long && #longer);)).contains(",\n"));
}
