//! Checks of settings before a server starts, and of a data folder or a database: what `serve --check` and `admin doctor` report.

mod database;
mod folder;
mod settings;
mod users;

pub use database::database;
pub use folder::{FolderChecks, folder};
pub use settings::{certificate, proxy, secret, settings, user};

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The subject of the check, in one word.
    pub name: &'static str,
    /// How serious it is.
    pub grade: Grade,
    /// The result and, unless it is good, what to do.
    pub detail: String,
}

/// How serious a finding is. Exhaustive, because callers act on each grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing needs to be done.
    Good,
    /// Something should be done soon.
    Warning,
    /// Something must be done now.
    Bad,
}

impl Finding {
    fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Finding { name, grade: Grade::Good, detail: detail.into() }
    }

    fn warning(name: &'static str, detail: impl Into<String>) -> Self {
        Finding { name, grade: Grade::Warning, detail: detail.into() }
    }

    fn bad(name: &'static str, detail: impl Into<String>) -> Self {
        Finding { name, grade: Grade::Bad, detail: detail.into() }
    }
}

const DAY_MS: i64 = 86_400_000;
/// How far the data may be ahead of the clock.
const SKEW_MS_MAX: i64 = 60_000;

/// Compares this machine's clock with a time that should be in the past.
fn clock(past: i64, now: i64, whose: &str) -> Finding {
    let ahead = past.saturating_sub(now);
    match ahead > SKEW_MS_MAX {
        true => Finding::bad(
            "clock",
            format!("{whose} is {} minutes ahead of this machine's clock; correct this machine's clock", ahead / 60_000),
        ),
        false => Finding::good("clock", "not behind the data"),
    }
}

/// Formats a number of bytes.
fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{} KiB", count / 1_024),
        1_048_576..1_073_741_824 => format!("{} MiB", count / 1_048_576),
        _ => format!("{:.1} GiB", count as f64 / 1_073_741_824.0),
    }
}
