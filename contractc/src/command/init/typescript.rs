//! A project in TypeScript: an app for the browser.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::source::{around, canonical, is_address, is_checkout, relative};
use super::{Project, Template, filled, fixed};
use crate::disk::Disk;
use crate::emit::{OutputFile, Target};

/// Names that npm or a package of the project already uses.
const RESERVED: [&str; 8] = ["contractc", "dexie", "node_modules", "stronglog-sync", "typescript", "vite", "vitest", "zod"];

/// What `--from` names.
const SOURCES: &str = "a checkout in which `cargo xtask web` has run, or a folder with the packages from `npm pack`";

/// The values that the templates show.
#[derive(Serialize)]
struct View<'a> {
    name: &'a str,
    title: &'a str,
    sync: String,
    contractc: String,
    install_server: Option<String>,
    generate: &'a str,
}

/// Where the project gets its packages from.
enum Source {
    /// A checkout of StrongLog Sync in which they have been built.
    Checkout(PathBuf),
    /// A folder with the files that `npm pack` has created.
    Packed(PathBuf),
}

impl Source {
    /// The kind of source that a folder is.
    fn at(disk: &dyn Disk, folder: &Path) -> Option<Self> {
        let has = |file: &str| disk.canonicalize(&folder.join(file)).is_ok();
        if has(&packed("stronglog-sync")) && has(&packed("contractc")) {
            return Some(Source::Packed(folder.to_owned()));
        }
        let is_built = || has("web/dist/index.js") && has("contractc/npm/dist/contractc.js");
        (is_checkout(disk, folder) && is_built()).then(|| Source::Checkout(folder.to_owned()))
    }
}

/// The file that `npm pack` creates for a package.
fn packed(package: &str) -> String {
    format!("{package}-{}.tgz", env!("CARGO_PKG_VERSION"))
}

pub(super) struct App {
    source: Source,
}

impl App {
    /// # Errors
    /// Returns a message for the user.
    pub(super) fn new(disk: &dyn Disk, from: Option<&str>) -> Result<Self, String> {
        let source = match from {
            Some(address) if is_address(address) => {
                return Err(format!("npm cannot install the packages of StrongLog Sync from {address}: give {SOURCES}"));
            }
            Some(folder) => Source::at(disk, &canonical(disk, folder)?)
                .ok_or_else(|| format!("{folder} has no packages of StrongLog Sync: give {SOURCES}"))?,
            None => around(disk, |disk, folder| Source::at(disk, folder).is_some())?
                .and_then(|folder| Source::at(disk, &folder))
                .ok_or_else(|| format!("cannot find the packages of StrongLog Sync: give {SOURCES} with --from"))?,
        };
        Ok(App { source })
    }

    /// The dependency on one of the packages, in the manifest of a project in `folder`.
    fn dependency(&self, package: &str, at: &str, folder: &Path) -> String {
        let file = match &self.source {
            Source::Checkout(checkout) => checkout.join(at),
            Source::Packed(packages) => packages.join(packed(package)),
        };
        format!("file:{}", relative(folder, &file))
    }
}

impl Template for App {
    fn is_reserved(&self, name: &str) -> bool {
        RESERVED.contains(&name)
    }

    fn written(&self, project: &Project<'_>) -> Vec<OutputFile> {
        let checkout = match &self.source {
            Source::Checkout(checkout) => Some(checkout),
            Source::Packed(_) => None,
        };
        let view = View {
            name: project.name,
            title: &project.title,
            sync: self.dependency("stronglog-sync", "web", project.folder),
            contractc: self.dependency("contractc", "contractc/npm", project.folder),
            install_server: checkout.map(|checkout| format!("cargo install --path {}", relative(project.folder, &checkout.join("cli")))),
            generate: &project.generate,
        };
        let mut files = vec![
            filled("package.json", include_str!("../../../templates/init/typescript/package.json.hbs"), &view),
            filled("index.html", include_str!("../../../templates/init/typescript/index.html.hbs"), &view),
            filled("src/sync.ts", include_str!("../../../templates/init/typescript/sync.ts.hbs"), &view),
            fixed("src/main.ts", include_str!("../../../templates/init/typescript/main.ts")),
            fixed("tests/contract.test.ts", include_str!("../../../templates/init/typescript/contract.test.ts")),
            fixed("tsconfig.json", include_str!("../../../templates/init/typescript/tsconfig.json")),
            fixed("vite.config.ts", include_str!("../../../templates/init/typescript/vite.config.ts")),
            filled("README.md", include_str!("../../../templates/init/typescript/README.md.hbs"), &view),
            fixed(".gitignore", "/node_modules\n/dist\n/stronglog-data\n"),
        ];
        if checkout.is_some() {
            // As if they came from the registry: a link to the checkout would bring the packages of its tests.
            files.push(fixed(".npmrc", "install-links=true\n"));
        }
        files
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::TypeScript, Target::Contract]
    }

    fn runtime(&self) -> Option<&'static str> {
        None
    }

    fn next(&self) -> &'static [&'static str] {
        &["npm install", "npm run dev"]
    }
}
