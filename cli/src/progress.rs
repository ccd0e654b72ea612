//! Progress bars on standard error, and a sync with a progress bar. Without a terminal, nothing is drawn.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stronglog_sync::Client;
use stronglog_sync::transport::Traffic;

use crate::exit::Outcome;
use crate::output::WaitingOutput;
use crate::synced::{Synced, per_second};
use crate::terminal::{Format, remark, remark_json};

/// The interval at which a bar is redrawn.
const REDRAW: Duration = Duration::from_millis(80);
/// How long to wait for a server's response before saying so.
pub const SLOW_ANSWER: Duration = Duration::from_secs(5);

/// The bar that is drawn, if there is one. Other output to the terminal must not break it.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn set_drawn(bar: Option<ProgressBar>) {
    *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Reports on standard error what a command waits for, for people who watch a terminal or read a log.
pub fn say_waiting(server: &str, waited: Duration, format: Format) {
    let say = || {
        let waiting = WaitingOutput { waiting_for: server.to_owned(), seconds: waited.as_secs() };
        match format {
            Format::Json => remark_json(&waiting),
            Format::Text => remark!("waiting for a response from {server}, {} s so far", waiting.seconds),
        }
    };
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match drawn {
        Some(bar) => bar.suspend(say),
        None => say(),
    }
}

/// Syncs once with a bar labelled `label`, and counts the transfers since `before`. A device that was just opened or signed in starts to
/// sync by itself, and `before` includes those transfers in this sync. `expected` is the number of changes that the server is known to
/// have.
///
/// # Errors
/// Returns an error if the client was stopped.
pub async fn sync(client: &Client, label: &str, before: Traffic, expected: Option<u64>, visibility: Visibility) -> Outcome<Synced> {
    let started = Instant::now();
    let progress = Progress::new(label, visibility);
    let syncing = client.sync_now();
    tokio::pin!(syncing);
    let status = loop {
        tokio::select! {
            status = &mut syncing => break status?,
            () = tokio::time::sleep(REDRAW) => {
                let moved = client.traffic().since(before);
                let total = moved.pushed + client.status().pending + expected.unwrap_or(moved.pulled);
                progress.set(moved.pushed + moved.pulled, Some(total));
            }
        }
    };
    progress.finish();
    Ok(Synced { status, traffic: client.traffic().since(before), took: started.elapsed() })
}

/// Whether to draw a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// If standard output and standard error are terminals.
    OnTerminal,
    Never,
}

/// A progress bar with a count, or with the elapsed time as long as there is nothing to count.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    pub fn new(label: &str, visibility: Visibility) -> Self {
        let seen = visibility == Visibility::OnTerminal && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let progress = Progress { bar: ProgressBar::hidden().with_prefix(label.to_owned()), started: Instant::now() };
        // What the bar says first is known before it is drawn.
        progress.set(0, None);
        progress.bar.set_draw_target(target);
        set_drawn(seen.then(|| progress.bar.clone()));
        progress
    }

    /// Shows that `done` of `total` are done. Without a total, or while `done` is 0, no percentage is shown.
    pub fn set(&self, done: u64, total: Option<u64>) {
        let total = total.filter(|total| done > 0 && *total > 0);
        let template = if total.is_some() { "{prefix} {bar:32.cyan/black.bright} {msg}" } else { "{prefix} {spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸━"));
        }
        self.bar.set_length(total.unwrap_or_default().max(done));
        self.bar.set_position(done);
        self.bar.set_message(counted(done, total, self.started.elapsed()));
    }

    pub fn finish(self) {
        set_drawn(None);
        self.bar.finish_and_clear();
    }
}

fn counted(done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let speed = HumanCount(per_second(done, elapsed));
    match total {
        Some(total) => format!("{} of {}, {speed}/s", HumanCount(done), HumanCount(total.max(done))),
        None if done > 0 => format!("{}, {speed}/s", HumanCount(done)),
        None => format!("waiting, {} s", elapsed.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_what_is_done_before_it_is_drawn() {
        let progress = Progress::new("importing", Visibility::Never);
        assert_eq!((progress.bar.prefix().as_str(), progress.bar.message().as_str()), ("importing", "waiting, 0 s"));
        progress.finish();
    }

    #[test]
    fn figures_are_whole_numbers_and_a_silent_server_has_no_share_of_nothing() {
        let second = Duration::from_secs(1);
        assert_eq!(counted(18_538, Some(30_000), second), "18,538 of 30,000, 18,538/s");
        assert_eq!(counted(1_200, None, second), "1,200, 1,200/s");
        assert_eq!(counted(0, Some(0).filter(|total| *total > 0), 60 * second), "waiting, 60 s");
    }
}
