//! `conflicts`: versions that lost or were deleted, and how to have them back.

use stronglog_sync::store::Past;

use crate::args::{Conflicts, ConflictsAction};
use crate::commands::table;
use crate::exit::{Exit, Outcome};
use crate::home::Home;
use crate::output::{ConflictOutput, RestoreOutput};
use crate::terminal::{ago, bold, faint, good, remark, say, say_json};

pub async fn run(home: &Home, conflicts: &Conflicts, json: bool) -> Outcome {
    let client = home.open_local().await?;
    if let Some(ConflictsAction::Restore { number }) = conflicts.action {
        client.restore(number)?;
        if json {
            say_json(&RestoreOutput { restored: number })?;
        } else {
            say!("{} version {number} is the current one again; `stronglog sync` tells the other devices", good("✓"))?;
        }
        return Ok(Exit::Done);
    }
    let past = client.conflicts(conflicts.limit)?;
    for version in &past {
        if json {
            say_json(&ConflictOutput::of(version))?;
            continue;
        }
        let why = match version.why {
            Past::Lost => "replaced by another edit",
            Past::Deleted => "deleted",
            Past::Discarded => "refused by the server and discarded",
            _ => "no longer current",
        };
        say!("{}  {} {}  {why}, {}", bold(version.number), version.collection.path, version.record.id, ago(version.at))?;
        say!("   {}", faint(table::summary(&version.record.text)))?;
    }
    if past.is_empty() && !json {
        remark!("no version has lost or was deleted");
    }
    Ok(Exit::Done)
}
