//! The CSV exports of other training apps, turned into lines that an import reads.
//!
//! Ids are derived from the content of the file, so that the same file gives the same records each time, on every device. A later export of
//! the same app is matched with the results of earlier ones, so that only new data is added.

mod apps;
mod collections;
mod columns;
mod dialect;
mod header;
mod known;
mod matching;
mod numbers;
mod records;
mod sessions;
mod times;
mod zone;

use unicode_normalization::UnicodeNormalization;

use crate::exit::{Failure, Outcome};

pub use collections::SETS;
pub use columns::Unit;
pub use dialect::Dialect;
pub use known::Known;
pub use numbers::Decimal;
pub use records::{ConvertOptions, Converted, MissingRecord, Origin, OriginKind, convert};
pub use times::DateOrder;
pub use zone::Zone;

/// An app whose export can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum App {
    /// The CSV file of Strong, with commas or semicolons.
    Strong,
    /// The CSV file of Hevy.
    Hevy,
    /// The CSV file of FitNotes.
    #[value(name = "fitnotes")]
    FitNotes,
}

impl App {
    /// Detects the app of an export from the beginning of the file.
    pub fn of(start: &[u8]) -> Option<Self> {
        apps::fitting(columns::Table::of(start).head())
    }

    pub fn name(self) -> &'static str {
        match self {
            App::Strong => "Strong",
            App::Hevy => "Hevy",
            App::FitNotes => "FitNotes",
        }
    }

    /// The name for `--from`.
    pub fn argument(self) -> &'static str {
        match self {
            App::Strong => "strong",
            App::Hevy => "hevy",
            App::FitNotes => "fitnotes",
        }
    }
}

/// A set as described by a line of the file.
#[derive(Clone, Debug)]
struct Line {
    number: u64,
    workout: Workout,
    exercise: String,
    /// The muscle group, if the app names one.
    category: Option<String>,
    kind: Kind,
    /// In the unit of the file. Negative for the assistance of a machine or a band.
    weight: f64,
    unit: Option<Unit>,
    reps: Option<u64>,
    seconds: Option<u64>,
    /// Data without a member in the contract, as text.
    remarks: Vec<String>,
}

/// The workout that a line belongs to.
#[derive(Clone, Debug)]
struct Workout {
    /// Distinguishes it from the other workouts of the file: when it began, and its name.
    key: String,
    /// When it began, in one spelling.
    start: String,
    /// Whether the file has local times without a zone.
    is_wall_clock: bool,
    start_ms: i64,
    end_ms: i64,
    /// The stamp of its records, which is no later than the start. It is the same on a device in another zone, and for a later export in
    /// which the workout has another end, so that importing these changes nothing.
    stamp_ms: i64,
    name: Option<String>,
    notes: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Normal,
    WarmUp,
    /// Until no further repetition was possible.
    Failure,
    /// A part of a drop set.
    Drop,
    /// Not a set: how long the user rested after the previous set.
    Rest,
    /// Not a set: a note about the exercise.
    Note,
    /// A rejected set. It keeps its place, so that the other sets keep theirs once the file is corrected.
    Refused,
}

/// A file of an app: the lines that were understood, and those that were not.
pub struct Log {
    app: App,
    lines: Vec<Line>,
    refused: Vec<(u64, String)>,
}

impl Log {
    /// Reads the export of an app. `said` is the user's statement of how the file writes numbers and dates, and `zone` the zone of its
    /// local times.
    ///
    /// # Errors
    /// Returns an error if the header is not that of the app, or it has a number or a date with two meanings.
    pub fn read(app: App, bytes: &[u8], said: Dialect, zone: &Zone) -> Outcome<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut table = columns::Table::of(bytes);
        let columns = apps::Columns::find(app, &table)?;
        let rows: Vec<_> = std::iter::from_fn(|| table.next_row()).collect();
        let readable = || rows.iter().filter_map(|(_, row)| row.as_ref().ok());
        let (numbers, dates) = (readable().flat_map(|row| columns.numbers(row)), readable().flat_map(|row| columns.dates(row)));
        let dialect = said.of(numbers, dates).map_err(Failure::usage)?;
        let (mut lines, mut refused) = (Vec::new(), Vec::new());
        for (number, row) in rows {
            let line = row.and_then(|row| {
                let line = columns.line(number, &row, zone.rules(), dialect);
                line.inspect_err(|_| lines.extend(columns.refused_set(number, &row, zone.rules(), dialect)))
            });
            match line {
                Ok(line) => lines.push(line),
                Err(message) => refused.push((number, message)),
            }
        }
        Ok(Log { app, lines, refused })
    }

    /// Whether the user must give the unit of weights, because the file does not state it.
    pub fn needs_unit(&self) -> bool {
        self.lines.iter().any(|line| line.weight != 0.0 && line.unit.is_none())
    }

    /// Whether the file has local times, which depend on the zone.
    pub fn needs_zone(&self) -> bool {
        self.lines.iter().any(|line| line.workout.is_wall_clock)
    }

    /// Rejects the lines of a record that cannot be imported: a set, or all sets of a workout or an exercise. Returns the number of lines.
    pub fn refuse(&mut self, origin: &Origin, message: &str) -> usize {
        let is_meant = |line: &Line| match &origin.of {
            OriginKind::Set => line.number == origin.line,
            OriginKind::Workout(key) => line.workout.key == *key,
            OriginKind::Exercise(name) => folded(&line.exercise) == *name,
        };
        let before = self.refused.len();
        for line in self.lines.iter_mut().filter(|line| line.kind != Kind::Refused && is_meant(line)) {
            let message = match line.number == origin.line {
                true => message.to_owned(),
                false => format!("skipped, because the entry that starts on line {} was rejected", origin.line),
            };
            line.kind = Kind::Refused;
            self.refused.push((line.number, message));
        }
        self.refused.len() - before
    }
}

/// A name in a normalized spelling, which ignores case, spaces and the encoding of accents.
fn folded(name: &str) -> String {
    let words = name.nfc().collect::<String>().to_lowercase();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits a name from the equipment in parentheses after it.
fn split(name: &str) -> (&str, Option<&str>) {
    let parts = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    parts.map_or((name, None), |(plain, equipment)| (plain.trim_end(), Some(equipment)))
}
