//! The type that an expression must have.

use crate::emit::typescript::code::Code;
use crate::emit::typescript::names::Names;
use crate::shapes::Type;

/// The type that the schema produced by an expression must have.
#[derive(Clone)]
pub(super) struct Expected {
    /// The type as TypeScript text.
    pub(super) text: String,
    pub(super) ty: Type,
}

impl Expected {
    pub(super) fn of(names: &Names, ty: &Type) -> Expected {
        Expected { text: names.ty(ty, "types."), ty: ty.clone() }
    }

    pub(super) fn anything() -> Expected {
        Expected::untyped(&Type::Any)
    }

    /// The type of the values, for a schema whose own TypeScript type does not matter.
    pub(super) fn untyped(ty: &Type) -> Expected {
        Expected { text: "unknown".to_owned(), ty: ty.clone() }
    }

    /// The type of a part of the values.
    pub(super) fn part(&self, names: &Names, ty: &Type) -> Expected {
        if self.is_anything() { Expected::untyped(ty) } else { Expected::of(names, ty) }
    }

    /// A type given by its text alone.
    pub(super) fn literal(text: String) -> Expected {
        Expected { text, ty: Type::Any }
    }

    pub(super) fn is_anything(&self) -> bool {
        self.text == "unknown"
    }

    /// The expression `code`, of type `ty`, converted to the expected type.
    pub(super) fn from(&self, code: Code, ty: &str) -> Code {
        if self.is_anything() || self.text == ty { code } else { Code::call(format!("rt.as<{}>", self.text), vec![code]) }
    }

    /// A runtime function that creates a schema of any type.
    pub(super) fn generic(&self, function: &str) -> String {
        if self.is_anything() { format!("rt.{function}") } else { format!("rt.{function}<{}>", self.text) }
    }
}
