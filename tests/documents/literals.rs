//! The messages in a source file: string literals that read as prose, outside of tests and documentation, and the help of command lines.

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
    let (mut skip_item, mut is_command_line) = (false, false);
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'));
                if let Some(TokenTree::Group(attribute)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                    let text = attribute.stream().to_string();
                    skip_item |= text.starts_with("cfg (test") || text.starts_with("cfg(test") || text == "test";
                    is_command_line |=
                        text.starts_with("derive") && ["Args", "Parser", "Subcommand", "ValueEnum"].iter().any(|name| text.contains(name));
                    if text.starts_with("error") {
                        walk(attribute.stream(), found);
                    }
                }
            }
            // The body of an item that exists only in tests, or its end.
            TokenTree::Group(group) if skip_item => skip_item = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(sign) if skip_item && sign.as_char() == ';' => skip_item = false,
            TokenTree::Group(group) if is_command_line && group.delimiter() == Delimiter::Brace => {
                is_command_line = false;
                help(group.stream(), found);
                walk(group.stream(), found);
            }
            TokenTree::Group(group) => walk(group.stream(), found),
            TokenTree::Literal(literal) if !skip_item => keep(&rust_text(&literal.to_string()), found),
            _ => {}
        }
    }
}

/// The help of a command line: the documentation of each option or command, by paragraph.
fn help(tokens: TokenStream, found: &mut Vec<String>) {
    let mut paragraph = String::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_attribute = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '#');
        let attribute = tokens.next_if(|next| is_attribute && matches!(next, TokenTree::Group(_)));
        let line = match &attribute {
            Some(TokenTree::Group(attribute)) if attribute.stream().to_string().starts_with("doc") => {
                rust_text(&attribute.stream().to_string()).trim().to_owned()
            }
            _ => String::new(),
        };
        match line.as_str() {
            // Attributes of the program stand between the documentation and its item.
            "" => keep(&std::mem::take(&mut paragraph), found),
            line => paragraph = format!("{paragraph} {line}"),
        }
        if let TokenTree::Group(fields) = token {
            help(fields.stream(), found);
        }
    }
    keep(&paragraph, found);
}

/// The text of a literal, without escaped line breaks and the white space after them.
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

/// A message has words of its own: at least two, besides those in placeholders.
fn keep(text: &str, found: &mut Vec<String>) {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fixed = without_placeholders(&line);
    let words = fixed.split_whitespace().filter(|word| word.chars().filter(|sign| sign.is_alphabetic()).count() > 1);
    if words.count() >= 2 && !is_code(&line) && !found.contains(&line) {
        found.push(line);
    }
}

/// A text without `{…}` and `${…}`, except for quoted texts in them.
fn without_placeholders(text: &str) -> String {
    let (mut depth, mut is_quoted, mut fixed) = (0_usize, false, String::new());
    for sign in text.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '"' if depth > 0 => is_quoted = !is_quoted,
            _ if depth == 0 || is_quoted => fixed.push(sign),
            _ => {}
        }
    }
    fixed
}

/// Whether a text is for a program: SQL, a header and its value, a list of names, a declaration, a date format, or the start of a file.
fn is_code(text: &str) -> bool {
    const SQL: &[&str] = &["AND", "COLLATE", "NULL", "SELECT", "WHERE"];
    const STARTS: &[&str] = &["%", "/** ", "Basic ", "Bearer ", "default-src ", "export ", "public, "];
    let first = text.split(' ').next().unwrap_or_default();
    let is_statement = first.len() > 3 && first.chars().all(|sign| sign.is_ascii_uppercase());
    let is_header = first.strip_suffix([':', ';']).is_some_and(|name| {
        let is_part = |part: &str| part.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '.' || sign == '+');
        name.contains(['-', '/']) && name.split(['-', '/']).all(is_part)
    });
    let is_name = |item: &str| item.chars().all(|sign| sign.is_ascii_alphanumeric() || "_.+".contains(sign));
    let is_list = text.contains(", ") && text.split(", ").all(is_name);
    is_statement
        || is_header
        || is_list
        || text.split(|sign: char| !sign.is_alphabetic()).any(|word| SQL.contains(&word))
        || text.len() < 120 && text.contains(" = ") && !text.contains('`')
        || text.contains("\\0")
        || STARTS.iter().any(|start| text.starts_with(start))
}
