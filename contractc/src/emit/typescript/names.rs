//! TypeScript names: types are called as in Rust; schemas, operations and fields follow from them, all valid, none twice.

use std::collections::BTreeMap;

use heck::ToLowerCamelCase;

use crate::emit::Plan;
use crate::emit::rust::Names as RustNames;
use crate::emit::rust::names::{Unique, type_name, value_name};
use crate::model::SchemaId;
use crate::shapes::{DeclarationId, Type};

use super::code::{quoted, type_key};

pub struct Names {
    types: RustNames,
    schemas: BTreeMap<DeclarationId, String>,
    /// Schemas that only operations mention, and that need no type of their own.
    roots: BTreeMap<SchemaId, String>,
}

/// Words that no variable may have, and those that `index.ts` exports itself.
const TAKEN: &[&str] = &[
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "rt",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "z",
    "types",
    "collections",
    "createClient",
    "deterministicId",
    "fromJson",
    "headers",
    "namespace",
    "parseEach",
    "readHeader",
    "runtime",
    "schemas",
    "stores",
    "validate",
    "violations",
];

impl Names {
    pub fn new(plan: &Plan<'_>) -> Self {
        let types = RustNames::new(plan);
        let mut unique = Unique::default();
        types.sorted().iter().for_each(|(name, _)| _ = unique.take((*name).to_owned(), ""));
        let schemas = types.sorted().iter().map(|(name, id)| (*id, unique.take(format!("{name}Schema"), ""))).collect();
        let root = |function: &str| type_name(&[function.trim_start_matches("check_").to_owned()]);
        let roots =
            types.root_functions().map(|(schema, function)| (schema, unique.take(format!("{}Schema", root(function)), ""))).collect();
        Names { types, schemas, roots }
    }

    pub fn type_name(&self, id: DeclarationId) -> &str {
        self.types.type_name(id)
    }

    /// All types, by name.
    pub fn sorted(&self) -> Vec<(&str, DeclarationId)> {
        self.types.sorted()
    }

    /// The constant that holds a type's schema.
    pub fn schema(&self, id: DeclarationId) -> &str {
        &self.schemas[&id]
    }

    /// The constants of schemas that only operations mention.
    pub fn roots(&self) -> impl Iterator<Item = (SchemaId, &str)> {
        self.roots.iter().map(|(schema, name)| (*schema, name.as_str()))
    }

    /// The constant of a schema that an operation mentions; nothing if it accepts everything.
    pub fn root(&self, plan: &Plan<'_>, schema: SchemaId) -> Option<&str> {
        match plan.shapes.of(plan.contract, schema) {
            Some(id) => Some(self.schema(id)),
            None => self.roots.get(&plan.contract.resolved(schema)).map(String::as_str),
        }
    }

    /// A type as it is written; `prefix` is what stands before names of the contract.
    pub fn ty(&self, ty: &Type, prefix: &str) -> String {
        match ty {
            Type::Any => "unknown".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::Integer(_) | Type::Float => "number".to_owned(),
            Type::Text => "string".to_owned(),
            Type::List(inner) | Type::Each(inner) => match self.ty(inner, prefix) {
                inner if inner.contains(' ') => format!("({inner})[]"),
                inner => format!("{inner}[]"),
            },
            Type::Map(inner) => format!("{{ [name: string]: {} }}", self.ty(inner, prefix)),
            Type::Optional(inner) => format!("{} | null", self.ty(inner, prefix)),
            Type::Declared(id) | Type::Recursive(id) => format!("{prefix}{}", self.type_name(*id)),
        }
    }
}

/// A constant's type.
pub fn literal_type(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// `workoutLog`, a variable or a field.
pub fn camel(word: &str) -> String {
    let name = value_name(word).trim_end_matches('_').to_lower_camel_case();
    let name = if name.is_empty() { "value".to_owned() } else { name };
    if TAKEN.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// A member in a type: its name, and whether it may be absent.
pub fn member(name: &str, required: bool, ty: &str) -> String {
    format!("{}{}: {ty};", type_key(name), if required { "" } else { "?" })
}
