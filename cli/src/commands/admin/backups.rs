//! `admin backup --every` and `--keep`: backups in a folder, of which the newest are kept.

use stronglog_server::admin::{self, Rotated};

use super::place::folder_only;
use crate::args::Backup;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::RotatedOutput;
use crate::terminal::{counted, error_word, good, remark, say, say_json};

/// How many backups are kept, unless the operator says otherwise.
const KEEP: u32 = 14;

/// Writes one backup, or one after the other until Ctrl-C. A failure is reported, and the next backup is tried at its time.
pub async fn rotate(backup: &Backup, json: bool) -> Outcome {
    let keep = usize::try_from(backup.keep.unwrap_or(KEEP)).unwrap_or(usize::MAX);
    let data = folder_only(&backup.folder, "back up")?;
    loop {
        let (data, folder) = (data.to_owned(), backup.file.clone());
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ").to_string();
        let written = tokio::task::spawn_blocking(move || admin::rotate(&data, &folder, &time, keep)).await;
        let written = written.map_err(|error| error.to_string()).and_then(|written| written.map_err(|error| error.to_string()));
        match (written, backup.every) {
            (Ok(rotated), _) => tell(&rotated, json)?,
            (Err(error), None) => return Err(Failure::new(error)),
            (Err(error), Some(_)) => remark!("{}: {error}", error_word()),
        }
        match backup.every {
            None => return Ok(Exit::Done),
            Some(every) => tokio::time::sleep(every).await,
        }
    }
}

fn tell(rotated: &Rotated, json: bool) -> Outcome<()> {
    let file = rotated.file.display().to_string();
    if json {
        let removed = rotated.removed.iter().map(|path| path.display().to_string()).collect();
        return say_json(&RotatedOutput { file, removed });
    }
    let removed = rotated.removed.len() as u64;
    let told = if removed > 0 { format!(", and removed {}", counted(removed, "older one")) } else { String::new() };
    Ok(say!("{} wrote the backup {file}{told}", good("✓"))?)
}
