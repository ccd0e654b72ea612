//! The layout of code: everything that fits is on one line, and everything else has one item per line.

use proc_macro2::Delimiter;

use super::tokens::{Kind, Token, brackets, flat};

/// The maximum line length.
const WIDTH: usize = 120;
const STEP: usize = 4;

/// Keywords that a block follows.
const BEFORE_BLOCK: &[&str] =
    &["match", "if", "for", "while", "loop", "else", "impl", "fn", "struct", "enum", "trait", "unsafe", "async", "mod", "move"];

/// The code of items.
pub(super) fn items(tokens: &[Token]) -> String {
    let mut text = String::new();
    statements(tokens, 0, true, &mut text);
    text
}

/// Writes statements, members, arms or items, each on separate lines. A blank line separates items of several lines.
fn statements(tokens: &[Token], indent: usize, are_items: bool, text: &mut String) {
    let start = text.len();
    let mut before_was_long = false;
    for statement in split(tokens) {
        let code = lines_of(statement, indent);
        let is_long = code.trim_end().contains('\n');
        if are_items && text.len() > start && (is_long || before_was_long) {
            text.push('\n');
        }
        before_was_long = is_long;
        text.push_str(&code);
    }
}

/// Splits tokens into statements. Each ends with `;` or `,`, or with a block that nothing continues.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let mut found = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    for (index, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Operator("<") if token.joins_right => depth += 1,
            Kind::Operator(">") if token.joins_left => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = match &token.kind {
            Kind::Operator(";") => true,
            Kind::Operator(",") => depth == 0,
            Kind::Group(Delimiter::Brace, _) => depth == 0 && tokens.get(index + 1).is_none_or(|next| !continues(next)),
            Kind::Docs(_, true) => true,
            Kind::Attribute(code) => code.starts_with("#!"),
            _ => false,
        };
        if ends {
            found.push(&tokens[start..=index]);
            start = index + 1;
        }
    }
    found.extend((start < tokens.len()).then(|| &tokens[start..]));
    found
}

/// Whether a token continues the statement in which a block has ended.
fn continues(token: &Token) -> bool {
    match &token.kind {
        Kind::Operator(operator) => !matches!(*operator, "#" | "&" | "*" | "<" | "'") && (token.joins_left || !token.is("!")),
        Kind::Word(word) => matches!(word.as_str(), "else" | "as"),
        _ => false,
    }
}

/// A statement with its documentation and attributes on separate lines.
fn lines_of(statement: &[Token], indent: usize) -> String {
    let mut text = String::new();
    let margin = " ".repeat(indent);
    let body = statement.iter().position(|token| !matches!(token.kind, Kind::Docs(..) | Kind::Attribute(_))).unwrap_or(statement.len());
    for token in &statement[..body] {
        match &token.kind {
            Kind::Docs(docs, is_inner) => {
                let slashes = if *is_inner { "//!" } else { "///" };
                docs.split('\n').for_each(|line| text.extend([margin.as_str(), slashes, line.trim_end(), "\n"]));
            }
            Kind::Attribute(code) => text.extend([margin.as_str(), code, "\n"]),
            _ => {}
        }
    }
    if body < statement.len() {
        text.extend([margin.as_str(), &laid_out(&statement[body..], indent, 0), "\n"]);
    }
    text
}

/// An expression or a statement at an indentation. `after` characters follow it on its last line.
fn laid_out(tokens: &[Token], indent: usize, after: usize) -> String {
    let must_break = |index: usize| is_block(tokens, index) && !may_be_flat(tokens, index);
    let blocks: Vec<usize> = (0..tokens.len()).filter(|index| must_break(*index) || holds_block(&tokens[*index])).collect();
    let line = flat(tokens);
    if blocks.is_empty() && indent + line.chars().count() + after <= WIDTH {
        return line;
    }
    if blocks.is_empty() {
        return broken(tokens, indent, after);
    }
    let head = flat(&tokens[..blocks[0]]);
    let open: Vec<usize> = if indent + head.chars().count() + 2 > WIDTH {
        // The head is too long as well.
        widest(&tokens[..blocks[0]]).into_iter().chain(blocks).collect()
    } else {
        blocks
    };
    with_open(tokens, &open, indent)
}

/// The tokens, with the given groups opened over several lines.
fn with_open(tokens: &[Token], open: &[usize], indent: usize) -> String {
    let mut text = String::new();
    let mut from = 0;
    for index in open {
        text.push_str(&flat(&tokens[from..*index]));
        let joined = *index > from && tokens[*index - 1].joins_right || tokens[*index].joins_left || *index == 0;
        text.push_str(if joined { "" } else { " " });
        let line = text.rsplit('\n').next().unwrap_or_default();
        let used = line.chars().count() + if text.contains('\n') { 0 } else { indent };
        text.push_str(&opened(tokens, *index, indent, used));
        from = *index + 1;
        if tokens.get(from).is_some_and(|next| !next.joins_left) {
            text.push(' ');
        }
    }
    text + &flat(&tokens[from..])
}

/// A group over several lines. `used` characters stand before it on its line.
fn opened(tokens: &[Token], index: usize, indent: usize, used: usize) -> String {
    let Kind::Group(delimiter, inner) = &tokens[index].kind else { return flat(&tokens[index..=index]) };
    let (open, close) = brackets(*delimiter);
    let margin = " ".repeat(indent);
    if inner.is_empty() {
        return format!("{open}{close}");
    }
    if *delimiter == Delimiter::Brace && (is_block(tokens, index) || inner.iter().any(|token| token.is(";"))) {
        let mut body = String::new();
        let holds_items = tokens[..index].iter().any(|token| token.is_word("impl") || token.is_word("trait"))
            && !tokens[..index].iter().any(|token| token.is_word("fn"));
        statements(inner, indent + STEP, holds_items, &mut body);
        return format!("{open}\n{body}{margin}{close}");
    }
    let elements = split_at_commas(inner);
    // A last argument that is a block or a closure keeps the brackets of its call around it.
    if let Some((last, rest)) = elements.split_last().filter(|_| *delimiter == Delimiter::Parenthesis) {
        let before: String = rest.iter().map(|element| flat(element) + ", ").collect();
        let ends_in_block = (0..last.len()).any(|at| is_block(last, at)) || last.iter().any(holds_block);
        let is_structure = rest.is_empty() && last.last().is_some_and(|token| token.group(Delimiter::Brace).is_some());
        let hugs = rest.iter().all(|element| !element.iter().any(holds_block)) && (ends_in_block || is_structure);
        if hugs {
            let is_long = used + before.chars().count() + flat(last).chars().count() + 3 > WIDTH;
            let code = if is_structure && is_long { with_open(last, &[last.len() - 1], indent) } else { laid_out(last, indent, 1) };
            return format!("{open}{before}{code}{close}");
        }
    }
    let mut body = String::new();
    let inner_margin = " ".repeat(indent + STEP);
    let are_literals = elements.len() > 3 && elements.iter().all(|element| matches!(element, [Token { kind: Kind::Literal(_), .. }]));
    if are_literals {
        let mut line = String::new();
        for element in elements {
            let code = flat(element);
            if !line.is_empty() && indent + STEP + line.chars().count() + code.chars().count() + 2 > WIDTH {
                body.extend([inner_margin.as_str(), line.trim_end(), "\n"]);
                line.clear();
            }
            line.extend([code.as_str(), ", "]);
        }
        body.extend([inner_margin.as_str(), line.trim_end(), "\n"]);
    } else {
        // A comma would make a tuple of a single expression in parentheses.
        let is_alone = *delimiter == Delimiter::Parenthesis && elements.len() == 1;
        for element in elements {
            let start = lines_of(element, indent + STEP);
            body.extend([start.trim_end(), if ends_open(element) || is_alone { "\n" } else { ",\n" }]);
        }
    }
    format!("{open}\n{body}{margin}{close}")
}

/// Whether an element takes no comma: `..` at the end of a pattern.
fn ends_open(element: &[Token]) -> bool {
    matches!(element, [only] if only.is(".."))
}

fn split_at_commas(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0usize;
    let mut found = Vec::new();
    let mut start = 0;
    for (index, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Operator("<") if token.joins_right => depth += 1,
            Kind::Operator(">") if token.joins_left => depth = depth.saturating_sub(1),
            Kind::Operator(",") if depth == 0 => {
                found.push(&tokens[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    found.extend((start < tokens.len()).then(|| &tokens[start..]));
    found
}

/// A statement without blocks that is too long for a line.
fn broken(tokens: &[Token], indent: usize, after: usize) -> String {
    let fits = |index: usize| {
        let (head, tail) = (flat(&tokens[..index]).chars().count(), flat(&tokens[index + 1..]).chars().count());
        indent + head + 2 <= WIDTH && indent + tail + after < WIDTH
    };
    let groups = (0..tokens.len()).rev().filter(|index| matches!(&tokens[*index].kind, Kind::Group(_, inner) if !inner.is_empty()));
    let chosen = groups.clone().find(|index| fits(*index) && is_worth_opening(&tokens[*index]));
    if let Some(cut) = cut_at_operator(tokens).filter(|_| chosen.is_none() || has_alternatives(tokens)) {
        return cut_lines(tokens, &cut, indent);
    }
    match chosen.or_else(|| widest(tokens)) {
        Some(index) => with_open(tokens, &[index], indent),
        None => match tokens.iter().rposition(|token| token.is("=") || token.is("=>")) {
            Some(index) if index + 1 < tokens.len() => {
                let rest = laid_out(&tokens[index + 1..], indent + STEP, after);
                format!("{}\n{}{rest}", flat(&tokens[..=index]), " ".repeat(indent + STEP))
            }
            _ => flat(tokens),
        },
    }
}

fn is_worth_opening(token: &Token) -> bool {
    flat(std::slice::from_ref(token)).chars().count() > 20
}

/// The group that takes the most space.
fn widest(tokens: &[Token]) -> Option<usize> {
    let groups = (0..tokens.len()).filter(|index| matches!(&tokens[*index].kind, Kind::Group(_, inner) if !inner.is_empty()));
    groups.max_by_key(|index| flat(&tokens[*index..=*index]).len())
}

fn has_alternatives(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is("||") || token.is("|") && !token.joins_left && !token.joins_right)
}

/// The places of the weakest operator between alternatives.
fn cut_at_operator(tokens: &[Token]) -> Option<Vec<usize>> {
    let until = tokens.iter().position(|token| token.is("=>")).unwrap_or(tokens.len());
    ["||", "&&", "|"].into_iter().find_map(|operator| {
        let stands_between = |token: &Token| token.is(operator) && !token.joins_left && !token.joins_right;
        let found: Vec<usize> = (1..until).filter(|index| stands_between(&tokens[*index])).collect();
        (!found.is_empty()).then_some(found)
    })
}

/// Breaks lines before operators, with as many operands per line as fit.
fn cut_lines(tokens: &[Token], cuts: &[usize], indent: usize) -> String {
    let mut text = String::new();
    let mut width = indent;
    let mut from = 0;
    for to in cuts.iter().copied().chain([tokens.len()]) {
        let code = laid_out(&tokens[from..to], indent + STEP, 0);
        let length = code.chars().count() + 1;
        if from > 0 && width + length > WIDTH {
            text.extend(["\n", " ".repeat(indent + STEP).as_str()]);
            width = indent + STEP;
        } else if from > 0 {
            text.push(' ');
        }
        text.push_str(&code);
        width += length;
        from = to;
    }
    text
}

/// Whether the group at `index` is a block of statements, arms, members or items.
fn is_block(tokens: &[Token], index: usize) -> bool {
    let Some(inner) = tokens[index].group(Delimiter::Brace) else { return false };
    let Some(before) = index.checked_sub(1).map(|before| &tokens[before]) else { return inner.iter().any(|token| token.is(";")) };
    let since = tokens[..index].iter().rposition(|token| token.is("=>")).map_or(0, |at| at + 1);
    let is_statement = tokens[since..index].iter().any(begins_block);
    let is_closure = before.is("|") && before.joins_left || before.is("||");
    let is_call = before.is("!");
    let is_variant = inner.iter().any(|token| matches!(token.kind, Kind::Docs(..)));
    before.is("=>") || is_closure || is_call || is_statement || is_variant
}

/// Whether a token is a keyword that a block follows.
fn begins_block(token: &Token) -> bool {
    matches!(&token.kind, Kind::Word(word) if BEFORE_BLOCK.contains(&word.as_str()))
}

/// Whether a block may be on one line: a single expression of a condition inside a larger expression.
fn may_be_flat(tokens: &[Token], index: usize) -> bool {
    let Some(inner) = tokens[index].group(Delimiter::Brace) else { return true };
    let is_simple = !inner.iter().any(|token| token.is(";") || token.is("=>") || matches!(token.kind, Kind::Docs(..) | Kind::Attribute(_)));
    let is_inner = tokens.first().is_some_and(|first| !begins_block(first) && !first.is_word("pub"));
    let is_closure = index > 0 && (tokens[index - 1].is("|") || tokens[index - 1].is("||"));
    let has_body = tokens[..index].iter().any(|token| ["fn", "for", "impl"].iter().any(|word| token.is_word(word)));
    inner.is_empty() || is_simple && !has_body && (is_inner || is_closure) && !inner.iter().any(holds_block)
}

/// Whether a token contains a block that needs several lines.
fn holds_block(token: &Token) -> bool {
    let Kind::Group(_, inner) = &token.kind else { return false };
    (0..inner.len()).any(|index| is_block(inner, index) && !may_be_flat(inner, index) || holds_block(&inner[index]))
        || inner.iter().any(|token| matches!(token.kind, Kind::Docs(..)))
}
