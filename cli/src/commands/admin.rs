//! `admin`: backup, restore, purge and copy of a server's data, its state, and its accounts.

mod backups;
mod doctor;
mod place;
mod stats;
mod users;

use stronglog_server::admin::{self, Copied, PurgeOptions};

use self::place::{folder_only, place};
use crate::args::Admin;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{AdminOutput, CopyOutput};
use crate::terminal::{Format, bad, counted, good, remark, say, say_json, thousands};

pub async fn run(action: &Admin, format: Format) -> Outcome {
    let failed = |error: stronglog_server::store::StoreError| Failure::new(error.to_string());
    let (output, summary) = match action {
        Admin::User(action) => return users::run(action, format).await,
        Admin::Backup(backup) => return backups::run(backup, format).await,
        Admin::Doctor(doctor) => return doctor::run(doctor, format).await,
        Admin::Stats { folder } => return stats::run(folder, format).await,
        Admin::Restore { folder, file } => {
            let restored = admin::restore(folder_only(folder, "restore")?, file).map_err(failed)?;
            let previous = restored.previous.map(|path| path.display().to_string());
            let file = file.display().to_string();
            if !restored.had_checksum {
                remark!(
                    "{} {file} has no checksum, so it was not made by `admin backup`; only the structure of the database was checked",
                    bad("!")
                );
            }
            let kept = previous.as_ref().map(|path| format!("; the previous database is now {path}")).unwrap_or_default();
            if let Some(why) = &restored.not_kept {
                remark!(
                    "{} cannot read the previous database ({why}): accounts, passwords, limits and signed-in devices come from the backup. \
                     If you have disabled accounts or signed out devices since, do so again; accounts registered since are gone",
                    bad("!")
                );
            }
            let output = AdminOutput {
                file: Some(file.clone()),
                previous,
                accounts_kept: Some(restored.accounts_kept),
                not_kept: restored.not_kept,
                ..AdminOutput::default()
            };
            let accounts = match restored.accounts_kept {
                0 => String::new(),
                number => format!("; kept {} that the backup lacks", counted(number, "account")),
            };
            (output, format!("restored {file}{kept}{accounts}"))
        }
        Admin::Copy { from, to, store_ca } => {
            let read = |place: &str| admin::Place::read(place, store_ca.as_deref()).map_err(|error| Failure::usage(error.to_string()));
            let (from, to) = (read(from.reveal())?, read(to.reveal())?);
            let copied = admin::copy(&from, &to).await.map_err(|error| Failure::new(format!("cannot copy: {error}")))?;
            return tell_copied(&from, &to, &copied, format);
        }
        &Admin::Purge { ref folder, tombstone_days, backup_days, accept_clock } => {
            let purged = admin::purge(&place(folder)?, PurgeOptions { tombstone_days, backup_days, accept_clock }).await;
            let purged = purged.map_err(|error| Failure::new(format!("cannot purge: {error}")))?;
            (AdminOutput { purged: Some(purged), ..AdminOutput::default() }, format!("purged {}", counted(purged, "deletion")))
        }
    };
    if format.is_json() {
        say_json(&output)?;
    } else {
        say!("{} {summary}", good("✓"))?;
    }
    Ok(if output.not_kept.is_some() { Exit::Attention } else { Exit::Done })
}

fn tell_copied(from: &admin::Place, to: &admin::Place, copied: &Copied, format: Format) -> Outcome {
    if format.is_json() {
        say_json(&CopyOutput::of(copied))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = copied.rows.iter().map(|(table, rows)| format!("{} {table}", thousands(*rows))).collect();
    match copied.was_there {
        true => say!("{} {to} already holds the same data as {from}: {}", good("✓"), rows.join(", "))?,
        false => say!("{} copied {from} to {to}, and compared them: {}", good("✓"), rows.join(", "))?,
    }
    Ok(Exit::Done)
}
