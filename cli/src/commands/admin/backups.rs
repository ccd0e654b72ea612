//! `admin backup`: one backup, or rotating backups in a folder.

use std::path::Path;

use stronglog_server::admin::{self, BackedUp, Rotated};

use super::place::folder_only;
use crate::args::{Admin, Backup, Command};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{AdminOutput, RotatedOutput};
use crate::settings;
use crate::terminal::{Format, bad, counted, error_word, good, remark, say, say_json};

/// The default number of backups to keep.
const KEEP: u32 = 14;

pub async fn run(backup: &Backup, format: Format) -> Outcome {
    let Some(file) = &backup.config else { return write(backup, format).await };
    match settings::with_file(std::env::args_os(), &["admin", "backup"], file)?.command {
        // A timer may still run after the data has moved: this is neither a failure nor a backup.
        Command::Admin(Admin::Backup(settled)) if settled.folder.store.is_some() => {
            remark!(
                "no backup was made, because this server's data is in Postgres; use pg_basebackup with an archive of the write-ahead \
                 log, or pg_dump, and switch this off with `systemctl disable --now stronglog-backup.timer`"
            );
            Ok(Exit::Attention)
        }
        Command::Admin(Admin::Backup(settled)) => write(&settled, format).await,
        _ => write(backup, format).await,
    }
}

async fn write(backup: &Backup, format: Format) -> Outcome {
    if backup.every.is_some() || backup.keep.is_some() {
        return rotate(backup, format).await;
    }
    let data = folder_only(&backup.folder, "back up")?;
    let BackedUp { not_recorded, .. } = admin::back_up(data, &backup.file).map_err(|error| Failure::new(error.to_string()))?;
    let file = backup.file.display().to_string();
    let exit = warn(data, not_recorded.as_deref());
    if format.is_json() {
        say_json(&AdminOutput { file: Some(file), not_recorded, ..AdminOutput::default() })?;
    } else {
        say!("{} wrote the backup {file}", good("✓"))?;
    }
    Ok(exit)
}

/// Says that a backup is not recorded, if so.
fn warn(data: &Path, not_recorded: Option<&str>) -> Exit {
    let Some(why) = not_recorded else { return Exit::Done };
    remark!(
        "{} the backup is complete, but is not recorded in {}, which cannot be written ({why}): alerts and `admin doctor` do not know about it. \
         Make the folder writable, with some free space, and back up again",
        bad("!"),
        data.display()
    );
    Exit::Attention
}

/// Writes one backup, or one after the other until Ctrl-C. Reports a failure, and tries the next backup at its time.
async fn rotate(backup: &Backup, format: Format) -> Outcome {
    let keep = usize::try_from(backup.keep.unwrap_or(KEEP)).unwrap_or(usize::MAX);
    let data = folder_only(&backup.folder, "back up")?;
    let mut exit = Exit::Done;
    loop {
        let (from, folder) = (data.to_owned(), backup.file.clone());
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ").to_string();
        let written = tokio::task::spawn_blocking(move || admin::rotate(&from, &folder, &time, keep)).await;
        let written = written.map_err(|error| error.to_string()).and_then(|written| written.map_err(|error| error.to_string()));
        match (written, backup.every) {
            (Ok(rotated), _) => {
                tell(&rotated, format)?;
                exit = warn(data, rotated.not_recorded.as_deref());
            }
            (Err(error), None) => return Err(Failure::new(error)),
            (Err(error), Some(_)) => remark!("{}: {error}", error_word()),
        }
        match backup.every {
            None => return Ok(exit),
            Some(every) => tokio::time::sleep(every).await,
        }
    }
}

fn tell(rotated: &Rotated, format: Format) -> Outcome<()> {
    let file = rotated.file.display().to_string();
    if format.is_json() {
        let removed = rotated.removed.iter().map(|path| path.display().to_string()).collect();
        return say_json(&RotatedOutput { file, removed, not_recorded: rotated.not_recorded.clone() });
    }
    let removed = rotated.removed.len() as u64;
    let message = if removed > 0 { format!(", and removed {}", counted(removed, "older one")) } else { String::new() };
    Ok(say!("{} wrote the backup {file}{message}", good("✓"))?)
}
