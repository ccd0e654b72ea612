//! A profile directory: a device's database, its tokens, and the server and account of its last sign-in.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stronglog_sync::Client;
use stronglog_sync::client::ClientBuilder;
use stronglog_sync::transport::{TokenStore, Tokens};

use crate::args::Global;
use crate::exit::{Exit, Failure, Outcome};
use crate::progress;
use crate::tokens::{FileTokens, replace};

/// Names the profile directory. A server's folder is in `STRONGLOG_SERVER_DATA`.
const PROFILE_VARIABLE: &str = "STRONGLOG_DATA";

/// The profile directory of a device.
#[derive(Clone, Debug)]
pub struct Profile {
    folder: PathBuf,
    /// The server given on the command line. It takes precedence over the saved server.
    server: Option<String>,
    authority: Option<PathBuf>,
    /// Whether what is said while a command waits is JSON.
    json: bool,
}

/// The server and account of the last sign-in. It contains no secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remembered {
    pub server: Option<String>,
    /// The PEM file of the private authority that signed the server's certificate.
    pub authority: Option<PathBuf>,
    pub email: Option<String>,
}

impl Profile {
    /// The profile given on the command line or in the environment, or the platform's default.
    ///
    /// # Errors
    /// The platform has no default.
    pub fn of(global: &Global) -> Outcome<Self> {
        let given = || std::env::var_os(PROFILE_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder = match global.data.clone().or_else(given) {
            Some(folder) => folder,
            None => platform_folder()?,
        };
        Ok(Profile { folder, server: global.server.clone(), authority: global.ca.clone(), json: global.json })
    }

    /// Creates a profile for a directory and a server.
    pub fn at(folder: impl Into<PathBuf>, server: &str) -> Self {
        Profile { folder: folder.into(), server: Some(server.to_owned()), authority: None, json: false }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn database(&self) -> PathBuf {
        self.folder.join("device.db")
    }

    fn memory(&self) -> PathBuf {
        self.folder.join("device.json")
    }

    pub fn token_store(&self) -> FileTokens {
        FileTokens::new(self.folder.join("tokens.json"))
    }

    /// The tokens of the signed-in account, if there is one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tokens(&self) -> Outcome<Option<Tokens>> {
        self.token_store().load().map_err(|error| Failure::new(error.to_string()))
    }

    /// The saved server and account. Values from the command line take precedence.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn remembered(&self) -> Outcome<Remembered> {
        let path = self.memory();
        let cannot = |error: String| Failure::new(format!("cannot read {}: {error}; delete the file and sign in again", path.display()));
        let remembered: Remembered = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| cannot(error.to_string()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Remembered::default(),
            Err(error) => return Err(cannot(error.to_string())),
        };
        Ok(Remembered {
            server: self.server.clone().or(remembered.server),
            authority: self.authority.clone().or(remembered.authority),
            email: remembered.email,
        })
    }

    /// Saves the server and the account of a sign-in for later commands.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remember(&self, email: &str) -> Outcome<()> {
        let Remembered { server, authority, .. } = self.remembered()?;
        // A relative path would refer to another file when a later command runs in another directory.
        let authority = authority.map(|path| fs::canonicalize(&path).unwrap_or(path));
        let remembered = Remembered { server, authority, email: Some(email.to_owned()) };
        let path = self.memory();
        let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot save the sign-in in {}: {error}", path.display()));
        let text = serde_json::to_vec_pretty(&remembered).map_err(|error| cannot(&error))?;
        replace(&path, &text).map_err(|error| cannot(&error))
    }

    /// Checks that a sign-in can be saved here, before an account is created on the server.
    ///
    /// # Errors
    /// No file can be created in the profile directory.
    pub fn check_writable(&self) -> Outcome<()> {
        let cannot = |error| {
            let folder = self.folder.display();
            Failure::new(format!(
                "cannot write to the profile directory {folder}: {error}; make it writable, or choose another with --data DIR"
            ))
        };
        tempfile::NamedTempFile::new_in(&self.folder).map(drop).map_err(cannot)
    }

    /// Opens the profile without a server: records can be read and written, and nothing is sent.
    ///
    /// # Errors
    /// The directory or the database cannot be created or read.
    pub async fn open_local(&self) -> Outcome<Client> {
        Ok(self.builder()?.open().await?)
    }

    /// Opens the profile with its server.
    ///
    /// # Errors
    /// No server is known, its address is invalid, or the database cannot be opened.
    pub async fn open(&self, background: Background) -> Outcome<Client> {
        let remembered = self.remembered()?;
        let server = remembered.server.ok_or_else(|| {
            let what = "cannot connect: no server is known; sign in with `stronglog login --server URL`, or set STRONGLOG_SERVER";
            Failure::Other(Exit::SignIn, what.to_owned())
        })?;
        let json = self.json;
        let mut builder = self
            .builder()?
            .on_slow_answer(progress::SLOW_ANSWER, {
                let server = server.clone();
                move |waited| progress::say_waiting(&server, waited, json)
            })
            .server(server)
            .tokens(self.token_store())
            .notifications(background == Background::SyncAndWatch)
            .paused(background == Background::Nothing);
        if let Some(path) = remembered.authority {
            let pem = fs::read(&path)
                .map_err(|error| Failure::new(format!("cannot read the certificate authority {}: {error}", path.display())))?;
            builder = builder.certificate_authority(pem);
        }
        Ok(builder.open().await?)
    }

    fn builder(&self) -> Outcome<ClientBuilder> {
        make_private(&self.folder)?;
        Ok(Client::builder().database(self.database()))
    }
}

/// What an open client does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Syncs, and receives change notifications.
    SyncAndWatch,
    Sync,
    /// Only answers calls, for commands that have nothing to do with the records.
    Nothing,
}

fn platform_folder() -> Outcome<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "stronglog");
    folders.map(|folders| folders.data_dir().to_owned()).ok_or_else(|| {
        Failure::usage("cannot find a profile directory: the platform names no folder for application data; give one with --data DIR, or set STRONGLOG_DATA")
    })
}

/// Creates a directory that only its owner can read, unless it exists.
///
/// # Errors
/// The directory cannot be created.
pub fn make_private(folder: &Path) -> Outcome<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Failure::new(format!("cannot create the directory {}: {error}; choose another with --data DIR", folder.display())))
}
