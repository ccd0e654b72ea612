//! Parses JSON text into a tape, in one pass.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::{DEPTH_MAX, Kind, Node, SyntaxError, Tape, pack};

pub(super) struct Parser<'s> {
    bytes: &'s [u8],
    at: usize,
    tape: Tape<'s>,
}

impl<'s> Parser<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        let nodes = Vec::with_capacity(source.len() / 8 + 4);
        Parser { bytes: source.as_bytes(), at: 0, tape: Tape { source, nodes, unescaped: String::new() } }
    }

    /// Parses the text, which must contain exactly one value.
    pub(super) fn parse(mut self) -> Result<Tape<'s>, SyntaxError> {
        self.skip_space();
        self.value(0)?;
        self.skip_space();
        if self.at < self.bytes.len() {
            return Err(self.error("unexpected text after the value"));
        }
        Ok(self.tape)
    }

    fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { offset: self.at, message }
    }

    #[inline]
    fn peek(&self) -> u8 {
        // Zero represents the end of the text: no token starts with it.
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
            0 if self.at >= self.bytes.len() => Err(self.error("unexpected end of text, expected a value")),
            _ => Err(self.error("expected a value")),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), SyntaxError> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
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
                return Err(self.error("expected a member name in quotes"));
            }
            let (start, key) = (self.at, self.tape.nodes.len());
            self.string()?;
            if self.may_repeat(&mut names, index, key, len) && self.repeats(index, key) {
                return Err(SyntaxError { offset: start, message: "duplicate member name" });
            }
            self.skip_space();
            if self.peek() != b':' {
                return Err(self.error("expected a colon"));
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
            return Err(self.error("nested deeper than 128 levels"));
        }
        self.push(kind, self.at, 0);
        self.at += 1;
        Ok(self.tape.nodes.len() - 1)
    }

    /// Skips a separator, unless the closing bracket follows. Returns whether it follows.
    #[inline]
    fn closed(&mut self, bracket: u8, len: usize) -> Result<bool, SyntaxError> {
        self.skip_space();
        let next = self.peek();
        if next == bracket {
            return Ok(true);
        }
        if len > 0 {
            if next != b',' {
                return Err(self.error("expected a comma or a closing bracket"));
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

    /// Whether the name at node `key`, member number `len` of the object opened at `index`, may repeat an earlier name.
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

    /// Whether the object opened at `index` has the name at node `key` already.
    fn repeats(&self, index: usize, key: usize) -> bool {
        let name = self.tape.text(self.tape.nodes[key]);
        self.names(index, key).any(|earlier| earlier == name)
    }

    /// The names of the object opened at `index`, up to node `key`.
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
                _ if self.at >= self.bytes.len() => return Err(self.error("unexpected end of text in a string")),
                _ => return Err(self.error("unescaped control character in a string")),
            }
        }
        self.at += 1;
        self.push(Kind::Escaped, start, pack(begin, self.tape.unescaped.len()));
        Ok(())
    }

    /// Skips to the next quote, backslash or control character, eight bytes at a time.
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
            _ => return Err(self.error("unknown escape in a string")),
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
                return Err(self.error("unpaired surrogate"));
            }
            let second = self.hex()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.error("unpaired surrogate"));
            }
            code = 0x1_0000 + ((code - 0xD800) << 10) + (second - 0xDC00);
        }
        let Some(character) = char::from_u32(code) else { return Err(self.error("unpaired surrogate")) };
        self.tape.unescaped.push(character);
        Ok(())
    }

    /// Parses `uXXXX`.
    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.bytes.get(self.at + 1..self.at + 5).ok_or(self.error("unexpected end of text in an escape"))?;
        let mut code = 0;
        for digit in digits {
            let digit = (*digit as char).to_digit(16).ok_or(self.error("expected four hexadecimal digits"))?;
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
            let digit = u64::from(digit - b'0');
            // WebAssembly needs 128-bit arithmetic for a checked product. Only the twentieth digit can overflow.
            let next = if value < u64::MAX / 10 {
                Some(value * 10 + digit)
            } else {
                value.checked_mul(10).and_then(|value| value.checked_add(digit))
            };
            match next {
                Some(next) => value = next,
                None => exact = false,
            }
            self.at += 1;
        }
        if self.at == first || (self.at > first + 1 && self.bytes[first] == b'0') {
            return Err(SyntaxError { offset: start, message: "invalid number" });
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

    /// Skips a fraction and an exponent, such as `.5` and `e+3`. Returns whether there was either.
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
        if self.at == from { Err(self.error("expected a digit")) } else { Ok(()) }
    }

    fn float(&mut self, start: usize) -> Result<(), SyntaxError> {
        match self.tape.source[start..self.at].parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.push(Kind::Float, start, value.to_bits());
                Ok(())
            }
            _ => Err(SyntaxError { offset: start, message: "number out of the range of a double" }),
        }
    }
}

/// Tells for each name of one object whether it is certainly new or may be a repetition: a bit test while the object is small, a keyed hash
/// set when it is large, so that no input makes the search for repeated names quadratic.
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
        // Different names usually differ at an end or in length.
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
