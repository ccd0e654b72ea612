//! Import from JSON Lines. By default, an imported record replaces the device's version only if it was edited later (R25).

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use super::lines::{File, FileCounts, Incoming, LineReader, read};
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::client::Client;
use crate::clock::{ClockAndRng, SKEW_MAX_MS};
use crate::driver::wall_ms;
use crate::error::Error;
use crate::outbox::{self, EditError, LocalEdit};
use crate::rules::{self, Rule};
use crate::store::{Key, Loaded, Row, Write};
#[cfg(feature = "simulation")]
use crate::{
    api::collection::Contract,
    store::{Select, Store},
};

/// The options of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportOptions {
    /// What to do with records that the device already has.
    pub on_conflict: OnConflict,
    /// Whether to import the valid lines of a file with invalid lines or a missing end. Otherwise nothing is imported from such a file.
    pub partial: bool,
    /// Whether to write nothing and only report what would be written.
    pub dry_run: bool,
}

/// What to do with a record that the device has in a different version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// Keep the version that was edited later. A deletion counts as an edit.
    #[default]
    Newer,
    /// Keep the device's version.
    Keep,
    /// Replace the device's version with the file's version, as an edit made now. The replaced version goes to the conflict history.
    Replace,
}

/// The result of an import or a dry run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Imported {
    /// The counts by collection.
    pub collections: BTreeMap<&'static str, ImportCounts>,
    /// The number of lines with an older version of a record that the file contains more than once.
    pub superseded: u64,
    /// The number of lines that are not imported: past versions and unreadable quarantined changes.
    pub skipped: u64,
    /// The numbers of the invalid lines, starting at 1, with the errors.
    pub refused: Vec<(usize, String)>,
    /// Whether the file is complete according to its counts.
    pub counts: FileCounts,
    /// Whether anything was written. False for a dry run, and if a line was invalid or the end is missing and the import is not partial.
    pub written: bool,
}

/// The counts of an import for one collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportCounts {
    /// Records that the device did not have.
    pub added: u64,
    /// Records that replaced the device's version.
    pub replaced: u64,
    /// Records that the file deletes.
    pub deleted: u64,
    /// Records that are equal on the device.
    pub unchanged: u64,
    /// Records that kept the device's version.
    pub kept: u64,
    /// Records that kept the device's version, which is a deletion.
    pub kept_deleted: u64,
}

impl ImportCounts {
    /// The number of records that were written.
    pub fn written(&self) -> u64 {
        self.added + self.replaced + self.deleted
    }

    fn count(&mut self, fate: Fate) {
        let count = match fate {
            Fate::Added => &mut self.added,
            Fate::Replaced => &mut self.replaced,
            Fate::Deleted => &mut self.deleted,
            Fate::Unchanged => &mut self.unchanged,
            Fate::Kept => &mut self.kept,
            Fate::KeptDeleted => &mut self.kept_deleted,
        };
        *count += 1;
    }
}

impl Imported {
    /// The sums over all collections.
    pub fn total(&self) -> ImportCounts {
        self.collections.values().fold(ImportCounts::default(), |sum, counts| ImportCounts {
            added: sum.added + counts.added,
            replaced: sum.replaced + counts.replaced,
            deleted: sum.deleted + counts.deleted,
            unchanged: sum.unchanged + counts.unchanged,
            kept: sum.kept + counts.kept,
            kept_deleted: sum.kept_deleted + counts.kept_deleted,
        })
    }
}

/// The decision about one record of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Added,
    Replaced,
    Deleted,
    Unchanged,
    Kept,
    KeptDeleted,
}

impl Client {
    /// Imports a file written by [`export`](Self::export) or by the server's export, in one transaction. If a line is invalid or the
    /// end is missing, nothing is imported unless the import is [partial](ImportOptions::partial). `progress` gets the number of lines read so far.
    ///
    /// # Errors
    /// Returns an error if `lines` cannot be read or the database cannot be written.
    pub fn import(&self, lines: impl BufRead, options: ImportOptions, progress: impl FnMut(u64)) -> Result<Imported, Error> {
        let mut new_id = || self.new_id();
        let now_ms = self.with(|store| store.meta())?.clock.server_ms(wall_ms());
        let mut reader = LineReader { contract: self.contract(), now_ms, new_id: &mut new_id, seen: HashMap::new() };
        let file = read(lines, &mut reader, progress)?;
        let keys: Vec<Key> = file.records.iter().map(|record| record.key).collect();
        self.write(&keys, |loaded, clock| Ok(plan(loaded, file, options, clock)))
    }
}

/// Imports a file into a store, as [`Client::import`] does.
///
/// # Errors
/// Returns an error if `lines` cannot be read or the store cannot be written.
#[cfg(feature = "simulation")]
pub fn import_into(
    store: &mut dyn Store,
    contract: &'static Contract,
    lines: impl BufRead,
    options: ImportOptions,
    clock: &mut ClockAndRng<'_>,
) -> Result<Imported, Error> {
    let now_ms = store.meta()?.clock.server_ms(clock.now_ms);
    let mut reader = LineReader { contract, now_ms, new_id: &mut || clock.new_id(), seen: HashMap::new() };
    let mut file = Some(read(lines, &mut reader, |_| {})?);
    let keys = file.iter().flat_map(|file| &file.records).map(|record| record.key).collect();
    let mut done = Imported::default();
    store.update(&Select::Keys(keys), &mut |loaded| {
        let (writes, imported) = plan(loaded, file.take().unwrap_or_default(), options, clock);
        done = imported;
        Ok(writes)
    })?;
    Ok(done)
}

fn imported(file: File) -> Imported {
    let File { superseded, skipped, refused, counts, .. } = file;
    Imported { superseded, skipped, refused, counts, ..Imported::default() }
}

/// Decides what to do with every record of a file. `loaded` holds their rows, in order.
fn plan(loaded: &mut Loaded, mut file: File, options: ImportOptions, clock: &mut ClockAndRng<'_>) -> (Vec<Write>, Imported) {
    let records = std::mem::take(&mut file.records);
    let now_ms = loaded.meta.clock.server_ms(clock.now_ms);
    // A device that does not know the time cannot tell a stamp of the future from one of now. The server rejects it if it is one.
    let latest_ms = if loaded.meta.clock.is_known() { now_ms } else { i64::MAX };
    let mut imported = imported(file);
    let (mut chosen, mut keys, mut edits) = (Vec::new(), Vec::new(), Vec::new());
    let entries = std::mem::take(&mut loaded.entries);
    for (record, entry) in records.into_iter().zip(entries) {
        if entry.is_quarantined {
            imported.refused.push((record.line, refusal(&record, &EditError::Quarantined)));
            continue;
        }
        let fate = fate(&record, entry.row.as_ref(), options.on_conflict, now_ms);
        if matches!(fate, Fate::Added | Fate::Replaced | Fate::Deleted) {
            keys.push(record.key);
            let newest_ms = entry.row.as_ref().map_or(latest_ms, |row| latest_ms.max(row.record.stamp.saturating_add(1)));
            edits.push(edit(&record, options.on_conflict, now_ms, newest_ms));
            loaded.entries.push(entry);
            chosen.push((record, fate));
        } else {
            imported.collections.entry(record.key.collection.path).or_default().count(fate);
        }
    }
    let mut writes = Vec::new();
    for ((record, fate), planned) in chosen.iter().zip(outbox::edit_each(loaded, &keys, &edits, clock)) {
        match planned {
            Ok(planned) => {
                imported.collections.entry(record.key.collection.path).or_default().count(*fate);
                writes.extend(planned);
            }
            Err(error) => imported.refused.push((record.line, refusal(record, &error))),
        }
    }
    imported.refused.sort_by_key(|(line, _)| *line);
    let is_whole = imported.refused.is_empty() && imported.counts != FileCounts::CutOff;
    imported.written = !options.dry_run && (options.partial || is_whole);
    if !imported.written {
        writes.clear();
    }
    (writes, imported)
}

fn refusal(record: &Incoming, error: &EditError) -> String {
    format!("cannot import {} {}: {error}", record.key.collection.path, record.key.id)
}

/// The edit for a record whose stamp is at most `newest_ms`: the time, or just above the version that the record replaces, if that is later.
/// A record without a stamp has that of now.
fn edit(record: &Incoming, on_conflict: OnConflict, now_ms: i64, newest_ms: i64) -> LocalEdit {
    match on_conflict {
        OnConflict::Replace => LocalEdit::Put(record.text.clone()),
        OnConflict::Newer | OnConflict::Keep => {
            LocalEdit::Import { text: record.text.clone(), stamp: record.stamp.unwrap_or(now_ms).min(newest_ms) }
        }
    }
}

fn fate(record: &Incoming, row: Option<&Row>, on_conflict: OnConflict, now_ms: i64) -> Fate {
    let Some(row) = row else { return if record.deleted { Fate::Unchanged } else { Fate::Added } };
    let (same, deleted) = (is_same(record, row), row.record.deleted);
    let stays = match on_conflict {
        // A stamp in the future comes from a wrong clock, and does not show which version is newer.
        OnConflict::Newer => {
            let is_newer = |stamp| stamp > row.record.stamp && stamp <= now_ms + SKEW_MAX_MS;
            !record.stamp.is_some_and(is_newer) && rules::on(Rule::ImportsReplaceOlder)
        }
        OnConflict::Keep => true,
        OnConflict::Replace => false,
    };
    match (same, stays) {
        (true, _) => Fate::Unchanged,
        (false, true) if deleted => Fate::KeptDeleted,
        (false, true) => Fate::Kept,
        (false, false) if record.deleted => Fate::Deleted,
        (false, false) => Fate::Replaced,
    }
}

/// Whether the record is equal on the device, apart from the members that sync owns.
fn is_same(record: &Incoming, row: &Row) -> bool {
    if record.deleted || row.record.deleted {
        return record.deleted == row.record.deleted;
    }
    record.text == row.record.text || content(&record.text) == content(&row.record.text)
}

/// The members of a record that sync does not own, with their JSON text.
fn content(text: &str) -> Option<BTreeMap<String, String>> {
    const OWNED_BY_SYNC: [&str; 4] = ["clientCreatedAt", "clientUpdatedAt", "serverId", "serverUpdatedAt"];
    let tape = parse(text.as_bytes()).ok()?;
    let Json::Object(object) = tape.root() else { return None };
    let members = object.into_iter().filter(|(name, _)| !OWNED_BY_SYNC.contains(name));
    Some(members.map(|(name, value)| (name.to_owned(), value.to_text())).collect())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::api::CONTRACT;
    use crate::clock::Clock;
    use crate::merge::Op;
    use crate::record::Record;
    use crate::store::{Entry, Meta, RowState};

    /// The device's clock was ahead when it made its version, and has been set back since.
    #[test]
    fn a_newer_version_stays_newer_by_a_clock_that_is_behind_both() {
        const NOW: i64 = 1_700_000_000_000;
        let (collection, id) = (CONTRACT.collections[0], Uuid::from_u128(7));
        let text = |stamp: i64| format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":{stamp},"isDeleted":false}}"#);
        let record = Record::read(parse(text(NOW + 20_000).as_bytes()).expect("JSON").root()).expect("a record");
        let op = Op { id: Uuid::nil(), device: Uuid::nil(), seq: 1 };
        let row = Row { collection, record, op, base_rev: Some(1), state: RowState::Clean, seen: 0 };
        let mut clock = Clock::default();
        clock.learn(NOW, NOW);
        assert!(clock.is_known());
        let entries = vec![Entry { row: Some(row), is_quarantined: false }];
        let mut loaded = Loaded { meta: Meta { clock, ..Meta::default() }, entries };
        let deletion = text(NOW + 40_000).replace("false", "true");
        let incoming = Incoming { line: 1, key: Key { collection, id }, text: deletion, stamp: Some(NOW + 40_000), deleted: true };
        let file = File { records: vec![incoming], ..File::default() };
        let mut clock = ClockAndRng { now_ms: NOW, random: &mut || 1 };
        let (writes, _) = plan(&mut loaded, file, ImportOptions { partial: true, ..ImportOptions::default() }, &mut clock);
        let stamps: Vec<i64> =
            writes.iter().filter_map(|write| if let Write::Put(row) = write { Some(row.record.stamp) } else { None }).collect();
        assert_eq!(stamps, [NOW + 20_001]);
    }
}
