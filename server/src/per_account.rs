//! Limits the concurrent work of each account. Its sessions take turns, so that a session that has ended, or sends too much, does not delay
//! the others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use crate::fair_semaphore::{FairSemaphore, Permit, WeakSemaphore};
use crate::store::accounts::SessionKey;

/// Above this number of accounts, accounts without requests are forgotten.
const FORGET_AT: usize = 1_024;

/// The permits of each account.
pub struct PerAccount {
    by_account: Mutex<HashMap<Uuid, WeakSemaphore>>,
    each_max: usize,
}

impl PerAccount {
    pub fn new(each_max: usize) -> Self {
        PerAccount { by_account: Mutex::default(), each_max }
    }

    /// Waits for a permit of the account, in the turn of the session. Returns `None` if there was none in time.
    pub async fn take(&self, key: SessionKey) -> Option<Permit> {
        self.of(key.user).take(key.session).await
    }

    fn of(&self, account: Uuid) -> FairSemaphore {
        let mut by_account = self.by_account.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = by_account.get(&account).and_then(WeakSemaphore::upgrade) {
            return own;
        }
        if by_account.len() >= FORGET_AT {
            by_account.retain(|_, own| own.is_used());
        }
        let own = FairSemaphore::new(self.each_max);
        by_account.insert(account, own.downgrade());
        own
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SAM: SessionKey = SessionKey { user: Uuid::from_u128(1), session: Uuid::from_u128(1) };
    const ALEX: SessionKey = SessionKey { user: Uuid::from_u128(2), session: Uuid::from_u128(1) };

    #[tokio::test(start_paused = true)]
    async fn an_account_with_many_requests_delays_only_itself() {
        let limits = PerAccount::new(1);
        let first = limits.take(SAM).await.expect("a permit");
        let mut second = Box::pin(limits.take(SAM));
        assert!(second.as_mut().now_or_never().is_none(), "it waits");
        let _others = limits.take(ALEX).await.expect("another account has permits of its own");
        drop(first);
        let _second = second.await.expect("its turn");
        assert!(limits.take(SAM).await.is_none(), "sent away in the end");
    }

    #[tokio::test(start_paused = true)]
    async fn the_sessions_of_an_account_take_turns() {
        let limits = PerAccount::new(1);
        let first = limits.take(SAM).await.expect("a permit");
        let mut loud: Vec<_> = (0..3).map(|_| Box::pin(limits.take(SAM))).collect();
        assert!(loud.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        let mut other = Box::pin(limits.take(SessionKey { session: Uuid::from_u128(2), ..SAM }));
        assert!(other.as_mut().now_or_never().is_none());
        drop(first);
        drop(loud[0].as_mut().now_or_never().flatten().expect("the turn of the session that came first"));
        assert!(other.now_or_never().flatten().is_some(), "the turn of the other session");
    }

    #[tokio::test]
    async fn accounts_without_requests_are_forgotten() {
        let limits = PerAccount::new(1);
        for number in 0..3 * FORGET_AT as u128 {
            let _turn = limits.take(SessionKey { user: Uuid::from_u128(number), ..SAM }).await.expect("a permit");
        }
        assert!(limits.by_account.lock().expect("no panic").len() <= FORGET_AT);
    }
}
