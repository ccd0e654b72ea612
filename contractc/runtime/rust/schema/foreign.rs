//! Values of types that are not generated: `x-rust-type`.

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::json::{Json, Value};
use super::super::report::{At, Checker};
use super::{ReadJson, ToJson};

/// A value of a type that the contract names, together with its JSON. The JSON is validated before serde creates the value from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign<T> {
    value: T,
    json: Value,
}

impl<T: Serialize> Foreign<T> {
    /// Creates the JSON of a value.
    ///
    /// # Errors
    /// Returns the error of the type's `Serialize`.
    pub fn new(value: T) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_value(&value)?;
        Ok(Foreign { value, json })
    }
}

impl<T> Foreign<T> {
    /// The value without its JSON.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Foreign<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> ToJson for Foreign<T> {
    fn as_json(&self) -> Json<'_> {
        (&self.json).into()
    }
}

impl<T: DeserializeOwned> ReadJson for Foreign<T> {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        let json = value.to_value();
        match T::deserialize(&json) {
            Ok(value) => Some(Foreign { value, json }),
            Err(error) => {
                let name = std::any::type_name::<T>();
                out.violation(at, "x-rust-type", || format!("is not a value of the type `{name}`: {error}"));
                None
            }
        }
    }
}
