//! Reads the JSON metadata that a store keeps next to each record, as written by serde.
//!
//! serde's derived `Deserialize` would do the same, but takes four times as much code. The browser's worker has no room for it.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::api::runtime::json::{Array, Json};
use crate::record::{boolean, count, integer, uuid};

/// A value that can be read from JSON.
pub trait Readable: Sized {
    /// Reads the value. Returns `None` if it has another type.
    fn read(json: Json<'_>) -> Option<Self>;
}

/// Reads a member of an object. A missing member leaves the value unchanged. Returns `None` if the member has another type, or if `object`
/// is not an object.
pub fn member<T: Readable>(object: Json<'_>, name: &str, value: &mut T) -> Option<()> {
    let Json::Object(_) = object else { return None };
    if let Some(json) = object.get(name) {
        *value = T::read(json)?;
    }
    Some(())
}

impl Readable for bool {
    fn read(json: Json<'_>) -> Option<Self> {
        boolean(Some(json))
    }
}

impl Readable for i64 {
    fn read(json: Json<'_>) -> Option<Self> {
        integer(Some(json))
    }
}

impl Readable for u64 {
    fn read(json: Json<'_>) -> Option<Self> {
        count(Some(json))
    }
}

impl Readable for String {
    fn read(json: Json<'_>) -> Option<Self> {
        json.as_str().map(str::to_owned)
    }
}

impl Readable for Uuid {
    fn read(json: Json<'_>) -> Option<Self> {
        uuid(Some(json))
    }
}

impl<T: Readable> Readable for Option<T> {
    fn read(json: Json<'_>) -> Option<Self> {
        if let Json::Null = json { Some(None) } else { T::read(json).map(Some) }
    }
}

impl<T: Readable> Readable for Vec<T> {
    fn read(json: Json<'_>) -> Option<Self> {
        let Json::Array(items) = json else { return None };
        Array::into_iter(items).map(|(_, item)| T::read(item)).collect()
    }
}

impl Readable for BTreeMap<String, i64> {
    fn read(json: Json<'_>) -> Option<Self> {
        let Json::Object(members) = json else { return None };
        let mut map = BTreeMap::new();
        for (name, value) in members {
            map.insert(name.to_owned(), i64::read(value)?);
        }
        Some(map)
    }
}
