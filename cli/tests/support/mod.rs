//! A server, devices in separate folders, and the command itself, run as a person or a script would run it.
#![allow(dead_code, reason = "each test uses some of it")]

pub mod proxy;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;
use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use tempfile::TempDir;

pub const EMAIL: &str = "ana@example.com";
pub const PASSWORD: &str = "correct horse battery staple";

/// A folder with devices.
pub struct Desk {
    pub folder: TempDir,
}

/// The result of a run of the command.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Self {
        Desk { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, without the settings of this process.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stronglog"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("STRONGLOG_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1").env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    /// Runs the command on a device.
    pub fn run(&self, device: &str, arguments: &[&str]) -> Ran {
        let data = self.path(device);
        let mut command = self.command(arguments);
        command.env("STRONGLOG_DATA", data).env("STRONGLOG_PASSWORD", PASSWORD);
        Ran::of(command.output().expect("the command starts"))
    }

    /// Runs the command on a device, with text on standard input.
    pub fn feed(&self, device: &str, arguments: &[&str], input: &str) -> Ran {
        self.feed_with(device, arguments, input, &[])
    }

    /// Runs the command on a device, with text on standard input and settings in the environment.
    pub fn feed_with(&self, device: &str, arguments: &[&str], input: &str, settings: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(settings.iter().copied());
        command.env("STRONGLOG_DATA", self.path(device)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let written = child.stdin.take().expect("its input").write_all(input.as_bytes());
        let ran = Ran::of(child.wait_with_output().expect("the command ends"));
        assert!(written.is_ok() || ran.code != Some(0), "the command did not read its input");
        ran
    }

    /// Makes a device take another address for that of the server at which it is signed in.
    pub fn redirect(&self, device: &str, server: &str) {
        for file in ["device.json", "tokens.json"] {
            let path = self.path(device).join(file);
            let text = std::fs::read_to_string(&path).expect("the sign-in");
            let mut value: Value = serde_json::from_str(&text).expect("JSON");
            value["server"] = server.into();
            std::fs::write(path, value.to_string()).expect("written");
        }
    }

    /// Writes a measurement on a device, and returns its id.
    pub fn measure(&self, device: &str, weight_kg: f64) -> String {
        let record = serde_json::json!({ "date": 1_700_000_000_000_i64, "weightKg": weight_kg }).to_string();
        let put = self.feed(device, &["put", "user-bodyweight-logs", "--json"], &record).ok();
        put.json()["id"].as_str().expect("an id").to_owned()
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Checks that the run succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.ended(0)
    }

    /// Checks that the run ended with this exit code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Checks that the run failed with this exit code, and that its message contains all of these words.
    #[track_caller]
    pub fn failed(self, code: i32, words: &[&str]) -> Self {
        let ran = self.ended(code);
        for word in words {
            assert!(ran.stderr.contains(word), "{word:?} is not in {}", ran.stderr);
        }
        ran
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "{word:?} is not in {}", self.stdout);
        }
        self
    }

    #[track_caller]
    pub fn says_each_once(self, words: &[&str]) -> Self {
        for word in words {
            assert_eq!(self.stdout.matches(word).count(), 1, "{word:?} is not once in {}", self.stdout);
        }
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

/// Devices and a server, which stops with the test's runtime.
pub struct Setup {
    pub desk: Desk,
    pub server: Running,
}

impl Setup {
    pub async fn new() -> Self {
        let desk = Desk::new();
        let server = start(Config::local(desk.path("server"))).await.expect("the server starts");
        Setup { desk, server }
    }

    /// Creates the account on a device.
    pub fn register(&self, device: &str) -> Ran {
        self.desk.run(device, &["register", "--server", &self.server.url(), "--email", EMAIL])
    }

    /// Signs in on another device.
    pub fn login(&self, device: &str) -> Ran {
        self.desk.run(device, &["login", "--server", &self.server.url(), "--email", EMAIL])
    }
}

/// Reads lines of a child's output until one contains the word.
pub fn wait_for(lines: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "the output has ended without {word:?}");
    }
    line
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

/// The command `serve` in a separate process, which ends with the test.
pub struct Serving {
    pub child: Child,
    pub log: BufReader<ChildStderr>,
    pub url: String,
}

impl Serving {
    /// Starts a server on a free port.
    pub fn start(desk: &Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command(&[&["serve", "--bind", "127.0.0.1:0"], arguments].concat());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let line = wait_for(&mut log, "listening");
        let address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an address");
        let url = format!("http://{address}");
        Serving { child, log, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
