//! The messages in a source file: string literals that read as prose, outside of tests and documentation.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The prose in a Rust file, each once, in order.
pub fn of_rust(source: &str) -> Vec<String> {
    let tokens: TokenStream = source.parse().expect("a Rust file can be read as tokens");
    let mut found = Vec::new();
    walk(tokens, &mut found);
    found
}

fn walk(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut skip_item = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'));
                if let Some(TokenTree::Group(attribute)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                    let text = attribute.stream().to_string();
                    skip_item |= text.starts_with("cfg (test") || text.starts_with("cfg(test") || text == "test";
                    if text.starts_with("error") {
                        walk(attribute.stream(), found);
                    }
                }
            }
            // The body of an item that is only there in tests, or its end.
            TokenTree::Group(group) if skip_item => skip_item = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(sign) if skip_item && sign.as_char() == ';' => skip_item = false,
            TokenTree::Group(group) => walk(group.stream(), found),
            TokenTree::Literal(literal) if !skip_item => keep(&rust_text(&literal.to_string()), found),
            _ => {}
        }
    }
}

/// The text of a literal: line breaks that are escaped fall away with the white space behind them.
fn rust_text(literal: &str) -> String {
    let Some(start) = literal.find('"') else { return String::new() };
    let end = literal.rfind('"').filter(|end| *end > start).unwrap_or(literal.len());
    let mut text = String::new();
    let mut parts = literal[start + 1..end].split("\\\n");
    text.push_str(parts.next().unwrap_or_default());
    parts.for_each(|part| text.push_str(part.trim_start()));
    text.replace("\\\"", "\"")
}

/// The prose in a TypeScript file, each once, in order.
pub fn of_typescript(source: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(at) = rest.find(['"', '\'', '`', '/']) {
        let (sign, behind) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = match sign {
            b'/' if behind.starts_with('/') => behind.split_once('\n').map_or("", |(_, rest)| rest),
            b'/' if behind.starts_with('*') => behind.split_once("*/").map_or("", |(_, rest)| rest),
            // A regular expression may hold quotes. Behind an operand, a slash divides.
            b'/' if rest[..at].trim_end().ends_with(['(', ',', '=', ':', '[', '!', '&', '|', '?', '{', ';', '>', '}']) => {
                behind.get(end_of_regex(behind) + 1..).unwrap_or_default()
            }
            b'/' => behind,
            quote => {
                let end = closing(behind, char::from(quote));
                let line = rest[..at].rsplit('\n').next().unwrap_or_default();
                if !line.trim_start().starts_with("import ") && !line.trim_start().starts_with("} from") {
                    keep(&behind[..end], &mut found);
                }
                behind.get(end + 1..).unwrap_or_default()
            }
        };
    }
    found
}

/// Where a regular expression ends: at the slash that neither a backslash nor a class hides, or at the end of the line.
fn end_of_regex(text: &str) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (at, sign) in text.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return at,
            '\n' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Where a string ends: at the quote that no backslash escapes, or at the end of the line where it is none.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, sign) in text.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote != '`' => return at,
            _ if sign == quote => return at,
            _ => {}
        }
    }
    text.len()
}

/// Prose has words: at least two, of which the first is no keyword of SQL.
fn keep(text: &str, found: &mut Vec<String>) {
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.chars().filter(|sign| sign.is_alphabetic()).count() > 1).collect();
    let is_sql = words.first().is_some_and(|word| word.chars().all(|sign| sign.is_ascii_uppercase() || !sign.is_alphabetic()));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.len() >= 2 && !is_sql && !found.contains(&line) {
        found.push(line);
    }
}
