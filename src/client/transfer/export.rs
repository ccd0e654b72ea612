//! Export to JSON Lines: every live record from one snapshot of the database, and the counts in the last line.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::advice::with_advice;
use crate::api::collection::Contract;
use crate::client::Client;
use crate::error::Error;
use crate::record::on_one_line;
use crate::store::{PastVersion, Quarantined, Query, Store, StoreError};
use crate::wire::EXPORT_BEGIN;

/// What to export besides the live records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportOptions {
    /// Changes that this version of the contract cannot read.
    pub quarantined: bool,
    /// Past versions, that is, the conflict history.
    pub history: bool,
}

/// The number of exported lines of each kind, which the last line of the file contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Exported {
    /// Live records.
    pub records: u64,
    /// Quarantined changes.
    pub quarantined: u64,
    /// Past versions.
    pub history: u64,
}

impl Client {
    /// Writes every live record as a line of JSON, `{"collection": …, "record": …}`. The first line also has the member `"begin"`, and the
    /// last line has the counts, `"end": {"records": …, …}`, so that an import notices a truncated file. If there is nothing to export, the
    /// file has only the counts. All lines come from one snapshot. `progress` gets the number of records written so far, and the number of all.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or `out` cannot be written.
    pub fn export(&self, out: impl Write, options: ExportOptions, progress: impl FnMut(u64, u64)) -> Result<Exported, Error> {
        self.with(|store| export_from(store, self.contract(), out, options, progress))
    }
}

/// Exports a store, as [`Client::export`] does.
///
/// # Errors
/// Returns an error if the store cannot be read or `out` cannot be written.
pub fn export_from(
    store: &mut dyn Store,
    contract: &Contract,
    out: impl Write,
    options: ExportOptions,
    progress: impl FnMut(u64, u64),
) -> Result<Exported, Error> {
    let mut lines = Lines { out, counts: Exported::default(), progress, open: false };
    let mut result = Ok(());
    store.snapshot(&mut |store| {
        result = lines.write_all(store, contract, options)?;
        Ok(())
    })?;
    let written = result.and_then(|()| lines.end());
    written.map_err(|error| Error::argument(format!("cannot write the export: {}", with_advice(&error))))
}

struct Lines<W, P> {
    out: W,
    counts: Exported,
    progress: P,
    /// Whether the current line still lacks its closing brace. If it is the last line, it also gets the counts.
    open: bool,
}

impl<W: Write, P: FnMut(u64, u64)> Lines<W, P> {
    /// The outer error comes from the database, the inner error from `out`.
    fn write_all(&mut self, store: &mut dyn Store, contract: &Contract, options: ExportOptions) -> Result<io::Result<()>, StoreError> {
        let total = store.live()?;
        for collection in contract.collections {
            let mut written = Ok(());
            store.visit(collection, &Query::default(), &mut |row| {
                written = self.line(format_args!("\"collection\":\"{}\",\"record\":{}", collection.path, on_one_line(&row.record.text)));
                self.counts.records += 1;
                (self.progress)(self.counts.records, total);
                if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if written.is_err() {
                return Ok(written);
            }
        }
        let quarantined = if options.quarantined { store.quarantined()? } else { Vec::new() };
        let history = if options.history { store.history(usize::MAX)? } else { Vec::new() };
        self.counts.quarantined = quarantined.len() as u64;
        self.counts.history = history.len() as u64;
        Ok(quarantined
            .iter()
            .map(QuarantinedLine::of)
            .try_for_each(|line| self.line(format_args!("\"quarantined\":{}", serde_json::to_string(&line)?)))
            .and_then(|()| history.iter().try_for_each(|past| self.past_version(past))))
    }

    fn past_version(&mut self, past: &PastVersion) -> io::Result<()> {
        let (path, why, at, record) = (past.collection.path, serde_json::to_string(&past.why)?, past.at, on_one_line(&past.record.text));
        self.line(format_args!("\"history\":{{\"collection\":\"{path}\",\"why\":{why},\"at\":{at},\"record\":{record}}}"))
    }

    /// Completes the previous line and begins a line with these members.
    fn line(&mut self, members: fmt::Arguments<'_>) -> io::Result<()> {
        let (before, begin) = if std::mem::replace(&mut self.open, true) { ("}\n", "") } else { ("", EXPORT_BEGIN) };
        write!(self.out, "{before}{{{members}{begin}")
    }

    fn end(mut self) -> io::Result<Exported> {
        let before = if self.open { "," } else { "{" };
        writeln!(self.out, "{before}\"end\":{}}}", serde_json::to_string(&self.counts)?)?;
        self.out.flush()?;
        Ok(self.counts)
    }
}

/// A quarantined change in an export.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QuarantinedLine<'a> {
    collection: Option<&'a str>,
    id: Option<String>,
    reason: &'a str,
    at: i64,
    raw: &'a str,
}

impl<'a> QuarantinedLine<'a> {
    fn of(change: &'a Quarantined) -> Self {
        QuarantinedLine {
            collection: change.collection.as_deref(),
            id: change.id.map(|id| id.to_string()),
            reason: &change.reason,
            at: change.at,
            raw: &change.raw,
        }
    }
}
