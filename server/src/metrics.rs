//! The server's metrics, in the OpenMetrics text format, named by the conventions of Prometheus. Label values come from closed sets.

mod process;

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use stronglog_sync::api::collection::Contract;
use stronglog_sync::wire::Outcome;

use self::process::Process;
use crate::net::Validity;
use crate::store::Commits;

/// The server's counters since its start, and its gauges.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram>,
    outcomes: Family<Kind, Counter>,
    pulled: Counter,
    reloaded: Gauge,
    gauges: Gauges,
}

/// The gauges at one moment. The fields are those of [`Levels`].
struct Gauges {
    streams: Gauge,
    connections: Gauge,
    connections_limit: Gauge,
    queue: Gauge,
    queue_limit: Gauge,
    accounts: Gauge,
    sessions: Gauge,
    database_bytes: Gauge,
    log_bytes: Gauge,
    backed_up_at: Gauge,
    certificate_starts_at: Gauge,
    certificate_expires_at: Gauge,
}

/// The values of all gauges at one moment. Unknown values leave their gauges unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Levels {
    pub streams: usize,
    pub connections: usize,
    pub connections_limit: usize,
    /// The number of jobs that wait for the writer, and the maximum.
    pub queue: usize,
    pub queue_limit: usize,
    pub database_bytes: u64,
    pub log_bytes: u64,
    /// Accounts and signed-in devices.
    pub population: Option<(u64, u64)>,
    /// In milliseconds since the Unix epoch, like all times.
    pub backed_up_at: Option<i64>,
    pub certificate: Option<Validity>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: &'static str,
    contract: &'static str,
}

/// Upper bounds in seconds, chosen for a cheap poll, a commit and a password hash.
pub const BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

impl Metrics {
    pub fn new(commits: &Commits, contract: &Contract) -> Self {
        let mut all = Registry::default();
        all.register_collector(Box::new(Process::new()));
        let ours = all.sub_registry_with_prefix("stronglog");
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let (requests, durations) = (Family::default(), Family::new_with_constructor(histogram));
        let (outcomes, pulled) = (Family::default(), Counter::default());
        let build = Info::new(Build { version: env!("CARGO_PKG_VERSION"), contract: contract.version });
        ours.register("build", "Version of the server and of its contract", build);
        ours.register("http_requests", "Requests with a response", requests.clone());
        ours.register_with_unit("http_request_duration", "Time to respond to a request", Unit::Seconds, durations.clone());
        ours.register("pushed_changes", "Pushed changes by outcome", outcomes.clone());
        ours.register("pulled_changes", "Changes sent to devices", pulled.clone());
        let held = "Time to commit a batch of writes";
        ours.register_with_unit("commit_duration", held, Unit::Seconds, commits.duration.clone());
        ours.register("failed_commits", "Commits that failed, for example because the disk is full", commits.failed.clone());
        ours.register("writer_panics", "Restarts of the writer thread after a panic", commits.panics.clone());
        let reloaded = Gauge::default();
        reloaded.set(1);
        ours.register("config_last_reload_successful", "Whether the last reload of the settings succeeded", reloaded.clone());
        let gauges = Gauges::new(ours);
        Metrics { registry: all, requests, durations, outcomes, pulled, reloaded, gauges }
    }

    /// Counts a request. `route` is its path with the parameters in braces.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&Request { method, route: route.to_owned(), status }).inc();
        self.durations.get_or_create(&Route { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    pub fn outcomes(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let outcome = match outcome {
                Outcome::Accepted(_) => "accepted",
                Outcome::Duplicate(_) => "duplicate",
                Outcome::Superseded { .. } => "superseded",
                Outcome::Rejected { .. } => "rejected",
            };
            self.outcomes.get_or_create(&Kind { outcome }).inc();
        }
    }

    pub fn pulled(&self, changes: usize) {
        self.pulled.inc_by(changes as u64);
    }

    /// Records whether the server could use the settings of a reload.
    pub fn reloaded(&self, taken_over: bool) {
        self.reloaded.set(i64::from(taken_over));
    }

    /// Returns all metrics as text.
    pub fn text(&self, levels: &Levels) -> String {
        self.gauges.set(levels);
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode_registry(&mut text, &self.registry).and_then(|()| encode_eof(&mut text));
        text
    }
}

impl Gauges {
    fn new(ours: &mut Registry) -> Self {
        let mut plain = |name: &str, help: &str| {
            let gauge = Gauge::default();
            ours.register(name, help, gauge.clone());
            gauge
        };
        Gauges {
            streams: plain("streams", "Open streams of change notifications"),
            connections: plain("connections", "Open connections"),
            connections_limit: plain("connections_limit", "Limit of open connections"),
            queue: plain("write_queue", "Jobs waiting for the writer thread"),
            queue_limit: plain("write_queue_limit", "Limit of jobs waiting for the writer thread"),
            accounts: plain("accounts", "Accounts"),
            sessions: plain("sessions", "Signed-in devices"),
            database_bytes: plain("database_size_bytes", "Size of the database file"),
            log_bytes: plain("wal_size_bytes", "Size of the write-ahead log"),
            backed_up_at: plain("last_backup_timestamp_seconds", "Time of the newest backup, or 0"),
            certificate_starts_at: plain(
                "certificate_start_timestamp_seconds",
                "Latest time at which a certificate of the chain in use begins to be valid, or 0 without one",
            ),
            certificate_expires_at: plain(
                "certificate_expiry_timestamp_seconds",
                "Earliest expiry time in the chain of certificates in use, or 0 without one",
            ),
        }
    }

    fn set(&self, levels: &Levels) {
        let count = |gauge: &Gauge, number: usize| _ = gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        let bytes = |gauge: &Gauge, number: u64| _ = gauge.set(number.try_into().unwrap_or(i64::MAX));
        let time = |gauge: &Gauge, at: Option<i64>| _ = at.map(|at| gauge.set(at.div_euclid(1_000)));
        count(&self.streams, levels.streams);
        count(&self.connections, levels.connections);
        count(&self.connections_limit, levels.connections_limit);
        count(&self.queue, levels.queue);
        count(&self.queue_limit, levels.queue_limit);
        bytes(&self.database_bytes, levels.database_bytes);
        bytes(&self.log_bytes, levels.log_bytes);
        if let Some((accounts, sessions)) = levels.population {
            bytes(&self.accounts, accounts);
            bytes(&self.sessions, sessions);
        }
        time(&self.backed_up_at, levels.backed_up_at);
        time(&self.certificate_starts_at, Some(levels.certificate.map_or(0, |validity| validity.from.0)));
        time(&self.certificate_expires_at, Some(levels.certificate.map_or(0, |validity| validity.until.0)));
    }
}
