//! A device's folder: its database, its tokens, and what it remembers of the server.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stronglog_sync::Client;
use stronglog_sync::client::ClientBuilder;
use stronglog_sync::transport::{TokenStore, Tokens};

use crate::args::Global;
use crate::exit::{Exit, Failure, Outcome};
use crate::tokens::{FileTokens, replace};

/// Where a device keeps everything.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
    /// The server that was asked for, in place of the remembered one.
    server: Option<String>,
    authority: Option<PathBuf>,
}

/// What a device remembers of its sign-in. No secret is among it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remembered {
    pub server: Option<String>,
    /// The file of the private authority that signs the server's certificate.
    pub authority: Option<PathBuf>,
    pub email: Option<String>,
}

impl Home {
    /// The folder that was asked for, or the platform's.
    ///
    /// # Errors
    /// The platform has none.
    pub fn of(global: &Global) -> Outcome<Self> {
        let folder = match &global.data {
            Some(folder) => folder.clone(),
            None => platform_folder()?,
        };
        Ok(Home { folder, server: global.server.clone(), authority: global.ca.clone() })
    }

    /// A device in this folder that syncs with this server.
    pub fn at(folder: impl Into<PathBuf>, server: &str) -> Self {
        Home { folder: folder.into(), server: Some(server.to_owned()), authority: None }
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

    /// Who is signed in.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tokens(&self) -> Outcome<Option<Tokens>> {
        self.token_store().load().map_err(Failure::new)
    }

    /// What the device remembers, with what was asked for in its place.
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

    /// Remembers the server of a sign-in for the commands that follow.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remember(&self, email: &str) -> Outcome<()> {
        let Remembered { server, authority, .. } = self.remembered()?;
        // A relative path would mean another file in another folder.
        let authority = authority.map(|path| fs::canonicalize(&path).unwrap_or(path));
        let remembered = Remembered { server, authority, email: Some(email.to_owned()) };
        let path = self.memory();
        let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot remember the server in {}: {error}", path.display()));
        let text = serde_json::to_vec_pretty(&remembered).map_err(|error| cannot(&error))?;
        replace(&path, &text).map_err(|error| cannot(&error))
    }

    /// Opens the device without a server: everything works, nothing is sent.
    ///
    /// # Errors
    /// The folder or the database cannot be made or read.
    pub async fn open_local(&self) -> Outcome<Client> {
        Ok(self.builder()?.open().await?)
    }

    /// Opens the device to talk to its server.
    ///
    /// # Errors
    /// No server is known, or its address is none; the database cannot be opened.
    pub async fn open(&self, notifications: Notifications) -> Outcome<Client> {
        let remembered = self.remembered()?;
        let server = remembered.server.ok_or_else(|| {
            Failure::Other(
                Exit::SignIn,
                "no server is known to this device; sign in with `stronglog login --server URL`, or set STRONGLOG_SERVER".to_owned(),
            )
        })?;
        let mut builder = self.builder()?.server(server).tokens(self.token_store()).notifications(notifications == Notifications::On);
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

/// Whether to hear of other devices' edits at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notifications {
    On,
    Off,
}

fn platform_folder() -> Outcome<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "stronglog");
    folders.map(|folders| folders.data_dir().to_owned()).ok_or_else(|| {
        Failure::usage("this platform names no folder for a program's data; say where with --data DIR, or set STRONGLOG_DATA")
    })
}

/// Makes a folder that only its owner can read, if there is none.
///
/// # Errors
/// It cannot be made.
pub fn make_private(folder: &Path) -> Outcome<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Failure::new(format!("cannot make the folder {}: {error}; choose another with --data DIR", folder.display())))
}
