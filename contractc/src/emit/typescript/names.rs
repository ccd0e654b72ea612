//! TypeScript names. Types have the same names as in Rust; schemas, operations and fields derive their names from them. All are valid
//! and unique.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToLowerCamelCase;

use crate::emit::Plan;
use crate::emit::rust::Names as RustNames;
use crate::emit::rust::names::{Alias, Unique, type_name, value_name};
use crate::model::SchemaId;
use crate::shapes::{DeclarationId, Type};

use super::code::{Code, key, quoted, type_key};

pub struct Names {
    types: BTreeMap<DeclarationId, String>,
    schemas: BTreeMap<DeclarationId, String>,
    /// Ordered by name.
    aliases: Vec<Alias>,
    /// The constants that hold the schemas of the aliases, in their order.
    alias_schemas: Vec<String>,
    /// The constants of schemas that only operations use, and that need no type.
    roots: BTreeMap<SchemaId, String>,
    /// The names that types and schemas do not use, for operations.
    free: Unique,
    /// The names that types and schemas use.
    exported: BTreeSet<String>,
}

/// Types that the package exports in addition to those of the contract.
const EXPORTED_TYPES: [&str; 4] = ["Client", "Records", "SchemaTypes", "Tables"];

/// Functions of the runtime that the package exports.
pub const OF_RUNTIME: [&str; 7] = ["deterministicId", "fromJson", "parseEach", "readHeader", "toJson", "validate", "violations"];

/// Other variables that the package exports in addition to those of the contract, and variables that files import.
const EXPORTED_VALUES: [&str; 10] =
    ["collections", "createClient", "headers", "namespace", "rt", "runtime", "schemas", "stores", "types", "z"];

/// Words that are not valid as names of variables in a module.
const KEYWORDS: &[&str] = &[
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
];

/// Members that every object inherits. A field with such a name would seem to be present when it is absent.
const OBJECT_MEMBERS: &[&str] =
    &["constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf"];

impl Names {
    pub fn new(plan: &Plan<'_>) -> Self {
        let rust = RustNames::new(plan);
        let mut free = Unique::reserving(EXPORTED_TYPES);
        // Names that the package does not use itself stay as they are.
        let mut sorted = rust.sorted();
        sorted.sort_by_key(|(name, _)| !free.is_free(name));
        let types: BTreeMap<_, _> = sorted.into_iter().map(|(name, id)| (id, free.take(name.to_owned(), "Type"))).collect();
        let named = rust.aliases().iter().map(|alias| (free.take(alias.name.clone(), "Type"), alias));
        let mut aliases: Vec<Alias> =
            named.map(|(name, Alias { schema, target, .. })| Alias { name, schema: *schema, target: *target }).collect();
        aliases.sort_by(|left, right| left.name.cmp(&right.name));
        let schemas: BTreeMap<_, _> = rust.sorted().iter().map(|(_, id)| (*id, free.take(format!("{}Schema", types[id]), ""))).collect();
        let alias_schemas: Vec<String> = aliases.iter().map(|alias| free.take(format!("{}Schema", alias.name), "")).collect();
        let root = |rule: &str| type_name(&[rule.to_owned()]);
        let roots: BTreeMap<_, _> =
            rust.root_rules().map(|(schema, rule)| (schema, free.take(format!("{}Schema", root(rule)), ""))).collect();
        let second = aliases.iter().map(|alias| &alias.name).chain(&alias_schemas);
        let exported = types.values().chain(schemas.values()).chain(roots.values()).chain(second).cloned().collect();
        Names { types, schemas, aliases, alias_schemas, roots, free, exported }
    }

    /// The names that are free for the types of operations.
    pub fn free(&self) -> Unique {
        self.free.clone()
    }

    /// Whether a type or a schema has exactly this name. Names in Latin letters begin in upper case, unlike other values.
    pub fn is_exported(&self, name: &str) -> bool {
        self.exported.contains(name)
    }

    pub fn type_name(&self, id: DeclarationId) -> &str {
        &self.types[&id]
    }

    /// All types, ordered by name.
    pub fn sorted(&self) -> Vec<(&str, DeclarationId)> {
        let mut list: Vec<_> = self.types.iter().map(|(id, name)| (name.as_str(), *id)).collect();
        list.sort();
        list
    }

    /// The schemas with a second name for a type, each with the name of the constant that holds its schema.
    pub fn aliases(&self) -> impl Iterator<Item = (&Alias, &str)> {
        self.aliases.iter().zip(&self.alias_schemas).map(|(alias, schema)| (alias, schema.as_str()))
    }

    /// The name of the constant that holds a type's schema.
    pub fn schema(&self, id: DeclarationId) -> &str {
        &self.schemas[&id]
    }

    /// The constants of schemas that only operations use.
    pub fn roots(&self) -> impl Iterator<Item = (SchemaId, &str)> {
        self.roots.iter().map(|(schema, name)| (*schema, name.as_str()))
    }

    /// The constant of a schema that an operation uses; `None` if the schema accepts everything.
    pub fn root(&self, plan: &Plan<'_>, schema: SchemaId) -> Option<&str> {
        match plan.shapes.of(plan.contract, schema) {
            Some(id) => Some(self.schema(id)),
            None => self.roots.get(&plan.shapes.representative(plan.contract, schema)).map(String::as_str),
        }
    }

    /// A type as TypeScript text. `prefix` is prepended to the names of the contract.
    pub fn ty(&self, ty: &Type, prefix: &str) -> String {
        match ty {
            Type::Any => "unknown".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::Integer(_) | Type::Float => "number".to_owned(),
            Type::LongInteger(_) => "number | bigint".to_owned(),
            Type::Listed(values, _) => values.iter().map(literal_type).collect::<Vec<_>>().join(" | "),
            Type::Text => "string".to_owned(),
            Type::List(inner) | Type::Each(inner) => format!("{}[]", self.operand(inner, prefix)),
            Type::Tuple { items, required, rest } => {
                let (present, optional) = items.split_at(*required);
                let present = present.iter().map(|item| self.ty(item, prefix));
                let optional = optional.iter().map(|item| format!("{}?", self.operand(item, prefix)));
                let rest = rest.iter().map(|rest| format!("...{}[]", self.operand(rest, prefix)));
                format!("[{}]", present.chain(optional).chain(rest).collect::<Vec<_>>().join(", "))
            }
            Type::Map(inner) => format!("{{ [name: string]: {} }}", self.ty(inner, prefix)),
            Type::Optional(inner) => format!("{} | null", self.ty(inner, prefix)),
            Type::Declared(id) | Type::Recursive(id) => format!("{prefix}{}", self.type_name(*id)),
        }
    }

    /// A type before an operator, in parentheses if it has operators itself.
    fn operand(&self, ty: &Type, prefix: &str) -> String {
        match self.ty(ty, prefix) {
            text if text.contains(' ') => format!("({text})"),
            text => text,
        }
    }
}

/// The constant that holds a schema; `None` if the schema accepts everything.
pub fn schema(plan: &Plan<'_>, names: &Names, id: SchemaId) -> Option<(String, Code)> {
    names.root(plan, id).map(|name| ("schema".to_owned(), Code::Text(format!("schemas.{name}"))))
}

/// The type of a schema that an operation or a header uses.
pub fn root_type(plan: &Plan<'_>, names: &Names, schema: SchemaId) -> String {
    names.ty(plan.shapes.root_type(schema).unwrap_or(&Type::Any), "types.")
}

/// Whether a type is declared or contains a declared type.
pub fn has_declared(ty: &Type) -> bool {
    match ty {
        Type::Declared(_) | Type::Recursive(_) => true,
        Type::List(inner) | Type::Each(inner) | Type::Map(inner) | Type::Optional(inner) => has_declared(inner),
        Type::Tuple { items, rest, .. } => items.iter().chain(rest.as_deref()).any(has_declared),
        Type::Any | Type::Null | Type::Bool | Type::Integer(_) | Type::LongInteger(_) | Type::Float | Type::Listed(..) | Type::Text => {
            false
        }
    }
}

/// The imports of a file that uses these schemas and their types.
pub fn imports(plan: &Plan<'_>, names: &Names, schemas: &[SchemaId]) -> String {
    let mut code = String::new();
    if schemas.iter().any(|id| names.root(plan, *id).is_some()) {
        code.push_str("import * as schemas from \"./schemas.js\";\n");
    }
    if schemas.iter().any(|id| plan.shapes.root_type(*id).is_some_and(has_declared)) {
        code.push_str("import type * as types from \"./types.js\";\n");
    }
    code
}

/// The type of a constant.
pub fn literal_type(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => quoted(text),
        serde_json::Value::Number(number) => super::code::number(number.into()),
        other => other.to_string(),
    }
}

/// The name of a variable or field, such as `workoutLog`.
pub fn camel(word: &str) -> String {
    let name = value_name(word).trim_end_matches('_').to_lower_camel_case();
    let name = if name.is_empty() { "value".to_owned() } else { name };
    let is_taken = [KEYWORDS, &OF_RUNTIME, &EXPORTED_VALUES, OBJECT_MEMBERS].iter().any(|taken| taken.contains(&name.as_str()));
    if is_taken { format!("{name}_") } else { name }
}

/// Whether every object inherits a member with this name. When TypeScript infers a literal, it uses the type of the inherited member.
pub fn is_inherited(name: &str) -> bool {
    OBJECT_MEMBERS.contains(&name)
}

/// The code of an object whose members have names from the contract.
pub fn by_name(members: Vec<(&str, Code)>) -> Code {
    let is_literal = members.iter().any(|(name, _)| is_inherited(name));
    let object = Code::Object(members.into_iter().map(|(name, code)| (key(name), code)).collect());
    if is_literal { Code::Text(format!("{} as const", object.flat())) } else { object }
}

/// A member of a type, with its name and whether it is optional.
pub fn member(name: &str, required: bool, ty: &str) -> String {
    format!("{}{}: {ty};", type_key(name), if required { "" } else { "?" })
}
