//! Rate limits for password attempts: token buckets that refill over time, and the networks from which an account is known to sign in.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use uuid::Uuid;

use crate::problem::Failure;

/// The key under which attempts are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A network, across all accounts. For IPv6, the network of one household.
    Network(IpAddr),
    /// All IPv6 networks that one site may have, across all accounts.
    Site(IpAddr),
    /// An account from one network. The account is identified by its email address, whether or not it exists.
    AccountFrom(String, IpAddr),
    /// An account, from all networks that it is not known to use.
    Account(String),
    /// A network that sends forged refresh tokens. Valid tokens are not counted.
    Refresh(IpAddr),
}

/// The sender whose memory budget a body counts against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    Account(Uuid),
    Network(IpAddr),
}

/// The network of an address: the prefix that one household has for IPv6, and the address itself for IPv4.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        // `::1` is a single machine, not a 64-bit network.
        loopback if loopback.is_loopback() => loopback,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

/// The site that an IPv6 network belongs to. Providers assign up to 65,536 networks to one customer.
pub fn site(network: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(network) = network else { return None };
    let [a, b, c, ..] = network.segments();
    Some(IpAddr::from([a, b, c, 0, 0, 0, 0, 0]))
}

/// The buckets, and the known networks of each account.
pub struct Limits {
    buckets: Mutex<HashMap<Who, Bucket>>,
    /// The networks from which an account has signed in or refreshed a token. Attempts from other networks do not lock out the account's
    /// owner.
    known: Mutex<HashSet<(Uuid, IpAddr)>>,
    per_minute: AtomicU32,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// The number of buckets at which refilled buckets are removed.
const BUCKETS_MAX: usize = 50_000;
/// The maximum number of known networks. When it is exceeded, all are forgotten, and are learnt again when devices refresh their tokens.
const KNOWN_MAX: usize = 200_000;

impl Limits {
    /// Allows `per_minute` attempts for each network, and a quarter of that for each account from one network. The burst size is the same.
    pub fn new(per_minute: u32) -> Self {
        Limits { buckets: Mutex::default(), known: Mutex::default(), per_minute: AtomicU32::new(per_minute.max(1)) }
    }

    /// Changes how many attempts each network has in a minute.
    pub fn set_per_minute(&self, per_minute: u32) {
        self.per_minute.store(per_minute.max(1), Ordering::Relaxed);
    }

    /// Records that an account uses a network.
    pub fn learn(&self, user: Uuid, network: IpAddr) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert((user, network));
    }

    /// Whether an account is known to use a network.
    pub fn knows(&self, user: Uuid, network: IpAddr) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&(user, network))
    }

    /// Takes one attempt from a bucket.
    ///
    /// # Errors
    /// The bucket is empty.
    pub fn take(&self, who: &Who, now: Instant) -> Result<(), Failure> {
        let full = self.size(who);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|who, bucket| self.level(who, *bucket, now) < self.size(who));
        }
        let left = buckets.get(who).map_or(full, |bucket| self.level(who, *bucket, now));
        if left < 1.0 {
            let wait = (1.0 - left) * 60.0 / full;
            return Err(Failure::rate_limited(wait.ceil() as u64));
        }
        buckets.insert(who.clone(), Bucket { left: left - 1.0, at: now });
        Ok(())
    }

    /// Returns an attempt to its bucket, because it was not a guess.
    pub fn give_back(&self, who: &Who) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(who) {
            bucket.left += 1.0;
        }
    }

    fn size(&self, who: &Who) -> f64 {
        let per_minute = f64::from(self.per_minute.load(Ordering::Relaxed));
        match who {
            Who::Network(_) | Who::Account(_) | Who::Refresh(_) => per_minute,
            Who::Site(_) => per_minute * 4.0,
            Who::AccountFrom(..) => (per_minute / 4.0).max(1.0),
        }
    }

    fn level(&self, who: &Who, bucket: Bucket, now: Instant) -> f64 {
        let full = self.size(who);
        let filled = now.saturating_duration_since(bucket.at).as_secs_f64() * full / 60.0;
        (bucket.left + filled).min(full)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn attempts_run_out_and_come_back() {
        let (limits, start) = (Limits::new(8), Instant::now());
        let who = Who::AccountFrom("sam@example.com".to_owned(), IpAddr::from([192, 0, 2, 1]));
        assert!(limits.take(&who, start).is_ok() && limits.take(&who, start).is_ok());
        assert!(limits.take(&who, start).is_err(), "a quarter of eight");
        assert!(limits.take(&who, start + Duration::from_secs(29)).is_err());
        assert!(limits.take(&who, start + Duration::from_secs(30)).is_ok());
        limits.give_back(&who);
        assert!(limits.take(&who, start + Duration::from_secs(30)).is_ok(), "a right password costs nothing");
    }

    #[test]
    fn one_household_is_one_network() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:9::1"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!(site(network("2001:db8:1:2::7")), site(network("2001:db8:1:3::7")));
        assert_eq!(site(network("192.0.2.1")), None);
    }
}
