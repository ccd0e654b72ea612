//! When the digest of an account is checked because a device pulls everything. A check reads all records of the account, so an account
//! whose devices keep asking takes a small part of the server's time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// Between two checks of an account, this many times the time of the first passes.
const REST: u32 = 20;
/// The maximum time between two checks.
const REST_MAX: Duration = Duration::from_secs(600);
/// Above this number of accounts, those that may be checked again are forgotten.
const FORGET_AT: usize = 1_024;

/// When each account may be checked again.
#[derive(Default)]
pub struct DigestChecks(Mutex<HashMap<Uuid, Instant>>);

impl DigestChecks {
    /// Whether a check of the account may begin. [`end`](Self::end) must follow.
    pub fn begin(&self, account: Uuid, now: Instant) -> bool {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if next.len() >= FORGET_AT {
            next.retain(|_, at| *at > now);
        }
        let may = next.get(&account).is_none_or(|at| *at <= now);
        if may {
            next.insert(account, now + REST_MAX);
        }
        may
    }

    /// Notes how long a check took.
    pub fn end(&self, account: Uuid, began: Instant, now: Instant) {
        let rest = now.saturating_duration_since(began).saturating_mul(REST).min(REST_MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account, now + rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_rests_between_two_checks() {
        let (checks, began) = (DigestChecks::default(), Instant::now());
        let [account, other] = [1, 2].map(Uuid::from_u128);
        let after = |ms: u64| began + Duration::from_millis(ms);
        assert!(checks.begin(account, began));
        assert!(!checks.begin(account, after(5)), "it is being checked");
        assert!(checks.begin(other, after(5)));
        checks.end(account, began, after(10));
        assert!(!checks.begin(account, after(209)));
        assert!(checks.begin(account, after(210)));
    }

    #[test]
    fn accounts_that_may_be_checked_again_are_forgotten() {
        let (checks, now) = (DigestChecks::default(), Instant::now());
        for number in 0..3 * FORGET_AT as u128 {
            let account = Uuid::from_u128(number);
            assert!(checks.begin(account, now));
            checks.end(account, now, now);
        }
        assert!(checks.0.lock().expect("no panic").len() <= FORGET_AT);
    }
}
