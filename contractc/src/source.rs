//! Documents as written: JSON or YAML text turned into one tree that remembers where each value stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use crate::diagnostic::Diagnostics;
use crate::runtime::json::{Json, Value as JsonValue};
use crate::runtime::number::Number;
use crate::runtime::tape::{DEPTH_MAX, Located, Tape};

/// A place in one of the files of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The number of the file.
    pub file: usize,
    /// The first byte.
    pub start: u32,
    /// The byte behind the last.
    pub end: u32,
}

impl Span {
    /// The bytes.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value of a document, with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A mapping, sorted by key: no output can depend on the order in which keys were written.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key, its place, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Map {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let index = self.entries.binary_search_by(|entry| entry.key.as_str().cmp(key)).ok()?;
        Some(&self.entries[index].node)
    }

    /// The entries, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Node {
    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The sequence, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// What kind of value this is, as a message says it.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The node that a JSON pointer without its leading `#` leads to.
    pub fn at_pointer(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match &node.value {
                Value::Map(map) => map.get(&token),
                Value::List(list) => list.get(token.parse::<usize>().ok()?),
                _ => None,
            }
        })
    }

    /// The value without its places.
    pub fn to_json(&self) -> JsonValue {
        match &self.value {
            Value::Null => JsonValue::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.to_value(),
            Value::String(text) => text.clone().into(),
            Value::List(list) => list.iter().map(Node::to_json).collect(),
            Value::Map(map) => JsonValue::Object(map.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()),
        }
    }
}

/// One file that was read.
#[derive(Debug)]
pub struct File {
    /// As the user named it, with forward slashes.
    pub name: String,
    /// Its whole content.
    pub text: String,
    /// Byte offset of the start of each line.
    pub lines: Vec<usize>,
    path: PathBuf,
    root: Option<Node>,
}

/// All files of a run, each read once.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<File>,
    by_path: BTreeMap<PathBuf, usize>,
}

impl Sources {
    /// The file of this number.
    pub fn file(&self, id: usize) -> Option<&File> {
        self.files.get(id)
    }

    /// The document in file `id`, unless it could not be parsed.
    pub fn root(&self, id: usize) -> Option<&Node> {
        self.files.get(id)?.root.as_ref()
    }

    /// Reads and parses a file, unless that has been done before.
    ///
    /// # Errors
    /// What the operating system says. Text that is no document is a diagnostic instead.
    #[expect(clippy::disallowed_methods, reason = "the one place where documents are read")]
    pub fn load(&mut self, path: &Path, diagnostics: &mut Diagnostics) -> std::io::Result<usize> {
        let key = std::fs::canonicalize(path)?;
        if let Some(&id) = self.by_path.get(&key) {
            return Ok(id);
        }
        let bytes = std::fs::read(path)?;
        let id = self.add(path, &bytes, diagnostics);
        self.by_path.insert(key, id);
        Ok(id)
    }

    /// Parses a document that was read already, under the name of `path`.
    pub fn add(&mut self, path: &Path, bytes: &[u8], diagnostics: &mut Diagnostics) -> usize {
        let id = self.files.len();
        let text = String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        let name = path.to_string_lossy().replace('\\', "/");
        self.files.push(File { name, text, lines, path: path.to_owned(), root: None });
        if std::str::from_utf8(bytes).is_err() {
            diagnostics.error(Span { file: id, start: 0, end: 0 }, "the file is not UTF-8 text");
            return id;
        }
        let file = &self.files[id];
        let is_json = file.text.trim_start().starts_with(['{', '[']) && path.extension().is_none_or(|extension| extension == "json");
        let root = if is_json { parse_json(id, &file.text, diagnostics) } else { parse_yaml(id, file, diagnostics) };
        self.files[id].root = root;
        id
    }

    /// The file that was read from `path`.
    pub fn find(&self, path: &Path) -> Option<usize> {
        let key = std::fs::canonicalize(path).ok()?;
        self.by_path.get(&key).copied()
    }

    /// The path of a file that `reference`, written in file `from`, names.
    pub fn resolve(&self, from: usize, reference: &str) -> PathBuf {
        let folder = self.files.get(from).and_then(|file| file.path.parent()).unwrap_or(Path::new(""));
        folder.join(reference)
    }
}

fn span(file: usize, start: usize, end: usize) -> Span {
    Span { file, start: start as u32, end: end as u32 }
}

fn parse_json(file: usize, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    match Tape::parse(text.as_bytes()) {
        Ok(tape) => Some(json_node(file, tape.located())),
        Err(error) => {
            let end = (error.offset + 1).min(text.len());
            diagnostics.error(span(file, error.offset.min(end), end), format!("this is not JSON: {}", error.message));
            None
        }
    }
}

fn json_node(file: usize, located: Located<'_>) -> Node {
    let start = located.offset();
    let (value, width) = match located.value() {
        Json::Null => (Value::Null, 4),
        Json::Bool(value) => (Value::Bool(value), 4),
        Json::Number(number) => (Value::Number(number), 1),
        Json::String(text) => (Value::String(text.to_owned()), text.len() + 2),
        Json::Array(_) => (Value::List(located.parts().map(|part| json_node(file, part)).collect()), 1),
        Json::Object(_) => {
            let parts: Vec<_> = located.parts().collect();
            let entries = parts.chunks_exact(2).map(|pair| {
                let key = pair[0].value().as_str().unwrap_or_default().to_owned();
                let key_span = span(file, pair[0].offset(), pair[0].offset() + key.len() + 2);
                Entry { key, key_span, node: json_node(file, pair[1]) }
            });
            (Value::Map(sorted(entries.collect())), 1)
        }
    };
    Node { span: span(file, start, start + width), value }
}

fn sorted(mut entries: Vec<Entry>) -> Map {
    entries.sort_by(|left, right| left.key.cmp(&right.key));
    Map { entries }
}

fn parse_yaml(id: usize, file: &File, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = YamlReader { id, file, diagnostics, open: Vec::new(), anchors: BTreeMap::new(), copied: 0, root: None };
    for event in Parser::new_from_str(&file.text) {
        let step = match event {
            Ok((event, place)) => reader.event(event, place),
            Err(error) => Err(Fault::scan(&error)),
        };
        if let Err(fault) = step {
            let start = reader.byte(fault.line, fault.column);
            let end = (start + 1).min(file.text.len());
            reader.diagnostics.error(span(id, start.min(end), end), format!("this is not YAML: {}", fault.message));
            return None;
        }
    }
    if reader.root.is_none() {
        reader.diagnostics.error(span(id, 0, 0), "the file is empty");
    }
    reader.root
}

/// Nodes that aliases may copy in all: a guard against documents that double at every level.
const COPIED_NODES_MAX: usize = 1_000_000;

struct YamlReader<'a> {
    id: usize,
    file: &'a File,
    diagnostics: &'a mut Diagnostics,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    copied: usize,
    root: Option<Node>,
}

/// A list or mapping whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    /// A sequence.
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, Span)>),
}

struct Fault {
    line: usize,
    column: usize,
    message: String,
}

impl Fault {
    fn scan(error: &ScanError) -> Self {
        Fault { line: error.marker().line(), column: error.marker().col(), message: error.info().to_owned() }
    }
}

impl YamlReader<'_> {
    /// Byte offset of a place that the scanner counts in lines (from one) and characters (from zero).
    fn byte(&self, line: usize, column: usize) -> usize {
        let start = self.file.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.file.text.len());
        let rest = &self.file.text[start..];
        start + rest.char_indices().nth(column).map_or(rest.len(), |(index, _)| index)
    }

    fn event(&mut self, event: Event<'_>, place: saphyr_parser::Span) -> Result<(), Fault> {
        let fault = |message: &str| Fault { line: place.start.line(), column: place.start.col(), message: message.to_owned() };
        let start = self.byte(place.start.line(), place.start.col());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(fault("a second document begins")),
            Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let end = self.byte(place.end.line(), place.end.col()).max(start);
                let typed = style == ScalarStyle::Plain && tag.is_none();
                let value = if typed { plain(&text) } else { Value::String(text.into_owned()) };
                self.add(Node { span: span(self.id, start, end), value }, anchor).map_err(|message| fault(&message))
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| fault("the alias names no anchor"))?;
                self.copied += count(&node);
                if self.copied > COPIED_NODES_MAX {
                    return Err(fault("aliases copy more than a million values"));
                }
                self.add(node, 0).map_err(|message| fault(&message))
            }
            Event::SequenceStart(anchor, _) => self.push(start, anchor, Content::List(Vec::new())).map_err(|message| fault(&message)),
            Event::MappingStart(anchor, _) => self.push(start, anchor, Content::Map(Vec::new(), None)).map_err(|message| fault(&message)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Err(fault("a list or mapping ends that never began")) };
                let value = match open.content {
                    Content::List(list) => Value::List(list),
                    Content::Map(entries, _) => Value::Map(self.unique(entries)),
                };
                self.add(Node { span: span(self.id, open.start, open.start + 1), value }, open.anchor).map_err(|message| fault(&message))
            }
        }
    }

    fn push(&mut self, start: usize, anchor: usize, content: Content) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err("the document nests deeper than 128 levels".to_owned());
        }
        self.open.push(Open { start, anchor, content });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(list)) => list.push(node),
            Some(Content::Map(entries, key)) => match key.take() {
                Some((key, key_span)) => entries.push(Entry { key, key_span, node }),
                None => *key = Some((key_text(&node, self.file)?, node.span)),
            },
        }
        Ok(())
    }

    fn unique(&mut self, entries: Vec<Entry>) -> Map {
        let map = sorted(entries);
        for pair in map.entries.windows(2).filter(|pair| pair[0].key == pair[1].key) {
            let second = pair[0].key_span.max(pair[1].key_span);
            self.diagnostics.error(second, format!("the key `{}` stands twice in this mapping", pair[0].key));
        }
        map
    }
}

/// A key as text: `200` and `true` are names like any other, written as they stand.
fn key_text(node: &Node, file: &File) -> Result<String, String> {
    match &node.value {
        Value::String(text) => Ok(text.clone()),
        Value::List(_) | Value::Map(_) => Err("a key must be a single value".to_owned()),
        _ => Ok(file.text[node.span.range()].trim().to_owned()),
    }
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::List(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Map(map) => 1 + map.iter().map(|entry| count(&entry.node)).sum::<usize>(),
        _ => 1,
    }
}

/// The YAML 1.2 core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Number::Signed);
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let signed = text.parse().ok().map(Number::Signed);
        if let Some(number) = signed.or_else(|| text.parse().ok().map(Number::Unsigned)) {
            return Some(number);
        }
    }
    let shaped = unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse().ok().filter(|value: &f64| shaped && value.is_finite()).map(Number::Float)
}
