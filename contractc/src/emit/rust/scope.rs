//! The names in scope in generated files. The same tables generate the imports and reserve the names.
//!
//! Each file imports the same names for every contract, so imports do not depend on the content of the file.

use std::fmt::Write;

/// The imports of one generated file: paths below the module or crate, with the names imported from each.
pub type Imports = &'static [(&'static str, &'static [&'static str])];

/// Imports of `types.rs`.
pub const TYPES: Imports = &[
    ("std::collections", &["BTreeMap"]),
    ("super::runtime", &["self as rt"]),
    ("super::runtime::declare", &["by_type", "newtype", "record", "tagged", "texts", "untagged"]),
    ("super::runtime::json", &["Json", "Value"]),
    ("super::runtime::schema", &["Each"]),
    ("super", &["validators"]),
];

/// Imports of `operations.rs`.
pub const OPERATIONS: Imports = &[
    ("std::collections", &["BTreeMap"]),
    ("super::runtime", &["self as rt"]),
    ("super::runtime::calls", &["operation", "outcome"]),
    ("super::runtime::http", &["ANYTHING", "bytes", "json", "json_or_text", "text"]),
    ("super::runtime::json", &["Value"]),
    ("super::runtime::schema", &["Each"]),
    ("super", &["types", "validators"]),
];

/// Imports of the module `parameters` of `operations.rs`.
pub const PARAMETERS: Imports = &[
    ("super::super::runtime::check", &["Types"]),
    ("super::super::runtime::http", &["ANYTHING", "Encoding", "Form", "Parameter", "Part", "Place", "Shape", "Style"]),
    ("super::super", &["validators"]),
];

/// Imports of the module `responses` of `operations.rs`.
pub const RESPONSES: Imports = &[
    (
        "super::super::runtime::http",
        &["ANYTHING", "BytesBody", "JsonBody", "JsonOrTextBody", "TextBody", "bytes", "json", "json_or_text", "text"],
    ),
    ("super::super", &["validators"]),
];

/// Imports of the module `security` of `operations.rs`.
pub const SECURITY: Imports = &[("super::super::runtime::http", &["Place", "Scheme", "SchemeKind"])];

/// Imports of `headers.rs`.
pub const HEADERS: Imports = &[
    ("std::collections", &["BTreeMap"]),
    ("super::runtime", &["self as rt"]),
    ("super::runtime::check", &["Types"]),
    ("super::runtime::http", &["ANYTHING", "Header", "Shape"]),
    ("super::runtime::json", &["Value"]),
    ("super::runtime::schema", &["Each"]),
    ("super", &["types", "validators"]),
];

/// Imports of `validators.rs`.
pub const VALIDATORS: Imports = &[
    ("std::cmp", &["Ordering"]),
    ("super::runtime", &["self as rt"]),
    ("super::runtime::check", &["Types", "number_member"]),
    ("super::runtime::declare", &["checks"]),
    ("super::runtime::format", &["Format"]),
    ("super::runtime::json", &["Json"]),
    ("super::runtime::number", &["Number"]),
    ("super::runtime::pattern", &["Pattern"]),
    ("super::runtime::rule", &["Bound", "List", "Record", "Rule", "Tag", "Tagged", "TextRule"]),
    ("super", &["types"]),
];

/// Imports of `json_schema.rs`.
pub const JSON_SCHEMA: Imports = &[
    ("schemars", &["Schema", "SchemaGenerator"]),
    ("super::runtime", &["self as rt"]),
    ("super::runtime::json_schema", &["json_schemas"]),
    ("super", &["types"]),
];

/// Imports of `registry.rs`.
pub const REGISTRY: Imports = &[
    (
        "super::collection",
        &["AnyCollection", "Collection", "Contract", "Handles", "Index", "Reference", "Route", "Routes", "ServerContract", "Synced"],
    ),
    ("super::runtime::http", &["Method"]),
    ("super", &["types", "validators"]),
];

/// The names that the root module declares in addition to the exported types.
const ROOT: &[&str] = &["Report", "Violation", "Schema"];

/// The types, traits and variants of the standard prelude, and `Self`.
const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
];

/// Words that are not valid as identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum", "extern",
    "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield",
];

/// Whether a type of the contract must not have this name.
pub fn is_reserved_type(name: &str) -> bool {
    PRELUDE.contains(&name) || ROOT.contains(&name) || names(TYPES).any(|taken| taken == name)
}

/// Whether a word is a Rust keyword.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// The names that the imports bring into scope.
pub fn names(imports: Imports) -> impl Iterator<Item = &'static str> {
    let listed = imports.iter().flat_map(|(_, names)| names.iter());
    listed.map(|name| name.rsplit(' ').next().unwrap_or(name))
}

/// The head of a file: its documentation, the lints that generated code cannot satisfy, and its imports.
pub fn head(docs: &str, imports: Imports) -> String {
    let mut code = String::new();
    docs.lines().for_each(|line| _ = writeln!(code, "//! {line}"));
    code.push_str(
        "#![allow(unused_imports, unused_variables, rustdoc::bare_urls, rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]\n\n",
    );
    code + &uses(imports, "") + "\n"
}

/// A module within a file.
pub fn module(docs: &str, name: &str, imports: Imports, body: &str) -> String {
    format!("/// {docs}\npub mod {name} {{\n{}\n{body}}}\n", uses(imports, "#[allow(unused_imports)]\n"))
}

/// The imports, each after an attribute.
fn uses(imports: Imports, attribute: &str) -> String {
    let line = |(path, names): &(&str, &[&str])| match names {
        [only] if only.starts_with("self ") => format!("{attribute}use {path}{};\n", &only["self".len()..]),
        [only] => format!("{attribute}use {path}::{only};\n"),
        names => format!("{attribute}use {path}::{{{}}};\n", names.join(", ")),
    };
    imports.iter().map(line).collect()
}

/// The methods that every client has in addition to those for operations.
pub const CLIENT_METHODS: [&str; 3] = ["clone", "new", "with_hooks"];
