//! `blocked`: edits that the server rejected, to retry or discard.

use stronglog_sync::client::Blocked as Refused;
use stronglog_sync::store::Key;

use crate::args::{Blocked, BlockedAction, Which};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{BlockedActionOutput, BlockedOutput};
use crate::profile::Profile;
use crate::terminal::{Format, ago, bold, counted, good, plain, remark, say, say_json};

pub async fn run(profile: &Profile, blocked: &Blocked, format: Format) -> Outcome {
    let Some(action) = &blocked.action else { return list(&profile.open_to_read().await?.blocked()?, format) };
    let client = profile.open_local().await?;
    let refused = client.blocked()?;
    let (keys, done) = match action {
        BlockedAction::Retry(which) => {
            let keys = chosen(&refused, which)?;
            client.retry_blocked(keys.clone())?;
            (keys, "will be sent again by the next sync")
        }
        BlockedAction::Discard(which) => {
            let keys = chosen(&refused, which)?;
            client.discard_blocked(keys.clone())?;
            (keys, "discarded; `stronglog conflicts` still has them")
        }
    };
    if format.is_json() {
        say_json(&BlockedActionOutput { records: keys.len() as u64 })?;
    } else if keys.is_empty() {
        remark!("no rejected edits");
    } else {
        say!("{} {} {done}", good("✓"), counted(keys.len() as u64, "edit"))?;
    }
    Ok(Exit::Done)
}

fn list(refused: &[Refused], format: Format) -> Outcome {
    for edit in refused {
        if format.is_json() {
            say_json(&BlockedOutput::of(edit))?;
            continue;
        }
        say!("{}  made {}", bold(format!("{}/{}", edit.key.collection.path, edit.key.id)), ago(edit.since))?;
        say!("   {}: {}", edit.reason.code, plain(&edit.reason.message))?;
        for violation in &edit.reason.violations {
            say!("   {} breaks {}: {}", bold(plain(&violation.pointer)), violation.keyword, plain(&violation.message))?;
        }
    }
    if refused.is_empty() && !format.is_json() {
        remark!("no rejected edits");
    }
    Ok(Exit::Done)
}

fn chosen(refused: &[Refused], which: &Which) -> Outcome<Vec<Key>> {
    if which.all {
        return Ok(refused.iter().map(|edit| edit.key).collect());
    }
    let named = |name: &String| {
        let found = refused.iter().map(|edit| edit.key).find(|key| format!("{}/{}", key.collection.path, key.id) == *name);
        found.ok_or_else(|| Failure::new(format!("cannot find {name} among the rejected edits; `stronglog blocked` lists them")))
    };
    which.records.iter().map(named).collect()
}
