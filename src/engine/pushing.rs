//! Pushing. Edits are sent while the outcomes of the previous push are being stored.

use std::collections::VecDeque;

use crate::engine::response::{self, Asked, ServerResponse, failure};
use crate::engine::{Command, Engine, Message, TransportError, Turn, Work};
use crate::outbox::{self, Pushed};
use crate::retry::Failure;
use crate::rules::{self, Rule};
use crate::store::{Block, Row};
use crate::task::{Done, Task};
use crate::wire::{self, Edit, Outcome, PushResult};

/// The number of pushes loaded beyond the first. Each is sent while the outcomes of the previous one are being stored, if that one
/// succeeded.
pub(super) const PUSHES_AHEAD: usize = 2;
/// The number of consecutive pushes rejected for their stamps or the device's id after which the engine waits before the next one.
const UNDONE_MAX: u32 = 2;

/// The edits of a push. A later edit of the same record has a different op (R5).
#[derive(Debug)]
pub(super) struct Pushing {
    flight: Flight,
    /// The edits to send next.
    ahead: VecDeque<Edit>,
}

/// The progress of the current push and the previous one.
#[derive(Debug)]
enum Flight {
    /// A push was sent.
    Sent(Sent),
    /// Outcomes are being stored, and no further push was sent.
    Storing,
    /// Outcomes are being stored, and the next push was sent.
    StoringAndSent(Sent),
    /// Outcomes are being stored, and the result of the next push has already arrived: a response, or the error of the network.
    StoringAndExchanged(Vec<Edit>, Result<ServerResponse, TransportError>),
}

#[derive(Debug)]
struct Sent {
    request: u64,
    edits: Vec<Edit>,
}

impl Pushing {
    /// The request in flight.
    pub(super) fn request(&self) -> Option<u64> {
        match &self.flight {
            Flight::Sent(sent) | Flight::StoringAndSent(sent) => Some(sent.request),
            Flight::Storing | Flight::StoringAndExchanged(..) => None,
        }
    }

    /// The rest of the push when its request is cancelled: the outcomes that are being stored.
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
        let cursor = self.snapshot.meta.cursor.clone();
        if let Some(sent) = self.send_ahead(&mut ahead, cursor, turn) {
            self.work = Work::Pushing(Pushing { flight: Flight::Sent(sent), ahead });
        }
    }

    /// Sends as many of the loaded edits as fit in one push.
    fn send_ahead(&mut self, ahead: &mut VecDeque<Edit>, cursor: Option<String>, turn: &mut Turn) -> Option<Sent> {
        let mut bytes = 0;
        let fits = |edit: &&Edit| {
            bytes += wire::edit_bytes(&edit.record);
            bytes <= self.settings.push_bytes_max
        };
        let fitting = ahead.iter().take(self.push_size.changes()).take_while(fits).count();
        let edits: Vec<Edit> = ahead.drain(..fitting.max(1).min(ahead.len())).collect();
        if edits.is_empty() {
            return None;
        }
        let message = Message::Push { edits: edits.clone(), cursor };
        self.send(message, turn).map(|request| Sent { request, edits })
    }

    /// Handles the result of the push in flight, or keeps it until the previous outcomes are stored.
    pub(super) fn push_exchanged(
        &mut self,
        Pushing { flight, ahead }: Pushing,
        reply: Result<ServerResponse, TransportError>,
        turn: &mut Turn,
    ) {
        match flight {
            Flight::Sent(sent) => self.push_settled(ahead, sent.edits, reply, turn),
            Flight::StoringAndSent(sent) => {
                self.work = Work::Pushing(Pushing { flight: Flight::StoringAndExchanged(sent.edits, reply), ahead });
            }
            flight => self.work = Work::Pushing(Pushing { flight, ahead }),
        }
    }

    fn push_settled(&mut self, ahead: VecDeque<Edit>, sent: Vec<Edit>, reply: Result<ServerResponse, TransportError>, turn: &mut Turn) {
        let response = match reply {
            Ok(response) => response,
            Err(error) => {
                // The network may be too slow for it, or break under it.
                if self.push_size.halve(sent.len()) && error.is_cut {
                    self.wants.push = true;
                    return;
                }
                return self.unreachable(error.message, turn);
            }
        };
        self.offline = false;
        match response::push_result(&response, self.contract, &sent) {
            Ok(result) => self.store_outcomes(ahead, sent, result, turn),
            Err(message) => self.push_failed(failure(&response), message, &sent, turn),
        }
    }

    /// Stores the outcomes of a push. The next push is sent at the same time only if every edit was accepted. It carries the cursor that is
    /// being stored, so that the server can check whether it still has the edits that this push stored (R22).
    fn store_outcomes(&mut self, mut ahead: VecDeque<Edit>, sent: Vec<Edit>, result: PushResult, turn: &mut Turn) {
        self.push_size.grow();
        let accepted = result.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_) | Outcome::Duplicate(_)));
        let cursor =
            self.snapshot.meta.cursor.as_deref().and_then(|cursor| outbox::cursor_after(cursor, &result)).map(|(cursor, _)| cursor);
        turn.commands.push(Command::Persist(Task::Outcomes { sent, result }));
        if !accepted || !self.may_send() {
            ahead.clear();
        }
        let flight = self.send_ahead(&mut ahead, cursor, turn).map_or(Flight::Storing, Flight::StoringAndSent);
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
        self.undone = 0;
        self.succeed();
        self.push_backoff.reset();
        // The edits that were sent while the account was full have made room.
        self.wants.push |= self.push_hold.take().is_some();
        match flight {
            Flight::Storing => {
                if self.snapshot.counts.pending == 0 {
                    self.push_size.complete();
                }
                self.wants.push |= self.snapshot.counts.pending > 0 && !self.schedule.has_writes();
            }
            Flight::Sent(sent) | Flight::StoringAndSent(sent) => self.work = Work::Pushing(Pushing { flight: Flight::Sent(sent), ahead }),
            Flight::StoringAndExchanged(edits, reply) => self.push_settled(ahead, edits, reply, turn),
        }
    }

    /// Handles a push that did not succeed: with a new device id, new stamps, or a wait.
    fn push_undone(&mut self, done: &Done, turn: &mut Turn) {
        let (task, message) = match done.pushed {
            Pushed { cloned: true, .. } => (
                Task::NewDevice { installation: None },
                "the server repeatedly reports that another device has this one's id; check that the address belongs to a sync server",
            ),
            Pushed { restamps: true, .. } => {
                (Task::Restamp, "the server repeatedly rejects this device's time stamps; check the clocks of both")
            }
            // The status tells how far they differ.
            Pushed { skewed: true, .. } => {
                return self.hold_pushes("the server's clock is far behind this device's; check the clocks of both".to_owned(), turn);
            }
            _ => return self.hold_pushes("the server processed none of the edits; report it to its operator".to_owned(), turn),
        };
        self.undone += 1;
        if self.undone > UNDONE_MAX {
            self.hold_pushes(message.to_owned(), turn);
        }
        self.store(task, turn);
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
            Failure::Refused { .. } | Failure::Narrow if sent.len() > 1 => {
                self.push_size.halve(sent.len());
                self.wants.push = true;
            }
            other => {
                if let Some(task) = self.request_failed(Asked::Push, other, message, turn) {
                    self.store(task, turn);
                }
            }
        }
    }
}
