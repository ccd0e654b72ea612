//! The open connections, and which of them to close when there are too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::activity::Activity;
use crate::auth::limits::{network, site};
use crate::error::ServeError;

/// The interval at which closed connections are logged.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// Below this number of file descriptors, the database cannot be opened.
const DESCRIPTORS_MIN: usize = 40;
/// An IPv6 site may have many networks. It may have this many times the connections of one network.
const NETWORKS_OF_SITE: usize = 4;
/// The maximum number of file descriptors reserved for the database, the log and everything else that is not a connection.
const RESERVE: usize = 128;

/// The open connections.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// The maximum number of connections per network.
    each_max: usize,
    all_max: usize,
}

#[derive(Default)]
struct State {
    /// By network, then by connection number.
    open: HashMap<IpAddr, HashMap<u64, Open>>,
    total: usize,
    next: u64,
    /// The number of connections of each IPv6 site.
    by_site: HashMap<IpAddr, usize>,
    /// The numbers of connections closed and rejected since the last log line, and when that line was logged.
    displaced: usize,
    refused: usize,
    logged_at: Option<Instant>,
}

struct Open {
    activity: Arc<Activity>,
    end: Arc<Notify>,
}

impl Connections {
    /// Admits up to `all_max` connections in total, and up to `each_max` per network. Loopback addresses are not limited per network,
    /// because local programs, such as a proxy, connect on behalf of many clients.
    pub fn new(each_max: usize, all_max: usize) -> Self {
        Connections(Arc::new(Inner { state: Mutex::default(), each_max, all_max }))
    }

    /// The number of open connections.
    pub fn open(&self) -> usize {
        self.state().total
    }

    /// The maximum number of open connections.
    pub fn limit(&self) -> usize {
        self.0.all_max
    }

    /// Admits a connection. If there are too many, closes the one that has been idle longest, or else one whose peer does not send the
    /// bodies of its requests or does not read the responses. Returns `None` if the server is handling a request on each of them.
    pub fn admit(&self, peer: IpAddr, activity: &Arc<Activity>) -> Option<Admitted> {
        let network = network(peer);
        let mut state = self.state();
        let has_room = self.make_room(&mut state, network);
        state.refused += usize::from(has_room.is_none());
        state.log(self.0.all_max);
        has_room?;
        state.next += 1;
        state.total += 1;
        let (number, end) = (state.next, Arc::new(Notify::new()));
        let open = Open { activity: Arc::clone(activity), end: Arc::clone(&end) };
        state.open.entry(network).or_default().insert(number, open);
        if let Some(site) = site(network) {
            *state.by_site.entry(site).or_default() += 1;
        }
        Some(Admitted { connections: self.clone(), network, number, end })
    }

    fn make_room(&self, state: &mut State, network: IpAddr) -> Option<()> {
        let of_network = state.open.get(&network).map_or(0, HashMap::len);
        if of_network >= self.0.each_max && !network.is_loopback() {
            state.displace_of(&[network])?;
        }
        let of_site = |site| state.by_site.get(&site).copied().unwrap_or(0);
        if let Some(site) = site(network).filter(|site| of_site(*site) >= self.0.each_max.saturating_mul(NETWORKS_OF_SITE)) {
            let networks = state.networks_by_size(|network| crate::auth::limits::site(network) == Some(site));
            state.displace_of(&networks)?;
        }
        if state.total >= self.0.all_max {
            let networks = state.networks_by_size(|_| true);
            state.displace_of(&networks)?;
        }
        Some(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The matching networks, those with the most connections first.
    fn networks_by_size(&self, is_meant: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
        let mut networks: Vec<(usize, IpAddr)> = self.open.iter().map(|(network, open)| (open.len(), *network)).collect();
        networks.retain(|(_, network)| is_meant(*network));
        networks.sort_unstable_by(|one, other| other.cmp(one));
        networks.into_iter().map(|(_, network)| network).collect()
    }

    /// Closes the connection with the least to lose, in the first network that has one.
    fn displace_of(&mut self, networks: &[IpAddr]) -> Option<()> {
        let idle = networks.iter().find_map(|network| self.displace(*network, Activity::idle));
        let unfinished = idle.or_else(|| networks.iter().find_map(|network| self.displace(*network, Activity::unfinished)));
        unfinished.or_else(|| networks.iter().find_map(|network| self.displace(*network, Activity::untaken)))
    }

    /// Closes the connection of a network with the lowest sort key.
    fn displace<K: Ord>(&mut self, network: IpAddr, key: fn(&Activity) -> Option<K>) -> Option<()> {
        let open = self.open.get(&network)?;
        let candidates = open.iter().filter_map(|(number, open)| Some((key(&open.activity)?, *number)));
        let (_, number) = candidates.min()?;
        self.remove(network, number)?.end.notify_one();
        self.displaced += 1;
        Some(())
    }

    fn remove(&mut self, network: IpAddr, number: u64) -> Option<Open> {
        let open = self.open.get_mut(&network)?;
        let removed = open.remove(&number)?;
        self.total -= 1;
        if open.is_empty() {
            self.open.remove(&network);
        }
        if let Some(site) = site(network)
            && let Some(of_site) = self.by_site.get_mut(&site)
        {
            *of_site -= 1;
            if *of_site == 0 {
                self.by_site.remove(&site);
            }
        }
        Some(removed)
    }

    fn log(&mut self, all_max: usize) {
        if self.displaced + self.refused > 0 && self.logged_at.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            let State { displaced, refused, total: open, .. } = *self;
            tracing::warn!(displaced, refused, open, max = all_max, "too many connections: idle ones were closed, or new ones rejected");
            (self.displaced, self.refused) = (0, 0);
            self.logged_at = Some(Instant::now());
        }
    }
}

/// An admitted connection. It counts as open until this is dropped.
pub struct Admitted {
    connections: Connections,
    network: IpAddr,
    number: u64,
    end: Arc<Notify>,
}

impl Admitted {
    /// Completes when the connection must close to make room for another.
    pub async fn displaced(&self) {
        self.end.notified().await;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.state().remove(self.network, self.number);
    }
}

/// The maximum number of connections of the process: the configured number, limited by the available file descriptors. Raises the soft
/// limit of descriptors as far as allowed.
///
/// # Errors
/// Returns an error if there are too few descriptors even for the database and the listener.
pub fn connections_max(wanted: usize) -> Result<usize, ServeError> {
    let descriptors = descriptors(wanted + RESERVE);
    if descriptors < DESCRIPTORS_MIN {
        return Err(ServeError::Descriptors { may: descriptors, min: DESCRIPTORS_MIN });
    }
    let max = wanted.min(descriptors - reserve(descriptors)).max(1);
    if max < wanted {
        tracing::warn!(max, wanted, "fewer connections than wanted: the process may have {descriptors} files open (ulimit -n)");
    }
    Ok(max)
}

/// How many of the file descriptors are not for connections: a quarter, up to the reserve.
fn reserve(descriptors: usize) -> usize {
    RESERVE.min(descriptors / 4)
}

#[cfg(unix)]
fn descriptors(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let reachable = limit.maximum.unwrap_or(u64::MAX).min(wanted);
    let current = limit.current.unwrap_or(u64::MAX);
    let raised = current < reachable && setrlimit(Resource::Nofile, Rlimit { current: Some(reachable), maximum: limit.maximum }).is_ok();
    usize::try_from(if raised { reachable } else { current }).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn descriptors(_: usize) -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Deadlines;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test]
    async fn a_silent_connection_makes_room_for_the_next_one_and_one_at_work_does_not() {
        let connections = Connections::new(2, 3);
        let [silent, working, third] = [(); 3].map(|()| Activity::new(Deadlines::default()));
        let request = working.begin();
        let first = connections.admit(peer(1), &silent).expect("the first");
        let _second = connections.admit(peer(1), &working).expect("the second");
        let _third = connections.admit(peer(1), &third).expect("one more than a network may have");
        first.displaced().await;
        assert_eq!(connections.open(), 2, "the silent one is gone");
        drop(first);
        assert_eq!(connections.open(), 2, "and is not counted twice");
        let _request = third.begin();
        assert!(connections.admit(peer(1), &silent).is_none(), "both are at work");
        let _other = connections.admit(peer(2), &silent).expect("another network");
        drop(request);
        let _fourth = connections.admit(peer(3), &silent).expect("the busiest network makes room");
        assert_eq!(connections.open(), 3);
    }

    #[tokio::test]
    async fn the_networks_of_one_site_share_a_limit() {
        let connections = Connections::new(1, 100);
        let open: Vec<_> = (0..20).map(|_| Activity::new(Deadlines::default())).collect();
        let at_work: Vec<_> = open.iter().map(|activity| activity.begin()).collect();
        let of_site = |number: u16| IpAddr::from([0x2001, 0xdb8, 7, number, 0, 0, 0, 1]);
        let admitted: Vec<_> = (0..).zip(&open).filter_map(|(number, activity)| connections.admit(of_site(number), activity)).collect();
        assert_eq!(admitted.len(), NETWORKS_OF_SITE);
        assert!(connections.admit(IpAddr::from([0x2001, 0xdb8, 8, 0, 0, 0, 0, 1]), &open[0]).is_some(), "another site");
        drop((admitted, at_work));
        assert!(connections.0.state.lock().expect("no panic").by_site.is_empty(), "sites without connections are forgotten");
    }

    #[tokio::test]
    async fn a_full_server_takes_newcomers_in_place_of_those_who_take_no_answer() {
        let connections = Connections::new(3, 1);
        let (stuck, new) = (Activity::new(Deadlines::default()), Activity::new(Deadlines::default()));
        let _answer = stuck.begin().watch(axum::body::Body::from("ok"));
        let first = connections.admit(peer(1), &stuck).expect("room");
        let _second = connections.admit(peer(2), &new).expect("the one that takes no answer makes room");
        first.displaced().await;
    }

    #[tokio::test]
    async fn a_full_server_closes_what_is_idle_in_any_network_and_then_what_sends_no_body() {
        let connections = Connections::new(3, 3);
        let [first, second, idle, new] = [(); 4].map(|()| Activity::new(Deadlines::default()));
        let (one, other) = (first.begin(), second.begin());
        let body = one.await_body(axum::body::Body::from("x"));
        let busiest = [&first, &second].map(|activity| connections.admit(peer(1), activity).expect("room"));
        let displaced = connections.admit(peer(2), &idle).expect("room");
        let _third = connections.admit(peer(3), &new).expect("the idle one of another network makes room");
        displaced.displaced().await;
        let request = new.begin();
        let _fourth = connections.admit(peer(4), &idle).expect("the one whose body does not come makes room");
        busiest[0].displaced().await;
        let _request = idle.begin();
        assert!(connections.admit(peer(5), &first).is_none(), "all have something to answer");
        drop((body, one, other, request));
    }
}
