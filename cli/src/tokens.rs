//! Stores tokens in a file that only its owner can read.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stronglog_sync::transport::{TokenError, TokenStore, Tokens};
use tempfile::NamedTempFile;

use crate::terminal::remark;

/// The permissions of users other than the owner of a file.
#[cfg(unix)]
const OF_OTHERS: u32 = 0o077;

/// The tokens for a server, in a file. Tokens of another server are not sent to it, and its responses do not delete them.
#[derive(Clone, Debug)]
pub struct FileTokens {
    path: PathBuf,
    server: Option<String>,
    /// The server that issued the tokens in a file of an earlier version, which does not name it.
    before: Option<String>,
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct Issued {
    #[serde(flatten)]
    tokens: Tokens,
    /// The server that has issued them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

impl FileTokens {
    /// The tokens in a file that `server` has issued. `before` is the server of the last sign-in.
    pub fn new(path: impl Into<PathBuf>, server: Option<&str>, before: Option<&str>) -> Self {
        FileTokens { path: path.into(), server: server.map(normalized), before: before.map(normalized) }
    }

    /// The server that issued the tokens in the file, if it is a different one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn other_server(&self) -> Result<Option<String>, TokenError> {
        let issuer = self.read()?.and_then(|issued| issued.server.as_deref().map(normalized).or_else(|| self.before.clone()));
        Ok(issuer.filter(|issuer| Some(issuer) != self.server.as_ref()))
    }

    /// Makes the file readable by its owner alone, or says once that it is not. A copy of it may not be, and some file systems do not know
    /// permissions.
    #[cfg(unix)]
    fn tighten(&self) {
        use std::os::unix::fs::PermissionsExt;
        static SAID: std::sync::Once = std::sync::Once::new();
        let is_open = || fs::metadata(&self.path).is_ok_and(|file| !file.is_dir() && file.permissions().mode() & OF_OTHERS != 0);
        if !is_open() {
            return;
        }
        let changed = fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600));
        let path = self.path.display();
        SAID.call_once(|| match changed {
            Err(error) => remark!("other users may read or change {path}, and its permissions stay as they are: {error}"),
            Ok(()) if is_open() => remark!("other users may read or change {path}: its file system does not keep permissions"),
            Ok(()) => remark!(
                "{path} could be read or changed by other users, and is now yours alone; `stronglog login` ends the session that they may have"
            ),
        });
    }

    fn read(&self) -> Result<Option<Issued>, TokenError> {
        #[cfg(unix)]
        self.tighten();
        match fs::read(&self.path) {
            Ok(bytes) => {
                let damaged = |error| TokenError::new(format!("{}; `stronglog login` replaces the file", self.cannot("read")(error)));
                serde_json::from_slice(&bytes).map(Some).map_err(damaged)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                Err(TokenError::new(format!("{}; move the directory away, and use `stronglog login`", self.cannot("read")(error))))
            }
            Err(error) => Err(self.cannot("read")(error)),
        }
    }

    fn cannot<'a, E: std::error::Error + Send + Sync + 'static>(&'a self, what: &'a str) -> impl Fn(E) -> TokenError + 'a {
        move |error| TokenError::new(format!("cannot {what} the sign-in in {}: {error}", self.path.display())).with_source(error)
    }
}

impl TokenStore for FileTokens {
    fn load(&self) -> Result<Option<Tokens>, TokenError> {
        let is_own = self.other_server()?.is_none();
        Ok(self.read()?.filter(|_| is_own).map(|issued| issued.tokens))
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenError> {
        let Some(tokens) = tokens else {
            // A file that cannot be read belongs to nobody.
            if self.other_server().is_ok_and(|other| other.is_some()) {
                return Ok(());
            }
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(self.cannot("delete")(error)),
                _ => Ok(()),
            };
        };
        let issued = Issued { tokens: tokens.clone(), server: self.server.clone() };
        let text = serde_json::to_vec(&issued).map_err(self.cannot("write"))?;
        replace(&self.path, &text).map_err(self.cannot("save"))
    }

    fn check_writable(&self) -> Result<(), TokenError> {
        NamedTempFile::new_in(folder_of(&self.path)).map(drop).map_err(self.cannot("save"))
    }
}

/// The address of a server in one spelling. Its scheme and its host have no case.
fn normalized(server: &str) -> String {
    let text = server.trim();
    let url = reqwest::Url::parse(text);
    url.as_ref().map_or(text, |url| url.as_str()).trim_end_matches('/').to_owned()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Whether the content of the file is damaged.
pub fn is_damaged(content: &[u8]) -> bool {
    serde_json::from_slice::<Issued>(content).is_err()
}

/// Replaces a file with one that only its owner can read. After a crash, either the old or the new file exists.
pub fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = folder_of(path);
    // A temporary file has mode 0600 before its first byte is written.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(refresh_token: &str) -> Tokens {
        Tokens::new(uuid::Uuid::from_u128(7), "access", refresh_token)
    }

    #[test]
    fn the_last_tokens_are_kept_until_they_are_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FileTokens::new(folder.path().join("tokens.json"), Some("https://a.example"), None);
        assert_eq!(store.load(), Ok(None));
        for refresh_token in ["first", "second"] {
            store.save(Some(&tokens(refresh_token))).expect("the tokens are kept");
            assert_eq!(store.load(), Ok(Some(tokens(refresh_token))));
        }
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "no temporary file is left");
        store.save(None).expect("the tokens are forgotten");
        store.save(None).expect("there is nothing left to forget");
        assert_eq!(store.load(), Ok(None));
    }

    #[test]
    fn another_server_neither_gets_them_nor_ends_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        let of = |server| FileTokens::new(&path, Some(server), Some("https://a.example"));
        let (own, other) = (of("https://a.example/"), of("https://b.example"));
        own.save(Some(&tokens("first"))).expect("the tokens are kept");
        assert_eq!(other.load(), Ok(None));
        assert_eq!(other.other_server(), Ok(Some("https://a.example".to_owned())));
        other.save(None).expect("there is nothing of its own");
        assert_eq!((own.load(), own.other_server()), (Ok(Some(tokens("first"))), Ok(None)));
        assert_eq!(of(" HTTPS://A.Example:443//").load(), Ok(Some(tokens("first"))), "schemes and hosts have no case");
        assert_eq!(of("https://a.example/Log").load(), Ok(None), "paths have");
        fs::write(&path, serde_json::to_vec(&tokens("earlier")).expect("JSON")).expect("a file of an earlier version");
        assert_eq!((own.load(), other.load()), (Ok(Some(tokens("earlier"))), Ok(None)));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_them_whatever_stood_there_before() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        fs::write(&path, "open to all").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its mode");
        FileTokens::new(&path, None, None).save(Some(&tokens("first"))).expect("the tokens are kept");
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_becomes_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        let store = FileTokens::new(&path, None, None);
        store.save(Some(&tokens("first"))).expect("the tokens are kept");
        for mode in [0o666, 0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
            assert_eq!(store.load(), Ok(Some(tokens("first"))));
            assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600, "{mode:o}");
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_that_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        fs::write(&path, "{").expect("a file");
        let error = FileTokens::new(&path, None, None).load().expect_err("half an object is none");
        let said = error.to_string();
        assert!(said.contains("tokens.json") && said.contains("stronglog login"), "{said}");
    }
}
