//! The server of the simulated run: the real decision logic over the in-memory store, behind the real messages.

use std::collections::{BTreeMap, BTreeSet};

use stronglog_server::feed::{self, Error, Refusal};
use stronglog_server::store::memory::{Backup, Memory};
use stronglog_server::store::{Quota, Records};
use stronglog_sync::api::ProblemCode;
use stronglog_sync::api::collection::ServerContract;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::digest::Digest;
use stronglog_sync::engine::response::ServerResponse;
use stronglog_sync::merge::Op;
use stronglog_sync::record::Record;
use stronglog_sync::store::{Key, PastVersion};
use stronglog_sync::wire::{self, Change, Edit, Feed, Push};
use uuid::Uuid;

use crate::chance::Chance;
use crate::run::{ACCOUNTS, account_id};

/// An accepted version that was replaced by one that was not made on it.
#[derive(Clone, Debug)]
pub struct Replaced {
    pub account: usize,
    pub key: Key,
    pub rev: u64,
    pub op: Op,
    pub deleted: bool,
}

pub struct Server {
    contract: &'static ServerContract,
    memory: Memory,
    backups: Vec<Backup>,
    /// Copies of the whole data that may be put back without the server's knowledge.
    snapshots: Vec<(Memory, Vec<Backup>)>,
    /// Versions that were replaced by ones that were not made on them, since the data last went back.
    pub lost: Vec<Replaced>,
    /// Deletions whose tombstones were purged.
    purged: BTreeSet<(usize, Uuid)>,
    /// The purged deletions after which the server's data went back. No device and no server knows of such a deletion any more, so a device
    /// that had not heard of it sends the record again (R11). An operator avoids this by keeping deletions for longer than backups.
    pub forgotten: BTreeSet<(usize, Uuid)>,
    /// Every edit that was pushed for a record, with the revision that it was made on, since the data last went back.
    pub pushed: Vec<(Uuid, Op, Option<u64>)>,
    /// Whether the next page leaves a change out although its cursor passes it, as a faulty server or index would.
    pub omits: bool,
    /// The records of which somebody removed the version or the tombstone, with its revision.
    removed: BTreeMap<(usize, Uuid), u64>,
    /// Accounts of which a change was left out, or a record or tombstone was removed.
    pub omitted: BTreeSet<usize>,
    epochs: u64,
    /// The highest revision given in each epoch for each account: revisions only increase (I6).
    highest: BTreeMap<(String, usize), u64>,
}

impl Server {
    pub fn new(contract: &'static ServerContract) -> Self {
        Server {
            contract,
            memory: Memory::new("e1"),
            backups: Vec::new(),
            snapshots: Vec::new(),
            lost: Vec::new(),
            purged: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            pushed: Vec::new(),
            omits: false,
            removed: BTreeMap::new(),
            omitted: BTreeSet::new(),
            epochs: 1,
            highest: BTreeMap::new(),
        }
    }

    /// Limits accounts to the size of the largest one, or removes the limit.
    pub fn limit(&mut self, limited: bool) {
        let live = |account| self.memory.user(account_id(account)).entries().filter(|entry| !entry.change.record.deleted).count() as u64;
        let records_max = limited.then(|| (0..ACCOUNTS).map(live).max().unwrap_or(0));
        self.memory.set_quota(Quota { records_max, bytes_max: None });
    }

    pub fn pull(&mut self, account: usize, since: Option<&str>, limit: u64, now: i64) -> ServerResponse {
        let records = self.memory.user(account_id(account));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match feed::pull(&records, since, Some(limit), Feed::All(self.contract.contract), now) {
            Ok(mut page) => {
                if self.omits && !page.changes.is_empty() {
                    let _ = page.changes.remove(0);
                    self.omits = false;
                    self.omitted.insert(account);
                }
                ok(wire::write_page(&page, Feed::All(self.contract.contract)))
            }
            Err(error) => refused(&error),
        }
    }

    /// The digest that the server keeps for an account, and the digest of the records that it holds.
    pub fn digests(&mut self, account: usize) -> (Option<Digest>, Digest) {
        let records = self.memory.user(account_id(account));
        let live = records.entries().map(|entry| &entry.change).filter(|change| !change.record.deleted);
        let sum = live.fold(Digest::default(), |sum, change| sum.with(Digest::of(change.collection.path, change.record.id, change.rev)));
        (records.head().expect("a store in memory").digest, sum)
    }

    pub fn push(&mut self, account: usize, body: &str, now: i64, chance: &mut Chance) -> Result<ServerResponse, String> {
        let push = wire::read_push(body.as_bytes(), self.contract, Feed::All(self.contract.contract))
            .map_err(|report| format!("a device has sent what is no push: {report}"))?;
        self.decide(account, &push, now, chance)
    }

    fn decide(&mut self, account: usize, push: &Push, now: i64, chance: &mut Chance) -> Result<ServerResponse, String> {
        let mut records = self.memory.user(account_id(account));
        let before: BTreeMap<Uuid, Change> = records.entries().map(|entry| (entry.change.record.id, entry.change.clone())).collect();
        let mut entropy = || chance.next();
        let answered =
            match feed::push(&mut records, push, Feed::All(self.contract.contract), &mut ClockAndRng { now_ms: now, random: &mut entropy })
            {
                Ok(result) => ok(wire::write_push_result(&result)),
                Err(error) => refused(&error),
            };
        for entry in records.entries() {
            let (id, stamp) = (entry.change.record.id, entry.change.record.stamp);
            let known = before.get(&id).map(|change| change.record.stamp);
            let limit = (now + 300_000).max(known.map_or(0, |known| known + 1));
            if known != Some(stamp) && stamp > limit {
                return Err(format!("the stamp {stamp} was stored, {} ms ahead (I8)", stamp - now));
            }
        }
        // A push that was rejected as a whole does not count: only the device has its edits, and they may lose there.
        let checked = push.edits.iter().flatten().filter(|_| answered.status == 200);
        for edit in checked {
            self.pushed.push((edit.record.id, edit.op, edit.base_rev));
            let now = records.find(self.contract.contract, edit.record.id).expect("a store in memory");
            let is_accepted = now.is_some_and(|entry| entry.change.op == edit.op);
            let Some(before) = before.get(&edit.record.id).filter(|before| is_accepted && before.op != edit.op) else { continue };
            let is_the_same = before.record.deleted && edit.record.deleted;
            let is_unseen = edit.base_rev != Some(before.rev) && edit.op.device != before.op.device;
            if is_unseen && !is_the_same && !before.record.is_as_shipped() {
                let key = Key { collection: before.collection, id: before.record.id };
                self.lost.push(Replaced { account, key, rev: before.rev, op: before.op, deleted: before.record.deleted });
            }
        }
        self.check_revisions(account)?;
        Ok(answered)
    }

    fn check_revisions(&mut self, account: usize) -> Result<(), String> {
        let rev = self.rev(account);
        let highest = self.highest.entry((self.memory.epoch().to_owned(), account)).or_default();
        if rev < *highest {
            return Err(format!("account {account} has gone back from revision {highest} to {rev} (I6)"));
        }
        *highest = rev;
        let mut revs: Vec<u64> = self.memory.user(account_id(account)).entries().map(|entry| entry.change.rev).collect();
        revs.sort_unstable();
        match revs.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("account {account} has revision {} twice (I6)", pair[0])),
            None => Ok(()),
        }
    }

    /// A push of a device with a newer app, on a server that knows its contract. The record is not validated here.
    pub fn push_unchecked(&mut self, account: usize, key: Key, text: &str, now: i64, seq: u64, chance: &mut Chance) -> Result<(), String> {
        let records = self.memory.user(account_id(account));
        let stored = records.find(self.contract.contract, key.id).map_err(|error| error.to_string())?;
        let base_rev = stored.as_ref().map(|entry| entry.change.rev);
        let stamp = stored.map_or(now, |entry| now.max(entry.change.record.stamp + 1)).min(now + 200_000);
        let text =
            stronglog_sync::record::rewrite(text, &[("clientUpdatedAt", Some(stamp.to_string()))]).map_err(|report| report.to_string())?;
        let record = Record::read(parse(text.as_bytes()).map_err(|report| report.to_string())?.root()).ok_or("no record")?;
        let op = Op { id: Uuid::from_u128(u128::from(chance.next())), device: Uuid::from_u128(0xFE00), seq };
        let edit = Edit { collection: key.collection, op, base_rev, record };
        self.decide(account, &Push { edits: vec![Ok(edit)], cursor: None }, now, chance).map(drop)
    }

    pub fn back_up(&mut self) {
        self.backups.push(self.memory.back_up());
    }

    /// Restores the oldest backup that is still kept.
    pub fn restore(&mut self) {
        if let Some(backup) = self.backups.first() {
            self.epochs += 1;
            self.memory.restore(&backup.clone(), format!("e{}", self.epochs));
            self.lost.clear();
            self.pushed.clear();
            self.forgotten.append(&mut self.purged);
            self.backups.truncate(1);
        }
    }

    /// Copies the data, as a snapshot of a disk or of a virtual machine does.
    pub fn take_snapshot(&mut self) {
        self.snapshots.push((self.memory.clone(), self.backups.clone()));
    }

    /// Puts a snapshot back. The server does not notice, so the epoch stays the one of the snapshot.
    pub fn roll_back(&mut self, chance: &mut Chance) {
        if !self.snapshots.is_empty() {
            self.snapshots.truncate(chance.below(self.snapshots.len()) + 1);
            (self.memory, self.backups) = self.snapshots.last().cloned().expect("a snapshot");
            self.highest.clear();
            self.lost.clear();
            self.pushed.clear();
            self.forgotten.append(&mut self.purged);
        }
    }

    /// Somebody removes a record or a tombstone from the server's database.
    pub fn remove(&mut self, account: usize, chance: &mut Chance) {
        let mut records = self.memory.user(account_id(account));
        let held: Vec<(Uuid, u64)> = records.entries().map(|entry| (entry.change.record.id, entry.change.rev)).collect();
        if !held.is_empty() {
            let (id, rev) = chance.pick(&held);
            records.remove(id);
            self.removed.insert((account, id), rev);
            self.omitted.insert(account);
        }
    }

    /// Whether somebody removed a version below the purge watermark. A device that has not seen everything up to that watermark cannot tell
    /// it from one that was deleted (R11), and keeps it in its history.
    pub fn may_be_deleted(&mut self, account: usize, id: Uuid) -> bool {
        let purged = self.memory.user(account_id(account)).head().expect("a store in memory").purge_watermark;
        self.removed.get(&(account, id)).is_some_and(|rev| *rev <= purged)
    }

    /// Whether the device of a lost version went on from it with an edit that it pushed. If that edit lost too, it is accounted for itself.
    pub fn went_on_by_push(&self, lost: &Replaced) -> bool {
        let is_later = |op: Op| op.device == lost.op.device && op.seq > lost.op.seq;
        self.pushed.iter().any(|(id, op, base)| *id == lost.key.id && is_later(*op) && base.is_none_or(|base| base <= lost.rev))
    }

    /// Whether a history says that the device of a lost version went on from it: with an edit that lost before it was pushed, or with one that
    /// beat the version that replaced it.
    pub fn went_on(&self, lost: &Replaced, past: &PastVersion) -> bool {
        let is_later = |op: Op| op.device == lost.op.device && op.seq > lost.op.seq;
        let is_pushed = self.pushed.iter().any(|(_, op, _)| *op == past.op);
        (is_later(past.op) && !is_pushed) || (is_later(past.winner) && !is_later(past.op))
    }

    /// Whether a device with this cursor has seen everything.
    pub fn is_seen_by(&mut self, account: usize, cursor: &str) -> bool {
        let records = self.memory.user(account_id(account));
        feed::pull(&records, Some(cursor), Some(1), Feed::All(self.contract.contract), 0).is_ok_and(|page| page.changes.is_empty())
    }

    /// Records an edit of a record: the fate of an earlier deletion of it no longer matters.
    pub fn edited(&mut self, account: usize, id: Uuid) {
        self.purged.remove(&(account, id));
        self.forgotten.remove(&(account, id));
    }

    /// Purges old tombstones, and returns them. Whoever deleted such a record before, and lost, has nothing to keep.
    pub fn purge(&mut self, before_ms: i64) -> Vec<(usize, Uuid)> {
        let ids = |memory: &mut Memory| -> BTreeSet<(usize, Uuid)> {
            let of = |account: usize, memory: &mut Memory| -> Vec<Uuid> {
                memory.user(account_id(account)).entries().map(|entry| entry.change.record.id).collect()
            };
            (0..ACCOUNTS).flat_map(|account| of(account, memory).into_iter().map(move |id| (account, id))).collect()
        };
        let before = ids(&mut self.memory);
        self.memory.purge(before_ms).expect("a store in memory");
        let after = ids(&mut self.memory);
        let purged: Vec<(usize, Uuid)> = before.difference(&after).copied().collect();
        self.lost.retain(|lost| !(lost.deleted && purged.contains(&(lost.account, lost.key.id))));
        self.purged.extend(&purged);
        purged
    }

    pub fn rev(&mut self, account: usize) -> u64 {
        self.memory.user(account_id(account)).head().expect("a store in memory").rev
    }

    /// The live records of an account.
    pub fn records(&mut self, account: usize) -> Vec<(Key, String)> {
        let records = self.memory.user(account_id(account));
        let live = records.entries().filter(|entry| !entry.change.record.deleted);
        live.map(|entry| (Key { collection: entry.change.collection, id: entry.change.record.id }, entry.change.record.text.clone()))
            .collect()
    }

    pub fn live(&mut self, account: usize, key: Key) -> Option<String> {
        self.records(account).into_iter().find(|(known, _)| *known == key).map(|(_, text)| text)
    }

    pub fn stamp(&mut self, account: usize, key: Key) -> Option<i64> {
        let records = self.memory.user(account_id(account));
        records.find(self.contract.contract, key.id).expect("a store in memory").map(|entry| entry.change.record.stamp)
    }

    /// Whether this version of the contract rejects the current version of a record.
    pub fn is_unreadable(&mut self, account: usize, key: Key) -> bool {
        let text = self.live(account, key);
        text.is_some_and(|text| parse(text.as_bytes()).is_ok_and(|tape| wire::check_live(key.collection, tape.root()).is_err()))
    }

    /// The last edit pushed for each record, as a device would push it again.
    pub fn current_edits(&mut self, account: usize) -> Vec<Edit> {
        let records = self.memory.user(account_id(account));
        let edits = records.entries().map(|entry| &entry.change);
        edits
            .map(|change| Edit { collection: change.collection, op: change.op, base_rev: None, record: change.record.clone() })
            .take(500)
            .collect()
    }
}

/// A problem response of the contract.
pub fn problem(status: u16, code: ProblemCode, more: &str) -> ServerResponse {
    let body = format!(r#"{{"type":"about:blank","title":"a problem","status":{status},"code":"{code}","retryable":false{more}}}"#);
    ServerResponse { status, account: None, retry_after_ms: None, body: body.into_bytes() }
}

fn ok(body: String) -> ServerResponse {
    ServerResponse { status: 200, account: None, retry_after_ms: None, body: body.into_bytes() }
}

fn refused(error: &Error) -> ServerResponse {
    match error {
        Error::Refused(Refusal::EpochChanged { restored_rev, since }) => {
            problem(410, ProblemCode::EpochChanged, &format!(",\"restoredRev\":{restored_rev},\"since\":\"{since}\""))
        }
        Error::Refused(Refusal::CursorExpired { since }) => problem(410, ProblemCode::CursorExpired, &format!(",\"since\":\"{since}\"")),
        Error::Refused(Refusal::Lagging) => problem(503, ProblemCode::Unavailable, ""),
        Error::Refused(Refusal::InvalidCursor) => problem(400, ProblemCode::InvalidCursor, ""),
        Error::Refused(Refusal::QuotaExceeded { .. }) => {
            let body = r#"{"code":"quota_exceeded","title":"a problem"}"#;
            ServerResponse { status: 507, account: None, retry_after_ms: None, body: body.into() }
        }
        Error::Refused(Refusal::NotFound) => problem(404, ProblemCode::NotFound, ""),
        Error::Store(error) => panic!("a store in memory has failed: {error}"),
    }
}
