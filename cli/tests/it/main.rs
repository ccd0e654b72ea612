//! The command's integration tests in one program, so that they are linked once.

// Each file includes the helpers that it uses.
#![allow(clippy::duplicate_mod)]

#[path = "../account.rs"]
mod account;
#[path = "../damage.rs"]
mod damage;
#[path = "../device.rs"]
mod device;
#[path = "../devices.rs"]
mod devices;
#[path = "../guide.rs"]
mod guide;
#[path = "../later_exports.rs"]
mod later_exports;
#[path = "../logs.rs"]
mod logs;
#[path = "../operations.rs"]
mod operations;
#[path = "../operator.rs"]
mod operator;
#[path = "../packaging.rs"]
mod packaging;
#[path = "../prompts.rs"]
mod prompts;
#[path = "../proxies.rs"]
mod proxies;
#[path = "../quickstart.rs"]
mod quickstart;
#[path = "../repair.rs"]
mod repair;
#[path = "../scripts.rs"]
mod scripts;
#[path = "../settings.rs"]
mod settings;
#[path = "../transfer.rs"]
mod transfer;
#[path = "../upkeep.rs"]
mod upkeep;
#[path = "../users.rs"]
mod users;
#[path = "../watch.rs"]
mod watch;

#[path = "../../../tests/support/programs.rs"]
mod programs;

#[test]
fn every_test_file_belongs_to_a_program() {
    programs::check(env!("CARGO_MANIFEST_DIR"), include_str!("main.rs"), include_str!("../../Cargo.toml"));
}
