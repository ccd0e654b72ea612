//! Reads the parts of a `contract.json`, and keeps the data of a contract as long as the program runs.
//!
//! A contract is read once, so size matters more than speed: the browser downloads each copy of these functions.

use std::fmt;

use crate::api::runtime::json::{Array, Json, Object};
use crate::api::runtime::number::Number;

/// The reason why a contract cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

impl LoadError {
    pub(super) fn new(message: String) -> Self {
        LoadError(message)
    }
}

/// Keeps a value as long as the program runs.
pub(super) fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Keeps a text as long as the program runs.
pub(super) fn kept_text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

/// The error for a part that is missing or does not have the type that the compiler writes.
#[inline(never)]
pub(super) fn damaged(part: &str) -> LoadError {
    LoadError(format!("it is damaged: {part} is missing or wrong"))
}

/// An object of the document.
#[derive(Clone, Copy)]
pub(super) struct Members<'a>(Object<'a>);

impl<'a> Members<'a> {
    pub(super) fn of(value: Json<'a>) -> Result<Self, LoadError> {
        match value {
            Json::Object(object) => Ok(Members(object)),
            _ => Err(damaged("an object")),
        }
    }

    #[inline(never)]
    pub(super) fn get(&self, name: &str) -> Result<Json<'a>, LoadError> {
        self.0.get(name).ok_or_else(|| damaged(name))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'static str, LoadError> {
        text(self.get(name)?).ok_or_else(|| damaged(name))
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'static str>, LoadError> {
        match self.get(name)? {
            Json::Null => Ok(None),
            value => text(value).map(Some).ok_or_else(|| damaged(name)),
        }
    }

    pub(super) fn count(&self, name: &str) -> Result<usize, LoadError> {
        count(self.get(name)?).ok_or_else(|| damaged(name))
    }

    pub(super) fn texts(&self, name: &str) -> Result<&'static [&'static str], LoadError> {
        texts(self.get(name)?).ok_or_else(|| damaged(name))
    }

    pub(super) fn list(&self, name: &str) -> Result<Vec<Json<'a>>, LoadError> {
        list(self.get(name)?).ok_or_else(|| damaged(name))
    }
}

#[inline(never)]
pub(super) fn text(value: Json<'_>) -> Option<&'static str> {
    value.as_str().map(kept_text)
}

#[inline(never)]
pub(super) fn texts(value: Json<'_>) -> Option<&'static [&'static str]> {
    each(value, text)
}

/// Reads each item of an array, and keeps the results.
pub(super) fn each<'a, T>(value: Json<'a>, mut read: impl FnMut(Json<'a>) -> Option<T>) -> Option<&'static [T]> {
    let mut all = Vec::new();
    for item in list(value)? {
        all.push(read(item)?);
    }
    Some(all.leak())
}

#[inline(never)]
pub(super) fn list(value: Json<'_>) -> Option<Vec<Json<'_>>> {
    match value {
        Json::Array(items) => Some(items_of(items)),
        _ => None,
    }
}

fn items_of(items: Array<'_>) -> Vec<Json<'_>> {
    items.into_iter().map(|(_, item)| item).collect()
}

pub(super) fn number(value: Json<'_>) -> Option<Number> {
    match value {
        Json::Number(number) => Some(number),
        _ => None,
    }
}

#[inline(never)]
pub(super) fn long(value: Json<'_>) -> Option<u64> {
    number(value)?.to_u64()
}

#[inline(never)]
pub(super) fn count(value: Json<'_>) -> Option<usize> {
    usize::try_from(long(value)?).ok()
}

pub(super) fn flag(value: Json<'_>) -> Option<bool> {
    match value {
        Json::Bool(flag) => Some(flag),
        _ => None,
    }
}

/// Reads a member that may be null. Returns `Some(None)` if it is.
pub(super) fn optional<'a, T>(value: Json<'a>, read: impl FnOnce(Json<'a>) -> Option<T>) -> Option<Option<T>> {
    match value {
        Json::Null => Some(None),
        value => read(value).map(Some),
    }
}
