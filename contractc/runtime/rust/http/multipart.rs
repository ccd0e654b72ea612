//! Bodies of type `multipart/form-data` (RFC 7578): each member is a part, and each item of a list is one. Files are bytes with a name and a
//! media type. See `multipart/parts.rs` for the parts as text.

mod parts;

use super::super::check::Types;
use super::super::json::{Json, Value};
use super::super::report::{At, Checker, Report};
use super::super::schema::{ReadJson, ToJson, parse};
use super::kind::Alternatives;
use super::parameter::{Shape, invalid_header, text};
use super::request::NOT_SENT;
use super::text::typed;
use super::{Check, as_text, covers, is_json, read_checked};
use parts::Received;
pub(super) use parts::Sent;

/// The content of a file, with its name and media type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// The name of the file.
    pub name: Option<String>,
    /// The media type of the content.
    pub media_type: Option<String>,
    /// The content.
    pub content: Vec<u8>,
}

impl File {
    /// A file without a media type.
    pub fn new(name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        File { name: Some(name.into()), media_type: None, content: content.into() }
    }

    /// The file with this media type.
    pub fn with_media_type(self, media_type: impl Into<String>) -> Self {
        File { media_type: Some(media_type.into()), ..self }
    }
}

/// A body of type `multipart/form-data`.
pub trait Multipart: Sized {
    /// Adds the parts of the body.
    fn write(&self, to: &mut Parts<'_>);

    /// Reads the body from its parts.
    ///
    /// # Errors
    /// Returns the violations in a part.
    fn read(from: &IncomingParts<'_>) -> Result<Self, Report>;
}

/// A member of a multipart body.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    name: &'static str,
    shape: Shape,
    check: Check,
    media_types: &'static [&'static str],
    /// The numbers of files that a list may have.
    counts: (usize, usize),
}

impl Part {
    /// A member whose value has this shape and passes the check.
    pub const fn value(name: &'static str, shape: Shape, check: Check) -> Self {
        Part { name, shape, check, media_types: &[], counts: (0, usize::MAX) }
    }

    /// A member that is a file, or a list of files.
    pub const fn file(name: &'static str) -> Self {
        Part::value(name, Shape::ANY, &super::ANYTHING)
    }

    /// The list of files with this many (`minItems`, `maxItems`).
    pub const fn of_counts(self, min: usize, max: usize) -> Self {
        Part { counts: (min, max), ..self }
    }

    /// The member with these media types (`contentType`). They may be ranges, such as `image/*`.
    pub const fn of_types(self, media_types: &'static [&'static str]) -> Self {
        Part { media_types, ..self }
    }

    /// Whether an item is written as JSON text: it is if the contract says so, or if it has no other form as text.
    fn has_json(&self, value: Json<'_>) -> bool {
        match self.media_types {
            [] => matches!(value, Json::Array(_) | Json::Object(_)),
            types => types.iter().any(|known| is_json(known)),
        }
    }

    /// Whether the contract accepts a media type for this part.
    fn accepts(&self, media_type: &str) -> bool {
        self.media_types.is_empty() || self.media_types.iter().any(|known| covers(known, media_type))
    }

    /// Why a list of files violates the contract.
    fn miscounted(&self, found: usize) -> Option<(&'static str, String)> {
        let (min, max) = self.counts;
        let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        if found < min {
            return Some(("minItems", format!("has {}; expected at least {min}", files(found))));
        }
        (found > max).then(|| ("maxItems", format!("has {}; expected at most {max}", files(found))))
    }

    /// Whether a received part is JSON text.
    fn receives_json(&self, received: &Received<'_>) -> bool {
        let declared = self.media_types.iter().any(|known| is_json(known));
        received.media_type.as_deref().map_or(declared, is_json)
    }

    /// The media type of a file that names none: the first that the contract accepts.
    fn default_type(&self) -> &'static str {
        self.media_types.iter().find(|known| !known.contains('*')).copied().unwrap_or("application/octet-stream")
    }
}

/// The parts of a body that is written.
pub struct Parts<'c> {
    checker: &'c mut Checker,
    sent: Vec<Sent>,
}

impl<'c> Parts<'c> {
    pub(super) fn of(body: &impl Multipart, checker: &'c mut Checker) -> Vec<Sent> {
        let mut parts = Parts { checker, sent: Vec::new() };
        body.write(&mut parts);
        parts.sent
    }

    /// Adds a value that the body may leave out.
    pub fn value(&mut self, part: &Part, value: &Option<impl ToJson>) {
        if let Some(value) = value {
            self.json(part, value.as_json());
        }
    }

    /// Adds a value.
    pub fn required(&mut self, part: &Part, value: &impl ToJson) {
        let before = self.sent.len();
        self.json(part, value.as_json());
        if self.sent.len() == before {
            self.checker.violation(At::ROOT.member(part.name), "required", || NOT_SENT.to_owned());
        }
    }

    /// Null is an undefined value, which has no part.
    fn json(&mut self, part: &Part, value: Json<'_>) {
        self.checker.check(value, part.check, At::ROOT.member(part.name));
        match value {
            Json::Array(items) if part.shape.has(Types::ARRAY) => items.into_iter().for_each(|(_, item)| self.item(part, item)),
            value => self.item(part, value),
        }
    }

    fn item(&mut self, part: &Part, value: Json<'_>) {
        let json = part.has_json(value);
        let content = if json { Some(value.to_text()) } else { text(value) };
        let default = if json { Some("application/json") } else { None };
        let media_type = part.media_types.first().copied().or(default);
        self.sent.extend(content.map(|content| Sent {
            name: part.name,
            file_name: None,
            media_type: media_type.map(str::to_owned),
            content: content.into_bytes(),
        }));
    }

    /// Adds a file that the body may leave out.
    pub fn file(&mut self, part: &Part, file: &Option<File>) {
        if let Some(file) = file {
            self.required_file(part, file);
        }
    }

    /// Adds a file.
    pub fn required_file(&mut self, part: &Part, File { name, media_type, content }: &File) {
        let at = At::ROOT.member(part.name);
        let media_type = media_type.as_deref().unwrap_or(part.default_type());
        if let Some(reason) = invalid_header(media_type) {
            self.checker.violation(at, "contentType", || reason.to_owned());
        } else if !part.accepts(media_type) {
            self.checker.violation(at, "contentType", || unaccepted(part, media_type));
        }
        // Servers tell a file from a value by its name.
        let file_name = name.clone().unwrap_or_else(|| "blob".to_owned());
        let media_type = Some(media_type.to_owned());
        self.sent.push(Sent { name: part.name, file_name: Some(file_name), media_type, content: content.clone() });
    }

    /// Adds a list of files that the body may leave out.
    pub fn files(&mut self, part: &Part, files: &Option<Vec<File>>) {
        if let Some(files) = files {
            self.list(part, files);
        }
    }

    /// Adds a list of files.
    pub fn required_files(&mut self, part: &Part, files: &[File]) {
        if files.is_empty() {
            self.checker.violation(At::ROOT.member(part.name), "required", || NOT_SENT.to_owned());
        } else {
            self.list(part, files);
        }
    }

    fn list(&mut self, part: &Part, files: &[File]) {
        if let Some((keyword, message)) = part.miscounted(files.len()) {
            self.checker.violation(At::ROOT.member(part.name), keyword, || message);
        }
        files.iter().for_each(|file| self.required_file(part, file));
    }
}

fn unaccepted(part: &Part, media_type: &str) -> String {
    format!("has the media type {media_type:?}; expected {}", part.media_types.join(", "))
}

/// The parts of a body that was received.
pub struct IncomingParts<'a> {
    received: Vec<Received<'a>>,
}

impl<'a> IncomingParts<'a> {
    /// Splits a body. `media_type` is its media type, with the boundary.
    pub(super) fn new(media_type: &str, body: &'a [u8]) -> Result<Self, Report> {
        parts::split(media_type, body).map(|received| IncomingParts { received })
    }

    fn named(&self, part: &Part) -> impl Iterator<Item = &Received<'a>> {
        self.received.iter().filter(|received| received.name == part.name)
    }

    /// The files of a part. A browser sends a field of files that is left empty as a file without a name and content.
    fn files_named(&self, part: &Part) -> impl Iterator<Item = &Received<'a>> {
        let is_left_empty = |received: &&Received<'_>| received.file_name.as_deref() == Some("") && received.content.is_empty();
        self.named(part).filter(move |received| !is_left_empty(received))
    }

    /// Rejects parts of other names, for a body that has no further members.
    ///
    /// # Errors
    /// Returns the first other part.
    pub fn only(&self, parts: &[Part]) -> Result<(), Report> {
        let is_other = |received: &&Received<'_>| !parts.iter().any(|part| part.name == received.name);
        match self.received.iter().find(is_other) {
            Some(other) => Err(violation(&other.name, "additionalProperties", "is not declared".to_owned())),
            None => Ok(()),
        }
    }

    /// Reads a value. Returns `None` if the body does not have it.
    ///
    /// # Errors
    /// Returns the violations in the value.
    pub fn value<T: ReadJson>(&self, part: &Part) -> Result<Option<T>, Report> {
        let received = self.named(part).enumerate();
        let items: Vec<Value> = received.map(|(index, received)| item(part, index, received)).collect::<Result<_, Report>>()?;
        let alternatives = self.alternatives(part, &items);
        let value = match items {
            items if items.is_empty() => return Ok(None),
            mut items if items.len() == 1 && !part.shape.has(Types::ARRAY) => items.swap_remove(0),
            // Some clients write a whole list as one JSON text.
            mut items if items.len() == 1 && items[0].is_array() && !part.shape.items.is_some_and(|item| item.has(Types::ARRAY)) => {
                items.swap_remove(0)
            }
            items => Value::Array(items),
        };
        let value = alternatives.settle(value, part.check);
        read_checked(Json::from(&value), At::ROOT.member(part.name), part.check).map(Some)
    }

    /// What else the parts that are text may stand for.
    fn alternatives(&self, part: &Part, items: &[Value]) -> Alternatives {
        let mut alternatives = Alternatives::default();
        for ((index, item), received) in items.iter().enumerate().zip(self.named(part)) {
            let (pointer, shape) = match items.len() {
                1 if !part.shape.has(Types::ARRAY) => (String::new(), &part.shape),
                _ => (format!("/{index}"), part.shape.item(index)),
            };
            if let (Value::String(text), false) = (item, part.receives_json(received)) {
                alternatives.add_text(pointer, text, shape);
            }
        }
        alternatives
    }

    /// Reads a value that every body must have.
    ///
    /// # Errors
    /// Returns the violations in the value, or that it is missing.
    pub fn required<T: ReadJson>(&self, part: &Part) -> Result<T, Report> {
        self.value(part)?.ok_or_else(|| missing(part))
    }

    /// Reads a file. Returns `None` if the body does not have it.
    ///
    /// # Errors
    /// Returns an error if the contract does not accept its media type.
    pub fn file(&self, part: &Part) -> Result<Option<File>, Report> {
        let mut named = self.files_named(part);
        let first = named.next().map(|received| file(part, received)).transpose()?;
        match named.next() {
            Some(_) => Err(violation(part.name, "type", "is several files; expected one".to_owned())),
            None => Ok(first),
        }
    }

    /// Reads a file that every body must have.
    ///
    /// # Errors
    /// Returns an error if the contract does not accept its media type, or if it is missing.
    pub fn required_file(&self, part: &Part) -> Result<File, Report> {
        self.file(part)?.ok_or_else(|| missing(part))
    }

    /// Reads a list of files. Returns `None` if the body has no such file.
    ///
    /// # Errors
    /// Returns an error if the contract does not accept the media type of a file, or their number.
    pub fn files(&self, part: &Part) -> Result<Option<Vec<File>>, Report> {
        let files: Vec<File> = self.files_named(part).map(|received| file(part, received)).collect::<Result<_, Report>>()?;
        if files.is_empty() {
            return Ok(None);
        }
        match part.miscounted(files.len()) {
            Some((keyword, message)) => Err(violation(part.name, keyword, message)),
            None => Ok(Some(files)),
        }
    }

    /// Reads a list of files that every body must have. An empty list has no parts, so the list has at least one file.
    ///
    /// # Errors
    /// Returns an error if the contract does not accept the media type of a file or their number, or if there is none.
    pub fn required_files(&self, part: &Part) -> Result<Vec<File>, Report> {
        self.files(part)?.ok_or_else(|| missing(part))
    }
}

/// The value of a part. If its text is not what the shape says, it stays text, which the check then rejects.
fn item(part: &Part, index: usize, received: &Received<'_>) -> Result<Value, Report> {
    let at = |report: Report| placed(&received.name, report);
    let shape = if part.shape.has(Types::ARRAY) { part.shape.item(index) } else { &part.shape };
    if part.receives_json(received) {
        return parse(received.content).map(|tape| tape.root().to_value()).map_err(at);
    }
    as_text(received.content).map(|text| typed(text.to_owned(), shape)).map_err(at)
}

fn file(part: &Part, received: &Received<'_>) -> Result<File, Report> {
    let media_type = received.media_type.clone();
    if let Some(other) = media_type.as_deref().filter(|found| !part.accepts(found)) {
        return Err(violation(part.name, "contentType", unaccepted(part, other)));
    }
    Ok(File { name: received.file_name.clone(), media_type, content: received.content.to_vec() })
}

fn missing(part: &Part) -> Report {
    Report::new("required", format!("is missing the part {:?}", part.name))
}

fn violation(name: &str, keyword: &'static str, message: String) -> Report {
    placed(name, Report::new(keyword, message))
}

/// The report, with the pointers of a member.
fn placed(name: &str, mut report: Report) -> Report {
    let pointer = At::ROOT.member(name).pointer();
    report.violations.iter_mut().for_each(|violation| violation.pointer.insert_str(0, &pointer));
    report
}
