//! Limits concurrent requests per account. Excess requests queue before their bodies are read, which costs little, and time out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a request waits for a place. A refused client retries at once, and each refusal costs as much as a poll.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
/// The number of accounts from which on those without requests are forgotten.
const FORGET_AT: usize = 1_024;

pub struct Turns {
    by_account: Mutex<HashMap<Uuid, Weak<Semaphore>>>,
    each_max: usize,
}

impl Turns {
    pub fn new(each_max: usize) -> Self {
        Turns { by_account: Mutex::default(), each_max }
    }

    /// Waits for a turn, in the order of the calls of this account. It ends when the result is dropped. `None` if there was none in time.
    pub async fn take(&self, account: Uuid) -> Option<OwnedSemaphorePermit> {
        timeout(WAIT_MAX, self.of(account).acquire_owned()).await.ok()?.ok()
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
        let turns = Turns::new(1);
        let first = turns.take(SAM).await.expect("a place");
        let mut second = Box::pin(turns.take(SAM));
        assert!(second.as_mut().now_or_never().is_none(), "it waits");
        let _others = turns.take(ALEX).await.expect("another account has turns of its own");
        drop(first);
        let _second = second.await.expect("its turn");
        assert!(turns.take(SAM).await.is_none(), "sent away in the end");
    }

    #[tokio::test]
    async fn accounts_without_requests_are_forgotten() {
        let turns = Turns::new(1);
        for number in 0..3 * FORGET_AT as u128 {
            let _turn = turns.take(Uuid::from_u128(number)).await.expect("a place");
        }
        assert!(turns.by_account.lock().expect("no panic").len() <= FORGET_AT);
    }
}
