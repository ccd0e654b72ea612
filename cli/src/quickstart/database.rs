//! A private Postgres server for the tour. It runs the programs of the installed Postgres on a temporary folder, with a socket in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use stronglog_sync::advice::with_advice;

use crate::exit::{Failure, Outcome};
use crate::terminal::remark;

/// The role whose database is used.
const ROLE: &str = "stronglog";

/// A running Postgres server. Dropping it stops the server and removes its data.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    /// The user that runs it, if it is not the current user: Postgres refuses to run as root.
    owner: Option<(u32, u32)>,
}

impl Postgres {
    /// Creates a cluster and starts it.
    ///
    /// # Errors
    /// Returns an error if Postgres is not installed, or does not start.
    pub fn start() -> Outcome<Self> {
        let made = tempfile::Builder::new().prefix("stronglog-postgres-").tempdir();
        let folder = made.map_err(|error| Failure::new(format!("cannot create a temporary directory: {}", with_advice(&error))))?;
        let owner = owner(folder.path())?;
        let postgres = Postgres { folder, programs: programs()?, owner };
        let data = postgres.path("data");
        postgres.run("initdb", &["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", ROLE, "--pgdata", &data])?;
        let options = format!("-k '{}' -c listen_addresses=", postgres.folder.path().display());
        postgres.run("pg_ctl", &["--pgdata", &data, "--log", &postgres.path("log"), "--options", &options, "--wait", "start"])?;
        Ok(postgres)
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{ROLE}@{socket}/postgres")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, program: &str, words: &[&str]) -> Outcome<()> {
        let mut command = Command::new(self.programs.join(program));
        command.args(words).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        if let Some((user, group)) = self.owner {
            std::os::unix::process::CommandExt::uid(&mut command, user);
            std::os::unix::process::CommandExt::gid(&mut command, group);
        }
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                Err(Failure::new(format!("cannot start Postgres: {program} ended with {status}; name a database with --postgres=URL")))
            }
            Err(error) => Err(Failure::new(format!("cannot start Postgres: {program}: {error}; name a database with --postgres=URL"))),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.run("pg_ctl", &["--pgdata", &self.path("data"), "--mode", "fast", "--wait", "stop"]).is_err() {
            remark!("cannot stop the Postgres server in {}", self.folder.path().display());
        }
    }
}

/// The folder of the Postgres programs: `PG_BIN`, a folder in `PATH`, or Debian's folder of the newest version.
fn programs() -> Outcome<PathBuf> {
    if let Some(folder) = std::env::var_os("PG_BIN") {
        return Ok(folder.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let mut newest: Vec<PathBuf> = debian.collect();
    newest.sort();
    let mut folders = std::env::split_paths(&path).chain(newest.into_iter().rev());
    folders.find(|folder| folder.join("initdb").is_file()).ok_or_else(|| {
        Failure::new("cannot find Postgres: install it, set PG_BIN to the folder of its programs, or name a database with --postgres=URL")
    })
}

/// Gives the folder to the user who runs Postgres, if this is run by root.
#[cfg(unix)]
fn owner(folder: &Path) -> Outcome<Option<(u32, u32)>> {
    use std::os::unix::fs::{MetadataExt, chown};
    let cannot = |error: std::io::Error| Failure::new(format!("cannot use {}: {}", folder.display(), with_advice(&error)));
    if folder.metadata().map_err(cannot)?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = users.lines().find_map(|line| {
        let mut members = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((members.next()?.parse().ok()?, members.next()?.parse().ok()?))
    });
    let (user, group) = ids.ok_or_else(|| {
        Failure::new("cannot start Postgres as root, and there is no user `postgres`: run this as another user, or give --postgres=URL")
    })?;
    chown(folder, Some(user), Some(group)).map_err(cannot)?;
    Ok(Some((user, group)))
}

#[cfg(not(unix))]
fn owner(_: &Path) -> Outcome<Option<(u32, u32)>> {
    Err(Failure::new("cannot start Postgres on this system: name a database with --postgres=URL"))
}
