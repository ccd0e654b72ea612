//! The counter file beside the database: how far the data had come, so that an older database put in its place is noticed (R11).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::Connection;

use super::files::private;
use crate::store::StoreError;

/// The file's name in the data folder.
pub const COUNTER: &str = "stronglog.counter";

/// The open file. It is written after each commit, and never waited for: where it lags, an older database may pass for the newest one by as
/// much, and nothing else goes wrong.
pub struct Counter {
    file: File,
}

impl Counter {
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(COUNTER);
        let open = private().create(true).truncate(false).read(true).write(true).open(&path);
        let file = open.map_err(|error| StoreError::new(format!("cannot open the counter file {}: {error}", path.display())))?;
        Ok(Counter { file })
    }

    /// Whether the file tells of data that the database does not have. An empty file tells nothing.
    pub fn is_ahead_of(&self, connection: &Connection) -> Result<bool, StoreError> {
        let mut text = String::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)).map_err(StoreError::new)?;
        let mut words = text.split_whitespace();
        let (Some(epoch), Some(writes)) = (words.next(), words.next().and_then(|word| word.parse::<u64>().ok())) else {
            return Ok(false);
        };
        let (ours, written) = position(connection)?;
        Ok(epoch != ours || writes > written)
    }

    /// Notes how far the data has come.
    pub fn note(&self, connection: &Connection) -> Result<(), StoreError> {
        let (epoch, writes) = position(connection)?;
        // A fixed width: the new text covers the old one.
        let text = format!("{epoch:<64} {writes:020}\n");
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(text.as_bytes())).map_err(StoreError::new)
    }
}

fn position(connection: &Connection) -> Result<(String, u64), StoreError> {
    let mut statement = connection.prepare_cached("SELECT epoch, writes FROM server")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}
