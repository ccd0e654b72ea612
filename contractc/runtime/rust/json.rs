//! A borrowed view of JSON: validators see parsed text, typed values and `serde_json` values in the same form.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::number::Number;
use super::tape::{self, Tape, TapeValue};

pub use serde_json::Value;

/// A JSON value, borrowed from its source.
#[derive(Clone, Copy)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, with its escapes resolved.
    String(&'a str),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON array, borrowed.
#[derive(Clone, Copy)]
pub enum Array<'a> {
    /// An array in parsed text.
    Tape(tape::Container<'a>),
    /// A typed value.
    Typed(&'a dyn Items),
    /// A `serde_json` value.
    Value(&'a [Value]),
}

/// A JSON object, borrowed. The names of its members are unique.
#[derive(Clone, Copy)]
pub enum Object<'a> {
    /// An object in parsed text.
    Tape(tape::Container<'a>),
    /// A typed value.
    Typed(&'a dyn Members),
    /// A `serde_json` value.
    Value(&'a serde_json::Map<String, Value>),
}

/// A typed sequence that can be viewed as a JSON array.
pub trait Items {
    /// The number of items.
    fn count(&self) -> usize;
    /// The item at `index`, which is less than the count.
    fn item(&self, index: usize) -> Json<'_>;
}

/// A typed structure or map that can be viewed as a JSON object.
pub trait Members {
    /// The member at `index`. `last` is the name of the member returned before it, if any.
    fn member<'a>(&'a self, index: usize, last: Option<&'a str>) -> MemberView<'a>;
}

/// The view of a structure's member at one index.
pub enum MemberView<'a> {
    /// A member, with its name.
    Present(&'a str, Json<'a>),
    /// An optional member that is absent.
    Absent,
    /// There are no more members.
    End,
}

impl<'a> Json<'a> {
    /// The JSON type, as the `type` keyword names it. Every number is a `number` here.
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

    /// The member `name`, if this is an object that has such a member.
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

    /// The value as JSON text: the original bytes if it was parsed, newly serialized otherwise.
    pub fn to_text(self) -> String {
        match self {
            Json::Array(Array::Tape(container)) | Json::Object(Object::Tape(container)) => container.source().to_owned(),
            other => serde_json::to_string(&other).unwrap_or_default(),
        }
    }
}

impl Json<'_> {
    /// Identifies an array or object among those that exist at the same time. `None` for other values, and for typed ones.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn identity(self) -> Option<(usize, usize)> {
        match self {
            Json::Array(Array::Tape(container)) | Json::Object(Object::Tape(container)) => Some(container.place()),
            // An array may have the same address as its first item. No tape has such an address.
            Json::Array(Array::Value(items)) => Some((0, items.as_ptr().addr())),
            Json::Object(Object::Value(map)) => Some((1, std::ptr::from_ref(map).addr())),
            _ => None,
        }
    }
}

impl Tape<'_> {
    /// The whole value.
    pub fn root(&self) -> Json<'_> {
        self.located().value().into()
    }
}

impl<'a> From<TapeValue<'a>> for Json<'a> {
    #[inline]
    fn from(value: TapeValue<'a>) -> Self {
        match value {
            TapeValue::Null => Json::Null,
            TapeValue::Bool(value) => Json::Bool(value),
            TapeValue::Number(number) => Json::Number(number),
            TapeValue::String(text) => Json::String(text),
            TapeValue::Array(container) => Json::Array(Array::Tape(container)),
            TapeValue::Object(container) => Json::Object(Object::Tape(container)),
        }
    }
}

impl<'a> From<tape::Container<'a>> for Json<'a> {
    fn from(container: tape::Container<'a>) -> Self {
        container.located().value().into()
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
    /// The number of items.
    pub fn len(self) -> usize {
        match self {
            Array::Tape(container) => container.len(),
            Array::Typed(items) => items.count(),
            Array::Value(items) => items.len(),
        }
    }

    /// Whether the array is empty.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// An empty array.
    pub const fn empty() -> Self {
        Array::Value(&[])
    }
}

impl<'a> Object<'a> {
    /// The number of members.
    pub fn len(self) -> usize {
        match self {
            Object::Tape(container) => container.len(),
            Object::Typed(_) => self.into_iter().count(),
            Object::Value(members) => members.len(),
        }
    }

    /// Whether the object is empty.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The member `name`.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        match self {
            Object::Tape(container) => container.find(name).map(|found| found.value().into()),
            Object::Value(members) => members.get(name).map(Json::from),
            Object::Typed(_) => self.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value),
        }
    }
}

/// The items of an array with their indexes.
pub enum ItemsIter<'a> {
    /// The items of an array in parsed text.
    Tape(std::iter::Enumerate<tape::Values<'a>>),
    /// The items of a typed value.
    Typed(&'a dyn Items, std::ops::Range<usize>),
    /// The items of a `serde_json` value.
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
            ItemsIter::Tape(items) => items.next().map(|(index, item)| (index, item.into())),
            ItemsIter::Typed(items, indexes) => indexes.next().map(|index| (index, items.item(index))),
            ItemsIter::Value(items) => items.next().map(|(index, item)| (index, item.into())),
        }
    }
}

/// The members of an object with their names.
pub enum MembersIter<'a> {
    /// The members of an object in parsed text.
    Tape(tape::Members<'a>),
    /// The members of a typed value.
    Typed {
        /// The typed value.
        members: &'a dyn Members,
        /// The index of the next member.
        index: usize,
        /// The name of the member returned last.
        last: Option<&'a str>,
    },
    /// The members of a `serde_json` value.
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

impl<'a> MembersIter<'a> {
    /// The value of the next member if it is in parsed text and named `name`.
    #[inline]
    pub(super) fn next_called(&mut self, name: &str) -> Option<Json<'a>> {
        match self {
            MembersIter::Tape(members) => members.next_called(name).map(Json::from),
            _ => None,
        }
    }
}

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, Json<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            MembersIter::Tape(members) => members.next().map(|(name, value)| (name, value.into())),
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
