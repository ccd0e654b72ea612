//! The maintenance commands that link the contract's compiler. `cargo xtask` runs this program, so that its own build does not wait for the
//! compiler, and a test run builds the compiler with the features of everything else.

mod compilers;
mod corpus;
mod crates;
mod examples;
mod fuzz;
mod generate;
mod node;
#[cfg(feature = "bench")]
mod plain;
mod suite;

use std::path::Path;
use std::process::ExitCode;

use xtask::{Result, root};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command. The help of `cargo xtask` describes them.
fn run(words: &[&str]) -> Result {
    match words {
        ["generate"] => generate::run(&root(), generate::Mode::Write).map(|changes| changes.iter().for_each(|change| println!("{change}"))),
        ["corpus", folder] => corpus::run(Path::new(folder)),
        ["corpus", folder, tier] => corpus::run_tier(Path::new(folder), tier),
        ["fuzz-documents"] => fuzz::documents(500),
        ["fuzz-documents", count] => fuzz::documents(count.parse()?),
        ["bench"] => compilers::own_contract(),
        ["bench", folder] => compilers::run_all(Path::new(folder)),
        #[cfg(feature = "bench")]
        ["plain"] => plain::write(&root()),
        _ => Err("run this program by `cargo xtask`, whose help lists the commands".into()),
    }
}
