//! Checks of settings before a server starts, and of a data folder: what `serve --check` and `admin doctor` report.

mod folder;
mod settings;
mod validity;

pub use folder::{Wanted, folder};
pub(crate) use settings::expires_at;
pub use settings::{certificate, secret, settings};

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was checked, in one word.
    pub name: &'static str,
    /// How serious it is.
    pub grade: Grade,
    /// What was seen and, unless it is good, what to do.
    pub told: String,
}

/// How serious a finding is.
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
    fn good(name: &'static str, told: impl Into<String>) -> Self {
        Finding { name, grade: Grade::Good, told: told.into() }
    }

    fn warning(name: &'static str, told: impl Into<String>) -> Self {
        Finding { name, grade: Grade::Warning, told: told.into() }
    }

    fn bad(name: &'static str, told: impl Into<String>) -> Self {
        Finding { name, grade: Grade::Bad, told: told.into() }
    }
}

const DAY_MS: i64 = 86_400_000;

/// Formats a number of bytes.
fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{} KiB", count / 1_024),
        1_048_576..1_073_741_824 => format!("{} MiB", count / 1_048_576),
        _ => format!("{:.1} GiB", count as f64 / 1_073_741_824.0),
    }
}
