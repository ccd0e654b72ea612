//! The contract compiler: one OpenAPI document in; types, validators and clients in Rust and TypeScript, server routes, a SQLite schema and
//! references out.
//!
//! It knows JSON Schema and OpenAPI, and nothing of what a contract is about. It runs no network, builds no crate and prints nothing: the
//! command in `main.rs` does that.
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
//! In reading order: a document is read by [`source`] and [`reader`] into the [`model`], with [`diagnostic`]s; [`shapes`] finds the types
//! that hold it; [`emit`] prints them for each target and [`output`] writes the files; [`interpret`] judges values by the model alone,
//! [`sample`] makes them, and [`diff`] compares two versions of a contract. The [`runtime`] is the part of generated Rust that does not
//! depend on a contract.

#![deny(missing_docs, clippy::disallowed_methods)]

pub mod diagnostic;
pub mod diff;
pub mod emit;
pub mod interpret;
pub mod model;
#[expect(clippy::disallowed_methods, reason = "writing what was generated is its job")]
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
use emit::{OutputFile, Plan, Target};
use model::Contract;
use source::Sources;

/// A document that was read, and what was found in it.
pub struct Compilation {
    /// The document's file name, as generated files name it.
    pub name: String,
    /// The files that were read.
    pub sources: Sources,
    /// What was found in them.
    pub diagnostics: Diagnostics,
    /// Nothing, if the diagnostics have errors.
    pub contract: Option<Contract>,
}

impl Compilation {
    /// Reads a document and all files it refers to.
    ///
    /// # Errors
    /// What the operating system says of the file.
    pub fn from_file(path: &Path) -> std::io::Result<Self> {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let contract = reader::read(path, &mut sources, &mut diagnostics)?;
        Ok(Compilation { name: file_name(path), sources, diagnostics, contract })
    }

    /// Reads a document from memory. Files it refers to are looked for beside `name`.
    pub fn from_text(name: &str, text: &[u8]) -> Self {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let root = sources.add(Path::new(name), text, &mut diagnostics);
        let contract = reader::read_loaded(root, &mut sources, &mut diagnostics);
        Compilation { name: file_name(Path::new(name)), sources, diagnostics, contract }
    }

    /// Reads a document that a program holds already. Findings name places by JSON pointer.
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
        Compilation { name: "openapi.json".to_owned(), sources, diagnostics, contract }
    }

    /// The findings as text for a person: at most [`render::FINDINGS_MAX`] of them, and how many others there are.
    pub fn findings(&self) -> String {
        self.findings_up_to(render::FINDINGS_MAX)
    }

    /// At most `max` findings as text for a person, and how many others there are.
    pub fn findings_up_to(&self, max: usize) -> String {
        render::findings(&self.diagnostics, &self.sources, max)
    }

    /// The files of the given targets; nothing, if the diagnostics have errors.
    pub fn generate(&self, targets: &[Target], standalone: bool) -> Option<Vec<OutputFile>> {
        let plan = Plan::new(self.contract.as_ref()?, &self.name, standalone);
        Some(emit::in_parallel(targets, |target| target.emit(&plan)).concat())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
