//! The files of a run, each as one tree that records the position of every value.

mod json;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostics;
use crate::disk::{Disk, Native};
use crate::runtime::json::Value as JsonValue;
use crate::runtime::number::Number;
use crate::runtime::report::escaped;
pub use crate::span::Span;
pub(crate) use yaml::is_beyond_range;

/// A value of a document, with its position.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Node {
    /// The position.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// The value of a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The position of the key.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Map {
    pub(crate) fn sorted(mut entries: Vec<Entry>) -> Map {
        entries.sort_by(|left, right| left.key.cmp(&right.key));
        Map { entries }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let index = self.entries.binary_search_by(|entry| entry.key.as_str().cmp(key)).ok()?;
        Some(&self.entries[index].node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let index = self.entries.binary_search_by(|entry| entry.key.as_str().cmp(key)).ok()?;
        Some(&mut self.entries[index].node)
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
                Value::List(list) => list.get(index_of(&token)?),
                _ => None,
            }
        })
    }

    fn at_pointer_mut(&mut self, pointer: &str) -> Option<&mut Node> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = unescaped(token);
            match &mut node.value {
                Value::Map(map) => map.get_mut(&token),
                Value::List(list) => list.get_mut(index_of(&token)?),
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
#[derive(Debug)]
pub struct Sources {
    disk: &'static dyn Disk,
    files: Vec<File>,
    by_path: BTreeMap<PathBuf, usize>,
}

impl Default for Sources {
    fn default() -> Self {
        Sources::on(&Native)
    }
}

impl Sources {
    /// An empty set of files, which are read from `disk`.
    pub fn on(disk: &'static dyn Disk) -> Self {
        Sources { disk, files: Vec::new(), by_path: BTreeMap::new() }
    }

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
    pub fn load(&mut self, path: &Path, diagnostics: &mut Diagnostics) -> std::io::Result<usize> {
        let key = self.disk.canonicalize(path)?;
        if let Some(&id) = self.by_path.get(&key) {
            return Ok(id);
        }
        let bytes = self.disk.read(path)?;
        let id = self.add(path, &bytes, diagnostics);
        self.by_path.insert(key, id);
        Ok(id)
    }

    /// Parses a document that has already been read, under the name of `path`.
    pub fn add(&mut self, path: &Path, bytes: &[u8], diagnostics: &mut Diagnostics) -> usize {
        let id = self.files.len();
        let text = normalized(&String::from_utf8_lossy(bytes));
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        let name = path.to_string_lossy().replace('\\', "/");
        self.files.push(File { name, text, lines, path: path.to_owned(), root: None, is_held: false });
        if let Err(error) = std::str::from_utf8(bytes) {
            let before = normalized(&String::from_utf8_lossy(&bytes[..error.valid_up_to()])).len();
            diagnostics.error(span(id, before, before + 1), "the file is not UTF-8 text").hint("save it with the encoding UTF-8");
            return id;
        }
        let file = &self.files[id];
        self.files[id].root = parsed(id, file, diagnostics);
        id
    }

    /// Frees the trees of all files, which only compiling and its diagnostics need, so that the generated code can use their memory.
    pub fn free_trees(&mut self) {
        self.files.iter_mut().for_each(|file| file.root = None);
    }

    /// Replaces the tree of a file with a completed one, whose nodes may come from other files.
    pub(crate) fn replace_root(&mut self, id: usize, root: Node) {
        if let Some(file) = self.files.get_mut(id) {
            file.root = Some(root);
        }
    }

    /// Replaces the text at a JSON pointer of a file.
    pub(crate) fn replace_text(&mut self, id: usize, pointer: &str, text: String) {
        let root = self.files.get_mut(id).and_then(|file| file.root.as_mut());
        if let Some(node) = root.and_then(|root| root.at_pointer_mut(pointer)) {
            node.value = Value::String(text);
        }
    }

    /// The URI of a file.
    pub(crate) fn location(&self, id: usize) -> String {
        let path = self.by_path.iter().find(|(_, known)| **known == id).map(|(path, _)| path.as_path());
        let path = path.or_else(|| self.files.get(id).map(|file| file.path.as_path())).unwrap_or(Path::new(""));
        format!("file:{}", path.to_string_lossy().replace('\\', "/"))
    }

    /// Parses the text of a document that a program has as a value.
    #[cfg(feature = "openapiv3")]
    pub(crate) fn add_held(&mut self, name: &str, text: &[u8], diagnostics: &mut Diagnostics) -> usize {
        let id = self.add(Path::new(name), text, diagnostics);
        self.files[id].is_held = true;
        id
    }

    /// The number of the file that was read from `path`.
    pub fn find(&self, path: &Path) -> Option<usize> {
        let key = self.disk.canonicalize(path).ok()?;
        self.by_path.get(&key).copied()
    }

    /// The path of every file that was read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.by_path.keys().map(PathBuf::as_path)
    }

    /// The path of the file that `reference` in file `from` refers to.
    pub fn resolve(&self, from: usize, reference: &str) -> PathBuf {
        let folder = self.files.get(from).and_then(|file| file.path.parent()).unwrap_or(Path::new(""));
        folder.join(reference)
    }
}

/// The index that a token of a JSON pointer is. It has no leading zeros and no sign (RFC 6901, section 4).
pub(crate) fn index_of(token: &str) -> Option<usize> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    token.parse().ok().filter(|_| is_plain)
}

/// The tree of a file. JSON is read as such whatever the file is called, because YAML does not have all its escapes.
fn parsed(id: usize, file: &File, diagnostics: &mut Diagnostics) -> Option<Node> {
    if !file.text.trim_start().starts_with(['{', '[']) {
        return yaml::parse(id, file, diagnostics);
    }
    let mut attempt = Diagnostics::default();
    let root = json::parse(id, &file.text, &mut attempt);
    let is_named_json = file.path.extension().is_none_or(|extension| extension == "json");
    if attempt.has_errors() && !is_named_json {
        return yaml::parse(id, file, diagnostics);
    }
    diagnostics.extend(attempt);
    root
}

/// The text without a byte order mark, with Unix line ends.
fn normalized(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}

fn span(file: usize, start: usize, end: usize) -> Span {
    Span { file, start: start as u32, end: end as u32 }
}
