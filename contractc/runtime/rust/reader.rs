//! Reads and checks JSON text in one pass, without a tape: each value is parsed, checked against its [`Rule`] and built on the spot.
//!
//! This is the fast path for valid values. It produces no report: at the first problem it gives up, and the caller parses the text into a
//! tape, from which [`Checker::check`] reports all violations. Values that must be read more than once, such as those of unions without a
//! discriminating member, get a tape of their own.

mod members;

use super::json::Json;
use super::report::{At, Checker};
use super::rule::{List, Order, Record, Rule, Tagged, TextRule};
use super::scanner::{Scanner, Text};
use super::tape::{DEPTH_MAX, Tape, same_text};
pub(super) use members::Members;

/// How often a text may be read again, as a multiple of its length. A text that needs more is parsed into a tape; ordinary texts do not.
const AGAIN_MAX: usize = 4;

/// Reads one text.
pub struct Reader<'s> {
    scanner: Scanner<'s>,
    /// The content of the current string, if it has escapes.
    unescaped: String,
    /// The nesting depth at the current position.
    depth: usize,
    /// The number of bytes that were read more than once: to find a discriminating member, or for a tape.
    again: usize,
    /// Whether the current object needs a tape.
    needs_tape: bool,
    order: Order,
    pub(super) out: Checker,
}

/// A position to return to.
#[derive(Clone, Copy)]
pub(super) struct Start {
    at: usize,
    depth: usize,
}

/// Whether the text is a value that `rule` accepts. If not, a tape is needed to report the violations.
pub fn accepts(bytes: &[u8], rule: &'static Rule) -> bool {
    whole(bytes, Checker::new(), |reader| reader.accept(rule)).is_some()
}

/// Reads the whole text with `read`. `None` if the text has to be parsed into a tape.
pub(super) fn whole<T>(bytes: &[u8], out: Checker, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
    // The tape rejects longer texts.
    let bytes = Some(bytes).filter(|bytes| bytes.len() < u32::MAX as usize)?;
    let scanner = Scanner::new(std::str::from_utf8(bytes).ok()?);
    let order = Order::new();
    let mut reader = Reader { scanner, unescaped: String::new(), depth: 0, again: 0, needs_tape: false, order, out: out.probe() };
    reader.scanner.skip_space();
    let value = read(&mut reader)?;
    reader.scanner.skip_space();
    reader.scanner.is_at_end().then_some(value)
}

impl<'s> Reader<'s> {
    /// Checks the value at the current position.
    pub(super) fn accept(&mut self, rule: &'static Rule) -> Option<()> {
        match rule {
            Rule::Text(rules) => self.text(rules).map(|_| ()),
            Rule::OrNull(rule) | Rule::Nullable(rule) => match self.is_null() {
                true => self.scanner.word(b"null").ok(),
                false => self.accept(rule),
            },
            Rule::List(list) if !list.unique => self.list(list, |reader| reader.accept(list.items)),
            Rule::Record(record) if record.more.is_none() => self.accept_record(rule, record),
            Rule::Tagged(tagged) => {
                let (_, rule) = self.variant(tagged)?;
                self.accept(rule)
            }
            rule => self.value(rule, |_, _, _| Some(())),
        }
    }

    fn accept_record(&mut self, rule: &'static Rule, record: &'static Record) -> Option<()> {
        let start = self.start();
        let mut members = Members::new(record);
        loop {
            match members.next(self) {
                Some(Some(index)) => self.accept(record.members[index].1)?,
                Some(None) => return Some(()),
                None => break,
            }
        }
        self.instead(start)?;
        self.by_tape(rule, |_, _, _| Some(()))
    }

    /// Whether the next value is `null` or invalid.
    #[inline]
    pub(super) fn is_null(&self) -> bool {
        self.scanner.peek() == b'n'
    }

    /// The current position.
    pub(super) fn start(&self) -> Start {
        Start { at: self.scanner.at, depth: self.depth }
    }

    /// Returns to a position, and forgets the problems after it.
    pub(super) fn return_to(&mut self, start: Start) {
        (self.scanner.at, self.depth) = (start.at, start.depth);
        self.needs_tape = false;
        self.out.forget();
    }

    /// Returns to the start of the object if it needs a tape; otherwise the object is invalid.
    pub(super) fn instead(&mut self, start: Start) -> Option<()> {
        self.needs_tape.then(|| self.return_to(start))
    }

    /// Reads a value with `read`: by way of a tape if it is an array or an object.
    #[inline]
    pub fn value<T>(&mut self, rule: &'static Rule, read: impl FnOnce(Json<'_>, At<'_>, &mut Checker) -> Option<T>) -> Option<T> {
        match self.scanner.peek() {
            b'{' | b'[' => self.by_tape(rule, read),
            _ => self.scalar(rule, |value, out| read(value, At::ROOT, out)),
        }
    }

    /// Reads a value that is neither an array nor an object.
    #[inline]
    pub fn scalar<T>(&mut self, rule: &'static Rule, read: impl FnOnce(Json<'_>, &mut Checker) -> Option<T>) -> Option<T> {
        let value = match self.scanner.peek() {
            b'"' => {
                self.unescaped.clear();
                Json::String(match self.scanner.string(&mut self.unescaped).ok()? {
                    Text::Plain { from, to } => &self.scanner.source[from..to],
                    Text::Escaped => &self.unescaped,
                })
            }
            b'-' | b'0'..=b'9' => Json::Number(self.scanner.number().ok()?),
            b't' => self.scanner.word(b"true").ok().map(|()| Json::Bool(true))?,
            b'f' => self.scanner.word(b"false").ok().map(|()| Json::Bool(false))?,
            b'n' => self.scanner.word(b"null").ok().map(|()| Json::Null)?,
            _ => return None,
        };
        self.out.check(value, rule, At::ROOT);
        if !self.out.passed() {
            return None;
        }
        read(value, &mut self.out)
    }

    /// Reads a string.
    #[inline]
    pub(super) fn text(&mut self, rules: &[TextRule]) -> Option<&str> {
        if self.scanner.peek() != b'"' {
            return None;
        }
        if let [TextRule::Format(format)] = rules
            && let Some(text) = self.scanner.formatted(*format)
        {
            return Some(text);
        }
        self.unescaped.clear();
        let text = match self.scanner.string(&mut self.unescaped).ok()? {
            Text::Plain { from, to } => &self.scanner.source[from..to],
            Text::Escaped => &self.unescaped,
        };
        self.out.text(text, rules, At::ROOT);
        self.out.passed().then_some(text)
    }

    /// Parses the value at the current position into a tape, checks it and reads it.
    pub(super) fn by_tape<T>(&mut self, rule: &'static Rule, read: impl FnOnce(Json<'_>, At<'_>, &mut Checker) -> Option<T>) -> Option<T> {
        let (tape, end) = Tape::parse_part(self.scanner, self.depth).ok()?;
        self.look_again(end - self.scanner.at)?;
        self.out.check(tape.root(), rule, At::ROOT);
        if !self.out.passed() {
            return None;
        }
        let value = read(tape.root(), At::ROOT, &mut self.out)?;
        self.scanner.at = end;
        Some(value)
    }

    /// Counts bytes that are read again. Their number is limited, so that no nesting makes reading quadratic.
    fn look_again(&mut self, count: usize) -> Option<()> {
        self.again += count;
        (self.again <= AGAIN_MAX * self.scanner.source.len()).then_some(())
    }

    /// Reads the items of an array. `read` reads one.
    #[inline]
    pub(super) fn list(&mut self, list: &List, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.opens(b'[') {
            return None;
        }
        let mut count = 0;
        while !self.closes(b']', count == 0)? {
            read(self)?;
            count += 1;
        }
        (list.min..=list.max).contains(&count).then_some(())
    }

    /// Skips an opening bracket. Returns whether there is one that may be opened.
    #[inline]
    fn opens(&mut self, bracket: u8) -> bool {
        let opens = self.scanner.peek() == bracket && self.depth < DEPTH_MAX;
        self.scanner.at += usize::from(opens);
        self.depth += usize::from(opens);
        opens
    }

    /// Skips the separator before an item or member, or the closing bracket. Returns whether it was the bracket.
    #[inline]
    fn closes(&mut self, bracket: u8, is_first: bool) -> Option<bool> {
        self.scanner.skip_space();
        let next = self.scanner.peek();
        if next == bracket {
            self.scanner.at += 1;
            self.depth -= 1;
            return Some(true);
        }
        if !is_first {
            if next != b',' {
                return None;
            }
            self.scanner.at += 1;
            self.scanner.skip_space();
        }
        Some(false)
    }

    /// The value of the discriminating member of a union, and the rule of the variant that it selects.
    pub(super) fn variant(&mut self, tagged: &Tagged) -> Option<(Json<'s>, &'static Rule)> {
        let start = self.start();
        if !self.opens(b'{') {
            return None;
        }
        let mut is_first = true;
        while !self.closes(b'}', is_first)? {
            is_first = false;
            if same_text(self.name()?, tagged.member) {
                let tag = self.tag()?;
                self.return_to(start);
                return tagged.variant(tag).map(|rule| (tag, rule));
            }
            self.skip()?;
        }
        None
    }

    /// Reads the value of a discriminating member. Strings with escapes are left to the tape.
    fn tag(&mut self) -> Option<Json<'s>> {
        match self.scanner.peek() {
            b'"' => match self.scanner.string(&mut self.unescaped).ok()? {
                Text::Plain { from, to } => Some(Json::String(&self.scanner.source[from..to])),
                Text::Escaped => None,
            },
            b't' => self.scanner.word(b"true").ok().map(|()| Json::Bool(true)),
            b'f' => self.scanner.word(b"false").ok().map(|()| Json::Bool(false)),
            _ => None,
        }
    }

    /// Reads the name of a member and the colon. Names with escapes are left to the tape.
    #[inline]
    pub(super) fn name(&mut self) -> Option<&'s str> {
        if self.scanner.peek() != b'"' {
            return None;
        }
        let Text::Plain { from, to } = self.scanner.string(&mut self.unescaped).ok()? else {
            self.needs_tape = true;
            return None;
        };
        self.scanner.skip_space();
        if self.scanner.peek() != b':' {
            return None;
        }
        self.scanner.at += 1;
        self.scanner.skip_space();
        Some(&self.scanner.source[from..to])
    }

    /// Skips a value that is read later.
    fn skip(&mut self) -> Option<()> {
        let (from, mut depth) = (self.scanner.at, 0);
        loop {
            match self.scanner.peek() {
                b'"' => _ = self.scanner.string(&mut self.unescaped).ok()?,
                b'{' | b'[' => (depth, self.scanner.at) = (depth + 1, self.scanner.at + 1),
                b'}' | b']' if depth > 0 => (depth, self.scanner.at) = (depth - 1, self.scanner.at + 1),
                b',' | b'}' | b']' if depth == 0 => break,
                _ if self.scanner.is_at_end() => return None,
                _ => self.scanner.at += 1,
            }
        }
        self.look_again(self.scanner.at - from)
    }
}
