//! The server's integration tests in one program, so that they are linked once.

// Each file includes the helpers that it uses.
#![allow(clippy::duplicate_mod)]

#[path = "../abuse.rs"]
mod abuse;
#[path = "../administration.rs"]
mod administration;
#[path = "../backups.rs"]
mod backups;
#[path = "../checks.rs"]
mod checks;
#[path = "../database_checks.rs"]
mod database_checks;
#[path = "../erasure.rs"]
mod erasure;
#[path = "../feed.rs"]
mod feed;
#[path = "../folder.rs"]
mod folder;
#[path = "../metrics.rs"]
mod metrics;
#[path = "../moving.rs"]
mod moving;
#[path = "../operations.rs"]
mod operations;
#[path = "../operator.rs"]
mod operator;
#[path = "../overload.rs"]
mod overload;
#[path = "../postgres.rs"]
mod postgres;
#[path = "../postgres_chores.rs"]
mod postgres_chores;
#[path = "../quotas.rs"]
mod quotas;
#[path = "../recovery.rs"]
mod recovery;
#[path = "../restoring.rs"]
mod restoring;
#[path = "../security.rs"]
mod security;
#[path = "../sessions.rs"]
mod sessions;
#[path = "../site.rs"]
mod site;
#[path = "../stores.rs"]
mod stores;
#[path = "../stream.rs"]
mod stream;
#[path = "../upgrade.rs"]
mod upgrade;

/// The same tests over Postgres.
#[path = "."]
mod over_postgres {
    #[path = "../administration.rs"]
    mod administration;
    #[path = "../recovery.rs"]
    mod recovery;
    #[path = "../security.rs"]
    mod security;
    #[path = "../sessions.rs"]
    mod sessions;
    #[path = "../stream.rs"]
    mod stream;
}

#[path = "../../../tests/support/programs.rs"]
mod programs;

#[test]
fn every_test_file_belongs_to_a_program() {
    programs::check(env!("CARGO_MANIFEST_DIR"), include_str!("main.rs"), include_str!("../../Cargo.toml"));
}
