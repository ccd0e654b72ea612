//! Connections: who may have one, how long it may be silent, and the loop that accepts them. Nothing in here knows what is said over them.

mod activity;
mod connections;
mod listen;
mod patience;
mod tls;

pub use connections::{Connections, connections_max};
pub use listen::Listener;
pub use patience::{Deadlines, Patience};
pub use tls::acceptor;
