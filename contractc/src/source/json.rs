//! Reads JSON with the tape of the runtime.

use super::{Entry, Map, Node, Value, span};
use crate::diagnostic::Diagnostics;
use crate::runtime::tape::{Located, Tape, TapeValue};

pub(super) fn parse(file: usize, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    match Tape::parse(text.as_bytes()) {
        Ok(tape) => Some(node(file, tape.located())),
        Err(error) => {
            let end = (error.offset + 1).min(text.len());
            diagnostics.error(span(file, error.offset.min(end), end), format!("invalid JSON: {}", error.message));
            None
        }
    }
}

fn node(file: usize, located: Located<'_>) -> Node {
    let start = located.offset();
    let (value, width) = match located.value() {
        TapeValue::Null => (Value::Null, 4),
        TapeValue::Bool(value) => (Value::Bool(value), 4),
        TapeValue::Number(number) => (Value::Number(number), 1),
        TapeValue::String(text) => (Value::String(text.to_owned()), text.len() + 2),
        TapeValue::Array(_) => (Value::List(located.parts().map(|part| node(file, part)).collect()), 1),
        TapeValue::Object(_) => {
            let parts: Vec<_> = located.parts().collect();
            let entries = parts.chunks_exact(2).map(|pair| {
                let key = pair[0].value().as_str().unwrap_or_default().to_owned();
                let key_span = span(file, pair[0].offset(), pair[0].offset() + key.len() + 2);
                Entry { key, key_span, node: node(file, pair[1]) }
            });
            (Value::Map(Map::sorted(entries.collect())), 1)
        }
    };
    Node { span: span(file, start, start + width), value }
}
