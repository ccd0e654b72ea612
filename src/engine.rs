//! The sync engine: a state machine that is told what happened and says what to do. It has no clock, socket, disk, thread or chance of
//! its own, so the same engine runs under tokio, in a browser's worker and in a simulation, and every fault can be played again.
//!
//! A cycle pushes what waits, parents first, then pulls until there is no more, and begins again while something waits. The next page is
//! fetched while one is being stored. One timer is armed whenever there is something to wait for (R14).

use uuid::Uuid;

use crate::cursor::Cursor;
use crate::engine::answer::{Answered, failure};
use crate::retry::{Backoff, Failure};
use crate::rules::{self, Rule};
use crate::schedule::Schedule;
use crate::status::{Status, SyncState};
use crate::store::{Block, Resync, Row};
use crate::task::{Done, Snapshot, Task};
use crate::wire::{self, Edit, Page, PushResult};

pub mod answer;

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
}

impl Default for Settings {
    fn default() -> Self {
        Settings { poll_ms: 60_000, page_changes_max: 1_000, push_changes_max: 500, push_bytes_max: 1024 * 1024 - 4096 }
    }
}

/// Something that has happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The app has written; the store is now like this.
    Written(Snapshot),
    /// Something else was changed: refused edits, the account, whether sync is on. The store is now like this.
    Changed(Snapshot),
    /// The timer has run out.
    Tick,
    /// The platform believes that there is a network, or none. A hint: only a request proves it.
    Online(bool),
    /// The server says that there is something up to this revision.
    Doorbell {
        /// The newest revision of the account: nothing is pulled if it was seen already.
        rev: u64,
    },
    /// The user wants to sync now.
    SyncNow,
    /// The app wants nothing sent for now. Requests under way are let go of.
    Pause,
    /// The app wants to sync again.
    Resume,
    /// Somebody has signed in, with a token for this account.
    SignedIn {
        /// The token's account. Nothing is sent while it is not the owner of the records (R15).
        account: Uuid,
    },
    /// The tokens are gone. Records and outbox stay.
    SignedOut,
    /// The rows that [`Command::Load`] asked for.
    Loaded(Vec<Row>),
    /// A task is stored.
    Persisted(Done),
    /// The store could not do what it was asked to.
    StoreFailed {
        /// What was being done, what was seen, and what to do next.
        message: String,
    },
    /// A request was answered.
    Answered {
        /// The number that [`Command::Send`] gave it.
        request: u64,
        /// What came, which may be anything: a captive portal answers too.
        answer: Answered,
    },
    /// A request was not answered.
    Unanswered {
        /// The number that [`Command::Send`] gave it.
        request: u64,
        /// What the network said.
        message: String,
    },
    /// The token was refreshed, or is none any more.
    Refreshed {
        /// Whether there is a token to go on with; if not, the user must sign in.
        valid: bool,
    },
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Read up to `limit` waiting rows, and say [`Event::Loaded`].
    Load {
        /// The most rows.
        limit: usize,
    },
    /// Take a durable step, and say [`Event::Persisted`].
    Persist(Task),
    /// Send a request, and say [`Event::Answered`] or [`Event::Unanswered`]. A token for another account than `account` must not be used.
    Send {
        /// The request's number, under which its answer comes back.
        request: u64,
        /// Whose records these are.
        account: Uuid,
        /// What to send.
        message: Message,
    },
    /// Refresh the token, once for all who wait, and say [`Event::Refreshed`].
    Refresh,
    /// Say [`Event::Tick`] at this time, and at no other.
    WakeAt(Option<i64>),
    /// Forget the request; its answer is of no use.
    Cancel {
        /// The number that [`Command::Send`] gave it.
        request: u64,
    },
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Message {
    /// Asks for a page of the global feed.
    Pull {
        /// Where this device is in the feed; none asks from the start, tombstones included.
        since: Option<String>,
        /// The most changes.
        limit: u64,
    },
    /// Sends edits, parents first.
    Push {
        /// The edits, each judged alone.
        edits: Vec<Edit>,
        /// Where this device is in the feed: a device that has missed purged tombstones may not push either (R10).
        cursor: Option<String>,
    },
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

/// What is going on. One thing at a time, but for the next page that is fetched while one is stored.
#[derive(Debug)]
enum Work {
    Idle,
    Loading,
    Pushing { request: u64, sent: Vec<Edit> },
    Pulling(Pulling),
    Storing(Step),
}

/// A step that is being stored while nothing else goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Outcomes,
    Sweep,
    Other,
}

#[derive(Debug, Default)]
struct Pulling {
    /// The request under way.
    request: Option<u64>,
    /// Whether a page is being stored.
    storing: bool,
    /// A page that waits for the one before it.
    page: Option<Box<Page>>,
    /// A step to take when the page is stored, in place of pulling on.
    then: Option<Task>,
    /// Whether the request for the next page has failed.
    failed: bool,
    /// The epoch about which the server is being asked: what it has lost, for a device that knows the epoch before.
    asking_about: Option<String>,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, Default)]
struct Wants {
    push: bool,
    pull: bool,
}

/// What stands in the way until somebody does something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    NeedsAuth,
    UpgradeRequired,
}

/// A resync asks before it deletes more than this many live records, or more than a fifth of them, whichever is more.
const DELETIONS_UNASKED: u64 = 50;
/// After how many pushes in a row that were refused for their time the engine waits before the next.
const SKEWS_MAX: u32 = 2;
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

    /// Whether the engine waits: for something to do, for a time to come, or for somebody to remove what stands in the way.
    pub fn is_waiting(&self, now_ms: i64) -> bool {
        let wanted = self.wants.push || self.wants.pull || self.snapshot.meta.resync.is_some() && !self.needs_confirmation();
        matches!(self.work, Work::Idle) && !self.refreshing && (!wanted || !self.may_send() || self.schedule.is_held(now_ms))
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
            Event::Doorbell { rev } => self.wants.pull |= self.seen_rev().is_none_or(|seen| rev > seen),
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
            Event::Loaded(rows) => self.push(rows, commands),
            Event::Persisted(done) => self.persisted(done, now, jitter, commands),
            Event::StoreFailed { message } => {
                self.stop(commands);
                self.work = Work::Idle;
                self.fail(message, now, jitter);
            }
            Event::Answered { request, answer } if self.is_awaited(request) => self.answered(answer, now, jitter, commands),
            Event::Unanswered { request, message } if self.is_awaited(request) => {
                self.offline = true;
                self.unanswered(message, now, jitter);
            }
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
            Work::Pushing { request, .. } => Some(*request),
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
        let storing = matches!(&self.work, Work::Storing(_) | Work::Loading | Work::Pulling(Pulling { storing: true, .. }));
        if !storing {
            self.work = Work::Idle;
        }
    }

    fn is_awaited(&self, request: u64) -> bool {
        match &self.work {
            Work::Pushing { request: awaited, .. } => *awaited == request,
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
        asked && counts.unseen > DELETIONS_UNASKED.max(counts.live / 5)
    }

    /// Whether anything may be sent.
    fn may_send(&self) -> bool {
        let allowed = self.snapshot.meta.enabled && !self.paused && self.obstacle.is_none() && !self.refreshing;
        allowed && self.account.is_some() && !self.is_foreign()
    }

    /// Begins the next piece of work, if nothing is going on and something may.
    fn advance(&mut self, now: i64, commands: &mut Vec<Command>) {
        if !matches!(self.work, Work::Idle) || !self.may_send() || self.schedule.is_held(now) {
            return;
        }
        self.tick(now);
        if let Some(resync) = &self.snapshot.meta.resync {
            if !resync.pulled {
                self.pull(resync.cursor.clone(), commands);
            } else if !self.needs_confirmation() {
                self.store(Task::Sweep, commands);
            }
        } else if self.snapshot.meta.cursor.is_none() && (self.wants.pull || self.wants.push) {
            // A device that joins an account pulls before it pushes.
            self.pull(None, commands);
        } else if self.wants.push {
            self.wants.push = false;
            self.schedule.forget_writes();
            self.work = Work::Loading;
            commands.push(Command::Load { limit: self.push_changes });
        } else if self.wants.pull {
            self.pull(self.snapshot.meta.cursor.clone(), commands);
        }
    }

    fn store(&mut self, task: Task, commands: &mut Vec<Command>) {
        self.work = Work::Storing(match task {
            Task::Outcomes { .. } => Step::Outcomes,
            Task::Sweep => Step::Sweep,
            _ => Step::Other,
        });
        commands.push(Command::Persist(task));
    }

    fn pull(&mut self, since: Option<String>, commands: &mut Vec<Command>) {
        self.wants.pull = false;
        let request = self.send(Message::Pull { since, limit: self.settings.page_changes_max }, commands);
        self.work = Work::Pulling(Pulling { request, ..Pulling::default() });
    }

    fn push(&mut self, rows: Vec<Row>, commands: &mut Vec<Command>) {
        if !matches!(self.work, Work::Loading) {
            return;
        }
        self.work = Work::Idle;
        if !self.may_send() {
            self.wants.push = true;
            return;
        }
        let mut bytes = 0;
        let mut sent = Vec::with_capacity(rows.len());
        for row in &rows {
            bytes += wire::edit_bytes(&row.record);
            if bytes > self.settings.push_bytes_max && !sent.is_empty() {
                break;
            }
            sent.push(row.edit());
        }
        if sent.is_empty() {
            return;
        }
        let message = Message::Push { edits: sent.clone(), cursor: self.snapshot.meta.cursor.clone() };
        if let Some(request) = self.send(message, commands) {
            self.work = Work::Pushing { request, sent };
        }
    }

    fn send(&mut self, message: Message, commands: &mut Vec<Command>) -> Option<u64> {
        let account = self.account?;
        self.requests += 1;
        commands.push(Command::Send { request: self.requests, account, message });
        Some(self.requests)
    }

    fn answered(&mut self, answer: Answered, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        self.offline = false;
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Pushing { sent, .. } => match answer::push_result(&answer, &sent) {
                Ok(result) => self.pushed(sent, result, commands),
                Err(message) => {
                    let failure = failure(&answer);
                    self.push_failed(failure, message, &sent, now, jitter, commands);
                }
            },
            Work::Pulling(pulling) if pulling.asking_about.is_some() => self.told_about_epoch(pulling, &answer, now, jitter, commands),
            Work::Pulling(pulling) => match answer::page(&answer) {
                Ok(page) => self.paged(pulling, page, commands),
                Err(message) => {
                    let failure = failure(&answer);
                    self.pull_failed(pulling, failure, message, now, jitter, commands);
                }
            },
            other => self.work = other,
        }
    }

    /// Everything that is not the server's doing: the network, or a program between here and there.
    fn unanswered(&mut self, message: String, now: i64, jitter: u64) {
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

    fn pushed(&mut self, sent: Vec<Edit>, result: PushResult, commands: &mut Vec<Command>) {
        self.push_changes = (self.push_changes * 2).clamp(1, self.settings.push_changes_max);
        self.store(Task::Outcomes { sent, result }, commands);
    }

    /// Takes a page that has come: stores it, and asks for the next one meanwhile.
    fn paged(&mut self, mut pulling: Pulling, page: Page, commands: &mut Vec<Command>) {
        pulling.request = None;
        if let Some(epoch) = self.unknown_epoch(&page) {
            let since = self.snapshot.meta.cursor.clone();
            pulling.request = self.send(Message::Pull { since, limit: 1 }, commands);
            pulling.asking_about = Some(epoch);
        } else if pulling.storing {
            pulling.page = Some(Box::new(page));
        } else {
            self.store_page(&mut pulling, page, commands);
        }
        self.work = Work::Pulling(pulling);
    }

    /// The epoch of a resync's first page, if the server must be asked what it has lost before the page can be merged.
    fn unknown_epoch(&self, page: &Page) -> Option<String> {
        let epoch = |text: &str| text.parse::<Cursor>().ok().map(|cursor| cursor.epoch);
        let meta = &self.snapshot.meta;
        let (resync, known) = (meta.resync.as_ref()?, epoch(meta.cursor.as_deref()?)?);
        epoch(&page.next_cursor).filter(|epoch| !resync.is_known(epoch, &known))
    }

    /// Takes in what the server has said of the cursor from before: from where on it has lost what this device knows.
    fn told_about_epoch(&mut self, mut pulling: Pulling, answer: &Answered, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        let epoch = pulling.asking_about.take();
        match (answer::page(answer), failure(answer)) {
            (Ok(_), _) => self.store(Task::BeginResync { restored_rev: None, epoch: None }, commands),
            (Err(_), Failure::Gone { restored_rev }) => self.store(Task::BeginResync { restored_rev, epoch }, commands),
            (Err(message), failure) => self.pull_failed(pulling, failure, message, now, jitter, commands),
        }
    }

    fn store_page(&mut self, pulling: &mut Pulling, page: Page, commands: &mut Vec<Command>) {
        pulling.storing = true;
        if page.has_more && self.may_send() {
            let message = Message::Pull { since: Some(page.next_cursor.clone()), limit: self.settings.page_changes_max };
            pulling.request = self.send(message, commands);
        } else {
            self.wants.pull |= page.has_more;
        }
        commands.push(Command::Persist(Task::Page(page)));
    }

    fn persisted(&mut self, done: Done, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        self.renew(done.snapshot.clone());
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Pulling(pulling) => self.page_stored(pulling, &done, now, commands),
            Work::Storing(Step::Outcomes) => self.outcomes_stored(&done, now, jitter, commands),
            Work::Storing(Step::Sweep) if done.swept == 0 => self.store(Task::FinishResync, commands),
            Work::Storing(_) => self.step_stored(now),
            other => self.work = other,
        }
    }

    fn page_stored(&mut self, mut pulling: Pulling, done: &Done, now: i64, commands: &mut Vec<Command>) {
        pulling.storing = false;
        if !pulling.failed {
            self.succeed();
        }
        if done.pulled.cloned {
            pulling.then = Some(Task::NewDevice { installation: None });
        }
        if let Some(task) = pulling.then.take() {
            if let Some(request) = pulling.request.take() {
                commands.push(Command::Cancel { request });
            }
            self.wants.pull = true;
            return self.store(task, commands);
        }
        if let Some(page) = pulling.page.take() {
            self.store_page(&mut pulling, *page, commands);
            self.work = Work::Pulling(pulling);
        } else if pulling.request.is_some() {
            self.work = Work::Pulling(pulling);
        } else {
            self.step_stored(now);
        }
    }

    /// After the last page and after every other step: what was written meanwhile goes its own, debounced way, what waited before is
    /// pushed now.
    fn step_stored(&mut self, now: i64) {
        self.schedule.poll_at(now.saturating_add(self.settings.poll_ms));
        self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes();
    }

    fn outcomes_stored(&mut self, done: &Done, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        let pushed = done.pushed;
        self.wants.pull |= !pushed.caught_up;
        if pushed.cloned {
            return self.store(Task::NewDevice { installation: None }, commands);
        }
        if pushed.skewed {
            self.skews += 1;
            if self.skews > SKEWS_MAX {
                self.fail("the server refuses the time of this device's edits, again and again".to_owned(), now, jitter);
            }
            return self.store(Task::Restamp, commands);
        }
        if pushed.settled == 0 {
            return self.fail("the server has settled none of the edits it was sent".to_owned(), now, jitter);
        }
        self.skews = 0;
        self.succeed();
        self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes();
    }

    fn push_failed(&mut self, failure: Failure, message: String, sent: &[Edit], now: i64, jitter: u64, commands: &mut Vec<Command>) {
        let failure = match failure {
            Failure::Unauthorized | Failure::Forbidden if !rules::on(Rule::AuthTouchesNothing) => Failure::Refused { too_large: false },
            other => other,
        };
        match failure {
            Failure::Refused { too_large } if sent.len() == 1 => {
                let code = if too_large { "record_too_large" } else { "invalid_record" };
                let block = Block { code: code.to_owned(), message };
                self.store(Task::Block { edit: Box::new(sent[0].clone()), block }, commands);
            }
            Failure::Refused { .. } => {
                self.push_changes = (sent.len() / 2).max(1);
                self.wants.push = true;
            }
            other => {
                if let Some(task) = self.request_failed(other, message, now, jitter, commands) {
                    self.store(task, commands);
                }
            }
        }
    }

    fn pull_failed(&mut self, mut pulling: Pulling, failure: Failure, message: String, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        pulling.request = None;
        let storing = pulling.storing;
        let task = self.request_failed(failure, message, now, jitter, commands);
        self.wants.pull = true;
        if storing {
            pulling.then = task;
            pulling.failed = true;
            self.work = Work::Pulling(pulling);
        } else if let Some(task) = task {
            self.store(task, commands);
        }
    }

    /// What a failed request calls for: a wait, a fresh token, the user, or a durable step.
    fn request_failed(&mut self, failure: Failure, message: String, now: i64, jitter: u64, commands: &mut Vec<Command>) -> Option<Task> {
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
            Failure::Busy { retry_after_ms: None } => self.fail(message, now, jitter),
            Failure::Unreachable | Failure::Refused { .. } => {
                self.offline = failure == Failure::Unreachable;
                self.fail(message, now, jitter);
            }
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
        self.schedule.wake_at(self.wants.push || self.wants.pull || self.snapshot.meta.resync.is_some() && !self.needs_confirmation())
    }
}
