//! The commands of docs/operations.md, in their order, on a server of their own. Programs of the system are replaced with scripts that do as much of
//! their work as the guide needs.
#![cfg(unix)]

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::{Desk, EMAIL, Ran};

/// The shell commands of the guide, block by block.
fn blocks() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let text = fs::read_to_string(path).expect("a file");
    text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Installs the package's files, as `apt install` and its scripts do.
const APT: &str = r#"#!/bin/sh -eu
mkdir -p "$ROOT/etc/stronglog" "$ROOT/var/lib" "$ROOT/var/backups/stronglog"
sed -e "s#/etc/stronglog#$ROOT/etc/stronglog#; s#/var/lib#$ROOT/var/lib#; s#:8080#:$PORT#" "$PACKAGING/server.toml" >"$ROOT/etc/stronglog/server.toml"
umask 077
[ -e "$ROOT/etc/stronglog/secret" ] || head -c 48 /dev/urandom | base64 | tr -d '\n' >"$ROOT/etc/stronglog/secret"
"#;

/// Starts and stops the server, and rejects units that the package does not have.
const SYSTEMCTL: &str = r#"#!/bin/sh -eu
for word in "$@"; do
  case $word in
    *.service | *.timer) [ -e "$PACKAGING/$word" ] ;;
  esac
done
stop() {
  kill "$(cat "$ROOT/pid")"
  until [ -e "$ROOT/ended" ]; do sleep 0.05; done
}
start() {
  rm -f "$ROOT/ended"
  (
    stronglog serve --config "$ROOT/etc/stronglog/server.toml" &
    echo $! >"$ROOT/pid"
    wait $! || true
    : >"$ROOT/ended"
  ) >>"$ROOT/log" 2>&1 </dev/null &
  until curl --fail "http://127.0.0.1:$PORT/readyz" 2>/dev/null; do
    [ ! -e "$ROOT/ended" ]
    sleep 0.05
  done
}
case $1 in
  enable | start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  reload) kill -HUP "$(cat "$ROOT/pid")" ;;
  *) exit 1 ;;
esac
"#;

const RUNUSER: &str = "#!/bin/sh -eu\n[ \"$1 $2 $3\" = \"-u stronglog --\" ]\nshift 3\nexec \"$@\"\n";

/// Runs a command as the service runs, if the guide asks for its user and its environment.
const SYSTEMD_RUN: &str = r#"#!/bin/sh -eu
user= environment=
while [ "$1" != stronglog ]; do
  case $1 in
    --pipe | --quiet | -p | AmbientCapabilities=CAP_NET_BIND_SERVICE) ;;
    User=stronglog) user=1 ;;
    EnvironmentFile=-*) environment=${1#*=-} ;;
    *) exit 1 ;;
  esac
  shift
done
[ "$user" ] && [ "$environment" = "$ROOT/etc/stronglog/environment" ]
exec "$@"
"#;
const CURL: &str = "#!/bin/sh -eu\nexec python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[-1]).read()' \"$@\"\n";
const SQLITE: &str = r#"#!/bin/sh -eu
exec python3 -c 'import sqlite3, sys
command, target = sys.argv[2].split(" ")
assert command == ".backup"
sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(target))' "$@"
"#;

/// A machine with the scripts, on which the server is stopped when the test ends.
struct Machine {
    desk: Desk,
    port: u16,
}

impl Machine {
    fn new() -> Self {
        let desk = Desk::new();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let programs = [
            ("apt", APT),
            ("systemctl", SYSTEMCTL),
            ("systemd-run", SYSTEMD_RUN),
            ("runuser", RUNUSER),
            ("curl", CURL),
            ("sqlite3", SQLITE),
        ];
        fs::create_dir(desk.path("bin")).expect("a folder");
        for (name, script) in programs {
            let path = desk.path("bin").join(name);
            fs::write(&path, script).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changed");
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_stronglog"), desk.path("bin/stronglog")).expect("a link");
        Machine { desk, port }
    }

    /// Runs a block of the guide, which names the paths and the port of a real machine.
    fn run(&self, block: &str) -> Ran {
        let root = self.desk.folder.path().display().to_string();
        let mut script = block.replace(":8080", &format!(":{}", self.port));
        for folder in ["/etc/stronglog", "/var/lib/stronglog", "/var/backups/stronglog"] {
            script = script.replace(folder, &format!("{root}{folder}"));
        }
        let path = format!("{}:{}", self.desk.path("bin").display(), std::env::var("PATH").expect("a path"));
        let mut command = Command::new("sh");
        command.args(["-eu", "-c", &script]).current_dir(&root).env("PATH", path).env("ROOT", &root).env("PORT", self.port.to_string());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("STRONGLOG_")) {
            command.env_remove(name);
        }
        command.env("PACKAGING", Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging"));
        Ran::of(command.output().expect("a shell"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Without the file, no server was started.
        if let Ok(pid) = fs::read_to_string(self.desk.path("pid")) {
            _ = Command::new("kill").arg(pid.trim()).status();
        }
    }
}

#[test]
fn every_command_of_the_guide_works_as_printed() {
    let (machine, blocks) = (Machine::new(), blocks());
    assert!(blocks.len() >= 8, "{blocks:?}");
    for (index, block) in blocks.iter().enumerate() {
        let ran = machine.run(block);
        let log = fs::read_to_string(machine.desk.path("log")).unwrap_or_default();
        // A disk with little room, and the database that a restore has kept, are warnings.
        let is_warned = ["! disk", "! previous"].iter().any(|warning| ran.stdout.contains(warning));
        let is_fine = ran.code == Some(0) || (ran.code == Some(3) && is_warned);
        assert!(is_fine, "{block}\n{ran:#?}\n{log}");
        if index == 0 {
            let server = format!("http://127.0.0.1:{}", machine.port);
            machine.desk.measure("phone", 80.0);
            machine.desk.run("phone", &["register", "--server", &server, "--email", EMAIL]).ok();
        }
    }
}
