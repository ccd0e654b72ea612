//! The rows that a decision is expected to read, so that a database on another machine sends them in one response.

use std::collections::BTreeSet;

use uuid::Uuid;

/// The rows to load before a decision. This is an expectation, not a limit: if a decision reads more, the store loads that too and runs the
/// decision again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefetch {
    /// Records by their ids.
    pub ids: BTreeSet<Uuid>,
    /// The newest boundary up to each of these revisions.
    pub boundaries: BTreeSet<u64>,
    /// Like the field above, with revisions counted back from the user's newest.
    pub boundaries_before_newest: BTreeSet<u64>,
    /// The changes after a revision.
    pub changes: Option<Changes>,
    /// The family tree of the epochs.
    pub epochs: bool,
}

/// Changes of a feed after a revision: up to a number, and until they take a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// `None` means all collections.
    pub collection: Option<&'static str>,
    /// The revision.
    pub after: u64,
    /// The maximum number of changes.
    pub rows: usize,
    /// The size in bytes at which loading stops.
    pub bytes: usize,
}

impl Prefetch {
    /// The record with this id.
    pub fn record(id: Uuid) -> Self {
        Prefetch { ids: BTreeSet::from([id]), ..Prefetch::default() }
    }

    /// Changes of all collections after a revision.
    pub fn all_after(after: u64, rows: usize, bytes: usize) -> Self {
        Prefetch { changes: Some(Changes { collection: None, after, rows, bytes }), ..Prefetch::default() }
    }
}

impl Changes {
    /// The first load if no changes were expected.
    pub const FEW: Changes = Changes { collection: None, after: 0, rows: 1_000, bytes: 1 << 20 };

    /// Whether all changes were loaded, given the number of loaded rows and bytes.
    pub fn is_all(self, rows: usize, bytes: usize) -> bool {
        rows < self.rows && bytes <= self.bytes
    }

    /// A prefetch of the same changes from the beginning, with higher limits.
    pub fn more(self) -> Changes {
        Changes { rows: self.rows.saturating_mul(4), bytes: self.bytes.saturating_mul(4), ..self }
    }
}
