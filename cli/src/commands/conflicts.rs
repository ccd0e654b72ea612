//! `conflicts`: past versions, and how to restore them.

use stronglog_sync::store::Past;

use crate::args::{Conflicts, ConflictsAction};
use crate::commands::table;
use crate::exit::{Exit, Outcome};
use crate::output::{ConflictOutput, RestoreOutput};
use crate::profile::Profile;
use crate::terminal::{Format, ago, bold, counted, faint, good, remark, say, say_json};

pub async fn run(profile: &Profile, conflicts: &Conflicts, format: Format) -> Outcome {
    if let Some(ConflictsAction::Restore { number }) = conflicts.action {
        profile.open_local().await?.restore(number)?;
        if format.is_json() {
            say_json(&RestoreOutput { restored: number })?;
        } else {
            say!("{} restored version {number}; `stronglog sync` sends it to the other devices", good("✓"))?;
        }
        return Ok(Exit::Done);
    }
    let client = profile.open_to_read().await?;
    let (mut shown, mut same) = (0, 0);
    for version in &client.conflicts(usize::MAX)? {
        if shown == conflicts.limit {
            break;
        }
        if client.is_current(version)? {
            same += 1;
            continue;
        }
        shown += 1;
        if format.is_json() {
            say_json(&ConflictOutput::of(version))?;
            continue;
        }
        let why = match version.why {
            Past::Lost => "replaced by another edit",
            Past::Deleted => "deleted",
            Past::Discarded => "rejected by the server and discarded",
            _ => "no longer current",
        };
        say!("{}  {} {}  {why}, {}", bold(version.number), version.collection.path, version.record.id, ago(version.at))?;
        let what = match version.record.deleted {
            true => format!("a deletion; `stronglog conflicts restore {}` deletes the record again", version.number),
            false => table::summary(&version.record.text),
        };
        say!("   {}", faint(what))?;
    }
    if same > 0 && !format.is_json() {
        remark!("{} not shown, identical to the current record", counted(same, "version"));
    } else if shown == 0 && !format.is_json() {
        remark!("the conflict history is empty");
    }
    Ok(Exit::Done)
}
