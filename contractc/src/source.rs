//! Parses JSON or YAML documents into one tree that records the position of every value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use crate::diagnostic::Diagnostics;
use crate::runtime::json::Value as JsonValue;
use crate::runtime::number::Number;
use crate::runtime::report::escaped;
use crate::runtime::tape::{DEPTH_MAX, Located, Tape, TapeValue};
pub use crate::span::Span;

/// A value of a document, with its position.
#[derive(Clone, Debug)]
pub struct Node {
    /// The position.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// The value of a node.
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

/// A mapping, sorted by key, so that no output depends on the order of keys in the document.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key, its position, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The position of the key.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Map {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let index = self.entries.binary_search_by(|entry| entry.key.as_str().cmp(key)).ok()?;
        Some(&self.entries[index].node)
    }

    /// The entries, ordered by key.
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

    /// The value of a key, if this is a mapping that has the key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The name of the type, for messages.
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

    /// The node at a JSON pointer without the leading `#`.
    pub fn at_pointer(&self, pointer: &str) -> Option<&Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = unescaped(token);
            match &node.value {
                Value::Map(map) => map.get(&token),
                Value::List(list) => list.get(token.parse::<usize>().ok()?),
                _ => None,
            }
        })
    }

    /// The value without positions.
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

/// Unescapes a token of a JSON pointer.
pub(crate) fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// A file that has been read.
#[derive(Debug)]
pub struct File {
    /// The name as the user wrote it, with forward slashes.
    pub name: String,
    /// The complete content.
    pub text: String,
    /// The byte offset of the start of each line.
    pub lines: Vec<usize>,
    path: PathBuf,
    root: Option<Node>,
    /// Whether the text was generated from a value in a program, so that its line numbers mean nothing to a person.
    is_held: bool,
}

impl File {
    /// The JSON pointer, with its `#`, to the value at a position.
    pub(crate) fn pointer(&self, place: &Span) -> Option<String> {
        let mut open = vec![(String::from("#"), self.root.as_ref()?)];
        while let Some((pointer, node)) = open.pop() {
            if node.span == *place {
                return Some(pointer);
            }
            match &node.value {
                Value::List(list) => open.extend(list.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item))),
                Value::Map(map) => {
                    let inner = |entry: &Entry| format!("{pointer}/{}", escaped(&entry.key));
                    if let Some(entry) = map.iter().find(|entry| entry.key_span == *place) {
                        return Some(inner(entry));
                    }
                    open.extend(map.iter().map(|entry| (inner(entry), &entry.node)));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the text was generated from a value in a program, not written by a person.
    pub(crate) fn is_held(&self) -> bool {
        self.is_held
    }

    /// The index of the line that contains a byte.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// The byte range of a line, including its line ending.
    pub(crate) fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let end = self.text.len();
        self.lines.get(line).copied().unwrap_or(end)..self.lines.get(line + 1).copied().unwrap_or(end)
    }
}

/// All files of a run. Each file is read once.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<File>,
    by_path: BTreeMap<PathBuf, usize>,
}

impl Sources {
    /// The file with this number.
    pub fn file(&self, id: usize) -> Option<&File> {
        self.files.get(id)
    }

    /// The root of file `id`; `None` if the file could not be parsed.
    pub fn root(&self, id: usize) -> Option<&Node> {
        self.files.get(id)?.root.as_ref()
    }

    /// Reads and parses a file, unless that has already been done.
    ///
    /// # Errors
    /// Returns the error of reading the file. Text that cannot be parsed becomes a diagnostic instead.
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

    /// Parses a document that has already been read, under the name of `path`.
    pub fn add(&mut self, path: &Path, bytes: &[u8], diagnostics: &mut Diagnostics) -> usize {
        let id = self.files.len();
        let text = String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        let name = path.to_string_lossy().replace('\\', "/");
        self.files.push(File { name, text, lines, path: path.to_owned(), root: None, is_held: false });
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

    /// Parses the text of a document that a program holds as a value.
    #[cfg(feature = "openapiv3")]
    pub(crate) fn add_held(&mut self, name: &str, text: &[u8], diagnostics: &mut Diagnostics) -> usize {
        let id = self.add(Path::new(name), text, diagnostics);
        self.files[id].is_held = true;
        id
    }

    /// The number of the file that was read from `path`.
    pub fn find(&self, path: &Path) -> Option<usize> {
        let key = std::fs::canonicalize(path).ok()?;
        self.by_path.get(&key).copied()
    }

    /// The path of the file that `reference` in file `from` refers to.
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
            diagnostics.error(span(file, error.offset.min(end), end), format!("invalid JSON: {}", error.message));
            None
        }
    }
}

fn json_node(file: usize, located: Located<'_>) -> Node {
    let start = located.offset();
    let (value, width) = match located.value() {
        TapeValue::Null => (Value::Null, 4),
        TapeValue::Bool(value) => (Value::Bool(value), 4),
        TapeValue::Number(number) => (Value::Number(number), 1),
        TapeValue::String(text) => (Value::String(text.to_owned()), text.len() + 2),
        TapeValue::Array(_) => (Value::List(located.parts().map(|part| json_node(file, part)).collect()), 1),
        TapeValue::Object(_) => {
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
    let mut reader =
        YamlReader { id, file, diagnostics, open: Vec::new(), anchors: BTreeMap::new(), copied: 0, last: (0, 0, 0), root: None };
    for event in Parser::new_from_str(&file.text) {
        let step = match event {
            Ok((event, place)) => reader.event(event, place),
            Err(error) => Err(Fault::scan(&error)),
        };
        if let Err(fault) = step {
            let start = reader.byte(fault.line, fault.column);
            let end = (start + 1).min(file.text.len());
            reader.diagnostics.error(span(id, start.min(end), end), format!("invalid YAML: {}", fault.message));
            return None;
        }
    }
    if reader.root.is_none() {
        reader.diagnostics.error(span(id, 0, 0), "the file is empty");
    }
    reader.root
}

const TOO_DEEP: &str = "the document nests deeper than 128 levels";

/// How many nodes all aliases together may copy. Guards against documents that double in size at every level.
const COPIED_NODES_MAX: usize = 1_000_000;

struct YamlReader<'a> {
    id: usize,
    file: &'a File,
    diagnostics: &'a mut Diagnostics,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    copied: usize,
    /// The last position that was looked up, as line, column and byte. Lookups are in order, and one line may contain the whole document.
    last: (usize, usize, usize),
    root: Option<Node>,
}

/// A list or mapping whose end has not been reached.
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
    /// The byte offset of a position that the scanner gives as a line (from one) and a column in characters (from zero).
    fn byte(&mut self, line: usize, column: usize) -> usize {
        let (skipped, start) = match self.last {
            (known, skipped, byte) if known == line && skipped <= column => (skipped, byte),
            _ => (0, self.file.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.file.text.len())),
        };
        let rest = &self.file.text[start..];
        let byte = start + rest.char_indices().nth(column - skipped).map_or(rest.len(), |(index, _)| index);
        self.last = (line, column, byte);
        byte
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
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| fault("unknown anchor"))?;
                let size = Size::of(&node);
                self.copied += size.nodes;
                if self.copied > COPIED_NODES_MAX {
                    return Err(fault("aliases copy more than a million values"));
                }
                if self.open.len() + size.depth > DEPTH_MAX {
                    return Err(fault(TOO_DEEP));
                }
                self.add(node, 0).map_err(|message| fault(&message))
            }
            Event::SequenceStart(anchor, _) => self.push(start, anchor, Content::List(Vec::new())).map_err(|message| fault(&message)),
            Event::MappingStart(anchor, _) => self.push(start, anchor, Content::Map(Vec::new(), None)).map_err(|message| fault(&message)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Err(fault("unexpected end of a list or mapping")) };
                let value = match open.content {
                    Content::List(list) => Value::List(list),
                    Content::Map(entries, _) => Value::Map(self.merged(entries)),
                };
                self.add(Node { span: span(self.id, open.start, open.start + 1), value }, open.anchor).map_err(|message| fault(&message))
            }
        }
    }

    fn push(&mut self, start: usize, anchor: usize, content: Content) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(TOO_DEEP.to_owned());
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

    /// A mapping with its merge keys (`<<`) applied: its own keys take precedence, then those of each merged mapping in order.
    fn merged(&mut self, entries: Vec<Entry>) -> Map {
        let (merges, own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| self.is_merge_key(entry));
        let mut map = self.unique(own);
        for merge in merges {
            let sources = match merge.node.value {
                Value::List(list) => list,
                _ => vec![merge.node],
            };
            for source in sources {
                let Value::Map(source) = source.value else {
                    let message = format!("`<<` merges {}; a mapping, or a list of mappings, is accepted", source.kind());
                    self.diagnostics.error(source.span, message).hint("quote the key if it is a name");
                    continue;
                };
                let added = source.entries.into_iter().filter(|entry| map.get(&entry.key).is_none()).collect::<Vec<_>>();
                map = sorted(map.entries.into_iter().chain(added).collect());
            }
        }
        map
    }

    /// Whether a key is an unquoted `<<`.
    fn is_merge_key(&self, entry: &Entry) -> bool {
        entry.key == "<<" && self.file.text.get(entry.key_span.range()) == Some("<<")
    }

    fn unique(&mut self, entries: Vec<Entry>) -> Map {
        let map = sorted(entries);
        for pair in map.entries.windows(2).filter(|pair| pair[0].key == pair[1].key) {
            let second = pair[0].key_span.max(pair[1].key_span);
            self.diagnostics.error(second, format!("the key `{}` is repeated in this mapping", pair[0].key));
        }
        map
    }
}

/// A key as text: keys such as `200` and `true` are used as written.
fn key_text(node: &Node, file: &File) -> Result<String, String> {
    match &node.value {
        Value::String(text) => Ok(text.clone()),
        Value::List(_) | Value::Map(_) => Err("a list or mapping cannot be a key".to_owned()),
        _ => Ok(file.text[node.span.range()].trim().to_owned()),
    }
}

/// The size of a node.
struct Size {
    nodes: usize,
    /// The nesting depth of lists and mappings.
    depth: usize,
}

impl Size {
    fn of(node: &Node) -> Size {
        let inner: Vec<Size> = match &node.value {
            Value::List(list) => list.iter().map(Size::of).collect(),
            Value::Map(map) => map.iter().map(|entry| Size::of(&entry.node)).collect(),
            _ => return Size { nodes: 1, depth: 0 },
        };
        let depth = inner.iter().map(|size| size.depth).max().unwrap_or(0);
        Size { nodes: 1 + inner.iter().map(|size| size.nodes).sum::<usize>(), depth: 1 + depth }
    }
}

/// Resolves a plain scalar by the YAML 1.2 core schema.
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
