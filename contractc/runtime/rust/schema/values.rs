//! Implements [`ToJson`] and [`ReadJson`] for the plain types of Rust.

use std::collections::BTreeMap;

use super::super::json::{Array, Items, Json, MemberView, Members, Object, Value};
use super::super::number::Number;
use super::super::reader::Reader;
use super::super::report::{At, Checker};
use super::super::rule::{List, Rule};
use super::objects::next_entry;
use super::{ReadJson, ToJson, mismatch};

impl<T: ToJson> ToJson for Option<T> {
    fn as_json(&self) -> Json<'_> {
        self.as_ref().map_or(Json::Null, T::as_json)
    }
}

impl<T: ReadJson> ReadJson for Option<T> {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::Null => Some(None),
            other => T::read(other, at, out).map(Some),
        }
    }

    #[inline]
    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        if reader.is_null() {
            return reader.scalar(rule, |_, _| Some(None));
        }
        let (Rule::OrNull(inner) | Rule::Nullable(inner)) = rule else { return T::read_text(reader, rule).map(Some) };
        T::read_text(reader, inner).map(Some)
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn as_json(&self) -> Json<'_> {
        (**self).as_json()
    }
}

impl<T: ReadJson> ReadJson for Box<T> {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        T::read(value, at, out).map(Box::new)
    }

    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        T::read_text(reader, rule).map(Box::new)
    }
}

impl<T: ToJson> Items for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn item(&self, index: usize) -> Json<'_> {
        self[index].as_json()
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn as_json(&self) -> Json<'_> {
        Json::Array(Array::Typed(self))
    }
}

impl<T: ReadJson> ReadJson for Vec<T> {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        let Json::Array(array) = value else { return mismatch(value, "an array", at, out) };
        let mut items = Vec::with_capacity(array.len());
        for (index, item) in array {
            items.extend(T::read(item, at.item(index), out));
        }
        (items.len() == array.len()).then_some(items)
    }

    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        let Rule::List(list @ List { unique: false, .. }) = rule else { return reader.value(rule, Self::read) };
        let mut items = Vec::new();
        reader.list(list, |reader| {
            items.push(T::read_text(reader, list.items)?);
            Some(())
        })?;
        Some(items)
    }
}

impl<T: ToJson> Members for BTreeMap<String, T> {
    fn member<'a>(&'a self, _: usize, last: Option<&'a str>) -> MemberView<'a> {
        next_entry(self, last)
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn as_json(&self) -> Json<'_> {
        Json::Object(Object::Typed(self))
    }
}

impl<T: ReadJson> ReadJson for BTreeMap<String, T> {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        let Json::Object(object) = value else { return mismatch(value, "an object", at, out) };
        let mut map = BTreeMap::new();
        for (name, value) in object {
            map.insert(name.to_owned(), T::read(value, at.member(name), out)?);
        }
        Some(map)
    }
}

impl ToJson for Value {
    fn as_json(&self) -> Json<'_> {
        self.into()
    }
}

impl ReadJson for Value {
    fn read(value: Json<'_>, _: At<'_>, _: &mut Checker) -> Option<Self> {
        Some(value.to_value())
    }
}

impl ToJson for String {
    fn as_json(&self) -> Json<'_> {
        Json::String(self)
    }
}

impl ReadJson for String {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::String(text) => Some(text.to_owned()),
            _ => mismatch(value, "a string", at, out),
        }
    }

    #[inline]
    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        match rule {
            Rule::Text(rules) => reader.text(rules).map(str::to_owned),
            rule => reader.value(rule, Self::read),
        }
    }
}

impl ToJson for bool {
    fn as_json(&self) -> Json<'_> {
        Json::Bool(*self)
    }
}

impl ReadJson for bool {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::Bool(value) => Some(value),
            _ => mismatch(value, "a boolean", at, out),
        }
    }
}

impl ToJson for () {
    fn as_json(&self) -> Json<'_> {
        Json::Null
    }
}

impl ReadJson for () {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::Null => Some(()),
            _ => mismatch(value, "null", at, out),
        }
    }
}

fn signed(value: impl Into<i64>) -> Number {
    Number::Signed(value.into())
}

fn unsigned(value: u64) -> Number {
    i64::try_from(value).map_or(Number::Unsigned(value), Number::Signed)
}

/// Implements both traits for an integer type, through the widest type of the same signedness.
macro_rules! integers {
    ($($ty:ty, $show:ident, $read:ident, $expected:literal;)*) => {$(
        impl ToJson for $ty {
            fn as_json(&self) -> Json<'_> {
                Json::Number($show(*self))
            }
        }

        impl ReadJson for $ty {
            fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
                match value {
                    Json::Number(number) => {
                        let read = number.$read().and_then(|wide| wide.try_into().ok());
                        read.or_else(|| mismatch(value, $expected, at, out))
                    }
                    _ => mismatch(value, "an integer", at, out),
                }
            }
        }
    )*};
}

integers! {
    i8, signed, to_i64, "a signed 8-bit integer";
    i16, signed, to_i64, "a signed 16-bit integer";
    i32, signed, to_i64, "a signed 32-bit integer";
    i64, signed, to_i64, "a signed 64-bit integer";
    u8, signed, to_u64, "an unsigned 8-bit integer";
    u16, signed, to_u64, "an unsigned 16-bit integer";
    u32, signed, to_u64, "an unsigned 32-bit integer";
    u64, unsigned, to_u64, "an unsigned 64-bit integer";
}

impl ToJson for f64 {
    /// JSON has no infinities and no NaN. They become null, which the validator then rejects.
    fn as_json(&self) -> Json<'_> {
        if self.is_finite() { Json::Number(Number::Float(*self)) } else { Json::Null }
    }
}

impl ReadJson for f64 {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::Number(number) => Some(number.to_f64()),
            _ => mismatch(value, "a number", at, out),
        }
    }
}
