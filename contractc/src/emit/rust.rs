//! The Rust target: types, validators, client, server routes and the collection registry, on top of the runtime.

mod checks;
mod client;
mod headers;
pub(super) mod names;
mod operations;
mod parameters;
mod registry;
mod scope;
mod server;
mod types;

use std::fmt::Write;

use super::{OutputFile, Plan, in_parallel, wrap};
pub use names::Names;
pub(super) use registry::references;

/// Emits all files of the Rust side, below `rust/`.
pub fn emit(plan: &Plan<'_>) -> Vec<OutputFile> {
    let names = Names::new(plan);
    let mut sources = vec![("types.rs", types::emit(plan, &names)), ("validators.rs", checks::emit(plan, &names))];
    let has_collections = !plan.contract.collections.is_empty();
    if !plan.contract.operations.is_empty() {
        sources.extend(operations::emit(plan, &names));
    }
    if has_collections {
        sources.push(("registry.rs", registry::emit(plan, &names).into()));
    }
    sources.push((if plan.standalone { "lib.rs" } else { "mod.rs" }, root(plan, &names).into()));
    let mut files = formatted(plan, sources);
    if has_collections {
        files.push(verbatim("collection", include_str!("../../runtime/rust/collection.rs")));
    }
    files.extend(runtime());
    if plan.standalone {
        files.iter_mut().for_each(|file| file.path = format!("rust/src/{}", file.path));
        files.push(OutputFile { path: "rust/Cargo.toml".to_owned(), text: manifest(plan) });
    } else {
        files.iter_mut().for_each(|file| file.path = format!("rust/{}", file.path));
    }
    files
}

/// The code of a file: its head and its items.
pub(super) struct Source {
    head: String,
    items: Vec<String>,
}

impl Source {
    /// The code in pieces of whole items. Formatting a large file as a single tree takes many times its size in memory.
    fn pieces(&self) -> Vec<String> {
        const LENGTH_MIN: usize = 64 * 1024;
        let mut pieces = vec![self.head.clone()];
        for item in &self.items {
            match pieces.last_mut().filter(|piece| piece.len() < LENGTH_MIN) {
                Some(piece) => piece.push_str(item),
                None => pieces.push(item.clone()),
            }
        }
        pieces
    }
}

impl From<String> for Source {
    fn from(code: String) -> Self {
        Source { head: code, items: Vec::new() }
    }
}

/// Formats files of Rust code, each with a first line that names its origin.
fn formatted(plan: &Plan<'_>, sources: Vec<(&str, Source)>) -> Vec<OutputFile> {
    let cut: Vec<(usize, String)> =
        sources.iter().enumerate().flat_map(|(file, (_, source))| source.pieces().into_iter().map(move |piece| (file, piece))).collect();
    let done = in_parallel(&cut, |(_, piece)| match format(piece) {
        Ok(formatted) => spaced(&entry_points_laid_out(&formatted)),
        // The piece is kept unformatted, so that the compiler error points to the fault. See the test that compiles all outputs.
        Err(error) => format!("compile_error!({:?});\n{piece}", format!("the generated code cannot be parsed: {error}")),
    });
    let text = |file: usize| {
        let pieces = cut.iter().zip(&done).filter(|((of, _), _)| *of == file).map(|(_, text)| text.as_str());
        format!("// {}\n{}", plan.origin(), pieces.collect::<Vec<_>>().join("\n"))
    };
    sources.iter().enumerate().map(|(file, (path, _))| OutputFile { path: (*path).to_owned(), text: text(file) }).collect()
}

fn format(code: &str) -> syn::Result<String> {
    syn::parse_file(code).map(|parsed| prettyplease::unparse(&parsed))
}

/// Formatted code with blank lines between items, which the formatter omits.
fn spaced(code: &str) -> String {
    let mut text = String::with_capacity(code.len() + code.len() / 16);
    let mut previous = "";
    for line in code.lines() {
        // Imports stay together, however long they are.
        let is_import = |line: &str| line.starts_with("use ") || line.starts_with("#[allow(unused_imports)]");
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let closes = previous.len() - previous.trim_start().len() == indent && previous.ends_with(['}', ';']);
        let word = |line: &str| line.trim_start().split([' ', '!', '(']).next().unwrap_or_default().to_owned();
        let begins_item = indent == 0 && !body.starts_with(['}', ')']) && (previous == "}" || word(previous) != word(line));
        let begins_method = indent == 4
            && (body.starts_with("fn ") || body.starts_with("pub fn ") || body.starts_with("///"))
            && !previous.trim_start().starts_with("///");
        let after_docs = (previous.starts_with("#![") && previous.ends_with(']'))
            || previous == ")]"
            || previous.starts_with("//!") && !body.starts_with("//!");
        let same_block = is_import(line) && (is_import(previous) || previous == "};");
        if !same_block && (closes && (begins_item || begins_method) && !(previous == "}" && is_macro_call(body))) || after_docs {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        previous = line;
    }
    text
}

/// Whether a line is a macro call that connects the type above it to its validator.
fn is_macro_call(body: &str) -> bool {
    ["record!(", "newtype!(", "texts!(", "schema!("].iter().any(|call| body.starts_with(call))
}

/// The code with the macro calls of the runtime laid out like function calls. The formatter breaks their tokens at arbitrary places.
fn entry_points_laid_out(code: &str) -> String {
    let mut text = String::with_capacity(code.len());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let mut call = line.to_owned();
        while is_macro_call(line) && !call.ends_with(");") {
            let Some(next) = lines.next().map(str::trim) else { break };
            let glued = call.ends_with('(') || next.starts_with(')');
            call.push_str(if glued { "" } else { " " });
            call.push_str(next);
        }
        text.push_str(&if is_macro_call(line) { macro_call_laid_out(&call) } else { call });
        text.push('\n');
    }
    text
}

/// `record!(Name, "name", super::validators::check_name);`, on one line or with an argument a line.
fn macro_call_laid_out(call: &str) -> String {
    let (before, after) = call.split_at(call.rfind('"').map_or(0, |quote| quote + 1));
    let after = after.replace(" < ", "<").replace(" >", ">");
    let parts = before.split_once('(').and_then(|(name, arguments)| Some((name, arguments.split_once(", ")?, after.strip_suffix(");")?)));
    match parts {
        Some((name, (ty, schema), after)) if before.len() + after.len() > 110 => {
            let rest: Vec<&str> = after.trim_start_matches(", ").splitn(2, ", ").collect();
            format!("{name}(\n    {ty},\n    {schema},\n    {}\n);", rest.join(",\n    "))
        }
        _ => format!("{before}{after}"),
    }
}

/// The files of the runtime, verbatim.
fn runtime() -> Vec<OutputFile> {
    const FILES: &[(&str, &str)] = &[
        ("axum", include_str!("../../runtime/rust/axum.rs")),
        ("check", include_str!("../../runtime/rust/check.rs")),
        ("format", include_str!("../../runtime/rust/format.rs")),
        ("http", include_str!("../../runtime/rust/http.rs")),
        ("http/parameter", include_str!("../../runtime/rust/http/parameter.rs")),
        ("http/request", include_str!("../../runtime/rust/http/request.rs")),
        ("http/template", include_str!("../../runtime/rust/http/template.rs")),
        ("http/text", include_str!("../../runtime/rust/http/text.rs")),
        ("json", include_str!("../../runtime/rust/json.rs")),
        ("mod", include_str!("../../runtime/rust/mod.rs")),
        ("number", include_str!("../../runtime/rust/number.rs")),
        ("pattern", include_str!("../../runtime/rust/pattern.rs")),
        ("reqwest", include_str!("../../runtime/rust/reqwest.rs")),
        ("report", include_str!("../../runtime/rust/report.rs")),
        ("scanner", include_str!("../../runtime/rust/scanner.rs")),
        ("schema", include_str!("../../runtime/rust/schema.rs")),
        ("schema/values", include_str!("../../runtime/rust/schema/values.rs")),
        ("tape", include_str!("../../runtime/rust/tape.rs")),
        ("tape/parser", include_str!("../../runtime/rust/tape/parser.rs")),
    ];
    FILES.iter().map(|(name, text)| verbatim(&format!("runtime/{name}"), text)).collect()
}

fn verbatim(name: &str, text: &str) -> OutputFile {
    let origin = format!("@generated by contractc {}, word for word from its runtime", env!("CARGO_PKG_VERSION"));
    OutputFile { path: format!("{name}.rs"), text: format!("// {origin}\n{text}") }
}

fn root(plan: &Plan<'_>, names: &Names) -> String {
    let mut code = String::new();
    let title = &plan.contract.title;
    let _ = writeln!(code, "//! {title} {}: types, validators, client and server routes.\n", plan.contract.version);
    // A union is as large as its largest variant. Boxing some variants would make every use of them harder.
    code.push_str("#![allow(clippy::large_enum_variant)]\n\n");
    if plan.standalone {
        // A contract may use names in any script.
        code.push_str("#![allow(mixed_script_confusables, uncommon_codepoints)]\n\n");
    }
    if !plan.contract.operations.is_empty() {
        code.push_str("pub mod client;\n");
    }
    if !plan.contract.collections.is_empty() {
        code.push_str("pub mod collection;\n");
    }
    if !plan.contract.operations.is_empty() {
        code.push_str("pub mod operations;\n");
    }
    if !plan.response_headers().is_empty() {
        code.insert_str(code.find("pub mod operations;").unwrap_or(code.len()), "pub mod headers;\n");
    }
    if !plan.contract.collections.is_empty() {
        code.push_str("pub mod registry;\n");
    }
    code.push_str("pub mod runtime;\n");
    if !plan.contract.operations.is_empty() {
        code.push_str("#[cfg(feature = \"axum\")]\npub mod server;\n");
    }
    code.push_str(
        "pub mod types;\npub mod validators;\n\npub use runtime::report::{Report, Violation};\npub use runtime::schema::Schema;\n",
    );
    if !plan.shapes.declarations.is_empty() {
        code.push_str("pub use types::*;\n");
    }
    code.push('\n');
    code.push_str("use runtime::json::Json;\nuse runtime::report::{At, Checker};\n\n");
    code.push_str("/// The names of all schemas of the contract.\npub const SCHEMAS: &[&str] = &[\n");
    for (name, _) in &plan.contract.names {
        let _ = writeln!(code, "{name:?},");
    }
    code.push_str("];\n\n/// The validator of the schema that the contract calls `schema`.\n");
    if plan.contract.names.is_empty() {
        code.push_str("pub fn validator(_: &str) -> Option<fn(Json<'_>, At<'_>, &mut Checker)> {\nNone\n}\n\n");
    } else {
        code.push_str(&validator(plan, names));
    }
    code.push_str(
        "/// Parses JSON text and judges it by the schema that the contract calls `schema`.\n\
         ///\n\
         /// # Errors\n\
         /// All violations, each with its JSON pointer and keyword; `syntax` if the text is not JSON; `schema` if there is no such schema.\n\
         pub fn validate(schema: &str, json: &[u8]) -> Result<(), Report> {\n\
         let check = validator(schema).ok_or_else(|| Report::new(\"schema\", format!(\"cannot be judged: the contract has no schema {schema:?}\")))?;\n\
         runtime::schema::validate_view(runtime::schema::parse(json)?.root(), check)\n}\n",
    );
    code
}

fn validator(plan: &Plan<'_>, names: &Names) -> String {
    let mut code = String::from("pub fn validator(schema: &str) -> Option<fn(Json<'_>, At<'_>, &mut Checker)> {\nSome(match schema {\n");
    for (name, id) in &plan.contract.names {
        if let Some(declaration) = plan.shapes.of(plan.contract, *id) {
            let _ = writeln!(code, "{name:?} => validators::{},", names.function(declaration));
        }
    }
    code.push_str("_ => return None,\n})\n}\n\n");
    code
}

fn manifest(plan: &Plan<'_>) -> String {
    let uuid = if plan.contract.collections.is_empty() {
        ""
    } else {
        "uuid = { version = \"1\", default-features = false, features = [\"v5\"] }\n"
    };
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
         reqwest = [\"dep:reqwest\"]\n\n\
         [dependencies]\n\
         axum = {{ version = \"0.8\", default-features = false, optional = true }}\n\
         http = \"1\"\n\
         regress = \"0.11\"\n\
         reqwest = {{ version = \"0.13\", optional = true }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\
         serde_json = \"1\"\n\
         {uuid}\n\
         [workspace]\n",
        plan.origin()
    )
}

/// The description as doc comments.
fn docs(text: &str, indent: &str) -> String {
    let mut code = String::new();
    let mut fenced = false;
    for line in wrap(text.trim(), 100) {
        // A carriage return or null character in a comment is not valid Rust.
        let mut line = line.replace('\t', "    ").replace(char::is_control, " ");
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            fenced = !fenced;
            // Examples in a contract are not Rust and must not run as tests.
            line = if fenced { "```text".to_owned() } else { "```".to_owned() };
        } else if !fenced && line.len() - trimmed.len() >= 4 {
            // The same applies to text that Markdown parses as code because of its indentation.
            line = format!("  {trimmed}");
        }
        let _ = writeln!(code, "{indent}///{}{}", if line.is_empty() { "" } else { " " }, line);
    }
    if fenced {
        let _ = writeln!(code, "{indent}/// ```");
    }
    code
}
