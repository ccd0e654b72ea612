//! Failed requests: whether the engine waits, refreshes the token, starts again, or needs the user.

use crate::engine::pulling::{Following, Pulling};
use crate::engine::response::{Asked, ServerResponse};
use crate::engine::{Command, Engine, Obstacle, Token, TransportError, Turn, Wants, Work};
use crate::failure::FailureCause;
use crate::retry::Failure;
use crate::store::Edits;
use crate::task::Task;

/// Why and until when pushes are held back. Pulls continue.
#[derive(Debug)]
pub(super) struct PushHold {
    /// When to try pushes again.
    pub(super) until: i64,
    /// The reason of the failure.
    pub(super) message: String,
    /// Which edits are still sent while the account is full: those that add no record, or only deletions, which make room.
    pub(super) sendable: Option<Edits>,
    pub(super) cause: FailureCause,
}

/// How often a device retries pushes to a full account.
const FULL_RETRY_MS: i64 = 5 * 60 * 1_000;

/// The minimum wait, even if the server asks for less: a server that always answers 503 with `Retry-After: 0` would get one request after
/// the other.
const RETRY_AFTER_MS_MIN: u64 = 1_000;

/// The maximum wait that the server can ask for, so that a wrong date does not stop sync.
const RETRY_AFTER_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// The number of restarts without suspicion. A restored server asks for one restart, and for another if it is restored again in the
/// meantime.
const RESTARTS_UNSUSPECTED: u32 = 2;
/// Behind a load balancer, two servers with different data may reject each other's cursors.
const TWO_SERVERS: &str = "the server keeps asking for a full resync, as two servers with different data would; report it to its operator";

/// How often an app that is too old tries again.
const UPGRADE_RETRY_MS: i64 = 60 * 60 * 1_000;

impl Engine {
    /// Which edits may be sent.
    pub(super) fn sendable(&self) -> Option<Edits> {
        self.push_hold.as_ref().map_or(Some(Edits::All), |held| held.sendable)
    }

    /// Handles the response to the request in flight.
    pub(super) fn responded(&mut self, response: ServerResponse, turn: &mut Turn) {
        self.exchanged(self.own(response), turn);
    }

    /// Rejects a response of another account, which comes from something between here and the server. A cache may keep the response to a
    /// pull, but never that to a push.
    fn own(&self, response: ServerResponse) -> Result<ServerResponse, TransportError> {
        let Some(own) = self.account else { return Ok(response) };
        let response = response.of_account(own).and_then(|response| match self.work {
            Work::Pulling(_) => response.of_server(&self.snapshot.meta),
            _ => Ok(response),
        });
        response.map_err(|message| TransportError { message, is_cut: false })
    }

    /// Handles the result of the request in flight: a response, or the error of the network.
    pub(super) fn exchanged(&mut self, reply: Result<ServerResponse, TransportError>, turn: &mut Turn) {
        match (std::mem::replace(&mut self.work, Work::Idle), reply) {
            (Work::Pushing(pushing), reply) => self.push_exchanged(pushing, reply, turn),
            (Work::Pulling(pulling), Ok(response)) => {
                self.offline = false;
                self.pull_responded(pulling, &response, turn);
            }
            (Work::Pulling(pulling), Err(error)) => {
                let is_next = self.page_size.halve(self.page_size.changes()) && error.is_cut;
                if let Pulling::Storing(_) = pulling {
                    self.work = Work::Pulling(Pulling::Storing(if is_next { Following::Nothing } else { Following::Failed(None) }));
                }
                self.wants.pull |= is_next;
                if !is_next {
                    self.unreachable(error.message, turn);
                }
            }
            (work, _) => self.work = work,
        }
    }

    /// Handles a missing response: the network failed, or a program between here and the server.
    pub(super) fn unreachable(&mut self, message: String, turn: &Turn) {
        self.offline = true;
        self.fail(message, turn);
    }

    pub(super) fn fail(&mut self, message: String, turn: &Turn) {
        let wait = self.backoff.next_ms(turn.jitter);
        self.wait(message, wait, turn);
    }

    fn wait(&mut self, message: String, wait: i64, turn: &Turn) {
        self.wants = Wants { push: true, pull: true };
        self.last_error = Some(message);
        self.schedule.hold_until(turn.now_ms.saturating_add(wait));
    }

    pub(super) fn succeed(&mut self) {
        self.last_error = None;
        if self.token == Token::Refreshed {
            self.token = Token::Unrefreshed;
        }
        self.backoff.reset();
    }

    /// Handles a failed request: by refreshing the token, by waiting for the user or for a time, or by returning a durable step. Whatever the
    /// failure, the same request is not sent again at once.
    pub(super) fn request_failed(&mut self, asked: Asked, failure: Failure, message: String, turn: &mut Turn) -> Option<Task> {
        self.offline = match failure {
            Failure::Unreachable | Failure::Narrow | Failure::Busy { .. } => true,
            Failure::Full => asked == Asked::Pull,
            _ => false,
        };
        match failure {
            Failure::Gone { restored_rev, since } => {
                let wait = self.restarts.next_ms(turn.jitter);
                if self.restarts.failures() > RESTARTS_UNSUSPECTED {
                    self.wait(format!("{message}; {TWO_SERVERS}"), wait, turn);
                }
                return Some(Task::BeginResync { restored_rev, since });
            }
            Failure::Unauthorized if self.token == Token::Unrefreshed => {
                self.requests += 1;
                self.token = Token::Refreshing(self.requests);
                self.wants.push = true;
                turn.commands.push(Command::Refresh { request: self.requests });
            }
            Failure::Unauthorized | Failure::Forbidden => {
                self.obstacle = Some(Obstacle::NeedsAuth);
                self.last_error = Some(message);
            }
            Failure::UpgradeRequired => {
                self.wants = Wants { push: true, pull: true };
                self.obstacle = Some(Obstacle::UpgradeRequired);
                self.last_error = Some(message);
                self.schedule.poll_at(turn.now_ms.saturating_add(UPGRADE_RETRY_MS));
            }
            Failure::Busy { retry_after_ms: Some(wait) } if wait >= RETRY_AFTER_MS_MIN => {
                self.wait(message, wait.min(RETRY_AFTER_MS_MAX).cast_signed(), turn);
            }
            Failure::Full if asked == Asked::Push => {
                // An account may also hold too many bytes, and longer versions of its records add to them.
                let sendable = match self.sendable() {
                    Some(Edits::All) => Some(Edits::Known),
                    Some(Edits::Known) => Some(Edits::Deletions),
                    Some(Edits::Deletions) | None => None,
                };
                let until = turn.now_ms.saturating_add(FULL_RETRY_MS);
                self.wants.push = true;
                self.push_hold = Some(PushHold { until, message, sendable, cause: FailureCause::Full });
            }
            Failure::Busy { .. } | Failure::Unreachable | Failure::Narrow | Failure::Refused { .. } | Failure::Full => match asked {
                Asked::Push => self.hold_pushes(message, turn),
                Asked::Pull => self.fail(message, turn),
            },
        }
        None
    }

    /// Waits before the next push. A pull shows at once whether the server responds to pulls.
    pub(super) fn hold_pushes(&mut self, message: String, turn: &Turn) {
        let until = turn.now_ms.saturating_add(self.push_backoff.next_ms(turn.jitter));
        let cause = if self.offline { FailureCause::Offline } else { FailureCause::Other };
        self.push_hold = Some(PushHold { until, message, sendable: None, cause });
        self.wants = Wants { push: true, pull: true };
    }
}
