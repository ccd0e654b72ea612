//! Reads YAML 1.2 from the events of its parser: aliases are copied, merge keys applied, and plain scalars resolved by the core schema.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::{Entry, File, Map, Node, Span, Value, span};
use crate::diagnostic::Diagnostics;
use crate::runtime::number::Number;
use crate::runtime::tape::{DEPTH_MAX, Tape, TapeValue};

pub(super) fn parse(id: usize, file: &File, diagnostics: &mut Diagnostics) -> Option<Node> {
    let (mut text, mut indented) = (Cow::Borrowed(file.text.as_str()), BTreeSet::new());
    loop {
        let mut found = Diagnostics::default();
        match read(id, file, &text, &indented, &mut found) {
            Err(line) if indented.len() < INDENTED_LINES_MAX && !indented.contains(&line) => {
                indented.insert(line);
                text = with_indentation(&file.text, &indented).into();
            }
            root => {
                diagnostics.extend(found);
                return root.ok().flatten();
            }
        }
    }
}

/// Reads a text, in which some lines of the file have been given more indentation. Fails with the number of the line if another one needs it.
fn read(id: usize, file: &File, text: &str, indented: &BTreeSet<usize>, diagnostics: &mut Diagnostics) -> Result<Option<Node>, usize> {
    let (open, anchors) = (Vec::new(), BTreeMap::new());
    let mut reader = YamlReader { id, file, diagnostics, open, anchors, copied: 0, indented, last: (0, 0, 0), root: None };
    if let Err(fault) = reader.events(text) {
        let start = reader.byte(fault.line, fault.column);
        let end = (start + 1).min(file.text.len());
        reader.diagnostics.error(span(id, start.min(end), end), format!("invalid YAML: {}", fault.message));
        return if fault.is_indentation() { Err(fault.line) } else { Ok(None) };
    }
    if reader.root.is_none() {
        reader.diagnostics.error(span(id, 0, 0), "the file is empty");
    }
    Ok(reader.root)
}

/// The number of lines within brackets that may have less indentation than YAML demands. The file is read once more for each.
const INDENTED_LINES_MAX: usize = 100;

/// The spaces before a line within brackets that has less indentation than YAML demands.
const INDENTATION: &str = "                                                                ";

/// The text with more indentation in these lines. PyYAML and other parsers ignore indentation within brackets.
fn with_indentation(text: &str, lines: &BTreeSet<usize>) -> String {
    let indented =
        |(index, line): (usize, &str)| if lines.contains(&(index + 1)) { format!("{INDENTATION}{line}") } else { line.to_owned() };
    text.split_inclusive('\n').enumerate().map(indented).collect()
}

const TOO_DEEP: &str = "the document nests deeper than 128 levels";

/// The number of nodes that all aliases together may copy. Guards against documents that double in size at every level.
const COPIED_NODES_MAX: usize = 1_000_000;

struct YamlReader<'a> {
    id: usize,
    file: &'a File,
    diagnostics: &'a mut Diagnostics,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    copied: usize,
    /// The lines that have been given more indentation.
    indented: &'a BTreeSet<usize>,
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

    /// Whether a line within brackets has less indentation than the mapping around them. Elsewhere, less indentation ends the mapping.
    fn is_indentation(&self) -> bool {
        ["invalid indentation", "invalid indentation in flow construct"].contains(&self.message.as_str())
    }
}

impl YamlReader<'_> {
    fn events(&mut self, text: &str) -> Result<(), Fault> {
        for event in Parser::new_from_str(text) {
            let (event, place) = event.map_err(|error| Fault::scan(&error))?;
            self.event(event, place)?;
        }
        Ok(())
    }

    /// The byte offset of a position that the scanner gives as a line (from one) and a column in characters (from zero).
    fn byte(&mut self, line: usize, column: usize) -> usize {
        let column = if self.indented.contains(&line) { column.saturating_sub(INDENTATION.len()) } else { column };
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
            Event::DocumentStart(_) if self.root.is_some() => Err(fault("the file contains a second document")),
            Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let end = self.byte(place.end.line(), place.end.col()).max(start);
                let is_typed = match tag.as_deref().filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str()) {
                    Some(kind) => ["bool", "float", "int", "null"].contains(&kind),
                    None => style == ScalarStyle::Plain && tag.is_none(),
                };
                let value = if is_typed { plain(&text) } else { Value::String(text.into_owned()) };
                self.add(Node { span: span(self.id, start, end), value }, anchor).map_err(|message| fault(&message))
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| fault("unknown anchor, or one around this alias"))?;
                let size = Size::of(&node);
                self.copied += size.nodes;
                if self.copied > COPIED_NODES_MAX {
                    return Err(fault("aliases expand to more than a million values"));
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
                    let message = format!("invalid `<<`: expected a mapping or a list of mappings, found {}", source.kind());
                    self.diagnostics.error(source.span, message).hint("quote the key if it is a name");
                    continue;
                };
                let added = source.entries.into_iter().filter(|entry| map.get(&entry.key).is_none()).collect::<Vec<_>>();
                map = Map::sorted(map.entries.into_iter().chain(added).collect());
            }
        }
        map
    }

    /// Whether a key is an unquoted `<<`, perhaps after the tag `!!merge`.
    fn is_merge_key(&self, entry: &Entry) -> bool {
        entry.key == "<<" && self.file.text.get(entry.key_span.range()).is_some_and(|written| written.ends_with("<<"))
    }

    fn unique(&mut self, entries: Vec<Entry>) -> Map {
        let map = Map::sorted(entries);
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

/// A number of the core schema. As in JSON, an integer of up to 64 bits is exact, however it is written.
fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| {
        let signed = i64::from_str_radix(digits, radix).ok().map(Number::Signed);
        signed.or_else(|| u64::from_str_radix(digits, radix).ok().map(Number::Unsigned))
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    decimal(text).filter(|value| value.is_finite())?;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    // JSON has no plus sign, no needless zeros, and digits on both sides of a point.
    let (mantissa, exponent) = unsigned.find(['e', 'E']).map_or((unsigned, ""), |at| unsigned.split_at(at));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    let point = if fraction.is_empty() { "" } else { "." };
    let json = format!("{}{whole}{point}{fraction}{exponent}", if text.starts_with('-') { "-" } else { "" });
    match Tape::parse(json.as_bytes()).as_ref().map(|tape| tape.located().value()) {
        Ok(TapeValue::Number(number)) => Some(number),
        // Doubles of its size have no fractions.
        _ => text.parse().ok().map(Number::Float),
    }
}

/// The double nearest to a decimal number of the core schema; infinite if there is none.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_shaped = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse().ok().filter(|_| is_shaped)
}

/// Whether a plain scalar is a number of the core schema that neither 64 bits nor a double hold.
pub fn is_beyond_range(text: &str) -> bool {
    let has_only = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    let is_number = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => has_only(digits, 16),
        (_, Some(digits)) => has_only(digits, 8),
        _ => decimal(text).is_some(),
    };
    is_number && number(text).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_core_schema() {
        for (text, expected) in [
            ("+5", Number::Signed(5)),
            ("007", Number::Signed(7)),
            ("-0.", Number::Float(-0.0)),
            (".5", Number::Float(0.5)),
            ("5.", Number::Signed(5)),
            ("+.25e1", Number::Float(2.5)),
            ("9007199254740993.0", Number::Signed(9_007_199_254_740_993)),
            ("-9.007199254740993e15", Number::Signed(-9_007_199_254_740_993)),
            ("18446744073709551615.0", Number::Unsigned(u64::MAX)),
            ("0xFFFFFFFFFFFFFFFF", Number::Unsigned(u64::MAX)),
            ("1e30", Number::Float(1e30)),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        for text in ["2024-01-01", "1.2.3", "1e", ".", "-", "e5", "1e400", "0x", "1_000"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
