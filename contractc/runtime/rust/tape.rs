//! A strict JSON parser that writes a flat tape: one pass, no tree, and access to every value without copying.
//!
//! Strict means exactly RFC 8259: UTF-8, one value, unique member names, paired surrogates, and numbers that fit a double. Nesting is
//! limited to [`DEPTH_MAX`] levels, so that no document can exhaust the stack.

mod accept;
mod parser;

use super::number::Number;
use super::scanner::Scanner;
pub use super::scanner::SyntaxError;
use parser::Parser;

/// The maximum nesting depth of arrays and objects.
pub const DEPTH_MAX: usize = 128;

/// Parsed JSON text.
pub struct Tape<'s> {
    source: &'s str,
    nodes: Vec<Node>,
    /// The unescaped text of strings that contain escapes.
    unescaped: String,
}

/// A value on a tape.
#[derive(Clone, Copy)]
pub enum TapeValue<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, with its escapes resolved.
    String(&'a str),
    /// An array.
    Array(Container<'a>),
    /// An object.
    Object(Container<'a>),
}

impl<'a> TapeValue<'a> {
    /// The text, if this is a string.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            TapeValue::String(text) => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
struct Node {
    kind: Kind,
    /// The offset of the value in the source.
    start: u32,
    /// The bits of a number, the span of a string, or the length of a container and the index of the node after its end.
    data: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Null,
    False,
    True,
    Signed,
    Unsigned,
    Float,
    /// A span in the source.
    Plain,
    /// A span in `unescaped`.
    Escaped,
    Array,
    Object,
    /// The end of a container. `start` is the offset of the closing bracket.
    End,
}

impl<'s> Tape<'s> {
    /// Parses one JSON value.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, or nests too deep.
    pub fn parse(bytes: &'s [u8]) -> Result<Self, SyntaxError> {
        if bytes.len() >= u32::MAX as usize {
            return Err(SyntaxError { offset: 0, message: "the text is longer than 4 GiB" });
        }
        let source =
            std::str::from_utf8(bytes).map_err(|error| SyntaxError { offset: error.valid_up_to(), message: "the text is not UTF-8" })?;
        Parser::new(Scanner::new(source), source.len() / 8 + 4).parse()
    }

    /// Parses the value at the scanner's position, which is nested `depth` levels deep. Returns the position after it too.
    pub(super) fn parse_part(scanner: Scanner<'s>, depth: usize) -> Result<(Self, usize), SyntaxError> {
        Parser::new(scanner, 0).parse_part(depth)
    }

    /// The whole value, with access to the positions of its parts in the text.
    pub fn located(&self) -> Located<'_> {
        Located { tape: self, index: 0 }
    }

    #[inline]
    fn value(&self, index: usize) -> TapeValue<'_> {
        let node = self.nodes[index];
        match node.kind {
            Kind::Null | Kind::End => TapeValue::Null,
            Kind::False => TapeValue::Bool(false),
            Kind::True => TapeValue::Bool(true),
            Kind::Signed => TapeValue::Number(Number::Signed(node.data as i64)),
            Kind::Unsigned => TapeValue::Number(Number::Unsigned(node.data)),
            Kind::Float => TapeValue::Number(Number::Float(f64::from_bits(node.data))),
            Kind::Plain | Kind::Escaped => TapeValue::String(self.text(node)),
            Kind::Array => TapeValue::Array(Container { tape: self, index }),
            Kind::Object => TapeValue::Object(Container { tape: self, index }),
        }
    }

    #[inline]
    fn text(&self, node: Node) -> &str {
        let span = low(node.data)..high(node.data);
        if node.kind == Kind::Plain { &self.source[span] } else { &self.unescaped[span] }
    }

    /// Whether the text of a node equals `text`. Compares the length first.
    #[inline]
    fn is_text(&self, node: Node, text: &str) -> bool {
        let span = low(node.data)..high(node.data);
        let held = if node.kind == Kind::Plain { self.source } else { &self.unescaped };
        span.len() == text.len() && held.as_bytes().get(span).is_some_and(|held| same_bytes(held, text.as_bytes()))
    }

    /// The index of the node after the value at `index`.
    #[inline]
    fn behind(&self, index: usize) -> usize {
        let node = self.nodes[index];
        match node.kind {
            Kind::Array | Kind::Object => high(node.data),
            _ => index + 1,
        }
    }
}

/// Whether two texts are equal. Optimized for short texts.
#[inline]
pub(super) fn same_text(left: &str, right: &str) -> bool {
    left.len() == right.len() && same_bytes(left.as_bytes(), right.as_bytes())
}

/// Whether two texts of the same length are equal. Names are short, so comparing two overlapping parts usually suffices, without a call.
#[inline]
pub(super) fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    match left.len() {
        0..4 => left.iter().zip(right).all(|(left, right)| left == right),
        4..8 => same_ends::<4>(left, right),
        8..=16 => same_ends::<8>(left, right),
        17..=32 => same_ends::<16>(left, right),
        _ => same_ends::<8>(left, right) && left == right,
    }
}

/// Whether two texts have the same first and the same last `N` bytes.
#[inline]
fn same_ends<const N: usize>(left: &[u8], right: &[u8]) -> bool {
    left.first_chunk::<N>() == right.first_chunk() && left.last_chunk::<N>() == right.last_chunk()
}

fn pack(low: usize, high: usize) -> u64 {
    low as u64 | (high as u64) << 32
}

fn low(data: u64) -> usize {
    data as u32 as usize
}

fn high(data: u64) -> usize {
    (data >> 32) as usize
}

/// An array or object on a tape.
#[derive(Clone, Copy)]
pub struct Container<'a> {
    tape: &'a Tape<'a>,
    index: usize,
}

impl<'a> Container<'a> {
    /// The address of its tape, and its index on the tape.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn place(self) -> (usize, usize) {
        (std::ptr::from_ref(self.tape).addr(), self.index)
    }

    /// The number of items or members.
    pub fn len(self) -> usize {
        low(self.tape.nodes[self.index].data)
    }

    /// Whether the container has no items or members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The byte offset of the opening bracket.
    pub fn offset(self) -> usize {
        self.tape.nodes[self.index].start as usize
    }

    /// The container with its position in the text.
    pub fn located(self) -> Located<'a> {
        Located { tape: self.tape, index: self.index }
    }

    /// The source text, including the brackets.
    pub fn source(self) -> &'a str {
        let end = self.tape.nodes[self.tape.behind(self.index) - 1].start as usize;
        &self.tape.source[self.offset()..=end]
    }

    /// The first member of an object.
    pub(super) fn cursor(self) -> Option<Cursor<'a>> {
        (!self.is_empty()).then_some(Cursor { tape: self.tape, index: self.index + 1 })
    }

    /// The member `name`.
    pub(super) fn find(self, name: &str) -> Option<Cursor<'a>> {
        let mut cursor = self.cursor();
        while let Some(at) = cursor.filter(|at| !at.is_called(name)) {
            cursor = at.next();
        }
        cursor
    }

    /// Whether the object has all of these members.
    pub(super) fn has_all(self, names: &[&str]) -> bool {
        // Members are usually in the order of the contract, so one pass finds them.
        let mut wanted = names;
        let mut cursor = self.cursor();
        while let (Some(at), Some((name, rest))) = (cursor, wanted.split_first()) {
            if at.is_called(name) {
                wanted = rest;
            }
            cursor = at.next();
        }
        wanted.iter().all(|name| self.find(name).is_some())
    }

    pub(super) fn items(self) -> Values<'a> {
        Values { tape: self.tape, index: self.index + 1 }
    }

    #[inline]
    pub(super) fn members(self) -> Members<'a> {
        Members { next: self.cursor() }
    }
}

/// The values of an array on a tape.
pub struct Values<'a> {
    tape: &'a Tape<'a>,
    index: usize,
}

impl<'a> Iterator for Values<'a> {
    type Item = TapeValue<'a>;

    #[inline]
    fn next(&mut self) -> Option<TapeValue<'a>> {
        if self.tape.nodes[self.index].kind == Kind::End {
            return None;
        }
        let item = self.tape.value(self.index);
        self.index = self.tape.behind(self.index);
        Some(item)
    }
}

/// The members of an object on a tape.
pub struct Members<'a> {
    next: Option<Cursor<'a>>,
}

impl<'a> Members<'a> {
    /// The value of the next member if it is named `name`.
    #[inline]
    pub(super) fn next_called(&mut self, name: &str) -> Option<TapeValue<'a>> {
        let at = self.next.filter(|at| at.is_called(name))?;
        self.next = at.next();
        Some(at.value())
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, TapeValue<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next?;
        self.next = at.next();
        Some((at.name(), at.value()))
    }
}

/// A member of an object on a tape.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    tape: &'a Tape<'a>,
    index: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn name(self) -> &'a str {
        self.tape.text(self.tape.nodes[self.index])
    }

    /// Whether the member is named `name`. Compares the length first.
    #[inline]
    pub(super) fn is_called(self, name: &str) -> bool {
        self.tape.is_text(self.tape.nodes[self.index], name)
    }

    #[inline]
    pub(super) fn value(self) -> TapeValue<'a> {
        self.tape.value(self.index + 1)
    }

    /// The next member.
    #[inline]
    pub(super) fn next(self) -> Option<Cursor<'a>> {
        let index = self.tape.behind(self.index + 1);
        (self.tape.nodes[index].kind != Kind::End).then_some(Cursor { tape: self.tape, index })
    }
}

/// A value with its position in the text.
#[derive(Clone, Copy)]
pub struct Located<'a> {
    tape: &'a Tape<'a>,
    index: usize,
}

impl<'a> Located<'a> {
    /// The value itself.
    pub fn value(self) -> TapeValue<'a> {
        self.tape.value(self.index)
    }

    /// The byte offset of the value.
    pub fn offset(self) -> usize {
        self.tape.nodes[self.index].start as usize
    }

    /// The items of an array, or the names and values of an object in alternation.
    pub fn parts(self) -> impl Iterator<Item = Located<'a>> {
        let end = self.tape.behind(self.index) - 1;
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            let part = (index < end).then_some(Located { tape: self.tape, index });
            if part.is_some() {
                index = self.tape.behind(index);
            }
            part
        })
    }
}
