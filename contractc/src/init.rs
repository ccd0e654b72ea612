//! `contractc init`: a new project with a contract of two collections, and a program that syncs them.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Component, Path, PathBuf};

use contractc::Compilation;
use contractc::emit::template::fill;
use contractc::emit::{OutputFile, Target};
use contractc::output::{self, Mode};
use serde::Serialize;

/// The command that the README of the project names for a change of the contract. `generated` does the same.
const GENERATE: &str =
    "contractc generate --spec spec/openapi.yaml --out generated --only rust,contract --records --runtime stronglog_sync::api";

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
struct View {
    name: String,
    title: String,
    namespace: String,
    sync: String,
    server: String,
    install_contractc: String,
    install_server: String,
    generate: &'static str,
}

/// Makes the project, and returns its files. `from` is the folder or the address of the repository that the project depends on.
///
/// # Errors
/// A message for the user.
pub fn init(folder: &Path, from: Option<&str>) -> Result<Vec<PathBuf>, String> {
    let name = name(folder)?;
    let cannot = |error: std::io::Error| format!("cannot make {}: {error}", folder.display());
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(format!("{} exists already: choose another name, or empty it first", folder.display()));
    }
    let source = Source::of(from)?;
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let folder = folder.canonicalize().map_err(cannot)?;
    let mut files = written(&view(&name, &source, &folder));
    files.extend(generated(&files[0])?);
    let changes = output::apply(&folder, &files, Mode::Write).map_err(|error| error.to_string())?;
    Ok(changes.into_iter().map(|change| change.path).collect())
}

/// The name of the project: that of its folder, if it can be the name of a package.
fn name(folder: &Path) -> Result<String, String> {
    let Some(Component::Normal(name)) = folder.components().next_back() else {
        return Err(format!("{} has no name: give the name of a new folder", folder.display()));
    };
    let name = name.to_string_lossy().into_owned();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_';
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(fits);
    if !is_name {
        return Err(format!("`{name}` cannot be the name of a package: use lower-case letters, digits, - and _, and begin with a letter"));
    }
    if RESERVED.contains(&name.replace('_', "-").as_str()) || contractc::emit::rust::is_keyword(&name) {
        return Err(format!("`{name}` cannot be the name of a package: it is reserved"));
    }
    Ok(name)
}

/// Where the project gets the engine and the server from.
enum Source {
    Folder(PathBuf),
    Repository(String),
}

impl Source {
    fn of(from: Option<&str>) -> Result<Self, String> {
        match from {
            Some(address) if address.contains("://") || address.starts_with("git@") => Ok(Source::Repository(address.to_owned())),
            Some(folder) if is_checkout(Path::new(folder)) => {
                Path::new(folder).canonicalize().map(Source::Folder).map_err(|error| format!("cannot use {folder}: {error}"))
            }
            Some(folder) => Err(format!("{folder} is not a checkout of StrongLog Sync: give the folder or the address of its repository")),
            None => {
                let here = std::env::current_dir().map_err(|error| format!("cannot find the current folder: {error}"))?;
                let found = here.ancestors().find(|folder| is_checkout(folder)).map(Path::to_owned);
                found.map(Source::Folder).ok_or_else(|| {
                    "cannot find a checkout of StrongLog Sync: give the folder or the address of its repository with --from".to_owned()
                })
            }
        }
    }

    /// The dependency on one of its packages, in the manifest of a project in `folder`.
    fn dependency(&self, package: &str, folder: &Path) -> String {
        match self {
            Source::Folder(checkout) => format!("path = {:?}", relative(folder, &checkout.join(package))),
            Source::Repository(address) => format!("git = {address:?}"),
        }
    }

    /// The command that installs one of its programs.
    fn install(&self, package: &str, at: &str, folder: &Path) -> String {
        match self {
            Source::Folder(checkout) => format!("cargo install --path {}", relative(folder, &checkout.join(at))),
            Source::Repository(address) => format!("cargo install --git {address} {package}"),
        }
    }
}

fn is_checkout(folder: &Path) -> bool {
    folder.join("src/stronglog.rs").is_file() && folder.join("server/Cargo.toml").is_file()
}

/// The path to `target`, from `folder` if the two are near. Both are absolute.
fn relative(folder: &Path, target: &Path) -> String {
    let shared = folder.components().zip(target.components()).take_while(|(left, right)| left == right).count();
    let up = folder.components().count() - shared;
    let path: PathBuf = match shared {
        // Only the root of the file system.
        0 | 1 => target.to_owned(),
        _ => std::iter::repeat_n(Component::ParentDir, up).chain(target.components().skip(shared)).collect(),
    };
    path.to_string_lossy().replace('\\', "/").trim_end_matches('/').to_owned()
}

fn view(name: &str, source: &Source, folder: &Path) -> View {
    let title = name.replace(['-', '_'], " ");
    let mut letters = title.chars();
    let title = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
    View {
        name: name.to_owned(),
        title,
        namespace: random_uuid(),
        sync: source.dependency("", folder),
        server: source.dependency("server", folder),
        install_contractc: source.install("contractc", "contractc", folder),
        install_server: source.install("stronglog-cli", "cli", folder),
        generate: GENERATE,
    }
}

/// A random UUID, of version 4.
fn random_uuid() -> String {
    // The operating system provides random keys for each state.
    let [high, low] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    let (high, low) = (high & !0xf000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff)
}

/// The files that people go on writing. The contract is the first.
fn written(view: &View) -> Vec<OutputFile> {
    let file = |path: &str, template: &str| OutputFile { path: path.to_owned(), text: fill(template, view) };
    vec![
        file("spec/openapi.yaml", include_str!("../templates/init/openapi.yaml.hbs")),
        file("Cargo.toml", include_str!("../templates/init/Cargo.toml.hbs")),
        file("src/main.rs", include_str!("../templates/init/main.rs.hbs")),
        file("README.md", include_str!("../templates/init/README.md.hbs")),
        file(".gitignore", "/target\n/stronglog-data\n"),
    ]
}

/// The files that the README's command generates from the contract.
fn generated(contract: &OutputFile) -> Result<Vec<OutputFile>, String> {
    let mut compilation = Compilation::from_text("openapi.yaml", contract.text.as_bytes());
    if let Some(contract) = &mut compilation.contract {
        contract.keep_records();
    }
    let files = compilation.generate_with(&[Target::Rust, Target::Contract], false, Some("stronglog_sync::api"));
    let mut files = files.ok_or_else(|| compilation.findings())?;
    files.iter_mut().for_each(|file| file.path = format!("generated/{}", file.path));
    Ok(files)
}
