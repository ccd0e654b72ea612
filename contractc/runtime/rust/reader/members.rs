//! The members of an object that is read in one pass, in any order.

use super::super::rule::Record;
use super::super::tape::same_bytes;
use super::Reader;

/// Reads the names of an object's members. The caller reads the value after each name.
pub(in super::super) struct Members {
    pub(in super::super) record: &'static Record,
    /// One more than the index of the previous member; 0 at the start.
    before: usize,
    /// The members that were present, one bit each.
    seen: u64,
    is_first: bool,
}

impl Members {
    /// The maximum number of members of an object that is read in one pass.
    const COUNT_MAX: usize = 64;

    pub(in super::super) fn new(record: &'static Record) -> Self {
        Members { record, before: 0, seen: 0, is_first: true }
    }

    /// Reads the next name. Returns the index of its member in the record, or `Some(None)` at the end of the object.
    #[inline]
    pub(in super::super) fn next(&mut self, reader: &mut Reader<'_>) -> Option<Option<usize>> {
        if self.is_first {
            if self.record.members.len() > Self::COUNT_MAX {
                reader.needs_tape = true;
                return None;
            }
            if !reader.opens(b'{') {
                return None;
            }
        }
        if reader.closes(b'}', self.is_first)? {
            return self.is_complete().then_some(None);
        }
        self.is_first = false;
        let expected = reader.order.expected(self.record, self.before);
        let index = match self.expected_name(reader, expected) {
            Some(index) => index,
            None => {
                let index = self.other_name(reader)?;
                reader.order.learn(self.record, self.before, index);
                index
            }
        };
        let bit = 1 << index;
        if self.seen & bit != 0 {
            return None;
        }
        self.seen |= bit;
        self.before = index + 1;
        Some(Some(index))
    }

    /// Whether all required members were present. They are the first ones of the record.
    fn is_complete(&self) -> bool {
        self.seen.trailing_ones() as usize >= self.record.required
    }

    /// Reads the name if it is the expected one.
    #[inline]
    fn expected_name(&self, reader: &mut Reader<'_>, expected: usize) -> Option<usize> {
        let (name, _) = self.record.members.get(expected)?;
        let from = reader.scanner.at + 1;
        let text = reader.scanner.bytes().get(from..from + name.len() + 2)?;
        let (text, end) = text.split_at(name.len());
        if reader.scanner.peek() != b'"' || end != b"\":" || !same_bytes(text, name.as_bytes()) {
            return None;
        }
        reader.scanner.at = from + name.len() + 2;
        reader.scanner.skip_space();
        Some(expected)
    }

    /// Reads the name of a member other than the expected one. Undeclared members are left to the tape.
    fn other_name(&self, reader: &mut Reader<'_>) -> Option<usize> {
        let name = reader.name()?;
        let found = self.record.find(name, self.before);
        reader.needs_tape |= found.is_none() && self.record.others.is_some();
        found
    }
}
