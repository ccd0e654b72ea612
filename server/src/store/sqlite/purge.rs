//! The purge of tombstones that no device or backup needs any more (R10), in steps between which others write.

use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use super::{UserRecords, ledger, outside, users};
use crate::feed;
use crate::store::{PURGED_AT_ONCE, Quota, StoreError};

const DAY_MS: i64 = 86_400_000;

/// The tombstones that are due.
#[derive(Clone, Copy)]
pub struct Purge {
    now_ms: i64,
    /// Tombstones from before this time are purged, if all backups since the other contain them.
    before_ms: i64,
    restorable_ms: i64,
}

impl Purge {
    pub fn new(tombstone_days: u32, backup_days: u32, now_ms: i64) -> Self {
        let ago = |days: u32| now_ms.saturating_sub(i64::from(days) * DAY_MS);
        Purge { now_ms, before_ms: ago(tombstone_days), restorable_ms: ago(backup_days) }
    }

    /// Purges some of the tombstones that are due: those of the last users in the list, from which it removes users without further ones.
    /// Returns the number of tombstones.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub fn step(self, connection: &Connection, users: &mut Vec<Uuid>) -> Result<u64, StoreError> {
        ledger::forget(connection, self.restorable_ms, self.now_ms)?;
        let (mut count, mut left) = (0, PURGED_AT_ONCE);
        while left > 0
            && let Some(user) = users.last().copied()
        {
            let forgotten = ledger::forget_user(connection, user, self.restorable_ms, self.now_ms)?;
            let purged = self.purge_user(connection, user, left)?;
            count += purged;
            if purged < left as u64 {
                users.pop();
            }
            left = left.saturating_sub(1 + forgotten + purged as usize);
        }
        Ok(count)
    }

    fn purge_user(self, connection: &Connection, user: Uuid, count_max: usize) -> Result<u64, StoreError> {
        let mut records = UserRecords::of(connection, user, Quota::default());
        if !records.has_tombstone_before(self.before_ms)? {
            return Ok(0);
        }
        // In each step, because a backup may have begun since the last one.
        let Some((taken_at, covered)) = ledger::oldest(connection, user, self.restorable_ms)? else {
            return feed::purge_some(&mut records, self.before_ms, None, count_max);
        };
        // Tombstones that are newer than a backup are not even read.
        feed::purge_some(&mut records, self.before_ms.min(taken_at.saturating_add(1)), Some(covered), count_max)
    }
}

/// Purges the database in a folder. The server may be running.
///
/// # Errors
/// Returns an error if the database does not exist, or the store fails.
pub fn purge_folder(folder: &Path, tombstone_days: u32, backup_days: u32, now_ms: i64) -> Result<u64, StoreError> {
    let purge = Purge::new(tombstone_days, backup_days, now_ms);
    let (mut users, mut count) = (users(&outside::open(folder)?)?, 0);
    outside::write_in_steps(folder, |connection| {
        count += purge.step(connection, &mut users)?;
        Ok(users.is_empty())
    })?;
    Ok(count)
}
