//! Tables in CSV: the separator, the header, and the values of cells.

use csv::{ByteRecord, Reader, ReaderBuilder};

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
    separator: char,
}

/// The cells of a row.
pub struct Row(Vec<String>);

impl<'b> Table<'b> {
    /// The separator is whichever the header has most of.
    pub fn of(bytes: &'b [u8]) -> Self {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
        let separator = [b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b',');
        let mut reader = ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes);
        let mut head = ByteRecord::new();
        let found = matches!(reader.read_byte_record(&mut head), Ok(true));
        let name = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
        let head = if found { head.iter().map(name).collect() } else { Vec::new() };
        Table { reader, bytes, head, separator: char::from(separator) }
    }

    /// The names of the columns.
    pub fn head(&self) -> &[String] {
        &self.head
    }

    /// The next row that is not blank, with the number of its first line, or what is wrong with it.
    pub fn next_row(&mut self) -> Option<(u64, Result<Row, String>)> {
        let mut record = ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(0, |position| self.first_line(position));
                Some((line, self.cells(&record)))
            }
            // Bytes in memory can be read, and rows of any length are accepted.
            Err(error) => Some((error.position().map_or(0, csv::Position::line), Err(error.to_string()))),
        }
    }

    /// The line that a row begins on. Its position is before the blank lines that the reader has skipped.
    fn first_line(&self, position: &csv::Position) -> u64 {
        let rest = usize::try_from(position.byte()).ok().and_then(|offset| self.bytes.get(offset..)).unwrap_or_default();
        let skipped = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|byte| **byte == b'\n');
        position.line() + skipped.count() as u64
    }

    fn cells(&self, record: &ByteRecord) -> Result<Row, String> {
        if record.len() > self.head.len() {
            return Err(format!(
                "the line has {} cells, and the header names {}; a text with {:?} in it must stand in quotation marks",
                record.len(),
                self.head.len(),
                self.separator
            ));
        }
        let text = |cell: &[u8]| std::str::from_utf8(cell).map(|text| text.trim().to_owned());
        let cells: Result<Vec<String>, _> = record.iter().map(text).collect();
        cells.map(Row).map_err(|_| "the line is not UTF-8; save the file as UTF-8".to_owned())
    }
}

impl Row {
    /// The text of a cell, unless it is empty.
    pub fn text(&self, column: Option<usize>) -> Option<&str> {
        column.and_then(|column| self.0.get(column)).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The number in a cell, which may have a decimal comma, or separators between thousands.
    pub fn number(&self, column: Option<usize>, name: &str) -> Result<Option<f64>, String> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let number = decimal(text).parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        number.map(Some).ok_or_else(|| format!("the {name} {text:?} is not a number of 0 or more"))
    }

    /// The whole number in a cell. Some apps write 5 as 5.0.
    pub fn count(&self, column: Option<usize>, name: &str) -> Result<Option<u64>, String> {
        match self.number(column, name)? {
            None => Ok(None),
            Some(number) if number.fract() == 0.0 && number <= 1e9 => Ok(Some(number as u64)),
            Some(number) => Err(format!("the {name} {number} is not a whole number")),
        }
    }
}

/// A number with a decimal point in place of a comma. Where it has both, the first separates thousands.
pub fn decimal(text: &str) -> String {
    let Some(last) = text.rfind([',', '.']) else { return text.to_owned() };
    let (whole, fraction) = (&text[..last], &text[last + 1..]);
    let separator = if text[last..].starts_with(',') { '.' } else { ',' };
    let groups: Vec<&str> = whole.split(separator).collect();
    let is_grouped = groups.len() > 1 && (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
    if is_grouped { format!("{}.{fraction}", groups.concat()) } else { text.replace(',', ".") }
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
        assert_eq!((line, row.number(Some(1), "weight"), row.text(Some(2))), (2, Ok(Some(82.5)), Some("wide; slow")));
        let (line, row) = table.next_row().expect("a row after a blank line");
        let row = row.expect("a short row");
        assert_eq!((line, row.text(Some(2))), (4, None));
        assert!(row.number(Some(1), "weight").is_err_and(|message| message.contains("weight \"x\"")));
        let (line, row) = table.next_row().expect("a long row");
        assert!(line == 5 && row.is_err_and(|message| message.contains("4 cells")));
        assert!(table.next_row().is_none());
    }

    #[test]
    fn a_number_has_one_decimal_point() {
        for (text, expected) in
            [("82.5", "82.5"), ("82,5", "82.5"), ("1.082,5", "1082.5"), ("1,082.5", "1082.5"), ("1,234,567.5", "1234567.5"), ("5", "5")]
        {
            assert_eq!(decimal(text), expected, "{text}");
        }
        for text in ["12.5,3", "1,2,3", "1.2.3", ",.", "1,08.5"] {
            assert!(decimal(text).parse::<f64>().is_err(), "{text}");
        }
    }

    #[test]
    fn pounds_become_kilograms_to_ten_grams() {
        assert_eq!(Unit::Lb.kilograms(225.0), 102.06);
        assert_eq!(Unit::Kg.kilograms(82.5), 82.5);
        assert_eq!((Unit::named("lbs"), Unit::named(" KG."), Unit::named("stone")), (Some(Unit::Lb), Some(Unit::Kg), None));
    }
}
