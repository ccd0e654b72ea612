//! `sync`: syncs once, or until Ctrl-C.

use std::time::{Duration, Instant};

use stronglog_sync::Answer;
use stronglog_sync::client::Notifications;
use stronglog_sync::transport::Traffic;
use stronglog_sync::{Client, Status, SyncState};

use crate::args::{Confirm, Sync};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{NotificationsOutput, SyncOutput};
use crate::profile::{Background, FileId, Profile};
use crate::progress::{self, Visibility};
use crate::summary::{exit_of, say_synced, waits_for_the_user};
use crate::synced::Synced;
use crate::terminal::{Format, remark, remark_json, say_json};

/// How often to check for edits made by other commands in the same profile.
const REREAD: Duration = Duration::from_secs(1);

pub async fn run(profile: &Profile, sync: &Sync, format: Format) -> Outcome {
    profile.check_server()?;
    if profile.tokens()?.is_none() {
        let what = "cannot sync: not signed in; use `stronglog login`, or `stronglog register` to create an account";
        return Err(Failure::Other(Exit::SignIn, what.to_owned()));
    }
    let client = profile.open(if sync.watch { Background::SyncAndWatch } else { Background::Sync }).await?;
    // Its current state, so that a profile that is replaced during the first sync is detected too.
    let file = profile.database_file();
    client.check_database()?;
    let visibility = if format.is_json() { Visibility::Never } else { Visibility::OnTerminal };
    let mut synced = progress::sync(&client, "syncing", Traffic::default(), None, visibility).await?;
    // The decision applies to the question after the sync, because this sync may have raised it.
    if let Some(confirm) = sync.confirm.filter(|_| synced.status.to_be_deleted > 0) {
        client.confirm_resync(match confirm {
            Confirm::Delete => Answer::Delete,
            Confirm::PushAgain => Answer::PushAgain,
        })?;
        synced = progress::sync(&client, "syncing", Traffic::default(), None, visibility).await?;
    }
    report(&synced, format)?;
    if !sync.watch || waits_for_the_user(&synced.status) {
        return Ok(exit_of(&synced.status));
    }
    watch(profile, file, &client, &synced, format).await
}

/// Syncs until Ctrl-C, or until the user must act. Prints a line whenever records were transferred or the state has changed.
async fn watch(profile: &Profile, file: Option<FileId>, client: &Client, first: &Synced, format: Format) -> Outcome {
    if !format.is_json() {
        remark!("watching for changes; press Ctrl-C to stop");
    }
    // Registered before the first wait, so that no Ctrl-C is missed.
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut statuses = client.statuses();
    let mut other_commands = tokio::time::interval(REREAD);
    let (mut before, mut reported, mut began) = (first.traffic, Reported::of(&first.status), None);
    let mut are_missing = false;
    loop {
        let now = tokio::select! {
            status = statuses.next() => match status {
                Some(status) => status,
                None => return Err(Failure::new("cannot continue watching: the background sync has ended; start the command again")),
            },
            _ = other_commands.tick() => {
                if profile.database_file() != file {
                    let folder = profile.folder().display();
                    return Err(Failure::new(format!(
                        "cannot continue watching: the database in {folder} was moved, deleted or replaced; start the command again"
                    )));
                }
                client.check_for_writes()?;
                say_notifications(client.notifications(), &mut are_missing, format);
                continue;
            }
            interrupted = &mut interrupted => {
                interrupted.map_err(|error| Failure::new(format!("cannot wait for Ctrl-C: {error}")))?;
                return Ok(Exit::Done);
            }
        };
        if now.state == SyncState::Syncing {
            began.get_or_insert_with(Instant::now);
            continue;
        }
        let traffic = client.traffic().since(before);
        let took = began.take().map(|began| began.elapsed()).unwrap_or_default();
        if Reported::of(&now) != reported || traffic.pushed + traffic.pulled > 0 {
            report(&Synced { status: now.clone(), traffic, took }, format)?;
            before = client.traffic();
        }
        if waits_for_the_user(&now) {
            return Ok(exit_of(&now));
        }
        reported = Reported::of(&now);
    }
}

/// The part of a status that a watch reports when it changes.
#[derive(PartialEq, Eq)]
struct Reported {
    state: SyncState,
    is_failing: bool,
    /// If the clocks differ, whether stamps allow for it.
    corrects_clock: Option<bool>,
}

impl Reported {
    fn of(status: &Status) -> Self {
        let corrects_clock = status.server_clock_ahead_ms.map(|_| status.corrects_clock);
        Reported { state: status.state, is_failing: status.last_error.is_some(), corrects_clock }
    }
}

/// Reports once that change notifications do not arrive, and once that they arrive again.
fn say_notifications(now: Notifications, are_missing: &mut bool, format: Format) {
    let words = match (now, *are_missing) {
        (Notifications::Missing, false) => {
            "the server's change notifications do not arrive; a proxy may buffer them. Edits of other devices arrive at the next poll, within a minute"
        }
        (Notifications::Arrive, true) => "change notifications arrive again: edits of other devices arrive at once",
        _ => return,
    };
    *are_missing = now == Notifications::Missing;
    match format {
        Format::Json => remark_json(&NotificationsOutput { notifications_arrive: !*are_missing }),
        Format::Text => remark!("{words}"),
    }
}

fn report(synced: &Synced, format: Format) -> Outcome<()> {
    if format.is_json() { say_json(&SyncOutput::of(synced)) } else { say_synced(synced) }
}
