//! `status`: the state of this device, read from its own database, and when the account's devices last synced.

use std::time::Duration;

use stronglog_sync::{FailureCause, Status, SyncFailure};

use crate::args;
use crate::commands::devices;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{DeviceOutput, FailureOutput, StatusOutput};
use crate::profile::{Background, Profile};
use crate::summary::{advice, corrected_clock, user_actions};
use crate::terminal::{Format, ago, counted, plain, say, say_fields, say_json};

/// How long to wait for the server's list of devices. The rest of the status does not need the server.
const DEVICES_TIME_MAX: Duration = Duration::from_secs(3);

pub async fn run(profile: &Profile, asked: &args::Status, format: Format) -> Outcome {
    let client = profile.open_to_read().await?;
    client.check_database()?;
    let (status, failure) = (client.settled().await?, client.last_failure()?);
    drop(client);
    profile.check_server()?;
    let mut output = output(profile, &status, failure)?;
    // A check is only about this device, and must not wait for the server.
    let asks = output.account.is_some() && output.server.is_some() && !asked.check;
    let listed = if asks { Some(list(profile).await) } else { None };
    if format.is_json() {
        output.devices = listed.and_then(Result::ok).map(|(devices, _)| devices);
        say_json(&output)?;
    } else {
        describe(&output, &status)?;
        listed.map_or(Ok(()), |listed| describe_devices(listed, output.failure.as_ref()))?;
    }
    let is_failing = output.failure.is_some_and(|known| known.failure.cause != FailureCause::Offline);
    let needs_attention = status.pending > 0 || output.account.is_none() || is_failing || !output.acts.is_empty();
    Ok(if asked.check && needs_attention { Exit::Attention } else { Exit::Done })
}

/// The account's devices, and its newest revision.
async fn list(profile: &Profile) -> Outcome<(Vec<DeviceOutput>, i64)> {
    let client = profile.open_to_ask(Background::Nothing).await?;
    let ask = async {
        let account = client.account();
        let devices = account.devices().await?;
        Ok::<_, stronglog_sync::Error>((devices, *account.read().await?.user_rev))
    };
    let answered = tokio::time::timeout(DEVICES_TIME_MAX, ask).await;
    let (devices, user_rev) = answered.map_err(|_| Failure::new("the server does not respond".to_owned()))??;
    let unsent = client.status().unsent();
    Ok((devices.iter().map(|device| DeviceOutput::of(device, user_rev, unsent)).collect(), user_rev))
}

fn describe_devices(listed: Outcome<(Vec<DeviceOutput>, i64)>, failure: Option<&FailureOutput>) -> Outcome<()> {
    let is_said = failure.is_some_and(|known| known.failure.cause == FailureCause::Offline);
    let (devices, user_rev) = match listed {
        Ok(listed) => listed,
        Err(error) if is_said && error.exit() == Exit::Unreachable => {
            return Ok(say!("cannot show the other devices: the server is still not available")?);
        }
        Err(error) => return Ok(say!("cannot show the other devices: {}", plain(&error.to_string()))?),
    };
    say!("devices:")?;
    for device in devices {
        let this = if device.is_current { " (this device)" } else { "" };
        say!("   {}{this}: {}", devices::name(device.name.as_deref()), devices::last_synced(&device, user_rev))?;
    }
    Ok(())
}

fn output(profile: &Profile, status: &Status, failure: Option<SyncFailure>) -> Outcome<StatusOutput> {
    let remembered = profile.remembered()?;
    let account = profile.tokens()?.map(|tokens| tokens.account.to_string());
    let is_new = account.is_some() && status.last_successful_server_sync_timestamp.is_none();
    // What to do about a failure comes with it.
    let act = if failure.is_some() { "" } else { "; run `stronglog sync`" };
    let fetch = is_new.then(|| format!("the account's records have not been fetched yet{act}"));
    Ok(StatusOutput {
        data: profile.folder().display().to_string(),
        server: remembered.server,
        email: remembered.email,
        account,
        pending: status.pending,
        pending_since: status.pending_since,
        blocked: status.blocked,
        quarantined: status.quarantined,
        to_be_deleted: status.to_be_deleted,
        differs_since: status.differs_since,
        last_difference_at: status.last_difference_at,
        server_clock_ahead_ms: status.server_clock_ahead_ms,
        corrects_clock: status.corrects_clock,
        failure: failure.map(|failure| FailureOutput { advice: advice(&failure).to_owned(), failure }),
        acts: user_actions(status).into_iter().chain(fetch).collect(),
        devices: None,
        last_successful_server_sync_timestamp: status.last_successful_server_sync_timestamp,
        last_successful_client_push_timestamp: status.last_successful_client_push_timestamp,
        collections: status.collections.clone(),
    })
}

fn describe(output: &StatusOutput, status: &Status) -> Outcome<()> {
    let when = |at: Option<i64>| at.map_or_else(|| "never".to_owned(), ago);
    let pending = status.pending_since.filter(|_| status.pending > 0);
    let pending = pending.map(|since| format!("{}, the oldest from {}", counted(status.pending, "edit"), ago(since)));
    let rejected = (status.blocked > 0).then(|| format!("{} that the server has rejected", counted(status.blocked, "edit")));
    let unsent = pending.into_iter().chain(rejected).reduce(|pending, rejected| format!("{pending}, and {rejected}"));
    say_fields(&[
        ("profile", output.data.clone()),
        ("account", account(output)),
        ("unsent", unsent.unwrap_or_else(|| "nothing".to_owned())),
        ("pulled", when(status.last_successful_server_sync_timestamp)),
        ("pushed", when(status.last_successful_client_push_timestamp)),
    ])?;
    if let Some(FailureOutput { failure, advice }) = &output.failure {
        // The account's line says how to sign in again.
        let is_said = failure.cause == FailureCause::NeedsAuth && output.account.is_none();
        let advice = if is_said { String::new() } else { format!("; {advice}") };
        say!("the last sync failed {}: {}{advice}", ago(failure.at), plain(&failure.message))?;
    }
    if let (None, Some(at)) = (status.differs_since, status.last_difference_at) {
        say!("this device differed from the server {}, and fetched everything again", ago(at))?;
    }
    output.acts.iter().chain(&corrected_clock(status)).try_for_each(|act| say!("{act}"))?;
    Ok(())
}

fn account(output: &StatusOutput) -> String {
    let server = output.server.as_ref().map(|server| format!(" at {server}")).unwrap_or_default();
    match (&output.account, &output.email) {
        (Some(account), email) => format!("{}{server}", email.as_ref().unwrap_or(account)),
        (None, Some(email)) => format!("{email}{server}, signed out; sign in again with `stronglog login`"),
        (None, None) => {
            "none; create one with `stronglog register --server URL`, or sign in with `stronglog login --server URL`".to_owned()
        }
    }
}
