//! The contract compiler: compiles one OpenAPI document to types, validators and clients in Rust and TypeScript, server routes, SQL views
//! and references.
//!
//! It implements JSON Schema and OpenAPI, and knows nothing about the domain of a contract. It uses no network, builds no crate and prints
//! nothing: its callers do that.
//!
//! ```
//! use contractc::{Compilation, emit::Target};
//!
//! let text = "openapi: 3.1.0\ninfo: {title: Demo, version: '1'}\ncomponents: {schemas: {Name: {type: string, maxLength: 5}}}";
//! let compilation = Compilation::from_text("demo.yaml", text.as_bytes());
//! let contract = compilation.contract.expect("no diagnostics");
//! let name = contract.named("Name").expect("a schema of that name");
//! assert!(contractc::interpret::validate(&contract, name, br#""Ada""#).is_ok());
//! let report = contractc::interpret::validate(&contract, name, br#""Augusta""#).unwrap_err();
//! assert_eq!(report.violations[0].keyword, "maxLength");
//! # let _ = Target::ALL;
//! ```
//!
//! In reading order: [`source`] and [`reader`] read a document into the [`model`] and report [`diagnostic`]s. [`shapes`] finds the types
//! that hold its values. [`emit`] prints them for each target, and [`output`] writes the files. [`interpret`] validates values with the
//! model alone, [`sample`] generates values, and [`diff`] compares two versions of a contract. [`command`] is the command line, natively
//! and as WebAssembly, and [`disk`] is its file access. The [`runtime`] is the part of generated Rust that does not depend on a contract.

#![deny(missing_docs, clippy::disallowed_methods)]

#[cfg(feature = "command")]
pub mod command;
pub mod diagnostic;
pub mod diff;
pub mod disk;
pub mod emit;
pub mod interpret;
pub mod model;
pub mod output;
pub mod reader;
mod regex;
pub mod render;
pub mod sample;
pub mod shapes;
pub mod source;
mod span;

#[path = "../runtime/rust/mod.rs"]
pub mod runtime;

use std::path::Path;

use diagnostic::Diagnostics;
use disk::{Disk, Native};
use emit::{GenerateOptions, OutputFile, Plan, Target};
use model::Contract;
use source::Sources;

/// The result of compiling a document.
#[non_exhaustive]
pub struct Compilation {
    /// The file name of the document, as it appears in generated files.
    pub name: String,
    /// The files that were read.
    pub sources: Sources,
    /// The diagnostics about these files.
    pub diagnostics: Diagnostics,
    /// The contract; `None` if the diagnostics contain errors.
    pub contract: Option<Contract>,
}

impl Compilation {
    /// Compiles a document and all files that it refers to.
    ///
    /// # Errors
    /// Returns the error of reading the file.
    pub fn from_file(path: &Path) -> std::io::Result<Self> {
        Compilation::from_file_on(&Native, path)
    }

    /// Compiles a document from another file system.
    ///
    /// # Errors
    /// Returns the error of reading the file.
    pub fn from_file_on(disk: &'static dyn Disk, path: &Path) -> std::io::Result<Self> {
        let (mut sources, mut diagnostics) = (Sources::on(disk), Diagnostics::default());
        let contract = reader::read(path, &mut sources, &mut diagnostics)?;
        Ok(Compilation::new(file_name(path), sources, diagnostics, contract))
    }

    /// Compiles a document from memory. Files that it refers to are resolved relative to `name`.
    pub fn from_text(name: &str, text: &[u8]) -> Self {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let root = sources.add(Path::new(name), text, &mut diagnostics);
        let contract = reader::read_loaded(root, &mut sources, &mut diagnostics);
        Compilation::new(file_name(Path::new(name)), sources, diagnostics, contract)
    }

    /// Compiles a document that a program has as a value. The locations of diagnostics are JSON pointers.
    ///
    /// ```
    /// # let text = r#"{"openapi": "3.0.3", "info": {"title": "Demo", "version": "1"}, "paths": {},
    /// #     "components": {"schemas": {"Name": {"type": "string", "maxLength": 5}}}}"#;
    /// let document: openapiv3::OpenAPI = serde_json::from_str(text)?;
    /// let compilation = contractc::Compilation::from_openapi(&document);
    /// let contract = compilation.contract.expect("no diagnostics");
    /// let name = contract.named("Name").expect("a schema of that name");
    /// assert!(contractc::interpret::validate(&contract, name, br#""Augusta""#).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[cfg(feature = "openapiv3")]
    pub fn from_openapi(document: &openapiv3::OpenAPI) -> Self {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let contract = match serde_json::to_vec(document) {
            Ok(text) => {
                let root = sources.add_held("openapi.json", &text, &mut diagnostics);
                reader::read_loaded(root, &mut sources, &mut diagnostics)
            }
            Err(error) => {
                diagnostics.error(source::Span::default(), format!("cannot write the document as JSON: {error}"));
                None
            }
        };
        Compilation::new("openapi.json".to_owned(), sources, diagnostics, contract)
    }

    fn new(name: String, sources: Sources, mut diagnostics: Diagnostics, contract: Option<Contract>) -> Self {
        contract.iter().for_each(|contract| shapes::warn(contract, &mut diagnostics));
        Compilation { name, sources, diagnostics, contract }
    }

    /// The diagnostics as text for a person: at most [`render::DIAGNOSTICS_MAX`] of them, and the number of the others.
    pub fn render(&self) -> String {
        self.render_up_to(render::DIAGNOSTICS_MAX)
    }

    /// At most `max` diagnostics as text for a person, and the number of the others.
    pub fn render_up_to(&self, max: usize) -> String {
        render::diagnostics(&self.diagnostics, &self.sources, max)
    }

    /// Generates the files of the given targets with the default options; `None` if the diagnostics contain errors.
    pub fn generate(&self, targets: &[Target]) -> Option<Vec<OutputFile>> {
        self.generate_with(targets, &GenerateOptions::default())
    }

    /// Generates the files of the given targets; `None` if the diagnostics contain errors.
    pub fn generate_with(&self, targets: &[Target], options: &GenerateOptions) -> Option<Vec<OutputFile>> {
        let mut plan = Plan::new(self.contract.as_ref()?, &self.name);
        plan.options = options.clone();
        Some(emit::in_parallel(targets, |target| target.emit(&plan)).concat())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
