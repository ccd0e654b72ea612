//! Copies all data of a server to another database, SQLite or Postgres. Accounts, sessions, revisions and the history that cursors prove
//! (R22) stay the same, so devices do not notice.
//!
//! The copy appears all at once: in one transaction, or by renaming a file. An interrupted copy leaves nothing behind and can be repeated.

#[cfg(feature = "postgres")]
mod database;
mod folder;
mod table;

use tokio::sync::mpsc::{self, Receiver, Sender};

use self::table::{Batch, Origin, Sum, TABLES, Table};
use super::Error;
use super::place::{Place, Where};
use crate::store::StoreError;

/// How many batches may wait between reading and writing.
const BATCHES_MAX: usize = 4;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The number of rows of each table, by name.
    pub rows: Vec<(&'static str, u64)>,
    /// The name of the epoch, which continues.
    pub epoch: String,
    /// Whether the target already held the same data, so that there was nothing to do.
    pub was_there: bool,
}

impl Copied {
    fn of(sums: &[(&'static Table, Sum)], epoch: String, was_there: bool) -> Self {
        Copied { rows: sums.iter().map(|(table, sum)| (table.name, sum.rows)).collect(), epoch, was_there }
    }
}

/// Copies all data to a place without data. No server may run on either. The written rows are read back and compared with the originals.
///
/// # Errors
/// Returns an error if a server is running, a place cannot be read or written, or the target holds other data. Then the target is
/// unchanged.
pub async fn copy(from: &Place, to: &Place) -> Result<Copied, Error> {
    if from.is_same(to) {
        return Err(Error::Same(from.to_string()));
    }
    let mut source = Side::source(from).await?;
    let mut target = Side::target(to).await?;
    if target.holds_data().await? {
        let (origin, sums) = (source.origin().await?, each_sum(&source).await?);
        return match target.origin().await?.epoch == origin.epoch && each_sum(&target).await? == sums {
            true => Ok(Copied::of(&sums, origin.epoch, true)),
            false => Err(Error::NotEmpty(to.to_string())),
        };
    }
    source.lock().await?;
    let origin = source.origin().await?;
    // If this fails, dropping the target removes what was written: by rolling back the transaction, or with the files.
    let sums = fill(&source, &mut target, &origin).await?;
    target.commit(&origin).await?;
    Ok(Copied::of(&sums, origin.epoch, false))
}

/// Copies all rows, and compares the written rows with the read ones.
async fn fill(source: &Side, target: &mut Side, origin: &Origin) -> Result<Vec<(&'static Table, Sum)>, StoreError> {
    target.begin(origin).await?;
    let mut sums = Vec::new();
    for table in &TABLES {
        let (sender, receiver) = mpsc::channel(BATCHES_MAX);
        let (read, written) = tokio::join!(source.read(table, sender), target.write(table, receiver));
        // If writing fails, reading only reports that the receiver has stopped.
        written?;
        sums.push((table, read?));
    }
    match each_sum(target).await? == sums {
        true => Ok(sums),
        false => Err(StoreError::new("the written rows differ from the rows read, so the copy was discarded; copy again")),
    }
}

/// The sums of all tables.
async fn each_sum(side: &Side) -> Result<Vec<(&'static Table, Sum)>, StoreError> {
    let mut sums = Vec::new();
    for table in &TABLES {
        let (sender, mut rows) = mpsc::channel::<Batch>(BATCHES_MAX);
        let drained = async { while rows.recv().await.is_some() {} };
        let (sum, ()) = tokio::join!(side.read(table, sender), drained);
        sums.push((table, sum?));
    }
    Ok(sums)
}

/// One end of a copy.
enum Side {
    Folder(folder::Side),
    #[cfg(feature = "postgres")]
    Database(Box<database::Side>),
}

/// Calls the same method on either side.
macro_rules! each {
    ($side:expr, $one:ident => $call:expr) => {
        match $side {
            Side::Folder($one) => $call,
            #[cfg(feature = "postgres")]
            Side::Database($one) => $call,
        }
    };
}

impl Side {
    async fn source(place: &Place) -> Result<Self, Error> {
        Ok(match &place.0 {
            Where::Folder(data) => Side::Folder(folder::Side::source(data)?),
            #[cfg(feature = "postgres")]
            Where::Database(address) => Side::Database(Box::new(database::Side::source(address).await?)),
        })
    }

    async fn target(place: &Place) -> Result<Self, Error> {
        Ok(match &place.0 {
            Where::Folder(data) => Side::Folder(folder::Side::target(data)?),
            #[cfg(feature = "postgres")]
            Where::Database(address) => Side::Database(Box::new(database::Side::target(address).await?)),
        })
    }

    /// Keeps servers from writing to the source until the copy is complete.
    async fn lock(&mut self) -> Result<(), Error> {
        match self {
            // No server runs in a locked folder.
            Side::Folder(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Side::Database(side) => side.lock().await,
        }
    }

    async fn holds_data(&self) -> Result<bool, StoreError> {
        each!(self, side => side.holds_data().await)
    }

    async fn origin(&self) -> Result<Origin, StoreError> {
        each!(self, side => side.origin().await)
    }

    /// Prepares the target, which is empty.
    async fn begin(&mut self, origin: &Origin) -> Result<(), StoreError> {
        each!(self, side => side.begin(origin).await)
    }

    /// Sends all rows of a table in order of their keys.
    async fn read(&self, table: &'static Table, to: Sender<Batch>) -> Result<Sum, StoreError> {
        each!(self, side => side.read(table, to).await)
    }

    async fn write(&self, table: &'static Table, from: Receiver<Batch>) -> Result<(), StoreError> {
        each!(self, side => side.write(table, from).await)
    }

    /// Commits the written rows as the data of the target.
    async fn commit(self, origin: &Origin) -> Result<(), StoreError> {
        match self {
            Side::Folder(side) => side.commit(origin).await,
            #[cfg(feature = "postgres")]
            Side::Database(side) => side.commit().await,
        }
    }
}
