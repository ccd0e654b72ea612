//! `admin stats`: the number and size of a server's records and accounts.

use stronglog_server::admin::{self, Share, Stats};

use super::place::place;
use crate::args::ServerFolder;
use crate::commands::table;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::StatsOutput;
use crate::terminal::{Format, bytes, counted, moment, say, say_fields, say_json, thousands};

pub async fn run(folder: &ServerFolder, format: Format) -> Outcome {
    let stats = admin::stats(&place(folder)?).await.map_err(|error| Failure::new(error.to_string()))?;
    if format.is_json() {
        say_json(&StatsOutput::of(&stats))?;
        return Ok(Exit::Done);
    }
    let Stats { accounts, disabled, sessions, records, tombstones, epoch, restores, largest, .. } = &stats;
    let (is_folder, database) = (folder.store.is_none(), bytes(stats.database_bytes));
    let at = |at: Option<i64>| at.map_or_else(|| "never".to_owned(), moment);
    say_fields(&[
        ("accounts", format!("{}, {} of them disabled", thousands(*accounts), thousands(*disabled))),
        ("devices", format!("{} signed in", thousands(*sessions))),
        ("records", format!("{} in {}", thousands(*records), bytes(stats.bytes))),
        ("deletions", format!("{} remembered", thousands(*tombstones))),
        ("database", if is_folder { format!("{database}, and {} of write-ahead log", bytes(stats.log_bytes)) } else { database }),
        ("last write", at(stats.written_at)),
        ("last backup", if is_folder { at(stats.backed_up_at) } else { "made with Postgres's own tools".to_owned() }),
        ("epoch", format!("{epoch}, after {}", counted(*restores, "restore"))),
    ])?;
    if !largest.is_empty() {
        say!("")?;
        let row = |share: &Share| vec![share.email.clone(), thousands(share.records), bytes(share.bytes)];
        table::say_rows(&["largest accounts", "records", "size"], &largest.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(Exit::Done)
}
