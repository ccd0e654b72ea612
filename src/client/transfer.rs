//! Taking everything out of a device's database as lines of JSON, and bringing it in again.

use std::io::BufRead;

use super::Client;
use crate::api::registry;
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::error::Error;
use crate::outbox::LocalEdit;
use crate::store::{Key, Query};

impl Client {
    /// Writes every live record as a line of JSON, `{"collection": …, "record": …}`. Says how many there were.
    ///
    /// # Errors
    /// The database cannot be read, or `out` not be written.
    pub fn export(&self, mut out: impl std::io::Write) -> Result<u64, Error> {
        const CHUNK: usize = 1_000;
        let failed = |error: std::io::Error| Error::argument(format!("cannot write the export: {error}"));
        let mut written = 0;
        for collection in registry::COLLECTIONS {
            for offset in (0..).step_by(CHUNK) {
                let query = Query { offset, limit: Some(CHUNK), ..Query::default() };
                let rows = self.with(|store| store.list(collection, &query))?;
                for row in &rows {
                    writeln!(out, "{{\"collection\":\"{}\",\"record\":{}}}", collection.path, row.record.text).map_err(failed)?;
                }
                written += rows.len() as u64;
                if rows.len() < CHUNK {
                    break;
                }
            }
        }
        out.flush().map_err(failed)?;
        Ok(written)
    }

    /// Reads what [`export`](Self::export) has written, each record as an edit of its own. A line that is wrong fails alone.
    ///
    /// # Errors
    /// `lines` cannot be read, or the database not be written.
    pub fn import(&self, lines: impl BufRead) -> Result<Imported, Error> {
        const CHUNK: usize = 500;
        let mut imported = Imported::default();
        let mut chunk = Vec::new();
        for (index, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| Error::argument(format!("cannot read line {}: {error}", index + 1)))?;
            if line.trim().is_empty() {
                continue;
            }
            match self.import_line(&line) {
                Ok((key, edit)) => chunk.push((index + 1, key, edit)),
                Err(error) => imported.refused.push((index + 1, error)),
            }
            if chunk.len() == CHUNK {
                self.import_chunk(std::mem::take(&mut chunk), &mut imported)?;
            }
        }
        self.import_chunk(chunk, &mut imported)?;
        imported.refused.sort_by_key(|(line, _)| *line);
        Ok(imported)
    }

    fn import_line(&self, line: &str) -> Result<(Key, LocalEdit), Error> {
        let broken = |what: &str| Error::argument(format!("it {what}; a line is {{\"collection\": …, \"record\": …}}"));
        let tape = parse(line.as_bytes()).map_err(|report| broken(&report.to_string()))?;
        let collection = tape.root().get("collection").and_then(Json::as_str).ok_or_else(|| broken("names no collection"))?;
        let record = tape.root().get("record").ok_or_else(|| broken("holds no record"))?;
        let records = self.json(collection)?;
        let (id, text) = records.complete(&record.to_text())?;
        Ok((records.key(id), LocalEdit::Put(text)))
    }

    /// Writes the lines of a chunk in one transaction, or, if one of them is refused, each in its own.
    fn import_chunk(&self, chunk: Vec<(usize, Key, LocalEdit)>, imported: &mut Imported) -> Result<(), Error> {
        let keys: Vec<Key> = chunk.iter().map(|(_, key, _)| *key).collect();
        let edits: Vec<LocalEdit> = chunk.iter().map(|(_, _, edit)| edit.clone()).collect();
        match self.edit_all(&keys, &edits) {
            Ok(records) => {
                imported.written += records.len() as u64;
                return Ok(());
            }
            Err(error) if error.is_storage() => return Err(error),
            Err(_) => {}
        }
        for (line, key, edit) in chunk {
            match self.edit(key, &edit) {
                Ok(_) => imported.written += 1,
                Err(error) if error.is_storage() => return Err(error),
                Err(error) => imported.refused.push((line, error)),
            }
        }
        Ok(())
    }
}

/// What an import has come to.
#[derive(Debug, Default)]
pub struct Imported {
    /// Records that were written; each is an edit that waits to be pushed.
    pub written: u64,
    /// Line numbers, from 1, with what is wrong.
    pub refused: Vec<(usize, Error)>,
}
