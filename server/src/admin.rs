//! Maintenance of a server's data: accounts, backup, restore, purge, and a copy to another database.

mod backups;
mod copy;
mod place;
mod stats;
pub mod users;

pub use backups::Rotated;
pub use copy::{Copied, copy};
pub use place::Place;
pub use stats::{Share, Stats, stats};

pub use crate::store::sqlite::backup::{BackedUp, Restored};
pub use crate::store::sqlite::made::discard_unfinished;

use std::path::{Path, PathBuf};

use uuid::Uuid;

use self::place::Where;
use crate::app::new_epoch;
use crate::clock::now_ms;
use crate::clock::{self, Jumped};
use crate::store::StoreError;
use crate::store::sqlite::{self, backup, files, outside, purge};

/// The error of an operator's command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No account that can be used has the email address or the id.
    #[error("no account has the email address or the id {who:?}; `stronglog admin user list` lists all accounts{}", hint(erasing))]
    NoAccount {
        /// The email address or the id.
        who: String,
        /// The accounts that are being erased, any of which may have had the email address.
        erasing: Vec<Uuid>,
    },
    /// The erasure of an account has begun, which cannot be undone, and is not complete.
    #[error(
        "the account {id} cannot be used any more, but its data is not yet erased: {cause}. A running server erases the rest within an hour, \
         another one when it starts, and `stronglog admin user delete {id}` at once"
    )]
    HalfErased {
        /// The account's id.
        id: Uuid,
        /// What failed.
        cause: StoreError,
    },
    /// The contract does not allow the password.
    #[error("cannot set the password: {0}")]
    Password(String),
    /// The database cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clock is far from the time when the server last ran.
    #[error(transparent)]
    Clock(#[from] Jumped),
    /// The text does not name a folder or a database.
    #[error("cannot read the location of the data; give sqlite:FOLDER or postgres://user:password@host/name")]
    Place,
    /// The source and the target of a copy are the same.
    #[error("{0} is both the source and the target; name another target")]
    Same(String),
    /// Servers write to the database to be copied.
    #[error(
        "servers are using {0}; stop them first, so that nothing is written during the copy. A killed server counts as running for 20 seconds"
    )]
    Served(String),
    /// The target of a copy holds data.
    #[error("{0} has other data; name an empty database, or a folder without one")]
    NotEmpty(String),
    /// The database in a folder is older than the previous one.
    #[error("the database in {0} is older than its counter file, or the file is missing: start the server once, which begins a new epoch")]
    Replaced(PathBuf),
}

/// How to complete erasures that have begun.
fn hint(erasing: &[Uuid]) -> String {
    let Some((first, more)) = erasing.split_first() else { return String::new() };
    let ids = more.iter().fold(first.to_string(), |ids, id| format!("{ids}, {id}"));
    format!(
        ". Accounts that are being erased have only their ids: {ids}. `stronglog admin user delete {first}` erases the rest of one at once"
    )
}

/// Runs one expression if the place is a folder, and another one if it is a database.
macro_rules! on_place {
    ($place:expr, $data:ident => $folder:expr, $store:ident => $database:expr) => {
        match &$place.0 {
            Where::Folder($data) => $folder,
            #[cfg(feature = "postgres")]
            Where::Database(address) => $crate::admin::place::on_database(address, async |$store| $database).await,
        }
    };
}
use on_place;

/// Writes a consistent copy of the database to a new file. The server may be running.
///
/// # Errors
/// Returns an error if the folder contains no database, or the file already exists or cannot be written.
pub fn back_up(data: &Path, to: &Path) -> Result<BackedUp, StoreError> {
    backup::back_up(data, to, now_ms())
}

/// Writes a backup to a folder, under a name with this time, and removes all but the newest `keep` backups.
///
/// # Errors
/// Returns an error if the folder contains no database, or the backup cannot be written. Then no backup is removed.
pub fn rotate(data: &Path, folder: &Path, time: &str, keep: usize) -> Result<Rotated, StoreError> {
    backups::rotate(data, folder, time, now_ms(), keep)
}

/// Replaces the database with a backup. The previous database is kept. The server must be stopped. The files belong to the owner of the
/// folder, even if root runs this. Afterwards, devices pull everything again and push what the backup lacks.
///
/// # Errors
/// Returns an error if the file is not a backup or is damaged, or a server is running.
pub fn restore(data: &Path, from: &Path) -> Result<Restored, StoreError> {
    let restored = backup::restore(data, from, &new_epoch(), now_ms())?;
    files::hand_over(data)?;
    Ok(restored)
}

/// What a purge removes. Exhaustive, because the operator decides every member.
#[derive(Clone, Copy, Debug)]
pub struct PurgeOptions {
    /// How long a tombstone is kept at least.
    pub tombstone_days: u32,
    /// A tombstone is purged once every backup of this time contains it.
    pub backup_days: u32,
    /// Purges even if the clock is far from the time when a server last ran.
    pub accept_clock: bool,
}

/// Purges old tombstones. Returns their number. A running server does this once a day.
///
/// # Errors
/// Returns an error if the place contains no database, the database cannot be written, or the clock is far from the time when a server last
/// ran.
pub async fn purge(place: &Place, options: PurgeOptions) -> Result<u64, Error> {
    let PurgeOptions { tombstone_days, backup_days, accept_clock } = options;
    let now = now_ms();
    on_place!(place, data => {
        if !accept_clock {
            clock::check(sqlite::seen_at(&outside::open(data)?)?, now)?;
        }
        Ok(purge::purge_folder(data, tombstone_days, backup_days, now)?)
    }, store => {
        if !accept_clock {
            clock::check(store.seen_at().await?, now)?;
        }
        Ok(store.purge_now(tombstone_days, backup_days, now).await?)
    })
}
