//! `contractc init`: a new project with a contract of two collections. In Rust it is a program that syncs them, in TypeScript an app.

mod rust;
mod source;
mod typescript;

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use clap::Args;

use crate::Compilation;
use crate::disk::Disk;
use crate::emit::template::fill;
use crate::emit::{GenerateOptions, OutputFile, Target};
use crate::output::{self, Mode};

#[derive(Args)]
pub(super) struct Init {
    /// Folder to create. Its name becomes the name of the package.
    #[arg(value_name = "FOLDER")]
    pub(super) folder: PathBuf,
    /// Create an app in TypeScript. By default, the project is a program in Rust.
    #[arg(long)]
    typescript: bool,
    /// Folder of a checkout of StrongLog Sync, URL of its repository, or, for TypeScript, folder with its packages from `npm pack`. By
    /// default, the nearest such folder around the current one.
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
}

/// A kind of project.
trait Template {
    /// Whether a package of this kind cannot have a name although its characters are valid.
    fn is_reserved(&self, name: &str) -> bool;

    /// The files that people edit, besides the contract.
    fn written(&self, project: &Project<'_>) -> Vec<OutputFile>;

    /// The targets to generate from the contract.
    fn targets(&self) -> &'static [Target];

    /// The module whose runtime the Rust code uses.
    fn runtime(&self) -> Option<&'static str>;

    /// The next commands to run, in the project's folder.
    fn next(&self) -> &'static [&'static str];
}

/// The values for the files of a project.
struct Project<'a> {
    name: &'a str,
    title: String,
    /// Its folder, as an absolute path.
    folder: &'a Path,
    /// The command that generates its code.
    generate: String,
}

/// The created project.
pub(super) struct Made {
    pub(super) files: Vec<PathBuf>,
    pub(super) next: &'static [&'static str],
}

/// Creates the project.
///
/// # Errors
/// Returns a message for the user.
pub(super) fn init(disk: &dyn Disk, random: [u64; 2], arguments: &Init) -> Result<Made, String> {
    let (folder, from) = (arguments.folder.as_path(), arguments.from.as_deref());
    let template: Box<dyn Template> =
        if arguments.typescript { Box::new(typescript::App::new(disk, from)?) } else { Box::new(rust::Program::new(disk, from)?) };
    let name = name(folder, &*template)?;
    let cannot = |error: std::io::Error| format!("cannot create {}: {error}", folder.display());
    match disk.list(folder) {
        Ok(entries) if entries.is_empty() => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Ok(_) => return Err(exists_already(folder)),
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Err(exists_already(folder)),
        Err(error) => return Err(cannot(error)),
    }
    disk.create_folder(folder).map_err(cannot)?;
    let folder = disk.canonicalize(folder).map_err(cannot)?;
    let project = Project { name: &name, title: title(&name), folder: &folder, generate: command(&*template) };
    let view = serde_json::json!({ "title": project.title, "namespace": uuid(random) });
    let contract = filled("spec/openapi.yaml", include_str!("../../templates/init/openapi.yaml.hbs"), &view);
    let mut files = generated(&contract, &*template)?;
    files.push(contract);
    files.extend(template.written(&project));
    let changes = output::apply_on(disk, &folder, &files, Mode::Write).map_err(|error| error.to_string())?;
    Ok(Made { files: changes.into_iter().map(|change| change.path).collect(), next: template.next() })
}

fn exists_already(folder: &Path) -> String {
    format!("{} already exists and is not empty; choose another name, or empty it first", folder.display())
}

/// The name of the project: the name of its folder, if it is a valid package name.
fn name(folder: &Path, template: &dyn Template) -> Result<String, String> {
    let Some(Component::Normal(name)) = folder.components().next_back() else {
        return Err(format!("{} has no name: give the name of a new folder", folder.display()));
    };
    let name = name.to_string_lossy().into_owned();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_';
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(fits);
    if !is_name {
        return Err(format!("`{name}` cannot be the name of a package: use lower-case letters, digits, - and _, and begin with a letter"));
    }
    if template.is_reserved(&name) {
        return Err(format!("`{name}` cannot be the name of a package: it is reserved"));
    }
    Ok(name)
}

/// The name as a title: `my-notes` as `My notes`.
fn title(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A random UUID (version 4).
fn uuid([high, low]: [u64; 2]) -> String {
    let (high, low) = (high & !0xf000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff)
}

/// A file of a template.
fn filled(path: &str, template: &str, view: &impl serde::Serialize) -> OutputFile {
    OutputFile { path: path.to_owned(), text: fill(template, view) }
}

/// A file with fixed text.
fn fixed(path: &str, text: &str) -> OutputFile {
    OutputFile { path: path.to_owned(), text: text.to_owned() }
}

/// The command that regenerates the same files after a change to the contract.
fn command(template: &dyn Template) -> String {
    let targets: Vec<_> = template.targets().iter().map(|target| target.name()).collect();
    let runtime = template.runtime().map(|path| format!(" --runtime {path}")).unwrap_or_default();
    format!("contractc generate --spec spec/openapi.yaml --out generated --only {} --records{runtime}", targets.join(","))
}

/// The files that [`command`] generates.
fn generated(contract: &OutputFile, template: &dyn Template) -> Result<Vec<OutputFile>, String> {
    let mut compilation = Compilation::from_text("openapi.yaml", contract.text.as_bytes());
    if let Some(contract) = &mut compilation.contract {
        contract.keep_records();
    }
    let options = template.runtime().map_or_else(GenerateOptions::default, |path| GenerateOptions::default().runtime(path));
    let files = compilation.generate_with(template.targets(), &options);
    let mut files = files.ok_or_else(|| compilation.render())?;
    files.iter_mut().for_each(|file| file.path = format!("generated/{}", file.path));
    Ok(files)
}
