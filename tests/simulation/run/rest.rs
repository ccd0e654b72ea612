//! The end of the simulated run: how it reaches a quiescent state, and what must hold then.

use std::collections::BTreeSet;

use stronglog_sync::Answer;
use stronglog_sync::digest::{self, DifferenceState};
use stronglog_sync::engine::Event;
use stronglog_sync::outbox::LocalEdit;
use stronglog_sync::store::{Key, PastVersion, Select, Store};
use stronglog_sync::task::Task;
use stronglog_sync::wire;

use super::{ACCOUNTS, LastEdit, Run, value_of};
use crate::device::{Device, EPOCH_MS};

const QUIET_STEPS: usize = 6_000;

impl Run {
    /// Runs without faults until the run is quiescent: all pending work must be done within a bounded number of steps (L1, L3).
    pub(super) fn quieten(&mut self, when: &str) -> Result<(), String> {
        self.duplicates.clear();
        self.server.limit(false);
        self.server.omits = false;
        for index in 0..self.devices.len() {
            self.devices[index].offline_until = 0;
            let account = self.devices[index].account;
            self.devices[index].inbox.push(Event::Resume);
            self.sign_in(index, account);
        }
        for _ in 0..QUIET_STEPS {
            self.step(false)?;
            if self.network.is_empty() && self.devices.iter().all(|device| device.jobs.is_empty() && device.inbox.is_empty()) {
                self.check_calls_return()?;
                if self.is_at_rest() {
                    return Ok(());
                }
                if !self.answer_questions() {
                    self.pass_time()?;
                }
            }
        }
        let states: Vec<_> = self.devices.iter_mut().map(|device| (device.engine.status(self.now).state, device.counts())).collect();
        Err(format!("no rest {when} (L1): {states:?}"))
    }

    /// Checks what must hold when the run is quiescent.
    pub(super) fn check(&mut self) -> Result<(), String> {
        for index in 0..self.devices.len() {
            self.check_replica(index)?;
            self.check_digests(index)?;
        }
        for ((account, key), last) in &self.last_edits {
            let alone = self.writers.get(&(*account, *key)).is_some_and(|writers| writers.len() == 1);
            // Once the tombstone of a shipped record is purged, an app that ships the record may bring it back.
            let reseeded = last.value.is_none() && (key.collection.natural_key.is_some() || key.collection.singleton.is_some());
            let forgotten = last.value.is_none() && self.server.forgotten.contains(&(*account, key.id));
            let may_be_deleted = self.server.may_be_deleted(*account, key.id);
            if !alone || reseeded || forgotten || may_be_deleted || self.open.contains(&(*account, *key)) {
                continue;
            }
            let now = self.server.live(*account, *key).map(|text| value_of(&text));
            if now != last.value {
                return Err(format!("{key:?} was last written by device {} as {:?} and ends as {now:?} (I3, I5)", last.device, last.value));
            }
        }
        for ((account, key), (_, stamp)) in &self.acknowledged {
            let stored = self.server.stamp(*account, *key);
            let is_known = !self.rolled_back && !self.server.may_be_deleted(*account, key.id);
            if is_known && stored.is_some_and(|stored| stored < *stamp) {
                return Err(format!("{key:?} was acknowledged with the stamp {stamp} and ends with {stored:?} (I2)"));
            }
        }
        self.check_losers()?;
        for account in 0..ACCOUNTS {
            let (plain, own) = (self.tested.plain().path, [0, account as u128 + 1]);
            let is_foreign = |key: Key| key.collection.path == plain && !own.contains(&(key.id.as_u128() >> 64));
            if let Some((key, _)) = self.server.records(account).iter().find(|(key, _)| is_foreign(*key)) {
                return Err(format!("account {account} has got {key:?} of another account (I9)"));
            }
        }
        for (account, key) in &self.marked {
            if let Some(text) = self.server.live(*account, *key).filter(|text| !text.contains("\"kept\"")) {
                return Err(format!("{key:?} has lost a member that this app does not know (I10): {text}"));
            }
        }
        Ok(())
    }

    /// Checks that the digests agree with what they are of, and with each other; and that no device has found a difference that was not made
    /// (I16).
    fn check_digests(&mut self, index: usize) -> Result<(), String> {
        let (kept, stored) = self.server.digests(self.devices[index].account);
        if kept.is_some_and(|kept| kept != stored) {
            return Err(format!("the server keeps the digest {kept:?} of records with the digest {stored} (I16)"));
        }
        let device = &mut self.devices[index];
        let ((known, own), meta) = (device.digests(), device.store.meta().expect("a store in memory"));
        if own != Some(known) {
            return Err(format!("device {index} keeps the digest {own:?} of rows with the digest {known} (I16)"));
        }
        let all = device.counts().quarantine_digest.map(|quarantined| known.with(quarantined));
        if all.is_some_and(|all| all != stored) {
            return Err(format!("device {index} has the digest {all:?}, and the server {stored} (I16)"));
        }
        match meta.difference {
            Some(difference) if difference.state != DifferenceState::Settled || !self.server.omitted.contains(&device.account) => {
                Err(format!("device {index} has found a difference that is not there: {difference:?} (I16)"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that each accepted version that was replaced by one not made on it is in the history of a device of the account, unless the
    /// device that made it went on from it (I13). Versions of devices that were put back from a copy, copied or never simulated are exempt:
    /// nobody else may have received them. A deletion has no loser of its own if a
    /// deletion replaced it, and none any more once the server has forgotten a later deletion.
    fn check_losers(&mut self) -> Result<(), String> {
        let histories: Vec<Vec<PastVersion>> =
            self.devices.iter_mut().map(|device| device.store.history(usize::MAX).expect("a store in memory")).collect();
        for lost in self.server.lost.clone() {
            let meta = |device: &mut Device| device.store.meta().expect("a store in memory");
            let maker = self.devices.iter_mut().position(|device| meta(device).device == lost.op.device);
            // A version that a device has sent again, because the server had lost what replaced it, and that is the current one, is not lost.
            let is_current = self.server.current_edits(lost.account).iter().any(|edit| edit.op == lost.op);
            if is_current || maker.is_none_or(|maker| self.put_back.contains(&maker)) {
                continue;
            }
            let of_account = self.devices.iter().zip(&histories).filter(|(device, _)| device.account == lost.account);
            let mut history = of_account.flat_map(|(_, history)| history).filter(|past| past.record.id == lost.key.id);
            if !history.any(|past| past.op == lost.op || self.server.went_on(&lost, past)) && !self.server.went_on_by_push(&lost) {
                return Err(format!("{:?} has lost the version {:?}, which is in nobody's history (I13)", lost.key, lost.op));
            }
        }
        Ok(())
    }

    /// The last edit, made by a device that has seen all others, wins even if the device's clock is far behind (I4).
    pub(super) fn last_edit_wins(&mut self) -> Result<(), String> {
        let index = self.chance.below(self.devices.len());
        let account = self.devices[index].account;
        self.devices[index].skew_ms -= 50_000_000;
        let key = self.key(index);
        let value = format!("{index}:last");
        self.devices[index].forms.clear();
        let text = self.edited(index, key, &value);
        let now = self.now;
        if self.devices[index].edit(key, &LocalEdit::Put(text), now, &mut self.chance)?.is_none() {
            return Ok(());
        }
        self.last_edits.insert((account, key), LastEdit { device: index, value: Some(value.clone()) });
        self.quieten("after the last edit")?;
        let now = self.server.live(account, key).map(|text| value_of(&text));
        if now.as_deref() != Some(&value) {
            return Err(format!("the last edit of {key:?}, {value}, has lost against {now:?} (I4)"));
        }
        self.check()
    }

    /// Requests that are repeated at the very end change nothing (I7).
    pub(super) fn replay_changes_nothing(&mut self) -> Result<(), String> {
        for account in 0..ACCOUNTS {
            let edits = self.server.current_edits(account);
            let before = (self.server.rev(account), self.server.records(account));
            let body = wire::write_push(&edits, None);
            self.server.push(account, &body, EPOCH_MS + self.now, &mut self.chance)?;
            if before != (self.server.rev(account), self.server.records(account)) {
                return Err(format!("account {account} was changed by requests that came again (I7)"));
            }
        }
        Ok(())
    }

    /// If nothing is in progress and no timer is about to fire, every call that asked for a sync has returned, even if the user must act
    /// before sync continues (L4).
    fn check_calls_return(&self) -> Result<(), String> {
        let mut still = self.devices.iter().filter(|device| device.wake_at.is_none_or(|at| at > self.now));
        let Some(device) = still.find(|device| !device.engine.is_waiting(self.now)) else { return Ok(()) };
        let state = device.engine.status(self.now).state;
        Err(format!("device {} does nothing, in the state {state:?}, and a call for sync does not return (L4)", device.number))
    }

    /// Decides the questions of resyncs. Returns whether there were any.
    fn answer_questions(&mut self) -> bool {
        let mut asked = false;
        for index in 0..self.devices.len() {
            if self.devices[index].engine.status(self.now).state == stronglog_sync::SyncState::NeedsConfirmation {
                let done = self.devices[index].persist(&Task::AnswerResync(Answer::Delete), None, self.now, &mut self.chance);
                self.devices[index].inbox.push(Event::Changed(done.snapshot));
                asked = true;
            }
        }
        asked
    }

    fn is_at_rest(&mut self) -> bool {
        let server = &mut self.server;
        self.devices.iter_mut().all(|device| {
            let meta = device.store.meta().expect("a store in memory");
            let caught_up = meta.cursor.is_some_and(|cursor| server.is_seen_by(device.account, &cursor));
            let is_settled = meta.difference.is_none_or(|difference| difference.state == DifferenceState::Settled);
            meta.resync.is_none() && caught_up && is_settled && device.pending() == 0
        })
    }

    /// Advances the time to the next wake-up of a device.
    fn pass_time(&mut self) -> Result<(), String> {
        let next = self.devices.iter().filter_map(|device| device.wake_at).min();
        let Some(next) = next else { return Err("nothing is at rest and no timer is armed (L2)".to_owned()) };
        self.now = self.now.max(next);
        if self.devices.iter_mut().any(is_persistent) {
            self.now += digest::RETRY_MS;
        }
        for index in 0..self.devices.len() {
            self.tick(index)?;
        }
        Ok(())
    }

    /// Checks that a device has the same records as the server, apart from blocked and quarantined records (I1).
    fn check_replica(&mut self, index: usize) -> Result<(), String> {
        let account = self.devices[index].account;
        let quarantined = self.devices[index].store.quarantined().expect("a store in memory");
        let server = self.server.records(account);
        for (key, text) in &server {
            let row = self.devices[index].store.get(*key).expect("a store in memory");
            let quarantined = quarantined.iter().any(|change| change.id == Some(key.id));
            if self.unreadable.contains(&(account, *key)) && !quarantined && self.server.is_unreadable(account, *key) {
                return Err(format!("device {index} has not quarantined {key:?}, which it cannot read (I1, R16)"));
            }
            let blocked = row.as_ref().is_some_and(|row| matches!(row.state, stronglog_sync::store::RowState::Blocked(..)));
            let same = row.as_ref().is_some_and(|row| row.record.text == *text);
            if !same && !quarantined && !blocked {
                let has = row.map(|row| row.record.text);
                return Err(format!("device {index} differs from the server in {key:?} (I1): {has:?} is not {text}"));
            }
        }
        let mut extra = Vec::new();
        let select = &mut |loaded: &mut stronglog_sync::store::Loaded| {
            extra = loaded.rows().map(|row| (row.key(), row.record.deleted, row.state.clone())).collect();
            Ok(Vec::new())
        };
        let keys = self.devices[index].store.keys();
        self.devices[index].store.update(&Select::Keys(keys), select).expect("a store in memory");
        let known: BTreeSet<Key> = server.iter().map(|(key, _)| *key).collect();
        for (key, deleted, state) in extra {
            let blocked = matches!(state, stronglog_sync::store::RowState::Blocked(..));
            if !deleted && !blocked && !known.contains(&key) {
                return Err(format!("device {index} has {key:?}, which the server does not have (I1)"));
            }
        }
        Ok(())
    }
}

/// Whether a device has found a difference that was still there after it had pulled everything again (R27).
fn is_persistent(device: &mut Device) -> bool {
    let difference = device.store.meta().expect("a store in memory").difference;
    difference.is_some_and(|difference| difference.state == DifferenceState::Persistent)
}
