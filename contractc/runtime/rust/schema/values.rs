//! How the plain types of Rust are shown as JSON and read from it.

use std::collections::BTreeMap;

use super::super::json::{Array, Items, Json, Members, Object, Shown, Value};
use super::super::number::Number;
use super::super::report::{At, Checker};
use super::{ReadJson, ToJson, mismatch, next_entry};

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
}

impl<T: ToJson> Members for BTreeMap<String, T> {
    fn member<'a>(&'a self, _: usize, last: Option<&'a str>) -> Shown<'a> {
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

impl ToJson for i64 {
    fn as_json(&self) -> Json<'_> {
        Json::Number(Number::Signed(*self))
    }
}

impl ReadJson for i64 {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::Number(number) => number.to_i64().or_else(|| mismatch(value, "a signed 64-bit integer", at, out)),
            _ => mismatch(value, "an integer", at, out),
        }
    }
}

impl ToJson for u64 {
    fn as_json(&self) -> Json<'_> {
        Json::Number(i64::try_from(*self).map_or(Number::Unsigned(*self), Number::Signed))
    }
}

impl ReadJson for u64 {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        match value {
            Json::Number(number) => number.to_u64().or_else(|| mismatch(value, "an unsigned 64-bit integer", at, out)),
            _ => mismatch(value, "an integer", at, out),
        }
    }
}

impl ToJson for f64 {
    /// JSON has no infinities and no NaN: those show as null, which the validator then refuses.
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
