//! A profile directory: a device's database, its tokens, and the server and account of its last sign-in.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stronglog_sync::Client;
use stronglog_sync::advice::with_advice;
use stronglog_sync::client::ClientBuilder;
use stronglog_sync::transport::{TokenStore, Tokens};

use crate::args::Global;
use crate::exit::{Exit, Failure, Outcome};
use crate::progress;
use crate::terminal::{Format, remark};
use crate::tokens::{self, FileTokens, replace};

/// Names the profile directory. A server's folder is in `STRONGLOG_SERVER_DATA`.
const PROFILE_VARIABLE: &str = "STRONGLOG_DATA";

/// The files of a profile.
const DATABASE: &str = "device.db";
const MEMORY: &str = "device.json";
const TOKENS: &str = "tokens.json";

/// The profile directory of a device.
#[derive(Clone, Debug)]
pub struct Profile {
    folder: PathBuf,
    /// The server given on the command line. It takes precedence over the saved server.
    server: Option<String>,
    authority: Option<PathBuf>,
    /// Whether messages while a command waits are JSON.
    format: Format,
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
    /// Returns an error if the platform has no default.
    pub fn of(global: &Global) -> Outcome<Self> {
        let given = || std::env::var_os(PROFILE_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder = match global.data.clone().or_else(given) {
            Some(folder) => folder,
            None => platform_folder()?,
        };
        Ok(Profile { folder, server: global.server.clone(), authority: global.ca.clone(), format: global.format() })
    }

    /// Creates a profile for a directory and a server.
    pub fn at(folder: impl Into<PathBuf>, server: &str) -> Self {
        Profile { folder: folder.into(), server: Some(server.to_owned()), authority: None, format: Format::Text }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// Creates the file of a new database, readable only by its owner. The files next to it get the same mode. Reports if there was a
    /// database before.
    fn make_database(&self) {
        let path = self.database();
        if path.metadata().is_ok_and(|file| file.len() > 0) {
            return;
        }
        if [MEMORY, TOKENS].iter().any(|name| self.folder.join(name).exists()) {
            remark!(
                "{} was missing or empty and has been created again; edits that existed only there are lost unless you have a copy; `stronglog sync` \
                 fetches the account's records again",
                path.display()
            );
        }
        let mut options = fs::File::options();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // If this fails, opening the database fails too, and says why.
        _ = options.open(path);
    }

    fn memory(&self) -> PathBuf {
        self.folder.join(MEMORY)
    }

    /// The tokens for the server that the command uses. The server of a profile that cannot be read counts as unknown.
    fn token_store(&self) -> FileTokens {
        let saved = self.saved().unwrap_or_default().server;
        let server = self.server.clone().or_else(|| saved.clone());
        FileTokens::new(self.folder.join(TOKENS), server.as_deref(), saved.as_deref())
    }

    /// Checks that the command uses the server at which this device is signed in, if any.
    ///
    /// # Errors
    /// Returns an error if the device is signed in at another server, or the file cannot be read.
    pub fn check_server(&self) -> Outcome<()> {
        let other = self.token_store().other_server().map_err(|error| Failure::new(error.to_string()))?;
        let Some(own) = other else { return Ok(()) };
        let server = self.remembered()?.server.unwrap_or_default();
        let what = format!("cannot use {server}: this device is signed in at {own}; `stronglog login --server {server}` signs it in there");
        Err(Failure::Other(Exit::SignIn, what))
    }

    /// The tokens of the signed-in account, if there is one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn tokens(&self) -> Outcome<Option<Tokens>> {
        self.token_store().load().map_err(|error| Failure::new(error.to_string()))
    }

    /// The saved server and account. Values from the command line take precedence.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn remembered(&self) -> Outcome<Remembered> {
        let saved = self.saved()?;
        Ok(Remembered {
            server: self.server.clone().or(saved.server),
            authority: self.authority.clone().or(saved.authority),
            email: saved.email,
        })
    }

    fn saved(&self) -> Outcome<Remembered> {
        let path = self.memory();
        let cannot = |error: &dyn std::fmt::Display, act| Failure::new(format!("cannot read {}: {error}; {act}", path.display()));
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| cannot(&error, "`stronglog login` replaces the file")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Remembered::default()),
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                Err(cannot(&error, "move the directory away, and use `stronglog login`"))
            }
            Err(error) => Err(cannot(&error, "make it readable, or delete it and use `stronglog login`")),
        }
    }

    /// Deletes the saved data of an earlier sign-in if it is damaged, because a new sign-in replaces it.
    ///
    /// # Errors
    /// Returns an error if a file cannot be deleted.
    pub fn forget_damaged(&self) -> Outcome<()> {
        for name in [MEMORY, TOKENS] {
            let path = self.folder.join(name);
            let is_damaged = |content: Vec<u8>| match name {
                TOKENS => tokens::is_damaged(&content),
                _ => serde_json::from_slice::<Remembered>(&content).is_err(),
            };
            // If it cannot be read, the next step reports the error.
            if fs::read(&path).is_ok_and(is_damaged) {
                let cannot = |error| Failure::new(format!("cannot delete {}, which is damaged: {error}; delete it", path.display()));
                fs::remove_file(&path).map_err(cannot)?;
                remark!("{} was damaged; signing in replaces it", path.display());
            }
        }
        Ok(())
    }

    /// Saves the server and the account of a sign-in for later commands. Without an account, forgets the previous one. Returns the
    /// previously saved data.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn remember(&self, email: Option<&str>) -> Outcome<Remembered> {
        let before = self.saved()?;
        let Remembered { server, authority, .. } = self.remembered()?;
        // A relative path would refer to another file when a later command runs in another directory.
        let authority = authority.map(|path| fs::canonicalize(&path).unwrap_or(path));
        self.save(&Remembered { server, authority, email: email.map(str::to_owned) })?;
        Ok(before)
    }

    /// Saves the server and the account of a sign-in.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn save(&self, remembered: &Remembered) -> Outcome<()> {
        let path = self.memory();
        let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot save the sign-in in {}: {error}", path.display()));
        let text = serde_json::to_vec_pretty(remembered).map_err(|error| cannot(&error))?;
        replace(&path, &text).map_err(|error| cannot(&error))
    }

    /// Checks that a sign-in can be saved here, before an account is created on the server.
    ///
    /// # Errors
    /// Returns an error if no file can be created in the profile directory, or none with the bytes that the index of the database's log
    /// takes.
    pub fn check_writable(&self) -> Outcome<()> {
        const BYTES: usize = 32_768;
        let cannot = |error| {
            let folder = self.folder.display();
            Failure::new(format!(
                "cannot write to the profile directory {folder}: {error}; free some space or make it writable, or choose another with --data DIR"
            ))
        };
        let written = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut file| file.write_all(&vec![1; BYTES]));
        written.map_err(cannot)
    }

    /// Opens the profile without a server: records can be read and written, and nothing is sent.
    ///
    /// # Errors
    /// Returns an error if the directory or the database cannot be created or read.
    pub async fn open_local(&self) -> Outcome<Client> {
        Ok(self.builder()?.open().await?)
    }

    /// Opens the profile with its server.
    ///
    /// # Errors
    /// Returns an error if no server is known, its address is invalid, or the database cannot be opened.
    pub async fn open(&self, background: Background) -> Outcome<Client> {
        let client = self.connected(self.builder()?, background)?.open().await?;
        // A new database for a profile that is signed in belongs to the same account.
        if let (None, Some(tokens)) = (client.account().owner()?, self.tokens()?) {
            client.account().sign_in(tokens).await?;
        }
        Ok(client)
    }

    /// Connects a client with the profile's server.
    fn connected(&self, builder: ClientBuilder, background: Background) -> Outcome<ClientBuilder> {
        let remembered = self.remembered()?;
        let server = remembered.server.ok_or_else(|| {
            let what = "cannot connect: no server is known; sign in with `stronglog login --server URL`, or set STRONGLOG_SERVER";
            Failure::Other(Exit::SignIn, what.to_owned())
        })?;
        let format = self.format;
        let mut builder = builder
            .on_slow_answer(progress::SLOW_ANSWER, {
                let server = server.clone();
                move |waited| progress::say_waiting(&server, waited, format)
            })
            .server(server)
            .tokens(self.token_store())
            .notifications(background == Background::SyncAndWatch)
            .paused(background == Background::Nothing);
        if let Some(path) = remembered.authority {
            let pem = fs::read(&path).map_err(|error| {
                Failure::new(format!("cannot read the certificate authority {}: {}", path.display(), with_advice(&error)))
            })?;
            builder = builder.certificate_authority(pem);
        }
        Ok(builder)
    }

    /// Opens the profile with its server for a command that changes nothing on this device. If the directory is read-only, opens a copy,
    /// which does not sync.
    ///
    /// # Errors
    /// Returns an error if no server is known, its address is invalid, or the database cannot be opened.
    pub async fn open_to_ask(&self, background: Background) -> Outcome<ReadOnlyProfile> {
        let Err(unwritable) = self.check_writable() else {
            return Ok(ReadOnlyProfile { client: self.open(background).await?, copy: None });
        };
        let copy = self.copied().map_err(|_| unwritable)?;
        let builder = Client::builder().database(copy.path().join(DATABASE));
        Ok(ReadOnlyProfile { client: self.connected(builder, Background::Nothing)?.open().await?, copy: Some(copy) })
    }

    /// Opens the profile for a command that only reads. If the directory cannot be written, because the disk is full or mounted read-only,
    /// opens a copy.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub async fn open_to_read(&self) -> Outcome<ReadOnlyProfile> {
        match self.open_local().await {
            Err(failure) if matches!(&failure, Failure::Client(error) if error.is_storage()) && self.check_writable().is_err() => {
                let copy = self.copied().map_err(|_| failure)?;
                Ok(ReadOnlyProfile { client: Client::builder().database(copy.path().join(DATABASE)).open().await?, copy: Some(copy) })
            }
            opened => Ok(ReadOnlyProfile { client: opened?, copy: None }),
        }
    }

    /// A copy of the database. Its log may have edits that are not in the main file.
    fn copied(&self) -> std::io::Result<tempfile::TempDir> {
        let copy = tempfile::tempdir()?;
        for name in [DATABASE, "device.db-wal", "device.db.installation"] {
            match fs::copy(self.folder.join(name), copy.path().join(name)) {
                Err(error) if name != DATABASE && error.kind() == ErrorKind::NotFound => {}
                copied => _ = copied?,
            }
        }
        remark!("the profile directory {} is not writable; reading a copy of it", self.folder.display());
        Ok(copy)
    }

    /// Whether this is one of the profile's own files.
    pub fn has(&self, path: &Path) -> bool {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let is_here = parent.canonicalize().is_ok_and(|parent| Some(parent) == self.folder.canonicalize().ok());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        is_here && (name.starts_with(DATABASE) || [MEMORY, TOKENS].contains(&&*name))
    }

    /// The identity of the database's file, which shows whether it is replaced.
    #[cfg(unix)]
    pub fn database_file(&self) -> Option<FileId> {
        use std::os::unix::fs::MetadataExt;
        self.database().metadata().ok().map(|file| (file.dev(), file.ino()))
    }

    /// The identity of the database's file, which shows whether it is replaced. A file that is open cannot be replaced here.
    #[cfg(not(unix))]
    pub fn database_file(&self) -> Option<FileId> {
        None
    }

    fn builder(&self) -> Outcome<ClientBuilder> {
        make_private(&self.folder)?;
        self.make_database();
        Ok(Client::builder().database(self.database()))
    }
}

/// The device and the inode of a file.
pub type FileId = (u64, u64);

/// A profile that is open for reading.
pub struct ReadOnlyProfile {
    client: Client,
    /// The folder of the copy, which is deleted with this value.
    copy: Option<tempfile::TempDir>,
}

impl ReadOnlyProfile {
    /// Whether this is a copy, because the profile's directory is read-only.
    pub fn is_copy(&self) -> bool {
        self.copy.is_some()
    }
}

impl std::ops::Deref for ReadOnlyProfile {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The background work of an open client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Syncs, and receives change notifications.
    SyncAndWatch,
    Sync,
    /// Only answers calls, for commands that do not use the records.
    Nothing,
}

fn platform_folder() -> Outcome<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "stronglog");
    folders.map(|folders| folders.data_dir().to_owned()).ok_or_else(|| {
        Failure::usage(
            "cannot find a profile directory: the platform names no folder for application data; give one with --data DIR, or \
                        set STRONGLOG_DATA",
        )
    })
}

/// Creates a directory that only its owner can read, unless it exists.
///
/// # Errors
/// Returns an error if the directory cannot be created.
pub fn make_private(folder: &Path) -> Outcome<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Failure::new(format!("cannot create the directory {}: {error}; choose another with --data DIR", folder.display())))
}
