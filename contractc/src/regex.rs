//! The syntax of regexes, as far as it determines which texts match and how a matcher searches for them.
//!
//! Assertions and word boundaries are parsed but not interpreted: a caller that needs certainty must run the real matcher.

mod ambiguity;
mod matcher;

pub(crate) use matcher::matches;

/// A node of the syntax tree.
pub(crate) enum Node {
    /// One character of a class.
    Class(Class),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: usize,
        max: Option<usize>,
    },
    Group {
        name: String,
        node: Box<Node>,
    },
    /// A back reference to the group with this number or name.
    Back(String),
    /// An assertion: consumes no character.
    Assertion,
}

/// Ranges of code points, both ends included.
pub(crate) type Class = Vec<(u32, u32)>;

/// Regexes written by hand do not nest deeper.
const NESTING_MAX: usize = 100;

const DIGIT: &[(u32, u32)] = &[(0x30, 0x39)];
const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
const SPACE: &[(u32, u32)] = &[(0x09, 0x0d), (0x20, 0x20), (0xa0, 0xa0), (0x2028, 0x2029)];
pub(crate) const PRINTABLE: (u32, u32) = (0x20, 0x7e);
const LAST: u32 = 0x10_ffff;

impl Node {
    /// Parses the source; `None` if it cannot be parsed.
    pub(crate) fn parse(source: &str) -> Option<Node> {
        let mut parser = Parser { chars: source.chars().collect(), at: 0, groups: 0 };
        let root = parser.choice(0)?;
        (parser.at == parser.chars.len()).then_some(root)
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    groups: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(offset, wanted)| self.chars.get(self.at + offset) == Some(&wanted));
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    /// The characters up to `end`. Consumes `end` as well.
    fn until(&mut self, end: char) -> Option<String> {
        let length = self.chars.get(self.at..)?.iter().position(|next| *next == end)?;
        let text = self.chars[self.at..self.at + length].iter().collect();
        self.at += length + 1;
        Some(text)
    }

    fn choice(&mut self, nesting: usize) -> Option<Node> {
        if nesting > NESTING_MAX {
            return None;
        }
        let mut choices = vec![self.sequence(nesting)?];
        while self.eat("|") {
            choices.push(self.sequence(nesting)?);
        }
        Some(if choices.len() == 1 { choices.remove(0) } else { Node::Choice(choices) })
    }

    fn sequence(&mut self, nesting: usize) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(next) = self.peek().filter(|next| !matches!(next, '|' | ')')) {
            self.at += 1;
            let node = match next {
                '^' | '$' => Node::Assertion,
                '(' => self.group(nesting)?,
                '[' => Node::Class(self.class()?),
                '.' => Node::Class(without(&[(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)])),
                '\\' => self.escape()?,
                literal => Node::Class(vec![(literal.into(), literal.into())]),
            };
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn group(&mut self, nesting: usize) -> Option<Node> {
        if ["?=", "?!", "?<=", "?<!"].into_iter().any(|mark| self.eat(mark)) {
            self.choice(nesting + 1)?;
            return self.eat(")").then_some(Node::Assertion);
        }
        let name = if self.eat("?:") {
            None
        } else if self.eat("?<") {
            self.groups += 1;
            Some(self.until('>')?)
        } else {
            self.groups += 1;
            Some(self.groups.to_string())
        };
        let node = self.choice(nesting + 1)?;
        let group = match name {
            Some(name) => Node::Group { name, node: Box::new(node) },
            None => node,
        };
        self.eat(")").then_some(group)
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (min, max) = if self.eat("*") {
            (0, None)
        } else if self.eat("+") {
            (1, None)
        } else if self.eat("?") {
            (0, Some(1))
        } else if self.eat("{") {
            let bounds = self.until('}')?;
            match bounds.split_once(',') {
                None => (bounds.parse().ok()?, Some(bounds.parse().ok()?)),
                Some((min, "")) => (min.parse().ok()?, None),
                Some((min, max)) => (min.parse().ok()?, Some(max.parse().ok()?)),
            }
        } else {
            return Some(node);
        };
        self.eat("?");
        (max.is_none_or(|max| min <= max)).then_some(Node::Repeat { node: Box::new(node), min, max })
    }

    /// Parses an escape outside a class, after the backslash.
    fn escape(&mut self) -> Option<Node> {
        match self.peek()? {
            'b' | 'B' => {
                self.at += 1;
                Some(Node::Assertion)
            }
            'k' => {
                self.at += 1;
                self.eat("<").then_some(())?;
                Some(Node::Back(self.until('>')?))
            }
            digit @ '1'..='9' => {
                self.at += 1;
                Some(Node::Back(digit.to_string()))
            }
            _ => Some(Node::Class(self.escaped_class()?)),
        }
    }

    /// Parses an escape for one character or a class, after the backslash.
    fn escaped_class(&mut self) -> Option<Class> {
        let single = |code: u32| vec![(code, code)];
        Some(match self.next()? {
            'd' => DIGIT.to_vec(),
            'D' => without(DIGIT),
            'w' => WORD.to_vec(),
            'W' => without(WORD),
            's' => SPACE.to_vec(),
            'S' => without(SPACE),
            'p' => property(&self.property_name()?),
            'P' => without(&property(&self.property_name()?)),
            'n' => single(0x0a),
            'r' => single(0x0d),
            't' => single(0x09),
            'v' => single(0x0b),
            'f' => single(0x0c),
            'b' => single(0x08),
            '0' => single(0),
            'c' => single(u32::from(self.next()?) % 32),
            'x' => single(self.hex(2)?),
            'u' => single(self.code_point()?),
            literal => single(literal.into()),
        })
    }

    fn property_name(&mut self) -> Option<String> {
        self.eat("{").then_some(())?;
        self.until('}')
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.chars.get(self.at..self.at + digits)?.iter().collect();
        self.at += digits;
        u32::from_str_radix(&text, 16).ok()
    }

    /// Parses the rest of `\u`: four digits, two surrogates of four digits each, or any number of digits in braces.
    fn code_point(&mut self) -> Option<u32> {
        if self.eat("{") {
            return u32::from_str_radix(&self.until('}')?, 16).ok();
        }
        let high = self.hex(4)?;
        if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
            let low = self.hex(4)?;
            return Some(0x1_0000 + ((high - 0xd800) << 10) + low.wrapping_sub(0xdc00) % 0x400);
        }
        Some(high)
    }

    /// Parses a class, after the opening bracket.
    fn class(&mut self) -> Option<Class> {
        let negated = self.eat("^");
        let mut class = Class::new();
        loop {
            let low = match self.next()? {
                ']' => break,
                '\\' => self.escaped_class()?,
                literal => vec![(literal.into(), literal.into())],
            };
            let ranges_on = self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']') && low.len() == 1 && low[0].0 == low[0].1;
            if !ranges_on {
                class.extend(low);
                continue;
            }
            self.at += 1;
            let high = match self.next()? {
                '\\' => self.escaped_class()?,
                literal => vec![(literal.into(), literal.into())],
            };
            class.push((low[0].0, high.first()?.0));
        }
        Some(if negated { without(&class) } else { class })
    }
}

/// The complement of a class.
fn without(class: &[(u32, u32)]) -> Class {
    let mut sorted = class.to_vec();
    // Surrogates are not characters.
    sorted.push((0xd800, 0xdfff));
    sorted.sort_unstable();
    let mut rest = Class::new();
    let mut from = 0;
    for (low, high) in sorted {
        if low > from {
            rest.push((from, low - 1));
        }
        from = from.max(high + 1);
    }
    if from <= LAST {
        rest.push((from, LAST));
    }
    rest
}

/// Some members of a Unicode property. The real matcher decides about all others.
fn property(name: &str) -> Class {
    let value = name.rsplit('=').next().unwrap_or(name);
    match value {
        "L" | "Letter" | "Alphabetic" | "Alpha" => vec![(0x41, 0x5a), (0x61, 0x7a), (0xe0, 0xf6), (0x4e00, 0x4eff)],
        "Lu" | "Uppercase_Letter" | "Uppercase" => vec![(0x41, 0x5a), (0xc0, 0xd6)],
        "Ll" | "Lowercase_Letter" | "Lowercase" => vec![(0x61, 0x7a), (0xe0, 0xf6)],
        "N" | "Nd" | "Number" | "Decimal_Number" => DIGIT.to_vec(),
        "P" | "Punctuation" => vec![(0x21, 0x23), (0x25, 0x2a), (0x2c, 0x2f)],
        "S" | "Symbol" => vec![(0x24, 0x24), (0x2b, 0x2b), (0x3c, 0x3e)],
        "Z" | "Zs" | "Separator" => vec![(0x20, 0x20), (0xa0, 0xa0)],
        "Cc" | "C" | "Control" | "Other" => vec![(0, 0x1f), (0x7f, 0x9f)],
        "M" | "Mn" | "Mark" => vec![(0x300, 0x36f)],
        "Greek" => vec![(0x3b1, 0x3c9)],
        "Cyrillic" => vec![(0x430, 0x44f)],
        "Han" => vec![(0x4e00, 0x9fa5)],
        "Emoji" | "Emoji_Presentation" => vec![(0x1f600, 0x1f64f)],
        _ => vec![PRINTABLE],
    }
}
