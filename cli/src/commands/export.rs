//! `export`: all records as lines of JSON.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use stronglog_sync::Client;
use stronglog_sync::client::{ExportOptions, Exported};
use tempfile::NamedTempFile;

use crate::args::Export;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::ExportOutput;
use crate::profile::Profile;
use crate::progress::{Progress, Visibility};
use crate::terminal::{Format, counted, good, remark, say, say_json};

/// The number of lines between redraws of the progress bar.
pub const REDRAW_LINES: u64 = 1_000;

pub async fn export(profile: &Profile, export: &Export, format: Format) -> Outcome {
    let client = profile.open_to_read().await?;
    client.check_database()?;
    let mut options = ExportOptions::default();
    options.quarantined = export.quarantined;
    options.history = export.history;
    if export.file == Path::new("-") {
        let mut out = ClosedPipeNoticed { out: BufWriter::new(std::io::stdout().lock()), closed: false };
        let written = client.export(&mut out, options, |_, _| {});
        if out.closed {
            return Err(Failure::ClosedPipe);
        }
        let left_out = left_out(&client, written?)?;
        if left_out > 0 {
            remark!("{}", not_exported(left_out));
        }
        return Ok(Exit::Done);
    }
    let path = export.file.canonicalize().unwrap_or_else(|_| export.file.clone());
    if profile.has(&path) {
        return Err(Failure::usage(format!("cannot write {}: it is a file of the profile itself; choose another name", path.display())));
    }
    let exported = to_file(&client, &export.file, options, format)?;
    let left_out = left_out(&client, exported)?;
    if format.is_json() {
        say_json(&ExportOutput {
            records: exported.records,
            quarantined: exported.quarantined,
            quarantined_left_out: left_out,
            history: exported.history,
            file: export.file.display().to_string(),
        })?;
        return Ok(Exit::Done);
    }
    let more = [(exported.quarantined, "quarantined change"), (exported.history, "past version")];
    let more: String = more.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| format!(", {}", counted(*count, noun))).collect();
    say!("{} exported {}{more} to {}", good("✓"), counted(exported.records, "record"), export.file.display())?;
    if left_out > 0 {
        say!("  {}", not_exported(left_out))?;
    }
    Ok(Exit::Done)
}

/// The temporary file of an export in progress.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn set_unfinished(path: Option<PathBuf>) -> Option<PathBuf> {
    std::mem::replace(&mut *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner), path)
}

/// Deletes what an interrupted export has written so far.
pub fn discard_unfinished() {
    // The export may just have ended, and then there is no such file.
    _ = set_unfinished(None).map(std::fs::remove_file);
}

/// Writes a temporary file next to `path` and renames it when it is complete, so that a full disk never destroys an earlier backup.
fn to_file(client: &Client, path: &Path, options: ExportOptions, format: Format) -> Outcome<Exported> {
    let cannot = |error: &dyn std::fmt::Display| {
        let path = path.display();
        Failure::new(format!("cannot write {path}: {error}; the file was left as it was"))
    };
    // A pipe or a device, such as /dev/null, cannot be replaced by a file.
    if path.metadata().is_ok_and(|known| !known.is_file()) {
        let file = File::create(path).map_err(|error| cannot(&error))?;
        return Ok(client.export(BufWriter::new(file), options, |_, _| {})?);
    }
    // If the path is a symbolic link, the file it points to is replaced, not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(|error| cannot(&error))?;
    set_unfinished(Some(file.path().to_owned()));
    let progress = Progress::new("exporting", visibility(format));
    let exported = client.export(BufWriter::new(&file), options, |records, total| {
        if records.is_multiple_of(REDRAW_LINES) {
            progress.set(records, Some(total));
        }
    });
    progress.finish();
    let exported = exported.map_err(|error| if error.is_storage() { error.into() } else { cannot(&error) })?;
    if let Ok(known) = target.metadata() {
        // The file keeps the permissions of the one that it replaces.
        file.as_file().set_permissions(known.permissions()).map_err(|error| cannot(&error))?;
    }
    file.as_file().sync_all().map_err(|error| cannot(&error))?;
    file.persist(&target).map_err(|error| cannot(&error.error))?;
    set_unfinished(None);
    Ok(exported)
}

/// The number of quarantined changes that were not exported.
fn left_out(client: &Client, exported: Exported) -> Outcome<u64> {
    Ok((client.quarantined()?.len() as u64).saturating_sub(exported.quarantined))
}

fn not_exported(left_out: u64) -> String {
    let changes = counted(left_out, "unreadable change");
    format!("{changes} not exported; --quarantined includes what this version cannot read")
}

pub fn visibility(format: Format) -> Visibility {
    if format.is_json() { Visibility::Never } else { Visibility::OnTerminal }
}

/// A writer that records that the reader has closed the pipe, which is not a failure of the export.
struct ClosedPipeNoticed<W> {
    out: W,
    closed: bool,
}

impl<W> ClosedPipeNoticed<W> {
    fn notice<T>(&mut self, result: std::io::Result<T>) -> std::io::Result<T> {
        self.closed |= result.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for ClosedPipeNoticed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let result = self.out.write(bytes);
        self.notice(result)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let result = self.out.flush();
        self.notice(result)
    }
}
