//! The CSV exports of other training apps, turned into lines that an import reads.
//!
//! Ids are made from what the file says, so that the same file gives the same records each time, on every device.

mod apps;
mod columns;
mod dialect;
mod numbers;
mod records;
mod times;

use std::io::Read;

use crate::exit::{Failure, Outcome};

pub use columns::Unit;
pub use dialect::Dialect;
pub use numbers::Decimal;
pub use records::{Converted, Known};
pub use times::DateOrder;

/// An app whose export can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum App {
    /// Strong, with commas or semicolons.
    Strong,
    /// Hevy.
    Hevy,
    /// FitNotes.
    #[value(name = "fitnotes")]
    FitNotes,
}

impl App {
    fn name(self) -> &'static str {
        match self {
            App::Strong => "Strong",
            App::Hevy => "Hevy",
            App::FitNotes => "FitNotes",
        }
    }

    /// The name for `--from`.
    fn argument(self) -> &'static str {
        match self {
            App::Strong => "strong",
            App::Hevy => "hevy",
            App::FitNotes => "fitnotes",
        }
    }
}

/// A set as a line of the file describes it.
#[derive(Clone, Debug)]
struct Line {
    number: u64,
    workout: Workout,
    exercise: String,
    /// The muscle group, where the app names one.
    category: Option<String>,
    kind: Kind,
    /// In the unit of the file. Negative if it is how much a machine or a band helped.
    weight: f64,
    unit: Option<Unit>,
    reps: Option<u64>,
    seconds: Option<u64>,
    /// What the contract has no member for, in words.
    remarks: Vec<String>,
}

/// The workout that a line belongs to.
#[derive(Clone, Debug)]
struct Workout {
    /// What tells it apart from the other workouts of the file.
    key: String,
    start_ms: i64,
    end_ms: i64,
    /// The stamp of its records: no later than the end, and the same on a device in another zone, so that importing the file there changes
    /// nothing.
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
    /// Not a set: how long the user rested after the set before.
    Rest,
    /// Not a set: a note about the exercise.
    Note,
}

/// A file of an app: the lines that were understood, and those that were not.
pub struct Log {
    app: App,
    lines: Vec<Line>,
    refused: Vec<(u64, String)>,
}

impl Log {
    /// Reads the export of an app. `said` is what the user has said about how the file writes numbers and dates.
    ///
    /// # Errors
    /// The file cannot be read, its header is not that of the app, or it has a number or a date with two meanings.
    pub fn read(app: App, mut input: impl Read, said: Dialect) -> Outcome<Self> {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(|error| Failure::new(format!("cannot read the file: {error}")))?;
        let bytes = in_utf_8(bytes)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut table = columns::Table::of(bytes);
        let columns = apps::Columns::find(app, &table)?;
        let zone = jiff::tz::TimeZone::system();
        let rows: Vec<_> = std::iter::from_fn(|| table.next_row()).collect();
        let readable = || rows.iter().filter_map(|(_, row)| row.as_ref().ok());
        let (numbers, dates) = (readable().flat_map(|row| columns.numbers(row)), readable().flat_map(|row| columns.dates(row)));
        let dialect = said.of(numbers, dates).map_err(Failure::usage)?;
        let (mut lines, mut refused) = (Vec::new(), Vec::new());
        for (number, row) in rows {
            match row.and_then(|row| columns.line(number, &row, &zone, dialect)) {
                Ok(line) => lines.push(line),
                Err(message) => refused.push((number, message)),
            }
        }
        Ok(Log { app, lines, refused })
    }

    /// Whether the unit of a weight must be asked for, because the file does not say it.
    pub fn needs_unit(&self) -> bool {
        self.lines.iter().any(|line| line.weight != 0.0 && line.unit.is_none())
    }

    /// Makes the records. `unit` is that of weights for which the file names none.
    pub fn convert(self, unit: Unit, known: &Known) -> Converted {
        records::convert(self, unit, known)
    }
}

/// The text of a file in UTF-8. Spreadsheets also write UTF-16.
fn in_utf_8(bytes: Vec<u8>) -> Outcome<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => {
            let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let is_text = std::str::from_utf8(first).is_ok();
            let unreadable = || Failure::new("cannot read the file: it is not text in UTF-8; give the CSV file that the app has exported");
            return if is_text { Ok(bytes) } else { Err(unreadable()) };
        }
    };
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    let text = text.ok().filter(|_| rest.is_empty());
    text.map(String::into_bytes).ok_or_else(|| Failure::new("cannot read the file: it is damaged UTF-16; save it as UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_utf_16_is_read_and_one_that_is_no_text_is_refused() {
        let text = "Date;é\n1;2";
        let wide = |bytes: fn(u16) -> [u8; 2]| [0xfeff_u16].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>();
        for bytes in [wide(u16::to_le_bytes), wide(u16::to_be_bytes), text.as_bytes().to_vec()] {
            assert_eq!(in_utf_8(bytes).expect("text"), text.as_bytes());
        }
        for bytes in [vec![0xff, 0xfe, b'x'], vec![0x1f, 0x8b, 8, 0]] {
            assert!(in_utf_8(bytes).is_err());
        }
    }
}
