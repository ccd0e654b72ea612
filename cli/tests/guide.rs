//! The commands of docs/command.md run as they are printed.
#![cfg(unix)]

mod support;

use std::path::Path;

use support::{EMAIL, PASSWORD, Ran, Setup};

/// The shell commands of the guide, without their comments.
fn commands() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/command.md");
    let text = std::fs::read_to_string(path).expect("a file");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_guide_work_in_their_order() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    std::fs::create_dir(desk.path("bin")).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_stronglog"), desk.path("bin/stronglog")).expect("a link");
    let workout = r#"{"name":"Push","startTime":1,"endTime":2,"durationMs":1}"#;
    let (mut id, mut code) = (String::new(), String::new());
    let commands = commands();
    assert!(commands.len() > 8, "{commands:?}");
    for command in &commands {
        if command.contains("revoke 'old phone'") {
            let login = ["login", "--server", &setup.server.url(), "--email", EMAIL, "--device-name", "old phone"];
            desk.run("phone", &login).ok();
        }
        // A watch runs until Ctrl-C.
        let line = command.replace("https://sync.example.com", &setup.server.url()).replace("ana@example.com", EMAIL);
        let line = line.replace(" ID", &format!(" {id}")).replace(" --watch", "");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-euc", &format!("export STRONGLOG_DATA=~/log; {line}")]).current_dir(desk.folder.path()).env_clear();
        let path = format!("{}:{}", desk.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        shell.env("PATH", path).env("HOME", desk.folder.path()).env("STRONGLOG_EMAIL", EMAIL).env("STRONGLOG_PASSWORD", PASSWORD);
        shell.env("STRONGLOG_RECOVERY_CODE", &code).env("STRONGLOG_NEW_PASSWORD", format!("{PASSWORD} 2"));
        let ran = Ran::of(shell.output().expect("a shell"));
        assert_eq!(ran.code, Some(0), "{line}: {ran:#?}");
        if command.contains("stronglog register") {
            code = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("recovery code")).expect("a code").trim().to_owned();
            let put = desk.feed("log", &["put", "workout-logs", "--json"], workout).ok();
            id = put.json()["id"].as_str().expect("an id").to_owned();
        }
    }
    assert!(desk.path("backup.jsonl").exists());
}
