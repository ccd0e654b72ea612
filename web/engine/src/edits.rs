//! The app's own writes. An app in a browser writes its tables directly, and each write is recorded as pending in the same transaction.
//! This module turns pending writes into stamped and numbered edits before anything else is done with their records.

use stronglog_sync::digest::Digest;
use stronglog_sync::outbox::{self, EditError, LocalEdit};
use stronglog_sync::store::{Loaded, Meta};
use uuid::Uuid;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::host_object::host_object;
use crate::random::{whole, with_clock_and_rng};
use crate::rows::{LoadedRow, Plan, Writes, read_key, read_meta, write, write_key};

/// The meta row of a new device, as text.
#[wasm_bindgen(js_name = newMeta)]
pub fn new_meta(wall_ms: f64) -> String {
    let device: Uuid = with_clock_and_rng(wall_ms, |clock| clock.new_id());
    write(&Meta { device, digest: Some(Digest::default()), ..Default::default() })
}

host_object! {
    /// A write of the app that is no edit yet.
    AppWrite {
        /// The key of its record.
        key: text,
        /// The time of the write, in milliseconds since the Unix epoch.
        at: number,
        /// Whether the record is shipped with the app.
        shipped: flag,
        /// Whether it replaces a version that the app has not read.
        stale: flag,
        /// The stamp of a record that comes from a database from before sync, or 0. It is older than every edit (R25).
        imported: number,
        /// The record as JSON, or undefined where the app has deleted it.
        record: optional_text,
    }
}

impl AppWrite {
    fn edit(&self) -> LocalEdit {
        match self.record() {
            None => LocalEdit::Delete,
            Some(record) if self.shipped() => LocalEdit::Seed(record),
            Some(text) if self.imported() > 0.0 => LocalEdit::Import { text, stamp: whole(self.imported()) },
            // The edit is stamped with the time of the write, not with the stamp of the stored version (R24).
            Some(record) if self.stale() => LocalEdit::Put(record),
            Some(record) => LocalEdit::Change(record),
        }
    }
}

/// Plans the edits for these writes, which are in order of time. `rows` are the rows of their keys. The plan's `refused` lists the writes
/// that violate the contract; all other writes become edits.
///
/// # Errors
/// Returns an error if the database is damaged.
#[wasm_bindgen]
pub fn absorb(meta: &str, rows: Vec<LoadedRow>, app_writes: Vec<AppWrite>) -> Result<Plan, String> {
    let mut meta = read_meta(meta)?;
    let mut writes = Writes::default();
    let mut texts = Vec::new();
    let before = meta.clock;
    let mut furthest = before;
    let (mut time, mut start) = (f64::NAN, before);
    for (write, row) in app_writes.iter().zip(&rows) {
        // Earlier versions kept the deletion of a key that no record can have, such as a number, as a pending write: it is removed.
        let Ok(key) = read_key(&write.key()) else { continue };
        let at = write.at();
        if at != time {
            // Writes of the same time share a stamp, and later writes get later stamps, as in `outbox::edit_all`.
            (time, start) = (at, furthest);
        }
        meta.clock = start;
        let mut one = Loaded { meta: meta.clone(), entries: vec![row.read()?] };
        match with_clock_and_rng(at, |clock| outbox::edit(&mut one, key, &write.edit(), clock)) {
            Ok(planned) => {
                furthest = furthest.further(one.meta.clock);
                meta = one.meta;
                if planned.is_empty() {
                    writes.unchanged.push(write_key(key));
                }
                writes.take(planned, &mut texts);
            }
            // The record was written and deleted again before its writes were absorbed, so there is nothing to send.
            Err(EditError::Missing) => writes.unchanged.push(write_key(key)),
            Err(error) => writes.refused.push((write_key(key), error.to_string())),
        }
    }
    meta.clock = furthest;
    Ok(writes.into_plan(meta, texts))
}
