//! Places that all accounts share: requests in progress, reading connections, parsing processors. If there are not enough, accounts take
//! turns. An account with a hundred waiting requests gets as many places as one with a single request. The sessions of one account share
//! its places in the same way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::oneshot::{self, Sender};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a request waits for a place. A rejected client retries at once, and each rejection costs as much as a poll.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
/// The maximum number of waiting requests of one account, or of all clients without one.
pub const LINE_MAX: usize = 1_024;

/// All requests without an account take turns as if they were one account, and so do the server's maintenance tasks.
pub const UNAUTHENTICATED: Uuid = Uuid::nil();
pub const SERVER: Uuid = Uuid::max();

#[derive(Clone)]
pub struct Places(Arc<Mutex<State>>);

/// Places that exist as long as a request holds or awaits one.
pub struct WeakPlaces(Weak<Mutex<State>>);

struct State {
    free: usize,
    /// The waiting accounts, each once, in the order of their turns.
    line: VecDeque<Uuid>,
    waiting: HashMap<Uuid, VecDeque<Sender<Place>>>,
}

/// A place, which goes to the next in line when this is dropped.
pub struct Place(Option<Places>);

impl Places {
    pub fn new(number: usize) -> Self {
        Places(Arc::new(Mutex::new(State { free: number, line: VecDeque::new(), waiting: HashMap::new() })))
    }

    pub fn downgrade(&self) -> WeakPlaces {
        WeakPlaces(Arc::downgrade(&self.0))
    }

    /// The length of the longest line.
    pub fn longest_line(&self) -> usize {
        self.state().waiting.values().map(VecDeque::len).max().unwrap_or(0)
    }

    /// Waits for a place. Returns `None` if there was none in time, or if too many requests of the account already wait.
    pub async fn take(&self, account: Uuid) -> Option<Place> {
        timeout(WAIT_MAX, self.wait(account)).await.ok()?
    }

    /// Waits for a place, however long it takes.
    pub async fn wait(&self, account: Uuid) -> Option<Place> {
        // Dropped after the turn.
        let _in_line = InLine { places: self, account };
        let turn = {
            let mut state = self.state();
            if let Some(free) = state.free.checked_sub(1) {
                state.free = free;
                return Some(Place(Some(self.clone())));
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

impl WeakPlaces {
    pub fn upgrade(&self) -> Option<Places> {
        self.0.upgrade().map(Places)
    }

    /// Whether a request holds or awaits a place.
    pub fn are_used(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// A waiting request. It leaves the line however the wait ends.
struct InLine<'a> {
    places: &'a Places,
    account: Uuid,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.places.state().leave(self.account);
    }
}

impl State {
    fn join(&mut self, account: Uuid, sender: Sender<Place>) -> Option<()> {
        let of_account = self.waiting.entry(account).or_default();
        if of_account.len() >= LINE_MAX {
            return None;
        }
        if of_account.is_empty() {
            self.line.push_back(account);
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
            self.line.retain(|other| *other != account);
        }
    }

    /// The request whose turn it is.
    fn next(&mut self) -> Option<Sender<Place>> {
        let account = self.line.pop_front()?;
        let of_account = self.waiting.get_mut(&account)?;
        let sender = of_account.pop_front();
        if of_account.is_empty() {
            self.waiting.remove(&account);
        } else {
            self.line.push_back(account);
        }
        sender
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(places) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = places.state();
                let next = state.next();
                state.free += usize::from(next.is_none());
                next
            };
            // A request that is gone in the meantime gives the place back, and it is not dropped again.
            match next.map(|next| next.send(Place(Some(places.clone())))) {
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
        let places = Places::new(1);
        let first = places.take(SAM).await.expect("a place");
        let mut loud: Vec<_> = (0..3).map(|_| Box::pin(places.take(SAM))).collect();
        assert!(loud.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        let mut quiet = Box::pin(places.take(ALEX));
        assert!(quiet.as_mut().now_or_never().is_none());
        drop(first);
        let second = loud[0].as_mut().now_or_never().flatten().expect("the turn of the loud one, who came first");
        drop(second);
        let third = quiet.as_mut().now_or_never().flatten().expect("the turn of the quiet one");
        drop(loud.remove(1));
        drop(third);
        let fourth = loud[1].as_mut().now_or_never().flatten().expect("whoever still waits");
        assert!(places.take(ALEX).await.is_none(), "sent away in the end");
        drop(fourth);
        assert!(places.take(ALEX).now_or_never().flatten().is_some(), "every place is free again");
        let state = places.state();
        assert_eq!((state.free, state.line.len(), state.waiting.len()), (1, 0, 0), "nobody is remembered");
    }
}
