//! The metrics that every process has, under Prometheus's standard names.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads the state of this process for each request for metrics.
#[derive(Debug)]
pub struct Process {
    started_at_secs: f64,
}

/// The operating system's data about this process.
#[derive(Debug, Default, PartialEq)]
struct State {
    cpu_secs: f64,
    threads: i64,
    virtual_bytes: i64,
    resident_bytes: i64,
    open_fds: i64,
    max_fds: i64,
}

impl Process {
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Process { started_at_secs: since.as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut add = |name: &str, help: &str, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        add("process_start_time_seconds", "Start time of the process.", &ConstGauge::new(self.started_at_secs))?;
        let Some(state) = State::read() else { return Ok(()) };
        add("process_cpu_seconds", "Processor time used.", &ConstCounter::new(state.cpu_secs))?;
        add("process_threads", "Threads.", &ConstGauge::new(state.threads))?;
        add("process_virtual_memory_bytes", "Virtual memory size.", &ConstGauge::new(state.virtual_bytes))?;
        add("process_resident_memory_bytes", "Resident memory size.", &ConstGauge::new(state.resident_bytes))?;
        add("process_open_fds", "Open file descriptors.", &ConstGauge::new(state.open_fds))?;
        add("process_max_fds", "Limit of open file descriptors.", &ConstGauge::new(state.max_fds))
    }
}

impl State {
    /// The state of this process, on systems with `/proc`.
    #[cfg(target_os = "linux")]
    fn read() -> Option<State> {
        let text = std::fs::read_to_string("/proc/self/stat").ok()?;
        let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let (ticks, page) = (rustix::param::clock_ticks_per_second(), rustix::param::page_size());
        let state = Self::parse(&text, ticks, i64::try_from(page).ok()?)?;
        let open_fds = i64::try_from(open).ok()?;
        Some(State { open_fds, max_fds: limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(i64::MAX), ..state })
    }

    #[cfg(not(target_os = "linux"))]
    fn read() -> Option<State> {
        None
    }

    /// Parses a line of `/proc/PID/stat`. The second field is the program's name in parentheses, which may contain anything.
    #[cfg(target_os = "linux")]
    fn parse(text: &str, ticks: u64, page: i64) -> Option<State> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
        let cpu_ticks = number(14)? + number(15)?;
        Some(State {
            cpu_secs: cpu_ticks as f64 / ticks.max(1) as f64,
            threads: number(20)?,
            virtual_bytes: number(23)?,
            resident_bytes: number(24)?.checked_mul(page)?,
            ..State::default()
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let line = "42 (a) b) S 1 42 42 0 -1 0 1 2 3 4 250 150 7 8 20 0 9 0 12345 8192 3 18446744073709551615 1 1";
        let expected = State { cpu_secs: 4.0, threads: 9, virtual_bytes: 8_192, resident_bytes: 12_288, ..State::default() };
        assert_eq!(State::parse(line, 100, 4_096), Some(expected));
        assert_eq!(State::parse("42 (a", 100, 4_096), None);
        let own = State::read().expect("the state of this process");
        assert!(own.resident_bytes > 0 && own.open_fds > 2 && own.max_fds >= own.open_fds && own.threads > 0, "{own:?}");
    }
}
