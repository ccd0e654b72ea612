//! `import`: lines of JSON, and the logs of other apps.

use std::io::{BufRead, IsTerminal, Read};

use console::measure_text_width;
use stronglog_sync::Client;
use stronglog_sync::client::{FileCounts, ImportOptions, Imported, OnConflict};

use super::export::{REDRAW_LINES, visibility};
use crate::args::{self, Import};
use crate::exit::{Exit, Failure, Outcome};
use crate::input;
use crate::logs::{self, App, ConvertOptions, Converted, Dialect, Known, Log, MissingRecord, Unit, Zone};
use crate::output::ImportOutput;
use crate::profile::Profile;
use crate::progress::Progress;
use crate::terminal::{Format, ask_line, bad, counted, faint, good, plain, remark, say, say_json, thousands};

/// The number of invalid lines, and of records missing from a file, that are printed. With --json, all of them are printed.
const SHOWN: usize = 20;

pub async fn import(profile: &Profile, import: &Import, format: Format) -> Outcome {
    let client = profile.open_local().await?;
    let file = input::open(&import.file)?;
    let mut options = ImportOptions::default();
    options.on_conflict = match import.on_conflict {
        args::OnConflict::Newer => OnConflict::Newer,
        args::OnConflict::Keep => OnConflict::Keep,
        args::OnConflict::Replace => OnConflict::Replace,
    };
    options.partial = import.partial;
    options.dry_run = import.dry_run;
    let (imported, missing, zone) = match import.from {
        None => (read_in(&client, input::lines(file)?, options, input::line_count(&import.file), format)?, Vec::new(), None),
        Some(app) => import_log(&client, app, file, import, options, format).await?,
    };
    if format.is_json() {
        say_json(&ImportOutput::of(&imported, &missing, import.dry_run, zone))?;
    } else {
        report(&imported, import)?;
        zone.map_or(Ok(()), |zone| say!("  times are read as {zone}"))?;
        report_missing(&missing);
    }
    let would_write = may_write(&imported, import);
    let is_counted = matches!(imported.counts, FileCounts::Exact | FileCounts::Missing);
    // A dry run ends as the import would.
    Ok(if !(imported.written || import.dry_run && would_write) {
        Exit::Failed
    } else if imported.refused.is_empty() && is_counted && missing.is_empty() {
        Exit::Done
    } else {
        Exit::Attention
    })
}

/// Imports lines with a progress bar. `total` is their number, if known.
fn read_in(client: &Client, input: impl BufRead, options: ImportOptions, total: Option<u64>, format: Format) -> Outcome<Imported> {
    let progress = Progress::new("importing", visibility(format));
    let imported = client.import(input, options, |lines| {
        if lines.is_multiple_of(REDRAW_LINES) {
            progress.set(lines, total);
        }
    });
    progress.finish();
    Ok(imported?)
}

/// Imports the export of another app. A line that is not understood counts as an invalid line of the import. Also returns what is missing
/// from the file, and the zone of its times if it does not name that itself.
async fn import_log(
    client: &Client,
    app: App,
    input: impl Read,
    import: &Import,
    mut options: ImportOptions,
    format: Format,
) -> Outcome<(Imported, Vec<MissingRecord>, Option<String>)> {
    let zone = Zone::of(import.zone.as_deref())?;
    let mut log = Log::read(app, &input::read(input)?, Dialect { decimal: import.decimal, dates: import.dates }, &zone)?;
    if log.needs_zone() {
        zone.check()?;
    }
    let unit = match import.unit {
        None if log.needs_unit() => ask_unit().await?,
        unit => unit.unwrap_or(Unit::Kg),
    };
    let known = Known::of(client)?;
    let on_conflict = options.on_conflict;
    let moves_existing = zone.is_chosen() && on_conflict == OnConflict::Replace;
    let conversion = ConvertOptions { unit, on_conflict, moves_existing, now_ms: jiff::Timestamp::now().as_millisecond() };
    if options.partial {
        refuse_invalid(&mut log, conversion, client, &known, options)?;
    }
    let Converted { text, origins, refused, sets_of_deleted_workouts, missing } = logs::convert(&log, &known, conversion)?;
    let dry_run = options.dry_run;
    options.dry_run |= !refused.is_empty() && !options.partial;
    let mut imported = read_in(client, text.as_bytes(), options, Some(origins.len() as u64), format)?;
    let origin = |line: usize| origins.get(line.saturating_sub(1)).map_or(line, |origin| in_file(origin.line));
    imported.refused.iter_mut().for_each(|(line, _)| *line = origin(*line));
    imported.refused.extend(refused.into_iter().map(|(line, message)| (in_file(line), message)));
    imported.refused.sort_by_key(|(line, _)| *line);
    imported.written &= dry_run == options.dry_run;
    if sets_of_deleted_workouts > 0 {
        imported.collections.entry(logs::SETS).or_default().kept_deleted += sets_of_deleted_workouts;
    }
    Ok((imported, missing, log.needs_zone().then(|| zone.name().to_owned())))
}

fn in_file(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

/// Rejects the lines whose records cannot be imported, so that nothing is created for them, such as a workout without sets.
fn refuse_invalid(
    log: &mut Log,
    conversion: ConvertOptions,
    client: &Client,
    known: &Known<'_>,
    mut options: ImportOptions,
) -> Outcome<()> {
    options.dry_run = true;
    loop {
        let Converted { text, origins, .. } = logs::convert(log, known, conversion)?;
        let tried = client.import(text.as_bytes(), options, |_| {})?;
        let invalid = tried.refused.iter().filter_map(|(line, message)| Some((origins.get(line.checked_sub(1)?)?, message)));
        let refused: usize = invalid.map(|(origin, message)| log.refuse(origin, message)).sum();
        if refused == 0 {
            return Ok(());
        }
    }
}

async fn ask_unit() -> Outcome<Unit> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("the file does not state the unit of its weights; use --unit kg or --unit lb"));
    }
    let answer = ask_line("Are the weights in kg or lb".to_owned()).await?;
    Unit::named(&answer).ok_or_else(|| Failure::usage(format!("cannot use {answer:?} as the unit of the weights: type kg or lb")))
}

/// Prints what an import did or would do, followed by the rejected lines.
fn report(imported: &Imported, import: &Import) -> Outcome<()> {
    let total = imported.total();
    if import.dry_run {
        say!("dry run, nothing was written")?;
        table(imported)?;
        if !may_write(imported, import) {
            say!("{} would import nothing: {}", bad("✗"), why_nothing(imported))?;
        }
    } else if imported.written {
        let whole = imported.refused.is_empty() && imported.counts != FileCounts::CutOff;
        let mark = if whole { good("✓") } else { bad("!") };
        say!("{mark} imported {}", counted(total.written(), "record"))?;
        table(imported)?;
    } else {
        say!("{} imported nothing: {}", bad("✗"), why_nothing(imported))?;
    }
    if total.kept > 0 {
        let records = counted(total.kept, "record");
        say!("  {records} kept: the version on this device stays; use --on-conflict replace to use the file's")?;
    }
    if total.kept_deleted > 0 {
        let records = counted(total.kept_deleted, "record");
        say!("  {records} kept deleted: deleted on this device after the file's version; use --on-conflict replace to restore")?;
    }
    if imported.skipped > 0 {
        say!("  {} of the conflict history or with unreadable changes skipped", counted(imported.skipped, "line"))?;
    }
    match imported.counts {
        FileCounts::CutOff if imported.written => remark!("the file is incomplete: its end is missing; import a complete copy as well"),
        FileCounts::CutOff => remark!("the end of the file is missing; import a complete copy, or what the file has with --partial"),
        FileCounts::TooFew { counted: records, found } => {
            let records = counted(records, "record");
            remark!(
                "the file has more records ({}) than were exported ({records}); check that no other export was appended",
                thousands(found)
            );
        }
        FileCounts::Missing => remark!("the file does not state the number of its records, so it may be incomplete"),
        _ => {}
    }
    for (line, error) in imported.refused.iter().take(SHOWN) {
        remark!("line {line}: {}", plain(error));
    }
    if let more @ 1.. = imported.refused.len().saturating_sub(SHOWN) {
        remark!("and {} more; --json lists all of them", counted(more as u64, "line"));
    }
    if !imported.refused.is_empty() && (imported.written || import.dry_run && import.partial) {
        say!("  {}", is_refused(imported))?;
    } else if !imported.refused.is_empty() {
        remark!("correct the file, or import the valid lines with --partial");
    }
    Ok(())
}

/// Prints the results of earlier imports that are missing from the file.
fn report_missing(missing: &[MissingRecord]) {
    if missing.is_empty() {
        return;
    }
    let records = counted(missing.len() as u64, "record");
    let are = if missing.len() == 1 { "is" } else { "are" };
    remark!("{records} from earlier imports {are} missing from the file; delete them with `stronglog delete COLLECTION ID`:");
    for MissingRecord { collection, id, what } in missing.iter().take(SHOWN) {
        remark!("{collection} {id}: {}", plain(what));
    }
    if let more @ 1.. = missing.len().saturating_sub(SHOWN) {
        remark!("and {} more; --json lists all of them", counted(more as u64, "record"));
    }
}

/// Whether the import writes, unless it is a dry run.
fn may_write(imported: &Imported, import: &Import) -> bool {
    import.partial || imported.refused.is_empty() && imported.counts != FileCounts::CutOff
}

fn why_nothing(imported: &Imported) -> String {
    if imported.refused.is_empty() { "the file is incomplete".to_owned() } else { is_refused(imported) }
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
