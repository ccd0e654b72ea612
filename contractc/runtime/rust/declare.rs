//! The macros that declare the types of a contract, with one line for each member, value or variant.
//!
//! Each declares a type, and implements viewing, reading and serde for it. `as` gives the schema's name in the contract, `by` the table in
//! `validators.rs` that says what it accepts.
//!
//! The macros refer to all items by full path, because macro hygiene does not cover items: the types of a contract may have any name. The
//! file that uses the macros must import the runtime as `rt`.

use super::json::Json;
use super::report::{At, Checker};
use super::rule::Rule;

/// Whether a value has a member, and therefore belongs to a variant of a union.
pub fn has(value: Json<'_>, _: At<'_>, _: &mut Checker, member: &str) -> bool {
    value.get(member).is_some()
}

/// Whether a rule accepts a value, which therefore belongs to a variant of a union.
pub fn accepts(value: Json<'_>, at: At<'_>, out: &mut Checker, rule: &'static Rule) -> bool {
    out.accepts(|out| out.check(value, rule, at))
}

/// Whether a rule accepts a value that a signed 64-bit integer holds. Otherwise, another variant of the union may hold it.
pub fn fits_i64(value: Json<'_>, at: At<'_>, out: &mut Checker, rule: &'static Rule) -> bool {
    matches!(value, Json::Number(number) if number.to_i64().is_some()) && accepts(value, at, out, rule)
}

/// Whether a rule accepts a value that an unsigned 64-bit integer holds.
pub fn fits_u64(value: Json<'_>, at: At<'_>, out: &mut Checker, rule: &'static Rule) -> bool {
    matches!(value, Json::Number(number) if number.to_u64().is_some()) && accepts(value, at, out, rule)
}

/// Implements [`Schema`](super::schema::Schema) and serde for a type. Deserializing always validates.
#[allow(unused_macros)]
macro_rules! schema {
    ($type:ident, $name:literal, $rule:path) => {
        impl rt::schema::Schema for $type {
            const NAME: &'static str = $name;
            const RULE: &'static rt::rule::Rule = &$rule;
        }

        impl ::serde::Serialize for $type {
            fn serialize<Out: ::serde::Serializer>(&self, serializer: Out) -> ::core::result::Result<Out::Ok, Out::Error> {
                rt::schema::serialize(self, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<In: ::serde::Deserializer<'de>>(deserializer: In) -> ::core::result::Result<Self, In::Error> {
                rt::schema::deserialize(deserializer)
            }
        }
    };
}

/// Declares a structure. A member has its index, its name in JSON, and its field; `..` is the field for all other members, and `const` a
/// member with one value, which has no field.
#[allow(unused_macros)]
macro_rules! record {
    (
        $(#[$about:meta])*
        pub struct $type:ident as $schema:literal by $rule:path {
            $(const $fixed:literal $fixed_name:literal = $value:expr,)*
            $($(#[$field_about:meta])* $index:literal $presence:ident $name:literal => $field:ident: $ty:ty,)*
            $(..$rest:ident: $rest_ty:ty,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $type {
            $($(#[$field_about])* pub $field: $ty,)*
            $(
                /// The members that the contract does not name.
                pub $rest: $rest_ty,
            )?
        }

        impl rt::schema::Fields for $type {
            const NAMES: &'static [&'static str] = &rt::schema::in_order([$(($fixed, $fixed_name),)* $(($index, $name),)*]);

            fn show<'a>(&'a self, index: usize, last: ::core::option::Option<&'a str>) -> rt::json::MemberView<'a> {
                match index {
                    $($fixed => rt::json::MemberView::Present($fixed_name, $value),)*
                    $($index => rt::json::MemberView::$presence($name, &self.$field),)*
                    $(_ => rt::json::MemberView::other(&self.$rest, last, <Self as rt::schema::Fields>::NAMES),)?
                    #[allow(unreachable_patterns)]
                    _ => rt::json::MemberView::End,
                }
            }

            fn build(members: &mut rt::schema::ObjectReader<'_, '_>) -> ::core::option::Option<Self> {
                // A separate structure, because a local variable must not have the name of a type.
                struct Found { $($field: rt::schema::slot::$presence<$ty>,)* }
                #[allow(unused_mut)]
                let mut found = Found { $($field: ::core::option::Option::None,)* };
                while let ::core::option::Option::Some(index) = members.advance()? {
                    let is_read = match index {
                        $($index => members.read(&mut found.$field),)*
                        _ => members.pass(),
                    };
                    is_read?;
                }
                ::core::option::Option::Some(Self {
                    $($field: rt::declare::taken!($presence found.$field),)*
                    $($rest: members.others()?,)?
                })
            }
        }

        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::json::Json::Object(rt::json::Object::Typed(self))
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                rt::schema::read_object(value, at, out)
            }

            fn read_text(reader: &mut rt::reader::Reader<'_>, rule: &'static rt::rule::Rule) -> ::core::option::Option<Self> {
                rt::schema::read_record(reader, rule)
            }
        }

        rt::declare::schema!($type, $schema, $rule);
    };
}

/// The value of a slot after the whole object has been read. A required member must have been present.
#[allow(unused_macros)]
macro_rules! taken {
    (required $slot:expr) => {
        $slot?
    };
    (optional $slot:expr) => {
        $slot
    };
}

/// Declares a structure with one unnamed field. `:` lists what it derives in addition to `Clone`, `Debug` and `PartialEq`.
#[allow(unused_macros)]
macro_rules! newtype {
    ($(#[$about:meta])* pub struct $type:ident($inner:ty $(,)?) as $schema:literal by $rule:path $(: $($derive:ident)*)?) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, $($($derive,)*)?)]
        pub struct $type(pub $inner);

        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::schema::ToJson::as_json(&self.0)
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                <$inner as rt::schema::ReadJson>::read(value, at, out).map(Self)
            }

            #[inline]
            fn read_text(reader: &mut rt::reader::Reader<'_>, rule: &'static rt::rule::Rule) -> ::core::option::Option<Self> {
                <$inner as rt::schema::ReadJson>::read_text(reader, rule).map(Self)
            }
        }

        impl ::core::convert::From<$inner> for $type {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl ::core::ops::Deref for $type {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        rt::declare::schema!($type, $schema, $rule);
    };
}

/// Declares an enum of strings.
#[allow(unused_macros)]
macro_rules! texts {
    ($(#[$about:meta])* pub enum $type:ident as $schema:literal by $rule:path { $($variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
        }

        impl $type {
            /// All values, in the contract's order.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The value as the contract writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($type::$variant => $text,)*
                }
            }
        }

        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                rt::json::Json::String(self.as_str())
            }
        }

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                let text = value.as_str();
                let found = Self::ALL.iter().copied().find(|known| text == ::core::option::Option::Some(known.as_str()));
                found.or_else(|| rt::schema::mismatch(value, "one of a set of strings", at, out))
            }

            fn read_text(reader: &mut rt::reader::Reader<'_>, rule: &'static rt::rule::Rule) -> ::core::option::Option<Self> {
                rt::schema::read_listed(reader, rule, |index, text| Self::ALL.get(index).copied().filter(|known| known.as_str() == text))
            }
        }

        impl ::core::fmt::Display for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        rt::declare::schema!($type, $schema, $rule);
    };
}

/// Declares an enum of several types, and views it as JSON.
#[allow(unused_macros)]
macro_rules! variants {
    ($(#[$about:meta])* $type:ident { $($(#[$variant_about:meta])* $variant:ident($ty:ty),)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $type {
            $($(#[$variant_about])* $variant($ty),)*
        }

        impl rt::schema::ToJson for $type {
            fn as_json(&self) -> rt::json::Json<'_> {
                match self {
                    $($type::$variant(value) => rt::schema::ToJson::as_json(value),)*
                }
            }
        }
    };
}

/// Declares a union whose variants differ in the value of the member that `on` names.
#[allow(unused_macros)]
macro_rules! tagged {
    (
        $(#[$about:meta])*
        pub enum $type:ident as $schema:literal on $member:literal by $rule:path {
            $($(#[$variant_about:meta])* $variant:ident($ty:ty) = $pattern:pat,)*
        }
    ) => {
        rt::declare::variants!($(#[$about])* $type { $($(#[$variant_about])* $variant($ty),)* });

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                match value.get($member) {
                    $(::core::option::Option::Some($pattern) => rt::schema::ReadJson::read(value, at, out).map($type::$variant),)*
                    _ => rt::schema::mismatch(value, "one of several shapes", at, out),
                }
            }

            fn read_text(reader: &mut rt::reader::Reader<'_>, rule: &'static rt::rule::Rule) -> ::core::option::Option<Self> {
                match rt::schema::variant::<Self>(reader, rule)? {
                    $(::core::option::Option::Some(($pattern, rule)) => rt::schema::ReadJson::read_text(reader, rule).map($type::$variant),)*
                    _ => reader.value(rule, <Self as rt::schema::ReadJson>::read),
                }
            }
        }

        rt::declare::schema!($type, $schema, $rule);
    };
}

/// Declares a union whose variants differ in their JSON type.
#[allow(unused_macros)]
macro_rules! by_type {
    (
        $(#[$about:meta])*
        pub enum $type:ident as $schema:literal by $rule:path {
            $($(#[$variant_about:meta])* $variant:ident($ty:ty) = $pattern:pat,)*
        }
    ) => {
        rt::declare::variants!($(#[$about])* $type { $($(#[$variant_about])* $variant($ty),)* });

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                match value {
                    $($pattern => rt::schema::ReadJson::read(value, at, out).map($type::$variant),)*
                    #[allow(unreachable_patterns)]
                    _ => rt::schema::mismatch(value, "one of several types", at, out),
                }
            }
        }

        rt::declare::schema!($type, $schema, $rule);
    };
}

/// Declares a union whose variants are distinguished by a member that only one of them has, or by their validators, in the order of `try`.
#[allow(unused_macros)]
macro_rules! untagged {
    (
        $(#[$about:meta])*
        pub enum $type:ident as $schema:literal by $rule:path {
            $($(#[$variant_about:meta])* $variant:ident($ty:ty),)*
        }
        try { $($tried:ident $test:ident $argument:expr),* $(,)? }
    ) => {
        rt::declare::variants!($(#[$about])* $type { $($(#[$variant_about])* $variant($ty),)* });

        impl rt::schema::ReadJson for $type {
            fn read(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) -> ::core::option::Option<Self> {
                $(
                    if rt::declare::$test(value, at, out, $argument) {
                        return rt::schema::ReadJson::read(value, at, out).map($type::$tried);
                    }
                )*
                rt::schema::mismatch(value, "one of several shapes", at, out)
            }
        }

        rt::declare::schema!($type, $schema, $rule);
    };
}

/// Declares a function for each rule, for code that calls validators as functions.
#[allow(unused_macros)]
macro_rules! checks {
    ($($name:ident by $rule:ident),* $(,)?) => { $(
        #[doc = concat!("Checks a value against [`", stringify!($rule), "`].")]
        pub fn $name(value: rt::json::Json<'_>, at: rt::report::At<'_>, out: &mut rt::report::Checker) {
            out.check(value, &$rule, at);
        }
    )* };
}

#[allow(unused_imports)]
pub(crate) use {by_type, checks, newtype, record, schema, tagged, taken, texts, untagged, variants};
