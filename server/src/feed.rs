//! The server's decisions: pushes, pulls and single records of one user, as pure functions over a [`Records`] transaction. The module uses
//! no clock, no random source and no socket, so that the simulation runs exactly this code.

mod limits;
mod pull;
mod push;
mod single;

use stronglog_sync::cursor::Cursor;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::Feed;

pub use limits::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX, CLOCK_SKEW_MAX_MS, PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX};
pub use pull::pull;
pub use push::push;
pub(crate) use push::violations;
pub use single::{Deletion, delete, purge, put, read};

use crate::store::{Head, Quota, Records, StoreError, Usage};

/// Why a whole request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the cursor is not one of this feed")]
    InvalidCursor,
    #[error("tombstones after the cursor have been purged: pull again from the beginning")]
    CursorExpired,
    /// The device must push again what it knows above this revision.
    #[error("the server was restored from a backup, which reaches to revision {restored_rev}: pull again from the beginning")]
    EpochChanged { restored_rev: u64 },
    #[error("no record has this id")]
    NotFound,
    /// The first edit would make the account hold more than it may.
    #[error("{}", full(.usage, .quota))]
    QuotaExceeded { usage: Usage, quota: Quota },
}

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn full(usage: &Usage, quota: &Quota) -> String {
    let limit = |name: &str, max: Option<u64>| max.map(|max| format!("{max} {name}"));
    let limits: Vec<String> = [limit("records", quota.records_max), limit("bytes", quota.bytes_max)].into_iter().flatten().collect();
    let Usage { records, bytes, tombstones } = usage;
    format!(
        "the account holds {records} records of {bytes} bytes and {tombstones} deletions, and may hold {}; delete some records, or ask the \
         operator of the server for more",
        limits.join(" and ")
    )
}

/// The revision that a cursor of this feed stands for, if it can still be followed (R2, R10, R11).
fn follow(records: &impl Records, head: &Head, text: &str, feed: Feed) -> Result<u64, Error> {
    let cursor: Cursor = text.parse().map_err(|_| Refusal::InvalidCursor)?;
    if cursor.feed != feed.name() {
        return Err(Refusal::InvalidCursor.into());
    }
    if rules::on(Rule::EpochCheck) {
        if cursor.epoch != head.epoch {
            return Err(Refusal::EpochChanged { restored_rev: records.restored_rev(&cursor.epoch)? }.into());
        }
        // The cursor is ahead of the server: an older database was put in place without a restore.
        if cursor.rev > head.rev {
            return Err(Refusal::EpochChanged { restored_rev: head.rev }.into());
        }
    }
    // A pull that began after the purge has missed nothing, whatever revision it has reached.
    if cursor.rev.max(cursor.purge_watermark) < head.purge_watermark && rules::on(Rule::PurgeWatermarkCheck) {
        return Err(Refusal::CursorExpired.into());
    }
    Ok(cursor.rev)
}
