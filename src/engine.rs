//! The sync engine: a state machine that takes events and returns commands. It uses no clock, socket, disk, thread or source of randomness,
//! so the same engine runs under tokio, in a browser worker and in a simulation that can reproduce every fault.
//!
//! A cycle pushes the pending edits, parents first, then pulls until there are no more pages, and repeats while edits are pending. While
//! one step is stored, the engine fetches the next page or sends the next edits. A single timer is set whenever there is work ahead (R14).

use uuid::Uuid;

use crate::api::collection::Contract;
use crate::cursor::Cursor;
use crate::digest::DifferenceState;
use crate::engine::failing::PushHold;
use crate::engine::pulling::Pulling;
use crate::engine::pushing::{PUSHES_AHEAD, Pushing};
use crate::engine::size::Size;
use crate::failure::{FailureCause, SyncFailure};
use crate::retry::Backoff;
use crate::rules::{self, Rule};
use crate::schedule::Schedule;
use crate::status::{Status, SyncState};
use crate::store::{Edits, Resync};
use crate::task::{Done, Snapshot, Task};

mod event;
mod failing;
mod pulling;
mod pushing;
pub mod response;
mod settings;
mod size;

pub use event::{Call, Command, Event, Message, TransportError};
pub use settings::Settings;

/// A resync deletes fewer records than this without asking, even if they are nearly all.
const DELETIONS_FEW: u64 = 10;

/// The state of the engine.
#[derive(Debug)]
pub struct Engine {
    contract: &'static Contract,
    settings: Settings,
    /// The store after the last durable step.
    snapshot: Snapshot,
    work: Work,
    wants: Wants,
    schedule: Schedule,
    backoff: Backoff,
    account: Option<Uuid>,
    paused: bool,
    obstacle: Option<Obstacle>,
    push_hold: Option<PushHold>,
    push_backoff: Backoff,
    /// Counts how often the server has asked for a new start since the device last came to rest.
    restarts: Backoff,
    token: Token,
    /// The maximum number of changes in a page.
    page_size: Size,
    /// The maximum number of edits in a push.
    push_size: Size,
    /// Whether the last comparison with the server's digest has found a difference. Another process may have written at the same time, so
    /// one comparison proves nothing.
    difference_suspected: bool,
    /// Whether the user has asked for a sync or signed in since the last comparison. The engine then acts on a difference at once.
    user_is_waiting: bool,
    /// The number of consecutive pushes with edits rejected for their stamps or the device's id.
    undone: u32,
    requests: u64,
    /// The cursor of the last request for a page.
    asked_since: Option<String>,
    last_error: Option<String>,
    offline: bool,
}

/// The handling of one event: the time, a random number, and the resulting commands.
pub(crate) struct Turn {
    now_ms: i64,
    jitter: u64,
    commands: Vec<Command>,
}

/// The work in progress. There is one piece of work at a time, except that a request may be in flight while the previous response is being
/// stored.
#[derive(Debug)]
enum Work {
    Idle,
    Loading,
    Pushing(Pushing),
    Pulling(Pulling),
    Storing(Step),
}

/// A step that is being stored while no request is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Sweep,
    FinishResync,
    Other,
}

/// The work to do as soon as sync is allowed to continue.
#[derive(Clone, Copy, Debug, Default)]
struct Wants {
    push: bool,
    pull: bool,
}

impl Wants {
    fn any(self) -> bool {
        self.push || self.pull
    }
}

/// The next piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    Pull { since: Option<String> },
    Push,
    LookAgain,
    Sweep,
}

/// Whether the token was refreshed since the last success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Unrefreshed,
    /// The request that refreshes it is in progress.
    Refreshing(u64),
    Refreshed,
}

impl Token {
    fn is_refreshing(self) -> bool {
        matches!(self, Token::Refreshing(_))
    }

    fn stop_refreshing(&mut self) {
        if self.is_refreshing() {
            *self = Token::Refreshed;
        }
    }
}

/// A condition that stops sync until the user acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    NeedsAuth,
    UpgradeRequired,
}

impl Engine {
    /// Creates an engine for a store with this snapshot and records of this contract.
    pub fn new(contract: &'static Contract, settings: Settings, snapshot: Snapshot) -> Self {
        Engine {
            contract,
            page_size: Size::new(settings.page_changes_max),
            push_size: Size::new(settings.push_changes_max),
            settings,
            snapshot,
            work: Work::Idle,
            wants: Wants { push: true, pull: true },
            schedule: Schedule::default(),
            backoff: Backoff::default(),
            account: None,
            paused: false,
            obstacle: None,
            push_hold: None,
            push_backoff: Backoff::default(),
            restarts: Backoff::default(),
            token: Token::Unrefreshed,
            difference_suspected: false,
            user_is_waiting: false,
            undone: 0,
            requests: 0,
            asked_since: None,
            last_error: None,
            offline: false,
        }
    }

    /// Handles an event, and returns the commands to run. `now_ms` is the time of a monotonic clock; `jitter` is a random number.
    pub fn handle(&mut self, event: Event, now_ms: i64, jitter: u64) -> Vec<Command> {
        let mut turn = Turn { now_ms, jitter, commands: Vec::new() };
        self.take(event, &mut turn);
        self.advance(&mut turn);
        turn.commands.push(Command::WakeAt(self.wake_at()));
        turn.commands
    }

    /// The status of sync, derived from the store after the last step (R19).
    pub fn status(&self, now_ms: i64) -> Status {
        let needs_confirmation = self.needs_confirmation();
        let state = match (self.account, self.obstacle) {
            _ if !self.snapshot.meta.enabled => SyncState::Off,
            (None, Some(Obstacle::NeedsAuth)) => SyncState::NeedsAuth,
            (None, _) => SyncState::Off,
            _ if self.is_foreign() => SyncState::NeedsAuth,
            (_, Some(Obstacle::NeedsAuth)) => SyncState::NeedsAuth,
            _ if self.paused => SyncState::Paused,
            (_, Some(Obstacle::UpgradeRequired)) => SyncState::UpgradeRequired,
            _ if needs_confirmation => SyncState::NeedsConfirmation,
            _ if self.token.is_refreshing() || !matches!(self.work, Work::Idle) => SyncState::Syncing,
            _ if self.offline || self.push_hold.as_ref().is_some_and(|held| held.cause == FailureCause::Offline) => SyncState::Offline,
            _ => SyncState::Idle,
        };
        let mut status = Status::of(self.contract, &self.snapshot, state);
        status.next_attempt_in_ms = self.wake_at().map(|at| (at - now_ms).max(0));
        status.to_be_deleted = if needs_confirmation { self.snapshot.counts.unseen } else { 0 };
        status.last_error = self.last_error.clone().or_else(|| self.push_hold.as_ref().map(|held| held.message.clone()));
        status
    }

    /// Why sync does not succeed. `None` if the last attempt has succeeded, or there was none yet. `at` is the time of day.
    pub fn failure(&self, at: i64) -> Option<SyncFailure> {
        let held = self.push_hold.as_ref();
        let (cause, message) = match (self.obstacle, &self.last_error, held) {
            (Some(Obstacle::NeedsAuth), error, _) => (FailureCause::NeedsAuth, error.as_deref().unwrap_or("the session has ended")),
            (Some(Obstacle::UpgradeRequired), Some(error), _) => (FailureCause::UpgradeRequired, error.as_str()),
            (_, Some(error), _) if self.offline => (FailureCause::Offline, error.as_str()),
            (_, Some(error), _) => (FailureCause::Other, error.as_str()),
            (_, None, Some(held)) => (held.cause, held.message.as_str()),
            (_, None, None) => return None,
        };
        Some(SyncFailure { at, cause, message: message.to_owned() })
    }

    /// Whether the engine is waiting for new work, for a time, or for an action of the user. Calls that requested a sync return at this
    /// point, and the status names the action (R28).
    pub fn is_waiting(&self, now_ms: i64) -> bool {
        let has_next = self.next().is_some() || self.wants.any() && !rules::on(Rule::QuestionsAreReported);
        matches!(self.work, Work::Idle) && !self.token.is_refreshing() && (!has_next || !self.may_send() || self.schedule.is_held(now_ms))
    }

    fn take(&mut self, event: Event, turn: &mut Turn) {
        match event {
            Event::Written(snapshot) => {
                self.renew(snapshot);
                self.schedule.written(turn.now_ms);
            }
            Event::Changed(snapshot) => {
                self.renew(snapshot);
                self.try_now();
                if !self.snapshot.meta.enabled {
                    self.stop(turn);
                }
            }
            Event::Tick => self.tick(turn.now_ms),
            Event::Online(online) => {
                self.offline = !online;
                if online {
                    self.try_now();
                }
            }
            // A lower one means that the server has gone back to an earlier state.
            Event::Notified { rev } => self.wants.pull |= self.seen_rev() != Some(rev),
            Event::Probe => self.try_now(),
            Event::SyncNow => {
                self.user_is_waiting = true;
                if self.obstacle == Some(Obstacle::UpgradeRequired) {
                    self.obstacle = None;
                }
                self.try_now();
            }
            Event::Pause => {
                self.paused = true;
                self.stop(turn);
            }
            Event::Resume => {
                self.paused = false;
                self.try_now();
            }
            Event::SignedIn { account } => self.signed_in(account),
            Event::SignedOut => {
                self.account = None;
                self.obstacle = None;
                self.token.stop_refreshing();
                self.stop(turn);
            }
            Event::Loaded(rows) => self.push(&rows, turn),
            Event::Persisted(done) => self.persisted(done, turn),
            Event::StoreFailed { message } => {
                self.stop(turn);
                self.work = Work::Idle;
                self.fail(message, turn);
            }
            // It is unknown whether the session continues: the next request shows it, and may refresh the token again.
            Event::NoResponse { request, error } if self.token == Token::Refreshing(request) => {
                self.token = Token::Unrefreshed;
                self.unreachable(error.message, turn);
            }
            Event::Responded { request, response } if self.is_awaited(request) => self.responded(response, turn),
            Event::NoResponse { request, error } if self.is_awaited(request) => self.exchanged(Err(error), turn),
            // The result of a refresh is obsolete once somebody has signed in again, and may arrive during the next refresh.
            Event::Refreshed { request, valid } if self.is_refreshing(request) => {
                self.token.stop_refreshing();
                if !valid {
                    self.obstacle = Some(Obstacle::NeedsAuth);
                }
            }
            Event::Responded { .. } | Event::NoResponse { .. } | Event::Refreshed { .. } => {}
        }
    }

    fn signed_in(&mut self, account: Uuid) {
        self.account = Some(account);
        self.obstacle = None;
        self.token = Token::Unrefreshed;
        self.user_is_waiting = true;
        self.try_now();
    }

    /// Replaces the snapshot of the store, unless the current one is newer.
    fn renew(&mut self, snapshot: Snapshot) {
        if snapshot.meta.version >= self.snapshot.meta.version || !rules::on(Rule::NewestSnapshot) {
            self.snapshot = snapshot;
        }
    }

    /// Retries everything at once, regardless of earlier failures.
    fn try_now(&mut self) {
        self.backoff.reset();
        self.push_backoff.reset();
        self.restarts.reset();
        self.schedule.clear_hold();
        self.push_hold = None;
        self.wants = Wants { push: true, pull: true };
    }

    fn tick(&mut self, now: i64) {
        self.schedule.release_hold(now);
        if self.push_hold.take_if(|held| held.until <= now).is_some() || self.schedule.take_writes(now) {
            self.wants.push = true;
        }
        if self.schedule.take_poll(now) {
            self.wants.pull = true;
            if self.obstacle == Some(Obstacle::UpgradeRequired) {
                self.obstacle = None;
            }
        }
    }

    /// Cancels the request in flight. A step that is being stored is completed.
    fn stop(&mut self, turn: &mut Turn) {
        turn.commands.extend(self.request().map(|request| Command::Cancel { request }));
        self.wants = Wants { push: true, pull: true };
        self.work = match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Pushing(pushing) => pushing.without_request().map_or(Work::Idle, Work::Pushing),
            Work::Pulling(pulling) => pulling.without_request().map_or(Work::Idle, Work::Pulling),
            work @ (Work::Idle | Work::Loading | Work::Storing(_)) => work,
        };
    }

    /// The request in flight.
    fn request(&self) -> Option<u64> {
        match &self.work {
            Work::Pushing(pushing) => pushing.request(),
            Work::Pulling(pulling) => pulling.request(),
            Work::Idle | Work::Loading | Work::Storing(_) => None,
        }
    }

    fn is_awaited(&self, request: u64) -> bool {
        self.request() == Some(request)
    }

    fn is_refreshing(&self, request: u64) -> bool {
        matches!(self.token, Token::Refreshing(current) if current == request || !rules::on(Rule::RefreshIsNumbered))
    }

    /// Whether the signed-in account is not the one that the records belong to.
    fn is_foreign(&self) -> bool {
        rules::on(Rule::OneAccount) && self.account.is_some() && self.account != self.snapshot.meta.owner
    }

    /// The revision up to which this device has seen everything.
    fn seen_rev(&self) -> Option<u64> {
        self.snapshot.meta.cursor.as_deref().and_then(|text| text.parse::<Cursor>().ok()).map(|cursor| cursor.rev)
    }

    /// The outcome of the last difference from the server's digest.
    fn difference(&self) -> Option<DifferenceState> {
        self.snapshot.meta.difference.map(|difference| difference.state)
    }

    fn needs_confirmation(&self) -> bool {
        let counts = &self.snapshot.counts;
        let asked = self.snapshot.meta.resync.as_ref().is_some_and(Resync::is_undecided);
        let is_nearly_all = counts.unseen >= DELETIONS_FEW && counts.unseen >= counts.live - counts.live / 10;
        asked && (is_nearly_all || counts.unseen > self.settings.deletions_unasked.max(counts.live / 5))
    }

    /// Whether sending is allowed.
    fn may_send(&self) -> bool {
        let allowed = self.snapshot.meta.enabled && !self.paused && self.obstacle.is_none() && !self.token.is_refreshing();
        allowed && self.account.is_some() && !self.is_foreign()
    }

    /// The next piece of work, once sync is allowed to continue. There is none while the user is asked whether a resync may delete records, unless
    /// they ask for a sync instead of answering.
    fn next(&self) -> Option<Next> {
        let meta = &self.snapshot.meta;
        match &meta.resync {
            Some(resync) if !resync.pulled => Some(Next::Pull { since: resync.cursor.clone() }),
            Some(_) if self.needs_confirmation() => self.user_is_waiting.then_some(Next::LookAgain),
            Some(_) => Some(Next::Sweep),
            // A device that joins an account pulls before it pushes.
            None if meta.cursor.is_none() && self.wants.any() => Some(Next::Pull { since: None }),
            None if self.wants.push && self.sendable().is_some() => Some(Next::Push),
            None if self.wants.pull => Some(Next::Pull { since: meta.cursor.clone() }),
            None => None,
        }
    }

    /// Starts the next piece of work if none is in progress and sending is allowed.
    fn advance(&mut self, turn: &mut Turn) {
        if !matches!(self.work, Work::Idle) || !self.may_send() || self.schedule.is_held(turn.now_ms) {
            return;
        }
        self.tick(turn.now_ms);
        match self.next() {
            Some(Next::Pull { since }) => self.pull(since, turn),
            Some(Next::Sweep) => self.store(Task::Sweep, turn),
            // What was missing may be available again.
            Some(Next::LookAgain) => {
                self.user_is_waiting = false;
                self.store(Task::LookAgain, turn);
            }
            Some(Next::Push) => {
                self.wants.push = false;
                self.schedule.forget_writes();
                self.work = Work::Loading;
                let edits = self.sendable().unwrap_or(Edits::All);
                turn.commands.push(Command::Load { edits, limit: self.push_size.changes() * (1 + PUSHES_AHEAD) });
            }
            None => {}
        }
    }

    fn store(&mut self, task: Task, turn: &mut Turn) {
        self.work = Work::Storing(match task {
            Task::Sweep => Step::Sweep,
            Task::FinishResync => Step::FinishResync,
            _ => Step::Other,
        });
        turn.commands.push(Command::Persist(task));
    }

    fn send(&mut self, message: Message, turn: &mut Turn) -> Option<u64> {
        let account = self.account?;
        self.requests += 1;
        turn.commands.push(Command::Send { request: self.requests, account, message });
        Some(self.requests)
    }

    fn persisted(&mut self, done: Done, turn: &mut Turn) {
        self.renew(done.snapshot.clone());
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Pulling(Pulling::Storing(following)) => self.page_stored(following, &done, turn),
            Work::Pushing(pushing) => self.outcomes_stored(pushing, &done, turn),
            Work::Storing(Step::Sweep) if done.swept == 0 => self.store(Task::FinishResync, turn),
            Work::Storing(step) => {
                self.step_stored(turn.now_ms);
                // The end of the next pull shows whether the difference is gone.
                self.wants.pull |= step == Step::FinishResync && self.difference() == Some(DifferenceState::Resyncing);
            }
            other => self.work = other,
        }
    }

    /// Ends a cycle's step. Edits made in the meantime are pushed when their debounce ends; earlier pending edits are pushed now.
    fn step_stored(&mut self, now: i64) {
        self.schedule.poll_at(now.saturating_add(self.settings.poll_ms));
        self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes();
    }

    /// When the engine must be woken by the timer. Work in progress needs no timer, because it ends with an event.
    fn wake_at(&self) -> Option<i64> {
        if !self.snapshot.meta.enabled
            || self.account.is_none()
            || self.is_foreign()
            || self.paused
            || self.obstacle == Some(Obstacle::NeedsAuth)
        {
            return None;
        }
        if !rules::on(Rule::TimerAlwaysArmed) {
            return self.schedule.wake_at(false);
        }
        let held = self.push_hold.as_ref().map(|held| held.until);
        self.schedule.wake_at(self.next().is_some()).into_iter().chain(held).min()
    }
}
