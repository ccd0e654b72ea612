//! The JSON Schemas of generated types: the contract's own schemas, as values of `schemars`.
//!
//! They are not derived from the Rust types, which can hold more values than the contract accepts.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

/// A schema that refers to a type: its JSON pointer, and the function that creates the reference.
pub type Reference = (&'static str, fn(&mut SchemaGenerator) -> Schema);

/// Parses a schema that the compiler has printed, and fills in its references.
pub fn schema(text: &str, references: &[Reference], generator: &mut SchemaGenerator) -> Schema {
    let mut schema: Value = serde_json::from_str(text).expect("the compiler prints JSON");
    for (pointer, reference) in references {
        let target = reference(generator).to_value();
        if let Some(place) = schema.pointer_mut(pointer) {
            refer(place, target);
        }
    }
    Schema::try_from(schema).expect("the compiler prints an object or a boolean")
}

/// Adds a reference to the keywords of a schema. A generator that inlines subschemas creates a schema in place of the reference.
fn refer(place: &mut Value, target: Value) {
    match (place, target.get("$ref").cloned()) {
        (Value::Object(keywords), Some(reference)) => _ = keywords.insert("$ref".to_owned(), reference),
        (Value::Object(keywords), None) if !keywords.is_empty() => {
            if let Value::Array(parts) = keywords.entry("allOf").or_insert_with(|| json!([])) {
                parts.push(target);
            }
        }
        (place, _) => *place = target,
    }
}

/// Implements `JsonSchema` for types, with the pointers of the schemas that refer to other types. The file that uses the macro must import
/// the runtime as `rt`, and the types as `types`.
#[allow(unused_macros)]
macro_rules! json_schemas {
    ($($type:ident = $schema:literal { $($pointer:literal => $target:ident),* $(,)? })*) => {$(
        impl ::schemars::JsonSchema for types::$type {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(<Self as rt::schema::Schema>::NAME)
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(::core::concat!(::core::module_path!(), "::", ::core::stringify!($type)))
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let references: &[rt::json_schema::Reference] =
                    &[$(($pointer, ::schemars::SchemaGenerator::subschema_for::<types::$target>),)*];
                rt::json_schema::schema($schema, references, generator)
            }
        }
    )*};
}

#[allow(unused_imports)]
pub(crate) use json_schemas;
