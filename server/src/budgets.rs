//! Memory budgets for requests in progress and for unread responses: per session, account, network and site, and in total. Requests without
//! an account have separate budgets, so they cannot exhaust the memory of accounts, and vice versa.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::auth::limits::{Sender, site};
use crate::shares::{Exhausted, Share, Shares};
use crate::store::accounts::SessionKey;

/// The memory of a request in addition to its body: its processing, its headers, and its stream.
const HEAD_BYTES: usize = 16 << 10;
/// The memory of a response in addition to its body.
pub const OVERHEAD_BYTES: usize = 4 << 10;
/// The maximum memory for bodies with records, of one account and of all accounts together.
const BODIES_EACH_MAX: usize = 8 << 20;
const BODIES_ALL_MAX: usize = 128 << 20;
/// The maximum memory for the heads and other bodies of one session's requests: about 150 requests.
const REQUESTS_SESSION_MAX: usize = 5 << 19;
const REQUESTS_SESSIONS_MAX: usize = 128 << 20;
/// The maximum memory for the requests of one network, of all networks of one site, and of all networks.
const REQUESTS_NETWORK_MAX: usize = 4 << 20;
const REQUESTS_SITE_MAX: usize = 8 << 20;
const REQUESTS_NETWORKS_MAX: usize = 64 << 20;
/// The maximum memory for the large responses of one account, and of all accounts together.
const UNSENT_EACH_MAX: usize = 8 << 20;
const UNSENT_ALL_MAX: usize = 128 << 20;
/// The maximum memory for small responses, of which one session may leave 256 unread.
const UNSENT_SESSION_MAX: usize = 1 << 20;
const UNSENT_SESSIONS_MAX: usize = 64 << 20;
/// The maximum memory for the responses of one network, of one site, and of all networks.
const UNSENT_NETWORK_MAX: usize = 1 << 20;
const UNSENT_SITE_MAX: usize = 4 << 20;
const UNSENT_NETWORKS_MAX: usize = 32 << 20;
/// The maximum number of responses that are compressed while they are sent. Each takes a megabyte. Further responses are sent uncompressed.
const COMPRESSED_MAX: usize = 64;

/// Reserved memory, released when this is dropped.
pub struct Held {
    shares: Vec<Share<Sender>>,
    /// The number of shares, from the last one, that grow.
    growing: usize,
}

impl Held {
    /// Reserves more memory.
    ///
    /// # Errors
    /// Returns an error if a limit would be exceeded.
    pub fn grow(&mut self, amount: usize) -> Result<(), Exhausted> {
        let fixed = self.shares.len() - self.growing;
        self.shares[fixed..].iter_mut().try_for_each(|share| share.grow(amount))
    }
}

/// The memory for clients without an account.
struct UnauthenticatedBudget {
    networks: Shares<Sender>,
    sites: Shares<Sender>,
}

impl UnauthenticatedBudget {
    fn new(network_max: usize, site_max: usize, all_max: usize) -> Self {
        UnauthenticatedBudget { networks: Shares::new(network_max, all_max), sites: Shares::new(site_max, usize::MAX) }
    }

    fn take(&self, network: IpAddr, amount: usize) -> Result<Held, Exhausted> {
        let mut shares = vec![self.networks.take(Sender::Network(network), amount)?];
        if let Some(site) = site(network) {
            shares.push(self.sites.take(Sender::Network(site), amount)?);
        }
        Ok(Held { growing: shares.len(), shares })
    }
}

/// The memory for requests.
pub struct Requests {
    accounts: Shares<Sender>,
    sessions: Shares<Sender>,
    unauthenticated: UnauthenticatedBudget,
}

impl Default for Requests {
    fn default() -> Self {
        Requests {
            accounts: Shares::new(BODIES_EACH_MAX, BODIES_ALL_MAX),
            sessions: Shares::new(REQUESTS_SESSION_MAX, REQUESTS_SESSIONS_MAX),
            unauthenticated: UnauthenticatedBudget::new(REQUESTS_NETWORK_MAX, REQUESTS_SITE_MAX, REQUESTS_NETWORKS_MAX),
        }
    }
}

impl Requests {
    /// The memory for a request without an account, which grows with its body.
    ///
    /// # Errors
    /// Returns an error if a limit would be exceeded.
    pub fn of_network(&self, network: IpAddr) -> Result<Held, Exhausted> {
        self.unauthenticated.take(network, HEAD_BYTES)
    }

    /// The memory for a request of a session, which grows with its body. A body without records counts toward the session, not the account,
    /// so that an account can sign out a session whatever that session sends.
    ///
    /// # Errors
    /// Returns an error if a limit would be exceeded.
    pub fn of_session(&self, key: SessionKey, has_records: bool) -> Result<Held, Exhausted> {
        let head = self.sessions.take(Sender::Session(key), HEAD_BYTES)?;
        let body = match has_records {
            true => self.accounts.take(Sender::Account(key.user), 0)?,
            false => self.sessions.take(Sender::Session(key), 0)?,
        };
        Ok(Held { shares: vec![head, body], growing: 1 })
    }
}

/// The memory for responses.
pub struct Unsent {
    accounts: Shares<Sender>,
    sessions: Shares<Sender>,
    unauthenticated: UnauthenticatedBudget,
    pub compressed: Arc<Semaphore>,
}

impl Default for Unsent {
    fn default() -> Self {
        Unsent {
            accounts: Shares::new(UNSENT_EACH_MAX, UNSENT_ALL_MAX),
            sessions: Shares::new(UNSENT_SESSION_MAX, UNSENT_SESSIONS_MAX),
            unauthenticated: UnauthenticatedBudget::new(UNSENT_NETWORK_MAX, UNSENT_SITE_MAX, UNSENT_NETWORKS_MAX),
            compressed: Arc::new(Semaphore::new(COMPRESSED_MAX)),
        }
    }
}

impl Unsent {
    /// The memory for a response without an account: a static page or a small response.
    ///
    /// # Errors
    /// Returns an error if a limit would be exceeded.
    pub fn of_network(&self, network: IpAddr) -> Result<Held, Exhausted> {
        self.unauthenticated.take(network, OVERHEAD_BYTES)
    }

    /// The memory for a small response of a session.
    ///
    /// # Errors
    /// Returns an error if a limit would be exceeded.
    pub fn of_session(&self, key: SessionKey) -> Result<Held, Exhausted> {
        Ok(Held { shares: vec![self.sessions.take(Sender::Session(key), OVERHEAD_BYTES)?], growing: 0 })
    }

    /// The memory for the body of a large response of an account.
    ///
    /// # Errors
    /// Returns an error if a limit would be exceeded.
    pub fn of_account(&self, key: SessionKey, length: usize) -> Result<Share<Sender>, Exhausted> {
        self.accounts.take(Sender::Account(key.user), length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_of_one_site_leave_room_to_the_others() {
        let unsent = Unsent::default();
        let mut left = Vec::new();
        for network in 0..200 {
            let network = IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, 0]);
            while let Ok(held) = unsent.of_network(network) {
                left.push(held);
            }
        }
        assert_eq!(left.len(), UNSENT_SITE_MAX / OVERHEAD_BYTES);
        assert!(unsent.of_network(IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, 0])).is_ok());
        let key = SessionKey { user: uuid::Uuid::nil(), session: uuid::Uuid::nil() };
        assert!(unsent.of_account(key, UNSENT_EACH_MAX).is_ok(), "accounts have a budget of their own");
    }

    #[test]
    fn requests_without_bodies_take_memory_too() {
        let (requests, network) = (Requests::default(), IpAddr::from([192, 0, 2, 1]));
        let mut held: Vec<_> = std::iter::from_fn(|| requests.of_network(network).ok()).collect();
        assert_eq!(held.len(), REQUESTS_NETWORK_MAX / HEAD_BYTES);
        let mut request = held.pop().expect("a request");
        assert!(request.grow(1).is_err());
        drop(held.pop());
        assert!(request.grow(1).is_ok());
    }
}
