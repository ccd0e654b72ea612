//! The program `contractc`: the command on this machine's files and streams.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;

use contractc::command::{self, System};
use contractc::disk::Native;

/// Code generation allocates trees of many small nodes. This allocator makes a run about a quarter faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let system = System {
        disk: &Native,
        input: &mut std::io::stdin().lock(),
        output: &mut std::io::stdout().lock(),
        errors: &mut std::io::stderr().lock(),
        // The operating system provides random keys for each state.
        random: [(); 2].map(|()| RandomState::new().build_hasher().finish()),
    };
    match command::run(std::env::args_os(), system) {
        Ok(code) => ExitCode::from(code),
        Err(usage) => usage.exit(),
    }
}
