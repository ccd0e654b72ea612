//! Memory budgets: how much the request bodies that are being read, and the responses that no peer has taken yet, may take for each account
//! and network, and in all.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::auth::limits::Sender;
use crate::shares::{Exhausted, Held, Shares};

/// The maximum memory for the bodies of one account, and of all accounts together.
const BODIES_EACH_MAX: usize = 8 << 20;
const BODIES_ALL_MAX: usize = 128 << 20;
/// The same for networks, from which people sign in: however much accounts take, they find room.
const BODIES_NETWORK_MAX: usize = 2 << 20;
const BODIES_NETWORKS_MAX: usize = 32 << 20;
/// The maximum memory for the responses of one account or network, and for all responses together.
const UNSENT_EACH_MAX: usize = 8 << 20;
const UNSENT_ALL_MAX: usize = 128 << 20;
/// The maximum number of responses that are compressed while they are sent. One takes a megabyte, and further ones are sent as they are.
const COMPRESSED_MAX: usize = 64;

/// The memory for request bodies.
pub struct Bodies {
    accounts: Shares<Sender>,
    networks: Shares<Sender>,
}

impl Default for Bodies {
    fn default() -> Self {
        Bodies { accounts: Shares::new(BODIES_EACH_MAX, BODIES_ALL_MAX), networks: Shares::new(BODIES_NETWORK_MAX, BODIES_NETWORKS_MAX) }
    }
}

impl Bodies {
    /// A share of a sender, which grows with the body.
    pub fn open(&self, sender: Sender) -> Result<Held<Sender>, Exhausted> {
        let shares = if matches!(sender, Sender::Account(_)) { &self.accounts } else { &self.networks };
        shares.take(sender, 0)
    }
}

/// The memory for responses.
pub struct Unsent {
    pub bytes: Shares<Sender>,
    pub compressed: Arc<Semaphore>,
}

impl Default for Unsent {
    fn default() -> Self {
        Unsent { bytes: Shares::new(UNSENT_EACH_MAX, UNSENT_ALL_MAX), compressed: Arc::new(Semaphore::new(COMPRESSED_MAX)) }
    }
}
