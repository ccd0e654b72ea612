//! The sync engine: a state machine that is told what happened and says what to do. It has no clock, socket, disk, thread or chance of
//! its own, so the same engine runs under tokio, in a browser's worker and in a simulation, and every fault can be played again.
//!
//! A cycle pushes what waits, parents first, then pulls until there is no more, and begins again while something waits. The next page is
//! fetched, and the next edits are sent, while one step is being stored. One timer is armed whenever there is something to wait for (R14).

use uuid::Uuid;

use crate::cursor::Cursor;
use crate::engine::answer::{Answered, failure};
use crate::engine::pulling::Pulling;
use crate::engine::pushing::{PUSHES_AHEAD, Pushing};
use crate::retry::{Backoff, Failure};
use crate::rules::{self, Rule};
use crate::schedule::Schedule;
use crate::status::{Status, SyncState};
use crate::store::Resync;
use crate::task::{Done, Snapshot, Task};

pub mod answer;
mod event;
mod pulling;
mod pushing;

pub use event::{Call, Command, Event, Message};

/// How the engine goes about it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often to pull when nothing else calls for it, in milliseconds.
    pub poll_ms: i64,
    /// The most changes asked for in a page.
    pub page_changes_max: u64,
    /// The most edits in a push.
    pub push_changes_max: usize,
    /// The most bytes in a push.
    pub push_bytes_max: usize,
    /// A resync asks the user before it deletes more live records than this, or more than a fifth of them, whichever is more.
    pub deletions_unasked: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            poll_ms: 60_000,
            page_changes_max: 1_000,
            push_changes_max: 500,
            push_bytes_max: 1024 * 1024 - 4096,
            deletions_unasked: 50,
        }
    }
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    /// The store as it was after the last durable step.
    snapshot: Snapshot,
    work: Work,
    wants: Wants,
    schedule: Schedule,
    backoff: Backoff,
    account: Option<Uuid>,
    paused: bool,
    obstacle: Option<Obstacle>,
    /// Whether a fresh token is on its way.
    refreshing: bool,
    /// Whether the token was refreshed since something last went well.
    refreshed: bool,
    /// The edits in a push at most: halved when the server finds a push too large.
    push_changes: usize,
    /// Pushes in a row that were refused for their time.
    skews: u32,
    requests: u64,
    last_error: Option<String>,
    offline: bool,
}

/// What is going on. One thing at a time, but for the request that is under way while the answer to the one before is being stored.
#[derive(Debug)]
enum Work {
    Idle,
    Loading,
    Pushing(Pushing),
    Pulling(Pulling),
    Storing(Step),
}

/// A step that is being stored while nothing else goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Sweep,
    Other,
}

/// What there is to do.
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
    Sweep,
}

/// What stands in the way until somebody does something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    NeedsAuth,
    UpgradeRequired,
}

/// How often an app that is too old asks whether it still is.
const UPGRADE_RETRY_MS: i64 = 60 * 60 * 1_000;

impl Engine {
    /// An engine over a store that is like this.
    pub fn new(settings: Settings, snapshot: Snapshot) -> Self {
        Engine {
            push_changes: settings.push_changes_max,
            settings,
            snapshot,
            work: Work::Idle,
            wants: Wants { push: true, pull: true },
            schedule: Schedule::default(),
            backoff: Backoff::default(),
            account: None,
            paused: false,
            obstacle: None,
            refreshing: false,
            refreshed: false,
            skews: 0,
            requests: 0,
            last_error: None,
            offline: false,
        }
    }

    /// Takes in an event. `now_ms` is a clock that never goes back; `jitter` is a random number.
    pub fn handle(&mut self, event: Event, now_ms: i64, jitter: u64) -> Vec<Command> {
        let mut commands = Vec::new();
        self.take(event, now_ms, jitter, &mut commands);
        self.advance(now_ms, &mut commands);
        commands.push(Command::WakeAt(self.wake_at()));
        commands
    }

    /// How sync stands.
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
            _ if self.refreshing || !matches!(self.work, Work::Idle) => SyncState::Syncing,
            _ if self.offline => SyncState::Offline,
            _ => SyncState::Idle,
        };
        let mut status = Status::of(&self.snapshot, state);
        status.next_attempt_in_ms = self.wake_at().map(|at| (at - now_ms).max(0));
        status.to_be_deleted = if needs_confirmation { self.snapshot.counts.unseen } else { 0 };
        status.last_error = self.last_error.clone();
        status
    }

    /// Whether the engine waits: for something to do, for a time to come, or for an act of the user. Whoever asked for a sync is answered
    /// then, and the status says which act (R28).
    pub fn is_waiting(&self, now_ms: i64) -> bool {
        let has_next = self.next().is_some() || self.wants.any() && !rules::on(Rule::QuestionsAreReported);
        matches!(self.work, Work::Idle) && !self.refreshing && (!has_next || !self.may_send() || self.schedule.is_held(now_ms))
    }

    fn take(&mut self, event: Event, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        match event {
            Event::Written(snapshot) => {
                self.renew(snapshot);
                self.schedule.written(now);
            }
            Event::Changed(snapshot) => {
                self.renew(snapshot);
                self.try_now();
                if !self.snapshot.meta.enabled {
                    self.stop(commands);
                }
            }
            Event::Tick => self.tick(now),
            Event::Online(online) => {
                self.offline = !online;
                if online {
                    self.try_now();
                }
            }
            Event::Notified { rev } => self.wants.pull |= self.seen_rev().is_none_or(|seen| rev > seen),
            Event::SyncNow => {
                if self.obstacle == Some(Obstacle::UpgradeRequired) {
                    self.obstacle = None;
                }
                self.try_now();
            }
            Event::Pause => {
                self.paused = true;
                self.stop(commands);
            }
            Event::Resume => {
                self.paused = false;
                self.try_now();
            }
            Event::SignedIn { account } => {
                self.account = Some(account);
                self.obstacle = None;
                self.refreshing = false;
                self.refreshed = false;
                self.try_now();
            }
            Event::SignedOut => {
                self.account = None;
                self.obstacle = None;
                self.refreshing = false;
                self.stop(commands);
            }
            Event::Loaded(rows) => self.push(&rows, commands),
            Event::Persisted(done) => self.persisted(done, now, jitter, commands),
            Event::StoreFailed { message } => {
                self.stop(commands);
                self.work = Work::Idle;
                self.fail(message, now, jitter);
            }
            Event::Answered { request, answer } if self.is_awaited(request) => self.replied(Ok(answer), now, jitter, commands),
            Event::Unanswered { request, message } if self.is_awaited(request) => self.replied(Err(message), now, jitter, commands),
            // An answer about a token that somebody has signed in over says nothing any more.
            Event::Refreshed { valid } if self.refreshing => {
                self.refreshing = false;
                if !valid {
                    self.obstacle = Some(Obstacle::NeedsAuth);
                }
            }
            Event::Answered { .. } | Event::Unanswered { .. } | Event::Refreshed { .. } => {}
        }
    }

    /// Takes over what the store is like, unless something later is known already.
    fn renew(&mut self, snapshot: Snapshot) {
        if snapshot.meta.version >= self.snapshot.meta.version || !rules::on(Rule::NewestSnapshot) {
            self.snapshot = snapshot;
        }
    }

    /// Tries everything again, whatever failed before.
    fn try_now(&mut self) {
        self.backoff.reset();
        self.schedule.clear_hold();
        self.wants = Wants { push: true, pull: true };
    }

    fn tick(&mut self, now: i64) {
        self.schedule.release_hold(now);
        if self.schedule.take_writes(now) {
            self.wants.push = true;
        }
        if self.schedule.take_poll(now) {
            self.wants.pull = true;
            if self.obstacle == Some(Obstacle::UpgradeRequired) {
                self.obstacle = None;
            }
        }
    }

    /// Lets go of requests; a step that is being stored is stored.
    fn stop(&mut self, commands: &mut Vec<Command>) {
        let request = match &mut self.work {
            Work::Pushing(pushing) => pushing.let_go(),
            Work::Pulling(pulling) => {
                pulling.page = None;
                pulling.request.take()
            }
            _ => None,
        };
        if let Some(request) = request {
            commands.push(Command::Cancel { request });
        }
        self.wants = Wants { push: true, pull: true };
        let storing = match &self.work {
            Work::Idle => false,
            Work::Loading | Work::Storing(_) => true,
            Work::Pushing(pushing) => pushing.storing,
            Work::Pulling(pulling) => pulling.storing,
        };
        if !storing {
            self.work = Work::Idle;
        }
    }

    fn is_awaited(&self, request: u64) -> bool {
        match &self.work {
            Work::Pushing(pushing) => pushing.sent.as_ref().is_some_and(|(awaited, _)| *awaited == request),
            Work::Pulling(pulling) => pulling.request == Some(request),
            _ => false,
        }
    }

    /// Whether the signed-in account is not the one that the records belong to.
    fn is_foreign(&self) -> bool {
        rules::on(Rule::OneAccount) && self.account.is_some() && self.account != self.snapshot.meta.owner
    }

    /// The revision up to which this device has seen everything.
    fn seen_rev(&self) -> Option<u64> {
        self.snapshot.meta.cursor.as_deref().and_then(|text| text.parse::<Cursor>().ok()).map(|cursor| cursor.rev)
    }

    fn needs_confirmation(&self) -> bool {
        let counts = &self.snapshot.counts;
        let asked = self.snapshot.meta.resync.as_ref().is_some_and(Resync::is_undecided);
        asked && counts.unseen > self.settings.deletions_unasked.max(counts.live / 5)
    }

    /// Whether anything may be sent.
    fn may_send(&self) -> bool {
        let allowed = self.snapshot.meta.enabled && !self.paused && self.obstacle.is_none() && !self.refreshing;
        allowed && self.account.is_some() && !self.is_foreign()
    }

    /// The next piece of work, once sync may go on. There is none while the user is being asked whether a resync may delete records.
    fn next(&self) -> Option<Next> {
        let meta = &self.snapshot.meta;
        match &meta.resync {
            Some(resync) if !resync.pulled => Some(Next::Pull { since: resync.cursor.clone() }),
            Some(_) if self.needs_confirmation() => None,
            Some(_) => Some(Next::Sweep),
            // A device that joins an account pulls before it pushes.
            None if meta.cursor.is_none() && self.wants.any() => Some(Next::Pull { since: None }),
            None if self.wants.push => Some(Next::Push),
            None if self.wants.pull => Some(Next::Pull { since: meta.cursor.clone() }),
            None => None,
        }
    }

    /// Begins the next piece of work, if nothing is going on and something may.
    fn advance(&mut self, now: i64, commands: &mut Vec<Command>) {
        if !matches!(self.work, Work::Idle) || !self.may_send() || self.schedule.is_held(now) {
            return;
        }
        self.tick(now);
        match self.next() {
            Some(Next::Pull { since }) => self.pull(since, commands),
            Some(Next::Sweep) => self.store(Task::Sweep, commands),
            Some(Next::Push) => {
                self.wants.push = false;
                self.schedule.forget_writes();
                self.work = Work::Loading;
                commands.push(Command::Load { limit: self.push_changes * (1 + PUSHES_AHEAD) });
            }
            None => {}
        }
    }

    fn store(&mut self, task: Task, commands: &mut Vec<Command>) {
        self.work = Work::Storing(match task {
            Task::Sweep => Step::Sweep,
            _ => Step::Other,
        });
        commands.push(Command::Persist(task));
    }

    fn send(&mut self, message: Message, commands: &mut Vec<Command>) -> Option<u64> {
        let account = self.account?;
        self.requests += 1;
        commands.push(Command::Send { request: self.requests, account, message });
        Some(self.requests)
    }

    /// Takes what came of the request under way: an answer, or what the network said.
    fn replied(&mut self, reply: Result<Answered, String>, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        let reply = if let Work::Pushing(pushing) = &mut self.work { pushing.hold(reply) } else { Some(reply) };
        match reply {
            Some(Ok(answer)) => self.answered(&answer, now, jitter, commands),
            Some(Err(message)) => self.unanswered(message, now, jitter),
            None => {}
        }
    }

    fn answered(&mut self, answer: &Answered, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        self.offline = false;
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Pushing(mut pushing) => {
                let sent = pushing.sent.take().map(|(_, sent)| sent).unwrap_or_default();
                match answer::push_result(answer, &sent) {
                    Ok(result) => self.pushed(pushing, sent, result, commands),
                    Err(message) => self.push_failed(failure(answer), message, &sent, now, jitter, commands),
                }
            }
            Work::Pulling(pulling) if pulling.asking_about.is_some() => self.told_about_epoch(pulling, answer, now, jitter, commands),
            Work::Pulling(pulling) => match answer::page(answer) {
                Ok(page) => self.paged(pulling, page, commands),
                Err(message) => self.pull_failed(pulling, failure(answer), message, now, jitter, commands),
            },
            other => self.work = other,
        }
    }

    /// Everything that is not the server's doing: the network, or a program between here and there.
    fn unanswered(&mut self, message: String, now: i64, jitter: u64) {
        self.offline = true;
        if let Work::Pulling(pulling) = &mut self.work
            && pulling.storing
        {
            pulling.request = None;
            pulling.failed = true;
        } else {
            self.work = Work::Idle;
        }
        self.fail(message, now, jitter);
    }

    fn fail(&mut self, message: String, now: i64, jitter: u64) {
        self.wants = Wants { push: true, pull: true };
        self.last_error = Some(message);
        let wait = self.backoff.next_ms(jitter);
        self.schedule.hold_until(now.saturating_add(wait));
    }

    fn succeed(&mut self) {
        self.last_error = None;
        self.refreshed = false;
        self.backoff.reset();
    }

    fn persisted(&mut self, done: Done, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        self.renew(done.snapshot.clone());
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Pulling(pulling) => self.page_stored(pulling, &done, now, commands),
            Work::Pushing(pushing) => self.outcomes_stored(pushing, &done, now, jitter, commands),
            Work::Storing(Step::Sweep) if done.swept == 0 => self.store(Task::FinishResync, commands),
            Work::Storing(_) => self.step_stored(now),
            other => self.work = other,
        }
    }

    /// After the last page and after every other step: what was written meanwhile goes its own, debounced way, what waited before is
    /// pushed now.
    fn step_stored(&mut self, now: i64) {
        self.schedule.poll_at(now.saturating_add(self.settings.poll_ms));
        self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes();
    }

    /// What a failed request calls for: a wait, a fresh token, the user, or a durable step.
    fn request_failed(&mut self, failure: Failure, message: String, now: i64, jitter: u64, commands: &mut Vec<Command>) -> Option<Task> {
        self.offline = matches!(failure, Failure::Unreachable | Failure::Busy { .. });
        match failure {
            Failure::Gone { restored_rev } => return Some(Task::BeginResync { restored_rev, epoch: None }),
            Failure::Unauthorized if !self.refreshed => {
                self.refreshed = true;
                self.refreshing = true;
                self.wants.push = true;
                commands.push(Command::Refresh);
            }
            Failure::Unauthorized | Failure::Forbidden => {
                self.obstacle = Some(Obstacle::NeedsAuth);
                self.last_error = Some(message);
            }
            Failure::UpgradeRequired => {
                self.wants = Wants { push: true, pull: true };
                self.obstacle = Some(Obstacle::UpgradeRequired);
                self.last_error = Some(message);
                self.schedule.poll_at(now.saturating_add(UPGRADE_RETRY_MS));
            }
            Failure::Busy { retry_after_ms: Some(wait) } => {
                self.wants = Wants { push: true, pull: true };
                self.last_error = Some(message);
                self.schedule.hold_until(now.saturating_add_unsigned(wait));
            }
            Failure::Busy { retry_after_ms: None } | Failure::Unreachable | Failure::Refused { .. } => self.fail(message, now, jitter),
        }
        None
    }

    /// When there is something to do without being told. Work under way needs no timer: its end is an event.
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
        self.schedule.wake_at(self.next().is_some())
    }
}
