//! A strict JSON parser into a flat tape: one pass, no tree, every value reachable without copying.
//!
//! Strict means RFC 8259 and no more: UTF-8, one value, unique member names, paired surrogates, numbers a double can hold, and at
//! most [`DEPTH_MAX`] levels, so that no document can exhaust the stack.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::json::{Array, Json, Object};
use super::number::Number;

/// How deep arrays and objects may nest.
pub const DEPTH_MAX: usize = 128;

/// Parsed JSON text.
pub struct Tape<'s> {
    source: &'s str,
    nodes: Vec<Node>,
    /// Text of strings that were written with escapes.
    unescaped: String,
}

/// What is wrong with a text that is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset of the fault.
    pub offset: usize,
    /// What was seen, or should have been.
    pub message: &'static str,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for SyntaxError {}

#[derive(Clone, Copy)]
struct Node {
    kind: Kind,
    /// Where the value begins in the source.
    start: u32,
    /// A number's bits; a string's span; a container's length and the node behind its end.
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
    /// Span in the source.
    Plain,
    /// Span in `unescaped`.
    Escaped,
    Array,
    Object,
    /// Closes a container; `start` is the offset of its bracket.
    End,
}

impl<'s> Tape<'s> {
    /// Parses one JSON value.
    pub fn parse(bytes: &'s [u8]) -> Result<Self, SyntaxError> {
        if bytes.len() >= u32::MAX as usize {
            return Err(SyntaxError { offset: 0, message: "the text is longer than 4 GiB" });
        }
        let source =
            std::str::from_utf8(bytes).map_err(|error| SyntaxError { offset: error.valid_up_to(), message: "the text is not UTF-8" })?;
        let mut parser = Parser {
            bytes: source.as_bytes(),
            at: 0,
            tape: Tape { source, nodes: Vec::with_capacity(bytes.len() / 8 + 4), unescaped: String::new() },
        };
        parser.skip_space();
        parser.value(0)?;
        parser.skip_space();
        if parser.at < parser.bytes.len() {
            return Err(parser.error("more text follows the value"));
        }
        Ok(parser.tape)
    }

    /// The whole value.
    pub fn root(&self) -> Json<'_> {
        self.json(0)
    }

    /// The whole value, for a reader who wants to know where its parts stand in the text.
    pub fn located(&self) -> Located<'_> {
        Located { tape: self, index: 0 }
    }

    #[inline]
    fn json(&self, index: usize) -> Json<'_> {
        let node = self.nodes[index];
        match node.kind {
            Kind::Null | Kind::End => Json::Null,
            Kind::False => Json::Bool(false),
            Kind::True => Json::Bool(true),
            Kind::Signed => Json::Number(Number::Signed(node.data as i64)),
            Kind::Unsigned => Json::Number(Number::Unsigned(node.data)),
            Kind::Float => Json::Number(Number::Float(f64::from_bits(node.data))),
            Kind::Plain | Kind::Escaped => Json::String(self.text(node)),
            Kind::Array => Json::Array(Array::Tape(Container { tape: self, index })),
            Kind::Object => Json::Object(Object::Tape(Container { tape: self, index })),
        }
    }

    #[inline]
    fn text(&self, node: Node) -> &str {
        let span = low(node.data)..high(node.data);
        if node.kind == Kind::Plain { &self.source[span] } else { &self.unescaped[span] }
    }

    /// Whether the text of a node is this one, decided by length first.
    #[inline]
    fn is_text(&self, node: Node, text: &str) -> bool {
        let span = low(node.data)..high(node.data);
        let held = if node.kind == Kind::Plain { self.source } else { &self.unescaped };
        span.len() == text.len() && held.as_bytes().get(span).is_some_and(|held| same_bytes(held, text.as_bytes()))
    }

    /// The node behind the value at `index`.
    #[inline]
    fn behind(&self, index: usize) -> usize {
        let node = self.nodes[index];
        match node.kind {
            Kind::Array | Kind::Object => high(node.data),
            _ => index + 1,
        }
    }
}

/// Whether two texts of one length are the same. Names are short: two overlapping words mostly decide, without a call.
#[inline]
fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    match (left.first_chunk::<8>(), right.first_chunk::<8>(), left.last_chunk::<8>(), right.last_chunk::<8>()) {
        (Some(left_first), Some(right_first), Some(left_last), Some(right_last)) => {
            left_first == right_first && left_last == right_last && (left.len() <= 16 || left == right)
        }
        _ => left.iter().zip(right).all(|(left, right)| left == right),
    }
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
    /// How many items or members there are.
    pub fn len(self) -> usize {
        low(self.tape.nodes[self.index].data)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Byte offset of the opening bracket.
    pub fn offset(self) -> usize {
        self.tape.nodes[self.index].start as usize
    }

    /// The source text, brackets included.
    pub fn source(self) -> &'a str {
        let end = self.tape.nodes[self.tape.behind(self.index) - 1].start as usize;
        &self.tape.source[self.offset()..=end]
    }

    /// The first member of an object.
    pub(super) fn cursor(self) -> Option<Cursor<'a>> {
        (!self.is_empty()).then_some(Cursor { tape: self.tape, index: self.index + 1 })
    }

    /// The member called `name`.
    pub(super) fn find(self, name: &str) -> Option<Cursor<'a>> {
        let mut cursor = self.cursor();
        while let Some(at) = cursor.filter(|at| !at.is_called(name)) {
            cursor = at.next();
        }
        cursor
    }

    /// Puts where the values of the members called `names` are into `places`, and says how many members are called otherwise. Members
    /// are mostly written in the order of the names: one walk over both finds them.
    pub(super) fn place(self, names: &[&str], places: &mut [Place]) -> usize {
        let (mut others, mut expected) = (0, 0);
        let mut cursor = self.cursor();
        while let Some(at) = cursor {
            let found = (expected..names.len()).chain(0..expected).find(|index| at.is_called(names[*index]));
            match found {
                Some(index) => {
                    expected = index + 1;
                    if let Some(place) = places.get_mut(index) {
                        *place = Place(at.index as u32 + 1);
                    }
                }
                None => others += 1,
            }
            cursor = at.next();
        }
        others
    }

    /// The value at a place, if there is one.
    #[inline]
    pub(super) fn at(self, place: Place) -> Option<Json<'a>> {
        (place != Place::NONE).then(|| self.tape.json(place.0 as usize))
    }

    /// Whether all these members are there.
    pub(super) fn has_all(self, names: &[&str]) -> bool {
        // They are mostly written in the contract's order: one walk then finds them.
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

/// Where a member's value is on a tape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
    /// Nowhere: the first node is the whole value, and no member's.
    pub(super) const NONE: Place = Place(0);
}

/// The values of an array on a tape.
pub struct Values<'a> {
    tape: &'a Tape<'a>,
    index: usize,
}

impl<'a> Iterator for Values<'a> {
    type Item = Json<'a>;

    #[inline]
    fn next(&mut self) -> Option<Json<'a>> {
        if self.tape.nodes[self.index].kind == Kind::End {
            return None;
        }
        let item = self.tape.json(self.index);
        self.index = self.tape.behind(self.index);
        Some(item)
    }
}

/// The members of an object on a tape.
pub struct Members<'a> {
    next: Option<Cursor<'a>>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Json<'a>);

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

    /// Whether this is the member `name`, decided by length first.
    #[inline]
    pub(super) fn is_called(self, name: &str) -> bool {
        self.tape.is_text(self.tape.nodes[self.index], name)
    }

    #[inline]
    pub(super) fn value(self) -> Json<'a> {
        self.tape.json(self.index + 1)
    }

    /// The member behind this one.
    #[inline]
    pub(super) fn next(self) -> Option<Cursor<'a>> {
        let index = self.tape.behind(self.index + 1);
        (self.tape.nodes[index].kind != Kind::End).then_some(Cursor { tape: self.tape, index })
    }
}

/// A value together with its place in the text.
#[derive(Clone, Copy)]
pub struct Located<'a> {
    tape: &'a Tape<'a>,
    index: usize,
}

impl<'a> Located<'a> {
    /// The value itself.
    pub fn value(self) -> Json<'a> {
        self.tape.json(self.index)
    }

    /// Byte offset at which the value begins.
    pub fn offset(self) -> usize {
        self.tape.nodes[self.index].start as usize
    }

    /// The items of an array; of an object, its names and values in turn.
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

struct Parser<'s> {
    bytes: &'s [u8],
    at: usize,
    tape: Tape<'s>,
}

impl Parser<'_> {
    fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { offset: self.at, message }
    }

    #[inline]
    fn peek(&self) -> u8 {
        // Zero stands for the end: it begins no token.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, data: u64) {
        self.tape.nodes.push(Node { kind, start: start as u32, data });
    }

    fn value(&mut self, depth: usize) -> Result<(), SyntaxError> {
        match self.peek() {
            b'"' => self.string(),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", Kind::True),
            b'f' => self.word(b"false", Kind::False),
            b'n' => self.word(b"null", Kind::Null),
            0 if self.at >= self.bytes.len() => Err(self.error("the text ends where a value should be")),
            _ => Err(self.error("no JSON value begins here")),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), SyntaxError> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error("no JSON value begins here"));
        }
        self.push(kind, self.at, 0);
        self.at += word.len();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), SyntaxError> {
        let index = self.open(Kind::Array, depth)?;
        let mut len = 0;
        while !self.closed(b']', len)? {
            self.value(depth + 1)?;
            len += 1;
        }
        self.close(index, len);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), SyntaxError> {
        let index = self.open(Kind::Object, depth)?;
        let mut len = 0;
        let mut names = Names::default();
        while !self.closed(b'}', len)? {
            if self.peek() != b'"' {
                return Err(self.error("a member name in quotes should be here"));
            }
            let (start, key) = (self.at, self.tape.nodes.len());
            self.string()?;
            if self.may_repeat(&mut names, index, key, len) && self.repeats(index, key) {
                return Err(SyntaxError { offset: start, message: "the object has a second member of this name" });
            }
            self.skip_space();
            if self.peek() != b':' {
                return Err(self.error("a colon should be here"));
            }
            self.at += 1;
            self.skip_space();
            self.value(depth + 1)?;
            len += 1;
        }
        self.close(index, len);
        Ok(())
    }

    fn open(&mut self, kind: Kind, depth: usize) -> Result<usize, SyntaxError> {
        if depth >= DEPTH_MAX {
            return Err(self.error("the value nests deeper than 128 levels"));
        }
        self.push(kind, self.at, 0);
        self.at += 1;
        Ok(self.tape.nodes.len() - 1)
    }

    /// Steps over a separator or the closing bracket, and says which.
    #[inline]
    fn closed(&mut self, bracket: u8, len: usize) -> Result<bool, SyntaxError> {
        self.skip_space();
        let next = self.peek();
        if next == bracket {
            return Ok(true);
        }
        if len > 0 {
            if next != b',' {
                return Err(self.error("a comma or a closing bracket should be here"));
            }
            self.at += 1;
            self.skip_space();
        }
        Ok(false)
    }

    fn close(&mut self, index: usize, len: usize) {
        self.push(Kind::End, self.at, 0);
        self.at += 1;
        self.tape.nodes[index].data = pack(len, self.tape.nodes.len());
    }

    /// Whether the name at node `key`, the `len`th of the object opened at `index`, is perhaps not its first of that name.
    #[inline]
    fn may_repeat(&self, names: &mut Names, index: usize, key: usize, len: usize) -> bool {
        let name = self.tape.text(self.tape.nodes[key]);
        if len < Names::FEW {
            return names.add(name);
        }
        let many = names.many.get_or_insert_with(|| {
            let mut many = Many::default();
            self.names(index, key).for_each(|earlier| _ = many.add(earlier));
            Box::new(many)
        });
        many.add(name)
    }

    /// Whether the object opened at `index` already has the name at node `key`.
    fn repeats(&self, index: usize, key: usize) -> bool {
        let name = self.tape.text(self.tape.nodes[key]);
        self.names(index, key).any(|earlier| earlier == name)
    }

    /// The names of the object opened at `index` before node `key`.
    fn names(&self, index: usize, key: usize) -> impl Iterator<Item = &str> {
        let mut at = index + 1;
        std::iter::from_fn(move || {
            let name = (at < key).then(|| self.tape.text(self.tape.nodes[at]));
            if name.is_some() {
                at = self.tape.behind(at + 1);
            }
            name
        })
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        self.skip_plain();
        if self.peek() == b'"' {
            self.push(Kind::Plain, start, pack(start + 1, self.at));
            self.at += 1;
            return Ok(());
        }
        self.at = start + 1;
        let begin = self.tape.unescaped.len();
        loop {
            let from = self.at;
            self.skip_plain();
            self.tape.unescaped.push_str(&self.tape.source[from..self.at]);
            match self.peek() {
                b'"' => break,
                b'\\' => self.escape()?,
                _ if self.at >= self.bytes.len() => return Err(self.error("the text ends inside a string")),
                _ => return Err(self.error("a control character stands in a string")),
            }
        }
        self.at += 1;
        self.push(Kind::Escaped, start, pack(begin, self.tape.unescaped.len()));
        Ok(())
    }

    /// Steps to the next quote, backslash or control character, eight bytes at a time.
    #[inline]
    fn skip_plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
        while let Some(chunk) = self.bytes.get(self.at..self.at + 8).and_then(|chunk| chunk.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*chunk);
            let quote = zero_byte(word ^ (ONES * b'"' as u64));
            let backslash = zero_byte(word ^ (ONES * b'\\' as u64));
            let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
            let stop = quote | backslash | control;
            if stop != 0 {
                self.at += stop.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while self.at < self.bytes.len() && !matches!(self.bytes[self.at], b'"' | b'\\' | 0..0x20) {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        let plain = match self.peek() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.escaped_unit(),
            _ => return Err(self.error("an unknown escape stands in a string")),
        };
        self.tape.unescaped.push(plain);
        self.at += 1;
        Ok(())
    }

    fn escaped_unit(&mut self) -> Result<(), SyntaxError> {
        let mut code = self.hex()?;
        if (0xD800..0xDC00).contains(&code) && self.peek() == b'\\' {
            self.at += 1;
            if self.peek() != b'u' {
                return Err(self.error("a surrogate stands alone"));
            }
            let second = self.hex()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.error("a surrogate stands alone"));
            }
            code = 0x1_0000 + ((code - 0xD800) << 10) + (second - 0xDC00);
        }
        let Some(character) = char::from_u32(code) else { return Err(self.error("a surrogate stands alone")) };
        self.tape.unescaped.push(character);
        Ok(())
    }

    /// Reads `uXXXX`.
    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.bytes.get(self.at + 1..self.at + 5).ok_or(self.error("the text ends inside an escape"))?;
        let mut code = 0;
        for digit in digits {
            let digit = (*digit as char).to_digit(16).ok_or(self.error("an escape needs four hexadecimal digits"))?;
            code = code * 16 + digit;
        }
        self.at += 5;
        Ok(code)
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let negative = self.peek() == b'-';
        self.at += usize::from(negative);
        let first = self.at;
        let mut value: u64 = 0;
        let mut exact = true;
        while let digit @ b'0'..=b'9' = self.peek() {
            match value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0'))) {
                Some(next) => value = next,
                None => exact = false,
            }
            self.at += 1;
        }
        if self.at == first || (self.at > first + 1 && self.bytes[first] == b'0') {
            return Err(SyntaxError { offset: start, message: "this is not a number as JSON writes it" });
        }
        if self.fraction()? || !exact || (negative && value == 0) {
            return self.float(start);
        }
        let (kind, data) = match (negative, i64::try_from(value)) {
            (false, Ok(value)) => (Kind::Signed, value as u64),
            (false, Err(_)) => (Kind::Unsigned, value),
            (true, Ok(value)) => (Kind::Signed, (-value) as u64),
            (true, Err(_)) if value == 1 << 63 => (Kind::Signed, value),
            (true, Err(_)) => return self.float(start),
        };
        self.push(kind, start, data);
        Ok(())
    }

    /// Steps over `.5` and `e+3`, and says whether there was any.
    fn fraction(&mut self) -> Result<bool, SyntaxError> {
        let from = self.at;
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.at > from)
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let from = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == from { Err(self.error("a digit should be here")) } else { Ok(()) }
    }

    fn float(&mut self, start: usize) -> Result<(), SyntaxError> {
        match self.tape.source[start..self.at].parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.push(Kind::Float, start, value.to_bits());
                Ok(())
            }
            _ => Err(SyntaxError { offset: start, message: "the number is beyond what a double can hold" }),
        }
    }
}

/// Says "new" for certain or "perhaps seen" of each name of one object: a bit test while the object is small, a keyed hash set
/// when it is large, so that no input makes the look for repeated names quadratic.
#[derive(Default)]
struct Names {
    bits: [u64; 8],
    many: Option<Box<Many>>,
}

#[derive(Default)]
struct Many {
    hashes: HashSet<u64>,
    keys: RandomState,
}

impl Names {
    const FEW: usize = 64;

    #[inline]
    fn add(&mut self, name: &str) -> bool {
        let bytes = name.as_bytes();
        // Names that differ at all mostly differ at an end or in length.
        let ends = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => u64::from_le_bytes(*first).rotate_left(23) ^ u64::from_le_bytes(*last),
            _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        let hash = (ends ^ (bytes.len() as u64) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let bit = hash >> 55;
        let (word, mask) = ((bit / 64) as usize, 1 << (bit % 64));
        let known = self.bits[word] & mask != 0;
        self.bits[word] |= mask;
        known
    }
}

impl Many {
    fn add(&mut self, name: &str) -> bool {
        !self.hashes.insert(self.keys.hash_one(name))
    }
}
