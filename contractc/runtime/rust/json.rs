//! One borrowed view over JSON: parsed text, typed values and `serde_json` values all look the same to a validator.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::number::Number;
use super::tape;

pub use serde_json::Value;

/// A JSON value, borrowed from whatever holds it.
#[derive(Clone, Copy)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(&'a str),
    Array(Array<'a>),
    Object(Object<'a>),
}

/// A JSON array, borrowed.
#[derive(Clone, Copy)]
pub enum Array<'a> {
    Tape(tape::Container<'a>),
    Typed(&'a dyn Items),
    Value(&'a [Value]),
}

/// A JSON object, borrowed. Member names are unique.
#[derive(Clone, Copy)]
pub enum Object<'a> {
    Tape(tape::Container<'a>),
    Typed(&'a dyn Members),
    Value(&'a serde_json::Map<String, Value>),
}

/// A typed sequence that can show itself as a JSON array.
pub trait Items {
    fn len(&self) -> usize;
    fn item(&self, index: usize) -> Json<'_>;
}

/// A typed structure or map that can show itself as a JSON object.
pub trait Members {
    /// Calls `visit` once for each member that is present.
    fn members<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Json<'a>));
}

impl<'a> Json<'a> {
    /// The JSON type, as the `type` keyword names it; a number is always `number` here.
    pub fn type_name(self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
    }

    /// The member `name`, if this is an object that has it.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        match self {
            Json::Object(object) => object.get(name),
            _ => None,
        }
    }

    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => number.to_value(),
            Json::String(text) => Value::String(text.to_owned()),
            Json::Array(array) => Value::Array((0..array.len()).map_while(|i| array.get(i)).map(Json::to_value).collect()),
            Json::Object(object) => {
                let mut map = serde_json::Map::new();
                object.for_each(|name, value| {
                    map.insert(name.to_owned(), value.to_value());
                });
                Value::Object(map)
            }
        }
    }

    /// The value as JSON text: the source's own bytes where it was parsed, else written anew.
    pub fn to_text(self) -> String {
        match self {
            Json::Array(Array::Tape(container)) | Json::Object(Object::Tape(container)) => container.source().to_owned(),
            other => serde_json::to_string(&other).unwrap_or_default(),
        }
    }
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(Number::from(number)),
            Value::String(text) => Json::String(text),
            Value::Array(items) => Json::Array(Array::Value(items)),
            Value::Object(members) => Json::Object(Object::Value(members)),
        }
    }
}

impl<'a> Array<'a> {
    pub fn len(self) -> usize {
        match self {
            Array::Tape(container) => container.len(),
            Array::Typed(items) => items.len(),
            Array::Value(items) => items.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The item at `index`. Parsed arrays walk to it; use [`Array::for_each`] for all of them.
    pub fn get(self, index: usize) -> Option<Json<'a>> {
        match self {
            Array::Tape(container) => container.items().nth(index),
            Array::Typed(items) => (index < items.len()).then(|| items.item(index)),
            Array::Value(items) => items.get(index).map(Json::from),
        }
    }

    pub fn for_each(self, mut visit: impl FnMut(usize, Json<'a>)) {
        match self {
            Array::Tape(container) => container.items().enumerate().for_each(|(index, item)| visit(index, item)),
            Array::Typed(items) => (0..items.len()).for_each(|index| visit(index, items.item(index))),
            Array::Value(items) => items.iter().enumerate().for_each(|(index, item)| visit(index, item.into())),
        }
    }
}

impl<'a> Object<'a> {
    pub fn len(self) -> usize {
        match self {
            Object::Tape(container) => container.len(),
            Object::Typed(_) => {
                let mut count = 0;
                self.for_each(|_, _| count += 1);
                count
            }
            Object::Value(members) => members.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn get(self, name: &str) -> Option<Json<'a>> {
        match self {
            Object::Tape(container) => container.members().find(|(key, _)| *key == name).map(|(_, value)| value),
            Object::Value(members) => members.get(name).map(Json::from),
            Object::Typed(_) => {
                let mut found = None;
                self.for_each(|key, value| {
                    if key == name {
                        found = Some(value);
                    }
                });
                found
            }
        }
    }

    #[inline]
    pub fn for_each(self, mut visit: impl FnMut(&'a str, Json<'a>)) {
        match self {
            Object::Tape(container) => container.members().for_each(|(name, value)| visit(name, value)),
            Object::Typed(members) => members.members(&mut visit),
            Object::Value(members) => members.iter().for_each(|(name, value)| visit(name, value.into())),
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(value),
            Json::Number(Number::Signed(number)) => serializer.serialize_i64(number),
            Json::Number(Number::Unsigned(number)) => serializer.serialize_u64(number),
            Json::Number(Number::Float(number)) => serializer.serialize_f64(number),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(array) => {
                let mut seq = serializer.serialize_seq(Some(array.len()))?;
                let mut result = Ok(());
                array.for_each(|_, item| {
                    if result.is_ok() {
                        result = seq.serialize_element(&item);
                    }
                });
                result?;
                seq.end()
            }
            Json::Object(object) => {
                let mut map = serializer.serialize_map(None)?;
                let mut result = Ok(());
                object.for_each(|name, value| {
                    if result.is_ok() {
                        result = map.serialize_entry(name, &value);
                    }
                });
                result?;
                map.end()
            }
        }
    }
}
