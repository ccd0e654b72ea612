//! The signing secrets: their sources and their strength.

use std::io::ErrorKind;
use std::path::Path;

use stronglog_sync::advice::with_advice;

use crate::config::{Config, Secret};
use crate::error::ServeError;
pub use crate::key_files::check_private;
use crate::store::StoreError;
use crate::store::sqlite::files::private;
use crate::store::sqlite::made::Made;

/// The file in the data folder with the secret of the development mode.
const KEPT: &str = "stronglog.secret";

/// The secrets of a server. The first one signs. Tokens signed with any of them are valid.
///
/// # Errors
/// Returns an error if there is no secret, a secret is weak, or a file cannot be used.
pub fn secrets(config: &Config) -> Result<Vec<Secret>, ServeError> {
    let given = match (&config.signing_secret, &config.signing_secret_file) {
        (Some(_), Some(_)) => return Err(ServeError::Settings("--signing-secret and --signing-secret-file are both given; leave one out")),
        (Some(secret), None) => vec![secret.clone()],
        (None, Some(path)) => read(path)?,
        (None, None) if config.dev => vec![kept(&config.data)?],
        (None, None) => return Err(ServeError::NoSecret),
    };
    let in_file = given.len();
    let all: Vec<Secret> = given.into_iter().chain(config.previous_signing_secret.clone()).collect();
    let weak = (1..).zip(&all).find_map(|(number, secret)| Some((number, secret.weakness()?)));
    match (weak, &config.signing_secret_file) {
        (Some((number, weakness)), Some(path)) if !config.dev && number <= in_file => {
            let message = format!("secret {number} in it is weak: {weakness}; create another one with `openssl rand -base64 48`");
            Err(ServeError::SecretFile { path: path.clone(), cause: std::io::Error::other(message) })
        }
        (Some((_, weakness)), _) if !config.dev => Err(ServeError::WeakSecret(weakness)),
        _ => Ok(all),
    }
}

/// Returns whether the first start will generate the secret, because the server is for development and has none.
pub(crate) fn is_yet_to_be_made(config: &Config) -> bool {
    config.dev && config.signing_secret.is_none() && config.signing_secret_file.is_none() && !config.data.join(KEPT).exists()
}

/// Reads a file with a secret on each line: the one that signs, followed by the previous ones.
fn read(path: &Path) -> Result<Vec<Secret>, ServeError> {
    let failed = |cause: std::io::Error| ServeError::SecretFile { path: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    check_private(path).map_err(failed)?;
    // Some editors put a byte order mark before the text.
    let text = text.trim_start_matches('\u{feff}');
    let lines = || (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    if let Some((number, _)) = lines().find(|(_, line)| line.starts_with('#')) {
        let message = format!("line {number} is a comment, but each line is read as a secret; remove it");
        return Err(failed(std::io::Error::other(message)));
    }
    let secrets: Vec<Secret> = lines().map(|(_, line)| Secret::new(line)).collect();
    if secrets.is_empty() {
        Err(failed(std::io::Error::other("it is empty; write the output of `openssl rand -base64 48` to it")))
    } else {
        Ok(secrets)
    }
}

/// The secret stored in the data folder.
fn kept(folder: &Path) -> Result<Secret, ServeError> {
    let path = folder.join(KEPT);
    match std::fs::read_to_string(&path) {
        Ok(text) if Secret::new(text.trim()).weakness().is_none() => Ok(Secret::new(text.trim())),
        Ok(_) => Err(ServeError::WeakSecret("the file stronglog.secret in the data folder holds it and must be removed")),
        Err(error) => Err(failed(&path, &error).into()),
    }
}

/// Creates the secret of the development mode in the data folder, unless another server has just done so. Returns what was created.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub(crate) fn make_secret(folder: &Path) -> Result<Made, StoreError> {
    let (path, mut made) = (folder.join(KEPT), Made::folder(folder)?);
    let secret: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = match made.note(&path, || private().create_new(true).write(true).open(&path)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(made),
        created => created.map_err(|error| failed(&path, &error))?,
    };
    std::io::Write::write_all(&mut file, secret.as_bytes()).map_err(|error| failed(&path, &error))?;
    Ok(made)
}

fn failed(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::new(format!("cannot use {}: {}", path.display(), with_advice(error)))
}
