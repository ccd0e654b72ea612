//! The result of a sync: a line for people, the actions that only the user can take, and the exit code.

use stronglog_sync::{FailureCause, Status, SyncFailure, SyncState};

use crate::exit::{Exit, Outcome};
use crate::synced::Synced;
use crate::terminal::{bad, bytes, counted, good, moment, plain, say, thousands};

/// Prints what a sync transferred, and what is left to do.
///
/// # Errors
/// Returns an error if the output cannot be written.
pub fn say_synced(synced: &Synced) -> Outcome<()> {
    let Synced { status, traffic, took } = synced;
    let mark = if status.is_synced() { good("✓") } else { bad("!") };
    say!(
        "{mark} {}: sent {}, received {} ({} in {:.1} s)",
        word(status),
        thousands(traffic.pushed),
        thousands(traffic.pulled),
        bytes(traffic.sent_bytes + traffic.received_bytes),
        took.as_secs_f64()
    )?;
    remaining(status).iter().try_for_each(|line| say!("  {line}"))?;
    Ok(())
}

/// The state in a few words.
pub fn word(status: &Status) -> &'static str {
    match status.state {
        _ if status.is_synced() => "in sync",
        SyncState::Off => "sync is off",
        SyncState::Paused => "sync is paused",
        SyncState::Offline => "the server is not available",
        SyncState::NeedsAuth => "you are signed out",
        SyncState::NeedsConfirmation => "your decision is needed",
        SyncState::UpgradeRequired => "this program is too old for the server",
        SyncState::Syncing => "still syncing",
        _ => "not everything is in sync",
    }
}

/// The remaining work of the user and of sync, and the last error.
pub fn remaining(status: &Status) -> Vec<String> {
    let oldest = status.pending_since.map(|at| format!(", the oldest from {}", moment(at))).unwrap_or_default();
    let pending = (status.pending > 0).then(|| format!("{} not sent yet{oldest}", counted(status.pending, "edit")));
    let error = status.last_error.as_ref().map(|error| format!("last error: {}", plain(error)));
    user_actions(status).into_iter().chain(corrected_clock(status)).chain(pending).chain(error).collect()
}

/// Reports that the clocks of this device and the server differ, and that sync corrects for it.
pub fn corrected_clock(status: &Status) -> Option<String> {
    let difference = status.server_clock_ahead_ms.filter(|_| status.corrects_clock).map(clock)?;
    Some(format!("{difference}; sync gives the edits of this device the server's time"))
}

/// The difference between the clocks in words.
fn clock(server_ahead_ms: i64) -> String {
    const MINUTES: [(u64, &str); 4] = [(525_960, "year"), (1_440, "day"), (60, "hour"), (1, "minute")];
    let minutes = (server_ahead_ms.unsigned_abs() + 30_000) / 60_000;
    // The largest unit with a number of at least two.
    let (unit, name) = MINUTES.into_iter().find(|(unit, _)| minutes >= 2 * unit).unwrap_or((1, "minute"));
    let length = counted((minutes + unit / 2) / unit, name);
    let side = if server_ahead_ms > 0 { "behind" } else { "ahead of" };
    format!("this device's clock is {length} {side} the server's")
}

/// The question whether records that the server no longer has were deleted.
pub fn deletion_question(status: &Status) -> Option<String> {
    let records = counted(status.to_be_deleted, "record");
    (status.to_be_deleted > 0).then(|| {
        format!(
            "{records} on this device no longer exist on the server; run `stronglog sync --confirm delete` to delete them here too, or \
             `stronglog sync --confirm push-again` to send them to the server again"
        )
    })
}

/// The actions that only the user can take, each with its command.
pub fn user_actions(status: &Status) -> Vec<String> {
    let mut actions = Vec::new();
    if status.state == SyncState::NeedsAuth {
        actions.push("the session has ended; sign in again with `stronglog login`".to_owned());
    }
    actions.extend(deletion_question(status));
    if status.state == SyncState::UpgradeRequired {
        actions.push("update this program; unsent edits are kept".to_owned());
    }
    if status.blocked > 0 {
        actions.push(format!("the server rejected {}; see `stronglog blocked`", counted(status.blocked, "edit")));
    }
    if status.quarantined > 0 {
        let changes = counted(status.quarantined, "change");
        actions.push(format!("this version cannot read {changes}; update this program, or see `stronglog quarantine`"));
    }
    if status.differs_since.is_some() {
        actions.push(
            "this device still differs from the server after everything was fetched again; `stronglog verify` shows where".to_owned(),
        );
    }
    if let Some(ahead_ms) = status.server_clock_ahead_ms.filter(|_| !status.corrects_clock) {
        let effect = if ahead_ms > 0 { "may lose against earlier ones of other devices" } else { "may have to wait" };
        let difference = clock(ahead_ms);
        actions.push(format!(
            "{difference}; set the clock that is wrong, and run `stronglog sync` again. Until then, or until the difference has lasted ten \
             minutes, edits of this device {effect}"
        ));
    }
    actions
}

/// What to do about the failure of the last sync.
pub fn advice(failure: &SyncFailure) -> &'static str {
    match failure.cause {
        // The message says what to check.
        FailureCause::Offline => "`stronglog sync` tries again",
        FailureCause::Full => {
            "delete records that you no longer need and run `stronglog sync`, or ask the server's operator for more room; `stronglog account show` says \
             how much is used"
        }
        FailureCause::NeedsAuth => "sign in again with `stronglog login`",
        FailureCause::UpgradeRequired => "update this program; unsent edits are kept",
        _ => "run `stronglog sync`; if it fails again, report it to the server's operator",
    }
}

/// Returns whether sync is stopped until the user acts.
pub fn waits_for_the_user(status: &Status) -> bool {
    matches!(status.state, SyncState::NeedsAuth | SyncState::NeedsConfirmation | SyncState::UpgradeRequired)
}

/// The exit code of a sync that ended with this status.
pub fn exit_of(status: &Status) -> Exit {
    match status.state {
        _ if status.is_synced() => Exit::Done,
        SyncState::Offline => Exit::Unreachable,
        SyncState::NeedsAuth => Exit::SignIn,
        // Edits wait until the clocks agree.
        SyncState::Idle if status.server_clock_ahead_ms.is_some() && !status.corrects_clock => Exit::Attention,
        // The response arrived, but could not be stored.
        SyncState::Idle if status.last_error.is_some() => Exit::Failed,
        _ => Exit::Attention,
    }
}
