//! Limits concurrent requests per account and in total. Excess requests queue before their bodies are read, which costs little, and time out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a request waits for a place. A refused client retries at once, and each refusal costs as much as a poll.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The number of accounts from which on those without requests are forgotten.
const FORGET_AT: usize = 1_024;

pub struct Turns {
    by_account: Mutex<HashMap<Uuid, Weak<Semaphore>>>,
    each_max: usize,
    all: Arc<Semaphore>,
}

/// A place, which is free again when this is dropped.
pub struct Place {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    pub fn new(each_max: usize, all_max: usize) -> Self {
        Turns { by_account: Mutex::default(), each_max, all: Arc::new(Semaphore::new(all_max)) }
    }

    /// Waits for a place, in the order of the calls of this account. `None` if there was none in time.
    pub async fn take(&self, account: Uuid) -> Option<Place> {
        let own = self.of(account);
        let both = async {
            // A request that waits for its own account's turn takes no place from the others.
            let own = own.acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some(Place { _own: own, _of_all: of_all })
        };
        timeout(WAIT_MAX, both).await.ok().flatten()
    }

    fn of(&self, account: Uuid) -> Arc<Semaphore> {
        let mut by_account = self.by_account.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = by_account.get(&account).and_then(Weak::upgrade) {
            return own;
        }
        if by_account.len() >= FORGET_AT {
            by_account.retain(|_, own| own.strong_count() > 0);
        }
        let own = Arc::new(Semaphore::new(self.each_max));
        by_account.insert(account, Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SAM: Uuid = Uuid::from_u128(1);
    const ALEX: Uuid = Uuid::from_u128(2);

    #[tokio::test(start_paused = true)]
    async fn who_has_many_requests_waits_for_itself() {
        let turns = Turns::new(1, 2);
        let first = turns.take(SAM).await.expect("a place");
        let mut second = Box::pin(turns.take(SAM));
        assert!(second.as_mut().now_or_never().is_none(), "it waits");
        let others = turns.take(ALEX).await.expect("another account has places of its own");
        drop(first);
        let second = second.await.expect("its turn");
        assert!(turns.take(SAM).await.is_none(), "sent away in the end");
        drop((second, others));
        let _all = (turns.take(SAM).await.expect("a place"), turns.take(ALEX).await.expect("a place"));
        assert!(turns.take(Uuid::from_u128(3)).await.is_none(), "no more than all together");
    }

    #[tokio::test]
    async fn accounts_without_requests_are_forgotten() {
        let turns = Turns::new(1, 2);
        for number in 0..3 * FORGET_AT as u128 {
            turns.take(Uuid::from_u128(number)).await.expect("a place");
        }
        assert!(turns.by_account.lock().expect("no panic").len() <= FORGET_AT);
    }
}
