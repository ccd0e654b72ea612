//! `admin`: backup, restore and purge of a server's data, its state, and its accounts.

mod backups;
mod doctor;
mod stats;
mod users;

use stronglog_server::admin;

use crate::args::{Admin, Backup};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::AdminOutput;
use crate::terminal::{counted, good, say, say_json};

pub async fn run(action: &Admin, json: bool) -> Outcome {
    let failed = |error: stronglog_server::store::StoreError| Failure::new(error.to_string());
    let (output, told) = match action {
        Admin::User(action) => return users::run(action, json).await,
        Admin::Backup(backup) if backup.every.is_some() || backup.keep.is_some() => return backups::rotate(backup, json).await,
        Admin::Backup(Backup { folder, file, .. }) => {
            admin::back_up(&folder.data, file).map_err(failed)?;
            let file = file.display().to_string();
            (AdminOutput { file: Some(file.clone()), ..AdminOutput::default() }, format!("wrote the backup {file}"))
        }
        Admin::Doctor(doctor) => return doctor::run(doctor, json),
        Admin::Stats { folder } => return stats::run(&folder.data, json),
        Admin::Restore { folder, file } => {
            let previous = admin::restore(&folder.data, file).map_err(failed)?.map(|path| path.display().to_string());
            let file = file.display().to_string();
            let kept = previous.as_ref().map(|path| format!("; the previous database is now {path}")).unwrap_or_default();
            (AdminOutput { file: Some(file.clone()), previous, ..AdminOutput::default() }, format!("restored {file}{kept}"))
        }
        Admin::Purge { folder, tombstone_days, backup_days, accept_clock } => {
            let purged = admin::purge(&folder.data, *tombstone_days, *backup_days, *accept_clock);
            let purged = purged.map_err(|error| Failure::new(format!("cannot purge: {error}")))?;
            (AdminOutput { purged: Some(purged), ..AdminOutput::default() }, format!("purged {}", counted(purged, "deletion")))
        }
    };
    if json {
        say_json(&output)?;
    } else {
        say!("{} {told}", good("✓"))?;
    }
    Ok(Exit::Done)
}
