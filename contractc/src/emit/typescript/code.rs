//! TypeScript expressions as trees, and their layout: on one line if they fit, otherwise one argument, item or member per line.

use crate::runtime::number::Number;
use crate::shapes::is_exact_double;

/// The maximum line length.
pub const WIDTH: usize = 120;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Code {
    Text(String),
    /// `head(arguments)`
    Call(String, Vec<Code>),
    /// `base.method(arguments)`, with one or more calls.
    Chain(Box<Code>, Vec<(String, Vec<Code>)>),
    /// `() => body`. The text is the part before the body.
    Arrow(String, Box<Code>),
    List(Vec<Code>),
    Object(Vec<(String, Code)>),
}

impl Code {
    pub fn text(text: impl Into<String>) -> Code {
        Code::Text(text.into())
    }

    pub fn call(head: impl Into<String>, arguments: Vec<Code>) -> Code {
        Code::Call(head.into(), arguments)
    }

    /// Appends a method call to the expression.
    pub fn then(self, method: &str, arguments: Vec<Code>) -> Code {
        match self {
            Code::Chain(base, mut calls) => {
                calls.push((method.to_owned(), arguments));
                Code::Chain(base, calls)
            }
            base => Code::Chain(Box::new(base), vec![(method.to_owned(), arguments)]),
        }
    }

    /// Appends the checks, if there are any.
    pub fn checked(self, checks: Vec<Code>) -> Code {
        if checks.is_empty() { self } else { self.then("check", checks) }
    }

    /// The expression on one line of any length.
    pub fn flat(&self) -> String {
        match self {
            Code::Text(text) => text.clone(),
            Code::Call(head, arguments) => format!("{head}({})", joined(arguments)),
            Code::Chain(base, calls) => {
                calls.iter().fold(base.flat(), |code, (method, arguments)| format!("{code}.{method}({})", joined(arguments)))
            }
            Code::Arrow(head, body) => format!("{head} => {}", arrow_body(body, body.flat())),
            Code::List(items) => format!("[{}]", joined(items)),
            Code::Object(members) if members.is_empty() => "{}".to_owned(),
            Code::Object(members) => {
                let listed: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {}", value.flat())).collect();
                format!("{{ {} }}", listed.join(", "))
            }
        }
    }

    /// Lays the expression out at an indentation. `used` characters precede it on its first line, `after` characters follow it.
    pub fn laid_out(&self, indent: usize, used: usize, after: usize) -> String {
        if !self.is_always_broken() {
            let flat = self.flat();
            if !flat.contains('\n') && used + flat.chars().count() + after <= WIDTH {
                return flat;
            }
        }
        match self {
            Code::Text(text) => text.clone(),
            Code::Call(head, arguments) => format!("{head}{}", arguments_laid_out(arguments, indent, used + head.chars().count())),
            Code::Chain(base, calls) => chain_laid_out(base, calls, indent, used),
            Code::Arrow(head, body) => {
                let code = body.laid_out(indent + 2, indent + 2, 1);
                format!("{head} =>\n{}{}", spaces(indent + 2), arrow_body(body, code))
            }
            Code::List(items) => {
                format!("[\n{}{}]", items_laid_out(items, indent + 2), spaces(indent))
            }
            Code::Object(members) => {
                let member = |(key, value): &(String, Code)| {
                    let used = indent + 4 + key.chars().count();
                    line(&format!("{key}: {}", value.laid_out(indent + 2, used, 1)), indent + 2)
                };
                format!("{{\n{}{}}}", members.iter().map(member).collect::<String>(), spaces(indent))
            }
        }
    }

    /// Objects with several members are more readable with one member per line.
    fn is_always_broken(&self) -> bool {
        match self {
            Code::Text(_) => false,
            Code::Call(_, arguments) | Code::List(arguments) => arguments.iter().any(Code::is_always_broken),
            Code::Chain(base, calls) => {
                base.is_always_broken() || calls.iter().flat_map(|(_, arguments)| arguments).any(Code::is_always_broken)
            }
            Code::Arrow(_, body) => body.is_always_broken(),
            Code::Object(members) => members.len() > 3 || members.iter().any(|(_, value)| value.is_always_broken()),
        }
    }

    /// The number of characters before the first possible line break.
    fn opening(&self) -> usize {
        let first = match self {
            Code::Text(text) => text.clone(),
            Code::Call(head, _) => head.clone(),
            Code::Chain(base, calls) if calls.len() == 1 => format!("{}.{}", base.flat(), calls[0].0),
            Code::Chain(base, _) => base.flat(),
            Code::Arrow(..) | Code::List(_) | Code::Object(_) => String::new(),
        };
        first.chars().count() + 1
    }
}

/// The body of an arrow function. An object there would be parsed as a block.
fn arrow_body(body: &Code, code: String) -> String {
    if matches!(body, Code::Object(_)) { format!("({code})") } else { code }
}

/// The items of a list: adjacent words share lines, and anything else gets a separate line.
fn items_laid_out(items: &[Code], indent: usize) -> String {
    let mut lines = String::new();
    let mut words = spaces(indent);
    for item in items {
        let is_word = matches!(item, Code::Text(text) if !text.contains(['\n', ' ']));
        let code = item.laid_out(indent, indent, 1);
        if !is_word || words.chars().count() + code.chars().count() + 1 > WIDTH {
            end_line(&mut lines, &mut words, indent);
        }
        match is_word {
            true => words.extend([code.as_str(), ", "]),
            false => lines.push_str(&line(&code, indent)),
        }
    }
    end_line(&mut lines, &mut words, indent);
    lines
}

fn end_line(lines: &mut String, words: &mut String, indent: usize) {
    if words.len() > indent {
        lines.extend([words.trim_end(), "\n"]);
        *words = spaces(indent);
    }
}

/// Arguments in parentheses: wrapped around a single long argument, or one per line.
fn arguments_laid_out(arguments: &[Code], indent: usize, used: usize) -> String {
    if arguments.is_empty() {
        return "()".to_owned();
    }
    let is_short = |code: &Code| !code.is_always_broken() && code.flat().chars().count() <= 30;
    let long: Vec<usize> = (0..arguments.len()).filter(|index| !is_short(&arguments[*index])).collect();
    let hugged = match long.as_slice() {
        [only] => Some(*only),
        [] if arguments.len() == 1 => Some(0),
        _ => None,
    };
    let fits = |index: usize| {
        let last = index + 1 == arguments.len();
        let before: usize = arguments[..index].iter().map(|code| code.flat().chars().count() + 2).sum();
        let begins_here = used + 1 + before + arguments[index].opening() <= WIDTH;
        match &arguments[index] {
            Code::List(_) | Code::Object(_) => true,
            Code::Arrow(..) => last,
            Code::Call(..) | Code::Chain(..) => last && begins_here,
            Code::Text(_) => false,
        }
    };
    if let Some(index) = hugged.filter(|index| fits(*index)) {
        let before: String = arguments[..index].iter().map(|code| format!("{}, ", code.flat())).collect();
        let after: String = arguments[index + 1..].iter().map(|code| format!(", {}", code.flat())).collect();
        let inner = arguments[index].laid_out(indent, used + 1 + before.chars().count(), after.chars().count() + 2);
        // Code below an arrow ends on its own line.
        let end =
            if inner.contains("=>\n") && matches!(arguments[index], Code::Arrow(..)) { format!(",\n{}", spaces(indent)) } else { after };
        return format!("({before}{inner}{end})");
    }
    let lines: String = arguments.iter().map(|code| line(&code.laid_out(indent + 2, indent + 2, 1), indent + 2)).collect();
    format!("(\n{lines}{})", spaces(indent))
}

fn chain_laid_out(base: &Code, calls: &[(String, Vec<Code>)], indent: usize, used: usize) -> String {
    let head = base.laid_out(indent, used, 0);
    // After a closing bracket the chain continues on the same line; after a word it is indented below.
    if head.contains('\n') || calls.len() == 1 {
        return calls.iter().fold(head, |code, (method, arguments)| {
            let before = if code.contains('\n') { 0 } else { used };
            let written = code.rsplit('\n').next().unwrap_or_default().chars().count() + method.len() + 1;
            format!("{code}.{method}{}", call_laid_out(arguments, indent, before + written))
        });
    }
    let hanging = indent + 2;
    calls.iter().fold(head, |code, (method, arguments)| {
        format!("{code}\n{}.{method}{}", spaces(hanging), call_laid_out(arguments, hanging, hanging + method.len() + 1))
    })
}

fn call_laid_out(arguments: &[Code], indent: usize, used: usize) -> String {
    let flat = format!("({})", joined(arguments));
    let broken = arguments.iter().any(Code::is_always_broken);
    if !broken && used + flat.chars().count() < WIDTH { flat } else { arguments_laid_out(arguments, indent, used) }
}

fn line(code: &str, indent: usize) -> String {
    format!("{}{code},\n", spaces(indent))
}

fn joined(codes: &[Code]) -> String {
    codes.iter().map(Code::flat).collect::<Vec<_>>().join(", ")
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

/// A string literal.
pub fn quoted(text: &str) -> String {
    // JSON is valid JavaScript, except for these two characters in old engines.
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The name of a member in an object literal. An unquoted `__proto__` would set the prototype.
pub fn key(name: &str) -> String {
    match name {
        "__proto__" => "[\"__proto__\"]".to_owned(),
        name if is_plain_name(name) => name.to_owned(),
        name => quoted(name),
    }
}

/// The name of a member in a type.
pub fn type_key(name: &str) -> String {
    if is_plain_name(name) { name.to_owned() } else { quoted(name) }
}

fn is_plain_name(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$');
    first && characters.all(|character| character.is_ascii_alphanumeric() || character == '_' || character == '$')
}

/// A JSON value as an expression.
pub fn literal(value: &serde_json::Value) -> Code {
    use serde_json::Value;
    match value {
        Value::String(text) => Code::Text(quoted(text)),
        Value::Array(items) => Code::List(items.iter().map(literal).collect()),
        Value::Object(members) => Code::Object(members.iter().map(|(name, value)| (key(name), literal(value))).collect()),
        Value::Number(value) => Code::Text(number(value.into())),
        plain => Code::Text(plain.to_string()),
    }
}

/// A number; a bigint if a double does not hold the integer exactly.
pub fn number(number: Number) -> String {
    match number {
        Number::Signed(value) => format!("{value}{}", if is_exact_double(number) { "" } else { "n" }),
        Number::Unsigned(value) => format!("{value}n"),
        Number::Float(value) => format!("{value:?}"),
    }
}

/// The text as a TSDoc comment.
pub fn docs(text: &str, indent: usize) -> String {
    let lines = crate::emit::wrap(&text.trim().replace("*/", "*\\/"), 110);
    let pad = spaces(indent);
    match lines.as_slice() {
        [] => String::new(),
        [only] if only.is_empty() => String::new(),
        [only] => format!("{pad}/** {only} */\n"),
        lines => {
            let listed: String =
                lines.iter().map(|line| if line.is_empty() { format!("{pad} *\n") } else { format!("{pad} * {line}\n") }).collect();
            format!("{pad}/**\n{listed}{pad} */\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_on_a_line() {
        let code = Code::call("rt.string", vec![]).then("min", vec![Code::text("1")]).then("max", vec![Code::text("80")]);
        assert_eq!(code.laid_out(0, 0, 0), "rt.string().min(1).max(80)");
        let members = vec![
            ("a".to_owned(), Code::text("1")),
            ("b".to_owned(), Code::text("2")),
            ("c".to_owned(), Code::text("3")),
            ("d".to_owned(), Code::text("4")),
        ];
        let object = Code::call("rt.object", vec![Code::Object(members), Code::text("rt.closed")]);
        assert_eq!(object.laid_out(2, 0, 0), "rt.object({\n    a: 1,\n    b: 2,\n    c: 3,\n    d: 4,\n  }, rt.closed)");
    }

    #[test]
    fn names_that_are_none_are_quoted() {
        assert_eq!(key("a-b"), "\"a-b\"");
        assert_eq!(key("__proto__"), "[\"__proto__\"]");
        assert_eq!(type_key("$ref"), "$ref");
        assert_eq!(quoted("a\u{2028}\"b"), "\"a\\u2028\\\"b\"");
    }

    #[test]
    fn prose_cannot_end_its_comment() {
        assert!(!docs("a */ b", 0).trim_end().strip_suffix("*/").is_some_and(|text| text.contains("*/")));
    }
}
