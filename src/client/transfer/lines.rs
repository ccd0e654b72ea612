//! Parses the lines of an import into records with an id and a stamp.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use uuid::Uuid;

use super::export::Exported;
use crate::api::Report;
use crate::api::collection::{Collection, Contract};
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::api::runtime::tape::Tape;
use crate::client::unknown_collection;
use crate::error::Error;
use crate::pull;
use crate::record::{boolean, integer, record_id, rewrite};
use crate::store::Key;
use crate::wire::EXPORT_FORMAT;

/// A record of the file.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    /// The line number, starting at 1.
    pub line: usize,
    pub key: Key,
    /// The record's text, with the required members that sync can supply.
    pub text: String,
    /// `clientUpdatedAt`, but not later than the present. `None` if the file does not contain it.
    pub stamp: Option<i64>,
    pub deleted: bool,
}

/// Whether a file is complete according to the counts in its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileCounts {
    /// The file has no counts, and no mark of an export that ends with them.
    #[default]
    Missing,
    /// The first line says that counts follow, and they are missing.
    CutOff,
    /// The file has exactly the records that it counts.
    Exact,
    /// The file has more records than it counts.
    TooFew {
        /// The number of records by the file's counts.
        counted: u64,
        /// The number of records in the file.
        found: u64,
    },
    /// The file has fewer records than it counts. The line with the counts is one of the invalid lines.
    TooMany,
}

/// The content of a file.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The newest version of each record, in the order of the lines.
    pub records: Vec<Incoming>,
    /// The number of older versions of records that the file contains more than once.
    pub superseded: u64,
    /// The number of past versions and quarantined changes that are still unreadable.
    pub skipped: u64,
    /// The numbers of the invalid lines, starting at 1, with the errors.
    pub refused: Vec<(usize, String)>,
    pub counts: FileCounts,
}

/// The content of a line other than counts.
enum Line {
    Nothing,
    Record(Incoming),
    /// A quarantined change that is readable now.
    Readable(Incoming),
    Skipped,
}

/// A parsed line.
struct Parsed {
    content: Result<Line, String>,
    /// Whether it is the first line of an export.
    begins: bool,
    /// The counts of the file, in its last line.
    end: Option<Exported>,
}

/// Reads a file to its end. `progress` is called with the number of lines read so far.
///
/// # Errors
/// Returns an error if `input` cannot be read.
pub(super) fn read(mut input: impl BufRead, reader: &mut LineReader<'_>, mut progress: impl FnMut(u64)) -> Result<File, Error> {
    let mut file = File::default();
    let mut newest: BTreeMap<Key, usize> = BTreeMap::new();
    // Sorting a file or appending one to another moves the counts, so they are compared at the end.
    let (mut found, mut counted, mut begun, mut ended) = (0, None, 0, 0);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = input.read_until(b'\n', &mut bytes);
        if read.map_err(|error| Error::argument(format!("cannot read line {line} of the import: {error}")))? == 0 {
            break;
        }
        progress(line as u64);
        let text = if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) } else { &bytes };
        if str::from_utf8(text).is_ok_and(|text| text.trim().is_empty()) {
            continue;
        }
        let Parsed { content, begins, end } = reader.line(line, text);
        (begun, ended) = (begun + u64::from(begins), ended + u64::from(end.is_some()));
        found += u64::from(matches!(content, Ok(Line::Record(_)) | Err(_)));
        match content {
            Ok(Line::Nothing) => {}
            Ok(Line::Record(record) | Line::Readable(record)) => keep_newest(&mut file, &mut newest, record),
            Ok(Line::Skipped) => file.skipped += 1,
            Err(message) => file.refused.push((line, message)),
        }
        if let Some(Exported { records, .. }) = end {
            counted = Some((line, records.saturating_add(counted.map_or(0, |(_, before)| before))));
        }
    }
    file.counts = match counted {
        _ if begun > ended => FileCounts::CutOff,
        None => FileCounts::Missing,
        Some((_, records)) if records < found => FileCounts::TooFew { counted: records, found },
        Some((_, records)) if records > found => FileCounts::TooMany,
        Some(_) => FileCounts::Exact,
    };
    if let Some((line, records)) = counted.filter(|(_, records)| *records > found) {
        file.refused.push((line, format!("the file is damaged: it should have {records} records, and has {found}")));
    }
    Ok(file)
}

/// Parses the JSON of a line.
fn json(bytes: &[u8]) -> Result<Tape<'_>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
    parse(text.trim().as_bytes()).map_err(|report| {
        let syntax: Vec<&str> = report.violations.iter().map(|violation| violation.message.as_str()).collect();
        format!("the line {}", syntax.join(", "))
    })
}

/// Reads a member that determines how a record is imported. The record itself is validated only if it is written.
fn member<T>(record: Json<'_>, name: &str, read: fn(Option<Json<'_>>) -> Option<T>, expected: &str) -> Result<Option<T>, String> {
    let Some(value) = record.get(name) else { return Ok(None) };
    let unreadable = || format!("{name} is {}; expected {expected}", value.to_text());
    read(Some(value)).map(Some).ok_or_else(unreadable)
}

/// Keeps the newest version of each record, and the later line if two are equally new.
fn keep_newest(file: &mut File, newest: &mut BTreeMap<Key, usize>, record: Incoming) {
    let Some(known) = newest.get(&record.key).map(|index| &mut file.records[*index]) else {
        newest.insert(record.key, file.records.len());
        file.records.push(record);
        return;
    };
    file.superseded += 1;
    if record.stamp >= known.stamp {
        *known = record;
    }
}

/// Parses lines one by one.
pub(super) struct LineReader<'a> {
    pub contract: &'static Contract,
    pub now_ms: i64,
    pub new_id: &'a mut dyn FnMut() -> Uuid,
    /// How often each record without an id has occurred, by content.
    pub seen: HashMap<String, u64>,
}

impl LineReader<'_> {
    fn line(&mut self, line: usize, bytes: &[u8]) -> Parsed {
        let tape = match json(bytes) {
            Ok(tape) => tape,
            Err(message) => return Parsed { content: Err(message), begins: false, end: None },
        };
        let root = tape.root();
        let begin = root.get("begin");
        let format = begin.and_then(|begin| integer(begin.get("format"))).filter(|format| *format != EXPORT_FORMAT);
        let counts = root.get("end").map(|end| serde_json::from_str(&end.to_text()));
        let (content, end) = match (counts.transpose(), format) {
            (Ok(end), None) => (self.content(line, root, end.is_some()), end),
            (Ok(end), Some(format)) => {
                (Err(format!("the file has format {format}, and this program reads format {EXPORT_FORMAT}; update the program")), end)
            }
            (Err(error), _) => (Err(format!("cannot read the counts of the last line: {error}")), None),
        };
        Parsed { content, begins: begin.is_some(), end }
    }

    fn content(&mut self, line: usize, root: Json<'_>, has_end: bool) -> Result<Line, String> {
        if root.get("history").is_some() {
            return Ok(Line::Skipped);
        }
        if let Some(quarantined) = root.get("quarantined") {
            return Ok(self.quarantined(line, quarantined));
        }
        // An export without records has only its counts. Older exports have the counts in a separate line.
        if has_end && root.get("collection").is_none() && root.get("record").is_none() {
            return Ok(Line::Nothing);
        }
        self.record(line, root).map(Line::Record)
    }

    /// Parses a quarantined change, which is a normal record if it is readable now.
    fn quarantined(&mut self, line: usize, quarantined: Json<'_>) -> Line {
        let raw = quarantined.get("raw").and_then(Json::as_str).unwrap_or_default();
        let readable = pull::reread(raw, self.contract).is_some();
        let parsed = parse(raw.as_bytes()).ok().filter(|_| readable);
        let record = parsed.and_then(|tape| self.record(line, tape.root()).ok());
        record.map_or(Line::Skipped, Line::Readable)
    }

    fn record(&mut self, line: usize, root: Json<'_>) -> Result<Incoming, String> {
        const SHAPE: &str = "a line is {\"collection\": …, \"record\": …}";
        let path = root.get("collection").and_then(Json::as_str).ok_or_else(|| format!("the line has no \"collection\"; {SHAPE}"))?;
        let collection = self.contract.collection(path).ok_or_else(|| unknown_collection(path, self.contract))?;
        let record = root.get("record").ok_or_else(|| format!("the line has no \"record\"; {SHAPE}"))?;
        let text = record.to_text();
        let id = self.id(collection, record, &text)?;
        let deleted = member(record, "isDeleted", boolean, "true or false")? == Some(true);
        let stamp = member(record, "clientUpdatedAt", integer, "a time in milliseconds")?;
        let invalid = |report: Report| format!("cannot read the {path} record: {report}");
        let mut members = Vec::new();
        let mut supply = |name: &'static str, value: String| {
            if record.get(name).is_none() {
                members.push((name, Some(value)));
            }
        };
        supply("isDeleted", "false".to_owned());
        supply("clientCreatedAt", self.now_ms.to_string());
        supply("clientUpdatedAt", self.now_ms.to_string());
        members.push(("id", Some(format!("\"{id}\""))));
        let text = rewrite(&text, &members).map_err(invalid)?;
        Ok(Incoming { line, key: Key { collection, id }, text, stamp, deleted })
    }

    /// The record's id. A record without an id gets one derived from its content, so that importing the file again adds nothing.
    fn id(&mut self, collection: &Collection, record: Json<'_>, text: &str) -> Result<Uuid, String> {
        match record.get("id") {
            Some(Json::String(id)) => record_id(id).ok_or_else(|| format!("the id {id:?} is not a UUID in lower case, with hyphens")),
            None => {
                if let Some(id) = pull::singleton_id(collection) {
                    return Ok(id);
                }
                let content = format!("{} {text}", collection.path);
                let count = self.seen.entry(content.clone()).and_modify(|count| *count += 1).or_insert(1);
                let key = format!("import {count} {content}");
                Ok(collection.deterministic_id(&key).and_then(|id| Uuid::parse_str(&id).ok()).unwrap_or_else(|| (self.new_id)()))
            }
            Some(_) => Err("the id is not a string".to_owned()),
        }
    }
}
