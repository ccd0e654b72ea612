//! What the server decides: pushes, pulls and single records of one user, as pure functions over a [`Records`] transaction. No clock, no
//! randomness, no socket in here, so that a simulation runs exactly this.

mod limits;
mod pull;
mod push;
mod single;

use stronglog_sync::cursor::Cursor;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::Feed;
use uuid::{Builder, Uuid};

pub use limits::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX, CLOCK_SKEW_MAX_MS, PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX};
pub use pull::{export, pull};
pub use push::push;
pub(crate) use push::violations;
pub use single::{Deletion, delete, purge, put, read};

use crate::store::{Head, Records, StoreError};

/// What a decision takes from outside: the time, and where its random ids come from.
pub struct Moment<'a> {
    /// The server's clock, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Random bits.
    pub entropy: &'a mut dyn FnMut() -> u64,
}

impl Moment<'_> {
    /// An id that no other record has, ordered by time.
    pub fn new_id(&mut self) -> Uuid {
        let (high, low) = ((self.entropy)(), (self.entropy)());
        let mut random = [0; 10];
        random[..2].copy_from_slice(&high.to_be_bytes()[..2]);
        random[2..].copy_from_slice(&low.to_be_bytes());
        Builder::from_unix_timestamp_millis(self.now_ms.unsigned_abs(), &random).into_uuid()
    }
}

/// Why a whole request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the cursor is not one of this feed")]
    InvalidCursor,
    #[error("tombstones after the cursor have been purged: pull again from the beginning")]
    CursorExpired,
    /// The device pushes again what it knows above this revision.
    #[error("the server was restored from a backup, which reaches to revision {restored_rev}: pull again from the beginning")]
    EpochChanged { restored_rev: u64 },
    #[error("no record has this id")]
    NotFound,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The revision that a cursor of this feed stands for, if it can still be followed (R2, R10, R11).
fn follow(records: &impl Records, head: &Head, text: &str, feed: Feed) -> Result<u64, Error> {
    let cursor: Cursor = text.parse().map_err(|_| Refusal::InvalidCursor)?;
    if cursor.feed != feed.name() {
        return Err(Refusal::InvalidCursor.into());
    }
    if rules::on(Rule::EpochFence) {
        if cursor.epoch != head.epoch {
            return Err(Refusal::EpochChanged { restored_rev: records.restored_rev(&cursor.epoch)? }.into());
        }
        // The cursor knows more than the server: somebody has put an older database in place behind our back.
        if cursor.rev > head.rev {
            return Err(Refusal::EpochChanged { restored_rev: head.rev }.into());
        }
    }
    // A pull that began after the purge has missed nothing, however far it has come.
    if cursor.rev.max(cursor.floor) < head.floor && rules::on(Rule::FloorFence) {
        return Err(Refusal::CursorExpired.into());
    }
    Ok(cursor.rev)
}
