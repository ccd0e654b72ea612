//! A project in Rust: a program with a server and two devices.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::source::{around, canonical, is_address, is_checkout, relative};
use super::{Project, Template, filled, fixed};
use crate::disk::Disk;
use crate::emit::{OutputFile, Target, rust};

/// Names that cargo or the program uses for something else.
const RESERVED: [&str; 14] = [
    "alloc",
    "build",
    "contract",
    "core",
    "deps",
    "examples",
    "incremental",
    "proc-macro",
    "serde",
    "std",
    "stronglog-server",
    "stronglog-sync",
    "test",
    "tokio",
];

/// The values that the templates show.
#[derive(Serialize)]
struct View<'a> {
    name: &'a str,
    title: &'a str,
    sync: String,
    server: String,
    install_contractc: String,
    install_server: String,
    generate: &'a str,
}

/// Where the project gets the engine and the server from.
enum Source {
    Checkout(PathBuf),
    /// The URL of its repository.
    Repository(String),
}

pub(super) struct Program {
    source: Source,
}

impl Program {
    /// # Errors
    /// Returns a message for the user.
    pub(super) fn new(disk: &dyn Disk, from: Option<&str>) -> Result<Self, String> {
        let source = match from {
            Some(address) if is_address(address) => Source::Repository(address.to_owned()),
            Some(folder) => {
                let found = Some(canonical(disk, folder)?).filter(|folder| is_checkout(disk, folder));
                let none = || format!("{folder} is not a checkout of StrongLog Sync; give the folder or the URL of its repository");
                Source::Checkout(found.ok_or_else(none)?)
            }
            None => Source::Checkout(
                around(disk, is_checkout)?
                    .ok_or("cannot find a checkout of StrongLog Sync; give the folder or the URL of its repository with --from")?,
            ),
        };
        Ok(Program { source })
    }

    /// The dependency on one of the crates, in the manifest of a project in `folder`.
    fn dependency(&self, at: &str, folder: &Path) -> String {
        match &self.source {
            Source::Checkout(checkout) => format!("path = {:?}", relative(folder, &checkout.join(at))),
            Source::Repository(address) => format!("git = {address:?}"),
        }
    }

    /// The command that installs one of the programs.
    fn install(&self, package: &str, at: &str, folder: &Path) -> String {
        match &self.source {
            Source::Checkout(checkout) => format!("cargo install --path {}", relative(folder, &checkout.join(at))),
            Source::Repository(address) => format!("cargo install --git {address} {package}"),
        }
    }
}

impl Template for Program {
    fn is_reserved(&self, name: &str) -> bool {
        RESERVED.contains(&name.replace('_', "-").as_str()) || rust::is_keyword(name)
    }

    fn written(&self, project: &Project<'_>) -> Vec<OutputFile> {
        let view = View {
            name: project.name,
            title: &project.title,
            sync: self.dependency("", project.folder),
            server: self.dependency("server", project.folder),
            install_contractc: self.install("contractc", "contractc", project.folder),
            install_server: self.install("stronglog-cli", "cli", project.folder),
            generate: &project.generate,
        };
        vec![
            filled("Cargo.toml", include_str!("../../../templates/init/rust/Cargo.toml.hbs"), &view),
            filled("src/main.rs", include_str!("../../../templates/init/rust/main.rs.hbs"), &view),
            filled("README.md", include_str!("../../../templates/init/rust/README.md.hbs"), &view),
            fixed(".gitignore", "/target\n/stronglog-data\n"),
        ]
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Rust, Target::Contract]
    }

    fn runtime(&self) -> Option<&'static str> {
        Some("stronglog_sync::api")
    }

    fn next(&self) -> &'static [&'static str] {
        &["cargo run"]
    }
}
