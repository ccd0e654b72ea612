//! A semaphore whose permits all accounts share: for requests in progress, reading connections, parsing processors. If there are not enough,
//! accounts take turns. An account with a hundred waiting requests gets as many permits as one with a single request. The sessions of one
//! account share its permits in the same way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot::{self, Sender};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a request waits for a permit. A rejected client retries at once, and each rejection costs as much as a poll.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
/// The maximum number of waiting requests of one account, or of all clients without one.
pub const QUEUE_MAX: usize = 1_024;

/// All requests without an account take turns as if they were one account, and so do the server's maintenance tasks.
pub const UNAUTHENTICATED: Uuid = Uuid::nil();
pub const SERVER: Uuid = Uuid::max();

#[derive(Clone)]
pub struct FairSemaphore(Arc<Mutex<State>>);

/// A semaphore that exists as long as a request holds or awaits one of its permits.
pub struct WeakSemaphore(Weak<Mutex<State>>);

struct State {
    free: usize,
    /// The waiting accounts, each once, in the order of their turns.
    queue: VecDeque<Uuid>,
    waiting: HashMap<Uuid, VecDeque<Sender<Permit>>>,
}

/// A permit, which goes to the next request in the queue when this is dropped.
pub struct Permit(Option<FairSemaphore>);

impl FairSemaphore {
    pub fn new(number: usize) -> Self {
        FairSemaphore(Arc::new(Mutex::new(State { free: number, queue: VecDeque::new(), waiting: HashMap::new() })))
    }

    pub fn downgrade(&self) -> WeakSemaphore {
        WeakSemaphore(Arc::downgrade(&self.0))
    }

    /// The length of the longest queue.
    pub fn longest_queue(&self) -> usize {
        self.state().waiting.values().map(VecDeque::len).max().unwrap_or(0)
    }

    /// Waits for a permit. Returns `None` if there was none in time, or if too many requests of the account already wait.
    pub async fn take(&self, account: Uuid) -> Option<Permit> {
        timeout(WAIT_MAX, self.wait(account)).await.ok()?
    }

    /// Waits for a permit, however long it takes.
    pub async fn wait(&self, account: Uuid) -> Option<Permit> {
        // Dropped after the turn.
        let _queued = Queued { semaphore: self, account };
        let turn = {
            let mut state = self.state();
            if let Some(free) = state.free.checked_sub(1) {
                state.free = free;
                return Some(Permit(Some(self.clone())));
            }
            let (sender, turn) = oneshot::channel();
            state.join(account, sender)?;
            turn
        };
        turn.await.ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WeakSemaphore {
    pub fn upgrade(&self) -> Option<FairSemaphore> {
        self.0.upgrade().map(FairSemaphore)
    }

    /// Whether a request holds or awaits a permit.
    pub fn is_used(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// A waiting request. It leaves the queue however the wait ends.
struct Queued<'a> {
    semaphore: &'a FairSemaphore,
    account: Uuid,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.semaphore.state().leave(self.account);
    }
}

impl State {
    fn join(&mut self, account: Uuid, sender: Sender<Permit>) -> Option<()> {
        let of_account = self.waiting.entry(account).or_default();
        if of_account.len() >= QUEUE_MAX {
            return None;
        }
        if of_account.is_empty() {
            self.queue.push_back(account);
        }
        of_account.push_back(sender);
        Some(())
    }

    /// Removes the requests of an account that no longer wait.
    fn leave(&mut self, account: Uuid) {
        let Some(of_account) = self.waiting.get_mut(&account) else { return };
        of_account.retain(|sender| !sender.is_closed());
        if of_account.is_empty() {
            self.waiting.remove(&account);
            self.queue.retain(|other| *other != account);
        }
    }

    /// The request whose turn it is.
    fn next(&mut self) -> Option<Sender<Permit>> {
        let account = self.queue.pop_front()?;
        let of_account = self.waiting.get_mut(&account)?;
        let sender = of_account.pop_front();
        if of_account.is_empty() {
            self.waiting.remove(&account);
        } else {
            self.queue.push_back(account);
        }
        sender
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(semaphore) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = semaphore.state();
                let next = state.next();
                state.free += usize::from(next.is_none());
                next
            };
            // A request that is gone in the meantime gives the permit back, and it is not dropped again.
            match next.map(|next| next.send(Permit(Some(semaphore.clone())))) {
                None | Some(Ok(())) => return,
                Some(Err(mut refused)) => refused.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SAM: Uuid = Uuid::from_u128(1);
    const ALEX: Uuid = Uuid::from_u128(2);

    #[tokio::test(start_paused = true)]
    async fn accounts_take_turns_however_many_requests_they_have() {
        let semaphore = FairSemaphore::new(1);
        let first = semaphore.take(SAM).await.expect("a permit");
        let mut loud: Vec<_> = (0..3).map(|_| Box::pin(semaphore.take(SAM))).collect();
        assert!(loud.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        let mut quiet = Box::pin(semaphore.take(ALEX));
        assert!(quiet.as_mut().now_or_never().is_none());
        drop(first);
        let second = loud[0].as_mut().now_or_never().flatten().expect("the turn of the loud one, who came first");
        drop(second);
        let third = quiet.as_mut().now_or_never().flatten().expect("the turn of the quiet one");
        drop(loud.remove(1));
        drop(third);
        let fourth = loud[1].as_mut().now_or_never().flatten().expect("whoever still waits");
        assert!(semaphore.take(ALEX).await.is_none(), "sent away in the end");
        drop(fourth);
        assert!(semaphore.take(ALEX).now_or_never().flatten().is_some(), "every permit is free again");
        let state = semaphore.state();
        assert_eq!((state.free, state.queue.len(), state.waiting.len()), (1, 0, 0), "nobody is remembered");
    }
}
