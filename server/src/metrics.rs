//! The server's metrics, in the Prometheus text format.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use stronglog_sync::wire::Outcome;

/// The server's counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram>,
    outcomes: Family<Kind, Counter>,
    pulled: Counter,
    streams: Gauge,
    connections: Gauge,
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

/// Upper bounds in seconds, chosen for a cheap poll, a commit and a password hash.
const BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

impl Metrics {
    pub fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Metrics {
            registry: Registry::with_prefix("stronglog"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            outcomes: Family::default(),
            pulled: Counter::default(),
            streams: Gauge::default(),
            connections: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register("request_seconds", "How long answers took", metrics.seconds.clone());
        registry.register("push_outcomes", "What became of pushed changes", metrics.outcomes.clone());
        registry.register("pulled_changes", "Changes sent to devices", metrics.pulled.clone());
        registry.register("open_streams", "Devices that listen for new revisions", metrics.streams.clone());
        registry.register("open_connections", "Connections that are open", metrics.connections.clone());
        metrics
    }

    /// Counts a request. `route` is its path with the parameters in braces.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&Request { method, route: route.to_owned(), status }).inc();
        self.seconds.get_or_create(&Route { route: route.to_owned() }).observe(took.as_secs_f64());
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

    /// Returns all metrics as text.
    pub fn text(&self, open_streams: usize, open_connections: usize) -> String {
        let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.streams.set(signed(open_streams));
        self.connections.set(signed(open_connections));
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
