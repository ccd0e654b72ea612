//! `verify`: compares the records of this device with the server's, and resolves the differences on request.

use stronglog_sync::client::{DifferenceKind, Verified};
use stronglog_sync::transport::Traffic;

use crate::args;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::VerifyOutput;
use crate::profile::{Background, Profile};
use crate::progress::{self, Visibility};
use crate::summary::{deletion_question, exit_of};
use crate::terminal::{Format, counted, remark, say, say_json};

pub async fn run(profile: &Profile, asked: &args::Verify, format: Format) -> Outcome {
    profile.check_server()?;
    let client = profile.open_to_ask(Background::Sync).await?;
    client.check_database()?;
    let visibility = if format.is_json() { Visibility::Never } else { Visibility::OnTerminal };
    let mut question = None;
    // The profile would not record what a copy receives or sends.
    if !client.is_copy() {
        let synced = progress::sync(&client, "syncing", Traffic::default(), None, visibility).await?;
        question = deletion_question(&synced.status);
        if let (Exit::Unreachable, Some(error)) = (exit_of(&synced.status), synced.status.last_error) {
            return Err(Failure::Other(Exit::Unreachable, error));
        }
    }
    if let Some(question) = question.as_ref().filter(|_| asked.repair) {
        return Err(Failure::Other(Exit::Attention, format!("cannot repair: {question}")));
    }
    let mut verified = client.verify().await?;
    if asked.repair && !verified.differences.is_empty() {
        profile.check_writable()?;
        let repaired = client.repair().await?;
        progress::sync(&client, "syncing", Traffic::default(), None, visibility).await?;
        if !format.is_json() {
            say_differences(&repaired)?;
            remark!(
                "{} resolved: versions of this device that were replaced are in `stronglog conflicts`, and records that the server lacked are sent again",
                counted(repaired.differences.len() as u64, "difference")
            );
        }
        verified = client.verify().await?;
    }
    let is_clear = verified.differences.is_empty() && (verified.compared > 0 || verified.skipped == 0);
    let exit = if is_clear { Exit::Done } else { Exit::Attention };
    if format.is_json() {
        say_json(&VerifyOutput::of(&verified))?;
        return Ok(exit);
    }
    say_differences(&verified)?;
    if verified.skipped > 0 {
        let skipped = counted(verified.skipped, "record");
        remark!("{skipped} not compared: unsent, not yet pulled, or unreadable for this version");
    }
    let compared = counted(verified.compared, "record");
    match verified.differences.len() {
        0 if !is_clear => remark!("no record was compared, so it is unknown whether this device and the server agree"),
        0 => remark!("{compared} compared: the same here and on the server"),
        count if question.is_some() => {
            remark!("{compared} compared, {count} different; {}", question.unwrap_or_default());
        }
        count => remark!(
            "{compared} compared, {count} different; run `stronglog sync` and `stronglog verify` again. If they still differ, `stronglog verify --repair` takes the server's versions, keeps this device's in `stronglog conflicts`, and sends what the server has lost"
        ),
    }
    Ok(exit)
}

fn say_differences(verified: &Verified) -> Outcome<()> {
    for difference in &verified.differences {
        let how = match difference.kind {
            DifferenceKind::OnlyHere => "only on this device",
            DifferenceKind::OnlyOnServer => "only on the server",
            _ => "in different versions",
        };
        say!("{} {}  {how}", difference.collection, difference.id)?;
    }
    Ok(())
}
