//! Tables in CSV: the separator, the header, and the values of cells.

use csv::{ByteRecord, Reader, ReaderBuilder};
use unicode_normalization::UnicodeNormalization;

use super::numbers::{self, Decimal};

/// The unit of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Unit {
    /// Kilograms.
    Kg,
    /// Pounds.
    Lb,
}

impl Unit {
    /// The unit with this name, as apps and people write it.
    pub fn named(text: &str) -> Option<Self> {
        match text.trim().trim_end_matches('.').to_lowercase().as_str() {
            "kg" | "kgs" | "kilograms" => Some(Unit::Kg),
            "lb" | "lbs" | "pounds" => Some(Unit::Lb),
            _ => None,
        }
    }

    /// A weight in kilograms, to ten grams.
    pub fn kilograms(self, weight: f64) -> f64 {
        match self {
            Unit::Kg => weight,
            Unit::Lb => (weight * 45.359_237).round() / 100.0,
        }
    }
}

/// A table whose first row names the columns.
pub struct Table<'b> {
    reader: Reader<&'b [u8]>,
    bytes: &'b [u8],
    head: Vec<String>,
    separator: u8,
}

/// The cells of a row.
pub struct Row(Vec<String>);

impl<'b> Table<'b> {
    /// The separator comes from a first line such as `sep=;`, as spreadsheets write it. Otherwise it is the most frequent one in the
    /// header.
    pub fn of(bytes: &'b [u8]) -> Self {
        let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
        let named = first.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
        let separator = named.unwrap_or_else(|| [b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b','));
        let mut reader = ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes);
        let mut head = ByteRecord::new();
        if named.is_some() {
            // Reading bytes in memory does not fail.
            let _ = reader.read_byte_record(&mut head);
        }
        let found = matches!(reader.read_byte_record(&mut head), Ok(true));
        let name = |cell: &[u8]| composed(&String::from_utf8_lossy(cell));
        let head = if found { head.iter().map(name).collect() } else { Vec::new() };
        Table { reader, bytes, head, separator }
    }

    /// The names of the columns.
    pub fn head(&self) -> &[String] {
        &self.head
    }

    /// The next row that is not blank, with the number of its first line, or the error in it.
    pub fn next_row(&mut self) -> Option<(u64, Result<Row, String>)> {
        let mut record = ByteRecord::new();
        loop {
            match self.reader.read_byte_record(&mut record) {
                Ok(false) => return None,
                // Spreadsheets write blank rows as separators alone.
                Ok(true) if record.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(true) => {
                    let line = record.position().map_or(0, |position| self.first_line(position));
                    return Some((line, self.cells(&record)));
                }
                // Bytes in memory can be read, and rows of any length are accepted.
                Err(error) => return Some((error.position().map_or(0, csv::Position::line), Err(error.to_string()))),
            }
        }
    }

    /// The line that a row begins on. Its position is before the blank lines that the reader has skipped.
    fn first_line(&self, position: &csv::Position) -> u64 {
        let rest = usize::try_from(position.byte()).ok().and_then(|offset| self.bytes.get(offset..)).unwrap_or_default();
        let skipped = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|byte| **byte == b'\n');
        position.line() + skipped.count() as u64
    }

    fn cells(&self, record: &ByteRecord) -> Result<Row, String> {
        let (begin, end) = (record.position().map_or(0, csv::Position::byte), self.reader.position().byte());
        let place = usize::try_from(begin).ok().zip(usize::try_from(end).ok());
        let text = place.and_then(|(begin, end)| self.bytes.get(begin..end)).unwrap_or_default();
        check_marks(text, self.separator)?;
        let filled = record.iter().rposition(|cell| !cell.trim_ascii().is_empty()).map_or(0, |last| last + 1);
        if filled > self.head.len() {
            return Err(format!(
                "expected at most {} cells, found {filled}; quote cells that contain {:?}",
                self.head.len(),
                char::from(self.separator)
            ));
        }
        let text = |cell: &[u8]| std::str::from_utf8(cell).map(composed);
        let cells: Result<Vec<String>, _> = record.iter().take(filled).map(text).collect();
        cells.map(Row).map_err(|_| "the line is not UTF-8; save the file as UTF-8".to_owned())
    }
}

/// The text of a cell in Unicode normalization form C. Some systems write accents as separate characters.
fn composed(text: &str) -> String {
    text.trim().nfc().collect()
}

/// Checks that the quotation marks of a row are closed. Otherwise the reader would treat the rows up to the next mark, or up to the end of
/// the file, as text of the cell. A mark that is not doubled within one line does no harm and is accepted.
fn check_marks(row: &[u8], separator: u8) -> Result<(), String> {
    /// The position of a byte within a cell.
    enum Place {
        Start,
        Plain,
        Quoted { lines: bool },
        AfterMark { lines: bool },
    }
    let mut place = Place::Start;
    for byte in row {
        let ends = *byte == separator || matches!(byte, b'\n' | b'\r');
        place = match (place, byte) {
            (Place::Start, b'"') => Place::Quoted { lines: false },
            (Place::Quoted { lines }, b'"') => Place::AfterMark { lines },
            (Place::Quoted { lines }, _) => Place::Quoted { lines: lines || matches!(byte, b'\n' | b'\r') },
            (Place::AfterMark { lines }, b'"') => Place::Quoted { lines },
            (Place::AfterMark { lines: true }, _) if !ends => {
                return Err("unbalanced quotation mark; double a quotation mark inside a cell".to_owned());
            }
            _ if ends => Place::Start,
            _ => Place::Plain,
        };
    }
    match place {
        Place::Quoted { .. } => Err("unclosed quotation mark; the file is truncated, or a mark inside a cell must be doubled".to_owned()),
        _ => Ok(()),
    }
}

impl Row {
    /// The text of a cell, unless it is empty.
    pub fn text(&self, column: Option<usize>) -> Option<&str> {
        column.and_then(|column| self.0.get(column)).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The number in a cell.
    pub fn number(&self, column: Option<usize>, name: &str, decimal: Option<Decimal>) -> Result<Option<f64>, String> {
        self.text(column).map(|text| number(text, name, decimal)).transpose()
    }

    /// The whole number in a cell. Some apps write 5 as 5.0.
    pub fn count(&self, column: Option<usize>, name: &str, decimal: Option<Decimal>) -> Result<Option<u64>, String> {
        match self.number(column, name, decimal)? {
            None => Ok(None),
            Some(number) if number.fract() == 0.0 && (0.0..=1e9).contains(&number) => Ok(Some(number as u64)),
            Some(number) => Err(format!("the {name} {number} is not a whole number of 0 or more")),
        }
    }
}

/// The number in a text.
pub fn number(text: &str, name: &str, decimal: Option<Decimal>) -> Result<f64, String> {
    numbers::parse(text, decimal).ok_or_else(|| match numbers::evidence(text) {
        numbers::Evidence::Unclear if decimal.is_none() => {
            format!("the comma in the {name} {text:?} may separate thousands or a fraction; use --decimal point or --decimal comma")
        }
        _ => format!("the {name} {text:?} is not a number"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_decimal_commas_are_understood() {
        let mut table = Table::of("Date;Weight;Notes\n2026-01-05;82,5;\"wide; slow\"\n\n2026-01-06;x\n1;2;3;4\n".as_bytes());
        assert_eq!(table.head(), ["Date", "Weight", "Notes"]);
        let (line, row) = table.next_row().expect("a row");
        let row = row.expect("three cells");
        assert_eq!((line, row.number(Some(1), "weight", None), row.text(Some(2))), (2, Ok(Some(82.5)), Some("wide; slow")));
        let (line, row) = table.next_row().expect("a row after a blank line");
        let row = row.expect("a short row");
        assert_eq!((line, row.text(Some(2))), (4, None));
        assert!(row.number(Some(1), "weight", None).is_err_and(|message| message.contains("weight \"x\"")));
        let (line, row) = table.next_row().expect("a long row");
        assert!(line == 5 && row.is_err_and(|message| message.contains("found 4")));
        assert!(table.next_row().is_none());
    }

    #[test]
    fn a_first_line_may_name_the_separator() {
        let mut table = Table::of(b"sep=;\r\nDate;Exercise, with weight\r\n2026-01-05;Row\r\n");
        assert_eq!(table.head(), ["Date", "Exercise, with weight"]);
        let (line, row) = table.next_row().expect("a row");
        assert_eq!((line, row.expect("two cells").text(Some(1))), (3, Some("Row")));
        let mut table = Table::of(b"Date,Exercise\r2026-01-05,Row\r");
        assert_eq!(table.next_row().and_then(|(_, row)| row.ok()?.text(Some(1)).map(str::to_owned)).as_deref(), Some("Row"));
    }

    #[test]
    fn pounds_become_kilograms_to_ten_grams() {
        assert_eq!(Unit::Lb.kilograms(225.0), 102.06);
        assert_eq!(Unit::Kg.kilograms(82.5), 82.5);
        assert_eq!((Unit::named("lbs"), Unit::named(" KG."), Unit::named("stone")), (Some(Unit::Lb), Some(Unit::Kg), None));
    }
}
