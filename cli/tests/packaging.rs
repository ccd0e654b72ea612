//! The files in `packaging/`: units, settings, the Debian package and the container name what is there, and their commands work.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Desk, Ran, Setup};

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(packaging(name)).expect("a file")
}

/// The arguments of a unit's `ExecStart`.
fn start_line(unit: &str) -> Vec<String> {
    let text = read(unit);
    let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/stronglog ")).expect("it starts the program");
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_settings_of_the_package_are_good() {
    let desk = Desk::new();
    let at = |name: &str| desk.path(name).display().to_string();
    fs::write(desk.path("secret"), "q7Zk3vN0s8yR2mT5wX9bC4dF6gH1jL0pKuVe").expect("written");
    fs::set_permissions(desk.path("secret"), fs::Permissions::from_mode(0o600)).expect("private");
    let settings = read("server.toml");
    for commented in [false, true] {
        // The settings that are commented out are valid too.
        let uncommented = |line: &str| line.strip_prefix("# ").filter(|line| line.contains(" = ")).map_or(line.to_owned(), str::to_owned);
        let mut text: String = settings.lines().map(|line| if commented { uncommented(line) } else { line.to_owned() } + "\n").collect();
        if commented {
            text = text.replacen("bind = \"127.0.0.1:8080\"\n", "", 1);
        }
        // Another program may use the port.
        text = text.replace(":9090", ":0").replace("/var/lib/stronglog", &at("data")).replace("/etc/stronglog/secret", &at("secret"));
        fs::write(desk.path("server.toml"), text).expect("written");
        let words: Vec<String> = start_line("stronglog.service")
            .into_iter()
            .map(|word| word.replace("/etc/stronglog/server.toml", &at("server.toml")))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--check", "--bind", "127.0.0.1:0", "--json"]).collect();
        let ran = Ran::of(desk.command(&words).output().expect("the command starts"));
        let findings = ran.json();
        let serious: Vec<&str> = findings["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|finding| finding["grade"] != "good")
            .map(|finding| finding["name"].as_str().expect("a name"))
            .collect();
        // The commented settings name a certificate and a database that are not there.
        assert_eq!(serious, if commented { vec!["certificate", "database"] } else { vec![] }, "{findings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_of_the_package_works() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    let at = |name: &str| desk.path(name).display().to_string();
    let place =
        |word: &str| word.replace("/etc/stronglog/server.toml", &at("server.toml")).replace("/var/backups/stronglog", &at("copies"));
    let words: Vec<String> = start_line("stronglog-backup.service").iter().map(|word| place(word)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let settings = read("server.toml").replace("/var/lib/stronglog", &at("server"));
    fs::write(desk.path("server.toml"), &settings).expect("written");
    desk.run("operator", &words).ok().says(&["wrote the backup"]);
    assert_eq!(fs::read_dir(desk.path("copies")).expect("a folder").count(), 1);
    // After the data has moved to Postgres, the timer neither fails nor backs up what is left in the folder.
    fs::write(desk.path("server.toml"), format!("{settings}store = \"postgres://stronglog@db.example.com/stronglog?sslmode=require\"\n"))
        .expect("written");
    desk.run("operator", &words).failed(3, &["pg_dump", "systemctl disable --now stronglog-backup.timer"]);
    assert_eq!(fs::read_dir(desk.path("copies")).expect("a folder").count(), 1);
    assert!(read("stronglog-backup.service").contains("SuccessExitStatus=3"));
}

#[test]
fn systemd_accepts_the_units() {
    if Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status().is_err() {
        // Another system: the other tests of this file hold there too.
        return;
    }
    let desk = Desk::new();
    let names = ["stronglog.service", "stronglog-backup.service", "stronglog-backup.timer"];
    for name in names {
        let text = read(name).replace("/usr/bin/stronglog", env!("CARGO_BIN_EXE_stronglog"));
        fs::write(desk.path(name), text).expect("written");
    }
    let analyze = |arguments: &[&str]| {
        let ran = Command::new("systemd-analyze").args(arguments).current_dir(desk.folder.path()).output().expect("it starts");
        let printed = String::from_utf8_lossy(&[ran.stdout.clone(), ran.stderr.clone()].concat()).into_owned();
        (ran.status.success(), printed)
    };
    for name in names {
        let (accepted, printed) = analyze(&["verify", &format!("./{name}")]);
        assert!(accepted && !printed.contains(name), "{name}: {printed}");
    }
    for name in ["./stronglog.service", "./stronglog-backup.service"] {
        let (hardened, printed) = analyze(&["security", "--offline=true", "--threshold=20", "--no-pager", name]);
        assert!(hardened, "{name}: {printed}");
    }
}

#[test]
fn the_debian_package_has_files_that_are_there_and_scripts_that_parse() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a file");
    let assets: Vec<&str> = manifest.lines().filter_map(|line| line.trim().strip_prefix("[\"")?.split('"').next()).collect();
    assert!(assets.len() >= 6, "{assets:?}");
    for asset in assets.iter().filter(|asset| !asset.starts_with("target/")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(asset).exists(), "{asset}");
    }
    for script in ["postinst", "prerm", "postrm"] {
        let parsed = Command::new("sh").arg("-n").arg(packaging("debian").join(script)).status().expect("sh");
        assert!(parsed.success(), "{script}");
        let mode = packaging("debian").join(script).metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script} can be run");
    }
}

#[test]
fn removing_the_package_disables_its_units() {
    let desk = Desk::new();
    // In the place of systemd's program, one that records its arguments.
    fs::write(desk.path("systemctl"), "#!/bin/sh\necho \"$@\" >>printed\n").expect("written");
    fs::set_permissions(desk.path("systemctl"), fs::Permissions::from_mode(0o755)).expect("it can be run");
    let path = format!("{}:{}", desk.path(".").display(), std::env::var("PATH").expect("a path"));
    let run = |action: &str| {
        let mut script = Command::new("sh");
        script.arg(packaging("debian").join("prerm").canonicalize().expect("a script")).arg(action);
        assert!(script.env("PATH", &path).current_dir(desk.folder.path()).status().expect("sh").success(), "{action}");
        fs::read_to_string(desk.path("printed")).unwrap_or_default()
    };
    assert_eq!(run("upgrade"), "", "an upgrade keeps them");
    let printed = run("remove");
    for unit in ["stronglog.service", "stronglog-backup.timer"] {
        assert!(printed.lines().any(|line| line.contains("disable") && line.contains(unit)), "{unit}: {printed}");
    }
}

#[test]
fn the_container_is_built_from_what_is_there_and_starts_the_server() {
    let text = read("Dockerfile");
    let root = packaging("..");
    let word_after = |start: &str| text.lines().filter_map(|line| line.strip_prefix(start)).map(str::to_owned).collect::<Vec<_>>();
    let toolchain = word_after("FROM rust:").first().expect("a toolchain").split('-').next().map(str::to_owned).expect("a version");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("a file");
    assert!(manifest.contains(&format!("rust-version = \"{toolchain}\"")), "the image has the oldest supported toolchain: {toolchain}");
    let build = word_after("RUN cargo ").first().expect("a build").clone();
    let words: Vec<&str> = build.split(' ').collect();
    let package = words.iter().skip_while(|word| **word != "--package").nth(1).expect("a package");
    assert!(words.contains(&"--locked") && *package == env!("CARGO_PKG_NAME"), "{build}");
    let desk = Desk::new();
    let mut command = desk.command(&["serve", "--check", "--dev"]);
    let variables = word_after("ENV ").join(" ");
    for (name, value) in variables.split(' ').filter_map(|pair| pair.split_once('=')) {
        // The folder of the container is not there, and its port may be in use.
        command.env(name, value.replace("/data", "data").replace(":8080", ":0"));
    }
    // A warning: without a proxy or a certificate, clients reject plain HTTP.
    Ran::of(command.output().expect("the command starts")).ended(3).says(&["data will be created", "0.0.0.0:0 is free"]);
    assert!(text.contains("ENTRYPOINT [\"/usr/local/bin/stronglog\"]\nCMD [\"serve\"]"), "{text}");
}
