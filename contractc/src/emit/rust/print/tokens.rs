//! Tokens for the printer: operators in one piece, doc comments as text, and for each token whether spaces may surround it.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A token, or several that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// No space stands before it.
    pub(super) joins_left: bool,
    /// No space stands after it.
    pub(super) joins_right: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// An identifier, a keyword or a lifetime.
    Word(String),
    Literal(String),
    Operator(&'static str),
    /// `#[…]` or `#![…]`, without documentation.
    Attribute(String),
    /// The text of a doc comment, and whether it documents the enclosing item.
    Docs(String, bool),
    Group(Delimiter, Vec<Token>),
}

impl Token {
    pub(super) fn is(&self, operator: &str) -> bool {
        matches!(&self.kind, Kind::Operator(text) if *text == operator)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text == word)
    }

    pub(super) fn group(&self, delimiter: Delimiter) -> Option<&[Token]> {
        match &self.kind {
            Kind::Group(seen, inner) if *seen == delimiter => Some(inner),
            _ => None,
        }
    }
}

/// All operators that generated code uses. An operator comes before its prefixes.
const OPERATORS: &[&str] = &[
    "..=", "...", "->", "=>", "::", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=", "|=", "&=", "..", "+", "-", "*", "/", "%",
    "&", "|", "^", "!", "?", "<", ">", "=", ".", ",", ";", ":", "@", "$", "~", "#", "'",
];

/// Keywords that precede an expression, a type or a pattern.
const BEFORE_OPERAND: &[&str] = &[
    "as", "break", "const", "dyn", "else", "if", "impl", "in", "let", "match", "move", "mut", "ref", "return", "where", "while", "for",
    "use", "pub",
];

/// The tokens of a stream.
pub(super) fn tokens(stream: TokenStream) -> Vec<Token> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut lexer = Lexer { trees: &trees, at: 0, found: Vec::with_capacity(trees.len()), generics: 0, in_parameters: false };
    while let Some(tree) = trees.get(lexer.at) {
        lexer.take(tree);
    }
    lexer.found
}

struct Lexer<'t> {
    trees: &'t [TokenTree],
    at: usize,
    found: Vec<Token>,
    /// How many `<` are open.
    generics: usize,
    /// Whether the parameters of a closure are open.
    in_parameters: bool,
}

impl Lexer<'_> {
    fn take(&mut self, tree: &TokenTree) {
        self.at += 1;
        match tree {
            TokenTree::Ident(name) => self.push(Kind::Word(name.to_string()), false, false),
            TokenTree::Literal(literal) => self.push(Kind::Literal(literal.to_string()), false, false),
            TokenTree::Group(group) => {
                let joins = self.group_joins(group.delimiter());
                if let (Delimiter::Brace, Some(last)) = (group.delimiter(), self.found.last_mut()) {
                    // A macro call with braces reads like an item.
                    last.joins_right &= last.is("::");
                }
                self.push(Kind::Group(group.delimiter(), tokens(group.stream())), joins, false);
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = self.trees.get(self.at) {
                    self.at += 1;
                    self.push(Kind::Word(format!("'{name}")), false, false);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(),
            TokenTree::Punct(_) => {
                self.at -= 1;
                self.operator();
            }
        }
    }

    fn push(&mut self, kind: Kind, joins_left: bool, joins_right: bool) {
        self.found.push(Token { kind, joins_left, joins_right });
    }

    fn attribute(&mut self) {
        let is_inner = matches!(self.trees.get(self.at), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
        self.at += usize::from(is_inner);
        let Some(TokenTree::Group(group)) = self.trees.get(self.at) else { return };
        self.at += 1;
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        let kind = match inner.as_slice() {
            [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Literal(text)] if name == "doc" => {
                Kind::Docs(unescaped(&text.to_string()), is_inner)
            }
            _ => Kind::Attribute(format!("#{}[{}]", if is_inner { "!" } else { "" }, flat(&tokens(group.stream())))),
        };
        self.push(kind, false, false);
    }

    /// The operator at the current place, in one piece. Inside generics, `>>` is two.
    fn operator(&mut self) {
        let mut text = String::new();
        for tree in &self.trees[self.at..] {
            let TokenTree::Punct(punct) = tree else { break };
            text.push(punct.as_char());
            if punct.spacing() == Spacing::Alone {
                break;
            }
        }
        let closes = self.generics > 0 && text.starts_with('>');
        let operator = if closes { ">" } else { OPERATORS.iter().copied().find(|known| text.starts_with(known)).unwrap_or("~") };
        self.at += operator.len();
        let (joins_left, joins_right) = self.joins(operator);
        self.push(Kind::Operator(operator), joins_left, joins_right);
    }

    /// Whether an operand ends before the current place, so that an operator there has a left side.
    fn follows_operand(&self) -> bool {
        match self.found.last().map(|token| (&token.kind, token)) {
            Some((Kind::Word(word), _)) => !BEFORE_OPERAND.contains(&word.as_str()) && !word.starts_with('\''),
            Some((Kind::Literal(_) | Kind::Group(..), _)) => true,
            Some((Kind::Operator("?"), _)) => true,
            Some((Kind::Operator(">"), token)) => token.joins_left,
            _ => false,
        }
    }

    fn joins(&mut self, operator: &'static str) -> (bool, bool) {
        let operand = self.follows_operand();
        match operator {
            "," | ";" => (true, false),
            ":" => (true, false),
            "::" => (operand, true),
            "." | ".." | "..=" => (operand, true),
            "?" => (true, false),
            "!" => (operand, true),
            "&" | "*" | "-" if !operand => (false, true),
            "<" if self.opens_generics() => {
                self.generics += 1;
                (operand || self.found.last().is_some_and(|token| token.is_word("impl") || token.is_word("for") || token.is("::")), true)
            }
            ">" if self.generics > 0 => {
                self.generics -= 1;
                (true, false)
            }
            "|" if self.in_parameters => {
                self.in_parameters = false;
                (true, false)
            }
            "|" if !operand => {
                self.in_parameters = true;
                (false, true)
            }
            _ => (false, false),
        }
    }

    /// Whether `<` begins arguments: after the name of a type or a declared function, or where a comparison would have no left side.
    fn opens_generics(&self) -> bool {
        let is_declared = |at: usize| at.checked_sub(2).is_some_and(|before| self.found[before].is_word("fn"));
        match self.found.last().map(|token| &token.kind) {
            Some(Kind::Word(word)) => word.starts_with(char::is_uppercase) || !self.follows_operand() || is_declared(self.found.len()),
            Some(Kind::Literal(_) | Kind::Group(..)) => false,
            _ => true,
        }
    }

    fn group_joins(&self, delimiter: Delimiter) -> bool {
        let Some(last) = self.found.last() else { return true };
        match (&last.kind, delimiter) {
            (_, Delimiter::Brace) => last.is("::"),
            (Kind::Operator("!"), _) => true,
            (Kind::Word(word), Delimiter::Parenthesis) if word == "pub" => true,
            (Kind::Word(_) | Kind::Group(..) | Kind::Operator(">"), _) => self.follows_operand(),
            _ => false,
        }
    }
}

/// The text of a Rust string literal.
fn unescaped(literal: &str) -> String {
    let Some(quoted) = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return literal.trim_start_matches('r').trim_matches('#').trim_matches('"').to_owned();
    };
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        let escaped = if character == '\\' { characters.next() } else { None };
        text.push(match escaped {
            None => character,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('0') => '\0',
            Some('u') => {
                let code: String = characters.by_ref().skip(1).take_while(|digit| *digit != '}').collect();
                u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or(' ')
            }
            Some(other) => other,
        });
    }
    text
}

/// The tokens on one line of any length.
pub(super) fn flat(tokens: &[Token]) -> String {
    let mut text = String::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.is(",") && tokens.get(index + 1).is_some_and(|next| next.is(">") && next.joins_left) {
            continue;
        }
        if index > 0 && !tokens[index - 1].joins_right && !token.joins_left {
            text.push(' ');
        }
        match &token.kind {
            Kind::Word(word) | Kind::Literal(word) | Kind::Attribute(word) => text.push_str(word),
            Kind::Operator(operator) => text.push_str(operator),
            Kind::Docs(..) => {}
            Kind::Group(delimiter, inner) => {
                let (open, close) = brackets(*delimiter);
                let code = flat(inner);
                let code = code.strip_suffix(',').filter(|_| *delimiter != Delimiter::Parenthesis || inner.len() > 2).unwrap_or(&code);
                let space = if *delimiter == Delimiter::Brace && !inner.is_empty() { " " } else { "" };
                let space = if index > 0 && tokens[index - 1].is("::") { "" } else { space };
                text.extend([open, space, code, space, close]);
            }
        }
    }
    text
}

/// The brackets that enclose the tokens of a group.
pub(super) fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}
