//! The number of changes in one message. A network that fails on large messages gets smaller ones.

/// The current size of the messages of one kind.
#[derive(Debug)]
pub(super) struct Size {
    now: usize,
    /// A message with more changes than this did not get through, and would not either while the same pull or push goes on.
    ceiling: usize,
    max: usize,
}

impl Size {
    pub(super) fn new(max: usize) -> Self {
        Size { now: max, ceiling: max, max }
    }

    pub(super) fn changes(&self) -> usize {
        self.now
    }

    /// Halves a size that did not get through. Returns whether a smaller message is possible.
    pub(super) fn halve(&mut self, sent: usize) -> bool {
        self.now = (sent / 2).max(1);
        self.ceiling = self.now;
        sent > 1
    }

    /// Grows after a message has got through.
    pub(super) fn grow(&mut self) {
        self.now = (self.now * 2).clamp(1, self.ceiling);
    }

    /// Tries larger messages again once everything has got through.
    pub(super) fn complete(&mut self) {
        self.ceiling = self.max;
    }
}
