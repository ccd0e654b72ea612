//! Requests that fail: whether the engine waits, refreshes the token, starts again, or needs the user.

use crate::engine::answer::Answered;
use crate::engine::pulling::{Following, Pulling};
use crate::engine::{Command, Engine, Obstacle, Turn, Wants, Work};
use crate::retry::Failure;
use crate::task::Task;

/// The account holds as much as it may. Edits other than deletions wait until there may be room.
#[derive(Debug)]
pub(super) struct Full {
    /// When all edits are sent again: somebody else may have made room.
    pub(super) until: i64,
    /// What the server said.
    pub(super) message: String,
}

/// How often a device tries again to push to an account that was full.
const FULL_RETRY_MS: i64 = 5 * 60 * 1_000;

/// A shorter wait that the server asks for is not enough: a server that always answers 503 with `Retry-After: 0` would get one request after
/// the other.
const RETRY_AFTER_MS_MIN: u64 = 1_000;

/// The longest wait that the server can ask for, so that a wrong date does not end the sync.
const RETRY_AFTER_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// How often an app that is too old tries again.
const UPGRADE_RETRY_MS: i64 = 60 * 60 * 1_000;

impl Engine {
    /// Handles the reply to the request in flight: an answer, or the error of the network.
    pub(super) fn replied(&mut self, reply: Result<Answered, String>, turn: &mut Turn) {
        match (std::mem::replace(&mut self.work, Work::Idle), reply) {
            (Work::Pushing(pushing), reply) => self.push_replied(pushing, reply, turn),
            (Work::Pulling(pulling), Ok(answer)) => {
                self.offline = false;
                self.pull_answered(pulling, &answer, turn);
            }
            (Work::Pulling(pulling), Err(message)) => {
                if let Pulling::Storing(_) = pulling {
                    self.work = Work::Pulling(Pulling::Storing(Following::Failed(None)));
                }
                self.unreachable(message, turn);
            }
            (work, _) => self.work = work,
        }
    }

    /// Handles a missing answer: the network failed, or a program between here and the server.
    pub(super) fn unreachable(&mut self, message: String, turn: &Turn) {
        self.offline = true;
        self.fail(message, turn);
    }

    pub(super) fn fail(&mut self, message: String, turn: &Turn) {
        self.wants = Wants { push: true, pull: true };
        self.last_error = Some(message);
        let wait = self.backoff.next_ms(turn.jitter);
        self.schedule.hold_until(turn.now_ms.saturating_add(wait));
    }

    pub(super) fn succeed(&mut self) {
        self.last_error = None;
        self.refreshed = false;
        self.backoff.reset();
    }

    /// Handles a failed request: by waiting, refreshing the token, waiting for the user, or returning a durable step.
    pub(super) fn request_failed(&mut self, failure: Failure, message: String, turn: &mut Turn) -> Option<Task> {
        self.offline = matches!(failure, Failure::Unreachable | Failure::Narrow | Failure::Busy { .. });
        match failure {
            Failure::Gone { restored_rev, since } => {
                // Behind a load balancer, two servers with different data may each refuse what the other gave.
                if self.snapshot.meta.resync.is_some() {
                    self.fail(message, turn);
                }
                return Some(Task::BeginResync { restored_rev, since });
            }
            Failure::Unauthorized if !self.refreshed => {
                self.refreshed = true;
                self.requests += 1;
                self.refreshing = Some(self.requests);
                self.wants.push = true;
                turn.commands.push(Command::Refresh { request: self.requests });
            }
            Failure::Unauthorized | Failure::Forbidden => {
                self.obstacle = Some(Obstacle::NeedsAuth);
                self.last_error = Some(message);
            }
            Failure::Full => {
                self.wants.push = true;
                self.full = Some(Full { until: turn.now_ms.saturating_add(FULL_RETRY_MS), message });
            }
            Failure::UpgradeRequired => {
                self.wants = Wants { push: true, pull: true };
                self.obstacle = Some(Obstacle::UpgradeRequired);
                self.last_error = Some(message);
                self.schedule.poll_at(turn.now_ms.saturating_add(UPGRADE_RETRY_MS));
            }
            Failure::Busy { retry_after_ms: Some(wait) } if wait >= RETRY_AFTER_MS_MIN => {
                self.wants = Wants { push: true, pull: true };
                self.last_error = Some(message);
                self.schedule.hold_until(turn.now_ms.saturating_add_unsigned(wait.min(RETRY_AFTER_MS_MAX)));
            }
            Failure::Busy { .. } | Failure::Unreachable | Failure::Narrow | Failure::Refused { .. } => self.fail(message, turn),
        }
        None
    }
}
