//! The simulated world: devices, a server, a network between them, and everything that can go wrong with each.

use std::collections::{BTreeMap, BTreeSet};

use stronglog_sync::api::collection::Collection;
use stronglog_sync::api::{ProblemCode, registry};
use stronglog_sync::engine::answer::Answered;
use stronglog_sync::engine::{Command, Event, Message};
use stronglog_sync::outbox::LocalEdit;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::store::{Key, Select, Store};
use stronglog_sync::task::{Answer, Task};
use stronglog_sync::wire;
use uuid::Uuid;

use crate::chance::Chance;
use crate::device::{Device, EPOCH_MS};
use crate::server::Server;

/// A message on its way.
#[derive(Clone)]
struct Packet {
    device: usize,
    life: u64,
    request: u64,
    account: usize,
    message: Message,
}

/// The last edit of a record that only one device writes.
#[derive(Clone, Debug, PartialEq)]
struct LastEdit {
    device: usize,
    /// The value that was written; nothing if it was deleted.
    value: Option<String>,
}

pub struct World {
    pub chance: Chance,
    pub now: i64,
    pub server: Server,
    pub devices: Vec<Device>,
    network: Vec<Packet>,
    /// Requests that come once more, later.
    duplicates: Vec<Packet>,
    last_edits: BTreeMap<(usize, Key), LastEdit>,
    writers: BTreeMap<(usize, Key), BTreeSet<usize>>,
    /// The highest stamp that the server has acknowledged for a record.
    acknowledged: BTreeMap<(usize, Key), i64>,
    /// Records whose fate is open: poisoned, or edited on a device that was rolled back.
    open: BTreeSet<(usize, Key)>,
    /// Records in which a newer app has put something that this one does not know.
    marked: BTreeSet<(usize, Key)>,
    /// Versions that this app cannot read.
    unreadable: BTreeSet<(usize, Key)>,
    /// Devices that share an id until one of them notices: the count of their edits means nothing until then (R20).
    twins: BTreeSet<usize>,
    /// Whether somebody has put an old copy of a database back.
    rolled_back: bool,
    newer_app_edits: u64,
}

fn trace() -> bool {
    std::env::var_os("SIMULATION_TRACE").is_some()
}

/// The value of a record as the app ships it.
pub const SHIPPED: &str = "seed";
pub const ACCOUNTS: usize = 2;
/// Devices of the first account, and of the second.
const DEVICES: [usize; 2] = [3, 1];
const STEPS: usize = 400;
const QUIET_STEPS: usize = 6_000;

/// The steps of the world's first part, in which everything can go wrong, and then its end, in which nothing does.
pub fn run(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step(true)?;
    }
    world.quieten("after the faults")?;
    world.check()?;
    world.last_edit_wins()?;
    world.replay_changes_nothing()
}

pub fn account_id(account: usize) -> Uuid {
    Uuid::from_u128(0xACC0 + account as u128)
}

/// A collection whose records need little: known by what it is like, not by its name.
fn plain_collection() -> &'static Collection {
    registry::COLLECTIONS
        .iter()
        .copied()
        .find(|known| known.singleton.is_none() && known.natural_key.is_none() && record_text(known, Uuid::nil(), "").is_some())
        .expect("a plain collection")
}

fn singleton_collection() -> &'static Collection {
    registry::COLLECTIONS.iter().copied().find(|known| known.singleton.is_some()).expect("a singleton")
}

fn seeded_collection() -> &'static Collection {
    registry::COLLECTIONS.iter().copied().find(|known| known.natural_key.is_some()).expect("a collection with shipped records")
}

/// A valid record that says `value` in a member that no version of the contract knows.
fn record_text(collection: &Collection, id: Uuid, value: &str) -> Option<String> {
    let sync = format!(r#""id":"{id}","clientCreatedAt":1,"clientUpdatedAt":1,"isDeleted":false,"v":"{value}""#);
    let own = [
        r#""date":1,"weightKg":80"#,
        r#""preferredWeightUnit":"kg","theme":"dark","defaultRestTimerSecs":60"#,
        r#""name":"x","isCustom":false"#,
        r#""name":"x""#,
    ];
    own.iter().map(|own| format!("{{{sync},{own}}}")).find(|text| {
        let tape = stronglog_sync::api::runtime::schema::parse(text.as_bytes()).expect("JSON");
        wire::check_live(collection, tape.root()).is_ok()
    })
}

/// What a record says in that member.
pub fn value_of(text: &str) -> String {
    let tape = stronglog_sync::api::runtime::schema::parse(text.as_bytes()).expect("JSON");
    tape.root().get("v").and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let homes = DEVICES.iter().enumerate().flat_map(|(account, count)| std::iter::repeat_n(account, *count));
        let devices = homes.enumerate().map(|(number, home)| Device::new(number, home, account_id(home), &mut chance)).collect();
        World {
            server: Server::new(),
            devices,
            chance,
            now: 0,
            network: Vec::new(),
            duplicates: Vec::new(),
            last_edits: BTreeMap::new(),
            writers: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            open: BTreeSet::new(),
            marked: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            twins: BTreeSet::new(),
            rolled_back: false,
            newer_app_edits: 0,
        }
    }

    /// A record of an account: two are a device's own, the others are shared.
    fn key(&mut self, device: usize) -> Key {
        let home = self.devices[device].home as u128;
        let number = self.devices[device].number as u128;
        let plain = |id: u128| Key { collection: plain_collection(), id: Uuid::from_u128((home + 1) << 64 | id) };
        let singleton = stronglog_sync::pull::singleton_id(singleton_collection()).expect("a fixed id");
        match self.chance.below(8) {
            own @ 0..3 => plain((number + 1) << 16 | own as u128),
            shared @ 3..6 => plain(shared as u128),
            6 => Key { collection: singleton_collection(), id: singleton },
            _ => Key { collection: seeded_collection(), id: Uuid::from_u128(0x5EED) },
        }
    }

    fn step(&mut self, faults: bool) -> Result<(), String> {
        self.now += self.chance.pick(&[0, 0, 1, 7, 40, 700, 2_500]);
        let device = self.chance.below(self.devices.len());
        match self.chance.below(100) {
            0..14 if faults => self.edit(device),
            14..46 => self.hear(device)?,
            46..70 => self.work(device, faults)?,
            70..90 => self.deliver(faults)?,
            90..93 => self.tick(device)?,
            _ if faults => self.fault(device)?,
            _ => {}
        }
        Ok(())
    }

    fn edit(&mut self, device: usize) {
        let key = self.key(device);
        let account = self.devices[device].home;
        let storm = if self.chance.of_thousand(30) { 12 } else { 1 };
        for _ in 0..storm {
            self.devices[device].edits += 1;
            let value = format!("{device}:{}", self.devices[device].edits);
            let edit = match self.chance.below(10) {
                0..2 => LocalEdit::Delete,
                2 if key.collection.natural_key.is_some() || key.collection.singleton.is_some() => {
                    if self.twins.contains(&device) {
                        self.open.insert((account, key));
                    }
                    let seed = record_text(key.collection, key.id, SHIPPED).expect("a record");
                    self.devices[device].edit(key, &LocalEdit::Seed(seed), self.now, &mut self.chance);
                    return;
                }
                _ => LocalEdit::Put(self.edited(device, key, &value)),
            };
            let now = self.now;
            if let Some(record) = self.devices[device].edit(key, &edit, now, &mut self.chance) {
                if trace() {
                    eprintln!("{} EDIT d{device} {key:?} {}", self.now, record.text);
                }
                let value = (!record.deleted).then_some(value);
                self.last_edits.insert((account, key), LastEdit { device, value });
                self.writers.entry((account, key)).or_default().insert(device);
                if self.twins.contains(&device) {
                    self.open.insert((account, key));
                }
            }
        }
    }

    /// The record with another value: everything else stays as it is, known or not.
    fn edited(&mut self, device: usize, key: Key, value: &str) -> String {
        let row = self.devices[device].store.get(key).expect("a store in memory");
        let live = row.filter(|row| !row.record.deleted);
        let known = live.map(|row| row.record.text).or_else(|| record_text(key.collection, key.id, value)).expect("a record");
        stronglog_sync::record::rewrite(&known, &[("v", Some(format!("\"{value}\"")))]).expect("an object")
    }

    /// Tells a device's engine something that has happened: not always in the order in which it did.
    fn hear(&mut self, device: usize) -> Result<(), String> {
        let waiting = self.devices[device].inbox.len();
        if waiting > 0 {
            let mut place = self.chance.below(waiting);
            // What the user does is heard in the order in which it was done.
            let of_user = |event: &Event| matches!(event, Event::SignedIn { .. } | Event::SignedOut | Event::Pause | Event::Resume);
            if of_user(&self.devices[device].inbox[place]) {
                place = self.devices[device].inbox.iter().position(of_user).unwrap_or(place);
            }
            let event = self.devices[device].inbox.remove(place);
            self.devices[device].tell(event, self.now, &mut self.chance)?;
        }
        Ok(())
    }

    /// Does something that a device's engine has asked for.
    fn work(&mut self, index: usize, faults: bool) -> Result<(), String> {
        let device = &mut self.devices[index];
        if device.jobs.is_empty() {
            return Ok(());
        }
        let (job, rows) = device.jobs.remove(self.chance.below(device.jobs.len()));
        match job {
            Command::Load { limit } => {
                let rows = device.load(limit);
                device.inbox.push(Event::Loaded(rows));
            }
            Command::Persist(task) => {
                let before = device.unacknowledged();
                self.persist(index, task, rows, faults);
                return self.devices[index].check_overwritten(&before);
            }
            Command::Refresh => {
                let valid = !faults || self.chance.of_thousand(800);
                device.inbox.push(Event::Refreshed { valid });
            }
            Command::Send { request, account, message } => return self.send(index, request, account, message),
            Command::WakeAt(_) | Command::Cancel { .. } => {}
        }
        Ok(())
    }

    fn persist(&mut self, index: usize, task: Task, rows: Option<Vec<stronglog_sync::store::Row>>, faults: bool) {
        let device = &mut self.devices[index];
        let account = account_id(device.home);
        if faults && self.chance.of_thousand(25) {
            return device.inbox.push(Event::StoreFailed { message: "the disk is full".to_owned() });
        }
        if faults && self.chance.of_thousand(20) {
            if matches!(task, Task::Page(_)) && !rules::on(Rule::PageAndCursorTogether) {
                device.persist_cursor_only(&task, self.now, &mut self.chance);
            }
            return device.restart(account);
        }
        let done = device.persist(&task, rows, self.now, &mut self.chance);
        if faults && self.chance.of_thousand(20) {
            return device.restart(account);
        }
        device.inbox.push(Event::Persisted(done));
    }

    /// Puts a request on the network, and makes sure that it holds nothing of another account (I9).
    fn send(&mut self, device: usize, request: u64, account: Uuid, message: Message) -> Result<(), String> {
        let sender = &self.devices[device];
        // The driver has no token for another account than the one that it was told of: such a request is not sent.
        let Some(token) = sender.token.filter(|token| account_id(*token) == account) else {
            self.devices[device].inbox.push(Event::Unanswered { request, message: "no token".to_owned() });
            return Ok(());
        };
        if token != sender.home && matches!(&message, Message::Push { .. } | Message::Pull { .. }) {
            return Err(format!("device {device} has sent something of account {} with a token of account {token} (I9)", sender.home));
        }
        self.network.push(Packet { device, life: sender.life, request, account: token, message });
        Ok(())
    }

    fn tick(&mut self, device: usize) -> Result<(), String> {
        if self.devices[device].wake_at.is_some_and(|at| at <= self.now) {
            self.devices[device].tell(Event::Tick, self.now, &mut self.chance)?;
        }
        Ok(())
    }

    fn deliver(&mut self, faults: bool) -> Result<(), String> {
        if self.network.is_empty() {
            return Ok(());
        }
        let packet = self.network.swap_remove(self.chance.below(self.network.len()));
        let offline = self.now < self.devices[packet.device].offline_until;
        if offline || (faults && self.chance.of_thousand(80)) {
            self.answer(&packet, None);
            return Ok(());
        }
        if faults && self.chance.of_thousand(120) {
            self.duplicates.push(packet.clone());
        }
        if let Some(refusal) = faults.then(|| self.refusal(&packet)).flatten() {
            self.answer(&packet, Some(refusal));
            return Ok(());
        }
        let answered = self.serve(&packet)?;
        if trace() {
            eprintln!("   -> {} {}", answered.status, String::from_utf8_lossy(&answered.body));
        }
        if faults && self.chance.of_thousand(120) {
            self.answer(&packet, None);
        } else {
            self.answer(&packet, Some(answered));
        }
        Ok(())
    }

    /// An answer that is not the one that was hoped for.
    fn refusal(&mut self, packet: &Packet) -> Option<Answered> {
        // A server that finds one small edit too large would be at fault itself.
        let several = matches!(&packet.message, Message::Push { edits, .. } if edits.len() > 1);
        let answered = |status: u16, body: &str| Answered { status, retry_after_ms: None, body: body.as_bytes().to_vec() };
        Some(match self.chance.below(90) {
            0 => answered(200, "<html>Welcome to our hotel</html>"),
            1 => answered(200, r#"{"changes":[],"nextCursor":"v1.all."#),
            2 => problem(401, ProblemCode::TokenExpired, ""),
            3 if several => problem(413, ProblemCode::PayloadTooLarge, ""),
            4 => Answered { retry_after_ms: Some(3_000), ..problem(429, ProblemCode::RateLimited, "") },
            5 => problem(503, ProblemCode::Unavailable, ",\"retryAfterMs\":2000"),
            6 => answered(502, "bad gateway"),
            7 => answered(404, "no such page"),
            _ => return None,
        })
    }

    fn serve(&mut self, packet: &Packet) -> Result<Answered, String> {
        let now = EPOCH_MS + self.now;
        if trace() {
            eprintln!(
                "{} SERVE d{} {:?}",
                self.now,
                packet.device,
                match &packet.message {
                    Message::Push { edits, cursor } => format!(
                        "push {cursor:?} {:?}",
                        edits
                            .iter()
                            .map(|e| (
                                e.record.id,
                                e.op.seq,
                                e.op.device,
                                e.base_rev,
                                e.record.deleted,
                                e.record.stamp,
                                value_of(&e.record.text)
                            ))
                            .collect::<Vec<_>>()
                    ),
                    m => format!("{m:?}"),
                }
            );
        }
        match &packet.message {
            Message::Pull { since, limit } => Ok(self.server.pull(packet.account, since.as_deref(), *limit, now)),
            Message::Push { edits, cursor } => {
                let body = wire::write_push(edits, cursor.as_deref());
                let before = self.server.rev(packet.account);
                let answered = self.server.push(packet.account, &body, now, &mut self.chance)?;
                self.note_acknowledged(packet, &answered);
                if self.server.rev(packet.account) > before {
                    self.ring(packet.account);
                }
                Ok(answered)
            }
        }
    }

    fn note_acknowledged(&mut self, packet: &Packet, answered: &Answered) {
        let Message::Push { edits, .. } = &packet.message else { return };
        let collections: Vec<_> = edits.iter().map(|edit| edit.collection).collect();
        let Ok(result) = wire::read_push_result(&answered.body, &collections) else { return };
        for (edit, outcome) in edits.iter().zip(result.outcomes) {
            if let wire::Outcome::Accepted(receipt) | wire::Outcome::Duplicate(receipt) = outcome {
                let key = Key { collection: edit.collection, id: edit.record.id };
                let highest = self.acknowledged.entry((packet.account, key)).or_default();
                *highest = receipt.stamp.max(*highest);
            }
        }
    }

    /// The doorbell: heard by some.
    fn ring(&mut self, account: usize) {
        let rev = self.server.rev(account);
        for device in self.devices.iter_mut().filter(|device| device.home == account && device.token == Some(account)) {
            if self.chance.of_thousand(500) {
                device.inbox.push(Event::Doorbell { rev });
            }
        }
    }

    fn answer(&mut self, packet: &Packet, answered: Option<Answered>) {
        let device = &mut self.devices[packet.device];
        if device.life == packet.life {
            device.inbox.push(match answered {
                Some(answer) => Event::Answered { request: packet.request, answer },
                None => Event::Unanswered { request: packet.request, message: "no answer".to_owned() },
            });
        }
    }

    /// A request that was served long ago reaches the server once more.
    fn serve_duplicate(&mut self) -> Result<(), String> {
        if self.duplicates.is_empty() {
            return Ok(());
        }
        let packet = self.duplicates.swap_remove(self.chance.below(self.duplicates.len()));
        self.serve(&packet)?;
        Ok(())
    }

    fn fault(&mut self, index: usize) -> Result<(), String> {
        let home = self.devices[index].home;
        let which = self.chance.below(34);
        if trace() {
            eprintln!("{} FAULT d{index} {which}", self.now);
        }
        match which {
            0..4 => self.devices[index].restart(account_id(home)),
            4..8 => self.serve_duplicate()?,
            8..10 => self.devices[index].skew_ms += self.chance.pick(&[-4_000_000, -50_000, 50_000, 4_000_000, 40_000_000_000]),
            10..13 => self.sign_in_elsewhere(index),
            13..15 => self.sign_in(index, home),
            15 => self.devices[index].inbox.push(Event::Pause),
            16 => self.devices[index].inbox.push(Event::Resume),
            17 => self.devices[index].inbox.push(Event::SyncNow),
            18 => self.devices[index].offline_until = self.now + self.chance.pick(&[0, 5_000, 100_000, 400_000]),
            19 => self.server.back_up(),
            20 if self.chance.of_thousand(400) => self.server.restore(),
            21..23 => {
                self.now += 30_000;
                // Of a purged tombstone nothing is left that a later edit could be compared with.
                for (account, id) in self.server.purge(EPOCH_MS + self.now - 20_000) {
                    self.acknowledged.retain(|(of, key), _| (*of, key.id) != (account, id));
                }
            }
            23 if self.chance.of_thousand(300) => self.poison(index),
            24 => self.newer_app(home)?,
            25 => self.devices[index].copy = Some(self.devices[index].store.clone()),
            26 if self.chance.of_thousand(300) => self.roll_back(index),
            27 if self.chance.of_thousand(100) && self.devices.len() < 6 => self.clone_device(index),
            28 => self.now += 60_000,
            _ => {}
        }
        Ok(())
    }

    fn sign_in(&mut self, index: usize, account: usize) {
        self.devices[index].token = Some(account);
        self.devices[index].inbox.push(Event::SignedIn { account: account_id(account) });
    }

    /// Somebody else signs in on a device that is full of unsent edits.
    fn sign_in_elsewhere(&mut self, index: usize) {
        let other = (self.devices[index].home + 1) % ACCOUNTS;
        self.devices[index].inbox.push(Event::SignedOut);
        self.sign_in(index, other);
    }

    fn poison(&mut self, index: usize) {
        let key = Key { collection: plain_collection(), id: Uuid::from_u128(0xBAD_0000 + index as u128) };
        let home = self.devices[index].home;
        self.open.insert((home, key));
        self.devices[index].poison(key, self.now, &mut self.chance);
    }

    /// A device with a newer app writes what this app's contract does not know: a member, or a version that it cannot even read.
    fn newer_app(&mut self, account: usize) -> Result<(), String> {
        self.newer_app_edits += 1;
        let id = Uuid::from_u128((account as u128 + 1) << 64 | 0xF00 | u128::from(self.newer_app_edits % 3));
        let key = Key { collection: plain_collection(), id };
        let readable = self.chance.of_thousand(600);
        let text = record_text(key.collection, id, &format!("newer:{}", self.newer_app_edits)).expect("a record");
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

    /// Somebody puts an old copy of a device's database back.
    fn roll_back(&mut self, index: usize) {
        let home = self.devices[index].home;
        if let Some(copy) = self.devices[index].copy.take() {
            self.rolled_back = true;
            let touched = self.writers.iter().filter(|(_, writers)| writers.contains(&index)).map(|(key, _)| *key);
            self.open.extend(touched);
            self.devices[index].store = copy;
            self.devices[index].restart(account_id(home));
        }
    }

    /// Somebody copies a device's database to another device.
    fn clone_device(&mut self, index: usize) {
        let home = self.devices[index].home;
        let mut clone = Device::new(self.devices.len(), home, account_id(home), &mut self.chance);
        clone.store = self.devices[index].store.clone();
        clone.restart(account_id(home));
        clone.token = Some(home);
        self.twins.extend([index, clone.number]);
        self.rolled_back = true;
        let touched = self.writers.iter().filter(|(_, writers)| writers.contains(&index)).map(|(key, _)| *key);
        self.open.extend(touched);
        self.devices.push(clone);
    }

    /// Lets the world come to rest, without any fault: everything that waits must be dealt with in bounded steps (L1, L3).
    fn quieten(&mut self, when: &str) -> Result<(), String> {
        self.duplicates.clear();
        for index in 0..self.devices.len() {
            self.devices[index].offline_until = 0;
            let home = self.devices[index].home;
            self.devices[index].inbox.push(Event::Resume);
            self.sign_in(index, home);
        }
        for _ in 0..QUIET_STEPS {
            self.step(false)?;
            self.answer_questions()?;
            if self.network.is_empty() && self.devices.iter().all(|device| device.jobs.is_empty() && device.inbox.is_empty()) {
                if self.is_at_rest() {
                    return Ok(());
                }
                self.pass_time()?;
            }
        }
        let states: Vec<_> = self.devices.iter_mut().map(|device| (device.engine.status(self.now).state, device.counts())).collect();
        Err(format!("no rest {when} (L1): {states:?}"))
    }

    fn answer_questions(&mut self) -> Result<(), String> {
        for index in 0..self.devices.len() {
            if self.devices[index].engine.status(self.now).state == stronglog_sync::SyncState::NeedsConfirmation {
                let done = self.devices[index].persist(&Task::AnswerResync(Answer::Delete), None, self.now, &mut self.chance);
                self.devices[index].inbox.push(Event::Changed(done.snapshot));
            }
        }
        Ok(())
    }

    fn is_at_rest(&mut self) -> bool {
        let server = &mut self.server;
        self.devices.iter_mut().all(|device| {
            let meta = device.store.meta().expect("a store in memory");
            let seen = meta.cursor.as_deref().and_then(|text| text.parse::<stronglog_sync::cursor::Cursor>().ok());
            let caught_up = seen.is_some_and(|cursor| cursor.rev == server.rev(device.home) && cursor.epoch == server.epoch());
            meta.resync.is_none() && caught_up && device.pending() == 0
        })
    }

    /// Goes to the next time at which a device wants to be woken.
    fn pass_time(&mut self) -> Result<(), String> {
        let next = self.devices.iter().filter_map(|device| device.wake_at).min();
        let Some(next) = next else { return Err("nothing is at rest and no timer is armed (L2)".to_owned()) };
        self.now = self.now.max(next);
        for index in 0..self.devices.len() {
            self.tick(index)?;
        }
        Ok(())
    }

    /// What must be true when the world is at rest.
    fn check(&mut self) -> Result<(), String> {
        for index in 0..self.devices.len() {
            self.check_replica(index)?;
        }
        for ((account, key), last) in &self.last_edits {
            let alone = self.writers.get(&(*account, *key)).is_some_and(|writers| writers.len() == 1);
            // Once the tombstone of a shipped record is purged, an app that ships it may bring it back.
            let reseeded = last.value.is_none() && (key.collection.natural_key.is_some() || key.collection.singleton.is_some());
            if !alone || reseeded || self.open.contains(&(*account, *key)) {
                continue;
            }
            let now = self.server.live(*account, *key).map(|text| value_of(&text));
            if now != last.value {
                return Err(format!("{key:?} was last written by device {} as {:?} and ends as {now:?} (I3, I5)", last.device, last.value));
            }
        }
        for ((account, key), stamp) in &self.acknowledged {
            let stored = self.server.stamp(*account, *key);
            if !self.rolled_back && stored.is_some_and(|stored| stored < *stamp) {
                return Err(format!("{key:?} was acknowledged with the stamp {stamp} and ends with {stored:?} (I2)"));
            }
        }
        for (account, key) in &self.marked {
            if let Some(text) = self.server.live(*account, *key).filter(|text| !text.contains("\"kept\"")) {
                return Err(format!("{key:?} has lost a member that this app does not know (I10): {text}"));
            }
        }
        Ok(())
    }

    /// A device has what the server has, blocked and quarantined records apart (I1).
    fn check_replica(&mut self, index: usize) -> Result<(), String> {
        let home = self.devices[index].home;
        let aside = self.devices[index].store.quarantined().expect("a store in memory");
        let server = self.server.records(home);
        for (key, text) in &server {
            let row = self.devices[index].store.get(*key).expect("a store in memory");
            let held = aside.iter().any(|aside| aside.id == Some(key.id));
            if self.unreadable.contains(&(home, *key)) && !held && self.server.is_unreadable(home, *key) {
                return Err(format!("device {index} has not set {key:?} aside, which it cannot read (I1, R16)"));
            }
            let blocked = row.as_ref().is_some_and(|row| matches!(row.state, stronglog_sync::store::RowState::Blocked(..)));
            let same = row.as_ref().is_some_and(|row| row.record.text == *text);
            if !same && !held && !blocked {
                let has = row.map(|row| row.record.text);
                return Err(format!("device {index} differs from the server in {key:?} (I1): {has:?} is not {text}"));
            }
        }
        let mut extra = Vec::new();
        let select = &mut |loaded: &mut stronglog_sync::store::Loaded| {
            extra = loaded.rows.iter().flatten().map(|row| (row.key(), row.record.deleted, row.state.clone())).collect();
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

    /// The edit that was made last, by a device that has seen all others, wins: even if its clock is far behind (I4).
    fn last_edit_wins(&mut self) -> Result<(), String> {
        let index = self.chance.below(self.devices.len());
        let home = self.devices[index].home;
        self.devices[index].skew_ms -= 50_000_000;
        let key = self.key(index);
        let value = format!("{index}:last");
        let text = self.edited(index, key, &value);
        let now = self.now;
        if self.devices[index].edit(key, &LocalEdit::Put(text), now, &mut self.chance).is_none() {
            return Ok(());
        }
        self.last_edits.insert((home, key), LastEdit { device: index, value: Some(value.clone()) });
        self.quieten("after the last edit")?;
        let now = self.server.live(home, key).map(|text| value_of(&text));
        if now.as_deref() != Some(&value) {
            return Err(format!("the last edit of {key:?}, {value}, has lost against {now:?} (I4)"));
        }
        self.check()
    }

    /// Requests that come again, at the very end, change nothing (I7).
    fn replay_changes_nothing(&mut self) -> Result<(), String> {
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
}

/// A problem of the contract.
pub fn problem(status: u16, code: ProblemCode, more: &str) -> Answered {
    let body = format!(r#"{{"type":"about:blank","title":"a problem","status":{status},"code":"{code}","retryable":false{more}}}"#);
    Answered { status, retry_after_ms: None, body: body.into_bytes() }
}
