//! The quickstart on a small scale: devices and server agree, the numbers are printed, and the suggested commands work as printed.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use support::{Desk, Ran};

#[test]
fn it_ends_with_devices_and_server_that_have_the_same() {
    let desk = Desk::new();
    let ran = desk.run("unused", &["quickstart", "--dir", "tour", "--records", "400", "--json"]).ok();
    let report = ran.json();
    assert_eq!(report["equal"], true);
    assert_eq!(report["conflict"]["winner"], "phone", "{report}");
    let steps = report["steps"].as_array().expect("the steps");
    let moved = |step: usize, way: &str| steps[step]["traffic"][way].as_u64().expect("a number");
    let records = moved(0, "pushed");
    assert!((360..=440).contains(&records), "{records}");
    assert_eq!(moved(1, "pulled"), records, "the laptop fetches what the phone has sent");
    // One new record; two measurements and three sets are deleted.
    assert_eq!(report["records"], records + 1 - 5);
    assert!(moved(0, "sentBytes") > 100 * records);
    for file in ["server/stronglog.db", "phone/device.db", "laptop/device.db", "phone/tokens.json"] {
        assert!(desk.path("tour").join(file).is_file(), "{file}");
    }
}

#[test]
fn it_does_not_begin_in_a_folder_with_something_in_it() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("tour")).expect("a folder");
    std::fs::write(desk.path("tour/notes.txt"), "mine").expect("a file");
    desk.run("unused", &["quickstart", "--dir", "tour"]).failed(2, &["the directory is not empty"]);
    assert_eq!(std::fs::read_dir(desk.path("tour")).expect("the folder").count(), 1);
}

#[cfg(unix)]
#[test]
fn what_it_prints_to_try_next_works_as_printed() {
    let desk = Desk::new();
    let ran = desk.run("unused", &["quickstart", "--dir", "my tour", "--records", "300"]).ok().says(&["won on both devices"]);
    let commands: Vec<&str> = ran.stdout.lines().skip_while(|line| *line != "Try next").skip(1).map(str::trim).collect();
    let (serve, rest): (Vec<&str>, Vec<&str>) =
        commands.into_iter().filter(|line| !line.starts_with('#')).partition(|line| line.contains(" serve "));
    assert_eq!(serve.len(), 1, "{}", ran.stdout);
    assert!(rest.len() >= 6, "{rest:?}");

    let mut server = shell(&desk, &format!("exec {}", serve[0])).stderr(Stdio::piped()).spawn().expect("a shell");
    let mut log = BufReader::new(server.stderr.take().expect("its log"));
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        assert!(log.read_line(&mut line).expect("a log") > 0, "the server ended before it listened");
    }
    let tried = Ran::of(shell(&desk, &format!("set -e\n{}", rest.join("\n"))).output().expect("a shell"));
    let ended = Command::new("kill").arg(server.id().to_string()).status().expect("kill");
    assert!(ended.success());
    let mut left = String::new();
    log.read_to_string(&mut left).expect("a log");
    assert!(server.wait().expect("the server ends").success(), "{left}");
    tried.ok().says(&["Volume day", "replaced by another edit", "restored version", "in sync"]);
    let notes = desk.run("my tour/tablet", &["list", "workout-logs", "--json"]).ok().stdout;
    assert!(notes.contains("Add 2.5 kg next week."), "the tablet has the edit that was brought back");
}

/// The demo app is embedded if it was built before the program; otherwise both commands say how to build it.
#[cfg(unix)]
#[test]
fn the_demo_app_is_served_with_an_account_to_sign_in_with() {
    let desk = Desk::new();
    let quickstart = ["quickstart", "--web", "--dir", "tour", "--records", "300", "--json"];
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/demo/dist/site/index.html").exists() {
        for command in [&quickstart[..], &["serve", "--demo", "--dev", "--bind", "127.0.0.1:0", "--data", "server"]] {
            desk.run("unused", command).failed(1, &["cannot serve the demo app", "cargo xtask web"]);
        }
        assert!(!desk.path("tour").exists(), "nothing was begun");
        return;
    }
    let mut server = desk.command(&quickstart).stdout(Stdio::piped()).spawn().expect("the command starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let report: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let [url, email, password] = ["url", "email", "password"].map(|name| report["web"][name].as_str().expect("a text"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let page = runtime.block_on(async { reqwest::get(url).await.expect("an answer").text().await.expect("a page") });
    assert!(page.contains("<title>StrongLog</title>"), "{page}");
    let mut login = desk.command(&["--data", "third", "--server", url, "login", "--email", email]);
    Ran::of(login.env("STRONGLOG_PASSWORD", password).output().expect("the command starts")).ok();
    let ended = Command::new("kill").args(["-INT", &server.id().to_string()]).status().expect("kill");
    assert!(ended.success());
    assert_eq!(server.wait().expect("it ends").code(), Some(0));
}

#[cfg(unix)]
fn shell(desk: &Desk, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(desk.folder.path()).env("NO_COLOR", "1").env_remove("STRONGLOG_DATA").stdin(Stdio::null());
    command
}

#[cfg(unix)]
#[test]
fn two_servers_share_a_postgres_database_which_the_tour_starts() {
    let desk = Desk::new();
    let asked = ["quickstart", "--postgres", "--dir", "tour", "--records", "300", "--json"];
    let mut tour = desk.command(&asked).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tour starts");
    let mut line = String::new();
    BufReader::new(tour.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let report: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| {
        let mut said = String::new();
        tour.stderr.take().expect("its messages").read_to_string(&mut said).expect("text");
        panic!("no result: {said}")
    });
    assert_eq!(report["equal"], true, "{report}");
    assert!(!desk.path("tour").join("server/stronglog.db").exists(), "the records are in Postgres");
    support::signal(&tour, "INT");
    assert!(tour.wait().expect("it ends").success());
}
