//! Connections: their maximum number, how long they may be idle, and the accept loop. Nothing in this module depends on the protocol.

mod activity;
mod connections;
mod listen;
mod timeouts;
mod tls;
mod validity;

pub use connections::{Connections, connections_max};
pub use listen::Listener;
pub use timeouts::{Deadlines, Patience};
pub use tls::{Certificate, certificate};
pub use validity::Validity;
