//! `export` and `import`: all records as lines of JSON, and the logs of other apps.

use std::fs::File;
use std::io::{BufRead, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use console::measure_text_width;
use stronglog_sync::Client;
use stronglog_sync::client::{ExportOptions, Exported, FileCounts, ImportOptions, Imported};
use tempfile::NamedTempFile;

use crate::args::{Export, Import, OnConflict};
use crate::exit::{Exit, Failure, Outcome};
use crate::input;
use crate::logs::{App, Dialect, Known, Log, Unit};
use crate::output::{ExportOutput, ImportOutput};
use crate::profile::Profile;
use crate::progress::{Progress, Shown};
use crate::terminal::{ask_line, bad, counted, faint, good, plain, remark, say, say_json, thousands};

/// The number of lines between redraws of the progress bar.
const REDRAW_LINES: u64 = 1_000;
/// The number of invalid lines that are printed. With --json, all of them are.
const REFUSED_SHOWN: usize = 20;

pub async fn export(profile: &Profile, export: &Export, json: bool) -> Outcome {
    let client = profile.open_to_read().await?;
    client.check_database()?;
    let mut options = ExportOptions::default();
    options.quarantined = export.quarantined;
    options.history = export.history;
    if export.file == Path::new("-") {
        let mut out = ClosedPipeNoticed { out: BufWriter::new(std::io::stdout().lock()), closed: false };
        let written = client.export(&mut out, options, |_| {});
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
    let exported = to_file(&client, &export.file, options, json)?;
    let left_out = left_out(&client, exported)?;
    if json {
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

/// The temporary file of an export that is under way.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn set_unfinished(path: Option<PathBuf>) -> Option<PathBuf> {
    std::mem::replace(&mut *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner), path)
}

/// Deletes what an interrupted export has written so far.
pub fn discard_unfinished() {
    // The export may have ended in this moment, and then there is no such file.
    _ = set_unfinished(None).map(std::fs::remove_file);
}

/// Writes a temporary file beside `path` and renames it when it is complete, so that a full disk never destroys an earlier backup.
fn to_file(client: &Client, path: &Path, options: ExportOptions, json: bool) -> Outcome<Exported> {
    let cannot = |error: &dyn std::fmt::Display| {
        let path = path.display();
        Failure::new(format!("cannot write {path}: {error}; the file was left as it was"))
    };
    // A pipe or a device, such as /dev/null, cannot be replaced by a file.
    if path.metadata().is_ok_and(|known| !known.is_file()) {
        let file = File::create(path).map_err(|error| cannot(&error))?;
        return Ok(client.export(BufWriter::new(file), options, |_| {})?);
    }
    // If the path is a symbolic link, the file it points to is replaced, not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(|error| cannot(&error))?;
    set_unfinished(Some(file.path().to_owned()));
    let progress = Progress::new("exporting", shown(json));
    let exported = client.export(BufWriter::new(&file), options, |lines| {
        if lines.is_multiple_of(REDRAW_LINES) {
            progress.set(lines, None);
        }
    });
    progress.finish();
    let exported = exported.map_err(|error| if error.is_storage() { error.into() } else { cannot(&error) })?;
    if let Ok(known) = target.metadata() {
        // Whoever could read the earlier file can read this one.
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

fn shown(json: bool) -> Shown {
    if json { Shown::Never } else { Shown::OnTerminal }
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

pub async fn import(profile: &Profile, import: &Import, json: bool) -> Outcome {
    let client = profile.open_local().await?;
    let file = input::open(&import.file)?;
    let mut options = ImportOptions::default();
    options.on_conflict = match import.on_conflict {
        OnConflict::Newer => stronglog_sync::client::OnConflict::Newer,
        OnConflict::Keep => stronglog_sync::client::OnConflict::Keep,
        OnConflict::Replace => stronglog_sync::client::OnConflict::Replace,
    };
    options.partial = import.partial;
    options.dry_run = import.dry_run;
    let imported = match import.from {
        None => read_in(&client, input::lines(file)?, options, None, json)?,
        Some(app) => import_log(&client, app, file, import, options, json).await?,
    };
    if json {
        say_json(&ImportOutput::of(&imported, import.dry_run))?;
    } else {
        report(&imported, import)?;
    }
    let whole = matches!(imported.counts, FileCounts::Exact | FileCounts::Missing);
    Ok(match imported.refused.is_empty() {
        true if whole => Exit::Done,
        false if !imported.written && !import.dry_run => Exit::Failed,
        _ => Exit::Attention,
    })
}

/// Imports lines with a progress bar. `total` is how many there are, where it is known.
fn read_in(client: &Client, input: impl BufRead, options: ImportOptions, total: Option<u64>, json: bool) -> Outcome<Imported> {
    let progress = Progress::new("importing", shown(json));
    let imported = client.import(input, options, |lines| {
        if lines.is_multiple_of(REDRAW_LINES) {
            progress.set(lines, total);
        }
    });
    progress.finish();
    Ok(imported?)
}

/// Imports what another app has exported. A line of its file that is not understood counts as an invalid line of an import.
async fn import_log(
    client: &Client,
    app: App,
    input: impl Read,
    import: &Import,
    mut options: ImportOptions,
    json: bool,
) -> Outcome<Imported> {
    let log = Log::read(app, &input::read(input)?, Dialect { decimal: import.decimal, dates: import.dates })?;
    let unit = match import.unit {
        None if log.needs_unit() => ask_unit().await?,
        unit => unit.unwrap_or(Unit::Kg),
    };
    let mut converted = log.convert(unit, Known::of(client)?);
    converted.revive(client, options)?;
    let (origins, refused) = (converted.origins(), std::mem::take(&mut converted.refused));
    let dry_run = options.dry_run;
    options.dry_run |= !refused.is_empty() && !options.partial;
    let mut imported = read_in(client, converted.text().as_bytes(), options, Some(origins.len() as u64), json)?;
    if let left_over @ 1.. = converted.left_over(client)? {
        let sets = counted(left_over, "set");
        remark!("{sets} of these workouts on this device and not in the file: added here, or removed in {} since", app.name());
    }
    let origin = |line: usize| origins.get(line.saturating_sub(1)).and_then(|line| usize::try_from(*line).ok()).unwrap_or(line);
    imported.refused.iter_mut().for_each(|(line, _)| *line = origin(*line));
    imported.refused.extend(refused.into_iter().map(|(line, message)| (usize::try_from(line).unwrap_or(usize::MAX), message)));
    imported.refused.sort_by_key(|(line, _)| *line);
    imported.written &= dry_run == options.dry_run;
    Ok(imported)
}

async fn ask_unit() -> Outcome<Unit> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("cannot tell the unit of the weights: the file does not name it; use --unit kg or --unit lb"));
    }
    let answer = ask_line("Are the weights in kg or lb".to_owned()).await?;
    Unit::named(&answer).ok_or_else(|| Failure::usage(format!("cannot use {answer:?} as the unit of the weights: type kg or lb")))
}

/// Prints what an import did or would do, followed by the refused lines.
fn report(imported: &Imported, import: &Import) -> Outcome<()> {
    let total = imported.total();
    if import.dry_run {
        say!("dry run, nothing was written")?;
        table(imported)?;
    } else if imported.written {
        let whole = imported.refused.is_empty() && imported.counts != FileCounts::CutOff;
        let mark = if whole { good("✓") } else { bad("!") };
        say!("{mark} imported {}", counted(total.written(), "record"))?;
        table(imported)?;
    } else {
        say!("{} imported nothing: {}", bad("✗"), is_refused(imported))?;
    }
    if total.kept > 0 {
        let records = counted(total.kept, "record");
        say!("  {records} kept: the version on this device stays; --on-conflict replace takes the file's")?;
    }
    if total.kept_deleted > 0 {
        let records = counted(total.kept_deleted, "record");
        say!("  {records} kept deleted: deleted on this device later; --on-conflict replace brings the file's version back")?;
    }
    if imported.skipped > 0 {
        say!("  {} of the conflict history or with unreadable changes skipped", counted(imported.skipped, "line"))?;
    }
    match imported.counts {
        FileCounts::CutOff => remark!("the file is incomplete: its end is missing; import the backup again from a whole copy"),
        FileCounts::TooFew { counted: records, found } => {
            let records = counted(records, "record");
            remark!("the file has more than was exported: it counts {records}, and it has {}", thousands(found));
        }
        FileCounts::Missing => remark!("the file has no counts of its records, so nothing shows whether it is complete"),
        _ => {}
    }
    for (line, error) in imported.refused.iter().take(REFUSED_SHOWN) {
        remark!("line {line}: {}", plain(error));
    }
    if let more @ 1.. = imported.refused.len().saturating_sub(REFUSED_SHOWN) {
        remark!("and {} more; --json names them all", counted(more as u64, "line"));
    }
    if !imported.refused.is_empty() && (imported.written || import.dry_run) {
        say!("  {}", is_refused(imported))?;
    } else if !imported.refused.is_empty() {
        remark!("correct the file, or import the valid lines with --partial");
    }
    Ok(())
}

fn is_refused(imported: &Imported) -> String {
    format!("{} rejected", counted(imported.refused.len() as u64, "line"))
}

/// Prints a row for each collection. Columns that are zero everywhere are left out.
fn table(imported: &Imported) -> Outcome<()> {
    let rows: Vec<(&str, [u64; 6])> = imported
        .collections
        .iter()
        .map(|(path, counts)| (*path, [counts.added, counts.replaced, counts.deleted, counts.unchanged, counts.kept, counts.kept_deleted]))
        .collect();
    let heads = ["added", "replaced", "deleted", "unchanged", "kept", "kept deleted"];
    let columns: Vec<usize> = (0..heads.len()).filter(|column| rows.iter().any(|(_, counts)| counts[*column] > 0)).collect();
    let width = rows.iter().map(|(path, _)| measure_text_width(path)).max().unwrap_or_default();
    let line = |first: &str, cells: Vec<String>| {
        let cells: String = columns.iter().zip(cells).map(|(column, cell)| format!("  {cell:>0$}", heads[*column].len().max(9))).collect();
        format!("  {first:width$}{cells}")
    };
    if !rows.is_empty() {
        say!("{}", faint(line("", columns.iter().map(|column| heads[*column].to_owned()).collect())))?;
    }
    for (path, counts) in &rows {
        say!("{}", line(path, columns.iter().map(|column| thousands(counts[*column])).collect()))?;
    }
    Ok(())
}
