//! A Postgres server for a single test: Debian's programs on a folder of the test, reached by a socket in it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The role and the database of the tests.
const ROLE: &str = "stronglog";

/// A running Postgres server, which is stopped when this is dropped.
pub struct Postgres {
    folder: TempDir,
    process: Child,
}

impl Postgres {
    /// Starts a server with an empty database. The first test makes the cluster, and the others copy it.
    pub fn start() -> Self {
        let folder = own_folder();
        run(as_owner("cp").arg("-r").args([&template(), &folder.path().join("data")]));
        let process = spawn(folder.path());
        let postgres = Postgres { folder, process };
        postgres.wait();
        postgres
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{ROLE}@{socket}/{ROLE}")
    }

    /// A program that runs the statements of its input as the superuser.
    pub fn session(&self) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-h", &self.folder.path().display().to_string(), "-U", "owner", "-d", ROLE, "-At"]);
        psql
    }

    /// Runs a statement as the superuser, and returns its result.
    pub fn sql(&self, statement: &str) -> String {
        let output = self.session().args(["-c", statement]).output().expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Stops the server as a crash would, and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.process = spawn(self.folder.path());
        self.wait();
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        let socket = self.folder.path().display().to_string();
        loop {
            let ready = Command::new(program("pg_isready")).args(["-q", "-h", &socket, "-d", ROLE, "-U", ROLE]).status();
            if ready.is_ok_and(|status| status.success()) {
                return;
            }
            assert!(Instant::now() < until, "{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops the processes of the server, as when its machine is paused: connections stay open, and nothing responds.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets the processes go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let own = self.process.id().to_string();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let all = Command::new("kill").args([signal, &own]).args(children.split_whitespace()).status();
        assert!(all.is_ok(), "kill is missing");
    }

    /// Ends all processes of the server at once.
    fn stop(&mut self) {
        // A test may have failed while they were stopped.
        self.thaw();
        let quit = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        if !quit.is_ok_and(|status| status.success()) {
            // It has ended already.
            let _ = self.process.kill();
        }
        self.process.wait().expect("it has ended");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The cluster that all tests copy: one role, which owns one database.
fn template() -> PathBuf {
    let version = program("initdb").ancestors().nth(2).and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let (user, _) = owner();
    let template = std::env::temp_dir().join(format!("stronglog-tests-{user}-postgres-{version}"));
    if template.metadata().is_ok_and(|known| known.uid() == user) {
        return template;
    }
    let folder = own_folder();
    let data = folder.path().join("data");
    let initdb = ["--no-sync", "--auth=trust", "--username=owner", "--encoding=UTF8", "--locale=C", "--pgdata"];
    run(as_owner(program("initdb")).args(initdb).arg(&data).stdout(Stdio::null()));
    let mut single = as_owner(program("postgres")).args(["--single", "-D"]).arg(&data).arg("postgres").stdin(Stdio::piped()).spawn();
    let started = single.as_mut().expect("postgres runs");
    let statements = format!("CREATE ROLE {ROLE} LOGIN\nCREATE DATABASE {ROLE} OWNER {ROLE}\n");
    started.stdin.take().expect("its input").write_all(statements.as_bytes()).expect("written");
    assert!(started.wait().expect("it ends").success(), "the role and the database could not be made");
    // Another test may have been faster.
    let _ = fs::rename(&data, &template);
    template
}

/// Starts a server on the cluster in a folder. What it writes survives the end of its processes, and none of that has to be on the disk.
fn spawn(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).expect("the log");
    let settings = ["fsync=off", "listen_addresses=", "max_connections=100", "shared_buffers=32MB", "log_min_messages=warning"];
    let mut postgres = as_owner(program("postgres"));
    postgres.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    settings.iter().for_each(|setting| _ = postgres.args(["-c", setting]));
    postgres.stdout(log.try_clone().expect("the log")).stderr(log).spawn().expect("postgres runs")
}

/// A temporary folder that belongs to the user who runs Postgres.
fn own_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a temporary folder");
    let (user, group) = owner();
    chown(folder.path(), Some(user), Some(group)).expect("a folder of that user");
    folder
}

/// A command of the user who runs Postgres, which refuses to run as root.
fn as_owner(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let (user, group) = owner();
    if own_ids().0 != user {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

/// The user and the group who run Postgres: those of the test, or of the package if that is root.
fn owner() -> (u32, u32) {
    let own = own_ids();
    if own.0 != 0 {
        return own;
    }
    let passwd = fs::read_to_string("/etc/passwd").expect("the list of users");
    let entry = passwd.lines().find(|line| line.starts_with("postgres:")).expect("the user postgres of Debian's package");
    let mut ids = entry.split(':').skip(2).map(|id| id.parse().expect("a number"));
    (ids.next().expect("a user"), ids.next().expect("a group"))
}

fn own_ids() -> (u32, u32) {
    let own = fs::metadata("/proc/self").expect("the own process");
    (own.uid(), own.gid())
}

/// A program of Postgres: in `PG_BIN`, or where Debian has the newest version.
pub fn program(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("PG_BIN") {
        return Path::new(&folder).join(name);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin").join(name));
    let newest = versions.filter(|path| path.exists()).max();
    newest.unwrap_or_else(|| panic!("Postgres is missing: run `sh server/tests/support/postgres.sh`, or set PG_BIN"))
}

fn run(command: &mut Command) {
    let status = command.status().expect("the program runs");
    assert!(status.success(), "{command:?} ended with {status}");
}
