//! The sans-IO engine of `stronglog-sync` for TypeScript: takes events and responses as text, and returns commands and plans as text.

use std::collections::BTreeMap;

use stronglog_sync::engine::response::ServerResponse;
use stronglog_sync::engine::{self, Engine, Event, Settings, TransportError};
use stronglog_sync::task::{Done, Snapshot, Task};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::contract::contract;
use crate::messages::{Call, Command, Happened, Turn, UserRequest};
use crate::random::{random, whole, with_clock_and_rng};
use crate::rows::{Counted, LoadedRow, Plan, Selection, Writes, read, read_loaded, read_meta, write};

/// The engine, and the durable steps requested by the engine or the app that are not stored yet.
#[wasm_bindgen]
pub struct SyncEngine {
    engine: Engine,
    base_url: String,
    steps: BTreeMap<u32, Step>,
    steps_made: u32,
    bodies: BTreeMap<u64, Vec<u8>>,
}

struct Step {
    task: Task,
    /// Whether the engine requested the step and waits for it.
    of_engine: bool,
    done: Done,
}

#[wasm_bindgen]
impl SyncEngine {
    /// Creates an engine over a store in this state. `poll_ms` is the interval between pulls when nothing else triggers one.
    ///
    /// # Errors
    /// Returns an error if the database is damaged.
    #[wasm_bindgen(constructor)]
    pub fn new(base_url: String, poll_ms: Option<f64>, meta: &str, counts: &str) -> Result<SyncEngine, String> {
        let defaults = Settings::default();
        let settings = Settings { poll_ms: poll_ms.map_or(defaults.poll_ms, whole), ..defaults };
        let engine = Engine::new(contract(), settings, snapshot(meta, counts)?);
        Ok(SyncEngine { engine, base_url, steps: BTreeMap::new(), steps_made: 0, bodies: BTreeMap::new() })
    }

    /// Passes an event to the engine, as JSON of `Happened`. Returns what to do, as JSON of `Turn`.
    ///
    /// # Errors
    /// Returns an error if the event is unknown.
    pub fn happened(&mut self, event: &str, now_ms: f64) -> Result<String, String> {
        let event: Happened = read(event)?;
        Ok(self.handle(event.into(), now_ms))
    }

    /// Tells the engine that the app has written and that its edits are stored.
    ///
    /// # Errors
    /// Returns an error if the database is damaged.
    pub fn written(&mut self, meta: &str, counts: &str, now_ms: f64) -> Result<String, String> {
        let snapshot = snapshot(meta, counts)?;
        Ok(self.handle(Event::Written(snapshot), now_ms))
    }

    /// Passes the rows that a `load` command requested.
    ///
    /// # Errors
    /// Returns an error if the database is damaged.
    pub fn loaded(&mut self, rows: Vec<LoadedRow>, now_ms: f64) -> Result<String, String> {
        let rows = rows.iter().filter_map(|row| row.read().map(|entry| entry.row).transpose()).collect::<Result<_, String>>()?;
        Ok(self.handle(Event::Loaded(rows), now_ms))
    }

    /// Passes the response to a request. `account` is the header `X-Account`.
    pub fn answered(
        &mut self,
        request: f64,
        status: u16,
        account: Option<String>,
        retry_after_ms: Option<f64>,
        body: Vec<u8>,
        now_ms: f64,
    ) -> String {
        let retry_after_ms = retry_after_ms.map(|wait| whole(wait).unsigned_abs());
        let response = ServerResponse { status, account, retry_after_ms, body };
        self.handle(Event::Responded { request: whole(request).unsigned_abs(), response }, now_ms)
    }

    /// Reports that a request or a refresh got no response. `is_cut`: whether the connection broke while the request or the response was in
    /// transit.
    pub fn unanswered(&mut self, request: f64, message: String, is_cut: bool, now_ms: f64) -> String {
        let error = TransportError { message, is_cut };
        self.handle(Event::NoResponse { request: whole(request).unsigned_abs(), error }, now_ms)
    }

    /// Reports the end of a refresh. `valid`: whether there is a token to continue with.
    pub fn refreshed(&mut self, request: f64, valid: bool, now_ms: f64) -> String {
        self.handle(Event::Refreshed { request: whole(request).unsigned_abs(), valid }, now_ms)
    }

    /// Takes the body of a request that is about to be sent.
    pub fn body(&mut self, request: f64) -> Option<Vec<u8>> {
        self.bodies.remove(&whole(request).unsigned_abs())
    }

    /// Begins a durable step that the app requests, as JSON of `UserRequest`. Returns its number, or `None` if there is nothing to do.
    ///
    /// # Errors
    /// Returns an error if the task is unknown.
    pub fn begin(&mut self, task: &str) -> Result<Option<u32>, String> {
        let wanted: UserRequest = read(task)?;
        Ok(wanted.task()?.map(|task| self.step(task, false)))
    }

    /// The rows that a step needs, as JSON.
    ///
    /// # Errors
    /// Returns an error if the step is unknown.
    pub fn select(&self, step: u32) -> Result<String, String> {
        self.steps.get(&step).map(|step| write(&Selection::of(&step.task.select()))).ok_or_else(|| no_step(step))
    }

    /// Plans a step inside the transaction that has loaded its rows.
    ///
    /// # Errors
    /// Returns an error if the database is damaged.
    pub fn plan(&mut self, step: u32, meta: &str, rows: Vec<LoadedRow>, wall_ms: f64) -> Result<Plan, String> {
        let Step { task, done, .. } = self.steps.get_mut(&step).ok_or_else(|| no_step(step))?;
        let mut loaded = read_loaded(meta, &rows)?;
        *done = Done::default();
        let planned = with_clock_and_rng(wall_ms, |clock| task.plan(&mut loaded, clock, done));
        let planned =
            planned.map_err(|report| format!("cannot change a stored record, which is damaged: {report}; sign in with a new database"))?;
        let (mut writes, mut texts) = (Writes::default(), Vec::with_capacity(planned.len()));
        writes.take(planned, &mut texts);
        Ok(writes.into_plan(loaded.meta, texts))
    }

    /// Tells the engine that the step is stored, and passes the new state of the store.
    ///
    /// # Errors
    /// Returns an error if the step is unknown, or the database is damaged.
    pub fn stored(&mut self, step: u32, meta: &str, counts: &str, now_ms: f64) -> Result<String, String> {
        let snapshot = snapshot(meta, counts)?;
        let Step { of_engine, mut done, .. } = self.steps.remove(&step).ok_or_else(|| no_step(step))?;
        done.snapshot = snapshot;
        let event = if of_engine { Event::Persisted(done) } else { Event::Changed(done.snapshot) };
        Ok(self.handle(event, now_ms))
    }

    /// Reports that the step cannot be stored. The engine is informed if it waits for the step.
    pub fn failed(&mut self, step: u32, message: String, now_ms: f64) -> String {
        match self.steps.remove(&step) {
            Some(Step { of_engine: true, .. }) => self.handle(Event::StoreFailed { message }, now_ms),
            _ => self.turn(Vec::new(), now_ms),
        }
    }
}

impl SyncEngine {
    fn handle(&mut self, event: Event, now_ms: f64) -> String {
        let commands = self.engine.handle(event, whole(now_ms), random());
        let commands = commands.into_iter().map(|command| self.command(command)).collect();
        self.turn(commands, now_ms)
    }

    fn turn(&self, commands: Vec<Command>, now_ms: f64) -> String {
        let now = whole(now_ms);
        let status = self.engine.status(now);
        write(&Turn { commands, listens: status.state.listens(), status, waiting: self.engine.is_waiting(now) })
    }

    fn command(&mut self, command: engine::Command) -> Command {
        match command {
            engine::Command::Load { edits, limit } => Command::Load { edits, limit },
            engine::Command::Persist(task) => Command::Persist { step: self.step(task, true) },
            engine::Command::Send { request, account, message } => {
                let mut call = message.call();
                if let Some(body) = call.body.take() {
                    self.bodies.insert(request, body);
                }
                let call = Call::of(&call, &self.base_url);
                Command::Send { request, account, call }
            }
            engine::Command::Refresh { request } => Command::Refresh { request },
            engine::Command::WakeAt(at) => Command::WakeAt { at },
            engine::Command::Cancel { request } => {
                self.bodies.remove(&request);
                Command::Cancel { request }
            }
        }
    }

    fn step(&mut self, task: Task, of_engine: bool) -> u32 {
        self.steps_made += 1;
        self.steps.insert(self.steps_made, Step { task, of_engine, done: Done::default() });
        self.steps_made
    }
}

fn snapshot(meta: &str, counts: &str) -> Result<Snapshot, String> {
    Ok(Snapshot { meta: read_meta(meta)?, counts: Counted::read_counts(counts)? })
}

fn no_step(step: u32) -> String {
    format!("cannot take the step {step}: it was stored before, or has failed")
}
