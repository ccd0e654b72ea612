//! The faults of the simulated run besides the network: crashes, clocks, accounts, revoked sessions, backups, copies of databases, and
//! other app versions.

use stronglog_sync::engine::Event;
use stronglog_sync::store::Key;
use stronglog_sync::store::memory::MemoryStore;
use uuid::Uuid;

use super::{ACCOUNTS, Run, account_id, trace};
use crate::device::{Device, EPOCH_MS, new_database};

impl Run {
    pub(super) fn fault(&mut self, index: usize) -> Result<(), String> {
        let account = self.devices[index].account;
        let which = self.chance.below(44);
        if trace() {
            eprintln!("{} FAULT d{index} {which}", self.now);
        }
        match which {
            0..4 => self.devices[index].restart(account_id(account)),
            4..8 => self.serve_duplicate()?,
            8..10 => self.devices[index].skew_ms += self.chance.pick(&[-4_000_000, -50_000, 50_000, 4_000_000, 40_000_000_000]),
            10..13 => self.sign_in_elsewhere(index),
            13..15 => self.sign_in(index, account),
            15 => self.devices[index].inbox.push(Event::Pause),
            16 => self.devices[index].inbox.push(Event::Resume),
            17 => self.devices[index].inbox.push(Event::SyncNow),
            18 => self.devices[index].offline_until = self.now + self.chance.pick(&[0, 5_000, 100_000, 400_000]),
            19 => self.server.back_up(),
            20 if self.chance.of_thousand(400) => self.server.restore(),
            21..23 => {
                self.now += 30_000;
                // A purged tombstone leaves nothing behind that a later edit could be compared with.
                for (account, id) in self.server.purge(EPOCH_MS + self.now - 20_000) {
                    self.acknowledged.retain(|(of, key), _| (*of, key.id) != (account, id));
                }
            }
            23 if self.chance.of_thousand(300) => self.poison(index),
            24 => self.newer_app(account)?,
            25 => self.devices[index].copy = Some(self.devices[index].store.clone()),
            26 if self.chance.of_thousand(300) => self.roll_back(index),
            27 if self.chance.of_thousand(100) && self.devices.len() < 6 => self.clone_device(index),
            28 => self.now += 60_000,
            29 => self.server.limit(true),
            30 => self.server.limit(false),
            31 => _ = self.ended.insert((index, self.devices[index].session)),
            32 => self.server.take_snapshot(),
            33 if self.chance.of_thousand(300) => self.server.roll_back(&mut self.chance),
            34 if self.chance.of_thousand(200) => self.server.omits = true,
            35 if self.chance.of_thousand(200) => self.discard(index),
            36 => self.set_clock(index),
            37..39 => self.export(index)?,
            39..42 => self.import(index)?,
            42..44 if self.chance.of_thousand(300) => self.server.remove(account, &mut self.chance),
            _ => {}
        }
        Ok(())
    }

    /// A device's clock is set while the device is offline: right or wrong, or to 1970 because it has no battery.
    fn set_clock(&mut self, index: usize) {
        self.devices[index].offline_until = self.now + self.chance.pick(&[5_000, 60_000]);
        self.devices[index].skew_ms = self.chance.pick(&[0, 0, 0, 90_000_000, -90_000_000, -EPOCH_MS]);
    }

    pub(super) fn sign_in(&mut self, index: usize, account: usize) {
        self.devices[index].token = Some(account);
        self.devices[index].session += 1;
        self.devices[index].inbox.push(Event::SignedIn { account: account_id(account) });
    }

    /// Another user signs in on a device with unsent edits.
    fn sign_in_elsewhere(&mut self, index: usize) {
        let other = (self.devices[index].account + 1) % ACCOUNTS;
        self.devices[index].inbox.push(Event::SignedOut);
        self.sign_in(index, other);
    }

    fn poison(&mut self, index: usize) {
        let key = Key { collection: self.tested.plain(), id: Uuid::from_u128(0xBAD_0000 + index as u128) };
        let account = self.devices[index].account;
        self.open.insert((account, key));
        self.devices[index].poison(key, self.now, &mut self.chance);
    }

    /// A device with a newer app writes a member that this app's contract does not know, or a version that this app cannot read.
    fn newer_app(&mut self, account: usize) -> Result<(), String> {
        self.newer_app_edits += 1;
        let id = Uuid::from_u128((account as u128 + 1) << 64 | 0xF00 | u128::from(self.newer_app_edits % 3));
        let key = Key { collection: self.tested.plain(), id };
        let readable = self.chance.of_thousand(600);
        let text = self.tested.record(key.collection, id, &format!("newer:{}", self.newer_app_edits));
        let members = [("mark", Some("\"kept\"".to_owned())), ("clientCreatedAt", Some("\"in words\"".to_owned()))];
        let text = stronglog_sync::record::rewrite(&text, &members[..if readable { 1 } else { 2 }]).expect("an object");
        self.server.push_unchecked(account, key, &text, EPOCH_MS + self.now, self.newer_app_edits, &mut self.chance)?;
        self.marked.insert((account, key));
        self.writers.entry((account, key)).or_default().insert(usize::MAX);
        if readable {
            self.unreadable.remove(&(account, key))
        } else {
            self.unreadable.insert((account, key))
        };
        Ok(())
    }

    /// Restores an old copy of a device's database.
    fn roll_back(&mut self, index: usize) {
        if let Some(copy) = self.devices[index].copy.take() {
            self.replace_database(index, copy);
        }
    }

    /// Deletes a device's database. The user signs in again.
    fn discard(&mut self, index: usize) {
        self.discarded += 1;
        let account = self.devices[index].account;
        let id = Uuid::from_u128(0xD1_0000 + self.discarded);
        let database = new_database(id, account_id(account), &mut self.chance);
        self.replace_database(index, database);
        // What only this device's history had kept is gone with it.
        self.server.lost.retain(|lost| lost.account != account);
    }

    /// Everything that only this device knew is lost with its database.
    fn replace_database(&mut self, index: usize, database: MemoryStore) {
        let account = self.devices[index].account;
        self.rolled_back = true;
        self.put_back.insert(index);
        let touched = self.writers.iter().filter(|(_, writers)| writers.contains(&index)).map(|(key, _)| *key);
        self.open.extend(touched);
        self.devices[index].store = database;
        self.devices[index].timed_at = 0;
        self.devices[index].restart(account_id(account));
    }

    /// Copies a device's database to another device.
    fn clone_device(&mut self, index: usize) {
        let account = self.devices[index].account;
        let mut clone = Device::new(self.tested.contract.contract, self.devices.len(), account, account_id(account), &mut self.chance);
        clone.store = self.devices[index].store.clone();
        clone.restart(account_id(account));
        clone.token = Some(account);
        self.twins.extend([index, clone.number]);
        self.put_back.extend([index, clone.number]);
        self.rolled_back = true;
        let touched = self.writers.iter().filter(|(_, writers)| writers.contains(&index)).map(|(key, _)| *key);
        self.open.extend(touched);
        self.devices.push(clone);
    }
}
