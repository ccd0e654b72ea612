//! A profile whose files are damaged, gone or read-only: every command notices, and says what to do.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::json;
use support::{Desk, Setup};

const LOGS: &str = "user-bodyweight-logs";
const PAGE_BYTES: u64 = 8_192;

/// Writes so many measurements on a device.
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
    let words = ["damaged", "keep it", "import your last export"];
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
