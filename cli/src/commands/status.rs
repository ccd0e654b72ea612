//! `status`: how this device stands, read from its own database alone.

use stronglog_sync::Status;

use crate::args;
use crate::commands::sync::hints;
use crate::exit::{Exit, Outcome};
use crate::home::Home;
use crate::output::StatusOutput;
use crate::terminal::{ago, counted, say, say_fields, say_json};

pub async fn run(home: &Home, asked: &args::Status, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let status = client.settled().await?;
    let output = output(home, &status)?;
    if json {
        say_json(&output)?;
    } else {
        describe(&output, &status)?;
    }
    let waits = status.pending + status.blocked + status.quarantined > 0;
    Ok(if asked.check && (waits || output.account.is_none()) { Exit::Attention } else { Exit::Done })
}

fn output(home: &Home, status: &Status) -> Outcome<StatusOutput> {
    let remembered = home.remembered()?;
    let account = home.tokens()?.map(|tokens| tokens.account.to_string());
    Ok(StatusOutput {
        data: home.folder().display().to_string(),
        server: remembered.server,
        email: remembered.email.filter(|_| account.is_some()),
        account,
        pending: status.pending,
        pending_since: status.pending_since,
        blocked: status.blocked,
        quarantined: status.quarantined,
        last_successful_server_sync_timestamp: status.last_successful_server_sync_timestamp,
        last_successful_client_push_timestamp: status.last_successful_client_push_timestamp,
        collections: status.collections.clone(),
    })
}

fn describe(output: &StatusOutput, status: &Status) -> Outcome<()> {
    let account = match (&output.account, &output.server) {
        (Some(account), Some(server)) => format!("{} at {server}", output.email.as_ref().unwrap_or(account)),
        _ => "none, the records are on this device alone".to_owned(),
    };
    let when = |at: Option<i64>| at.map_or_else(|| "never".to_owned(), ago);
    let unsent = match status.pending_since {
        Some(since) if status.pending > 0 => format!("{}, the oldest from {}", counted(status.pending, "edit"), ago(since)),
        _ => "nothing".to_owned(),
    };
    say_fields(&[
        ("data", output.data.clone()),
        ("account", account),
        ("unsent", unsent),
        ("pulled", when(status.last_successful_server_sync_timestamp)),
        ("pushed", when(status.last_successful_client_push_timestamp)),
    ])?;
    // What waits to be sent is said above.
    for hint in hints(&Status { pending: 0, ..status.clone() }) {
        say!("{hint}")?;
    }
    Ok(())
}
