//! The Rust target: types, validators, client, server routes and the collection registry, on top of the runtime.

mod calls;
mod checks;
mod client;
mod depth;
mod headers;
mod json_schema;
mod multipart;
pub(super) mod names;
mod operations;
mod parameters;
pub(super) mod print;
mod registry;
mod responses;
mod scope;
mod security;
mod server;
mod types;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::{OutputFile, Plan, in_parallel};
pub use names::Names;
use print::{ident, print, text, texts};
pub(super) use registry::references;
pub use scope::is_keyword;

/// Emits all files of the Rust side, below `rust/`.
pub fn emit(plan: &Plan<'_>) -> Vec<OutputFile> {
    let names = Names::new(plan);
    let mut sources = vec![("types.rs", types::emit(plan, &names)), ("validators.rs", checks::emit(plan, &names))];
    let has_collections = !plan.contract.collections.is_empty();
    if !plan.contract.operations.is_empty() {
        sources.extend(operations::emit(plan, &names));
    }
    if !plan.shapes.declarations.is_empty() {
        sources.push(("json_schema.rs", json_schema::emit(plan, &names)));
    }
    if has_collections {
        sources.push(("registry.rs", registry::emit(plan, &names)));
    }
    let shared = plan.options.runtime.as_ref().and_then(|path| path.parse::<TokenStream>().ok());
    if let Some(path) = &shared {
        sources.push(("runtime/mod.rs", Source::Printed { head: String::new(), items: vec![print(shared_runtime(path))] }));
    }
    sources.push((if plan.options.standalone { "lib.rs" } else { "mod.rs" }, root(plan, &names, shared.as_ref())));
    let mut files = formatted(plan, sources);
    if plan.options.runtime.is_none() {
        if has_collections {
            files.push(verbatim("collection", include_str!("../../runtime/rust/collection.rs")));
        }
        files.extend(runtime());
    } else {
        let is_macros = |file: &OutputFile| MACROS.iter().any(|name| file.path == format!("runtime/{name}.rs"));
        files.extend(runtime().into_iter().filter(is_macros));
    }
    if plan.options.standalone {
        files.iter_mut().for_each(|file| file.path = format!("rust/src/{}", file.path));
        files.push(OutputFile { path: "rust/Cargo.toml".to_owned(), text: manifest(plan) });
    } else {
        files.iter_mut().for_each(|file| file.path = format!("rust/{}", file.path));
    }
    files
}

/// The code of a file.
pub(super) enum Source {
    /// Formatted code: the head of the file and its items.
    Printed { head: String, items: Vec<String> },
    /// Unformatted code, split into whole items.
    Raw { head: String, items: Vec<String> },
}

impl From<String> for Source {
    fn from(code: String) -> Self {
        Source::Raw { head: code, items: Vec::new() }
    }
}

/// The files, each with a first line that names its origin.
fn formatted(plan: &Plan<'_>, sources: Vec<(&str, Source)>) -> Vec<OutputFile> {
    let file = |(path, source): (&str, Source)| {
        let pieces = match source {
            Source::Printed { head, mut items } => {
                items.insert(0, raw(&head));
                items
            }
            Source::Raw { head, mut items } => {
                items.insert(0, head);
                in_parallel(&items, |code| raw(code))
            }
        };
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).filter(|piece| !piece.is_empty()).collect();
        OutputFile { path: path.to_owned(), text: format!("// {}\n{}", plan.origin(), pieces.join("\n")) }
    };
    sources.into_iter().map(file).collect()
}

/// Formats code that is given as text.
fn raw(code: &str) -> String {
    match code.parse() {
        Ok(tokens) => print(tokens),
        // The code is kept unformatted, so that the compiler error points to the fault. See the test that compiles all outputs.
        Err(error) => format!("compile_error!({:?});\n{code}", format!("the generated code cannot be parsed: {error}")),
    }
}

/// The files of the runtime with macros for the generated code. They are emitted even if the rest is shared, because they name the runtime
/// as the generated file imports it.
const MACROS: [&str; 3] = ["calls", "declare", "json_schema"];

/// `runtime/mod.rs`, if the runtime of another module is used.
fn shared_runtime(path: &TokenStream) -> TokenStream {
    quote! {
        //! Re-exports the runtime of another module, so that both have the same runtime types, and adds the macros that declare this
        //! contract's types.
        pub use #path::runtime::*;
        pub mod calls;
        pub mod declare;
        #[cfg(feature = "schemars")]
        pub mod json_schema;
    }
}

/// The files of the runtime, verbatim.
fn runtime() -> Vec<OutputFile> {
    const FILES: &[(&str, &str)] = &[
        ("axum", include_str!("../../runtime/rust/axum.rs")),
        ("calls", include_str!("../../runtime/rust/calls.rs")),
        ("check", include_str!("../../runtime/rust/check.rs")),
        ("check/objects", include_str!("../../runtime/rust/check/objects.rs")),
        ("declare", include_str!("../../runtime/rust/declare.rs")),
        ("events", include_str!("../../runtime/rust/events.rs")),
        ("format", include_str!("../../runtime/rust/format.rs")),
        ("http", include_str!("../../runtime/rust/http.rs")),
        ("http/body", include_str!("../../runtime/rust/http/body.rs")),
        ("http/form", include_str!("../../runtime/rust/http/form.rs")),
        ("http/kind", include_str!("../../runtime/rust/http/kind.rs")),
        ("http/multipart", include_str!("../../runtime/rust/http/multipart.rs")),
        ("http/multipart/parts", include_str!("../../runtime/rust/http/multipart/parts.rs")),
        ("http/parameter", include_str!("../../runtime/rust/http/parameter.rs")),
        ("http/request", include_str!("../../runtime/rust/http/request.rs")),
        ("http/security", include_str!("../../runtime/rust/http/security.rs")),
        ("http/template", include_str!("../../runtime/rust/http/template.rs")),
        ("http/text", include_str!("../../runtime/rust/http/text.rs")),
        ("json", include_str!("../../runtime/rust/json.rs")),
        ("json_schema", include_str!("../../runtime/rust/json_schema.rs")),
        ("mod", include_str!("../../runtime/rust/mod.rs")),
        ("number", include_str!("../../runtime/rust/number.rs")),
        ("pattern", include_str!("../../runtime/rust/pattern.rs")),
        ("reader", include_str!("../../runtime/rust/reader.rs")),
        ("reader/members", include_str!("../../runtime/rust/reader/members.rs")),
        ("reqwest", include_str!("../../runtime/rust/reqwest.rs")),
        ("report", include_str!("../../runtime/rust/report.rs")),
        ("rule", include_str!("../../runtime/rust/rule.rs")),
        ("scanner", include_str!("../../runtime/rust/scanner.rs")),
        ("schema", include_str!("../../runtime/rust/schema.rs")),
        ("schema/deep", include_str!("../../runtime/rust/schema/deep.rs")),
        ("schema/foreign", include_str!("../../runtime/rust/schema/foreign.rs")),
        ("schema/objects", include_str!("../../runtime/rust/schema/objects.rs")),
        ("schema/values", include_str!("../../runtime/rust/schema/values.rs")),
        ("tape", include_str!("../../runtime/rust/tape.rs")),
        ("tape/accept", include_str!("../../runtime/rust/tape/accept.rs")),
        ("tape/parser", include_str!("../../runtime/rust/tape/parser.rs")),
    ];
    FILES.iter().map(|(name, text)| verbatim(&format!("runtime/{name}"), text)).collect()
}

fn verbatim(name: &str, text: &str) -> OutputFile {
    let origin = format!("@generated by contractc {}, word for word from its runtime", env!("CARGO_PKG_VERSION"));
    OutputFile { path: format!("{name}.rs"), text: format!("// {origin}\n{text}") }
}

/// `mod.rs` or `lib.rs`: the modules, and entry points for schemas by name.
fn root(plan: &Plan<'_>, names: &Names, shared: Option<&TokenStream>) -> Source {
    let about = format!(" {} {}: types, validators, client and server routes.", one_line(&plan.contract.title), plan.contract.version);
    let has_operations = !plan.contract.operations.is_empty();
    let (has_collections, has_types) = (!plan.contract.collections.is_empty(), !plan.shapes.declarations.is_empty());
    let when = |wanted: bool, code: TokenStream| wanted.then_some(code);
    let module = |wanted: bool, name: &str| {
        let name = print::ident(name);
        wanted.then(|| quote!(pub mod #name;))
    };
    // A contract may use names in any script.
    let scripts = when(plan.options.standalone, quote!(#![allow(mixed_script_confusables, uncommon_codepoints)]));
    let collection = match shared {
        Some(path) => when(has_collections, quote!(pub use #path::collection;)),
        None => module(has_collections, "collection"),
    };
    let (client, headers) = (module(has_operations, "client"), module(!plan.response_headers().is_empty(), "headers"));
    let json_schema = module(has_types, "json_schema").map(|code| quote!(#[cfg(feature = "schemars")] #code));
    let (operations, registry) = (module(has_operations, "operations"), module(has_collections, "registry"));
    let server = module(has_operations, "server").map(|code| quote!(#[cfg(feature = "axum")] #code));
    let contract = when(
        has_collections,
        quote!(
            pub use registry::{CONTRACT, SERVER_CONTRACT};
        ),
    );
    let types = when(
        has_types,
        quote!(
            pub use types::*;
        ),
    );
    let head = quote! {
        #![doc = #about]
        // A union is as large as its largest variant. Boxing some variants would make every use of them harder.
        #![allow(clippy::large_enum_variant)]
        #scripts
        #client #collection #headers #json_schema #operations #registry
        pub mod runtime;
        #server
        pub mod types;
        pub mod validators;
        #contract
        pub use runtime::report::{Report, Violation};
        pub use runtime::schema::Schema;
        #types
    };
    let schemas = texts(plan.contract.names.iter().map(|(name, _)| name));
    let rule = rule(plan, names);
    let items = quote! {
        /// The names of all schemas of the contract.
        pub const SCHEMAS: &[&str] = &#schemas;
        #rule
        /// Validates JSON text against the schema that the contract calls `schema`.
        ///
        /// # Errors
        /// All violations, each with its JSON pointer and keyword; `syntax` if the text is not JSON; `schema` if there is no such schema.
        pub fn validate(schema: &str, json: &[u8]) -> Result<(), Report> {
            let missing = || Report::new("schema", format!("cannot be validated: unknown schema {schema:?}"));
            runtime::schema::validate_text(json, rule(schema).ok_or_else(missing)?)
        }
    };
    Source::Printed { head: String::new(), items: vec![print(head), print(items)] }
}

/// A text without line breaks.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The function that finds a rule by the name of its schema.
fn rule(plan: &Plan<'_>, names: &Names) -> TokenStream {
    let about = print::docs("What the schema accepts that the contract calls `schema`.");
    let known = plan.contract.names.iter().filter_map(|(name, id)| Some((name, plan.shapes.of(plan.contract, *id)?)));
    let arms: Vec<TokenStream> = known
        .map(|(name, declaration)| {
            let (name, rule) = (text(name), ident(names.rule(declaration)));
            quote!(#name => &validators::#rule,)
        })
        .collect();
    if arms.is_empty() {
        return quote!(#about pub fn rule(_: &str) -> Option<&'static runtime::rule::Rule> { None });
    }
    quote! {
        #about
        pub fn rule(schema: &str) -> Option<&'static runtime::rule::Rule> {
            Some(match schema { #(#arms)* _ => return None, })
        }
    }
}

fn manifest(plan: &Plan<'_>) -> String {
    let others = foreign_crates(plan);
    format!(
        "# {}\n\
         [package]\n\
         name = \"contract\"\n\
         version = \"0.1.0\"\n\
         edition = \"2024\"\n\
         publish = false\n\n\
         [features]\n\
         # The server side: routes for axum.\n\
         axum = [\"dep:axum\"]\n\
         # The default transport of the client.\n\
         reqwest = [\"dep:reqwest\"]\n\
         # The JSON Schemas of the types.\n\
         schemars = [\"dep:schemars\"]\n\n\
         [dependencies]\n\
         axum = {{ version = \"0.8\", default-features = false, optional = true }}\n\
         http = \"1\"\n\
         regress = \"0.11\"\n\
         reqwest = {{ version = \"0.13\", optional = true }}\n\
         schemars = {{ version = \"1\", optional = true }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\
         serde_json = \"1\"\n\
         {others}\n\
         [workspace]\n",
        plan.origin()
    )
}

/// The crates that only some contracts need: `uuid` for collections, and the crates of `x-rust-type`.
fn foreign_crates(plan: &Plan<'_>) -> String {
    const KNOWN: [&str; 9] = ["alloc", "axum", "core", "http", "regress", "reqwest", "schemars", "serde", "std"];
    let mut crates: BTreeMap<&str, (&str, BTreeSet<&str>)> = BTreeMap::new();
    if !plan.contract.collections.is_empty() {
        crates.insert("uuid", ("1", BTreeSet::from(["v5"])));
    }
    for foreign in plan.contract.schemas.iter().filter_map(|schema| schema.rust_type.as_ref()) {
        let (_, features) = crates.entry(&foreign.krate).or_insert((&foreign.version, BTreeSet::new()));
        features.extend(foreign.features.iter().map(String::as_str));
    }
    let line = |(name, (version, features)): (&str, (&str, BTreeSet<&str>))| {
        let features: Vec<&str> = features.into_iter().collect();
        let defaults = if name == "uuid" { "default-features = false, " } else { "" };
        format!("{name} = {{ version = {version:?}, {defaults}features = {features:?} }}\n")
    };
    crates.into_iter().filter(|(name, _)| !KNOWN.contains(name) && *name != "serde_json").map(line).collect()
}

/// A description as doc comments, for code that is given as text.
fn docs(text: &str) -> String {
    print(print::docs(text))
}
