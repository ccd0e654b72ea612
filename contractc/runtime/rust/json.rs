//! One borrowed view over JSON: parsed text, typed values and `serde_json` values all look the same to a validator.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::number::Number;
use super::tape;

pub use serde_json::Value;

/// A JSON value, borrowed from whatever holds it.
#[derive(Clone, Copy)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, its escapes resolved.
    String(&'a str),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON array, borrowed.
#[derive(Clone, Copy)]
pub enum Array<'a> {
    /// Of parsed text.
    Tape(tape::Container<'a>),
    /// Of a typed value.
    Typed(&'a dyn Items),
    /// Of a `serde_json` value.
    Value(&'a [Value]),
}

/// A JSON object, borrowed. The names of its members are unique.
#[derive(Clone, Copy)]
pub enum Object<'a> {
    /// Of parsed text.
    Tape(tape::Container<'a>),
    /// Of a typed value.
    Typed(&'a dyn Members),
    /// Of a `serde_json` value.
    Value(&'a serde_json::Map<String, Value>),
}

/// A typed sequence that can show itself as a JSON array.
pub trait Items {
    /// How many items there are.
    fn count(&self) -> usize;
    /// The item at `index`, which is below the count.
    fn item(&self, index: usize) -> Json<'_>;
}

/// A typed structure or map that can show itself as a JSON object.
pub trait Members {
    /// The member at `index`. `last` is the name that was shown before it, where there was one.
    fn member<'a>(&'a self, index: usize, last: Option<&'a str>) -> MemberView<'a>;
}

/// A place in a structure's row of members.
pub enum MemberView<'a> {
    /// A member, with its name.
    Present(&'a str, Json<'a>),
    /// An optional member that is not there.
    Absent,
    /// The row is over.
    End,
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

    /// The text, if this is a string.
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
            Json::Array(array) => array.into_iter().map(|(_, item)| item.to_value()).collect(),
            Json::Object(object) => Value::Object(object.into_iter().map(|(name, value)| (name.to_owned(), value.to_value())).collect()),
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
    /// How many items there are.
    pub fn len(self) -> usize {
        match self {
            Array::Tape(container) => container.len(),
            Array::Typed(items) => items.count(),
            Array::Value(items) => items.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// An array without items.
    pub const fn empty() -> Self {
        Array::Value(&[])
    }
}

impl<'a> Object<'a> {
    /// How many members there are.
    pub fn len(self) -> usize {
        match self {
            Object::Tape(container) => container.len(),
            Object::Typed(_) => self.into_iter().count(),
            Object::Value(members) => members.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The member `name`.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        match self {
            Object::Tape(container) => container.find(name).map(|found| found.value()),
            Object::Value(members) => members.get(name).map(Json::from),
            Object::Typed(_) => self.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value),
        }
    }
}

/// The items of an array with their indexes.
pub enum ItemsIter<'a> {
    /// Of parsed text.
    Tape(std::iter::Enumerate<tape::Values<'a>>),
    /// Of a typed value.
    Typed(&'a dyn Items, std::ops::Range<usize>),
    /// Of a `serde_json` value.
    Value(std::iter::Enumerate<std::slice::Iter<'a, Value>>),
}

impl<'a> IntoIterator for Array<'a> {
    type Item = (usize, Json<'a>);
    type IntoIter = ItemsIter<'a>;

    fn into_iter(self) -> ItemsIter<'a> {
        match self {
            Array::Tape(container) => ItemsIter::Tape(container.items().enumerate()),
            Array::Typed(items) => ItemsIter::Typed(items, 0..items.count()),
            Array::Value(items) => ItemsIter::Value(items.iter().enumerate()),
        }
    }
}

impl<'a> Iterator for ItemsIter<'a> {
    type Item = (usize, Json<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            ItemsIter::Tape(items) => items.next(),
            ItemsIter::Typed(items, indexes) => indexes.next().map(|index| (index, items.item(index))),
            ItemsIter::Value(items) => items.next().map(|(index, item)| (index, item.into())),
        }
    }
}

/// The members of an object with their names.
pub enum MembersIter<'a> {
    /// Of parsed text.
    Tape(tape::Members<'a>),
    /// Of a typed value.
    Typed {
        /// What is shown.
        members: &'a dyn Members,
        /// The place in its row.
        index: usize,
        /// The name that was shown last.
        last: Option<&'a str>,
    },
    /// Of a `serde_json` value.
    Value(serde_json::map::Iter<'a>),
}

impl<'a> IntoIterator for Object<'a> {
    type Item = (&'a str, Json<'a>);
    type IntoIter = MembersIter<'a>;

    #[inline]
    fn into_iter(self) -> MembersIter<'a> {
        match self {
            Object::Tape(container) => MembersIter::Tape(container.members()),
            Object::Typed(members) => MembersIter::Typed { members, index: 0, last: None },
            Object::Value(members) => MembersIter::Value(members.iter()),
        }
    }
}

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, Json<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            MembersIter::Tape(members) => members.next(),
            MembersIter::Value(members) => members.next().map(|(name, value)| (name.as_str(), value.into())),
            MembersIter::Typed { members, index, last } => loop {
                let member = members.member(*index, *last);
                *index += 1;
                match member {
                    MemberView::Absent => {}
                    MemberView::End => return None,
                    MemberView::Present(name, value) => {
                        *last = Some(name);
                        return Some((name, value));
                    }
                }
            },
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
                for (_, item) in array {
                    seq.serialize_element(&item)?;
                }
                seq.end()
            }
            Json::Object(object) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in object {
                    map.serialize_entry(name, &value)?;
                }
                map.end()
            }
        }
    }
}
