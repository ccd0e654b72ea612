//! Rate limits for password attempts and pushes: token buckets that refill over time, and the networks from which an account is known to
//! sign in.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use uuid::Uuid;

use crate::problem::Failure;
use crate::store::accounts::SessionKey;

/// The key under which attempts are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A network, across all accounts. For IPv6, the network of one household.
    Network(IpAddr),
    /// All IPv6 networks of one site, across all accounts.
    Site(IpAddr),
    /// An account from one network. The account is identified by its email address, whether or not it exists.
    AccountFrom(String, IpAddr),
    /// An account, from all its unknown networks.
    Account(String),
    /// A network, or all IPv6 networks of a site, that sends forged refresh tokens. Valid tokens are not counted.
    Refresh(IpAddr),
    RefreshSite(IpAddr),
    /// A network that sends forged refresh tokens of an account that uses it.
    RefreshOf(Uuid, IpAddr),
}

/// The sender whose memory budget a request counts against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    Account(Uuid),
    /// One session of an account.
    Session(SessionKey),
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
    known: Mutex<Known>,
    per_minute: AtomicU32,
    /// How many pushes with accepted edits an account has at once.
    pushes_max: f64,
    pushes: Mutex<Pushes>,
}

/// The pushes that each account has left.
#[derive(Default)]
struct Pushes {
    buckets: HashMap<Uuid, Bucket>,
    /// The number of buckets at which refilled ones are removed.
    sweep_at: usize,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn pushes_at(self, now: Instant, max: f64) -> f64 {
        let filled = now.saturating_duration_since(self.at).as_secs_f64() * PUSHES_PER_SEC;
        (self.left + filled).min(max)
    }
}

/// The number of buckets at which refilled buckets are removed.
const BUCKETS_MAX: usize = 50_000;
/// How many pushes with accepted edits an account regains per second.
const PUSHES_PER_SEC: f64 = 1.0;
/// The maximum number of known networks of one account and of all accounts. An account forgets the least recently used network first.
const KNOWN_EACH_MAX: usize = 16;
const KNOWN_MAX: usize = 200_000;

/// The networks of each account, most recently used last.
#[derive(Default)]
struct Known {
    by_account: HashMap<Uuid, VecDeque<IpAddr>>,
    total: usize,
}

impl Known {
    fn learn(&mut self, user: Uuid, network: IpAddr) {
        let own = self.by_account.entry(user).or_default();
        let before = own.len();
        own.retain(|known| *known != network);
        own.push_back(network);
        if own.len() > KNOWN_EACH_MAX {
            own.pop_front();
        }
        self.total = self.total + own.len() - before;
        if self.total > KNOWN_MAX {
            self.forget();
        }
    }

    /// Cuts every account down to half of the largest number of networks, or forgets whole accounts if each has only one.
    fn forget(&mut self) {
        let most = self.by_account.values().map(VecDeque::len).max().unwrap_or(0);
        let (kept, mut left) = ((most / 2).max(1), if most > 1 { usize::MAX } else { KNOWN_MAX / 2 });
        self.by_account.retain(|_, own| {
            own.drain(..own.len().saturating_sub(kept));
            let fits = own.len() <= left;
            left = left.saturating_sub(own.len());
            fits
        });
        self.total = self.by_account.values().map(VecDeque::len).sum();
    }
}

impl Limits {
    /// Allows `per_minute` attempts for each network, and a quarter of that for each account from one network. The burst size is the same.
    pub fn new(per_minute: u32, pushes_max: u32) -> Self {
        Limits {
            buckets: Mutex::default(),
            known: Mutex::default(),
            per_minute: AtomicU32::new(per_minute.max(1)),
            pushes_max: f64::from(pushes_max),
            pushes: Mutex::default(),
        }
    }

    /// Changes the number of attempts of each network per minute.
    pub fn set_per_minute(&self, per_minute: u32) {
        self.per_minute.store(per_minute.max(1), Ordering::Relaxed);
    }

    /// Records that an account uses a network.
    pub fn learn(&self, user: Uuid, network: IpAddr) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).learn(user, network);
    }

    /// Whether an account is known to use a network.
    pub fn knows(&self, user: Uuid, network: IpAddr) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_account.get(&user).is_some_and(|own| own.contains(&network))
    }

    /// Takes one attempt from a bucket.
    ///
    /// # Errors
    /// Returns an error if the bucket is empty.
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

    /// Checks that an account may push.
    ///
    /// # Errors
    /// Returns an error if it has pushed too often.
    pub fn check_push(&self, user: Uuid, now: Instant) -> Result<(), Failure> {
        let pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        let left = pushes.buckets.get(&user).map_or(self.pushes_max, |bucket| bucket.pushes_at(now, self.pushes_max));
        if left >= 1.0 { Ok(()) } else { Err(Failure::rate_limited(((1.0 - left) / PUSHES_PER_SEC).ceil() as u64)) }
    }

    /// Counts a push with accepted edits.
    pub fn count_push(&self, user: Uuid, now: Instant) {
        let mut pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        if pushes.buckets.len() >= pushes.sweep_at {
            pushes.buckets.retain(|_, bucket| bucket.pushes_at(now, self.pushes_max) < self.pushes_max);
            pushes.sweep_at = BUCKETS_MAX.max(pushes.buckets.len() * 2);
        }
        let bucket = pushes.buckets.entry(user).or_insert(Bucket { left: self.pushes_max, at: now });
        *bucket = Bucket { left: bucket.pushes_at(now, self.pushes_max) - 1.0, at: now };
    }

    fn size(&self, who: &Who) -> f64 {
        let per_minute = f64::from(self.per_minute.load(Ordering::Relaxed));
        match who {
            Who::Network(_) | Who::Account(_) | Who::Refresh(_) | Who::RefreshOf(..) => per_minute,
            Who::Site(_) | Who::RefreshSite(_) => per_minute * 4.0,
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
        let (limits, start) = (Limits::new(8, 1_000), Instant::now());
        let who = Who::AccountFrom("sam@example.com".to_owned(), IpAddr::from([192, 0, 2, 1]));
        assert!(limits.take(&who, start).is_ok() && limits.take(&who, start).is_ok());
        assert!(limits.take(&who, start).is_err(), "a quarter of eight");
        assert!(limits.take(&who, start + Duration::from_secs(29)).is_err());
        assert!(limits.take(&who, start + Duration::from_secs(30)).is_ok());
        limits.give_back(&who);
        assert!(limits.take(&who, start + Duration::from_secs(30)).is_ok(), "a right password costs nothing");
    }

    #[test]
    fn pushes_run_out_for_the_account_that_made_them_and_come_back() {
        let (limits, start) = (Limits::new(8, 1_000), Instant::now());
        let (loud, quiet) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for _ in 0..1_000 {
            limits.check_push(loud, start).expect("a push is left");
            limits.count_push(loud, start);
        }
        assert!(limits.check_push(loud, start).is_err() && limits.check_push(quiet, start).is_ok());
        assert!(limits.check_push(loud, start + Duration::from_secs(2)).is_ok());
        for number in 0..2 * BUCKETS_MAX as u128 {
            limits.count_push(Uuid::from_u128(1 << 64 | number), start + Duration::from_secs(number as u64));
        }
        assert!(limits.pushes.lock().expect("no panic").buckets.len() <= BUCKETS_MAX, "refilled buckets are removed");
    }

    #[test]
    fn an_account_has_few_known_networks_and_takes_none_from_others() {
        let limits = Limits::new(8, 1_000);
        let network = |number: u32| IpAddr::from(number.to_be_bytes());
        let (owner, home) = (Uuid::from_u128(0), network(7));
        limits.learn(owner, home);
        for number in 0..2 * KNOWN_MAX as u32 {
            // Many accounts with the maximum number of networks.
            limits.learn(Uuid::from_u128(1 + u128::from(number) / 64), network(number));
        }
        assert!(limits.knows(owner, home));
        let newest = 2 * KNOWN_MAX as u32 - 1;
        let loud = Uuid::from_u128(1 + u128::from(newest) / 64);
        assert!(limits.knows(loud, network(newest)) && !limits.knows(loud, network(newest - 32)), "the newest networks are kept");
        let known = limits.known.lock().expect("no panic");
        assert!(known.total <= KNOWN_MAX && known.total == known.by_account.values().map(VecDeque::len).sum::<usize>());
        drop(known);
        for number in 0..2 * KNOWN_MAX as u32 {
            limits.learn(Uuid::from_u128(1 << 64 | u128::from(number)), home);
        }
        assert!(limits.known.lock().expect("no panic").total <= KNOWN_MAX, "accounts with one network each");
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
