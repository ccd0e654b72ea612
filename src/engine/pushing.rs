//! Pushing: edits are sent while the outcomes of those before them are being stored.

use std::collections::VecDeque;

use crate::engine::answer::{self, Answered, failure};
use crate::engine::{Command, Engine, Message, Turn, Work};
use crate::retry::Failure;
use crate::rules::{self, Rule};
use crate::store::{Block, Row};
use crate::task::{Done, Task};
use crate::wire::{self, Edit, Outcome, PushResult};

/// How many pushes are loaded beyond the first. Each of them goes out while outcomes are being stored, if all went well before it.
pub(super) const PUSHES_AHEAD: usize = 2;
/// After how many pushes in a row that were refused for their time the engine waits before the next.
const SKEWS_MAX: u32 = 2;

/// Edits on their way. An edit that is made anew meanwhile differs from the one that was sent by its op (R5).
#[derive(Debug)]
pub(super) struct Pushing {
    flight: Flight,
    /// What is sent next.
    ahead: VecDeque<Edit>,
}

/// How far the push under way is, and the one before it.
#[derive(Debug)]
enum Flight {
    /// A push was sent.
    Sent(Sent),
    /// Outcomes are being stored, and nothing was sent beyond them.
    Storing,
    /// Outcomes are being stored, and the next push was sent.
    StoringAndSent(Sent),
    /// Outcomes are being stored, and the reply to the next push has come early: an answer, or what the network reported.
    StoringAndReplied(Vec<Edit>, Result<Answered, String>),
}

#[derive(Debug)]
struct Sent {
    request: u64,
    edits: Vec<Edit>,
}

impl Pushing {
    /// The request under way.
    pub(super) fn request(&self) -> Option<u64> {
        match &self.flight {
            Flight::Sent(sent) | Flight::StoringAndSent(sent) => Some(sent.request),
            Flight::Storing | Flight::StoringAndReplied(..) => None,
        }
    }

    /// What is left of the push when its request is cancelled: the outcomes that are being stored.
    pub(super) fn without_request(self) -> Option<Self> {
        match self.flight {
            Flight::Sent(_) => None,
            _ => Some(Pushing { flight: Flight::Storing, ahead: VecDeque::new() }),
        }
    }
}

impl Engine {
    pub(super) fn push(&mut self, rows: &[Row], turn: &mut Turn) {
        if !matches!(self.work, Work::Loading) {
            return;
        }
        self.work = Work::Idle;
        if !self.may_send() {
            self.wants.push = true;
            return;
        }
        let mut ahead = rows.iter().map(Row::edit).collect();
        if let Some(sent) = self.send_ahead(&mut ahead, turn) {
            self.work = Work::Pushing(Pushing { flight: Flight::Sent(sent), ahead });
        }
    }

    /// Sends as much of what is loaded as fits into one push.
    fn send_ahead(&mut self, ahead: &mut VecDeque<Edit>, turn: &mut Turn) -> Option<Sent> {
        let mut bytes = 0;
        let fits = |edit: &&Edit| {
            bytes += wire::edit_bytes(&edit.record);
            bytes <= self.settings.push_bytes_max
        };
        let fitting = ahead.iter().take(self.push_changes).take_while(fits).count();
        let edits: Vec<Edit> = ahead.drain(..fitting.max(1).min(ahead.len())).collect();
        if edits.is_empty() {
            return None;
        }
        let message = Message::Push { edits: edits.clone(), cursor: self.snapshot.meta.cursor.clone() };
        self.send(message, turn).map(|request| Sent { request, edits })
    }

    /// Takes in the reply to the push under way, once the outcomes before it are stored.
    pub(super) fn push_replied(&mut self, Pushing { flight, ahead }: Pushing, reply: Result<Answered, String>, turn: &mut Turn) {
        match flight {
            Flight::Sent(sent) => self.push_settled(ahead, sent.edits, reply, turn),
            Flight::StoringAndSent(sent) => {
                self.work = Work::Pushing(Pushing { flight: Flight::StoringAndReplied(sent.edits, reply), ahead });
            }
            flight => self.work = Work::Pushing(Pushing { flight, ahead }),
        }
    }

    fn push_settled(&mut self, ahead: VecDeque<Edit>, sent: Vec<Edit>, reply: Result<Answered, String>, turn: &mut Turn) {
        let answer = match reply {
            Ok(answer) => answer,
            Err(message) => return self.unreachable(message, turn),
        };
        self.offline = false;
        match answer::push_result(&answer, &sent) {
            Ok(result) => self.store_outcomes(ahead, sent, result, turn),
            Err(message) => self.push_failed(failure(&answer), message, &sent, turn),
        }
    }

    /// Stores what became of a push. Where every edit was accepted, nothing can come of it that the next ones should wait for.
    fn store_outcomes(&mut self, mut ahead: VecDeque<Edit>, sent: Vec<Edit>, result: PushResult, turn: &mut Turn) {
        self.push_changes = (self.push_changes * 2).clamp(1, self.settings.push_changes_max);
        let accepted = result.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_) | Outcome::Duplicate(_)));
        turn.commands.push(Command::Persist(Task::Outcomes { sent, result }));
        if !accepted || !self.may_send() {
            ahead.clear();
        }
        let flight = self.send_ahead(&mut ahead, turn).map_or(Flight::Storing, Flight::StoringAndSent);
        self.work = Work::Pushing(Pushing { flight, ahead });
    }

    pub(super) fn outcomes_stored(&mut self, Pushing { flight, ahead }: Pushing, done: &Done, turn: &mut Turn) {
        let pushed = done.pushed;
        self.wants.pull |= !pushed.caught_up;
        if pushed.cloned || pushed.skewed || pushed.settled == 0 {
            if let Flight::StoringAndSent(sent) = &flight {
                turn.commands.push(Command::Cancel { request: sent.request });
            }
            return self.push_undone(done, turn);
        }
        self.skews = 0;
        self.succeed();
        match flight {
            Flight::Storing => self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes(),
            Flight::Sent(sent) | Flight::StoringAndSent(sent) => self.work = Work::Pushing(Pushing { flight: Flight::Sent(sent), ahead }),
            Flight::StoringAndReplied(edits, reply) => self.push_settled(ahead, edits, reply, turn),
        }
    }

    /// What a push calls for that has not gone as it should: another device id, other stamps, or a wait.
    fn push_undone(&mut self, done: &Done, turn: &mut Turn) {
        if done.pushed.cloned {
            return self.store(Task::NewDevice { installation: None }, turn);
        }
        if !done.pushed.skewed {
            return self.fail("the server settled none of the edits it was sent".to_owned(), turn);
        }
        self.skews += 1;
        if self.skews > SKEWS_MAX {
            self.fail(
                "the server refuses the time stamps of this device's edits again and again; check the clocks of both".to_owned(),
                turn,
            );
        }
        self.store(Task::Restamp, turn);
    }

    fn push_failed(&mut self, failure: Failure, message: String, sent: &[Edit], turn: &mut Turn) {
        let failure = match failure {
            Failure::Unauthorized | Failure::Forbidden if !rules::on(Rule::AuthTouchesNothing) => Failure::Refused { too_large: false },
            other => other,
        };
        match failure {
            Failure::Refused { too_large } if sent.len() == 1 => {
                let code = if too_large { "record_too_large" } else { "invalid_record" };
                let block = Block { code: code.to_owned(), message, violations: Vec::new() };
                self.store(Task::Block { edit: Box::new(sent[0].clone()), block }, turn);
            }
            Failure::Refused { .. } => {
                self.push_changes = (sent.len() / 2).max(1);
                self.wants.push = true;
            }
            other => {
                if let Some(task) = self.request_failed(other, message, turn) {
                    self.store(task, turn);
                }
            }
        }
    }
}
