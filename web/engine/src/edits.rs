//! The app's own writes. A browser's app writes its tables directly, and the fact of each write is noted in the same transaction; here
//! the notes become stamped and numbered edits, before anything else is done with their records.

use stronglog_sync::outbox::{self, EditError, LocalEdit};
use stronglog_sync::store::Loaded;
use uuid::Uuid;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::random::with_clock_and_rng;
use crate::rows::{Plan, Rows, Writes, read_key, read_meta, write, write_key};

/// A new device's own row, as text.
#[wasm_bindgen(js_name = newMeta)]
pub fn new_meta(wall_ms: f64) -> String {
    let device: Uuid = with_clock_and_rng(wall_ms, |clock| clock.new_id());
    write(&stronglog_sync::store::Meta { device, ..Default::default() })
}

/// Notes of the app's writes, and the records as the app has left them.
#[wasm_bindgen]
pub struct Notes {
    keys: Vec<String>,
    times: Vec<f64>,
    shipped: Vec<u8>,
    records: Vec<String>,
}

#[wasm_bindgen]
impl Notes {
    /// One note a record, in the order of their times: its key; when it was written, in milliseconds since the Unix epoch; whether the app
    /// ships it; and the record, or nothing where it was deleted.
    #[wasm_bindgen(constructor)]
    pub fn new(keys: Vec<String>, times: Vec<f64>, shipped: Vec<u8>, records: Vec<String>) -> Notes {
        Notes { keys, times, shipped, records }
    }
}

/// Plans the edits that the notes stand for. `rows` are the rows of the notes' keys. What the contract refuses is in the plan's `refused`;
/// everything else goes on.
///
/// # Errors
/// The database is damaged, or a note is of a collection that this contract does not have.
#[wasm_bindgen]
pub fn absorb(meta: &str, rows: Rows, notes: Notes) -> Result<Plan, String> {
    let (rows, quarantined) = rows.read()?;
    let mut meta = read_meta(meta)?;
    let mut writes = Writes::default();
    let mut texts = Vec::new();
    let before = meta.clock;
    let mut furthest = before;
    let (mut time, mut start) = (f64::NAN, before);
    let entries = notes.keys.iter().zip(notes.times).zip(notes.shipped).zip(notes.records).zip(rows.into_iter().zip(quarantined));
    for ((((key, at), shipped), record), (row, quarantined)) in entries {
        let key = read_key(key)?;
        if at != time {
            // Writes of one moment share their stamp, later ones get later stamps: as in `outbox::edit_all`.
            (time, start) = (at, furthest);
        }
        let edit = match (record.is_empty(), shipped != 0) {
            (true, _) => LocalEdit::Delete,
            (false, true) => LocalEdit::Seed(record),
            (false, false) => LocalEdit::Put(record),
        };
        meta.clock = start;
        let mut one = Loaded { meta: meta.clone(), rows: vec![row], quarantined: vec![quarantined] };
        match with_clock_and_rng(at, |clock| outbox::edit(&mut one, key, &edit, clock)) {
            Ok(planned) => {
                furthest = furthest.further(one.meta.clock);
                meta = one.meta;
                if planned.is_empty() {
                    writes.unchanged.push(write_key(key));
                }
                writes.take(planned, &mut texts);
            }
            // Written and deleted again before anybody looked: there is nothing to tell.
            Err(EditError::Missing) => writes.unchanged.push(write_key(key)),
            Err(error) => writes.refused.push((write_key(key), error.to_string())),
        }
    }
    meta.clock = furthest;
    Ok(writes.into_plan(meta, texts))
}
