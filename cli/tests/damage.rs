//! A profile whose files are damaged, gone or read-only: every command notices, and says what to do.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::BufReader;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::Stdio;

use serde_json::json;
use support::{Desk, EMAIL, PASSWORD, Setup, wait_for};

const LOGS: &str = "user-bodyweight-logs";
const PAGE_BYTES: u64 = 8_192;

/// Writes this many measurements on a device.
fn fill(desk: &Desk, device: &str, count: u64) {
    let records = (0..count).map(|number| json!({ "date": number, "weightKg": 80, "note": "x".repeat(200) }).to_string() + "\n");
    desk.feed(device, &["put", LOGS], &records.collect::<String>()).ok();
}

/// Moves everything into a database's main file, and returns it.
fn in_one_file(desk: &Desk, device: &str) -> Vec<u8> {
    let path = desk.path(device).join("device.db");
    let database = rusqlite::Connection::open(&path).expect("the database");
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("nobody else uses it");
    database.close().expect("closed");
    fs::read(path).expect("the database")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_noticed_by_each_command_that_speaks_of_all_records() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    fill(desk, "phone", 300);
    desk.run("phone", &["sync"]).ok();
    let whole = in_one_file(desk, "phone");
    let middle = whole.len() as u64 / PAGE_BYTES / 2 * PAGE_BYTES;
    let damage: [&dyn Fn(&fs::File); 3] = [
        &|file| file.write_all_at(&[0; PAGE_BYTES as usize], middle).expect("written"),
        &|file| file.write_all_at(&[0xa5; PAGE_BYTES as usize], middle).expect("written"),
        &|file| file.set_len(middle).expect("cut off"),
    ];
    let words = ["damaged", "Keep it", "import your last export"];
    for damage in damage {
        assert!(!desk.path("phone/device.db-wal").exists());
        fs::write(desk.path("phone/device.db"), &whole).expect("written");
        damage(&fs::File::options().write(true).open(desk.path("phone/device.db")).expect("the database"));
        for command in [&["sync"][..], &["sync", "--json"], &["status"], &["status", "--check"], &["verify"], &["export", "all.jsonl"]] {
            desk.run("phone", command).failed(1, &words);
        }
        // The commands may have left a log, which belongs to the damaged file.
        for log in ["phone/device.db-wal", "phone/device.db-shm"] {
            _ = fs::remove_file(desk.path(log));
        }
        assert!(!desk.path("all.jsonl").exists(), "no export looks complete");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_recreated_and_reported_as_new() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    fill(desk, "phone", 20);
    desk.run("phone", &["sync"]).ok();
    let lose: [&dyn Fn(&std::path::Path); 2] =
        [&|path| fs::write(path, "").expect("emptied"), &|path| fs::remove_file(path).expect("deleted")];
    for lose in lose {
        in_one_file(desk, "phone");
        lose(&desk.path("phone/device.db"));
        let status = desk.run("phone", &["status", "--check"]).ended(3).says(&["not been fetched yet", "`stronglog sync`"]);
        assert!(status.stderr.contains("was missing or empty and has been created again"), "{}", status.stderr);
        let synced = desk.run("phone", &["sync"]).ok().says(&["received 20"]);
        assert_eq!(synced.stderr, "", "it is said once");
        assert_eq!(desk.run("phone", &["list", LOGS, "--json"]).ok().lines().len(), 20);
        let verified = desk.run("phone", &["verify"]).ok();
        assert!(verified.stderr.contains("20 records compared: the same"), "{}", verified.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_replaces_what_is_damaged_of_the_one_before() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let whole = fs::read(desk.path("phone/device.json")).expect("the sign-in");
    for (file, content) in [("tokens.json", ""), ("tokens.json", "{\"account\":"), ("device.json", "")] {
        fs::write(desk.path("phone").join(file), content).expect("written");
        desk.run("phone", &["sync"]).failed(1, &[file, "`stronglog login` replaces the file"]);
        let login = setup.login("phone").ok();
        assert!(login.stderr.contains("was damaged; signing in replaces it"), "{}", login.stderr);
        desk.run("phone", &["sync"]).ok();
    }
    assert_eq!(fs::read(desk.path("phone/device.json")).expect("the sign-in"), whole);
    fs::remove_file(desk.path("phone/tokens.json")).expect("deleted");
    fs::create_dir(desk.path("phone/tokens.json")).expect("a directory");
    desk.run("phone", &["sync"]).failed(1, &["tokens.json", "move the directory away"]);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let desk = Desk::new();
    fs::create_dir(desk.path("phone")).expect("a folder");
    let path = desk.path("phone/device.db");
    let other = rusqlite::Connection::open(&path).expect("a database");
    for script in ["CREATE TABLE notes (text)", "PRAGMA user_version = 3", "PRAGMA application_id = 7"] {
        other.execute_batch(script).expect("written");
        let before = fs::read(&path).expect("the database");
        desk.run("phone", &["status"]).failed(1, &["device.db", "belongs to another program"]);
        assert!(fs::read(&path).expect("the database") == before, "nothing is written");
    }
    desk.measure("laptop", 80.0);
    let own = rusqlite::Connection::open(desk.path("laptop/device.db")).expect("the database");
    own.execute_batch("PRAGMA user_version = 0").expect("changed");
    desk.run("laptop", &["status"]).failed(1, &["version number is missing", "restore it from a copy"]);
}

#[test]
fn nobody_else_reads_a_profile_in_a_folder_that_was_there_before() {
    let desk = Desk::new();
    fs::create_dir(desk.path("phone")).expect("a folder");
    desk.measure("phone", 80.0);
    for file in ["device.db", "device.db.installation"] {
        let mode = desk.path("phone").join(file).metadata().expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn an_export_never_replaces_a_file_of_the_profile() {
    let desk = Desk::new();
    let id = desk.measure("phone", 80.0);
    for file in ["device.db", "device.db-wal", "device.db.installation", "device.json", "tokens.json"] {
        desk.run("phone", &["export", &format!("phone/{file}")]).failed(2, &["it is a file of the profile itself"]);
    }
    desk.run("phone", &["get", LOGS, &id]).ok();
    desk.run("phone", &["export", "phone/backup.jsonl"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_when_its_profile_is_replaced() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let mut command = desk.command(&["sync", "--watch"]);
    command.env("STRONGLOG_DATA", desk.path("phone")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut watching = command.spawn().expect("the command starts");
    let mut printed = BufReader::new(watching.stderr.take().expect("its messages"));
    wait_for(&mut printed, "watching for changes");
    fs::rename(desk.path("phone"), desk.path("old")).expect("moved");
    wait_for(&mut printed, "was moved, deleted or replaced");
    assert_eq!(watching.wait().expect("it ends").code(), Some(1));
}

/// Runs a shell script in a mount namespace of its own, in which `phone` is a small disk. The superuser does not need a user namespace, and
/// may not be allowed to create one.
fn on_a_small_disk(desk: &Desk, script: &str) -> support::Ran {
    const IN_A_NAMESPACE: &str = r#"
if [ "$(id -u)" = 0 ]; then set -- --mount "$@"; else set -- --mount --map-root-user "$@"; fi
exec unshare "$@"
"#;
    fs::create_dir(desk.path("phone")).expect("a folder");
    let whole = format!("set -e; stronglog() {{ \"$PROGRAM\" \"$@\"; }}; mount -t tmpfs -o size=2m none phone\n{script}");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", IN_A_NAMESPACE, "sh", "sh", "-c", &whole]).current_dir(desk.folder.path());
    command.env("PROGRAM", env!("CARGO_BIN_EXE_stronglog")).env("STRONGLOG_DATA", desk.path("phone")).env("NO_COLOR", "1");
    support::Ran::of(command.output().expect("a shell"))
}

const ONE: &str = r#"echo '{"id":"018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f","date":1,"weightKg":80}' | stronglog put user-bodyweight-logs"#;

#[test]
fn a_full_disk_is_no_damage_and_what_is_on_it_can_be_read() {
    let script = format!(
        "{ONE}; cat /dev/zero >phone/filler 2>/dev/null || true
         for command in status conflicts blocked quarantine 'list user-bodyweight-logs' 'export all.jsonl'; do stronglog $command; done
         stronglog get user-bodyweight-logs 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f
         ! stronglog delete user-bodyweight-logs 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f
         rm phone/filler; stronglog delete user-bodyweight-logs 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f"
    );
    let desk = Desk::new();
    let ran = on_a_small_disk(&desk, &script).ok().says(&["exported 1 record", "unsent   1 edit", "\"weightKg\": 80", "✓ deleted"]);
    assert!(ran.stderr.contains("free some space") && !ran.stderr.contains("damaged"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_on_a_disk_that_cannot_be_written_is_used_and_not_ended() {
    let setup = Setup::new().await;
    let script = format!(
        "export STRONGLOG_PASSWORD='{PASSWORD}'; stronglog register --server {} --email {EMAIL}; {ONE}; stronglog sync
         mount -o remount,ro phone
         for command in devices verify; do stronglog $command; done
         ! stronglog logout
         mount -o remount,rw phone; stronglog sync; stronglog logout",
        setup.server.url()
    );
    let ran = on_a_small_disk(&setup.desk, &script).ok().says(&["(this device)", "in sync", "signed out"]);
    let said = ["1 record compared", "is not writable; reading a copy of it", "cannot write to the profile directory"];
    assert!(said.iter().all(|words| ran.stderr.contains(words)), "{ran:#?}");
}

#[test]
fn a_profile_on_a_disk_that_cannot_be_written_is_read() {
    let again = ONE.replace(":80", ":81");
    let script = format!(
        "{ONE}; stronglog delete user-bodyweight-logs 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f; {again}; mount -o remount,ro phone
         for command in status conflicts blocked quarantine 'list user-bodyweight-logs' 'export all.jsonl'; do stronglog $command; done
         stronglog get user-bodyweight-logs 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f
         ! stronglog delete user-bodyweight-logs 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f"
    );
    let desk = Desk::new();
    let ran = on_a_small_disk(&desk, &script).ok().says(&["exported 1 record", "unsent   1 edit", "deleted, just now", "\"weightKg\": 81"]);
    // Whether the profile is read in place or from a copy depends on what SQLite has left in its log.
    assert!(ran.stderr.contains("writable"), "{}", ran.stderr);
}
