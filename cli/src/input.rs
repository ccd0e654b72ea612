//! Opens a file to import. Detects its type from its first bytes, and returns its text in UTF-8.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use stronglog_sync::advice::with_advice;

use crate::exit::{Failure, Outcome};
use crate::logs::App;

/// The number of bytes used to detect the type of a file.
const SHOWN: u64 = 4_096;

/// The first bytes of files that are not text.
const NO_TEXT: [(&[u8], &str); 7] = [
    (b"\x1f\x8b", "compressed with gzip: decompress it first"),
    (b"BZh", "compressed with bzip2: decompress it first"),
    (b"\xfd7zXZ\0", "compressed with xz: decompress it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: decompress it first"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet: unpack it, or save it as CSV"),
    (b"SQLite format 3\0", "a database: export it with the program that it belongs to"),
    (b"%PDF", "a PDF document: export the records instead"),
];

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// Returns an error if the file cannot be opened.
pub fn open(path: &Path) -> Outcome<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let file =
        std::fs::File::open(path).map_err(|error| Failure::new(format!("cannot read {}: {}", path.display(), with_advice(&error))))?;
    Ok(Box::new(file))
}

/// The number of lines of a file, for a progress bar. `None` for anything else, such as a pipe, which can be read only once.
pub fn line_count(path: &Path) -> Option<u64> {
    let mut file = BufReader::new(std::fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?);
    let mut count = 0;
    loop {
        let read = file.fill_buf().ok()?;
        if read.is_empty() {
            return Some(count);
        }
        count += read.iter().filter(|byte| **byte == b'\n').count() as u64;
        let length = read.len();
        file.consume(length);
    }
}

/// Reads a whole file as text in UTF-8.
///
/// # Errors
/// Returns an error if the file cannot be read, or is not text.
pub fn read(mut input: impl Read) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(unreadable)?;
    if let Some(what) = no_text(&bytes) {
        return Err(is(what));
    }
    if let Some(unit) = utf_16(&bytes) {
        return decoded(&bytes, unit);
    }
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_text = std::str::from_utf8(first).is_ok();
    if is_text { Ok(bytes) } else { Err(is("not text in UTF-8; give the CSV file that the app has exported")) }
}

/// Opens lines of JSON, without reading them all at once.
///
/// # Errors
/// Returns an error if the file cannot be read, or is something else, which the message names.
pub fn lines(mut input: impl Read + 'static) -> Outcome<Box<dyn BufRead>> {
    let mut start = Vec::new();
    input.by_ref().take(SHOWN).read_to_end(&mut start).map_err(unreadable)?;
    if let Some(what) = no_text(&start) {
        return Err(is(what));
    }
    if let Some(unit) = utf_16(&start) {
        input.read_to_end(&mut start).map_err(unreadable)?;
        let text = decoded(&start, unit)?;
        refuse_other_text(&text)?;
        return Ok(Box::new(Cursor::new(text)));
    }
    refuse_other_text(&start)?;
    Ok(Box::new(Cursor::new(start).chain(BufReader::new(input))))
}

/// Rejects text that is clearly not lines of JSON, with one message instead of one for each line.
fn refuse_other_text(start: &[u8]) -> Outcome<()> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let line = "each record must be on a separate line";
    match first {
        [] => Err(is("empty")),
        [b'[', ..] => Err(is(&format!("a JSON array, and {line}: jq -c '.[]' writes it so"))),
        b"{" => Err(is(&format!("JSON over several lines, and {line}: jq -c . writes it so"))),
        _ => match App::of(start) {
            Some(app) => Err(is(&format!("an export of {}: use --from {}", app.name(), app.argument()))),
            None => Ok(()),
        },
    }
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(format!("cannot read the file: {}", with_advice(&error)))
}

fn is(what: &str) -> Failure {
    Failure::new(format!("cannot read the file: it is {what}"))
}

fn no_text(start: &[u8]) -> Option<&'static str> {
    NO_TEXT.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what)
}

/// How two bytes form a unit of UTF-16, which spreadsheets and some shells write. It is detected by its byte order mark, or by a zero in
/// every other byte of the first two characters.
fn utf_16(start: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match start {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [1..=255, 0, 1..=255, 0, ..] => Some(u16::from_le_bytes),
        [0, 1..=255, 0, 1..=255, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

fn decoded(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Outcome<Vec<u8>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().copied().map(unit);
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.ok().filter(|_| rest.is_empty());
    let text = text.ok_or_else(|| is("damaged UTF-16; save it as UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_file_are_counted_and_those_of_a_pipe_are_not() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "a\nb\nc\n").expect("written");
        assert_eq!([line_count(file.path()), line_count(Path::new("-")), line_count(&std::env::temp_dir())], [Some(3), None, None]);
    }

    #[test]
    fn a_file_in_utf_16_is_read_and_one_that_is_no_text_is_rejected() {
        let text = "Date;é\n1;2";
        let wide =
            |bytes: fn(u16) -> [u8; 2], mark: &[u16]| mark.iter().copied().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>();
        let marked = [wide(u16::to_le_bytes, &[0xfeff]), wide(u16::to_be_bytes, &[0xfeff])];
        let unmarked = [wide(u16::to_le_bytes, &[]), wide(u16::to_be_bytes, &[])];
        for bytes in marked.into_iter().chain(unmarked).chain([text.as_bytes().to_vec()]) {
            assert_eq!(read(bytes.as_slice()).expect("text"), text.as_bytes());
        }
        for bytes in [vec![0xff, 0xfe, b'x'], vec![0x1f, 0x8b, 8, 0], b"Date\xe9;1\n".to_vec()] {
            assert!(read(bytes.as_slice()).is_err());
        }
    }
}
