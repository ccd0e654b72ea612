//! `sync`: once, or until Ctrl-C.

use std::time::{Duration, Instant};

use stronglog_sync::task::Answer;
use stronglog_sync::transport::Traffic;
use stronglog_sync::{Client, Status, SyncState};

use crate::args::{Confirm, Sync};
use crate::exit::{Exit, Failure, Outcome};
use crate::home::{Home, Notifications};
use crate::output::SyncOutput;
use crate::progress::{self, Shown, Synced, since};
use crate::terminal::{bad, bytes, counted, good, moment, remark, say, say_json, thousands};

/// How often to look for edits of other commands on the same device.
const REREAD: Duration = Duration::from_secs(1);

pub async fn run(home: &Home, sync: &Sync, json: bool) -> Outcome {
    if home.tokens()?.is_none() {
        let what = "cannot sync: nobody is signed in on this device; use `stronglog login` or `stronglog register`";
        return Err(Failure::Other(Exit::SignIn, what.to_owned()));
    }
    let client = home.open(if sync.watch { Notifications::On } else { Notifications::Off }).await?;
    match sync.confirm {
        Some(Confirm::Delete) => client.confirm_resync(Answer::Delete)?,
        Some(Confirm::PushAgain) => client.confirm_resync(Answer::PushAgain)?,
        None => {}
    }
    let synced = progress::sync(&client, "syncing", Traffic::default(), None, if json { Shown::Never } else { Shown::OnTerminal }).await?;
    say_synced(&synced, json)?;
    if !sync.watch {
        return Ok(exit_of(&synced.status));
    }
    watch(&client, &synced, json).await
}

/// Goes on until Ctrl-C, and says each time that something was moved or the state has changed.
async fn watch(client: &Client, first: &Synced, json: bool) -> Outcome {
    if !json {
        remark!("watching for changes; end with Ctrl-C");
    }
    // Registered before the first wait, so that no Ctrl-C is missed.
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut status = client.status_stream();
    let mut other_commands = tokio::time::interval(REREAD);
    let (mut before, mut state, mut began) = (first.traffic, first.status.state, None);
    loop {
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return Err(Failure::new("the background sync has ended; start again")) },
            _ = other_commands.tick() => {
                client.reread()?;
                continue;
            }
            interrupted = &mut interrupted => {
                interrupted.map_err(|error| Failure::new(format!("cannot wait for Ctrl-C: {error}")))?;
                return Ok(Exit::Done);
            }
        }
        let now = status.borrow_and_update().clone();
        if now.state == SyncState::Syncing {
            began.get_or_insert_with(Instant::now);
            continue;
        }
        let traffic = since(before, client.traffic());
        let took = began.take().map(|began| began.elapsed()).unwrap_or_default();
        if now.state != state || traffic.pushed + traffic.pulled > 0 {
            say_synced(&Synced { status: now.clone(), traffic, took }, json)?;
            before = client.traffic();
        }
        state = now.state;
    }
}

fn say_synced(synced: &Synced, json: bool) -> Outcome<()> {
    if json {
        let seconds = synced.took.as_secs_f64();
        return say_json(&SyncOutput {
            synced: synced.status.is_synced(),
            status: synced.status.clone(),
            traffic: synced.traffic,
            seconds,
        });
    }
    say_outcome(synced)
}

/// Says what a sync has come to.
///
/// # Errors
/// The output cannot be written.
pub fn say_outcome(synced: &Synced) -> Outcome<()> {
    let Synced { status, traffic, took } = synced;
    let mark = if status.is_synced() { good("✓") } else { bad("!") };
    let word = if status.is_synced() { "in sync" } else { word_of(status.state) };
    say!(
        "{mark} {word}: sent {}, received {} ({} in {:.1} s)",
        thousands(traffic.pushed),
        thousands(traffic.pulled),
        bytes(traffic.sent_bytes + traffic.received_bytes),
        took.as_secs_f64()
    )?;
    for hint in hints(status) {
        say!("  {hint}")?;
    }
    Ok(())
}

fn word_of(state: SyncState) -> &'static str {
    match state {
        SyncState::Off => "sync is off",
        SyncState::Paused => "sync is paused",
        SyncState::Offline => "the server was not reached",
        SyncState::NeedsAuth => "sign in again",
        SyncState::NeedsConfirmation => "your answer is needed",
        SyncState::UpgradeRequired => "this program is too old for the server",
        SyncState::Syncing => "still syncing",
        SyncState::Idle => "not everything is in sync",
    }
}

/// What is left, and what to do about it.
pub fn hints(status: &Status) -> Vec<String> {
    let mut hints = Vec::new();
    if status.state == SyncState::NeedsAuth {
        hints.push("the sign-in has run out: stronglog login".to_owned());
    }
    if status.state == SyncState::NeedsConfirmation {
        let records = counted(status.to_be_deleted, "record");
        hints.push(format!("the server no longer has {records} that are here: stronglog sync --confirm delete, or --confirm push-again"));
    }
    if status.state == SyncState::UpgradeRequired {
        hints.push("update this program; nothing is lost meanwhile".to_owned());
    }
    if status.pending > 0 {
        let oldest = status.pending_since.map(|at| format!(", the oldest from {}", moment(at))).unwrap_or_default();
        hints.push(format!("{} to be sent{oldest}", counted(status.pending, "edit")));
    }
    if status.blocked > 0 {
        hints.push(format!("the server refused {}: stronglog blocked", counted(status.blocked, "edit")));
    }
    if status.quarantined > 0 {
        hints.push(format!("{} cannot be read by this version: stronglog quarantine", counted(status.quarantined, "change")));
    }
    hints.extend(status.last_error.iter().map(|error| format!("last error: {error}")));
    hints
}

/// The exit code of a sync that has come to this.
pub fn exit_of(status: &Status) -> Exit {
    match status.state {
        _ if status.is_synced() => Exit::Done,
        SyncState::Offline => Exit::Unreachable,
        SyncState::NeedsAuth => Exit::SignIn,
        _ => Exit::Attention,
    }
}
