//! The writer's queue. Accounts are served in turn, so that a busy account does not delay the others.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// The maximum number of queued jobs, in total and per account. Further jobs are rejected, except the first job of an account, so that
/// accounts with many jobs cannot block the others.
pub const ALL_MAX: usize = 1_024;
const EACH_MAX: usize = 64;

/// The queue. Jobs without an account, such as sign-ins, share one turn.
pub struct Queue<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
}

struct Waiting<J> {
    by_account: HashMap<Option<Uuid>, VecDeque<J>>,
    /// The accounts with queued jobs, in the order of their turns.
    turns: VecDeque<Option<Uuid>>,
    count: usize,
    closed: bool,
}

/// The reason why a job was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The account's limit of queued jobs is reached.
    Share,
    /// The total limit is reached, and the account already has a job queued.
    Full,
    Closed,
}

impl<J> Queue<J> {
    pub fn new() -> Self {
        let waiting = Waiting { by_account: HashMap::new(), turns: VecDeque::new(), count: 0, closed: false };
        Queue { waiting: Mutex::new(waiting), arrived: Condvar::new() }
    }

    /// Appends a job to the jobs of its account.
    pub fn push(&self, account: Option<Uuid>, job: J) -> Result<(), NotTaken> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(NotTaken::Closed);
        }
        let of_account = waiting.by_account.get(&account).map_or(0, VecDeque::len);
        if account.is_some() && of_account >= EACH_MAX {
            return Err(NotTaken::Share);
        }
        if waiting.count >= ALL_MAX && of_account > 0 {
            return Err(NotTaken::Full);
        }
        if of_account == 0 {
            waiting.turns.push_back(account);
        }
        waiting.by_account.entry(account).or_default().push_back(job);
        waiting.count += 1;
        self.arrived.notify_one();
        Ok(())
    }

    /// The number of queued jobs.
    pub fn len(&self) -> usize {
        self.waiting().count
    }

    /// Removes the next job, if there is one.
    pub fn try_pop(&self) -> Option<J> {
        self.waiting().pop()
    }

    /// Waits for the next job and removes it. Returns `None` once the queue is closed and empty.
    pub fn pop(&self) -> Option<J> {
        let mut waiting = self.waiting();
        loop {
            if let Some(job) = waiting.pop() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes the queue to new jobs. Queued jobs are still returned.
    pub fn close(&self) {
        self.waiting().closed = true;
        self.arrived.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Waiting<J> {
    fn pop(&mut self) -> Option<J> {
        let account = self.turns.pop_front()?;
        let jobs = self.by_account.get_mut(&account)?;
        let job = jobs.pop_front()?;
        if jobs.is_empty() {
            self.by_account.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        self.count -= 1;
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Option<Uuid> = Some(Uuid::from_u128(1));
    const QUIET: Option<Uuid> = Some(Uuid::from_u128(2));

    #[test]
    fn a_quiet_account_does_not_wait_for_a_loud_one() {
        let queue = Queue::new();
        (0..EACH_MAX).for_each(|number| queue.push(LOUD, number).expect("room"));
        assert_eq!(queue.push(LOUD, 99), Err(NotTaken::Share), "a loud account has a share");
        queue.push(QUIET, 100).expect("others have theirs");
        queue.push(None, 200).expect("and so have jobs of no account");
        let next: Vec<usize> = std::iter::from_fn(|| queue.try_pop()).take(5).collect();
        assert_eq!(next, [0, 100, 200, 1, 2]);
    }

    #[test]
    fn accounts_that_fill_the_queue_leave_room_for_the_others() {
        let queue = Queue::new();
        for account in 0..2 * (ALL_MAX / EACH_MAX) as u128 {
            while queue.push(Some(Uuid::from_u128(100 + account)), 0).is_ok() {}
        }
        assert!(queue.len() >= ALL_MAX);
        queue.push(QUIET, 1).expect("an account without a job");
        assert_eq!(queue.push(QUIET, 2), Err(NotTaken::Full), "all have to wait");
        queue.push(None, 2).expect("somebody who signs in");
    }

    #[test]
    fn a_closed_queue_hands_out_what_waits() {
        let queue = Queue::new();
        queue.push(QUIET, 1).expect("room");
        queue.close();
        assert_eq!(queue.push(QUIET, 2), Err(NotTaken::Closed));
        assert_eq!((queue.pop(), queue.pop()), (Some(1), None));
    }
}
