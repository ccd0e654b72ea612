//! Values that are nested deeply.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::super::json::Json;
use super::super::reader::Reader;
use super::super::report::{At, Checker};
use super::super::rule::Rule;
use super::{ReadJson, Schema, ToJson};

/// A value on the heap whose type the compiler does not look into. To prove that a type is `Send`, rustc walks through all types that it
/// contains, and gives up at a depth of 128; a `Deep` ends the walk. Otherwise it is like a `Box`.
pub struct Deep<T>(Box<dyn Held<T>>);

/// What a [`Deep`] holds.
trait Held<T>: Send + Sync {
    fn get(&self) -> &T;
    fn get_mut(&mut self) -> &mut T;
    fn into_inner(self: Box<Self>) -> T;
}

impl<T: Send + Sync> Held<T> for T {
    fn get(&self) -> &T {
        self
    }

    fn get_mut(&mut self) -> &mut T {
        self
    }

    fn into_inner(self: Box<Self>) -> T {
        *self
    }
}

impl<T: Send + Sync + 'static> Deep<T> {
    /// Puts a value on the heap.
    pub fn new(value: T) -> Self {
        Deep(Box::new(value))
    }
}

impl<T> Deep<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: Send + Sync + 'static> From<T> for Deep<T> {
    fn from(value: T) -> Self {
        Deep::new(value)
    }
}

impl<T> Deref for Deep<T> {
    type Target = T;

    fn deref(&self) -> &T {
        (*self.0).get()
    }
}

impl<T> DerefMut for Deep<T> {
    fn deref_mut(&mut self) -> &mut T {
        (*self.0).get_mut()
    }
}

impl<T: Clone + Send + Sync + 'static> Clone for Deep<T> {
    fn clone(&self) -> Self {
        Deep::new(T::clone(self))
    }
}

impl<T: fmt::Debug> fmt::Debug for Deep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: PartialEq> PartialEq for Deep<T> {
    fn eq(&self, other: &Self) -> bool {
        T::eq(self, other)
    }
}

impl<T: ToJson> ToJson for Deep<T> {
    fn as_json(&self) -> Json<'_> {
        T::as_json(self)
    }
}

impl<T: ReadJson + Send + Sync + 'static> ReadJson for Deep<T> {
    fn read(value: Json<'_>, at: At<'_>, out: &mut Checker) -> Option<Self> {
        T::read(value, at, out).map(Deep::new)
    }

    fn read_text(reader: &mut Reader<'_>, rule: &'static Rule) -> Option<Self> {
        T::read_text(reader, rule).map(Deep::new)
    }
}

impl<T: Schema + Send + Sync + 'static> Schema for Deep<T> {
    const NAME: &'static str = T::NAME;
    const RULE: &'static Rule = T::RULE;
}
