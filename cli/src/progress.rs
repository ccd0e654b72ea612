//! A sync on the terminal: a bar that follows the client while it works, and nothing but the result where no person looks.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stronglog_sync::transport::Traffic;
use stronglog_sync::{Client, Status};

use crate::exit::Outcome;

/// How often the bar is drawn anew.
const REDRAW: Duration = Duration::from_millis(80);

/// What a sync has come to.
#[derive(Clone, Debug)]
pub struct Synced {
    pub status: Status,
    pub traffic: Traffic,
    pub took: Duration,
}

impl Synced {
    /// Records that were moved, either way.
    pub fn moved(&self) -> u64 {
        self.traffic.pushed + self.traffic.pulled
    }

    /// Records a second.
    pub fn speed(&self) -> u64 {
        // A rate is a rough figure anyway: what a float cannot hold of it does not show.
        (self.moved() as f64 / self.took.as_secs_f64().max(0.001)) as u64
    }
}

/// Syncs once, with a bar that begins with `label`, and counts what was moved since `before`: a device that was opened or signed in
/// begins to sync by itself, and what it has moved by now belongs to the sync. `expected` is how many changes are to come from the
/// server, if that is known.
///
/// # Errors
/// The client was stopped.
pub async fn sync(client: &Client, label: &str, before: Traffic, expected: Option<u64>, shown: Shown) -> Outcome<Synced> {
    let started = Instant::now();
    let bar = bar(label, expected.unwrap_or_default() + client.status().pending, shown);
    let syncing = client.sync_now();
    tokio::pin!(syncing);
    let status = loop {
        tokio::select! {
            status = &mut syncing => break status?,
            () = tokio::time::sleep(REDRAW) => {
                let moved = since(before, client.traffic());
                let total = (moved.pushed + client.status().pending) + expected.unwrap_or(moved.pulled);
                bar.set_length(total.max(moved.pushed + moved.pulled));
                bar.set_position(moved.pushed + moved.pulled);
            }
        }
    };
    bar.finish_and_clear();
    Ok(Synced { status, traffic: since(before, client.traffic()), took: started.elapsed() })
}

/// Whether a person is to see the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// If standard error is a terminal.
    OnTerminal,
    Never,
}

/// A bar for work of a known length.
pub fn bar(label: &str, length: u64, shown: Shown) -> ProgressBar {
    let seen = shown == Shown::OnTerminal && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let style = ProgressStyle::with_template("{prefix} {bar:32.cyan/black.bright} {human_pos:>7} of {human_len}  {per_sec:.dim}");
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("━╸━"));
    }
    bar.set_prefix(label.to_owned());
    bar
}

/// What was moved since an earlier count.
pub fn since(before: Traffic, now: Traffic) -> Traffic {
    Traffic {
        requests: now.requests - before.requests,
        pushed: now.pushed - before.pushed,
        pulled: now.pulled - before.pulled,
        sent_bytes: now.sent_bytes - before.sent_bytes,
        received_bytes: now.received_bytes - before.received_bytes,
    }
}
