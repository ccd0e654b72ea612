//! The async loop that passes events to the engine and carries out its commands.

pub(crate) mod notifications;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::clock::ClockAndRng;
use crate::engine::{Command, Engine, Event, Message};
use crate::error::{Error, Kind};
use crate::failure::SyncFailure;
use crate::status::{Status, SyncState};
use crate::store::{Key, Select, Store, StoreError};
use crate::task::{Done, Task};
use crate::transport::Link;

/// A store shared by the driver and the app's own calls.
pub(crate) type SharedStore = Arc<Mutex<Box<dyn Store>>>;

/// Runs `job` with exclusive access to the store.
pub(crate) fn with_store<T>(store: &SharedStore, job: impl FnOnce(&mut dyn Store) -> T) -> T {
    // A panic in a plan changes nothing, because the transaction is never committed.
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    job(&mut **store)
}

/// Runs `job` with the current time and a source of random numbers.
pub(crate) fn with_clock_and_rng<T>(job: impl FnOnce(&mut ClockAndRng<'_>) -> T) -> T {
    job(&mut ClockAndRng { now_ms: wall_ms(), random: &mut random })
}

/// The device's clock, in milliseconds since the Unix epoch.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn random() -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    high ^ low.rotate_left(32)
}

/// A message to the driver.
pub(crate) enum Signal {
    Event(Box<Event>),
    /// Sync now, and reply when the engine is waiting.
    SyncNow(oneshot::Sender<Status>),
    /// Reply when the engine is waiting.
    Settled(oneshot::Sender<Status>),
}

/// The state of the loop.
pub(crate) struct Driver {
    pub(crate) engine: Engine,
    pub(crate) store: SharedStore,
    pub(crate) link: Option<Arc<Link>>,
    pub(crate) signals: mpsc::UnboundedReceiver<Signal>,
    pub(crate) sender: mpsc::WeakUnboundedSender<Signal>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) changes: broadcast::Sender<Arc<[Key]>>,
    pub(crate) requests: HashMap<u64, AbortHandle>,
    pub(crate) waiting: Vec<oneshot::Sender<Status>>,
    /// Whether the engine was waiting after the last event.
    pub(crate) was_waiting: bool,
    pub(crate) started: Instant,
}

impl Driver {
    /// Runs until every handle to the client is dropped.
    pub(crate) async fn run(mut self) {
        let mut wake = None;
        while let Some(signal) = self.next(wake).await {
            let event = match signal {
                Signal::Event(event) => *event,
                Signal::SyncNow(waiting) => {
                    self.waiting.push(waiting);
                    Event::SyncNow
                }
                Signal::Settled(waiting) => {
                    self.waiting.push(waiting);
                    Event::Tick
                }
            };
            self.forget_finished(&event);
            self.count(&event);
            let commands = self.engine.handle(event, self.now(), random());
            for command in commands {
                match command {
                    Command::WakeAt(at) => wake = at,
                    other => self.carry_out(other),
                }
            }
            self.keep_failure().await;
            self.report();
        }
        self.requests.into_values().for_each(|request| request.abort());
    }

    /// Waits for the next signal or the timer.
    async fn next(&mut self, wake: Option<i64>) -> Option<Signal> {
        let Some(at) = wake else { return self.signals.recv().await };
        let wait = Duration::from_millis((at - self.now()).max(0).unsigned_abs());
        tokio::select! {
            signal = self.signals.recv() => signal,
            () = tokio::time::sleep(wait) => Some(Signal::Event(Box::new(Event::Tick))),
        }
    }

    /// The time of a monotonic clock, in milliseconds.
    fn now(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn forget_finished(&mut self, event: &Event) {
        if let Event::Responded { request, .. } | Event::NoResponse { request, .. } = event {
            self.requests.remove(request);
        }
    }

    fn count(&self, event: &Event) {
        if let (Event::Persisted(done), Some(link)) = (event, &self.link) {
            link.count(|traffic| {
                traffic.pushed += done.pushed.settled as u64;
                traffic.pulled += done.pulled.received as u64;
            });
        }
    }

    fn carry_out(&mut self, command: Command) {
        let Some(sender) = self.sender.upgrade() else { return };
        let say = move |event: Event| {
            // Sending fails only if the driver has ended.
            _ = sender.send(Signal::Event(Box::new(event)));
        };
        match command {
            Command::Load { edits, limit } => {
                let store = self.store.clone();
                tokio::task::spawn_blocking(move || {
                    let loaded = with_store(&store, |store| store.pending(edits, limit));
                    say(loaded.map_or_else(|error| Event::StoreFailed { message: error.to_string() }, Event::Loaded));
                });
            }
            Command::Persist(task) => {
                let (store, changes) = (self.store.clone(), self.changes.clone());
                tokio::task::spawn_blocking(move || {
                    let done = with_store(&store, |store| with_clock_and_rng(|clock| task.run(store, clock)));
                    announce(&changes, &task, done.is_ok());
                    say(done.map_or_else(|error| Event::StoreFailed { message: error.to_string() }, |done: Done| Event::Persisted(done)));
                });
            }
            Command::Send { request, account, message } => {
                let sent = tokio::spawn(send(self.link.clone(), request, account, message, say));
                self.requests.insert(request, sent.abort_handle());
            }
            Command::Refresh { request } => _ = tokio::spawn(refresh(self.link.clone(), request, say)),
            Command::Cancel { request } => {
                if let Some(request) = self.requests.remove(&request) {
                    request.abort();
                }
            }
            Command::WakeAt(_) => {}
        }
    }

    /// Keeps the failure of a sync that has ended, or deletes the last one if this sync has succeeded.
    async fn keep_failure(&mut self) {
        let now = self.now();
        let was_waiting = std::mem::replace(&mut self.was_waiting, self.engine.is_waiting(now));
        let failure = self.engine.failure(wall_ms());
        let succeeded = matches!(self.engine.status(now).state, SyncState::Idle | SyncState::NeedsConfirmation);
        if was_waiting || !self.was_waiting || failure.is_none() && !succeeded {
            return;
        }
        let store = self.store.clone();
        let kept = tokio::task::spawn_blocking(move || with_store(&store, |store| keep(store, failure)));
        // A database that cannot be written has failed the sync too, and its user sees that error.
        _ = kept.await;
    }

    fn report(&mut self) {
        let now = self.now();
        let status = self.engine.status(now);
        if self.engine.is_waiting(now) {
            // Sending fails only if the caller has stopped waiting.
            self.waiting.drain(..).for_each(|waiting| _ = waiting.send(status.clone()));
        }
        self.status.send_if_modified(|known| {
            let modified = *known != status;
            *known = status;
            modified
        });
    }
}

/// Stores why the last sync failed, or that it succeeded.
fn keep(store: &mut dyn Store, failure: Option<SyncFailure>) -> Result<(), StoreError> {
    if store.meta()?.failure == failure {
        return Ok(());
    }
    store.update(&Select::Keys(Vec::new()), &mut |loaded| {
        loaded.meta.failure = failure.clone();
        Ok(Vec::new())
    })
}

fn announce(changes: &broadcast::Sender<Arc<[Key]>>, task: &Task, done: bool) {
    if let (true, Select::Keys(keys)) = (done && changes.receiver_count() > 0, task.select())
        && !keys.is_empty()
    {
        // Sending fails only if the last receiver is gone.
        _ = changes.send(keys.into());
    }
}

async fn send(link: Option<Arc<Link>>, request: u64, account: Uuid, message: Message, say: impl FnOnce(Event)) {
    let response = match link {
        Some(link) => link.exchange(account, &message).await,
        None => Err(Kind::SignIn { doing: "sync" }.into()),
    };
    say(match response {
        Ok(response) => Event::Responded { request, response },
        Err(error) => Event::NoResponse { request, error: error.into() },
    });
}

async fn refresh(link: Option<Arc<Link>>, request: u64, say: impl FnOnce(Event)) {
    let refreshed = async {
        let link = link.ok_or(Kind::SignIn { doing: "sync" })?;
        let stale = link.tokens().await?.ok_or(Kind::SignIn { doing: "sync" })?;
        Ok::<_, Error>(link.refresh(&stale).await?.is_some())
    };
    say(match refreshed.await {
        Ok(valid) => Event::Refreshed { request, valid },
        Err(error) if error.is_auth() => Event::Refreshed { request, valid: false },
        Err(error) => Event::NoResponse { request, error: error.into() },
    });
}
