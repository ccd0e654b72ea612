//! A device of the simulated run: the real engine over the in-memory store, and its pending commands and events.

use std::collections::BTreeMap;

use stronglog_sync::api::collection::Contract;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::clock::{ClockAndRng, SKEW_MAX_MS};
use stronglog_sync::digest::Digest;
use stronglog_sync::engine::{Command, Engine, Event, Settings};
use stronglog_sync::outbox::{self, LocalEdit};
use stronglog_sync::record::Record;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::status::SyncState;
use stronglog_sync::store::memory::MemoryStore;
use stronglog_sync::store::{Counts, Edits, Key, Loaded, Pending, Refused, Row, RowState, Select, Store, Write};
use stronglog_sync::task::{Done, Snapshot, Task};
use uuid::Uuid;

use crate::chance::Chance;
use crate::run::{SHIPPED, value_of};

/// The first millisecond of the simulated run. It is large enough to leave room for earlier stamps.
pub const EPOCH_MS: i64 = 1_700_000_000_000;

/// Pages and pushes are small so that there are many, and a resync asks about every record so that questions occur.
fn settings() -> Settings {
    Settings { page_changes_max: 3, push_changes_max: 4, deletions_unasked: 0, ..Settings::default() }
}

/// The database of a device on which a user has signed in for the first time.
pub fn new_database(device: Uuid, account: Uuid, chance: &mut Chance) -> MemoryStore {
    let mut store = MemoryStore::new(device);
    let claim = Task::Claim { account };
    claim.run(&mut store, &mut ClockAndRng { now_ms: EPOCH_MS, random: &mut || chance.next() }).expect("a store in memory");
    store
}

pub struct Device {
    contract: &'static Contract,
    pub number: usize,
    /// The account that the store belongs to.
    pub account: usize,
    /// The account of the current token.
    pub token: Option<usize>,
    /// The number of sign-ins. Each begins a session.
    pub session: u64,
    pub store: MemoryStore,
    pub engine: Engine,
    /// Commands of the engine that have not been carried out yet, with the rows as they were when the command was issued.
    pub jobs: Vec<(Command, Option<Vec<Row>>)>,
    /// Events that have not been passed to the engine yet.
    pub inbox: Vec<Event>,
    /// The number of restarts. A response to a request from before a restart is dropped.
    pub life: u64,
    /// The error of the device's clock, in milliseconds.
    pub skew_ms: i64,
    pub wake_at: Option<i64>,
    /// The number of edits made on this device, which makes each edit's value unique.
    pub edits: u64,
    /// The last stamp of a successful push, for the run without R4.
    pub last_pushed_stamp: i64,
    pub offline_until: i64,
    /// The time at which the device last knew what time it was. 0 if it never did.
    pub timed_at: i64,
    /// Records as they were when the app opened a form on them. The form is saved later, even if the records have changed meanwhile.
    pub forms: BTreeMap<Key, String>,
    /// A copy of the database that may be restored later.
    pub copy: Option<MemoryStore>,
}

impl Device {
    pub fn new(contract: &'static Contract, number: usize, account: usize, owner: Uuid, chance: &mut Chance) -> Self {
        let mut store = new_database(Uuid::from_u128(0xD0_0000 + number as u128), owner, chance);
        let snapshot = Snapshot::of(&mut store).expect("a store in memory");
        let skew_ms = chance.pick(&[0, 0, 0, 5_000, -5_000, 200_000, -200_000, 1_000_000, -3_000_000, 90_000_000, 400_000_000_000]);
        Device {
            contract,
            number,
            account,
            token: Some(account),
            session: 0,
            store,
            engine: Engine::new(contract, settings(), snapshot),
            jobs: Vec::new(),
            inbox: vec![Event::SignedIn { account: owner }],
            life: 0,
            skew_ms,
            wake_at: None,
            edits: 0,
            last_pushed_stamp: 0,
            offline_until: 0,
            timed_at: 0,
            forms: BTreeMap::new(),
            copy: None,
        }
    }

    pub fn wall_ms(&self, now: i64) -> i64 {
        EPOCH_MS + now + self.skew_ms
    }

    pub fn pending(&mut self) -> u64 {
        self.store.counts().expect("a store in memory").pending
    }

    /// Discards everything that is not in the store.
    pub fn restart(&mut self, account: Uuid) {
        self.life += 1;
        self.jobs.clear();
        self.inbox = vec![Event::SignedIn { account }];
        self.engine = Engine::new(self.contract, settings(), Snapshot::of(&mut self.store).expect("a store in memory"));
        self.wake_at = None;
    }

    /// Passes an event to the engine, checks the engine's status, and queues its commands.
    pub fn tell(&mut self, event: Event, now: i64, chance: &mut Chance) -> Result<(), String> {
        let commands = self.engine.handle(event, now, chance.next());
        for command in commands {
            match command {
                Command::WakeAt(at) => self.wake_at = at,
                Command::Cancel { .. } => {}
                Command::Persist(Task::Page(page)) if !rules::on(Rule::MergeInTransaction) => {
                    let keys = stronglog_sync::pull::keys(&page);
                    let rows = keys.into_iter().filter_map(|key| self.store.get(key).expect("a store in memory")).collect();
                    self.jobs.push((Command::Persist(Task::Page(page)), Some(rows)));
                }
                other => self.jobs.push((other, None)),
            }
        }
        self.check_status(now)
    }

    /// Checks that the status is correct (I12), and that a timer is armed while there is work left (L2).
    fn check_status(&mut self, now: i64) -> Result<(), String> {
        let status = self.engine.status(now);
        let counts = self.store.counts().expect("a store in memory");
        let unread = self.inbox.iter().any(|event| matches!(event, Event::Written(_) | Event::Changed(_) | Event::Persisted(_)));
        if !unread && self.jobs.is_empty() && (status.pending, status.blocked) != (counts.pending, counts.blocked) {
            let (reported, are) = ((status.pending, status.blocked), (counts.pending, counts.blocked));
            return Err(format!("device {} says that (pending, blocked) is {reported:?}, and it is {are:?} (I12)", self.number));
        }
        if status.is_synced() && status.pending > 0 {
            return Err(format!("device {} is called synced while something waits (I12)", self.number));
        }
        let stopped = matches!(status.state, SyncState::Off | SyncState::Paused | SyncState::NeedsAuth | SyncState::NeedsConfirmation);
        if !stopped && counts.pending > 0 && self.jobs.is_empty() && !unread && self.engine.is_waiting(now) && self.wake_at.is_none() {
            return Err(format!("device {} has something to push and no timer (L2)", self.number));
        }
        Ok(())
    }

    /// Runs a durable step. It may crash before the step, or after it and before the engine gets the event.
    pub fn persist(&mut self, task: &Task, stale: Option<Vec<Row>>, now: i64, chance: &mut Chance) -> Done {
        let wall_ms = self.wall_ms(now);
        if let Task::Outcomes { sent, .. } = task {
            self.last_pushed_stamp = sent.iter().map(|edit| edit.record.stamp).fold(self.last_pushed_stamp, i64::max);
        }
        if let (Task::Page(_), Some(rows)) = (task, stale) {
            return self.persist_over(task, &rows, wall_ms, chance);
        }
        let done =
            task.run(&mut self.store, &mut ClockAndRng { now_ms: wall_ms, random: &mut || chance.next() }).expect("a store in memory");
        if let Task::Page(_) | Task::Outcomes { .. } = task {
            self.note_time(now);
        }
        done
    }

    /// Notes whether the device knows what time it is after a response.
    fn note_time(&mut self, now: i64) {
        let clock = self.store.meta().expect("a store in memory").clock;
        if clock.difference().is_none_or(|(_, is_corrected)| is_corrected) {
            let is_right = clock.server_ms(self.wall_ms(now)).abs_diff(EPOCH_MS + now) <= SKEW_MAX_MS.unsigned_abs();
            self.timed_at = if is_right { EPOCH_MS + now } else { 0 };
        }
    }

    /// Checks that an edit is not dated back to before a time that the device has known, whatever its clock shows (I17).
    fn check_stamp(&self, record: &Record) -> Result<(), String> {
        match self.timed_at - record.stamp {
            back if back > 2 * SKEW_MAX_MS => Err(format!("device {} has dated an edit back by {back} ms (I17)", self.number)),
            _ => Ok(()),
        }
    }

    /// The edits that the server had not acknowledged before a step.
    pub fn unacknowledged(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        let plan = &mut |loaded: &mut Loaded| {
            rows = loaded.rows().cloned().collect();
            Err(Refused)
        };
        self.store.update(&Select::Unacknowledged, plan).expect("a store in memory");
        rows
    }

    /// Checks that no edit is overwritten unseen: it is acknowledged, followed by another edit of the same device, or in the history (R6).
    /// A shipped record is not an edit (R18) as long as it still has its shipped value.
    pub fn check_overwritten(&mut self, before: &[Row]) -> Result<(), String> {
        let history = self.store.history(usize::MAX).expect("a store in memory");
        let is_edited = |row: &&Row| !(row.record.is_as_shipped() && value_of(&row.record.text) == SHIPPED);
        for row in before.iter().filter(is_edited) {
            let now = self.store.get(row.key()).expect("a store in memory");
            let kept =
                now.is_some_and(|now| now.op == row.op || (now.unacknowledged().is_some() && now.record.deleted == row.record.deleted));
            if !kept && !history.iter().any(|past| past.op == row.op) {
                return Err(format!("device {} has overwritten an edit of {:?} unseen (I2, R6)", self.number, row.key()));
            }
        }
        Ok(())
    }

    /// Without R6: the step is planned over rows that were read earlier.
    fn persist_over(&mut self, task: &Task, rows: &[Row], wall_ms: i64, chance: &mut Chance) -> Done {
        let mut done = Done::default();
        let plan = &mut |loaded: &mut Loaded| {
            let Select::Keys(keys) = task.select() else { return Err(Refused) };
            for (entry, key) in loaded.entries.iter_mut().zip(&keys) {
                entry.row = rows.iter().find(|row| row.key() == *key).cloned();
            }
            task.plan(loaded, &mut ClockAndRng { now_ms: wall_ms, random: &mut || chance.next() }, &mut done).map_err(|_| Refused)
        };
        self.store.update(&task.select(), plan).expect("a store in memory");
        done.snapshot = Snapshot::of(&mut self.store).expect("a store in memory");
        done
    }

    /// Without R3: the cursor is stored, and the device crashes before its rows are stored.
    pub fn persist_cursor_only(&mut self, task: &Task, now: i64, chance: &mut Chance) {
        let wall_ms = self.wall_ms(now);
        let plan = &mut |loaded: &mut Loaded| {
            let planned = task.plan(loaded, &mut ClockAndRng { now_ms: wall_ms, random: &mut || chance.next() }, &mut Done::default());
            planned.map(|_| Vec::new()).map_err(|_| Refused)
        };
        self.store.update(&task.select(), plan).expect("a store in memory");
    }

    /// The pending rows for the engine's next push.
    pub fn load(&mut self, edits: Edits, limit: usize) -> Vec<Row> {
        let mut rows = self.store.pending(edits, limit).expect("a store in memory");
        if !rules::on(Rule::DirtyByOp) {
            rows.retain(|row| row.record.stamp > self.last_pushed_stamp);
        }
        rows
    }

    /// Checks that a version replaced by an edit that was based on another version is in the history (I14).
    fn check_replaced(&mut self, before: Option<Row>, edit: &LocalEdit) -> Result<(), String> {
        let (Some(before), LocalEdit::Put(text)) = (before, edit) else { return Ok(()) };
        let read = Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record").stamp;
        let known = read == before.record.stamp || before.record.is_as_shipped();
        let history = self.store.history(usize::MAX).expect("a store in memory");
        if known || history.iter().any(|past| past.op == before.op) {
            return Ok(());
        }
        Err(format!("a form on device {} has replaced a version of {:?} that it did not show (I14)", self.number, before.key()))
    }

    /// Writes a record as the app would. Returns what was written, or `None` if there was nothing to delete or the record is quarantined.
    pub fn edit(&mut self, key: Key, edit: &LocalEdit, now: i64, chance: &mut Chance) -> Result<Option<Record>, String> {
        let wall_ms = self.wall_ms(now);
        let before = self.store.get(key).expect("a store in memory");
        let mut written = None;
        let plan = &mut |loaded: &mut Loaded| {
            let writes = outbox::edit(loaded, key, edit, &mut ClockAndRng { now_ms: wall_ms, random: &mut || chance.next() })
                .map_err(|_| Refused)?;
            written = writes.iter().find_map(|write| match write {
                Write::Put(row) => Some(row.record.clone()),
                _ => None,
            });
            Ok(writes)
        };
        self.store.update(&Select::Keys(vec![key]), plan).expect("a store in memory");
        if written.is_some() {
            let snapshot = Snapshot::of(&mut self.store).expect("a store in memory");
            self.inbox.push(Event::Written(snapshot));
            self.check_replaced(before, edit)?;
        }
        if let (Some(record), LocalEdit::Put(_) | LocalEdit::Delete) = (&written, edit) {
            self.check_stamp(record)?;
        }
        Ok(written)
    }

    /// Puts a record into the outbox that the server will reject, as a faulty app would.
    pub fn poison(&mut self, key: Key, now: i64, chance: &mut Chance) {
        let wall_ms = self.wall_ms(now);
        let text = format!(r#"{{"id":"{}","clientCreatedAt":1,"clientUpdatedAt":{wall_ms},"isDeleted":false,"bad":true}}"#, key.id);
        let record = Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record");
        let plan = &mut |loaded: &mut Loaded| {
            loaded.meta.seq += 1;
            let op = stronglog_sync::merge::Op {
                id: Uuid::from_u128(u128::from(chance.next())),
                device: loaded.meta.device,
                seq: loaded.meta.seq,
            };
            let state = RowState::Pending(Pending { since: wall_ms, lost: false, base_stamp: None, known_rev: None });
            Ok(vec![Write::Put(Row { collection: key.collection, record: record.clone(), op, base_rev: None, state, seen: 0 })])
        };
        self.store.update(&Select::Keys(vec![key]), plan).expect("a store in memory");
        let snapshot = Snapshot::of(&mut self.store).expect("a store in memory");
        self.inbox.push(Event::Written(snapshot));
    }

    /// The freshly computed digest of what the device knows, and the one that the device keeps (R27).
    pub fn digests(&mut self) -> (Digest, Option<Digest>) {
        let mut sum = Digest::default();
        let plan = &mut |loaded: &mut Loaded| {
            for row in loaded.rows() {
                let known = row.known_rev().map(|rev| Digest::of(row.collection.path, row.record.id, rev));
                sum = sum.with(known.unwrap_or_default());
            }
            Err(Refused)
        };
        self.store.update(&Select::Keys(self.store.keys()), plan).expect("a store in memory");
        (sum, self.store.meta().expect("a store in memory").digest)
    }

    pub fn counts(&mut self) -> Counts {
        self.store.counts().expect("a store in memory")
    }
}
