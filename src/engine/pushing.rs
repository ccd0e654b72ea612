//! Pushing: edits are sent while the outcomes of those before them are being stored.

use std::collections::VecDeque;

use crate::engine::answer::Answered;
use crate::engine::{Command, Engine, Message, Work};
use crate::retry::Failure;
use crate::rules::{self, Rule};
use crate::store::{Block, Row};
use crate::task::{Done, Task};
use crate::wire::{self, Edit, Outcome, PushResult};

/// How many pushes are loaded beyond the first. Each of them goes out while outcomes are being stored, if all went well before it.
pub(super) const PUSHES_AHEAD: usize = 2;
/// After how many pushes in a row that were refused for their time the engine waits before the next.
const SKEWS_MAX: u32 = 2;

/// Edits on their way. An edit that is made anew meanwhile is told from the one that was sent by its op (R5).
#[derive(Debug, Default)]
pub(super) struct Pushing {
    /// The push under way.
    pub(super) sent: Option<(u64, Vec<Edit>)>,
    /// What is sent next.
    ahead: VecDeque<Edit>,
    /// Whether outcomes of the push before are being stored.
    pub(super) storing: bool,
    /// What came of the push under way, for after those outcomes: an answer, or what the network said.
    held: Option<Result<Answered, String>>,
}

impl Pushing {
    /// Lets go of everything but what is being stored. The request, if there was one, is to be cancelled.
    pub(super) fn let_go(&mut self) -> Option<u64> {
        self.ahead.clear();
        self.held = None;
        self.sent.take().map(|(request, _)| request)
    }

    /// Keeps what came of the push under way until the outcomes before it are stored; hands it back if there are none.
    pub(super) fn hold(&mut self, reply: Result<Answered, String>) -> Option<Result<Answered, String>> {
        if self.storing { self.held.replace(reply) } else { Some(reply) }
    }
}

impl Engine {
    pub(super) fn push(&mut self, rows: &[Row], commands: &mut Vec<Command>) {
        if !matches!(self.work, Work::Loading) {
            return;
        }
        self.work = Work::Idle;
        if !self.may_send() {
            self.wants.push = true;
            return;
        }
        let mut pushing = Pushing { ahead: rows.iter().map(Row::edit).collect(), ..Pushing::default() };
        self.send_ahead(&mut pushing, commands);
        if pushing.sent.is_some() {
            self.work = Work::Pushing(pushing);
        }
    }

    /// Sends as much of what is loaded as fits into one push.
    fn send_ahead(&mut self, pushing: &mut Pushing, commands: &mut Vec<Command>) {
        let mut bytes = 0;
        let fits = |edit: &&Edit| {
            bytes += wire::edit_bytes(&edit.record);
            bytes <= self.settings.push_bytes_max
        };
        let fitting = pushing.ahead.iter().take(self.push_changes).take_while(fits).count();
        let sent: Vec<Edit> = pushing.ahead.drain(..fitting.max(1).min(pushing.ahead.len())).collect();
        if sent.is_empty() {
            return;
        }
        let message = Message::Push { edits: sent.clone(), cursor: self.snapshot.meta.cursor.clone() };
        pushing.sent = self.send(message, commands).map(|request| (request, sent));
    }

    /// Stores what became of a push. Where every edit was accepted, nothing can come of it that the next ones should wait for.
    pub(super) fn pushed(&mut self, mut pushing: Pushing, sent: Vec<Edit>, result: PushResult, commands: &mut Vec<Command>) {
        self.push_changes = (self.push_changes * 2).clamp(1, self.settings.push_changes_max);
        let accepted = result.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_) | Outcome::Duplicate(_)));
        pushing.storing = true;
        commands.push(Command::Persist(Task::Outcomes { sent, result }));
        if accepted && self.may_send() {
            self.send_ahead(&mut pushing, commands);
        } else {
            pushing.ahead.clear();
        }
        self.work = Work::Pushing(pushing);
    }

    pub(super) fn outcomes_stored(&mut self, mut pushing: Pushing, done: &Done, now: i64, jitter: u64, commands: &mut Vec<Command>) {
        pushing.storing = false;
        let pushed = done.pushed;
        self.wants.pull |= !pushed.caught_up;
        if pushed.cloned || pushed.skewed || pushed.settled == 0 {
            commands.extend(pushing.let_go().map(|request| Command::Cancel { request }));
        }
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
        if pushing.sent.is_none() {
            self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes();
            return;
        }
        let held = pushing.held.take();
        self.work = Work::Pushing(pushing);
        if let Some(reply) = held {
            self.replied(reply, now, jitter, commands);
        }
    }

    pub(super) fn push_failed(
        &mut self,
        failure: Failure,
        message: String,
        sent: &[Edit],
        now: i64,
        jitter: u64,
        commands: &mut Vec<Command>,
    ) {
        let failure = match failure {
            Failure::Unauthorized | Failure::Forbidden if !rules::on(Rule::AuthTouchesNothing) => Failure::Refused { too_large: false },
            other => other,
        };
        match failure {
            Failure::Refused { too_large } if sent.len() == 1 => {
                let code = if too_large { "record_too_large" } else { "invalid_record" };
                let block = Block { code: code.to_owned(), message, violations: Vec::new() };
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
}
