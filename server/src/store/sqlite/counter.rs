//! The counter file next to the database: it records how far the data has advanced, so that an older database put in its place is detected
//! (R11).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::Connection;

use stronglog_sync::advice::with_advice;

use super::files::private;
use crate::store::StoreError;

/// The file's name in the data folder.
pub const COUNTER: &str = "stronglog.counter";

/// The open counter file. It is written after each commit but not synced. If it lags, a database that is older by the same amount may pass
/// for the newest one; nothing else is affected.
pub struct Counter {
    file: File,
}

impl Counter {
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(COUNTER);
        let open = private().create(true).truncate(false).read(true).write(true).open(&path);
        let file =
            open.map_err(|error| StoreError::new(format!("cannot open the counter file {}: {}", path.display(), with_advice(&error))))?;
        Ok(Counter { file })
    }

    /// Returns whether the file may belong to another database: it records data that the database does not have, or it is empty although
    /// the database has been written to.
    pub fn is_not_of(&self, connection: &Connection) -> Result<bool, StoreError> {
        let mut text = String::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)).map_err(StoreError::new)?;
        let (ours, written) = position(connection)?;
        let mut words = text.split_whitespace();
        let (Some(epoch), Some(writes)) = (words.next(), words.next().and_then(|word| word.parse::<u64>().ok())) else {
            return Ok(written > 0);
        };
        Ok(epoch != ours || writes > written)
    }

    /// Records how far the data has advanced.
    pub fn note(&self, connection: &Connection) -> Result<(), StoreError> {
        let (epoch, writes) = position(connection)?;
        // The fixed width ensures that the new text overwrites the old one completely.
        let text = format!("{epoch:<64} {writes:020}\n");
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(text.as_bytes())).map_err(StoreError::new)
    }
}

fn position(connection: &Connection) -> Result<(String, u64), StoreError> {
    let mut statement = connection.prepare_cached("SELECT epoch, writes FROM server")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}
