//! The server's decisions: pushes, pulls and single records of one user, as pure functions over a [`Records`] transaction. The module uses
//! no clock, source of randomness or socket, so the simulation runs exactly this code.

mod history;
mod limits;
mod prefetch;
mod pull;
mod push;
mod single;
mod sound;

use stronglog_sync::cursor::Cursor;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::Feed;

pub use limits::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX, CLOCK_SKEW_MAX_MS, PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX};
pub use prefetch::{prefetch_for_edit, prefetch_for_pull, prefetch_for_push};
pub use pull::pull;
pub use push::push;
pub(crate) use push::violations;
pub use single::{Deletion, delete, purge, purge_some, put, read};
pub use sound::check as check_sound;

use self::history::Proof;
use crate::store::{Head, Quota, Records, StoreError, Usage};

/// The reason why a whole request is rejected. `problem.rs` maps each variant to a status; a new variant does not compile until it is
/// mapped there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The cursor is not one of this feed.
    #[error("the cursor belongs to another feed; pull from the beginning")]
    InvalidCursor,
    /// Deletions that the device may not have pulled have been purged.
    #[error("tombstones after the cursor have been purged; pull again from the beginning")]
    CursorExpired {
        /// The cursor from which to pull.
        since: String,
    },
    /// A backup has been restored since the cursor was issued.
    #[error("the server went back to an earlier state of its data, at revision {restored_rev} or later; pull again from the beginning")]
    EpochChanged {
        /// The device must push again everything that it has above this revision.
        restored_rev: u64,
        /// The cursor from which to pull.
        since: String,
    },
    /// The cursor is newer than the data of this server, as on a replica that is behind.
    #[error("this server's copy of the data is older than the cursor; try again later")]
    Lagging,
    /// The record does not exist.
    #[error("no record has this id")]
    NotFound,
    /// The first edit would make the account hold more than it may.
    #[error("{}", full(.usage, .quota))]
    QuotaExceeded {
        /// The size of the account's data.
        usage: Usage,
        /// The limits of that size.
        quota: Quota,
    },
}

/// The reason why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is rejected.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn full(usage: &Usage, quota: &Quota) -> String {
    let limit = |name: &str, max: Option<u64>| max.map(|max| format!("{max} {name}"));
    let limits: Vec<String> = [limit("records", quota.records_max), limit("bytes", quota.bytes_max)].into_iter().flatten().collect();
    let Usage { records, bytes, tombstones } = usage;
    if let Some(max) = quota.rows_max().filter(|max| usage.rows() >= *max) {
        return format!(
            "the account is full: it has {records} records and {tombstones} deletions, of at most {max} together; old deletions are purged \
             automatically; ask the server's operator for a higher limit"
        );
    }
    format!(
        "the account has {records} records of {bytes} bytes and {tombstones} deletions, and its limit is {}; delete some records, or ask the \
         server's operator for a higher limit",
        limits.join(" and ")
    )
}

/// The revision of a cursor of this feed, if the cursor can still be followed (R2, R10, R11, R22).
fn follow(records: &dyn Records, head: &Head, text: &str, feed: Feed) -> Result<u64, Error> {
    let cursor: Cursor = text.parse().map_err(|_| Refusal::InvalidCursor)?;
    if cursor.feed != feed.name() {
        return Err(Refusal::InvalidCursor.into());
    }
    let since = || cursor_of(records, head, feed, 0);
    if let Some(restored_rev) = went_back_to(records, head, &cursor)? {
        return Err(Refusal::EpochChanged { restored_rev, since: since()? }.into());
    }
    // A pull that began after the purge has missed nothing, whatever revision it has reached.
    if cursor.rev.max(cursor.purge_watermark) < head.purge_watermark && rules::on(Rule::PurgeWatermarkCheck) {
        return Err(Refusal::CursorExpired { since: since()? }.into());
    }
    Ok(cursor.rev)
}

/// The revision up to which the cursor's history and the current one are known to be the same. `None` if they are the same history. They
/// differ if a backup or an older copy of the data was put in place.
fn went_back_to(records: &dyn Records, head: &Head, cursor: &Cursor) -> Result<Option<u64>, Error> {
    let proof = Proof::read(&cursor.proof).ok_or(Refusal::InvalidCursor)?;
    let newest = proof.newest().filter(|_| rules::on(Rule::CursorProvesHistory));
    if records.may_lag() && newest.map_or(cursor.rev, |newest| newest.rev.max(cursor.rev)) > head.rev {
        return Err(Refusal::Lagging.into());
    }
    let same_epoch = cursor.epoch == head.epoch || !rules::on(Rule::EpochCheck);
    let is_ahead = cursor.rev > head.rev && rules::on(Rule::EpochCheck);
    Ok(match newest {
        Some(newest) => {
            let shared = proof.shared(records)?;
            (!same_epoch || is_ahead || shared != newest).then_some(shared.rev)
        }
        None if !same_epoch => Some(records.restored_rev(&cursor.epoch)?),
        None => is_ahead.then_some(head.rev),
    })
}

/// The cursor for a feed seen up to `rev`. If `rev` is below the purge watermark, the cursor records that the pull began after the purge.
fn cursor_of(records: &dyn Records, head: &Head, feed: Feed, rev: u64) -> Result<String, StoreError> {
    let purge_watermark = if rev < head.purge_watermark { head.purge_watermark } else { 0 };
    let proof = history::proof(records, head.rev, feed.name())?;
    Ok(Cursor { feed: feed.name().to_owned(), proof, epoch: head.epoch.clone(), purge_watermark, rev }.to_string())
}
