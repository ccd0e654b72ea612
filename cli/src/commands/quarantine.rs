//! `quarantine`: changes that this version of the program cannot read.

use crate::exit::{Exit, Outcome};
use crate::output::QuarantineOutput;
use crate::profile::Profile;
use crate::terminal::{Format, ago, bold, faint, plain, remark, say, say_json};

pub async fn run(profile: &Profile, format: Format) -> Outcome {
    let client = profile.open_to_read().await?;
    let changes = client.quarantined()?;
    for change in &changes {
        if format.is_json() {
            say_json(&QuarantineOutput::of(change))?;
            continue;
        }
        let collection = change.collection.as_deref().map_or_else(|| "unknown collection".to_owned(), plain);
        let id = change.id.map(|id| id.to_string()).unwrap_or_default();
        say!("{}  arrived {}", bold(format!("{collection} {id}").trim_end()), ago(change.at))?;
        say!("   {}", plain(&change.reason))?;
        say!("   {}", faint(console::truncate_str(&plain(&change.raw), 400, "…")))?;
    }
    if format.is_json() {
        return Ok(Exit::Done);
    }
    match changes.is_empty() {
        true => remark!("no unreadable changes"),
        false => remark!("an update of this program reads them; if they were damaged in transit, `stronglog verify` fetches them again"),
    }
    Ok(Exit::Done)
}
