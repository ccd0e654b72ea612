//! Parses JSON text into a tape, in one pass.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::super::number::Number;
use super::super::scanner::{Scanner, SyntaxError, Text};
use super::{DEPTH_MAX, Kind, Node, Tape, pack};

pub(super) struct Parser<'s> {
    scanner: Scanner<'s>,
    tape: Tape<'s>,
}

impl<'s> Parser<'s> {
    /// A parser from the scanner's position on. `nodes` is the capacity to reserve.
    pub(super) fn new(scanner: Scanner<'s>, nodes: usize) -> Self {
        Parser { scanner, tape: Tape { source: scanner.source, nodes: Vec::with_capacity(nodes), unescaped: String::new() } }
    }

    /// Parses one value. Returns the position after it too.
    pub(super) fn parse_part(mut self, depth: usize) -> Result<(Tape<'s>, usize), SyntaxError> {
        self.value(depth)?;
        Ok((self.tape, self.scanner.at))
    }

    /// Parses the text, which must contain exactly one value.
    pub(super) fn parse(mut self) -> Result<Tape<'s>, SyntaxError> {
        self.scanner.skip_space();
        self.value(0)?;
        self.scanner.skip_space();
        if !self.scanner.is_at_end() {
            return Err(self.scanner.error("unexpected text after the value"));
        }
        Ok(self.tape)
    }

    #[inline]
    fn push(&mut self, kind: Kind, start: usize, data: u64) {
        self.tape.nodes.push(Node { kind, start: start as u32, data });
    }

    fn value(&mut self, depth: usize) -> Result<(), SyntaxError> {
        match self.scanner.peek() {
            b'"' => self.string(),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", Kind::True),
            b'f' => self.word(b"false", Kind::False),
            b'n' => self.word(b"null", Kind::Null),
            0 if self.scanner.is_at_end() => Err(self.scanner.error("unexpected end of text, expected a value")),
            _ => Err(self.scanner.error("expected a value")),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), SyntaxError> {
        self.push(kind, self.scanner.at, 0);
        self.scanner.word(word)
    }

    #[inline]
    fn string(&mut self) -> Result<(), SyntaxError> {
        let (start, begin) = (self.scanner.at, self.tape.unescaped.len());
        match self.scanner.string(&mut self.tape.unescaped)? {
            Text::Plain { from, to } => self.push(Kind::Plain, start, pack(from, to)),
            Text::Escaped => self.push(Kind::Escaped, start, pack(begin, self.tape.unescaped.len())),
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.scanner.at;
        match self.scanner.number()? {
            Number::Signed(value) => self.push(Kind::Signed, start, value as u64),
            Number::Unsigned(value) => self.push(Kind::Unsigned, start, value),
            Number::Float(value) => self.push(Kind::Float, start, value.to_bits()),
        }
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
            if self.scanner.peek() != b'"' {
                return Err(self.scanner.error("expected a member name in quotes"));
            }
            let (start, key) = (self.scanner.at, self.tape.nodes.len());
            self.string()?;
            if self.may_repeat(&mut names, index, key, len) && self.repeats(index, key) {
                return Err(SyntaxError { offset: start, message: "duplicate member name" });
            }
            self.scanner.skip_space();
            if self.scanner.peek() != b':' {
                return Err(self.scanner.error("expected a colon"));
            }
            self.scanner.at += 1;
            self.scanner.skip_space();
            self.value(depth + 1)?;
            len += 1;
        }
        self.close(index, len);
        Ok(())
    }

    fn open(&mut self, kind: Kind, depth: usize) -> Result<usize, SyntaxError> {
        if depth >= DEPTH_MAX {
            return Err(self.scanner.error("nested deeper than 128 levels"));
        }
        self.push(kind, self.scanner.at, 0);
        self.scanner.at += 1;
        Ok(self.tape.nodes.len() - 1)
    }

    /// Skips a separator, unless the closing bracket follows. Returns whether it follows.
    #[inline]
    fn closed(&mut self, bracket: u8, len: usize) -> Result<bool, SyntaxError> {
        self.scanner.skip_space();
        let next = self.scanner.peek();
        if next == bracket {
            return Ok(true);
        }
        if len > 0 {
            if next != b',' {
                return Err(self.scanner.error("expected a comma or a closing bracket"));
            }
            self.scanner.at += 1;
            self.scanner.skip_space();
        }
        Ok(false)
    }

    fn close(&mut self, index: usize, len: usize) {
        self.push(Kind::End, self.scanner.at, 0);
        self.scanner.at += 1;
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
}

/// Decides for each name of an object whether it is certainly new or may be a repetition: with a bit test while the object is small, and a
/// keyed hash set when it is large, so that no input makes the search for repeated names quadratic.
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
