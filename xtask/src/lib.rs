//! The code that the maintenance commands share with `xtask-contract`, which links the contract's compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The root of the repository.
pub fn root() -> PathBuf {
    // Cargo sets the variable at run time, so this is the path of the current checkout.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let top = package.ancestors().find(|folder| folder.join("spec/openapi.yaml").exists());
    top.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Runs a command to its end. If it fails, the error names the command.
pub fn run(command: &mut Command) -> Result {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command.status().map_err(|error| format!("cannot start {shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} ended with {status}").into()) }
}

/// A command as one would type it, without the variables that it does not get.
fn shown(command: &Command) -> String {
    let folder = command.get_current_dir().map(|folder| format!("cd {folder:?} && ")).unwrap_or_default();
    let set = command.get_envs().filter_map(|(name, value)| Some(format!("{}={:?} ", name.display(), value?)));
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(|word| format!("{word:?}"));
    format!("{folder}{}{}", set.collect::<String>(), words.collect::<Vec<_>>().join(" "))
}

/// A cargo command without the variables in which the outer cargo describes this program. Build scripts of dependencies read some of them,
/// and would run again, with everything that depends on them.
pub fn cargo_command() -> Command {
    let mut command = Command::new("cargo");
    let describes = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "OUT_DIR";
    let names = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(describes));
    names.for_each(|name| _ = command.env_remove(name));
    command
}

pub fn cargo(arguments: &[&str]) -> Result {
    run(cargo_command().args(arguments).current_dir(root()))
}

/// Runs both closures at the same time, because neither keeps all processors busy throughout. An error of the first crosses threads as
/// text.
pub fn side_by_side<A: Send, B>(first: impl FnOnce() -> Result<A> + Send, second: impl FnOnce() -> Result<B>) -> (Result<A>, Result<B>) {
    std::thread::scope(|scope| {
        let first = scope.spawn(|| first().map_err(|error| error.to_string()));
        let second = second();
        let first = first.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()));
        (first.map_err(Into::into), second)
    })
}

/// Installs the packages in `tests/typescript`, with which generated TypeScript is compiled and run, and returns the folder.
pub fn typescript() -> Result<PathBuf> {
    packages("tests/typescript", "zod")
}

/// Installs the Node packages of a folder if the one that npm writes last is missing, and returns the folder.
pub fn packages(folder: &str, last: &str) -> Result<PathBuf> {
    let folder = root().join(folder).canonicalize()?;
    if !folder.join("node_modules").join(last).exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    Ok(folder)
}
