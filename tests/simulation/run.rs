//! The simulated run: devices, a server, a network between them, and the faults of each.

mod faults;
mod network;
mod rest;
mod transfer;

use std::collections::{BTreeMap, BTreeSet};

use stronglog_sync::engine::response::ServerResponse;
use stronglog_sync::engine::{Command, Event};
use stronglog_sync::merge::Op;
use stronglog_sync::outbox::LocalEdit;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::store::{Key, Store};
use stronglog_sync::task::Task;
use uuid::Uuid;

use crate::chance::Chance;
use crate::contracts::TestContract;
use crate::device::Device;
use crate::server::Server;
use network::Packet;
use transfer::Export;

/// The last edit of a record that only one device writes.
#[derive(Clone, Debug, PartialEq)]
struct LastEdit {
    device: usize,
    /// The value that was written, or `None` if the record was deleted.
    value: Option<String>,
}

pub struct Run {
    pub tested: &'static TestContract,
    pub chance: Chance,
    pub now: i64,
    pub server: Server,
    pub devices: Vec<Device>,
    network: Vec<Packet>,
    /// The last response to a push and to a pull of each account, with the account and whether it was a push.
    earlier: Vec<(usize, bool, ServerResponse)>,
    /// Requests that will be delivered a second time.
    duplicates: Vec<Packet>,
    last_edits: BTreeMap<(usize, Key), LastEdit>,
    writers: BTreeMap<(usize, Key), BTreeSet<usize>>,
    /// The acknowledged edit of a record with the highest stamp, and the stamp. A later edit of the same device follows it, whatever its stamp:
    /// the device may not have received the acknowledgement before the server lost the edit (R8, R9).
    acknowledged: BTreeMap<(usize, Key), (Op, i64)>,
    /// Records whose final state is not determined: poisoned, or edited on a device that was rolled back.
    open: BTreeSet<(usize, Key)>,
    /// Records with a member written by a newer app, which this app does not know.
    marked: BTreeSet<(usize, Key)>,
    /// Versions that this app cannot read.
    unreadable: BTreeSet<(usize, Key)>,
    /// Devices that share an id until one of them notices. Their edit counts mean nothing until then (R20).
    twins: BTreeSet<usize>,
    /// Whether an old copy of a database has been restored.
    rolled_back: bool,
    /// Devices whose database was put back from a copy or copied.
    put_back: BTreeSet<usize>,
    /// The number of databases that were discarded.
    discarded: u128,
    newer_app_edits: u64,
    /// Sessions that have ended, by device: another device has revoked them.
    ended: BTreeSet<(usize, u64)>,
    /// Exports that may be imported later.
    exports: Vec<Export>,
    /// The ids of the edits that imports have made.
    imported: BTreeSet<Uuid>,
}

fn trace() -> bool {
    std::env::var_os("SIMULATION_TRACE").is_some()
}

/// The value of a shipped record.
pub const SHIPPED: &str = "seed";
pub const ACCOUNTS: usize = 2;
/// The number of devices of the first and the second account.
const DEVICES: [usize; 2] = [3, 1];
const STEPS: usize = 400;

/// Runs the first part, in which all faults can occur, and then the end, in which none occur.
pub fn play(tested: &'static TestContract, seed: u64) -> Result<(), String> {
    let mut run = Run::new(tested, seed);
    for _ in 0..STEPS {
        run.step(true)?;
    }
    run.quieten("after the faults")?;
    run.check()?;
    run.last_edit_wins()?;
    run.replay_changes_nothing()
}

pub fn account_id(account: usize) -> Uuid {
    Uuid::from_u128(0xACC0 + account as u128)
}

/// The value of the member that runs write in a record.
pub fn value_of(text: &str) -> String {
    let tape = stronglog_sync::api::runtime::schema::parse(text.as_bytes()).expect("JSON");
    tape.root().get("v").and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

impl Run {
    pub fn new(tested: &'static TestContract, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let homes = DEVICES.iter().enumerate().flat_map(|(account, count)| std::iter::repeat_n(account, *count));
        let contract = tested.contract;
        let device = |(number, account)| Device::new(contract.contract, number, account, account_id(account), &mut chance);
        let devices = homes.enumerate().map(device).collect();
        Run {
            tested,
            server: Server::new(contract),
            devices,
            chance,
            now: 0,
            network: Vec::new(),
            earlier: Vec::new(),
            duplicates: Vec::new(),
            last_edits: BTreeMap::new(),
            writers: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            open: BTreeSet::new(),
            marked: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            twins: BTreeSet::new(),
            rolled_back: false,
            put_back: BTreeSet::new(),
            discarded: 0,
            newer_app_edits: 0,
            ended: BTreeSet::new(),
            exports: Vec::new(),
            imported: BTreeSet::new(),
        }
    }

    /// Picks a record of an account: two belong to one device, the others are shared.
    fn key(&mut self, device: usize) -> Key {
        let account = self.devices[device].account as u128;
        let number = self.devices[device].number as u128;
        let tested = self.tested;
        let plain = |id: u128| Key { collection: tested.plain(), id: Uuid::from_u128((account + 1) << 64 | id) };
        let singleton = stronglog_sync::pull::singleton_id(tested.singleton()).expect("a fixed id");
        match self.chance.below(8) {
            own @ 0..3 => plain((number + 1) << 16 | own as u128),
            shared @ 3..6 => plain(shared as u128),
            6 => Key { collection: tested.singleton(), id: singleton },
            _ => Key { collection: tested.seeded(), id: Uuid::from_u128(0x5EED) },
        }
    }

    fn step(&mut self, faults: bool) -> Result<(), String> {
        self.now += self.chance.pick(&[0, 0, 1, 7, 40, 700, 2_500]);
        let device = self.chance.below(self.devices.len());
        match self.chance.below(100) {
            0..14 if faults => self.edit(device)?,
            14..46 => self.hear(device)?,
            46..70 => self.work(device, faults)?,
            70..90 => self.deliver(faults)?,
            90..93 => self.tick(device)?,
            _ if faults => self.fault(device)?,
            _ => {}
        }
        Ok(())
    }

    fn edit(&mut self, device: usize) -> Result<(), String> {
        let key = self.key(device);
        let account = self.devices[device].account;
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
                    let seed = self.tested.record(key.collection, key.id, SHIPPED);
                    self.devices[device].edit(key, &LocalEdit::Seed(seed), self.now, &mut self.chance)?;
                    return Ok(());
                }
                _ => LocalEdit::Put(self.edited(device, key, &value)),
            };
            let now = self.now;
            if let Some(record) = self.devices[device].edit(key, &edit, now, &mut self.chance)? {
                if trace() {
                    eprintln!("{} EDIT d{device} {key:?} {}", self.now, record.text);
                }
                let value = (!record.deleted).then_some(value);
                self.last_edits.insert((account, key), LastEdit { device, value });
                self.server.edited(account, key.id);
                self.writers.entry((account, key)).or_default().insert(device);
                if self.twins.contains(&device) {
                    self.open.insert((account, key));
                }
            }
        }
        Ok(())
    }

    /// The record with another value, based on its current text or on what a form showed earlier. All other members stay unchanged, known
    /// or not.
    fn edited(&mut self, device: usize, key: Key, value: &str) -> String {
        let row = self.devices[device].store.get(key).expect("a store in memory");
        let live = row.filter(|row| !row.record.deleted);
        let shown = live.map_or_else(|| self.tested.record(key.collection, key.id, value), |row| row.record.text);
        let form = if self.chance.of_thousand(200) { self.devices[device].forms.remove(&key) } else { None };
        let known = form.unwrap_or_else(|| {
            self.devices[device].forms.insert(key, shown.clone());
            shown
        });
        stronglog_sync::record::rewrite(&known, &[("v", Some(format!("\"{value}\"")))]).expect("an object")
    }

    /// Passes a waiting event to a device's engine, not always in the order of occurrence.
    fn hear(&mut self, device: usize) -> Result<(), String> {
        let waiting = self.devices[device].inbox.len();
        if waiting > 0 {
            let mut place = self.chance.below(waiting);
            // The user's actions are passed in the order in which they were done.
            let of_user = |event: &Event| matches!(event, Event::SignedIn { .. } | Event::SignedOut | Event::Pause | Event::Resume);
            if of_user(&self.devices[device].inbox[place]) {
                place = self.devices[device].inbox.iter().position(of_user).unwrap_or(place);
            }
            let event = self.devices[device].inbox.remove(place);
            self.devices[device].tell(event, self.now, &mut self.chance)?;
        }
        Ok(())
    }

    /// Carries out one of the commands of a device's engine.
    fn work(&mut self, index: usize, faults: bool) -> Result<(), String> {
        let device = &mut self.devices[index];
        if device.jobs.is_empty() {
            return Ok(());
        }
        let (job, rows) = device.jobs.remove(self.chance.below(device.jobs.len()));
        match job {
            Command::Load { edits, limit } => {
                let rows = device.load(edits, limit);
                device.inbox.push(Event::Loaded(rows));
            }
            Command::Persist(task) => {
                let before = device.unacknowledged();
                self.persist(index, task, rows, faults);
                return self.devices[index].check_overwritten(&before);
            }
            Command::Refresh { request } if faults && self.chance.of_thousand(100) => {
                device.inbox.push(Event::NoResponse { request, error: network::lost(false) });
            }
            Command::Refresh { request } => {
                let valid = !self.ended.contains(&(index, device.session)) && (!faults || self.chance.of_thousand(800));
                device.inbox.push(Event::Refreshed { request, valid });
            }
            Command::Send { request, account, message } => return self.send(index, request, account, message),
            Command::WakeAt(_) | Command::Cancel { .. } => {}
        }
        Ok(())
    }

    fn persist(&mut self, index: usize, task: Task, rows: Option<Vec<stronglog_sync::store::Row>>, faults: bool) {
        let device = &mut self.devices[index];
        let account = account_id(device.account);
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

    fn tick(&mut self, device: usize) -> Result<(), String> {
        if self.devices[device].wake_at.is_some_and(|at| at <= self.now) {
            self.devices[device].tell(Event::Tick, self.now, &mut self.chance)?;
        }
        Ok(())
    }
}
