//! `quarantine`: changes that this version of the program cannot read, word for word.

use crate::exit::{Exit, Outcome};
use crate::home::Home;
use crate::output::QuarantineOutput;
use crate::terminal::{ago, bold, faint, remark, say, say_json};

pub async fn run(home: &Home, json: bool) -> Outcome {
    let client = home.open_local().await?;
    let changes = client.quarantined()?;
    for change in &changes {
        if json {
            say_json(&QuarantineOutput::of(change))?;
            continue;
        }
        let collection = change.collection.as_deref().unwrap_or("unknown collection");
        let id = change.id.map(|id| id.to_string()).unwrap_or_default();
        say!("{}  arrived {}", bold(format!("{collection} {id}").trim_end()), ago(change.at))?;
        say!("   {}", change.reason)?;
        say!("   {}", faint(console::truncate_str(&change.raw, 400, "…")))?;
    }
    if changes.is_empty() && !json {
        remark!("everything that came could be read");
    }
    Ok(Exit::Done)
}
