//! Text that may represent several types, such as `5` where a schema accepts numbers and some words: its value is of the first type that
//! the schema accepts. A number or boolean in its usual form is tried before the text.

use super::super::check::Types;
use super::super::json::{Json, Value};
use super::super::report::{At, Checker, Violation, escaped};
use super::Check;
use super::parameter::{Encoding, Shape, Style};
use super::text::{parsed, typed};

/// The other values that the texts of a value may represent.
#[derive(Default)]
pub(super) struct Alternatives(Vec<Alternative>);

struct Alternative {
    /// Where the text is, as a JSON pointer.
    pointer: String,
    value: Value,
    /// Whether clients write the value in this form: `1.50` is more likely a text.
    is_usual: bool,
}

impl Alternatives {
    /// Adds the texts of a value that was read with an encoding. Values inside JSON text have a type already.
    pub(super) fn add(&mut self, pointer: String, value: &Value, shape: &Shape, encoding: &Encoding) {
        if encoding.style != Style::Json {
            self.add_at(pointer, value, shape, if encoding.style == Style::DeepObject { usize::MAX } else { 1 });
        }
    }

    /// `levels` is the number of levels of lists and objects that are not JSON text.
    fn add_at(&mut self, pointer: String, value: &Value, shape: &Shape, levels: usize) {
        match value {
            Value::String(text) => self.add_text(pointer, text, shape),
            Value::Array(items) if levels > 0 => {
                let places = items.iter().enumerate();
                places.for_each(|(index, item)| self.add_at(format!("{pointer}/{index}"), item, shape.item(index), levels - 1));
            }
            Value::Object(members) if levels > 0 => members
                .iter()
                .for_each(|(name, item)| self.add_at(format!("{pointer}/{}", escaped(name)), item, shape.member(name), levels - 1)),
            _ => {}
        }
    }

    /// Adds a text.
    pub(super) fn add_text(&mut self, pointer: String, text: &str, shape: &Shape) {
        if !shape.has(Types::STRING) {
            return;
        }
        if let Some(value) = parsed(text, shape) {
            let is_usual = super::parameter::text(Json::from(&value)).is_some_and(|usual| usual == text);
            self.0.push(Alternative { pointer, value, is_usual });
        } else if shape.has(Types::ARRAY) {
            // A list of one item looks like the item.
            let value = Value::Array(vec![typed(text.to_owned(), shape.item(0))]);
            self.0.push(Alternative { pointer, value, is_usual: false });
        }
    }

    /// The value with each text converted to a type that the check accepts. A text that is accepted as no type stays text.
    pub(super) fn settle(self, value: Value, check: Check) -> Value {
        if self.0.is_empty() {
            return value;
        }
        let usual: Vec<&Alternative> = self.0.iter().filter(|alternative| alternative.is_usual).collect();
        let Err(violations) = checked(&value, &usual, check) else { return replaced(value, &usual) };
        let fit = |alternative: &&Alternative| !violations.iter().any(|violation| violation.pointer == alternative.pointer);
        let fitting: Vec<&Alternative> = usual.into_iter().filter(fit).collect();
        let unusual: Vec<&Alternative> = self.0.iter().collect();
        for alternatives in [fitting, Vec::new(), unusual] {
            if checked(&value, &alternatives, check).is_ok() {
                return replaced(value, &alternatives);
            }
        }
        value
    }
}

fn checked(value: &Value, alternatives: &[&Alternative], check: Check) -> Result<(), Vec<Violation>> {
    let value = replaced(value.clone(), alternatives);
    let mut out = Checker::apart();
    out.check(Json::from(&value), check, At::ROOT);
    out.finish().map_err(|report| report.violations)
}

fn replaced(mut value: Value, alternatives: &[&Alternative]) -> Value {
    for alternative in alternatives {
        if let Some(place) = value.pointer_mut(&alternative.pointer) {
            place.clone_from(&alternative.value);
        }
    }
    value
}
