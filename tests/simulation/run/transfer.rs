//! Exports in the simulated run, and imports of earlier ones.

use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::client::{ExportOptions, ImportOptions, export_from, import_into};
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::engine::Event;
use stronglog_sync::record::Record;
use stronglog_sync::store::{Key, Row, Store};
use stronglog_sync::task::Snapshot;

use super::{Run, trace};

/// The number of exports that a run keeps.
const EXPORTS_MAX: usize = 6;

/// What a device exported.
pub struct Export {
    account: usize,
    lines: Vec<u8>,
}

impl Run {
    pub(super) fn export(&mut self, index: usize) -> Result<(), String> {
        let (device, contract) = (&mut self.devices[index], self.tested.contract.contract);
        let mut lines = Vec::new();
        export_from(&mut device.store, contract, &mut lines, ExportOptions::default(), |_, _| {}).map_err(|error| error.to_string())?;
        let export = Export { account: device.account, lines };
        if self.exports.len() < EXPORTS_MAX {
            self.exports.push(export);
        } else {
            let place = self.chance.below(EXPORTS_MAX);
            self.exports[place] = export;
        }
        Ok(())
    }

    /// Imports an earlier export of the account, which changes nothing that is newer (I15).
    pub(super) fn import(&mut self, index: usize) -> Result<(), String> {
        let account = self.devices[index].account;
        let of_account: Vec<usize> = (0..self.exports.len()).filter(|export| self.exports[*export].account == account).collect();
        if of_account.is_empty() {
            return Ok(());
        }
        let export = of_account[self.chance.below(of_account.len())];
        let records = self.records_of(export);
        let before = self.rows(index, &records);
        let (chance, device, contract) = (&mut self.chance, &mut self.devices[index], self.tested.contract.contract);
        let mut clock = ClockAndRng { now_ms: device.wall_ms(self.now), random: &mut || chance.next() };
        let lines = self.exports[export].lines.as_slice();
        let imported = import_into(&mut device.store, contract, lines, ImportOptions::default(), &mut clock);
        let imported = imported.map_err(|error| error.to_string())?;
        if trace() {
            eprintln!("{} IMPORT d{index} {imported:?}", self.now);
        }
        let after = self.rows(index, &records);
        for (((key, record), before), after) in records.iter().zip(before).zip(after) {
            self.check_import(index, *key, record, before.as_ref(), after.as_ref())?;
        }
        let snapshot = Snapshot::of(&mut self.devices[index].store).expect("a store in memory");
        self.devices[index].inbox.push(Event::Written(snapshot));
        Ok(())
    }

    /// The records of an export.
    fn records_of(&self, export: usize) -> Vec<(Key, Record)> {
        let contract = self.tested.contract.contract;
        let lines = self.exports[export].lines.split(|byte| *byte == b'\n');
        let read = |line: &[u8]| {
            let tape = parse(line).ok()?;
            let collection = contract.collection(tape.root().get("collection")?.as_str()?)?;
            let record = Record::read(tape.root().get("record")?)?;
            Some((Key { collection, id: record.id }, record))
        };
        lines.filter_map(read).collect()
    }

    fn rows(&mut self, index: usize, records: &[(Key, Record)]) -> Vec<Option<Row>> {
        records.iter().map(|(key, _)| self.devices[index].store.get(*key).expect("a store in memory")).collect()
    }

    fn check_import(&mut self, index: usize, key: Key, record: &Record, before: Option<&Row>, after: Option<&Row>) -> Result<(), String> {
        if before.map(|row| row.op) == after.map(|row| row.op) {
            return Ok(());
        }
        if before.is_some_and(|row| row.record.stamp >= record.stamp) {
            return Err(format!("an import on device {index} has replaced a newer version of {key:?} (I15)"));
        }
        let Some(after) = after else { return Err(format!("an import on device {index} has removed {key:?} (I15)")) };
        if after.record.stamp > record.stamp {
            return Err(format!("an import on device {index} has made {key:?} newer than it was when it was exported (I15)"));
        }
        let account = self.devices[index].account;
        self.imported.insert(after.op.id);
        self.writers.entry((account, key)).or_default().insert(index);
        // A record that was deleted, and whose deletion is forgotten, is back.
        self.open.insert((account, key));
        self.server.edited(account, key.id);
        Ok(())
    }
}
